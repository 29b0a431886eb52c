//! `split`: cuts a picture into equal parts. The engine runs what follows it once for each of them.

use serde_json::{Map, Value};

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::error::Failure;
use crate::image::geometry::crop;
use crate::image::{Image, Representations, Size};

crate::parameters! {
    /// Parameters of `split`.
    pub struct Split {
        /// Number of parts side by side.
        columns: u32 = 2, range 1.0..=10.0;
        /// Number of parts one above the other.
        rows: u32 = 1, range 1.0..=10.0;
        /// Keeps only this part: 1 is the upper left one, and they are counted row by row. By default every part becomes a
        /// result, and `{piece}` in its name is its number.
        piece: Option<u32>, range 1.0..=100.0;
    }
}

/// The entry of `split`.
pub const ACTION: Action = Action {
    action_type: "split",
    version: "1.0.0",
    name: "Split",
    description: "Cuts the picture into equal parts, in columns and rows. What follows is done with each part.",
    category: Category::Geometry,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: Split::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["crop", "create-rendition"],
    usage: "Make a carousel of three pictures from a panorama, or the tiles of a large print.",
    icon: "M3.5 5h7v14h-7zM13.5 5h7v14h-7z",
};

/// The parameter that says which part a copy of the action keeps.
pub const PIECE: &str = "piece";

/// Into how many parts an action with these parameters divides what follows it: 1 if it keeps a single one, or is another
/// action.
pub fn pieces(action_type: &str, parameters: &Map<String, Value>) -> u32 {
    let split = (action_type == ACTION.action_type).then(|| Split::read(parameters)).flatten();
    split.filter(|split| split.piece.is_none()).map_or(1, |split| split.columns * split.rows)
}

impl Split {
    /// Upper left corner and size of the part that is kept. What remains of a division is spread over the parts, so that
    /// their sides differ by one pixel at most.
    fn part(&self, whole: Size) -> Result<(u32, u32, Size), Failure> {
        let at = self.piece.unwrap_or(1) - 1;
        if at >= self.columns * self.rows {
            return Err(Failure::execute(
                format!("There is no piece {} of {} × {}.", at + 1, self.columns, self.rows),
                format!("Choose a \"piece\" from 1 to {}.", self.columns * self.rows),
            ));
        }
        let edge = |index: u32, parts: u32, side: u32| (u64::from(index) * u64::from(side) / u64::from(parts)) as u32;
        let span = |index, parts, side| (edge(index, parts, side), edge(index + 1, parts, side));
        let (left, right) = span(at % self.columns, self.columns, whole.width);
        let (top, bottom) = span(at / self.columns, self.rows, whole.height);
        if left == right || top == bottom {
            return Err(Failure::execute(
                format!(
                    "A picture of {} × {} px cannot be split into {} × {} parts.",
                    whole.width, whole.height, self.columns, self.rows
                ),
                "Use fewer columns and rows, or enlarge the picture first.",
            ));
        }
        Ok((left, top, Size::new(right - left, bottom - top)))
    }
}

impl Operation for Split {
    fn accepts(&self) -> Representations {
        Representations::ANY.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        true
    }

    fn output_size(&self, input: Size) -> Result<Size, Failure> {
        self.part(input).map(|(_, _, size)| size)
    }

    fn keeps_content(&self) -> bool {
        true
    }

    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let (x, y, size) = self.part(image.size)?;
        Ok(vec![crop(image, x, y, size)])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(columns: u32, rows: u32, piece: u32, (width, height): (u32, u32)) -> Option<[u32; 4]> {
        let split = Split { columns, rows, piece: Some(piece) };
        let (x, y, size) = split.part(Size::new(width, height)).ok()?;
        Some([x, y, size.width, size.height])
    }

    #[test]
    fn parts_are_counted_row_by_row_and_cover_the_picture() {
        assert_eq!(part(3, 2, 1, (10, 5)), Some([0, 0, 3, 2]));
        assert_eq!(part(3, 2, 3, (10, 5)), Some([6, 0, 4, 2]));
        assert_eq!(part(3, 2, 4, (10, 5)), Some([0, 2, 3, 3]));
        assert_eq!(part(3, 2, 6, (10, 5)), Some([6, 2, 4, 3]));
        assert_eq!(part(1, 1, 1, (10, 5)), Some([0, 0, 10, 5]));
        assert_eq!(part(10, 10, 100, (65_500, 65_500)), Some([58_950, 58_950, 6_550, 6_550]));
    }

    #[test]
    fn a_part_that_does_not_exist_fails() {
        assert_eq!(part(3, 2, 7, (10, 5)), None);
        assert_eq!(part(3, 1, 1, (2, 5)), None, "it would be empty");
    }

    #[test]
    fn only_a_split_without_a_piece_divides() {
        let of = |action: &str, raw: Value| pieces(action, raw.as_object().expect("an object"));
        assert_eq!(of("split", json!({})), 2);
        assert_eq!(of("split", json!({ "columns": 3, "rows": 4 })), 12);
        assert_eq!(of("split", json!({ "columns": 3, "piece": 2 })), 1);
        assert_eq!(of("split", json!({ "columns": "many" })), 1);
        assert_eq!(of("crop", json!({ "columns": 3 })), 1);
    }
}
