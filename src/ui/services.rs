//! The page's only connection to the client: everything the views may ask for, in their own terms. Failures are
//! returned in a form that can be shown; nothing here decides what is shown.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, Notification};

use super::stage::Stage;
use crate::api::{ApiError, FileAnswer, WorkflowSummary, iso_time};
use crate::archive::ImportSummary;
use crate::archive::pictures::Contents;
use crate::batch::records::{Execution, Progress, Subset};
use crate::browser::environment::{self, Installation, OwnFiles};
pub(crate) use crate::browser::environment::{StorageState, now};
pub(crate) use crate::browser::interop::property;
use crate::browser::interop::set_property;
pub(crate) use crate::browser::locks::LockGuard as DraftLock;
use crate::browser::page::client::Client;
pub(crate) use crate::browser::page::client::Heard;
use crate::browser::page::files;
pub(crate) use crate::browser::page::files::Source;
use crate::compact::SortedSet;
use crate::export::names::safe_file_name;
use crate::protocol::{Look, Module, Previewed};
use crate::selection::{HeaderCheck, Skipped};
pub(crate) use crate::service::Preference;
use crate::service::{DownloadProgress, ResultFiles, Role};
use crate::store::ExecutionPage;
use crate::user_file::FileKind;
use crate::view_model::missing::Reason;
use crate::view_model::saved_draft::Changes;
use crate::view_model::{format, transparency};

mod import;

use import::Import;

/// Results as files.
pub(crate) struct FoundFiles {
    /// The path, the id of the content, and the content of each.
    pub(crate) files: Vec<(String, String, Blob)>,
    /// Names those that are damaged, if there are any.
    pub(crate) problem: Option<UiError>,
}

/// A failure as the user sees it: what failed, and how to fix it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UiError {
    pub(crate) text: String,
    pub(crate) hint: String,
}

impl UiError {
    /// A failure and what to do about it.
    pub(crate) fn new(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { text: text.into(), hint: hint.into() }
    }
}

impl From<ApiError> for UiError {
    fn from(error: ApiError) -> Self {
        /// Most diagnostics that are shown; a table may have one for each row.
        const SHOWN: usize = 5;
        let all = error.diagnostics.unwrap_or_default();
        let mut hints: Vec<_> =
            all.iter().take(SHOWN).map(|found| format!("{} {}", found.message, found.hint)).collect();
        if all.len() > SHOWN {
            hints.push(format!("And {} more.", all.len() - SHOWN));
        }
        Self { hint: hints.join(" "), text: error.message }
    }
}

/// A file to import.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    pub(crate) file: File,
    /// Its path in the folder it came from.
    pub(crate) path: Option<String>,
}

/// The content of a drop, a paste or a picker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) files: Vec<Picked>,
    /// ZIPs outside any folder.
    pub(crate) zips: Vec<File>,
    /// JSON files outside any folder.
    pub(crate) documents: Vec<File>,
    /// Files that were skipped.
    pub(crate) skipped: Vec<Skipped>,
    /// Paths of what could not be opened.
    pub(crate) unreadable: Vec<String>,
}

impl Picked {
    fn new(file: File, path: String) -> Self {
        let path = Some(path).filter(|path| *path != file.name());
        Self { file, path }
    }
}

impl From<files::Gathered> for Selection {
    fn from(gathered: files::Gathered) -> Self {
        let files::Gathered { files, zips, documents, skipped, unreadable } = gathered;
        let files = files.into_iter().map(|(file, path)| Picked::new(file, path)).collect();
        Self { files, zips, documents, skipped, unreadable }
    }
}

/// The contents of a ZIP.
pub(crate) enum Unpacked {
    /// An archive exported by Pixelmill.
    Archive,
    /// Pictures, and the files that were skipped.
    Pictures(Vec<Picked>, Vec<Skipped>),
}

/// What was dropped, pasted or picked, once folders are opened and pictures separated from other files.
pub(crate) async fn gather(source: Source) -> Selection {
    source.gather().await.into()
}

/// The text of a file.
pub(crate) async fn text_of(file: &File) -> Result<String, UiError> {
    let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
    text.ok_or_else(|| UiError::new(format!("“{}” could not be read.", file.name()), "Add it again."))
}

/// The kind of a text for the user, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextKind {
    Json,
    Csv,
}

impl TextKind {
    /// The contract's name, and the extension of a file name.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv;charset=utf-8",
        }
    }
}

/// Downloads a text as a file; its name gets the extension.
pub(crate) fn download_text(text: &str, stem: &str, kind: TextKind) -> Result<(), UiError> {
    let name = format!("{stem}.{}", kind.word());
    let blob = environment::blob_of(text.as_bytes(), kind.media_type());
    blob.and_then(|blob| files::download(&blob, &safe_file_name(&name))).map_err(not_downloaded)
}

/// A unique id.
pub(crate) fn fresh_id() -> String {
    format!("{:08x}{:08x}", environment::random(), environment::random())
}

fn not_downloaded(reason: String) -> UiError {
    UiError::new(format!("The download did not start: {reason}"), "Allow downloads for this page and try again.")
}

/// What to say of damaged results that are not where the others are, if there are any.
fn left_out(missing: &[String], place: &str, again: &str) -> Option<UiError> {
    let what = format::plural(missing.len() as u64, "damaged result is", "damaged results are");
    (!missing.is_empty()).then(|| {
        UiError::new(
            format!("{what} not {place}: {}.", format::names(missing)),
            format!("They are listed as failed: retry to regenerate them, then {again} again."),
        )
    })
}

/// A file that is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Imported {
    pub(crate) asset_id: String,
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// What its header says, if it was read.
    pub(crate) header: Option<HeaderCheck>,
}

/// The progress of the start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Start {
    Underway,
    /// A tab with an older version has to be closed first.
    Blocked,
    Ready,
    Failed(UiError),
}

/// What the user should know about a tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TabNote {
    pub(crate) text: String,
    /// Whether a reload helps.
    pub(crate) reload_helps: bool,
}

/// The connection.
#[derive(Clone, Copy)]
pub(crate) struct Services {
    client: StoredValue<Option<Client>, LocalStorage>,
    start: RwSignal<Start>,
    is_closed: StoredValue<bool>,
    own_files: StoredValue<OwnFiles, LocalStorage>,
}

/// Starts the client. The page publishes it as `window.pixelmill`; an element hands it to the page around it.
pub(crate) fn provide_services(installation: Installation, stage: Stage) -> Services {
    let services = Services {
        client: StoredValue::new_local(None),
        start: RwSignal::new(Start::Underway),
        is_closed: StoredValue::new(false),
        own_files: StoredValue::new_local(OwnFiles::new(&installation.base_url, installation.files.clone())),
    };
    spawn_local(async move {
        let started = Client::start(installation, move || drop(services.start.try_set(Start::Blocked))).await;
        if services.is_closed.try_get_value() != Some(false) {
            if let Ok(client) = started {
                client.close();
            }
            return;
        }
        let embedding = stage.embedding();
        match started {
            Ok(client) => {
                let object = client.for_javascript();
                services.client.set_value(Some(client));
                services.start.set(Start::Ready);
                match embedding {
                    None => set_property(&js_sys::global(), "pixelmill", &object),
                    Some(embedding) => embedding.tell_start(Ok(&object)),
                }
            }
            Err(error) => {
                let error = UiError::from(error);
                if let Some(embedding) = embedding {
                    embedding.tell_start(Err(&error));
                }
                services.start.set(Start::Failed(error));
            }
        }
    });
    provide_context(services);
    services
}

impl Services {
    /// The files of this deployment, wherever the view is.
    pub(crate) fn own_files(self) -> OwnFiles {
        self.own_files.get_value()
    }

    /// The progress of the start, tracked.
    pub(crate) fn start(self) -> Start {
        self.start.get()
    }

    /// Stops the service and everything that it started.
    pub(crate) fn close(self) {
        self.is_closed.set_value(true);
        if let Some(client) = self.client.get_value() {
            client.close();
        }
    }

    fn client(self) -> Result<Client, UiError> {
        self.client.get_value().ok_or_else(|| UiError::new("The page is still starting.", "Try again in a moment."))
    }

    /// Stores files, continuing after one that cannot be read or stored. `report` receives the outcome of files as soon
    /// as it is known: the index of the first, and for each file from there on either what was stored or why not.
    ///
    /// # Errors
    /// What stopped it early.
    pub(crate) async fn import(
        self,
        files: Rc<[Picked]>,
        report: impl Fn(usize, Vec<Result<Imported, Reason>>) + 'static,
    ) -> Result<(), UiError> {
        Import::new(self.client()?, files, Rc::new(report)).run().await
    }

    /// Unpacks a ZIP.
    pub(crate) async fn unpack(self, zip: &File) -> Result<Unpacked, UiError> {
        let (contents, files) = self.client()?.unpack(zip.clone().into()).await?;
        Ok(match contents {
            Contents::Archive => Unpacked::Archive,
            Contents::Pictures { paths, skipped } => {
                let files = files.iter().map(JsCast::unchecked_into::<File>);
                Unpacked::Pictures(files.zip(paths).map(|(file, path)| Picked::new(file, path)).collect(), skipped)
            }
        })
    }

    /// Renders a document's first picture; the results' files come in the order of the outputs, in formats that browsers show,
    /// and then that of the picture if they do not show its own.
    pub(crate) async fn preview(self, document: Value, look: Look) -> Result<(Previewed, Vec<Blob>), UiError> {
        Ok(self.client()?.preview(document, look).await?)
    }

    /// The same on a reduced copy, as `look` says, or at full size where a copy does not help and it is still wanted.
    pub(crate) async fn reduced_preview(
        self,
        document: Value,
        look: Look,
        is_wanted: impl Fn() -> bool,
    ) -> Result<(Previewed, Vec<Blob>), UiError> {
        let reduced = self.preview(document.clone(), look).await;
        if matches!(reduced, Ok((Previewed::NoSample, _))) && is_wanted() {
            return self.preview(document, Look { sample: false, ..look }).await;
        }
        reduced
    }

    /// The small settings whose keys begin with `prefix`, by key.
    pub(crate) async fn settings_below(self, prefix: &str) -> Result<Vec<(String, String)>, UiError> {
        Ok(self.client()?.settings_below(prefix).await?)
    }

    /// Stores and removes small settings together; the service receives them on the first poll.
    pub(crate) async fn change_settings(self, changes: Changes) -> Result<(), UiError> {
        Ok(self.client()?.change_settings(changes).await?)
    }

    /// For each of these assets, whether it is stored.
    pub(crate) async fn are_stored(self, asset_ids: &[String]) -> Result<Vec<bool>, UiError> {
        Ok(self.client()?.are_stored(asset_ids.to_vec()).await?)
    }

    /// Locks a draft for this tab; `None` when another tab still has it after `patience_ms`.
    pub(crate) async fn take_draft(self, draft_id: &str, patience_ms: u32) -> Option<DraftLock> {
        self.client().ok()?.take_draft(draft_id, patience_ms).await
    }

    /// Starts a batch and returns its id.
    pub(crate) async fn execute(self, request: Value) -> Result<String, UiError> {
        Ok(self.client()?.execute_batch(&request).await?.batch_id)
    }

    /// Every batch, newest first.
    pub(crate) async fn all_progress(self) -> Result<Vec<Progress>, UiError> {
        Ok(self.client()?.all_progress().await?)
    }

    /// A page of executions.
    pub(crate) async fn executions(
        self,
        batch_id: &str,
        subset: Subset,
        offset: u32,
        limit: u32,
    ) -> Result<ExecutionPage, UiError> {
        Ok(self.client()?.execution_records(batch_id, subset, offset, limit).await?)
    }

    /// The indices of some of a batch's executions.
    pub(crate) async fn indices(self, batch_id: &str, subset: Subset) -> Result<SortedSet<u32>, UiError> {
        Ok(self.client()?.execution_indices(batch_id, subset).await?.into_iter().collect())
    }

    /// Cancels a batch.
    pub(crate) async fn cancel(self, batch_id: &str) -> Result<(), UiError> {
        self.client()?.cancel(batch_id).await?;
        Ok(())
    }

    /// Pauses a batch.
    pub(crate) async fn pause(self, batch_id: &str) -> Result<(), UiError> {
        self.client()?.pause(batch_id).await?;
        Ok(())
    }

    /// Resumes a paused batch.
    pub(crate) async fn resume(self, batch_id: &str) -> Result<(), UiError> {
        self.client()?.resume(batch_id).await?;
        Ok(())
    }

    /// Deletes a batch with its results.
    pub(crate) async fn delete(self, batch_id: &str) -> Result<(), UiError> {
        self.client()?.delete(batch_id).await?;
        Ok(())
    }

    /// The workflow that a batch ran, with its pictures.
    pub(crate) async fn batch_workflow(self, batch_id: &str) -> Result<Value, UiError> {
        Ok(self.client()?.batch_workflow(batch_id).await?)
    }

    /// Retries failed executions: all, or these.
    pub(crate) async fn retry(self, batch_id: &str, execution_ids: Option<Vec<String>>) -> Result<(), UiError> {
        let request = json!({ "executionIds": execution_ids });
        self.client()?.retry(batch_id, request).await?;
        Ok(())
    }

    /// Runs what a batch left undone when it ended early.
    pub(crate) async fn run_remaining(self, batch_id: &str) -> Result<(), UiError> {
        self.client()?.retry(batch_id, json!({ "onlyPending": true })).await?;
        Ok(())
    }

    /// Retries a failed execution with another file in place of one of its pictures: that of the named input, or the
    /// primary one.
    pub(crate) async fn retry_with(
        self,
        execution: &Execution,
        action_id: Option<&str>,
        file: File,
    ) -> Result<(), UiError> {
        let client = self.client()?;
        let name = file.name();
        let stored = client.import_assets(vec![file.into()], None).await.map_err(|failure| failure.error)?;
        let replacement =
            stored.first().map(|asset| json!({ "actionId": action_id, "name": name, "sourceUrl": asset.url }));
        let request = json!({ "executionIds": [execution.execution_id()], "replacement": replacement });
        client.retry(&execution.batch_id, request).await?;
        Ok(())
    }

    /// Changes a batch's priority or concurrency.
    pub(crate) async fn update(self, batch_id: &str, change: &Value) -> Result<(), UiError> {
        self.client()?.update(batch_id, change).await?;
        Ok(())
    }

    /// Whether everything is paused.
    pub(crate) async fn is_all_paused(self) -> Result<bool, UiError> {
        Ok(self.client()?.is_all_paused().await?)
    }

    /// Pauses or resumes all batches.
    pub(crate) async fn set_all_paused(self, paused: bool) -> Result<(), UiError> {
        let client = self.client()?;
        if paused {
            client.pause_all().await?
        } else {
            client.resume_all().await?
        };
        Ok(())
    }

    /// A batch's report, as the text of a file.
    pub(crate) async fn report(self, batch_id: &str, kind: TextKind) -> Result<String, UiError> {
        let report = self.client()?.report(batch_id, &serde_json::json!({ "format": kind.word() })).await?;
        Ok(match report {
            // With the byte order mark, spreadsheets read it as UTF-8.
            Value::String(csv) => format!("\u{feff}{csv}"),
            report => serde_json::to_string_pretty(&report).unwrap_or_default(),
        })
    }

    /// Whether the user allows something outside the page.
    pub(crate) async fn is_allowed(self, preference: Preference) -> Result<bool, UiError> {
        Ok(self.client()?.is_allowed(preference).await?)
    }

    /// Allows it, or no longer.
    pub(crate) async fn allow(self, preference: Preference, allowed: bool) -> Result<(), UiError> {
        Ok(self.client()?.allow(preference, allowed).await?)
    }

    /// Asks the browser for the permission that a preference needs. Must be called during a user gesture; the future
    /// may be awaited later.
    pub(crate) fn ask_for(self, preference: Preference, wanted: bool) -> impl Future<Output = Result<(), UiError>> {
        let asked = (wanted && preference == Preference::Notifications)
            .then(|| Notification::request_permission().map(JsFuture::from));
        async move {
            let granted = match asked {
                None => true,
                Some(Ok(answer)) => matches!(answer.await, Ok(answer) if answer == "granted"),
                Some(Err(_)) => false,
            };
            let refused = || {
                UiError::new(
                    "The browser does not allow notifications for this page.",
                    "Allow them in the browser's settings for this site, then switch them on again.",
                )
            };
            granted.then_some(()).ok_or_else(refused)
        }
    }

    /// A stored file.
    pub(crate) async fn content(self, asset_id: &str) -> Result<Blob, UiError> {
        Ok(self.client()?.read_asset(asset_id).await?)
    }

    /// The user's own workflows, the most recently changed first.
    pub(crate) async fn workflows(self) -> Result<Vec<WorkflowSummary>, UiError> {
        let mut all = Vec::new();
        loop {
            let query = serde_json::json!({ "limit": 100, "offset": all.len() });
            let page = self.client()?.list_workflows(&query).await?;
            all.extend(page.workflows);
            if !page.pagination.has_more {
                return Ok(all);
            }
        }
    }

    /// The draft of one of them.
    pub(crate) async fn workflow(self, id: &str) -> Result<Value, UiError> {
        Ok(self.client()?.workflow_document(id, &Value::Null).await?)
    }

    /// The document of a published version.
    pub(crate) async fn workflow_version(self, id: &str, version: u32) -> Result<Value, UiError> {
        Ok(self.client()?.workflow_document(id, &json!({ "version": version })).await?)
    }

    /// Stores a draft under an id, or as a new one; returns its id and the document as stored.
    pub(crate) async fn save_workflow(self, document: Value, id: Option<&str>) -> Result<(String, Value), UiError> {
        let kept = match id {
            Some(id) => self.client()?.save_workflow(&document, &serde_json::json!({ "workflowId": id })).await?,
            None => self.client()?.import_workflow(&document).await?,
        };
        Ok((kept.summary.workflow_id, kept.workflow))
    }

    /// Stores an imported document as a new draft.
    pub(crate) async fn import_workflow(self, document: Value) -> Result<(String, Value), UiError> {
        self.save_workflow(document, None).await
    }

    /// Publishes a draft and returns its version number.
    pub(crate) async fn publish_workflow(self, id: &str) -> Result<u32, UiError> {
        Ok(self.client()?.publish_workflow(id).await?.summary.version.unwrap_or_default())
    }

    /// Turns a published workflow back into a draft.
    pub(crate) async fn unpublish_workflow(self, id: &str) -> Result<(), UiError> {
        self.client()?.unpublish_workflow(id).await?;
        Ok(())
    }

    /// Makes a copy under a name.
    pub(crate) async fn duplicate_workflow(self, id: &str, name: &str) -> Result<(), UiError> {
        self.client()?.duplicate_workflow(id, &serde_json::json!({ "name": name })).await?;
        Ok(())
    }

    /// Removes a workflow.
    pub(crate) async fn delete_workflow(self, id: &str) -> Result<(), UiError> {
        self.client()?.delete_workflow(id).await?;
        Ok(())
    }

    /// The document of a workflow for export.
    pub(crate) async fn export_workflow(self, id: &str) -> Result<Value, UiError> {
        Ok(self.client()?.export_workflow(id, &Value::Null).await?)
    }

    /// An object URL of a stored picture; `None` when it no longer exists.
    pub(crate) async fn url(self, asset_id: &str) -> Option<String> {
        self.client().ok()?.thumbnail_url(asset_id).await.ok()
    }

    /// Whether a stored result has alpha; false if it cannot be read.
    pub(crate) async fn has_alpha(self, asset_id: &str) -> bool {
        let Ok(client) = self.client() else { return false };
        let Ok(blob) = client.read_asset(&format!("asset:{asset_id}")).await else { return false };
        let Ok(head) = blob.slice_with_f64_and_f64(0.0, transparency::HEAD as f64) else { return false };
        environment::bytes_of(&head).await.is_ok_and(|head| transparency::has_alpha(&head))
    }

    /// Downloads a stored file.
    pub(crate) async fn download(self, asset_id: &str, name: &str) -> Result<(), UiError> {
        let blob = self.client()?.read_asset(&format!("asset:{asset_id}")).await?;
        files::download(&blob, &safe_file_name(name)).map_err(not_downloaded)
    }

    /// Downloads the results of a batch, or of the pictures in `only`, as one ZIP. The error names damaged ones, which the
    /// ZIP leaves out.
    pub(crate) async fn download_zip(self, batch_id: &str, only: Option<SortedSet<u32>>) -> Result<(), UiError> {
        let archive = self.client()?.zip(batch_id, only).await?;
        files::download(&archive.blob, &safe_file_name(&format!("{batch_id}.zip"))).map_err(not_downloaded)?;
        left_out(&archive.missing, "in the ZIP", "download").map_or(Ok(()), Err)
    }

    /// The results of a batch, or of the pictures in `only`, each with the path below a folder where it belongs.
    pub(crate) async fn result_files(
        self,
        batch_id: &str,
        only: Option<SortedSet<u32>>,
    ) -> Result<FoundFiles, UiError> {
        let (ResultFiles { paths, asset_ids, missing }, contents) = self.client()?.files(batch_id, only).await?;
        let files = paths.into_iter().zip(asset_ids).zip(contents);
        let files = files.map(|((path, asset_id), content)| (path, asset_id, content)).collect();
        Ok(FoundFiles { files, problem: left_out(&missing, "in the folder", "save") })
    }

    /// Checks every stored result of a batch; returns how many were checked, and how many are damaged and now failed.
    pub(crate) async fn verify(self, batch_id: &str) -> Result<(u32, usize), UiError> {
        let found = self.client()?.verify(batch_id).await?;
        Ok((found.checked, found.damaged.len()))
    }

    /// Downloads everything that is stored as one ZIP.
    pub(crate) async fn export_archive(self) -> Result<(), UiError> {
        let archive = self.client()?.export_archive().await?;
        let day = iso_time(now());
        let name = format!("pixelmill-{}.zip", day.split('T').next().unwrap_or_default());
        files::download(&archive, &name).map_err(not_downloaded)
    }

    /// Imports what such a ZIP contains and this browser does not.
    pub(crate) async fn import_archive(self, archive: File) -> Result<ImportSummary, UiError> {
        Ok(self.client()?.import_archive(archive.into()).await?)
    }

    /// The files that workflows can name besides pictures.
    pub(crate) async fn user_files(self) -> Result<Vec<FileAnswer>, UiError> {
        Ok(self.client()?.list_files(Value::Null).await?)
    }

    /// Tests such a file and stores it under this name.
    pub(crate) async fn import_file(self, kind: FileKind, file: File, name: &str) -> Result<FileAnswer, UiError> {
        Ok(self.client()?.import_file(file.into(), json!({ "kind": kind.word(), "name": name })).await?)
    }

    /// Removes one.
    pub(crate) async fn delete_file(self, kind: FileKind, name: &str) -> Result<(), UiError> {
        Ok(self.client()?.delete_file(json!({ "kind": kind.word(), "name": name })).await?)
    }

    /// The progress of downloads that workers wait for, if one is in progress in this tab.
    pub(crate) fn loading(self) -> Option<DownloadProgress> {
        self.client().ok()?.state().loading
    }

    /// Whether these programs and the files that come with them are in this browser, so that they need no server.
    pub(crate) async fn are_downloaded(self, modules: Vec<Module>) -> bool {
        let Ok(client) = self.client() else { return false };
        client.are_downloaded(modules).await.unwrap_or_default()
    }

    /// How many more bytes can be stored, if the browser says so.
    pub(crate) async fn free_storage(self) -> Option<f64> {
        if self.memory().is_some() { None } else { environment::free_storage().await }
    }

    /// What the browser promises about the storage, if it says.
    pub(crate) async fn storage_state(self) -> Option<StorageState> {
        if self.memory().is_some() { None } else { environment::storage_state().await }
    }

    /// Calls back on changes in any tab, until the current reactive owner is disposed.
    pub(crate) fn on_change(self, callback: impl Fn(Heard<'_>) + 'static) {
        let Ok(client) = self.client() else { return };
        let _kept_by_the_owner = StoredValue::new_local(client.subscribe(callback));
    }

    /// Why the page works from memory, if it does.
    pub(crate) fn memory(self) -> Option<String> {
        self.client().ok()?.state().memory
    }

    /// What the user should know about this tab, if anything.
    pub(crate) fn tab_note(self) -> Option<TabNote> {
        let state = self.client().ok()?.state();
        let reload_helps = state.note.as_ref().is_some_and(|note| note.reload_helps);
        let part = match state.role {
            Role::Leader | Role::Alone => None,
            // Its storage is closed, so it is no follower either.
            Role::Follower if reload_helps => None,
            Role::Follower => Some("Another tab is running the batches; you can control them here."),
            Role::SingleTab => {
                Some("This address is not secure (no HTTPS), so only one tab may be open. Close any others.")
            }
        };
        let notes =
            [part.map(str::to_owned), state.note.map(|note| note.text)].into_iter().flatten().collect::<Vec<_>>();
        (!notes.is_empty()).then(|| TabNote { text: notes.join(" "), reload_helps })
    }
}
