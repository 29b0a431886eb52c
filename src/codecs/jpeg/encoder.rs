//! The JPEG encoder's core: planes in, a file out (ITU-T T.81, 8 bits, Huffman coding).
//!
//! The way of a block: eight rows of eight samples → forward DCT ([`dct`]) → quantised coefficients in zigzag order with
//! a bit mask of those that are not zero ([`quantise`]) → symbols and bits ([`sequential`], [`progressive`]) → bytes
//! ([`bits`]). With the standard tables a block is coded as soon as it is quantised, and no coefficient is kept. Optimised
//! tables and progressive files need all coefficients first: they are kept (two bytes a sample), counted, then written.
//!
//! Transform and quantiser give what libjpeg's `islow` method gives, bit for bit, with vectors (wasm32 with simd128)
//! as without; a test compares whole files with another implementation of libjpeg.

mod bits;
mod dct;
mod headers;
mod huffman;
mod progressive;
mod quantise;
mod sequential;

use crate::image::{Plane, Size, Subsampling};
use huffman::{Codes, Counts, Specification};
use quantise::{Block, Quantiser};

/// How the coefficients are coded. The picture is the same in all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Coding {
    /// Sequential, with the tables of T.81 Annex K: one pass, the fastest.
    #[default]
    Standard,
    /// Sequential, with tables made for the picture: some 2 to 10 % fewer bytes.
    Optimised,
    /// Progressive, with tables made for each scan: a few per cent fewer bytes again, and a first impression early.
    Progressive,
}

/// What is written beside the samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings<'a> {
    /// 1…100 on libjpeg's scale.
    pub(super) quality: u8,
    /// How the coefficients are coded.
    pub(super) coding: Coding,
    /// ICC profile for APP2 segments.
    pub(super) icc: Option<&'a [u8]>,
    /// Pixels per inch.
    pub(super) resolution: Option<u16>,
}

/// One colour component and how it lies in the picture.
struct Component<'a> {
    plane: &'a Plane,
    /// Blocks across and down in an MCU.
    h: usize,
    v: usize,
    /// Which of the two quantisation and Huffman tables: luma's (0) or chroma's (1).
    table: usize,
}

impl Component<'_> {
    /// Blocks that hold samples, across and down. Scans of one component have these alone (T.81 A.2.2).
    fn blocks(&self) -> (usize, usize) {
        (self.plane.size.width.div_ceil(8) as usize, self.plane.size.height.div_ceil(8) as usize)
    }
}

/// The components of a picture and how many MCUs it has.
struct Frame<'a> {
    size: Size,
    components: Vec<Component<'a>>,
    mcus_across: usize,
    mcus_down: usize,
}

impl<'a> Frame<'a> {
    fn gray(plane: &'a Plane) -> Self {
        // A single component is never interleaved: its MCU is one block whatever its factors (T.81 A.2.2).
        let luma = Component { plane, h: 1, v: 1, table: 0 };
        let (mcus_across, mcus_down) = luma.blocks();
        Self { size: plane.size, components: vec![luma], mcus_across, mcus_down }
    }

    fn color([y, cb, cr]: [&'a Plane; 3], subsampling: Subsampling) -> Self {
        let (h, v) = (usize::from(subsampling.h), usize::from(subsampling.v));
        let size = y.size;
        Self {
            size,
            components: vec![
                Component { plane: y, h, v, table: 0 },
                Component { plane: cb, h: 1, v: 1, table: 1 },
                Component { plane: cr, h: 1, v: 1, table: 1 },
            ],
            mcus_across: (size.width as usize).div_ceil(8 * h),
            mcus_down: (size.height as usize).div_ceil(8 * v),
        }
    }
}

/// Whether a file can hold planes of this subsampling: T.81 allows ten blocks an MCU, so not 4 × 4.
pub(super) const fn can_hold(subsampling: Subsampling) -> bool {
    subsampling.h as usize * subsampling.v as usize <= 8
}

/// Writes one plane as a gray picture.
pub(super) fn encode_gray(plane: &Plane, settings: &Settings<'_>) -> Vec<u8> {
    encode(&Frame::gray(plane), settings)
}

/// Writes full-range BT.601 Y′CbCr planes as they are, chroma planes of [`Subsampling::chroma_size`].
///
/// # Panics
/// In debug builds, when the subsampling is none that a file [can hold](can_hold) or a plane has another size.
pub(super) fn encode_planes(planes: [&Plane; 3], subsampling: Subsampling, settings: &Settings<'_>) -> Vec<u8> {
    debug_assert!(can_hold(subsampling), "{subsampling:?} has too many blocks an MCU");
    debug_assert!(planes[1..].iter().all(|plane| plane.size == subsampling.chroma_size(planes[0].size)));
    encode(&Frame::color(planes, subsampling), settings)
}

fn encode(frame: &Frame<'_>, settings: &Settings<'_>) -> Vec<u8> {
    let quality = settings.quality.clamp(1, 100);
    let tables = [quantise::LUMA, quantise::CHROMA].map(|table| quantise::scaled(&table, quality));
    let quantisers = tables.each_ref().map(Quantiser::new);
    let mut bytes = Vec::with_capacity(frame.size.pixels() as usize / 4 + 1024 + settings.icc.map_or(0, <[u8]>::len));
    headers::start(&mut bytes, settings.icc, settings.resolution);
    headers::quantisation(&mut bytes, &tables[..frame.tables()]);
    headers::frame(&mut bytes, frame, settings.coding == Coding::Progressive);
    match settings.coding {
        Coding::Standard => {
            let codes = huffman::STANDARD.each_ref().map(|[dc, ac]| [Codes::new(dc), Codes::new(ac)]);
            for (table, [dc, ac]) in huffman::STANDARD.iter().enumerate().take(frame.tables()) {
                headers::huffman(&mut bytes, 0, table, dc);
                headers::huffman(&mut bytes, 1, table, ac);
            }
            headers::scan(&mut bytes, &frame.all(), headers::Band::SEQUENTIAL);
            let mut writer = bits::Writer::new(bytes);
            sequential::each_block(frame, &quantisers, |component, block, predictor| {
                let [dc, ac] = &codes[component.table];
                sequential::code(&mut sequential::Emit { writer: &mut writer, dc, ac }, block, predictor);
            });
            bytes = writer.finish();
        }
        Coding::Optimised => {
            let mut counts: [[Counts; 2]; 2] = Default::default();
            let mut kept: Vec<Block> = Vec::with_capacity(frame.blocks());
            sequential::each_block(frame, &quantisers, |component, block, predictor| {
                let [dc, ac] = &mut counts[component.table];
                sequential::code(&mut sequential::Count { dc, ac }, block, predictor);
                kept.push(*block);
            });
            let specifications = counts.each_ref().map(|pair| pair.each_ref().map(Specification::optimal));
            let codes = specifications.each_ref().map(|[dc, ac]| [Codes::new(dc), Codes::new(ac)]);
            for (table, [dc, ac]) in specifications.iter().enumerate().take(frame.tables()) {
                headers::huffman(&mut bytes, 0, table, dc);
                headers::huffman(&mut bytes, 1, table, ac);
            }
            headers::scan(&mut bytes, &frame.all(), headers::Band::SEQUENTIAL);
            let mut writer = bits::Writer::new(bytes);
            let mut kept = kept.iter();
            sequential::each_place(frame, |component, predictor| {
                let Some(block) = kept.next() else { return };
                let [dc, ac] = &codes[component.table];
                sequential::code(&mut sequential::Emit { writer: &mut writer, dc, ac }, block, predictor);
            });
            bytes = writer.finish();
        }
        Coding::Progressive => bytes = progressive::encode(frame, &quantisers, bytes),
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

impl Frame<'_> {
    /// How many of the two tables of each kind it uses.
    fn tables(&self) -> usize {
        if self.components.len() == 1 { 1 } else { 2 }
    }

    /// Blocks of all MCUs.
    fn blocks(&self) -> usize {
        let in_mcu: usize = self.components.iter().map(|component| component.h * component.v).sum();
        self.mcus_across * self.mcus_down * in_mcu
    }

    /// The indices of all components.
    fn all(&self) -> Vec<usize> {
        (0..self.components.len()).collect()
    }
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs as turbo;

    use super::*;

    /// A picture with edges, gradients and noise, the same on every machine.
    fn plane(size: Size, seed: u32) -> Plane {
        let mut state = seed;
        let mut data = Vec::with_capacity(size.pixels() as usize);
        for y in 0..size.height {
            for x in 0..size.width {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 24) as i32 % 24;
                let edge = if (x / 11 + y / 7) % 3 == 0 { 90 } else { 0 };
                let slope = (x * 3 + y * 2 + seed * 40) as i32 % 140;
                data.push((slope + edge + noise).clamp(0, 255) as u8);
            }
        }
        Plane { size, data }
    }

    fn planes(size: Size, subsampling: Subsampling) -> [Plane; 3] {
        let chroma = subsampling.chroma_size(size);
        [plane(size, 1), plane(chroma, 2), plane(chroma, 3)]
    }

    const SUBSAMPLINGS: [(Subsampling, turbo::Subsampling); 4] = [
        (Subsampling::S444, turbo::Subsampling::S444),
        (Subsampling::S422, turbo::Subsampling::S422),
        (Subsampling::S420, turbo::Subsampling::S420),
        (Subsampling { h: 1, v: 2 }, turbo::Subsampling::S440),
    ];

    fn entropy(file: &[u8]) -> &[u8] {
        let at = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        &file[at + 2 + length..]
    }

    /// Coefficients, coding and padding are libjpeg's: the coded data is equal to the last bit.
    #[test]
    fn the_coded_data_is_that_of_libjpeg() {
        for (subsampling, name) in SUBSAMPLINGS {
            for size in [Size::new(64, 48), Size::new(33, 17), Size::new(1, 1), Size::new(200, 7), Size::new(15, 131)] {
                let [y, cb, cr] = planes(size, subsampling);
                for quality in [1, 35, 80, 90, 100] {
                    let settings = Settings { quality, coding: Coding::Standard, icc: None, resolution: None };
                    let ours = encode_planes([&y, &cb, &cr], subsampling, &settings);
                    let planes = [&y, &cb, &cr];
                    let theirs = turbo::compress_raw(
                        &planes.map(|plane| plane.data.as_slice()),
                        &planes.map(|plane| plane.size.width as usize),
                        &planes.map(|plane| plane.size.height as usize),
                        size.width as usize,
                        size.height as usize,
                        quality,
                        name,
                    )
                    .unwrap();
                    assert_eq!(entropy(&ours), entropy(&theirs), "{subsampling:?} {size:?} quality {quality}");
                }
            }
        }
    }

    /// The planes that another decoder finds in a file, without what pads them.
    fn decoded(file: &[u8]) -> Vec<Vec<u8>> {
        let raw = turbo::Decoder::new(file).and_then(turbo::Decoder::decode_raw).unwrap();
        let header = turbo::probe(file).unwrap();
        let (width, height) = (header.width, header.height);
        let full = (raw.plane_widths[0], raw.plane_heights[0]);
        raw.planes
            .iter()
            .zip(raw.plane_widths.iter().zip(&raw.plane_heights))
            .map(|(data, (&stride, &rows))| {
                let (h, v) = (full.0.div_ceil(stride).max(1), full.1.div_ceil(rows).max(1));
                (0..height.div_ceil(v)).flat_map(|y| data[y * stride..][..width.div_ceil(h)].to_vec()).collect()
            })
            .collect()
    }

    #[test]
    fn all_codings_hold_the_same_picture() {
        for (subsampling, _) in SUBSAMPLINGS {
            for size in [Size::new(64, 48), Size::new(33, 17), Size::new(1, 1), Size::new(131, 15), Size::new(300, 260)]
            {
                let [y, cb, cr] = planes(size, subsampling);
                for quality in [5, 80, 97] {
                    let file = |coding| {
                        encode_planes(
                            [&y, &cb, &cr],
                            subsampling,
                            &Settings { quality, coding, icc: None, resolution: None },
                        )
                    };
                    let standard = file(Coding::Standard);
                    let (optimised, progressive) = (file(Coding::Optimised), file(Coding::Progressive));
                    assert_eq!(decoded(&standard), decoded(&optimised), "{subsampling:?} {size:?} {quality}");
                    assert_eq!(decoded(&standard), decoded(&progressive), "{subsampling:?} {size:?} {quality}");
                    assert!(
                        optimised.len() <= standard.len() + 16,
                        "{size:?}: {} > {}",
                        optimised.len(),
                        standard.len()
                    );
                }
            }
        }
    }

    #[test]
    fn a_gray_picture_is_written_in_every_coding() {
        for size in [Size::new(1, 1), Size::new(17, 9), Size::new(80, 64)] {
            let luma = plane(size, 5);
            let file = |coding| encode_gray(&luma, &Settings { quality: 92, coding, icc: None, resolution: None });
            let standard = decoded(&file(Coding::Standard));
            assert_eq!(standard.len(), 1);
            assert_eq!(standard, decoded(&file(Coding::Optimised)));
            assert_eq!(standard, decoded(&file(Coding::Progressive)));
            let mean = standard[0].iter().zip(&luma.data).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>()
                / luma.data.len() as f64;
            assert!(mean < 3.0, "{size:?}: {mean}");
        }
    }

    /// The extremes of the transform, where 16 bits are just enough.
    #[test]
    fn hard_edges_at_full_quality_come_back() {
        let size = Size::new(48, 48);
        for period in [1, 2, 3, 8] {
            let data = (0..48u32).flat_map(|y| (0..48u32).map(move |x| (x / period + y / period) % 2 * 255));
            let luma = Plane { size, data: data.map(|value| value as u8).collect() };
            let file =
                encode_gray(&luma, &Settings { quality: 100, coding: Coding::Standard, icc: None, resolution: None });
            let worst = decoded(&file)[0].iter().zip(&luma.data).map(|(&a, &b)| a.abs_diff(b)).max();
            assert!(worst <= Some(2), "period {period}: {worst:?}");
        }
    }

    #[test]
    fn a_long_profile_is_cut_into_segments() {
        let icc: Vec<u8> = (0..150_000u32).map(|index| (index % 251) as u8).collect();
        let file = encode_gray(
            &plane(Size::new(8, 8), 1),
            &Settings { quality: 80, coding: Coding::Standard, icc: Some(&icc), resolution: None },
        );
        let mut found = Vec::new();
        let mut at = 2;
        while file[at + 1] != 0xda {
            let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
            if let Some(chunk) = file[at + 4..at + 2 + length].strip_prefix(b"ICC_PROFILE\0") {
                found.extend_from_slice(&chunk[2..]);
            }
            at += 2 + length;
        }
        assert_eq!(found, icc);
    }
}
