//! What the actions on the frames of an animation share: which frames are shown, when, and for how long. The engine runs the
//! graph once for each frame that a result shows, so that no such action has a kernel.

use std::time::Duration;

use super::{Context, Operation, Stop, only};
use crate::image::{Image, Representations};

/// A frame of an animation, and how long it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its position in the file.
    pub frame: usize,
    /// How long it is shown.
    pub delay: Duration,
}

/// An action on the frames of an animation. A still picture stays as it is.
pub trait Sequence: Send + Sync {
    /// What is shown instead of `moments`, of which there is at least one: a choice of these frames, each once at most, in the
    /// same order or in the opposite one.
    fn shown(&self, moments: &[Moment]) -> Vec<Moment>;

    /// Whether that is always a single one.
    fn is_still(&self) -> bool {
        false
    }
}

impl<T: Sequence> Operation for T {
    fn accepts(&self) -> Representations {
        Representations::ANY.and_deep()
    }

    fn keeps_chroma_grid(&self) -> bool {
        true
    }

    fn sequence(&self) -> Option<&dyn Sequence> {
        Some(self)
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![only(inputs)?])
    }
}

/// When each moment begins and ends.
pub(super) fn times(moments: &[Moment]) -> impl Iterator<Item = (Moment, Duration, Duration)> {
    moments.iter().scan(Duration::ZERO, |time, moment| {
        let start = *time;
        *time += moment.delay;
        Some((*moment, start, *time))
    })
}

/// The moment that is shown at a time; the last one after the end.
pub(super) fn at(moments: &[Moment], time: Duration) -> Option<Moment> {
    let found = times(moments).find(|(_, _, end)| time < *end).map(|(moment, ..)| moment);
    found.or_else(|| moments.last().copied())
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// Frames that are shown for so many milliseconds.
    pub(in crate::actions) fn moments(delays: &[u64]) -> Vec<Moment> {
        let moment = |(frame, delay): (usize, &u64)| Moment { frame, delay: Duration::from_millis(*delay) };
        delays.iter().enumerate().map(moment).collect()
    }

    /// What a sequence shows: frames with their milliseconds.
    pub(in crate::actions) fn shown(sequence: &impl Sequence, delays: &[u64]) -> Vec<(usize, u128)> {
        sequence.shown(&moments(delays)).iter().map(|moment| (moment.frame, moment.delay.as_millis())).collect()
    }
}
