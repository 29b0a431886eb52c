//! Animations: frames compared with those of `tests/oracles/animations.py` and `coded_animations.py`, written files read back, damaged files, and whole workflows.

use std::path::PathBuf;
use std::time::Duration;

use pixelmill::codecs::{
    DecodeRequest, EncodeRequest, Encoded, Format, Frame, FrameReader, animate, decode, encode, probe,
};
use pixelmill::color::ColorSpace;
use pixelmill::engine::{Plan, Produced, Services, Source};
use pixelmill::error::Failure;
use pixelmill::image::convert::convert;
use pixelmill::image::{Image, Pixels, Representation, Size};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/animation")
}

fn data(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files whose frames are known.
fn files() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".frames").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names.len(), 29);
    names
}

/// Pixels in which colours do not count where nothing is seen of them.
type Shown = Vec<[u8; 4]>;

fn shown(rgba: &[u8]) -> Shown {
    rgba.as_chunks::<4>().0.iter().map(|pixel| if pixel[3] == 0 { [0; 4] } else { *pixel }).collect()
}

fn rgba(image: Image) -> Vec<u8> {
    match convert(image, Representation::Rgba).pixels {
        Pixels::Rgba(samples) => samples,
        _ => panic!("not RGBA"),
    }
}

/// How often an animation is played, and its frames with their delays in microseconds.
#[derive(Debug, PartialEq)]
struct Animation {
    plays: u32,
    frames: Vec<(u32, Shown)>,
}

fn expected(name: &str, size: Size) -> Animation {
    let file = data(&format!("{name}.frames"));
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"));
    let length = 4 + size.pixels() as usize * 4;
    let frames = file[8..].chunks_exact(length).map(|frame| {
        let delay = u32::from_le_bytes(frame[..4].try_into().expect("four bytes"));
        (delay, shown(&frame[4..]))
    });
    let frames: Vec<_> = frames.collect();
    assert_eq!(frames.len(), number(0) as usize);
    Animation { plays: number(4), frames }
}

/// Reads an animation, or a still picture as one frame that is played once.
fn read(bytes: &[u8]) -> Result<(Animation, Vec<String>), Failure> {
    let header = probe(bytes, "a.file")?;
    let Some(mut reader) = FrameReader::new(bytes, &header, true, None, "a.file")? else { panic!("not animated") };
    let mut frames = Vec::new();
    while let Some(Frame { image, delay }) = reader.next_frame()? {
        assert_eq!(image.size, header.size);
        assert!(image.is_consistent());
        frames.push((delay.as_micros() as u32, shown(&rgba(image))));
    }
    let codes = reader.warnings().into_iter().map(|warning| warning.code).collect();
    Ok((Animation { plays: header.animation.expect("animated").plays, frames }, codes))
}

#[test]
fn every_frame_is_the_one_that_others_show() {
    for name in files() {
        let bytes = data(&name);
        let size = probe(&bytes, &name).expect("a header").size;
        let (found, codes) = read(&bytes).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        let expected = expected(&name, size);
        assert_eq!((found.plays, found.frames.len()), (expected.plays, expected.frames.len()), "{name}");
        for (at, (found, expected)) in found.frames.iter().zip(&expected.frames).enumerate() {
            assert_eq!(found.0, expected.0, "{name}: delay of frame {at}");
            let tolerance = tolerance(&name);
            let differs: Vec<_> =
                found.1.iter().zip(&expected.1).filter(|(one, other)| !close(**one, **other, tolerance)).collect();
            assert!(differs.is_empty(), "{name}, frame {at}: {:?}", &differs[..differs.len().min(4)]);
        }
        assert!(codes.is_empty(), "{name}: {codes:?}");
    }
}

/// What a deep animation shows, with samples of 16 bits, and how long, as `tests/oracles/deep_animations.py` found.
fn deeply_expected(name: &str) -> (u32, Vec<(u32, Vec<u16>)>) {
    let file = data(&format!("{name}.frames16"));
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"));
    let samples = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|sample| u16::from_le_bytes(*sample)).collect();
    let frames = file[8..].chunks_exact((file.len() - 8) / number(0) as usize);
    let delay = |frame: &[u8]| u32::from_le_bytes(frame[..4].try_into().expect("four bytes"));
    (number(4), frames.map(|frame| (delay(frame), samples(&frame[4..]))).collect())
}

/// The frames of a file, which must have 16 bits a sample.
fn deeply_read(bytes: &[u8]) -> (u32, Vec<(u32, Vec<u16>)>) {
    let header = probe(bytes, "a.file").expect("a header");
    assert!(header.is_deep());
    let mut reader = FrameReader::new(bytes, &header, true, None, "a.file").expect("sound").expect("animated");
    let mut frames = Vec::new();
    while let Some(Frame { image, delay }) = reader.next_frame().expect("a frame") {
        assert!(image.is_consistent() && image.representation().is_deep());
        let Pixels::Deep(deep) = convert(image, Representation::Rgba16).pixels else { panic!("deep") };
        frames.push((delay.as_micros() as u32, deep.samples().to_vec()));
    }
    (header.animation.expect("animated").plays, frames)
}

/// Whether no sample that can be seen differs by more.
fn deeply_close(one: &[u16], other: &[u16], most: u16) -> bool {
    let pixels = one.as_chunks::<4>().0.iter().zip(other.as_chunks::<4>().0);
    one.len() == other.len()
        && pixels
            .filter(|(one, other)| one[3] > 0 || other[3] > 0)
            .flat_map(|(one, other)| one.iter().zip(other))
            .all(|(one, other)| one.abs_diff(*other) <= most)
}

#[test]
fn frames_of_more_than_8_bits_keep_them() {
    // A step of 10 bits is 64; libavif rounds to them on its way.
    for (name, most) in [("deep.png", 2), ("10-bits.avif", 96), ("deep.jxl", 0)] {
        let (plays, frames) = deeply_read(&data(name));
        let expected = deeply_expected(name);
        assert_eq!((plays, frames.len()), (expected.0, expected.1.len()), "{name}");
        for (at, (found, expected)) in frames.iter().zip(&expected.1).enumerate() {
            assert_eq!(found.0, expected.0, "{name}: delay of frame {at}");
            assert!(deeply_close(&found.1, &expected.1, most), "{name}, frame {at}");
        }
    }
}

#[test]
fn actions_on_deep_animations_keep_16_bits_and_apng_has_them() {
    let flip = |id| action(id, "flip", json!({ "direction": "horizontal" }));
    for (name, most) in [("deep.png", 2), ("10-bits.avif", 96), ("deep.jxl", 0)] {
        let expected = deeply_expected(name).1;
        let (produced, _) = written_as(name, &[flip("one"), flip("two")], "png");
        assert!(produced.warnings.is_empty(), "{name}: {:?}", produced.warnings);
        let frames = deeply_read(&produced.outputs[0].encoded.bytes).1;
        let (found, delays): (Vec<_>, Vec<_>) = frames.iter().map(|(delay, frame)| (frame, delay / 1000)).unzip();
        assert_eq!(delays, expected.iter().map(|(delay, _)| delay / 1000).collect::<Vec<_>>(), "{name}");
        for (at, (found, (_, expected))) in found.into_iter().zip(&expected).enumerate() {
            assert!(deeply_close(found, expected, most), "{name}, frame {at}");
        }
        // From the end to the beginning, the same frames.
        let (produced, _) = written_as(name, &[action("back", "reverse", json!({}))], "png");
        let back = deeply_read(&produced.outputs[0].encoded.bytes).1;
        assert!(deeply_close(&back[0].1, &expected[expected.len() - 1].1, most), "{name}");
        // Formats of 8 bits get the nearest colours, one step up or down.
        for format in ["webp", "gif"] {
            let (produced, whole) = written_as(name, &[], format);
            assert!(!probe(&produced.outputs[0].encoded.bytes, name).expect("a header").is_deep());
            if format == "webp" {
                let (found, _) = read(&produced.outputs[0].encoded.bytes).expect("it can be read");
                let pairs = found.frames.iter().zip(&whole.frames).flat_map(|(one, other)| one.1.iter().zip(&other.1));
                assert!(pairs.into_iter().all(|(one, other)| close(*one, *other, 3)), "{name} as {format}");
            }
        }
    }
    let bytes = data("deep.png");
    let narrow = json!({ "format": "png", "bitDepth": "8" });
    let produced = run(json!([input("in"), action("save", "output", narrow)]), &[("in", "save")], &[("a.png", &bytes)]);
    let header = probe(&produced.outputs[0].encoded.bytes, "a.png").expect("a header");
    assert!(!header.is_deep() && header.animation.is_some());
    // A still TIFF has its first frame, with all bits.
    let (produced, _) = written_as("deep.png", &[], "tiff");
    let header = probe(&produced.outputs[0].encoded.bytes, "a.tif").expect("a header");
    assert!(header.is_deep());
}

/// By how much samples may differ.
fn tolerance(name: &str) -> u8 {
    match name {
        "lossless.avif" | "alpha.jxl" | "parts.jxl" | "layers.jxl" => 0,
        // What 8 bits do not have is dithered.
        "deep.png" | "deep.jxl" => 1,
        // Other rounding than that of libavif, which matters most where hardly anything is seen.
        "multiplied.avif" => 4,
        // libyuv multiplies by numbers of 6 bits to stretch the limited range.
        "once.avif" => 3,
        _ if name.ends_with(".avif") || name.ends_with(".jxl") => 2,
        // Translucent colours on each other are rounded differently by everybody.
        _ => 1,
    }
}

fn close(one: [u8; 4], other: [u8; 4], tolerance: u8) -> bool {
    one.iter().zip(other).all(|(one, other)| one.abs_diff(other) <= tolerance)
}

#[test]
fn damaged_animations_end_early_or_are_refused() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for name in files() {
        let bytes = data(&name);
        for _ in 0..700 {
            let mut file = bytes.clone();
            for _ in 0..=random(3) {
                let at = random(file.len());
                file[at] = random(256) as u8;
            }
            if random(3) == 0 {
                file.truncate(random(file.len()));
            }
            let Ok(header) = probe(&file, "a.file") else { continue };
            if header.size.pixels() > 1 << 20 {
                continue;
            }
            let Ok(Some(mut reader)) = FrameReader::new(&file, &header, true, None, "a.file") else { continue };
            while let Ok(Some(frame)) = reader.next_frame() {
                assert!(frame.image.is_consistent());
            }
        }
    }
}

#[test]
fn what_is_left_of_a_truncated_animation_is_read_with_a_doubt() {
    for name in ["keep.gif", "rgba.png", "opaque.avif", "lossless.avif", "alpha.jxl", "lossy.jxl"] {
        let bytes = data(name);
        let size = probe(&bytes, name).expect("a header").size;
        let whole = expected(name, size);
        // Later frames that depend on earlier ones are small.
        let left = if name.ends_with(".avif") || name.ends_with(".jxl") { 19 } else { 16 };
        let (part, codes) =
            read(&bytes[..bytes.len() * left / 20]).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert!(!part.frames.is_empty() && part.frames.len() < whole.frames.len(), "{name}");
        assert!(part.frames.iter().zip(&whole.frames).all(|(one, other)| one.0 == other.0), "{name}");
        assert_eq!(codes, ["part_missing"], "{name}");
    }
}

#[test]
fn too_many_large_frames_are_refused_before_they_are_read() {
    // A GIF of 60,000 × 2,000 pixels with frames of 1 × 1.
    let mut file = b"GIF89a".to_vec();
    file.extend([60_000_u16, 2000].map(u16::to_le_bytes).concat());
    file.extend([0x80, 0, 0, 0, 0, 0, 9, 9, 9]);
    let frame = [&[0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2], &[2, 0x44, 0x01, 0][..]].concat();
    file.extend(std::iter::repeat_n(frame, 60).flatten());
    file.push(0x3b);
    let header = probe(&file, "large.gif").expect("a header");
    let refused = FrameReader::new(&file, &header, true, None, "large.gif").err().expect("it is refused");
    assert!(refused.message.contains("60 frames of 60000 × 2000"), "{}", refused.message);
}

/// A file with other numbers behind the name of a box, all of it with its first frames.
fn changed(name: &str, kind: &[u8; 4], place: usize, number: u32) -> Vec<u8> {
    let mut file = data(name);
    let at = file.windows(4).position(|four| four == kind).expect("the box is there") + 4 + place;
    file[at..at + 4].copy_from_slice(&number.to_be_bytes());
    file
}

#[test]
fn tables_of_avif_that_make_no_sense_cost_nothing() {
    let read_frames = |file: &[u8]| read(file).map(|(shown, codes)| (shown.frames.len(), codes));
    // All pictures of one length, four billion of them, in one chunk of as many: the first is longer than one byte.
    let mut many = changed("opaque.avif", b"stsz", 4, 1);
    let at = many.windows(4).position(|four| four == b"stsz").expect("a table") + 12;
    many[at..at + 4].fill(255);
    let refused = read_frames(&many).expect_err("too many");
    assert!(refused.message.contains("4294967295 frames of 26 × 18"), "{}", refused.message);
    // More rows than the table has.
    let (frames, codes) = read_frames(&changed("opaque.avif", b"stsz", 8, u32::MAX)).expect("those that are there");
    assert_eq!((frames, codes.len()), (5, 0));
    // A picture beyond the end of the file, or of no length; and chunks that are not there.
    for (kind, place, number, frames) in
        [(b"stsz", 20, u32::MAX, 2), (b"stsz", 24, 0, 3), (b"stsc", 12, 2, 2), (b"stsc", 12, 0, 1)]
    {
        let (left, codes) = read_frames(&changed("opaque.avif", kind, place, number)).expect("the first are there");
        assert_eq!((left, codes), (frames, vec!["part_missing".to_owned()]), "{kind:?}");
    }
    let refused = read_frames(&changed("opaque.avif", b"stco", 8, u32::MAX)).expect_err("nowhere");
    assert!(refused.message.contains("ends too early"), "{}", refused.message);
    // Without a unit of time, or with frames of another size, it is a still picture.
    for (kind, place, number) in [(b"mdhd", 20, 0), (b"stsd", 40, 0x0010_0010)] {
        let file = changed("opaque.avif", kind, place, number);
        let header = probe(&file, "a.avif").expect("a header");
        assert!(header.animation.is_none());
        let request = DecodeRequest { auto_orient: true, ..DecodeRequest::whole(&header) };
        let warnings = decode(&file, &header, &request, "a.avif").expect("a picture").warnings;
        assert_eq!(warnings.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["first_frame_only"]);
    }
}

#[test]
fn two_readers_of_a_file_do_not_disturb_each_other() {
    for name in ["alpha.avif", "alpha.jxl"] {
        let bytes = data(name);
        let header = probe(&bytes, name).expect("a header");
        let open = || FrameReader::new(&bytes, &header, true, None, name).expect("a reader").expect("animated");
        let (mut one, mut ahead) = (open(), open());
        let pixels =
            |reader: &mut FrameReader<'_>| reader.next_frame().expect("readable").map(|frame| rgba(frame.image));
        let first = pixels(&mut ahead);
        let mut all = Vec::new();
        while let Some(frame) = pixels(&mut one) {
            all.push(frame);
            pixels(&mut ahead);
        }
        assert_eq!((all.len(), all.first()), (5, first.as_ref()), "{name}");
        let mut again = open();
        assert!(all.iter().all(|frame| pixels(&mut again).as_ref() == Some(frame)), "{name}");
    }
}

fn request(format: Format) -> EncodeRequest {
    EncodeRequest { format, quality: 80, lossless: true, background: [255; 3], ..EncodeRequest::new(format) }
}

/// A picture of few colours in which a square moves over a transparent hole.
fn moving(step: u32) -> Image {
    let size = Size::new(40, 30);
    let mut samples = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            let square = (step * 5..step * 5 + 8).contains(&x) && (10..18).contains(&y);
            let hole = (15..30).contains(&x) && (5..25).contains(&y);
            samples.extend(match (square, hole) {
                (true, _) => [220, 20, 60, 255],
                (_, true) => [0, 0, 0, 0],
                _ => [(x / 10 * 40) as u8, 90, (y / 10 * 50) as u8, 255],
            });
        }
    }
    Image::new(size, Pixels::Rgba(samples))
}

fn written(format: Format, plays: u32, frames: &[(Image, u64)]) -> Encoded {
    let mut writer = animate(&request(format), plays, None).expect("the format can be animated");
    for (image, milliseconds) in frames {
        let frame = Frame { image: image.clone(), delay: Duration::from_millis(*milliseconds) };
        writer.add(frame).expect("the frame is written");
    }
    writer.finish().expect("the file is written")
}

#[test]
fn frames_delays_and_plays_are_written() {
    let frames: Vec<_> = [(0, 100), (1, 50), (2, 50), (2, 70), (5, 30), (0, 120)]
        .into_iter()
        .map(|(step, delay)| (moving(step), delay))
        .collect();
    for format in [Format::Gif, Format::Png, Format::Webp] {
        for plays in [0, 1, 4] {
            let file = written(format, plays, &frames);
            let (read, codes) = read(&file.bytes).expect("it can be read");
            assert!(codes.is_empty());
            // Frames that are equal become one.
            let mut expected: Vec<(u32, Shown)> = Vec::new();
            for (image, delay) in &frames {
                let (pixels, delay) = (shown(&rgba(image.clone())), *delay as u32 * 1000);
                match expected.last_mut() {
                    Some((before, same)) if *same == pixels => *before += delay,
                    _ => expected.push((delay, pixels)),
                }
            }
            assert_eq!(read.plays, plays, "{format:?}");
            assert_eq!(
                read.frames.iter().map(|frame| frame.0).collect::<Vec<_>>(),
                [100, 50, 120, 30, 120].map(|ms| ms * 1000)
            );
            assert!(read.frames == expected, "{format:?}");
        }
    }
    assert!(Format::ALL.iter().all(|format| format.is_animated() == animate(&request(*format), 0, None).is_some()));
}

#[test]
fn only_what_changes_is_stored() {
    // Noise does not compress, so that a second copy of it would show.
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 / 32 * 32
    };
    let size = Size::new(64, 64);
    let first: Vec<u8> = (0..size.pixels()).flat_map(|_| [noise(), 0, 0, 255]).collect();
    let mut second = first.clone();
    second[..16].copy_from_slice(&[0, 255, 0, 255].repeat(4));
    for format in [Format::Gif, Format::Png, Format::Webp] {
        let image = |samples: &[u8]| Image::new(size, Pixels::Rgba(samples.to_vec()));
        let one = written(format, 0, &[(image(&first), 100)]).bytes.len();
        let both = written(format, 0, &[(image(&first), 100), (image(&second), 100)]).bytes.len();
        assert!(both < one + 250, "{format:?}: {both} bytes for two frames, {one} for one");
    }
}

#[test]
fn a_gif_of_many_colours_is_close_to_its_picture() {
    let size = Size::new(160, 120);
    let pixel = |x: u32, y: u32| [(x * 255 / 159) as u8, (y * 255 / 119) as u8, ((x + y) * 255 / 278) as u8, 255];
    let samples: Vec<u8> = (0..size.height).flat_map(|y| (0..size.width).flat_map(move |x| pixel(x, y))).collect();
    let still = encode(Image::new(size, Pixels::Rgba(samples.clone())), &request(Format::Gif), None).expect("a file");
    let header = probe(&still.bytes, "a.gif").expect("a header");
    assert!(header.animation.is_none() && !header.alpha);
    let file =
        written(Format::Gif, 0, &[(Image::new(size, Pixels::Rgba(samples.clone())), 100), (moved(&samples), 100)]);
    let (read, _) = read(&file.bytes).expect("it can be read");
    let error = |samples: &[u8], shown: &Shown| {
        let squares = samples.as_chunks::<4>().0.iter().zip(shown).flat_map(|(one, other)| {
            one.iter().zip(other).map(|(one, other)| f64::from(one.abs_diff(*other)).powi(2)).collect::<Vec<_>>()
        });
        (squares.sum::<f64>() / samples.len() as f64).sqrt()
    };
    assert!(error(&samples, &read.frames[0].1) < 8.0, "{}", error(&samples, &read.frames[0].1));
    let second = rgba(moved(&samples));
    assert!(error(&second, &read.frames[1].1) < 8.0, "{}", error(&second, &read.frames[1].1));
}

fn moved(samples: &[u8]) -> Image {
    let mut samples = samples.to_vec();
    samples.rotate_right(40);
    Image::new(Size::new(160, 120), Pixels::Rgba(samples))
}

#[test]
fn translucent_pixels_of_a_gif_are_put_on_the_background_or_left_out() {
    let samples = [[100, 0, 0, 255], [100, 0, 0, 200], [100, 0, 0, 128], [100, 0, 0, 127]].concat();
    let request = EncodeRequest { background: [0, 0, 200], ..request(Format::Gif) };
    let file = encode(Image::new(Size::new(4, 1), Pixels::Rgba(samples)), &request, None).expect("a file");
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(&file.bytes[..]).expect("a file");
    let frame = decoder.read_next_frame().expect("a frame").expect("a frame");
    let expected = [[100, 0, 0, 255], [78, 0, 43, 255], [50, 0, 100, 255], [0; 4]];
    assert_eq!(shown(&frame.buffer), expected);
}

#[test]
fn profiles_stay_with_animations() {
    for format in [Format::Gif, Format::Png, Format::Webp] {
        let frames = [0, 1].map(|step| (Image { space: ColorSpace::adobe_rgb(), ..moving(step) }, 100));
        let file = written(format, 0, &frames);
        let header = probe(&file.bytes, "a.file").expect("a header");
        assert_eq!(header.space, ColorSpace::adobe_rgb(), "{format:?}");
    }
}

#[test]
fn frames_of_different_sizes_are_refused_with_a_way_out() {
    for format in [Format::Gif, Format::Png, Format::Webp] {
        let mut writer = animate(&request(format), 0, None).expect("a writer");
        let frame = |image: Image| Frame { image, delay: Duration::from_millis(100) };
        writer.add(frame(moving(0))).expect("the first frame");
        let other = Image::new(Size::new(2, 2), Pixels::Rgba(vec![255; 16]));
        let refused = writer.add(frame(other)).expect_err("another size");
        assert!(refused.message.contains("40×30 and 2×2") && refused.hint.contains("trim"), "{refused:?}");
        assert!(animate(&request(format), 0, None).expect("a writer").finish().is_err(), "no frames");
    }
}

// Whole workflows.

fn outcome(actions: Value, connections: &[(&str, &str)], sources: &[(&str, &[u8])]) -> Result<Produced, Failure> {
    let connections: Vec<_> = connections
        .iter()
        .map(|(from, to)| {
            let (to, port) = to.split_once('.').unwrap_or((to, "input-images"));
            json!({ "connectionSource": from, "sourcePort": "outputs", "connectionTarget": to, "targetPort": port })
        })
        .collect();
    let document =
        json!({ "metadata": { "workflowId": "w", "name": "W" }, "actions": actions, "connections": connections });
    let (workflow, found) = pixelmill::workflow::check(&document);
    let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let sources: Vec<_> =
        sources.iter().map(|(name, bytes)| Source { name, folder: "", bytes: bytes.into() }).collect();
    plan.run(0, &sources, Services::default()).map_err(|stop| stop.into_failure())
}

fn run(actions: Value, connections: &[(&str, &str)], sources: &[(&str, &[u8])]) -> Produced {
    outcome(actions, connections, sources).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn action(id: &str, kind: &str, parameters: Value) -> Value {
    json!({ "actionId": id, "actionType": kind, "parameters": parameters })
}

fn input(id: &str) -> Value {
    action(id, "input-images", json!({ "images": [{ "name": "a", "sourceUrl": "asset:1" }] }))
}

#[test]
fn an_animated_gif_is_resized_and_becomes_an_animated_webp() {
    let bytes = data("previous.gif");
    let save = json!({ "format": "webp", "lossless": true, "name": "{name}.{ext}" });
    let small = json!({ "mode": "exact", "width": 26, "height": 18, "enlarge": true, "filter": "nearest" });
    let actions = json!([input("in"), action("large", "resize", small), action("save", "output", save)]);
    let produced = run(actions, &[("in", "large"), ("large", "save")], &[("a.gif", &bytes)]);
    let [output] = &produced.outputs[..] else { panic!("one result") };
    assert_eq!((output.name.as_str(), output.size), ("a.webp", Size::new(26, 18)));
    let (read, _) = read(&output.encoded.bytes).expect("it can be read");
    let before = expected("previous.gif", Size::new(13, 9));
    assert_eq!(read.plays, before.plays);
    assert_eq!(
        read.frames.iter().map(|frame| frame.0).sum::<u32>(),
        before.frames.iter().map(|frame| frame.0).sum::<u32>()
    );
    for (large, (_, small)) in read.frames.iter().zip(&before.frames) {
        for y in 0..18 {
            for x in 0..26 {
                assert_eq!(large.1[y * 26 + x], small[y / 2 * 13 + x / 2]);
            }
        }
    }
    assert!(produced.warnings.is_empty(), "{:?}", produced.warnings);
    assert!(produced.input_thumbnail.is_some() && produced.output_thumbnail.is_some());
}

/// The result of a workflow that only writes, as WebP without loss unless `format` says otherwise.
fn written_as(name: &str, before: &[Value], format: &str) -> (Produced, Animation) {
    let bytes = data(name);
    let mut actions = vec![input("in")];
    actions.extend(before.iter().cloned());
    actions.push(action("save", "output", json!({ "format": format, "lossless": true })));
    let ids: Vec<_> = actions.iter().map(|action| action["actionId"].as_str().expect("an id").to_owned()).collect();
    let edges: Vec<_> = ids.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
    let produced = run(json!(actions), &edges, &[(name, &bytes)]);
    let header = probe(&bytes, name).expect("a header");
    (produced, expected(name, header.size))
}

#[test]
fn animated_avif_and_jpeg_xl_files_stay_animated() {
    for name in [
        "alpha.avif",
        "opaque.avif",
        "once.avif",
        "turned.avif",
        "10-bits.avif",
        "alpha.jxl",
        "layers.jxl",
        "parts.jxl",
    ] {
        for (format, result) in
            [("auto", Format::Webp), ("web", Format::Webp), ("webp", Format::Webp), ("png", Format::Png)]
        {
            let (produced, whole) = written_as(name, &[], format);
            assert_eq!(produced.warnings.len(), 0, "{name}: {:?}", produced.warnings);
            let encoded = &produced.outputs[0].encoded;
            assert_eq!(encoded.format, result, "{name} as {format}");
            let (shown, codes) = read(&encoded.bytes).expect("it can be read");
            assert!(codes.is_empty());
            assert_eq!((shown.plays, shown.frames.len()), (whole.plays, whole.frames.len()), "{name} as {format}");
            for (at, (found, expected)) in shown.frames.iter().zip(&whole.frames).enumerate() {
                assert_eq!(found.0, expected.0, "{name} as {format}: delay of frame {at}");
                // Two for the decoder, and one where what is translucent is drawn on what was before.
                let is_near = found.1.iter().zip(&expected.1).all(|(one, other)| close(*one, *other, 3));
                assert!(is_near, "{name} as {format}: frame {at}");
            }
        }
        let (produced, whole) = written_as(name, &[], "gif");
        let (shown, _) = read(&produced.outputs[0].encoded.bytes).expect("it can be read");
        assert_eq!((shown.plays, shown.frames.len()), (whole.plays, whole.frames.len()), "{name} as GIF");
        let lasts = |frames: &[(u32, Shown)]| frames.iter().map(|frame| frame.0).sum::<u32>();
        assert!(lasts(&shown.frames).abs_diff(lasts(&whole.frames)) <= 5000, "{name} as GIF");
    }
}

#[test]
fn still_formats_get_one_frame_of_avif_and_jpeg_xl() {
    for (name, code) in [("opaque.avif", "its 5 frames"), ("parts.jxl", "its first frame")] {
        let (produced, whole) = written_as(name, &[], "bmp");
        let [warning] = &produced.warnings[..] else { panic!("{name}: {:?}", produced.warnings) };
        assert_eq!((warning.code.as_str(), warning.is_doubt()), ("first_frame_only", false), "{name}");
        assert!(warning.message.contains(code), "{}", warning.message);
        let found = still(&produced.outputs[0].encoded.bytes);
        assert!(found.iter().zip(&whole.frames[0].1).all(|(one, other)| close(*one, *other, 2)), "{name}");
    }
    // Of one frame a still picture is written, in the format of stills.
    for (name, format) in [("alpha.jxl", Format::Png), ("lossy.jxl", Format::Jpeg)] {
        let (produced, whole) = written_as(name, &[action("cover", "still", json!({ "at": 0.1 }))], "auto");
        assert_eq!(produced.outputs[0].encoded.format, format, "{name}");
        assert!(produced.warnings.is_empty(), "{name}: {:?}", produced.warnings);
        if format == Format::Png {
            assert!(still(&produced.outputs[0].encoded.bytes) == whole.frames[2].1);
        }
    }
}

#[test]
fn actions_on_frames_choose_those_of_avif_and_jpeg_xl() {
    let trimmed = json!({ "start": 1, "end": 3, "unit": "frames" });
    for name in ["alpha.avif", "lossless.avif", "alpha.jxl"] {
        let cases: [(&str, Value, Shows); 4] = [
            ("reverse", json!({}), &[(4, 120), (3, 9), (2, 100), (1, 55), (0, 40)]),
            ("trim-frames", trimmed.clone(), &[(1, 55), (2, 100)]),
            ("still", json!({ "at": 0.05 }), &[(1, 55)]),
            // What is shown at the beginning, and after 200 ms of 324.
            ("frame-rate", json!({ "fps": 5 }), &[(0, 200), (3, 200)]),
        ];
        for (kind, parameters, frames) in cases {
            let (produced, whole) = written_as(name, &[action("step", kind, parameters)], "png");
            assert!(produced.warnings.is_empty(), "{name} {kind}: {:?}", produced.warnings);
            let bytes = &produced.outputs[0].encoded.bytes;
            let shown = match frames {
                [_] => vec![(55_000, still(bytes))],
                _ => read(bytes).expect("it can be read").0.frames,
            };
            assert_eq!(shown.len(), frames.len(), "{name} {kind}");
            for ((delay, found), (frame, expected)) in shown.iter().zip(frames) {
                assert_eq!(*delay, expected * 1000, "{name} {kind}");
                let whole = &whole.frames[*frame].1;
                assert!(found.iter().zip(whole).all(|(one, other)| close(*one, *other, 3)), "{name} {kind}");
            }
        }
    }
}

#[test]
fn conditions_know_how_many_frames_there_are() {
    for (name, frames) in [("opaque.avif", 5), ("parts.jxl", 4), ("layers.jxl", 3), ("keep.gif", 3)] {
        for (expression, is_reached) in [(format!("frames == {frames}"), true), (format!("frames > {frames}"), false)] {
            let bytes = data(name);
            let actions = json!([
                input("in"),
                action("many", "condition", json!({ "when": expression })),
                action("save", "output", json!({ "format": "png" })),
            ]);
            let document = json!({ "metadata": { "workflowId": "w", "name": "W" }, "actions": actions, "connections": [
                { "connectionSource": "in", "sourcePort": "outputs", "connectionTarget": "many", "targetPort": "input-images" },
                { "connectionSource": "many", "sourcePort": "then", "connectionTarget": "save", "targetPort": "input-images" },
            ] });
            let (workflow, found) = pixelmill::workflow::check(&document);
            let plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
            let sources = [Source { name, folder: "", bytes: (&bytes).into() }];
            let produced = plan.run(0, &sources, Services::default()).map_err(|stop| stop.into_failure());
            assert_eq!(produced.expect("it runs").outputs.len(), usize::from(is_reached), "{name}: {expression}");
        }
    }
}

#[test]
fn an_animation_that_nothing_changes_stays_the_same() {
    let actions = |format: &str| {
        json!([
            input("in"),
            action("turned", "flip", json!({})),
            action("back", "flip", json!({})),
            action("save", "output", json!({ "format": format, "lossless": true }))
        ])
    };
    for (name, format) in
        [("previous.gif", "auto"), ("rgba.png", "auto"), ("lossless.webp", "auto"), ("keep.gif", "png")]
    {
        let bytes = data(name);
        let edges = [("in", "turned"), ("turned", "back"), ("back", "save")];
        let produced = run(actions(format), &edges, &[(name, &bytes)]);
        let header = probe(&bytes, name).expect("a header");
        let result = &produced.outputs[0].encoded;
        assert_eq!(result.format, if format == "auto" { header.format } else { Format::Png });
        let ((before, _), (after, _)) = (read(&bytes).expect("read"), read(&result.bytes).expect("read"));
        assert_eq!(before.plays, after.plays);
        // Frames that show the same become one.
        let mut frames = before.frames;
        frames.dedup_by(|next, last| {
            let same = next.1 == last.1;
            last.0 += if same { next.0 } else { 0 };
            same
        });
        assert!(after.frames.iter().map(|frame| &frame.1).eq(frames.iter().map(|frame| &frame.1)), "{name}");
        for (before, after) in frames.iter().zip(&after.frames) {
            assert!(before.0.abs_diff(after.0) < 1000, "{name}: {} and {}", before.0, after.0);
        }
    }
}

#[test]
fn still_formats_get_the_first_frame_beside_an_animation() {
    let bytes = data("keep.gif");
    let actions = json!([
        input("in"),
        action("still", "output", json!({ "format": "bmp", "name": "{name}.bmp" })),
        action("moves", "output", json!({ "format": "gif" })),
    ]);
    let produced = run(actions, &[("in", "still"), ("in", "moves")], &[("a.gif", &bytes)]);
    assert_eq!(produced.outputs.len(), 2);
    let first = &expected("keep.gif", Size::new(13, 9)).frames[0].1;
    let header = probe(&produced.outputs[0].encoded.bytes, "a.bmp").expect("a header");
    assert!(header.animation.is_none());
    let still = image::load_from_memory(&produced.outputs[0].encoded.bytes).expect("a picture").to_rgba8();
    assert_eq!(&shown(&still), first);
    assert_eq!(read(&produced.outputs[1].encoded.bytes).expect("read").0, expected("keep.gif", Size::new(13, 9)));
    let told: Vec<_> =
        produced.warnings.iter().map(|one| (one.code.as_str(), one.action_id.as_deref(), one.is_doubt())).collect();
    assert_eq!(told, [("first_frame_only", Some("still"), false)]);
}

#[test]
fn a_logo_is_put_on_every_frame_and_read_once() {
    let (bytes, logo) = (data("keep.gif"), data("transparent.gif"));
    let actions = json!([
        input("logo"),
        action("photos", "input-images", json!({ "images": [{ "name": "p.gif", "sourceUrl": "asset:2" }] })),
        action("small", "resize", json!({ "mode": "exact", "width": 4, "height": 3 })),
        action("mark", "watermark", json!({ "scale": 0.3, "margin": 0 })),
        action("save", "output", json!({ "format": "png" })),
    ]);
    let edges = [("logo", "small"), ("small", "mark.overlay"), ("photos", "mark"), ("mark", "save")];
    let produced = run(actions, &edges, &[("p.gif", &bytes), ("logo.gif", &logo)]);
    let (read, _) = read(&produced.outputs[0].encoded.bytes).expect("it can be read");
    assert_eq!(read.frames.len(), 3);
    // The logo lies in a corner that the second frame does not touch.
    let corner = |frame: &(u32, Shown)| frame.1[8 * 13 + 12];
    assert_eq!(corner(&read.frames[0]), corner(&read.frames[1]));
    assert_ne!(corner(&read.frames[0]), expected("keep.gif", Size::new(13, 9)).frames[0].1[8 * 13 + 12]);
    // The logo is animated, but only its first frame is used: that is said once.
    let told: Vec<_> = produced.warnings.iter().map(|one| (one.code.as_str(), one.action_id.as_deref())).collect();
    assert_eq!(told, [("first_frame_only", Some("logo"))]);
}

/// What a still picture shows.
fn still(bytes: &[u8]) -> Shown {
    let header = probe(bytes, "a.file").expect("a header");
    assert!(header.animation.is_none(), "{:?}", header.format);
    let request = DecodeRequest {
        representation: header.native.iter().next().expect("a representation"),
        at_least: header.size,
        chroma_at_least: header.size,
        scaling: None,
        auto_orient: true,
    };
    shown(&rgba(decode(bytes, &header, &request, "a.file").expect("a picture").image))
}

/// The type of an action with its parameters.
type Step = (&'static str, Value);

/// Frames with their milliseconds.
type Shows = &'static [(usize, u32)];

/// The result of actions on "keep.gif", whose frames last 70, 100 and 30 ms.
fn sequence(actions: &[Step], format: &str) -> Produced {
    let bytes = data("keep.gif");
    let mut all = vec![input("in")];
    let ids: Vec<_> = (0..actions.len()).map(|index| format!("step-{index}")).collect();
    all.extend(actions.iter().zip(&ids).map(|((kind, parameters), id)| action(id, kind, parameters.clone())));
    all.push(action("save", "output", json!({ "format": format })));
    let chain: Vec<_> = ["in"].into_iter().chain(ids.iter().map(String::as_str)).chain(["save"]).collect();
    let edges: Vec<_> = chain.windows(2).map(|pair| (pair[0], pair[1])).collect();
    run(json!(all), &edges, &[("keep.gif", &bytes)])
}

#[test]
fn actions_on_frames_choose_those_that_others_show() {
    let whole = expected("keep.gif", Size::new(13, 9));
    let seconds = json!({ "start": 0.1, "end": 0.18 });
    let frames = json!({ "start": 1, "end": 3, "unit": "frames" });
    let cases: [(&[Step], Shows); 9] = [
        (&[("reverse", json!({}))], &[(2, 30), (1, 100), (0, 70)]),
        (&[("reverse", json!({})), ("reverse", json!({}))], &[(0, 70), (1, 100), (2, 30)]),
        (&[("trim-frames", seconds.clone())], &[(1, 70), (2, 10)]),
        (&[("trim-frames", frames.clone())], &[(1, 100), (2, 30)]),
        (&[("reverse", json!({})), ("trim-frames", frames)], &[(1, 100), (0, 70)]),
        (&[("trim-frames", seconds), ("reverse", json!({}))], &[(2, 10), (1, 70)]),
        (&[("frame-rate", json!({ "fps": 10 }))], &[(0, 100), (1, 100)]),
        (&[("frame-rate", json!({ "fps": 50 }))], &[(0, 80), (1, 100), (2, 20)]),
        (&[("flip", json!({})), ("reverse", json!({})), ("flip", json!({}))], &[(2, 30), (1, 100), (0, 70)]),
    ];
    for (actions, shown) in cases {
        for format in ["gif", "png", "auto"] {
            let produced = sequence(actions, format);
            assert!(produced.warnings.is_empty(), "{actions:?}: {:?}", produced.warnings);
            let (result, _) = read(&produced.outputs[0].encoded.bytes).expect("it can be read");
            let frames = shown.iter().map(|(frame, delay)| (delay * 1000, whole.frames[*frame].1.clone())).collect();
            assert_eq!(result, Animation { plays: whole.plays, frames }, "{actions:?} as {format}");
        }
    }
}

#[test]
fn a_still_is_one_frame_in_any_format() {
    let whole = expected("keep.gif", Size::new(13, 9));
    let cases = [("still", json!({ "at": 0.08 }), 1), ("still", json!({ "at": 9 }), 2), ("still", json!({}), 0)];
    let trimmed = ("trim-frames", json!({ "start": 2, "unit": "frames" }), 2);
    for (kind, parameters, frame) in cases.into_iter().chain([trimmed]) {
        for format in ["gif", "png", "auto", "bmp"] {
            let produced = sequence(&[(kind, parameters.clone())], format);
            assert!(produced.warnings.is_empty(), "{:?}", produced.warnings);
            let bytes = &produced.outputs[0].encoded.bytes;
            assert_eq!(still(bytes), whole.frames[frame].1, "{kind} {parameters} as {format}");
        }
    }
    // A still format gets the first frame of what is left, which is the last of the file.
    let produced = sequence(&[("reverse", json!({}))], "bmp");
    let codes: Vec<_> = produced.warnings.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["first_frame_only"]);
    assert_eq!(still(&produced.outputs[0].encoded.bytes), whole.frames[2].1);
}

#[test]
fn each_result_shows_its_own_frames_and_still_pictures_stay() {
    let actions = || {
        json!([
            input("in"),
            action("cover", "still", json!({ "at": 0.1 })),
            action("back", "reverse", json!({})),
            action("save-cover", "output", json!({ "format": "png", "name": "cover.png" })),
            action("save-back", "output", json!({ "format": "gif", "name": "back.gif" })),
            action("save", "output", json!({ "format": "gif" })),
        ])
    };
    let edges = [("in", "cover"), ("in", "back"), ("cover", "save-cover"), ("back", "save-back"), ("in", "save")];
    let bytes = data("keep.gif");
    let produced = run(actions(), &edges, &[("keep.gif", &bytes)]);
    assert!(produced.warnings.is_empty(), "{:?}", produced.warnings);
    let [cover, back, all] = &produced.outputs[..] else { panic!("three results") };
    let whole = expected("keep.gif", Size::new(13, 9));
    assert_eq!(still(&cover.encoded.bytes), whole.frames[1].1);
    let (back, _) = read(&back.encoded.bytes).expect("it can be read");
    assert!(back.frames.iter().eq(whole.frames.iter().rev()));
    assert_eq!(read(&all.encoded.bytes).expect("it can be read").0, whole);
    let produced = run(actions(), &edges, &[("cover.png", &cover.encoded.bytes)]);
    let [one, other, _] = &produced.outputs[..] else { panic!("three results") };
    assert_eq!(one.encoded.bytes, cover.encoded.bytes);
    assert!(probe(&other.encoded.bytes, "a.gif").expect("a header").animation.is_none());
}

#[test]
fn frames_of_different_times_do_not_meet_and_some_must_be_left() {
    let bytes = data("keep.gif");
    let failure = |actions: Value, connections: &[(&str, &str)]| {
        outcome(actions, connections, &[("keep.gif", &bytes)]).expect_err("a failure")
    };
    let actions = json!([input("in"), action("back", "reverse", json!({})), action("both", "blend", json!({}))]);
    let failed = failure(actions, &[("in", "back"), ("back", "both"), ("in", "both.overlay")]);
    assert_eq!(failed.action_id.as_deref(), Some("both"));
    let late = action("late", "trim-frames", json!({ "start": 5 }));
    let failed = failure(json!([input("in"), late]), &[("in", "late")]);
    assert_eq!((failed.action_id.as_deref(), failed.hint.is_empty()), (Some("late"), false));
}

#[test]
fn metadata_is_added_to_an_animation_and_changes_no_frame() {
    let bytes = data("keep.gif");
    for format in ["png", "webp"] {
        let save = json!({ "format": format, "lossless": true, "author": "A. Author", "copyright": "2026 A. Author" });
        let actions = json!([input("in"), action("save", "output", save)]);
        let produced = run(actions, &[("in", "save")], &[("a.gif", &bytes)]);
        let file = &produced.outputs[0].encoded.bytes;
        assert!(file.windows(9).any(|part| part == b"A. Author"), "{format}");
        let (read, codes) = read(file).expect("it can be read");
        assert_eq!(read, expected("keep.gif", Size::new(13, 9)), "{format}");
        assert!(codes.is_empty(), "{format}: {codes:?}");
    }
}
