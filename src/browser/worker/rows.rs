//! Executions of rows: filling in templates before they run, and for a preview reading the table.

use super::Worker;
use crate::batch::records::Execution;
use crate::codecs;
use crate::data::{Table, text};
use crate::engine::{InputRef, Plan};
use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::workflow::Diagnostic;

impl Worker {
    /// Fills in the templates among an execution's inputs; hints tell of missing values.
    pub(super) async fn fill_templates(
        &self,
        plan: &Plan,
        execution: &Execution,
        contents: &mut [Vec<u8>],
    ) -> Result<Vec<Warning>, Failure> {
        if !plan.has_templates() {
            return Ok(Vec::new());
        }
        let pictures = execution.input_asset.inputs.iter().zip(contents.iter());
        for (input, bytes) in pictures.filter(|(input, _)| input.column.is_some()) {
            self.decoder(codecs::sniff(bytes)).await.map_err(|failure| failure.at(&input.action_id))?;
        }
        plan.fill_templates(&execution.input_asset, contents, Some(&self.decoders))
    }

    /// Gives the plan of a preview its table.
    pub(super) async fn bind_rows(&self, plan: &mut Plan) -> Result<(), Failure> {
        let Some(rows) = plan.graph().rows.clone() else { return Ok(()) };
        let file = rows
            .file
            .as_ref()
            .ok_or_else(|| Failure::input("There is no table.", "Add a file with a table.").at(&rows.action_id))?;
        let bytes = self.file(InputRef::of(&rows.action_id, file)).await?;
        let table = Table::read(&bytes, rows.delimiter).map_err(|found| first_of(found, &rows.action_id))?;
        let files: Vec<_> = plan.graph().templates().map(|(id, file)| InputRef::of(id, file)).collect();
        let mut templates = Vec::new();
        for file in files {
            let action_id = file.action_id.clone();
            let bytes = self.file(file).await?;
            // What is no text fails when it is filled in.
            templates.push((action_id, text(&bytes).map(|text| text.into_owned()).unwrap_or_default()));
        }
        plan.bind(table, &templates).map_err(|found| first_of(found, &rows.action_id))
    }

    async fn file(&self, file: InputRef) -> Result<Vec<u8>, Failure> {
        let read = self.input(&file).await.map_err(|error| Failure::system(error.to_string(), "Try again."))?;
        Ok(read.map_err(|failure| failure.at(&file.action_id))?.0)
    }
}

/// The first of some diagnostics as a failure.
fn first_of(found: Vec<Diagnostic>, action_id: &str) -> Failure {
    let Some(first) = found.into_iter().next() else {
        return Failure::system("The table cannot be run.", "Try again.");
    };
    let place = first.action_id.unwrap_or_else(|| action_id.to_owned());
    Failure::new(ErrorCategory::ValidationError, Phase::Setup, first.message, first.hint).at(&place)
}
