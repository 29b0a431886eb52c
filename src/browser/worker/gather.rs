//! Executions that gather what others made: their pictures are read one after another, so that a single one is in memory.

use js_sys::{ArrayBuffer, Uint8Array};

use super::super::verify::{self, Found};
use super::{Given, Outcome, Worker, report};
use crate::actions::gather::staged_picture;
use crate::batch::records::{Execution, ExecutionStatus, Gathered, InputRef, StagedFile};
use crate::engine::{GatheringPlan, Produced, StagedPlan};
use crate::error::{ErrorCategory, Failure, Phase};
use crate::image::Size;
use crate::protocol::FromWorker;
use crate::store::{AssetStore, StoreError};

/// Executions read at once.
const PORTION: u32 = 200;

impl Worker {
    /// Gathers the pictures of other executions, and runs what follows on what became of them.
    pub(super) async fn gather(
        &self,
        plan: &StagedPlan,
        execution: &Execution,
        gathered: &Gathered,
        outcome: &mut Outcome,
    ) -> Result<Result<Produced, Failure>, StoreError> {
        let Some(plan) = plan.gathering(&gathered.action_id) else {
            return Ok(Err(Failure::system("The workflow has no such step.", "Start the batch again.")));
        };
        outcome.findings.engine_version = Some(plan.after.version());
        let (staged, failed) = match self.staged(execution, gathered).await? {
            Ok(found) => found,
            Err(failure) => return Ok(Err(failure.at(&plan.action_id))),
        };
        let content = match self.made(plan, &staged).await? {
            Ok(content) => content,
            Err(failure) => return Ok(Err(failure.at(&plan.action_id))),
        };
        let mut whole = execution.clone();
        whole.asset_index = gathered.part;
        let made = InputRef {
            action_id: plan.action_id.clone(),
            name: plan.name.to_owned(),
            source_url: String::new(),
            path: None,
            replaced: false,
            column: None,
        };
        whole.input_asset.inputs.insert(plan.place, made);
        let given = Given::Made { place: plan.place, content };
        let produced = self.produce(&plan.after, &whole, &given, None, outcome).await?;
        Ok(produced.and_then(|produced| produced.ok_or_else(super::never_run)).map(|mut produced| {
            produced.warnings.extend(plan.incomplete(failed, gathered.count));
            // It is the result, or what became of it.
            produced.input_thumbnail = None;
            for output in &mut produced.outputs {
                output
                    .modules
                    .extend(staged.iter().flat_map(|file| &file.modules).map(|(name, id)| (name.clone(), id.clone())));
            }
            produced
        }))
    }

    /// The pictures that the executions staged, in order, and how many of them failed.
    async fn staged(
        &self,
        execution: &Execution,
        Gathered { action_id, from, count, .. }: &Gathered,
    ) -> Result<Result<(Vec<StagedFile>, u32), Failure>, StoreError> {
        let (mut staged, mut failed) = (Vec::new(), 0);
        let mut next = *from;
        while next < from + count {
            let portion = PORTION.min(from + count - next);
            for one in self.database.records(&execution.batch_id, next, portion).await? {
                match one.status() {
                    ExecutionStatus::Success => {
                        staged.extend(one.staged().iter().filter(|file| file.action_id == *action_id).cloned());
                    }
                    ExecutionStatus::Failed => failed += 1,
                    ExecutionStatus::Pending | ExecutionStatus::Running => {
                        let message = "Pictures that this step gathers are still being made.";
                        return Ok(Err(Failure::system(message, "Retry it.")));
                    }
                }
            }
            next += portion;
        }
        Ok(Ok((staged, failed)))
    }

    /// The file that the pictures became.
    async fn made(
        &self,
        plan: &GatheringPlan,
        staged: &[StagedFile],
    ) -> Result<Result<ArrayBuffer, Failure>, StoreError> {
        report(&FromWorker::Measured {
            pixels: staged.iter().map(|file| u64::from(file.width) * u64::from(file.height)).sum(),
        });
        let first = staged.first().map(|file| Size::new(file.width, file.height));
        let mut gathering = match plan.begin(staged.len() as u32, first) {
            Ok(gathering) => gathering,
            Err(failure) => return Ok(Err(failure)),
        };
        for file in staged {
            let bytes = match verify::read(&self.database, &file.sha256).await? {
                Found::Sound(_, buffer) => Uint8Array::new(&buffer).to_vec(),
                Found::TooLarge(why) => {
                    let hint = "Close other tabs and programs to free memory, then retry it.";
                    return Ok(Err(Failure::system(verify::too_large("A picture", &why), hint)));
                }
                Found::Damaged(_) | Found::Nothing => {
                    self.database.mark_damaged(&file.sha256).await?;
                    return Ok(Err(lost()));
                }
            };
            if let Err(failure) = staged_picture(&bytes, "").and_then(|picture| gathering.add(picture)) {
                return Ok(Err(failure));
            }
        }
        Ok(gathering.finish().map(|file| Uint8Array::from(file.bytes.as_slice()).buffer()))
    }
}

fn lost() -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        "A picture that this step gathers is damaged in the browser's storage.",
        "Check the stored results of the batch, then retry what failed: the picture is made again.",
    )
}
