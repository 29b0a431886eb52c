//! Marking failed pictures to retry several at once: by checkbox, Shift for a range, Ctrl+A for all.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::list::focus_row;
use crate::batch::records::execution_id;
use crate::ui::icons::{Icon, Shape};
use crate::ui::live::Live;
use crate::view_model::format;
use crate::view_model::marks::Marks;

/// The marks of one batch.
#[derive(Clone, Copy)]
pub(crate) struct Marking {
    live: Live,
    batch_id: StoredValue<String>,
    marks: RwSignal<Marks>,
    /// The pictures that can be retried: the failed ones, once the batch has ended.
    failed: Memo<BTreeSet<u32>>,
}

/// Provides the marks of a batch.
pub(crate) fn provide_marking(batch_id: String) -> Marking {
    let live = expect_context::<Live>();
    let batch_id = StoredValue::new(batch_id);
    let marking = Marking {
        live,
        batch_id,
        marks: RwSignal::new(Marks::default()),
        failed: Memo::new(move |_| {
            let batch = batch_id.with_value(|id| live.batch(id));
            batch.filter(|batch| batch.status.is_end()).map(|batch| batch.failed).unwrap_or_default()
        }),
    };
    provide_context(marking);
    marking
}

impl Marking {
    /// Whether a picture may be marked, tracked.
    pub(crate) fn may(self, index: u32) -> bool {
        self.failed.with(|failed| failed.contains(&index))
    }

    /// Whether a picture is marked, tracked.
    pub(crate) fn is_marked(self, index: u32) -> bool {
        self.marks.with(|marks| marks.contains(index))
    }

    /// Marks or unmarks a picture; with `range`, all from the last one to this one.
    pub(crate) fn toggle(self, index: u32, range: bool) {
        self.failed.with_untracked(|failed| self.marks.update(|marks| marks.toggle(index, range, failed)));
    }

    /// Marks every picture that may be marked; false when there is none.
    pub(crate) fn mark_all(self) -> bool {
        self.failed.with_untracked(|failed| {
            self.marks.update(|marks| marks.mark_all(failed));
            !failed.is_empty()
        })
    }

    /// Unmarks everything; false when nothing was marked.
    pub(crate) fn clear(self) -> bool {
        let any = self.marks.with_untracked(|marks| *marks != Marks::default());
        if any {
            self.marks.update(Marks::clear);
        }
        any
    }

    fn marked(self) -> Vec<u32> {
        self.failed.with(|failed| self.marks.with(|marks| marks.among(failed)))
    }

    /// Focuses the row where the last mark was set or cleared: the mark bar disappears with the marks.
    fn focus_last(self) {
        if let Some(index) = self.marks.with_untracked(Marks::last) {
            focus_row(index);
        }
    }

    fn retry(self) {
        self.focus_last();
        let batch_id = self.batch_id.get_value();
        let ids = untrack(|| self.marked()).into_iter().map(|index| execution_id(&batch_id, index)).collect();
        self.live.retry(batch_id, Some(ids));
        self.clear();
    }
}

/// The number of marked pictures and the actions on them; nothing while none is marked.
#[component]
pub(crate) fn MarkBar() -> impl IntoView {
    let marking = expect_context::<Marking>();
    let count = Memo::new(move |_| marking.marked().len());
    let all = Memo::new(move |_| marking.failed.with(BTreeSet::len));
    let clear = move |_| {
        marking.focus_last();
        marking.clear();
    };
    view! {
        <Show when=move || { count.get() > 0 }>
            <div class="mark-bar panel" role="group" aria-label="Marked pictures">
                <span class="small numbers" role="status" data-testid="marked-count">
                    {move || format!("{} of {} failed marked", format::count(count.get() as u64), format::count(all.get() as u64))}
                </span>
                <button class="button primary push" data-testid="retry-marked" on:click=move |_| marking.retry()>
                    <Icon shape=Shape::Retry/>
                    "Retry marked"
                </button>
                <Show when=move || { count.get() < all.get() }>
                    <button class="button" data-testid="mark-all" on:click=move |_| { marking.mark_all(); }>"Mark all"</button>
                </Show>
                <button class="button quiet" data-testid="clear-marks" on:click=clear>"Clear"</button>
            </div>
        </Show>
    }
}

/// The checkbox of a row.
#[component]
pub(crate) fn MarkBox(index: u32, #[prop(into)] name: String) -> impl IntoView {
    let marking = expect_context::<Marking>();
    let label = StoredValue::new(format!("Mark {name}"));
    view! {
        <Show when=move || marking.may(index)>
            <input
                class="mark"
                type="checkbox"
                data-testid="mark"
                aria-label=label.get_value()
                prop:checked=move || marking.is_marked(index)
                on:click=move |event| marking.toggle(index, event.shift_key())
            />
        </Show>
    }
}
