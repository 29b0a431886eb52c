//! The blend modes of "Compositing and Blending Level 1" (W3C), as CSS's `mix-blend-mode` has them. Colours are from 0 to
//! 1, as encoded.

use super::depth::Sample;

/// A colour: red, green, blue.
type Rgb = [f32; 3];

crate::choices! {
    /// How the colours of two layers are combined.
    pub enum Mode {
        /// The upper layer's colour.
        Normal = "normal",
        /// The product: darkens.
        Multiply = "multiply",
        /// The inverse of the product of inverses: lightens.
        Screen = "screen",
        /// Multiply where the lower layer is dark, screen where it is bright.
        Overlay = "overlay",
        /// The lesser value of each channel.
        Darken = "darken",
        /// The greater value of each channel.
        Lighten = "lighten",
        /// Brightens the lower layer by the upper one.
        ColorDodge = "color-dodge",
        /// Darkens the lower layer by the upper one.
        ColorBurn = "color-burn",
        /// Multiply where the upper layer is dark, screen where it is bright.
        HardLight = "hard-light",
        /// Darkens or brightens softly by the upper layer.
        SoftLight = "soft-light",
        /// The difference of each channel.
        Difference = "difference",
        /// As the difference, with less contrast.
        Exclusion = "exclusion",
        /// The hue of the upper layer.
        Hue = "hue",
        /// The saturation of the upper layer.
        Saturation = "saturation",
        /// Hue and saturation of the upper layer.
        Color = "color",
        /// The brightness of the upper layer.
        Luminosity = "luminosity",
    }
}

impl Mode {
    /// The blend function B(Cb, Cs) of a backdrop and a source.
    pub(crate) fn blend(self, backdrop: Rgb, source: Rgb) -> Rgb {
        let each = |blend: fn(f32, f32) -> f32| std::array::from_fn(|at| blend(backdrop[at], source[at]));
        match self {
            Self::Normal => source,
            Self::Multiply => each(|b, s| b * s),
            Self::Screen => each(screen),
            Self::Overlay => each(|b, s| hard_light(s, b)),
            Self::Darken => each(f32::min),
            Self::Lighten => each(f32::max),
            Self::ColorDodge => each(color_dodge),
            Self::ColorBurn => each(color_burn),
            Self::HardLight => each(hard_light),
            Self::SoftLight => each(soft_light),
            Self::Difference => each(|b, s| (b - s).abs()),
            Self::Exclusion => each(|b, s| b + s - 2.0 * b * s),
            Self::Hue => with_luminosity(with_saturation(source, saturation(backdrop)), luminosity(backdrop)),
            Self::Saturation => with_luminosity(with_saturation(backdrop, saturation(source)), luminosity(backdrop)),
            Self::Color => with_luminosity(source, luminosity(backdrop)),
            Self::Luminosity => with_luminosity(backdrop, luminosity(source)),
        }
    }

    /// Whether each channel is blended by itself.
    const fn is_separable(self) -> bool {
        !matches!(self, Self::Hue | Self::Saturation | Self::Color | Self::Luminosity)
    }

    /// [`composite`](Self::composite) with this opacity.
    pub(crate) fn layers<S: Sample>(self, opacity: f32) -> Layers<S> {
        let opaque = |backdrop: usize, source: usize| {
            let [backdrop, source] = [backdrop, source].map(|index| [S::of_index(index); 3]);
            let with_alpha = |[r, g, b]: [S; 3]| [r, g, b, S::MOST];
            self.composite(with_alpha(backdrop), with_alpha(source), opacity)[0]
        };
        let opaque = match S::COUNT == 256 && self.is_separable() {
            true => (0..1 << 16).map(|pair| opaque(pair >> 8, pair & 255)).collect(),
            false => Vec::new(),
        };
        Layers { mode: self, opacity, opaque }
    }

    /// Lays a source with `opacity` over a backdrop, both straight; source-over of the blended colour:
    /// αo Co = αs (1 − αb) Cs + αs αb B(Cb, Cs) + (1 − αs) αb Cb.
    pub(crate) fn composite<S: Sample>(self, backdrop: [S; 4], source: [S; 4], opacity: f32) -> [S; 4] {
        let [below, above] = [backdrop[3], source[3]].map(Sample::share);
        let above = above * opacity;
        if above == 0.0 {
            return backdrop;
        }
        let colour = |[r, g, b, _]: [S; 4]| [r, g, b].map(Sample::share);
        let (under, over) = (colour(backdrop), colour(source));
        let blended = self.blend(under, over);
        let alpha = above + below * (1.0 - above);
        let mixed: Rgb = std::array::from_fn(|at| {
            let sum =
                above * (1.0 - below) * over[at] + above * below * blended[at] + (1.0 - above) * below * under[at];
            sum / alpha
        });
        [mixed[0], mixed[1], mixed[2], alpha].map(|value| S::of_level(value * 255.0))
    }
}

/// What lays pixels over others.
pub(crate) struct Layers<S> {
    mode: Mode,
    opacity: f32,
    /// A channel of the result for each value of backdrop and source, if both are opaque. Empty for 16 bits, and where channels are
    /// blended together.
    opaque: Vec<S>,
}

impl<S: Sample> Layers<S> {
    /// Lays a pixel over another.
    pub(crate) fn over(&self, backdrop: [S; 4], source: [S; 4]) -> [S; 4] {
        if self.opaque.is_empty() || backdrop[3] != S::MOST || source[3] != S::MOST {
            return self.mode.composite(backdrop, source, self.opacity);
        }
        let channel = |at: usize| self.opaque[backdrop[at].index() << 8 | source[at].index()];
        [channel(0), channel(1), channel(2), S::MOST]
    }
}

fn screen(backdrop: f32, source: f32) -> f32 {
    backdrop + source - backdrop * source
}

fn hard_light(backdrop: f32, source: f32) -> f32 {
    if source <= 0.5 { backdrop * 2.0 * source } else { screen(backdrop, 2.0 * source - 1.0) }
}

fn color_dodge(backdrop: f32, source: f32) -> f32 {
    if backdrop == 0.0 {
        0.0
    } else if source >= 1.0 {
        1.0
    } else {
        (backdrop / (1.0 - source)).min(1.0)
    }
}

fn color_burn(backdrop: f32, source: f32) -> f32 {
    if backdrop >= 1.0 {
        1.0
    } else if source == 0.0 {
        0.0
    } else {
        1.0 - ((1.0 - backdrop) / source).min(1.0)
    }
}

fn soft_light(backdrop: f32, source: f32) -> f32 {
    if source <= 0.5 {
        return backdrop - (1.0 - 2.0 * source) * backdrop * (1.0 - backdrop);
    }
    let lifted =
        if backdrop <= 0.25 { ((16.0 * backdrop - 12.0) * backdrop + 4.0) * backdrop } else { backdrop.sqrt() };
    backdrop + (2.0 * source - 1.0) * (lifted - backdrop)
}

fn luminosity([r, g, b]: Rgb) -> f32 {
    0.3 * r + 0.59 * g + 0.11 * b
}

fn saturation([r, g, b]: Rgb) -> f32 {
    r.max(g).max(b) - r.min(g).min(b)
}

fn with_luminosity(colour: Rgb, wanted: f32) -> Rgb {
    let difference = wanted - luminosity(colour);
    clipped(colour.map(|value| value + difference))
}

/// Brings a colour into the range without changing its luminosity.
fn clipped(colour: Rgb) -> Rgb {
    let luminosity = luminosity(colour);
    let [r, g, b] = colour;
    let (least, most) = (r.min(g).min(b), r.max(g).max(b));
    let mut colour = colour;
    if least < 0.0 {
        colour = colour.map(|value| luminosity + (value - luminosity) * luminosity / (luminosity - least));
    }
    if most > 1.0 {
        colour = colour.map(|value| luminosity + (value - luminosity) * (1.0 - luminosity) / (most - luminosity));
    }
    colour
}

fn with_saturation(colour: Rgb, wanted: f32) -> Rgb {
    let [r, g, b] = colour;
    let (least, range) = (r.min(g).min(b), saturation(colour));
    if range > 0.0 { colour.map(|value| (value - least) * wanted / range) } else { [0.0; 3] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand from the specification, for one backdrop and source.
    #[test]
    fn opaque_colours_blend_by_the_formulas() {
        let (backdrop, source) = ([51_u8, 102, 204, 255], [204, 51, 102, 255]);
        for (word, expected) in [
            ("normal", [204, 51, 102]),
            ("multiply", [41, 20, 82]),
            ("screen", [214, 133, 224]),
            ("overlay", [82, 41, 194]),
            ("darken", [51, 51, 102]),
            ("lighten", [204, 102, 204]),
            ("color-dodge", [255, 128, 255]),
            ("color-burn", [0, 0, 128]),
            ("hard-light", [173, 41, 163]),
            ("difference", [153, 51, 102]),
            ("exclusion", [173, 112, 143]),
        ] {
            let [r, g, b, a] = Mode::of_word(word).unwrap().layers(1.0).over(backdrop, source);
            assert_eq!(([r, g, b], a), (expected, 255), "{word}");
        }
    }

    #[test]
    fn grays_have_no_hue_and_the_modes_of_hue_keep_luminosity() {
        let gray = [120_u8, 120, 120, 255];
        for word in ["hue", "saturation", "color"] {
            let mode = Mode::of_word(word).unwrap();
            assert_eq!(mode.composite(gray, gray, 1.0), gray, "{word}");
            let [r, g, b, _] = mode.composite([200_u8, 90, 30, 255], [10, 220, 90, 255], 1.0).map(f32::from);
            let wanted = luminosity([200.0, 90.0, 30.0]);
            assert!((luminosity([r, g, b]) - wanted).abs() < 1.0, "{word}");
        }
        assert_eq!(Mode::Luminosity.composite([9, 9, 9, 255], gray, 1.0), gray);
    }

    #[test]
    fn where_one_layer_is_transparent_the_other_is_seen() {
        for word in ["normal", "multiply", "color-burn", "hue", "soft-light"] {
            let mode = Mode::of_word(word).unwrap();
            let layers = mode.layers(1.0);
            assert_eq!(layers.over([1_u8, 2, 3, 0], [9, 8, 7, 100]), [9, 8, 7, 100], "{word}");
            assert_eq!(layers.over([1_u8, 2, 3, 50], [9, 8, 7, 0]), [1, 2, 3, 50], "{word}");
            assert_eq!(mode.composite([1_u8, 2, 3, 50], [9, 8, 7, 200], 0.0), [1, 2, 3, 50], "{word}");
        }
    }
}
