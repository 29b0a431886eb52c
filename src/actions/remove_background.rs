//! `remove-background`: the subject alone, on nothing or on a colour.
//!
//! The subject is found by a salient-object model that the host provides, or by an even backdrop;
//! [`matting`](crate::matting) does the work. Codes of warnings: `no_clear_subject`, `uneven_backdrop`,
//! `nothing_to_trim`.

use super::checks::Condition;
use super::parameters::{Color, Kind};
use super::subject::Finder;
pub use super::subject::Method;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Port, PortType, Role, Stop, only};
use crate::error::Warning;
use crate::image::blur::{Blurs, is_identity};
use crate::image::convert::composite;
use crate::image::depth::by_depth;
use crate::image::geometry::crop;
use crate::image::recolor::{color_for, receptive};
use crate::image::{Image, Pixels, Representation, Representations};
use crate::matting::cutout::{cut_out, lay_over, seen, with_own_alpha};
use crate::matting::guide;
use crate::network::{BUILT_IN, Need};
use crate::user_file::FileKind;

crate::choices! {
    /// What is left around the subject.
    pub enum Mode {
        /// Transparency.
        Cutout = "cutout",
        /// A colour.
        Replace = "replace",
    }
}

crate::choices! {
    /// What becomes of a shadow on an even backdrop.
    pub enum Shadow {
        /// It stays, as transparent black.
        Keep = "keep",
        /// It goes with the backdrop.
        Drop = "drop",
    }
}

crate::parameters! {
    /// Parameters of `remove-background`.
    pub struct RemoveBackground {
        /// What is left around the subject: transparency (`cutout`) or a colour (`replace`).
        mode: Mode = Mode::Cutout, label "Background";
        /// The colour around the subject, in sRGB, with `replace`.
        background_color: Color = Color::WHITE, as "backgroundColor", label "Background colour", shown if Condition::Is("mode", &["replace"]);
        /// Cuts off what is empty around the subject.
        trim: bool = false;
        /// How the subject is found: by a model (`network`), or as all that is not the even backdrop of a
        /// studio (`flat-backdrop`; what the subject encloses stays). `auto` decides for each picture: if the
        /// backdrop is clearly even, it needs no model.
        method: Method = Method::Auto;
        /// Name of the model: `u2netp`, or that of a model of your own.
        model: String = BUILT_IN.name.to_owned(), kind Kind::File(FileKind::Model), shown if Condition::Is("method", &["auto", "network"]);
        /// Softens the edge: standard deviation of a blur over the subject's opacity; 0 leaves it as it was found.
        edge_softness: f64 = 0.0, as "edgeSoftness", range 0.0..=50.0, soft 0.0..=10.0, unit "px";
        /// Shows the model some room around the picture: helps where the subject fills the frame, and harms small
        /// subjects.
        subject_fills_frame: bool = false, as "subjectFillsFrame";
        /// What becomes of the shadow on an even backdrop: `keep` makes it transparent black. A model always drops it.
        shadow: Shadow = Shadow::Drop;
    }
}

/// The entry of `remove-background`.
pub const ACTION: Action = Action {
    action_type: "remove-background",
    version: "1.3.0",
    name: "Remove background",
    description: "Cuts out the subject of each picture, and leaves it on nothing or on a colour.",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[
        IMAGE_OUT,
        Port {
            name: "mask",
            kind: PortType::Image,
            required: false,
            description: "The subject's opacity as a gray picture, of the size of the result.",
        },
    ],
    fields: RemoveBackground::FIELDS,
    rules: &[],
    adds_alpha: Condition::Any(&[Condition::Is("mode", &["cutout"]), Condition::Translucent("backgroundColor")]),
    related: &["pad", "crop", "watermark"],
    usage: "Make product pictures for a shop: remove the background with \"trim\", then pad to a square.",
    icon: "M6 4.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 0 0 0-5zM6 14.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 0 0 0-5zM8.2 8.2L20 17M8.2 15.8L20 7",
};

/// Which of the action's outputs is the mask.
const MASK: usize = 1;

impl Operation for RemoveBackground {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn finds_size(&self) -> bool {
        self.trim
    }

    fn produces(&self, output: usize, input: Representation) -> Representation {
        match (output, self.mode) {
            (MASK, _) => Representation::Gray,
            (_, Mode::Replace) if self.background_color.is_opaque() => Representation::Rgb.as_deep_as(input),
            _ => Representation::Rgba.as_deep_as(input),
        }
    }

    fn network(&self) -> Option<(&str, Need)> {
        self.method.network(&self.model)
    }

    /// Alpha is straight, colours are as encoded; existing alpha is multiplied in, after softness. The mask has the
    /// subject's opacity without any shadow, and no profile.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let size = image.size;
        let guide = guide(&image)?;
        let fills_frame = Some(self.subject_fills_frame);
        let finder = Finder { method: self.method, model: &self.model, fills_frame };
        let (edges, shadow) = finder.find(&image, &guide, context)?;
        let shadow = shadow.filter(|_| self.shadow == Shadow::Keep);
        let mut opacity = edges.opacity(&image)?;
        drop(edges);
        if !is_identity(self.edge_softness) {
            u8::blur(&mut opacity, size, 1, (self.edge_softness, self.edge_softness));
        }
        let mut result = cut_out(&image, &opacity, &guide, shadow.as_ref())?;
        drop(guide);
        let mut mask = context.wants(MASK).then(|| Image::new(size, Pixels::Gray(with_own_alpha(opacity, &image))));
        drop(image);
        if self.trim {
            match by_depth!(result, seen(&result.pixels, size)) {
                Some((left, top, size)) => {
                    result = crop(result, left, top, size);
                    mask = mask.map(|mask| crop(mask, left, top, size));
                }
                None => context.warn(Warning::new(
                    "nothing_to_trim",
                    "Nothing of this picture would remain, so it keeps its size.",
                    "Choose another method or model for it.",
                )),
            }
        }
        if self.mode == Mode::Replace {
            result = self.on_color(result);
        }
        Ok(std::iter::once(result).chain(mask).collect())
    }
}

impl RemoveBackground {
    fn on_color(&self, image: Image) -> Image {
        let mut image = receptive(image);
        let [r, g, b] = color_for(&image, self.background_color.rgb());
        if self.background_color.is_opaque() {
            return composite(image, [r, g, b]);
        }
        by_depth!(image, lay_over(&mut image.pixels, [r, g, b, self.background_color.rgba[3]]));
        image
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::{Value, json};

    use super::*;
    use crate::error::Failure;
    use crate::image::Size;
    use crate::network::{Missing, ModelSource, SIDE, SaliencyNetwork};

    /// Answers the same mask for every picture, and records the pictures.
    struct Network {
        answer: Vec<f32>,
        shown: RefCell<Vec<f32>>,
    }

    impl Network {
        /// The function receives positions from −1 to 1.
        fn of(mask: impl Fn(f32, f32) -> f32) -> Self {
            let place = |i: u32| (i as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0;
            let answer = (0..SIDE * SIDE).map(|i| mask(place(i % SIDE), place(i / SIDE))).collect();
            Self { answer, shown: RefCell::default() }
        }

        /// A soft disc of radius 0.5.
        fn disc() -> Self {
            Self::of(|x, y| ((0.5 - x.hypot(y)) * 16.0 + 0.5).clamp(0.0, 1.0))
        }
    }

    impl SaliencyNetwork for Network {
        fn infer(&self, input: &[f32]) -> Result<Vec<f32>, Failure> {
            *self.shown.borrow_mut() = input.to_vec();
            Ok(self.answer.clone())
        }
        fn name(&self) -> &str {
            "test"
        }
    }

    impl ModelSource for Network {
        fn get(&self, _: &str) -> Result<&dyn SaliencyNetwork, Missing> {
            Ok(self)
        }
    }

    /// Has not loaded any model yet.
    struct Unloaded;

    impl ModelSource for Unloaded {
        fn get(&self, _: &str) -> Result<&dyn SaliencyNetwork, Missing> {
            Err(Missing::NotLoaded)
        }
    }

    /// Must not be asked.
    struct Unneeded;

    impl ModelSource for Unneeded {
        fn get(&self, model: &str) -> Result<&dyn SaliencyNetwork, Missing> {
            panic!("the model {model} is not needed")
        }
    }

    const SIZE: Size = Size::new(120, 120);

    /// A disc of radius 0.5 and of one colour on a graded backdrop, with a soft shadow below it on the right.
    fn disc(colour: [u8; 3]) -> Image {
        let place = |i: u32, side: u32| (i as f32 + 0.5) / side as f32 * 2.0 - 1.0;
        let pixels = (0..SIZE.pixels() as u32).flat_map(|i| {
            let (x, y) = (place(i % SIZE.width, SIZE.width), place(i / SIZE.width, SIZE.height));
            let inside = ((0.5 - x.hypot(y)) * 60.0 + 0.5).clamp(0.0, 1.0);
            let shade = 0.35 * (1.3 - 2.0 * (x - 0.12).hypot(y - 0.16)).clamp(0.0, 1.0);
            let backdrop = (230.0 - 10.0 * x + 6.0 * y) * (1.0 - shade);
            colour.map(|colour| (f32::from(colour) * inside + backdrop * (1.0 - inside) + 0.5) as u8)
        });
        Image::new(SIZE, Pixels::Rgb(pixels.collect()))
    }

    fn operation(raw: Value) -> RemoveBackground {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let read = RemoveBackground::read(raw);
        read.unwrap()
    }

    /// Uses the model unless `raw` names another method.
    fn run(mut raw: Value, image: Image, network: &dyn ModelSource) -> (Vec<Image>, Vec<String>) {
        raw.as_object_mut().unwrap().entry("method").or_insert(json!("network"));
        let context = Context::new(Some(network), &[true, true]);
        let results = operation(raw).run(vec![Some(image)], &context).unwrap();
        (results, context.into_warnings().into_iter().map(|warning| warning.code).collect())
    }

    fn rgba(image: &Image) -> &[[u8; 4]] {
        let Pixels::Rgba(data) = &image.pixels else { panic!("{:?}", image.representation()) };
        data.as_chunks().0
    }

    fn at<T: Copy>(data: &[T], x: usize, y: usize) -> T {
        data[y * SIZE.width as usize + x]
    }

    #[test]
    fn the_subject_keeps_its_colour_and_all_around_it_is_transparent() {
        let (results, _) = run(json!({}), disc([200, 30, 40]), &Network::disc());
        let pixels = rgba(&results[0]);
        assert_eq!(results[0].size, SIZE);
        for (place, pixel) in pixels.iter().enumerate() {
            let (x, y) = (place % 120, place / 120);
            let distance = (x as f32 - 59.5).hypot(y as f32 - 59.5);
            match pixel[3] {
                _ if distance < 26.0 => assert_eq!(*pixel, [200, 30, 40, 255], "{x},{y}"),
                _ if distance > 35.0 => assert_eq!(*pixel, [0; 4], "{x},{y}"),
                0 => {}
                // No old background in the rim, as far as its opacity tells.
                alpha => assert!(alpha < 40 || pixel[1] < 90, "{x},{y}: {pixel:?}"),
            }
        }
    }

    #[test]
    fn the_mask_is_the_alpha_and_is_made_only_on_request() {
        let network = Network::disc();
        let (results, _) = run(json!({ "trim": true }), disc([200, 30, 40]), &network);
        let Pixels::Gray(mask) = &results[1].pixels else { panic!("gray") };
        assert_eq!(results[0].size, results[1].size);
        assert!(rgba(&results[0]).iter().map(|pixel| pixel[3]).eq(mask.iter().copied()));
        let context = Context::new(Some(&network), &[true, false]);
        let results = operation(json!({ "method": "network" })).run(vec![Some(disc([9, 9, 9]))], &context).unwrap();
        assert_eq!(results.len(), 1);
    }

    #[test]
    fn trim_leaves_the_box_around_the_subject() {
        let (results, _) = run(json!({ "trim": true }), disc([200, 30, 40]), &Network::disc());
        let Size { width, height } = results[0].size;
        assert!((59..=64).contains(&width) && (59..=64).contains(&height), "{width} × {height}");
        assert!(rgba(&results[0])[..width as usize].iter().any(|pixel| pixel[3] >= 13));
    }

    #[test]
    fn replace_puts_the_subject_on_a_colour() {
        let raw = json!({ "mode": "replace", "backgroundColor": "#0000ff" });
        let (results, _) = run(raw, disc([200, 30, 40]), &Network::disc());
        let Pixels::Rgb(data) = &results[0].pixels else { panic!("an opaque colour leaves no alpha") };
        assert_eq!(at(data.as_chunks::<3>().0, 3, 3), [0, 0, 255]);
        assert_eq!(at(data.as_chunks::<3>().0, 60, 60), [200, 30, 40]);
        let raw = json!({ "mode": "replace", "backgroundColor": "#0000ff80" });
        let (results, _) = run(raw, disc([200, 30, 40]), &Network::disc());
        assert_eq!(at(rgba(&results[0]), 3, 3), [0, 0, 255, 128]);
    }

    #[test]
    fn the_declared_outputs_match_the_results() {
        for raw in
            [json!({}), json!({ "mode": "replace" }), json!({ "mode": "replace", "backgroundColor": "#00000000" })]
        {
            for representation in [Representation::Rgb, Representation::Rgba] {
                let image = crate::image::convert::convert(disc([200, 30, 40]), representation);
                let (results, _) = run(raw.clone(), image, &Network::disc());
                for (output, result) in results.iter().enumerate() {
                    let foretold = operation(raw.clone()).produces(output, representation);
                    assert_eq!(result.representation(), foretold, "{raw} {representation:?} {output}");
                    assert!(result.is_consistent());
                }
            }
        }
    }

    #[test]
    fn existing_alpha_stays_an_upper_limit() {
        let mut image = crate::image::convert::convert(disc([200, 30, 40]), Representation::Rgba);
        if let Pixels::Rgba(data) = &mut image.pixels {
            data[..60 * 120 * 4].as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = 100);
        }
        let (results, _) = run(json!({}), image, &Network::disc());
        assert_eq!((at(rgba(&results[0]), 60, 50)[3], at(rgba(&results[0]), 60, 70)[3]), (100, 255));
    }

    #[test]
    fn hidden_parts_of_the_picture_stay_hidden_however_soft_the_edge() {
        let mut image = crate::image::convert::convert(disc([200, 30, 40]), Representation::Rgba);
        if let Pixels::Rgba(data) = &mut image.pixels {
            for (i, pixel) in data.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                pixel[3] = if i % 120 < 60 { 0 } else { 255 };
            }
        }
        let (results, _) = run(json!({ "edgeSoftness": 4 }), image, &Network::disc());
        assert!(rgba(&results[0]).chunks(120).all(|row| row[..60].iter().all(|pixel| *pixel == [0; 4])));
        let Pixels::Gray(mask) = &results[1].pixels else { panic!("a mask") };
        assert!(mask.chunks(120).all(|row| row[..60].iter().all(|opacity| *opacity == 0)));
        assert_eq!(at(mask, 70, 60), 255);
    }

    #[test]
    fn a_subject_that_fills_the_frame_has_no_holes() {
        // Inside, the model is between 0.6 and 1 certain; around the picture it sees nothing.
        let network =
            Network::of(|x, y| if x.abs() > 0.8 || y.abs() > 0.8 { 0.0 } else { 0.6 + 0.2 * (x / 0.8 + 1.0) });
        let (results, _) = run(json!({ "subjectFillsFrame": true }), disc([200, 30, 40]), &network);
        let Pixels::Gray(mask) = &results[1].pixels else { panic!("a mask") };
        assert!(at(mask, 2, 60) > 128, "{}", at(mask, 2, 60));
    }

    #[test]
    fn softness_widens_the_edge_and_none_leaves_it() {
        let partial = |softness: f64| {
            let (results, _) = run(json!({ "edgeSoftness": softness }), disc([200, 30, 40]), &Network::disc());
            rgba(&results[0]).iter().filter(|pixel| (1..255).contains(&pixel[3])).count()
        };
        assert_eq!(partial(0.0), partial(0.1));
        assert!(partial(4.0) > 2 * partial(0.0), "{} {}", partial(4.0), partial(0.0));
    }

    #[test]
    fn room_around_the_picture_has_the_colour_of_its_border() {
        let network = Network::disc();
        run(json!({ "subjectFillsFrame": true }), disc([200, 30, 40]), &network);
        let shown = network.shown.take();
        assert_eq!(shown.len(), 3 * 320 * 320);
        let side = SIDE as usize;
        assert!(shown[..31 * side].iter().all(|value| *value == shown[0]), "31 rows of one colour");
        assert!(shown[40 * side..][..side].iter().any(|value| *value != shown[0]));
        // The border's red, about 228 of at most 246, as a normalised value.
        assert!((shown[0] - (0.93 - 0.485) / 0.229).abs() < 0.2, "{}", shown[0]);
        // The mask is cropped: the model's disc of half its frame is larger in the picture.
        let (results, _) = run(json!({ "subjectFillsFrame": true, "trim": true }), disc([200, 30, 40]), &network);
        assert!(results[0].size.width > 66, "{:?}", results[0].size);
    }

    #[test]
    fn auto_needs_no_model_in_front_of_an_even_backdrop() {
        for shadow in ["drop", "keep"] {
            let by = |method: &str| {
                let raw = json!({ "method": method, "shadow": shadow });
                run(raw, disc([200, 30, 40]), &Unneeded)
            };
            let (results, codes) = by("auto");
            assert_eq!((results, codes), (by("flat-backdrop").0, Vec::new()));
        }
    }

    #[test]
    fn auto_asks_the_model_for_all_other_pictures() {
        let street = || crate::image::testing::noise(SIZE, Representation::Rgb, 3);
        let plain = || crate::image::testing::flat(SIZE, Representation::Rgb, 200);
        let mut cut_out = crate::image::convert::convert(disc([200, 30, 40]), Representation::Rgba);
        if let Pixels::Rgba(data) = &mut cut_out.pixels {
            data[3] = 0;
        }
        for image in [street(), plain(), cut_out] {
            let ask =
                |source| operation(json!({})).run(vec![Some(image.clone())], &Context::new(Some(source), &[true]));
            assert_eq!(ask(&Unloaded), Err(Stop::NeedsModel("u2netp".to_owned())));
            let by_model = run(json!({}), image.clone(), &Network::disc());
            assert_eq!(run(json!({ "method": "auto" }), image.clone(), &Network::disc()), by_model);
        }
        let raw = json!({ "method": "network" });
        let context = Context::new(Some(&Unloaded), &[true]);
        let stop = operation(raw).run(vec![Some(disc([200, 30, 40]))], &context).unwrap_err();
        assert_eq!(stop, Stop::NeedsModel("u2netp".to_owned()));
    }

    #[test]
    fn if_the_model_finds_nothing_the_result_is_empty() {
        // The output of u2netp for plain pictures: faint noise.
        let noise = Network::of(|x, y| 0.03 + 0.03 * (x * 40.0).sin() * (y * 50.0).cos());
        let sliver = || crate::image::testing::noise(Size::new(1, 400), Representation::Rgb, 9);
        let plain = |value| crate::image::testing::flat(Size::new(64, 48), Representation::Rgb, value);
        for image in [plain(255), plain(0), plain(128), sliver()] {
            for method in ["auto", "network"] {
                let (results, codes) = run(json!({ "method": method }), image.clone(), &noise);
                assert_eq!((results[0].size, codes.join(" ")), (image.size, "no_clear_subject".to_owned()));
                assert!(rgba(&results[0]).iter().all(|pixel| *pixel == [0; 4]), "{method}: {:?}", image.size);
            }
        }
    }

    #[test]
    fn a_picture_without_a_clear_subject_gets_a_warning() {
        for network in [
            Network::of(|_, _| 0.0),
            Network::of(|x, _| 0.4 + 0.05 * x),
            Network::of(|x, y| if x.hypot(y) < 0.5 { 0.4 } else { 0.0 }),
            Network::of(|x, _| if x < -0.99 { 0.0 } else { 1.0 }),
        ] {
            let (results, codes) = run(json!({}), disc([200, 30, 40]), &network);
            assert_eq!((results[0].size, codes), (SIZE, vec!["no_clear_subject".to_owned()]));
        }
        let (results, codes) = run(json!({ "trim": true }), disc([200, 30, 40]), &Network::of(|_, _| 0.0));
        assert_eq!((results[0].size, codes.join(" ")), (SIZE, "no_clear_subject nothing_to_trim".to_owned()));
    }

    #[test]
    fn an_invalid_mask_is_an_error_that_names_the_model() {
        let mut wrong = Network::disc();
        wrong.answer.pop();
        let mut broken = Network::disc();
        broken.answer[7] = f32::NAN;
        for network in [wrong, broken] {
            let context = Context::new(Some(&network), &[true]);
            let raw = json!({ "method": "network" });
            let stop = operation(raw).run(vec![Some(disc([9, 9, 9]))], &context).unwrap_err();
            let failure = stop.into_failure();
            assert!(failure.message.contains("\"test\"") && !failure.hint.is_empty(), "{failure:?}");
        }
    }

    #[test]
    fn without_a_model_the_failure_says_which_and_what_to_do() {
        let raw = json!({ "model": "mine", "method": "network" });
        let stop = operation(raw).run(vec![Some(disc([9, 9, 9]))], &Context::default()).unwrap_err();
        let Stop::Failed(failure) = stop else { panic!("no host can load it: {stop:?}") };
        assert!(failure.message.contains("\"mine\"") && failure.hint.contains("flat-backdrop"), "{failure:?}");
        assert_eq!(operation(json!({ "model": "mine" })).network(), Some(("mine", Need::Perhaps)));
        assert_eq!(operation(json!({ "method": "network" })).network(), Some(("u2netp", Need::Always)));
        assert_eq!(operation(json!({ "method": "flat-backdrop" })).network(), None);
        let issues = ACTION.check(json!({ "model": " " }).as_object().unwrap());
        assert_eq!(issues[0].field, "model");
    }

    #[test]
    fn a_flat_backdrop_is_removed_with_or_without_its_shadow() {
        let alpha = |shadow: &str| {
            let raw = json!({ "method": "flat-backdrop", "shadow": shadow });
            let context = Context::new(None, &[true, true]);
            let results = operation(raw).run(vec![Some(disc([200, 30, 40]))], &context).unwrap();
            assert_eq!(context.into_warnings(), []);
            let Pixels::Gray(mask) = &results[1].pixels else { panic!("gray") };
            (rgba(&results[0]).to_vec(), mask.clone())
        };
        let (dropped, mask) = alpha("drop");
        let (kept, same_mask) = alpha("keep");
        assert_eq!(mask, same_mask, "the mask is the subject's");
        // In the shadow, by the lower right of the disc; at the upper left; in the disc.
        assert_eq!((at(&dropped, 84, 86), at(&dropped, 10, 10), at(&dropped, 60, 60)[3]), ([0; 4], [0; 4], 255));
        let shade = at(&kept, 84, 86);
        assert!(shade[..3] == [0; 3] && (30..55).contains(&shade[3]), "{shade:?}");
        assert!(at(&kept, 10, 10)[3] <= 2 && at(&kept, 60, 60) == [200, 30, 40, 255]);
    }

    #[test]
    fn an_uneven_border_and_a_picture_without_subject_give_warnings() {
        let codes = |image: Image| {
            let raw = json!({ "method": "flat-backdrop" });
            let context = Context::default();
            operation(raw).run(vec![Some(image)], &context).unwrap();
            context.into_warnings().into_iter().map(|warning| warning.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(crate::image::testing::noise(SIZE, Representation::Rgb, 3)), ["uneven_backdrop"]);
        assert_eq!(codes(crate::image::testing::flat(SIZE, Representation::Rgb, 200)), ["no_clear_subject"]);
    }

    #[test]
    fn the_smallest_and_the_longest_pictures_finish() {
        for size in [Size::new(1, 1), Size::new(2, 3), Size::new(3000, 2), Size::new(1, 1500)] {
            for raw in [json!({ "trim": true }), json!({ "method": "flat-backdrop", "shadow": "keep", "trim": true })] {
                let image = crate::image::testing::noise(size, Representation::Rgba, 5);
                let (results, _) = run(raw, image, &Network::disc());
                assert!(results.iter().all(Image::is_consistent));
            }
        }
    }
}
