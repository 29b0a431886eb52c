//! The core beside libjpeg-turbo-rs, on sound and on mutated files: the same planes to the sample, but for half the size,
//! where ours transforms the low frequencies alone.
//!
//! In a longer run of the same kind, over 20,000 mutated files, both decoded 5,025: 4,989 to the same samples, 36 to others,
//! mostly at reduced sizes, where extreme coefficients overflow in different ways.

use std::path::PathBuf;

use libjpeg_turbo_rs::Decoder;
use libjpeg_turbo_rs::tj3::TjHandle;

use super::*;
use crate::codecs::jpeg::preamble::read_preamble;
use crate::image::orient::Turn;
use crate::image::resample::{ChromaUse, Filter, Laid, Scaling, Window};

/// The JPEG files of the tests, with their names.
fn files() -> Vec<(String, Vec<u8>)> {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut files = Vec::new();
    for folder in ["codecs", "photos"] {
        for entry in std::fs::read_dir(data.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".jpg") && !name.starts_with("arithmetic") {
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(files.len() > 25, "{}", files.len());
    files
}

fn ours(bytes: &[u8], scale: Scale) -> Result<Decoded, Problem> {
    let frame = read_preamble(bytes)?.frame;
    decode(bytes, frame.components.iter().map(|_| scale.into()).collect())
}

/// The planes of libjpeg-turbo-rs, cut to the sizes of `like`; `None` where it has no name for the sampling.
fn theirs(bytes: &[u8], scale: Scale, like: &[Plane]) -> Option<Result<Vec<Vec<u8>>, String>> {
    let frame = read_preamble(bytes).ok()?.frame;
    let planes: Result<Vec<(Vec<u8>, usize)>, String> = if scale == Scale::Full {
        let raw = Decoder::new(bytes).and_then(Decoder::decode_raw);
        raw.map(|raw| raw.planes.into_iter().zip(raw.plane_widths).collect()).map_err(|error| error.to_string())
    } else {
        let mut handle = TjHandle::new();
        handle.set_scaling_factor(1, 8 / scale.side()).unwrap();
        match handle.decompress_to_yuv_planes(bytes) {
            Err(libjpeg_turbo_rs::JpegError::Unsupported(_)) => return None,
            Err(error) => Err(error.to_string()),
            // Rows are padded to whole samples of chroma.
            Ok((planes, ..)) => {
                let least = |one: &crate::codecs::jpeg::frame::Component| frame.most().0 / u32::from(one.h);
                let most = frame.components.iter().map(least).max().unwrap_or(1);
                let stride = scale.of(frame.size).width.next_multiple_of(most);
                let strides = frame.components.iter().map(|one| (stride / least(one)) as usize);
                Ok(planes.into_iter().zip(strides).collect())
            }
        }
    };
    Some(planes.map(|planes| {
        let cut = |((data, stride), like): ((Vec<u8>, usize), &Plane)| {
            let (width, height) = (like.size.width as usize, like.size.height as usize);
            (0..height).flat_map(|y| data[y * stride..][..width].to_vec()).collect()
        };
        planes.into_iter().zip(like).map(cut).collect()
    }))
}

#[test]
fn planes_are_those_of_the_other_decoder() {
    for (name, bytes) in files() {
        // At half its size the other one folds high frequencies into low ones.
        for scale in [Scale::Eighth, Scale::Quarter, Scale::Full] {
            let ours = ours(&bytes, scale).unwrap_or_else(|problem| panic!("{name}: {problem}"));
            assert!(ours.findings.is_empty(), "{name}: {:?}", ours.findings);
            // The other one refuses partly interleaved scans.
            match theirs(&bytes, scale, &ours.planes) {
                Some(Ok(theirs)) => {
                    for (ours, theirs) in ours.planes.iter().zip(theirs) {
                        assert!(ours.data == theirs, "{name} at {scale:?}");
                    }
                }
                Some(Err(error)) => assert!(name == "scans-partly.jpg", "{name} at {scale:?}: {error}"),
                None => {}
            }
        }
    }
}

/// The lowest 4 × 4 frequencies of every 8 × 8 samples of the full plane, in floating point. The full samples are rounded, so
/// that the others are known to about a level; where they are clipped nothing is known.
#[test]
fn half_the_size_holds_the_low_frequencies_of_the_full_size() {
    let cosine = |k: usize, at: usize, of: usize| {
        let scale = if k == 0 { (1.0 / of as f64).sqrt() } else { (2.0 / of as f64).sqrt() };
        scale * ((2 * at + 1) as f64 * k as f64 * std::f64::consts::PI / (2 * of) as f64).cos()
    };
    let to_half: [[f64; 8]; 4] = std::array::from_fn(|y| {
        std::array::from_fn(|x| (0..4).map(|k| cosine(k, y, 4) * cosine(k, x, 8)).sum::<f64>() / 2.0_f64.sqrt())
    });
    let mut compared = 0;
    for (name, bytes) in files() {
        let [full, half] = [Scale::Full, Scale::Half].map(|scale| ours(&bytes, scale).unwrap().planes);
        for (full, half) in full.iter().zip(&half) {
            let blocks = (full.size.width / 8, full.size.height / 8);
            for (x, y) in (0..blocks.1).flat_map(|y| (0..blocks.0).map(move |x| (x, y))) {
                let samples: [&[u8]; 8] =
                    std::array::from_fn(|row| &full.row(y * 8 + row as u32)[x as usize * 8..][..8]);
                if samples.iter().any(|row| row.iter().any(|sample| matches!(sample, 0 | 255))) {
                    continue;
                }
                for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
                    let expected: f64 = (0..64)
                        .map(|at| to_half[i][at / 8] * to_half[j][at % 8] * f64::from(samples[at / 8][at % 8]))
                        .sum();
                    let got = f64::from(half.row(y * 4 + i as u32)[x as usize * 4 + j]);
                    assert!((got - expected.clamp(0.0, 255.0)).abs() < 2.0, "{name}: {got} for {expected}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 100_000, "{compared}");
}

#[test]
fn components_may_have_scales_of_their_own() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs/baseline-420.jpg");
    let bytes = std::fs::read(path).unwrap();
    let full = ours(&bytes, Scale::Full).unwrap().planes;
    let half = ours(&bytes, Scale::Half).unwrap().planes;
    let mixed = decode(&bytes, [Scale::Half, Scale::Full, Scale::Full].map(Wanted::from).into()).unwrap().planes;
    assert_eq!(mixed, [half[0].clone(), full[1].clone(), full[2].clone()]);
    // Luma at half its size and chroma of half the size anyway: 4:4:4.
    assert_eq!(mixed[0].size, mixed[1].size);
}

/// Where both decode a damaged file without a finding, they give the same samples. Where ours finds something, the other one,
/// which is strict, mostly refuses. At reduced scales coefficients far beyond those of any picture overflow in ways of each
/// decoder's own, so that only whole pictures are compared.
#[test]
fn mutated_files_give_the_same_planes_and_never_panic() {
    let files: Vec<_> = files().into_iter().filter(|(_, bytes)| bytes.len() < 8000).collect();
    let mut state = 12_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut same, mut found) = (0, 0);
    for round in 0..600 {
        let (name, bytes) = &files[round % files.len()];
        let mut bytes = bytes.clone();
        for _ in 0..=random(4) {
            let at = if random(4) > 0 {
                bytes.len() / 3 + random(bytes.len() - bytes.len() / 3)
            } else {
                random(bytes.len())
            };
            match random(5) {
                0 => bytes[at] = random(256) as u8,
                1 => bytes[at] = 0xff,
                2 => drop(bytes.drain(at..bytes.len().min(at + 1 + random(20)))),
                _ => bytes[at] ^= 1 << random(8),
            }
        }
        let frame = read_preamble(&bytes).map(|preamble| preamble.frame);
        let scale = Scale::ALL[3 - random(8).saturating_sub(4).min(3)];
        // A size far from the file's would only take long.
        if !frame.is_ok_and(|frame| frame.size.pixels() < 100_000 && frame.process != Process::Arithmetic) {
            continue;
        }
        let Ok(ours) = ours(&bytes, scale) else { continue };
        if !ours.findings.is_empty() {
            found += 1;
        } else if scale == Scale::Full
            && let Some(Ok(theirs)) = theirs(&bytes, scale, &ours.planes)
        {
            same += 1;
            for (ours, theirs) in ours.planes.iter().zip(theirs) {
                assert!(ours.data == theirs, "{name} in round {round} at {scale:?}");
            }
        }
    }
    assert!(same > 100 && found > 100, "{same} the same, {found} with findings");
}

/// The file's planes, each put through a resampler: as it is decoded, and once it is whole.
fn resampled(bytes: &[u8], scale: Scale) -> Option<(Result<Decoded, Problem>, Result<Decoded, Problem>)> {
    let frame = read_preamble(bytes).ok()?.frame;
    let count = frame.components.len();
    if frame.process == Process::Arithmetic || frame.size.pixels() > 1_000_000 {
        return None;
    }
    let resampler = |component: usize| {
        let size = frame.plane_size(component, scale.side());
        let window =
            Window { top: f64::from(size.height) / 5.0, height: f64::from(size.height) * 0.6, ..Window::all(size) };
        let to = Size::new(size.width.div_ceil(3), size.height.div_ceil(2));
        let turn = Turn { rows_mirrored: component == 1, ..Turn::default() };
        Scaling { size: to, filter: Filter::Lanczos3, chroma: ChromaUse::Whole }.luma(Laid { size, window, turn })
    };
    let wanted = (0..count).map(|component| Wanted { scale, resampler: Some(resampler(component)) }).collect();
    let whole = decode(bytes, (0..count).map(|_| scale.into()).collect()).map(|mut decoded| {
        for (component, plane) in decoded.planes.iter_mut().enumerate() {
            *plane = resampler(component).whole(&plane.data);
        }
        decoded
    });
    Some((decode(bytes, wanted), whole))
}

#[test]
fn a_plane_that_is_resampled_as_it_is_decoded_is_the_whole_one_resampled() {
    for (name, bytes) in files() {
        for scale in Scale::ALL {
            let Some((streamed, whole)) = resampled(&bytes, scale) else { continue };
            assert!(streamed.unwrap().planes == whole.unwrap().planes, "{name} at {scale:?}");
        }
    }
}

/// Missing and repeated scans, lost intervals and garbage: bands arrive whole and in order all the same.
#[test]
fn what_is_wrong_with_a_file_does_not_depend_on_bands() {
    let files: Vec<_> = files().into_iter().filter(|(_, bytes)| bytes.len() < 8000).collect();
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut same, mut failed) = (0, 0);
    for round in 0..400 {
        let (name, bytes) = &files[round % files.len()];
        let mut bytes = bytes.clone();
        for _ in 0..=random(3) {
            let at = bytes.len() / 4 + random(bytes.len() - bytes.len() / 4);
            match random(4) {
                0 => bytes[at] = 0xff,
                1 => drop(bytes.drain(at..bytes.len().min(at + 1 + random(60)))),
                _ => bytes[at] ^= 1 << random(8),
            }
        }
        match resampled(&bytes, Scale::ALL[3 - round % 2]) {
            Some((Ok(streamed), Ok(whole))) => {
                assert!(
                    streamed.planes == whole.planes && streamed.findings == whole.findings,
                    "{name} in round {round}"
                );
                same += 1;
            }
            Some((Err(_), Err(_))) => failed += 1,
            Some(_) => panic!("{name} in round {round}: one of the two fails"),
            None => {}
        }
    }
    assert!(same > 150 && failed > 10, "{same} the same, {failed} failed");
    // A component whose scan comes twice, and one that has none.
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs/scans-apart.jpg");
    let bytes = std::fs::read(path).unwrap();
    let scans: Vec<_> = (0..bytes.len() - 1).filter(|&at| bytes[at..at + 2] == [0xff, 0xda]).collect();
    let [luma, blue, red] = scans[..] else { panic!("three scans") };
    let end = &[0xff, 0xd9][..];
    for file in [
        [&bytes[..blue], &bytes[luma..blue], &bytes[blue..]].concat(),
        [&bytes[..luma], &bytes[blue..red], &bytes[blue..]].concat(),
        [&bytes[..red], end].concat(),
    ] {
        let (streamed, whole) = resampled(&file, Scale::Full).unwrap();
        let (streamed, whole) = (streamed.unwrap(), whole.unwrap());
        assert!(streamed.planes == whole.planes && streamed.findings == whole.findings);
    }
}

/// A tiny file that repeats its scans, before and after the limit.
#[test]
fn the_work_of_scans_is_bounded() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs/progressive-420.jpg");
    let mut bytes = std::fs::read(path).unwrap();
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc2]).unwrap();
    // 4096 × 4096 pixels: 393,216 blocks a pass.
    bytes[frame + 5..frame + 9].copy_from_slice(&[16, 0, 16, 0]);
    let scans: Vec<_> = (0..bytes.len() - 1).filter(|&at| bytes[at..at + 2] == [0xff, 0xda]).collect();
    let means = bytes[scans[0]..scans[1]].to_vec();
    let with_scans = |count: usize| {
        let file = [&bytes[..scans[0]], &means.repeat(count), &[0xff, 0xd9]].concat();
        ours(&file, Scale::Eighth).map(|decoded| decoded.findings)
    };
    assert_eq!(with_scans(3).unwrap(), [Finding::PartMissing]);
    assert!(matches!(with_scans(501), Err(Problem::Damaged(_))));
}
