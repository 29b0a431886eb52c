//! Four 32-bit floats at once: a SIMD register in WebAssembly, an array elsewhere. Only operations with exactly defined
//! results are used (no fused multiply-add, no estimates), so that every machine computes the same mask, bit for bit.

use std::ops::{Add, Mul, Sub};

#[cfg(target_arch = "wasm32")]
use core::arch::wasm32 as simd;

/// Lanes of a vector.
pub(super) const LANES: usize = 4;

#[cfg(target_arch = "wasm32")]
type Register = simd::v128;
#[cfg(not(target_arch = "wasm32"))]
type Register = [f32; LANES];

/// Four floats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floats(Register);

#[cfg(target_arch = "wasm32")]
impl Floats {
    #[inline(always)]
    pub(super) fn splat(value: f32) -> Self {
        Self(simd::f32x4_splat(value))
    }

    /// The four values from `at` on.
    #[inline(always)]
    pub(super) fn load(values: &[f32], at: usize) -> Self {
        let values = &values[at..at + LANES];
        // SAFETY: the slice has sixteen readable bytes, and the load needs no alignment.
        Self(unsafe { simd::v128_load(values.as_ptr().cast()) })
    }

    /// Writes the four values to `at`.
    #[inline(always)]
    pub(super) fn store(self, values: &mut [f32], at: usize) {
        let values = &mut values[at..at + LANES];
        // SAFETY: the slice has sixteen writable bytes, and the store needs no alignment.
        unsafe { simd::v128_store(values.as_mut_ptr().cast(), self.0) }
    }

    /// The larger of each pair; `self` if they cannot be compared.
    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        Self(simd::f32x4_pmax(self.0, other.0))
    }

    /// The sum of the four, in pairs.
    #[inline(always)]
    pub(super) fn sum(self) -> f32 {
        (simd::f32x4_extract_lane::<0>(self.0) + simd::f32x4_extract_lane::<1>(self.0))
            + (simd::f32x4_extract_lane::<2>(self.0) + simd::f32x4_extract_lane::<3>(self.0))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Floats {
    #[inline(always)]
    pub(super) fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    /// The four values from `at` on.
    #[inline(always)]
    pub(super) fn load(values: &[f32], at: usize) -> Self {
        let values = &values[at..at + LANES];
        Self([values[0], values[1], values[2], values[3]])
    }

    /// Writes the four values to `at`.
    #[inline(always)]
    pub(super) fn store(self, values: &mut [f32], at: usize) {
        values[at..at + LANES].copy_from_slice(&self.0);
    }

    /// The larger of each pair; `self` if they cannot be compared.
    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        let pick = |lane: usize| if self.0[lane] < other.0[lane] { other.0[lane] } else { self.0[lane] };
        Self([pick(0), pick(1), pick(2), pick(3)])
    }

    /// The sum of the four, in pairs.
    #[inline(always)]
    pub(super) fn sum(self) -> f32 {
        (self.0[0] + self.0[1]) + (self.0[2] + self.0[3])
    }
}

impl Floats {
    /// The larger of each value and 0; 0 for NaN.
    #[inline(always)]
    pub(super) fn relu(self) -> Self {
        Self::splat(0.0).max(self)
    }

    /// `self + factor · other`, rounded twice.
    #[inline(always)]
    pub(super) fn plus(self, factor: f32, other: Self) -> Self {
        self + Self::splat(factor) * other
    }
}

/// One operator on four lanes: an instruction in WebAssembly, four operations elsewhere.
macro_rules! operator {
    ($trait:ident, $method:ident, $instruction:ident, $symbol:tt) => {
        impl $trait for Floats {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                #[cfg(target_arch = "wasm32")]
                return Self(simd::$instruction(self.0, other.0));
                #[cfg(not(target_arch = "wasm32"))]
                return Self([
                    self.0[0] $symbol other.0[0],
                    self.0[1] $symbol other.0[1],
                    self.0[2] $symbol other.0[2],
                    self.0[3] $symbol other.0[3],
                ]);
            }
        }
    };
}

operator!(Add, add, f32x4_add, +);
operator!(Sub, sub, f32x4_sub, -);
operator!(Mul, mul, f32x4_mul, *);
