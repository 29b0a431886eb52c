//! Deflate, unpacked part by part.

use fdeflate::Decompressor;

use super::unpack::{Progress, Status};

/// How far back data may refer.
const REACH: usize = 32 << 10;
/// Bytes that are kept at most, of which the oldest are forgotten at once.
const KEPT: usize = 128 << 10;
/// Bytes that are unpacked at once. Of less than 258, which is the longest repetition, the decompressor would leave some out of
/// its checksum.
const PART: std::ops::RangeInclusive<usize> = 1 << 10..=32 << 10;

/// The state between two calls.
pub(super) struct Inflater {
    decompressor: Decompressor,
    /// What was unpacked last, and room for more.
    window: Vec<u8>,
    /// How much of it was unpacked, and how much of that was given.
    filled: usize,
    given: usize,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { decompressor: Decompressor::new(), window: Vec::new(), filled: 0, given: 0 }
    }

    /// Unpacks the bytes as far as there is room.
    pub(super) fn unpack(&mut self, packed: &[u8], out: &mut [u8]) -> Progress {
        let mut used = 0;
        if self.given == self.filled {
            if self.decompressor.is_done() {
                return Progress { used, written: 0, status: Status::Ends };
            }
            let room = (2 * out.len()).clamp(*PART.start(), *PART.end());
            if self.filled + room > KEPT {
                self.window.copy_within(self.filled - REACH..self.filled, 0);
                (self.filled, self.given) = (REACH, REACH);
            }
            let end = self.filled + room;
            if self.window.len() < end {
                self.window.resize(end, 0);
            }
            match self.decompressor.read(packed, &mut self.window[..end], self.filled, false) {
                Ok((read, unpacked)) => {
                    used = read;
                    self.filled += unpacked;
                }
                Err(_) => return Progress { used, written: 0, status: Status::IsDamaged },
            }
        }
        let unpacked = &self.window[self.given..self.filled];
        let written = unpacked.len().min(out.len());
        out[..written].copy_from_slice(&unpacked[..written]);
        self.given += written;
        Progress { used, written, status: Status::Pauses }
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    /// Unpacks rows from pieces of the data, and one byte more.
    fn unpacked(packed: &[u8], length: usize, row: usize, piece: usize) -> (Vec<u8>, Status) {
        let (mut inflater, mut used, mut all) = (Inflater::new(), 0, Vec::new());
        loop {
            let mut out = vec![0; row.min(length + 1 - all.len())];
            let end = (used / piece * piece + piece).min(packed.len());
            let progress = inflater.unpack(&packed[used..end], &mut out);
            used += progress.used;
            all.extend_from_slice(&out[..progress.written]);
            if progress.status != Status::Pauses || progress.used + progress.written == 0 {
                return (all, progress.status);
            }
        }
    }

    /// Something of which parts are like others far behind, and parts like nothing.
    fn data(length: usize) -> Vec<u8> {
        let mut number = 1_u32;
        let mut all: Vec<u8> = Vec::new();
        while all.len() < length {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let count = (number >> 8) as usize % 700 + 1;
            let back = (number >> 3) as usize % 40_000 + 1;
            match number >> 30 {
                0 => all.extend(std::iter::repeat_n((number >> 16) as u8, count)),
                1 if back <= all.len() => (0..count).for_each(|_| all.push(all[all.len() - back])),
                _ => all.extend((0..count as u32).map(|at| (number.wrapping_mul(at + 7) >> 21) as u8)),
            }
        }
        all.truncate(length);
        all
    }

    #[test]
    fn what_was_packed_is_unpacked_in_rows_from_pieces() {
        let data = data(400_000);
        for level in [0, 1, 6, 10] {
            let packed = compress_to_vec_zlib(&data, level);
            for (row, piece) in [(6_000, 1 << 18), (1, 1 << 18), (97, 5), (200_000, 1_000), (40_000, 1)] {
                let found = unpacked(&packed, data.len(), row, piece);
                assert!(found == (data.clone(), Status::Ends), "level {level}, rows of {row}, pieces of {piece}");
            }
        }
    }

    #[test]
    fn data_that_are_cut_give_what_there_is() {
        let data = data(100_000);
        let packed = compress_to_vec_zlib(&data, 6);
        let (found, status) = unpacked(&packed[..packed.len() / 2], data.len(), 6_000, 1 << 18);
        assert_eq!(status, Status::Pauses);
        assert!(found.len() > 30_000 && data.starts_with(&found));
        // Only the checksum is missing.
        assert!(unpacked(&packed[..packed.len() - 1], data.len(), 6_000, 1 << 18) == (data, Status::Pauses));
    }

    #[test]
    fn another_checksum_is_damage() {
        let data = data(100_000);
        let mut packed = compress_to_vec_zlib(&data, 6);
        let last = packed.len() - 1;
        packed[last] ^= 1;
        for row in [1, 6_000, 200_000] {
            assert_eq!(unpacked(&packed, data.len(), row, 1 << 18).1, Status::IsDamaged, "rows of {row}");
        }
    }
}
