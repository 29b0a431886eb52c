//! The fragment router: the URL's fragment alone determines the view.

use leptos::prelude::*;

use super::focus::focus_main;
use crate::view_model::route::Route;

/// The current route.
#[derive(Clone, Copy)]
pub(crate) struct CurrentRoute {
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
        let _cannot_fail = window().location().set_hash(&route.fragment());
    }

    /// Opens something within the current view, so that Back closes it again.
    pub(crate) fn open(self, route: Route) {
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
        if let Ok(history) = window().history() {
            let state = history.state().unwrap_or_default();
            let _cannot_fail = history.replace_state_with_url(&state, "", Some(&route.fragment()));
        }
        self.route.set(route);
    }

    /// Closes what is open: goes back to the view that it was opened from, `to`.
    pub(crate) fn close(self, to: Route) {
        let was_opened = |history: &web_sys::History| history.state().is_ok_and(|state| state == OPENED);
        match window().history() {
            Ok(history) if was_opened(&history) => {
                self.going_back.set_value(Some(None));
                let _cannot_fail = history.back();
            }
            // The page started here, so there is no view of ours to go back to.
            _ => self.replace(to),
        }
    }
}

fn read() -> Route {
    Route::parse(&window().location().hash().unwrap_or_default())
}

/// Reads the fragment and follows it; the document's title follows too, and the focus moves to the page's main part.
pub(crate) fn provide_route() -> CurrentRoute {
    let current = CurrentRoute { route: RwSignal::new(read()), going_back: StoredValue::new(None) };
    let listener = window_event_listener(leptos::ev::hashchange, move |_| {
        let (route, before) = (read(), current.route.get_untracked());
        if route != before {
            current.route.set(route.clone());
        }
        if route.view() != before.view() {
            window().scroll_to_with_x_and_y(0.0, 0.0);
            focus_main();
        }
        if let Some(next) = current.going_back.try_update_value(Option::take).flatten().flatten() {
            current.open(next);
        }
    });
    on_cleanup(move || listener.remove());
    Effect::new(move || document().set_title(&format!("{} · Pixelmill", current.get().title())));
    provide_context(current);
    current
}

/// The skip link: its fragment is not a view, so it moves the focus itself.
pub(crate) fn skip_to_main(event: leptos::ev::MouseEvent) {
    event.prevent_default();
    focus_main();
}
