//! The user's own workflows as stored, and how they change: a draft that may be edited, and published versions, which
//! are frozen. Pure: no clock, no storage. `api` decides what an answer looks like.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::batch::records::{Millis, PinnedVersion, Progress};
use crate::compact::SortedSet;

mod recipe;
mod runs;

pub use recipe::{recipe, sha256, sha256_of_parts};
pub use runs::{RunParameter, image_entries, parameters, with_runs, without_local_images};

/// A workflow that the user keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptWorkflow {
    /// Its id; `metadata.workflowId` of its documents.
    pub workflow_id: String,
    /// The draft as written.
    pub document: Value,
    /// When it was first stored.
    pub created_at: Millis,
    /// When anything last changed.
    pub updated_at: Millis,
    /// The [`recipe`] that is known to have run successfully.
    pub proven: Option<String>,
    /// Every version that was ever published, oldest first; never changed.
    pub versions: Vec<Version>,
    /// Number of the version that may be run by its id; `None` while it is a draft.
    pub published: Option<u32>,
    /// Asset ids in the draft and the versions; each counts as one reference.
    pub references: SortedSet<String>,
}

/// A frozen version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// From 1.
    pub version: u32,
    /// `{workflowId}@{version}`.
    pub version_id: String,
    /// The document as it was published.
    pub document: Value,
    /// When it was published.
    pub published_at: Millis,
}

impl From<&Version> for PinnedVersion {
    fn from(version: &Version) -> Self {
        Self { version: version.version, version_id: version.version_id.clone() }
    }
}

/// Why a workflow is not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishRefusal {
    /// The current draft has not run successfully yet.
    NotRun,
}

impl KeptWorkflow {
    /// A new draft.
    pub fn new(workflow_id: &str, document: Value, now: Millis) -> Self {
        let mut kept = Self {
            workflow_id: workflow_id.to_owned(),
            document: Value::Null,
            created_at: now,
            updated_at: now,
            proven: None,
            versions: Vec::new(),
            published: None,
            references: SortedSet::new(),
        };
        kept.save(document, now);
        kept
    }

    /// Replaces the draft; versions stay unchanged.
    pub fn save(&mut self, mut document: Value, now: Millis) {
        set_metadata(&mut document, "workflowId", &self.workflow_id);
        self.document = document;
        self.touched(now);
    }

    /// Records that a batch with this recipe ended with a success. False if that was already known.
    pub fn prove(&mut self, recipe: &str) -> bool {
        let news = self.proven.as_deref() != Some(recipe);
        if news {
            self.proven = Some(recipe.to_owned());
        }
        news
    }

    /// Whether the current draft has run successfully.
    pub fn is_proven(&self) -> bool {
        self.proven.as_ref().is_some_and(|proven| *proven == recipe(&self.document))
    }

    /// Whether the draft differs from the published version (or there is none).
    pub fn is_changed(&self) -> bool {
        self.published_version().is_none_or(|version| version.document != self.document)
    }

    /// The version that is published.
    pub fn published_version(&self) -> Option<&Version> {
        self.published.and_then(|number| self.version(number))
    }

    /// A version by its number.
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.versions.iter().find(|version| version.version == number)
    }

    /// Freezes the draft as a version and makes it the published one. If the draft equals the newest version, that
    /// version is published again.
    ///
    /// # Errors
    /// When the current draft has not run successfully; nothing changes.
    pub fn publish(&mut self, now: Millis) -> Result<(), PublishRefusal> {
        let same = self.versions.last().filter(|newest| newest.document == self.document).map(|newest| newest.version);
        let version = match same {
            Some(version) => version,
            None if !self.is_proven() => return Err(PublishRefusal::NotRun),
            None => {
                let version = self.versions.last().map_or(0, |newest| newest.version) + 1;
                self.versions.push(Version {
                    version,
                    version_id: format!("{}@{version}", self.workflow_id),
                    document: self.document.clone(),
                    published_at: now,
                });
                version
            }
        };
        self.published = Some(version);
        self.touched(now);
        Ok(())
    }

    /// Turns it back into a draft; its versions stay, for the batches that started with them. False if it was a draft.
    pub fn unpublish(&mut self, now: Millis) -> bool {
        let was = self.published.take().is_some();
        if was {
            self.touched(now);
        }
        was
    }

    fn touched(&mut self, now: Millis) {
        self.updated_at = now.max(self.updated_at);
        let documents = std::iter::once(&self.document).chain(self.versions.iter().map(|version| &version.document));
        self.references = documents.flat_map(references).collect();
    }
}

/// The recipe that a batch has run successfully, if at least one of its pictures succeeded.
pub fn shown_by(progress: &Progress) -> Option<&str> {
    progress.recipe.as_deref().filter(|_| progress.assets.completed > 0)
}

/// Sets a text in a document's metadata, which is created if it is missing.
pub fn set_metadata(document: &mut Value, key: &str, text: &str) {
    if let Some(document) = document.as_object_mut() {
        let metadata = document.entry("metadata").or_insert_with(|| Value::Object(Default::default()));
        if !metadata.is_object() {
            *metadata = Value::Object(Default::default());
        }
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert(key.to_owned(), text.into());
        }
    }
}

/// Asset ids that a document names.
pub fn references(document: &Value) -> Vec<String> {
    let urls = image_entries(document).filter_map(|image| {
        ["sourceUrl", "presignedUrl"].iter().find_map(|key| image.get(*key).and_then(Value::as_str))
    });
    urls.filter_map(|url| url.strip_prefix("asset:")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(width: u32) -> Value {
        json!({
            "metadata": { "name": "Small" },
            "actions": [
                { "actionId": "in", "actionType": "input-images", "parameters": { "images": [] } },
                { "actionId": "logo", "actionType": "input-images", "parameters": { "images": [{ "sourceUrl": "asset:1090" }] } },
                { "actionId": "resize", "actionType": "resize", "parameters": { "width": width } },
                { "actionId": "out", "actionType": "output" }
            ],
            "connections": []
        })
    }

    fn kept() -> KeptWorkflow {
        KeptWorkflow::new("small", document(100), 1.0)
    }

    fn prove(kept: &mut KeptWorkflow) {
        let recipe = recipe(&kept.document);
        kept.prove(&recipe);
    }

    #[test]
    fn a_draft_is_published_once_its_current_form_has_run_successfully() {
        let mut kept = kept();
        let before = kept.clone();
        assert_eq!(kept.publish(2.0), Err(PublishRefusal::NotRun));
        assert_eq!(kept, before, "a refused change leaves no trace");
        prove(&mut kept);
        kept.save(document(200), 3.0);
        assert_eq!(kept.publish(4.0), Err(PublishRefusal::NotRun), "what has run was something else");
        prove(&mut kept);
        assert_eq!(kept.publish(5.0), Ok(()));
        let version = kept.published_version().expect("published");
        assert_eq!((version.version, version.version_id.as_str(), version.published_at), (1, "small@1", 5.0));
        assert!(!kept.is_changed());
    }

    #[test]
    fn a_version_stays_as_it_was_published() {
        let mut kept = kept();
        prove(&mut kept);
        kept.publish(2.0).expect("proven");
        let frozen = kept.published_version().cloned();
        kept.save(document(300), 3.0);
        assert!(kept.is_changed());
        assert_eq!(kept.published_version().cloned(), frozen, "an edit changes the draft alone");
        prove(&mut kept);
        kept.publish(4.0).expect("proven");
        assert_eq!(kept.versions.iter().map(|version| version.version).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(kept.versions.first().cloned(), frozen);
        assert_eq!(kept.published, Some(2));
    }

    #[test]
    fn publishing_an_unchanged_draft_gives_the_same_version() {
        let mut kept = kept();
        prove(&mut kept);
        kept.publish(2.0).expect("proven");
        assert!(kept.unpublish(3.0));
        assert!(!kept.unpublish(4.0));
        assert_eq!((kept.published_version(), kept.versions.len()), (None, 1));
        kept.publish(5.0).expect("it is the version that was published before");
        assert_eq!((kept.published, kept.versions.len()), (Some(1), 1));
    }

    #[test]
    fn a_workflow_refers_to_the_files_of_its_draft_and_versions() {
        let mut kept = kept();
        assert_eq!(kept.references, SortedSet::from(["1090".to_owned()]));
        prove(&mut kept);
        kept.publish(2.0).expect("proven");
        let mut other = document(100);
        other["actions"][1]["parameters"]["images"][0]["sourceUrl"] = "asset:2".into();
        kept.save(other, 3.0);
        assert_eq!(kept.references, SortedSet::from(["1090".to_owned(), "2".to_owned()]));
    }

    #[test]
    fn documents_contain_the_id_under_which_they_are_stored() {
        let mut kept = KeptWorkflow::new("small", json!({ "metadata": 3, "actions": [] }), 1.0);
        assert_eq!(kept.document["metadata"], json!({ "workflowId": "small" }));
        kept.save(json!({ "actions": [] }), 2.0);
        assert_eq!(kept.document["metadata"]["workflowId"], "small");
    }
}
