//! What shows through transparency: a checkerboard, a colour, or the user's own photo. One choice for all results of
//! the view; the results themselves do not change.

use leptos::prelude::*;
use web_sys::FileList;

use crate::ui::icons::{Icon, Shape};
use crate::ui::widgets::FilePicker;

/// The backdrop.
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
    /// As in the colour field: `#rrggbb`.
    color: RwSignal<String>,
    /// Object URL of the photo.
    photo: RwSignal<Option<String>>,
}

/// Provides the choice; the photo is released with the view.
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
    /// The background of the element behind the picture; empty for the checkerboard. Tracked.
    pub(crate) fn background(self) -> String {
        match self.ground.get() {
            Ground::Checkerboard => String::new(),
            Ground::White => "var(--white)".to_owned(),
            Ground::Black => "var(--black)".to_owned(),
            Ground::Color => self.color.get(),
            Ground::Photo => self.photo.get().map_or_else(String::new, |url| format!("url(\"{url}\") center / cover")),
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
            // Revoking a URL that is already gone is harmless.
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

/// Picks a photo. Once there is one, the button first shows it; pressed again, it picks another.
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
            label="Photo behind the result"
            accept="image/*"
            testid="behind-file"
            class="swatch photo"
            button_testid="behind-photo"
            name="Your own photo"
            title="Your own photo"
            pressed=Signal::derive(move || behind.ground.get() == Ground::Photo)
            picks
            on_pick=picked
        >
            <Icon shape=Shape::Picture/>
        </FilePicker>
    }
}
