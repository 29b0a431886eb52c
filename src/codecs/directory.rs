//! The structure of TIFF files, which EXIF has too: directories of numbered entries, in either byte order, with offsets
//! of four bytes, or of eight in BigTIFF.

use std::borrow::Cow;

use super::Bytes;

/// Types of values.
pub(super) const ASCII: u16 = 2;
pub(super) const SHORT: u16 = 3;
pub(super) const LONG: u16 = 4;
pub(super) const RATIONAL: u16 = 5;
pub(super) const UNDEFINED: u16 = 7;

/// Bytes of a TIFF structure.
#[derive(Clone, Copy)]
pub(super) struct Tiff<'a> {
    bytes: Bytes<'a>,
    pub(super) is_little: bool,
    is_big: bool,
}

/// A list of entries.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    tiff: Tiff<'a>,
    /// Where the first entry begins.
    start: u64,
    entries: u64,
}

/// One or more values of a type.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) kind: u16,
    /// Where the values begin.
    start: u64,
    /// The values as bytes of the file.
    pub(super) value: Bytes<'a>,
    is_little: bool,
}

impl<'a> Tiff<'a> {
    pub(super) fn of(bytes: impl Into<Bytes<'a>>) -> Option<Self> {
        let bytes = bytes.into();
        let (is_little, is_big) = match &bytes.array(0)? {
            b"II*\0" => (true, false),
            b"MM\0*" => (false, false),
            b"II+\0" => (true, true),
            b"MM\0+" => (false, true),
            _ => return None,
        };
        Some(Self { bytes, is_little, is_big })
    }

    /// Of a camera raw file with a signature of its own: Panasonic's and Olympus's.
    pub(super) fn of_camera(bytes: impl Into<Bytes<'a>>) -> Option<Self> {
        let bytes = bytes.into();
        let is_little = match &bytes.array(0)? {
            b"IIU\0" | b"IIRO" | b"IIRS" => true,
            b"MMOR" => false,
            _ => return None,
        };
        Some(Self { bytes, is_little, is_big: false })
    }

    /// Of a camera's notes, whose byte order stands at a place of their own.
    pub(super) fn of_notes(bytes: Bytes<'a>, order: u64) -> Option<Self> {
        let is_little = match &bytes.array(order)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        Some(Self { bytes, is_little, is_big: false })
    }

    fn number(&self, at: u64, length: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let bytes = bytes.get_mut(..length as usize)?;
        self.bytes.fill(at, bytes)?;
        Some(joined(bytes, self.is_little))
    }

    /// Length of an offset, and of the number of values in an entry.
    const fn offset(&self) -> u64 {
        if self.is_big { 8 } else { 4 }
    }

    /// Length of the number of entries in a directory.
    const fn entry_count(&self) -> u64 {
        if self.is_big { 8 } else { 2 }
    }

    /// Type, number of values, and the value or its place.
    const fn entry(&self) -> u64 {
        4 + 2 * self.offset()
    }

    /// Where the first directory begins.
    pub(super) fn first(&self) -> Option<u64> {
        self.number(self.offset(), self.offset())
    }

    /// The directory that begins there. In BigTIFF too, none has more entries than there are tags.
    pub(super) fn directory(&self, at: u64) -> Option<Directory<'a>> {
        let entries = u64::from(u16::try_from(self.number(at, self.entry_count())?).ok()?);
        Some(Directory { tiff: *self, start: at.checked_add(self.entry_count())?, entries })
    }

    /// Some bytes of the file; fewer if it ends before.
    pub(super) fn part(&self, at: u64, length: u64) -> Bytes<'a> {
        self.bytes.part(at, length)
    }
}

impl<'a> Directory<'a> {
    /// How many entries it has.
    pub(super) const fn entries(&self) -> usize {
        self.entries as usize
    }

    /// Where an entry begins.
    fn place(&self, index: u64) -> Option<u64> {
        self.start.checked_add(index.checked_mul(self.tiff.entry())?)
    }

    /// Where the first entry of a tag begins.
    fn find(&self, tag: u16) -> Option<u64> {
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
    pub(super) fn rest_from(&self, tag: u16) -> Option<Bytes<'a>> {
        let entry = self.entry(tag)?;
        Some(self.tiff.part(entry.start, u64::MAX))
    }

    /// The first entry of a tag, if its values are there.
    pub(super) fn entry(&self, tag: u16) -> Option<Entry<'a>> {
        let tiff = self.tiff;
        let at = self.find(tag)?;
        let kind = tiff.number(at + 2, 2)? as u16;
        let count = tiff.number(at + 4, tiff.offset())?;
        let length = count.checked_mul(length(kind)? as u64)?;
        let place = at + 4 + tiff.offset();
        // Short values stand in the entry itself.
        let start = if length <= tiff.offset() { place } else { tiff.number(place, tiff.offset())? };
        let value = tiff.bytes.get(start, length)?;
        Some(Entry { kind, start, value, is_little: tiff.is_little })
    }

    /// The value of a tag that has exactly one whole number.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        let entry = self.entry(tag)?;
        // No number is longer than eight bytes.
        let mut numbers = if entry.value.len() <= 8 { entry.numbers()? } else { return None };
        numbers.next().filter(|_| numbers.next().is_none())
    }

    /// The entries as they are: tag, type, number of values, and the values or their place. Not of BigTIFF.
    pub(super) fn raw(&self) -> impl Iterator<Item = (u16, u16, usize, [u8; 4])> + use<'a> {
        let Self { tiff, start, entries } = *self;
        let entry = move |at: u64| {
            let number = |at, length| Some(tiff.number(at, length)? as usize);
            Some((number(at, 2)? as u16, number(at + 2, 2)? as u16, number(at + 4, 4)?, tiff.bytes.array(at + 8)?))
        };
        (0..entries).map_while(move |index| entry(start + 12 * index))
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
    /// Reads the values as bytes of the file.
    pub(super) fn bytes(&self) -> Cow<'a, [u8]> {
        self.value.load()
    }

    /// The values as bytes in little-endian order. (A rational number is two numbers of four bytes.)
    pub(super) fn little_endian(&self) -> Vec<u8> {
        let length = match self.kind {
            RATIONAL | 10 => 4,
            kind => length(kind).unwrap_or(1),
        };
        let number = |bytes: &[u8]| match self.is_little {
            true => bytes.to_vec(),
            false => bytes.iter().rev().copied().collect(),
        };
        self.bytes().chunks(length).flat_map(number).collect()
    }

    /// The values, if they are whole numbers without sign. (For some tags the standard allows only SHORT, but some programs
    /// write LONG and most readers accept it.)
    pub(super) fn numbers(&self) -> Option<impl ExactSizeIterator<Item = u64> + use<'a>> {
        const WHOLE: [u16; 6] = [1, SHORT, LONG, 13, 16, 18];
        let is_little = self.is_little;
        let length = length(self.kind).filter(|_| WHOLE.contains(&self.kind))?;
        let bytes = self.bytes();
        Some((0..bytes.len() / length).map(move |index| joined(&bytes[index * length..][..length], is_little)))
    }
}

/// The entries of a directory that is written, little endian.
#[derive(Clone, Default)]
pub(super) struct Entries(Vec<(u16, u16, usize, Vec<u8>)>);

impl Entries {
    /// Adds an entry; one whose values are elsewhere has their place as its value.
    pub(super) fn push(&mut self, tag: u16, kind: u16, count: usize, value: &[u8]) {
        self.0.push((tag, kind, count, value.to_vec()));
    }

    pub(super) fn shorts(&mut self, tag: u16, numbers: &[u16]) {
        let value: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.push(tag, SHORT, numbers.len(), &value);
    }

    pub(super) fn longs(&mut self, tag: u16, numbers: &[u32]) {
        let value: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.push(tag, LONG, numbers.len(), &value);
    }

    pub(super) fn rationals(&mut self, tag: u16, number: [u32; 2]) {
        self.push(tag, RATIONAL, 1, number.map(u32::to_le_bytes).as_flattened());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends the directory to a file, with its long values before it, and returns where it begins.
    pub(super) fn append(self, bytes: &mut Vec<u8>) -> u32 {
        even(bytes);
        let (directory, mut values) = self.laid_out(bytes.len());
        bytes.append(&mut values);
        even(bytes);
        let start = bytes.len();
        bytes.extend(directory);
        start as u32
    }

    /// Appends the directory to a file, with its long values after it, and returns where it begins.
    pub(super) fn append_first(self, bytes: &mut Vec<u8>) -> u32 {
        even(bytes);
        let start = bytes.len();
        let after = start + self.length();
        let (directory, values) = self.laid_out(after);
        bytes.extend(directory);
        bytes.extend(values);
        even(bytes);
        start as u32
    }

    /// Length of the directory alone.
    const fn length(&self) -> usize {
        2 + 12 * self.0.len() + 4
    }

    /// The directory, and its long values, which begin at an even place.
    fn laid_out(mut self, start: usize) -> (Vec<u8>, Vec<u8>) {
        self.0.sort_by_key(|(tag, ..)| *tag);
        let mut values = Vec::new();
        let mut directory = Vec::with_capacity(self.length());
        directory.extend((self.0.len() as u16).to_le_bytes());
        for (tag, kind, count, mut value) in self.0 {
            if value.len() > 4 {
                even(&mut values);
                let place = (start + values.len()) as u32;
                values.append(&mut value);
                value = place.to_le_bytes().to_vec();
            }
            value.resize(4, 0);
            directory
                .extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &(count as u32).to_le_bytes(), &value].concat());
        }
        directory.extend([0; 4]);
        (directory, values)
    }
}

fn even(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(2), 0);
}

/// Length of a value of a type.
pub(super) const fn length(kind: u16) -> Option<usize> {
    match kind {
        1 | ASCII | 6 | UNDEFINED | 129 => Some(1),
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
