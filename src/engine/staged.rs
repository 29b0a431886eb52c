//! A workflow in stages with its kernels: a plan for each picture, and for what becomes of all of them.

use super::plan::Plan;
use super::stages::{GatheringStage, Stages};
use crate::actions::gather::{Gather, Gathering};
use crate::actions::{self, RunFacts};
use crate::error::{Failure, Warning};
use crate::image::Size;
use crate::workflow::{Diagnostic, Workflow};

/// A workflow that can run over a batch.
#[derive(Debug)]
pub struct StagedPlan {
    /// What is done with each picture.
    pub each: Plan,
    gatherings: Vec<GatheringPlan>,
}

/// What gathers the pictures of executions, and what follows.
pub struct GatheringPlan {
    /// The id of the action that gathers.
    pub action_id: String,
    /// What its results are called: its type.
    pub name: &'static str,
    /// The position of what it makes among the inputs of what follows.
    pub place: usize,
    /// The most executions whose pictures go into one result; `None` for all.
    pub most: Option<u32>,
    /// What follows.
    pub after: Plan,
    gather: Box<dyn Gather>,
}

impl std::fmt::Debug for GatheringPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatheringPlan").field("action_id", &self.action_id).finish_non_exhaustive()
    }
}

impl StagedPlan {
    /// Validates a workflow and makes it runnable.
    ///
    /// # Errors
    /// Every diagnostic, when one of them is an error.
    pub fn build(workflow: &Workflow) -> Result<Self, Vec<Diagnostic>> {
        let Stages { each, gatherings } = Stages::resolve(workflow)?;
        let gatherings = gatherings.into_iter().map(GatheringPlan::of).collect::<Result<_, _>>()?;
        Ok(Self { each: Plan::of(each)?, gatherings })
    }

    /// The same for a batch.
    pub fn for_run(self, run: RunFacts) -> Self {
        let for_run = |gathering: GatheringPlan| GatheringPlan { after: gathering.after.for_run(run), ..gathering };
        Self { each: self.each.for_run(run), gatherings: self.gatherings.into_iter().map(for_run).collect() }
    }

    /// All that gather, in document order.
    pub fn gatherings(&self) -> &[GatheringPlan] {
        &self.gatherings
    }

    /// What gathers by this action.
    pub fn gathering(&self, action_id: &str) -> Option<&GatheringPlan> {
        self.gatherings.iter().find(|gathering| gathering.action_id == action_id)
    }
}

impl GatheringPlan {
    fn of(stage: GatheringStage) -> Result<Self, Vec<Diagnostic>> {
        let gather = actions::prepare_gather(stage.action.action_type, &stage.parameters).map_err(|failure| {
            vec![Diagnostic::error("unusable_parameters", failure.message, failure.hint).at(&stage.action_id)]
        })?;
        let place = stage.place();
        let GatheringStage { action_id, action, most, after, .. } = stage;
        Ok(Self { action_id, name: action.action_type, place, most, after: Plan::of(after)?, gather })
    }

    /// Begins a result of so many pictures, of which the first has this size.
    ///
    /// # Errors
    /// When there are none, or the result would exceed a limit.
    pub fn begin(&self, count: u32, first: Option<Size>) -> Result<Box<dyn Gathering + '_>, Failure> {
        let Some(first) = first.filter(|_| count > 0) else {
            let message = "None of the pictures that this step gathers was made.";
            let hint =
                "See why they failed or took another way, fix that, and retry them: this is done again afterwards.";
            return Err(Failure::execute(message, hint).at(&self.action_id));
        };
        self.gather.begin(count, first).map_err(|failure| failure.at(&self.action_id))
    }

    /// What is said of a result in which so many of all pictures are missing.
    pub fn incomplete(&self, missing: u32, all: u32) -> Option<Warning> {
        let (are, they) = if missing == 1 { ("is", "it") } else { ("are", "they") };
        let message = format!("{missing} of {all} pictures {are} missing here, because {they} failed.");
        let hint = "Retry what failed: this is made again afterwards.";
        (missing > 0).then(|| Warning::new("pictures_missing", message, hint).at(&self.action_id))
    }
}
