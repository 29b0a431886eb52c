//! `subject-crop`: crops a picture to its subject, which is what is not transparent, or what
//! [`remove-background`](super::remove_background) would keep. Code of a warning: `nothing_to_trim`.

use super::checks::Condition;
use super::crop::inside;
use super::parameters::{Gravity, Kind, Ratio};
use super::subject::{Method, opacity};
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Warning;
use crate::image::geometry::crop;
use crate::image::{Image, Representations, Size};
use crate::matting::cutout::bounds;
use crate::network::{BUILT_IN, Need};
use crate::user_file::FileKind;

crate::parameters! {
    /// Parameters of `subject-crop`.
    pub struct SubjectCrop {
        /// Room around the subject, as a share of its longer side.
        margin: f64 = 0.1, range 0.0..=2.0;
        /// Ratio of the result, such as `4:5`: the part grows to it as far as the picture goes.
        ratio: Option<Ratio>;
        /// Where the subject lies in a part that grew to `ratio`.
        align: Gravity = Gravity::CENTER;
        /// How the subject is found: by a model (`network`), or as all that is not the even backdrop of a
        /// studio (`flat-backdrop`). `auto` decides for each picture: where it is transparent or the backdrop is clearly
        /// even, it needs no model.
        method: Method = Method::Auto;
        /// Name of the model: `u2netp`, or that of a model of your own.
        model: String = BUILT_IN.name.to_owned(), kind Kind::File(FileKind::Model), shown if Condition::Is("method", &["auto", "network"]);
    }
}

/// The entry of `subject-crop`.
pub const ACTION: Action = Action {
    action_type: "subject-crop",
    version: "1.1.0",
    name: "Crop to subject",
    description: "Crops each picture to its subject, with some room around it.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: SubjectCrop::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["crop", "remove-background", "trim"],
    usage: "Bring products that were photographed from different distances to the same framing: crop to the subject with a \"ratio\", then resize.",
    icon: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M12 7.5a2.2 2.2 0 1 0 0 4.4a2.2 2.2 0 0 0 0-4.4zM8 17c.5-4 7.5-4 8 0",
};

/// Start and length along one axis.
type Span = (u32, u32);

/// A span with room on both sides, as far as `side` goes.
fn widened((start, length): Span, room: u32, side: u32) -> Span {
    let from = start.saturating_sub(room);
    (from, (start + length).saturating_add(room).min(side) - from)
}

/// A span of another length that holds this one at `place`, or its part there, inside `side`.
fn grown((start, length): Span, to: u32, place: u8, side: u32) -> Span {
    let ahead = i64::from(Gravity::offset(place, to, length)) - i64::from(Gravity::offset(place, length, to));
    let from = (i64::from(start) - ahead).clamp(0, i64::from(side - to));
    (from as u32, to)
}

impl SubjectCrop {
    /// Upper left corner and size of what is kept around a subject's box.
    fn part(&self, (left, top, subject): (u32, u32, Size), picture: Size) -> (u32, u32, Size) {
        let room = (f64::from(subject.width.max(subject.height)) * self.margin + 0.5) as u32;
        let columns = widened((left, subject.width), room, picture.width);
        let rows = widened((top, subject.height), room, picture.height);
        let Some(ratio) = self.ratio else { return (columns.0, rows.0, Size::new(columns.1, rows.1)) };
        let most = inside(picture, ratio);
        let across = f64::from(rows.1) * ratio.width / ratio.height;
        let down = f64::from(columns.1) * ratio.height / ratio.width;
        let side = |least: u32, length: f64, most: u32| ((length + 0.5) as u32).max(least).min(most);
        let (x, width) = grown(columns, side(columns.1, across, most.width), self.align.column, picture.width);
        let (y, height) = grown(rows, side(rows.1, down, most.height), self.align.row, picture.height);
        (x, y, Size::new(width, height))
    }
}

impl Operation for SubjectCrop {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn finds_size(&self) -> bool {
        true
    }

    fn network(&self) -> Option<(&str, Need)> {
        self.method.network(&self.model)
    }

    fn keeps_content(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let opacity = opacity(&image, self.method, &self.model, context)?;
        let Some(found) = bounds(&opacity, image.size, |opacity| *opacity >= 128) else {
            context.warn(Warning::new(
                "nothing_to_trim",
                "Nothing of this picture would remain, so it keeps its size.",
                "Choose another method or model for it.",
            ));
            return Ok(vec![image]);
        };
        let (x, y, size) = self.part(found, image.size);
        Ok(vec![crop(image, x, y, size)])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::image::testing::flat;
    use crate::image::{Pixels, Representation};

    fn operation(raw: Value) -> SubjectCrop {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let read = SubjectCrop::read(raw);
        read.unwrap()
    }

    fn part(raw: Value, found: (u32, u32, u32, u32)) -> (u32, u32, u32, u32) {
        let (left, top, width, height) = found;
        let (x, y, size) = operation(raw).part((left, top, Size::new(width, height)), Size::new(400, 300));
        (x, y, size.width, size.height)
    }

    #[test]
    fn the_margin_is_a_share_of_the_longer_side_and_ends_at_the_edge() {
        assert_eq!(part(json!({}), (100, 100, 100, 50)), (90, 90, 120, 70));
        assert_eq!(part(json!({ "margin": 0 }), (100, 100, 100, 50)), (100, 100, 100, 50));
        assert_eq!(part(json!({ "margin": 1 }), (50, 100, 100, 50)), (0, 0, 250, 250));
    }

    #[test]
    fn the_part_grows_to_the_ratio_where_align_says() {
        let of = |align: &str| part(json!({ "margin": 0, "ratio": "1:1", "align": align }), (100, 100, 100, 50));
        assert_eq!(of("center"), (100, 75, 100, 100));
        assert_eq!(of("north"), (100, 100, 100, 100));
        assert_eq!(of("south"), (100, 50, 100, 100));
        // At the edge, the part moves; where the picture is too small, it is the largest with the ratio.
        assert_eq!(part(json!({ "margin": 0, "ratio": "1:1" }), (0, 0, 10, 200)), (0, 0, 200, 200));
        assert_eq!(part(json!({ "margin": 0, "ratio": "1:1" }), (50, 100, 340, 40)), (70, 0, 300, 300));
    }

    #[test]
    fn the_subject_on_an_even_backdrop_is_found() {
        let size = Size::new(200, 120);
        let is_subject = |i: u32| (60..100).contains(&(i % 200)) && (30..90).contains(&(i / 200));
        let pixels = (0..size.pixels() as u32).flat_map(|i| if is_subject(i) { [180, 40, 30] } else { [240; 3] });
        let image = Image::new(size, Pixels::Rgb(pixels.collect()));
        let run = |raw: Value| {
            let context = Context::default();
            let out = operation(raw).run(vec![Some(image.clone())], &context).unwrap().remove(0);
            assert_eq!(context.into_warnings(), []);
            out
        };
        let out = run(json!({ "margin": 0, "method": "flat-backdrop" }));
        assert!(out.size.width.abs_diff(40) <= 2 && out.size.height.abs_diff(60) <= 2, "{:?}", out.size);
        let out = run(json!({ "margin": 0.5, "ratio": "1:1", "method": "flat-backdrop" }));
        assert!(out.size == Size::new(120, 120), "{:?}", out.size);
    }

    #[test]
    fn a_picture_without_subject_keeps_its_size_and_a_warning_says_so() {
        let context = Context::default();
        let image = flat(Size::new(60, 40), Representation::Rgb, 200);
        let out = operation(json!({ "method": "flat-backdrop" })).run(vec![Some(image.clone())], &context).unwrap();
        assert_eq!(out, [image]);
        let codes: Vec<_> = context.into_warnings().into_iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["no_clear_subject", "nothing_to_trim"]);
    }

    proptest! {
        #[test]
        fn the_part_lies_inside_and_has_the_ratio(
            (left, top) in (0u32..50, 0u32..50), (width, height) in (1u32..50, 1u32..50),
            (more_right, more_down) in (0u32..50, 0u32..50),
            (across, down) in (1u32..5, 1u32..5), margin in 0.0..=2.0, align in 0u8..9,
        ) {
            let picture = Size::new(left + width + more_right, top + height + more_down);
            let ratio = Ratio { width: across.into(), height: down.into() };
            let align = Gravity { column: align % 3, row: align / 3 };
            let operation = SubjectCrop { margin, ratio: Some(ratio), align, ..SubjectCrop::defaults() };
            let (x, y, size) = operation.part((left, top, Size::new(width, height)), picture);
            prop_assert!(x + size.width <= picture.width && y + size.height <= picture.height);
            let off = f64::from(size.width) * ratio.height - f64::from(size.height) * ratio.width;
            prop_assert!(off.abs() <= f64::from(across.max(down)) || size.width.min(size.height) == 1, "{size:?}");
        }
    }
}
