//! Addresses of files in memory, for elements that show them.

use std::rc::Rc;

use web_sys::{Blob, Url};

/// The address of a file, which is released with it.
pub(crate) struct ObjectUrl(String);

impl ObjectUrl {
    /// An address for this file; `None` if the browser makes none.
    pub(crate) fn of(file: &Blob) -> Option<Rc<Self>> {
        Url::create_object_url_with_blob(file).ok().map(|url| Rc::new(Self(url)))
    }

    /// The address as text.
    pub(crate) fn text(&self) -> String {
        self.0.clone()
    }
}

impl Drop for ObjectUrl {
    fn drop(&mut self) {
        let _unknown_is_fine = Url::revoke_object_url(&self.0);
    }
}
