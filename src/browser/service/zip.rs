//! The results of a batch, with paths to store them under, and as one ZIP.

use js_sys::{Array, JsString, Uint8Array};
use web_sys::{Blob, BlobPropertyBag};

use super::super::environment::moment;
use super::super::interop::describe;
use super::super::storage::Storage;
use super::super::verify::{self, Found};
use crate::actions::output::placing_outputs;
use crate::api::{ApiError, Host, Service};
use crate::batch::records::{ExecutionState, Results};
use crate::compact::SortedSet;
use crate::export::names::{archived_path, unique_paths};
use crate::export::zip::{Entry, Moment, structure};
use crate::store::BatchStore;

/// Results to download.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    /// The ZIP.
    pub(super) blob: Blob,
    /// Names of results that were damaged or missing and are not in it.
    pub(super) missing: Vec<String>,
}

/// The successful outputs of a batch: at each place of the lists what belongs together, ordered by (assetIndex, output).
pub(super) struct Collected {
    /// Where each belongs: in the folder that its picture came from, under a name that is safe in any file system. No two
    /// are the same.
    pub(super) paths: Vec<String>,
    /// The id of each one's content.
    pub(super) asset_ids: Vec<String>,
    /// The stored Blobs themselves.
    pub(super) contents: Vec<Blob>,
    /// Names of results that were damaged or missing and are not in the lists.
    pub(super) missing: Vec<String>,
    /// Size in bytes, CRC-32, and when it was written.
    facts: Vec<(u64, u32, Moment)>,
}

/// The successful outputs of a batch, or of the pictures in `only`. Each is read once to check it.
///
/// # Errors
/// 404 when there are no results, 500 when the storage fails or every result is damaged.
pub(super) async fn collect<H: Host>(
    database: &Storage,
    service: &Service<Storage, H>,
    batch_id: &str,
    only: Option<&SortedSet<u32>>,
) -> Result<Collected, ApiError> {
    let (mut names, mut asset_ids, mut facts, mut contents) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut missing, mut damaged) = (Vec::new(), SortedSet::new());
    let placing = database.batch(batch_id).await?.map(|batch| placing_outputs(&batch.workflow)).unwrap_or_default();
    let is_wanted = |index| only.is_none_or(|only| only.contains(&index));
    let (mut from, last) = match only {
        Some(only) => (only.first().copied().unwrap_or(0), only.last().copied().unwrap_or(0)),
        None => (0, u32::MAX),
    };
    while from <= last
        && let Some(executions) = service.next_successes(batch_id, &mut from).await?
    {
        for execution in executions.into_iter().filter(|one| is_wanted(one.asset_index)) {
            let folder = execution.input_asset.inputs.first().map_or("", |input| input.folder()).to_owned();
            let ExecutionState::Success(success) = execution.state else { continue };
            let modified = moment(success.completed_at);
            let Results { outputs, crc32, .. } = success.results;
            for (output, crc32) in outputs.into_iter().zip(crc32) {
                match verify::read(database, &output.sha256).await? {
                    Found::Sound(content, _) => {
                        contents.push(content);
                        asset_ids.push(output.sha256);
                        names.push(archived_path(&folder, &output.name, placing.contains(&output.action_id)));
                        facts.push((output.bytes, crc32, modified));
                    }
                    Found::Damaged(_) | Found::Nothing => {
                        missing.push(output.name);
                        damaged.insert(output.sha256);
                    }
                    Found::TooLarge(why) => return Err(ApiError::internal(verify::too_large(&output.name, &why))),
                }
            }
        }
    }
    service.note_damaged(&damaged).await?;
    if facts.is_empty() {
        return Err(if missing.is_empty() {
            ApiError::not_found(format!("The batch \"{batch_id}\" has no results."))
        } else {
            ApiError::internal("Every stored result is damaged. Retry the batch to regenerate them.")
        });
    }
    let fold = |path: &str| -> String {
        JsString::from(path).normalize("NFC").to_upper_case().to_lower_case().normalize("NFC").into()
    };
    let paths = unique_paths(names.iter().map(String::as_str), &fold);
    Ok(Collected { paths, asset_ids, contents, missing, facts })
}

/// The same in one archive, whose parts are the stored Blobs themselves. It unpacks into a folder of its own, so that no
/// original is overwritten.
///
/// # Errors
/// Those of [`collect`].
pub(super) async fn zip<H: Host>(
    database: &Storage,
    service: &Service<Storage, H>,
    batch_id: &str,
    only: Option<&SortedSet<u32>>,
) -> Result<Archive, ApiError> {
    let Collected { paths, contents, missing, facts, .. } = collect(database, service, batch_id, only).await?;
    let files: Vec<Entry> = (paths.into_iter().zip(facts))
        .map(|(path, (size, crc32, modified))| Entry { path: format!("{batch_id}/{path}"), size, crc32, modified })
        .collect();
    let structure = structure(&files);
    let parts = Array::new();
    for (header, content) in structure.headers.iter().zip(&contents) {
        parts.push(&Uint8Array::from(header.as_slice()));
        parts.push(content);
    }
    parts.push(&Uint8Array::from(structure.directory.as_slice()));
    let options = BlobPropertyBag::new();
    options.set_type("application/zip");
    let blob = Blob::new_with_blob_sequence_and_options(&parts, &options);
    Ok(Archive { blob: blob.map_err(|error| ApiError::internal(describe(&error)))?, missing })
}
