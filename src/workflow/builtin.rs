//! The built-in workflows: documents like any other, and the one list of them.

use serde_json::Value;

/// A built-in workflow.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Its `metadata.workflowId`.
    pub id: &'static str,
    /// The document as JSON text.
    pub json: &'static str,
}

impl Builtin {
    /// The document.
    ///
    /// # Panics
    /// Never: a test parses every built-in document.
    pub fn document(&self) -> Value {
        serde_json::from_str(self.json).expect("a test parses every built-in document")
    }
}

macro_rules! builtin {
    ($id:literal) => {
        Builtin { id: $id, json: include_str!(concat!("builtin/", $id, ".json")) }
    };
}

/// All of them, in display order. A new one is a file in `builtin/` and its name here.
pub static BUILTIN: &[Builtin] = &[
    builtin!("web-gallery"),
    builtin!("marketplace-square"),
    builtin!("watermark-two-sizes"),
    builtin!("product-cutout"),
    builtin!("packshot-shadow"),
    builtin!("catalogue-cutouts"),
    builtin!("marketplace-set"),
    builtin!("social-set"),
    builtin!("web-under-200-kb"),
    builtin!("black-and-white-proof"),
    builtin!("vintage-look"),
    builtin!("brand-duotone"),
    builtin!("rounded-thumbnails"),
];

/// The built-in workflow with this id.
pub fn find(id: &str) -> Option<&'static Builtin> {
    BUILTIN.iter().find(|builtin| builtin.id == id)
}
