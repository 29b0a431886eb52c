//! What the standard library does with more code than a program that is downloaded can afford.

use std::cmp::Ordering;

mod sorted;

pub use sorted::{SortedMap, SortedSet};

/// Sorts; equal items keep their order. Only moving the items is compiled once for every type of item: the standard
/// library's sort has several kilobytes.
pub fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    if items.is_sorted_by(|one, next| compare(one, next) != Ordering::Greater) {
        return;
    }
    let order = order(items.len(), &|one, other| compare(&items[one], &items[other]));
    let mut taken: Vec<Option<T>> = std::mem::take(items).into_iter().map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| taken[at].take()));
}

/// The CRC-32 of a short text, as `crc32fast` computes it for long ones with a table of 16 kB.
pub fn crc32(text: &str) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !text.bytes().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

/// The places of `count` items, sorted.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_check_sum_is_that_of_the_standard() {
        for text in ["", "123456789", "resize@1.2.0", "ÄÖÜ\n"] {
            assert_eq!(crc32(text), crc32fast::hash(text.as_bytes()), "{text:?}");
        }
        assert_eq!(crc32("123456789"), 0xcbf4_3926);
    }

    proptest! {
        #[test]
        fn sorting_is_stable(keys in prop::collection::vec(0_u8..8, 0..200)) {
            let mut items: Vec<(u8, usize)> = keys.into_iter().enumerate().map(|(at, key)| (key, at)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by(&mut items, |one, other| one.0.cmp(&other.0));
            prop_assert_eq!(items, expected);
        }
    }
}
