//! Small choices that stay with the browser from visit to visit. A choice that cannot be kept holds for this visit.

/// The keys under which choices are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The chosen theme.
    Theme,
    /// The workflow that was chosen last.
    Workflow,
    /// The options of a batch.
    Options,
}

impl Key {
    const fn name(self) -> &'static str {
        match self {
            Self::Theme => "pixelmill.theme",
            Self::Workflow => "pixelmill.workflow",
            Self::Options => "pixelmill.options",
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    leptos::prelude::window().local_storage().ok().flatten()
}

/// The choice kept under a key.
pub(crate) fn read(key: Key) -> Option<String> {
    storage()?.get_item(key.name()).ok().flatten()
}

/// Keeps a choice. Private windows may refuse; then it holds until the page is left.
pub(crate) fn write(key: Key, value: &str) {
    if let Some(storage) = storage() {
        let _refused = storage.set_item(key.name(), value);
    }
}
