//! What shows through transparency: a checkerboard, a colour, or a photograph of the user's. One choice for all results
//! of the view; it changes nothing about them.

use leptos::prelude::*;
use web_sys::FileList;

use crate::ui::icons::{Icon, Shape};
use crate::ui::widgets::FilePicker;

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
            Ground::White => "background:var(--white)".to_owned(),
            Ground::Black => "background:var(--black)".to_owned(),
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
    let picks = Callback::new(move |()| {
        let shows_it = behind.photo.with_untracked(Option::is_some) && behind.ground.get_untracked() != Ground::Photo;
        if shows_it {
            behind.ground.set(Ground::Photo);
        }
        !shows_it
    });
    let picked = move |files: FileList| {
        if let Some(file) = files.get(0) {
            behind.show_photo(&file);
        }
    };
    view! {
        <FilePicker
            label="Photograph behind the result"
            accept="image/*"
            testid="behind-file"
            class="swatch photo"
            button_testid="behind-photo"
            name="A photograph of yours"
            title="A photograph of yours"
            pressed=Signal::derive(move || behind.ground.get() == Ground::Photo)
            picks
            on_pick=picked
        >
            <Icon shape=Shape::Picture/>
        </FilePicker>
    }
}
