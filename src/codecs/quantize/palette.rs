//! The colours that stand for all those of a picture.
//!
//! The most extended group of colours is split at its mean, across the direction in which it extends the most, until there are as many groups as
//! wanted (M. Orchard and C. Bouman, "Color quantization of images", 1991). Their means are then moved to the middle of the colours that they
//! are nearest to (S. Lloyd, "Least squares quantization in PCM", 1982). Both in Oklab, where distances are about as large as they look.

use std::array::from_fn;
use std::ops::Range;

use crate::image::light::to_linear;
use crate::image::oklab::lab;

/// A place in Oklab.
type Lab = [f32; 3];

/// Most colours that are told apart: if there are more, those that differ by the least bits are taken together.
const MOST_APART: usize = 1 << 14;
/// How often means are moved. More hardly make a difference.
const MOVES: usize = 3;

/// At most `most` colours that are as near to those of a picture as possible.
pub(super) fn palette(colors: impl Iterator<Item = [u8; 3]>, most: usize) -> Vec<Lab> {
    let mut histogram = Histogram::new();
    colors.for_each(|color| histogram.add(color));
    let mut colors = histogram.colors();
    let mut means: Vec<Lab> = split(&mut colors, most).iter().map(|group| group.mean).collect();
    for _ in 0..MOVES {
        means =
            clusters(&colors, &means).iter().zip(&means).map(|(cluster, old)| cluster.mean().unwrap_or(*old)).collect();
    }
    clusters(&colors, &means)
        .iter()
        .zip(&means)
        .map(|(cluster, mean)| cluster.most_frequent().unwrap_or(*mean))
        .collect()
}

/// How many pixels have a colour, or one of several neighbours.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// The colour's leading bits.
    key: u32,
    count: u32,
    sums: [u64; 3],
}

/// The colours of a picture, in a table with open addressing that is at most half full.
struct Histogram {
    slots: Vec<Slot>,
    used: usize,
    /// Low bits that do not tell colours apart.
    dropped: u32,
}

impl Histogram {
    fn new() -> Self {
        Self { slots: vec![Slot::default(); 2 * MOST_APART], used: 0, dropped: 0 }
    }

    fn add(&mut self, color: [u8; 3]) {
        self.merge(Slot { key: 0, count: 1, sums: color.map(u64::from) }, color.map(u32::from));
    }

    /// Adds pixels with a colour, or with neighbours of it.
    fn merge(&mut self, new: Slot, color: [u32; 3]) {
        let [r, g, b] = color.map(|value| value >> self.dropped);
        let key = r << 16 | g << 8 | b;
        // The product's upper bits depend on all of the key.
        let mut at = (key.wrapping_mul(0x9e37_79b1) >> 16) as usize % self.slots.len();
        while self.slots[at].count > 0 && self.slots[at].key != key {
            at = (at + 1) % self.slots.len();
        }
        if self.slots[at].count == 0 {
            if self.used == MOST_APART {
                self.coarsen();
                return self.merge(new, color);
            }
            self.used += 1;
        }
        let slot = &mut self.slots[at];
        slot.key = key;
        slot.count += new.count;
        slot.sums.iter_mut().zip(new.sums).for_each(|(sum, new)| *sum += new);
    }

    /// Tells colours apart by one bit less.
    fn coarsen(&mut self) {
        let slots = std::mem::replace(self, Self { dropped: self.dropped + 1, ..Self::new() }).slots;
        for slot in slots.into_iter().filter(|slot| slot.count > 0) {
            self.merge(slot, slot.sums.map(|sum| (sum / u64::from(slot.count)) as u32));
        }
    }

    fn colors(&self) -> Vec<Color> {
        let linear: [f32; 256] = from_fn(|value| to_linear(value as f64 / 255.0) as f32);
        let color = |slot: &Slot| {
            let count = u64::from(slot.count);
            let lab = lab(slot.sums.map(|sum| linear[((sum + count / 2) / count) as usize]));
            Color { lab, count: slot.count as f32 }
        };
        self.slots.iter().filter(|slot| slot.count > 0).map(color).collect()
    }
}

/// A colour, and how many pixels have it.
#[derive(Clone, Copy)]
struct Color {
    lab: Lab,
    count: f32,
}

/// Colours that lie together in the list of them.
struct Group {
    place: Range<usize>,
    mean: Lab,
    /// The direction in which they extend the most.
    axis: Lab,
    /// How much they vary in that direction, times their pixels.
    extent: f64,
}

impl Group {
    fn of(colors: &[Color], place: Range<usize>) -> Self {
        let colors = &colors[place.clone()];
        let pixels: f64 = colors.iter().map(|color| f64::from(color.count)).sum();
        let mut mean = [0.0; 3];
        for color in colors {
            (0..3).for_each(|i| mean[i] += f64::from(color.count) * f64::from(color.lab[i]) / pixels);
        }
        let mut covariance = [[0.0; 3]; 3];
        for color in colors {
            let off: [f64; 3] = from_fn(|i| f64::from(color.lab[i]) - mean[i]);
            for (row, off_row) in covariance.iter_mut().zip(off) {
                (0..3).for_each(|i| row[i] += f64::from(color.count) * off_row * off[i]);
            }
        }
        let (axis, extent) = principal(&covariance);
        Self { place, mean: mean.map(|value| value as f32), axis: axis.map(|value| value as f32), extent }
    }

    /// How far a colour is from the mean, in the direction in which the group extends the most.
    fn along(&self, color: &Color) -> f32 {
        (0..3).map(|i| (color.lab[i] - self.mean[i]) * self.axis[i]).sum()
    }
}

/// The direction of the largest variance and that variance, by repeated multiplication.
fn principal(covariance: &[[f64; 3]; 3]) -> ([f64; 3], f64) {
    let times = |vector: [f64; 3]| -> [f64; 3] { from_fn(|i| (0..3).map(|j| covariance[i][j] * vector[j]).sum()) };
    let largest = (0..3).fold(0, |best, i| if covariance[i][i] > covariance[best][best] { i } else { best });
    let mut axis = covariance[largest];
    for _ in 0..8 {
        let length = axis.iter().map(|value| value * value).sum::<f64>().sqrt();
        if length == 0.0 {
            return ([0.0; 3], 0.0);
        }
        axis = times(axis.map(|value| value / length));
    }
    let length = axis.iter().map(|value| value * value).sum::<f64>().sqrt();
    (axis.map(|value| if length > 0.0 { value / length } else { 0.0 }), length)
}

/// At most `most` groups of all colours, which are put in their order.
fn split(colors: &mut [Color], most: usize) -> Vec<Group> {
    let mut groups = vec![Group::of(colors, 0..colors.len())];
    while groups.len() < most {
        let extents = groups.iter().map(|group| group.extent).enumerate();
        let Some((at, _)) =
            extents.filter(|(_, extent)| *extent > 0.0).max_by(|(_, one), (_, other)| one.total_cmp(other))
        else {
            break;
        };
        let group = &groups[at];
        let (start, end) = (group.place.start, group.place.end);
        let (mut below, mut above) = (start, end);
        while below < above {
            if group.along(&colors[below]) < 0.0 {
                below += 1;
            } else {
                above -= 1;
                colors.swap(below, above);
            }
        }
        if below == start || below == end {
            // They differ by less than the precision of the numbers.
            groups[at].extent = 0.0;
            continue;
        }
        groups[at] = Group::of(colors, start..below);
        groups.push(Group::of(colors, below..end));
    }
    groups
}

/// The colours that a mean is the nearest to.
#[derive(Clone, Copy, Default)]
struct Cluster {
    sums: [f64; 3],
    count: f64,
    /// The colour that most of its pixels have.
    first: Option<Color>,
}

impl Cluster {
    fn mean(&self) -> Option<Lab> {
        (self.count > 0.0).then(|| self.sums.map(|sum| (sum / self.count) as f32))
    }

    /// The colour that more than half of its pixels have, such as that of a plain background, which then stays exactly as it is.
    fn most_frequent(&self) -> Option<Lab> {
        self.first.filter(|first| 2.0 * f64::from(first.count) > self.count).map(|first| first.lab)
    }
}

fn clusters(colors: &[Color], means: &[Lab]) -> Vec<Cluster> {
    let mut clusters = vec![Cluster::default(); means.len()];
    for color in colors {
        let cluster = &mut clusters[nearest(color.lab, means)];
        (0..3).for_each(|i| cluster.sums[i] += f64::from(color.count) * f64::from(color.lab[i]));
        cluster.count += f64::from(color.count);
        if cluster.first.is_none_or(|first| first.count < color.count) {
            cluster.first = Some(*color);
        }
    }
    clusters
}

/// The index of the mean that is nearest to a place.
#[inline(never)]
fn nearest(lab: Lab, means: &[Lab]) -> usize {
    let (mut found, mut least) = (0, f32::INFINITY);
    for (at, mean) in means.iter().enumerate() {
        let off: Lab = from_fn(|i| lab[i] - mean[i]);
        let square = off[0] * off[0] + off[1] * off[1] + off[2] * off[2];
        if square < least {
            (found, least) = (at, square);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(one: Lab, other: Lab) -> bool {
        one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-4)
    }

    fn lab_of([r, g, b]: [u8; 3]) -> Lab {
        lab([r, g, b].map(|value| to_linear(f64::from(value) / 255.0) as f32))
    }

    #[test]
    fn no_more_colours_than_wanted_are_kept_exactly() {
        let colors: Vec<[u8; 3]> = (0..200).map(|i| [i, 255 - i, (i as u32 * 7 % 256) as u8]).collect();
        let found = palette(colors.iter().copied().cycle().take(9_000), 256);
        assert_eq!(found.len(), colors.len());
        for color in colors {
            assert!(found.iter().any(|one| is_near(*one, lab_of(color))), "{color:?}");
        }
        assert!(palette(std::iter::empty(), 16).len() <= 1);
    }

    #[test]
    fn a_plain_background_keeps_its_colour_among_many_others() {
        let white = std::iter::repeat_n([255; 3], 50_000);
        let shadow =
            (0..30_000).map(|i: u32| [254 - (i % 40) as u8, 254 - (i / 40 % 30) as u8, 254 - (i / 1_200) as u8]);
        for most in [4, 16, 256] {
            let found = palette(white.clone().chain(shadow.clone()), most);
            assert_eq!(found.len(), most);
            assert!(found.iter().any(|one| is_near(*one, lab_of([255; 3]))), "{most}");
        }
    }

    #[test]
    fn any_number_of_colours_is_taken_together_until_it_fits() {
        let all = (0..1 << 18).map(|i: u32| [i, i >> 6, i >> 12].map(|value| (value << 2 & 0xfc) as u8));
        let mut histogram = Histogram::new();
        all.for_each(|color| histogram.add(color));
        assert!(histogram.used <= MOST_APART && histogram.used > MOST_APART / 16);
        assert_eq!(histogram.slots.iter().map(|slot| slot.count).sum::<u32>(), 1 << 18);
    }
}
