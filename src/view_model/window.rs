//! Which rows of a long list are visible: only those are built, so ten thousand scroll as smoothly as ten.

use std::ops::Range;

/// A list of equally high rows under a scrolling window. Lengths in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// How far the top of the window is below the top of the list; negative while the list starts further down.
    pub scrolled: f64,
    /// Height of the window.
    pub viewport: f64,
    /// Height of a row, gap included.
    pub row: f64,
    /// Entries side by side in a row.
    pub columns: u32,
    /// Entries of the whole list.
    pub total: u32,
}

/// Rows built above and below the visible ones, so that a fast scroll shows no gap.
const MARGIN: f64 = 6.0;

impl Window {
    /// Height of the whole list.
    pub fn height(&self) -> f64 {
        f64::from(self.rows()) * self.row
    }

    /// The entries to build; starts on a full row.
    pub fn entries(&self) -> Range<u32> {
        if self.row <= 0.0 || self.total == 0 {
            return 0..0;
        }
        let rows = self.rows();
        let first = (self.scrolled / self.row - MARGIN).floor().clamp(0.0, f64::from(rows)) as u32;
        let end = ((self.scrolled + self.viewport) / self.row + MARGIN).ceil().clamp(0.0, f64::from(rows)) as u32;
        let columns = self.columns.max(1);
        (first * columns)..(end.max(first) * columns).min(self.total)
    }

    /// Distance of an entry's row from the top of the list.
    pub fn top(&self, entry: u32) -> f64 {
        f64::from(entry / self.columns.max(1)) * self.row
    }

    /// Where to scroll so that an entry is completely visible; `None` when it already is.
    pub fn reveal(&self, entry: u32) -> Option<f64> {
        let top = self.top(entry);
        if top < self.scrolled {
            Some(top)
        } else if top + self.row > self.scrolled + self.viewport {
            Some(top + self.row - self.viewport)
        } else {
            None
        }
    }

    fn rows(&self) -> u32 {
        self.total.div_ceil(self.columns.max(1))
    }
}

/// Where a key moves to from an entry of a list of `total` entries in `columns` columns; `None` for other keys.
pub fn step(key: &str, from: u32, columns: u32, total: u32) -> Option<u32> {
    let (last, columns) = (total.checked_sub(1)?, columns.max(1));
    Some(match key {
        "ArrowLeft" => from.saturating_sub(1),
        "ArrowRight" => (from + 1).min(last),
        "ArrowUp" => from.checked_sub(columns).unwrap_or(from),
        // The last row stays; above a gap in the last row, it goes to the last entry.
        "ArrowDown" if from / columns == last / columns => from,
        "ArrowDown" => (from + columns).min(last),
        "Home" => 0,
        "End" => last,
        _ => return None,
    })
}

/// The pages of `size` entries that contain `entries`.
pub fn pages(entries: Range<u32>, size: u32) -> Range<u32> {
    if entries.is_empty() { 0..0 } else { entries.start / size..(entries.end - 1) / size + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrow_keys_lead_through_the_columns_and_stop_at_the_ends() {
        let to = |key, from| step(key, from, 4, 10);
        assert_eq!((to("ArrowLeft", 0), to("ArrowLeft", 5), to("ArrowRight", 9)), (Some(0), Some(4), Some(9)));
        assert_eq!((to("ArrowUp", 2), to("ArrowUp", 6)), (Some(2), Some(2)));
        assert_eq!((to("ArrowDown", 1), to("ArrowDown", 7), to("ArrowDown", 8)), (Some(5), Some(9), Some(8)));
        assert_eq!((to("Home", 7), to("End", 7), to("Tab", 7)), (Some(0), Some(9), None));
        assert_eq!(step("End", 0, 4, 0), None);
    }

    const LIST: Window = Window { scrolled: 0.0, viewport: 800.0, row: 80.0, columns: 1, total: 10_000 };

    #[test]
    fn only_visible_entries_are_built() {
        assert_eq!(LIST.entries(), 0..16);
        let middle = Window { scrolled: 400_000.0, ..LIST };
        assert_eq!(middle.entries(), 4994..5016);
        assert_eq!(Window { scrolled: 799_200.0, ..LIST }.entries(), 9984..10_000);
    }

    #[test]
    fn every_visible_entry_is_built() {
        for step in 0..2000 {
            let list = Window { scrolled: f64::from(step) * 401.7 - 900.0, columns: 3, ..LIST };
            let built = list.entries();
            for entry in (0..list.total).step_by(7) {
                let top = list.top(entry);
                let in_sight = top + list.row > list.scrolled && top < list.scrolled + list.viewport;
                assert!(!in_sight || built.contains(&entry), "{entry} at {}", list.scrolled);
            }
            assert!(built.len() <= 3 * 24);
        }
    }

    #[test]
    fn a_list_far_below_or_above_the_window_builds_nothing() {
        assert!(Window { scrolled: -5000.0, ..LIST }.entries().is_empty());
        assert!(Window { scrolled: 900_000.0, ..LIST }.entries().is_empty());
        assert!(Window { total: 0, ..LIST }.entries().is_empty());
        assert!(Window { row: 0.0, ..LIST }.entries().is_empty());
    }

    #[test]
    fn revealing_scrolls_no_further_than_needed() {
        let list = Window { scrolled: 1000.0, ..LIST };
        assert_eq!(list.reveal(15), None);
        assert_eq!(list.reveal(2), Some(160.0));
        assert_eq!(list.reveal(30), Some(30.0 * 80.0 + 80.0 - 800.0));
    }

    #[test]
    fn pages_cover_their_entries() {
        assert_eq!(pages(0..0, 100), 0..0);
        assert_eq!(pages(0..100, 100), 0..1);
        assert_eq!(pages(99..101, 100), 0..2);
        assert_eq!(pages(250..260, 100), 2..3);
    }
}
