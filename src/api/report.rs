//! A batch's report: one row per output, and one for each execution without any, as JSON or as CSV.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::time::iso_time;
use crate::batch::records::{BatchStatus, Execution, OutputFile, Progress};

/// The columns of a report, in this order; also an object's keys in the JSON form.
const COLUMNS: [&str; 31] = [
    "executionId",
    "assetIndex",
    "inputName",
    "inputPath",
    "inputUrl",
    "inputWidth",
    "inputHeight",
    "inputBytes",
    "status",
    "attempts",
    "earlierFailures",
    "error",
    "errorCategory",
    "phase",
    "errorActionId",
    "hint",
    "warnings",
    "startedAt",
    "completedAt",
    "durationMs",
    "engineVersion",
    "reusedFrom",
    "outputActionId",
    "outputName",
    "mimeType",
    "width",
    "height",
    "bytes",
    "sha256",
    "encoder",
    "modules",
];
/// The first column of an output.
const OUTPUT: usize = 22;

/// A report as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "says it by its names")]
pub struct Report {
    pub batch_id: String,
    pub workflow_id: String,
    pub job_name: String,
    pub status: BatchStatus,
    pub created_at: String,
    pub completed_at: Option<String>,
    pub rows: Vec<Map<String, Value>>,
}

impl Report {
    /// The report of a batch, still without rows.
    pub(super) fn new(progress: &Progress) -> Self {
        Self {
            batch_id: progress.batch_id.clone(),
            workflow_id: progress.workflow_id.clone(),
            job_name: progress.job_name.clone(),
            status: progress.status,
            created_at: iso_time(progress.created_at),
            completed_at: progress.completed_at.map(iso_time),
            rows: Vec::new(),
        }
    }

    /// Adds the rows of an execution.
    pub(super) fn add(&mut self, execution: &Execution) {
        let cells = rows(execution);
        self.rows
            .extend(cells.into_iter().map(|cells| COLUMNS.iter().map(|key| (*key).to_owned()).zip(cells).collect()));
    }
}

/// The header line of a report as CSV.
pub(super) fn csv_head() -> String {
    format!("{}\r\n", COLUMNS.join(","))
}

/// Adds the lines of an execution to a report as CSV (RFC 4180).
pub(super) fn add_csv(csv: &mut String, execution: &Execution) {
    for cells in rows(execution) {
        for (column, cell) in cells.iter().enumerate() {
            if column > 0 {
                csv.push(',');
            }
            push_cell(csv, cell);
        }
        csv.push_str("\r\n");
    }
}

/// A cell. Text that a spreadsheet would treat as a formula gets an apostrophe as prefix, since file names may come
/// from anywhere.
fn push_cell(csv: &mut String, cell: &Value) {
    match cell {
        Value::Null => {}
        Value::String(text) => {
            let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
            if !formula && !text.contains(['"', ',', '\r', '\n']) {
                csv.push_str(text);
                return;
            }
            csv.push('"');
            if formula {
                csv.push('\'');
            }
            csv.push_str(&text.replace('"', "\"\""));
            csv.push('"');
        }
        other => csv.push_str(&other.to_string()),
    }
}

fn rows(execution: &Execution) -> Vec<Vec<Value>> {
    let input = execution.input_asset.inputs.first();
    let size = execution.input_size;
    let failure = execution.failure();
    let warnings: Vec<&str> = execution.warnings().iter().map(|warning| warning.code.as_str()).collect();
    let word = |word: Option<Value>| word.unwrap_or_default();
    let own: Vec<Value> = vec![
        execution.execution_id().into(),
        execution.asset_index.into(),
        input.map(|input| input.name.clone()).into(),
        input.and_then(|input| input.path.clone()).into(),
        input.map(|input| input.source_url.clone()).into(),
        size.map(|size| size.width).into(),
        size.map(|size| size.height).into(),
        size.map(|size| size.bytes).into(),
        execution.status().name().into(),
        execution.attempts.into(),
        execution.history.len().into(),
        failure.map(|failure| failure.message.clone()).into(),
        word(failure.and_then(|failure| serde_json::to_value(failure.category).ok())),
        word(failure.and_then(|failure| serde_json::to_value(failure.phase).ok())),
        failure.and_then(|failure| failure.action_id.clone()).into(),
        failure.map(|failure| failure.hint.clone()).into(),
        Some(warnings.join(" ")).filter(|codes| !codes.is_empty()).into(),
        execution.started_at().map(iso_time).into(),
        execution.completed_at().map(iso_time).into(),
        execution.duration_ms().into(),
        execution.engine_version().cloned().into(),
        execution.reused().map(|reused| reused.execution_id.clone()).into(),
    ];
    debug_assert_eq!(own.len(), OUTPUT);
    if execution.outputs().is_empty() {
        let mut row = own;
        row.resize(COLUMNS.len(), Value::Null);
        return vec![row];
    }
    let outputs = execution.outputs().iter().map(|output| {
        let mut row = own.clone();
        row.extend::<[Value; COLUMNS.len() - OUTPUT]>([
            output.action_id.clone().into(),
            output.name.clone().into(),
            output.mime_type.clone().into(),
            output.width.into(),
            output.height.into(),
            output.bytes.into(),
            output.sha256.clone().into(),
            output.encoder.clone().into(),
            modules(output).into(),
        ]);
        row
    });
    outputs.collect()
}

/// The custom actions that had a part in an output, each with the hash of its module.
fn modules(output: &OutputFile) -> Option<String> {
    let all: Vec<_> = output.modules.iter().map(|(name, sha256)| format!("{name} {sha256}")).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut csv = String::new();
        push_cell(&mut csv, &text.into());
        csv
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        for (text, expected) in [
            ("plain name.jpg", "plain name.jpg"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"cheese\"", "\"say \"\"cheese\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn no_file_name_is_a_formula() {
        for text in ["=1+1", "+49", "-x", "@sum", "\tx"] {
            assert_eq!(cell(text), format!("\"'{text}\""));
        }
        let mut number = String::new();
        push_cell(&mut number, &Value::from(-1));
        assert_eq!(number, "-1", "a number is none");
    }

    #[test]
    fn every_line_has_every_column() {
        assert_eq!(csv_head().trim_end().split(',').count(), COLUMNS.len());
        assert_eq!(COLUMNS[OUTPUT], "outputActionId");
    }
}
