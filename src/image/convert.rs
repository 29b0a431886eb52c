//! Conversions between representations: full-range BT.601 as in JFIF, chroma upsampling, and compositing on a
//! background. Works on whole rows, so that the compiler can vectorise; knows nothing of files or actions.

use super::depth::{Sample, deepened, narrowed};
use super::{Deep, Image, Pixels, Plane, Representation, Size, Subsampling, Ycc, recolor};

/// Converts `image` to `to`; an image already in that representation is returned unchanged.
///
/// Chroma is upsampled with centred siting, exactly like the JPEG decoder's own ("fancy") upsampling, so that planar
/// and interleaved chains agree. Colour and alpha are never lost: see [`Representation::converts_to`]. Gray and RGB
/// become 4:4:4 when converted to planar. A gray profile, which cannot stay with colours, is applied: the result is sRGB.
/// From 16 bits to 8, samples are dithered (see [`narrowed`]).
///
/// # Panics
/// When the conversion would lose colour or alpha; a plan never requests that.
pub fn convert(image: Image, to: Representation) -> Image {
    if image.representation() == to {
        return image;
    }
    assert!(image.representation().converts_to(to), "{:?} → {to:?} would lose data", image.representation());
    match (image.representation().is_deep(), to.is_deep()) {
        (true, false) => return convert(narrowed(image), to),
        (false, true) => return convert(deepened(image), to),
        _ => {}
    }
    // Samples for a gray profile become others as soon as they stand for colours.
    let Image { size, pixels, space } = recolor::without_gray_profile(image);
    let pixels = match (pixels, to) {
        (Pixels::Gray(luma), Representation::Ycc) => Pixels::Ycc(Ycc {
            y: Plane { size, data: luma },
            cb: Plane::filled(size, 128),
            cr: Plane::filled(size, 128),
            subsampling: Subsampling::S444,
        }),
        (Pixels::Gray(luma), Representation::Rgb) => Pixels::Rgb(gray_to_interleaved::<_, 3>(&luma)),
        (Pixels::Gray(luma), _) => Pixels::Rgba(gray_to_interleaved::<_, 4>(&luma)),
        (Pixels::Ycc(ycc), Representation::Rgb) => Pixels::Rgb(ycc_to_interleaved::<3>(&ycc)),
        (Pixels::Ycc(ycc), _) => Pixels::Rgba(ycc_to_interleaved::<4>(&ycc)),
        (Pixels::Rgb(rgb), Representation::Ycc) => Pixels::Ycc(rgb_to_ycc(&rgb, size)),
        (Pixels::Rgb(rgb), _) => Pixels::Rgba(add_opaque_alpha(&rgb)),
        (Pixels::Deep(deep), _) => Pixels::Deep(match (deep, to) {
            (Deep::Gray(luma), Representation::Rgb16) => Deep::Rgb(gray_to_interleaved::<_, 3>(&luma)),
            (Deep::Gray(luma), _) => Deep::Rgba(gray_to_interleaved::<_, 4>(&luma)),
            (Deep::Rgb(rgb), _) => Deep::Rgba(add_opaque_alpha(&rgb)),
            (rgba @ Deep::Rgba(_), _) => rgba,
        }),
        (pixels @ Pixels::Rgba(_), _) => pixels,
    };
    Image { space, ..Image::new(size, pixels) }
}

/// Brings the chroma of a planar picture to full size, with the same upsampling as [`convert`].
pub fn full_chroma(ycc: Ycc) -> Ycc {
    if ycc.subsampling == Subsampling::S444 {
        return ycc;
    }
    let Ycc { y, cb, cr, subsampling } = ycc;
    let size = y.size;
    Ycc {
        cb: upsample(&cb, subsampling, size),
        cr: upsample(&cr, subsampling, size),
        y,
        subsampling: Subsampling::S444,
    }
}

/// Halves the chroma of a 4:4:4 picture in both directions: the mean of four samples, rounded to nearest, which is
/// centred siting. Edges are replicated.
pub fn half_chroma(ycc: Ycc) -> Ycc {
    debug_assert_eq!(ycc.subsampling, Subsampling::S444);
    Ycc { cb: halved(&ycc.cb), cr: halved(&ycc.cr), y: ycc.y, subsampling: Subsampling::S420 }
}

fn halved(plane: &Plane) -> Plane {
    let size = Subsampling::S420.chroma_size(plane.size);
    let mut data = Vec::with_capacity(size.pixels() as usize);
    for y in 0..size.height {
        let (upper, lower) = (plane.row(2 * y), plane.row((2 * y + 1).min(plane.size.height - 1)));
        let (pairs, rest) = upper.as_chunks::<2>();
        let below = lower.as_chunks::<2>().0;
        data.extend(
            pairs
                .iter()
                .zip(below)
                .map(|(a, b)| ((u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]) + 2) / 4) as u8),
        );
        if let ([above], Some(&below)) = (rest, lower.last()) {
            data.push((u16::from(*above) + u16::from(below)).div_ceil(2) as u8);
        }
    }
    Plane { size, data }
}

/// Composites a picture with alpha on an opaque background of its own space: straight alpha, encoded values, rounded to
/// nearest. A picture without alpha is returned unchanged.
pub fn composite(image: Image, background: [u8; 3]) -> Image {
    let pixels = match &image.pixels {
        Pixels::Rgba(rgba) => Pixels::Rgb(on_background(rgba, background)),
        Pixels::Deep(Deep::Rgba(rgba)) => Pixels::Deep(Deep::Rgb(on_background(rgba, background.map(u16::of_byte)))),
        _ => return image,
    };
    image.with(image.size, pixels)
}

fn on_background<S: Sample>(rgba: &[S], background: [S; 3]) -> Vec<S> {
    let most = S::MOST.index() as u64;
    let mut rgb = vec![S::default(); rgba.len() / 4 * 3];
    for (out, pixel) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(rgba.as_chunks::<4>().0) {
        let alpha = pixel[3].index() as u64;
        for channel in 0..3 {
            let sum = pixel[channel].index() as u64 * alpha + background[channel].index() as u64 * (most - alpha);
            out[channel] = S::of_index(((sum + most / 2) / most) as usize);
        }
    }
    rgb
}

/// Whether every pixel of straight RGBA is opaque.
pub(crate) fn is_opaque<S: Sample + std::ops::BitAnd<Output = S>>(rgba: &[S]) -> bool {
    // Whole blocks at a time: the inner fold has no branch and is vectorised.
    rgba.chunks(4096).all(|block| block.as_chunks::<4>().0.iter().fold(S::MOST, |all, pixel| all & pixel[3]) == S::MOST)
}

/// Whether any pixel of a picture is not opaque.
pub(crate) fn has_transparency(image: &Image) -> bool {
    match &image.pixels {
        Pixels::Rgba(rgba) => !is_opaque(rgba),
        Pixels::Deep(Deep::Rgba(rgba)) => !is_opaque(rgba),
        _ => false,
    }
}

/// Drops the alpha of straight RGBA; hidden colours become visible.
pub(crate) fn drop_alpha<S: Sample>(rgba: &[S]) -> Vec<S> {
    let mut rgb = vec![S::default(); rgba.len() / 4 * 3];
    for (out, pixel) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(rgba.as_chunks::<4>().0) {
        *out = [pixel[0], pixel[1], pixel[2]];
    }
    rgb
}

/// The picture without alpha if nothing is transparent.
pub(crate) fn without_opaque_alpha(image: Image) -> Image {
    let pixels = match &image.pixels {
        Pixels::Rgba(samples) if is_opaque(samples) => Pixels::Rgb(drop_alpha(samples)),
        Pixels::Deep(Deep::Rgba(samples)) if is_opaque(samples) => Pixels::Deep(Deep::Rgb(drop_alpha(samples))),
        _ => return image,
    };
    image.with(image.size, pixels)
}

fn gray_to_interleaved<S: Sample, const CHANNELS: usize>(luma: &[S]) -> Vec<S> {
    let mut out = vec![S::MOST; luma.len() * CHANNELS];
    for (pixel, &value) in out.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(luma) {
        pixel[0] = value;
        pixel[1] = value;
        pixel[2] = value;
    }
    out
}

fn add_opaque_alpha<S: Sample>(rgb: &[S]) -> Vec<S> {
    let mut out = vec![S::default(); rgb.len() / 3 * 4];
    for (pixel, &[red, green, blue]) in out.as_chunks_mut::<4>().0.iter_mut().zip(rgb.as_chunks::<3>().0) {
        *pixel = [red, green, blue, S::MOST];
    }
    out
}

/// libjpeg's fixed point: 16 fractional bits (jccolor.c, jdcolor.c).
const fn fix(value: f64) -> i32 {
    (value * 65536.0 + 0.5) as i32
}

fn rgb_to_ycc(rgb: &[u8], size: Size) -> Ycc {
    const HALF: i32 = 1 << 15;
    // libjpeg subtracts one, so that blue and red reach 255 and not 256.
    const CHROMA_OFFSET: i32 = (128 << 16) + HALF - 1;
    let mut planes = [0, 1, 2].map(|_| Plane::filled(size, 0));
    let [y, cb, cr] = &mut planes;
    let samples = y.data.iter_mut().zip(&mut cb.data).zip(&mut cr.data);
    for (((y, cb), cr), pixel) in samples.zip(rgb.as_chunks::<3>().0) {
        let [red, green, blue] = pixel.map(i32::from);
        *y = ((fix(0.299) * red + fix(0.587) * green + fix(0.114) * blue + HALF) >> 16) as u8;
        *cb = ((-fix(0.168_735_892) * red - fix(0.331_264_108) * green + HALF * blue + CHROMA_OFFSET) >> 16) as u8;
        *cr = ((HALF * red - fix(0.418_687_589) * green - fix(0.081_312_411) * blue + CHROMA_OFFSET) >> 16) as u8;
    }
    let [y, cb, cr] = planes;
    Ycc { y, cb, cr, subsampling: Subsampling::S444 }
}

fn ycc_to_interleaved<const CHANNELS: usize>(ycc: &Ycc) -> Vec<u8> {
    let size = ycc.y.size;
    let width = size.width as usize;
    let mut out = vec![255; size.pixels() as usize * CHANNELS];
    let mut cb = Upsampler::new(&ycc.cb, ycc.subsampling, size);
    let mut cr = Upsampler::new(&ycc.cr, ycc.subsampling, size);
    for (row, y) in out.chunks_exact_mut(width * CHANNELS).zip(0..) {
        row_to_interleaved::<CHANNELS>(ycc.y.row(y), cb.row(y), cr.row(y), row);
    }
    out
}

/// Converts one row to R′G′B′ with libjpeg's equations (jdcolor.c); a fourth channel stays unchanged.
fn row_to_interleaved<const CHANNELS: usize>(y: &[u8], cb: &[u8], cr: &[u8], out: &mut [u8]) {
    const HALF: i32 = 1 << 15;
    for (((pixel, &y), &cb), &cr) in out.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(y).zip(cb).zip(cr) {
        let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
        pixel[0] = (y + ((fix(1.402) * cr + HALF) >> 16)).clamp(0, 255) as u8;
        pixel[1] = (y + ((-fix(0.344_14) * cb - fix(0.714_14) * cr + HALF) >> 16)).clamp(0, 255) as u8;
        pixel[2] = (y + ((fix(1.772) * cb + HALF) >> 16)).clamp(0, 255) as u8;
    }
}

/// Brings a plane that is subsampled by 1, 2 or 4 in either direction to a picture's size, with the same upsampling as
/// [`convert`].
pub(crate) fn upsample(plane: &Plane, subsampling: Subsampling, size: Size) -> Plane {
    let mut full = Plane::filled(size, 0);
    let mut rows = Upsampler::new(plane, subsampling, size);
    for (row, y) in full.data.chunks_exact_mut(size.width as usize).zip(0..) {
        row.copy_from_slice(rows.row(y));
    }
    full
}

/// Produces the rows of a chroma plane at luma size: linear interpolation with centred siting, edges replicated.
///
/// For ratios up to 2 this is libjpeg's triangle filter with its rounding (jdsample.c). For ratio 4, and for pictures
/// of at most four columns, where libjpeg replicates, the same filter is used.
struct Upsampler<'a> {
    plane: &'a Plane,
    subsampling: Subsampling,
    width: usize,
    /// The vertically blended row with one replicated sample on either side.
    blended: Vec<u16>,
    /// The row at luma width, rounded up to whole chroma samples.
    row: Vec<u8>,
}

/// The offset of the neighbour nearest to the sample at `phase` of `factor` (−1, 0, 1), and the weights of the sample
/// itself and that neighbour; they sum to 1, 4 or 8.
pub(super) const fn interpolation(factor: u8, phase: usize) -> (i64, [u16; 2]) {
    match (factor, phase) {
        (2, 0) => (-1, [3, 1]),
        (2, _) => (1, [3, 1]),
        (4, 0) => (-1, [5, 3]),
        (4, 1) => (-1, [7, 1]),
        (4, 2) => (1, [7, 1]),
        (4, _) => (1, [5, 3]),
        _ => (0, [1, 0]),
    }
}

impl<'a> Upsampler<'a> {
    fn new(plane: &'a Plane, subsampling: Subsampling, size: Size) -> Self {
        let columns = plane.size.width as usize;
        Self {
            plane,
            subsampling,
            width: size.width as usize,
            blended: vec![0; columns + 2],
            row: vec![0; columns * subsampling.h as usize],
        }
    }

    fn row(&mut self, y: u32) -> &[u8] {
        let Subsampling { h, v } = self.subsampling;
        let own = y / u32::from(v);
        let phase = (y % u32::from(v)) as usize;
        if (h, v) == (1, 1) {
            return self.plane.row(own);
        }

        let (lean, [weight, near_weight]) = interpolation(v, phase);
        let near = (i64::from(own) + lean).clamp(0, i64::from(self.plane.size.height) - 1) as u32;
        let columns = self.plane.size.width as usize;
        for ((sum, &own), &near) in
            self.blended[1..=columns].iter_mut().zip(self.plane.row(own)).zip(self.plane.row(near))
        {
            *sum = u16::from(own) * weight + u16::from(near) * near_weight;
        }
        self.blended[0] = self.blended[1];
        self.blended[columns + 1] = self.blended[columns];

        let shift =
            interpolation(h, 0).1.iter().sum::<u16>().ilog2() + interpolation(v, 0).1.iter().sum::<u16>().ilog2();
        match h {
            1 => {
                // libjpeg's h1v2: the upper row rounds down in a tie, the lower one up.
                let bias = if v == 2 { [1, 2][phase] } else { 1 << (shift - 1) };
                for (out, &sum) in self.row.iter_mut().zip(&self.blended[1..]) {
                    *out = ((sum + bias) >> shift) as u8;
                }
            }
            2 => {
                // libjpeg's alternating bias, so that ties do not drift one way.
                let bias = match v {
                    1 => [1, 2],
                    2 => [8, 7],
                    _ => [1 << (shift - 1); 2],
                };
                spread_double(&self.blended, bias, shift, &mut self.row);
            }
            _ => spread_fourfold(&self.blended, shift, &mut self.row),
        }
        &self.row[..self.width]
    }
}

fn spread_double(blended: &[u16], bias: [u16; 2], shift: u32, row: &mut [u8]) {
    let columns = blended.len() - 2;
    let (before, own, after) = (&blended[..columns], &blended[1..=columns], &blended[2..]);
    for (((out, &before), &own), &after) in row.as_chunks_mut::<2>().0.iter_mut().zip(before).zip(own).zip(after) {
        *out = [((own * 3 + before + bias[0]) >> shift) as u8, ((own * 3 + after + bias[1]) >> shift) as u8];
    }
}

fn spread_fourfold(blended: &[u16], shift: u32, row: &mut [u8]) {
    let half = 1 << (shift - 1);
    for (out, window) in row.as_chunks_mut::<4>().0.iter_mut().zip(blended.windows(3)) {
        for (phase, out) in out.iter_mut().enumerate() {
            let (lean, [weight, near_weight]) = interpolation(4, phase);
            let near = window[(1 + lean) as usize];
            *out = ((window[1] * weight + near * near_weight + half) >> shift) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Position-based oracle: linear interpolation of the chroma grid at the luma sample's centre, in floating point.
    fn interpolated(plane: &Plane, subsampling: Subsampling, x: u32, y: u32) -> f64 {
        let split = |at: u32, factor: u8, length: u32| {
            let position = ((f64::from(at) + 0.5) / f64::from(factor) - 0.5).clamp(0.0, f64::from(length) - 1.0);
            let low = position.floor();
            (low as u32, (low as u32 + 1).min(length - 1), position - low)
        };
        let (left, right, across) = split(x, subsampling.h, plane.size.width);
        let (top, bottom, down) = split(y, subsampling.v, plane.size.height);
        let sample = |x: u32, y: u32| f64::from(plane.row(y)[x as usize]);
        let upper = sample(left, top) * (1.0 - across) + sample(right, top) * across;
        let lower = sample(left, bottom) * (1.0 - across) + sample(right, bottom) * across;
        upper * (1.0 - down) + lower * down
    }

    fn noise(length: usize, seed: u32) -> Vec<u8> {
        let mut state = seed;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect()
    }

    fn noisy_ycc(size: Size, subsampling: Subsampling) -> Ycc {
        let plane = |size: Size, seed| Plane { size, data: noise(size.pixels() as usize, seed) };
        let chroma = subsampling.chroma_size(size);
        Ycc { y: plane(size, 1), cb: plane(chroma, 2), cr: plane(chroma, 3), subsampling }
    }

    #[test]
    fn chroma_upsampling_is_linear_with_centred_siting_for_every_ratio_and_odd_sizes() {
        for (h, v) in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2), (2, 4), (4, 4)] {
            for size in [Size::new(1, 1), Size::new(2, 3), Size::new(5, 1), Size::new(17, 13), Size::new(32, 16)] {
                let subsampling = Subsampling { h, v };
                let ycc = noisy_ycc(size, subsampling);
                let full = full_chroma(ycc.clone());
                assert_eq!(full.subsampling, Subsampling::S444);
                for y in 0..size.height {
                    for x in 0..size.width {
                        let expected = interpolated(&ycc.cb, subsampling, x, y);
                        let got = f64::from(full.cb.row(y)[x as usize]);
                        // Half a unit is rounding; the alternating bias of libjpeg adds a quarter.
                        assert!((got - expected).abs() <= 0.75, "{h}x{v} {size:?} ({x}, {y}): {got} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn two_by_two_upsampling_rounds_as_libjpeg_does() {
        // By hand from jdsample.c, h2v2_fancy_upsample: column sums 3·own + near, then (3·sum + near sum + 8 or 7) / 16.
        let plane = Plane { size: Size::new(2, 2), data: vec![10, 21, 30, 40] };
        let full = upsample(&plane, Subsampling::S420, Size::new(4, 4));
        assert_eq!(full.row(0), [10, 13, 18, 21], "first row: near row is itself");
        // Row 1: sums 3·10+30 = 60 and 3·21+40 = 103.
        let by_hand = [60 * 4 + 8, 60 * 3 + 103 + 7, 103 * 3 + 60 + 8, 103 * 4 + 7].map(|sum: u16| (sum / 16) as u8);
        assert_eq!(full.row(1), by_hand);
    }

    #[test]
    fn planar_to_rgb_follows_bt_601_full_range() {
        for y in (0..=255).step_by(15) {
            for cb in (0..=255).step_by(15) {
                for cr in (0..=255).step_by(15) {
                    let size = Size::new(1, 1);
                    let plane = |value| Plane::filled(size, value);
                    let ycc = Ycc { y: plane(y), cb: plane(cb), cr: plane(cr), subsampling: Subsampling::S444 };
                    let image = convert(Image::new(size, Pixels::Ycc(ycc)), Representation::Rgb);
                    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
                    let expected = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
                    let Pixels::Rgb(rgb) = image.pixels else { panic!("not RGB") };
                    for (got, expected) in rgb.iter().zip(expected) {
                        assert!((f64::from(*got) - expected.clamp(0.0, 255.0)).abs() <= 0.51, "{got} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn rgb_to_planar_follows_bt_601_full_range() {
        let rgb = noise(300, 7);
        let size = Size::new(10, 10);
        let image = convert(Image::new(size, Pixels::Rgb(rgb.clone())), Representation::Ycc);
        let Pixels::Ycc(ycc) = image.pixels else { panic!("not planar") };
        assert_eq!(ycc.subsampling, Subsampling::S444);
        for (index, pixel) in rgb.chunks(3).enumerate() {
            let [red, green, blue] = [0, 1, 2].map(|channel| f64::from(pixel[channel]));
            let expected = [
                0.299 * red + 0.587 * green + 0.114 * blue,
                128.0 - 0.168_736 * red - 0.331_264 * green + 0.5 * blue,
                128.0 + 0.5 * red - 0.418_688 * green - 0.081_312 * blue,
            ];
            for (plane, expected) in [&ycc.y, &ycc.cb, &ycc.cr].into_iter().zip(expected) {
                assert!((f64::from(plane.data[index]) - expected).abs() <= 0.51);
            }
        }
    }

    #[test]
    fn primaries_stay_in_range() {
        let size = Size::new(4, 1);
        let rgb = vec![255, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0];
        let image = convert(Image::new(size, Pixels::Rgb(rgb.clone())), Representation::Ycc);
        let Pixels::Ycc(ycc) = &image.pixels else { panic!("not planar") };
        assert_eq!(ycc.cr.data[0], 255);
        assert_eq!(ycc.cb.data[1], 255);
        let Pixels::Rgb(back) = convert(image, Representation::Rgb).pixels else { panic!("not RGB") };
        assert!(rgb.iter().zip(&back).all(|(a, b)| a.abs_diff(*b) <= 1), "{back:?}");
    }

    #[test]
    fn gray_becomes_neutral_everywhere() {
        let size = Size::new(3, 1);
        let gray = Image::new(size, Pixels::Gray(vec![0, 128, 255]));
        let rgb = convert(gray.clone(), Representation::Rgb);
        assert_eq!(rgb.pixels, Pixels::Rgb(vec![0, 0, 0, 128, 128, 128, 255, 255, 255]));
        let ycc = convert(gray.clone(), Representation::Ycc);
        assert_eq!(convert(ycc, Representation::Rgb), rgb);
        let rgba = convert(gray, Representation::Rgba);
        assert_eq!(rgba.pixels, Pixels::Rgba(vec![0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]));
        assert_eq!(convert(rgb, Representation::Rgba), rgba);
    }

    #[test]
    #[should_panic(expected = "would lose data")]
    fn alpha_is_never_dropped_silently() {
        convert(Image::new(Size::new(1, 1), Pixels::Rgba(vec![1, 2, 3, 4])), Representation::Rgb);
    }

    #[test]
    fn compositing_rounds_to_nearest_for_every_alpha() {
        for alpha in 0..=255u8 {
            for (value, background) in [(0u8, 255u8), (255, 0), (200, 10), (17, 18)] {
                let image = Image::new(Size::new(1, 1), Pixels::Rgba(vec![value, value, value, alpha]));
                let Pixels::Rgb(rgb) = composite(image, [background; 3]).pixels else { panic!("alpha is left") };
                let share = f64::from(alpha) / 255.0;
                let expected = f64::from(value) * share + f64::from(background) * (1.0 - share);
                assert_eq!(f64::from(rgb[0]), expected.round(), "{value} on {background} at {alpha}");
            }
        }
    }

    #[test]
    fn opacity_is_found_in_any_pixel() {
        let mut rgba = vec![255_u8; 4 * 3000];
        assert!(is_opaque(&rgba));
        rgba[4 * 2999 + 3] = 254;
        assert!(!is_opaque(&rgba));
        assert_eq!(drop_alpha(&[1_u8, 2, 3, 4, 5, 6, 7, 8]), [1, 2, 3, 5, 6, 7]);
    }
}
