//! Reading files in pieces: what is read of large ones, that results and errors are those of reading the whole, and what
//! becomes of a file that cannot be read any more.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use pixelmill::actions::Stop;
use pixelmill::codecs::{
    Bytes, DecodeRequest, Format, FrameReader, Metadata, Pieces, RandomAccess, check, decode, probe, sniff, to_show,
    without_metadata,
};
use pixelmill::engine::{Plan, Produced, Services, Source};
use pixelmill::error::{Failure, Warning};
use pixelmill::image::{Image, Pixels, Size};
use pixelmill::workflow;
use serde_json::json;

#[path = "shared/coded.rs"]
mod coded;

use coded::data;

/// Every picture in the folder in a format that is read in pieces.
fn pictures() -> Vec<(String, Vec<u8>)> {
    let files = coded::pictures().into_iter().map(|name| (data(&name), name)).map(|(file, name)| (name, file));
    let files: Vec<_> = files.filter(|(_, file)| sniff(file).is_some_and(Format::reads_in_pieces)).collect();
    assert!(files.len() > 50, "{}", files.len());
    files
}

/// Everything that can be learned of a file.
#[derive(Debug, PartialEq)]
struct Learned {
    header: String,
    image: Image,
    warnings: Vec<Warning>,
    metadata: Metadata,
    frames: Vec<(Image, Duration)>,
    stripped: Option<Vec<u8>>,
}

fn learn<'a>(bytes: impl Into<Bytes<'a>>) -> Result<Learned, String> {
    let bytes = bytes.into();
    let said = |failure: Failure| format!("{} {}", failure.message, failure.hint);
    let checked = check(bytes).map(|header| format!("{header:?}"));
    let header = probe(bytes, "a").map_err(said)?;
    assert_eq!(checked, Ok(format!("{header:?}")));
    let decoded = decode(bytes, &header, &DecodeRequest::whole(&header), "a").map_err(said)?;
    let stripped = without_metadata(bytes, &header).map(|file| file.bytes);
    let mut warnings = decoded.warnings;
    let mut frames = Vec::new();
    if let Some(mut reader) = FrameReader::new(bytes, &header, true, None, "a").map_err(said)? {
        while let Some(frame) = reader.next_frame().map_err(said)? {
            frames.push((frame.image, frame.delay));
        }
        warnings.extend(reader.warnings());
    }
    let metadata = Metadata::of(bytes, header.format);
    Ok(Learned { header: format!("{header:?}"), image: decoded.image, warnings, metadata, frames, stripped })
}

/// A large file that was never made: what is told apart from zeros, by its place, and how much of it is read.
#[derive(Clone)]
struct Sparse {
    length: u64,
    parts: Vec<(u64, Vec<u8>)>,
    read: Rc<RefCell<u64>>,
}

impl Sparse {
    fn new(length: u64, parts: Vec<(u64, Vec<u8>)>) -> Self {
        Self { length, parts, read: Rc::default() }
    }
}

impl RandomAccess for Sparse {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<(), Failure> {
        let end = at + buffer.len() as u64;
        assert!(end <= self.length, "nothing is read behind the end");
        *self.read.borrow_mut() += buffer.len() as u64;
        buffer.fill(0);
        for (start, part) in &self.parts {
            let (from, to) = ((*start).max(at), (start + part.len() as u64).min(end));
            if from < to {
                buffer[(from - at) as usize..(to - at) as usize]
                    .copy_from_slice(&part[(from - start) as usize..(to - start) as usize]);
            }
        }
        Ok(())
    }
}

/// A file that breaks off after so many reads.
struct Breaking {
    content: Vec<u8>,
    left: RefCell<usize>,
}

const LOST: &str = "The disk is gone.";

impl RandomAccess for Breaking {
    fn length(&self) -> u64 {
        self.content.length()
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<(), Failure> {
        let mut left = self.left.borrow_mut();
        *left = left.checked_sub(1).ok_or_else(|| Failure::system(LOST, "Connect it again."))?;
        self.content.read_at(at, buffer)
    }
}

/// A megabyte.
const MB: u64 = 1 << 20;

#[test]
fn pieces_of_any_size_give_what_the_whole_file_gives() {
    for (name, file) in pictures() {
        let whole = learn(&file);
        assert!(whole.is_ok(), "{name}: {whole:?}");
        for block in [1, 7, 100, 1 << 18] {
            assert!(learn(Pieces::of_blocks(file.clone(), block).bytes()) == whole, "{name} in blocks of {block}");
        }
    }
}

#[test]
fn truncated_and_damaged_files_give_the_same_either_way() {
    let mut seed = 1_u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    let mut problems = std::collections::BTreeSet::new();
    for (name, file) in pictures() {
        let starts = (0..40).chain((1..16).map(|part| file.len() * part / 16)).filter(|length| *length < file.len());
        let mut changed: Vec<_> = starts.map(|length| file[..length].to_vec()).collect();
        for _ in 0..25 {
            let mut damaged = file.clone();
            // Most of what matters stands at the beginning.
            let places = if random(2) == 0 { file.len().min(200) } else { file.len() };
            (0..3).for_each(|_| damaged[random(places)] = random(256) as u8);
            changed.push(damaged);
        }
        for file in changed {
            // Whoever reads in pieces has looked at the signature before.
            if !sniff(&file).is_some_and(Format::reads_in_pieces) {
                continue;
            }
            let whole = learn(&file);
            for block in [13, 1 << 18] {
                assert!(learn(Pieces::of_blocks(file.clone(), block).bytes()) == whole, "{name}: {whole:?}");
            }
            problems.extend(whole.err());
        }
    }
    assert!(problems.len() > 10, "{problems:#?}");
}

#[test]
fn a_file_that_breaks_off_while_it_is_read_says_so() {
    let lost = Err(format!("{LOST} Connect it again."));
    for name in [
        "rgb-packed.psd",
        "large.psb",
        "offset-animated.gif",
        "preview.dng",
        "preview.raf",
        "preview.orf",
        "tiles-deflate.tif",
        "rgb.tif",
    ] {
        let file = data(name);
        let whole = learn(&file);
        let mut reads = 0;
        loop {
            let breaking = Breaking { content: file.clone(), left: RefCell::new(reads) };
            let pieces = Pieces::of_blocks(breaking, 64);
            let learned = learn(pieces.bytes());
            // What is learned last has no way to fail; whoever asked for it asks for that too.
            match pieces.bytes().failure() {
                None => {
                    assert!(learned == whole, "{name}");
                    break;
                }
                Some(failure) => assert!(learned.is_ok() || learned == lost, "{name}: {failure:?}"),
            }
            reads += 1 + reads / 8;
        }
        assert!(reads > 5, "{name}: {reads}");
    }
}

#[test]
fn a_format_that_is_read_as_a_whole_is_so_from_pieces_too() {
    for name in
        ["lossy.webp", "gray.jpg", "rgba-8.png", "rgb.bmp", "rgba.qoi", "raw.ppm", "rgb.tga", "png.ico", "shapes.svg"]
    {
        let file = data(name);
        let whole = learn(&file);
        assert!(whole.is_ok() && learn(Pieces::of_blocks(file.clone(), 100).bytes()) == whole, "{name}");
        for left in 0..9 {
            let pieces = Pieces::of_blocks(Breaking { content: file.clone(), left: RefCell::new(left) }, 1);
            let learned = learn(pieces.bytes());
            let is_lost = learned.as_ref().is_err_and(|why| why.starts_with(LOST));
            assert!(is_lost || learned.is_ok() && left > 2, "{name}: {learned:?}");
        }
    }
}

/// Runs a workflow that depends on the file in many ways.
fn run(source: Source<'_>, file: &[u8]) -> Result<Produced, Failure> {
    let hash = &pixelmill::library::sha256(file)[..8];
    let when = format!("width > 3 and exif.camera != \"A\" and {{hash:8}} == \"{hash}\"");
    let document = json!({
        "metadata": {},
        "actions": [
            { "actionId": "photos", "actionType": "input-images",
              "parameters": { "images": [{ "name": "a.psd", "sourceUrl": "asset:a" }] } },
            { "actionId": "if", "actionType": "condition", "parameters": { "when": when } },
            { "actionId": "turn", "actionType": "flip", "parameters": { "direction": "horizontal" } },
            { "actionId": "save", "actionType": "output",
              "parameters": { "format": "png", "name": "{name}-{exif.camera}", "metadata": "keep" } },
        ],
        "connections": [
            { "connectionSource": "photos", "sourcePort": "outputs", "connectionTarget": "if", "targetPort": "input-images" },
            { "connectionSource": "if", "sourcePort": "then", "connectionTarget": "turn", "targetPort": "input-images" },
            { "connectionSource": "turn", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" },
        ],
    });
    let (workflow, found) = workflow::check(&document);
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    plan.run(0, &[source], Services::default()).map_err(Stop::into_failure)
}

#[test]
fn a_workflow_runs_on_pieces_as_on_the_whole() {
    for name in ["rgb-packed.psd", "preview.dng", "tiles.tif", "offset-animated.gif"] {
        let file = data(name);
        let facts = |produced: Produced| {
            let [output] = <[_; 1]>::try_from(produced.outputs).expect("one result");
            let thumbnail = produced.input_thumbnail.expect("one").bytes;
            (output.name, output.encoded.bytes, thumbnail, produced.input_size.bytes, produced.warnings)
        };
        let whole = facts(run(Source { name, folder: "", bytes: (&file).into() }, &file).expect("runs"));
        let pieces = Pieces::of_blocks(file.clone(), 500);
        assert_eq!(facts(run(Source { name, folder: "", bytes: pieces.bytes() }, &file).expect("runs")), whole);
        assert_eq!(to_show(pieces.bytes(), None, name).unwrap().bytes, to_show(&file, None, name).unwrap().bytes);
        let mut reads = 0;
        loop {
            let breaking = Breaking { content: file.clone(), left: RefCell::new(reads) };
            let pieces = Pieces::of_blocks(breaking, 64);
            match run(Source { name, folder: "", bytes: pieces.bytes() }, &file) {
                Ok(produced) => {
                    assert_eq!(facts(produced), whole);
                    break;
                }
                Err(failure) => assert_eq!((&*failure.message, failure.action_id.as_deref()), (LOST, Some("photos"))),
            }
            reads += 1 + reads / 8;
        }
        assert!(reads > 5, "{name}: {reads}");
    }
}

/// A PSD with layers, or what stands for them, of so many bytes.
fn with_layers(file: &[u8], bytes: u64) -> Sparse {
    let length = |at: usize| u64::from(u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes")));
    let resources = 30 + length(26) as usize;
    let layers = resources + 4 + length(resources) as usize;
    let after = layers + 4 + length(layers) as usize;
    // One layer, whose place, channels and pixels are passed over.
    let section = [&(bytes as u32).to_be_bytes()[..], &(bytes as u32 - 4).to_be_bytes(), &[0, 1]].concat();
    let parts = vec![
        (0, file[..layers].to_vec()),
        (layers as u64, section),
        (layers as u64 + 4 + bytes, file[after..].to_vec()),
    ];
    Sparse::new(layers as u64 + 4 + bytes + (file.len() - after) as u64, parts)
}

#[test]
fn the_layers_of_a_document_are_not_read() {
    let file = data("rgb-packed.psd");
    let large = with_layers(&file, 50 * MB);
    let read = large.read.clone();
    let learned = learn(Pieces::new(large).bytes()).expect("readable");
    assert!(*read.borrow() < MB, "{}", read.borrow());
    assert_eq!(learned.image, learn(&file).expect("readable").image);
}

/// A TIFF of 1000 × 700 pixels whose picture begins after so many bytes, in strips of so many rows that are packed somehow, and
/// its samples.
fn tiff(before: u64, rows: u32, compression: u32, pack: fn(&[u8]) -> Vec<u8>) -> (Sparse, Vec<u8>) {
    let size = Size::new(1000, 700);
    let mut seed = 1_u32;
    let noise = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    });
    let samples: Vec<u8> = noise.take(size.pixels() as usize * 3).collect();
    let strips: Vec<Vec<u8>> = samples.chunks(rows as usize * 3000).map(pack).collect();
    let lengths: Vec<u32> = strips.iter().map(|strip| strip.len() as u32).collect();
    let places = lengths.iter().scan(before as u32, |place, length| Some(std::mem::replace(place, *place + length)));
    let (after, count) = (8 + 2 + 12 * 9 + 4, strips.len() as u32);
    // A single value stands in the entry itself.
    let value = |alone: u32, list: u32| if count == 1 { alone } else { list };
    let entries = [
        (256, 1, size.width),
        (257, 1, size.height),
        (258, 1, 8),
        (259, 1, compression),
        (262, 1, 2),
        (273, count, value(before as u32, after)),
        (277, 1, 3),
        (278, 1, rows),
        (279, count, value(lengths[0], after + 4 * count)),
    ];
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, count, value) in entries {
        file.extend([&(tag as u16).to_le_bytes()[..], &[4, 0], &count.to_le_bytes(), &value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file.extend(places.chain(lengths.iter().copied()).flat_map(u32::to_le_bytes));
    let packed = strips.concat();
    (Sparse::new(before + packed.len() as u64, vec![(0, file), (before, packed)]), samples)
}

#[test]
fn of_a_tiff_only_the_picture_is_read() {
    for rows in [700, 64, 1] {
        let (large, samples) = tiff(80 * MB, rows, 1, <[u8]>::to_vec);
        let read = large.read.clone();
        let pieces = Pieces::new(large);
        let header = probe(pieces.bytes(), "a").expect("readable");
        assert!(*read.borrow() < MB, "{}", read.borrow());
        let decoded = decode(pieces.bytes(), &header, &DecodeRequest::whole(&header), "a").expect("readable");
        assert_eq!(decoded.image.pixels, Pixels::Rgb(samples.clone()), "{rows}");
        let most = samples.len() as u64 + MB;
        assert!(*read.borrow() < most, "{} of {most}, strips of {rows}", read.borrow());
    }
}

#[test]
fn long_strips_are_unpacked_piece_by_piece() {
    let pack_bits = |bytes: &[u8]| bytes.chunks(128).flat_map(|run| [&[run.len() as u8 - 1], run].concat()).collect();
    let lzw = |bytes: &[u8]| {
        let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
        encoder.encode(bytes).expect("packed")
    };
    let deflate = |bytes: &[u8]| miniz_oxide::deflate::compress_to_vec_zlib(bytes, 1);
    for (compression, pack) in
        [(1, <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>), (5, lzw), (8, deflate), (32_773, pack_bits)]
    {
        for rows in [700, 300] {
            let (file, samples) = tiff(4096, rows, compression, pack);
            let mut whole = vec![0; file.length as usize];
            file.read_at(0, &mut whole).expect("there");
            let learned = learn(Pieces::new(file.clone()).bytes()).expect("readable");
            assert!(learned.image.pixels == Pixels::Rgb(samples), "{compression}");
            // Cut off at the end of a part, too.
            for length in [whole.len() - 1, whole.len() / 2, 4096 + 2 * (256 << 10), 4096 + (256 << 10) + 1] {
                let pieces = Pieces::new(Sparse { length: length as u64, ..file.clone() });
                let cut = learn(&whole[..length]);
                assert!(learn(pieces.bytes()) == cut, "{compression} {length}");
                // The last byte may be one that nobody misses.
                assert!(cut.is_err() || length == whole.len() - 1, "{compression} {length}");
            }
        }
    }
}

#[test]
fn of_a_camera_raw_file_only_the_preview_is_read() {
    let preview = data("orientation-1.jpg");
    // What the sensor recorded is a lossless JPEG, whose size would be the largest.
    let sensor = b"\xff\xd8\xff\xc3\0\x0b\x0e\x0f\xa0\x17\x70\x01\x00\x11\0".to_vec();
    let (at, sensor_length, preview_at) = (4096, 60 * MB as u32, 4096 + 60 * MB as u32);
    let directory = |entries: &[(u16, u32)], next: u32| {
        let mut directory = (entries.len() as u16).to_le_bytes().to_vec();
        for (tag, value) in entries {
            directory.extend([&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat());
        }
        directory.extend(next.to_le_bytes());
        directory
    };
    let first = directory(&[(254, 1), (271, 0), (330, 1000), (513, preview_at), (514, preview.len() as u32)], 0);
    let raw = directory(&[(256, 6000), (257, 4000), (259, 7), (273, at), (279, sensor_length)], 0);
    let parts = vec![
        (0, b"II*\0\x08\0\0\0".to_vec()),
        (8, first),
        (1000, raw),
        (u64::from(at), sensor),
        (u64::from(preview_at), preview.clone()),
    ];
    let large = Sparse::new(u64::from(preview_at) + preview.len() as u64, parts);
    let read = large.read.clone();
    let pieces = Pieces::new(large);
    assert_eq!(sniff(pieces.bytes()), Some(Format::Raw));
    let learned = learn(pieces.bytes()).expect("readable");
    let expected = learn_jpeg(&preview);
    assert_eq!(learned.image.pixels, expected.pixels);
    assert!(*read.borrow() < MB, "{}", read.borrow());
}

fn learn_jpeg(file: &[u8]) -> Image {
    let header = probe(file, "a").expect("readable");
    decode(file, &header, &DecodeRequest::whole(&header), "a").expect("readable").image
}
