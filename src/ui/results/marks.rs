//! Marking pictures to do something with several at once: by checkbox, Shift for a range, Ctrl+A for all that the list
//! shows.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::list::focus_row;
use super::more::RunAgain;
use super::state::ExecutionList;
use crate::batch::records::{Subset, execution_id};
use crate::compact::SortedSet;
use crate::ui::icons::{Icon, Shape};
use crate::ui::live::Live;
use crate::ui::notices::NoticeBoard;
use crate::ui::services::Services;
use crate::ui::stage::Stage;
use crate::ui::widgets::tab_index;
use crate::view_model::format;
use crate::view_model::marks::Marks;

/// Minimum time between two reads of the same indices.
const PAUSE_MS: u32 = 400;
/// Time before a read that failed is repeated.
const RETRY_MS: u32 = 2_000;

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
    let services = expect_context::<Services>();
    let batch_id = StoredValue::new(batch_id);
    let batch = move || batch_id.with_value(|id| live.batch(id));
    // Within a round of a batch its failures only get more.
    let failures = Memo::new(move |_| {
        let batch = batch()?;
        let needed = batch.status.is_end() || matches!(list.filter().get(), "failed" | "success");
        needed.then_some((batch.round, batch.assets.failed, 0))
    });
    // Doubtful results, too, unless some are damaged, which are failures then.
    let doubts = Memo::new(move |_| {
        let batch = batch().filter(|_| list.filter().get() == "doubtful")?;
        Some((batch.round, batch.assets.failed, batch.doubtful_count))
    });
    let failed = indices(services, batch_id, Subset::Failed, failures);
    let doubtful = indices(services, batch_id, Subset::Doubtful, doubts);
    let marking = Marking {
        live,
        stage: expect_context(),
        batch_id,
        marks: RwSignal::new(Marks::default()),
        may: Memo::new(move |_| {
            let Some(batch) = batch() else { return SortedSet::new() };
            let all = 0..batch.assets.total;
            // None until it is known which ones.
            match list.filter().get() {
                "failed" => failed.get().unwrap_or_default(),
                "doubtful" => doubtful.get().unwrap_or_default(),
                "success" => failed.with(|failed| match failed {
                    Some(failed) => all.filter(|index| !failed.contains(index)).collect(),
                    None => SortedSet::new(),
                }),
                _ => all.collect(),
            }
        }),
        failed: Memo::new(move |_| {
            let has_ended = batch().is_some_and(|batch| batch.status.is_end());
            failed.get().filter(|_| has_ended).unwrap_or_default()
        }),
    };
    provide_context(marking);
    marking
}

/// The state of a batch that a set of its executions depends on.
type Due = (u32, u32, u32);

/// The indices of some of a batch's executions, read again when `due` has changed or reading failed, one read at a time
/// with a pause in between; `None` until they have been read, and while `due` is.
fn indices(
    services: Services,
    batch_id: StoredValue<String>,
    subset: Subset,
    due: Memo<Option<Due>>,
) -> RwSignal<Option<SortedSet<u32>>> {
    let found = RwSignal::new(None);
    let reading = StoredValue::new(false);
    Effect::new(move |_| {
        if due.get().is_none() {
            return found.set(None);
        }
        if reading.get_value() {
            return;
        }
        reading.set_value(true);
        spawn_local(async move {
            // The view may be gone after each wait.
            while let (Some(batch_id), Some(Some(asked))) = (batch_id.try_get_value(), due.try_get_untracked()) {
                // If reading fails, `Live` tells: it reads from the same storage.
                let read = services.indices(&batch_id, subset).await.ok();
                let is_read = read.is_some();
                if read.is_some() && due.try_get_untracked().flatten().is_some() {
                    found.set(read);
                }
                TimeoutFuture::new(if is_read { PAUSE_MS } else { RETRY_MS }).await;
                // Meanwhile `due` may have been `None`, so that what was read is gone.
                let is_there = found.try_with_untracked(Option::is_some) == Some(true);
                if is_read && is_there && due.try_get_untracked() == Some(Some(asked)) {
                    break;
                }
            }
            reading.try_update_value(|reading| *reading = false);
        });
    });
    found
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
