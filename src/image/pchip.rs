//! Monotone cubic interpolation: a smooth curve through points that never overshoots between two of them.
//!
//! F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic interpolants", 1984, with the
//! weighted harmonic mean that SciPy's `PchipInterpolator` and MATLAB's `pchip` use.

/// A curve through points whose first values increase.
pub(crate) struct Monotone<'a> {
    points: &'a [[f64; 2]],
    /// The slope at each point.
    slopes: Vec<f64>,
}

impl<'a> Monotone<'a> {
    /// The curve through at least two points.
    pub(crate) fn through(points: &'a [[f64; 2]]) -> Self {
        let lengths: Vec<f64> = points.windows(2).map(|pair| pair[1][0] - pair[0][0]).collect();
        let steps: Vec<f64> =
            points.windows(2).zip(&lengths).map(|(pair, length)| (pair[1][1] - pair[0][1]) / length).collect();
        let last = steps.len() - 1;
        if last == 0 {
            return Self { points, slopes: vec![steps[0]; 2] };
        }
        let inner = (1..=last).map(|at| {
            let ([before, after], [to, from]) = ([steps[at - 1], steps[at]], [lengths[at - 1], lengths[at]]);
            if before * after <= 0.0 {
                return 0.0;
            }
            let (one, other) = (2.0 * from + to, from + 2.0 * to);
            (one + other) / (one / before + other / after)
        });
        let first = end_slope([lengths[0], lengths[1]], [steps[0], steps[1]]);
        let final_one = end_slope([lengths[last], lengths[last - 1]], [steps[last], steps[last - 1]]);
        let slopes = std::iter::once(first).chain(inner).chain([final_one]).collect();
        Self { points, slopes }
    }

    /// Its value; before the first point and behind the last one it is level.
    pub(crate) fn at(&self, x: f64) -> f64 {
        let after = self.points.partition_point(|[start, _]| *start <= x);
        let Some(before) = after.checked_sub(1) else { return self.points[0][1] };
        let [x0, y0] = self.points[before];
        let Some([x1, y1]) = self.points.get(after) else { return y0 };
        let length = x1 - x0;
        let share = (x - x0) / length;
        let rest = 1.0 - share;
        let (from, to) = (self.slopes[before] * length, self.slopes[after] * length);
        // Hermite's form.
        y0 * rest * rest * (1.0 + 2.0 * share) + y1 * share * share * (3.0 - 2.0 * share) + from * share * rest * rest
            - to * share * share * rest
    }
}

/// The slope at an end, from three points, limited so that the shape stays: lengths and slopes from the end inwards.
fn end_slope([near, far]: [f64; 2], [step, next]: [f64; 2]) -> f64 {
    let slope = ((2.0 * near + far) * step - near * next) / (near + far);
    if slope * step <= 0.0 {
        0.0
    } else if step * next <= 0.0 && slope.abs() > 3.0 * step.abs() {
        3.0 * step
    } else {
        slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By SciPy 1.17: `PchipInterpolator([0, 40, 90, 200, 255], [10, 80, 80, 230, 200])`.
    #[test]
    fn values_are_those_of_scipy() {
        let points = [[0.0, 10.0], [40.0, 80.0], [90.0, 80.0], [200.0, 230.0], [255.0, 200.0]];
        let curve = Monotone::through(&points);
        for (x, y) in SCIPY {
            assert!((curve.at(x) - y).abs() < 1e-9, "{x}: {} instead of {y}", curve.at(x));
        }
        assert_eq!([curve.at(-1.0), curve.at(256.0)], [10.0, 200.0]);
    }

    const SCIPY: [(f64, f64); 6] = [
        (7.0, 27.72421875),
        (39.5, 79.9830620659722),
        (60.0, 80.0),
        (100.0, 83.49361382419234),
        (199.0, 229.96303531179564),
        (230.0, 221.75056348610067),
    ];
}
