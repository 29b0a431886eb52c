//! Assigns values to pieces of memory: a piece is reused once nothing reads its value any more. This is decided once
//! per model, since all sizes are known, so that a run allocates nothing.

/// A value's lifetime, in steps of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    /// Its length in floats.
    pub(super) floats: usize,
    /// The last step that reads it, or the one that makes it if none does.
    pub(super) until: usize,
}

/// The pieces, and which one each value has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// By value.
    pub(super) pieces: Vec<usize>,
    /// Lengths of the pieces, in floats.
    pub(super) floats: Vec<usize>,
}

/// Finds a piece for each value. Value 0 exists before the first step; step `n` makes value `n + 1`.
pub(super) fn plan(lives: &[Life]) -> Plan {
    let mut plan = Plan::default();
    let mut free: Vec<usize> = Vec::new();
    let mut ends: Vec<Vec<usize>> = vec![Vec::new(); lives.len()];
    for (value, life) in lives.iter().enumerate() {
        // The smallest that is large enough, or else the largest, which grows.
        let size = |piece: usize| plan.floats[piece];
        let fitting = free.iter().enumerate().filter(|(_, piece)| size(**piece) >= life.floats);
        let best = fitting.min_by_key(|(_, piece)| size(**piece));
        let best = best.or_else(|| free.iter().enumerate().max_by_key(|(_, piece)| size(**piece)));
        let piece = match best.map(|(place, _)| place) {
            Some(place) => free.swap_remove(place),
            None => {
                plan.floats.push(0);
                plan.floats.len() - 1
            }
        };
        plan.floats[piece] = plan.floats[piece].max(life.floats);
        plan.pieces.push(piece);
        if let Some(ends) = ends.get_mut(life.until) {
            ends.push(piece);
        }
        // The step that made this value is over.
        if let Some(step) = value.checked_sub(1) {
            free.append(&mut ends[step]);
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_used_again_only_when_nothing_reads_it_any_more() {
        // 0 → 1 → 2, then 3 from 2 and 0, then 4 from 3.
        let lives = [(10, 2), (20, 1), (10, 2), (5, 3), (20, 4)].map(|(floats, until)| Life { floats, until });
        let plan = plan(&lives);
        assert_eq!(plan.pieces, [0, 1, 2, 1, 2]);
        assert_eq!(plan.floats, [10, 20, 20]);
    }

    #[test]
    fn a_value_that_nothing_reads_makes_room_at_once() {
        let lives = [(8, 0), (8, 0), (8, 2)].map(|(floats, until)| Life { floats, until });
        assert_eq!(plan(&lives).floats, [8, 8]);
    }
}
