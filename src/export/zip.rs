//! The structure of a ZIP archive with stored (uncompressed) entries: PKWARE's APPNOTE 6.3, with ZIP64 if a size, an
//! offset or the number of entries requires it. Contents are never touched: an archive is header, content, header,
//! content, …, directory.

/// One file of an archive.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Relative path with `/`, unique in the archive.
    pub path: String,
    /// Size of the content in bytes.
    pub size: u64,
    /// CRC-32 of the content (ISO 3309, as `crc32fast` computes it).
    pub crc32: u32,
    /// When the content was written last.
    pub modified: Moment,
}

/// An instant with its local clock time. A ZIP stores local time, and the instant in a field of its own (`UT`), which
/// readers prefer if they know it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01 UTC.
    pub millis: f64,
    /// Minutes by which local time was ahead of UTC at that instant.
    pub ahead_of_utc: f64,
}

/// The parts of an archive around the contents.
#[derive(Clone, Debug)]
pub struct Structure {
    /// The header before each content.
    pub headers: Vec<Vec<u8>>,
    /// The directory and end records after the last content.
    pub directory: Vec<u8>,
}

const FULL_32: u32 = u32::MAX;
const FULL_16: u16 = u16::MAX;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// Version needed to extract: 2.0, and 4.5 for ZIP64.
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;

/// The structure of an archive with these entries, in this order.
pub fn structure(entries: &[Entry]) -> Structure {
    let mut headers = Vec::with_capacity(entries.len());
    let mut directory = Vec::new();
    let mut offset = 0_u64;
    for entry in entries {
        let header = local_header(entry);
        directory_entry(entry, offset, &mut directory);
        offset += header.len() as u64 + entry.size;
        headers.push(header);
    }
    end_of_directory(entries.len() as u64, offset, &mut directory);
    Structure { headers, directory }
}

/// The 32-bit form of a value; all ones if ZIP64 holds it.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(FULL_32)
}

fn needs_64(value: u64) -> bool {
    value >= u64::from(FULL_32)
}

fn local_header(entry: &Entry) -> Vec<u8> {
    let large = needs_64(entry.size);
    let mut out = Vec::with_capacity(59 + entry.path.len());
    put32(&mut out, 0x0403_4b50);
    put16(&mut out, if large { VERSION_64 } else { VERSION });
    common(entry, large, &mut out);
    let timestamp = timestamp(entry.modified);
    put16(&mut out, entry.path.len() as u16);
    put16(&mut out, if large { 20 } else { 0 } + timestamp.len() as u16);
    out.extend_from_slice(entry.path.as_bytes());
    out.extend_from_slice(&timestamp);
    if large {
        put16(&mut out, 1);
        put16(&mut out, 16);
        put64(&mut out, entry.size);
        put64(&mut out, entry.size);
    }
    out
}

/// The extended timestamp field with the modification time, the same in both headers (Info-ZIP's `extrafld.txt`); empty
/// if it does not fit in 32 bits.
fn timestamp(modified: Moment) -> Vec<u8> {
    let mut field = Vec::new();
    let seconds = (modified.millis / 1000.0).floor();
    if (0.0..=f64::from(i32::MAX)).contains(&seconds) {
        put16(&mut field, 0x5455);
        put16(&mut field, 5);
        // Only the first of its three times is present.
        field.push(1);
        put32(&mut field, seconds as u32);
    }
    field
}

/// Flags, method, time, checksum, sizes: the same in both headers.
fn common(entry: &Entry, large: bool, out: &mut Vec<u8>) {
    let (date, time) = dos_time(entry.modified);
    put16(out, FLAGS);
    put16(out, 0);
    put16(out, time);
    put16(out, date);
    put32(out, entry.crc32);
    let size = if large { FULL_32 } else { narrow(entry.size) };
    put32(out, size);
    put32(out, size);
}

fn directory_entry(entry: &Entry, offset: u64, out: &mut Vec<u8>) {
    let (large, far) = (needs_64(entry.size), needs_64(offset));
    let extra = if large { 16 } else { 0 } + if far { 8 } else { 0 };
    put32(out, 0x0201_4b50);
    // Made by: Unix, so that the external attributes below are a mode.
    put16(out, 3 << 8 | VERSION_64);
    put16(out, if large || far { VERSION_64 } else { VERSION });
    common(entry, large, out);
    put16(out, entry.path.len() as u16);
    let timestamp = timestamp(entry.modified);
    put16(out, if extra > 0 { extra + 4 } else { 0 } + timestamp.len() as u16);
    put16(out, 0);
    put16(out, 0);
    put16(out, 0);
    put32(out, 0o100_644 << 16);
    put32(out, if far { FULL_32 } else { narrow(offset) });
    out.extend_from_slice(entry.path.as_bytes());
    out.extend_from_slice(&timestamp);
    if extra > 0 {
        put16(out, 1);
        put16(out, extra);
        if large {
            put64(out, entry.size);
            put64(out, entry.size);
        }
        if far {
            put64(out, offset);
        }
    }
}

fn end_of_directory(entries: u64, start: u64, out: &mut Vec<u8>) {
    let size = out.len() as u64;
    if entries >= u64::from(FULL_16) || needs_64(start) || needs_64(size) {
        put32(out, 0x0606_4b50);
        put64(out, 44);
        put16(out, 3 << 8 | VERSION_64);
        put16(out, VERSION_64);
        put32(out, 0);
        put32(out, 0);
        put64(out, entries);
        put64(out, entries);
        put64(out, size);
        put64(out, start);
        put32(out, 0x0706_4b50);
        put32(out, 0);
        put64(out, start + size);
        put32(out, 1);
    }
    let count = u16::try_from(entries).unwrap_or(FULL_16);
    put32(out, 0x0605_4b50);
    put16(out, 0);
    put16(out, 0);
    put16(out, count);
    put16(out, count);
    put32(out, narrow(size));
    put32(out, narrow(start));
    put16(out, 0);
}

/// MS-DOS date and time of an instant on the local clock, in two-second steps from 1980 to 2107.
fn dos_time(modified: Moment) -> (u16, u16) {
    let seconds = (modified.millis / 1000.0 + modified.ahead_of_utc * 60.0).max(0.0) as u64;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's civil_from_days, for days since 1970-01-01.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    if !(1980..=2107).contains(&year) {
        return (0x21, 0);
    }
    let date = (year - 1980) << 9 | month << 5 | day;
    let time = (rest / 3_600) << 11 | (rest / 60 % 60) << 5 | (rest % 60 / 2);
    (date as u16, time as u16)
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    fn utc(millis: f64) -> Moment {
        Moment { millis, ahead_of_utc: 0.0 }
    }

    fn entry(path: &str, content: &[u8]) -> Entry {
        Entry {
            path: path.into(),
            size: content.len() as u64,
            crc32: crc32fast::hash(content),
            modified: utc(1_795_478_462_000.0),
        }
    }

    fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let entries: Vec<_> = files.iter().map(|(path, content)| entry(path, content)).collect();
        let structure = structure(&entries);
        let mut bytes = Vec::new();
        for (header, (_, content)) in structure.headers.iter().zip(files) {
            bytes.extend_from_slice(header);
            bytes.extend_from_slice(content);
        }
        bytes.extend_from_slice(&structure.directory);
        bytes
    }

    fn check(files: &[(String, Vec<u8>)]) {
        let mut read = zip::ZipArchive::new(Cursor::new(archive(files))).expect("an archive");
        assert_eq!(read.len(), files.len());
        for (index, (path, content)) in files.iter().enumerate() {
            let mut file = read.by_index(index).expect("an entry");
            assert_eq!(file.name(), path);
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("whole, with the right checksum");
            assert_eq!(&bytes, content);
        }
    }

    #[test]
    fn another_reader_finds_every_file_with_its_name_and_content() {
        check(&[]);
        check(&[
            ("a.jpg".into(), b"first".to_vec()),
            ("Größe/ü 🎈.png".into(), vec![7; 70_000]),
            ("empty".into(), Vec::new()),
        ]);
    }

    #[test]
    fn more_than_65534_files_need_zip64_and_are_read_back() {
        let files: Vec<_> = (0..65_540).map(|i| (format!("{i}.txt"), vec![i as u8])).collect();
        check(&files);
    }

    #[test]
    fn a_file_above_4_gib_has_its_size_and_the_next_ones_offset_in_zip64_fields() {
        let size = 5_000_000_000_u64;
        let large = Entry { size, ..entry("large.bin", b"") };
        let structure = structure(&[large, entry("after.txt", b"x")]);
        // Local header: sizes all ones, then extra field 1 with the two sizes.
        let header = &structure.headers[0];
        assert_eq!(header[18..26], [0xff; 8]);
        let extra = &header[30 + "large.bin".len() + 9..];
        assert_eq!(extra[..4], [1, 0, 16, 0]);
        assert_eq!(extra[4..12], size.to_le_bytes());
        let offset = (header.len() as u64 + size).to_le_bytes();
        assert!(structure.directory.windows(8).any(|window| window == offset), "the second entry's offset");
        assert!(structure.directory.windows(4).any(|window| window == [0x50, 0x4b, 6, 6]), "the ZIP64 end record");
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        // 2026-11-23 22:21:02 UTC and the leap day of 2024, worked out by `date -u -d … +%s`.
        let expected = ((2026 - 1980) << 9 | 11 << 5 | 23, 22 << 11 | 21 << 5 | 1);
        assert_eq!(dos_time(utc(1_795_472_462_000.0)), expected);
        assert_eq!(dos_time(utc(1_709_208_000_000.0)), ((2024 - 1980) << 9 | 2 << 5 | 29, 12 << 11));
        assert_eq!(dos_time(utc(0.0)), (0x21, 0));
    }

    #[test]
    fn an_entry_says_the_local_time_and_the_instant() {
        // 22:21:02 UTC is 03:51:02 of the next day in India (UTC+5:30) and 18:21:02 in New York (UTC−4).
        for (ahead_of_utc, day, hour, minute) in [(330.0, 24, 3, 51), (-240.0, 23, 18, 21)] {
            let modified = Moment { millis: 1_795_472_462_000.0, ahead_of_utc };
            let content = b"x".as_slice();
            let entry = Entry { modified, ..entry("a.jpg", content) };
            let Structure { headers, directory } = structure(&[entry]);
            let bytes = [&headers[0], content, &directory].concat();
            let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
            let file = archive.by_index(0).expect("an entry");
            let time = file.last_modified().expect("a time");
            assert_eq!((time.day(), time.hour(), time.minute(), time.second()), (day, hour, minute, 2));
            let instant = file.extra_data_fields().find_map(|field| match field {
                zip::extra_fields::ExtraField::ExtendedTimestamp(timestamp) => timestamp.mod_time(),
                _ => None,
            });
            assert_eq!(instant, Some(1_795_472_462));
            // The directory has it as well: where most readers look.
            let field = [&b"UT\x05\x00\x01"[..], &1_795_472_462_u32.to_le_bytes()].concat();
            assert!(directory.windows(9).any(|window| window == field));
        }
    }

    #[test]
    fn an_instant_that_32_bits_do_not_hold_is_told_in_local_time_alone() {
        let late = entry("a", b"x");
        let late = Entry { modified: utc(2_147_483_648_000.0), ..late };
        let Structure { headers, directory } = structure(&[late]);
        assert!(![&headers[0], &directory].iter().any(|part| part.windows(2).any(|window| window == b"UT")));
    }
}
