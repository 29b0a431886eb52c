//! Where the user has put steps in the graph: a `position` of each such step in the document, in pixels from the top left.
//! Steps without one are placed by [`graph`](super::graph).

use serde_json::{Value, json};

use super::document::index_of;

/// The key of an action's place in a document.
pub const POSITION: &str = "position";

/// Places are multiples of this.
const GRID: f64 = 8.0;
/// No step is put further away.
const FARTHEST: f64 = 100_000.0;

/// The place of the action with an index, if it was put there by hand. What cannot be one counts as none.
pub fn position(document: &Value, index: usize) -> Option<(f64, f64)> {
    let place = document.get("actions")?.get(index)?.get(POSITION)?;
    let length = |key| place.get(key)?.as_f64().filter(|length| (0.0..=FARTHEST).contains(length));
    Some((length("x")?, length("y")?))
}

/// Whether any step was put somewhere by hand.
pub fn has_positions(document: &Value) -> bool {
    let all = document.get("actions").and_then(Value::as_array).map_or(0, Vec::len);
    (0..all).any(|index| position(document, index).is_some())
}

/// The nearest place of the grid, not before the edges.
pub fn snapped((x, y): (f64, f64)) -> (f64, f64) {
    let snap = |length: f64| ((length / GRID).round() * GRID).clamp(GRID, FARTHEST);
    (snap(x), snap(y))
}

/// Puts steps at places.
pub fn with_positions(document: &Value, places: &[(String, (f64, f64))]) -> Value {
    let mut document = document.clone();
    for (id, (x, y)) in places {
        if let Some(index) = index_of(&document, id) {
            document["actions"][index][POSITION] = json!({ "x": *x as u32, "y": *y as u32 });
        }
    }
    document
}

/// Forgets all places: the steps are placed by themselves again.
pub fn without_positions(document: &Value) -> Value {
    let mut document = document.clone();
    let actions = document.get_mut("actions").and_then(Value::as_array_mut);
    for action in actions.into_iter().flatten().filter_map(Value::as_object_mut) {
        action.shift_remove(POSITION);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::super::editing::blank;
    use super::*;

    #[test]
    fn a_place_is_kept_in_the_document_and_forgotten_on_request() {
        let document = blank("Places");
        assert!(!has_positions(&document));
        let put =
            with_positions(&document, &[("save".to_owned(), snapped((301.0, -5.0))), ("gone".to_owned(), (8.0, 8.0))]);
        assert_eq!(put["actions"][1][POSITION], json!({ "x": 304, "y": 8 }));
        assert_eq!(position(&put, 1), Some((304.0, 8.0)));
        assert!(has_positions(&put));
        assert_eq!(without_positions(&put), document);
    }

    #[test]
    fn what_is_no_place_is_ignored() {
        let mut document = blank("Places");
        for wrong in
            [json!(3), json!({}), json!({ "x": -1, "y": 0 }), json!({ "x": 1e9, "y": 0 }), json!({ "x": "1", "y": 0 })]
        {
            document["actions"][0][POSITION] = wrong;
            assert_eq!(position(&document, 0), None);
        }
        assert_eq!(position(&json!(null), 0), None);
    }
}
