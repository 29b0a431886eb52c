//! Numbers as they are written and as the browser has them.

use serde_json::Value;

/// A decimal number with an optional sign, fraction and exponent. The same as the standard library's up to 15 digits, and
/// with more of them perhaps the number next to it, but without a table of 10 kB.
pub fn parse(text: &str) -> Option<f64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    // JSON has neither a bare point nor leading zeros, nor a number that is no digit.
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_decimal(whole) || !is_decimal(fraction) || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let json = format!(
        "{}.{}e{}",
        Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0"),
        if fraction.is_empty() { "0" } else { fraction },
        exponent.unwrap_or("0"),
    );
    let value: f64 = serde_json::from_str(&json).ok()?;
    Some(if is_negative { -value } else { value })
}

/// The largest integer that JavaScript tells from its neighbours.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// Rounds the integers in a document that JavaScript cannot represent, as its own JSON reader does. Documents that come
/// from outside pass through here, so that all that is stored and sent has a form in JavaScript.
pub fn round(document: &mut Value) {
    match document {
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if magnitude.is_some_and(|magnitude| magnitude > MAX_SAFE)
                && let Some(rounded) = number.as_f64().and_then(serde_json::Number::from_f64)
            {
                *number = rounded;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(entries) => entries.values_mut().for_each(round),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0",
            "-0",
            "+1",
            "007",
            "1.5",
            ".5",
            "5.",
            "-.25",
            "1e3",
            "1E-3",
            "2.5e+2",
            "0.125",
            "1.91",
            "16",
            "1790000000000.123",
            "4294967296",
            "0.1",
            "123456789012345",
            "",
            ".",
            "-",
            "+",
            "e3",
            "1e",
            "1e+",
            "1.2.3",
            "1,5",
            " 1",
            "0x10",
            "--1",
            "1_000",
        ] {
            assert_eq!(parse(text), text.parse::<f64>().ok(), "{text:?}");
        }
        for text in ["nan", "inf", "-infinity", "NaN"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn integers_are_rounded_where_javascript_has_no_others() {
        let mut document =
            json!([9_007_199_254_740_991_u64, { "a": 9_007_199_254_740_993_u64, "b": [i64::MIN, -1] }, 0.5, "7"]);
        round(&mut document);
        let expected = json!([9_007_199_254_740_991_u64, { "a": 9_007_199_254_740_992.0, "b": [-9_223_372_036_854_775_808.0, -1] }, 0.5, "7"]);
        assert_eq!(document, expected);
    }

    proptest! {
        #[test]
        fn whatever_has_up_to_15_digits_is_read_exactly(whole in 0_u64..1_000_000_000, fraction in 0_u64..1_000_000, places in 6_usize..7) {
            let text = format!("{whole}.{fraction:0places$}");
            prop_assert_eq!(parse(&text), text.parse::<f64>().ok());
        }
    }
}
