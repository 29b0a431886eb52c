//! Requests, read leniently in type and strictly in range: an error is a 400 that says how to fix it.

use serde_json::{Map, Value};

use super::answers::Filters;
use super::error::ApiError;
use super::identifiers;
use super::time::parse_time;
use super::workflows::WorkflowStatus;
use crate::batch::records::{BatchStatus, Config, ExecutionStatus, Millis, Priority, execution_id};
use crate::batch::transitions::Replacement;
use crate::compact::sort_by;
use crate::store::BatchFilter;
use crate::user_file::FileKind;

/// What to execute.
#[derive(Clone, Debug, PartialEq)]
pub struct Execute {
    /// The batch's workflow id; takes precedence over a document's.
    pub workflow_id: String,
    /// What to run.
    pub task: Task,
    /// With defaults.
    pub config: Config,
    /// Whether results of unchanged executions are reused.
    pub skip_unchanged: bool,
    /// The id that the batch is to have, so that a request that is sent twice is accepted once.
    pub batch_id: Option<String>,
    /// Whatever the client wants to find again in the batch's status and events.
    pub client_data: Option<Value>,
}

/// The most bytes that `clientData` may have as JSON.
const LARGEST_CLIENT_DATA: usize = 4096;

/// What runs, in either form of the request.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// A document in the request, as written.
    Document(Value),
    /// Runs of a workflow that was published earlier: each gives one execution, and there is at least one.
    Runs(Vec<Run>),
}

/// What the input actions of a published workflow receive in one execution.
pub type Run = Vec<RunInput>;

/// What one input action receives.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInput {
    /// The action's id.
    pub node_id: String,
    /// Its input.
    pub given: Given,
}

/// An input of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Files, as entries of an action's `images`: `content` as a list, or the one of `template`.
    Files(Vec<Value>),
    /// Text.
    Text(String),
}

impl Execute {
    /// Reads either form.
    ///
    /// # Errors
    /// 400 naming what is missing or wrong.
    pub fn read(request: &Value) -> Result<Self, ApiError> {
        let request = object(request, "The request")?;
        let config = match request.get("batchConfig").filter(|config| !config.is_null()) {
            Some(config) => read_config(object(config, "\"batchConfig\"")?)?,
            None => Config::default(),
        };
        let skip_unchanged = match given(request, "skipUnchanged") {
            None => false,
            Some(value) => value
                .as_bool()
                .ok_or_else(|| ApiError::invalid(format!("\"skipUnchanged\" is {value}. Give true or false.")))?,
        };
        let batch_id = match given(request, "batchId") {
            None => None,
            Some(Value::String(id)) if identifiers::is_batch_id(id) => Some(id.clone()),
            Some(value) => {
                return Err(ApiError::invalid(format!(
                    "\"batchId\" is {value}. Omit it, or give \"batch-\", words of small letters and digits, the day and 8 \
                     hexadecimal digits, as in \"batch-web-gallery-20260131-0a1b2c3d\"."
                )));
            }
        };
        let client_data = given(request, "clientData").cloned();
        let size = client_data.as_ref().map_or(0, |data| data.to_string().len());
        if size > LARGEST_CLIENT_DATA {
            return Err(ApiError::invalid(format!(
                "\"clientData\" has {size} bytes as JSON. Give at most {LARGEST_CLIENT_DATA}: a key to what you keep \
                 yourself."
            )));
        }
        let workflow = request.get("workflow").filter(|workflow| !workflow.is_null());
        if let Some(nested) = workflow.and_then(Value::as_object)
            && !nested.contains_key("actions")
            && (nested.contains_key("inputs") || nested.contains_key("workflowId"))
        {
            let workflow_id = required_text(nested, "workflow.workflowId", "workflowId")?;
            return Ok(Self {
                workflow_id,
                task: Task::Runs(read_runs(nested)?),
                config,
                skip_unchanged,
                batch_id,
                client_data,
            });
        }
        let workflow_id = required_text(request, "workflowId", "workflowId")?;
        let Some(workflow) = workflow else {
            return Err(ApiError::invalid("\"workflow\" is missing. Send the workflow document."));
        };
        Ok(Self { workflow_id, task: Task::Document(workflow.clone()), config, skip_unchanged, batch_id, client_data })
    }
}

fn read_runs(nested: &Map<String, Value>) -> Result<Vec<Run>, ApiError> {
    let runs = match nested.get("inputs").map(Value::as_array) {
        Some(Some(runs)) if !runs.is_empty() => runs,
        _ => {
            return Err(ApiError::invalid(
                "\"workflow.inputs\" is not a list with an entry per run. Give at least one.",
            ));
        }
    };
    runs.iter().enumerate().map(|(index, run)| read_run(&format!("workflow.inputs[{index}]"), run)).collect()
}

fn read_run(shown: &str, run: &Value) -> Result<Run, ApiError> {
    let wrong = |what: String| {
        Err(ApiError::invalid(format!("{what} Give {{ node_id, content }} or {{ node_id, template }}.")))
    };
    let Some(entries) = run.as_array().filter(|entries| !entries.is_empty()) else {
        return wrong(format!("\"{shown}\" is not a list of inputs."));
    };
    let mut inputs: Run = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(node_id) = entry.get("node_id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
            return wrong(format!("An input of \"{shown}\" has no \"node_id\"."));
        };
        if inputs.iter().any(|input| input.node_id == node_id) {
            return wrong(format!("\"{shown}\" gives \"{node_id}\" twice."));
        }
        let given = match (entry.get("content"), entry.get("template")) {
            (Some(Value::String(text)), None) => Given::Text(text.clone()),
            (Some(Value::Array(files)), None) if files.iter().all(is_file) => Given::Files(files.clone()),
            (None, Some(file)) if is_file(file) => Given::Files(vec![file.clone()]),
            _ => {
                return wrong(format!(
                    "\"{node_id}\" in \"{shown}\" needs a text or files, each with its \"presignedUrl\"."
                ));
            }
        };
        inputs.push(RunInput { node_id: node_id.to_owned(), given });
    }
    Ok(inputs)
}

/// Whether an entry names a file by either of the two keys.
fn is_file(entry: &Value) -> bool {
    ["presignedUrl", "sourceUrl"]
        .iter()
        .any(|key| entry.get(*key).and_then(Value::as_str).is_some_and(|url| !url.is_empty()))
}

fn read_config(raw: &Map<String, Value>) -> Result<Config, ApiError> {
    let defaults = Config::default();
    let continue_on_error = match given(raw, "continueOnError") {
        None => defaults.continue_on_error,
        Some(value) => value.as_bool().ok_or_else(|| {
            ApiError::invalid(format!("\"batchConfig.continueOnError\" is {value}. Give true or false."))
        })?,
    };
    let webhook_url = match given(raw, "webhookUrl") {
        None => None,
        Some(Value::String(url)) if is_web_url(url) => Some(url.clone()),
        Some(value) => {
            return Err(ApiError::invalid(format!("\"batchConfig.webhookUrl\" is {value}. {WEBHOOK_HINT}")));
        }
    };
    Ok(Config {
        concurrency_limit: concurrency_limit(raw, "batchConfig.concurrencyLimit")?
            .unwrap_or(defaults.concurrency_limit),
        priority: priority(raw, "batchConfig.priority")?.unwrap_or(defaults.priority),
        continue_on_error,
        webhook_url,
    })
}

/// How to fix a webhook's URL.
pub const WEBHOOK_HINT: &str = "Give an absolute URL, such as \"https://example.org/hook\".";

/// Whether this is an absolute URL that can be used as a webhook.
pub fn is_web_url(url: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(*scheme));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace))
}

/// The query of a batch's status: the form of the answer. The link `result` uses `preview`, which returns the same.
///
/// # Errors
/// 400 for another form.
pub(super) fn check_format(query: &Value) -> Result<(), ApiError> {
    word(&query_object(query)?, "format", &[("preview", ())]).map(|_| ())
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// An object with rows.
    Json,
    /// Comma-separated values.
    Csv,
}

impl ReportFormat {
    /// Reads the query of a report; the default is JSON.
    ///
    /// # Errors
    /// 400 for another form.
    pub fn read(query: &Value) -> Result<Self, ApiError> {
        let words = [("json", Self::Json), ("csv", Self::Csv)];
        Ok(word(&query_object(query)?, "format", &words)?.unwrap_or(Self::Json))
    }
}

/// The query of a list of batches.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// Entries of the page, 1…100.
    pub limit: u32,
    /// Entries before it.
    pub offset: u32,
    /// The filters as applied, for the answer.
    pub filters: Filters,
    created_after: Option<Millis>,
    created_before: Option<Millis>,
}

impl ListQuery {
    /// Reads it; without a query it is the default.
    ///
    /// # Errors
    /// 400 naming what is wrong.
    pub fn read(query: &Value) -> Result<Self, ApiError> {
        let query = query_object(query)?;
        let status = word(
            &query,
            "status",
            &[
                ("pending", BatchStatus::Pending),
                ("running", BatchStatus::Running),
                ("completed", BatchStatus::Completed),
                ("failed", BatchStatus::Failed),
                ("cancelled", BatchStatus::Cancelled),
            ],
        )?;
        let workflow_id = match given(&query, "workflowId") {
            None => None,
            Some(value) => Some(value.as_str().map(str::to_owned).ok_or_else(|| {
                ApiError::invalid(format!("\"workflowId\" is {value}. Give a workflow's id as text."))
            })?),
        };
        let (created_after, after) = time(&query, "createdAfter")?.unzip();
        let (created_before, before) = time(&query, "createdBefore")?.unzip();
        Ok(Self {
            limit: whole(&query, "limit", 1, 100)?.unwrap_or(50),
            offset: whole(&query, "offset", 0, u32::MAX)?.unwrap_or(0),
            filters: Filters { status, workflow_id, created_after: after, created_before: before },
            created_after,
            created_before,
        })
    }

    /// The filters in the store's form.
    pub fn filter(&self) -> BatchFilter {
        BatchFilter {
            status: self.filters.status,
            workflow_id: self.filters.workflow_id.clone(),
            created_after: self.created_after,
            created_before: self.created_before,
        }
    }
}

/// The query of a list of workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowsQuery {
    /// Only drafts, or only published ones.
    pub status: Option<WorkflowStatus>,
    /// Entries of the page, 1…100.
    pub limit: u32,
    /// Entries before it.
    pub offset: u32,
}

impl WorkflowsQuery {
    /// Reads it; without a query it is the default.
    ///
    /// # Errors
    /// 400 naming what is wrong.
    pub fn read(query: &Value) -> Result<Self, ApiError> {
        let query = query_object(query)?;
        let words = [("draft", WorkflowStatus::Draft), ("published", WorkflowStatus::Published)];
        Ok(Self {
            status: word(&query, "status", &words)?,
            limit: whole(&query, "limit", 1, 100)?.unwrap_or(50),
            offset: whole(&query, "offset", 0, u32::MAX)?.unwrap_or(0),
        })
    }
}

/// The query of a list of files that actions use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilesQuery {
    /// Only those of this kind.
    pub kind: Option<FileKind>,
}

impl FilesQuery {
    /// Reads it; without a query it is the default.
    ///
    /// # Errors
    /// 400 naming what is wrong.
    pub fn read(query: &Value) -> Result<Self, ApiError> {
        Ok(Self { kind: file_kind(&query_object(query)?)? })
    }
}

/// What is said of a file that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRequest {
    /// What it is.
    pub kind: FileKind,
    /// Its name; that of the file itself if there is none.
    pub name: Option<String>,
}

impl FileRequest {
    /// Reads it.
    ///
    /// # Errors
    /// 400 naming what is wrong.
    pub fn read(request: &Value) -> Result<Self, ApiError> {
        let kind = file_kind(&query_object(request)?)?;
        let kind = kind.ok_or_else(|| ApiError::invalid("\"kind\" is missing. Use model, font, lut or action."))?;
        Ok(Self { kind, name: optional_text(request, "name")? })
    }
}

fn file_kind(raw: &Map<String, Value>) -> Result<Option<FileKind>, ApiError> {
    word(raw, "kind", &FileKind::ALL.map(|kind| (kind.word(), kind)))
}

/// The version of a workflow that a query requests.
///
/// # Errors
/// 400 for anything that is not a version number.
pub(super) fn version_asked(query: &Value) -> Result<Option<u32>, ApiError> {
    whole(&query_object(query)?, "version", 1, u32::MAX)
}

/// An optional text among options.
///
/// # Errors
/// 400 when it is something else.
pub(super) fn optional_text(options: &Value, key: &str) -> Result<Option<String>, ApiError> {
    match given(&query_object(options)?, key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(value) => Err(ApiError::invalid(format!("\"{key}\" is {value}. Give it as text."))),
    }
}

/// The query of a batch's executions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionsQuery {
    /// Only those in this state.
    pub status: Option<ExecutionStatus>,
    /// Entries of the page, 1…500.
    pub limit: u32,
    /// Entries before it.
    pub offset: u32,
}

impl ExecutionsQuery {
    /// Reads it; without a query it is the default.
    ///
    /// # Errors
    /// 400 naming what is wrong.
    pub fn read(query: &Value) -> Result<Self, ApiError> {
        let query = query_object(query)?;
        Ok(Self {
            status: word(
                &query,
                "status",
                &[
                    ("pending", ExecutionStatus::Pending),
                    ("running", ExecutionStatus::Running),
                    ("success", ExecutionStatus::Success),
                    ("failed", ExecutionStatus::Failed),
                ],
            )?,
            limit: whole(&query, "limit", 1, 500)?.unwrap_or(100),
            offset: whole(&query, "offset", 0, u32::MAX)?.unwrap_or(0),
        })
    }
}

/// Which executions to retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// These, or all failed ones.
    pub execution_ids: Option<Vec<String>>,
    /// Only executions that never ran; failed ones stay failed.
    pub only_pending: bool,
    /// For a single execution: a file to replace one that cannot be used.
    pub replacement: Option<Replacement>,
}

impl Retry {
    /// Reads it; without a query it is the default.
    ///
    /// # Errors
    /// 400 naming what is wrong.
    pub fn read(request: &Value) -> Result<Self, ApiError> {
        let request = query_object(request)?;
        let wrong =
            || ApiError::invalid("\"executionIds\" is not a list of ids. Omit it to retry all failed executions.");
        let execution_ids: Option<Vec<String>> = match given(&request, "executionIds") {
            None => None,
            Some(value) => {
                let ids = value.as_array().ok_or_else(wrong)?.iter();
                Some(ids.map(|id| id.as_str().map(str::to_owned).ok_or_else(wrong)).collect::<Result<_, _>>()?)
            }
        };
        if execution_ids.as_ref().is_some_and(Vec::is_empty) {
            return Err(ApiError::invalid("\"executionIds\" is empty. Omit it to retry all failed executions."));
        }
        let only_pending = match given(&request, "onlyPending") {
            None => false,
            Some(value) => {
                value.as_bool().ok_or_else(|| ApiError::invalid("\"onlyPending\" must be true or false."))?
            }
        };
        if only_pending && execution_ids.is_some() {
            return Err(ApiError::invalid(
                "\"onlyPending\" runs what never ran, and \"executionIds\" retries failed executions. Give one of them.",
            ));
        }
        let replacement = given(&request, "replacement").map(read_replacement).transpose()?;
        if replacement.is_some() && execution_ids.as_ref().is_none_or(|ids| ids.len() != 1) {
            return Err(ApiError::invalid(
                "\"replacement\" is for one execution. Give its id alone in \"executionIds\".",
            ));
        }
        Ok(Self { execution_ids, only_pending, replacement })
    }

    /// Their positions in the batch, in order, each once.
    ///
    /// # Errors
    /// 400 for an id that is not an execution of this batch.
    pub fn indices(&self, batch_id: &str) -> Result<Option<Vec<u32>>, ApiError> {
        let Some(ids) = &self.execution_ids else { return Ok(None) };
        let mut indices = Vec::with_capacity(ids.len());
        for id in ids {
            let index = id.rsplit_once("_exec-").and_then(|(_, index)| index.parse().ok());
            match index.filter(|index| execution_id(batch_id, *index) == *id) {
                Some(index) => indices.push(index),
                None => return Err(ApiError::invalid(format!("There is no execution \"{id}\" in this batch."))),
            }
        }
        sort_by(&mut indices, u32::cmp);
        indices.dedup();
        Ok(Some(indices))
    }
}

/// What to change about a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The new priority.
    pub priority: Option<Priority>,
    /// The new concurrency limit, 1…100.
    pub concurrency_limit: Option<u32>,
}

impl Update {
    /// Reads it.
    ///
    /// # Errors
    /// 400 naming what is wrong, or that nothing is given.
    pub fn read(request: &Value) -> Result<Self, ApiError> {
        let request = query_object(request)?;
        let update = Self {
            priority: priority(&request, "priority")?,
            concurrency_limit: concurrency_limit(&request, "concurrencyLimit")?,
        };
        if update == (Self { priority: None, concurrency_limit: None }) {
            return Err(ApiError::invalid("Nothing to update. Give \"priority\" or \"concurrencyLimit\"."));
        }
        Ok(update)
    }
}

/// Checks the last argument of a call, `{ "apiVersion": "1.0" }`, which corresponds to an `api-version` header.
///
/// # Errors
/// 400 for any other version.
pub fn check_version(options: &Value) -> Result<(), ApiError> {
    match options.get("apiVersion") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(version)) if version == "1.0" => Ok(()),
        Some(Value::Number(version)) if version.as_f64() == Some(1.0) => Ok(()),
        Some(Value::String(version)) => Err(ApiError::unsupported_version(version)),
        Some(other) => Err(ApiError::unsupported_version(&other.to_string())),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, ApiError> {
    value.as_object().ok_or_else(|| ApiError::invalid(format!("{what} is not an object. Write it as {{ … }}.")))
}

/// A query: an object, or nothing.
fn read_replacement(value: &Value) -> Result<Replacement, ApiError> {
    let raw = object(value, "\"replacement\"")?;
    let text = |key: &str| given(raw, key).and_then(Value::as_str).map(str::to_owned);
    let asset_id = text("sourceUrl").and_then(|url| url.strip_prefix("asset:").map(str::to_owned));
    let asset_id = asset_id.filter(|asset_id| !asset_id.is_empty()).ok_or_else(|| {
        ApiError::invalid("\"replacement.sourceUrl\" is not \"asset:\" with an id. Import the file first.")
    })?;
    Ok(Replacement { action_id: text("actionId"), name: text("name").unwrap_or_default(), asset_id })
}

fn query_object(value: &Value) -> Result<Map<String, Value>, ApiError> {
    if value.is_null() { Ok(Map::new()) } else { object(value, "The query").cloned() }
}

/// A value that is present: neither null nor the empty string of an empty form field.
fn given<'a>(raw: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    raw.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn required_text(raw: &Map<String, Value>, shown: &str, key: &str) -> Result<String, ApiError> {
    match given(raw, key) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.clone()),
        Some(Value::String(_)) | None => {
            Err(ApiError::invalid(format!("\"{shown}\" is missing. Give the workflow's id.")))
        }
        Some(value) => Err(ApiError::invalid(format!("\"{shown}\" is {value}. Give it as text."))),
    }
}

/// A whole number in a range; may be given as text.
fn whole(raw: &Map<String, Value>, shown: &str, least: u32, most: u32) -> Result<Option<u32>, ApiError> {
    let key = shown.rsplit('.').next().unwrap_or(shown);
    let Some(value) = given(raw, key) else { return Ok(None) };
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => crate::number::parse(text.trim()),
        _ => None,
    };
    let fits = |number: &f64| number.fract() == 0.0 && (f64::from(least)..=f64::from(most)).contains(number);
    number.filter(fits).map(|number| Some(number as u32)).ok_or_else(|| {
        let range = if most == u32::MAX { format!("of at least {least}") } else { format!("from {least} to {most}") };
        ApiError::invalid(format!("\"{shown}\" is {value}. Give a whole number {range}."))
    })
}

/// One of some words.
fn word<T: Copy>(raw: &Map<String, Value>, shown: &str, words: &[(&str, T)]) -> Result<Option<T>, ApiError> {
    let key = shown.rsplit('.').next().unwrap_or(shown);
    let Some(value) = given(raw, key) else { return Ok(None) };
    let found = words.iter().find(|(word, _)| value.as_str() == Some(*word));
    found.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
        let known = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        ApiError::invalid(format!("\"{shown}\" is {value}. Give one of: {known}."))
    })
}

fn concurrency_limit(raw: &Map<String, Value>, shown: &str) -> Result<Option<u32>, ApiError> {
    whole(raw, shown, 1, 100)
}

fn priority(raw: &Map<String, Value>, shown: &str) -> Result<Option<Priority>, ApiError> {
    word(raw, shown, &Priority::ALL.map(|priority| (priority.name(), priority)))
}

/// A time, with the text it was given as.
fn time(raw: &Map<String, Value>, key: &str) -> Result<Option<(Millis, String)>, ApiError> {
    let Some(value) = given(raw, key) else { return Ok(None) };
    let text = value.as_str().unwrap_or_default();
    parse_time(text).map(|millis| Some((millis, text.to_owned()))).ok_or_else(|| {
        ApiError::invalid(format!("\"{key}\" is {value}. Give a time as ISO 8601, such as \"2026-01-31T12:00:00Z\"."))
    })
}
