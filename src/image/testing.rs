//! Pictures for tests.

use super::{Image, Pixels, Plane, Representation, Size, Subsampling, Ycc};

/// A picture of one gray value, opaque; planar pictures are 4:2:0.
pub(crate) fn flat(size: Size, representation: Representation, value: u8) -> Image {
    let pixels = size.pixels() as usize;
    let chroma = Plane::filled(Subsampling::S420.chroma_size(size), 128);
    Image::new(
        size,
        match representation {
            Representation::Gray => Pixels::Gray(vec![value; pixels]),
            Representation::Rgb => Pixels::Rgb(vec![value; pixels * 3]),
            Representation::Rgba => Pixels::Rgba([value, value, value, 255].repeat(pixels)),
            Representation::Ycc => Pixels::Ycc(Ycc {
                y: Plane::filled(size, value),
                cb: chroma.clone(),
                cr: chroma,
                subsampling: Subsampling::S420,
            }),
        },
    )
}
