//! What is left to write when the page ends: it goes to the service, which may end with the page before it has written
//! it. So it is also put into the local storage, where it arrives at once, and the next page that opens the draft
//! writes it.

use crate::names::Names;
use crate::view_model::saved_draft::Changes;

fn storage() -> Option<web_sys::Storage> {
    leptos::prelude::window().local_storage().ok().flatten()
}

/// Puts the changes of a draft there. If they do not fit, only the service can save them.
pub(super) fn put(names: &Names, draft_id: &str, changes: &Changes) {
    if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(changes)) {
        let _refused = storage.set_item(&format!("{}{draft_id}", names.draft_changes()), &text);
    }
}

/// Removes them: they are written, or there are newer ones.
pub(super) fn forget(names: &Names, draft_id: &str) {
    if let Some(storage) = storage() {
        let _refused = storage.remove_item(&format!("{}{draft_id}", names.draft_changes()));
    }
}

/// The changes that were left there, by draft.
pub(super) fn left(names: &Names) -> Vec<(String, Changes)> {
    let Some(storage) = storage() else { return Vec::new() };
    let prefix = names.draft_changes();
    let keys = (0..storage.length().unwrap_or_default()).filter_map(|at| storage.key(at).ok().flatten());
    let ids: Vec<String> = keys.filter_map(|key| key.strip_prefix(&prefix).map(str::to_owned)).collect();
    let read = |id: String| {
        let text = storage.get_item(&format!("{prefix}{id}")).ok().flatten()?;
        Some((id, serde_json::from_str(&text).unwrap_or_default()))
    };
    ids.into_iter().filter_map(read).collect()
}
