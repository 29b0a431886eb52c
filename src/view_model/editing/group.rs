//! The same edits for several steps at once, as they are selected in the graph.

use serde_json::{Value, json};

use super::{
    Edge, Editing, MOST_PASTED, Place, action_of, actions_of, can_turn_off, edges, fed_by, main_input, main_output,
    place_in_flow, with_off, without_step,
};
use crate::actions::{self, Action, Role};
use crate::compact::SortedMap;
use crate::view_model::document::{index_of, is_off};
use crate::view_model::places::POSITION;

/// Removes steps, each as [`without_step`] does: what followed them follows the step before them.
pub fn without_steps(document: &Value, ids: &[String]) -> Value {
    ids.iter().fold(document.clone(), |document, id| match index_of(&document, id) {
        Some(index) => without_step(&document, index),
        // It was an input that only another of them used.
        None => document,
    })
}

/// Turns steps off, or on again, as far as they can be.
pub fn with_steps_off(document: &Value, ids: &[String], off: bool) -> Value {
    ids.iter().fold(document.clone(), |document, id| match index_of(&document, id) {
        Some(index) if !off || can_turn_off(&document, index) => with_off(&document, index, off),
        _ => document,
    })
}

/// Whether any of these steps can be turned off, and whether any is off.
pub fn on_and_off(document: &Value, ids: &[String]) -> (bool, bool) {
    let indices = || ids.iter().filter_map(|id| index_of(document, id));
    let is_on = |index: usize| !is_off(document, index) && can_turn_off(document, index);
    (indices().any(is_on), indices().any(|index| is_off(document, index)))
}

/// Steps as text for the clipboard: their actions, settings, and the connections between them. Inputs, with their
/// pictures, are left out; `None` if nothing else is selected.
pub fn copied_steps(document: &Value, ids: &[String]) -> Option<String> {
    let mut kept: Vec<&str> = Vec::new();
    let mut actions = Vec::new();
    for action in actions_of(document) {
        let id = action.get("actionId").and_then(Value::as_str).unwrap_or_default();
        let is_wanted = ids.iter().any(|one| one == id)
            && action_of(document, id).is_some_and(|action| action.role != Role::Source)
            && !kept.contains(&id);
        if is_wanted {
            kept.push(id);
            let mut action = action.clone();
            // The copies are placed like any new step.
            action.as_object_mut()?.shift_remove(POSITION);
            actions.push(action);
        }
    }
    let is_kept = |id: &String| kept.contains(&id.as_str());
    let inner = edges(document).into_iter().filter(|edge| is_kept(&edge.source) && is_kept(&edge.target));
    let connections: Vec<Value> = inner.map(|edge| edge.written()).collect();
    (!actions.is_empty())
        .then(|| serde_json::to_string_pretty(&json!({ "actions": actions, "connections": connections })).ok())
        .flatten()
}

/// Adds steps that were [`copied`](copied_steps) at a place, and returns the document and their new ids; `None` if the text
/// has no such steps. Those that get their pictures from no other of them get them from the place. If a single one
/// leads on, what followed the place follows it.
pub fn with_pasted_steps(document: &Value, text: &str, place: &Place) -> Option<(Value, Vec<String>)> {
    let copy: Value = (text.len() <= MOST_PASTED).then(|| serde_json::from_str(text).ok()).flatten()?;
    let mut editing = Editing::of(document);
    let source = place_in_flow(document, place);
    let mut at = match source.as_ref().and_then(|(id, _)| index_of(document, id)) {
        Some(index) => index + 1,
        None => actions_of(document).len(),
    };
    let mut renamed = SortedMap::<String, String>::new();
    let mut added: Vec<(String, &'static Action)> = Vec::new();
    for step in copy.get("actions")?.as_array()? {
        let action = actions::find(step["actionType"].as_str()?).filter(|action| action.role != Role::Source)?;
        let old = step["actionId"].as_str()?;
        let id = editing.free_id(old);
        let mut written = step.clone();
        written["actionId"] = json!(id);
        // Outputs come last, so that a list of steps reads in order.
        let list = editing.list()?;
        let index = if action.role == Role::Sink { list.len() } else { at.min(list.len()) };
        list.insert(index, written);
        at += usize::from(action.role != Role::Sink);
        renamed.insert(old.to_owned(), id.clone());
        added.push((id, action));
    }
    let inner: Vec<Edge> = edges(&copy)
        .into_iter()
        .filter_map(|edge| {
            let (source, target) = (renamed.get(&edge.source)?.clone(), renamed.get(&edge.target)?.clone());
            Some(Edge { source, target, ..edge })
        })
        .collect();
    let leads_on = |(id, action): &&(String, &'static Action)| {
        main_output(action).is_some() && !inner.iter().any(|edge| edge.source == *id)
    };
    let last: Vec<_> = added.iter().filter(leads_on).collect();
    if let ([(last, action)], Some((source, port)), Some(output)) =
        (last.as_slice(), &source, last.first().and_then(|(_, action)| main_output(action)))
        && main_input(action).is_some()
    {
        for edge in editing.edges.iter_mut().filter(|edge| edge.leaves(source, port)) {
            (edge.source, edge.source_port) = (last.clone(), output.name.to_owned());
        }
    }
    for (id, action) in &added {
        if let (Some(input), Some((source, port))) = (main_input(action), &source)
            && !inner.iter().any(|edge| edge.enters(id, input.name))
        {
            editing.connect((source, port), (id, input.name));
        }
    }
    editing.edges.extend(inner);
    for (id, action) in &added {
        let index = index_of(&editing.document, id)?;
        editing.fill_ports(index, id, action);
    }
    (!added.is_empty()).then(|| (editing.finish(), added.into_iter().map(|(id, _)| id).collect()))
}

/// Copies of steps, with their settings and the connections between them, after the last of them.
pub fn with_copies(document: &Value, ids: &[String]) -> Option<(Value, Vec<String>)> {
    let text = copied_steps(document, ids)?;
    let all = edges(document);
    let is_last = |id: &&String| {
        let stays = |edge: &Edge| edge.source == **id && ids.contains(&edge.target);
        let is_output = action_of(document, id).is_some_and(|action| action.role == Role::Sink);
        action_of(document, id).is_some_and(|action| action.role != Role::Source)
            && !is_output
            && !all.iter().any(stays)
    };
    let place = match ids.iter().rfind(is_last) {
        Some(last) => Place::After(last.clone()),
        // Only outputs: beside them.
        None => ids.iter().find_map(|id| fed_by(&all, document, id)).map_or(Place::End, |(id, _)| Place::After(id)),
    };
    with_pasted_steps(document, &text, &place)
}

#[cfg(test)]
mod tests {
    use super::super::{blank, with_step};
    use super::*;

    fn with(actions: &[&str]) -> Value {
        actions.iter().fold(blank("Test"), |document, action| with_step(&document, action, &Place::End).unwrap().0)
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    /// The connections as `from→to`, in alphabetical order.
    fn wires(document: &Value) -> String {
        let mut wires: Vec<String> =
            edges(document).iter().map(|edge| format!("{}→{}", edge.source, edge.target)).collect();
        wires.sort();
        wires.join(" ")
    }

    #[test]
    fn steps_that_are_removed_leave_a_connected_chain() {
        let document = with(&["resize", "sharpen", "watermark", "grayscale"]);
        let left = without_steps(&document, &ids(&["sharpen", "overlay", "watermark", "unknown"]));
        assert_eq!(wires(&left), "grayscale→save photos→resize resize→grayscale");
    }

    #[test]
    fn copies_of_a_chain_follow_it() {
        let document = with(&["resize", "sharpen", "grayscale"]);
        let (copied, new) = with_copies(&document, &ids(&["sharpen", "resize"])).unwrap();
        assert_eq!(new, ["resize-2", "sharpen-2"], "in the order of the document");
        assert_eq!(
            wires(&copied),
            "grayscale→save photos→resize resize-2→sharpen-2 resize→sharpen sharpen-2→grayscale sharpen→resize-2"
        );
    }

    #[test]
    fn an_output_is_copied_beside_the_other_and_an_input_not_at_all() {
        let document = with(&["resize"]);
        let (copied, new) = with_copies(&document, &ids(&["photos", "save"])).unwrap();
        assert_eq!(new, ["save-2"]);
        assert_eq!(wires(&copied), "photos→resize resize→save resize→save-2");
        assert!(with_copies(&document, &ids(&["photos"])).is_none());
        assert!(copied_steps(&document, &[]).is_none());
    }

    #[test]
    fn steps_with_their_own_outputs_are_pasted_as_a_branch() {
        let document = with(&["resize", "watermark"]);
        let text = copied_steps(&document, &ids(&["watermark", "save"])).unwrap();
        let (pasted, new) = with_pasted_steps(&document, &text, &Place::After("resize".to_owned())).unwrap();
        assert_eq!(new, ["watermark-2", "save-2"]);
        assert_eq!(
            wires(&pasted),
            "overlay-2→watermark-2 overlay→watermark photos→resize resize→watermark resize→watermark-2 \
             watermark-2→save-2 watermark→save",
            "the logo, with its picture, was not copied"
        );
        let last = pasted["actions"].as_array().unwrap().last().unwrap();
        assert_eq!(last["actionId"], "save-2");
    }

    #[test]
    fn copies_have_no_place_of_their_own_and_other_text_is_no_copy() {
        let mut document = with(&["resize", "sharpen"]);
        document["actions"][1][POSITION] = json!({ "x": 8, "y": 16 });
        let text = copied_steps(&document, &ids(&["resize", "sharpen"])).unwrap();
        assert!(!text.contains(POSITION), "{text}");
        for other in ["", "[]", "{}", "hello", r#"{"actions":[]}"#, r#"{"actions":[{"actionType":"nothing"}]}"#] {
            assert!(with_pasted_steps(&document, other, &Place::End).is_none(), "{other}");
        }
    }

    #[test]
    fn the_last_output_stays_on() {
        let document = with(&["resize", "sharpen"]);
        let all = ids(&["photos", "resize", "sharpen", "save"]);
        assert_eq!(on_and_off(&document, &all), (true, false));
        let off = with_steps_off(&document, &all, true);
        let state = |id: &str| is_off(&off, index_of(&off, id).unwrap());
        assert_eq!((state("photos"), state("resize"), state("sharpen"), state("save")), (false, true, true, false));
        assert_eq!(on_and_off(&off, &all), (false, true));
        assert_eq!(with_steps_off(&off, &all, false), document);
    }
}
