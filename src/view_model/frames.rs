//! Frames around steps: a title that several steps share, which the document has as `frame` of each. The graph shows steps of
//! the same frame in one box. A frame is there as long as one of its steps is.

use serde_json::{Value, json};

use super::document::index_of;

/// The key of the title of an action's frame in a document.
pub const FRAME: &str = "frame";
/// Characters of a title, at most.
const LONGEST: usize = 80;

/// The title of the frame that the action with an index is in. What cannot be one counts as none.
pub fn frame(document: &Value, index: usize) -> Option<&str> {
    let title = document.get("actions")?.get(index)?.get(FRAME)?.as_str()?.trim();
    Some(title).filter(|title| !title.is_empty())
}

/// The title of the frame that all of these steps are in.
pub fn shared(document: &Value, ids: &[String]) -> Option<String> {
    let mut all = ids.iter().map(|id| frame(document, index_of(document, id)?));
    let first = all.next()??;
    all.all(|other| other == Some(first)).then(|| first.to_owned())
}

/// Whether any of these steps is in a frame.
pub fn any(document: &Value, ids: &[String]) -> bool {
    ids.iter().any(|id| index_of(document, id).is_some_and(|index| frame(document, index).is_some()))
}

/// Puts steps into a frame, or takes them out of theirs.
pub fn with_frame(document: &Value, ids: &[String], title: Option<&str>) -> Value {
    let mut document = document.clone();
    let title: Option<String> = title.map(|title| title.trim().chars().take(LONGEST).collect());
    for index in ids.iter().filter_map(|id| index_of(&document, id)).collect::<Vec<_>>() {
        let Some(action) = document["actions"][index].as_object_mut() else { continue };
        match &title {
            Some(title) if !title.is_empty() => drop(action.insert(FRAME.to_owned(), json!(title))),
            _ => drop(action.shift_remove(FRAME)),
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::super::editing::blank;
    use super::*;

    fn ids(all: &[&str]) -> Vec<String> {
        all.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn steps_are_put_into_a_frame_renamed_and_taken_out() {
        let document = blank("Framed");
        let both = ids(&["photos", "save"]);
        let framed = with_frame(&document, &both, Some("  Shop "));
        assert_eq!((frame(&framed, 0), frame(&framed, 1)), (Some("Shop"), Some("Shop")));
        assert_eq!(shared(&framed, &both).as_deref(), Some("Shop"));
        let renamed = with_frame(&framed, &both[1..], Some("Blog"));
        assert_eq!((frame(&renamed, 0), frame(&renamed, 1)), (Some("Shop"), Some("Blog")));
        assert_eq!(shared(&renamed, &both), None);
        assert_eq!(with_frame(&renamed, &both, None), document);
        assert_eq!(with_frame(&document, &ids(&["gone"]), Some("Shop")), document);
    }

    #[test]
    fn what_is_no_title_is_no_frame() {
        let mut document = blank("Framed");
        for wrong in [json!(3), json!(""), json!("  "), json!({ "title": "Shop" })] {
            document["actions"][0][FRAME] = wrong;
            assert_eq!(frame(&document, 0), None);
        }
        let long = with_frame(&document, &ids(&["photos"]), Some(&"x".repeat(200)));
        assert_eq!(frame(&long, 0).map(str::len), Some(LONGEST));
    }
}
