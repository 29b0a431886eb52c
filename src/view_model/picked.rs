//! Checks of a draft's pictures before they run: duplicates.

use std::collections::HashSet;

/// Positions of the pictures whose URL, and so their content, occurs earlier in the list.
pub fn duplicates<'a>(source_urls: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let mut seen = HashSet::new();
    let again = |(at, url): (usize, &'a str)| (!seen.insert(url)).then_some(at);
    source_urls.into_iter().enumerate().filter_map(again).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_pictures_is_no_duplicate() {
        assert_eq!(duplicates(["asset:a", "asset:b", "asset:a", "asset:c", "asset:a", "asset:b"]), [2, 4, 5]);
        assert!(duplicates(["asset:a", "asset:b"]).is_empty());
    }
}
