//! What the tests of packing and unpacking have in common.

/// Numbers that look random, the same in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// From 0 to `end` − 1.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}
