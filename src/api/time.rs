//! Times on the wire: ISO 8601, UTC, milliseconds.

use crate::batch::records::Millis;
use crate::date::{DAY, civil_from_days, days_from_civil};

fn whole(millis: Millis) -> i64 {
    // Within the years that ISO 8601 writes with four digits.
    (millis.floor() as i64).clamp(-62_167_219_200_000, 253_402_300_799_999)
}

/// `2026-01-31T12:34:56.789Z`.
pub fn iso_time(millis: Millis) -> String {
    let millis = whole(millis);
    let (year, month, day) = civil_from_days(millis.div_euclid(DAY));
    let rest = millis.rem_euclid(DAY);
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", rest % 1_000)
}

/// `20260131`.
pub(super) fn day(millis: Millis) -> String {
    let (year, month, day) = civil_from_days(whole(millis).div_euclid(DAY));
    format!("{year:04}{month:02}{day:02}")
}

/// Reads an ISO 8601 date (`2026-01-31`) or date and time; without an offset it is UTC.
pub fn parse_time(text: &str) -> Option<Millis> {
    let text = text.trim();
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * DAY;
    let Some(time) = time else { return Some(midnight as Millis) };

    let (clock, offset) = split_offset(time)?;
    let (clock, fraction) = match clock.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, milliseconds(fraction)?),
        None => (clock, 0),
    };
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let seconds = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let of_day = ((hours * 60 + minutes - offset) * 60 + seconds) * 1_000 + fraction;
    Some((midnight + of_day) as Millis)
}

/// Splits a time of day from its offset, in minutes.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (clock, offset) = time.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let offset = &offset[1..];
    let (hours, minutes) = match offset.split_once(':') {
        Some((hours, minutes)) => (digits(hours, 2)?, digits(minutes, 2)?),
        None if offset.len() == 2 => (digits(offset, 2)?, 0),
        None => (digits(offset.get(..2)?, 2)?, digits(offset.get(2..)?, 2)?),
    };
    (hours <= 23 && minutes <= 59).then_some((clock, sign * (hours * 60 + minutes)))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let next = if month == 12 { days_from_civil(year + 1, 1, 1) } else { days_from_civil(year, month + 1, 1) };
    next - days_from_civil(year, month, 1)
}

/// A number with exactly this many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// A fraction of a second, truncated to milliseconds.
fn milliseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<3}").get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        // Seconds from `date -u -d … +%s`.
        for (seconds, expected) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (951_782_400.0, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599.0, "2025-12-31T23:59:59.000Z"),
            (4_107_542_400.0, "2100-03-01T00:00:00.000Z"),
            (-1.0, "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(iso_time(seconds * 1_000.0), expected);
            assert_eq!(parse_time(expected), Some(seconds * 1_000.0));
        }
        assert_eq!(iso_time(1_234.9), "1970-01-01T00:00:01.234Z");
        assert_eq!(day(951_782_400_000.0), "20000229");
    }

    #[test]
    fn offsets_fractions_and_short_forms_are_read() {
        let expected = Some(1_767_225_599_500.0);
        for text in [
            "2025-12-31T23:59:59.5Z",
            "2025-12-31T23:59:59.500",
            "2025-12-31 23:59:59,5000001z",
            "2026-01-01T01:29:59.5+01:30",
            "2025-12-31T20:59:59.5-0300",
            "2026-01-01T00:59:59.5+01",
        ] {
            assert_eq!(parse_time(text), expected, "{text}");
        }
        assert_eq!(parse_time("2025-12-31"), Some(1_767_139_200_000.0));
        assert_eq!(parse_time("2025-12-31T00:01"), Some(1_767_139_260_000.0));
    }

    #[test]
    fn an_invalid_time_is_refused() {
        for text in [
            "",
            "now",
            "2025",
            "2025-13-01",
            "2025-02-29",
            "2025-00-10",
            "2025-01-32",
            "25-01-01",
            "2025-1-1",
            "2025-01-01T",
            "2025-01-01T24:00",
            "2025-01-01T10:60",
            "2025-01-01T10:00:61",
            "2025-01-01T10:00:00.Z",
            "2025-01-01T10:00:00+1",
            "2025-01-01T10:00:00+25:00",
            "2025-01-01-01",
            "+025-01-01",
            "1767225599000",
            "2025-01-01T10:00:00+é1",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_times_are_read_back(millis in -62_167_219_200_000_i64..=253_402_300_799_999) {
            prop_assert_eq!(parse_time(&iso_time(millis as f64)), Some(millis as f64));
        }

        #[test]
        fn days_follow_each_other(days in -700_000_i64..2_900_000) {
            let (year, month, day) = civil_from_days(days);
            let next = civil_from_days(days + 1);
            prop_assert_eq!(days_from_civil(year, month, day), days);
            let same_month = next == (year, month, day + 1);
            let same_year = next == (year, month + 1, 1) && day >= 28;
            prop_assert!(same_month || same_year || (next == (year + 1, 1, 1) && (month, day) == (12, 31)));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            let _ = parse_time(&text);
        }
    }
}
