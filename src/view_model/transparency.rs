//! Whether a result has transparency, from the first bytes of its file: the page decodes no pixels.

/// How many bytes of a file are needed. In a PNG file the transparency of a palette comes after the colour profile.
pub const HEAD: usize = 256 << 10;

/// Whether a file that begins with these bytes has alpha. Covers the formats of results: PNG, WebP and AVIF as it is written here.
pub fn has_alpha(head: &[u8]) -> bool {
    match head {
        // PNG: the colour type in IHDR, gray or colour with alpha; or a chunk that makes colours transparent.
        [0x89, b'P', b'N', b'G', ..] => matches!(head.get(25), Some(4 | 6)) || has_transparent_colors(head),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', kind @ ..] => match kind {
            // Extended: the flag "alpha".
            [b'V', b'P', b'8', b'X', _, _, _, _, flags, ..] => flags & 0x10 != 0,
            // Lossless: after 14 bits each of width and height comes "alpha is used".
            [b'V', b'P', b'8', b'L', _, _, _, _, 0x2f, _, _, _, last, ..] => last & 0x10 != 0,
            _ => false,
        },
        // What each of its pictures is comes before the pictures.
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f', ..] => {
            head.windows(OPACITY.len()).any(|part| part == OPACITY)
        }
        _ => false,
    }
}

/// The end of the name that a picture of opacity has in AVIF.
const OPACITY: &[u8] = b":auxiliary:alpha\0";

/// Whether a PNG file has a `tRNS` chunk. It comes before the pixels.
fn has_transparent_colors(png: &[u8]) -> bool {
    let mut rest = png.get(8..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let Some((kind, data)) = after.split_first_chunk::<4>() else { return false };
        match kind {
            b"tRNS" => return true,
            b"IDAT" => return false,
            // The data is followed by its checksum.
            _ => rest = data.get((u32::from_be_bytes(*length) as usize).saturating_add(4)..).unwrap_or_default(),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &str) -> Vec<u8> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs").join(name);
        let mut bytes = std::fs::read(path).expect("a test picture");
        bytes.truncate(HEAD);
        bytes
    }

    #[test]
    fn alpha_is_recognised_from_the_file() {
        for name in [
            "rgba-8.png",
            "gray-alpha-8.png",
            "palette-4-transparent-interlaced.png",
            "rgb-8-transparent.png",
            "lossless-alpha.webp",
            "lossy-alpha.webp",
            "../written/rgba.avif",
        ] {
            assert!(has_alpha(&head(name)), "{name}");
        }
        for name in [
            "rgb-8-interlaced.png",
            "gray-8-interlaced.png",
            "palette-1.png",
            "profile.png",
            "lossless.webp",
            "lossy.webp",
            "rgb.jpg",
            "rgb.bmp",
            "../written/profile.avif",
        ] {
            assert!(!has_alpha(&head(name)), "{name}");
        }
    }

    #[test]
    fn a_truncated_file_has_none() {
        for name in ["rgba-8.png", "lossless-alpha.webp", "lossy-alpha.webp", "../written/rgba.avif"] {
            let head = head(name);
            for end in 0..16 {
                assert!(!has_alpha(&head[..end]), "{name} {end}");
            }
        }
    }
}
