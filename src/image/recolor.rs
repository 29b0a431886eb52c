//! Pictures from one colour space to another.

use super::convert::convert;
use super::{Deep, Image, Pixels, Representation};
use crate::color::{ColorSpace, Model, Neutrals, Rendering, Transform};

/// Converts the colours of a picture to another space; a planar picture becomes RGB, a gray one only if `to` has colours of
/// its own. Alpha is kept. A picture that is in the space already stays as it is.
///
/// A space that cannot [receive](ColorSpace::receives) the colours leaves the picture as it is.
pub fn recolor(image: Image, to: &ColorSpace) -> Image {
    recolor_by(image, to, Rendering::USUAL)
}

/// The same with a rendering; gray stays relative.
pub fn recolor_by(image: Image, to: &ColorSpace, rendering: Rendering) -> Image {
    let is_for_gray = to.model() == Some(Model::Gray) && !to.is_srgb();
    if image.space == *to || !to.receives() || (is_for_gray && !image.representation().is_gray()) {
        return image;
    }
    let mut image = match (&image.pixels, to.model()) {
        (Pixels::Gray(_), Some(Model::Rgb)) if !to.is_srgb() => convert(image, Representation::Rgb),
        (Pixels::Deep(Deep::Gray(_)), Some(Model::Rgb)) if !to.is_srgb() => convert(image, Representation::Rgb16),
        (Pixels::Ycc(_), _) => convert(image, Representation::Rgb),
        _ => image,
    };
    match &mut image.pixels {
        Pixels::Gray(samples) => {
            if let Some(neutrals) = Neutrals::between(&image.space, to) {
                neutrals.apply(samples);
            }
        }
        Pixels::Rgb(samples) => Transform::by(&image.space, to, rendering).apply(samples.as_chunks_mut::<3>().0),
        Pixels::Rgba(samples) => Transform::by(&image.space, to, rendering).apply(samples.as_chunks_mut::<4>().0),
        Pixels::Deep(Deep::Gray(samples)) => {
            if let Some(neutrals) = Neutrals::between(&image.space, to) {
                by_table(samples, &neutrals.deep());
            }
        }
        Pixels::Deep(Deep::Rgb(samples)) => {
            Transform::by(&image.space, to, rendering).apply_deep(samples.as_chunks_mut::<3>().0);
        }
        Pixels::Deep(Deep::Rgba(samples)) => {
            Transform::by(&image.space, to, rendering).apply_deep(samples.as_chunks_mut::<4>().0);
        }
        Pixels::Ycc(_) => unreachable!("converted above"),
    }
    image.space = to.clone();
    image
}

fn by_table(samples: &mut [u16], table: &[u16]) {
    samples.iter_mut().for_each(|sample| *sample = table[usize::from(*sample)]);
}

/// Makes samples and profile agree: gray samples of an RGB space get a gray profile that means the same, or become sRGB;
/// a gray profile on colours is applied.
pub fn matched(mut image: Image) -> Image {
    match (&mut image.pixels, image.space.model()) {
        (Pixels::Gray(samples), Some(Model::Rgb)) => {
            let gray = image.space.gray().unwrap_or_else(|| {
                if let Some(neutrals) = Neutrals::between(&image.space, &ColorSpace::SRGB) {
                    neutrals.apply(samples);
                }
                ColorSpace::SRGB
            });
            image.space = gray;
        }
        (Pixels::Deep(Deep::Gray(samples)), Some(Model::Rgb)) => {
            let gray = image.space.gray().unwrap_or_else(|| {
                if let Some(neutrals) = Neutrals::between(&image.space, &ColorSpace::SRGB) {
                    by_table(samples, &neutrals.deep());
                }
                ColorSpace::SRGB
            });
            image.space = gray;
        }
        // No picture has inks in memory.
        (_, Some(Model::Cmyk)) => image.space = ColorSpace::SRGB,
        (Pixels::Gray(_) | Pixels::Deep(Deep::Gray(_)), _) => {}
        (_, Some(Model::Gray)) => return without_gray_profile(image),
        _ => {}
    }
    image
}

/// Applies a gray profile, if the picture has one: the result is sRGB.
pub(super) fn without_gray_profile(mut image: Image) -> Image {
    if image.space.model() != Some(Model::Gray) {
        return image;
    }
    if let Some(neutrals) = Neutrals::between(&image.space, &ColorSpace::SRGB).filter(|_| !image.space.is_srgb()) {
        image.space = ColorSpace::SRGB;
        if image.representation() == Representation::Ycc {
            image = convert(image, Representation::Rgb);
        }
        match &mut image.pixels {
            Pixels::Gray(samples) | Pixels::Rgb(samples) => neutrals.apply(samples),
            Pixels::Rgba(samples) => {
                for [colors @ .., _] in samples.as_chunks_mut::<4>().0 {
                    neutrals.apply(colors);
                }
            }
            Pixels::Deep(Deep::Gray(samples) | Deep::Rgb(samples)) => by_table(samples, &neutrals.deep()),
            Pixels::Deep(Deep::Rgba(samples)) => {
                let table = neutrals.deep();
                for [colors @ .., _] in samples.as_chunks_mut::<4>().0 {
                    by_table(colors, &table);
                }
            }
            Pixels::Ycc(_) => unreachable!("converted above"),
        }
    }
    image.space = ColorSpace::SRGB;
    image
}

/// Prepares a picture for colours from elsewhere, which are then converted into its space: some spaces cannot receive any,
/// and become sRGB.
pub fn receptive(image: Image) -> Image {
    if image.space.receives() { image } else { recolor(image, &ColorSpace::SRGB) }
}

/// An sRGB colour in the space of a picture, and the gray of it for a gray picture.
pub fn color_for(image: &Image, srgb: [u8; 3]) -> [u8; 3] {
    if image.space.is_srgb() {
        return srgb;
    }
    match &image.pixels {
        Pixels::Gray(_) | Pixels::Deep(Deep::Gray(_)) => {
            let neutrals = Neutrals::between(&ColorSpace::SRGB, &image.space);
            srgb.map(|value| neutrals.as_ref().map_or(value, |neutrals| neutrals.at(value)))
        }
        _ => image.space.color(srgb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::{Primaries, Transfer};
    use crate::image::{Plane, Size, Subsampling, Ycc};

    fn gray_profile() -> ColorSpace {
        let dark = ColorSpace::described("dark", &Primaries::SRGB, Transfer::Gamma(1.0)).expect("sound");
        dark.gray().expect("one curve")
    }

    fn of(pixels: Pixels, space: ColorSpace) -> Image {
        Image { space, ..Image::new(Size::new(2, 1), pixels) }
    }

    #[test]
    fn colours_keep_their_look_and_alpha_its_value() {
        // By littleCMS.
        let image = of(Pixels::Rgba(vec![0, 255, 0, 9, 255, 255, 255, 0]), ColorSpace::SRGB);
        let adobe = recolor(image.clone(), &ColorSpace::adobe_rgb());
        assert_eq!(adobe.pixels, Pixels::Rgba(vec![144, 255, 60, 9, 255, 255, 255, 0]));
        // Rounded on the way.
        assert_eq!(recolor(adobe, &ColorSpace::SRGB).pixels, Pixels::Rgba(vec![0, 255, 1, 9, 255, 255, 255, 0]));
    }

    #[test]
    fn a_picture_in_the_space_already_is_not_touched() {
        let plane = |size| Plane::filled(size, 100);
        let (size, chroma) = (Size::new(2, 1), Size::new(1, 1));
        let ycc = Ycc { y: plane(size), cb: plane(chroma), cr: plane(chroma), subsampling: Subsampling::S420 };
        let image = of(Pixels::Ycc(ycc), ColorSpace::srgb_with_profile(false));
        let same = recolor(image.clone(), &ColorSpace::SRGB);
        assert_eq!(same.pixels, image.pixels);
        assert_eq!(same.space.icc(), image.space.icc());
        let other = recolor(image, &ColorSpace::adobe_rgb());
        assert_eq!((other.representation(), other.space), (Representation::Rgb, ColorSpace::adobe_rgb()));
    }

    #[test]
    fn a_gray_profile_goes_with_gray_samples_only() {
        // Linear: half the light is 188 in sRGB.
        let image = of(Pixels::Gray(vec![128, 255]), gray_profile());
        let rgb = convert(image.clone(), Representation::Rgb);
        assert_eq!((rgb.pixels, rgb.space.icc()), (Pixels::Rgb(vec![188, 188, 188, 255, 255, 255]), None));
        let rgba = matched(of(Pixels::Rgba(vec![128, 128, 128, 7, 255, 255, 255, 8]), gray_profile()));
        assert_eq!((rgba.pixels, rgba.space.icc()), (Pixels::Rgba(vec![188, 188, 188, 7, 255, 255, 255, 8]), None));
        assert_eq!(recolor(image.clone(), &ColorSpace::SRGB).pixels, Pixels::Gray(vec![188, 255]));
        assert_eq!(color_for(&image, [188; 3]), [128; 3]);
        assert_eq!(matched(image.clone()), image);
    }

    #[test]
    fn gray_samples_of_an_rgb_space_get_its_curve() {
        let image = matched(of(Pixels::Gray(vec![50, 200]), ColorSpace::adobe_rgb()));
        assert_eq!((image.space.model(), &image.pixels), (Some(Model::Gray), &Pixels::Gray(vec![50, 200])));
        let shown = convert(image, Representation::Rgb).pixels;
        let equal = of(Pixels::Rgb(vec![50, 50, 50, 200, 200, 200]), ColorSpace::adobe_rgb());
        assert_eq!(shown, recolor(equal, &ColorSpace::SRGB).pixels);
        let tagged = matched(of(Pixels::Gray(vec![50, 200]), ColorSpace::srgb_with_profile(false)));
        assert_eq!((tagged.space.icc(), tagged.pixels), (None, Pixels::Gray(vec![50, 200])));
    }
}
