//! The user's own files that actions use besides pictures: models, fonts, lookup tables and custom actions.
//!
//! A workflow names such a file, and the storage knows which file has the name. What is in a file is the concern of
//! whoever reads it: [`network`](crate::network), [`lettering`](crate::lettering), [`lut`](crate::lut) and
//! [`custom`](crate::custom).

use serde::{Deserialize, Serialize};

use crate::lettering::FONT;
use crate::network::{BUILT_IN, BuiltIn};

crate::words! {
    /// What a file is to the actions that use it. A name belongs to one file of each kind.
    #[derive(Default, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum FileKind {
        /// A salient-object model: an ONNX file.
        #[default]
        Model = "model",
        /// A font: TrueType or OpenType, packed (WOFF, WOFF2) or not.
        Font = "font",
        /// A lookup table for colours: a `.cube` file.
        Lut = "lut",
        /// A custom action: a WebAssembly module.
        Action = "action",
    }
}

impl FileKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Model, Self::Font, Self::Lut, Self::Action];

    /// What messages call it, to follow "the".
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Font => "font",
            Self::Lut => "LUT",
            Self::Action => "custom action",
        }
    }

    /// The extensions of its files, in lower case.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Model => &["onnx"],
            Self::Font => &["ttf", "otf", "ttc", "woff", "woff2"],
            Self::Lut => &["cube"],
            Self::Action => &["wasm"],
        }
    }

    /// The file that comes with the page and needs not be added.
    pub const fn built_in(self) -> Option<&'static BuiltIn> {
        match self {
            Self::Model => Some(&BUILT_IN),
            Self::Font => Some(&FONT),
            Self::Lut | Self::Action => None,
        }
    }

    /// Whether this name is that of the built-in file.
    pub fn is_built_in(self, name: &str) -> bool {
        self.built_in().is_some_and(|built_in| built_in.name == name)
    }

    /// The name of a file without its extension, if that is one of this kind.
    pub fn stem(self, file_name: &str) -> &str {
        match file_name.rsplit_once('.') {
            Some((stem, extension)) if self.extensions().iter().any(|own| extension.eq_ignore_ascii_case(own)) => stem,
            _ => file_name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_only_an_extension_of_its_kind() {
        assert_eq!(FileKind::Lut.stem("Kodak 2383.CUBE"), "Kodak 2383");
        assert_eq!(FileKind::Font.stem("Frank.Ruehl.otf"), "Frank.Ruehl");
        assert_eq!(FileKind::Model.stem("isnet.cube"), "isnet.cube");
        assert_eq!(FileKind::Model.stem("isnet"), "isnet");
    }

    #[test]
    fn kinds_have_one_name_everywhere() {
        for kind in FileKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
            assert_eq!(FileKind::of_word(kind.word()), Some(kind));
        }
    }
}
