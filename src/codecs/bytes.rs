//! Where decoders find the bytes of a file: all of them in memory, or in pieces that are read when they are needed.
//!
//! What parses a file asks for a part of it, and gets less or nothing where the file ends. If a part cannot be read, it gets
//! nothing either, and the [`Pieces`] remember why: whoever asked for the result then asks them ([`Bytes::failure`]), and
//! forgets what came of it. So nothing in between needs to tell the end of a file from a failure.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use crate::error::Failure;

/// A file that can be read at any place.
pub trait RandomAccess {
    /// How many bytes it has.
    fn length(&self) -> u64;

    /// Reads the bytes from a place on that fill `buffer`. They are within the file.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<(), Failure>;
}

impl<T: AsRef<[u8]>> RandomAccess for T {
    fn length(&self) -> u64 {
        self.as_ref().len() as u64
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<(), Failure> {
        let place = usize::try_from(at).ok();
        let bytes = place.and_then(|place| self.as_ref().get(place..)?.get(..buffer.len()));
        let missing = || Failure::system("The file is shorter than it says.", "Report this as a bug.");
        buffer.copy_from_slice(bytes.ok_or_else(missing)?);
        Ok(())
    }
}

/// Bytes of a block that is read ahead.
const BLOCK: usize = 256 << 10;
/// Most blocks that are kept: a few more than a picture has channels, whose rows may be read in turns.
const KEPT: usize = 8;

/// A file that is read in pieces. A few blocks of it are kept, so that small parts are read quickly.
pub struct Pieces {
    file: Box<dyn RandomAccess>,
    length: u64,
    block: usize,
    /// The last used ones last.
    kept: RefCell<Vec<Block>>,
    /// Why a part could not be read.
    failure: RefCell<Option<Failure>>,
}

/// Bytes of a file from a multiple of the blocks' length on.
struct Block {
    at: u64,
    bytes: Vec<u8>,
}

impl Pieces {
    /// Of a file.
    pub fn new(file: impl RandomAccess + 'static) -> Self {
        Self::of_blocks(file, BLOCK)
    }

    /// Of a file, in blocks of another length.
    pub fn of_blocks(file: impl RandomAccess + 'static, block: usize) -> Self {
        let length = file.length();
        Self {
            file: Box::new(file),
            length,
            block: block.max(1),
            kept: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// All of the file.
    pub const fn bytes(&self) -> Bytes<'_> {
        Bytes(Place::Pieces { pieces: self, start: 0, end: self.length })
    }

    /// Fills `out` with bytes of the file, unless they cannot be read.
    fn fill(&self, mut at: u64, mut out: &mut [u8]) -> Option<()> {
        if self.failure.borrow().is_some() {
            return None;
        }
        if out.len() >= self.block {
            return self.read(at, out);
        }
        while !out.is_empty() {
            let mut kept = self.kept.borrow_mut();
            self.bring(at - at % self.block as u64, &mut kept)?;
            let block = kept.last()?;
            let bytes = block.bytes.get((at - block.at) as usize..)?;
            let count = bytes.len().min(out.len());
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(&bytes[..count]);
            out = later;
            at += count as u64;
        }
        Some(())
    }

    /// Makes the block that begins there the last used one.
    fn bring(&self, start: u64, kept: &mut Vec<Block>) -> Option<()> {
        match kept.iter().rposition(|block| block.at == start) {
            Some(place) => kept[place..].rotate_left(1),
            None => {
                let mut bytes = if kept.len() < KEPT { Vec::new() } else { kept.remove(0).bytes };
                bytes.resize((self.length - start).min(self.block as u64) as usize, 0);
                self.read(start, &mut bytes)?;
                kept.push(Block { at: start, bytes });
            }
        }
        Some(())
    }

    fn read(&self, at: u64, out: &mut [u8]) -> Option<()> {
        let read = self.file.read_at(at, out);
        read.map_err(|failure| *self.failure.borrow_mut() = Some(failure)).ok()
    }
}

/// The bytes of a file, or of a part of it.
#[derive(Clone, Copy)]
pub struct Bytes<'a>(Place<'a>);

#[derive(Clone, Copy)]
enum Place<'a> {
    Whole(&'a [u8]),
    Pieces {
        pieces: &'a Pieces,
        /// Within the file.
        start: u64,
        /// Within the file, and not before `start`.
        end: u64,
    },
}

impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for Bytes<'a> {
    fn from(bytes: &'a T) -> Self {
        Self(Place::Whole(bytes.as_ref()))
    }
}

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.len())
    }
}

impl<'a> Bytes<'a> {
    /// How many there are.
    pub const fn len(self) -> u64 {
        match self.0 {
            Place::Whole(bytes) => bytes.len() as u64,
            Place::Pieces { start, end, .. } => end - start,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// All of them, if they are in memory already.
    pub const fn whole(self) -> Option<&'a [u8]> {
        match self.0 {
            Place::Whole(bytes) => Some(bytes),
            Place::Pieces { .. } => None,
        }
    }

    /// Some of them, which are not read yet; fewer if they end before.
    pub fn part(self, at: u64, length: u64) -> Self {
        let at = at.min(self.len());
        let after = at.saturating_add(length).min(self.len());
        Self(match self.0 {
            Place::Whole(bytes) => Place::Whole(&bytes[at as usize..after as usize]),
            Place::Pieces { pieces, start, .. } => Place::Pieces { pieces, start: start + at, end: start + after },
        })
    }

    /// Some of them, which are not read yet, if all are there.
    pub fn get(self, at: u64, length: u64) -> Option<Self> {
        let part = self.part(at, length);
        (part.len() == length && at <= self.len()).then_some(part)
    }

    /// Reads the bytes from a place on that fill `out`, if they are there.
    pub fn fill(self, at: u64, out: &mut [u8]) -> Option<()> {
        match self.get(at, out.len() as u64)?.0 {
            Place::Whole(bytes) => {
                out.copy_from_slice(bytes);
                Some(())
            }
            Place::Pieces { pieces, start, .. } => pieces.fill(start, out),
        }
    }

    /// Reads so many bytes from a place on, if they are there.
    pub fn array<const COUNT: usize>(self, at: u64) -> Option<[u8; COUNT]> {
        let mut out = [0; COUNT];
        self.fill(at, &mut out).map(|()| out)
    }

    /// Reads all of them; none if that fails.
    pub fn load(self) -> Cow<'a, [u8]> {
        match self.0 {
            Place::Whole(bytes) => Cow::Borrowed(bytes),
            Place::Pieces { pieces, start, .. } => {
                // More than this is never in memory as a whole.
                let Ok(length) = isize::try_from(self.len()) else { return Cow::Borrowed(&[]) };
                let mut bytes = vec![0; length as usize];
                Cow::Owned(pieces.fill(start, &mut bytes).map_or_else(Vec::new, |()| bytes))
            }
        }
    }

    /// Reads the first so many; fewer if there are fewer.
    pub fn head(self, length: u64) -> Cow<'a, [u8]> {
        self.part(0, length).load()
    }

    /// Reads all of them, part by part.
    pub fn parts(self) -> impl Iterator<Item = Cow<'a, [u8]>> {
        /// Bytes of a part, unless all are in memory.
        const PART: u64 = 1 << 20;
        let part = if self.whole().is_some() { u64::MAX } else { PART };
        let mut next = 0;
        std::iter::from_fn(move || {
            let taken = self.part(next, part);
            next = next.saturating_add(part);
            (!taken.is_empty()).then(|| taken.load())
        })
    }

    /// Whether they begin with these.
    pub fn starts_with(self, start: &[u8]) -> bool {
        *self.head(start.len() as u64) == *start
    }

    /// Why a part of the file could not be read, if that has happened: then nothing that was made of it counts.
    pub fn failure(self) -> Option<Failure> {
        match self.0 {
            Place::Whole(_) => None,
            Place::Pieces { pieces, .. } => pieces.failure.borrow().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::{Format, Reading};
    use super::*;

    #[test]
    fn the_table_of_formats_says_which_are_read_in_pieces() {
        for format in Format::ALL {
            let is_so = matches!(format.codec().reading, Reading::Pieces { .. });
            assert_eq!(format.reads_in_pieces(), is_so, "{}", format.name());
        }
    }

    #[test]
    fn parts_make_the_whole() {
        let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
        let pieces = Pieces::new(content.clone());
        assert!(pieces.bytes().parts().count() > 1);
        assert_eq!(pieces.bytes().parts().collect::<Vec<_>>().concat(), content);
        assert_eq!(Bytes::from(&content).parts().collect::<Vec<_>>(), [&content[..]]);
        assert_eq!(Bytes::from(&[]).parts().count(), 0);
    }

    /// A file that remembers what is read of it.
    struct Watched {
        content: Vec<u8>,
        reads: Rc<RefCell<Vec<(u64, usize)>>>,
    }

    impl RandomAccess for Watched {
        fn length(&self) -> u64 {
            self.content.length()
        }

        fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<(), Failure> {
            self.reads.borrow_mut().push((at, buffer.len()));
            self.content.read_at(at, buffer)
        }
    }

    #[test]
    fn parts_are_the_same_in_memory_and_in_pieces() {
        let content: Vec<u8> = (0..=100).collect();
        for block in [1, 3, 10, 64, 1000] {
            let pieces = Pieces::of_blocks(content.clone(), block);
            for (at, length) in
                [(0, 0), (0, 101), (5, 40), (99, 2), (99, 3), (101, 0), (102, 0), (200, 5), (7, u64::MAX)]
            {
                let [known, read] = [Bytes::from(&content), pieces.bytes()];
                assert_eq!(known.part(at, length).load(), read.part(at, length).load(), "{block} {at} {length}");
                let [known, read] = [known, read].map(|bytes| bytes.get(at, length).map(Bytes::load));
                assert_eq!(known, read, "{block} {at} {length}");
            }
            let inner = pieces.bytes().part(10, 20).part(5, 50);
            assert_eq!((inner.len(), inner.array(0)), (15, Some([15, 16, 17])));
            assert_eq!(inner.array::<3>(13), None);
            assert!(inner.starts_with(&[15, 16]) && !inner.starts_with(&[15; 16]));
        }
    }

    #[test]
    fn small_parts_are_read_in_blocks_and_large_ones_at_once() {
        let reads = Rc::<RefCell<_>>::default();
        let pieces = Pieces::of_blocks(Watched { content: vec![7; 1005], reads: reads.clone() }, 100);
        let bytes = pieces.bytes();
        (0..250).for_each(|at| assert_eq!(bytes.array(at), Some([7])));
        assert_eq!(reads.take(), [(0, 100), (100, 100), (200, 100)]);
        // Those that were used last are kept, and the last one is shorter.
        for start in (300..=1000).step_by(100) {
            bytes.array::<5>(0).and(bytes.array::<5>(start)).expect("within the file");
        }
        assert_eq!(reads.take().last(), Some(&(1000, 5)));
        bytes.array::<1>(50).and(bytes.array::<1>(450)).expect("within the file");
        assert_eq!(reads.take(), []);
        bytes.part(150, 400).load();
        assert_eq!(reads.take(), [(150, 400)]);
    }

    #[test]
    fn a_failure_is_remembered() {
        struct Lost;
        impl RandomAccess for Lost {
            fn length(&self) -> u64 {
                10
            }

            fn read_at(&self, _: u64, _: &mut [u8]) -> Result<(), Failure> {
                Err(Failure::system("It is lost.", "Find it."))
            }
        }
        let pieces = Pieces::new(Lost);
        assert_eq!(pieces.bytes().failure().map(|failure| failure.message), None);
        assert!(pieces.bytes().load().is_empty());
        assert_eq!(pieces.bytes().array::<2>(3), None);
        assert_eq!(pieces.bytes().part(4, 1).failure().map(|failure| failure.message).as_deref(), Some("It is lost."));
    }
}
