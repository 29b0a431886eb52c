//! The operations on the user's own workflows: stored as drafts, published as frozen versions, run by their id.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answers::Paging;
use super::error::ApiError;
use super::identifiers::slug;
use super::requests::{Given, Run, WorkflowsQuery, optional_text, version_asked};
use super::time::iso_time;
use super::{Event, Host, Service};
use crate::batch::records::{PinnedVersion, Progress};
use crate::compact::sort_by;
use crate::library::{self, KeptWorkflow, PublishRefusal, RunParameter, Version};
use crate::store::{AssetStore, BatchFilter, BatchStore, LibraryStore, WorkflowChange};
use crate::workflow::{self, builtin};

/// Whether a workflow may be run by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkflowStatus {
    /// It may not be run by its id.
    Draft,
    /// It may be run by its id: the published version runs.
    Published,
}

/// A frozen version on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "says it by its names")]
pub struct VersionAnswer {
    pub version: u32,
    pub version_id: String,
    pub published_at: String,
}

impl From<&Version> for VersionAnswer {
    fn from(version: &Version) -> Self {
        Self {
            version: version.version,
            version_id: version.version_id.clone(),
            published_at: iso_time(version.published_at),
        }
    }
}

/// A stored workflow without its document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowSummary {
    /// Its id.
    pub workflow_id: String,
    /// Its name.
    pub name: String,
    /// A sentence about it, may be empty.
    pub description: String,
    /// Draft or published.
    pub status: WorkflowStatus,
    /// Number of the published version; null for a draft.
    pub version: Option<u32>,
    /// Id of the published version; null for a draft.
    pub version_id: Option<String>,
    /// Whether the current draft has run successfully, so that it may be published.
    pub has_run: bool,
    /// Whether the draft differs from the published version; true if there is none.
    pub changed: bool,
    /// The inputs of a run: of the published version, or of the draft if there is none.
    pub inputs: Vec<RunParameter>,
    /// Every version that was ever published, oldest first.
    pub versions: Vec<VersionAnswer>,
    /// When it was first stored.
    pub created_at: String,
    /// When anything last changed.
    pub updated_at: String,
}

/// A stored workflow with its document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowAnswer {
    /// All but the document.
    #[serde(flatten)]
    pub summary: WorkflowSummary,
    /// The draft, or the requested version.
    pub workflow: Value,
}

/// Stored workflows, the most recently changed first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "says it by its names")]
pub struct WorkflowList {
    pub workflows: Vec<WorkflowSummary>,
    pub pagination: Paging,
}

/// Answer to the removal of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "says it by its names")]
pub struct WorkflowDeleted {
    pub workflow_id: String,
    pub deleted: bool,
}

impl WorkflowSummary {
    fn of(kept: &KeptWorkflow, has_run: bool) -> Self {
        let published = kept.published_version();
        let text = |key: &str| kept.document.pointer(&format!("/metadata/{key}")).and_then(Value::as_str);
        Self {
            workflow_id: kept.workflow_id.clone(),
            name: text("name").filter(|name| !name.is_empty()).unwrap_or(&kept.workflow_id).to_owned(),
            description: text("description").unwrap_or_default().to_owned(),
            status: if published.is_some() { WorkflowStatus::Published } else { WorkflowStatus::Draft },
            version: published.map(|version| version.version),
            version_id: published.map(|version| version.version_id.clone()),
            has_run,
            changed: kept.is_changed(),
            inputs: library::parameters(published.map_or(&kept.document, |version| &version.document)),
            versions: kept.versions.iter().map(VersionAnswer::from).collect(),
            created_at: iso_time(kept.created_at),
            updated_at: iso_time(kept.updated_at),
        }
    }
}

impl ApiError {
    fn no_workflow(workflow_id: &str) -> Self {
        Self::not_found(format!("There is no workflow \"{workflow_id}\"."))
    }
}

impl<S: AssetStore + BatchStore + LibraryStore, H: Host> Service<S, H> {
    /// The user's own workflows, the most recently changed first; `query` has `status`, `limit` and `offset`.
    ///
    /// # Errors
    /// 400 for a filter or page out of range, 500 when they cannot be read.
    pub async fn list_workflows(&self, query: &Value) -> Result<WorkflowList, ApiError> {
        let query = WorkflowsQuery::read(query)?;
        let mut all = self.store.workflows().await?;
        sort_by(&mut all, |one, other| other.updated_at.total_cmp(&one.updated_at));
        all.retain(|kept| {
            query
                .status
                .is_none_or(|status| (status == WorkflowStatus::Published) == kept.published_version().is_some())
        });
        let pagination = Paging::of(query.limit, query.offset, all.len());
        let mut workflows = Vec::new();
        for kept in all.iter().skip(query.offset as usize).take(query.limit as usize) {
            workflows.push(WorkflowSummary::of(kept, self.has_run(kept).await?));
        }
        Ok(WorkflowList { workflows, pagination })
    }

    /// One workflow with its draft, or with the version that `query.version` requests.
    ///
    /// # Errors
    /// 404 when there is no such workflow or version, 400, 500.
    pub async fn workflow(&self, workflow_id: &str, query: &Value) -> Result<WorkflowAnswer, ApiError> {
        let kept = self.kept(workflow_id).await?;
        let workflow = document_of(&kept, version_asked(query)?)?;
        Ok(WorkflowAnswer { summary: WorkflowSummary::of(&kept, self.has_run(&kept).await?), workflow })
    }

    /// Stores a document as a draft: under `options.workflowId`, its own id, or a new one made from its name. It
    /// replaces the draft with that id; published versions stay.
    ///
    /// # Errors
    /// 400 for anything that is not a workflow document or for the id of a built-in workflow, 500.
    pub async fn save_workflow(&self, document: &Value, options: &Value) -> Result<WorkflowAnswer, ApiError> {
        readable(document)?;
        let own = document.pointer("/metadata/workflowId").and_then(Value::as_str).map(str::to_owned);
        let Some(id) = optional_text(options, "workflowId")?.or(own).filter(|id| !id.trim().is_empty()) else {
            return self.keep_new(document.clone()).await;
        };
        if builtin::is_builtin(&id) {
            return Err(ApiError::invalid(format!("\"{id}\" is a built-in workflow. Give your workflow another id.")));
        }
        let (now, document, kept_id) = (self.host.now(), document.clone(), id.clone());
        let save = move |before: Option<KeptWorkflow>| {
            let kept = match before {
                Some(mut kept) => {
                    kept.save(document, now);
                    kept
                }
                None => KeptWorkflow::new(&kept_id, document, now),
            };
            Some((WorkflowChange::Stored(kept), ()))
        };
        self.store.change_workflow(&id, save).await?;
        self.changed_workflow(&id).await
    }

    /// Freezes the draft as a version, with an id, and lets it be run by the workflow's id.
    ///
    /// # Errors
    /// 400 when the current draft has not run successfully yet or is not valid, 404, 500.
    pub async fn publish_workflow(&self, workflow_id: &str) -> Result<WorkflowAnswer, ApiError> {
        let kept = self.kept(workflow_id).await?;
        let diagnostics = workflow::check(&kept.document).1;
        if diagnostics.iter().any(workflow::Diagnostic::is_error) {
            return Err(ApiError::diagnosed("The workflow is not valid: see the diagnostics.", diagnostics));
        }
        let shown = self.has_run(&kept).await?.then(|| library::recipe(&kept.document));
        let now = self.host.now();
        let publish = move |before: Option<KeptWorkflow>| {
            let mut kept = before?;
            if let Some(shown) = shown {
                kept.prove(&shown);
            }
            let refused = kept.publish(now).err();
            Some((WorkflowChange::Stored(kept), refused))
        };
        let published = self.store.change_workflow(workflow_id, publish).await?;
        match published.ok_or_else(|| ApiError::no_workflow(workflow_id))? {
            None => self.changed_workflow(workflow_id).await,
            Some(PublishRefusal::NotRun) => Err(ApiError::invalid(
                "The current draft has not run successfully yet. Run it with a picture, then publish it.",
            )),
        }
    }

    /// Turns a published workflow back into a draft. Batches keep the version they started with.
    ///
    /// # Errors
    /// 400 when it is a draft, 404, 500.
    pub async fn unpublish_workflow(&self, workflow_id: &str) -> Result<WorkflowAnswer, ApiError> {
        let now = self.host.now();
        let unpublish = move |before: Option<KeptWorkflow>| {
            let mut kept = before?;
            let was = kept.unpublish(now);
            Some((WorkflowChange::Stored(kept), was))
        };
        match self.store.change_workflow(workflow_id, unpublish).await? {
            None => Err(ApiError::no_workflow(workflow_id)),
            Some(false) => Err(ApiError::invalid("The workflow is a draft: there is nothing to unpublish.")),
            Some(true) => self.changed_workflow(workflow_id).await,
        }
    }

    /// A new draft with the same content; `options.name` names it.
    ///
    /// # Errors
    /// 404, 400, 500.
    pub async fn duplicate_workflow(&self, workflow_id: &str, options: &Value) -> Result<WorkflowAnswer, ApiError> {
        let kept = self.kept(workflow_id).await?;
        let name = optional_text(options, "name")?;
        let name = name.unwrap_or_else(|| format!("{} copy", WorkflowSummary::of(&kept, false).name));
        let mut document = kept.document;
        library::set_metadata(&mut document, "name", &name);
        self.keep_new(document).await
    }

    /// Removes a workflow with its versions. Batches keep their own copy of what they run.
    ///
    /// # Errors
    /// 404, 500.
    pub async fn delete_workflow(&self, workflow_id: &str) -> Result<WorkflowDeleted, ApiError> {
        let remove = |before: Option<KeptWorkflow>| before.map(|_| (WorkflowChange::Removed, ()));
        let removed = self.store.change_workflow(workflow_id, remove).await?;
        removed.ok_or_else(|| ApiError::no_workflow(workflow_id))?;
        self.host.notify(Event::WorkflowsChanged);
        Ok(WorkflowDeleted { workflow_id: workflow_id.to_owned(), deleted: true })
    }

    /// The document of a workflow, or of the version that `query.version` requests, for another browser or program:
    /// without pictures that exist only here.
    ///
    /// # Errors
    /// 404, 400, 500.
    pub async fn export_workflow(&self, workflow_id: &str, query: &Value) -> Result<Value, ApiError> {
        let document = document_of(&self.kept(workflow_id).await?, version_asked(query)?)?;
        Ok(library::without_local_images(&document))
    }

    /// Stores a document as a new draft, without replacing any other.
    ///
    /// # Errors
    /// 400 for anything that is not a workflow document, 500.
    pub async fn import_workflow(&self, document: &Value) -> Result<WorkflowAnswer, ApiError> {
        readable(document)?;
        self.keep_new(document.clone()).await
    }

    /// The document to run when a published workflow receives these runs, and its version.
    pub(super) async fn of_published(
        &self,
        workflow_id: &str,
        runs: &[Run],
    ) -> Result<(Value, PinnedVersion), ApiError> {
        let kept = self.store.workflow(workflow_id).await?;
        let Some(version) = kept.as_ref().and_then(KeptWorkflow::published_version) else {
            return Err(ApiError::not_found(format!(
                "There is no published workflow \"{workflow_id}\". Publish it, or send the document itself as \"workflow\"."
            )));
        };
        let mut given = Vec::with_capacity(runs.len());
        for (index, run) in runs.iter().enumerate() {
            let mut images = Map::new();
            for input in run {
                let image = match &input.given {
                    Given::Files(files) if files.len() == 1 => self.image_entry(&files[0]).await?,
                    Given::Files(files) => {
                        return Err(ApiError::invalid(format!(
                            "Run {index} gives {} images to \"{}\". A run is one execution: give each image its own run.",
                            files.len(),
                            input.node_id
                        )));
                    }
                    Given::Text(_) => {
                        return Err(ApiError::invalid(format!(
                            "Run {index} gives a text to \"{}\", which needs an image.",
                            input.node_id
                        )));
                    }
                };
                images.insert(input.node_id.clone(), image);
            }
            given.push(images);
        }
        let document = library::with_runs(&version.document, &given).map_err(ApiError::invalid)?;
        Ok((document, PinnedVersion::from(version)))
    }

    /// The published version that a document is: its batch is pinned to it.
    pub(super) async fn pinned(&self, workflow_id: &str, recipe: &str) -> Result<Option<PinnedVersion>, ApiError> {
        let kept = self.store.workflow(workflow_id).await?;
        let version = kept.as_ref().and_then(KeptWorkflow::published_version);
        Ok(version.filter(|version| library::recipe(&version.document) == recipe).map(PinnedVersion::from))
    }

    /// Before a batch is deleted: records that it ran its workflow successfully, if no other batch shows that.
    pub(super) async fn note_what_ran(&self, progress: &Progress) -> Result<(), ApiError> {
        let Some(shown) = library::shown_by(progress).map(str::to_owned) else { return Ok(()) };
        let note = move |before: Option<KeptWorkflow>| {
            let mut kept = before.filter(|kept| library::recipe(&kept.document) == shown)?;
            kept.prove(&shown).then_some((WorkflowChange::Stored(kept), ()))
        };
        self.store.change_workflow(&progress.workflow_id, note).await?;
        Ok(())
    }

    /// An entry of `images` from a file of a run; without a name it takes that of its asset or its URL.
    async fn image_entry(&self, file: &Value) -> Result<Value, ApiError> {
        let text = |key: &str| file.get(key).and_then(Value::as_str);
        let url = text("presignedUrl").or_else(|| text("sourceUrl")).unwrap_or_default();
        let name = match (text("name"), url.strip_prefix("asset:")) {
            (Some(name), _) => name.to_owned(),
            (None, Some(asset_id)) => self.store.asset(asset_id).await?.map(|asset| asset.name).unwrap_or_default(),
            (None, None) if url.starts_with("https:") => {
                let path = url.split(['?', '#']).next().unwrap_or_default();
                path.rsplit('/').next().unwrap_or_default().to_owned()
            }
            (None, None) => String::new(),
        };
        let mut entry = Map::new();
        entry.insert("name".to_owned(), name.into());
        entry.insert("sourceUrl".to_owned(), url.into());
        for key in ["storageType", "path"] {
            entry.extend(text(key).map(|text| (key.to_owned(), text.into())));
        }
        Ok(Value::Object(entry))
    }

    async fn kept(&self, workflow_id: &str) -> Result<KeptWorkflow, ApiError> {
        self.store.workflow(workflow_id).await?.ok_or_else(|| ApiError::no_workflow(workflow_id))
    }

    /// Whether the current draft has run successfully, as recorded or as one of its batches shows.
    async fn has_run(&self, kept: &KeptWorkflow) -> Result<bool, ApiError> {
        if kept.is_proven() {
            return Ok(true);
        }
        let recipe = library::recipe(&kept.document);
        let filter = BatchFilter { workflow_id: Some(kept.workflow_id.clone()), ..BatchFilter::default() };
        const PORTION: u32 = 100;
        let mut offset = 0;
        loop {
            let page = self.store.list_progress(&filter, offset, PORTION).await?;
            if page.progress.iter().any(|progress| library::shown_by(progress) == Some(&recipe)) {
                return Ok(true);
            }
            offset += PORTION;
            if offset >= page.matching {
                return Ok(false);
            }
        }
    }

    /// Stores a document under an unused id, made from its own id or its name.
    async fn keep_new(&self, mut document: Value) -> Result<WorkflowAnswer, ApiError> {
        let text = |key: &str| document.pointer(&format!("/metadata/{key}")).and_then(Value::as_str);
        let wished = slug(text("name").or_else(|| text("workflowId")).unwrap_or_default());
        if text("name").is_none_or(str::is_empty) {
            library::set_metadata(&mut document, "name", "Untitled workflow");
        }
        let now = self.host.now();
        let mut number = 0_u32;
        loop {
            number += 1;
            let id = if number == 1 { wished.clone() } else { format!("{wished}-{number}") };
            if builtin::is_builtin(&id) {
                continue;
            }
            let (own, document) = (id.clone(), document.clone());
            let keep = move |before: Option<KeptWorkflow>| match before {
                Some(_) => None,
                None => Some((WorkflowChange::Stored(KeptWorkflow::new(&own, document, now)), ())),
            };
            if self.store.change_workflow(&id, keep).await?.is_some() {
                return self.changed_workflow(&id).await;
            }
        }
    }

    /// Notifies the host that workflows have changed, and returns one of them.
    async fn changed_workflow(&self, workflow_id: &str) -> Result<WorkflowAnswer, ApiError> {
        self.host.notify(Event::WorkflowsChanged);
        self.workflow(workflow_id, &Value::Null).await
    }
}

fn document_of(kept: &KeptWorkflow, version: Option<u32>) -> Result<Value, ApiError> {
    match version {
        None => Ok(kept.document.clone()),
        Some(number) => kept.version(number).map(|version| version.document.clone()).ok_or_else(|| {
            ApiError::not_found(format!("The workflow \"{}\" has no version {number}.", kept.workflow_id))
        }),
    }
}

/// A draft may be unfinished, but it must be a workflow document.
fn readable(document: &Value) -> Result<(), ApiError> {
    let (read, mut diagnostics) = workflow::check(document);
    diagnostics.retain(|diagnostic| diagnostic.code == "malformed_document");
    if !diagnostics.is_empty() {
        return Err(ApiError::diagnosed("This is not a workflow document: see the diagnostics.", diagnostics));
    }
    if read.actions.is_empty() {
        return Err(ApiError::invalid("The workflow has no actions. Give a workflow document."));
    }
    Ok(())
}
