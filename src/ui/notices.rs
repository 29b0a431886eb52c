//! Notices: short messages that something is done, or what failed, where, and how to fix it.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;

use super::icons::{Icon, Shape};
use super::stage::Stage;
use crate::view_model::notices::surplus;

/// The kind of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Info,
    Good,
    Bad,
}

impl Tone {
    const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

#[derive(Clone)]
struct Notice {
    id: u32,
    tone: Tone,
    text: String,
    hint: String,
    /// Whether what the notice tells of can be taken back.
    can_undo: bool,
}

/// Takes back what a notice tells of.
type Undo = Rc<dyn Fn()>;

/// The visible notices.
#[derive(Clone, Copy)]
pub(crate) struct NoticeBoard {
    stage: Stage,
    shown: RwSignal<Vec<Notice>>,
    /// By the id of the notice that offers it.
    undos: StoredValue<HashMap<u32, Undo>, LocalStorage>,
    next: StoredValue<u32>,
}

/// Most notices shown; beyond that, one is removed.
const MOST: usize = 4;
/// How long a temporary notice stays.
const STAY: Duration = Duration::from_secs(6);
/// The same for a notice with an undo button.
const STAY_TO_UNDO: Duration = Duration::from_secs(12);
/// How long to wait before checking again whether the user is still on the notices.
const AGAIN: Duration = Duration::from_secs(2);

/// Whether the pointer or the focus is on the notices; while it is, none disappears.
fn is_attended(stage: Stage) -> bool {
    stage.find(".notices:is(:hover, :focus-within)").is_some()
}

impl NoticeBoard {
    /// Says that something is done; disappears by itself.
    pub(crate) fn done(self, text: impl Into<String>) {
        self.show(Tone::Good, text.into(), String::new(), None);
    }

    /// Says that something is done and offers to undo it; disappears by itself.
    pub(crate) fn undoable(self, text: impl Into<String>, undo: impl Fn() + 'static) {
        self.show(Tone::Good, text.into(), String::new(), Some(Rc::new(undo)));
    }

    /// Gives information; disappears by itself.
    pub(crate) fn info(self, text: impl Into<String>, hint: impl Into<String>) {
        self.show(Tone::Info, text.into(), hint.into(), None);
    }

    /// Says what failed and how to fix it; stays until it is dismissed. The page around an element is told too.
    pub(crate) fn failed(self, text: impl Into<String>, hint: impl Into<String>) {
        let (text, hint) = (text.into(), hint.into());
        if let Some(embedding) = self.stage.embedding() {
            embedding.tell_error(&text, &hint);
        }
        self.show(Tone::Bad, text, hint, None);
    }

    fn show(self, tone: Tone, text: String, hint: String, undo: Option<Undo>) {
        let (id, can_undo) = (self.next.get_value(), undo.is_some());
        self.next.set_value(id.wrapping_add(1));
        self.shown.update(|shown| {
            shown.retain(|notice| notice.text != text);
            shown.push(Notice { id, tone, text, hint, can_undo });
        });
        if let Some(undo) = undo {
            self.undos.update_value(|undos| drop(undos.insert(id, undo)));
        }
        self.make_room();
        if tone != Tone::Bad {
            self.dismiss_later(id, if can_undo { STAY_TO_UNDO } else { STAY });
        }
    }

    /// Removes notices beyond the limit.
    fn make_room(self) {
        let surplus = || {
            let failures: Vec<bool> =
                self.shown.with_untracked(|shown| shown.iter().map(|notice| notice.tone == Tone::Bad).collect());
            surplus(&failures, MOST)
        };
        while let Some(place) = surplus() {
            if is_attended(self.stage) {
                return set_timeout(
                    move || {
                        if !self.shown.is_disposed() {
                            self.make_room()
                        }
                    },
                    AGAIN,
                );
            }
            self.shown.update(|shown| {
                shown.remove(place);
            });
        }
    }

    fn dismiss_later(self, id: u32, after: Duration) {
        let dismiss = move || {
            if self.shown.is_disposed() {
                // The element that showed it was removed.
            } else if is_attended(self.stage) {
                self.dismiss_later(id, AGAIN)
            } else {
                self.dismiss(id)
            }
        };
        set_timeout(dismiss, after);
    }

    fn dismiss(self, id: u32) {
        self.shown.update(|shown| shown.retain(|notice| notice.id != id));
        self.undos.update_value(|undos| drop(undos.remove(&id)));
    }

    fn undo(self, id: u32) {
        let undo = self.undos.try_update_value(|undos| undos.remove(&id)).flatten();
        self.dismiss(id);
        if let Some(undo) = undo {
            undo();
        }
    }
}

/// Provides an empty board.
pub(crate) fn provide_notices() {
    provide_context(NoticeBoard {
        stage: expect_context(),
        shown: RwSignal::new(Vec::new()),
        undos: StoredValue::new_local(HashMap::new()),
        next: StoredValue::new(0),
    });
}

/// The board.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    let board = expect_context::<NoticeBoard>();
    view! {
        <div class="notices" role="log" aria-live="polite" aria-label="Notices">
            <For each=move || board.shown.get() key=|notice| notice.id let:notice>
                <div class=format!("notice {}", notice.tone.word()) data-testid="notice" data-kind=notice.tone.word()>
                    <Icon shape=match notice.tone {
                        Tone::Info => Shape::Info,
                        Tone::Good => Shape::Check,
                        Tone::Bad => Shape::Warning,
                    }/>
                    <div class="text">
                        <p>{notice.text}</p>
                        {(!notice.hint.is_empty()).then(|| view! { <p class="hint">{notice.hint}</p> })}
                    </div>
                    {notice.can_undo.then(|| view! {
                        <button class="button" data-testid="notice-undo" on:click=move |_| board.undo(notice.id)>
                            "Undo"
                        </button>
                    })}
                    <button class="button quiet square" aria-label="Dismiss" on:click=move |_| board.dismiss(notice.id)>
                        <Icon shape=Shape::Close/>
                    </button>
                </div>
            </For>
        </div>
    }
}
