//! Reading the structure of a ZIP archive from its central directory, in pieces that the caller fetches. Contents are
//! never touched, so an archive of any size can be read entry by entry. Supports ZIP64.

/// How many bytes at the end of an archive to search for its end record: the record, its longest comment, and the
/// ZIP64 records before it.
pub const TAIL: u64 = 22 + 65_535 + 20 + 56;
/// Length of a local header without its name and extra field.
pub const LOCAL_HEADER: u64 = 30;

/// The location of an archive's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directory {
    /// From the archive's beginning.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
    /// How many entries it lists.
    pub entries: u64,
}

/// An entry in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path, as written.
    pub path: String,
    /// Size of the content.
    pub size: u64,
    /// CRC-32 of the content.
    pub crc32: u32,
    /// Where its local header begins.
    pub offset: u64,
    /// Size of the content as stored in the archive.
    pub packed: u64,
    /// How it is stored.
    pub packing: Packing,
}

/// How an entry's content is stored in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Uncompressed.
    Stored,
    /// Compressed by Deflate (RFC 1951).
    Deflated,
    /// Encrypted.
    Encrypted,
    /// By another method.
    Other,
}

/// Finds the directory. `tail` holds the last [`TAIL`] bytes of the archive, or all of it; `size` is its total length.
///
/// # Errors
/// A sentence, when this is not an archive or it is truncated.
pub fn directory(tail: &[u8], size: u64) -> Result<Directory, String> {
    let cut = || "This is not a ZIP archive, or its end is missing.".to_owned();
    let start = size - tail.len() as u64;
    let end =
        (0..=tail.len().saturating_sub(22)).rev().find(|at| u32_at(tail, *at) == Some(0x0605_4b50)).ok_or_else(cut)?;
    let narrow = |at| u32_at(tail, at).map(u64::from);
    let mut found = Directory {
        offset: narrow(end + 16).ok_or_else(cut)?,
        length: narrow(end + 12).ok_or_else(cut)?,
        entries: u64::from(u16_at(tail, end + 10).ok_or_else(cut)?),
    };
    if let Some(locator) = end.checked_sub(20).filter(|at| u32_at(tail, *at) == Some(0x0706_4b50)) {
        let record = u64_at(tail, locator + 8).and_then(|at| usize::try_from(at.checked_sub(start)?).ok());
        let record = record.filter(|at| u32_at(tail, *at) == Some(0x0606_4b50)).ok_or_else(cut)?;
        let wide = |at| u64_at(tail, record + at).ok_or_else(cut);
        found = Directory { offset: wide(48)?, length: wide(40)?, entries: wide(32)? };
    }
    let fits = found.offset.checked_add(found.length).is_some_and(|behind| behind <= size);
    if fits { Ok(found) } else { Err(cut()) }
}

/// The entries of a directory, from its bytes.
///
/// # Errors
/// A sentence, when it is damaged.
pub fn entries(bytes: &[u8], directory: Directory) -> Result<Vec<Listed>, String> {
    let damaged = || "The archive's directory is damaged.".to_owned();
    let mut listed = Vec::new();
    let mut at = 0;
    for _ in 0..directory.entries {
        if u32_at(bytes, at) != Some(0x0201_4b50) {
            return Err(damaged());
        }
        let short = |offset: usize| u16_at(bytes, at + offset).map(usize::from).ok_or_else(damaged);
        let long = |offset: usize| u32_at(bytes, at + offset).ok_or_else(damaged);
        let (flags, method) = (short(8)?, short(10)?);
        let (name, extra, comment) = (short(28)?, short(30)?, short(32)?);
        let path = bytes.get(at + 46..at + 46 + name).ok_or_else(damaged)?;
        let extra_field = bytes.get(at + 46 + name..at + 46 + name + extra).ok_or_else(damaged)?;
        let (packed, size, offset) = wide(extra_field, [long(20)?, long(24)?, long(42)?]).ok_or_else(damaged)?;
        listed.push(Listed {
            path: String::from_utf8_lossy(path).into_owned(),
            size,
            crc32: long(16)?,
            offset,
            packed,
            packing: match method {
                _ if flags & 1 != 0 => Packing::Encrypted,
                0 if packed == size => Packing::Stored,
                8 => Packing::Deflated,
                _ => Packing::Other,
            },
        });
        at += 46 + name + extra + comment;
    }
    Ok(listed)
}

/// Where an entry's content begins, by its local header (at least [`LOCAL_HEADER`] bytes of it).
///
/// # Errors
/// A sentence, when there is no header.
pub fn content_offset(header: &[u8], entry: &Listed) -> Result<u64, String> {
    let lengths =
        (u32_at(header, 0) == Some(0x0403_4b50)).then(|| u16_at(header, 26).zip(u16_at(header, 28))).flatten();
    let (name, extra) = lengths.ok_or("its header is damaged")?;
    Ok(entry.offset + LOCAL_HEADER + u64::from(name) + u64::from(extra))
}

/// Packed size, size and offset. Values that are all ones are read from the ZIP64 extra field, which has them in the
/// order size, packed size, offset.
fn wide(mut extra: &[u8], [packed, size, offset]: [u32; 3]) -> Option<(u64, u64, u64)> {
    let narrow = (u64::from(packed), u64::from(size), u64::from(offset));
    if ![packed, size, offset].contains(&u32::MAX) {
        return Some(narrow);
    }
    while extra.len() >= 4 {
        let length = usize::from(u16_at(extra, 2)?);
        let field = extra.get(4..4 + length)?;
        if u16_at(extra, 0)? == 1 {
            let mut at = 0;
            let mut value = |short: u32| {
                if short != u32::MAX {
                    return Some(u64::from(short));
                }
                at += 8;
                u64_at(field, at - 8)
            };
            let size = value(size)?;
            let packed = value(packed)?;
            return Some((packed, size, value(offset)?));
        }
        extra = &extra[4 + length..];
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;
    use crate::export::zip::{Entry, Moment, structure};

    /// The whole contents of an archive, read the way the caller does.
    fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
        let size = bytes.len() as u64;
        let tail = &bytes[bytes.len() - size.min(TAIL) as usize..];
        let place = directory(tail, size)?;
        let listed = entries(&bytes[place.offset as usize..(place.offset + place.length) as usize], place)?;
        listed
            .into_iter()
            .map(|entry| {
                let header = bytes.get(entry.offset as usize..).ok_or("beyond the end")?;
                let at = content_offset(header, &entry)? as usize;
                let content = bytes.get(at..at + entry.size as usize).ok_or("cut off")?.to_vec();
                assert!(entry.packing == Packing::Stored && entry.crc32 == crc32fast::hash(&content), "{entry:?}");
                Ok((entry.path, content))
            })
            .collect()
    }

    fn own(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let entries: Vec<Entry> = (files.iter())
            .map(|(path, content)| Entry {
                path: path.clone(),
                size: content.len() as u64,
                crc32: crc32fast::hash(content),
                modified: Moment::default(),
            })
            .collect();
        let structure = structure(&entries);
        let mut bytes = Vec::new();
        for (header, (_, content)) in structure.headers.iter().zip(files) {
            bytes.extend_from_slice(header);
            bytes.extend_from_slice(content);
        }
        bytes.extend_from_slice(&structure.directory);
        bytes
    }

    #[test]
    fn our_own_archives_are_read_back_small_and_with_zip64() {
        for count in [0_u32, 3, 65_540] {
            let files: Vec<_> =
                (0..count).map(|index| (format!("ü/{index}.bin"), index.to_le_bytes().to_vec())).collect();
            assert_eq!(read(&own(&files)).as_ref(), Ok(&files), "{count}");
        }
    }

    #[test]
    fn sizes_and_offsets_beyond_4_gib_are_read_from_their_fields() {
        let large = Entry { path: "large".into(), size: 5_000_000_000, crc32: 7, modified: Moment::default() };
        let small = Entry { path: "small".into(), size: 1, crc32: 8, modified: Moment::default() };
        let structure = structure(&[large, small]);
        let before = structure.headers.iter().map(|header| header.len() as u64).sum::<u64>() + 5_000_000_001;
        let size = before + structure.directory.len() as u64;
        let place = directory(&structure.directory, size).expect("a directory");
        assert_eq!((place.offset, place.entries), (before, 2));
        let listed = entries(&structure.directory, place).expect("entries");
        assert_eq!((listed[0].size, listed[0].offset), (5_000_000_000, 0));
        assert_eq!((listed[1].size, listed[1].offset), (1, structure.headers[0].len() as u64 + 5_000_000_000));
    }

    #[test]
    fn an_archive_of_another_program_is_read_and_its_compressed_entries_are_known() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("a.txt", options).expect("begun");
        writer.write_all(b"content").expect("written");
        writer.set_comment("a comment behind the end record").expect("short");
        let bytes = writer.finish().expect("finished").into_inner();
        assert_eq!(read(&bytes), Ok(vec![("a.txt".to_owned(), b"content".to_vec())]));
        let place = directory(&bytes, bytes.len() as u64).expect("found");
        let mut raw = bytes[place.offset as usize..][..place.length as usize].to_vec();
        raw[10] = 8;
        assert_eq!(entries(&raw, place).expect("entries")[0].packing, Packing::Deflated);
        raw[8] |= 1;
        assert_eq!(entries(&raw, place).expect("entries")[0].packing, Packing::Encrypted);
    }

    #[test]
    fn whatever_is_cut_off_or_damaged_is_an_error_and_no_panic() {
        let bytes = own(&[("a".into(), vec![1; 50]), ("b".into(), vec![2; 9])]);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            let size = damaged.len() as u64;
            let Ok(place) = directory(&damaged, size) else { continue };
            let end = ((place.offset + place.length) as usize).min(damaged.len());
            let Ok(listed) = entries(&damaged[place.offset as usize..end], place) else { continue };
            for entry in listed {
                let _may_fail = damaged.get(entry.offset as usize..).map(|header| content_offset(header, &entry));
            }
        }
    }
}
