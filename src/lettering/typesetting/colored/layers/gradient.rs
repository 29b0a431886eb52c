//! What fills a shape of a glyph: a colour or a gradient. Colours are interpolated as they are encoded, with straight alpha, as
//! browsers do.

use skrifa::color::{Brush, ColorStop, Extend, Transform};

/// A brush, ready to be asked for the colours of pixels.
pub(super) struct Filling {
    kind: Kind,
    /// From pixels to the font's units.
    inverse: Transform,
    /// Offsets with colours, in order.
    stops: Vec<(f32, [f32; 4])>,
    extend: Extend,
}

enum Kind {
    Solid,
    /// Where it begins, and the way to its end divided by the square of its length.
    Linear {
        start: [f32; 2],
        along: [f32; 2],
    },
    /// Two circles: the first, and what is added to become the second.
    Radial {
        start: [f32; 3],
        step: [f32; 3],
    },
    /// A centre; the first angle and how far it is to the last, clockwise in degrees.
    Sweep {
        center: [f32; 2],
        start: f32,
        sweep: f32,
    },
}

impl Filling {
    /// Prepares a brush; `None` if it paints nothing.
    pub(super) fn new(brush: &Brush<'_>, transform: &Transform, color: impl Fn(u16, f32) -> [f32; 4]) -> Option<Self> {
        let solid = |color| {
            Some(Self {
                kind: Kind::Solid,
                inverse: Transform::default(),
                stops: vec![(0.0, color)],
                extend: Extend::Pad,
            })
        };
        let (kind, stops, extend) = match *brush {
            Brush::Solid { palette_index, alpha } => return solid(color(palette_index, alpha)),
            Brush::LinearGradient { p0, p1, color_stops, extend } => {
                let (x, y) = (p1.x - p0.x, p1.y - p0.y);
                let square = x * x + y * y;
                if square == 0.0 && color_stops.len() > 1 {
                    return None;
                }
                (Kind::Linear { start: [p0.x, p0.y], along: [x / square, y / square] }, color_stops, extend)
            }
            Brush::RadialGradient { c0, r0, c1, r1, color_stops, extend } => (
                Kind::Radial { start: [c0.x, c0.y, r0], step: [c1.x - c0.x, c1.y - c0.y, r1 - r0] },
                color_stops,
                extend,
            ),
            Brush::SweepGradient { c0, start_angle, end_angle, color_stops, extend } => (
                Kind::Sweep { center: [c0.x, c0.y], start: start_angle, sweep: end_angle - start_angle },
                color_stops,
                extend,
            ),
        };
        if let [only] = stops {
            return solid(color(only.palette_index, only.alpha));
        }
        let stop = |stop: &ColorStop| (stop.offset, color(stop.palette_index, stop.alpha));
        Some(Self { kind, inverse: inverse(transform)?, stops: stops.iter().map(stop).collect(), extend })
    }

    /// The colour at a place in pixels, with straight alpha; `None` where there is none.
    pub(super) fn at(&self, x: f32, y: f32) -> Option<[f32; 4]> {
        let inverse = &self.inverse;
        let point = [inverse.xx * x + inverse.xy * y + inverse.dx, inverse.yx * x + inverse.yy * y + inverse.dy];
        let offset = match &self.kind {
            Kind::Solid => return self.stops.first().map(|(_, color)| *color),
            Kind::Linear { start, along } => (point[0] - start[0]) * along[0] + (point[1] - start[1]) * along[1],
            Kind::Radial { start, step } => on_circles(point, start, step)?,
            Kind::Sweep { center, start, sweep } => {
                // The y axis points up, so that angles grow counterclockwise.
                let angle = (center[1] - point[1]).atan2(point[0] - center[0]).to_degrees().rem_euclid(360.0);
                match *sweep {
                    0.0 if angle < *start => 0.0,
                    0.0 => 1.0,
                    sweep => (angle - start) / sweep,
                }
            }
        };
        Some(self.color(offset))
    }

    /// The colour at an offset.
    fn color(&self, offset: f32) -> [f32; 4] {
        let offset = match self.extend {
            Extend::Repeat => offset.rem_euclid(1.0),
            Extend::Reflect => 1.0 - (offset.rem_euclid(2.0) - 1.0).abs(),
            _ => offset,
        };
        let next = self.stops.partition_point(|(stop, _)| *stop <= offset);
        let (Some((from, first)), Some((to, second))) = (self.stops.get(next.wrapping_sub(1)), self.stops.get(next))
        else {
            let outer = if next == 0 { self.stops.first() } else { self.stops.last() };
            return outer.map_or([0.0; 4], |(_, color)| *color);
        };
        let share = if to > from { (offset - from) / (to - from) } else { 1.0 };
        std::array::from_fn(|at| first[at] + (second[at] - first[at]) * share)
    }
}

/// Which of the circles between and beyond two goes through a point: the last one, if there are several.
fn on_circles(point: [f32; 2], start: &[f32; 3], step: &[f32; 3]) -> Option<f32> {
    let [x, y] = [f64::from(point[0] - start[0]), f64::from(point[1] - start[1])];
    let [dx, dy, growth] = step.map(f64::from);
    let radius = f64::from(start[2]);
    // |(x, y) − t (dx, dy)| = radius + t · growth
    let (a, b, c) =
        (dx * dx + dy * dy - growth * growth, x * dx + y * dy + radius * growth, x * x + y * y - radius * radius);
    let is_circle = |t: &f64| radius + t * growth >= 0.0;
    if a.abs() < 1e-6 {
        return (b != 0.0).then(|| c / (2.0 * b)).filter(is_circle).map(|t| t as f32);
    }
    let root = b * b - a * c;
    if root < 0.0 {
        return None;
    }
    let (one, other) = ((b + root.sqrt()) / a, (b - root.sqrt()) / a);
    [one.max(other), one.min(other)].into_iter().find(is_circle).map(|t| t as f32)
}

/// The way back; `None` if there is none.
fn inverse(transform: &Transform) -> Option<Transform> {
    let Transform { xx, yx, xy, yy, dx, dy } = *transform;
    let determinant = xx * yy - xy * yx;
    if determinant == 0.0 || !determinant.is_finite() {
        return None;
    }
    let (a, b, c, d) = (yy / determinant, -yx / determinant, -xy / determinant, xx / determinant);
    Some(Transform { xx: a, yx: b, xy: c, yy: d, dx: -(a * dx + c * dy), dy: -(b * dx + d * dy) })
}
