//! Small parts that several views show.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icons::{Icon, Shape};
use super::live::Live;
use super::services::Services;
use crate::batch::records::Progress;
use crate::view_model::progress;

/// A choice of one among a few, all in sight.
#[component]
pub(crate) fn Segments(
    label: &'static str,
    choices: &'static [(&'static str, &'static str)],
    chosen: RwSignal<&'static str>,
) -> impl IntoView {
    let buttons = choices
        .iter()
        .map(|(word, text)| {
            view! {
                <button
                    type="button"
                    data-testid=format!("filter-{word}")
                    aria-pressed=move || (chosen.get() == *word).to_string()
                    on:click=move |_| chosen.set(word)
                >
                    {*text}
                </button>
            }
        })
        .collect::<Vec<_>>();
    view! { <div class="segments" role="group" aria-label=label>{buttons}</div> }
}

/// A batch's progress.
#[component]
pub(crate) fn Bar(batch: Memo<Option<Progress>>) -> impl IntoView {
    let shares = Memo::new(move |_| batch.with(|batch| batch.as_ref().map_or([0.0; 3], progress::shares)));
    let width = move |part: usize| move || format!("width:{:.2}%", shares.get()[part]);
    let percent = move || (shares.get()[0] + shares.get()[1]).floor().to_string();
    view! {
        <div class="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100" aria-valuenow=percent>
            <span class="done" style=width(0)></span>
            <span class="failed" style=width(1)></span>
            <span class="active" style=width(2)></span>
        </div>
    }
}

/// A few actions behind one button. It closes when one is picked, on Escape, and when the focus goes elsewhere.
#[component]
pub(crate) fn Menu(#[prop(into)] label: String, testid: &'static str, children: ChildrenFn) -> impl IntoView {
    let frame = NodeRef::<html::Details>::new();
    let close = move || {
        if let Some(frame) = frame.get_untracked() {
            frame.set_open(false);
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" && frame.get_untracked().is_some_and(|frame| frame.open()) {
            event.stop_propagation();
            close();
            focus(frame.get_untracked().and_then(|frame| frame.query_selector("summary").ok().flatten()));
        }
    };
    let on_leave = move |event: leptos::ev::FocusEvent| {
        let to = event.related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
        if !frame.get_untracked().is_some_and(|frame| frame.contains(to.as_ref())) {
            close();
        }
    };
    view! {
        <details node_ref=frame class="menu" on:keydown=on_key on:focusout=on_leave on:click=move |event| {
            let button = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            if button.is_some_and(|target| target.closest(".menu-items button").ok().flatten().is_some()) {
                close();
            }
        }>
            <summary class="button quiet square" aria-label=label.clone() title=label data-testid=testid>
                <Icon shape=Shape::More/>
            </summary>
            // Else a browser that gives buttons no focus would close the menu before the click.
            <div class="menu-items panel" on:mousedown=|event| event.prevent_default()>{children()}</div>
        </details>
    }
}

/// One action of a [`Menu`].
#[component]
pub(crate) fn MenuItem(
    testid: &'static str,
    shape: Shape,
    text: &'static str,
    #[prop(optional)] disabled: bool,
    on_pick: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button type="button" class="button quiet" data-testid=testid disabled=disabled on:click=move |_| on_pick()>
            <Icon shape/>
            {text}
        </button>
    }
}

/// Gives an element the focus where it stands: the page does not scroll.
pub(crate) fn focus(element: Option<web_sys::Element>) {
    let options = web_sys::FocusOptions::new();
    options.set_prevent_scroll(true);
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _gone = element.focus_with_options(&options);
    }
}

/// A stored picture, by its asset id.
#[component]
pub(crate) fn StoredImage(
    asset_id: String,
    #[prop(into)] alt: String,
    #[prop(optional)] class: &'static str,
    #[prop(optional)] style: &'static str,
) -> impl IntoView {
    let services = expect_context::<Services>();
    let source = RwSignal::new(None::<String>);
    leptos::task::spawn_local(async move {
        if let Some(url) = services.url(&asset_id).await {
            // The row may have been scrolled away meanwhile.
            source.try_set(Some(url));
        }
    });
    view! {
        {move || source.get().map(|url| {
            view! { <img class=class style=style src=url alt=alt.clone() decoding="async" draggable="false"/> }
        })}
    }
}

/// How far the download of a network is, while there is one.
#[component]
pub(crate) fn LoadingNote() -> impl IntoView {
    let live = expect_context::<Live>();
    view! {
        {move || live.loading_note().map(|text| view! { <p class="loading numbers" role="status" data-testid="network-loading">{text}</p> })}
    }
}

/// That nothing outlives this tab, where the browser gives no storage.
#[component]
pub(crate) fn MemoryNote() -> impl IntoView {
    let services = expect_context::<Services>();
    services.memory().map(|why| {
        view! {
            <aside class="memory-note" role="alert" data-testid="memory-note">
                <Icon shape=Shape::Warning/>
                <p>
                    <strong>"Nothing is kept when this tab closes or is reloaded."</strong>
                    " The page works from memory: batches, results and downloads work as ever, in this tab alone. Download what you want to keep."
                    <span class="small">{format!("{why} This is so in private windows of some browsers.")}</span>
                </p>
            </aside>
        }
    })
}

/// What the user should know about this tab.
#[component]
pub(crate) fn TabNote() -> impl IntoView {
    let live = expect_context::<Live>();
    view! {
        {move || live.tab_note().map(|text| view! { <p class="note plain" role="status" data-testid="tab-note">{text}</p> })}
    }
}
