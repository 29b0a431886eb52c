//! Pictures for tests.

use super::depth::deepened;
use super::{Deep, Image, Pixels, Plane, Representation, Size, Subsampling, Ycc};

/// A picture of one gray value, opaque; planar pictures are 4:2:0.
pub(crate) fn flat(size: Size, representation: Representation, value: u8) -> Image {
    if representation.is_deep() {
        return deepened(flat(size, representation.narrow(), value));
    }
    let pixels = size.pixels() as usize;
    let chroma = Plane::filled(Subsampling::S420.chroma_size(size), 128);
    Image::new(
        size,
        match representation {
            Representation::Gray => Pixels::Gray(vec![value; pixels]),
            Representation::Rgb => Pixels::Rgb(vec![value; pixels * 3]),
            Representation::Rgba => Pixels::Rgba([value, value, value, 255].repeat(pixels)),
            Representation::Gray16 | Representation::Rgb16 | Representation::Rgba16 => unreachable!("made above"),
            Representation::Ycc => Pixels::Ycc(Ycc {
                y: Plane::filled(size, value),
                cb: chroma.clone(),
                cr: chroma,
                subsampling: Subsampling::S420,
            }),
        },
    )
}

/// A picture of reproducible noise; planar pictures are 4:2:0.
pub(crate) fn noise(size: Size, representation: Representation, seed: u32) -> Image {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut samples = |count: u64| -> Vec<u8> {
        (0..count)
            .map(|_| {
                // xorshift64 (Marsaglia, 2003).
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect()
    };
    let wide = |bytes: Vec<u8>| bytes.as_chunks().0.iter().map(|two| u16::from_le_bytes(*two)).collect();
    let pixels = size.pixels();
    let chroma = Subsampling::S420.chroma_size(size);
    Image::new(
        size,
        match representation {
            Representation::Gray => Pixels::Gray(samples(pixels)),
            Representation::Rgb => Pixels::Rgb(samples(pixels * 3)),
            Representation::Rgba => Pixels::Rgba(samples(pixels * 4)),
            Representation::Gray16 => Pixels::Deep(Deep::Gray(wide(samples(pixels * 2)))),
            Representation::Rgb16 => Pixels::Deep(Deep::Rgb(wide(samples(pixels * 6)))),
            Representation::Rgba16 => Pixels::Deep(Deep::Rgba(wide(samples(pixels * 8)))),
            Representation::Ycc => Pixels::Ycc(Ycc {
                y: Plane { size, data: samples(pixels) },
                cb: Plane { size: chroma, data: samples(chroma.pixels()) },
                cr: Plane { size: chroma, data: samples(chroma.pixels()) },
                subsampling: Subsampling::S420,
            }),
        },
    )
}
