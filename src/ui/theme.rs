//! Light and dark: as in the system until the user chooses otherwise.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::icons::{Icon, Shape};
use super::kept;

/// The user's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
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
    choice: RwSignal<Choice>,
    system_dark: RwSignal<bool>,
}

impl Theme {
    /// Switches to the next choice and stores it.
    fn toggle(self) {
        self.choice.update(|choice| *choice = choice.next());
        kept::write(kept::Key::Theme, self.choice.get_untracked().word());
    }

    fn is_dark(self) -> bool {
        match self.choice.get() {
            Choice::System => self.system_dark.get(),
            choice => choice == Choice::Dark,
        }
    }
}

/// Reads the stored choice, follows the system, and marks the document's root.
pub(crate) fn provide_theme() {
    let choice = match kept::read(kept::Key::Theme).as_deref() {
        Some("light") => Choice::Light,
        Some("dark") => Choice::Dark,
        _ => Choice::System,
    };
    let theme = Theme { choice: RwSignal::new(choice), system_dark: RwSignal::new(false) };
    if let Ok(Some(query)) = window().match_media("(prefers-color-scheme: dark)") {
        theme.system_dark.set(query.matches());
        let on_change =
            Closure::<dyn Fn(web_sys::MediaQueryListEvent)>::new(move |event: web_sys::MediaQueryListEvent| {
                theme.system_dark.set(event.matches())
            });
        // For the life of the page.
        let _old_browsers_only = query.add_event_listener_with_callback("change", on_change.as_ref().unchecked_ref());
        on_change.forget();
    }
    Effect::new(move || {
        let name = if theme.is_dark() { "dark" } else { "light" };
        if let Some(root) = document().document_element() {
            let _cannot_fail = root.set_attribute("data-theme", name);
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
