//! How often each level occurs in a picture, for drawing and in words.

use std::fmt::Write;

/// Counts of the 256 levels of red, green, blue and luma (Rec. 709 weights on encoded values), without transparent pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    channels: Box<[[u32; 256]; 4]>,
    pixels: u32,
}

/// Height of the drawing; its width is 256.
pub const HEIGHT: f64 = 64.0;

impl Histogram {
    /// Counts straight RGBA samples.
    pub fn of(rgba: &[u8]) -> Self {
        let mut found = Self { channels: Box::new([[0; 256]; 4]), pixels: 0 };
        for [red, green, blue, alpha] in rgba.as_chunks().0 {
            if *alpha == 0 {
                continue;
            }
            let [r, g, b] = [*red, *green, *blue].map(u32::from);
            let luma = ((r * 2126 + g * 7152 + b * 722 + 5000) / 10_000) as u8;
            for (channel, level) in found.channels.iter_mut().zip([*red, *green, *blue, luma]) {
                channel[usize::from(level)] += 1;
            }
            found.pixels += 1;
        }
        found
    }

    /// The outline of a channel (red, green, blue, luma) as an SVG path in a box of 256 by [`HEIGHT`].
    ///
    /// Heights are square roots, so that small counts show too; the highest of all inner levels fills the box. Black and
    /// white, of which flat areas have many, are cut off there.
    pub fn path(&self, channel: usize) -> String {
        let inner = self.channels.iter().flat_map(|counts| &counts[1..255]).copied().max().unwrap_or(0);
        let ends = self.channels.iter().flat_map(|counts| [counts[0], counts[255]]).max().unwrap_or(0);
        let most = f64::from(if inner > 0 { inner } else { ends.max(1) });
        let mut path = format!("M0 {HEIGHT}");
        for (level, count) in self.channels[channel.min(3)].iter().enumerate() {
            let height = (f64::from(*count) / most).min(1.0).sqrt() * HEIGHT;
            let _text = write!(path, "V{:.1}H{}", HEIGHT - height, level + 1);
        }
        path + &format!("V{HEIGHT}Z")
    }

    /// The parts of shadows, midtones and highlights, and of pure black and white, in a sentence.
    pub fn summary(&self) -> String {
        let luma = &self.channels[3];
        let part = |levels: &[u32]| {
            let sum: u32 = levels.iter().sum();
            let percent = f64::from(sum) * 100.0 / f64::from(self.pixels.max(1));
            if sum > 0 && percent < 1.0 { "< 1 %".to_owned() } else { format!("{percent:.0} %") }
        };
        format!(
            "Shadows {}, midtones {}, highlights {}; black {}, white {}.",
            part(&luma[..64]),
            part(&luma[64..192]),
            part(&luma[192..]),
            part(&luma[..1]),
            part(&luma[255..])
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_by_channel_without_transparent_pixels() {
        let found = Histogram::of(&[255, 0, 0, 255, 10, 10, 10, 128, 10, 10, 10, 255, 7, 7, 7, 0]);
        assert_eq!(found.pixels, 3);
        assert_eq!((found.channels[0][255], found.channels[0][10], found.channels[1][0]), (1, 2, 1));
        // 255 × 0.2126 is 54.2.
        assert_eq!((found.channels[3][54], found.channels[3][10], found.channels[3][7]), (1, 2, 0));
        assert_eq!(found.summary(), "Shadows 100 %, midtones 0 %, highlights 0 %; black 0 %, white 0 %.");
    }

    #[test]
    fn the_highest_inner_level_fills_the_box() {
        let mut rgba = [0, 0, 0, 255].repeat(1000);
        rgba.extend([128, 128, 128, 255].repeat(4));
        rgba.extend([200, 200, 200, 255]);
        let found = Histogram::of(&rgba);
        let path = found.path(0);
        assert!(path.starts_with("M0 64V0.0H1V64.0H2"), "{path}");
        assert!(path.contains("V0.0H129") && path.contains("V32.0H201"), "{path}");
        assert!(path.ends_with("H256V64Z"), "{path}");
        assert!(found.summary().ends_with("highlights < 1 %; black 100 %, white 0 %."), "{}", found.summary());
        assert!(!Histogram::of(&[]).path(3).contains("NaN"));
    }
}
