//! The stops of a gradient while they are edited: shares with colours, in the order of their shares.

use serde_json::Value;

use crate::actions::parameters::{Color, Gradient, MOST_STOPS, Parameter};

/// A share of the line, and the colour there.
pub type Stop = (f64, String);

/// The stops of a parameter's value; none if it has none.
pub fn stops(value: &Value) -> Vec<Stop> {
    let stop = |value: &Value| Some((value.get(0)?.as_f64()?, value.get(1)?.as_str()?.to_owned()));
    value.as_array().into_iter().flatten().filter_map(stop).collect()
}

/// Stops as a parameter's value; `None` for none.
pub fn value(stops: &[Stop]) -> Option<Value> {
    let stop = |(share, color): &Stop| Value::from(vec![share.json(), color.clone().into()]);
    (!stops.is_empty()).then(|| stops.iter().map(stop).collect())
}

/// Adds a stop where the widest gap is, with the colour there; two to begin with, from one colour to another.
pub fn add(stops: &mut Vec<Stop>, from: &str, to: &str) {
    if stops.len() < 2 {
        *stops = vec![(0.0, from.to_owned()), (1.0, to.to_owned())];
        return;
    }
    if stops.len() == MOST_STOPS {
        return;
    }
    let gap = |at: &usize| stops[at + 1].0 - stops[*at].0;
    let widest = (0..stops.len() - 1).max_by(|one, other| gap(one).total_cmp(&gap(other)));
    let Some(at) = widest else { return };
    let (before, after) = (&stops[at], &stops[at + 1]);
    let share = rounded((before.0 + after.0) / 2.0);
    let color = match (Color::parse(&before.1), Color::parse(&after.1)) {
        (Some(before), Some(after)) => {
            let mean = |i: usize| ((u16::from(before.rgba[i]) + u16::from(after.rgba[i])) / 2) as u8;
            Color { rgba: std::array::from_fn(mean) }.json().as_str().unwrap_or_default().to_owned()
        }
        _ => before.1.clone(),
    };
    stops.insert(at + 1, (share, color));
}

/// Removes a stop; with fewer than two there is no gradient, and none is left.
pub fn remove(stops: &mut Vec<Stop>, index: usize) {
    if index < stops.len() {
        stops.remove(index);
    }
    if stops.len() < 2 {
        stops.clear();
    }
}

/// Moves a stop; it stays between its neighbours.
pub fn place(stops: &mut [Stop], index: usize, share: f64) {
    let low = index.checked_sub(1).map_or(0.0, |before| stops[before].0);
    let high = stops.get(index + 1).map_or(1.0, |after| after.0);
    if let Some(stop) = stops.get_mut(index) {
        stop.0 = rounded(share.clamp(low, high));
    }
}

/// To a thousandth.
fn rounded(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}

/// The stops as CSS draws them from left to right; `None` while they are no gradient.
pub fn css(value: &Value) -> Option<String> {
    let gradient = Gradient::read(value)?;
    let stop = |(share, color): &(f64, Color)| {
        let color = color.json();
        format!("{} {}%", color.as_str().unwrap_or_default(), rounded(*share) * 100.0)
    };
    let stops: Vec<String> = gradient.stops().iter().map(stop).collect();
    Some(format!("linear-gradient(90deg, {})", stops.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_two_stops_are_the_two_colours_and_others_lie_in_the_widest_gap() {
        let mut all = Vec::new();
        add(&mut all, "#000000", "#ffffff");
        assert_eq!(value(&all), Some(json!([[0, "#000000"], [1, "#ffffff"]])));
        add(&mut all, "", "");
        add(&mut all, "", "");
        assert_eq!(value(&all), Some(json!([[0, "#000000"], [0.5, "#7f7f7f"], [0.75, "#bfbfbf"], [1, "#ffffff"]])));
        assert_eq!(stops(&value(&all).unwrap_or_default()), all);
        for _ in 0..20 {
            add(&mut all, "", "");
        }
        assert_eq!(all.len(), MOST_STOPS);
        assert!(Gradient::read(&value(&all).unwrap_or_default()).is_some());
    }

    #[test]
    fn a_stop_stays_between_its_neighbours_and_the_last_two_go_together() {
        let mut all = stops(&json!([[0, "#000000"], [0.5, "#808080"], [0.8, "#ffffff"]]));
        place(&mut all, 1, 0.9);
        assert_eq!(all[1].0, 0.8);
        place(&mut all, 2, 7.0);
        place(&mut all, 0, -1.0);
        assert_eq!((all[0].0, all[2].0), (0.0, 1.0));
        remove(&mut all, 0);
        assert_eq!(all.len(), 2);
        remove(&mut all, 0);
        assert_eq!(value(&all), None);
    }

    #[test]
    fn css_draws_what_is_a_gradient() {
        let drawn = css(&json!([[0, "#000000"], [0.255, "#ffffff80"]]));
        assert_eq!(drawn.as_deref(), Some("linear-gradient(90deg, #000000 0%, #ffffff80 25.5%)"));
        assert_eq!(css(&json!([[0, "#000000"]])), None);
    }
}
