//! What shows through transparency: a checkerboard, a colour, or a photograph of the user's. One choice for all results
//! of the view; it changes nothing about them.

use leptos::html;
use leptos::prelude::*;

use crate::ui::icons::{Icon, Shape};

/// What lies behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    Checkerboard,
    White,
    Black,
    Color,
    Photo,
}

/// The choice.
#[derive(Clone, Copy)]
pub(crate) struct Behind {
    ground: RwSignal<Ground>,
    /// As the colour field has it: `#rrggbb`.
    color: RwSignal<String>,
    /// Object URL of the photograph.
    photo: RwSignal<Option<String>>,
}

/// Provides the choice; the photograph is let go with the view.
pub(crate) fn provide_behind() {
    let behind = Behind {
        ground: RwSignal::new(Ground::Checkerboard),
        color: RwSignal::new("#2f9e6e".to_owned()),
        photo: RwSignal::new(None),
    };
    on_cleanup(move || behind.let_go());
    provide_context(behind);
}

impl Behind {
    /// The style of the element behind the picture; nothing leaves the checkerboard that is there. Tracked.
    pub(crate) fn style(self) -> String {
        match self.ground.get() {
            Ground::Checkerboard => String::new(),
            Ground::White => "background:#fff".to_owned(),
            Ground::Black => "background:#000".to_owned(),
            Ground::Color => format!("background:{}", self.color.get()),
            Ground::Photo => {
                self.photo.get().map_or_else(String::new, |url| format!("background:url(\"{url}\") center / cover"))
            }
        }
    }

    fn show_photo(self, file: &web_sys::File) {
        let Ok(url) = web_sys::Url::create_object_url_with_blob(file) else { return };
        self.let_go();
        self.photo.set(Some(url));
        self.ground.set(Ground::Photo);
    }

    fn let_go(self) {
        if let Some(Some(url)) = self.photo.try_get_untracked() {
            // An URL that is gone already needs no letting go.
            let _gone = web_sys::Url::revoke_object_url(&url);
        }
    }
}

/// The control.
#[component]
pub(crate) fn BehindChoice() -> impl IntoView {
    let behind = expect_context::<Behind>();
    let swatch = |ground: Ground, label: &'static str, word: &'static str| {
        view! {
            <button
                type="button"
                class=format!("swatch {word}")
                data-testid=format!("behind-{word}")
                aria-label=label
                title=label
                aria-pressed=move || (behind.ground.get() == ground).to_string()
                on:click=move |_| behind.ground.set(ground)
            ></button>
        }
    };
    view! {
        <div class="behind" role="group" aria-label="Behind the result" data-testid="behind">
            <span class="small muted">"Behind"</span>
            {swatch(Ground::Checkerboard, "Checkerboard", "checkerboard")}
            {swatch(Ground::White, "White", "white")}
            {swatch(Ground::Black, "Black", "black")}
            <input
                type="color"
                class="swatch"
                data-testid="behind-color"
                aria-label="A colour"
                title="A colour"
                class:chosen=move || behind.ground.get() == Ground::Color
                prop:value=move || behind.color.get()
                on:click=move |_| behind.ground.set(Ground::Color)
                on:input=move |event| {
                    behind.color.set(event_target_value(&event));
                    behind.ground.set(Ground::Color);
                }
            />
            <Photo/>
        </div>
    }
}

/// Picks a photograph; once there is one, the button shows it and picks another only when it is shown already.
#[component]
fn Photo() -> impl IntoView {
    let behind = expect_context::<Behind>();
    let picker = NodeRef::<html::Input>::new();
    let click = move |_| {
        let has_one = behind.photo.with_untracked(Option::is_some);
        if has_one && behind.ground.get_untracked() != Ground::Photo {
            behind.ground.set(Ground::Photo);
        } else if let Some(picker) = picker.get_untracked() {
            picker.click();
        }
    };
    let picked = move |_| {
        let Some(picker) = picker.get_untracked() else { return };
        if let Some(file) = picker.files().and_then(|files| files.get(0)) {
            behind.show_photo(&file);
        }
        // So that the same file can be picked again.
        picker.set_value("");
    };
    view! {
        <button
            type="button"
            class="swatch photo"
            data-testid="behind-photo"
            aria-label="A photograph of yours"
            title="A photograph of yours"
            aria-pressed=move || (behind.ground.get() == Ground::Photo).to_string()
            on:click=click
        >
            <Icon shape=Shape::Picture/>
        </button>
        <input
            node_ref=picker
            class="unseen"
            type="file"
            accept="image/*"
            tabindex="-1"
            aria-label="Photograph behind the result"
            data-testid="behind-file"
            on:change=picked
        />
    }
}
