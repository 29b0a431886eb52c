//! The header: the mark, the links to the views, the settings, the theme.

use leptos::prelude::*;

use super::icons::Mark;
use super::live::Live;
use super::preferences::Preferences;
use super::route::CurrentRoute;
use super::stage::Stage;
use super::theme::ThemeToggle;
use crate::view_model::route::Route;

/// The header.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let route = expect_context::<CurrentRoute>();
    let on_new = move || route.get() == Route::New;
    let on_batches = move || matches!(route.get().view(), Route::Batches | Route::Batch(_));
    let on_api = move || matches!(route.get(), Route::Api(_));
    let (live, stage) = (use_context::<Live>(), expect_context::<Stage>());
    view! {
        <header class="header">
            <a class="brand" href=Route::New.fragment() aria-label="Pixelmill, new batch">
                <Mark/>
                <span>"Pixelmill"</span>
            </a>
            <nav aria-label="Views">
                <NavLink to=Route::New text="New batch" testid="nav-new" here=Signal::derive(on_new)/>
                <NavLink to=Route::Batches text="Batches" testid="nav-batches" here=Signal::derive(on_batches) live=live/>
                {stage.embedding().is_none().then(|| view! {
                    <NavLink to=Route::Api(String::new()) text="API" testid="nav-api" here=Signal::derive(on_api)/>
                })}
            </nav>
            <div class="end">
                {live.map(|_| view! { <Preferences/> })}
                {stage.embedding().is_none().then(|| view! { <ThemeToggle/> })}
            </div>
        </header>
    }
}

#[component]
fn NavLink(
    to: Route,
    text: &'static str,
    testid: &'static str,
    here: Signal<bool>,
    #[prop(default = None)] live: Option<Live>,
) -> impl IntoView {
    view! {
        <a href=to.fragment() data-testid=testid aria-current=move || here.get().then_some("page")>
            {text}
            {move || live.map(Live::underway).filter(|count| *count > 0).map(|count| {
                view! { <span class="live">{count}<span class="unseen">" underway"</span></span> }
            })}
        </a>
    }
}
