//! `watermark`: draws a second picture, such as a logo, over the first.

use super::checks::Condition;
use super::parameters::{Gravity, Spatial};
use super::{
    Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Port, PortType, Role, Stop, incomplete, unaccepted,
};
use crate::error::Failure;
use crate::image::compose::Place;
use crate::image::convert::convert;
use crate::image::depth::{Sample, by_depth};
use crate::image::orient::rotate;
use crate::image::pixelwise::mixed;
use crate::image::recolor::{receptive, recolor};
use crate::image::resample::{Filter, Window, resample};
use crate::image::warp::{rotated, rotated_size};
use crate::image::{Image, Pixels, Representation, Representations, Size};

crate::parameters! {
    /// Parameters of `watermark`.
    pub struct Watermark {
        /// Position of the overlay on the picture.
        position: Gravity = Gravity::SOUTHEAST, place Spatial::Anchor;
        /// Longer side of the overlay as a share of the picture's shorter side.
        scale: f64 = 0.2, range 0.001..=1.0;
        /// Opacity of the overlay: 1 leaves it unchanged.
        opacity: f64 = 1.0, range 0.0..=1.0;
        /// Distance from the edges as a share of the picture's shorter side; with `tile`, also between the overlays.
        margin: f64 = 0.03, range 0.0..=1.0, place Spatial::Margin;
        /// Repeats the overlay over the whole picture.
        tile: bool = false;
        /// Clockwise angle of the overlay, which keeps its scale.
        angle: f64 = 0.0, range -360.0..=360.0, unit "°";
    }
}

/// The entry of `watermark`.
pub const ACTION: Action = Action {
    action_type: "watermark",
    version: "1.2.0",
    name: "Watermark",
    description: "Places a second picture, such as a logo with transparency, over each picture, once or all over it. Its colours are converted to the picture's colour space.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[
        IMAGE_IN,
        Port {
            name: "overlay",
            kind: PortType::Image,
            required: true,
            description: "The overlay: one for all pictures, or one for each.",
        },
    ],
    outputs: &[IMAGE_OUT],
    fields: Watermark::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["input-images", "resize"],
    usage: "Connect a second input with your logo to \"overlay\". Resize first, so that the logo looks the same on all results.",
    icon: "M9.5 5a2.5 2.5 0 1 1 5 0c0 3-1.5 3.5-1.5 6.5h5.5v4h-13v-4H11c0-3-1.5-3.5-1.5-6.5zM5 19.5h14",
};

/// `share` of `side`, half rounded up.
fn share(side: u32, share: f64) -> u32 {
    (f64::from(side) * share + 0.5).floor() as u32
}

impl Watermark {
    /// The size of the overlay: its longer side relative to the picture's shorter side, keeping its ratio.
    fn overlay_size(&self, picture: Size, overlay: Size) -> Size {
        let longer = share(picture.width.min(picture.height), self.scale).max(1);
        let from = u64::from(overlay.width.max(overlay.height));
        let side = |side: u32| ((2 * u64::from(side) * u64::from(longer) + from) / (2 * from)).max(1) as u32;
        Size::new(side(overlay.width), side(overlay.height))
    }

    /// The overlay in its size, direction and colours on the picture.
    fn prepared(&self, overlay: &Image, picture: &Image) -> Result<Image, Failure> {
        let size = self.overlay_size(picture.size, overlay.size);
        let overlay = resample(overlay, Window::all(overlay.size), size, Filter::Lanczos3)?;
        let overlay = recolor(overlay, &picture.space);
        if self.angle % 90.0 == 0.0 {
            return Ok(rotate(overlay, (self.angle.rem_euclid(360.0) / 90.0) as i64));
        }
        let canvas = rotated_size(size, self.angle);
        let transparent = Representation::Rgba.as_deep_as(overlay.representation());
        Ok(rotated(&convert(overlay, transparent), self.angle, canvas, [0; 4]))
    }

    /// Where each overlay starts along one axis. One that a rotation made larger than the picture is in its middle.
    fn starts(&self, place: u8, outer: u32, inner: u32, margin: u32) -> impl Iterator<Item = i64> + Clone {
        let start = Gravity::start(place, outer, inner, margin);
        let step = i64::from(inner) + i64::from(margin);
        let (first, end) = if self.tile { (start.rem_euclid(step) - step, outer.into()) } else { (start, start + 1) };
        (first..end).step_by(step as usize)
    }
}

impl Operation for Watermark {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    /// Source-over of the resampled overlay (Lanczos3, premultiplied during resampling). Alpha is straight, encoded
    /// colours of the picture's space are blended, and each result is rounded once. The picture keeps its representation
    /// and its profile, unless that is one for reading only.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let Ok([Some(picture), Some(overlay)]) = <[_; 2]>::try_from(inputs) else {
            return Err(incomplete(&ACTION).into());
        };
        let mut picture = receptive(picture);
        let overlay = self.prepared(&overlay, &picture)?;
        let (canvas, size) = (picture.size, overlay.size);
        let margin = share(canvas.width.min(canvas.height), self.margin);
        let columns = self.starts(self.position.column, canvas.width, size.width, margin);
        let rows = self.starts(self.position.row, canvas.height, size.height, margin);
        let start = |place, outer, inner| Gravity::start(place, outer, inner, margin);
        let left = start(self.position.column, canvas.width, size.width);
        let top = start(self.position.row, canvas.height, size.height);
        context.lies((left, top), size, canvas);
        let place =
            Places(rows.flat_map(|top| columns.clone().map(move |left| Place { size, canvas, left, top })).collect());
        let opacity = self.opacity as f32;
        by_depth!(picture, lay(&mut picture.pixels, &overlay.pixels, &place, opacity))
            .ok_or_else(|| unaccepted(&ACTION))?;
        Ok(vec![picture])
    }
}

/// Lays RGB or RGBA pixels on others of the same depth; `None` for other pixels.
fn lay<S: Sample>(under: &mut Pixels, over: &Pixels, places: &Places, opacity: f32) -> Option<()> {
    match (S::interleaved_mut(under)?, S::interleaved(over)?) {
        ((under, 3), (over, 3)) => places.each(under, over, |under: &mut [S; 3], over: [S; 3]| {
            *under = onto_opaque(*under, over, opacity);
        }),
        ((under, 3), (over, 4)) => places.each(under, over, |under: &mut [S; 3], [r, g, b, a]: [S; 4]| {
            *under = onto_opaque(*under, [r, g, b], a.share() * opacity);
        }),
        ((under, 4), (over, 3)) => places.each(under, over, |under: &mut [S; 4], over: [S; 3]| {
            *under = onto_transparent(*under, over, opacity);
        }),
        ((under, 4), (over, 4)) => places.each(under, over, |under: &mut [S; 4], [r, g, b, a]: [S; 4]| {
            *under = onto_transparent(*under, [r, g, b], a.share() * opacity);
        }),
        _ => return None,
    }
    Some(())
}

/// Where the overlays lie.
struct Places(Vec<Place>);

impl Places {
    /// Calls `blend` for each pixel of each overlay that is on the picture.
    fn each<S: Copy, const U: usize, const O: usize>(
        &self,
        under: &mut [S],
        over: &[S],
        blend: impl Fn(&mut [S; U], [S; O]),
    ) {
        let (under, over) = (under.as_chunks_mut::<U>().0, over.as_chunks::<O>().0);
        for place in &self.0 {
            place.rows(under, over, |under, over| {
                under.iter_mut().zip(over).for_each(|(under, over)| blend(under, *over));
            });
        }
    }
}

fn onto_opaque<S: Sample>(under: [S; 3], over: [S; 3], alpha: f32) -> [S; 3] {
    std::array::from_fn(|i| mixed(under[i], over[i], alpha))
}

fn onto_transparent<S: Sample>(under: [S; 4], over: [S; 3], alpha: f32) -> [S; 4] {
    let [r, g, b, a] = under;
    let rest = a.share() * (1.0 - alpha);
    let sum = alpha + rest;
    if alpha == 0.0 || sum == 0.0 {
        return under;
    }
    let mix = |under: S, over: S| S::of_level((over.level() * alpha + under.level() * rest) / sum);
    [mix(r, over[0]), mix(g, over[1]), mix(b, over[2]), S::of_level(sum * 255.0)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::color::ColorSpace;
    use crate::image::Representation;
    use crate::image::testing::flat;

    fn run(raw: Value, picture: Image, overlay: Image) -> Image {
        let read = Watermark::read(raw.as_object().unwrap());
        read.unwrap().run(vec![Some(picture), Some(overlay)], &Context::default()).unwrap().remove(0)
    }

    /// The box of pixels that are not `value`: left, top, right, bottom (exclusive).
    fn changed(image: &Image, value: u8) -> (u32, u32, u32, u32) {
        let Pixels::Rgb(data) = &image.pixels else { panic!("an RGB picture stays RGB") };
        let mut found = (u32::MAX, u32::MAX, 0, 0);
        for (i, pixel) in data.chunks(3).enumerate() {
            if pixel != [value; 3] {
                let (x, y) = (i as u32 % image.size.width, i as u32 / image.size.width);
                found = (found.0.min(x), found.1.min(y), found.2.max(x + 1), found.3.max(y + 1));
            }
        }
        found
    }

    #[test]
    fn the_overlay_has_its_share_of_the_shorter_side_and_keeps_its_ratio() {
        let picture = flat(Size::new(300, 200), Representation::Rgb, 0);
        let logo = flat(Size::new(80, 40), Representation::Rgb, 255);
        // 20 % of 200 is 40 wide, so 20 high; 3 % of 200 is 6 from the edges.
        let place = |position: &str| changed(&run(json!({ "position": position }), picture.clone(), logo.clone()), 0);
        assert_eq!(place("southeast"), (254, 174, 294, 194));
        assert_eq!(place("northwest"), (6, 6, 46, 26));
        assert_eq!(place("center"), (130, 90, 170, 110));
        assert_eq!(place("north"), (130, 6, 170, 26));
        let tall = flat(Size::new(10, 50), Representation::Rgb, 255);
        assert_eq!(changed(&run(json!({ "margin": 0 }), picture.clone(), tall), 0), (292, 160, 300, 200));
    }

    #[test]
    fn a_large_overlay_stays_inside_whatever_the_margin() {
        let picture = flat(Size::new(50, 50), Representation::Rgb, 0);
        let logo = flat(Size::new(500, 500), Representation::Rgb, 255);
        let out = run(json!({ "scale": 1, "margin": 1 }), picture.clone(), logo.clone());
        assert_eq!(changed(&out, 0), (0, 0, 50, 50));
        let out = run(json!({ "scale": 0.5, "margin": 1, "position": "northwest" }), picture, logo);
        assert_eq!(changed(&out, 0), (25, 25, 50, 50));
    }

    #[test]
    fn tiles_cover_the_picture_with_the_margin_between_them() {
        let picture = flat(Size::new(50, 20), Representation::Rgb, 0);
        let logo = flat(Size::new(6, 3), Representation::Rgb, 255);
        // 30 % of 20 is 6 wide, so 3 high; 10 % of 20 is 2 between. At the lower right, the first ends 2 before the edge.
        let raw = json!({ "tile": true, "scale": 0.3, "margin": 0.1 });
        let Pixels::Rgb(data) = run(raw, picture, logo).pixels else { panic!("an RGB picture stays RGB") };
        for (i, pixel) in data.chunks(3).enumerate() {
            let (x, y) = (i % 50, i / 50);
            let is_lit = (x + 8 - 2) % 8 < 6 && y % 5 < 3;
            assert_eq!(pixel[0], if is_lit { 255 } else { 0 }, "{x}, {y}");
        }
    }

    #[test]
    fn an_angle_turns_the_overlay_in_its_place() {
        let picture = flat(Size::new(300, 200), Representation::Rgb, 0);
        let logo = flat(Size::new(80, 40), Representation::Rgb, 255);
        let place = |raw: Value| changed(&run(raw, picture.clone(), logo.clone()), 0);
        assert_eq!(place(json!({ "angle": -90 })), (274, 154, 294, 194));
        assert_eq!(place(json!({ "angle": 360 })), (254, 174, 294, 194));
        // 40 × 20 at 30°: 44.6 × 37.3, whose outermost pixels are hardly covered.
        let (left, top, right, bottom) = place(json!({ "angle": 30, "position": "northwest" }));
        assert!((6..8).contains(&left) && (6..8).contains(&top), "{left}, {top}");
        assert!((50..52).contains(&right) && (43..45).contains(&bottom), "{right}, {bottom}");
        // 200 × 100 at 45° is 212.1 a side, more than the picture is high.
        let (left, top, right, bottom) = place(json!({ "angle": 45, "scale": 1 }));
        assert_eq!((top, bottom), (0, 200));
        assert!((81..83).contains(&left) && (293..295).contains(&right), "{left}, {right}");
    }

    /// By hand, for one pixel on one pixel.
    #[test]
    fn one_pixel_is_blended_by_source_over() {
        let one = |pixel: &[u8]| {
            let pixels = if pixel.len() == 3 { Pixels::Rgb(pixel.to_vec()) } else { Pixels::Rgba(pixel.to_vec()) };
            Image::new(Size::new(1, 1), pixels)
        };
        let blend = |under: &[u8], over: &[u8], opacity: f64| match run(
            json!({ "scale": 1, "margin": 0, "opacity": opacity }),
            one(under),
            one(over),
        )
        .pixels
        {
            Pixels::Rgb(data) | Pixels::Rgba(data) => data,
            other => panic!("{other:?}"),
        };
        assert_eq!(blend(&[100, 100, 100], &[200, 0, 100], 1.0), [200, 0, 100]);
        assert_eq!(blend(&[100, 100, 100], &[200, 0, 100], 0.25), [125, 75, 100]);
        assert_eq!(blend(&[100, 100, 100], &[200, 0, 100, 51], 1.0), [120, 80, 100]);
        assert_eq!(blend(&[100, 100, 100], &[200, 0, 100, 102], 0.5), [120, 80, 100]);
        // Over nothing, the overlay is itself; over half, αo = 0.2 + 0.8 × 0.4 = 0.52.
        assert_eq!(blend(&[9, 9, 9, 0], &[200, 0, 100, 51], 1.0), [200, 0, 100, 51]);
        assert_eq!(blend(&[100, 100, 100, 102], &[200, 0, 100, 51], 1.0), [138, 62, 100, 133]);
        assert_eq!(blend(&[100, 100, 100, 102], &[200, 0, 100], 1.0), [200, 0, 100, 255]);
        assert_eq!(blend(&[1, 2, 3, 4], &[200, 0, 100, 255], 0.0), [1, 2, 3, 4]);
    }

    #[test]
    fn the_profile_of_the_picture_stays() {
        let mut picture = flat(Size::new(20, 20), Representation::Rgb, 9);
        picture.space = ColorSpace::adobe_rgb();
        let mut logo = flat(Size::new(4, 4), Representation::Rgba, 9);
        logo.space = ColorSpace::srgb_with_profile(false);
        assert_eq!(run(json!({}), picture, logo).space, ColorSpace::adobe_rgb());
    }

    /// sRGB's green is (144, 255, 60) in Adobe RGB, by littleCMS.
    #[test]
    fn the_overlay_keeps_its_look_on_a_picture_of_another_space() {
        let green = || Image::new(Size::new(4, 4), Pixels::Rgb([0, 255, 0].repeat(16)));
        let mut picture = flat(Size::new(4, 4), Representation::Rgb, 9);
        picture.space = ColorSpace::adobe_rgb();
        let all = || json!({ "scale": 1, "margin": 0 });
        assert_eq!(run(all(), picture.clone(), green()).pixels, Pixels::Rgb([144, 255, 60].repeat(16)));
        let mut same = green();
        same.space = ColorSpace::adobe_rgb();
        assert_eq!(run(all(), picture, same).pixels, green().pixels);
    }

    proptest! {
        #[test]
        fn no_size_or_place_leaves_the_picture(
            (width, height) in (1u32..50, 1u32..50),
            (logo_width, logo_height) in (1u32..90, 1u32..90),
            position in 0u8..9,
            scale in 0.001..=1.0,
            margin in 0.0..=1.0,
        ) {
            let operation = Watermark {
                position: Gravity { column: position % 3, row: position / 3 }, scale, opacity: 1.0, margin, tile: false,
                angle: 0.0,
            };
            let size = Size::new(width, height);
            let picture = flat(size, Representation::Rgb, 0);
            let logo = flat(Size::new(logo_width, logo_height), Representation::Rgba, 200);
            let out = operation.run(vec![Some(picture), Some(logo.clone())], &Context::default()).unwrap().remove(0);
            prop_assert_eq!(out.size, size);
            let Pixels::Rgb(data) = &out.pixels else { panic!("an RGB picture stays RGB") };
            let lit = data.chunks(3).filter(|pixel| pixel[0] > 0).count() as u64;
            prop_assert_eq!(lit, operation.overlay_size(size, logo.size).pixels());
        }
    }
}
