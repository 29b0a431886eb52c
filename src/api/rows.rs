//! Batches that run the rows of a table: reading it, and its templates, when the batch is accepted.

use super::error::ApiError;
use super::{Host, Service};
use crate::actions::input_images::InputImage;
use crate::data::{self, Table};
use crate::engine::{Graph, GraphSource, Supply};
use crate::workflow::Diagnostic;

impl<S, H: Host> Service<S, H> {
    /// Gives a graph that runs a table its rows.
    ///
    /// # Errors
    /// 400 with diagnostics for what is wrong with table and templates, or if one is missing.
    pub(super) async fn bind_rows(&self, graph: &mut Graph) -> Result<(), ApiError> {
        let Some(rows) = &graph.rows else { return Ok(()) };
        let refused = |found| ApiError::diagnosed("The table cannot be run: see the diagnostics.", found);
        let missing = |action_id: &str, field: &str, what: &str| {
            let hint = "Add a file to the \"input-files\" action that leads there.";
            vec![
                Diagnostic::error("no_images", format!("\"{action_id}\" has no {what}."), hint)
                    .at(action_id)
                    .field(field),
            ]
        };
        let file = rows.file.as_ref().ok_or_else(|| refused(missing(&rows.action_id, "input-files", "table")))?;
        let bytes = self.read_file(file, &rows.action_id).await.map_err(|found| refused(vec![found]))?;
        let table = Table::read(&bytes, rows.delimiter)
            .map_err(|found| refused(found.into_iter().map(|one| one.at(&rows.action_id)).collect()))?;
        let is_empty = |source: &&GraphSource| matches!(source.supply, Supply::Template(_)) && source.images.is_empty();
        if let Some(source) = graph.sources.iter().find(is_empty) {
            return Err(refused(missing(&source.action_id, "template", "template")));
        }
        let mut templates = Vec::new();
        for (action_id, file) in graph.templates() {
            let bytes = self.read_file(file, action_id).await.map_err(|found| refused(vec![found]))?;
            let text = data::text(&bytes).map_err(|_| {
                let message = format!("\"{}\" is not an SVG file, or compressed.", file.name);
                refused(vec![Diagnostic::error("unsupported_template", message, "Save it as plain SVG.").at(action_id)])
            })?;
            templates.push((action_id.to_owned(), text.into_owned()));
        }
        graph.bind(table, &templates).map_err(refused)
    }

    /// The content of a stored file.
    async fn read_file(&self, file: &InputImage, action_id: &str) -> Result<Vec<u8>, Diagnostic> {
        let read = match file.source_url.strip_prefix("asset:") {
            Some(asset_id) => self.host.read(asset_id).await,
            None => Err("it is not stored".to_owned()),
        };
        read.map_err(|why| {
            let message = format!("\"{}\" cannot be read: {why}.", file.name);
            Diagnostic::error("unreadable_data", message, "Add the file again.").at(action_id)
        })
    }
}
