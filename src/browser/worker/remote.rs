//! The store of a worker while the service works from memory: it asks the service, by messages.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::interop::{Sender, handover};
use super::super::storage::End;
use super::report_with;
use crate::batch::records::{Batch, Execution, Millis, Progress};
use crate::protocol::{FromWorker, StoreAnswer, StoreRequest};
use crate::store::{AssetRecord, NewAsset, StoreError, UserFile};

/// The connection to the service's memory.
#[derive(Default)]
pub struct Remote {
    tickets: Cell<u32>,
    waiting: RefCell<BTreeMap<u32, Sender<(StoreAnswer, JsValue)>>>,
}

/// Records and contents of the files attached to a request.
fn without_contents(assets: Vec<NewAsset<Blob>>) -> (Vec<AssetRecord>, JsValue) {
    let (records, contents): (Vec<_>, Vec<_>) = assets.into_iter().map(|asset| asset.into_parts(false, 0.0)).unzip();
    (records, contents.into_iter().collect::<Array>().into())
}

fn misunderstood() -> StoreError {
    StoreError::Failed("The service's answer does not match the request.".to_owned())
}

impl Remote {
    async fn ask(&self, request: StoreRequest, contents: &JsValue) -> Result<(StoreAnswer, JsValue), StoreError> {
        let ticket = self.tickets.get();
        self.tickets.set(ticket.wrapping_add(1));
        let (sender, receiver) = handover();
        self.waiting.borrow_mut().insert(ticket, sender);
        report_with(&FromWorker::Ask { ticket, request }, contents);
        match receiver.await {
            Some((StoreAnswer::Failed(message), _)) => Err(StoreError::Failed(message)),
            Some(answer) => Ok(answer),
            None => Err(misunderstood()),
        }
    }

    /// The service's answer, and the content that was requested.
    pub(super) fn answered(&self, ticket: u32, answer: StoreAnswer, content: JsValue) {
        if let Some(waiting) = self.waiting.borrow_mut().remove(&ticket) {
            waiting.send((answer, content));
        }
    }

    pub(in super::super) async fn asset(&self, asset_id: &str) -> Result<Option<AssetRecord>, StoreError> {
        let request = StoreRequest::Asset { asset_id: asset_id.to_owned() };
        match self.ask(request, &JsValue::UNDEFINED).await? {
            (StoreAnswer::Asset(record), _) => Ok(record),
            _ => Err(misunderstood()),
        }
    }

    pub(in super::super) async fn content(&self, asset_id: &str) -> Result<Option<Blob>, StoreError> {
        let request = StoreRequest::Content { asset_id: asset_id.to_owned() };
        Ok(self.ask(request, &JsValue::UNDEFINED).await?.1.dyn_into().ok())
    }

    pub(in super::super) async fn batch(&self, batch_id: &str) -> Result<Option<Batch>, StoreError> {
        let request = StoreRequest::Batch { batch_id: batch_id.to_owned() };
        match self.ask(request, &JsValue::UNDEFINED).await? {
            (StoreAnswer::Batch(batch), _) => Ok(batch.map(|batch| *batch)),
            _ => Err(misunderstood()),
        }
    }

    pub(in super::super) async fn user_files(&self) -> Result<Vec<UserFile>, StoreError> {
        match self.ask(StoreRequest::UserFiles, &JsValue::UNDEFINED).await? {
            (StoreAnswer::UserFiles(files), _) => Ok(files),
            _ => Err(misunderstood()),
        }
    }

    pub(in super::super) async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        match self.ask(StoreRequest::Setting { key: key.to_owned() }, &JsValue::UNDEFINED).await? {
            (StoreAnswer::Setting(value), _) => Ok(value),
            _ => Err(misunderstood()),
        }
    }

    pub(in super::super) async fn put_assets(
        &self,
        assets: Vec<NewAsset<Blob>>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (assets, contents) = without_contents(assets);
        self.ask(StoreRequest::Put { assets, now }, &contents).await.map(|_| ())
    }

    pub(in super::super) async fn records(
        &self,
        batch_id: &str,
        from: u32,
        count: u32,
    ) -> Result<Vec<Execution>, StoreError> {
        let mut found = Vec::new();
        for index in from..from + count {
            let request = StoreRequest::Records { batch_id: batch_id.to_owned(), index };
            match self.ask(request, &JsValue::UNDEFINED).await? {
                (StoreAnswer::Records(Some(records)), _) => found.push(records.1),
                (StoreAnswer::Records(None), _) => break,
                _ => return Err(misunderstood()),
            }
        }
        Ok(found)
    }

    pub(in super::super) async fn finish(
        &self,
        end: End,
        assets: Vec<NewAsset<Blob>>,
    ) -> Result<Option<(Progress, Execution)>, StoreError> {
        let (assets, contents) = without_contents(assets);
        loop {
            let request = StoreRequest::Records { batch_id: end.batch_id.clone(), index: end.index };
            let mut records = match self.ask(request, &JsValue::UNDEFINED).await? {
                (StoreAnswer::Records(Some(records)), _) => records,
                (StoreAnswer::Records(None), _) => return Ok(None),
                _ => return Err(misunderstood()),
            };
            let revision = records.0.revision;
            let (progress, execution) = &mut *records;
            if end.clone().apply(progress, execution).is_none() {
                return Ok(None);
            }
            let request = StoreRequest::Write { revision, records: records.clone(), assets: assets.clone() };
            match self.ask(request, &contents).await? {
                (StoreAnswer::Written(true), _) => return Ok(Some(*records)),
                // Something else in the batch has changed meanwhile: start over.
                (StoreAnswer::Written(false), _) => {}
                _ => return Err(misunderstood()),
            }
        }
    }
}
