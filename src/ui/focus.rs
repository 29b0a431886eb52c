//! Managing the focus: focusing an element without scrolling, and moving to a nearby one when it disappears.
//!
//! When the focused element is removed, the browser moves the focus to the body, which throws keyboard and screen
//! reader users back to the top of the page. Buttons are often removed here, with the state or the row they belong to.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, FocusEvent, HtmlElement, MutationObserver, MutationObserverInit, MutationRecord};

use super::stage::Stage;

/// Selects everything that Tab can reach.
const FOCUSABLE: &str = "a[href], summary, :is(button, input, select, textarea):not(:disabled, [tabindex='-1'])";

/// Focuses an element without scrolling the page.
pub(crate) fn focus(element: Option<Element>) {
    let options = web_sys::FocusOptions::new();
    options.set_prevent_scroll(true);
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _gone = element.focus_with_options(&options);
    }
}

/// Text fields: they have their own undo, and report their text when they lose the focus.
pub(crate) fn is_text_field(element: &Element) -> bool {
    const NOT_TYPED: &str = ":is([type=checkbox], [type=radio], [type=range], [type=color], [type=file])";
    element.matches(&format!("textarea, input:not({NOT_TYPED})")).unwrap_or(false)
}

/// Whether an input method is composing text with this key. Browsers report 229 for such a key outside the
/// composition's own events.
pub(crate) fn is_composing(event: &web_sys::KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Keeps the focus near where it was whenever the focused element disappears, for as long as the view lives.
pub(crate) fn keep_near(stage: Stage) {
    let last = Rc::new(RefCell::new(None::<Trail>));
    let noted = last.clone();
    stage.listen("focusin", move |event: FocusEvent| {
        let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        *noted.borrow_mut() = element.map(Trail::of);
    });
    let changed = Closure::<dyn Fn(Vec<MutationRecord>)>::new(move |changes: Vec<MutationRecord>| {
        let went = last.borrow().as_ref().is_some_and(|trail| trail.went_with(&changes));
        if went
            && stage.is_focus_lost()
            && let Some(trail) = last.take()
        {
            trail.restore(stage);
        }
    });
    let Ok(observer) = MutationObserver::new(changed.as_ref().unchecked_ref()) else { return };
    let options = MutationObserverInit::new();
    options.set_child_list(true);
    options.set_subtree(true);
    if let Some(enclosure) = stage.enclosure() {
        // Observing it never fails: it is a node.
        let _observes = observer.observe_with_options(&enclosure, &options);
    }
    let kept = StoredValue::new_local((observer.clone(), changed));
    on_cleanup(move || {
        observer.disconnect();
        kept.dispose();
    });
}

/// The position of an element.
struct Trail {
    element: Element,
    /// Its label, to recognise its replacement.
    called: Option<String>,
    /// Its ancestors, innermost first, each with the index of the child that leads to it.
    steps: Vec<(Element, u32)>,
}

impl Trail {
    fn of(element: Element) -> Self {
        let mut steps = Vec::new();
        let mut child = element.clone();
        while let Some(parent) = child.parent_element() {
            let before = std::iter::successors(child.previous_element_sibling(), Element::previous_element_sibling);
            steps.push((parent.clone(), before.count() as u32));
            child = parent;
        }
        Self { called: element.get_attribute("data-testid"), element, steps }
    }

    /// Whether it was removed from the page, even if only to be moved.
    fn went_with(&self, changes: &[MutationRecord]) -> bool {
        let removed = |change: &MutationRecord| {
            let nodes = change.removed_nodes();
            (0..nodes.length()).any(|at| nodes.item(at).is_some_and(|node| node.contains(Some(&self.element))))
        };
        !self.element.is_connected() || changes.iter().any(removed)
    }

    /// Returns the focus to it, to its replacement, or else to the element nearest to its position.
    fn restore(&self, stage: Stage) {
        if take(stage, &self.element) {
            return;
        }
        for (parent, place) in self.steps.iter().filter(|(parent, _)| parent.is_connected()) {
            if parent.tag_name() == "BODY" {
                break;
            }
            let children = parent.children();
            // What took its place comes first, then its neighbours on either side, nearest first.
            let distances = 0..=children.length().max(*place);
            let mut near = distances.flat_map(|distance| [place.checked_sub(distance), place.checked_add(distance)]);
            if near.any(|at| at.and_then(|at| children.item(at)).is_some_and(|child| self.enter(stage, &child))) {
                return;
            }
            if parent.has_attribute("tabindex") && take(stage, parent) {
                return;
            }
        }
        stage.focus_main();
    }

    fn enter(&self, stage: Stage, within: &Element) -> bool {
        let like = self.called.as_ref().map(|called| format!("[data-testid=\"{called}\"]"));
        like.iter().map(String::as_str).chain([FOCUSABLE]).any(|selector| {
            if within.matches(selector).unwrap_or(false) && take(stage, within) {
                return true;
            }
            let Ok(found) = within.query_selector_all(selector) else { return false };
            (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).any(|element| take(stage, &element))
        })
    }
}

/// Tries to focus an element; false if it is hidden or inert.
fn take(stage: Stage, element: &Element) -> bool {
    focus(Some(element.clone()));
    stage.active_element().is_some_and(|active| active == *element)
}
