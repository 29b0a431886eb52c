//! The router: the fragment of the page's address alone determines the view. In an element the route is kept in memory,
//! because the address belongs to the page around it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};

use super::stage::Stage;
use crate::view_model::route::Route;

/// The current route.
#[derive(Clone, Copy)]
pub(crate) struct CurrentRoute {
    stage: Stage,
    route: RwSignal<Route>,
    /// What to open once the browser has gone back, which happens asynchronously.
    going_back: StoredValue<Option<Option<Route>>>,
}

/// The state of a history entry that was opened on top of the view behind it.
const OPENED: &str = "opened";

impl CurrentRoute {
    /// The route, tracked.
    pub(crate) fn get(self) -> Route {
        self.route.get()
    }

    /// The route.
    pub(crate) fn get_untracked(self) -> Route {
        self.route.get_untracked()
    }

    /// Goes to another view, as a link would.
    pub(crate) fn go(self, route: &Route) {
        if self.stage.embedding().is_some() {
            return self.follow(route.clone());
        }
        let _cannot_fail = window().location().set_hash(&route.fragment());
    }

    /// Opens something within the current view, so that Back closes it again.
    pub(crate) fn open(self, route: Route) {
        if self.stage.embedding().is_some() {
            return self.route.set(route);
        }
        if self.going_back.with_value(Option::is_some) {
            return self.going_back.set_value(Some(Some(route)));
        }
        if let Ok(history) = window().history() {
            let _cannot_fail = history.push_state_with_url(&OPENED.into(), "", Some(&route.fragment()));
        }
        self.route.set(route);
    }

    /// Shows something else in place of what is open.
    pub(crate) fn replace(self, route: Route) {
        if self.stage.embedding().is_none()
            && let Ok(history) = window().history()
        {
            let state = history.state().unwrap_or_default();
            let _cannot_fail = history.replace_state_with_url(&state, "", Some(&route.fragment()));
        }
        self.route.set(route);
    }

    /// Closes what is open: goes back to the view that it was opened from, `to`.
    pub(crate) fn close(self, to: Route) {
        let was_opened = |history: &web_sys::History| history.state().is_ok_and(|state| state == OPENED);
        match window().history() {
            Ok(history) if self.stage.embedding().is_none() && was_opened(&history) => {
                self.going_back.set_value(Some(None));
                let _cannot_fail = history.back();
            }
            // The page started here, so there is no view of ours to go back to.
            _ => self.replace(to),
        }
    }

    /// Shows a route that was gone to; another view starts at its top, with the focus on its main part.
    fn follow(self, route: Route) {
        let before = self.route.get_untracked();
        let is_other_view = route.view() != before.view();
        if route != before {
            self.route.set(route);
        }
        if is_other_view {
            self.stage.scroll_to_top();
            // An element leaves the focus where it is, unless that is in it.
            if self.stage.embedding().is_none() || self.stage.active_element().is_some() {
                self.stage.focus_main();
            }
        }
    }
}

fn read() -> Route {
    Route::parse(&window().location().hash().unwrap_or_default())
}

/// Reads the fragment and follows it; the document's title follows too. An element starts at the start and follows the
/// links in it.
pub(crate) fn provide_route(stage: Stage) -> CurrentRoute {
    let is_page = stage.embedding().is_none();
    let start = if is_page { read() } else { Route::default() };
    let current = CurrentRoute { stage, route: RwSignal::new(start), going_back: StoredValue::new(None) };
    if is_page {
        let listener = window_event_listener(leptos::ev::hashchange, move |_| {
            current.follow(read());
            if let Some(next) = current.going_back.try_update_value(Option::take).flatten().flatten() {
                current.open(next);
            }
        });
        on_cleanup(move || listener.remove());
        Effect::new(move || document().set_title(&format!("{} · Pixelmill", current.get().title())));
    } else {
        stage.listen("click", move |event: MouseEvent| {
            let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let link = element.and_then(|element| element.closest("a[href^='#/']").ok().flatten());
            if let Some(fragment) = link.and_then(|link| link.get_attribute("href")) {
                event.prevent_default();
                current.follow(Route::parse(&fragment));
            }
        });
    }
    provide_context(current);
    current
}
