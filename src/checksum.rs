//! A quick checksum of stored content, which reveals damage when it is read again: XXH3 (64 bits, seed 0), which takes a
//! tenth of the time of SHA-256. A content's id is its SHA-256; this is kept beside it.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// The checksum of `bytes`: 16 digits in lower-case hex.
pub fn of(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3_64(bytes))
}

/// Makes the checksum of what comes in parts.
#[derive(Default)]
pub struct Hasher(Box<Xxh3Default>);

impl Hasher {
    /// Adds the next part.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The checksum of all parts.
    pub fn finish(&self) -> String {
        format!("{:016x}", self.0.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference implementation, `xxhsum -H3` (version 0.8): the empty file, a short one, and one of several blocks.
    #[test]
    fn checksums_are_those_of_the_reference_implementation() {
        assert_eq!(of(b""), "2d06800538d394c2");
        assert_eq!(of(b"Pixelmill"), "7e57d3fe8ea57492");
        let long: Vec<u8> = (0..100_000_u32).map(|index| (index * 31 + index / 256) as u8).collect();
        assert_eq!(of(&long), "99dbd27fc89c5372");
        for length in [1, 7, 256, 4096, 100_000] {
            let mut hasher = Hasher::default();
            long.chunks(length).for_each(|part| hasher.update(part));
            assert_eq!(hasher.finish(), "99dbd27fc89c5372");
        }
        assert_eq!(Hasher::default().finish(), of(b""));
    }
}
