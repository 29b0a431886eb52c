//! Which notice is removed when there is no room for another.

/// The index of the notice to remove, in order of arrival (`true` reports a failure): the first that is not a failure,
/// or the very first if all are. `None` while there are at most `most`. The last one has just arrived and stays; if it
/// is not a failure it disappears by itself and does not displace an earlier failure.
pub fn surplus(failures: &[bool], most: usize) -> Option<usize> {
    let (last, earlier) = failures.split_last().filter(|_| failures.len() > most)?;
    earlier.iter().position(|failure| !failure).or(last.then_some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_outlives_a_success() {
        assert_eq!(surplus(&[true, false, true, false, false], 4), Some(1));
        assert_eq!(surplus(&[false, false, false, false, true], 4), Some(0));
        assert_eq!(surplus(&[true, true, true, true, false], 4), None, "that one disappears by itself");
        assert_eq!(surplus(&[true, true, true, true, true], 4), Some(0));
    }

    #[test]
    fn while_there_is_room_nothing_is_removed() {
        assert_eq!(surplus(&[false; 4], 4), None);
        assert_eq!(surplus(&[], 0), None);
    }
}
