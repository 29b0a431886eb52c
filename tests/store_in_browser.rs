//! The store's conformance suite over IndexedDB, in a real browser. The checks are in `store::conformance`.
#![cfg(target_arch = "wasm32")]

use std::cell::Cell;

use pixelmill::browser::database::Database;
use pixelmill::browser::environment::{blob_of, bytes_of};
use pixelmill::store::conformance::{self, Fixture};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Blob;

wasm_bindgen_test_configure!(run_in_browser);

/// Opens a separate database for each check.
#[derive(Default)]
struct Browser {
    opened: Cell<u32>,
}

impl Fixture for Browser {
    type Store = Database;

    async fn fresh(&self) -> Database {
        self.opened.set(self.opened.get() + 1);
        let name = format!("pixelmill:/check-{}/", self.opened.get());
        Database::open(&name, || (), |_| ()).await.expect("the browser offers storage")
    }

    fn content(&self, text: &str) -> Blob {
        blob_of(text.as_bytes(), "text/plain").expect("made")
    }

    async fn text(&self, content: &Blob) -> String {
        String::from_utf8(bytes_of(content).await.expect("read")).expect("text")
    }
}

#[wasm_bindgen_test]
async fn the_store_in_indexeddb_does_what_every_store_must() {
    let browser = Browser::default();
    conformance::run_all(&browser).await;
    assert!(browser.opened.get() >= 10, "the suite opened only {} stores", browser.opened.get());
}
