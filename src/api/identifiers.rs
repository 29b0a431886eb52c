//! Ids of batches: `batch-{slug of workflowId}-{yyyymmdd}-{8 hex}`.

use super::time::day;
use crate::batch::records::Millis;

/// Longest slug, so that ids stay readable and usable as file names.
const MAX_SLUG: usize = 48;

/// The ASCII letters and digits of a text in lower case, with one hyphen for everything in between; `workflow` if none
/// remain.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= MAX_SLUG {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "workflow".to_owned() } else { slug.to_owned() }
}

/// The id of a batch accepted at `now`.
pub(super) fn batch_id(workflow_id: &str, now: Millis, random: u32) -> String {
    format!("batch-{}-{}-{random:08x}", slug(workflow_id), day(now))
}

/// Whether a text has the form of a batch's id, with a slug of the usual length.
pub(super) fn is_batch_id(text: &str) -> bool {
    let parts = || {
        let (rest, random) = text.strip_prefix("batch-")?.rsplit_once('-')?;
        let (name, day) = rest.rsplit_once('-')?;
        Some((name, day, random))
    };
    parts().is_some_and(|(name, day, random)| {
        let is_hexadecimal = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        name == slug(name)
            && day.len() == 8
            && day.bytes().all(|digit| digit.is_ascii_digit())
            && random.len() == 8
            && random.bytes().all(is_hexadecimal)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_consists_of_workflow_day_and_a_random_part() {
        assert_eq!(
            batch_id("Remove BG/example ", 1_767_225_599_999.0, 0xBEEF),
            "batch-remove-bg-example-20251231-0000beef"
        );
    }

    #[test]
    fn only_ids_of_that_form_are_accepted() {
        assert!(is_batch_id("batch-remove-bg-example-20251231-0000beef"));
        assert!(is_batch_id("batch-7-20251231-12345678"));
        for wrong in [
            "",
            "batch-20251231-0000beef",
            "batch--20251231-0000beef",
            "batch-a-20251231-0000BEEF",
            "batch-a-20251231-0000bee",
            "batch-a-2025123-0000beef",
            "batch-A-20251231-0000beef",
            "batch-a--b-20251231-0000beef",
            "batch-a/b-20251231-0000beef",
            "run-a-20251231-0000beef",
        ] {
            assert!(!is_batch_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_id_without_letters_still_has_a_name() {
        assert_eq!(slug("日本 — !"), "workflow");
    }

    proptest! {
        #[test]
        fn a_slug_is_safe_in_ids_urls_and_file_names(text in any::<String>()) {
            let slug = slug(&text);
            prop_assert!(!slug.is_empty() && slug.len() <= MAX_SLUG);
            prop_assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--"));
        }

        #[test]
        fn slugs_are_idempotent(text in "[ -~]{0,60}") {
            let once = slug(&text);
            prop_assert_eq!(slug(&once), once);
        }
    }
}
