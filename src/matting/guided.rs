//! The fast guided filter: a rough mask becomes, around every pixel, the linear function of colour that fits it best.
//!
//! K. He and J. Sun, "Fast guided filter" (2015, arXiv:1505.00996), with the colour guide of K. He, J. Sun and X. Tang,
//! "Guided image filtering" (2010): at work size, in each window, the mask is fitted as `a · colour + b`, and a pixel
//! takes the mean of the functions of all windows it is in.

use crate::image::field::{Field, Map};

/// Half the side of a window, in pixels at work size.
pub const RADIUS: usize = 8;
/// Regularisation that keeps a function flat where a window has a single colour: a variance of values from 0 to 1.
pub const EPSILON: f32 = 1e-4;

/// The mean function of every pixel, `[a_red, a_green, a_blue, b]`, for `mask` guided by `guide` (colour from 0 to 1).
///
/// # Panics
/// When the sizes differ.
pub fn functions(guide: &Field, mask: &Map, radius: usize, epsilon: f32) -> Field {
    assert_eq!(guide.size, mask.size, "guide and mask have the same size");
    let mut scratch = Vec::new();
    let mut mean = |work: &dyn Fn(&[f32; 4], f32) -> [f32; 4]| {
        let data = guide.data.iter().zip(&mask.data).map(|(colour, mask)| work(colour, *mask)).collect();
        let mut field = Field { size: guide.size, data };
        field.box_mean(radius, &mut scratch);
        field
    };
    let means = mean(&|[r, g, b, _], mask| [*r, *g, *b, mask]);
    let with_mask = mean(&|[r, g, b, _], mask| [r * mask, g * mask, b * mask, 0.0]);
    let squares = mean(&|[r, g, b, _], _| [r * r, g * g, b * b, 0.0]);
    let mut functions = mean(&|[r, g, b, _], _| [r * g, r * b, g * b, 0.0]);

    let windows = means.data.iter().zip(&with_mask.data).zip(&squares.data);
    for (products, ((mean, with_mask), squares)) in functions.data.iter_mut().zip(windows) {
        let [r, g, b, mask] = *mean;
        let variance = [squares[0] - r * r + epsilon, squares[1] - g * g + epsilon, squares[2] - b * b + epsilon];
        let covariance = [products[0] - r * g, products[1] - r * b, products[2] - g * b];
        let with_mask = [with_mask[0] - r * mask, with_mask[1] - g * mask, with_mask[2] - b * mask];
        let a = solve(variance, covariance, with_mask);
        *products = [a[0], a[1], a[2], mask - a[0] * r - a[1] * g - a[2] * b];
    }
    functions.box_mean(radius, &mut scratch);
    functions
}

/// Solves a symmetric positive definite system of three, by Cramer's rule: `diagonal`, then the entries (0, 1), (0, 2)
/// and (1, 2).
fn solve(diagonal: [f32; 3], off: [f32; 3], right: [f32; 3]) -> [f32; 3] {
    let ([xx, yy, zz], [xy, xz, yz]) = (diagonal, off);
    let (c_xx, c_xy, c_xz) = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy);
    let (c_yy, c_yz, c_zz) = (xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy);
    let scale = 1.0 / (xx * c_xx + xy * c_xy + xz * c_xz);
    let [x, y, z] = right;
    [
        (c_xx * x + c_xy * y + c_xz * z) * scale,
        (c_xy * x + c_yy * y + c_yz * z) * scale,
        (c_xz * x + c_yz * y + c_zz * z) * scale,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Size;

    #[test]
    fn a_system_of_three_is_solved() {
        let (diagonal, off) = ([4.0, 3.0, 2.0], [1.0, 0.5, -0.25]);
        let [x, y, z] = solve(diagonal, off, [1.0, 2.0, 3.0]);
        let product = [4.0 * x + y + 0.5 * z, x + 3.0 * y - 0.25 * z, 0.5 * x - 0.25 * y + 2.0 * z];
        for (got, expected) in product.iter().zip([1.0, 2.0, 3.0]) {
            assert!((got - expected).abs() < 1e-5, "{got} for {expected}");
        }
    }

    #[test]
    fn a_blurred_step_becomes_the_step_of_the_guide() {
        let size = Size::new(60, 20);
        let columns = |value: &dyn Fn(f32) -> f32| (0..1200).map(|i| value((i % 60) as f32)).collect::<Vec<_>>();
        let step = columns(&|x| if x < 30.0 { 0.2 } else { 0.9 });
        let guide = Field { size, data: step.iter().map(|v| [*v, 0.5, 1.0 - v, 1.0]).collect() };
        let mask = Map { size, data: columns(&|x| ((x - 22.0) / 16.0).clamp(0.0, 1.0)) };
        let functions = functions(&guide, &mask, RADIUS, EPSILON);
        let at = |x: usize| {
            let ([r, g, b, c], [red, green, blue, _]) = (functions.data[600 + x], guide.data[600 + x]);
            r * red + g * green + b * blue + c
        };
        assert!(at(29) < 0.3 && at(30) > 0.7, "{} {}", at(29), at(30));
        assert!(at(5).abs() < 1e-3 && (at(55) - 1.0).abs() < 1e-3);
    }
}
