//! What is noticed about the pictures of a draft before they run: the ones that are there twice.

use std::collections::HashSet;

/// Places of the pictures that were there before under the same address: the same content.
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
