//! How layers of a glyph are combined: Porter and Duff's operators, and the blend modes of CSS.

use skrifa::color::CompositeMode;

use crate::image::blend::Mode;

/// A pixel of a layer over one of another; colours are multiplied by their opacity.
pub(super) fn composite(mode: CompositeMode, over: [f32; 4], under: [f32; 4]) -> [f32; 4] {
    let (above, below) = (over[3], under[3]);
    let sum = |upper: f32, lower: f32| std::array::from_fn(|at| over[at] * upper + under[at] * lower);
    match mode {
        CompositeMode::Clear => [0.0; 4],
        CompositeMode::Src => over,
        CompositeMode::Dest => under,
        CompositeMode::DestOver => sum(1.0 - below, 1.0),
        CompositeMode::SrcIn => sum(below, 0.0),
        CompositeMode::DestIn => sum(0.0, above),
        CompositeMode::SrcOut => sum(1.0 - below, 0.0),
        CompositeMode::DestOut => sum(0.0, 1.0 - above),
        CompositeMode::SrcAtop => sum(below, 1.0 - above),
        CompositeMode::DestAtop => sum(1.0 - below, above),
        CompositeMode::Xor => sum(1.0 - below, 1.0 - above),
        CompositeMode::Plus => sum(1.0, 1.0).map(|value: f32| value.min(1.0)),
        other => match blend_mode(other) {
            Some(mode) if above > 0.0 && below > 0.0 => {
                let straight = |pixel: [f32; 4]| [0, 1, 2].map(|at| (pixel[at] / pixel[3]).min(1.0));
                let blended = mode.blend(straight(under), straight(over));
                let apart: [f32; 4] = sum(1.0 - below, 1.0 - above);
                let [r, g, b] = [0, 1, 2].map(|at| apart[at] + above * below * blended[at]);
                [r, g, b, above + below - above * below]
            }
            _ => sum(1.0, 1.0 - above),
        },
    }
}

fn blend_mode(mode: CompositeMode) -> Option<Mode> {
    Some(match mode {
        CompositeMode::Screen => Mode::Screen,
        CompositeMode::Overlay => Mode::Overlay,
        CompositeMode::Darken => Mode::Darken,
        CompositeMode::Lighten => Mode::Lighten,
        CompositeMode::ColorDodge => Mode::ColorDodge,
        CompositeMode::ColorBurn => Mode::ColorBurn,
        CompositeMode::HardLight => Mode::HardLight,
        CompositeMode::SoftLight => Mode::SoftLight,
        CompositeMode::Difference => Mode::Difference,
        CompositeMode::Exclusion => Mode::Exclusion,
        CompositeMode::Multiply => Mode::Multiply,
        CompositeMode::HslHue => Mode::Hue,
        CompositeMode::HslSaturation => Mode::Saturation,
        CompositeMode::HslColor => Mode::Color,
        CompositeMode::HslLuminosity => Mode::Luminosity,
        _ => return None,
    })
}
