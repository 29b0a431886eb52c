//! The fragment router: the URL's fragment alone determines the view.

use leptos::prelude::*;

use super::focus::focus_main;
use crate::view_model::route::Route;

/// The current route.
#[derive(Clone, Copy)]
pub(crate) struct CurrentRoute(RwSignal<Route>);

impl CurrentRoute {
    /// The route, tracked.
    pub(crate) fn get(self) -> Route {
        self.0.get()
    }

    /// Goes to another view, as a link would.
    pub(crate) fn go(self, route: &Route) {
        let _cannot_fail = window().location().set_hash(&route.fragment());
    }
}

fn read() -> Route {
    Route::parse(&window().location().hash().unwrap_or_default())
}

/// Reads the fragment and follows it; the document's title follows too, and the focus moves to the page's main part.
pub(crate) fn provide_route() -> CurrentRoute {
    let current = CurrentRoute(RwSignal::new(read()));
    let listener = window_event_listener(leptos::ev::hashchange, move |_| {
        let route = read();
        if route != current.0.get_untracked() {
            current.0.set(route);
            window().scroll_to_with_x_and_y(0.0, 0.0);
            focus_main();
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
