//! The batch API of the contract, over a [`Store`] and a [`Host`]: requests in, answers out.
//!
//! A call writes a durable record and notifies the host; the scheduling tab does what the record requests. So every
//! call works in every tab. Nothing here knows about workers, JavaScript or HTTP.

use std::cell::Cell;

use serde_json::Value;

use crate::actions::input_files::{is_files, list_of};
use crate::actions::{Role, RunFacts};
use crate::batch::records::{
    Batch, BatchStatus, Execution, ExecutionStatus, Millis, Pause, PauseReason, Progress, Subset, execution_id,
};
use crate::batch::transitions::{self, Replacement, RetryRefusal};
use crate::compact::SortedSet;
use crate::engine::{InputAsset, Stages, Supply};
use crate::library;
use crate::store::{AssetStore, BatchStore, Durability, SettingStore, Store, Which};
use crate::submission::{ALLOWED, consent_key};
use crate::workflow::servers::{self, not_allowed};
use crate::workflow::{self, Diagnostic};

mod answers;
mod catalog;
mod damage;
mod error;
mod events;
mod global_pause;
mod identifiers;
mod report;
mod requests;
mod reuse;
mod time;
mod user_files;
mod workflows;

use answers::Around;
pub use answers::{
    Accepted, Asset, BatchList, BatchLog, BatchSummary, Cancelled, Deleted, ExecutionAnswer, ExecutionCounts,
    ExecutionFailure, ExecutionIds, ExecutionList, Filters, Link, Links, LogEntryAnswer, Paging, PastFailureAnswer,
    PauseAnswer, Status, StatusWith,
};
pub use catalog::{ActionDescriptor, ParameterDescriptor, PortDescriptor, catalog};
pub use damage::VerifyAnswer;
pub use error::ApiError;
pub use events::Event;
pub use global_pause::{GlobalPauseAnswer, read_global_pause};
pub use identifiers::slug;
pub use report::Report;
pub use requests::{
    Execute, ExecutionsQuery, FileRequest, FilesQuery, Given, ListQuery, ReportFormat, Retry, Run, RunInput, Task,
    Update, WEBHOOK_HINT, WorkflowsQuery, check_version, is_web_url,
};
pub use time::{iso_time, parse_time};
pub use user_files::{FileAnswer, ModelAnswer, user_file_name};
pub use workflows::{VersionAnswer, WorkflowAnswer, WorkflowDeleted, WorkflowList, WorkflowStatus, WorkflowSummary};

/// The body of a webhook call: the batch's status without id lists, as JSON. It contains no pictures or their names.
pub fn webhook_body(progress: &Progress, base_url: &str) -> String {
    let summary = BatchSummary::of(progress, &Around { base_url, workers: 0, global_pause: None });
    serde_json::to_string(&summary).unwrap_or_default()
}

/// What the service needs from its environment.
#[allow(async_fn_in_trait, reason = "one thread: futures need not be Send")]
pub trait Host {
    /// The time.
    fn now(&self) -> Millis;
    /// By how many milliseconds the clocks of this place are ahead of UTC at a time.
    fn clock_offset(&self, at: Millis) -> Millis;
    /// A random number.
    fn random_u32(&self) -> u32;
    /// The document's base, absolute.
    fn base_url(&self) -> String;
    /// How many workers are on a batch; `None` if that is unknown, in which case executions in flight are counted
    /// instead.
    fn workers(&self, batch_id: &str) -> Option<u32>;
    /// Tells the scheduling tab and every client of a change; called after it is durable.
    fn notify(&self, event: Event);
    /// Stores the content of a `blob:` or `data:` URL and returns its asset id.
    ///
    /// # Errors
    /// Why it cannot be read or stored.
    async fn import(&self, url: &str, name: &str) -> Result<String, ImportRefusal>;
    /// Reads the table that a document runs, and its templates: what each row's execution works on.
    ///
    /// # Errors
    /// What is wrong with them ([`ApiError::of_table`]), or why they cannot be read.
    async fn rows(&self, document: &Value) -> Result<Vec<InputAsset>, ApiError>;
    /// An image's URL resolved against the document's base; `None` unless it is `https:` or has the page's own origin.
    fn resolve(&self, url: &str) -> Option<String>;
}

/// Why the bytes of a `blob:` or `data:` URL were not stored: a sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportRefusal {
    /// They cannot be read: the caller has to fix that.
    Unreadable(String),
    /// They were read, but the storage did not accept them.
    NotStored(String),
}

/// All operations on batches.
#[derive(Debug)]
pub struct Service<S, H> {
    store: S,
    host: H,
    /// The global pause, as last read.
    global_pause: Cell<Option<Pause>>,
}

impl<S, H: Host> Service<S, H> {
    /// The operations on this store.
    pub fn new(store: S, host: H) -> Self {
        Self { store, host, global_pause: Cell::new(None) }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The host.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// Everything that is wrong with a workflow document.
    pub fn validate_workflow(&self, document: &Value) -> Vec<Diagnostic> {
        workflow::check(document).1
    }

    /// The detail of `progress` and `batchcompleted` events, and an entry of a list: the status without id lists.
    pub fn status_event(&self, progress: &Progress) -> BatchSummary {
        BatchSummary::of(progress, &self.around(progress, &self.host.base_url()))
    }

    fn around<'a>(&self, progress: &Progress, base_url: &'a str) -> Around<'a> {
        let workers = self.host.workers(&progress.batch_id).unwrap_or(progress.assets.processing);
        Around { base_url, workers, global_pause: self.global_pause.get() }
    }

    /// Stores the files that a document names by `blob:` or `data:` URLs, which do not outlive the page, and refers to
    /// them as assets instead. Other URLs become absolute, because a worker has no base.
    async fn import_inputs(&self, document: &mut Value) -> Result<(), ApiError> {
        for (is_picture, image) in input_files(document) {
            let given = |key: &'static str| image.get(key).and_then(Value::as_str).map(|url| (key, url.to_owned()));
            let Some((key, mut url)) = ["sourceUrl", "presignedUrl"].into_iter().find_map(given) else { continue };
            if url.is_empty() || url.starts_with("asset:") {
                continue;
            }
            if !(url.starts_with("blob:") || url.starts_with("data:")) {
                let resolved = self.host.resolve(&url).ok_or_else(|| {
                    ApiError::invalid(format!(
                        "The image URL \"{url}\" is refused: use asset:, blob:, data:, https: or a URL of this site."
                    ))
                })?;
                // What is no picture is read before the batch is accepted.
                if is_picture {
                    if let Some(image) = image.as_object_mut() {
                        image.insert(key.to_owned(), resolved.into());
                    }
                    continue;
                }
                url = resolved;
            }
            let name = image.get("name").and_then(Value::as_str).unwrap_or_default();
            let asset_id = self.host.import(&url, name).await.map_err(|why| {
                let shown: String = url.chars().take(60).collect();
                let which = if name.is_empty() { shown } else { name.to_owned() };
                let refused = |why: &str| format!("The image \"{which}\" cannot be imported: {why}");
                match why {
                    ImportRefusal::Unreadable(why) => ApiError::invalid(refused(&why)),
                    ImportRefusal::NotStored(why) => ApiError::internal(refused(&why)),
                }
            })?;
            if let Some(image) = image.as_object_mut() {
                image.shift_remove("presignedUrl");
                image.insert("sourceUrl".to_owned(), format!("asset:{asset_id}").into());
            }
        }
        Ok(())
    }
}

impl<S: Store, H: Host> Service<S, H> {
    /// `POST /batch/execute`: accepts a batch.
    ///
    /// # Errors
    /// 400 with diagnostics for a workflow that cannot run, 400 for any other invalid part, 404 for a published
    /// workflow that does not exist, 500 when it cannot be stored.
    pub async fn execute(&self, request: &Value) -> Result<Accepted, ApiError> {
        let Execute { workflow_id, task, config, skip_unchanged, batch_id, client_data } = Execute::read(request)?;
        if let Some(batch_id) = &batch_id
            && let Some(progress) = self.store.progress(batch_id).await?
        {
            return Ok(Accepted::of(&progress, &self.host.base_url()));
        }
        let (mut document, version) = match task {
            Task::Runs(runs) => {
                let (document, version) = self.of_published(&workflow_id, &runs).await?;
                (document, Some(version))
            }
            Task::Document(document) => (document, None),
        };
        // Checked before anything is imported, and read again afterwards.
        resolve(&document)?;
        self.check_servers(&document).await?;
        self.import_inputs(&mut document).await?;
        let (name, stages) = resolve(&document)?;
        let recipe = library::recipe(&document);
        let version = match version {
            Some(version) => Some(version),
            None => self.pinned(&workflow_id, &recipe).await?,
        };

        let now = self.host.now();
        let batch_id = batch_id.unwrap_or_else(|| identifiers::batch_id(&workflow_id, now, self.host.random_u32()));
        let job_name = name.unwrap_or_else(|| workflow_id.clone());
        let of_rows: Option<Vec<InputAsset>> = match stages.each.rows {
            Some(_) => Some(self.host.rows(&document).await?),
            None => None,
        };
        let inputs = stages.input_assets(of_rows);
        let (mut progress, mut executions) =
            transitions::accept(&batch_id, &workflow_id, &job_name, config, inputs, now);
        let graph = &stages.each;
        let count = executions.iter().filter(|execution| !execution.gathers()).count() as u32;
        let run = RunFacts { clock: now + self.host.clock_offset(now), count };
        self.note_content_keys(graph, &recipe, run, &mut executions).await?;
        (progress.version, progress.recipe, progress.client_data) = (version, Some(recipe), client_data);
        if skip_unchanged {
            self.take_over_unchanged(graph, run, &mut progress, &mut executions).await?;
        }
        let references: SortedSet<String> = library::references(&document).into_iter().collect();
        let engine_version = graph.version();
        let batch = Batch { batch_id: batch_id.clone(), workflow: document, references, engine_version, run };
        let progress = self.store.create_batch(batch, progress, executions).await?;
        self.host.notify(Event::BatchCreated { batch_id });
        Ok(Accepted::of(&progress, &self.host.base_url()))
    }

    /// Removes a batch with its results, in any state; bytes that nothing else refers to are removed too.
    ///
    /// # Errors
    /// 404, 500.
    pub async fn delete(&self, batch_id: &str) -> Result<Deleted, ApiError> {
        let progress = self.progress(batch_id).await?;
        let noted = self.note_what_ran(&progress).await;
        if !self.store.delete_batch(batch_id).await? {
            return Err(ApiError::no_batch(batch_id));
        }
        if noted.is_err() {
            // If the storage was full, there is space now.
            self.note_what_ran(&progress).await?;
        }
        self.host.notify(Event::BatchDeleted { batch_id: batch_id.to_owned() });
        Ok(Deleted { batch_id: batch_id.to_owned(), deleted: true })
    }
}

impl<S: SettingStore, H: Host> Service<S, H> {
    /// Refuses a workflow that sends pictures to a server to which the user of this device has not agreed.
    async fn check_servers(&self, document: &Value) -> Result<(), ApiError> {
        let mut found = Vec::new();
        for server in servers::of(document) {
            if self.store.setting(&consent_key(&server.origin)).await?.as_deref() != Some(ALLOWED) {
                found.push(not_allowed(&server));
            }
        }
        match found.is_empty() {
            true => Ok(()),
            false => Err(ApiError::diagnosed(
                "The workflow sends pictures to a server that is not allowed on this device.",
                found,
            )),
        }
    }
}

impl<S: BatchStore + SettingStore, H: Host> Service<S, H> {
    /// `GET /batches`: newest first.
    ///
    /// # Errors
    /// 400 for a filter or page out of range, 500 when it cannot be read.
    pub async fn list(&self, query: &Value) -> Result<BatchList, ApiError> {
        let query = ListQuery::read(query)?;
        self.refresh_global_pause().await?;
        let page = self.store.list_progress(&query.filter(), query.offset, query.limit).await?;
        let paging = Paging::of(query.limit, query.offset, page.matching as usize);
        let batches = page.progress.iter().map(|progress| self.status_event(progress)).collect();
        Ok(BatchList { org_id: "local".to_owned(), batches, pagination: paging, filters: query.filters })
    }

    /// `GET /batch/{batchId}/status`.
    ///
    /// # Errors
    /// 400 for an unknown format, 404 when there is no such batch, 500 when it cannot be read.
    pub async fn status(&self, batch_id: &str, query: &Value) -> Result<Status, ApiError> {
        requests::check_format(query)?;
        self.refresh_global_pause().await?;
        self.status_now(batch_id).await
    }
}

impl<S: AssetStore + BatchStore, H: Host> Service<S, H> {
    /// Retries failed executions, by default all, along with those that never started; or only the latter. A single one
    /// may get another file in place of one that cannot be used.
    ///
    /// # Errors
    /// 400 when the batch has not ended, one of the executions has not failed, or nothing is left to run; 404; 500.
    pub async fn retry(&self, batch_id: &str, request: &Value) -> Result<Status, ApiError> {
        let request = Retry::read(request)?;
        let which = match request.indices(batch_id)? {
            Some(indices) => Which::At(indices),
            None if request.only_pending => Which::At(Vec::new()),
            None => Which::In(ExecutionStatus::Failed),
        };
        let named: Vec<u32> = if let Which::At(indices) = &which { indices.clone() } else { Vec::new() };
        let which = self.with_gathering(batch_id, which).await?;
        let only_pending = request.only_pending;
        let replacement = request.replacement;
        if let Some(Replacement { asset_id, .. }) = &replacement
            && self.store.asset(asset_id).await?.is_none()
        {
            return Err(ApiError::invalid(format!("There is no file \"asset:{asset_id}\". Import it first.")));
        }
        let now = self.host.now();
        let (retried, _) = self
            .change(batch_id, which, move |progress, executions| {
                match named.iter().find(|index| !executions.iter().any(|one| one.asset_index == **index)) {
                    Some(missing) => Err(Err(*missing)),
                    None => match &replacement {
                        Some(replacement) => transitions::retry_with(progress, executions, replacement, now),
                        None => transitions::retry(progress, executions, now),
                    }
                    .map_err(Ok),
                }
            })
            .await?;
        retried.map_err(|refusal| {
            ApiError::invalid(match refusal {
                Err(missing) => format!("There is no execution \"{}\".", execution_id(batch_id, missing)),
                Ok(RetryRefusal::NotEnded(state)) => {
                    format!("The batch is {}: executions can be retried once it has ended.", state.name())
                }
                Ok(RetryRefusal::NotFailed(index, state)) => format!(
                    "The execution \"{}\" is {}, and only a failed one can be retried.",
                    execution_id(batch_id, index),
                    state.name()
                ),
                Ok(RetryRefusal::NoInput) => "\"replacement.actionId\" is not an input of the execution.".to_owned(),
                Ok(RetryRefusal::Nothing) if only_pending => "Everything in this batch has been run.".to_owned(),
                Ok(RetryRefusal::Nothing) => "Nothing in this batch has failed or remains to be run.".to_owned(),
            })
        })?;
        self.status_now(batch_id).await
    }

    /// The same executions, and all that gather what others make: a retry may return these to pending too.
    async fn with_gathering(&self, batch_id: &str, which: Which) -> Result<Which, ApiError> {
        let progress = self.progress(batch_id).await?;
        if progress.gathering == 0 {
            return Ok(which);
        }
        let indices = match which {
            Which::At(indices) => indices,
            _ => self.store.indices(batch_id, Subset::Failed).await?.map(|(_, indices)| indices).unwrap_or_default(),
        };
        let total = progress.assets.total;
        let all: SortedSet<u32> = indices.into_iter().chain(total.saturating_sub(progress.gathering)..total).collect();
        Ok(Which::At(all.into_iter().collect()))
    }
}

impl<S: BatchStore, H: Host> Service<S, H> {
    /// `POST /batch/{batchId}/cancel`.
    ///
    /// # Errors
    /// 400 naming the state when the batch has ended, 404, 500.
    pub async fn cancel(&self, batch_id: &str) -> Result<Cancelled, ApiError> {
        let now = self.host.now();
        let (cancelled, progress) =
            self.change(batch_id, Which::None, move |progress, _| transitions::cancel(progress, now)).await?;
        let previous = cancelled.map_err(|state| {
            ApiError::invalid(format!(
                "The batch is {}, and only a pending or running one can be cancelled.",
                state.name()
            ))
        })?;
        Ok(Cancelled::of(&progress, previous))
    }

    /// `GET /batch/{batchId}/executions`.
    ///
    /// # Errors
    /// 400 for a filter or page out of range, 404, 500.
    pub async fn executions(&self, batch_id: &str, query: &Value) -> Result<ExecutionList, ApiError> {
        let query = ExecutionsQuery::read(query)?;
        let total = self.progress(batch_id).await?.assets.total;
        let page = self
            .store
            .executions(batch_id, query.status.map_or(Subset::All, Subset::from), query.offset, query.limit)
            .await?;
        Ok(ExecutionList {
            batch_id: batch_id.to_owned(),
            total,
            executions: page.executions.iter().map(ExecutionAnswer::from).collect(),
            pagination: Paging::of(query.limit, query.offset, page.matching as usize),
        })
    }

    /// A batch's report, one row per output: an object, or a text for `format: "csv"`.
    ///
    /// # Errors
    /// 400 for an unknown format, 404, 500.
    pub async fn report(&self, batch_id: &str, query: &Value) -> Result<Value, ApiError> {
        /// Executions read at once, to keep the page's tasks short.
        const PORTION: u32 = 500;
        let format = ReportFormat::read(query)?;
        let mut report = Report::new(&self.progress(batch_id).await?);
        let mut csv = report::csv_head();
        let mut offset = 0;
        loop {
            let page = self.store.executions(batch_id, Subset::All, offset, PORTION).await?;
            for execution in &page.executions {
                match format {
                    ReportFormat::Json => report.add(execution),
                    ReportFormat::Csv => report::add_csv(&mut csv, execution),
                }
            }
            offset += PORTION;
            if offset >= page.matching {
                break;
            }
        }
        match format {
            ReportFormat::Json => serde_json::to_value(&report).map_err(|error| ApiError::internal(error.to_string())),
            ReportFormat::Csv => Ok(Value::String(csv)),
        }
    }

    /// The workflow document that a batch ran, as it was requested.
    ///
    /// # Errors
    /// 404, 500.
    pub async fn batch_workflow(&self, batch_id: &str) -> Result<Value, ApiError> {
        match self.store.batch(batch_id).await? {
            Some(batch) => Ok(batch.workflow),
            None => Err(ApiError::no_batch(batch_id)),
        }
    }

    /// Pauses a batch: nothing new starts, executions in flight finish.
    ///
    /// # Errors
    /// 400 naming the state when the batch has ended, 404, 500.
    pub async fn pause(&self, batch_id: &str) -> Result<Status, ApiError> {
        let now = self.host.now();
        let pause =
            move |progress: &mut Progress, _: &mut Vec<Execution>| transitions::pause(progress, PauseReason::User, now);
        let (paused, _) = self.change(batch_id, Which::None, pause).await?;
        paused
            .map_err(|state| ApiError::invalid(format!("The batch is {}: there is nothing to pause.", state.name())))?;
        self.status_now(batch_id).await
    }

    /// Ends a batch's pause, whatever its reason.
    ///
    /// # Errors
    /// 400 naming the state when the batch has ended, 404, 500.
    pub async fn resume(&self, batch_id: &str) -> Result<Status, ApiError> {
        let now = self.host.now();
        let (resumed, _) =
            self.change(batch_id, Which::None, move |progress, _| transitions::resume(progress, now)).await?;
        resumed.map_err(|state| {
            ApiError::invalid(format!("The batch is {}: retry it to run what failed or never started.", state.name()))
        })?;
        self.status_now(batch_id).await
    }

    /// What happened to a batch apart from its executions: webhook calls, and when its tab was suspended.
    ///
    /// # Errors
    /// 404, 500.
    pub async fn log(&self, batch_id: &str) -> Result<BatchLog, ApiError> {
        Ok(BatchLog::from(&self.progress(batch_id).await?))
    }

    /// Changes a batch's priority and concurrency, in any state.
    ///
    /// # Errors
    /// 400 for a value out of range or when none is given, 404, 500.
    pub async fn update(&self, batch_id: &str, request: &Value) -> Result<Status, ApiError> {
        let Update { priority, concurrency_limit } = Update::read(request)?;
        let now = self.host.now();
        let update = move |progress: &mut Progress, _: &mut Vec<Execution>| {
            transitions::update(progress, priority, concurrency_limit, now);
            Ok::<_, BatchStatus>(())
        };
        let _never_refused = self.change(batch_id, Which::None, update).await?;
        self.status_now(batch_id).await
    }

    /// The full status of a batch.
    async fn status_now(&self, batch_id: &str) -> Result<Status, ApiError> {
        let read = self.store.indices(batch_id, Subset::Failed).await?;
        let (progress, failed) = read.ok_or_else(|| ApiError::no_batch(batch_id))?;
        Ok(Status::of(&progress, &failed, &self.around(&progress, &self.host.base_url())))
    }

    async fn progress(&self, batch_id: &str) -> Result<Progress, ApiError> {
        self.store.progress(batch_id).await?.ok_or_else(|| ApiError::no_batch(batch_id))
    }

    /// Changes a batch by a transition that may refuse, with strict durability, and notifies the host if it succeeded.
    /// Returns the transition's result with the progress after it.
    async fn change<T: 'static, E: 'static>(
        &self,
        batch_id: &str,
        which: Which,
        transition: impl FnOnce(&mut Progress, &mut Vec<Execution>) -> Result<T, E> + 'static,
    ) -> Result<(Result<T, E>, Progress), ApiError> {
        let apply = move |progress: &mut Progress, executions: &mut Vec<Execution>| {
            let result = transition(progress, executions);
            Some((result, progress.clone()))
        };
        let changed = self.store.change(batch_id, which, Vec::new(), Durability::Strict, apply).await?;
        let (result, progress) = changed.ok_or_else(|| ApiError::no_batch(batch_id))?;
        if result.is_ok() {
            self.host.notify(Event::BatchChanged { batch_id: batch_id.to_owned() });
        }
        Ok((result, progress))
    }
}

/// Validates a document that will run and resolves its name and its graph.
fn resolve(document: &Value) -> Result<(Option<String>, Stages), ApiError> {
    let (workflow, mut diagnostics) = workflow::check(document);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(ApiError::diagnosed("The workflow cannot run: see the diagnostics.", diagnostics));
    }
    let stages = Stages::resolve(&workflow)
        .map_err(|diagnostics| ApiError::diagnosed("The workflow cannot run: see the diagnostics.", diagnostics))?;
    let empty: SortedSet<&str> = (stages.sources())
        // What comes of a table is checked with it.
        .filter(|(source, is_used)| *is_used && source.images.is_empty() && source.supply == Supply::Images)
        .map(|(source, _)| source.action_id.as_str())
        .collect();
    if !empty.is_empty() || stages.each.rows.is_none() && stages.each.execution_count() == 0 {
        // What is only a warning in validation is an error here.
        diagnostics.retain(|diagnostic| diagnostic.code != "no_images");
        diagnostics.extend(empty.into_iter().map(|action_id| {
            Diagnostic::error(
                "no_images",
                format!("\"{action_id}\" has no images."),
                "Add at least one image to \"images\" of this action.",
            )
            .at(action_id)
            .field("images")
        }));
        return Err(ApiError::diagnosed("The workflow has no images to process.", diagnostics));
    }
    Ok((workflow.metadata.name, stages))
}

/// The files that input actions list, and whether they are pictures.
fn input_files(document: &mut Value) -> impl Iterator<Item = (bool, &mut Value)> {
    let actions = document.get_mut("actions").and_then(Value::as_array_mut).into_iter().flatten();
    let listed = actions.filter_map(|action| {
        let action_type = action.get("actionType").and_then(Value::as_str)?;
        crate::actions::find(action_type).filter(|action| action.role == Role::Source)?;
        let (is_picture, list) = (!is_files(action_type), list_of(action_type));
        let files = action.get_mut("parameters")?.get_mut(list)?.as_array_mut()?;
        Some(files.iter_mut().map(move |file| (is_picture, file)))
    });
    listed.flatten()
}

#[cfg(test)]
mod tests;
