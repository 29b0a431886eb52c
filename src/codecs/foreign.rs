//! Files that cannot be read, distinguished by their first bytes so that a message can name them.

/// A kind of file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// A description with its article.
    pub text: &'static str,
    /// Its short name.
    pub name: &'static str,
    /// Whether it contains a picture.
    pub is_picture: bool,
}

impl Foreign {
    const fn picture(name: &'static str, text: &'static str) -> Self {
        Self { text, name, is_picture: true }
    }

    const fn other(name: &'static str, text: &'static str) -> Self {
        Self { text, name, is_picture: false }
    }

    /// A ZIP archive.
    pub const ZIP: Self = Self::other("ZIP", "a ZIP archive");

    pub(super) const AVIF: Self = Self::picture("AVIF", "an AVIF picture");
    pub(super) const HEIC: Self = Self::picture("HEIC", "a HEIC picture");
    const HEIF: Self = Self::picture("HEIF", "a HEIF picture");
    const CR3: Self = Self::picture("CR3", "a CR3 camera raw file");
}

/// Kinds of file that people are likely to drop on the page.
pub(super) fn foreign(bytes: &[u8]) -> Option<Foreign> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    Some(match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => by_brands(bytes),
        [0, b'M', b'R', b'M', ..] => Foreign::picture("MRW", "an MRW camera raw file"),
        [b'F', b'O', b'V', b'b', ..] => Foreign::picture("X3F", "an X3F camera raw file"),
        _ if bytes.get(6..14) == Some(b"HEAPCCDR") => Foreign::picture("CRW", "a CRW camera raw file"),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => {
            Foreign::picture("JPEG 2000", "a JPEG 2000 picture")
        }
        [b'%', b'P', b'D', b'F', ..] => Foreign::other("PDF", "a PDF document"),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Foreign::ZIP,
        _ if text.starts_with(b"<") => Foreign::other("XML", "a web page or XML document"),
        _ => return None,
    })
}

/// The kind of an ISO base media file; `None` for all others.
pub(super) fn by_file_type(bytes: &[u8]) -> Option<Foreign> {
    matches!(bytes, [_, _, _, _, b'f', b't', b'y', b'p', ..]).then(|| by_brands(bytes))
}

/// Distinguishes the kinds of ISO base media files (ISO/IEC 14496-12). A major brand that belongs to a picture format
/// decides. `mif1` and similar brands only say how pictures are stored; then the first compatible brand that names a
/// format decides.
fn by_brands(bytes: &[u8]) -> Foreign {
    let length = bytes.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let file_type = &bytes[..length.clamp(8, bytes.len().max(8)).min(bytes.len())];
    let brands = file_type.get(8..).unwrap_or_default().as_chunks::<4>().0;
    // The major brand is followed by its version, which is not a brand.
    let major = brands.first();
    let brands = major.into_iter().chain(brands.iter().skip(2));
    let is_stored_as_image = |brand: &[u8; 4]| matches!(brand, b"mif1" | b"mif2" | b"msf1" | b"miaf");
    let format = |brand: &[u8; 4]| match brand {
        b"avif" | b"avis" | b"avio" => Some(Foreign::AVIF),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => Some(Foreign::HEIC),
        b"crx " => Some(Foreign::CR3),
        _ => None,
    };
    if let Some(found) = brands.clone().find_map(format) {
        return found;
    }
    if brands.clone().any(is_stored_as_image) {
        return Foreign::HEIF;
    }
    match major {
        Some(b"M4A " | b"M4B " | b"M4P " | b"F4A ") => Foreign::other("Audio", "a sound recording"),
        _ => Foreign::other("Video", "a video"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_type(major: &[u8; 4], compatible: &[&[u8; 4]]) -> Vec<u8> {
        let mut bytes = (16 + 4 * compatible.len() as u32).to_be_bytes().to_vec();
        bytes.extend_from_slice(b"ftyp");
        bytes.extend_from_slice(major);
        bytes.extend_from_slice(&[0; 4]);
        compatible.iter().for_each(|brand| bytes.extend_from_slice(*brand));
        // Whatever the next box contains is not a brand.
        bytes.extend_from_slice(b"\0\0\0\x10metaavifheic");
        bytes
    }

    #[test]
    fn iso_media_files_are_told_apart_by_their_brands() {
        type Brand<'a> = &'a [u8; 4];
        let cases: [(Brand, &[Brand], Option<&str>); 15] = [
            (b"avif", &[b"avif", b"mif1", b"miaf"], Some("AVIF")),
            (b"avis", &[b"msf1", b"avis"], Some("AVIF")),
            (b"mif1", &[b"mif1", b"avif", b"miaf"], Some("AVIF")),
            (b"msf1", &[b"iso8", b"avis"], Some("AVIF")),
            (b"heic", &[b"mif1", b"heic"], Some("HEIC")),
            (b"heix", &[], Some("HEIC")),
            (b"mif1", &[b"mif1", b"heic"], Some("HEIC")),
            (b"hevc", &[b"msf1"], Some("HEIC")),
            (b"mif1", &[b"miaf"], Some("HEIF")),
            (b"crx ", &[b"crx ", b"isom"], Some("CR3")),
            (b"isom", &[b"iso2", b"avc1", b"mp41"], Some("Video")),
            (b"qt  ", &[], Some("Video")),
            (b"M4A ", &[b"isom"], Some("Audio")),
            (b"heic", &[b"avif"], Some("HEIC")),
            (b"avif", &[b"heic"], Some("AVIF")),
        ];
        for (major, compatible, name) in cases {
            let found = foreign(&file_type(major, compatible)).map(|found| found.name);
            assert_eq!(found, name, "{:?} {compatible:?}", String::from_utf8_lossy(major));
        }
    }

    #[test]
    fn a_file_type_that_is_cut_off_or_lies_about_its_length_is_no_panic() {
        let whole = file_type(b"mif1", &[b"heic"]);
        for length in 0..whole.len() {
            for size in [0_u32, 1, 7, 8, 9, 20, u32::MAX] {
                let mut bytes = whole[..length].to_vec();
                if length >= 4 {
                    bytes[..4].copy_from_slice(&size.to_be_bytes());
                }
                let _named_or_not = foreign(&bytes);
            }
        }
    }
}
