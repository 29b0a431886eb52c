//! A stand-in for a salient-object model.

use pixelmill::error::Failure;
use pixelmill::network::{Missing, ModelSource, SIDE, SaliencyNetwork};

/// A model that finds the same blot in every picture, available under one name only.
pub(crate) struct Blot;

impl SaliencyNetwork for Blot {
    fn infer(&self, _: &[f32]) -> Result<Vec<f32>, Failure> {
        let side = SIDE as usize;
        Ok((0..side * side).map(|i| if i % side > 90 && i / side < 200 { 1.0 } else { 0.0 }).collect())
    }

    fn name(&self) -> &str {
        "blot 1"
    }
}

impl ModelSource for Blot {
    fn get(&self, model: &str) -> Result<&dyn SaliencyNetwork, Missing> {
        let missing = || Missing::Failed(Failure::system(format!("There is no \"{model}\"."), "Add it."));
        if model == "u2netp" { Ok(self) } else { Err(missing()) }
    }
}
