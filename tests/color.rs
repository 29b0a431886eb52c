//! Colours through every kind of profile against littleCMS (`tests/data/color`), and profiles that are damaged.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::{Path, PathBuf};

use pixelmill::color::{ColorSpace, Inks, Intent, Model, Neutrals, Rendering, Transform};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/color")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn space(name: &str) -> ColorSpace {
    ColorSpace::from_icc(bytes(&format!("{name}.icc"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every profile of the folder.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter_map(|name| name.strip_suffix(".icc").map(str::to_owned)).collect();
    names.sort();
    names
}

/// The colours that the oracle converted: corners, a ramp, then any.
fn colors<const N: usize>() -> Vec<[u8; N]> {
    let corners = (0..1 << N).map(|corner: u32| std::array::from_fn(|i| (corner >> i & 1) as u8 * 255));
    let ramp = (0..64).map(|step: u8| std::array::from_fn(|i| if N == 4 && i < 3 { 0 } else { step * 4 }));
    let mut state = 1_u32;
    let mut any = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    corners.chain(ramp).chain(std::iter::repeat_with(move || std::array::from_fn(|_| any()))).take(1200).collect()
}

/// Colours of a space in sRGB, by the conversion for its model.
fn to_srgb(space: &ColorSpace) -> Vec<[u8; 3]> {
    match space.model() {
        Some(Model::Gray) => {
            let neutrals = Neutrals::between(space, &ColorSpace::SRGB).unwrap();
            (0..=255).map(|gray| [neutrals.at(gray); 3]).collect()
        }
        Some(Model::Cmyk) => {
            let inks = Inks::of(space);
            colors::<4>().into_iter().map(|color| inks.color(color)).collect()
        }
        _ => {
            let mut pixels = colors::<3>();
            Transform::between(space, &ColorSpace::SRGB).apply(&mut pixels);
            pixels
        }
    }
}

fn lab([r, g, b]: [u8; 3]) -> [f64; 3] {
    let light = |byte: u8| {
        let v = f64::from(byte) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = [r, g, b].map(light);
    let xyz = [
        (0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / 0.9642,
        0.2225045 * r + 0.7168786 * g + 0.0606169 * b,
        (0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / 0.8249,
    ];
    let [x, y, z] = xyz.map(|t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { t * 841.0 / 108.0 + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The colour difference CIEDE2000.
fn difference(one: [u8; 3], other: [u8; 3]) -> f64 {
    let ([l1, a1, b1], [l2, a2, b2]) = (lab(one), lab(other));
    let mean = f64::midpoint(a1.hypot(b1), a2.hypot(b2)).powi(7);
    let g = 0.5 * (1.0 - (mean / (mean + 25_f64.powi(7))).sqrt());
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let turn = match h2 - h1 {
        _ if c1 * c2 == 0.0 => 0.0,
        turn if turn > 180.0 => turn - 360.0,
        turn if turn < -180.0 => turn + 360.0,
        turn => turn,
    };
    let hue_difference = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (lightness, chroma) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let mean_hue = match h1 + h2 {
        sum if c1 * c2 == 0.0 => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => (sum + 360.0) / 2.0,
        sum => (sum - 360.0) / 2.0,
    };
    let cosine = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cosine(mean_hue - 30.0) + 0.24 * cosine(2.0 * mean_hue) + 0.32 * cosine(3.0 * mean_hue + 6.0)
        - 0.20 * cosine(4.0 * mean_hue - 63.0);
    let squared = (lightness - 50.0).powi(2);
    let weights = [1.0 + 0.015 * squared / (20.0 + squared).sqrt(), 1.0 + 0.045 * chroma, 1.0 + 0.015 * chroma * t];
    let rotation = -(60.0 * (-((mean_hue - 275.0) / 25.0).powi(2)).exp()).to_radians().sin()
        * 2.0
        * (chroma.powi(7) / (chroma.powi(7) + 25_f64.powi(7))).sqrt();
    let [l, c, h] = [(l2 - l1) / weights[0], (c2 - c1) / weights[1], hue_difference / weights[2]];
    (l * l + c * c + h * h + rotation * c * h).max(0.0).sqrt()
}

#[test]
fn the_measure_of_differences_is_right() {
    assert_eq!(difference([10, 200, 30], [10, 200, 30]), 0.0);
    // By the package colour-science: black and white, and two grays.
    assert!((difference([0; 3], [255; 3]) - 100.0).abs() < 0.01);
    let gray = difference([119; 3], [120; 3]);
    assert!((0.3..0.5).contains(&gray), "{gray}");
}

/// Mean and maximum.
fn differences(ours: &[[u8; 3]], theirs: &[u8]) -> (f64, f64, usize) {
    let theirs = theirs.as_chunks::<3>().0;
    assert_eq!(ours.len(), theirs.len());
    let all: Vec<f64> = ours.iter().zip(theirs).map(|(one, other)| difference(*one, *other)).collect();
    let worst = (0..all.len()).max_by(|a, b| all[*a].total_cmp(&all[*b])).unwrap();
    (all.iter().sum::<f64>() / all.len() as f64, all[worst], worst)
}

/// The largest differences that are allowed, as mean and maximum.
fn allowed(name: &str) -> (f64, f64) {
    match name.split_once('-') {
        // Interpolated between the nodes of a grid.
        Some(("rgb", _)) => (0.1, 1.5),
        Some(("cmyk", _)) => (0.25, 2.5),
        _ => (0.1, 1.0),
    }
}

#[test]
fn every_profile_shows_the_colours_that_littlecms_shows() {
    let mut wrong = Vec::new();
    for name in names() {
        let ours = to_srgb(&space(&name));
        let (mean, most, worst) = differences(&ours, &bytes(&format!("{name}.to-srgb")));
        println!("{name}: {mean:.3} {most:.2}");
        let (mean_allowed, most_allowed) = allowed(&name);
        if mean > mean_allowed || most > most_allowed {
            let theirs = &bytes(&format!("{name}.to-srgb"))[worst * 3..][..3];
            wrong.push(format!(
                "{name}: mean {mean:.3}, most {most:.2}: {:?} for {theirs:?}, color {worst}",
                ours[worst]
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Bytes of one space have no differences to be measured: both results are taken back to sRGB.
#[test]
fn colours_get_into_every_space_as_littlecms_brings_them() {
    let mut wrong = Vec::new();
    for name in names() {
        let Ok(theirs) = std::fs::read(folder().join(format!("{name}.from-srgb"))) else { continue };
        let space = space(&name);
        assert!(space.receives(), "{name}");
        let mut ours = colors::<3>();
        Transform::between(&ColorSpace::SRGB, &space).apply(&mut ours);
        let mut theirs = theirs.as_chunks::<3>().0.to_vec();
        let largest = ours.iter().zip(&theirs).flat_map(|(a, b)| (0..3).map(|i| a[i].abs_diff(b[i]))).max().unwrap();
        let back = Transform::between(&space, &ColorSpace::SRGB);
        back.apply(&mut ours);
        back.apply(&mut theirs);
        let (mean, most, worst) = differences(&ours, theirs.as_flattened());
        println!("{name}: {mean:.3} {most:.2}, bytes {largest}");
        // One step of a byte may be much where a space has few for dark colours.
        let (mean_allowed, most_allowed, bytes_allowed) =
            if name.starts_with("rgb-") { (0.5, 3.5, 16) } else { (0.05, 3.0, 2) };
        if mean > mean_allowed || most > most_allowed || largest > bytes_allowed {
            wrong.push(format!("{name}: mean {mean:.3}, most {most:.2}: {:?} for {:?}", ours[worst], theirs[worst]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every intent, without and with black point compensation.
fn renderings() -> impl Iterator<Item = Rendering> {
    let intents = [Intent::Perceptual, Intent::Relative, Intent::Saturation, Intent::Absolute];
    intents
        .into_iter()
        .flat_map(|intent| [false, true].map(|compensates_black| Rendering { intent, compensates_black }))
}

#[test]
fn every_intent_gives_the_colours_that_littlecms_gives() {
    let colors: Vec<[u8; 3]> = colors::<3>().into_iter().take(400).collect();
    let targets =
        [("srgb", ColorSpace::SRGB), ("display-p3", ColorSpace::display_p3()), ("adobe-rgb", ColorSpace::adobe_rgb())];
    let mut wrong = Vec::new();
    for name in ["scanner-v2", "scanner-v4", "screen-v2", "camera-v4"] {
        let from = space(&format!("intents/{name}"));
        for (target, to) in &targets {
            let theirs = bytes(&format!("intents/{name}.{target}"));
            let mut different: Vec<&[u8]> = Vec::new();
            for (rendering, theirs) in renderings().zip(theirs.chunks(1200)) {
                let back = Transform::between(to, &ColorSpace::SRGB);
                let (mut ours, mut expected) = (colors.clone(), theirs.as_chunks::<3>().0.to_vec());
                Transform::by(&from, to, rendering).apply(&mut ours);
                back.apply(&mut ours);
                back.apply(&mut expected);
                let (mean, most, worst) = differences(&ours, expected.as_flattened());
                println!("{name} to {target}, {rendering:?}: {mean:.3} {most:.2}");
                if mean > 1.0 || most > 3.0 {
                    let (ours, theirs) = (ours[worst], expected[worst]);
                    wrong.push(format!(
                        "{name} to {target}, {rendering:?}: mean {mean:.3}, most {most:.2}: {ours:?} for {theirs:?}"
                    ));
                }
                if !different.contains(&theirs) {
                    different.push(theirs);
                }
            }
            // Otherwise the above shows nothing.
            let expected = if name.starts_with("scanner") { 5 } else { 1 };
            assert!(different.len() >= expected, "{name} to {target}: {}", different.len());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn srgb_is_known_by_content() {
    for name in names() {
        let space = space(&name);
        assert_eq!(space.is_srgb(), name.contains("srgb"), "{name}");
        assert_eq!(space == ColorSpace::SRGB, space.is_srgb(), "{name}");
        assert_eq!(space.icc().map(|icc| icc.to_vec()), Some(bytes(&format!("{name}.icc"))));
    }
    assert_eq!(space("srgb-table"), space("srgb-formula"));
    assert!(space("adobe-rgb") != space("display-p3"));
    assert_eq!(space("adobe-rgb"), space("adobe-rgb"));
    assert_eq!(space("rgb-mab"), space("rgb-mab"));
}

#[test]
fn what_files_name_is_what_profiles_describe() {
    let near = |one: &ColorSpace, other: &ColorSpace| {
        let mut pixels = colors::<3>();
        Transform::between(one, other).apply(&mut pixels);
        let same = colors::<3>();
        let largest = pixels.iter().zip(&same).flat_map(|(a, b)| (0..3).map(|i| a[i].abs_diff(b[i]))).max().unwrap();
        assert!(largest <= 1, "{largest}");
    };
    near(&ColorSpace::adobe_rgb(), &space("adobe-rgb"));
    near(&ColorSpace::from_code_points(12, 13).unwrap(), &space("display-p3"));
    near(&ColorSpace::from_code_points(9, 14).unwrap(), &space("bt2020"));
    assert_eq!(ColorSpace::from_code_points(1, 13).unwrap().icc(), None);
    assert!(ColorSpace::from_code_points(2, 13).is_none() && ColorSpace::from_code_points(1, 2).is_none());
    assert!(ColorSpace::srgb_with_profile(false).is_srgb() && ColorSpace::srgb_with_profile(false).icc().is_some());
    for primaries in 0..=255 {
        for transfer in 0..=255 {
            if let Some(space) = ColorSpace::from_code_points(primaries, transfer) {
                assert!(space.receives() && space.color([255; 3]) == [255; 3], "{primaries} {transfer}");
            }
        }
    }
}

#[test]
fn gray_of_a_space_means_its_equal_red_green_and_blue() {
    for name in names() {
        let color = space(&name);
        if color.model() != Some(Model::Rgb) {
            continue;
        }
        let gray = color.gray();
        assert_eq!(gray.is_none(), name.starts_with("rgb-") || name == "uneven", "{name}");
        let Some(gray) = gray else { continue };
        assert!(gray.model().is_none_or(|model| model == Model::Gray));
        let neutrals = Neutrals::between(&gray, &ColorSpace::SRGB).unwrap();
        let mut pixels: Vec<[u8; 3]> = (0..=255).map(|byte| [byte; 3]).collect();
        Transform::between(&color, &ColorSpace::SRGB).apply(&mut pixels);
        for (byte, pixel) in pixels.iter().enumerate() {
            assert!(neutrals.at(byte as u8).abs_diff(pixel[1]) <= 1, "{name} {byte}: {pixel:?}");
        }
    }
}

#[test]
fn inks_without_a_profile_take_away_light() {
    let color = |inks| Inks::PLAIN.color(inks);
    assert_eq!(color([0; 4]), [255; 3]);
    assert_eq!(color([255, 0, 0, 0]), [0, 255, 255]);
    assert_eq!(color([0, 0, 0, 255]), [0; 3]);
    assert_eq!(color([51, 102, 204, 0]), [204, 153, 51]);
    assert_eq!(color([51, 102, 204, 128]), [102, 76, 25]);
}

/// Whatever a profile says: it is refused or used, and never more.
fn use_it(bytes: Vec<u8>) -> bool {
    let Ok(space) = ColorSpace::from_icc(bytes) else { return false };
    let mut pixels = [[0, 128, 255], [255; 3], [3, 2, 1]];
    Transform::between(&space, &ColorSpace::SRGB).apply(&mut pixels);
    let _color = Inks::of(&space).color([0, 100, 200, 50]);
    let _gray = (space.gray(), Neutrals::between(&space, &ColorSpace::SRGB).map(|neutrals| neutrals.at(7)));
    if space.receives() {
        space.color([255, 0, 128]);
    }
    true
}

#[test]
fn damaged_profiles_are_refused_or_used_but_never_panic() {
    let mut state = 7_u32;
    let mut any = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let (mut used, mut refused) = (0, 0);
    for name in names() {
        let whole = bytes(&format!("{name}.icc"));
        // Tables take their time.
        let rounds = if name.starts_with("rgb-") || name.starts_with("cmyk-") { 10 } else { 200 };
        for round in 0..rounds {
            let mut damaged = whole.clone();
            match round % 3 {
                0 => damaged.truncate(any(whole.len())),
                // The beginning holds the table of tags and the heads of most of them.
                1 => (0..1 + any(4)).for_each(|_| damaged[any(whole.len().min(600))] = any(256) as u8),
                _ => {
                    let at = 128 + any(whole.len() - 132);
                    damaged[at..at + 4].copy_from_slice(&[[0xff; 4], [0; 4], [0x7f, 0xff, 0xff, 0xff]][any(3)]);
                }
            }
            if use_it(damaged) { used += 1 } else { refused += 1 }
        }
    }
    assert!(used > 300 && refused > 300, "{used} used, {refused} refused");
}
