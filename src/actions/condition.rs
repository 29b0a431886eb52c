//! `condition`: leads a picture on by one of two ports. The engine decides by the [`Expression`], before it decodes anything
//! if what the files say about themselves is enough, so that this action has no kernel of its own. Code of a warning of
//! pictures that reach no output: `no_output`.

use super::{Action, Category, Context, IMAGE_IN, Operation, Port, PortType, Role, Stop, checks, only};
use crate::expression::Expression;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `condition`.
    pub struct Branch {
        /// What must be true of a picture that goes on by `then`, for example `width > height and megapixels >= 2`,
        /// `format == "png"`, `not alpha` or `name ~ "*-hero*"`. It can ask for `width`, `height`, `ratio` (width / height),
        /// `megapixels`, `alpha` (whether there is an alpha channel) and `frames` of the picture as it arrives here, and
        /// for `format`, `name`, `bytes`, `exif.camera` and `exif.date` (as 2026-03-14) of the input's file; what a file does
        /// not say is the empty text. Where a table is run, `row.price` is the value in the column of this name, as a number, text or flag. `index` is the picture's position, from 0, and `count`
        /// the number of pictures of the batch. Everything that names of results may contain in braces can be asked for too, such as `{folder} == "summer"`, `{date:%H} < 12` or
        /// `{param.save.quality} > 80`; `{name}` has no extension there. Compare by `==`, `!=`, `<`, `<=`, `>`, `>=`, and texts also with a pattern of `*` and
        /// `?` by `~`; join by `and`, `or`, `not` and parentheses.
        when: Expression = default_condition();
    }
}

/// The port of pictures for which the condition holds.
pub const THEN: Port = Port {
    name: "then",
    kind: PortType::Image,
    required: false,
    description: "The pictures for which the condition holds.",
};
/// The port of all others.
pub const ELSE: Port = Port {
    name: "else",
    kind: PortType::Image,
    required: false,
    description: "The pictures for which the condition does not hold.",
};

/// The entry of `condition`.
pub const ACTION: Action = Action {
    action_type: "condition",
    version: "1.0.0",
    name: "Condition",
    description: "Leads each picture on by one of two ways, depending on its size, format, name or metadata. A way that is not taken \
                  costs no time and gives no result.",
    category: Category::Logic,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[THEN, ELSE],
    fields: Branch::FIELDS,
    rules: &[],
    adds_alpha: checks::Condition::Never,
    related: &["crop", "resize", "output"],
    usage: "Crop landscape pictures to 1600 × 1200 and portrait ones to 1200 × 1600: width > height.",
    icon: "M12 20v-4c0-4-6-3-6-7V4M12 16c0-4 6-3 6-7V4M3.5 6.5L6 4l2.5 2.5M15.5 6.5L18 4l2.5 2.5",
};

impl Action {
    /// Whether it leads pictures on by one of its output ports only.
    pub fn is_condition(&self) -> bool {
        self.action_type == ACTION.action_type
    }
}

fn default_condition() -> Expression {
    Expression::parse("width > height").unwrap_or_default()
}

impl Operation for Branch {
    fn accepts(&self) -> Representations {
        Representations::ANY.and_deep()
    }

    fn keeps_chroma_grid(&self) -> bool {
        true
    }

    fn keeps_content(&self) -> bool {
        true
    }

    fn condition(&self) -> Option<&Expression> {
        Some(&self.when)
    }

    /// The picture at both ports; the engine gives it to one of them instead.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        Ok(vec![image.clone(), image])
    }
}
