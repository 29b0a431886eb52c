//! The service's side of a worker without storage of its own: the worker asks the service, which keeps everything in memory.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::super::database::{Apply, slot};
use super::super::storage::Storage;
use crate::protocol::{StoreAnswer, StoreRequest};
use crate::store::{
    AssetRecord, AssetStore, BatchStore, Durability, LibraryStore, MemoryStore, NewAsset, SettingStore, StoreError,
    Which,
};

/// The files of a message: their records, and their contents attached in the same order.
pub(super) fn with_contents(assets: Vec<AssetRecord>, contents: &JsValue) -> Vec<NewAsset<Blob>> {
    let contents: &Array = contents.unchecked_ref();
    let with = |(asset, content): (AssetRecord, JsValue)| asset.with_content(content.unchecked_into());
    assets.into_iter().zip(contents.iter()).map(with).collect()
}

async fn change(
    store: &MemoryStore<Blob>,
    batch_id: &str,
    index: u32,
    assets: Vec<NewAsset<Blob>>,
    apply: Apply,
) -> Result<bool, StoreError> {
    let storage = Storage::Memory(store.clone());
    storage.change_boxed(batch_id, Which::At(vec![index]), assets, Durability::Strict, apply).await
}

/// Executes a worker's request. Requested content is attached to the answer.
pub(super) async fn answer(
    store: &MemoryStore<Blob>,
    request: StoreRequest,
    attachment: &JsValue,
) -> Result<(StoreAnswer, JsValue), StoreError> {
    let mut content = JsValue::UNDEFINED;
    let answer = match request {
        StoreRequest::Asset { asset_id } => StoreAnswer::Asset(store.asset(&asset_id).await?),
        StoreRequest::Content { asset_id } => {
            content = store.content(&asset_id).await?.map_or(content, JsValue::from);
            StoreAnswer::Done
        }
        StoreRequest::Batch { batch_id } => StoreAnswer::Batch(store.batch(&batch_id).await?.map(Box::new)),
        StoreRequest::UserFiles => StoreAnswer::UserFiles(store.user_files().await?),
        StoreRequest::Setting { key } => StoreAnswer::Setting(store.setting(&key).await?),
        StoreRequest::Put { assets, now } => {
            store.put_assets(with_contents(assets, attachment), now).await?;
            StoreAnswer::Done
        }
        StoreRequest::Records { batch_id, index } => {
            // Reads only.
            let (found, left) = slot();
            let read: Apply = Box::new(move |progress, executions| {
                left.set(executions.pop().map(|execution| Box::new((progress.clone(), execution))));
                false
            });
            change(store, &batch_id, index, Vec::new(), read).await?;
            StoreAnswer::Records(found.take())
        }
        StoreRequest::Write { revision, records, assets } => {
            let (progress, execution) = *records;
            let (batch_id, index) = (progress.batch_id.clone(), execution.asset_index);
            let write: Apply = Box::new(move |known, executions| {
                let unchanged = known.revision == revision;
                if unchanged {
                    *known = progress;
                    *executions = vec![execution];
                }
                unchanged
            });
            StoreAnswer::Written(change(store, &batch_id, index, with_contents(assets, attachment), write).await?)
        }
    };
    Ok((answer, content))
}
