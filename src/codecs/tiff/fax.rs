//! Faxes: rows of black and white runs (ITU-T T.4 and T.6), with the code tables of the crate `fax`. A row is kept as the
//! places where its colour changes, beginning with white.

use std::borrow::Cow;

use ::fax::BitReader;
use ::fax::maps::{Mode, black, mode, white};

use crate::codecs::Problem;

/// How rows are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Each on its own, beginning at a byte.
    Rows,
    /// Each on its own, with marks between them (Group 3).
    Group3,
    /// With marks that say whether the next is on its own or the difference from the row above (Group 3, two-dimensional).
    Group3Mixed,
    /// Each as the difference from the row above (Group 4).
    Group4,
}

/// The rows of a strip.
pub(super) struct Fax<'a> {
    bits: Bits<'a>,
    scheme: Scheme,
    width: u32,
    above: Vec<u32>,
    /// Whether the mark of the end was found; what is missing is white.
    has_ended: bool,
}

const DAMAGED: Problem = Problem::damaged("its pixel data cannot be unpacked");

impl<'a> Fax<'a> {
    pub(super) const fn new(bytes: Cow<'a, [u8]>, scheme: Scheme, width: u32) -> Self {
        Self { bits: Bits { bytes, at: 0 }, scheme, width, above: Vec::new(), has_ended: false }
    }

    /// The next row, of which set bits are black.
    pub(super) fn row(&mut self, out: &mut [u8]) -> Result<(), Problem> {
        if !self.has_ended {
            let changes = match self.scheme {
                Scheme::Rows => {
                    self.bits.at = self.bits.at.next_multiple_of(8);
                    self.runs()
                }
                Scheme::Group3 => {
                    self.skip_mark()?;
                    self.runs()
                }
                Scheme::Group3Mixed => {
                    self.skip_mark()?;
                    if self.bits.take(1).ok_or(Problem::Truncated)? == 1 { self.runs() } else { self.differences() }
                }
                Scheme::Group4 => self.differences(),
            };
            // A code that makes no sense at the end of the data is one that is cut off.
            let is_over = self.bits.left() < LONGEST_CODE;
            self.above = changes.ok_or(if is_over { Problem::Truncated } else { DAMAGED })?;
        }
        out.fill(0);
        let changes = if self.has_ended { &[] } else { &self.above[..] };
        for run in changes.chunks(2) {
            let end = run.get(1).map_or(self.width, |end| *end);
            blacken(out, run[0] as usize, end as usize);
        }
        Ok(())
    }

    /// Skips zeros and the 1 that ends them, if at least 11 zeros are next.
    fn skip_mark(&mut self) -> Result<(), Problem> {
        while self.bits.look(11) == 0 {
            while self.bits.look(1) == 0 {
                self.bits.take(1).ok_or(Problem::Truncated)?;
            }
            self.bits.take(1).ok_or(Problem::Truncated)?;
            if self.scheme == Scheme::Group3Mixed {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The length of a run: any number of codes for multiples of 64, then one below 64.
    fn run(&mut self, is_black: bool) -> Option<u32> {
        let mut sum: u32 = 0;
        loop {
            let part = if is_black { black::decode(&mut self.bits) } else { white::decode(&mut self.bits) }?;
            sum = sum.saturating_add(u32::from(part));
            if part < 64 {
                return Some(sum);
            }
        }
    }

    /// A row that is coded on its own.
    fn runs(&mut self) -> Option<Vec<u32>> {
        let mut changes = Changes::default();
        let mut at: u32 = 0;
        while at < self.width {
            at = at.saturating_add(self.run(changes.is_black())?);
            changes.add(at.min(self.width));
        }
        Some(changes.0)
    }

    /// A row that is coded as the difference from the row above.
    fn differences(&mut self) -> Option<Vec<u32>> {
        let mut changes = Changes::default();
        // Before the first pixel at the beginning.
        let mut at: i64 = -1;
        let width = i64::from(self.width);
        let mut passed = 0;
        while at < width {
            // The first change of the row above after here, to the other colour; and the one after it.
            let is_black = changes.is_black();
            while self.above.get(passed).is_some_and(|change| i64::from(*change) <= at) {
                passed += 1;
            }
            let first = passed + usize::from((passed % 2 == 1) != is_black);
            let change = |index: usize| self.above.get(index).map_or(width, |change| i64::from(*change));
            let (b1, b2) = (change(first), change(first + 1));
            match mode::decode(&mut self.bits)? {
                Mode::Pass => at = b2,
                Mode::Vertical(step) => {
                    let next = b1 + i64::from(step);
                    if next < at.max(0) {
                        return None;
                    }
                    at = next;
                    changes.add(at.min(width) as u32);
                }
                Mode::Horizontal => {
                    for is_black in [is_black, !is_black] {
                        at = at.max(0) + i64::from(self.run(is_black)?);
                        changes.add(at.min(width) as u32);
                    }
                }
                Mode::EOF if changes.0.is_empty() && at < 0 => {
                    self.has_ended = true;
                    return Some(Vec::new());
                }
                Mode::EOF | Mode::Extension => return None,
            }
        }
        Some(changes.0)
    }
}

/// The places where the colour of a row changes, each further right than the one before.
#[derive(Default)]
struct Changes(Vec<u32>);

impl Changes {
    const fn is_black(&self) -> bool {
        self.0.len() % 2 == 1
    }

    /// Two changes at one place are none.
    fn add(&mut self, at: u32) {
        if self.0.last() == Some(&at) {
            self.0.pop();
        } else {
            self.0.push(at);
        }
    }
}

/// Sets the bits from `start` to before `end`; the highest bit of a byte comes first.
fn blacken(out: &mut [u8], start: usize, end: usize) {
    let end = end.min(out.len() * 8);
    let mut at = start;
    while at < end {
        let next = end.min((at / 8 + 1) * 8);
        let (from, to) = (at % 8, next - at / 8 * 8);
        out[at / 8] |= (0xff >> from) & !(0xff_u16 >> to) as u8;
        at = next;
    }
}

/// Bits, the highest of a byte first. After the end there are zeros to look at, but not to take.
struct Bits<'a> {
    bytes: Cow<'a, [u8]>,
    at: usize,
}

const LONGEST_CODE: usize = 13;

impl Bits<'_> {
    fn left(&self) -> usize {
        (self.bytes.len() * 8).saturating_sub(self.at)
    }

    /// The next bits, at most 16.
    fn look(&self, count: u8) -> u16 {
        let [one, two, three] = [0, 1, 2].map(|next| self.bytes.get(self.at / 8 + next).copied().unwrap_or(0));
        let joined = u32::from_be_bytes([0, one, two, three]);
        (joined >> (24 - usize::from(count) - self.at % 8) & ((1 << count) - 1)) as u16
    }

    fn take(&mut self, count: u8) -> Option<u16> {
        let bits = self.look(count);
        self.consume(count).ok().map(|()| bits)
    }
}

impl BitReader for Bits<'_> {
    type Error = ();

    fn peek(&self, bits: u8) -> Option<u16> {
        Some(self.look(bits))
    }

    fn consume(&mut self, bits: u8) -> Result<(), ()> {
        if usize::from(bits) > self.left() {
            return Err(());
        }
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.at.next_multiple_of(8) - self.at) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_set_from_left_to_right() {
        for (start, end, expected) in
            [(0, 3, [0xe0, 0, 0]), (5, 18, [7, 0xff, 0xc0]), (8, 16, [0, 0xff, 0]), (4, 4, [0; 3])]
        {
            let mut out = [0; 3];
            blacken(&mut out, start, end);
            assert_eq!(out, expected, "{start}..{end}");
        }
        let mut out = [0; 2];
        blacken(&mut out, 15, 100);
        assert_eq!(out, [0, 1]);
    }

    #[test]
    fn two_changes_at_one_place_are_none() {
        let mut changes = Changes::default();
        for at in [0, 5, 5, 9] {
            changes.add(at);
        }
        assert_eq!((changes.is_black(), changes.0), (false, vec![0, 9]));
    }
}
