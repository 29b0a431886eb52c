//! Glyphs compared with what Skia draws (`tests/oracles/colored_glyphs.py`).

use std::path::PathBuf;

use super::super::tests::{data, request};
use super::super::{FontTypesetter, unpacked};
use super::*;
use crate::lettering::{Lettering, Request};

const SIZE: f32 = 96.0;
/// Pixels around a text in the pictures.
const EDGE: i32 = 24;

fn typesetter(fonts: &[&str]) -> FontTypesetter {
    let typesetter = super::super::tests::typesetter();
    fonts.iter().for_each(|name| typesetter.add(name, &data(&format!("fonts/{name}.ttf"))).unwrap());
    typesetter
}

fn set(typesetter: &FontTypesetter, font: &str, text: &str) -> Lettering {
    let request = Request { font: font.to_owned(), size: SIZE, color: [0x1e, 0x78, 0x32], ..request(text) };
    typesetter.lettering(&request).unwrap()
}

/// RGBA pixels with colours multiplied by their opacity, and how many there are in a row.
fn expected(name: &str) -> (Vec<[f64; 4]>, usize) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/colored").join(name).with_extension("png");
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    (multiplied(&pixels), reader.info().width as usize)
}

fn multiplied(rgba: &[u8]) -> Vec<[f64; 4]> {
    let multiplied = |&[r, g, b, a]: &[u8; 4]| [r, g, b, 255].map(|value| f64::from(value) * f64::from(a) / 255.0);
    rgba.as_chunks().0.iter().map(multiplied).collect()
}

/// What was set, in the place that it has in the pictures.
fn placed(set: &Lettering, width: usize, height: usize) -> Vec<[f64; 4]> {
    let mut placed = vec![[0.0; 4]; width * height];
    let columns = set.report.painted[0] as usize;
    for (at, pixel) in multiplied(&set.colors).into_iter().enumerate() {
        let [x, y] = [(at % columns, 0), (at / columns, 1)].map(|(at, axis)| at as i32 + set.report.start[axis] + EDGE);
        placed[y as usize * width + x as usize] = pixel;
    }
    placed
}

#[test]
fn glyphs_are_where_and_as_skia_draws_them() {
    let graph: Vec<String> = ('A'..='R').map(|letter| letter.to_string()).collect();
    let emoji = ["😀", "❤️", "👍🏽", "👩‍🚀", "🏳️‍🌈", "🏴‍☠️", "🇺🇳", "7️⃣"];
    let cases = (graph.iter().map(|text| ("graph", text.as_str(), text.clone())))
        .chain(["layers", "strike", "sbix"].map(|font| (font, "A", "A".to_owned())))
        .chain(emoji.iter().enumerate().map(|(at, text)| ("emoji", *text, at.to_string())));
    let typesetter = typesetter(&["graph", "layers", "strike", "sbix", "emoji"]);
    let mut wrong = Vec::new();
    for (font, text, label) in cases {
        let (expected, width) = expected(&format!("{font}-{label}"));
        let set = set(&typesetter, font, text);
        assert_eq!(set.report.missing, "", "{font} {text}");
        assert!(set.letters.iter().all(|covered| *covered == 0), "{font} {text}");
        let found = placed(&set, width, expected.len() / width);
        let differences = expected.iter().zip(&found).map(|(one, other)| {
            let squares: f64 = one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum();
            (squares, one[3] > 0.0 || other[3] > 0.0)
        });
        let (sum, count) =
            differences.fold((0.0, 0), |(sum, count), (square, ink)| (sum + square, count + usize::from(ink)));
        // Of the pixels that either covers.
        let psnr = 10.0 * (255.0 * 255.0 * 4.0 * f64::from(count as u32) / sum).log10();
        println!("{font} {text}: {psnr:.1} dB");
        let least = match (font, text) {
            // Edges within gradients are hard.
            ("graph", "E" | "I") => 25.0,
            // Skia puts pictures on whole pixels.
            ("strike" | "sbix", _) => 28.0,
            _ => 30.0,
        };
        if psnr < least {
            wrong.push(format!("{font} {text}: {psnr:.1} dB"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_large_glyph_is_painted_in_bands_without_seams() {
    let typesetter = typesetter(&["graph"]);
    let large = |size: f32| {
        typesetter
            .lettering(&Request {
                font: "graph".to_owned(),
                size,
                seen: [4000, 4000],
                max_width: 4000.0,
                room: [4000.0; 2],
                ..request("A")
            })
            .unwrap()
    };
    let set = large(1500.0);
    let [columns, rows] = set.report.painted;
    assert!(columns * rows > 4 * BAND, "{:?}", set.report);
    // The colours of a row change along it alone, so down the middle they are the same but for the gradient's slope.
    let middle = |y: u32| 4 * (y * columns + columns / 2) as usize;
    let column: Vec<&[u8]> = (rows / 4..3 * rows / 4).map(|y| &set.colors[middle(y)..][..4]).collect();
    assert!(column.iter().all(|pixel| pixel[3] == 255));
    assert!(column.windows(2).all(|pair| pair[0].iter().zip(pair[1]).all(|(one, other)| one.abs_diff(*other) <= 2)));
}

/// A graph of which each part uses the next one twice, and one that leads into itself.
#[test]
fn a_graph_that_takes_forever_is_not_painted() {
    let typesetter = typesetter(&[]);
    let font = data("fonts/graph.ttf");
    let at = font.windows(4).position(|tag| tag == b"COLR").unwrap();
    let number = |at: usize| u32::from_be_bytes(font[at..at + 4].try_into().unwrap()) as usize;
    let colr = number(at + 8);
    let list = colr + number(colr + 14);
    // The base glyph A becomes nested shapes, written behind all else, in a table that is as long as need be.
    for (depth, wanted) in [(8, true), (40, false)] {
        let mut bomb = font.clone();
        let start = bomb.len();
        for _ in 0..depth {
            // A shape within a shape.
            bomb.extend([10, 0, 0, 6, 0, 2]);
        }
        bomb.extend([2, 0, 0, 0x40, 0]);
        bomb[list + 6..list + 10].copy_from_slice(&((start - list) as u32).to_be_bytes());
        let length = (bomb.len() - colr) as u32;
        bomb[at + 12..at + 16].copy_from_slice(&length.to_be_bytes());
        typesetter.add("bomb", &bomb).unwrap();
        let set = set(&typesetter, "bomb", "A");
        assert_eq!(set.colors.is_empty(), !wanted, "{depth}");
        // Its outline is painted instead.
        assert_eq!(set.letters.iter().any(|covered| *covered > 0), !wanted, "{depth}");
    }
    let mut circle = font.clone();
    let paint = list + number(list + 6);
    // The first part of A is itself.
    circle[paint + 1..paint + 4].fill(0);
    typesetter.add("circle", &circle).unwrap();
    assert!(set(&typesetter, "circle", "A").colors.is_empty());
}

#[test]
fn damaged_fonts_never_end_the_program() {
    let typesetter = typesetter(&[]);
    for name in ["graph", "layers", "strike", "sbix"] {
        let font = data(&format!("fonts/{name}.ttf"));
        let mut random = 7_u32;
        for _ in 0..150 {
            let mut damaged = font.clone();
            for _ in 0..4 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (random >> 8) as usize % damaged.len();
                damaged[at] = random as u8;
            }
            if typesetter.add("damaged", &damaged).is_ok() {
                set(&typesetter, "damaged", "ADJR");
            }
        }
    }
}

#[test]
fn the_emoji_font_has_its_sequences() {
    let typesetter = typesetter(&[]);
    let file = unpacked(include_bytes!("../../noto-emoji/NotoColorEmoji.woff2")).unwrap();
    typesetter.add_emoji(&file).unwrap();
    let width = |text: &str| typesetter.lettering(&request(text)).unwrap().report.width;
    let one = width("😀");
    for text in ["❤️", "👍🏽", "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴‍☠️", "🇺🇳", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "7️⃣", "#️⃣", "👁️‍🗨️", "🧑🏿‍❤️‍🧑🏻", "©️"]
    {
        let set = typesetter.lettering(&request(text)).unwrap();
        assert_eq!((set.report.width, set.report.missing.as_str()), (one, ""), "{text}");
        assert!(!set.colors.is_empty() && set.letters.iter().all(|covered| *covered == 0), "{text}");
    }
}
