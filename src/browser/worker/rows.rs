//! Executions of rows: reading the table, and filling in templates before they run.

use super::pieces::Input;
use super::{Worker, read};
use crate::batch::records::Execution;
use crate::codecs;
use crate::data::template::MOST_BYTES;
use crate::engine::{InputAsset, InputRef, Plan, StagedPlan};
use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::store::AssetStore;
use crate::workflow::Diagnostic;

impl Worker {
    /// Reads the table that a document runs, and its templates: what each row's execution works on.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) async fn read_rows(&self, document: &str) -> Result<Vec<InputAsset>, Vec<Diagnostic>> {
        let document = serde_json::from_str(document).unwrap_or_default();
        let mut plan = read(document, StagedPlan::build).map_err(|failure| vec![unreadable(failure, "")])?;
        self.bind_rows(&mut plan.each).await?;
        Ok(plan.each.graph().input_assets())
    }

    /// Gives a plan its table.
    ///
    /// # Errors
    /// What is wrong with table and templates.
    pub(super) async fn bind_rows(&self, plan: &mut Plan) -> Result<(), Vec<Diagnostic>> {
        let mut contents = Vec::new();
        for wanted in plan.graph().wanted()? {
            let file = InputRef::of(&wanted.action_id, &wanted.file);
            if self.is_too_large(&file).await {
                let message = format!("\"{}\" is larger than 64 MiB.", file.name);
                let found = Diagnostic::error("unreadable_data", message, "Use a smaller file.");
                return Err(vec![found.at(&wanted.action_id)]);
            }
            let read = match self.input(&file).await {
                Ok(read) => read.map(|(bytes, _)| bytes),
                Err(error) => Err(Failure::system(error.to_string(), "Try again.")),
            };
            contents.push(read.map_err(|failure| vec![unreadable(failure, &wanted.action_id)])?);
        }
        plan.bind_files(&contents)
    }

    /// Whether a stored file is larger than any table or template may be. What is not stored is found out later.
    async fn is_too_large(&self, file: &InputRef) -> bool {
        let Some(asset_id) = file.source_url.strip_prefix("asset:") else { return false };
        let stored = self.database.asset(asset_id).await.ok().flatten();
        stored.is_some_and(|asset| asset.bytes > MOST_BYTES as u64)
    }

    /// Fills in the templates among an execution's inputs; hints tell of missing values.
    pub(super) async fn fill_templates(
        &self,
        plan: &Plan,
        execution: &Execution,
        contents: &mut [Input],
    ) -> Result<Vec<Warning>, Failure> {
        if !plan.has_templates() {
            return Ok(Vec::new());
        }
        let pictures = execution.input_asset.inputs.iter().zip(contents.iter());
        for (input, content) in pictures.filter(|(input, _)| input.column.is_some()) {
            self.decoder(codecs::sniff(content.bytes())).await.map_err(|failure| failure.at(&input.action_id))?;
        }
        let mut whole: Vec<_> = contents.iter_mut().map(Input::take_whole).collect();
        if let Some(failure) = contents.iter().find_map(|content| content.bytes().failure()) {
            return Err(failure);
        }
        let hints = plan.fill_templates(&execution.input_asset, &mut whole, Some(&self.decoders))?;
        contents.iter_mut().zip(whole).for_each(|(content, bytes)| *content = Input::Whole(bytes));
        Ok(hints)
    }
}

fn unreadable(failure: Failure, action_id: &str) -> Diagnostic {
    Diagnostic::error("unreadable_data", failure.message, failure.hint).at(action_id)
}

/// The first of some diagnostics as a failure, for a preview.
pub(super) fn first_of(found: Vec<Diagnostic>) -> Failure {
    let Some(first) = found.into_iter().next() else {
        return Failure::system("The table cannot be run.", "Try again.");
    };
    let failure = Failure::new(ErrorCategory::ValidationError, Phase::Setup, first.message, first.hint);
    failure.at(&first.action_id.unwrap_or_default())
}
