//! Reusing results of earlier batches on request: what determines a result, and finding one that matches.

use std::cell::Cell;

use serde_json::Value;

use super::error::ApiError;
use super::{Host, Service};
use crate::actions::RunFacts;
use crate::actions::context::About;
use crate::actions::parameters::Kind;
use crate::actions::placeholders::{Placeholder, placeholders};
use crate::batch::records::{Execution, InputAsset, Progress};
use crate::batch::transitions;
use crate::codecs::Format;
use crate::engine::{Graph, InputRef, Named};
use crate::library;
use crate::store::{BatchStore, LibraryStore};
use crate::submission;
use crate::user_file::FileKind;

impl<S: BatchStore + LibraryStore, H: Host> Service<S, H> {
    /// Records for each execution what determines its results: recipe, versions, the user's own files in it, and the
    /// content of each input. An execution whose content is unknown until it is fetched gets no such record, and neither does one
    /// that sends pictures to a server.
    pub(super) async fn note_content_keys(
        &self,
        graph: &Graph,
        recipe: &str,
        run: RunFacts,
        executions: &mut [Execution],
    ) -> Result<(), ApiError> {
        // What a server makes of a picture is its own business, and may change.
        if graph.nodes.iter().any(|node| node.action.action_type == submission::ACTION_TYPE) {
            return Ok(());
        }
        let mut whole = format!("{recipe} {}", graph.version());
        let named = user_files(graph);
        if !named.is_empty() {
            let all = self.store.user_files().await?;
            for file in all.iter().filter(|file| named.contains(&(file.kind, file.name.clone()))) {
                // A model without its kind, as it was when there were no others.
                let kind = if file.kind == FileKind::Model { "" } else { file.kind.word() };
                whole.push_str(&format!("\n{kind}{:?} {}", file.name, file.asset_id));
            }
        }
        whole.push_str(&of_run(graph, run));
        let writes_names = writes_names(graph);
        // What gathers depends on what the others make.
        for execution in executions.iter_mut().filter(|execution| !execution.gathers()) {
            execution.content_key = content_key(&whole, &execution.input_asset, writes_names);
        }
        Ok(())
    }

    /// Reuses the results of finished executions with the same key.
    pub(super) async fn take_over_unchanged(
        &self,
        graph: &Graph,
        run: RunFacts,
        progress: &mut Progress,
        executions: &mut [Execution],
    ) -> Result<(), ApiError> {
        let keyed: Vec<&mut Execution> =
            executions.iter_mut().filter(|execution| execution.content_key.is_some()).collect();
        let keys: Vec<String> = keyed.iter().filter_map(|execution| execution.content_key.clone()).collect();
        let found = self.store.finished_with(&keys).await?;
        let now = self.host.now();
        let version = graph.version();
        for (execution, found) in keyed.into_iter().zip(found) {
            // An execution accepted by this version may have been finished by another version of the program.
            let same = found.filter(|found| found.engine_version() == Some(&version));
            if let Some(found) = same
                && let Some(names) = names(graph, run, execution, &found)
            {
                let _it_fits = transitions::take_over(progress, execution, &found, names, now);
            }
        }
        Ok(())
    }
}

/// The files that a workflow's actions use, by kind and name.
fn user_files(graph: &Graph) -> Vec<(FileKind, String)> {
    let fields = graph.nodes.iter().flat_map(|node| node.action.fields.iter().map(move |field| (node, field)));
    fields
        .filter_map(|(node, field)| {
            let Kind::File(kind) = field.kind else { return None };
            let given = node.parameters.get(field.name).cloned().unwrap_or_else(|| field.default.value());
            Some((kind, given.as_str()?.to_owned()))
        })
        .collect()
}

/// Whether results show what their files are called, or their position, or conditions ask for it.
fn writes_names(graph: &Graph) -> bool {
    let fields = graph.nodes.iter().flat_map(|node| node.action.fields.iter().map(move |field| (node, field)));
    fields.into_iter().any(|(node, field)| {
        let given = node.parameters.get(field.name).and_then(Value::as_str);
        match field.kind {
            Kind::Caption => given.is_none_or(|text| text.contains('{')),
            Kind::Expression => given.is_some_and(|text| NAMING.iter().any(|one| text.contains(one))),
            _ => false,
        }
    })
}

/// What conditions say that ask for the name of a file or its position.
const NAMING: [&str; 5] = ["name", "index", "folder", "path", "ext"];

/// What results show of the run itself.
fn of_run(graph: &Graph, run: RunFacts) -> String {
    let about = About { run, ..About::default() };
    let mut shown = String::new();
    for node in &graph.nodes {
        let fields = node.action.fields.iter().filter(|field| matches!(field.kind, Kind::Caption | Kind::Expression));
        for text in fields.filter_map(|field| node.parameters.get(field.name).and_then(Value::as_str)) {
            let is_shown = |one: &Placeholder<'_>| matches!(one, Placeholder::Date(_) | Placeholder::Count);
            for placeholder in placeholders(text).filter(is_shown) {
                shown.push('\n');
                shown.push_str(&about.value(placeholder).unwrap_or_default());
            }
            if text.contains("count") {
                shown.push_str(&format!("\n{}", run.count));
            }
        }
    }
    shown
}

fn content_key(whole: &str, input: &InputAsset, writes_names: bool) -> Option<String> {
    let mut text = whole.to_owned();
    if let Some(primary) = input.inputs.first().filter(|_| writes_names) {
        text.push_str(&format!("\n{} {:?} {:?}", input.index, primary.name, primary.path));
    }
    for input in &input.inputs {
        text.push_str(&format!("\n{:?} {}", input.action_id, input.source_url.strip_prefix("asset:")?));
        text.push_str(input.column.as_deref().unwrap_or_default());
    }
    if let Some(row) = &input.row {
        // Not its number: in another place of a table it is the same.
        text.push_str(&format!("\n{}", serde_json::to_string(&row.values).ok()?));
    }
    Some(library::sha256(&text))
}

/// The names of a finished execution's outputs in this workflow; `None` if this workflow has other outputs. Conditions may
/// have led it to some of them only.
fn names(graph: &Graph, run: RunFacts, execution: &Execution, found: &Execution) -> Option<Vec<String>> {
    let has_conditions = graph.nodes.iter().any(|node| node.action.is_condition());
    let mut all = graph.outputs.iter().filter(|output| !output.is_staged);
    if !has_conditions && all.clone().count() != found.outputs().len() {
        return None;
    }
    let nameless = format!("image-{}", execution.asset_index + 1);
    let primary = execution.input_asset.inputs.first();
    let given = primary.map(|input| input.name.as_str()).filter(|name| !name.is_empty());
    let folder = primary.map_or("", InputRef::folder);
    let named = found.outputs().iter().map(|output| {
        let here = all.find(|here| !has_conditions || here.action_id == output.action_id)?;
        let extension = Format::of_media_type(&output.mime_type).map_or("", Format::extension);
        let size = (output.width, output.height);
        (here.action_id == output.action_id)
            .then(|| {
                // What the file says about itself is not in the records.
                let unknown = Cell::new(false);
                let asked = || {
                    unknown.set(true);
                    None
                };
                let about = About {
                    name: given.unwrap_or(&nameless),
                    folder,
                    index: execution.asset_index,
                    day: &asked,
                    camera: &asked,
                    row: execution.input_asset.row.as_ref(),
                    hash: &String::new,
                    run,
                    params: Some(&graph.params),
                };
                let name = here.name(&Named {
                    about,
                    extension,
                    size,
                    hash: &|| output.sha256.clone(),
                    missing: &|_| String::new(),
                });
                name.ok().filter(|_| !unknown.get())
            })
            .flatten()
    });
    named.collect()
}
