//! The store's conformance suite over IndexedDB, in a real browser. The checks are in `store::conformance`.
#![cfg(target_arch = "wasm32")]

use std::cell::Cell;

use js_sys::{Function, Promise};
use pixelmill::batch::records::{ExecutionStatus, Subset};
use pixelmill::browser::database::Database;
use pixelmill::browser::environment::{blob_of, bytes_of};
use pixelmill::browser::interop::settled;
use pixelmill::store::conformance::{self, Fixture};
use pixelmill::store::{AssetStore, BatchStore};
use wasm_bindgen::JsCast;
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

/// Makes a database of schema version 4 with three batches. In that version a progress had the sets `failed` and
/// `doubtful`, the latter only once doubts were recorded (not for `early`), and an execution had no `mark`. One
/// execution of `broken` cannot be read, nor can the progress of `lost`.
const MAKE_VERSION_4: &str = r#"(name) => new Promise((resolve, reject) => {
  const request = indexedDB.open(name, 4);
  request.onerror = () => reject(request.error);
  request.onupgradeneeded = () => {
    const create = (store, keyPath) => request.result.createObjectStore(store, keyPath ? { keyPath } : {});
    create("assets", "assetId").createIndex("byReferences", ["references", "createdAt"]);
    create("contents");
    create("batches", "batchId");
    const progress = create("progress", "batchId");
    progress.createIndex("byCreation", "createdAt");
    progress.createIndex("byStatus", ["status", "createdAt"]);
    progress.createIndex("byWorkflow", ["workflowId", "createdAt"]);
    const executions = create("executions", ["batchId", "assetIndex"]);
    executions.createIndex("byStatus", ["batchId", "status", "assetIndex"]);
    executions.createIndex("byContent", ["contentKey", "status"]);
    create("workflows", "workflowId");
    create("settings", "key");
    create("models", "name");
  };
  request.onsuccess = () => {
    const writing = request.result.transaction(["assets", "batches", "progress", "executions"], "readwrite");
    const config = { concurrencyLimit: 10, priority: "NORMAL", continueOnError: true };
    const batch = (batchId, assets, sets) => {
      writing.objectStore("batches").put({ batchId, workflow: {}, references: [], engineVersion: "1.0.0" });
      writing.objectStore("progress").put({
        batchId, workflowId: "w", jobName: "W", revision: 9, round: 0, status: "completed", paused: null, config, assets,
        ...sets, durationSumMs: 6, durationCount: 3, createdAt: 1, updatedAt: 5, completedAt: 5,
      });
    };
    const execution = (batchId, assetIndex, state) => writing.objectStore("executions").put({
      batchId, assetIndex, inputAsset: { index: assetIndex, assetId: null, inputs: [] }, attempts: 1, outputs: [],
      crc32: [], failure: null, warnings: [], startedAt: 3, completedAt: 5, durationMs: 2, inputThumbnail: null,
      outputThumbnail: null, inputSize: null, workerDeaths: 0, tabDeaths: 0, suspect: false, alone: false,
      engineVersion: "1.0.0", ...state,
    });
    const warning = (level) => ({
      status: "success", warnings: [{ code: "c", ...level, message: "m", hint: "h", actionId: null }],
    });
    const failure = { message: "m", category: "validation_error", phase: "validation", actionId: null, hint: "h" };
    batch("late", { total: 3, pending: 0, processing: 0, completed: 2, failed: 1 }, { failed: [1], doubtful: [2] });
    execution("late", 0, warning({ level: "hint" }));
    execution("late", 1, { status: "failed", failure });
    execution("late", 2, warning({ level: "doubt" }));
    // More than are read at once.
    batch("early", { total: 450, pending: 0, processing: 0, completed: 450, failed: 0 }, { failed: [] });
    for (let index = 0; index < 450; index += 1) {
      execution("early", index, index % 200 === 1 ? warning({}) : { status: "success" });
    }
    batch("broken", { total: 2, pending: 0, processing: 0, completed: 2, failed: 0 }, { failed: [], doubtful: [1] });
    execution("broken", 0, { status: "success", completedAt: null });
    execution("broken", 1, { ...warning({ level: "doubt" }), inputThumbnail: "held" });
    writing.objectStore("assets").put({
      assetId: "held", name: "held", mimeType: "image/webp", bytes: 1, references: 1, createdAt: 1, imported: false,
    });
    writing.objectStore("progress").put({ batchId: "lost", createdAt: 1 });
    writing.onabort = () => reject(writing.error);
    writing.oncomplete = () => {
      request.result.close();
      resolve();
    };
  };
})"#;

#[wasm_bindgen_test]
async fn a_database_of_the_version_before_is_upgraded_with_its_records() {
    let name = "pixelmill:/check-version-4/";
    let make: Function = js_sys::eval(MAKE_VERSION_4).expect("evaluates").unchecked_into();
    let made: Promise = make.call1(&make, &name.into()).expect("called").unchecked_into();
    settled(made).await.expect("made");

    // The second time there is nothing to upgrade.
    for _ in 0..2 {
        let database = Database::open(name, || (), |_| ()).await.expect("opens");
        for (id, failed, doubtful) in
            [("late", vec![1], vec![2]), ("early", vec![], vec![1, 201, 401]), ("broken", vec![], vec![1])]
        {
            let (progress, found) = database.indices(id, Subset::Doubtful).await.expect("read").expect("there");
            assert_eq!(found, doubtful, "{id}");
            assert_eq!(progress.doubtful_count as usize, doubtful.len(), "{id}");
            let (_, found) = database.indices(id, Subset::Failed).await.expect("read").expect("there");
            assert_eq!(found, failed, "{id}");
            let page = database.executions(id, Subset::Doubtful, 0, 10).await.expect("read");
            assert!(page.executions.iter().all(|one| one.is_doubtful()), "{id}");
            assert_eq!(page.matching as usize, doubtful.len(), "{id}");
        }
        let page = database.executions("late", Subset::All, 0, 10).await.expect("read");
        let states: Vec<_> = page.executions.iter().map(|one| one.status()).collect();
        assert_eq!(states, [ExecutionStatus::Success, ExecutionStatus::Failed, ExecutionStatus::Success]);
        let error = database.executions("broken", Subset::All, 0, 10).await.expect_err("one cannot be read");
        assert!(error.to_string().contains("A record could not be read"), "{error}");
    }

    // What can be read gives its files back.
    let database = Database::open(name, || (), |_| ()).await.expect("opens");
    assert!(database.asset("held").await.expect("read").is_some());
    assert_eq!(database.delete_batch("broken").await, Ok(true));
    assert_eq!(database.progress("broken").await, Ok(None));
    assert_eq!(database.executions("broken", Subset::All, 0, 10).await.expect("read").matching, 0);
    assert!(database.asset("held").await.expect("read").is_none());
}
