//! Small choices that the browser remembers between visits, or for the tab. A choice that cannot be stored lasts until
//! the page is closed.

use super::stage::Stage;

/// The keys under which choices are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The chosen theme.
    Theme,
    /// The last chosen workflow.
    Workflow,
    /// The options of a batch.
    Options,
    /// The id of this tab's draft, for as long as the tab lives.
    Draft,
}

impl Key {
    const fn word(self) -> &'static str {
        match self {
            Self::Theme => "theme",
            Self::Workflow => "workflow",
            Self::Options => "options",
            Self::Draft => "draft",
        }
    }

    /// The page's own keys, or those of one element in a page.
    fn name(self, stage: Stage) -> String {
        match stage.embedding() {
            None => format!("pixelmill.{}", self.word()),
            Some(embedding) => stage.names().choice(self.word(), &embedding.slot()),
        }
    }

    fn storage(self) -> Option<web_sys::Storage> {
        let window = leptos::prelude::window();
        let storage = match self {
            Self::Draft => window.session_storage(),
            Self::Theme | Self::Workflow | Self::Options => window.local_storage(),
        };
        storage.ok().flatten()
    }
}

/// The choice stored under a key.
pub(crate) fn read(stage: Stage, key: Key) -> Option<String> {
    key.storage()?.get_item(&key.name(stage)).ok().flatten()
}

/// Stores a choice. Private windows may refuse.
pub(crate) fn write(stage: Stage, key: Key, value: &str) {
    if let Some(storage) = key.storage() {
        let _refused = storage.set_item(&key.name(stage), value);
    }
}
