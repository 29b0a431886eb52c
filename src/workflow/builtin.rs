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
    ($($id:literal),* $(,)?) => {
        /// All of them, in display order.
        pub static BUILTIN: &[Builtin] =
            &[$(Builtin { id: $id, json: include_str!(concat!("builtin/", $id, ".json")) }),*];

        /// Their ids, for programs that need no documents.
        const IDS: &[&str] = &[$($id),*];
    };
}

// A new one is a file in `builtin/` and its name here.
builtin! {
    "web-gallery",
    "marketplace-square",
    "watermark-two-sizes",
    "product-cutout",
    "packshot-shadow",
    "catalogue-cutouts",
    "marketplace-set",
    "social-set",
    "web-under-200-kb",
    "black-and-white-proof",
    "caption-name",
    "vintage-look",
    "brand-duotone",
    "rounded-thumbnails",
    "portrait-blur",
    "same-framing",
    "carousel",
    "short-loop",
    "portrait-and-landscape",
    "contact-sheet",
    "product-loop",
    "print-ready",
    "blog-header",
    "price-banners",
}

/// Whether a built-in workflow has this id.
pub fn is_builtin(id: &str) -> bool {
    IDS.contains(&id)
}

/// The built-in workflow with this id.
pub fn find(id: &str) -> Option<&'static Builtin> {
    BUILTIN.iter().find(|builtin| builtin.id == id)
}
