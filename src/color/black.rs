//! Black point compensation: the darkest colour of a space becomes black, and white stays white, by a line for each of X, Y
//! and Z (ISO 18619).

use super::math::{D50, from_lab, to_lab};

/// Scales XYZ so that `black` becomes 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compensation {
    black: [f64; 3],
}

impl Compensation {
    /// None: black stays as dark as it is.
    pub(super) const NONE: Self = Self { black: [0.0; 3] };

    /// For the darkest colour of a space. It becomes black with its cast, as in littleCMS; nothing that is lighter than
    /// half-way is called black.
    pub(super) fn of(darkest: [f64; 3]) -> Self {
        let lightness = to_lab(darkest)[0];
        let black = if lightness > 50.0 { from_lab([50.0, 0.0, 0.0]) } else { darkest };
        Self { black: if lightness < 1e-6 { [0.0; 3] } else { black } }
    }

    /// From the space to one whose black is 0.
    pub(super) fn apply(self, xyz: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|i| (xyz[i] - self.black[i]) * D50[i] / (D50[i] - self.black[i]))
    }

    /// From a space whose black is 0 to this one.
    pub(super) fn reverse(self, xyz: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|i| xyz[i] * (D50[i] - self.black[i]) / D50[i] + self.black[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_becomes_zero_and_white_stays() {
        let dark = from_lab([9.0, 20.0, -3.0]);
        let compensation = Compensation::of(dark);
        let near = |one: [f64; 3], other: [f64; 3]| one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(compensation.apply(dark), [0.0; 3]));
        assert!(near(compensation.apply(D50), D50));
        assert!(near(compensation.reverse(compensation.apply([0.2, 0.3, 0.1])), [0.2, 0.3, 0.1]));
        assert!(near(Compensation::of(D50).apply(from_lab([50.0, 0.0, 0.0])), [0.0; 3]));
        assert!(near(Compensation::of([0.0; 3]).apply([0.1, 0.2, 0.3]), [0.1, 0.2, 0.3]));
    }
}
