//! Pictures with 16 bits a sample: what kernels of either depth have in common, and the way to 8 bits and back.
//!
//! A picture stays deep as long as what is done with it can work on 16 bits, and is brought to 8 bits once, with dithering, so
//! that smooth gradients do not become bands.

use super::convert::convert;
use super::{Deep, Image, Pixels, Representation, Size};

/// A sample of 8 or 16 bits. Kernels for both measure in levels, which go from 0 to 255.
pub trait Sample: Copy + Default + Ord + std::fmt::Debug + 'static {
    /// The largest sample.
    const MOST: Self;
    /// How many samples there are.
    const COUNT: usize;
    /// Samples from one level to the next.
    const STEPS: u32;

    /// From 0 to [`COUNT`](Self::COUNT) − 1.
    fn index(self) -> usize;
    /// The sample of an index, which must be one.
    fn of_index(index: usize) -> Self;

    /// From 0 to 255.
    fn level(self) -> f32 {
        self.number() / Self::STEPS as f32
    }

    /// The nearest sample, half rounded up; what is outside is clamped.
    fn of_level(level: f32) -> Self {
        Self::of_number(level * Self::STEPS as f32)
    }

    /// The same for a number of double precision.
    fn of_exact_level(level: f64) -> Self {
        // The cast saturates.
        Self::of_index(((level * f64::from(Self::STEPS) + 0.5) as usize).min(Self::COUNT - 1))
    }

    /// The exact level of this index.
    fn exact_level(index: usize) -> f64 {
        index as f64 / f64::from(Self::STEPS)
    }

    /// From 0 to 1.
    fn share(self) -> f32 {
        self.level() / 255.0
    }

    /// From a level of 8 bits.
    fn of_byte(byte: u8) -> Self {
        Self::of_index(usize::from(byte) * Self::STEPS as usize)
    }

    /// The index as a number.
    fn number(self) -> f32;
    /// The sample of the nearest index, half rounded up; what is outside is clamped.
    fn of_number(number: f32) -> Self;

    /// This sample times the share that another stands for, rounded to nearest.
    fn times(self, share: Self) -> Self {
        let most = Self::MOST.index() as u64;
        Self::of_index(((self.index() as u64 * share.index() as u64 + most / 2) / most) as usize)
    }

    /// The opposite sample.
    fn inverse(self) -> Self {
        Self::of_index(Self::COUNT - 1 - self.index())
    }

    /// The samples of an interleaved picture of this depth, and how many a pixel has.
    fn interleaved(pixels: &Pixels) -> Option<(&[Self], usize)>;
    /// The same, to be changed.
    fn interleaved_mut(pixels: &mut Pixels) -> Option<(&mut [Self], usize)>;
    /// Samples as gray if a pixel has one channel, RGB if it has three, otherwise RGBA.
    fn pixels(samples: Vec<Self>, channels: usize) -> Pixels;
}

impl Sample for u8 {
    const MOST: Self = Self::MAX;
    const COUNT: usize = 1 << 8;
    const STEPS: u32 = 1;

    fn index(self) -> usize {
        usize::from(self)
    }

    fn of_index(index: usize) -> Self {
        index as Self
    }

    fn number(self) -> f32 {
        f32::from(self)
    }

    fn of_number(number: f32) -> Self {
        // The cast saturates.
        (number + 0.5) as Self
    }

    fn times(self, share: Self) -> Self {
        ((u32::from(self) * u32::from(share) + 127) / 255) as Self
    }

    fn interleaved(pixels: &Pixels) -> Option<(&[Self], usize)> {
        match pixels {
            Pixels::Gray(samples) => Some((samples, 1)),
            Pixels::Rgb(samples) => Some((samples, 3)),
            Pixels::Rgba(samples) => Some((samples, 4)),
            Pixels::Ycc(_) | Pixels::Deep(_) => None,
        }
    }

    fn interleaved_mut(pixels: &mut Pixels) -> Option<(&mut [Self], usize)> {
        match pixels {
            Pixels::Gray(samples) => Some((samples, 1)),
            Pixels::Rgb(samples) => Some((samples, 3)),
            Pixels::Rgba(samples) => Some((samples, 4)),
            Pixels::Ycc(_) | Pixels::Deep(_) => None,
        }
    }

    fn pixels(samples: Vec<Self>, channels: usize) -> Pixels {
        match channels {
            1 => Pixels::Gray(samples),
            3 => Pixels::Rgb(samples),
            _ => Pixels::Rgba(samples),
        }
    }
}

impl Sample for u16 {
    const MOST: Self = Self::MAX;
    const COUNT: usize = 1 << 16;
    const STEPS: u32 = 257;

    fn index(self) -> usize {
        usize::from(self)
    }

    fn of_index(index: usize) -> Self {
        index as Self
    }

    fn number(self) -> f32 {
        f32::from(self)
    }

    fn of_number(number: f32) -> Self {
        // The cast saturates.
        (number + 0.5) as Self
    }

    fn interleaved(pixels: &Pixels) -> Option<(&[Self], usize)> {
        match pixels {
            Pixels::Deep(deep) => Some((deep.samples(), deep.channels())),
            _ => None,
        }
    }

    fn interleaved_mut(pixels: &mut Pixels) -> Option<(&mut [Self], usize)> {
        match pixels {
            Pixels::Deep(Deep::Gray(samples)) => Some((samples, 1)),
            Pixels::Deep(Deep::Rgb(samples)) => Some((samples, 3)),
            Pixels::Deep(Deep::Rgba(samples)) => Some((samples, 4)),
            _ => None,
        }
    }

    fn pixels(samples: Vec<Self>, channels: usize) -> Pixels {
        Pixels::Deep(match channels {
            1 => Deep::Gray(samples),
            3 => Deep::Rgb(samples),
            _ => Deep::Rgba(samples),
        })
    }
}

/// Calls a kernel that is generic over the depth of a picture, which is the first of its arguments.
macro_rules! by_depth {
    ($image:expr, $kernel:ident($($argument:expr),* $(,)?)) => {
        match $image.representation().is_deep() {
            true => $kernel::<u16>($($argument),*),
            false => $kernel::<u8>($($argument),*),
        }
    };
}
pub(crate) use by_depth;

/// A level as a sample of the type that is expected.
pub(crate) fn of_level<S: Sample>(level: f32) -> S {
    S::of_level(level)
}

/// A sample of 16 bits with 8: exactly round(sample · 255 / 65535), as libpng scales.
pub(crate) const fn rounded(sample: u16) -> u8 {
    ((sample as u32 * 255 + 32_895) >> 16) as u8
}

/// The picture with 8 bits a sample. What lies between two levels becomes either by its distance from them, so that areas keep
/// their mean: by a threshold for each pixel from the sequence R₂ (Martin Roberts, “The unreasonable effectiveness of
/// quasirandom sequences”, 2018), which has no clusters and no visible pattern. All colours of a pixel have the same threshold,
/// so that neutral ones stay neutral; alpha is rounded. A picture of 8 bits stays as it is.
pub fn narrowed(image: Image) -> Image {
    let Image { size, pixels: Pixels::Deep(deep), space } = image else { return image };
    let pixels = match &deep {
        Deep::Gray(samples) => {
            Pixels::Gray(dithered::<1>(samples, size, |[gray], threshold| [divided(gray, threshold)]))
        }
        Deep::Rgb(samples) => {
            Pixels::Rgb(dithered::<3>(samples, size, |rgb, threshold| rgb.map(|sample| divided(sample, threshold))))
        }
        Deep::Rgba(samples) => Pixels::Rgba(dithered::<4>(samples, size, |[r, g, b, a], threshold| {
            let [r, g, b] = [r, g, b].map(|sample| divided(sample, threshold));
            [r, g, b, rounded(a)]
        })),
    };
    Image { space, ..Image::new(size, pixels) }
}

/// A sample divided by 257, rounded up if more than the threshold is left.
fn divided(sample: u16, threshold: u16) -> u8 {
    (sample / 257 + u16::from(sample % 257 > threshold)) as u8
}

fn dithered<const N: usize>(samples: &[u16], size: Size, pixel: impl Fn([u16; N], u16) -> [u8; N]) -> Vec<u8> {
    // 2³² divided by the plastic number, and by its square.
    const ACROSS: u32 = 3_242_174_889;
    const DOWN: u32 = 2_447_445_414;
    let mut narrow = vec![0; samples.len()];
    let width = size.width as usize;
    let lines = narrow.as_chunks_mut::<N>().0.chunks_exact_mut(width).zip(samples.as_chunks().0.chunks_exact(width));
    for (y, (to, from)) in (0..size.height).zip(lines) {
        let mut place = y.wrapping_mul(DOWN);
        for (to, from) in to.iter_mut().zip(from) {
            place = place.wrapping_add(ACROSS);
            *to = pixel(*from, ((u64::from(place) * 257) >> 32) as u16);
        }
    }
    narrow
}

/// The picture with each sample rounded to 8 bits: for what only looks at it. A picture of 8 bits is only borrowed.
pub fn at_a_glance(image: &Image) -> std::borrow::Cow<'_, Image> {
    let Pixels::Deep(deep) = &image.pixels else { return std::borrow::Cow::Borrowed(image) };
    let samples = deep.samples().iter().map(|sample| rounded(*sample)).collect();
    let pixels = match deep {
        Deep::Gray(_) => Pixels::Gray(samples),
        Deep::Rgb(_) => Pixels::Rgb(samples),
        Deep::Rgba(_) => Pixels::Rgba(samples),
    };
    std::borrow::Cow::Owned(image.with(image.size, pixels))
}

/// The picture with 16 bits a sample; planes become RGB.
pub fn deepened(image: Image) -> Image {
    let image = if image.representation() == Representation::Ycc { convert(image, Representation::Rgb) } else { image };
    let wide = |samples: &[u8]| samples.iter().map(|sample| u16::from(*sample) * 257).collect();
    let deep = match &image.pixels {
        Pixels::Gray(samples) => Deep::Gray(wide(samples)),
        Pixels::Rgb(samples) => Deep::Rgb(wide(samples)),
        Pixels::Rgba(samples) => Deep::Rgba(wide(samples)),
        Pixels::Ycc(_) | Pixels::Deep(_) => return image,
    };
    image.with(image.size, Pixels::Deep(deep))
}

/// A picture that joins another, with the depth of that.
pub fn as_deep_as(image: Image, other: Representation) -> Image {
    if other.is_deep() { deepened(image) } else { narrowed(image) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_eight_bits_come_back_exactly() {
        let size = Size::new(256, 3);
        let samples: Vec<u8> = (0..3).flat_map(|_| 0..=255).collect();
        let image = Image::new(size, Pixels::Gray(samples));
        let deep = deepened(image.clone());
        assert_eq!(deep.representation(), Representation::Gray16);
        assert_eq!(narrowed(deep.clone()), image);
        assert_eq!(*at_a_glance(&deep), image);
        for index in 0..256 {
            let byte = index as u8;
            assert_eq!(u16::of_byte(byte), u16::of_level(byte.level()));
            assert_eq!(u16::of_byte(byte).level(), byte.level());
        }
        for sample in 0..=u16::MAX {
            assert_eq!(u16::of_level(sample.level()), sample);
        }
    }

    #[test]
    fn areas_keep_their_mean_and_neutral_pixels_their_hue() {
        let size = Size::new(64, 64);
        for sample in [1_u16, 100, 128, 129, 200, 256, 257 * 100 + 77, 65_534] {
            let deep = Image::new(size, Pixels::Deep(Deep::Rgba([sample; 4].repeat(64 * 64))));
            let Pixels::Rgba(narrow) = narrowed(deep).pixels else { panic!("RGBA") };
            let mut sum = 0.0;
            for [r, g, b, a] in narrow.as_chunks().0 {
                assert!(r == g && g == b && *a == rounded(sample), "{sample}: {r} {g} {b} {a}");
                assert!(f32::from(*r).max(sample.level()) - f32::from(*r).min(sample.level()) < 1.0);
                sum += f64::from(*r);
            }
            let mean = sum / (64.0 * 64.0);
            assert!((mean - f64::from(sample) / 257.0).abs() < 0.02, "{sample}: {mean}");
        }
    }

    #[test]
    fn no_small_part_of_a_smooth_gradient_is_far_from_its_mean() {
        let size = Size::new(512, 64);
        let ramp: Vec<u16> = (0..64).flat_map(|_| (0..512).map(|x| 20_000 + x * 3)).collect();
        let Pixels::Gray(narrow) = narrowed(Image::new(size, Pixels::Deep(Deep::Gray(ramp.clone())))).pixels else {
            panic!("gray")
        };
        for top in (0..64).step_by(8) {
            for left in (0..512).step_by(8) {
                let places = (0..64).map(|at| (top + at / 8) * 512 + left + at % 8);
                let (mut before, mut after) = (0.0, 0.0);
                for place in places {
                    before += f64::from(ramp[place]) / 257.0;
                    after += f64::from(narrow[place]);
                }
                assert!((before - after).abs() / 64.0 < 0.1, "{left} {top}: {before} {after}");
            }
        }
    }
}
