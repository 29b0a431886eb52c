//! The port to a typesetter: what a host must provide so that kernels can set text.
//!
//! No font and no layout code is linked here. A host loads both when a plan asks for them
//! ([`Plan::needs_typesetter`](crate::engine::Plan::needs_typesetter)), in a module of its own; native builds link [`typesetting`].

use serde::{Deserialize, Serialize};

use crate::error::Failure;
use crate::network::BuiltIn;

pub mod emoji;
#[cfg(any(feature = "lettering", not(target_arch = "wasm32")))]
pub mod typesetting;

/// Sets text in the fonts that it has.
pub trait Typesetter {
    /// Breaks a text into lines and paints it.
    ///
    /// # Errors
    /// When it cannot be done on this device.
    fn set(&self, request: &Request) -> Result<Lettering, Failure>;

    /// Whether the font for emoji can still be loaded, so that what [lacks](Report::lacks_emoji) it can be set again.
    fn can_load_emoji(&self) -> bool {
        false
    }
}

/// Where lines lie in the block that they make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alignment {
    /// At its left side.
    Left,
    /// In its middle.
    Center,
    /// At its right side.
    Right,
}

/// A text, and how it is set. Lengths are in pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What is written; line breaks in it are kept.
    pub text: String,
    /// Name of the font that is tried first; the built-in one alone if it is empty. What it lacks is taken from the built-in
    /// one.
    pub font: String,
    /// Colour of the letters, in sRGB. Glyphs with colours of their own may have parts in it.
    pub color: [u8; 3],
    /// Font size.
    pub size: f32,
    /// Distance between baselines in font sizes.
    pub line_height: f32,
    /// Where lines lie in the block.
    pub alignment: Alignment,
    /// Width of the outline around letters.
    pub stroke: f32,
    /// Width at which lines are wrapped.
    pub max_width: f32,
    /// Width and height of the place for the block with its padding; lines are also wrapped for its width.
    pub room: [f32; 2],
    /// Distance between the block and the sides of the place. It shrinks with the text.
    pub padding: f32,
    /// Whether the text is made smaller if it does not fit; otherwise words that are too wide are broken.
    pub shrinks: bool,
    /// Width and height of what can be seen at most, around the middle of a larger block.
    pub seen: [u32; 2],
}

/// What a text came to, apart from its pixels. Places are relative to the upper left corner of the block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Width of the block, which is that of its widest line.
    pub width: u32,
    /// Height of the block: that of all its lines.
    pub height: u32,
    /// By what the text was made smaller: 1 if it was not.
    pub scale: f32,
    /// Where the painted pixels start: left and top.
    pub start: [i32; 2],
    /// Columns and rows of painted pixels; none for a text without visible characters.
    pub painted: [u32; 2],
    /// The characters that no font has, each once.
    pub missing: String,
    /// Whether the font for emoji is not loaded, and would have some of them, or coloured forms that the text asks for.
    pub lacks_emoji: bool,
}

/// A text that was set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lettering {
    /// Its measures.
    pub report: Report,
    /// How much of each painted pixel letters cover, row by row: 0 to 255.
    pub letters: Vec<u8>,
    /// How much of each painted pixel the outline covers, under the letters too; empty if there is none.
    pub outline: Vec<u8>,
    /// Glyphs with colours of their own, which lie on the letters: sRGB with straight alpha, four bytes for each painted pixel;
    /// empty if there are none.
    pub colors: Vec<u8>,
}

/// The most things that a warning names.
const MOST_NAMED: usize = 20;

/// The names of things as a warning says them: not all if there are many.
pub fn listed(names: impl IntoIterator<Item = String>) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names.by_ref().take(MOST_NAMED).collect();
    first.join(", ") + if names.next().is_some() { " and others" } else { "" }
}

/// A character as a warning names it: itself, or by its number if it would not be seen.
pub fn named(character: char) -> String {
    let number = character as u32;
    let is_plain = character.is_alphanumeric() || !character.is_whitespace() && !character.is_control();
    if is_plain { format!("{character} (U+{number:04X})") } else { format!("U+{number:04X}") }
}

/// The font that comes with the page. Its origin is in `lettering/roboto/`.
pub const FONT: BuiltIn = BuiltIn {
    name: "Roboto",
    file: "Roboto-Regular.ttf",
    bytes: 305_608,
    sha256: "797e35f7f5d6020a5c6ea13b42ecd668bcfb3bbc4baa0e74773527e5b6cb3174",
};

/// The font for emoji that other fonts lack. Its origin is in `lettering/noto-emoji/`.
pub const EMOJI_FONT: BuiltIn = BuiltIn {
    name: "Noto Color Emoji",
    file: "NotoColorEmoji.woff2",
    bytes: 2_003_012,
    sha256: "2fcbfefc99cb4cfd7bc0b1f0c090e4e7afbdde9463284bcb5f9fdcc918a0fdfc",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_the_files_that_they_are_said_to_be() {
        let file = include_bytes!("lettering/roboto/Roboto-Regular.ttf");
        assert_eq!((file.len() as u64, crate::library::sha256(file).as_str()), (FONT.bytes, FONT.sha256));
        let file = include_bytes!("lettering/noto-emoji/NotoColorEmoji.woff2");
        assert_eq!((file.len() as u64, crate::library::sha256(file).as_str()), (EMOJI_FONT.bytes, EMOJI_FONT.sha256));
    }
}
