//! Where the view is: the whole page, or an element in somebody else's page. Whatever a view needs of the window or the
//! document (keys, drops, the focus, the scroll position, the width) it asks of the stage, so that an element never
//! reaches beyond itself: the address, title, history, keys and styles of the page around it are left alone.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, EventTarget, HtmlElement, ResizeObserver, ShadowRoot};

use super::embed::Embedding;
use super::focus::focus;
use crate::browser::environment::Installation;
use crate::browser::interop::Listener;
use crate::names::Names;

/// The parts of an element that the view is shown in.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The root that the element keeps its content in.
    pub(crate) root: ShadowRoot,
    /// The outermost part. It has the theme, and what is fixed in a page is fixed in it.
    pub(crate) outer: HtmlElement,
    /// The part inside it that scrolls.
    pub(crate) scroller: HtmlElement,
}

struct Inner {
    names: Names,
    element: Option<(Frame, Embedding)>,
}

/// Where the view is.
#[derive(Clone, Copy)]
pub(crate) struct Stage(StoredValue<Rc<Inner>, LocalStorage>);

impl Stage {
    /// Provides the stage of an installation's view: an element, or the whole page.
    pub(crate) fn provide(installation: &Installation, element: Option<(Frame, Embedding)>) -> Self {
        let names = installation.names();
        let stage = Self(StoredValue::new_local(Rc::new(Inner { names, element })));
        provide_context(stage);
        stage
    }

    fn with<T>(self, page: impl FnOnce() -> T, element: impl FnOnce(&Frame) -> T) -> T {
        match &self.0.get_value().element {
            None => page(),
            Some((frame, _)) => element(frame),
        }
    }

    /// How the view is embedded, unless it is the whole page.
    pub(crate) fn embedding(self) -> Option<Embedding> {
        self.0.get_value().element.as_ref().map(|(_, embedding)| *embedding)
    }

    /// The names under which the view keeps something in the browser.
    pub(crate) fn names(self) -> Names {
        self.0.get_value().names.clone()
    }

    /// The element that has the focus.
    pub(crate) fn active_element(self) -> Option<Element> {
        self.with(|| document().active_element(), |frame| frame.root.active_element())
    }

    /// Whether nothing has the focus.
    pub(crate) fn is_focus_lost(self) -> bool {
        self.active_element().is_none_or(|element| element.tag_name() == "BODY")
            // In an element, nothing in it has the focus; it is lost unless something around it has it.
            && self.with(|| true, |frame| {
                document().active_element().is_none_or(|active| {
                    active.tag_name() == "BODY" || active.contains(Some(&frame.root.host()))
                })
            })
    }

    /// The first element of the view that a selector matches.
    pub(crate) fn find(self, selector: &str) -> Option<Element> {
        self.with(|| document().query_selector(selector), |frame| frame.root.query_selector(selector)).ok().flatten()
    }

    /// Whether a node is not part of the view.
    pub(crate) fn is_outside(self, node: &web_sys::Node) -> bool {
        self.with(|| false, |frame| !frame.outer.contains(Some(node)))
    }

    /// Focuses the view's main part.
    pub(crate) fn focus_main(self) {
        focus(self.find("#main"));
    }

    /// Whether a dialog covers the view, and keys are meant for it.
    pub(crate) fn dialog_is_open(self) -> bool {
        self.find("dialog[open]").is_some()
    }

    /// What encloses the whole view.
    pub(crate) fn enclosure(self) -> Option<HtmlElement> {
        self.with(|| document().body(), |frame| Some(frame.scroller.clone()))
    }

    /// The element that carries the theme.
    pub(crate) fn themed(self) -> Option<Element> {
        self.with(|| document().document_element(), |frame| Some(frame.outer.clone().into()))
    }

    /// Where keys, drops and pastes that are meant for the view arrive.
    pub(crate) fn target(self) -> EventTarget {
        self.with(|| window().into(), |frame| frame.outer.clone().into())
    }

    /// Calls back for every event of a kind that arrives anywhere in the view, until the current reactive owner is
    /// disposed.
    pub(crate) fn listen<T: JsCast>(self, kind: &'static str, callback: impl Fn(T) + 'static) {
        keep(Listener::new(&self.target(), kind, move |event: Event| callback(event.unchecked_into())));
    }

    /// Calls back whenever the view is scrolled or its place in the window changes.
    pub(crate) fn on_scroll(self, callback: impl Fn() + Clone + 'static) {
        let target = self.with(|| window().into(), |frame| EventTarget::from(frame.scroller.clone()));
        keep(Listener::new(&target, "scroll", move |_| callback()));
    }

    /// Calls back whenever the view's size changes.
    pub(crate) fn on_resize(self, callback: impl Fn() + 'static) {
        match self.0.get_value().element.as_ref() {
            None => keep(Listener::new(&window().into(), "resize", move |_| callback())),
            Some((frame, _)) => {
                on_size(&frame.outer, callback);
            }
        }
    }

    /// The upper edge, in the window's coordinates, and the height of what can be seen of the view at once.
    pub(crate) fn sight(self) -> (f64, f64) {
        self.with(
            || {
                let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
                (0.0, height)
            },
            |frame| {
                let place = frame.scroller.get_bounding_client_rect();
                (place.top(), place.height())
            },
        )
    }

    /// Whether the view is at most so many CSS pixels wide.
    pub(crate) fn is_narrow(self, width: u32) -> bool {
        self.with(
            || {
                let query = window().match_media(&format!("(max-width: {width}px)")).ok().flatten();
                query.is_some_and(|query| query.matches())
            },
            |frame| frame.outer.get_bounding_client_rect().width() <= f64::from(width),
        )
    }

    /// Scrolls the view down by so many CSS pixels, or up.
    pub(crate) fn scroll_by(self, by: f64) {
        self.with(|| window().scroll_by_with_x_and_y(0.0, by), |frame| frame.scroller.scroll_by_with_x_and_y(0.0, by));
    }

    /// Scrolls to the top.
    pub(crate) fn scroll_to_top(self) {
        self.with(|| window().scroll_to_with_x_and_y(0.0, 0.0), |frame| frame.scroller.set_scroll_top(0));
    }

    /// Starts the view again: the page is reloaded, an element mounts again.
    pub(crate) fn restart(self) {
        match self.embedding() {
            None => drop(window().location().reload()),
            Some(embedding) => embedding.restart(),
        }
    }
}

/// Keeps a listener until the current reactive owner is disposed.
pub(crate) fn keep<T: 'static>(listener: T) {
    let kept = StoredValue::new_local(Some(listener));
    on_cleanup(move || kept.dispose());
}

/// Calls back now and whenever the element's size changes, until the current reactive owner is disposed.
pub(crate) fn on_size(element: &Element, callback: impl Fn() + 'static) {
    let changed = Closure::<dyn Fn()>::new(callback);
    let Ok(observer) = ResizeObserver::new(changed.as_ref().unchecked_ref()) else { return };
    observer.observe(element);
    keep(Observed { observer, _callback: changed });
}

/// Stops observing when dropped.
struct Observed {
    observer: ResizeObserver,
    _callback: Closure<dyn Fn()>,
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
