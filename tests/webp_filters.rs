//! What our copy of image-webp does to sixteen positions at once is, to the bit, what the published sources do to one after the
//! other (`vendor/README.md`).

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::all,
    clippy::unwrap_used,
    reason = "they are sources of others"
)]

#[rustfmt::skip]
#[path = "../vendor/image-webp/src/lanes.rs"]
mod lanes;
#[rustfmt::skip]
#[path = "../vendor/image-webp/src/loop_filter.rs"]
mod loop_filter;
#[rustfmt::skip]
#[path = "../vendor/image-webp/original/loop_filter.rs"]
mod original_filter;
#[rustfmt::skip]
#[path = "../vendor/image-webp/original/yuv.rs"]
mod original_yuv;
#[rustfmt::skip]
#[path = "../vendor/image-webp/src/transform.rs"]
mod transform;
#[rustfmt::skip]
#[path = "../vendor/image-webp/src/yuv.rs"]
mod yuv;

use loop_filter::{Filter, Limits};

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(end)) as u32
    }

    /// Samples that differ from a common one by up to so much, so that some edges are filtered and some not.
    fn plane(&mut self, length: usize) -> Vec<u8> {
        let spread = 1 << (1 + self.below(8));
        let middle = self.below(256) as i32;
        (0..length).map(|_| (middle + self.below(spread) as i32 - spread as i32 / 2).clamp(0, 255) as u8).collect()
    }
}

const STRIDE: usize = 33;
const ROWS: usize = 24;
/// Where both edges lie.
const POINT: usize = 5 * STRIDE + 7;

/// A filter of one position of a vertical or horizontal edge, as the original has it.
type Scalar = fn(Limits, &mut [u8], usize, usize);

/// Filters so many positions of an edge one by one. A vertical one is given eight pixels of a row.
fn one_by_one(pixels: &mut [u8], count: usize, limits: Limits, is_vertical: bool, scalar: Scalar) {
    for at in 0..count {
        match is_vertical {
            true => scalar(limits, &mut pixels[POINT + at * STRIDE - 4..][..8], 0, 0),
            false => scalar(limits, pixels, POINT + at, STRIDE),
        }
    }
}

/// A filter of an edge.
type OfLuma = fn(&mut [u8], usize, usize, Filter, Limits);
type OfChroma = fn([&mut [u8]; 2], usize, usize, Filter, Limits);

/// Checks a filter with every pair of limits that a file can have, in luma and in both planes of chroma.
fn check(filter: Filter, is_vertical: bool, scalar: Scalar) {
    let luma: OfLuma = if is_vertical { loop_filter::vertical_edge } else { loop_filter::horizontal_edge };
    let chroma: OfChroma = if is_vertical { loop_filter::vertical_edges } else { loop_filter::horizontal_edges };
    let mut random = Random(11);
    for interior in 1..=63 {
        for edge in 0..=193 {
            let limits = Limits { hev_threshold: random.below(4) as u8, interior, edge };
            let mut found = [(); 2].map(|()| random.plane(STRIDE * ROWS));
            let mut expected = found.clone();
            for plane in &mut expected {
                one_by_one(plane, 8, limits, is_vertical, scalar);
            }
            let [u, v] = &mut found;
            chroma([u, v], POINT, STRIDE, filter, limits);
            assert_eq!(found, expected, "chroma, interior {interior}, edge {edge}");

            let mut found = random.plane(STRIDE * ROWS);
            let mut expected = found.clone();
            one_by_one(&mut expected, 16, limits, is_vertical, scalar);
            luma(&mut found, POINT, STRIDE, filter, limits);
            assert_eq!(found, expected, "luma, interior {interior}, edge {edge}");
        }
    }
}

#[test]
fn edges_between_macroblocks_are_filtered_as_one_by_one() {
    check(Filter::Macroblock, true, |Limits { hev_threshold, interior, edge }, pixels, _, _| {
        original_filter::macroblock_filter_horizontal(hev_threshold, interior, edge, pixels);
    });
    check(Filter::Macroblock, false, |Limits { hev_threshold, interior, edge }, pixels, point, stride| {
        original_filter::macroblock_filter_vertical(hev_threshold, interior, edge, pixels, point, stride);
    });
}

#[test]
fn edges_between_subblocks_are_filtered_as_one_by_one() {
    check(Filter::Subblock, true, |Limits { hev_threshold, interior, edge }, pixels, _, _| {
        original_filter::subblock_filter_horizontal(hev_threshold, interior, edge, pixels);
    });
    check(Filter::Subblock, false, |Limits { hev_threshold, interior, edge }, pixels, point, stride| {
        original_filter::subblock_filter_vertical(hev_threshold, interior, edge, pixels, point, stride);
    });
}

#[test]
fn the_simple_filter_does_the_same_as_one_by_one() {
    check(Filter::Simple, true, |limits, pixels, _, _| original_filter::simple_segment_horizontal(limits.edge, pixels));
    check(Filter::Simple, false, |limits, pixels, point, stride| {
        original_filter::simple_segment_vertical(limits.edge, pixels, point, stride);
    });
}

/// Converts a picture in both ways.
fn converted<const CHANNELS: usize>(y: &[u8], u: &[u8], v: &[u8], width: usize, height: usize) -> [Vec<u8>; 2] {
    let stride = width.next_multiple_of(16);
    [yuv::fill_rgb_buffer_fancy::<CHANNELS>, original_yuv::fill_rgb_buffer_fancy::<CHANNELS>].map(|fill| {
        let mut out = vec![255; width * height * CHANNELS];
        fill(&mut out, y, u, v, width, height, stride);
        out
    })
}

#[test]
fn rows_of_every_width_are_converted_as_pixel_by_pixel() {
    let mut random = Random(12);
    for width in 1_usize..=140 {
        for height in [1, 2, 5] {
            let luma = width.next_multiple_of(16) * 16;
            let [y, u, v] = [luma, luma / 4, luma / 4].map(|length| random.plane(length));
            let [found, expected] = converted::<3>(&y, &u, &v, width, height);
            assert_eq!(found, expected, "{width}×{height} in RGB");
            let [found, expected] = converted::<4>(&y, &u, &v, width, height);
            assert_eq!(found, expected, "{width}×{height} in RGBA");
        }
    }
}

#[test]
fn all_colors_are_converted_as_pixel_by_pixel() {
    // A row has every luma between two pixels that are converted one by one, at the start and the end.
    let (width, height) = (288, 3);
    let y: Vec<u8> = (0..width * 16).map(|at| ((at % width + 223) % 256) as u8).collect();
    for u in (0..=255).step_by(5) {
        for v in (0..=255).step_by(5) {
            let [found, expected] = converted::<3>(&y, &vec![u; width * 4], &vec![v; width * 4], width, height);
            assert_eq!(found, expected, "u {u}, v {v}");
        }
    }
}

#[test]
fn blocks_are_transformed_as_in_64_bits() {
    let mut random = Random(13);
    for round in 0..40_000 {
        // Up to the largest that a file can have, and about the largest that are calculated in 32 bits.
        let most = [3, 200, 4_000, 8_191, 8_193, 40_000, 340_000][round % 7];
        let any = random.below(4);
        let mut found = [0; 16].map(|_| match random.below(4) {
            kind if kind <= any => random.below(2 * most + 1) as i32 - most as i32,
            _ => 0,
        });
        if round % 3 == 0 {
            found = found.map(|number| if number < 0 { -(most as i32) } else { most as i32 });
        }
        let mut expected = found;
        transform::idct4x4(&mut expected);
        transform::idct(&mut found, true);
        assert_eq!(found, expected);
        let mut found = [0; 16];
        found[0] = random.below(2 * most) as i32 - most as i32;
        let mut expected = found;
        transform::idct4x4(&mut expected);
        transform::idct(&mut found, false);
        assert_eq!(found, expected);
    }
}
