//! `lut`: maps colours by a lookup table of the user's own.

use super::checks::Condition;
use super::parameters::Kind;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Warning;
use crate::image::pixelwise::map_colors;
use crate::image::{Image, Representations};
use crate::user_file::FileKind;

crate::parameters! {
    /// Parameters of `lut`.
    pub struct ApplyLut {
        /// Name of the LUT: a `.cube` file that you have added, with a 1D table or a 3D table of at most 65 entries a side. It is
        /// applied to the colours as the picture has them, so a LUT for log or linear footage needs such pictures. Without a
        /// name, colours stay.
        lut: String = String::new(), kind Kind::File(FileKind::Lut), label "LUT";
        /// How much of the result replaces the original colour: 1 all, 0 nothing.
        strength: f64 = 1.0, range 0.0..=1.0;
    }
}

/// The entry of `lut`.
pub const ACTION: Action = Action {
    action_type: "lut",
    version: "1.0.0",
    name: "LUT",
    description: "Gives colours the look of a lookup table, a .cube file of your own as colour grading programs write them. Warns if none is chosen (`no_lut`).",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: ApplyLut::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["look", "curves", "convert-color"],
    usage: "Give a series the look of a film: add its .cube file as \"Film\", then use lut with \"lut\": \"Film\" and strength 0.7. Most LUTs are made for sRGB pictures: convert others with convert-color first.",
    icon: "M12 3.5l7.5 4.2v8.6L12 20.5l-7.5-4.2V7.7zM4.5 7.7L12 12l7.5-4.3M12 12v8.5",
};

impl Operation for ApplyLut {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn user_file(&self) -> Option<(FileKind, &str)> {
        (!self.lut.trim().is_empty()).then_some((FileKind::Lut, &self.lut))
    }

    /// Tetrahedral interpolation of the encoded, straight colours in single precision, rounded once; alpha stays.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        if self.user_file().is_none() {
            let message = "No LUT is chosen, so the colours of this picture stay as they are.";
            context.warn(Warning::new("no_lut", message, "Add a .cube file and choose it, or remove the step."));
            return Ok(vec![image]);
        }
        let mapping = context.lut(&self.lut)?.mapping(self.strength as f32);
        Ok(vec![map_colors(image, |color| mapping.color(color), |color| mapping.deep_color(color))])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Failure;
    use crate::image::{Pixels, Size};
    use crate::lut::{Lut, LutSource};

    /// Has one LUT, which exchanges red and blue.
    struct Shelf(Lut);

    impl Shelf {
        fn new() -> Self {
            let rows = (0..8).map(|at| format!("{} {} {}\n", at >> 2, at >> 1 & 1, at & 1));
            let text = format!("LUT_3D_SIZE 2\n{}", rows.collect::<String>());
            Self(Lut::read(text.as_bytes()).unwrap())
        }
    }

    impl LutSource for Shelf {
        fn get(&self, name: &str) -> Result<&Lut, Failure> {
            assert_eq!(name, "swap");
            Ok(&self.0)
        }
    }

    #[test]
    fn colours_are_mapped_and_alpha_stays() {
        let shelf = Shelf::new();
        let context = Context::default().with_luts(Some(&shelf));
        let operation = ApplyLut::read(json!({ "lut": "swap" }).as_object().unwrap()).unwrap();
        assert_eq!(operation.user_file(), Some((FileKind::Lut, "swap")));
        let image = Image::new(Size::new(2, 1), Pixels::Rgba(vec![1, 2, 3, 0, 250, 6, 7, 128]));
        let result = operation.run(vec![Some(image)], &context).unwrap().remove(0);
        assert_eq!(result.pixels, Pixels::Rgba(vec![3, 2, 1, 0, 7, 6, 250, 128]));
    }

    #[test]
    fn without_a_lut_colours_stay_and_a_warning_says_so() {
        let context = Context::default();
        let operation = ApplyLut::read(json!({}).as_object().unwrap()).unwrap();
        assert_eq!(operation.user_file(), None);
        let image = || Image::new(Size::new(1, 1), Pixels::Rgb(vec![1, 2, 3]));
        assert_eq!(operation.run(vec![Some(image())], &context).unwrap(), [image()]);
        assert_eq!(context.into_warnings()[0].code, "no_lut");
    }

    #[test]
    fn a_lut_that_the_host_does_not_have_is_named() {
        let operation = ApplyLut::read(json!({ "lut": "film" }).as_object().unwrap()).unwrap();
        let image = Image::new(Size::new(1, 1), Pixels::Rgb(vec![1, 2, 3]));
        let failure = operation.run(vec![Some(image)], &Context::default()).unwrap_err().into_failure();
        assert!(failure.message.contains("\"film\""), "{failure:?}");
    }
}
