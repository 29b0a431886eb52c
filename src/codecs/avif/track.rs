//! The tracks of an animation in AVIF (ISO/IEC 23008-12, chapter 7; ISO/IEC 14496-12, chapter 8): where the pictures lie
//! in the file, how long they are shown, and how often all of them are. Tables are read where they are, entry by entry, so
//! that a damaged one costs nothing.

use std::time::Duration;

use crate::codecs::animation::Animation;
use crate::codecs::boxes::{boxes, first};
use crate::codecs::heif::is_alpha;
use crate::image::Size;

/// What is shown: pictures, and others with their opacity.
pub(super) struct Tracks<'a> {
    pub(super) color: Track<'a>,
    pub(super) alpha: Option<Track<'a>>,
    /// Whether colours were multiplied with opacity.
    pub(super) is_premultiplied: bool,
    /// How often it is played; 0 means without end.
    plays: u32,
}

impl<'a> Tracks<'a> {
    /// The tracks of a file with at least two pictures; `None` if there are none, or they make no sense.
    pub(super) fn of(file: &'a [u8]) -> Option<Self> {
        let movie = first(file, b"moov")?;
        let tracks = || boxes(movie).filter(|(kind, _)| kind == b"trak").filter_map(|(_, track)| Track::of(track));
        let color = tracks().find(|track| track.opacity_of.is_none()).filter(|track| track.pictures() > 1)?;
        let alpha = tracks().find(|track| track.opacity_of == Some(color.id));
        let is_premultiplied = alpha.as_ref().is_some_and(|alpha| color.multiplied_by == Some(alpha.id));
        let plays = color.plays();
        Some(Self { color, alpha, is_premultiplied, plays })
    }

    pub(super) fn animation(&self) -> Animation {
        Animation { frames: Some(self.color.pictures()), plays: self.plays }
    }
}

/// A track of pictures in AV1.
#[derive(Clone)]
pub(super) struct Track<'a> {
    id: u32,
    /// The track whose opacity this is.
    opacity_of: Option<u32>,
    /// The track with the opacity that these colours were multiplied with.
    multiplied_by: Option<u32>,
    /// Of its pictures.
    pub(super) size: Size,
    /// How long it is shown with all repetitions; `None` means without end.
    duration: Option<u64>,
    /// What is played and whether it is repeated: an edit list.
    edits: Option<&'a [u8]>,
    /// Units of time in a second; not 0.
    units: u32,
    lengths: Lengths<'a>,
    places: Places<'a>,
    /// From which chunk on how many pictures are in each: the first chunk, counted from 1, the number, and a description.
    runs: &'a [[u8; 12]],
    /// How many pictures are shown how long.
    delays: &'a [[u8; 8]],
}

/// How many bytes pictures have.
#[derive(Clone, Copy)]
enum Lengths<'a> {
    All { length: u32, count: u32 },
    Each(&'a [[u8; 4]]),
}

/// Where chunks of pictures begin.
#[derive(Clone, Copy)]
enum Places<'a> {
    Near(&'a [[u8; 4]]),
    Far(&'a [[u8; 8]]),
}

impl Places<'_> {
    fn get(self, chunk: usize) -> Option<usize> {
        match self {
            Self::Near(places) => places.get(chunk).map(|place| u32::from_be_bytes(*place) as usize),
            Self::Far(places) => usize::try_from(u64::from_be_bytes(*places.get(chunk)?)).ok(),
        }
    }
}

impl<'a> Track<'a> {
    /// Reads a `trak` box; `None` if it has something else than pictures in AV1, or makes no sense.
    fn of(track: &'a [u8]) -> Option<Self> {
        let (id, duration) = header(first(track, b"tkhd")?)?;
        let media = first(track, b"mdia")?;
        let units = units(first(media, b"mdhd")?).filter(|units| *units > 0)?;
        let table = first(first(media, b"minf")?, b"stbl")?;
        let (size, auxiliary) = description(first(table, b"stsd")?)?;
        let reference = |kind| number(first(first(track, b"tref")?, kind)?, 0);
        let opacity_of = reference(b"auxl");
        if auxiliary.is_some_and(|name| !is_alpha(name)) && opacity_of.is_some() {
            return None;
        }
        let lengths = first(table, b"stsz")?;
        let lengths = match (number(lengths, 4)?, number(lengths, 8)?) {
            (0, count) => {
                let entries = lengths.get(12..)?.as_chunks().0;
                Lengths::Each(entries.get(..count as usize).unwrap_or(entries))
            }
            (length, count) => Lengths::All { length, count },
        };
        let places = match first(table, b"co64") {
            Some(places) => Places::Far(entries(places)?),
            None => Places::Near(entries(first(table, b"stco")?)?),
        };
        Some(Self {
            id,
            opacity_of,
            multiplied_by: reference(b"prem"),
            size,
            duration,
            edits: first(track, b"edts").and_then(|edits| first(edits, b"elst")),
            units,
            lengths,
            places,
            runs: entries(first(table, b"stsc")?)?,
            delays: entries(first(table, b"stts")?)?,
        })
    }

    fn pictures(&self) -> u32 {
        match self.lengths {
            Lengths::All { count, .. } => count,
            Lengths::Each(lengths) => lengths.len() as u32,
        }
    }

    /// How often it is played: without end if it does not say so, as browsers do it.
    fn plays(&self) -> u32 {
        const REPEATS: u32 = 1;
        let Some(edits) = self.edits else { return 0 };
        // A version and flags, the number of edits, and how long the first one is.
        let is_long = edits.first() == Some(&1);
        let length = if is_long { long(edits, 8) } else { number(edits, 8).map(u64::from) };
        let repeats = number(edits, 0).is_some_and(|flags| flags & REPEATS != 0);
        match (length, self.duration) {
            (Some(1..), _) if !repeats => 1,
            (Some(length @ 1..), Some(duration)) => u32::try_from(duration.div_ceil(length)).unwrap_or(0).max(1),
            _ => 0,
        }
    }

    /// Its pictures, in order.
    pub(super) fn samples(&self, file: &'a [u8]) -> Samples<'a> {
        Samples { track: self.clone(), file, sample: 0, chunk: 0, run: 0, in_chunk: 0, place: 0, delay: 0, in_delay: 0 }
    }
}

/// The pictures of a track, one after another.
pub(super) struct Samples<'a> {
    track: Track<'a>,
    file: &'a [u8],
    /// The next one.
    sample: u32,
    /// Its chunk, and the row of the table that this belongs to.
    chunk: usize,
    run: usize,
    /// How many of this chunk were read, and where the next one begins.
    in_chunk: u32,
    place: usize,
    /// The row with its delay, and how many of that were read.
    delay: usize,
    in_delay: u32,
}

impl<'a> Samples<'a> {
    /// The data of the next picture, and how long it is shown; `None` after the last one. Data that is not there is empty.
    pub(super) fn next(&mut self) -> Option<(&'a [u8], Duration)> {
        if self.sample >= self.track.pictures() {
            return None;
        }
        let data = self.data().unwrap_or_default();
        let delay = self.delay();
        self.sample += 1;
        Some((data, delay))
    }

    fn data(&mut self) -> Option<&'a [u8]> {
        let in_chunk = |run: &[u8; 12]| number(run, 4);
        if self.in_chunk == 0 {
            // Chunks without pictures are not expected.
            let next = self.track.runs.get(self.run + 1).and_then(|run| number(run, 0));
            if next.is_some_and(|first| self.chunk as u64 + 1 >= u64::from(first)) {
                self.run += 1;
            }
            self.place = self.track.places.get(self.chunk)?;
        }
        let length = match self.track.lengths {
            Lengths::All { length, .. } => length as usize,
            Lengths::Each(lengths) => u32::from_be_bytes(*lengths.get(self.sample as usize)?) as usize,
        };
        let end = self.place.checked_add(length)?;
        let data = self.file.get(self.place..end)?;
        self.place = end;
        self.in_chunk += 1;
        if self.in_chunk >= in_chunk(self.track.runs.get(self.run)?)? {
            (self.chunk, self.in_chunk) = (self.chunk + 1, 0);
        }
        Some(data)
    }

    /// As the table says; the last one also counts for all that are not in the table.
    fn delay(&mut self) -> Duration {
        let row = |at: usize| self.track.delays.get(at).and_then(|row| Some((number(row, 0)?, number(row, 4)?)));
        while let Some((count, _)) = row(self.delay)
            && self.in_delay >= count
            && self.delay + 1 < self.track.delays.len()
        {
            (self.delay, self.in_delay) = (self.delay + 1, 0);
        }
        self.in_delay += 1;
        let units = row(self.delay).map_or(0, |(_, units)| units);
        Duration::from_micros(
            ((u64::from(units) * 1_000_000) + u64::from(self.track.units) / 2) / u64::from(self.track.units),
        )
    }
}

/// The number of a track, and how long it is shown; `None` means without end.
fn header(content: &[u8]) -> Option<(u32, Option<u64>)> {
    match content.first()? {
        1 => {
            let duration = long(content, 28)?;
            Some((number(content, 20)?, (duration != u64::MAX).then_some(duration)))
        }
        _ => {
            let duration = number(content, 20)?;
            Some((number(content, 12)?, (duration != u32::MAX).then_some(duration.into())))
        }
    }
}

/// Units of time in a second.
fn units(content: &[u8]) -> Option<u32> {
    number(content, if content.first()? == &1 { 20 } else { 12 })
}

/// The size of pictures in AV1, and of what auxiliary kind they are.
fn description(content: &[u8]) -> Option<(Size, Option<&[u8]>)> {
    /// Where a description has width and height, and where its boxes begin.
    const SIZE: usize = 24;
    const BOXES: usize = 78;
    let description = first(content.get(8..)?, b"av01")?;
    let side = |at: usize| description.get(at..)?.first_chunk().map(|side| u32::from(u16::from_be_bytes(*side)));
    let size = Size::new(side(SIZE)?, side(SIZE + 2)?);
    // A version and flags, and a name that ends with 0.
    let auxiliary =
        first(description.get(BOXES..)?, b"auxi").and_then(|content| content.get(4..)?.split(|byte| *byte == 0).next());
    Some((size, auxiliary))
}

/// The rows of a table, as many as it says and as there are.
fn entries<const LENGTH: usize>(content: &[u8]) -> Option<&[[u8; LENGTH]]> {
    let count = number(content, 4)? as usize;
    let rows = content.get(8..)?.as_chunks().0;
    Some(rows.get(..count).unwrap_or(rows))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|number| u32::from_be_bytes(*number))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|number| u64::from_be_bytes(*number))
}
