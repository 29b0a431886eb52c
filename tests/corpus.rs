//! A folder of pictures from elsewhere, which is no part of the project: each is read or refused as `expect.tsv` in it says, and the
//! pixels are those that Pillow reads. Nothing is done unless `PIXELMILL_CORPUS` names the folder; `PIXELMILL_CORPUS_PIXELS` names
//! what `tests/oracles/corpus.py` has made of it. `cargo test --test corpus -- --nocapture` prints a table by format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pixelmill::codecs::recognize;
use pixelmill::image::Size;

#[path = "shared/read.rs"]
mod read;

use read::{decoded, rgba};

/// Files that are read otherwise on purpose, by the ends of their paths, each with why.
const OTHERWISE: [(&str, &str); 20] = [
    ("max-width.gif", "more than 65,500 pixels in a row"),
    ("xmp_tags_orientation.png", "turned by XMP, which browsers do not look at"),
    ("hdr_room.png", "of high dynamic range, brought to sRGB"),
    ("ctzn0g04.png", "gray by linear light, converted; Pillow ignores it"),
    ("basn0g02.png", "gray by linear light, converted; Pillow ignores it"),
    ("basn0g04.png", "gray by linear light, converted; Pillow ignores it"),
    ("ftp0n0g08.png", "gray by linear light, converted; Pillow ignores it"),
    ("gray-2-tRNS.png", "transparent, as in Chromium"),
    ("gray-4-tRNS.png", "transparent, as in Chromium"),
    ("gray-4-1.8-tRNS.png", "transparent, as in Chromium"),
    ("gray-4-linear-tRNS.png", "transparent, as in Chromium"),
    ("rletrns.bmp", "what is left out is transparent, as in browsers"),
    ("mmap_error.bmp", "colours as in Chromium"),
    ("app13.jpg", "chroma is interpolated in pictures of 4 columns too"),
    ("float64_predictor2_le_lzw.tif", "read, which libtiff refuses"),
    ("hopper_lzma.tif", "LZMA in TIFF"),
    ("djxl_fuzzer-4729306868219904", "incomplete, read with a doubt"),
    ("djxl_fuzzer-5556400888086528", "incomplete, read with a doubt"),
    ("djxl_fuzzer-5785438255710208", "incomplete, read with a doubt"),
    ("djxl_fuzzer-6375307931680768", "incomplete, read with a doubt"),
];

/// What is expected of a file, and how Pillow reads it.
struct Row {
    path: String,
    expected: String,
    pixels: Option<(PathBuf, String)>,
}

fn rows(folder: &Path, pixels: Option<&Path>) -> Vec<Row> {
    let lines = |path: PathBuf| std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut known = BTreeMap::new();
    if let Some(pixels) = pixels {
        for line in lines(pixels.join("index.tsv")).lines() {
            let [path, file, mode] = *line.split('\t').collect::<Vec<_>>() else { panic!("{line}") };
            known.insert(path.to_owned(), (pixels.join(file), mode.to_owned()));
        }
    }
    let row = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        let path = columns.next()?;
        Some(Row { expected: columns.next()?, pixels: known.remove(&path), path })
    };
    lines(folder.join("expect.tsv")).lines().skip(1).filter_map(row).collect()
}

/// How far two pictures of a size are apart: by the largest difference of a sample, and on average. What is transparent in both has
/// no colour.
fn distance(one: &[u8], other: &[u8]) -> (u8, f64) {
    let (mut most, mut sum) = (0, 0_u64);
    for (one, other) in
        one.as_chunks::<4>().0.iter().zip(other.as_chunks::<4>().0).filter(|(a, b)| a[3] != 0 || b[3] != 0)
    {
        for (one, other) in one.iter().zip(other) {
            most = most.max(one.abs_diff(*other));
            sum += u64::from(one.abs_diff(*other));
        }
    }
    (most, sum as f64 / one.len().max(1) as f64)
}

/// What was found of the files of a format.
#[derive(Default)]
struct Found {
    /// How many were read of those to be read, refused of those to be refused, and are left to the reader.
    read: [u32; 2],
    refused: [u32; 2],
    either: u32,
    /// How many are read otherwise on purpose.
    otherwise: u32,
    /// How many were compared, the largest difference, and the largest average one.
    compared: u32,
    most: u8,
    average: f64,
}

#[test]
fn pictures_from_elsewhere_are_read_as_others_read_them() {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let Some(folder) = named("PIXELMILL_CORPUS") else { return println!("PIXELMILL_CORPUS names no folder") };
    let (mut table, mut wrong) = (BTreeMap::<String, Found>::new(), Vec::new());
    for row in rows(&folder, named("PIXELMILL_CORPUS_PIXELS").as_deref()) {
        let path = folder.parent().expect("a folder").join(&row.path);
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let format = path.extension().map_or_else(|| "other".into(), |end| end.to_string_lossy().to_lowercase());
        let found = table.entry(if format.len() > 5 { "other".into() } else { format }).or_default();
        let result = decoded(&bytes, None).map(|(_, decoded)| decoded.image);
        if let Err(failure) = &result
            && (failure.hint.is_empty() || !failure.message.contains("a.file"))
        {
            wrong.push(format!("{}: unclear: {} {}", row.path, failure.message, failure.hint));
        }
        if let Some((_, why)) = OTHERWISE.iter().find(|(end, _)| row.path.ends_with(end)) {
            found.otherwise += 1;
            println!("{}: {why}", row.path);
            continue;
        }
        match (&*row.expected, result) {
            ("decode", Err(failure)) => {
                found.read[1] += 1;
                wrong.push(format!("{}: {} ({:?})", row.path, failure.message, recognize(&bytes)));
            }
            ("decode", Ok(image)) => {
                found.read = [found.read[0] + 1, found.read[1] + 1];
                let Some((file, mode)) = row.pixels else { continue };
                let expected = std::fs::read(file).expect("pixels");
                let side = |at: usize| u32::from_le_bytes(expected[at..at + 4].try_into().expect("four bytes"));
                let size = Size::new(side(0), side(4));
                if image.size != size {
                    wrong.push(format!("{}: {:?} instead of {size:?}", row.path, image.size));
                    continue;
                }
                // Pillow does not convert these by their profiles.
                if ["CMYK", "LAB", "YCbCr", "F"].contains(&&*mode) {
                    continue;
                }
                let (most, average) = distance(&rgba(image), &expected[8..]);
                found.compared += 1;
                (found.most, found.average) = (found.most.max(most), found.average.max(average));
                if average > 1.0 {
                    wrong.push(format!("{}: off by {most}, {average:.2} on average ({mode})", row.path));
                }
            }
            ("reject" | "limit", Ok(image)) => {
                found.refused[1] += 1;
                wrong.push(format!("{}: read as {:?}, {}", row.path, image.size, row.expected));
            }
            ("reject" | "limit", Err(_)) => found.refused = [found.refused[0] + 1, found.refused[1] + 1],
            _ => found.either += 1,
        }
    }
    println!(
        "{:<8} {:>9} {:>9} {:>7} {:>9} {:>9} {:>5} {:>8}",
        "format", "read", "refused", "either", "otherwise", "compared", "most", "average"
    );
    for (format, Found { read, refused, either, otherwise, compared, most, average }) in table {
        let of = |[one, all]: [u32; 2]| format!("{one}/{all}");
        println!(
            "{format:<8} {:>9} {:>9} {either:>7} {otherwise:>9} {compared:>9} {most:>5} {average:>8.3}",
            of(read),
            of(refused)
        );
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
