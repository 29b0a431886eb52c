//! The structure of TIFF files, which EXIF has too: directories of numbered entries, in either byte order, with offsets
//! of four bytes, or of eight in BigTIFF.

/// Types of values.
pub(super) const ASCII: u16 = 2;
pub(super) const SHORT: u16 = 3;
pub(super) const LONG: u16 = 4;
pub(super) const RATIONAL: u16 = 5;
pub(super) const UNDEFINED: u16 = 7;

/// Bytes of a TIFF structure.
#[derive(Clone, Copy)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    pub(super) is_little: bool,
    is_big: bool,
}

/// A list of entries.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    tiff: Tiff<'a>,
    /// Where the first entry begins.
    start: usize,
    entries: usize,
}

/// One or more values of a type.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) kind: u16,
    /// Where the values begin.
    start: usize,
    value: &'a [u8],
    is_little: bool,
}

impl<'a> Tiff<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (is_little, is_big) = match bytes.get(..4)? {
            b"II*\0" => (true, false),
            b"MM\0*" => (false, false),
            b"II+\0" => (true, true),
            b"MM\0+" => (false, true),
            _ => return None,
        };
        Some(Self { bytes, is_little, is_big })
    }

    /// Of a camera raw file with a signature of its own: Panasonic's and Olympus's.
    pub(super) fn of_camera(bytes: &'a [u8]) -> Option<Self> {
        let is_little = match bytes.get(..4)? {
            b"IIU\0" | b"IIRO" | b"IIRS" => true,
            b"MMOR" => false,
            _ => return None,
        };
        Some(Self { bytes, is_little, is_big: false })
    }

    /// Of a camera's notes, whose byte order stands at a place of their own.
    pub(super) fn of_notes(bytes: &'a [u8], order: usize) -> Option<Self> {
        let is_little = match bytes.get(order..order.checked_add(2)?)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        Some(Self { bytes, is_little, is_big: false })
    }

    fn number(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        Some(joined(bytes, self.is_little))
    }

    /// Length of an offset, and of the number of values in an entry.
    const fn offset(&self) -> usize {
        if self.is_big { 8 } else { 4 }
    }

    /// Length of the number of entries in a directory.
    const fn entry_count(&self) -> usize {
        if self.is_big { 8 } else { 2 }
    }

    /// Type, number of values, and the value or its place.
    const fn entry(&self) -> usize {
        4 + 2 * self.offset()
    }

    /// Where the first directory begins.
    pub(super) fn first(&self) -> Option<u64> {
        self.number(self.offset(), self.offset())
    }

    /// The directory that begins there. In BigTIFF too, none has more entries than there are tags.
    pub(super) fn directory(&self, at: u64) -> Option<Directory<'a>> {
        let at = usize::try_from(at).ok()?;
        let entries = usize::from(u16::try_from(self.number(at, self.entry_count())?).ok()?);
        Some(Directory { tiff: *self, start: at.checked_add(self.entry_count())?, entries })
    }

    /// Some bytes of the file; fewer if it ends before.
    pub(super) fn part(&self, at: u64, length: u64) -> &'a [u8] {
        let start = usize::try_from(at).unwrap_or(usize::MAX).min(self.bytes.len());
        let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(self.bytes.len());
        &self.bytes[start..end]
    }
}

impl<'a> Directory<'a> {
    /// How many entries it has.
    pub(super) const fn entries(&self) -> usize {
        self.entries
    }

    /// Where an entry begins.
    fn place(&self, index: usize) -> Option<usize> {
        self.start.checked_add(index.checked_mul(self.tiff.entry())?)
    }

    /// Where the first entry of a tag begins.
    fn find(&self, tag: u16) -> Option<usize> {
        (0..self.entries)
            .map_while(|index| self.place(index))
            .map_while(|at| Some((at, self.tiff.number(at, 2)?)))
            .find_map(|(at, found)| (found == u64::from(tag)).then_some(at))
    }

    /// Whether a tag has an entry, but its values are not there.
    pub(super) fn lacks_values(&self, tag: u16) -> bool {
        self.find(tag).is_some() && self.entry(tag).is_none()
    }

    /// The file from the values of a tag on, if they are there.
    pub(super) fn rest_from(&self, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(tag)?;
        self.tiff.bytes.get(entry.start..)
    }

    /// The first entry of a tag, if its values are there.
    pub(super) fn entry(&self, tag: u16) -> Option<Entry<'a>> {
        let tiff = self.tiff;
        let at = self.find(tag)?;
        let kind = tiff.number(at + 2, 2)? as u16;
        let count = usize::try_from(tiff.number(at + 4, tiff.offset())?).ok()?;
        let length = count.checked_mul(length(kind)?)?;
        let place = at + 4 + tiff.offset();
        // Short values stand in the entry itself.
        let start =
            if length <= tiff.offset() { place } else { usize::try_from(tiff.number(place, tiff.offset())?).ok()? };
        let value = tiff.bytes.get(start..start.checked_add(length)?)?;
        Some(Entry { kind, start, value, is_little: tiff.is_little })
    }

    /// The value of a tag that has exactly one whole number.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        let mut numbers = self.entry(tag)?.numbers()?;
        numbers.next().filter(|_| numbers.next().is_none())
    }

    /// Whether all entries are there.
    pub(super) fn is_complete(&self) -> bool {
        self.place(self.entries).is_some_and(|end| end <= self.tiff.bytes.len())
    }

    /// Where the next directory begins, if there is one.
    pub(super) fn next(&self) -> Option<u64> {
        self.tiff.number(self.place(self.entries)?, self.tiff.offset()).filter(|next| *next != 0)
    }
}

impl<'a> Entry<'a> {
    /// The values as bytes of the file.
    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.value
    }

    /// The values, if they are whole numbers without sign. (For some tags the standard allows only SHORT, but some programs
    /// write LONG and most readers accept it.)
    pub(super) fn numbers(&self) -> Option<impl ExactSizeIterator<Item = u64> + use<'a>> {
        const WHOLE: [u16; 6] = [1, SHORT, LONG, 13, 16, 18];
        let is_little = self.is_little;
        let length = length(self.kind).filter(|_| WHOLE.contains(&self.kind))?;
        Some(self.value.chunks_exact(length).map(move |bytes| joined(bytes, is_little)))
    }
}

/// Length of a value of a type.
const fn length(kind: u16) -> Option<usize> {
    match kind {
        1 | ASCII | 6 | UNDEFINED => Some(1),
        SHORT | 8 => Some(2),
        LONG | 9 | 11 | 13 => Some(4),
        RATIONAL | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}

fn joined(bytes: &[u8], is_little: bool) -> u64 {
    let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    if is_little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) }
}
