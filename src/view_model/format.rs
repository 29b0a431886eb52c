//! Numbers formatted for people: sizes, changes, durations, counts, times.

use crate::codecs::Format;

/// A file size, decimal units, three significant digits: `940 B`, `3.57 MB`, `24.1 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// The progress of a download: `Loading what the workflow needs: 3.1 of 5.9 MB (52 %)`.
pub fn loading(what: &str, loaded: u64, total: u64) -> String {
    if total == 0 {
        return format!("{what}: {}", bytes(loaded));
    }
    let megabytes = |count: u64| count as f64 / 1e6;
    format!("{what}: {:.1} of {:.1} MB ({} %)", megabytes(loaded), megabytes(total), percent(loaded, total))
}

/// A share in whole percent; 100 only when everything is there, and 0 if the whole is 0.
pub fn percent(part: u64, all: u64) -> u64 {
    if all == 0 { 0 } else { (part as f64 / all as f64 * 100.0).floor() as u64 }
}

/// The change of a size: `−84 %`, `−99.6 %`, `+12 %`, `±0 %`, and `−100 %` only if nothing is left; `None` when there
/// was nothing before.
pub fn change(before: u64, after: u64) -> Option<String> {
    if before == 0 {
        return None;
    }
    let percent = ((after as f64 / before as f64 - 1.0) * 100.0).round() as i64;
    Some(match percent {
        -100 if after > 0 => {
            let tenths = ((1.0 - after as f64 / before as f64) * 1000.0).round().min(999.0);
            format!("−{:.1} %", tenths / 10.0)
        }
        0 => "±0 %".to_owned(),
        less if less < 0 => format!("−{} %", -less),
        more => format!("+{} %", count(more as u64)),
    })
}

/// A duration: `80 ms`, `1.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(ms: f64) -> String {
    let ms = if ms.is_finite() { ms.max(0.0) } else { 0.0 };
    let seconds = ms / 1000.0;
    if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if seconds < 59.5 {
        format!("{seconds:.0} s")
    } else if seconds < 3599.5 {
        let seconds = seconds.round() as u64;
        pair(seconds / 60, "min", seconds % 60, "s")
    } else {
        let minutes = (seconds / 60.0).round() as u64;
        pair(minutes / 60, "h", minutes % 60, "min")
    }
}

fn pair(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

/// The remaining time, vaguely because it is an estimate: `a few seconds left`, `about 3 min left`.
pub fn time_left(ms: f64) -> String {
    let seconds = ms / 1000.0;
    if seconds < 8.0 {
        "a few seconds left".to_owned()
    } else if seconds < 55.0 {
        format!("about {} s left", ((seconds / 5.0).round() * 5.0) as u64)
    } else if seconds < 3570.0 {
        format!("about {} min left", ((seconds / 60.0).round() as u64).max(1))
    } else {
        format!("about {} left", duration((ms / 300_000.0).round() * 300_000.0))
    }
}

/// A whole number in groups of three digits, separated by thin spaces: `12 345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + 6);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with its noun: `1 picture`, `12 pictures`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// How long ago something was: `just now`, `5 min ago`, `3 h ago`; `None` after a day, when a date is clearer.
pub fn ago(then: f64, now: f64) -> Option<String> {
    let minutes = ((now - then) / 60_000.0).max(0.0);
    if minutes < 1.0 {
        Some("just now".to_owned())
    } else if minutes < 60.0 {
        Some(format!("{} min ago", minutes as u64))
    } else if minutes < 24.0 * 60.0 {
        Some(format!("{} h ago", (minutes / 60.0) as u64))
    } else {
        None
    }
}

/// The usual name of a media type: `JPEG`, `PNG`, `WebP`.
pub fn media_type(mime: &str) -> String {
    match Format::of_media_type(mime) {
        Some(format) => format.name().to_owned(),
        None => mime.rsplit('/').next().unwrap_or_default().to_ascii_uppercase(),
    }
}

/// A few names: `a.jpg, b.jpg, c.jpg and 12 more`.
pub fn names(all: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) as u64 {
        0 => shown,
        more => format!("{shown} and {} more", count(more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_three_digits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (190_400, "190 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (3_570_000, "3.57 MB"),
            (24_100_000, "24.1 MB"),
            (5_000_000_000_000_000, "5000 TB"),
        ];
        for (number, text) in cases {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn a_download_shows_its_progress() {
        assert_eq!(loading("Loading", 3_100_000, 5_900_000), "Loading: 3.1 of 5.9 MB (52 %)");
        assert_eq!(loading("Loading", 3_100_000, 0), "Loading: 3.10 MB");
        assert_eq!(loading("Loading", 4_927_000, 4_927_000), "Loading: 4.9 of 4.9 MB (100 %)");
        assert_eq!([percent(999, 1000), percent(0, 0), percent(3, 3)], [99, 0, 100]);
    }

    #[test]
    fn a_change_has_its_sign() {
        assert_eq!(change(1000, 160).as_deref(), Some("−84 %"));
        assert_eq!(change(1000, 1120).as_deref(), Some("+12 %"));
        assert_eq!(change(1000, 1001).as_deref(), Some("±0 %"));
        assert_eq!(change(3_570_000, 16_000).as_deref(), Some("−99.6 %"));
        assert_eq!(change(3_570_000, 1).as_deref(), Some("−99.9 %"));
        assert_eq!(change(10, 0).as_deref(), Some("−100 %"));
        assert_eq!(change(0, 10), None);
    }

    #[test]
    fn durations_grow_coarser() {
        let cases = [
            (0.0, "0 ms"),
            (80.4, "80 ms"),
            (999.6, "1.0 s"),
            (1430.0, "1.4 s"),
            (12_300.0, "12 s"),
            (59_700.0, "1 min"),
            (200_000.0, "3 min 20 s"),
            (3_599_700.0, "1 h"),
            (7_500_000.0, "2 h 5 min"),
            (f64::NAN, "0 ms"),
        ];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text, "{ms}");
        }
    }

    #[test]
    fn the_time_left_is_vague() {
        assert_eq!(time_left(3000.0), "a few seconds left");
        assert_eq!(time_left(22_000.0), "about 20 s left");
        assert_eq!(time_left(58_000.0), "about 1 min left");
        assert_eq!(time_left(190_000.0), "about 3 min left");
        assert_eq!(time_left(5_400_000.0), "about 1 h 30 min left");
    }

    #[test]
    fn large_counts_are_grouped() {
        assert_eq!(count(999), "999");
        assert_eq!(count(12_345), "12\u{202f}345");
        assert_eq!(count(1_000_000), "1\u{202f}000\u{202f}000");
        assert_eq!(plural(1, "picture", "pictures"), "1 picture");
        assert_eq!(plural(0, "picture", "pictures"), "0 pictures");
    }

    #[test]
    fn many_names_are_abbreviated() {
        let all: Vec<String> = (0..15).map(|index| format!("{index}.jpg")).collect();
        assert_eq!(names(&all[..1]), "0.jpg");
        assert_eq!(names(&all[..3]), "0.jpg, 1.jpg, 2.jpg");
        assert_eq!(names(&all), "0.jpg, 1.jpg, 2.jpg and 12 more");
    }

    #[test]
    fn times_of_the_past_day_are_relative() {
        assert_eq!(ago(0.0, 30_000.0).as_deref(), Some("just now"));
        assert_eq!(ago(0.0, 5.5 * 60_000.0).as_deref(), Some("5 min ago"));
        assert_eq!(ago(0.0, 3.0 * 3_600_000.0).as_deref(), Some("3 h ago"));
        assert_eq!(ago(0.0, 25.0 * 3_600_000.0), None);
        assert_eq!(ago(60_000.0, 0.0).as_deref(), Some("just now"), "a clock that was set back");
    }
}
