//! What a file computes from sizes and constants alone: exporters write the size of a Resize as a row of such operations
//! (Shape, Gather, Unsqueeze, Concat, Slice …). All of it is done once, when the file is loaded.

use super::onnx::Tensor;
use super::{Damage, Trouble};

/// Most numbers of such a constant; shapes have four.
const MOST: usize = 256;

/// Whole numbers or fractions.
#[derive(Clone, Debug, PartialEq)]
enum Numbers {
    Integers(Vec<i64>),
    Floats(Vec<f32>),
}

/// A small constant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literal {
    sizes: Vec<usize>,
    numbers: Numbers,
}

/// An operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Literal {
    /// A row of whole numbers.
    pub(super) fn row(numbers: Vec<i64>) -> Self {
        Self { sizes: vec![numbers.len()], numbers: Numbers::Integers(numbers) }
    }

    /// One number without dimensions.
    pub(super) fn one(number: i64) -> Self {
        Self { sizes: Vec::new(), numbers: Numbers::Integers(vec![number]) }
    }

    /// The same for a fraction.
    pub(super) fn fraction(number: f32) -> Self {
        Self { sizes: Vec::new(), numbers: Numbers::Floats(vec![number]) }
    }

    /// The numbers of a constant in the file, if there are few.
    pub(super) fn of(tensor: &Tensor<'_>) -> Result<Self, Trouble> {
        if tensor.length() > MOST {
            return Err(Trouble::Unsupported("computes with a large constant"));
        }
        let numbers =
            if tensor.is_float() { Numbers::Floats(tensor.floats()?) } else { Numbers::Integers(tensor.integers()?) };
        Ok(Self { sizes: tensor.sizes.clone(), numbers })
    }

    fn length(&self) -> usize {
        match &self.numbers {
            Numbers::Integers(all) => all.len(),
            Numbers::Floats(all) => all.len(),
        }
    }

    fn is_row(&self) -> bool {
        self.sizes.len() == 1
    }

    /// Its sizes, as returned by Shape.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.sizes.clone()
    }

    /// The whole numbers.
    pub(super) fn integers(&self) -> Result<&[i64], Trouble> {
        match &self.numbers {
            Numbers::Integers(all) => Ok(all),
            Numbers::Floats(_) => Err(Trouble::Mismatch),
        }
    }

    /// The numbers as floats.
    pub(super) fn floats(&self) -> Vec<f32> {
        match &self.numbers {
            Numbers::Integers(all) => all.iter().map(|value| *value as f32).collect(),
            Numbers::Floats(all) => all.clone(),
        }
    }

    /// The numbers at these places, in this order.
    fn picked(&self, sizes: Vec<usize>, places: &[usize]) -> Result<Self, Trouble> {
        fn of<T: Copy>(all: &[T], places: &[usize]) -> Result<Vec<T>, Trouble> {
            places.iter().map(|place| all.get(*place).copied()).collect::<Option<_>>().ok_or(Trouble::Mismatch)
        }
        let numbers = match &self.numbers {
            Numbers::Integers(all) => Numbers::Integers(of(all, places)?),
            Numbers::Floats(all) => Numbers::Floats(of(all, places)?),
        };
        Ok(Self { sizes, numbers })
    }

    /// Gather along the only dimension.
    pub(super) fn gathered(&self, indices: &Self) -> Result<Self, Trouble> {
        if !self.is_row() {
            return Err(Trouble::Unsupported("gathers from something other than a row of numbers"));
        }
        let places = indices.integers()?.iter().map(|index| from_end(*index, self.length()));
        self.picked(indices.sizes.clone(), &places.collect::<Option<Vec<_>>>().ok_or(Trouble::Mismatch)?)
    }

    /// The part from `start` to before `end`, by `step`; negative positions count from the end, and positions outside
    /// are clamped.
    pub(super) fn sliced(&self, start: i64, end: i64, step: i64) -> Result<Self, Trouble> {
        let step = usize::try_from(step).ok().filter(|step| *step > 0);
        let (true, Some(step)) = (self.is_row(), step) else {
            return Err(Trouble::Unsupported("slices backwards, or slices something other than a row of numbers"));
        };
        let length = self.length();
        let within = |place: i64| {
            let place = if place < 0 { place.saturating_add(length as i64) } else { place };
            // In 64 bits: addresses have 32 in WebAssembly, and "to the end" is written as the largest number.
            place.clamp(0, length as i64) as usize
        };
        let places: Vec<usize> = (within(start)..within(end)).step_by(step).collect();
        self.picked(vec![places.len()], &places)
    }

    /// Rows one after another.
    pub(super) fn concatenated(parts: &[Self]) -> Result<Self, Trouble> {
        if !parts.iter().all(Self::is_row) {
            return Err(Trouble::Unsupported("joins something other than rows of numbers"));
        }
        if parts.iter().map(Self::length).sum::<usize>() > MOST {
            return Err(Trouble::Unsupported("computes with a large constant"));
        }
        let integers: Result<Vec<&[i64]>, Trouble> = parts.iter().map(Self::integers).collect();
        let numbers = match integers {
            Ok(integers) => Numbers::Integers(integers.concat()),
            Err(_) => Numbers::Floats(parts.iter().flat_map(Self::floats).collect()),
        };
        let literal = Self { sizes: Vec::new(), numbers };
        Ok(Self { sizes: vec![literal.length()], ..literal })
    }

    /// The same numbers with more dimensions of 1, at these positions in the result.
    pub(super) fn unsqueezed(&self, axes: &[i64]) -> Result<Self, Trouble> {
        let rank = self.sizes.len() + axes.len();
        let mut axes = placed(axes, rank)?;
        axes.sort_unstable();
        let mut sizes = self.sizes.clone();
        for axis in axes {
            if axis > sizes.len() {
                return Err(Trouble::Mismatch);
            }
            sizes.insert(axis, 1);
        }
        Ok(Self { sizes, numbers: self.numbers.clone() })
    }

    /// The same numbers without these dimensions of 1, or without all of those.
    pub(super) fn squeezed(&self, axes: Option<&[i64]>) -> Result<Self, Trouble> {
        let axes = axes.map(|axes| placed(axes, self.sizes.len())).transpose()?;
        let goes = |axis: usize, size: usize| axes.as_ref().map_or(size == 1, |axes| axes.contains(&axis));
        if self.sizes.iter().enumerate().any(|(axis, size)| goes(axis, *size) && *size != 1) {
            return Err(Trouble::Mismatch);
        }
        let kept = self.sizes.iter().enumerate().filter(|(axis, size)| !goes(*axis, **size));
        Ok(Self { sizes: kept.map(|(_, size)| *size).collect(), numbers: self.numbers.clone() })
    }

    /// The same numbers with other dimensions, of which one may be −1 for the rest.
    pub(super) fn reshaped(&self, sizes: &[i64]) -> Result<Self, Trouble> {
        let given = sizes.iter().filter(|size| **size != -1);
        let given =
            given.map(|size| usize::try_from(*size).ok()).collect::<Option<Vec<_>>>().ok_or(Trouble::Mismatch)?;
        let product = given.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
        let product = product.ok_or(Trouble::Mismatch)?;
        let rest = self.length().checked_div(product).unwrap_or(0);
        let sizes: Vec<usize> = sizes.iter().map(|size| usize::try_from(*size).unwrap_or(rest)).collect();
        let fits = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)) == Some(self.length());
        if fits { Ok(Self { sizes, numbers: self.numbers.clone() }) } else { Err(Trouble::Mismatch) }
    }

    /// The numbers as truncated integers, or as floats.
    pub(super) fn cast(&self, to_floats: bool) -> Self {
        let numbers = match &self.numbers {
            Numbers::Floats(all) if !to_floats => Numbers::Integers(all.iter().map(|value| *value as i64).collect()),
            Numbers::Integers(_) if to_floats => Numbers::Floats(self.floats()),
            same => same.clone(),
        };
        Self { sizes: self.sizes.clone(), numbers }
    }

    /// The floor of each number.
    pub(super) fn floor(&self) -> Self {
        let numbers = match &self.numbers {
            Numbers::Floats(all) => Numbers::Floats(all.iter().map(|value| value.floor()).collect()),
            same => same.clone(),
        };
        Self { sizes: self.sizes.clone(), numbers }
    }

    /// Number by number; either side may be a single number.
    pub(super) fn combined(&self, other: &Self, by: Arithmetic) -> Result<Self, Trouble> {
        fn pairs<T: Copy>(one: &[T], other: &[T], by: impl Fn(T, T) -> Option<T>) -> Result<Vec<T>, Trouble> {
            let length = if other.len() == 1 { one.len() } else { other.len() };
            let at = |all: &[T], place: usize| if all.len() == 1 { all.first() } else { all.get(place) }.copied();
            (0..length)
                .map(|place| by(at(one, place)?, at(other, place)?))
                .collect::<Option<_>>()
                .ok_or(Trouble::Mismatch)
        }
        let either_single = self.length() == 1 || other.length() == 1;
        if self.sizes != other.sizes && !either_single || self.length() == 0 || other.length() == 0 {
            return Err(Trouble::Mismatch);
        }
        let numbers = match (&self.numbers, &other.numbers) {
            (Numbers::Integers(one), Numbers::Integers(other)) => {
                Numbers::Integers(pairs(one, other, |a, b| match by {
                    Arithmetic::Add => a.checked_add(b),
                    Arithmetic::Subtract => a.checked_sub(b),
                    Arithmetic::Multiply => a.checked_mul(b),
                    Arithmetic::Divide => a.checked_div(b),
                })?)
            }
            (Numbers::Floats(one), Numbers::Floats(other)) => Numbers::Floats(pairs(one, other, |a, b| {
                Some(match by {
                    Arithmetic::Add => a + b,
                    Arithmetic::Subtract => a - b,
                    Arithmetic::Multiply => a * b,
                    Arithmetic::Divide => a / b,
                })
            })?),
            _ => return Err(Trouble::Mismatch),
        };
        let larger = (self.length(), self.sizes.len()) >= (other.length(), other.sizes.len());
        let sizes = if larger { &self.sizes } else { &other.sizes };
        Ok(Self { sizes: sizes.clone(), numbers })
    }
}

/// A position that counts from the end if it is negative.
fn from_end(place: i64, length: usize) -> Option<usize> {
    let place = if place < 0 { place.checked_add(i64::try_from(length).ok()?)? } else { place };
    usize::try_from(place).ok().filter(|place| *place < length)
}

/// Dimensions by their number.
fn placed(axes: &[i64], rank: usize) -> Result<Vec<usize>, Trouble> {
    axes.iter().map(|axis| from_end(*axis, rank)).collect::<Option<_>>().ok_or(Trouble::Mismatch)
}

impl From<Damage> for Trouble {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_that_an_exporter_computes_is_found() {
        // [1, 32, 20, 20] resized like [1, 16, 40, 41], by the nodes that PyTorch writes.
        let (own, like) = (Literal::row(vec![1, 32, 20, 20]), Literal::row(vec![1, 16, 40, 41]));
        let one = |at| like.gathered(&Literal::one(at)).unwrap().unsqueezed(&[0]).unwrap();
        let sizes = Literal::concatenated(&[one(2), one(-1)]).unwrap().cast(false);
        let all = Literal::concatenated(&[own.sliced(0, 2, 1).unwrap(), sizes]).unwrap();
        assert_eq!(all.integers(), Ok(&[1, 32, 40, 41][..]));
    }

    #[test]
    fn places_count_from_the_end_and_stay_within() {
        let row = Literal::row(vec![5, 6, 7, 8]);
        assert_eq!(row.sliced(-2, i64::MAX, 1).unwrap().integers(), Ok(&[7, 8][..]));
        assert_eq!(row.sliced(i64::MIN, 3, 2).unwrap().integers(), Ok(&[5, 7][..]));
        assert_eq!(row.sliced(3, 1, 1).unwrap().integers(), Ok(&[][..]));
        assert!(row.sliced(0, 4, -1).is_err());
        for outside in [4, -5, i64::MIN] {
            assert_eq!(row.gathered(&Literal::one(outside)), Err(Trouble::Mismatch));
        }
    }

    #[test]
    fn numbers_are_combined_and_never_overflow() {
        let row = Literal::row(vec![20, 40]);
        let by = |number: i64, by| row.combined(&Literal::one(number), by);
        assert_eq!(by(2, Arithmetic::Multiply), Ok(Literal::row(vec![40, 80])));
        assert_eq!(by(3, Arithmetic::Divide), Ok(Literal::row(vec![6, 13])));
        assert_eq!(by(i64::MAX, Arithmetic::Multiply), Err(Trouble::Mismatch));
        assert_eq!(by(0, Arithmetic::Divide), Err(Trouble::Mismatch));
        let halves = row.cast(true).combined(&Literal::fraction(0.51), Arithmetic::Multiply).unwrap();
        assert_eq!(halves.floor().cast(false).integers(), Ok(&[10, 20][..]));
    }

    #[test]
    fn dimensions_change_without_the_numbers() {
        let row = Literal::row(vec![1, 2, 3, 4]);
        assert_eq!(row.reshaped(&[2, -1]).unwrap().shape(), [2, 2]);
        assert!(row.reshaped(&[3, -1]).is_err());
        assert_eq!(row.unsqueezed(&[0, -1]).unwrap().shape(), [1, 4, 1]);
        assert_eq!(row.unsqueezed(&[0, 2]).unwrap().squeezed(None).unwrap().shape(), [4]);
        assert!(row.squeezed(Some(&[0])).is_err());
    }
}
