//! Reading again while a reading is on its way: never two at once, and nothing that was asked for is lost.

/// How much a reading takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// What was not read yet.
    Missing,
    /// Everything, since what was read may be outdated.
    All,
}

/// The readings of one list: at most one is on its way, and what is asked for meanwhile becomes one more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    underway: bool,
    again: Option<Extent>,
}

impl Readings {
    /// Asks for a reading: whether it is to be started now. If not, [`Readings::end`] tells when.
    pub fn ask(&mut self, extent: Extent) -> bool {
        if self.underway {
            self.again = self.again.max(Some(extent));
            return false;
        }
        self.underway = true;
        true
    }

    /// The reading on its way has ended: the one to start now, if any was asked for meanwhile. It is the widest.
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
    fn a_reading_of_everything_that_is_asked_for_during_another_is_done_after_it() {
        let mut readings = Readings::default();
        assert!(readings.ask(Extent::Missing));
        assert!(!readings.ask(Extent::All));
        assert!(!readings.ask(Extent::Missing), "two at once");
        assert_eq!(readings.end(), Some(Extent::All), "the narrower one asked for later must not replace it");
    }

    #[test]
    fn many_wishes_become_one_reading() {
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
