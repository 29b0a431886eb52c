//! Does loop filtering on webp lossy images
//!
//! Sixteen positions of an edge are filtered at once: those of luma, or eight of each plane of chroma.

use crate::lanes::{eight, Bytes};

/// The limits of an edge.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) hev_threshold: u8,
    pub(crate) interior: u8,
    /// At most 254.
    pub(crate) edge: u8,
}

/// How an edge is filtered.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Filter {
    /// The simple filter described in 15.2 in the specification
    Simple,
    /// The normal filter of an edge between subblocks, described in 15.3
    Subblock,
    /// The normal filter of an edge between macroblocks, described in 15.3
    Macroblock,
}

/// Filters the edge between the fourth and the fifth of eight pixels in a row, in the places that are below the limits.
#[inline(always)]
fn filter(pixels: &mut [Bytes; 8], filter: Filter, limits: Limits) {
    let [p3, p2, p1, p0, q0, q1, q2, q3] = *pixels;
    let inner = p0.abs_diff(q0);
    let across = inner.saturating_add(inner).saturating_add(p1.abs_diff(q1).half());
    let mut excluded = across.greater(Bytes::splat(limits.edge));
    let mut high_variance = Bytes::splat(255);
    if filter != Filter::Simple {
        let beside = p1.abs_diff(p0).max(q1.abs_diff(q0));
        let farther = p3.abs_diff(p2).max(p2.abs_diff(p1)).max(q3.abs_diff(q2)).max(q2.abs_diff(q1));
        excluded = excluded.max(beside.max(farther).greater(Bytes::splat(limits.interior)));
        high_variance = beside.greater(Bytes::splat(limits.hev_threshold));
    }
    if !excluded.xor(Bytes::splat(255)).any() {
        return;
    }

    let sign = Bytes::splat(128);
    let [p2, p1, p0, q0, q1, q2] = [p2, p1, p0, q0, q1, q2].map(|pixel| pixel.xor(sign));
    let mut outer = p1.signed_saturating_sub(q1);
    if filter == Filter::Subblock {
        outer = outer.and(high_variance);
    }
    // Saturating three times is the same as once, because every step goes in the same direction.
    let step = q0.signed_saturating_sub(p0);
    let sum = outer.signed_saturating_add(step).signed_saturating_add(step).signed_saturating_add(step);
    let sum = sum.and_not(excluded);

    let both = if filter == Filter::Macroblock { sum.and(high_variance) } else { sum };
    let less = both.signed_saturating_add(Bytes::splat(3)).signed_shift::<3>();
    let more = both.signed_saturating_add(Bytes::splat(4)).signed_shift::<3>();
    let (p0, q0) = (p0.signed_saturating_add(less), q0.signed_saturating_sub(more));
    match filter {
        Filter::Simple => {
            pixels[3] = p0.xor(sign);
            pixels[4] = q0.xor(sign);
        }
        Filter::Subblock => {
            let half = more.signed_saturating_add(Bytes::splat(1)).signed_shift::<1>().and_not(high_variance);
            pixels[2] = p1.signed_saturating_add(half).xor(sign);
            pixels[3] = p0.xor(sign);
            pixels[4] = q0.xor(sign);
            pixels[5] = q1.signed_saturating_sub(half).xor(sign);
        }
        Filter::Macroblock => {
            let [one, two, three] = sum.and_not(high_variance).ninths();
            pixels[1] = p2.signed_saturating_add(one).xor(sign);
            pixels[2] = p1.signed_saturating_add(two).xor(sign);
            pixels[3] = p0.signed_saturating_add(three).xor(sign);
            pixels[4] = q0.signed_saturating_sub(three).xor(sign);
            pixels[5] = q1.signed_saturating_sub(two).xor(sign);
            pixels[6] = q2.signed_saturating_sub(one).xor(sign);
        }
    }
}

/// One step of a transposition: seen as numbers of seven bits, the places of all bytes are rotated by one.
#[inline(always)]
fn rotated(rows: [Bytes; 8]) -> [Bytes; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    [
        a.low_pairs(e),
        a.high_pairs(e),
        b.low_pairs(f),
        b.high_pairs(f),
        c.low_pairs(g),
        c.high_pairs(g),
        d.low_pairs(h),
        d.high_pairs(h),
    ]
}

/// Columns of sixteen rows of eight pixels, of which two lie in each vector.
#[inline(always)]
fn columns(rows: [Bytes; 8]) -> [Bytes; 8] {
    rotated(rotated(rotated(rotated(rows))))
}

/// What [`columns`] were made of.
#[inline(always)]
fn rows(columns: [Bytes; 8]) -> [Bytes; 8] {
    rotated(rotated(rotated(columns)))
}

// Engines of WebAssembly optimise whole functions when they are called, so each of these is one that is called often.

/// An array of what the closure makes of each row, inlined for certain.
macro_rules! eight_rows {
    (|$row:ident| $load:expr) => {{
        let mut all = [Bytes::splat(0); 8];
        for ($row, place) in all.iter_mut().enumerate() {
            *place = $load;
        }
        all
    }};
}

/// Filters a vertical edge of sixteen rows, which lies left of the pixel at `point`.
#[inline(never)]
pub(crate) fn vertical_edge(pixels: &mut [u8], point: usize, stride: usize, kind: Filter, limits: Limits) {
    let pixels = &mut pixels[point - 4..][..15 * stride + 8];
    let both = eight_rows!(|row| {
        Bytes::of_halves(eight(&pixels[row * stride..]), eight(&pixels[(row + 8) * stride..]))
    });
    let mut all = columns(both);
    filter(&mut all, kind, limits);
    for (row, both) in rows(all).into_iter().enumerate() {
        let [low, high] = both.halves();
        pixels[row * stride..][..8].copy_from_slice(&low.to_le_bytes());
        pixels[(row + 8) * stride..][..8].copy_from_slice(&high.to_le_bytes());
    }
}

/// Filters a horizontal edge of sixteen columns, which lies above the pixel at `point`.
#[inline(never)]
pub(crate) fn horizontal_edge(pixels: &mut [u8], point: usize, stride: usize, kind: Filter, limits: Limits) {
    let pixels = &mut pixels[point - 4 * stride..][..7 * stride + 16];
    let mut all = eight_rows!(|row| Bytes::load(pixels[row * stride..][..16].try_into().unwrap()));
    filter(&mut all, kind, limits);
    for (row, changed) in all.into_iter().enumerate().skip(1).take(6) {
        changed.store((&mut pixels[row * stride..][..16]).try_into().unwrap());
    }
}

/// Filters a vertical edge of eight rows in both planes of chroma.
#[inline(never)]
pub(crate) fn vertical_edges([u, v]: [&mut [u8]; 2], point: usize, stride: usize, kind: Filter, limits: Limits) {
    let u = &mut u[point - 4..][..7 * stride + 8];
    let v = &mut v[point - 4..][..7 * stride + 8];
    let both = eight_rows!(|row| Bytes::of_halves(eight(&u[row * stride..]), eight(&v[row * stride..])));
    let mut all = columns(both);
    filter(&mut all, kind, limits);
    for (row, both) in rows(all).into_iter().enumerate() {
        let [low, high] = both.halves();
        u[row * stride..][..8].copy_from_slice(&low.to_le_bytes());
        v[row * stride..][..8].copy_from_slice(&high.to_le_bytes());
    }
}

/// Filters a horizontal edge of eight columns in both planes of chroma.
#[inline(never)]
pub(crate) fn horizontal_edges([u, v]: [&mut [u8]; 2], point: usize, stride: usize, kind: Filter, limits: Limits) {
    let u = &mut u[point - 4 * stride..][..7 * stride + 8];
    let v = &mut v[point - 4 * stride..][..7 * stride + 8];
    let mut all = eight_rows!(|row| Bytes::of_halves(eight(&u[row * stride..]), eight(&v[row * stride..])));
    filter(&mut all, kind, limits);
    for (row, changed) in all.into_iter().enumerate().skip(1).take(6) {
        let [low, high] = changed.halves();
        u[row * stride..][..8].copy_from_slice(&low.to_le_bytes());
        v[row * stride..][..8].copy_from_slice(&high.to_le_bytes());
    }
}
