//! Operations on each value, or each pixel, independently.

use super::shape::{Shape, View};
use super::vector::{Floats, LANES};

/// The sum of two values.
#[inline(never)]
pub(super) fn add(one: View<'_>, other: View<'_>, out: &mut [f32]) {
    for (at, out) in out[..one.floats.len()].as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        (Floats::load(one.floats, at * LANES) + Floats::load(other.floats, at * LANES)).store(out, 0);
    }
}

/// The larger of each value and 0.
#[inline(never)]
pub(super) fn relu(source: View<'_>, out: &mut [f32]) {
    for (value, out) in source.floats.as_chunks::<LANES>().0.iter().zip(out.as_chunks_mut::<LANES>().0) {
        Floats::load(value, 0).relu().store(out, 0);
    }
}

/// 1 / (1 + e⁻ˣ) of each value.
#[inline(never)]
pub(super) fn sigmoid(source: View<'_>, out: &mut [f32]) {
    for (pixel, out) in
        source.floats.chunks_exact(source.shape.stride()).zip(out.chunks_exact_mut(source.shape.stride()))
    {
        out.fill(0.0);
        for (value, out) in pixel.iter().zip(out).take(source.shape.channels) {
            *out = 1.0 / (1.0 + (-value).exp());
        }
    }
}

/// The concatenated channels of all sources.
#[inline(never)]
pub(super) fn concatenate(sources: &[View<'_>], shape: Shape, out: &mut [f32]) {
    let pixels = shape.width * shape.height;
    for (at, out) in out.chunks_exact_mut(shape.stride()).take(pixels).enumerate() {
        let mut place = 0;
        for source in sources {
            let channels = source.shape.channels;
            let pixel = &source.floats[at * source.shape.stride()..][..channels];
            out[place..place + channels].copy_from_slice(pixel);
            place += channels;
        }
        out[place..].fill(0.0);
    }
}
