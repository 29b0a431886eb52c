//! Light and dark: as in the system until the user chooses otherwise.

use leptos::prelude::*;

use super::icons::{Icon, Shape};
use super::kept;
use super::stage::{Stage, keep};
use crate::browser::interop::Listener;

/// The user's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    System,
    Light,
    Dark,
}

impl Choice {
    const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice that a word stands for; as in the system for any other.
    pub(crate) fn of(word: &str) -> Self {
        [Self::Light, Self::Dark].into_iter().find(|choice| choice.word() == word).unwrap_or(Self::System)
    }

    const fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }
}

/// The current theme.
#[derive(Clone, Copy)]
pub(crate) struct Theme {
    stage: Stage,
    choice: RwSignal<Choice>,
    system_dark: RwSignal<bool>,
}

impl Theme {
    /// Switches to the next choice and stores it.
    fn toggle(self) {
        self.choice.update(|choice| *choice = choice.next());
        kept::write(self.stage, kept::Key::Theme, self.choice.get_untracked().word());
    }

    fn is_dark(self) -> bool {
        match self.choice.get() {
            Choice::System => self.system_dark.get(),
            choice => choice == Choice::Dark,
        }
    }
}

/// Reads the stored choice, or the one that the page around an element has made; follows the system, and marks the
/// element that carries the theme.
pub(crate) fn provide_theme(stage: Stage) {
    let choice = match stage.embedding() {
        None => Choice::of(kept::read(stage, kept::Key::Theme).as_deref().unwrap_or_default()),
        Some(embedding) => embedding.theme(),
    };
    let theme = Theme { stage, choice: RwSignal::new(choice), system_dark: RwSignal::new(false) };
    if let Ok(Some(query)) = window().match_media("(prefers-color-scheme: dark)") {
        theme.system_dark.set(query.matches());
        keep(Listener::new(&query.clone().into(), "change", move |_| theme.system_dark.set(query.matches())));
    }
    if let Some(embedding) = stage.embedding() {
        Effect::new(move || theme.choice.set(embedding.theme()));
    }
    Effect::new(move || {
        let name = if theme.is_dark() { "dark" } else { "light" };
        if let Some(themed) = stage.themed() {
            let _cannot_fail = themed.set_attribute("data-theme", name);
        }
    });
    provide_context(theme);
}

/// The button that cycles through system, light and dark.
#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    let theme = expect_context::<Theme>();
    let shape = move || match theme.choice.get() {
        Choice::System => Shape::System,
        Choice::Light => Shape::Sun,
        Choice::Dark => Shape::Moon,
    };
    let label = move || format!("Theme: {}", theme.choice.get().word());
    view! {
        <button class="button quiet square" data-testid="theme" aria-label=label title=label on:click=move |_| theme.toggle()>
            {move || view! { <Icon shape=shape()/> }}
        </button>
    }
}
