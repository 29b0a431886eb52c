//! Whether a result has transparency, from the first bytes of its file: the page decodes no pixels.

/// How many bytes of a file are needed.
pub const HEAD: usize = 32;

/// Whether a file that begins with these bytes has alpha. Covers what the worker writes: PNG without a palette, and
/// WebP.
pub fn has_alpha(head: &[u8]) -> bool {
    match head {
        // PNG: the colour type in IHDR, gray or colour with alpha.
        [0x89, b'P', b'N', b'G', ..] => matches!(head.get(25), Some(4 | 6)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', kind @ ..] => match kind {
            // Extended: the flag "alpha".
            [b'V', b'P', b'8', b'X', _, _, _, _, flags, ..] => flags & 0x10 != 0,
            // Lossless: after 14 bits each of width and height comes "alpha is used".
            [b'V', b'P', b'8', b'L', _, _, _, _, 0x2f, _, _, _, last, ..] => last & 0x10 != 0,
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &str) -> Vec<u8> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/codecs").join(name);
        std::fs::read(path).expect("a test picture")[..HEAD].to_vec()
    }

    #[test]
    fn alpha_is_recognised_from_the_file() {
        for name in ["rgba-8.png", "gray-alpha-8.png", "lossless-alpha.webp", "lossy-alpha.webp"] {
            assert!(has_alpha(&head(name)), "{name}");
        }
        for name in
            ["rgb-8-interlaced.png", "gray-8-interlaced.png", "lossless.webp", "lossy.webp", "rgb.jpg", "rgb.bmp"]
        {
            assert!(!has_alpha(&head(name)), "{name}");
        }
    }

    #[test]
    fn a_truncated_file_has_none() {
        for name in ["rgba-8.png", "lossless-alpha.webp", "lossy-alpha.webp"] {
            let head = head(name);
            for end in 0..16 {
                assert!(!has_alpha(&head[..end]), "{name} {end}");
            }
        }
    }
}
