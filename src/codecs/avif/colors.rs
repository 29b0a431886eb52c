//! From planes of luma and chroma to colours, as ITU-T H.273 says. Chroma lies in the middle of the pixels that it is for, and is
//! interpolated between.

use super::planes::Planes;
use crate::codecs::Problem;
use crate::codecs::heif::Description;
use crate::codecs::samples::stretched;
use crate::color::ToneMap;
use crate::image::depth::Sample;

/// How a picture's samples become colours.
pub(super) struct Colors {
    coding: Coding,
    /// What is subtracted from luma, and by what it is multiplied then, so that it is from 0 to 1.
    luma: (f32, f32),
    /// The same for chroma, which is from -0.5 to 0.5.
    chroma: (f32, f32),
    tone_map: Option<ToneMap>,
}

#[derive(Clone, Copy)]
enum Coding {
    /// Green, blue and red.
    Colors,
    /// Lightness, and differences to red and blue: the shares of red and blue in it.
    Differences(f32, f32),
    /// Lightness, orange and green.
    Green,
}

impl Colors {
    pub(super) fn new(planes: &Planes, description: Option<Description>, is_hdr: bool) -> Result<Self, Problem> {
        let report = planes.report;
        let said = description.map(|said| (said.matrix, said.is_full));
        let (matrix, is_full) = said.unwrap_or((report.matrix, report.is_full));
        let coding = match matrix {
            0 => Coding::Colors,
            1 | 12 => Coding::Differences(0.2126, 0.0722),
            // What is not said is taken for the most usual.
            2 | 5 | 6 => Coding::Differences(0.299, 0.114),
            4 => Coding::Differences(0.30, 0.11),
            7 => Coding::Differences(0.212, 0.087),
            8 => Coding::Green,
            9 | 10 | 13 => Coding::Differences(0.2627, 0.0593),
            _ => return Err(Problem::Unsupported("an AVIF picture with unusual colors")),
        };
        let most = ((1_u32 << report.bits) - 1) as f32;
        let step = (1_u32 << (report.bits - 8)) as f32;
        let (luma, chroma) = match is_full {
            true => ((0.0, 1.0 / most), (128.0 * step, 1.0 / most)),
            false => ((16.0 * step, 1.0 / (219.0 * step)), (128.0 * step, 1.0 / (224.0 * step))),
        };
        let tone_map = description.filter(|_| is_hdr).and_then(|said| said.tone_map());
        Ok(Self { coding, luma, chroma, tone_map })
    }

    /// Gray samples.
    pub(super) fn gray<S: Sample>(&self, planes: &Planes) -> Vec<S> {
        let sample = |sample: &u16| {
            let light = self.light(*sample);
            match &self.tone_map {
                Some(tone_map) => S::of_byte(tone_map.color([word(light); 3])[1]),
                None => nearest(light),
            }
        };
        planes.luma.iter().map(sample).collect()
    }

    fn light(&self, sample: u16) -> f32 {
        (f32::from(sample) - self.luma.0) * self.luma.1
    }

    /// Red, green and blue.
    pub(super) fn rgb<S: Sample>(&self, planes: &Planes) -> Vec<S> {
        let mut out = Vec::with_capacity(planes.luma.len() * 3);
        self.each(planes, |_, color| out.extend_from_slice(&color));
        out
    }

    /// Red, green, blue, and the luma of another picture as opacity.
    pub(super) fn rgba<S: Sample>(&self, planes: &Planes, opacity: &Planes) -> Vec<S> {
        let bits = opacity.report.bits;
        let (least, most) = match opacity.report.is_full {
            true => (0, (1_u32 << bits) - 1),
            false => (16 << (bits - 8), 219 << (bits - 8)),
        };
        let mut out = Vec::with_capacity(planes.luma.len() * 4);
        self.each(planes, |index, [red, green, blue]| {
            let alpha = stretched(u32::from(opacity.luma[index]).saturating_sub(least), most);
            out.extend_from_slice(&[red, green, blue, alpha]);
        });
        out
    }

    fn each<S: Sample>(&self, planes: &Planes, mut use_color: impl FnMut(usize, [S; 3])) {
        let width = planes.size.width as usize;
        let mut index = 0;
        let [mut one, mut two] = [vec![0.0; width], vec![0.0; width]];
        for (row, luma) in planes.luma.chunks_exact(width.max(1)).enumerate() {
            if let [first, second] = planes.chroma.as_slice() {
                self.chroma_row(planes, first, row, &mut one);
                self.chroma_row(planes, second, row, &mut two);
            }
            for ((sample, one), two) in luma.iter().zip(&one).zip(&two) {
                let color = self.color(self.light(*sample), *one, *two, planes.is_gray());
                let color = match &self.tone_map {
                    Some(tone_map) => tone_map.color(color.map(word)).map(S::of_byte),
                    None => color.map(nearest),
                };
                use_color(index, color);
                index += 1;
            }
        }
    }

    /// Red, green and blue from 0 to 1. Of planes that are colours, chroma has been scaled as luma is.
    fn color(&self, light: f32, one: f32, two: f32, is_gray: bool) -> [f32; 3] {
        match self.coding {
            _ if is_gray => [light; 3],
            Coding::Colors => [two, light, one],
            Coding::Differences(red, blue) => {
                let green = 1.0 - red - blue;
                let (to_red, to_blue) = (2.0 * (1.0 - red) * two, 2.0 * (1.0 - blue) * one);
                [light + to_red, light - (red * to_red + blue * to_blue) / green, light + to_blue]
            }
            Coding::Green => [light - one + two, light + one, light - one - two],
        }
    }

    /// A row of chroma for every pixel.
    fn chroma_row(&self, planes: &Planes, plane: &[u16], row: usize, out: &mut [f32]) {
        let [x, y] = planes.report.chroma.unwrap_or_default();
        let size = planes.chroma_size();
        let (width, height) = (size.width as usize, size.height as usize);
        let (offset, factor) = if matches!(self.coding, Coding::Colors) { self.luma } else { self.chroma };
        // The nearest row, and the next one, towards which the pixel lies.
        let near = (row >> y).min(height - 1);
        let far = match (y, row % 2) {
            (0, _) => near,
            (_, 0) => near.saturating_sub(1),
            _ => (near + 1).min(height - 1),
        };
        let (near, far) = (&plane[near * width..][..width], &plane[far * width..][..width]);
        let at = |column: usize| f32::from(near[column]) * 0.75 + f32::from(far[column]) * 0.25;
        for (column, out) in out.iter_mut().enumerate() {
            let near = (column >> x).min(width - 1);
            let value = match (x, column % 2) {
                (0, _) => at(near),
                (_, 0) => at(near) * 0.75 + at(near.saturating_sub(1)) * 0.25,
                _ => at(near) * 0.75 + at((near + 1).min(width - 1)) * 0.25,
            };
            *out = (value - offset) * factor;
        }
    }
}

/// The sample of a share.
fn nearest<S: Sample>(value: f32) -> S {
    S::of_level(value.clamp(0.0, 1.0) * 255.0)
}

fn word(value: f32) -> u16 {
    (value.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16
}
