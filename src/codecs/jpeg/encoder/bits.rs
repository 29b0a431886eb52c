//! Bits into bytes, with the stuffing that T.81 F.1.2.3 asks for: a zero byte after every 0xff.

/// Collects bits, the first one highest, 32 at a time.
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// The last `pending` bits are not written yet; those above them are leftovers.
    bits: u64,
    pending: u32,
}

impl Writer {
    /// Goes on after `bytes`.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, bits: 0, pending: 0 }
    }

    /// Adds the lowest `length` bits of `bits`, which has no others; at most 32.
    #[inline(always)]
    pub(super) fn put(&mut self, bits: u32, length: u32) {
        self.bits = self.bits << length | u64::from(bits);
        self.pending += length;
        if self.pending >= 32 {
            self.pending -= 32;
            let word = (self.bits >> self.pending) as u32;
            // No byte of ones among the four (a byte is 0xff when its top bit is set, and not after one is added).
            if word & 0x8080_8080 & !word.wrapping_add(0x0101_0101) == 0 {
                self.bytes.extend_from_slice(&word.to_be_bytes());
            } else {
                self.stuff(&word.to_be_bytes());
            }
        }
    }

    #[inline(never)]
    fn stuff(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// Fills the last byte with ones.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let padding = (8 - self.pending % 8) % 8;
        self.put((1 << padding) - 1, padding);
        let rest = ((self.bits << (32 - self.pending)) as u32).to_be_bytes();
        let whole = self.pending as usize / 8;
        self.stuff(&rest[..whole]);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_are_stuffed_wherever_they_fall() {
        for lead in 0..16 {
            let mut writer = Writer::new(Vec::new());
            writer.put(0, lead);
            for _ in 0..9 {
                writer.put(0xff, 8);
            }
            let bytes = writer.finish();
            let plain: Vec<u8> = {
                let mut bits = vec![0u8; lead as usize];
                bits.extend([1; 72]);
                bits.resize(bits.len().next_multiple_of(8), 1);
                bits.chunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
            };
            let stuffed: Vec<u8> =
                plain.iter().flat_map(|&byte| if byte == 0xff { vec![byte, 0] } else { vec![byte] }).collect();
            assert_eq!(bytes, stuffed, "{lead}");
        }
    }

    #[test]
    fn whole_bytes_get_no_padding() {
        let mut writer = Writer::new(vec![9]);
        writer.put(0x1234, 16);
        writer.put(0x5678_9abc, 32);
        assert_eq!(writer.finish(), [9, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc]);
    }
}
