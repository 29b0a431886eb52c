//! A scan's data as intervals between restart markers (T.81 E.2.4), and what is done where data is missing: as libjpeg
//! does, so that a damaged picture looks as it does elsewhere.

use std::ops::Range;

use super::bits::{Bits, Interval};
use crate::codecs::jpeg::frame::next_marker;

/// What was wrong with the data of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Damage {
    /// Some of it was not there.
    pub(super) missing: bool,
    /// What was not there lay past the end of the file.
    pub(super) cut_off: bool,
    /// Some of it made no sense.
    pub(super) wrong: bool,
}

/// The intervals of one scan.
pub(super) struct Intervals<'a> {
    bytes: &'a [u8],
    buffer: &'a mut Interval,
    /// Where the marker stands that ends the current interval.
    at: usize,
    /// MCUs of an interval.
    every: usize,
    next: usize,
    total: usize,
    /// Whether the last interval's data ran out.
    ran_out: bool,
    damage: Damage,
}

impl<'a> Intervals<'a> {
    /// The data from `at` on, for `total` MCUs, with a restart after `every` of them (0: none).
    pub(super) fn new(bytes: &'a [u8], at: usize, buffer: &'a mut Interval, every: usize, total: usize) -> Self {
        let every = if every == 0 { total } else { every };
        Self { bytes, buffer, at, every, next: 0, total, ran_out: false, damage: Damage::default() }
    }

    /// The MCUs of the next interval and its bits, if there are any. Where its data is lost the bits are zeros, for one MCU;
    /// after an interval that ran out, for none.
    pub(super) fn next(&mut self) -> Option<(Range<usize>, Option<Bits<'_>>)> {
        if self.next >= self.total {
            return None;
        }
        let mcus = self.next..self.total.min(self.next + self.every);
        // Restart markers count from 0 to 7.
        let found = self.next == 0 || self.resume((self.next / self.every + 7) as u8 & 7);
        self.next = mcus.end;
        if !found && self.ran_out {
            return Some((mcus, None));
        }
        // A lost interval ends where it begins, at the marker of another.
        self.at = self.buffer.fill(self.bytes, self.at);
        self.ran_out = false;
        Some((mcus, Some(self.buffer.bits())))
    }

    /// Notes that the data of the current interval ran out, or made no sense.
    pub(super) fn note(&mut self, ran_out: bool, wrong: bool) {
        self.ran_out = ran_out;
        self.damage.missing |= ran_out;
        self.damage.cut_off |= ran_out && self.at >= self.bytes.len();
        self.damage.wrong |= wrong;
    }

    /// Where reading goes on after the scan, and what was wrong with it.
    pub(super) fn finish(self) -> (usize, Damage) {
        (self.at, self.damage)
    }

    /// Looks for the restart marker of this number, and moves past it. Where another one stands it is guessed whether data
    /// was lost or repeated, as `jpeg_resync_to_restart` of libjpeg does. Answers whether data for the interval follows.
    fn resume(&mut self, number: u8) -> bool {
        while let Some((code, after)) = next_marker(self.bytes, self.at) {
            let ahead = code.wrapping_sub(0xd0).wrapping_sub(number) & 7;
            match code {
                0xd0..=0xd7 if ahead == 0 => {
                    self.at = after;
                    return true;
                }
                // The marker of one of the next two intervals: this one's data is lost.
                0xd0..=0xd7 if ahead <= 2 => {
                    self.at = after - 2;
                    return false;
                }
                // Too far away to say.
                0xd0..=0xd7 if ahead < 6 => {
                    self.damage.wrong = true;
                    self.at = after;
                    return true;
                }
                // The marker of one of the last two intervals, or no marker: what follows is left out.
                0xd0..=0xd7 | ..0xc0 => {
                    self.damage.wrong = true;
                    self.at = after;
                }
                // The scan is over.
                _ => {
                    self.at = after - 2;
                    return false;
                }
            }
        }
        self.at = self.bytes.len();
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first byte of each interval of two MCUs, and what was wrong.
    fn intervals(data: &[u8], count: usize) -> (Vec<Option<u8>>, Damage) {
        let mut buffer = Interval::with_room(data.len());
        let mut intervals = Intervals::new(data, 0, &mut buffer, 2, count * 2 - 1);
        let mut found = Vec::new();
        while let Some((mcus, bits)) = intervals.next() {
            assert_eq!(mcus, found.len() * 2..(found.len() * 2 + 2).min(count * 2 - 1));
            let Some(mut bits) = bits else {
                found.push(None);
                continue;
            };
            found.push(Some(bits.take(8) as u8));
            let ran_out = bits.ran_out();
            intervals.note(ran_out, false);
        }
        (found, intervals.finish().1)
    }

    #[test]
    fn restart_markers_are_followed_and_lost_ones_made_up_for() {
        let sound = [1, 0xff, 0xd0, 2, 0xff, 0xff, 0xd1, 3, 7, 0xff, 0xd2, 4, 0xff, 0xd9];
        assert_eq!(intervals(&sound, 4), (vec![Some(1), Some(2), Some(3), Some(4)], Damage::default()));
        let missing = Damage { missing: true, ..Damage::default() };
        let lost = [1, 0xff, 0xd1, 3, 0xff, 0xd2, 4, 0xff, 0xd9];
        assert_eq!(intervals(&lost, 4), (vec![Some(1), Some(0), Some(3), Some(4)], missing));
        let over = [1, 0xff, 0xd0, 2, 0xff, 0xd9];
        assert_eq!(intervals(&over, 4), (vec![Some(1), Some(2), Some(0), None], missing));
        let cut_off = Damage { cut_off: true, ..missing };
        assert_eq!(intervals(&over[..4], 4), (vec![Some(1), Some(2), Some(0), None], cut_off));
        let wrong = Damage { wrong: true, ..Damage::default() };
        let repeated = [1, 0xff, 0xd0, 2, 0xff, 0xd0, 2, 0xff, 0xd1, 3, 0xff, 0xd9];
        assert_eq!(intervals(&repeated, 3), (vec![Some(1), Some(2), Some(3)], wrong));
        let renumbered = [1, 0xff, 0xd4, 2, 0xff, 0xd1, 3, 0xff, 0xd9];
        assert_eq!(intervals(&renumbered, 3), (vec![Some(1), Some(2), Some(3)], wrong));
    }
}
