//! Which entries of a list are marked, as in a file manager.

use crate::compact::SortedSet;

/// Marked entries by their index. Only some entries may be marked; each call says which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    marked: SortedSet<u32>,
    /// Where the next range begins: the entry that was last marked or unmarked.
    anchor: Option<u32>,
}

impl Marks {
    /// Whether an entry is marked.
    pub fn contains(&self, index: u32) -> bool {
        self.marked.contains(&index)
    }

    /// The marked entries that may (still) be marked, in order.
    pub fn among(&self, may: &SortedSet<u32>) -> Vec<u32> {
        self.marked.intersection(may).copied().collect()
    }

    /// The entry that was last marked or unmarked, or else the first that is marked.
    pub fn last(&self) -> Option<u32> {
        self.anchor.or_else(|| self.marked.first().copied())
    }

    /// Marks an entry, or unmarks a marked one. With `range` everything between it and the last one gets its new state.
    pub fn toggle(&mut self, index: u32, range: bool, may: &SortedSet<u32>) {
        let mark = !self.contains(index);
        let from = self.anchor.filter(|_| range).unwrap_or(index);
        for one in may.iter().filter(|one| (from.min(index)..=from.max(index)).contains(*one)) {
            if mark {
                self.marked.insert(*one);
            } else {
                self.marked.remove(one);
            }
        }
        self.anchor = Some(index);
    }

    /// Marks everything.
    pub fn mark_all(&mut self, may: &SortedSet<u32>) {
        self.marked.clone_from(may);
    }

    /// Unmarks everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may() -> SortedSet<u32> {
        SortedSet::from([1, 4, 5, 9, 20])
    }

    #[test]
    fn a_range_marks_what_may_be_marked_in_both_directions() {
        let mut marks = Marks::default();
        marks.toggle(4, false, &may());
        marks.toggle(9, true, &may());
        assert_eq!(marks.among(&may()), [4, 5, 9]);
        marks.toggle(1, true, &may());
        assert_eq!(marks.among(&may()), [1, 4, 5, 9]);
        marks.toggle(5, true, &may());
        assert_eq!(marks.among(&may()), [9], "it was marked, so everything on the way to it is unmarked");
    }

    #[test]
    fn the_last_entry_is_the_one_last_changed() {
        let mut marks = Marks::default();
        assert_eq!(marks.last(), None);
        marks.mark_all(&may());
        assert_eq!(marks.last(), Some(1));
        marks.toggle(9, false, &may());
        assert_eq!(marks.last(), Some(9), "although it is no longer marked");
    }

    #[test]
    fn without_a_beginning_a_range_is_one_entry() {
        let mut marks = Marks::default();
        marks.toggle(9, true, &may());
        assert_eq!(marks.among(&may()), [9]);
        marks.toggle(9, false, &may());
        assert!(marks.among(&may()).is_empty());
    }

    #[test]
    fn entries_that_may_no_longer_be_marked_do_not_count() {
        let mut marks = Marks::default();
        marks.mark_all(&may());
        assert_eq!(marks.among(&SortedSet::from([5, 6])), [5]);
        marks.clear();
        assert_eq!(marks, Marks::default());
    }
}
