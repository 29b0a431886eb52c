//! `trim-frames`: a part of an animation.

use std::time::Duration;

use super::checks::Condition;
use super::sequence::{Moment, Sequence, times};
use super::{Action, Category, IMAGE_IN, IMAGE_OUT, Role};

crate::choices! {
    /// What `start` and `end` count.
    pub enum Unit {
        /// Time.
        Seconds = "seconds",
        /// Frames from 0 on.
        Frames = "frames",
    }
}

crate::parameters! {
    /// Parameters of `trim-frames`.
    pub struct TrimFrames {
        /// Where the part begins: the time, or the first frame that stays; the first one of all is 0.
        start: f64 = 0.0, range 0.0..=100000.0;
        /// Where the part ends: the time, or the first frame that is cut off. Leave empty to keep all to the end.
        end: Option<f64>, range 0.0..=100000.0;
        /// What `start` and `end` count: `seconds` or `frames`.
        unit: Unit = Unit::Seconds;
    }
}

/// The entry of `trim-frames`.
pub const ACTION: Action = Action {
    action_type: "trim-frames",
    version: "1.0.0",
    name: "Trim frames",
    description: "Keeps a part of an animation, by time or by frames. A still picture stays as it is.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: TrimFrames::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["still", "frame-rate", "reverse"],
    usage: "Cut the title off an animation, or keep its first three seconds.",
    icon: "M3.5 8h17v8h-17zM8 4.5v15M16 4.5v15",
};

impl TrimFrames {
    fn by_time(&self, moments: &[Moment]) -> Vec<Moment> {
        let first = Duration::from_secs_f64(self.start);
        let last = self.end.map_or(Duration::MAX, Duration::from_secs_f64);
        let part = |(moment, start, end): (Moment, Duration, Duration)| {
            let (from, to) = (start.max(first), end.min(last));
            // A frame without a duration stays where its time does.
            let stays = from < to || start == end && first <= start && start < last;
            stays.then(|| Moment { delay: to.saturating_sub(from), ..moment })
        };
        times(moments).filter_map(part).collect()
    }

    fn by_count(&self, moments: &[Moment]) -> Vec<Moment> {
        let end = self.end.map_or(moments.len(), |end| (end.ceil() as usize).min(moments.len()));
        let start = (self.start.ceil() as usize).min(end);
        moments[start..end].to_vec()
    }
}

impl Sequence for TrimFrames {
    fn shown(&self, moments: &[Moment]) -> Vec<Moment> {
        match self.unit {
            Unit::Seconds => self.by_time(moments),
            Unit::Frames => self.by_count(moments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sequence::testing::shown;
    use super::*;

    fn part(start: f64, end: Option<f64>, unit: Unit) -> Vec<(usize, u128)> {
        shown(&TrimFrames { start, end, unit }, &[70, 100, 30])
    }

    #[test]
    fn frames_at_the_ends_are_shown_for_a_part_of_their_time() {
        assert_eq!(part(0.1, Some(0.18), Unit::Seconds), [(1, 70), (2, 10)]);
        assert_eq!(part(0.07, None, Unit::Seconds), [(1, 100), (2, 30)]);
        assert_eq!(part(0.0, Some(100.0), Unit::Seconds), [(0, 70), (1, 100), (2, 30)]);
        assert_eq!(part(0.2, None, Unit::Seconds), []);
        assert_eq!(part(0.1, Some(0.1), Unit::Seconds), []);
    }

    #[test]
    fn frames_count_from_zero_to_before_the_end() {
        assert_eq!(part(1.0, Some(3.0), Unit::Frames), [(1, 100), (2, 30)]);
        assert_eq!(part(0.0, Some(1.0), Unit::Frames), [(0, 70)]);
        assert_eq!(part(2.0, None, Unit::Frames), [(2, 30)]);
        assert_eq!(part(5.0, Some(2.0), Unit::Frames), []);
    }
}
