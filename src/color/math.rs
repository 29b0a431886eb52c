//! Arithmetic of basic operations only: powers from the standard library differ between machines in their last bit.

/// Three rows of three.
pub(super) type Matrix = [[f64; 3]; 3];

/// White of the profile connection space (ICC.1:2022, 6.3.4.3).
pub(super) const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

pub(super) fn times(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2])
}

pub(super) fn product(one: &Matrix, other: &Matrix) -> Matrix {
    let columns = [0, 1, 2].map(|column| times(one, [other[0][column], other[1][column], other[2][column]]));
    [0, 1, 2].map(|row| [columns[0][row], columns[1][row], columns[2][row]])
}

/// `None` if there is none, or nearly so.
pub(super) fn inverse(matrix: &Matrix) -> Option<Matrix> {
    let [[a, b, c], [d, e, f], [g, h, i]] = *matrix;
    let determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
    if !determinant.is_finite() || determinant.abs() < 1e-6 {
        return None;
    }
    let rows = [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ];
    Some(rows.map(|row| row.map(|value| value / determinant)))
}

/// `base` to the power of `exponent`; 0 for a base that is not positive.
pub(super) fn power(base: f64, exponent: f64) -> f64 {
    if base < 1e-300 || base.is_nan() { 0.0 } else { exponential(exponent * logarithm(base)) }
}

fn logarithm(value: f64) -> f64 {
    let bits = value.to_bits();
    let mut exponent = ((bits >> 52) as i32 - 1023) as f64;
    let mut mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1.0;
    }
    // The series of the inverse hyperbolic tangent, whose argument is below 0.172.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let sum = (0..13).rev().fold(0.0, |sum, k| sum * s * s + 1.0 / (2.0 * f64::from(k) + 1.0));
    exponent * std::f64::consts::LN_2 + 2.0 * s * sum
}

/// e to the power of a number.
pub(super) fn exponential(value: f64) -> f64 {
    let whole = (value * std::f64::consts::LOG2_E + 0.5).floor();
    if whole < -1022.0 {
        return 0.0;
    }
    let whole = whole.min(1000.0);
    let rest = value.min(700.0) - whole * std::f64::consts::LN_2;
    let sum = (1..18).rev().fold(1.0, |sum, k| 1.0 + sum * rest / f64::from(k));
    sum * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}

/// CIE L*a*b* of an XYZ relative to D50.
pub(super) fn to_lab(xyz: [f64; 3]) -> [f64; 3] {
    let f = |t: f64| if t > 216.0 / 24389.0 { power(t, 1.0 / 3.0) } else { t * 841.0 / 108.0 + 16.0 / 116.0 };
    let [x, y, z] = [0, 1, 2].map(|i| f(xyz[i] / D50[i]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The inverse of [`to_lab`].
pub(super) fn from_lab([l, a, b]: [f64; 3]) -> [f64; 3] {
    let f = |t: f64| if t > 24.0 / 116.0 { t * t * t } else { (t - 16.0 / 116.0) * 108.0 / 841.0 };
    let y = (l + 16.0) / 116.0;
    let relative = [f(y + a / 500.0), f(y), f(y - b / 200.0)];
    [0, 1, 2].map(|i| relative[i] * D50[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_the_standard_library() {
        for base in [1e-12, 0.0003, 0.04045, 0.2, 0.5, 0.999, 1.0, 1.7, 3.0, 100.0] {
            for exponent in [0.0, 0.1, 1.0 / 3.0, 0.45, 1.0, 1.8, 2.2, 2.4, 5.5] {
                let (ours, theirs) = (power(base, exponent), f64::powf(base, exponent));
                assert!((ours / theirs - 1.0).abs() < 1e-13, "{base} {exponent}: {ours} {theirs}");
            }
        }
        assert_eq!((power(0.0, 2.2), power(-1.0, 0.5), power(f64::NAN, 1.0)), (0.0, 0.0, 0.0));
        assert!(power(1e-200, 9.0) == 0.0 && power(1e200, 9.0).is_finite());
    }

    #[test]
    fn an_inverse_undoes_its_matrix_and_lab_is_xyz_again() {
        let matrix = [[0.4, 0.3, 0.2], [0.2, 0.7, 0.1], [0.0, 0.1, 0.8]];
        let same = product(&matrix, &inverse(&matrix).unwrap());
        for (y, row) in same.iter().enumerate() {
            for (x, value) in row.iter().enumerate() {
                assert!((value - f64::from(u8::from(x == y))).abs() < 1e-12);
            }
        }
        assert_eq!(inverse(&[[1.0, 2.0, 3.0]; 3]), None);
        for xyz in [[0.0; 3], D50, [0.2, 0.1, 0.4], [0.001, 0.002, 0.0001]] {
            let again = from_lab(to_lab(xyz));
            assert!(again.iter().zip(xyz).all(|(a, b)| (a - b).abs() < 1e-12), "{xyz:?} {again:?}");
        }
    }
}
