//! Reading the table that a batch runs, in a worker of its own.

use std::rc::Rc;

use serde_json::Value;
use wasm_bindgen::prelude::*;

use super::one_shot;
use super::pool::{FromPool, Program};
use crate::api::ApiError;
use crate::engine::InputAsset;
use crate::protocol::{FromWorker, ToWorker};
use crate::workflow::Diagnostic;

/// Time limit: that of a large table on a slow device.
const READ_MS: u32 = 120_000;

/// What each row's execution works on.
///
/// # Errors
/// What is wrong with the table, or why it cannot be read.
pub(super) async fn read(program: &Rc<Program>, document: &Value) -> Result<Vec<InputAsset>, ApiError> {
    let message = ToWorker::ReadRows { document: document.to_string() };
    let why = match one_shot::run(program, message, JsValue::UNDEFINED, Some(READ_MS)).await {
        Ok(FromPool::Report(FromWorker::RowsRead { rows, problems })) if problems.is_empty() => return Ok(rows),
        Ok(FromPool::Report(FromWorker::RowsRead { problems, .. })) => {
            return Err(ApiError::of_table(Diagnostic::of_texts(&problems)));
        }
        Ok(_) => "it was stopped".to_owned(),
        Err(why) => why,
    };
    Err(ApiError::internal(format!("The table could not be read: {why}. Try again.")))
}
