//! What every [`Store`] must do, as checks for any implementation: the one in memory natively, the browser's in
//! a browser. A failed check panics with the reason.
//!
//! Each takes a fresh store from its [`Fixture`]. `each!` lists them all in one place.

use super::{
    AssetRecord, AssetStore, BatchFilter, BatchStore, Durability, HasContent, LibraryStore, NewAsset, SettingStore,
    Store, StoreError, UserFile, Which, WorkflowChange,
};
use crate::batch::records::{
    Batch, BatchStatus, Config, Execution, ExecutionStatus, InputAsset, InputRef, Millis, OutputFile, Progress, Subset,
};
use crate::batch::transitions::{self, Findings, Results};
use crate::compact::SortedSet;
use crate::error::{Failure, Warning};
use crate::library::KeptWorkflow;
use crate::user_file::FileKind;

/// What the checks need from an implementation.
#[allow(async_fn_in_trait, reason = "one thread: futures need not be Send")]
pub trait Fixture {
    /// The implementation.
    type Store: Store;
    /// An empty store.
    async fn fresh(&self) -> Self::Store;
    /// Content with this text.
    fn content(&self, text: &str) -> <Self::Store as HasContent>::Content;
    /// The text of content.
    async fn text(&self, content: &<Self::Store as HasContent>::Content) -> String;
}

/// Calls a macro with the names of all checks: `each!(conforms)` is `conforms! { first second … }`.
macro_rules! each {
    ($with:ident) => {
        $with! {
            a_file_is_read_as_it_was_stored
            a_file_that_is_stored_again_keeps_its_record_with_a_new_time
            a_damaged_file_is_replaced_when_it_is_stored_again
            a_file_that_was_not_imported_is_removed_with_its_last_reference
            missing_records_are_answered_with_nothing
            stored_and_missing_files_are_distinguished
            a_batch_is_read_as_it_was_created
            a_batch_is_created_once
            a_finished_execution_is_found_by_its_content
            reused_results_refer_to_their_files_or_become_pending
            executions_are_listed_by_index_in_pages_of_the_filter
            executions_with_doubts_are_listed_by_index_in_pages
            indices_are_read_with_the_progress_they_belong_to
            progress_is_listed_newest_first
            a_list_is_newest_first_in_pages_of_the_filter
            a_change_reads_what_it_asks_for
            a_change_writes_progress_and_executions_together
            a_change_that_answers_nothing_changes_nothing
            results_and_their_bytes_become_durable_together
            shared_bytes_are_removed_with_their_last_reference
            a_reference_to_a_missing_file_is_not_counted
            a_dropped_reference_is_counted_in_the_change
            the_sweep_removes_old_files_that_nothing_refers_to
            a_workflow_is_read_as_it_was_stored
            an_unchanged_workflow_stays_as_it_was
            a_stored_workflow_refers_to_its_files
            a_user_file_refers_to_its_content_until_it_is_removed
            a_user_file_needs_a_name_that_is_free_and_content
            a_name_belongs_to_one_file_of_each_kind
            a_setting_is_stored
            settings_change_together
            settings_are_listed_by_the_prefix_of_their_keys
        }
    };
}
#[cfg(test)]
pub(crate) use each;

/// Runs every check, one after the other.
pub async fn run_all<F: Fixture>(fixture: &F) {
    macro_rules! run {
        ($($check:ident)*) => { $($check(fixture).await;)* };
    }
    each!(run);
}

type Content<F> = <<F as Fixture>::Store as HasContent>::Content;

fn file<F: Fixture>(fixture: &F, asset_id: &str) -> NewAsset<Content<F>> {
    NewAsset {
        asset_id: asset_id.to_owned(),
        name: format!("{asset_id}.jpg"),
        mime_type: "image/jpeg".to_owned(),
        bytes: asset_id.len() as u64,
        checksum: Some(format!("of {asset_id}")),
        content: fixture.content(asset_id),
    }
}

/// A batch of pictures named by their asset ids.
fn batch(batch_id: &str, assets: &[&str], now: Millis) -> (Batch, Progress, Vec<Execution>) {
    let inputs = (0..).zip(assets).map(|(index, asset)| InputAsset {
        index,
        asset_id: Some((*asset).to_owned()),
        inputs: vec![InputRef {
            action_id: "input-1".to_owned(),
            name: format!("{asset}.jpg"),
            source_url: format!("asset:{asset}"),
            path: None,
            replaced: false,
            column: None,
        }],
        gathered: None,
        row: None,
    });
    let (progress, executions) = transitions::accept(batch_id, "workflow", "Workflow", Config::default(), inputs, now);
    let references: SortedSet<String> = assets.iter().map(|asset| (*asset).to_owned()).collect();
    let workflow = serde_json::json!({ "metadata": { "workflowId": "workflow" } });
    let run = crate::actions::RunFacts::default();
    let batch = Batch { batch_id: batch_id.to_owned(), workflow, references, engine_version: "0".to_owned(), run };
    (batch, progress, executions)
}

async fn create<S: BatchStore>(store: &S, batch_id: &str, assets: &[&str], now: Millis) {
    let (batch, progress, executions) = batch(batch_id, assets, now);
    store.create_batch(batch, progress, executions).await.expect("created");
}

async fn record<S: AssetStore>(store: &S, asset_id: &str) -> Option<AssetRecord> {
    store.asset(asset_id).await.expect("read")
}

async fn references<S: AssetStore>(store: &S, asset_id: &str) -> Option<u32> {
    record(store, asset_id).await.map(|record| record.references)
}

fn output(asset_id: &str) -> OutputFile {
    OutputFile {
        action_id: "output-1".to_owned(),
        port: "outputs".to_owned(),
        name: "result.jpg".to_owned(),
        mime_type: "image/jpeg".to_owned(),
        width: 4,
        height: 3,
        bytes: asset_id.len() as u64,
        sha256: asset_id.to_owned(),
        encoder: "test 1".to_owned(),
        url: format!("asset:{asset_id}"),
        modules: crate::compact::SortedMap::new(),
    }
}

async fn start<S: BatchStore>(store: &S, batch_id: &str, index: u32) -> Option<u32> {
    store
        .change(batch_id, Which::At(vec![index]), Vec::new(), Durability::Relaxed, |progress, executions| {
            transitions::hand_out(progress, executions.first_mut()?, false, 10.0)
        })
        .await
        .expect("written")
}

/// Finishes an execution with one output and thumbnails: `{result}`, `thumb-in`, `{result}-thumb`.
async fn finish<F: Fixture>(
    fixture: &F,
    store: &F::Store,
    batch_id: &str,
    index: u32,
    attempt: u32,
    result: &str,
) -> Option<()> {
    let thumbnail = format!("{result}-thumb");
    let assets = vec![file(fixture, result), file(fixture, "thumb-in"), file(fixture, &thumbnail)];
    let results = Results {
        outputs: vec![output(result)],
        crc32: vec![7],
        output_thumbnail: Some(thumbnail),
        warnings: vec![Warning::new("no_clear_subject", "No subject.", "Crop.")],
        staged: Vec::new(),
    };
    let findings = Findings { input_thumbnail: Some("thumb-in".to_owned()), ..Findings::default() };
    store
        .change(batch_id, Which::At(vec![index]), assets, Durability::Strict, move |progress, executions| {
            transitions::succeed(progress, executions.first_mut()?, attempt, results, findings, 20.0)
        })
        .await
        .expect("written")
}

/// Fails an execution.
async fn fail<S: BatchStore>(store: &S, batch_id: &str, index: u32, attempt: u32) -> Option<()> {
    let failure = Failure::input("It is broken.", "Use another.");
    store
        .change(batch_id, Which::At(vec![index]), Vec::new(), Durability::Strict, move |progress, executions| {
            transitions::fail(progress, executions.first_mut()?, attempt, failure, Findings::default(), 20.0)
        })
        .await
        .expect("written")
}

/// A file's record and content come back.
pub async fn a_file_is_read_as_it_was_stored<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "aa"), file(fixture, "bbb")], 5.0).await.expect("stored");
    let stored = record(&store, "bbb").await.expect("there");
    let expected = AssetRecord {
        asset_id: "bbb".to_owned(),
        name: "bbb.jpg".to_owned(),
        mime_type: "image/jpeg".to_owned(),
        bytes: 3,
        references: 0,
        created_at: 5.0,
        imported: true,
        damaged: false,
        checksum: Some("of bbb".to_owned()),
    };
    assert_eq!(stored, expected);
    let content = store.content("bbb").await.expect("read").expect("there");
    assert_eq!(fixture.text(&content).await, "bbb");
}

/// The first name stays, the references stay, the time is the last import's.
pub async fn a_file_that_is_stored_again_keeps_its_record_with_a_new_time<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "aa")], 5.0).await.expect("stored");
    create(&store, "b1", &["aa"], 6.0).await;
    let again = NewAsset { name: "other.png".to_owned(), ..file(fixture, "aa") };
    store.put_assets(vec![again], 9.0).await.expect("stored");
    let stored = record(&store, "aa").await.expect("there");
    assert_eq!((stored.name.as_str(), stored.references, stored.created_at), ("aa.jpg", 1, 9.0));
}

/// A damaged file is repaired by the same file, and only by it.
pub async fn a_damaged_file_is_replaced_when_it_is_stored_again<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "aa")], 5.0).await.expect("stored");
    let sound = |text: &str| NewAsset { content: fixture.content(text), ..file(fixture, "aa") };
    store.put_assets(vec![sound("ignored")], 6.0).await.expect("stored");
    let content = store.content("aa").await.expect("read").expect("there");
    assert_eq!(fixture.text(&content).await, "aa");
    store.mark_damaged("aa").await.expect("marked");
    store.mark_damaged("unknown").await.expect("nothing to mark");
    assert!(record(&store, "aa").await.is_some_and(|record| record.damaged));
    create(&store, "b1", &["aa"], 7.0).await;
    assert!(record(&store, "aa").await.is_some_and(|record| record.damaged && record.references == 1));
    store.put_assets(vec![sound("repaired")], 8.0).await.expect("stored");
    let content = store.content("aa").await.expect("read").expect("there");
    assert_eq!(fixture.text(&content).await, "repaired");
    let repaired = record(&store, "aa").await.expect("there");
    assert_eq!((repaired.damaged, repaired.references), (false, 1));
}

/// A file stored with a record is not an import of its own.
pub async fn a_file_that_was_not_imported_is_removed_with_its_last_reference<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.take_assets(vec![file(fixture, "aa"), file(fixture, "bb")], 5.0).await.expect("stored");
    store.put_assets(vec![file(fixture, "bb")], 6.0).await.expect("stored");
    create(&store, "b1", &["aa", "bb"], 7.0).await;
    assert_eq!(references(&store, "aa").await, Some(1));
    assert_eq!(store.delete_batch("b1").await, Ok(true));
    assert_eq!(record(&store, "aa").await, None);
    assert!(store.content("aa").await.expect("read").is_none());
    assert_eq!(references(&store, "bb").await, Some(0), "it was imported on its own as well");
}

/// A missing record is an answer, not an error.
pub async fn missing_records_are_answered_with_nothing<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    assert_eq!(record(&store, "no").await, None);
    assert!(store.content("no").await.expect("read").is_none());
    assert_eq!(store.batch("no").await.expect("read"), None);
    assert_eq!(store.progress("no").await.expect("read"), None);
    assert_eq!(store.all_progress().await.expect("read"), Vec::new());
    let page = store.executions("no", Subset::All, 0, 10).await.expect("read");
    assert_eq!((page.executions.len(), page.matching), (0, 0));
    let changed = store.change("no", Which::None, Vec::new(), Durability::Relaxed, |_, _| Some(())).await;
    assert_eq!(changed, Ok(None));
    assert_eq!(store.delete_batch("no").await, Ok(false));
    assert_eq!(store.setting("no").await, Ok(None));
}

/// Request, progress and executions come back, and the inputs are counted.
pub async fn a_batch_is_read_as_it_was_created<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "aa"), file(fixture, "bb")], 1.0).await.expect("stored");
    let (batch, progress, executions) = batch("b1", &["aa", "bb", "aa"], 2.0);
    store.create_batch(batch.clone(), progress.clone(), executions.clone()).await.expect("created");
    assert_eq!(store.batch("b1").await, Ok(Some(batch)));
    assert_eq!(store.progress("b1").await, Ok(Some(progress)));
    assert_eq!(store.executions("b1", Subset::All, 0, 10).await.expect("read").executions, executions);
    assert_eq!(references(&store, "aa").await, Some(1), "a picture that is named twice is one reference");
    assert_eq!(references(&store, "bb").await, Some(1));
}

/// A second batch with the same id is refused and changes nothing.
pub async fn a_batch_is_created_once<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "aa")], 1.0).await.expect("stored");
    create(&store, "b1", &["aa"], 2.0).await;
    let (batch, progress, executions) = batch("b1", &["aa", "aa"], 3.0);
    let refused = store.create_batch(batch, progress, executions).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert_eq!(store.executions("b1", Subset::All, 0, 10).await.expect("read").matching, 1);
    assert_eq!(references(&store, "aa").await, Some(1));
}

/// A batch of one picture with this content key.
async fn create_keyed<S: BatchStore>(store: &S, batch_id: &str, key: &str, now: Millis) {
    let (batch, progress, mut executions) = batch(batch_id, &["aa"], now);
    executions[0].content_key = Some(key.to_owned());
    store.create_batch(batch, progress, executions).await.expect("created");
}

/// For as long as its batch exists, and only once it is finished.
pub async fn a_finished_execution_is_found_by_its_content<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    let keys = ["k1", "k2", "k3"].map(str::to_owned);
    for (id, key) in [("b1", "k1"), ("b2", "k2")] {
        create_keyed(&store, id, key, 1.0).await;
    }
    create(&store, "b3", &["aa"], 1.0).await;
    let found = async || {
        let found = store.finished_with(&keys).await.expect("read");
        found.into_iter().map(|one| one.map(|one| one.batch_id).unwrap_or_default()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found().await, "  ");
    for id in ["b1", "b3"] {
        let attempt = start(&store, id, 0).await.expect("started");
        finish(fixture, &store, id, 0, attempt, "result").await.expect("finished");
    }
    assert_eq!(found().await, "b1  ");
    assert_eq!(store.finished_with(&[]).await, Ok(Vec::new()));
    store.delete_batch("b1").await.expect("deleted");
    assert_eq!(found().await, "  ");
}

/// In the transaction that creates the batch: the other batch may have been deleted meanwhile.
pub async fn reused_results_refer_to_their_files_or_become_pending<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create_keyed(&store, "b1", "k", 1.0).await;
    let attempt = start(&store, "b1", 0).await.expect("started");
    finish(fixture, &store, "b1", 0, attempt, "result").await.expect("finished");
    let found = store.finished_with(&["k".to_owned()]).await.expect("read").remove(0).expect("there");
    for (id, there) in [("b2", true), ("b3", false)] {
        let (batch, mut progress, mut executions) = batch(id, &["aa"], 30.0);
        let names = vec!["taken.jpg".to_owned()];
        transitions::take_over(&mut progress, &mut executions[0], &found, names, 30.0).expect("it fits");
        if !there {
            store.delete_batch("b1").await.expect("deleted");
            store.delete_batch("b2").await.expect("deleted");
        }
        let stored = store.create_batch(batch, progress, executions).await.expect("created");
        assert_eq!(store.progress(id).await, Ok(Some(stored.clone())));
        let execution = store.executions(id, Subset::All, 0, 1).await.expect("read").executions.remove(0);
        if there {
            assert_eq!((stored.status, stored.assets.completed), (BatchStatus::Completed, 1));
            assert_eq!(execution.outputs()[0].name, "taken.jpg");
            assert_eq!((references(&store, "result").await, references(&store, "thumb-in").await), (Some(2), Some(2)));
        } else {
            assert_eq!((stored.status, stored.assets.pending), (BatchStatus::Pending, 1));
            assert_eq!((execution.status(), execution.reused()), (ExecutionStatus::Pending, None));
            assert_eq!(record(&store, "result").await, None);
        }
    }
}

/// Pages of all and of one state, with the number that match.
pub async fn executions_are_listed_by_index_in_pages_of_the_filter<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "b1", &["a"; 12], 1.0).await;
    create(&store, "b10", &["a"; 3], 1.0).await;
    for index in [11, 2, 7] {
        assert_eq!(start(&store, "b1", index).await, Some(1));
    }
    let indices = async |subset, offset, limit| {
        let page = store.executions("b1", subset, offset, limit).await.expect("read");
        (page.executions.iter().map(|one| one.asset_index).collect::<Vec<_>>(), page.matching)
    };
    assert_eq!(indices(Subset::All, 9, 100).await, (vec![9, 10, 11], 12));
    assert_eq!(indices(Subset::All, 1, 2).await, (vec![1, 2], 12));
    assert_eq!(indices(Subset::All, 12, 2).await, (vec![], 12));
    assert_eq!(indices(Subset::Running, 0, 2).await, (vec![2, 7], 3));
    assert_eq!(indices(Subset::Running, 2, 2).await, (vec![11], 3));
    assert_eq!(indices(Subset::Pending, 0, u32::MAX).await.0, vec![0, 1, 3, 4, 5, 6, 8, 9, 10]);
    assert_eq!(indices(Subset::Failed, 0, 10).await, (vec![], 0));
}

/// Of every kind, in order.
pub async fn indices_are_read_with_the_progress_they_belong_to<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "b1", &["a"; 12], 1.0).await;
    create(&store, "b10", &["a"; 12], 1.0).await;
    for (id, index) in [("b1", 11), ("b1", 2), ("b10", 1), ("b1", 7), ("b1", 3)] {
        let attempt = start(&store, id, index).await.expect("started");
        match index {
            2 => {}
            3 => finish(fixture, &store, id, index, attempt, "result").await.expect("finished"),
            _ => fail(&store, id, index, attempt).await.expect("failed"),
        }
    }
    let kinds = [
        (Subset::All, (0..12).collect()),
        (Subset::Pending, vec![0, 1, 4, 5, 6, 8, 9, 10]),
        (Subset::Running, vec![2]),
        (Subset::Success, vec![3]),
        (Subset::Failed, vec![7, 11]),
        (Subset::Doubtful, vec![3]),
    ];
    for (subset, expected) in kinds {
        let (progress, indices) = store.indices("b1", subset).await.expect("read").expect("there");
        assert_eq!(indices, expected, "{subset:?}");
        assert_eq!(Some(progress), store.progress("b1").await.expect("read"));
    }
    assert_eq!(store.indices("none", Subset::Failed).await, Ok(None));
}

/// For as long as there are doubts; a batch that does not exist has none.
pub async fn executions_with_doubts_are_listed_by_index_in_pages<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "b1", &["a"; 12], 1.0).await;
    create(&store, "b10", &["a"; 3], 1.0).await;
    for (id, index) in [("b1", 11), ("b1", 2), ("b10", 1), ("b1", 7), ("b1", 3)] {
        let attempt = start(&store, id, index).await.expect("started");
        if index != 3 {
            finish(fixture, &store, id, index, attempt, "result").await.expect("finished");
        }
    }
    let before = store.progress("b1").await.expect("read").expect("there");
    let indices = async |id, offset, limit| {
        let page = store.executions(id, Subset::Doubtful, offset, limit).await.expect("read");
        (page.executions.iter().map(|one| one.asset_index).collect::<Vec<_>>(), page.matching)
    };
    assert_eq!(indices("b1", 0, 2).await, (vec![2, 7], 3));
    assert_eq!(indices("b1", 2, 2).await, (vec![11], 3));
    assert_eq!(indices("b1", 3, 2).await, (vec![], 3));
    assert_eq!(indices("none", 0, 2).await, (vec![], 0));
    assert_eq!(store.progress("b1").await.expect("read"), Some(before), "reading changes nothing");
    let damage = |progress: &mut Progress, executions: &mut Vec<Execution>| {
        transitions::damage(progress, executions.first_mut()?, &["result.jpg".to_owned()], 30.0)
    };
    store
        .change("b1", Which::At(vec![7]), Vec::new(), Durability::Relaxed, damage)
        .await
        .expect("written")
        .expect("one");
    assert_eq!(indices("b1", 0, 9).await, (vec![2, 11], 2));
}

/// By the time they were accepted.
pub async fn progress_is_listed_newest_first<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    for (id, now) in [("b2", 20.0), ("b3", 30.0), ("b1", 10.0)] {
        create(&store, id, &["a"], now).await;
    }
    let ids: Vec<String> =
        store.all_progress().await.expect("read").into_iter().map(|progress| progress.batch_id).collect();
    assert_eq!(ids, ["b3", "b2", "b1"]);
}

/// With every filter, and with several accepted at the same time.
pub async fn a_list_is_newest_first_in_pages_of_the_filter<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    for (id, workflow_id, now) in
        [("b0", "even", 10.0), ("b1", "odd", 20.0), ("b2", "even", 30.0), ("b3", "odd", 30.0), ("b4", "even", 40.0)]
    {
        let (batch, mut progress, executions) = batch(id, &["a"], now);
        progress.workflow_id = workflow_id.to_owned();
        store.create_batch(batch, progress, executions).await.expect("created");
    }
    for id in ["b1", "b2"] {
        start(&store, id, 0).await.expect("started");
    }
    let list = async |filter: BatchFilter, offset, limit| {
        let page = store.list_progress(&filter, offset, limit).await.expect("read");
        (page.progress.into_iter().map(|progress| progress.batch_id).collect::<Vec<_>>().join(" "), page.matching)
    };
    let all = BatchFilter::default;
    assert_eq!(list(all(), 0, 100).await, ("b4 b3 b2 b1 b0".to_owned(), 5));
    assert_eq!(list(all(), 1, 2).await, ("b3 b2".to_owned(), 5));
    assert_eq!(list(all(), 4, 2).await, ("b0".to_owned(), 5));
    assert_eq!(list(all(), 5, 2).await, (String::new(), 5));
    assert_eq!(list(all(), 0, 0).await, (String::new(), 5));
    let running = || BatchFilter { status: Some(BatchStatus::Running), ..all() };
    assert_eq!(list(running(), 0, 100).await, ("b2 b1".to_owned(), 2));
    assert_eq!(list(running(), 1, 100).await, ("b1".to_owned(), 2));
    let even = || BatchFilter { workflow_id: Some("even".to_owned()), ..all() };
    assert_eq!(list(even(), 1, 1).await, ("b2".to_owned(), 3));
    assert_eq!(
        list(BatchFilter { status: Some(BatchStatus::Pending), ..even() }, 0, 100).await,
        ("b4 b0".to_owned(), 2)
    );
    assert_eq!(list(BatchFilter { status: Some(BatchStatus::Pending), ..even() }, 1, 1).await, ("b0".to_owned(), 2));
    assert_eq!(list(BatchFilter { status: Some(BatchStatus::Failed), ..all() }, 0, 100).await, (String::new(), 0));
    assert_eq!(list(BatchFilter { workflow_id: Some("eve".to_owned()), ..all() }, 0, 100).await, (String::new(), 0));
    // From inclusive, to exclusive.
    let span = |filter| BatchFilter { created_after: Some(20.0), created_before: Some(40.0), ..filter };
    assert_eq!(list(span(all()), 0, 100).await, ("b3 b2 b1".to_owned(), 3));
    assert_eq!(list(span(even()), 0, 100).await, ("b2".to_owned(), 1));
    assert_eq!(list(span(running()), 0, 100).await, ("b2 b1".to_owned(), 2));
    assert_eq!(list(BatchFilter { created_after: Some(30.5), ..all() }, 0, 100).await, ("b4".to_owned(), 1));
    assert_eq!(list(BatchFilter { created_before: Some(20.0), ..all() }, 0, 100).await, ("b0".to_owned(), 1));
    let nothing = BatchFilter { created_after: Some(40.0), created_before: Some(10.0), ..all() };
    assert_eq!(list(nothing, 0, 100).await, (String::new(), 0));
}

/// None, these (missing ones skipped), or all in a state, in order.
pub async fn a_change_reads_what_it_asks_for<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "b1", &["a"; 12], 1.0).await;
    for index in [10, 3] {
        start(&store, "b1", index).await.expect("started");
    }
    let read = async |which| {
        store
            .change("b1", which, Vec::new(), Durability::Relaxed, |_, executions| {
                Some(executions.iter().map(|one| one.asset_index).collect::<Vec<_>>())
            })
            .await
            .expect("read")
            .expect("answered")
    };
    assert_eq!(read(Which::None).await, Vec::<u32>::new());
    assert_eq!(read(Which::At(vec![5, 99, 1])).await, [5, 1]);
    assert_eq!(read(Which::In(ExecutionStatus::Running)).await, [3, 10]);
}

/// And the result is what `apply` returned.
pub async fn a_change_writes_progress_and_executions_together<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "b1", &["a", "a"], 1.0).await;
    assert_eq!(start(&store, "b1", 1).await, Some(1));
    assert_eq!(start(&store, "b1", 1).await, None, "it is not pending any more");
    let progress = store.progress("b1").await.expect("read").expect("there");
    assert_eq!(progress.status, BatchStatus::Running);
    assert_eq!((progress.assets.pending, progress.assets.processing), (1, 1));
    let executions = store.executions("b1", Subset::All, 0, 10).await.expect("read").executions;
    assert_eq!(executions[0].status(), ExecutionStatus::Pending);
    assert_eq!((executions[1].status(), executions[1].attempts), (ExecutionStatus::Running, 1));
}

/// Files that came with it included.
pub async fn a_change_that_answers_nothing_changes_nothing<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "b1", &["a"], 1.0).await;
    let answer = store
        .change("b1", Which::At(vec![0]), vec![file(fixture, "new")], Durability::Strict, |progress, executions| {
            progress.assets.total = 99;
            executions[0].attempts = 99;
            None::<()>
        })
        .await;
    assert_eq!(answer, Ok(None));
    assert_eq!(store.progress("b1").await.expect("read").expect("there").assets.total, 1);
    assert_eq!(store.executions("b1", Subset::All, 0, 1).await.expect("read").executions[0].attempts, 0);
    assert_eq!(record(&store, "new").await, None);
}

/// Finishing stores outputs, thumbnails and record; an outdated attempt stores nothing.
pub async fn results_and_their_bytes_become_durable_together<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "b1", &["a"], 1.0).await;
    let attempt = start(&store, "b1", 0).await.expect("started");
    assert_eq!(finish(fixture, &store, "b1", 0, attempt + 1, "outdated").await, None);
    assert_eq!(record(&store, "outdated").await, None);
    assert_eq!(finish(fixture, &store, "b1", 0, attempt, "result").await, Some(()));
    let stored = record(&store, "result").await.expect("there");
    assert_eq!((stored.references, stored.created_at), (1, 20.0), "the time is the change's");
    assert_eq!(references(&store, "result-thumb").await, Some(1));
    assert_eq!(references(&store, "thumb-in").await, Some(1));
    let execution = store.executions("b1", Subset::All, 0, 1).await.expect("read").executions.remove(0);
    assert_eq!(execution.status(), ExecutionStatus::Success);
    let results = &execution.success().expect("a success").results;
    assert_eq!((&results.outputs, &results.crc32), (&vec![output("result")], &vec![7]));
    assert_eq!(finish(fixture, &store, "b1", 0, attempt, "twice").await, None, "nothing is finished twice");
}

/// Bytes are deleted when the last of several batches and outputs drops its reference.
pub async fn shared_bytes_are_removed_with_their_last_reference<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "aa"), file(fixture, "loose")], 1.0).await.expect("stored");
    for id in ["b1", "b2"] {
        create(&store, id, &["aa", "aa"], 2.0).await;
        for index in [0, 1] {
            let attempt = start(&store, id, index).await.expect("started");
            // Both give the same bytes.
            assert_eq!(finish(fixture, &store, id, index, attempt, "result").await, Some(()));
        }
    }
    assert_eq!(references(&store, "aa").await, Some(2));
    assert_eq!(references(&store, "result").await, Some(4));
    assert_eq!(store.delete_batch("b1").await, Ok(true));
    assert_eq!(references(&store, "aa").await, Some(1));
    assert_eq!(references(&store, "result").await, Some(2));
    assert_eq!(store.batch("b1").await.expect("read"), None);
    assert_eq!(store.executions("b1", Subset::All, 0, 10).await.expect("read").matching, 0);
    assert_eq!(store.executions("b2", Subset::All, 0, 10).await.expect("read").matching, 2);
    assert_eq!(store.delete_batch("b2").await, Ok(true));
    for gone in ["result", "result-thumb", "thumb-in"] {
        assert_eq!(record(&store, gone).await, None, "{gone}");
        assert!(store.content(gone).await.expect("read").is_none(), "{gone}");
    }
    for stays in ["aa", "loose"] {
        assert_eq!(references(&store, stays).await, Some(0), "{stays} was imported and may be used again");
    }
    assert_eq!(store.sweep(1.5).await, Ok(2));
    assert_eq!(record(&store, "aa").await, None);
}

/// Otherwise deleting one batch would remove the file of another that was created later.
pub async fn a_reference_to_a_missing_file_is_not_counted<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "before", &["aa"], 1.0).await;
    assert_eq!(store.batch("before").await.expect("read").expect("there").references, SortedSet::new());
    store.put_assets(vec![file(fixture, "aa")], 2.0).await.expect("stored");
    create(&store, "after", &["aa"], 3.0).await;
    assert_eq!(store.delete_batch("before").await, Ok(true));
    assert_eq!(references(&store, "aa").await, Some(1));
}

/// A retry drops the failed execution's references; those of others stay.
pub async fn a_dropped_reference_is_counted_in_the_change<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    create(&store, "b1", &["a", "a"], 1.0).await;
    for (index, thumbnail) in [(0, "shared"), (1, "shared")] {
        let attempt = start(&store, "b1", index).await.expect("started");
        let findings = Findings { input_thumbnail: Some(thumbnail.to_owned()), ..Findings::default() };
        let failure = Failure::input("It is broken.", "Use another.");
        let assets = vec![file(fixture, thumbnail)];
        store
            .change("b1", Which::At(vec![index]), assets, Durability::Strict, move |progress, executions| {
                transitions::fail(progress, executions.first_mut()?, attempt, failure, findings, 20.0)
            })
            .await
            .expect("written")
            .expect("failed");
    }
    assert_eq!(references(&store, "shared").await, Some(2));
    let forget = async |index| {
        store
            .change("b1", Which::At(vec![index]), Vec::new(), Durability::Strict, |_, executions| {
                executions[0].input_thumbnail = None;
                Some(())
            })
            .await
            .expect("written")
            .expect("changed");
    };
    forget(0).await;
    assert_eq!(references(&store, "shared").await, Some(1));
    forget(1).await;
    assert_eq!(record(&store, "shared").await, None);
}

/// And nothing else.
pub async fn the_sweep_removes_old_files_that_nothing_refers_to<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store
        .put_assets(vec![file(fixture, "old"), file(fixture, "held"), file(fixture, "renewed")], 1.0)
        .await
        .expect("stored");
    store.put_assets(vec![file(fixture, "new"), file(fixture, "renewed")], 9.0).await.expect("stored");
    create(&store, "b1", &["held"], 2.0).await;
    assert_eq!(store.sweep(9.0).await, Ok(1));
    assert_eq!(record(&store, "old").await, None);
    for kept in ["held", "renewed", "new"] {
        assert!(record(&store, kept).await.is_some(), "{kept}");
    }
    assert_eq!(store.sweep(9.0).await, Ok(0));
}

fn kept(workflow_id: &str, asset_ids: &[&str], now: Millis) -> KeptWorkflow {
    let images: serde_json::Value =
        asset_ids.iter().map(|id| serde_json::json!({ "sourceUrl": format!("asset:{id}") })).collect();
    let input =
        serde_json::json!({ "actionId": "in", "actionType": "input-images", "parameters": { "images": images } });
    KeptWorkflow::new(workflow_id, serde_json::json!({ "actions": [input] }), now)
}

async fn keep<S: LibraryStore>(store: &S, workflow: KeptWorkflow) {
    let id = workflow.workflow_id.clone();
    store
        .change_workflow(&id, |_| Some((WorkflowChange::Stored(workflow), ())))
        .await
        .expect("written")
        .expect("stored");
}

/// One, all of them in the order of their ids, and none once it is removed.
pub async fn a_workflow_is_read_as_it_was_stored<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    assert_eq!(store.workflow("w1").await, Ok(None));
    assert_eq!(store.workflows().await, Ok(Vec::new()));
    for (id, now) in [("w2", 1.0), ("w1", 2.0)] {
        keep(&store, kept(id, &[], now)).await;
    }
    assert_eq!(store.workflow("w1").await, Ok(Some(kept("w1", &[], 2.0))));
    assert_eq!(store.workflows().await, Ok(vec![kept("w1", &[], 2.0), kept("w2", &[], 1.0)]));
    let seen = store.change_workflow("w1", |before| Some((WorkflowChange::Removed, before))).await.expect("written");
    assert_eq!(seen.flatten(), Some(kept("w1", &[], 2.0)));
    assert_eq!(store.workflows().await.expect("read").len(), 1);
}

/// Also when `apply` has looked at it.
pub async fn an_unchanged_workflow_stays_as_it_was<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    keep(&store, kept("w", &[], 1.0)).await;
    assert_eq!(store.change_workflow("w", |_| None::<(WorkflowChange, ())>).await, Ok(None));
    assert_eq!(store.change_workflow("other", |_| None::<(WorkflowChange, ())>).await, Ok(None));
    assert_eq!(store.workflows().await, Ok(vec![kept("w", &[], 1.0)]));
}

/// References are counted when it is stored, changed and removed; a file that is not stored is not counted.
pub async fn a_stored_workflow_refers_to_its_files<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "aa"), file(fixture, "bb")], 1.0).await.expect("stored");
    create(&store, "b1", &["aa"], 2.0).await;
    keep(&store, kept("w", &["aa", "bb", "aa", "missing"], 3.0)).await;
    assert_eq!((references(&store, "aa").await, references(&store, "bb").await), (Some(2), Some(1)));
    let stored = store.workflow("w").await.expect("read").expect("there");
    assert_eq!(stored.references, SortedSet::from(["aa".to_owned(), "bb".to_owned()]));
    store.put_assets(vec![file(fixture, "missing")], 4.0).await.expect("stored");
    keep(&store, kept("w", &["bb"], 5.0)).await;
    assert_eq!((references(&store, "aa").await, references(&store, "bb").await), (Some(1), Some(1)));
    store.change_workflow("w", |_| Some((WorkflowChange::Removed, ()))).await.expect("written").expect("removed");
    assert_eq!((references(&store, "aa").await, references(&store, "bb").await), (Some(1), Some(0)));
    assert_eq!(references(&store, "missing").await, Some(0), "it was not counted");
}

/// In the order in which it was asked, however often.
pub async fn stored_and_missing_files_are_distinguished<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "aa"), file(fixture, "bb")], 1.0).await.expect("stored");
    let ids = ["bb", "missing", "aa", "bb"].map(str::to_owned);
    assert_eq!(store.are_stored(&ids).await, Ok(vec![true, false, true, true]));
    assert_eq!(store.are_stored(&[]).await, Ok(Vec::new()));
}

fn user_file(kind: FileKind, name: &str, asset_id: &str) -> UserFile {
    UserFile { kind, name: name.to_owned(), asset_id: asset_id.to_owned(), bytes: 4, created_at: 3.0, spec: None }
}

/// Against the sweep too; what a batch refers to as well stays.
pub async fn a_user_file_refers_to_its_content_until_it_is_removed<F: Fixture>(fixture: &F) {
    for kind in FileKind::ALL {
        let store = fixture.fresh().await;
        store.put_assets(vec![file(fixture, "own"), file(fixture, "both")], 1.0).await.expect("stored");
        create(&store, "b1", &["both"], 2.0).await;
        for (name, asset_id) in [("studio", "own"), ("portraits", "both")] {
            assert_eq!(store.add_user_file(user_file(kind, name, asset_id)).await, Ok(true));
        }
        let expected = vec![user_file(kind, "portraits", "both"), user_file(kind, "studio", "own")];
        assert_eq!(store.user_files().await, Ok(expected));
        assert_eq!(store.sweep(9.0).await, Ok(0));
        for name in ["studio", "portraits"] {
            assert_eq!(store.remove_user_file(kind, name).await, Ok(true));
        }
        assert_eq!(record(&store, "own").await, None);
        assert_eq!(record(&store, "both").await.map(|record| record.references), Some(1));
        assert_eq!(store.user_files().await, Ok(Vec::new()));
        assert_eq!(store.remove_user_file(kind, "studio").await, Ok(false));
    }
}

/// Or nothing is counted.
pub async fn a_user_file_needs_a_name_that_is_free_and_content<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.put_assets(vec![file(fixture, "first"), file(fixture, "second")], 1.0).await.expect("stored");
    let add = |name: &str, asset_id: &str| store.add_user_file(user_file(FileKind::Lut, name, asset_id));
    assert_eq!(add("film", "first").await, Ok(true));
    assert_eq!(add("film", "second").await, Ok(false));
    assert_eq!(add("other", "missing").await, Ok(false));
    assert_eq!(store.user_files().await, Ok(vec![user_file(FileKind::Lut, "film", "first")]));
    assert_eq!(record(&store, "second").await.map(|record| record.references), Some(0));
}

/// They are listed by kind.
pub async fn a_name_belongs_to_one_file_of_each_kind<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    let contents = ["net", "letters", "colours", "code"];
    store.put_assets(contents.iter().map(|text| file(fixture, text)).collect(), 1.0).await.expect("stored");
    for (kind, asset_id) in FileKind::ALL.into_iter().zip(contents) {
        assert_eq!(store.add_user_file(user_file(kind, "mine", asset_id)).await, Ok(true));
    }
    let of = |kind: FileKind, asset_id: &str| user_file(kind, "mine", asset_id);
    let [model, font, lut] = [(FileKind::Model, "net"), (FileKind::Font, "letters"), (FileKind::Lut, "colours")];
    let all = [(FileKind::Action, "code"), font, lut, model].map(|(kind, asset_id)| of(kind, asset_id));
    assert_eq!(store.user_files().await, Ok(all.to_vec()));
    assert_eq!(store.remove_user_file(FileKind::Action, "mine").await, Ok(true));
    assert_eq!(store.user_files().await, Ok(all[1..].to_vec()));
}

/// The last value of each key.
pub async fn a_setting_is_stored<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.set_setting("theme", "dark").await.expect("stored");
    store.set_setting("other", "1").await.expect("stored");
    store.set_setting("theme", "light").await.expect("stored");
    assert_eq!(store.setting("theme").await, Ok(Some("light".to_owned())));
}

/// Stored, replaced and removed; removing a key that does not exist is allowed.
pub async fn settings_change_together<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    store.set_setting("gone", "1").await.expect("stored");
    store.set_setting("replaced", "1").await.expect("stored");
    let kept = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    let changes = vec![kept("new", "2"), kept("replaced", "2"), ("gone".to_owned(), None), ("never".to_owned(), None)];
    store.change_settings(changes).await.expect("written");
    for (key, value) in [("new", Some("2")), ("replaced", Some("2")), ("gone", None), ("never", None)] {
        assert_eq!(store.setting(key).await, Ok(value.map(str::to_owned)), "{key}");
    }
    assert_eq!(store.change_settings(Vec::new()).await, Ok(()), "nothing is a change too");
}

/// In the order of the keys, whatever follows the prefix; keys with another prefix are not included.
pub async fn settings_are_listed_by_the_prefix_of_their_keys<F: Fixture>(fixture: &F) {
    let store = fixture.fresh().await;
    for key in ["draft:b", "draft:", "draft", "draft:\u{1f600}", "drafts:a", "draft:a:1", "other"] {
        store.set_setting(key, &format!("of {key}")).await.expect("stored");
    }
    let found = store.settings_below("draft:").await.expect("read");
    let expected = ["draft:", "draft:a:1", "draft:b", "draft:\u{1f600}"];
    assert_eq!(found, expected.map(|key| (key.to_owned(), format!("of {key}"))));
    assert_eq!(store.settings_below("nothing:").await, Ok(Vec::new()));
}
