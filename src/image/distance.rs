//! The exact Euclidean distance transform: for each pixel, the nearest of a set of pixels. Its time grows with the number
//! of pixels alone, and integers make it the same on every machine.
//!
//! After A. Meijster, J. Roerdink and W. Hesselink, "A general algorithm for computing distance transforms in linear time"
//! (2000): distances in columns first, then in each row the lower envelope of a parabola per column.

use super::Size;

/// No seed in the column.
const NONE: u32 = u32::MAX;

/// Calls `row` for each row from the first to the last, with the place (column, row) of the nearest seed of each of its
/// pixels; `None` if there is no seed at all. `seeds` says of each pixel whether it is one.
pub(crate) fn nearest(seeds: &[bool], size: Size, mut row: impl FnMut(usize, &[Option<(usize, usize)>])) {
    let width = size.width as usize;
    let nearest = nearest_in_columns(seeds, width);
    let mut envelope = Vec::with_capacity(width);
    let mut found = vec![None; width];
    for (y, rows) in nearest.chunks_exact(width).enumerate() {
        envelope.clear();
        for (x, seed) in rows.iter().enumerate().filter(|(_, seed)| **seed != NONE) {
            let distance = i64::from(*seed) - y as i64;
            add(&mut envelope, Parabola { x: x as i64, height: distance * distance, seed: *seed, from: i64::MIN });
        }
        let mut at = 0;
        for (x, found) in found.iter_mut().enumerate() {
            while envelope.get(at + 1).is_some_and(|next: &Parabola| next.from <= x as i64) {
                at += 1;
            }
            *found = envelope.get(at).map(|parabola| (parabola.x as usize, parabola.seed as usize));
        }
        row(y, &found);
    }
}

/// For each pixel, the row of the nearest seed in its column.
fn nearest_in_columns(seeds: &[bool], width: usize) -> Vec<u32> {
    let mut rows: Vec<u32> = vec![NONE; seeds.len()];
    let mut last = vec![NONE; width];
    for (y, (rows, seeds)) in rows.chunks_exact_mut(width).zip(seeds.chunks_exact(width)).enumerate() {
        for ((row, last), seed) in rows.iter_mut().zip(&mut last).zip(seeds) {
            if *seed {
                *last = y as u32;
            }
            *row = *last;
        }
    }
    last.fill(NONE);
    for (y, rows) in rows.chunks_exact_mut(width).enumerate().rev() {
        let y = y as u32;
        for (row, last) in rows.iter_mut().zip(&mut last) {
            if *row == y {
                *last = y;
            }
            if *last != NONE && (*row == NONE || *last - y < y - *row) {
                *row = *last;
            }
        }
    }
    rows
}

/// The squared distance to the nearest seed of one column.
struct Parabola {
    /// The column.
    x: i64,
    /// The squared distance within the column.
    height: i64,
    /// The row of the seed.
    seed: u32,
    /// The first place where it is the lowest.
    from: i64,
}

/// Adds a parabola on the right of all others to their lower envelope.
fn add(envelope: &mut Vec<Parabola>, mut new: Parabola) {
    while let Some(last) = envelope.last() {
        let rise = new.x * new.x - last.x * last.x + new.height - last.height;
        // Nearly all are neighbours, for which this is much faster.
        let apart = new.x - last.x;
        new.from = if apart == 1 { rise >> 1 } else { rise.div_euclid(2 * apart) } + 1;
        if new.from > last.from {
            break;
        }
        envelope.pop();
        new.from = i64::MIN;
    }
    envelope.push(new);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_nearest_seed_is_that_of_a_search(
            width in 1usize..24, seeds in proptest::collection::vec(proptest::bool::weighted(0.1), 24 * 9),
        ) {
            let height = seeds.len() / width;
            let seeds = &seeds[..width * height];
            let places: Vec<_> = (0..seeds.len()).filter(|at| seeds[*at]).map(|at| (at % width, at / width)).collect();
            nearest(seeds, Size::new(width as u32, height as u32), |y, row| {
                for (x, found) in row.iter().enumerate() {
                    let distance = |(column, row): (usize, usize)| column.abs_diff(x).pow(2) + row.abs_diff(y).pow(2);
                    let least = places.iter().map(|place| distance(*place)).min();
                    assert_eq!(found.map(distance), least, "{x}, {y}");
                    assert!(found.is_none_or(|(x, y)| seeds[y * width + x]));
                }
            });
        }
    }
}
