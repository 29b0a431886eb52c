//! All results of a batch as one ZIP: headers made here, contents by reference to what is stored. No content is read.

use js_sys::{Array, Uint8Array};
use web_sys::{Blob, BlobPropertyBag};

use super::services::Problem;
use crate::batch::records::{Execution, ExecutionStatus};
use crate::browser::client::Client;
use crate::export::names::unique_paths;
use crate::export::zip::{Entry, structure};

/// Executions read at a time.
const PAGE: u32 = 500;

/// The archive of a batch's results so far, in the order of pictures and outputs.
///
/// # Errors
/// When there are no results, or one cannot be read.
pub(crate) async fn of_batch(client: &Client, batch_id: &str) -> Result<Blob, Problem> {
    let executions = successes(client, batch_id).await?;
    let outputs: Vec<_> = executions
        .iter()
        .flat_map(|execution| {
            let modified = execution.completed_at.unwrap_or_default();
            execution.outputs.iter().zip(&execution.crc32).map(move |(output, crc32)| (output, *crc32, modified))
        })
        .collect();
    if outputs.is_empty() {
        return Err(Problem::new("There are no results yet.", "Wait for the first picture to be done."));
    }
    let paths = unique_paths(outputs.iter().map(|(output, ..)| output.name.as_str()));
    let entries: Vec<Entry> = outputs
        .iter()
        .zip(paths)
        .map(|((output, crc32, modified), path)| Entry { path, size: output.bytes, crc32: *crc32, modified: *modified })
        .collect();
    let structure = structure(&entries);
    let parts = Array::new();
    for (header, (output, ..)) in structure.headers.iter().zip(&outputs) {
        parts.push(&Uint8Array::from(header.as_slice()));
        let content: Blob = client.read_asset(&output.url).await?;
        parts.push(content.as_ref());
    }
    parts.push(&Uint8Array::from(structure.directory.as_slice()));
    let kind = BlobPropertyBag::new();
    kind.set_type("application/zip");
    Blob::new_with_blob_sequence_and_options(&parts, &kind)
        .map_err(|_| Problem::new("The browser could not make the archive.", "Download the pictures one by one."))
}

async fn successes(client: &Client, batch_id: &str) -> Result<Vec<Execution>, Problem> {
    let mut all = Vec::new();
    loop {
        let page = client.execution_records(batch_id, Some(ExecutionStatus::Success), all.len() as u32, PAGE).await?;
        let last = page.executions.len() < PAGE as usize;
        all.extend(page.executions);
        if last {
            return Ok(all);
        }
    }
}
