//! Combining reads of a list: never two at once, and no request is lost.

/// How much a read covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// What has not been read yet.
    Missing,
    /// Everything, since earlier results may be outdated.
    All,
}

/// The reads of one list: at most one is in progress, and requests meanwhile are combined into one more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    underway: bool,
    again: Option<Extent>,
}

impl Readings {
    /// Requests a read; returns whether to start it now. If not, [`Readings::end`] returns it later.
    pub fn ask(&mut self, extent: Extent) -> bool {
        if self.underway {
            self.again = self.again.max(Some(extent));
            return false;
        }
        self.underway = true;
        true
    }

    /// The current read has ended: returns the one to start now, if any was requested meanwhile. It covers all of
    /// those requests.
    pub fn end(&mut self) -> Option<Extent> {
        let next = self.again.take();
        self.underway = next.is_some();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_read_requested_during_another_is_done_after_it() {
        let mut readings = Readings::default();
        assert!(readings.ask(Extent::Missing));
        assert!(!readings.ask(Extent::All));
        assert!(!readings.ask(Extent::Missing), "two at once");
        assert_eq!(readings.end(), Some(Extent::All), "a narrower later request must not replace it");
    }

    #[test]
    fn many_requests_become_one_read() {
        let mut readings = Readings::default();
        assert!(readings.ask(Extent::All));
        for _ in 0..10 {
            assert!(!readings.ask(Extent::Missing));
        }
        assert_eq!(readings.end(), Some(Extent::Missing));
        assert!(!readings.ask(Extent::Missing), "the second has begun");
        assert_eq!(readings.end(), Some(Extent::Missing));
        assert_eq!(readings.end(), None);
        assert!(readings.ask(Extent::All), "all have ended");
    }
}
