//! Storing picked files: in portions that keep the page's tasks short, a few at a time.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use leptos::task::spawn_local;
use web_sys::Blob;

use super::{Imported, Picked, UiError};
use crate::api::{ApiError, Asset};
use crate::browser::interop::handover;
use crate::browser::page::client::Client;
use crate::protocol::StopReason;
use crate::selection::HeaderCheck;
use crate::view_model::missing::Reason;

/// Files passed to the service at once: the browser takes about half a millisecond to post a file, and the page's tasks
/// must stay short.
const FILES_AT_ONCE: usize = 32;
/// Portions of one import that are under way at a time, so that the workers need not wait for the page.
const PORTIONS_AT_ONCE: usize = 4;
/// Consecutive files without room after which the import gives up.
const NO_ROOM_IN_A_ROW: u32 = 8;

/// Receives the index of a file, and what became of it and the ones after it.
pub(super) type Report = Rc<dyn Fn(usize, Vec<Result<Imported, Reason>>)>;

/// An import under way.
pub(super) struct Import {
    client: Client,
    files: Rc<[Picked]>,
    report: Report,
    /// The first file that has not been passed on.
    next: Cell<usize>,
    no_room: Cell<u32>,
    /// Why nothing more is stored; the error if it concerns the whole import.
    given_up: RefCell<Option<(Reason, Option<UiError>)>>,
}

impl Import {
    pub(super) fn new(client: Client, files: Rc<[Picked]>, report: Report) -> Rc<Self> {
        let (next, no_room, given_up) = (Cell::new(0), Cell::new(0), RefCell::new(None));
        Rc::new(Self { client, files, report, next, no_room, given_up })
    }

    /// Stores the files.
    ///
    /// # Errors
    /// What stopped it early.
    pub(super) async fn run(self: Rc<Self>) -> Result<(), UiError> {
        let others: Vec<_> = (1..PORTIONS_AT_ONCE)
            .map(|_| {
                let (import, (ended, has_ended)) = (self.clone(), handover());
                spawn_local(async move {
                    import.work().await;
                    ended.send(());
                });
                has_ended
            })
            .collect();
        self.work().await;
        for other in others {
            other.await;
        }
        self.end()
    }

    /// Stores one portion after another until there is none left.
    async fn work(&self) {
        while self.given_up.borrow().is_none() {
            let first = self.next.get();
            let end = (first + FILES_AT_ONCE).min(self.files.len());
            if first == end {
                return;
            }
            self.next.set(end);
            self.portion(first, end).await;
        }
    }

    /// Stores the files from `first` to before `end` in order.
    async fn portion(&self, mut first: usize, end: usize) {
        while first < end {
            let reason = self.given_up.borrow().as_ref().map(|(reason, _)| *reason);
            if let Some(reason) = reason {
                return (self.report)(first, vec![Err(reason); end - first]);
            }
            let most = if self.no_room.get() > 0 { 1 } else { end - first };
            let blobs = self.files[first..].iter().take(most).map(|picked| Blob::from(picked.file.clone())).collect();
            let (told, next) = (self.report.clone(), Cell::new(first));
            let on_stored = move |assets: &[Asset], headers: &[Option<HeaderCheck>]| {
                let first = next.replace(next.get() + assets.len());
                let imported = assets.iter().zip(headers).map(|(asset, header)| {
                    let Asset { asset_id, name, bytes, .. } = asset.clone();
                    Ok(Imported { asset_id, name, bytes, header: header.clone() })
                });
                told(first, imported.collect());
            };
            let (stored, failure) = match self.client.import_assets(blobs, Some(Rc::new(on_stored))).await {
                Ok(assets) => (assets.len(), None),
                Err(failure) => (failure.imported.len(), Some((failure.reason, failure.error))),
            };
            first += stored;
            if stored > 0 {
                self.no_room.set(0);
            }
            if let Some((stop, error)) = failure {
                self.failed(first..end.min(first + 1), stop, error);
                first += 1;
            }
        }
    }

    /// Reports the file that could not be stored, if there is one.
    fn failed(&self, file: Range<usize>, stop: StopReason, error: ApiError) {
        let reason = match stop {
            StopReason::Unreadable => Reason::Unreadable,
            StopReason::NoRoom => Reason::NoRoom,
            StopReason::General => Reason::Failed,
        };
        (self.report)(file.start, vec![Err(reason); file.len()]);
        self.no_room.set(self.no_room.get() + u32::from(reason == Reason::NoRoom));
        if reason == Reason::Failed {
            self.given_up.replace(Some((reason, Some(error.into()))));
        } else if self.no_room.get() >= NO_ROOM_IN_A_ROW && self.given_up.borrow().is_none() {
            self.given_up.replace(Some((reason, None)));
        }
    }

    /// Reports the files that were not passed on.
    fn end(&self) -> Result<(), UiError> {
        let Some((reason, error)) = self.given_up.take() else { return Ok(()) };
        let left = self.files.len() - self.next.get();
        if left > 0 {
            (self.report)(self.next.get(), vec![Err(reason); left]);
        }
        error.map_or(Ok(()), Err)
    }
}
