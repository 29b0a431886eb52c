//! `frame-rate`: an animation with fewer frames.

use std::time::Duration;

use super::checks::Condition;
use super::sequence::{Moment, Sequence, times};
use super::{Action, Category, IMAGE_IN, IMAGE_OUT, Role};

crate::parameters! {
    /// Parameters of `frame-rate`.
    pub struct FrameRate {
        /// Frames a second.
        fps: f64 = 10.0, range 0.1..=100.0, soft 1.0..=30.0, label "Frames per second";
    }
}

/// The entry of `frame-rate`.
pub const ACTION: Action = Action {
    action_type: "frame-rate",
    version: "1.0.0",
    name: "Frame rate",
    description: "Shows an animation at an even number of frames a second; it lasts as long as before. A frame that is shown again is stored once. A still picture stays as it is.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: FrameRate::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["trim-frames", "reverse", "resize"],
    usage: "Make a screen recording smaller: 8 frames a second are often enough.",
    icon: "M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM12 7.5V12l3 2",
};

impl FrameRate {
    /// The first tick at this time or later.
    fn tick(&self, time: Duration) -> u64 {
        // To a microsecond, so that a third of a second is a whole number of ticks.
        (time.as_secs_f64() * self.fps - self.fps * 1e-6).ceil().max(0.0) as u64
    }

    fn time(&self, tick: u64) -> Duration {
        Duration::from_micros((tick as f64 / self.fps * 1e6 + 0.5) as u64)
    }
}

impl Sequence for FrameRate {
    /// At every tick, the frame that is shown then; the number of ticks is the length times the rate, rounded half up.
    fn shown(&self, moments: &[Moment]) -> Vec<Moment> {
        let length: Duration = moments.iter().map(|moment| moment.delay).sum();
        let ticks = ((length.as_secs_f64() * self.fps + 0.5 + 1e-6) as u64).max(1);
        let last = moments.len().saturating_sub(1);
        let during = |(at, (moment, start, end)): (usize, (Moment, Duration, Duration))| {
            let first = self.tick(start).min(ticks);
            let end = if at == last { ticks } else { self.tick(end).min(ticks) };
            let delay = self.time(end).saturating_sub(self.time(first));
            (first < end).then_some(Moment { delay, ..moment })
        };
        times(moments).enumerate().filter_map(during).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sequence::testing::{moments, shown};
    use super::*;

    #[test]
    fn each_tick_shows_the_frame_of_its_time() {
        let at = |fps: f64, delays: &[u64]| shown(&FrameRate { fps }, delays);
        // Ticks at 0 and 100 ms; every 20 ms; one only.
        assert_eq!(at(10.0, &[70, 100, 30]), [(0, 100), (1, 100)]);
        assert_eq!(at(50.0, &[70, 100, 30]), [(0, 80), (1, 100), (2, 20)]);
        assert_eq!(at(1.0, &[70, 100, 30]), [(0, 1000)]);
        assert_eq!(at(10.0, &[20; 50]).len(), 10);
        assert_eq!(at(10.0, &[20; 50])[3], (15, 100));
        assert_eq!(at(30.0, &[0, 0, 0]), [(2, 33)]);
        assert_eq!(at(25.0, &[40; 7]), shown(&FrameRate { fps: 100.0 }, &[40; 7]));
    }

    #[test]
    fn the_length_stays_to_half_a_tick() {
        for fps in [0.1, 1.0, 7.0, 12.5, 29.97, 30.0, 100.0] {
            for delays in [&[33_u64; 61][..], &[10, 500, 3, 70, 0, 41], &[100]] {
                let sum = |moments: &[Moment]| moments.iter().map(|moment| moment.delay.as_secs_f64()).sum::<f64>();
                let before = moments(delays);
                let after = FrameRate { fps }.shown(&before);
                let off = (sum(&before) - sum(&after)).abs();
                assert!(off <= 0.5 / fps + 1e-4 || after.len() == 1, "{fps}: {off}");
                assert!(after.is_sorted_by_key(|moment| moment.frame));
            }
        }
    }
}
