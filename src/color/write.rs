//! Writing small profiles (ICC.1:2022, version 4), for spaces that files describe without one.

use super::math::{D50, Matrix};

/// Length of a profile's header.
const HEADER: usize = 128;

fn fixed(value: f64) -> [u8; 4] {
    ((value * 65536.0).round() as i32).to_be_bytes()
}

fn numbers(kind: &[u8; 4], numbers: &[f64]) -> Vec<u8> {
    let mut tag = [kind, &[0; 4][..]].concat();
    numbers.iter().for_each(|number| tag.extend(fixed(*number)));
    tag
}

fn text(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut tag = b"mluc\0\0\0\0".to_vec();
    [1, 12].iter().for_each(|number: &u32| tag.extend(number.to_be_bytes()));
    tag.extend_from_slice(b"enUS");
    [units.len() as u32, 28].iter().for_each(|number| tag.extend(number.to_be_bytes()));
    tag.extend(units);
    tag
}

/// An RGB space: a matrix to XYZ relative to D50, the matrix that adapted its white, and the curve of all three channels:
/// g, or g, a, b, c and d of its parametric form.
pub(super) fn rgb(name: &str, matrix: &Matrix, adaptation: &Matrix, curve: &[f64]) -> Vec<u8> {
    let kind = if curve.len() == 1 { [0, 0] } else { [0, 3] };
    let mut curve = numbers(b"para", curve);
    curve.splice(8..8, [kind[0], kind[1], 0, 0]);
    let column = |index: usize| numbers(b"XYZ ", &matrix.map(|row| row[index]));
    assemble(
        b"RGB ",
        &[
            (b"desc", text(name)),
            (b"cprt", text("CC0")),
            (b"wtpt", numbers(b"XYZ ", &D50)),
            (b"chad", numbers(b"sf32", adaptation.as_flattened())),
            (b"rXYZ", column(0)),
            (b"gXYZ", column(1)),
            (b"bXYZ", column(2)),
            (b"rTRC", curve.clone()),
            (b"gTRC", curve.clone()),
            (b"bTRC", curve),
        ],
    )
}

/// A gray space with the curve of this tag.
pub(super) fn gray(name: &str, curve: &[u8]) -> Vec<u8> {
    assemble(
        b"GRAY",
        &[(b"desc", text(name)), (b"cprt", text("CC0")), (b"wtpt", numbers(b"XYZ ", &D50)), (b"kTRC", curve.to_vec())],
    )
}

/// Header, table of tags, tags; equal neighbours share their bytes.
fn assemble(model: &[u8; 4], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut profile = vec![0; HEADER];
    profile[8..12].copy_from_slice(&[4, 0x40, 0, 0]);
    profile[12..16].copy_from_slice(b"mntr");
    profile[16..20].copy_from_slice(model);
    profile[20..24].copy_from_slice(b"XYZ ");
    profile[36..40].copy_from_slice(b"acsp");
    for (place, number) in profile[68..80].as_chunks_mut::<4>().0.iter_mut().zip(D50) {
        *place = fixed(number);
    }
    profile.extend((tags.len() as u32).to_be_bytes());
    let mut content: Vec<u8> = Vec::new();
    let start = HEADER + 4 + tags.len() * 12;
    let mut before: (Option<&[u8]>, usize) = (None, 0);
    for (name, tag) in tags {
        if before.0 != Some(tag) {
            before = (Some(tag), content.len());
            content.extend(tag);
            content.resize(content.len().next_multiple_of(4), 0);
        }
        profile.extend_from_slice(*name);
        profile.extend(((start + before.1) as u32).to_be_bytes());
        profile.extend((tag.len() as u32).to_be_bytes());
    }
    profile.extend(content);
    let length = profile.len() as u32;
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile
}
