//! The visible executions: pages read from the store as the list scrolls and reread as the batch progresses; and the
//! open one.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::Event;
use crate::batch::records::{Execution, Subset};
use crate::store::ExecutionPage;
use crate::ui::live::Live;
use crate::ui::route::CurrentRoute;
use crate::ui::services::{Heard, Services, UiError};
use crate::ui::stage::Stage;
use crate::view_model::reading::{Extent, Readings};
use crate::view_model::route::Route;
use crate::view_model::window::pages;

/// Executions per page.
const PAGE: u32 = 100;
/// Minimum time between two reads while a batch runs.
const PAUSE: Duration = Duration::from_millis(400);

/// The list of one batch.
#[derive(Clone, Copy)]
pub(crate) struct ExecutionList {
    services: Services,
    route: CurrentRoute,
    batch_id: StoredValue<String>,
    filter: RwSignal<&'static str>,
    pages: RwSignal<HashMap<u32, Vec<Arc<Execution>>>>,
    /// How many the filter matches; `None` until the first page has been read.
    matching: RwSignal<Option<u32>>,
    problem: RwSignal<Option<UiError>>,
    wanted: RwSignal<Range<u32>>,
    /// `assetIndex` of the current one for the keyboard, open or not.
    current: RwSignal<Option<u32>>,
    /// `assetIndex` of the only row that Tab reaches: the current one, or the first visible one.
    tab_stop: Memo<Option<u32>>,
    /// `assetIndex` of the open one, with its record once read. The route has the same index.
    selected: RwSignal<Option<u32>>,
    detail: RwSignal<Option<Arc<Execution>>>,
    /// Answers of an older generation (another filter) are dropped.
    generation: StoredValue<u32>,
    readings: StoredValue<Readings>,
    dirty: StoredValue<bool>,
}

/// Provides the list of a batch and keeps it up to date while its view lives.
pub(crate) fn provide_execution_list(batch_id: String) -> ExecutionList {
    let services = expect_context::<Services>();
    let live = expect_context::<Live>();
    let (route, stage) = (expect_context::<CurrentRoute>(), expect_context::<Stage>());
    let (pages, wanted, current) = (RwSignal::new(HashMap::new()), RwSignal::new(0..1), RwSignal::new(None));
    let list = ExecutionList {
        services,
        route,
        batch_id: StoredValue::new(batch_id.clone()),
        filter: RwSignal::new("all"),
        pages,
        matching: RwSignal::new(None),
        problem: RwSignal::new(None),
        wanted,
        current,
        tab_stop: Memo::new(move |_| {
            let in_sight: Vec<u32> = pages
                .with(|pages| wanted.get().filter_map(|at| entry_at(pages, at)).map(|one| one.asset_index).collect());
            current.get().filter(|index| in_sight.contains(index)).or(in_sight.first().copied())
        }),
        selected: RwSignal::new(None),
        detail: RwSignal::new(None),
        generation: StoredValue::new(0),
        readings: StoredValue::new(Readings::default()),
        dirty: StoredValue::new(false),
    };
    services.on_change(move |heard| {
        if let Heard::Event(Event::ExecutionCompleted(execution), _) = heard
            && list.batch_id.try_get_value().as_deref() == Some(&execution.batch_id)
        {
            list.touch();
        }
    });
    let stamp = Memo::new(move |_| live.batch(&batch_id).map(|batch| (batch.updated_at as i64, batch.assets)));
    Effect::new(move |before: Option<()>| {
        // Read, not only tracked: a memo that has never been read tracks nothing.
        let _now = stamp.get();
        if before.is_some() {
            list.touch();
        }
    });
    Effect::new(move |_| {
        list.wanted.track();
        list.filter.track();
        list.read();
    });
    Effect::new(move |_| {
        list.selected.track();
        list.read_detail();
    });
    // Back and Forward, links, and a page that starts with a picture open.
    let id = list.batch_id.get_value();
    let routed = Memo::new(move |_| route.get().picture_of(&id));
    Effect::new(move |_| {
        let routed = routed.get();
        if routed == list.selected.get_untracked() {
            return;
        }
        match routed {
            Some(index) => {
                list.current.set(Some(index));
                list.selected.set(Some(index));
            }
            None => super::detail::leave(list, stage),
        }
    });
    provide_context(list);
    list
}

impl ExecutionList {
    /// The filter; setting it starts over.
    pub(crate) fn filter(self) -> RwSignal<&'static str> {
        self.filter
    }

    /// Starts over, as after a new filter.
    pub(crate) fn start_over(self) {
        self.generation.update_value(|generation| *generation += 1);
        self.pages.set(HashMap::new());
        self.matching.set(None);
        self.close();
    }

    /// How many the filter matches, tracked.
    pub(crate) fn matching(self) -> Option<u32> {
        self.matching.get()
    }

    /// Why the list could not be read, tracked.
    pub(crate) fn problem(self) -> Option<UiError> {
        self.problem.get()
    }

    /// Sets which entries are visible.
    pub(crate) fn want(self, entries: Range<u32>) {
        if self.wanted.with_untracked(|wanted| *wanted != entries) {
            self.wanted.set(entries);
        }
    }

    /// The visible entries, tracked; `None` for one that has not been read yet.
    pub(crate) fn entries(self) -> Vec<(u32, Option<Arc<Execution>>)> {
        let wanted = self.wanted.get();
        self.pages.with(|pages| wanted.map(|at| (at, entry_at(pages, at).cloned())).collect())
    }

    /// An execution by its `assetIndex` with its position in the list, tracked; `None` while it is not visible.
    pub(crate) fn find(self, asset_index: u32) -> Option<(u32, Arc<Execution>)> {
        self.pages.with(|pages| {
            // Without a filter, the index is the position.
            std::iter::once(asset_index)
                .chain(self.wanted.get_untracked())
                .find_map(|at| Some((at, entry_at(pages, at).filter(|one| one.asset_index == asset_index)?.clone())))
        })
    }

    /// A page of what the filter matches.
    async fn read_page(self, batch_id: &str, offset: u32) -> Result<ExecutionPage, UiError> {
        let subset = match self.filter.get_untracked() {
            "doubtful" => Subset::Doubtful,
            "pending" => Subset::Pending,
            "running" => Subset::Running,
            "success" => Subset::Success,
            "failed" => Subset::Failed,
            _ => Subset::All,
        };
        self.services.executions(batch_id, subset, offset, PAGE).await
    }

    /// What was read may be outdated: rereads it soon, once for all changes until then.
    fn touch(self) {
        if self.dirty.try_get_value() != Some(false) {
            return;
        }
        self.dirty.set_value(true);
        set_timeout(
            move || {
                if self.dirty.try_get_value().is_none() {
                    return;
                }
                self.dirty.set_value(false);
                self.refresh();
            },
            PAUSE,
        );
    }

    fn refresh(self) {
        self.ask(Extent::All);
        self.read_detail();
    }

    /// Reads the visible pages that have not been read yet.
    fn read(self) {
        self.ask(Extent::Missing);
    }

    fn ask(self, extent: Extent) {
        if self.readings.try_update_value(|readings| readings.ask(extent)) != Some(true) {
            return;
        }
        spawn_local(async move {
            let mut next = Some(extent);
            while let Some(extent) = next {
                self.read_pages(extent).await;
                // The view may be gone meanwhile.
                next = self.readings.try_update_value(Readings::end).flatten();
            }
        });
    }

    async fn read_pages(self, extent: Extent) {
        let all = extent == Extent::All;
        let (Some(batch_id), Some(wanted)) = (self.batch_id.try_get_value(), self.wanted.try_get_untracked()) else {
            return;
        };
        let generation = self.generation.get_value();
        let wanted = if wanted.is_empty() { 0..1 } else { wanted };
        let wanted_pages = pages(wanted, PAGE);
        let mut fresh = HashMap::new();
        for page in wanted_pages.clone() {
            if !all && self.pages.try_with_untracked(|pages| pages.contains_key(&page)) != Some(false) {
                continue;
            }
            let read = self.read_page(&batch_id, page * PAGE).await;
            if self.generation.try_get_value() != Some(generation) {
                return;
            }
            match read {
                Ok(read) => {
                    self.problem.set(None);
                    if self.matching.get_untracked() != Some(read.matching) {
                        self.matching.set(Some(read.matching));
                    }
                    fresh.insert(page, read.executions.into_iter().map(Arc::new).collect());
                }
                Err(problem) => {
                    self.problem.set(Some(problem));
                    return;
                }
            }
        }
        if fresh.is_empty() {
            return;
        }
        self.pages.update(|pages| {
            // After a change, only what was just read is known to be current.
            if all {
                pages.clear();
            }
            pages.extend(fresh);
        });
    }
}

/// The open execution.
impl ExecutionList {
    /// Whether one is open, tracked.
    pub(crate) fn is_open(self) -> bool {
        self.selected.with(Option::is_some)
    }

    /// `assetIndex` of the open one.
    pub(crate) fn selected(self) -> Option<u32> {
        self.selected.get_untracked()
    }

    /// `assetIndex` of the current one for the keyboard.
    pub(crate) fn current(self) -> Option<u32> {
        self.selected.get_untracked().or_else(|| self.tab_stop.get_untracked())
    }

    /// Whether it is this one, tracked.
    pub(crate) fn is_selected(self, asset_index: u32) -> bool {
        self.selected.get() == Some(asset_index)
    }

    /// Opens one. Back closes it again; after several in a row, it closes the last one.
    pub(crate) fn select(self, execution: Arc<Execution>) {
        let index = execution.asset_index;
        let was_open = self.selected.get_untracked().is_some();
        self.current.set(Some(index));
        self.selected.set(Some(index));
        self.detail.set(Some(execution));
        let route = Route::Picture(self.batch_id.get_value(), index);
        if was_open { self.route.replace(route) } else { self.route.open(route) }
    }

    /// Closes it.
    pub(crate) fn close(self) {
        if self.selected.get_untracked().is_none() {
            return;
        }
        self.selected.set(None);
        self.detail.set(None);
        let batch_id = self.batch_id.get_value();
        if untrack(|| self.route.get()).picture_of(&batch_id).is_some() {
            self.route.close(Route::Batch(batch_id));
        }
    }

    /// Makes a row the current one for the keyboard.
    pub(crate) fn set_current(self, asset_index: u32) {
        if self.current.get_untracked() != Some(asset_index) {
            self.current.set(Some(asset_index));
        }
    }

    /// Whether Tab reaches this row, tracked.
    pub(crate) fn is_tab_stop(self, asset_index: u32) -> bool {
        self.tab_stop.get() == Some(asset_index)
    }

    /// The open one.
    pub(crate) fn detail(self) -> RwSignal<Option<Arc<Execution>>> {
        self.detail
    }

    fn read_detail(self) {
        let (Some(Some(index)), Some(batch_id)) = (self.selected.try_get_untracked(), self.batch_id.try_get_value())
        else {
            return;
        };
        spawn_local(async move {
            let Ok(page) = self.services.executions(&batch_id, Subset::All, index, 1).await else { return };
            if self.selected.try_get_untracked() != Some(Some(index)) {
                return;
            }
            let Some(read) = page.executions.into_iter().next() else {
                // A link to a picture that the batch does not have.
                return self.close();
            };
            if self.detail.with_untracked(|now| now.as_deref() != Some(&read)) {
                self.detail.set(Some(Arc::new(read)));
            }
        });
    }

    /// The entry `step` after the current one, if it has been read, with its position in the list.
    pub(crate) fn neighbour(self, step: i64) -> Option<(u32, Arc<Execution>)> {
        let from = self.current()?;
        let place = self.pages.with_untracked(|pages| {
            pages.iter().find_map(|(page, entries)| {
                let within = entries.iter().position(|entry| entry.asset_index == from)?;
                Some(i64::from(page * PAGE) + within as i64)
            })
        })?;
        let next = u32::try_from(place + step).ok()?;
        let entry = self.pages.with_untracked(|pages| entry_at(pages, next).cloned())?;
        Some((next, entry))
    }
}

/// The entry at a position in the list, if its page has been read.
fn entry_at(pages: &HashMap<u32, Vec<Arc<Execution>>>, at: u32) -> Option<&Arc<Execution>> {
    pages.get(&(at / PAGE)).and_then(|page| page.get((at % PAGE) as usize))
}
