//! The points of a curve while they are edited: `[value, new value]`, from 0 to 255, in the order of their first value.

use serde_json::Value;

use crate::actions::parameters::{Curve, MOST_POINTS, Parameter};
use crate::image::pchip::Monotone;

/// A point.
pub type Point = [f64; 2];

/// How far from a point it is still picked.
const NEAR: f64 = 12.0;

/// The points of a parameter's value; those of the curve that changes nothing if it is not one.
pub fn points(value: &Value) -> Vec<Point> {
    Curve::read(value).unwrap_or_else(Curve::identity).points().to_vec()
}

/// Points as a parameter's value; `None` for the curve that changes nothing.
pub fn value(points: &[Point]) -> Option<Value> {
    let value = points.iter().map(|point| point.iter().map(Parameter::json).collect::<Value>()).collect();
    (value != Curve::identity().json()).then_some(value)
}

/// The curve as the path of a picture that is 255 wide and high, with 0 at the bottom.
pub fn path(points: &[Point]) -> String {
    let curve = Monotone::through(points);
    let mut path = String::new();
    for x in (0..=255).step_by(3) {
        let command = if x == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{command}{x} {:.1}", 255.0 - curve.at(f64::from(x))));
    }
    path
}

/// The point that is picked at a place, if one is near.
pub fn picked(points: &[Point], [x, y]: Point) -> Option<usize> {
    let distance = |point: &Point| ((point[0] - x).powi(2) + (point[1] - y).powi(2)).sqrt();
    let nearest =
        (0..points.len()).min_by(|one, other| distance(&points[*one]).total_cmp(&distance(&points[*other])))?;
    (distance(&points[nearest]) <= NEAR).then_some(nearest)
}

/// Adds a point, and returns its index; `None` where there is one with this first value, or no room for more.
pub fn add(points: &mut Vec<Point>, [x, y]: Point) -> Option<usize> {
    let [x, y] = [x, y].map(|one| one.clamp(0.0, 255.0).round());
    let at = points.partition_point(|[before, _]| *before < x);
    let is_taken = points.get(at).is_some_and(|[after, _]| *after == x);
    if is_taken || points.len() == MOST_POINTS {
        return None;
    }
    points.insert(at, [x, y]);
    Some(at)
}

/// Moves a point; it stays between its neighbours.
pub fn place(points: &mut [Point], index: usize, [x, y]: Point) {
    let low = index.checked_sub(1).map_or(0.0, |before| points[before][0] + 1.0);
    let high = points.get(index + 1).map_or(255.0, |after| after[0] - 1.0);
    if let Some(point) = points.get_mut(index) {
        *point = [x.round().max(low).min(high), y.clamp(0.0, 255.0).round()];
    }
}

/// Removes a point, unless only two are left.
pub fn remove(points: &mut Vec<Point>, index: usize) {
    if points.len() > 2 && index < points.len() {
        points.remove(index);
    }
}

/// Points as text: `0 0, 128 150, 255 255`.
pub fn text(points: &[Point]) -> String {
    points.iter().map(|[x, y]| format!("{x} {y}")).collect::<Vec<_>>().join(", ")
}

/// Text as a value: the points, or the text itself if it names none (validation says what is wrong with it).
pub fn typed(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let numbers = |pair: &str| pair.split_whitespace().map(crate::number::parse).collect::<Option<Vec<f64>>>();
    let pairs: Option<Vec<Vec<f64>>> = text.split([',', ';']).map(numbers).collect();
    Some(match pairs {
        Some(pairs) if pairs.iter().all(|pair| pair.len() == 2) => {
            let value: Value = pairs.iter().map(|pair| pair.iter().map(Parameter::json).collect::<Value>()).collect();
            if value == Curve::identity().json() {
                return None;
            }
            value
        }
        _ => Value::from(text),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn points_are_added_moved_and_removed_in_order() {
        let mut points = points(&Value::Null);
        assert_eq!(value(&points), None);
        assert_eq!(add(&mut points, [128.4, 300.0]), Some(1));
        assert_eq!(add(&mut points, [128.0, 5.0]), None, "one is there");
        assert_eq!(value(&points), Some(json!([[0, 0], [128, 255], [255, 255]])));
        place(&mut points, 1, [400.0, 90.0]);
        assert_eq!(points[1], [254.0, 90.0]);
        place(&mut points, 0, [300.0, -4.0]);
        assert_eq!(points[0], [253.0, 0.0]);
        assert_eq!(picked(&points, [250.0, 3.0]), Some(0));
        assert_eq!(picked(&points, [100.0, 100.0]), None);
        remove(&mut points, 1);
        remove(&mut points, 1);
        assert_eq!(points, [[253.0, 0.0], [255.0, 255.0]]);
        let mut full: Vec<Point> = (0..MOST_POINTS).map(|x| [x as f64, 0.0]).collect();
        assert_eq!(add(&mut full, [200.0, 0.0]), None);
    }

    #[test]
    fn points_are_typed_as_pairs() {
        assert_eq!(typed("0 0, 64 44.5; 255 255"), Some(json!([[0, 0], [64, 44.5], [255, 255]])));
        assert_eq!(text(&points(&json!([[0, 0], [64, 44.5], [255, 255]]))), "0 0, 64 44.5, 255 255");
        assert_eq!([typed(" "), typed("0 0, 255 255")], [None, None]);
        assert_eq!(typed("0 0, 9"), Some(json!("0 0, 9")));
    }

    #[test]
    fn a_path_begins_at_the_left() {
        let path = path(&[[0.0, 0.0], [255.0, 255.0]]);
        assert!(path.starts_with("M0 255.0L3 252.0") && path.ends_with("L255 0.0"), "{path}");
    }
}
