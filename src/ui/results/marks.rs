//! Marking pictures to do something with several at once: by checkbox, Shift for a range, Ctrl+A for all that the list
//! shows.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::list::focus_row;
use super::more::RunAgain;
use super::state::ExecutionList;
use crate::batch::records::execution_id;
use crate::compact::SortedSet;
use crate::ui::icons::{Icon, Shape};
use crate::ui::live::Live;
use crate::ui::notices::NoticeBoard;
use crate::ui::services::Services;
use crate::ui::stage::Stage;
use crate::ui::widgets::tab_index;
use crate::view_model::format;
use crate::view_model::marks::Marks;

/// The marks of one batch.
#[derive(Clone, Copy)]
pub(crate) struct Marking {
    live: Live,
    stage: Stage,
    batch_id: StoredValue<String>,
    marks: RwSignal<Marks>,
    /// The pictures that the list's filter may show.
    may: Memo<SortedSet<u32>>,
    /// The ones that can be retried: failed, once the batch has ended.
    failed: Memo<SortedSet<u32>>,
}

/// Provides the marks of a batch.
pub(crate) fn provide_marking(batch_id: String, list: ExecutionList) -> Marking {
    let live = expect_context::<Live>();
    let batch_id = StoredValue::new(batch_id);
    let batch = move || batch_id.with_value(|id| live.batch(id));
    let marking = Marking {
        live,
        stage: expect_context(),
        batch_id,
        marks: RwSignal::new(Marks::default()),
        may: Memo::new(move |_| {
            let Some(batch) = batch() else { return SortedSet::new() };
            match list.filter().get() {
                "failed" => batch.failed,
                "doubtful" => batch.doubtful,
                "success" => (0..batch.assets.total).filter(|index| !batch.failed.contains(index)).collect(),
                _ => (0..batch.assets.total).collect(),
            }
        }),
        failed: Memo::new(move |_| {
            batch().filter(|batch| batch.status.is_end()).map(|batch| batch.failed).unwrap_or_default()
        }),
    };
    provide_context(marking);
    marking
}

impl Marking {
    /// Whether a picture is marked, tracked.
    pub(crate) fn is_marked(self, index: u32) -> bool {
        self.marks.with(|marks| marks.contains(index))
    }

    /// Whether any picture is marked, tracked.
    pub(crate) fn any(self) -> bool {
        !self.marked().is_empty()
    }

    /// Marks or unmarks a picture; with `range`, all from the last one to this one.
    pub(crate) fn toggle(self, index: u32, range: bool) {
        self.may.with_untracked(|may| self.marks.update(|marks| marks.toggle(index, range, may)));
    }

    /// Marks every picture that the list's filter shows; false when there is none.
    pub(crate) fn mark_all(self) -> bool {
        self.may.with_untracked(|may| {
            self.marks.update(|marks| marks.mark_all(may));
            !may.is_empty()
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
        self.may.with(|may| self.marks.with(|marks| marks.among(may)))
    }

    /// The marked pictures that can be retried.
    fn marked_failed(self) -> Vec<u32> {
        let mut marked = self.marked();
        self.failed.with(|failed| marked.retain(|index| failed.contains(index)));
        marked
    }

    /// Focuses the row where the last mark was set or cleared: the mark bar disappears with the marks.
    fn focus_last(self) {
        if let Some(index) = self.marks.with_untracked(Marks::last) {
            focus_row(self.stage, index);
        }
    }

    fn retry(self) {
        self.focus_last();
        let batch_id = self.batch_id.get_value();
        let ids = untrack(|| self.marked_failed()).into_iter().map(|index| execution_id(&batch_id, index)).collect();
        self.live.retry(batch_id, Some(ids));
        self.clear();
    }
}

/// The number of marked pictures and the actions on them; nothing while none is marked.
#[component]
pub(crate) fn MarkBar() -> impl IntoView {
    let marking = expect_context::<Marking>();
    let services = expect_context::<Services>();
    let notices = expect_context::<NoticeBoard>();
    let again = RunAgain::here();
    let count = Memo::new(move |_| marking.marked().len());
    let failed = Memo::new(move |_| marking.marked_failed().len());
    let all = Memo::new(move |_| marking.may.with(SortedSet::len));
    let busy = RwSignal::new(false);
    let clear = move |_| {
        marking.focus_last();
        marking.clear();
    };
    let download = move |_| {
        let (batch_id, marked) = (marking.batch_id.get_value(), untrack(|| marking.marked()));
        busy.set(true);
        spawn_local(async move {
            if let Err(problem) = services.download_zip(&batch_id, Some(marked.into_iter().collect())).await {
                notices.failed(problem.text, problem.hint);
            }
            busy.try_set(false);
        });
    };
    let run_again = move |_| {
        let marked = untrack(|| marking.marked()).into_iter().collect();
        again.ask(&marking.batch_id.get_value(), Some(marked));
    };
    view! {
        <Show when=move || { count.get() > 0 }>
            <div class="mark-bar panel" role="group" aria-label="Marked pictures">
                <span class="small numbers" role="status" data-testid="marked-count">
                    {move || format!("{} of {} marked", format::count(count.get() as u64), format::count(all.get() as u64))}
                </span>
                <Show when=move || { failed.get() > 0 }>
                    <button class="button primary" data-testid="retry-marked" on:click=move |_| marking.retry()>
                        <Icon shape=Shape::Retry/>
                        {move || format!("Retry {} failed", format::count(failed.get() as u64))}
                    </button>
                </Show>
                <Show when=move || { failed.get() < count.get() }>
                    <button class="button" data-testid="download-marked" disabled=move || busy.get() on:click=download>
                        <Icon shape=Shape::Download/>
                        "Download"
                    </button>
                </Show>
                <button class="button" data-testid="run-marked" on:click=run_again>
                    <Icon shape=Shape::Play/>
                    "Run again…"
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
    let label = format!("Mark {name}");
    view! {
        <input
            class="mark"
            type="checkbox"
            data-testid="mark"
            tabindex=tab_index()
            aria-label=label
            prop:checked=move || marking.is_marked(index)
            on:click=move |event| marking.toggle(index, event.shift_key())
        />
    }
}
