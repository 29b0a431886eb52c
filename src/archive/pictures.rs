//! The pictures in a ZIP that is not a Pixelmill archive, one by one and within limits that stop ZIP bombs.

use serde::{Deserialize, Serialize};

use super::{MANIFEST, Source};
use crate::codecs;
use crate::export::names::safe_path;
use crate::export::unzip::{self, Listed, Packing};
use crate::file_name::{file_name, natural_order};
use crate::selection::{Role, Skipped, Why, is_hidden, is_picture_by_name, role_by_content};

/// Limits for unpacking one ZIP.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the directory.
    pub directory: u64,
    /// Pictures.
    pub files: usize,
    /// Bytes of one picture.
    pub file: u64,
    /// Bytes of all of them together.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { directory: 64 << 20, files: 20_000, file: 512 << 20, total: 4 << 30 }
    }
}

/// The contents of a ZIP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Contents {
    /// A Pixelmill archive.
    Archive,
    /// Anything else.
    Pictures {
        /// Paths of the pictures, in order.
        paths: Vec<String>,
        /// Everything else except folders.
        skipped: Vec<Skipped>,
    },
}

/// Unpacks the pictures in a ZIP in natural order and passes each to `take` with its path.
///
/// # Errors
/// A sentence, when it is not a ZIP, cannot be read, or `take` fails.
pub async fn unpack(
    zip: &impl Source,
    limits: Limits,
    mut take: impl FnMut(&str, Vec<u8>) -> Result<(), String>,
) -> Result<Contents, String> {
    let size = zip.size();
    let tail = zip.read(size.saturating_sub(unzip::TAIL), size).await?;
    let place = unzip::directory(&tail, size)?;
    if place.length > limits.directory {
        return Err("The ZIP lists too many files.".to_owned());
    }
    let directory = zip.read(place.offset, place.offset + place.length).await?;
    let mut entries = unzip::entries(&directory, place)?;
    if entries.iter().any(|entry| entry.path == MANIFEST) && entries.iter().any(|entry| entry.path == "assets.json") {
        return Ok(Contents::Archive);
    }
    entries.retain(|entry| !entry.path.ends_with(['/', '\\']));
    entries.sort_by(|one, other| natural_order(&one.path, &other.path));
    let (mut paths, mut skipped) = (Vec::new(), Vec::new());
    let mut left = limits.total;
    for entry in entries {
        let path = safe_path(&entry.path);
        let room = if paths.len() < limits.files { left.min(limits.file) } else { 0 };
        match picture(zip, &entry, room).await? {
            Ok(bytes) => {
                left -= bytes.len() as u64;
                take(&path, bytes)?;
                paths.push(path);
            }
            Err(why) => skipped.push(Skipped { path, why }),
        }
    }
    Ok(Contents::Pictures { paths, skipped })
}

/// The content of an entry if it is a picture of at most `room` bytes.
async fn picture(zip: &impl Source, entry: &Listed, room: u64) -> Result<Result<Vec<u8>, Why>, String> {
    if is_hidden(&entry.path) {
        return Ok(Err(Why::Hidden));
    }
    let by_name = is_picture_by_name(&entry.path, "");
    match entry.packing {
        Packing::Stored | Packing::Deflated => {}
        _ if !by_name => return Ok(Err(Why::NotAnImage)),
        Packing::Encrypted => return Ok(Err(Why::Encrypted)),
        Packing::Other => return Ok(Err(Why::Damaged)),
    }
    let Some((from, to)) = place(zip, entry).await? else { return Ok(Err(Why::Damaged)) };
    if !by_name {
        // A few compressed bytes are enough for the first bytes of the content.
        let packed = zip.read(from, to.min(from + 2 * codecs::HEAD)).await?;
        let head = begin(&packed, entry.packing, codecs::HEAD as usize);
        if role_by_content(file_name(&entry.path), "", &head) != Role::Picture {
            return Ok(Err(Why::NotAnImage));
        }
    }
    if entry.size > room || entry.packed > room {
        return Ok(Err(Why::TooLarge));
    }
    let packed = zip.read(from, to).await?;
    let bytes = match entry.packing {
        // No more than the directory says, however much the stream contains.
        Packing::Deflated => miniz_oxide::inflate::decompress_to_vec_with_limit(&packed, entry.size as usize).ok(),
        _ => Some(packed),
    };
    let is_whole = |bytes: &Vec<u8>| bytes.len() as u64 == entry.size && crc32fast::hash(bytes) == entry.crc32;
    Ok(bytes.filter(is_whole).ok_or(Why::Damaged))
}

/// The range of an entry's compressed content; `None` if it is not within the archive.
async fn place(zip: &impl Source, entry: &Listed) -> Result<Option<(u64, u64)>, String> {
    let header_end = entry.offset.saturating_add(unzip::LOCAL_HEADER);
    if header_end > zip.size() {
        return Ok(None);
    }
    let Ok(from) = unzip::content_offset(&zip.read(entry.offset, header_end).await?, entry) else { return Ok(None) };
    let to = from.saturating_add(entry.packed);
    Ok((to <= zip.size()).then_some((from, to)))
}

/// The first bytes of a content, from its first compressed bytes.
fn begin(packed: &[u8], packing: Packing, most: usize) -> Vec<u8> {
    if packing == Packing::Stored {
        return packed[..packed.len().min(most)].to_vec();
    }
    // The rest is expected to be missing.
    miniz_oxide::inflate::decompress_to_vec_with_limit(packed, most).unwrap_or_else(|end| end.output)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    struct Bytes(Vec<u8>);

    impl Source for Bytes {
        fn size(&self) -> u64 {
            self.0.len() as u64
        }

        async fn read(&self, from: u64, to: u64) -> Result<Vec<u8>, String> {
            Ok(self.0[from as usize..to as usize].to_vec())
        }
    }

    /// A ZIP with compressed entries, deflated by `miniz_oxide` and assembled by hand.
    fn deflated(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (path, content) in files {
            let packed = miniz_oxide::deflate::compress_to_vec(content, 6);
            let offset = bytes.len() as u32;
            let mut common = vec![20, 0, 0, 8, 8, 0, 0, 0, 0x21, 0];
            common.extend(crc32fast::hash(content).to_le_bytes());
            common.extend((packed.len() as u32).to_le_bytes());
            common.extend((content.len() as u32).to_le_bytes());
            common.extend((path.len() as u16).to_le_bytes());
            common.extend([0, 0]);
            bytes.extend(b"PK\x03\x04");
            bytes.extend(&common);
            bytes.extend(path.as_bytes());
            bytes.extend(packed);
            directory.extend(b"PK\x01\x02\x14\0");
            directory.extend(&common);
            directory.extend([0; 10]);
            directory.extend(offset.to_le_bytes());
            directory.extend(path.as_bytes());
        }
        let start = bytes.len() as u32;
        bytes.extend(&directory);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend((files.len() as u16).to_le_bytes());
        bytes.extend((files.len() as u16).to_le_bytes());
        bytes.extend((directory.len() as u32).to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    type Taken = Vec<(String, Vec<u8>)>;

    fn unpacked(bytes: Vec<u8>, limits: Limits) -> Result<(Taken, Vec<(String, Why)>), String> {
        let mut taken = Vec::new();
        let take = |path: &str, bytes: Vec<u8>| {
            taken.push((path.to_owned(), bytes));
            Ok(())
        };
        match pollster::block_on(unpack(&Bytes(bytes), limits, take))? {
            Contents::Archive => Err("an archive".to_owned()),
            Contents::Pictures { paths, skipped } => {
                assert!(taken.iter().map(|(path, _)| path).eq(&paths));
                Ok((taken, skipped.into_iter().map(|one| (one.path, one.why)).collect()))
            }
        }
    }

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0 and so on, and so on, and so on";

    #[test]
    fn pictures_come_out_with_their_paths_in_natural_order() {
        let long = [JPEG, &[7; 5_000]].concat();
        let files = [
            ("sub/10.jpg", JPEG),
            ("sub/2.jpg", &long),
            ("photo", JPEG),
            ("../../up.png", b"whatever"),
            ("notes.txt", b"Dear Sir"),
            ("__MACOSX/._photo", JPEG),
            ("empty/", b""),
        ];
        let (taken, skipped) = unpacked(deflated(&files), Limits::default()).expect("a ZIP");
        let expected: Vec<(String, Vec<u8>)> =
            [("up.png", b"whatever".as_slice()), ("photo", JPEG), ("sub/2.jpg", &long), ("sub/10.jpg", JPEG)]
                .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
                .into();
        assert_eq!(taken, expected);
        assert_eq!(skipped, [("__MACOSX/._photo".to_owned(), Why::Hidden), ("notes.txt".to_owned(), Why::NotAnImage)]);
    }

    #[test]
    fn a_zip_of_another_program_is_read() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("day/a.jpg", options).expect("begun");
        writer.write_all(JPEG).expect("written");
        let bytes = writer.finish().expect("finished").into_inner();
        let (taken, skipped) = unpacked(bytes, Limits::default()).expect("a ZIP");
        assert_eq!((taken, skipped), (vec![("day/a.jpg".to_owned(), JPEG.to_vec())], Vec::new()));
    }

    #[test]
    fn what_is_beyond_the_limits_is_left_out_and_named() {
        let large = [JPEG, &[0; 100_000]].concat();
        let files = [("1.jpg", JPEG), ("2.jpg", large.as_slice()), ("3.jpg", JPEG), ("4.jpg", JPEG)];
        let names = |limits: Limits| {
            let (taken, skipped) = unpacked(deflated(&files), limits).expect("a ZIP");
            assert!(skipped.iter().all(|(_, why)| *why == Why::TooLarge), "{skipped:?}");
            taken.into_iter().map(|(path, _)| path).collect::<Vec<_>>()
        };
        let all = Limits::default();
        assert_eq!(names(Limits { file: 1_000, ..all }), ["1.jpg", "3.jpg", "4.jpg"]);
        assert_eq!(names(Limits { total: 2 * JPEG.len() as u64, ..all }), ["1.jpg", "3.jpg"]);
        assert_eq!(names(Limits { files: 2, ..all }), ["1.jpg", "2.jpg"]);
        assert!(unpacked(deflated(&files), Limits { directory: 10, ..all }).is_err());
    }

    #[test]
    fn an_entry_that_gives_more_than_it_says_is_damaged() {
        let content = [JPEG, &[0; 10_000]].concat();
        let mut bytes = deflated(&[("a.jpg", content.as_slice())]);
        let at = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
        bytes[at + 24..at + 28].copy_from_slice(&100_u32.to_le_bytes());
        assert_eq!(unpacked(bytes, Limits::default()), Ok((Vec::new(), vec![("a.jpg".to_owned(), Why::Damaged)])));
    }

    #[test]
    fn whatever_is_damaged_is_an_error_or_left_out_and_no_panic() {
        let bytes = deflated(&[("a.jpg", JPEG), ("b", JPEG)]);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            if let Ok((taken, _)) = unpacked(damaged, Limits::default()) {
                assert!(taken.iter().all(|(_, content)| content == JPEG), "{at}");
            }
            assert!(unpacked(bytes[..at].to_vec(), Limits::default()).is_err(), "{at}");
        }
    }

    #[test]
    fn an_archive_of_ours_is_known() {
        let files = [("manifest.json", b"{}".as_slice()), ("assets.json", b"[]")];
        assert_eq!(unpacked(deflated(&files), Limits::default()), Err("an archive".to_owned()));
    }
}
