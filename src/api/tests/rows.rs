//! Batches that run the rows of a table.

use super::*;

const TEMPLATE: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text>{{title}}</text><image href='{{photo}}'/></svg>";

fn file(name: &str, url: &str) -> Value {
    json!({ "name": name, "sourceUrl": url, "storageType": "local" })
}

/// Banners of a table, a template and pictures.
fn banners(table: &str, template: &str) -> Value {
    let edge = |source: &str, port: &str, target: &str, into: &str| json!({ "connectionSource": source, "sourcePort": port, "connectionTarget": target, "targetPort": into });
    json!({
        "actions": [
            { "actionId": "photos", "actionType": "input-images", "parameters": { "images": [file("a.jpg", "asset:aa"), file("b.jpg", "asset:bb")] } },
            { "actionId": "table", "actionType": "input-files", "parameters": { "files": [file("t.csv", table)] } },
            { "actionId": "template", "actionType": "input-files", "parameters": { "files": [file("t.svg", template)] } },
            { "actionId": "rows", "actionType": "parse-data", "parameters": {} },
            { "actionId": "banner", "actionType": "merge-data", "parameters": { "width": 300 } },
            { "actionId": "save", "actionType": "output", "parameters": { "name": "{row.title}.{ext}" } }
        ],
        "connections": [
            edge("photos", "outputs", "rows", "input-images"),
            edge("table", "outputs", "rows", "input-files"),
            edge("template", "outputs", "banner", "template"),
            edge("rows", "row", "banner", "data"),
            edge("banner", "outputs", "save", "input-images"),
        ]
    })
}

fn with_files(files: &[(&str, &str)]) -> TestService {
    let service = service();
    let files = files.iter().map(|(id, text)| ((*id).to_owned(), (*text).to_owned())).collect();
    service.host().files.replace(files);
    service
}

fn execute(service: &TestService, workflow: Value) -> Result<Accepted, ApiError> {
    run(service.execute(&json!({ "workflowId": "banners", "workflow": workflow })))
}

fn refused(service: &TestService, workflow: Value) -> Vec<(String, String)> {
    let error = execute(service, workflow).expect_err("it is refused");
    error.diagnostics.into_iter().flatten().map(|one| (one.code, one.message)).collect()
}

#[test]
fn each_row_is_an_execution_that_remembers_it() {
    let table = "title;@photo\nOak;b.jpg\nElm;a.jpg\n";
    let service = with_files(&[("t1", table), ("t2", TEMPLATE)]);
    run(service.store().put_assets(["aa", "bb", "t1", "t2", "other"].map(small_file).into(), NOON)).expect("stored");
    let accepted = execute(&service, banners("asset:t1", "asset:t2")).expect("accepted");
    assert_eq!(accepted.assets.total, 2);
    let list = run(service.executions(&accepted.batch_id, &json!({}))).unwrap();
    let list = serde_json::to_value(&list).unwrap();
    let asset = &list["executions"][1]["inputAsset"];
    assert_eq!(asset["row"], json!({ "number": 2, "values": { "title": "Elm", "photo": "a.jpg" } }));
    assert_eq!(
        asset["inputs"],
        json!([
            { "actionId": "banner", "name": "Elm", "sourceUrl": "asset:t2" },
            { "actionId": "rows", "name": "a.jpg", "sourceUrl": "asset:aa", "column": "photo" }
        ])
    );
    let batch = run(service.store().batch(&accepted.batch_id)).unwrap().expect("a batch");
    let references: Vec<_> = batch.references.iter().map(String::as_str).collect();
    assert_eq!(references, ["aa", "bb", "t1", "t2"]);
    let keys: Vec<_> = run(service.store().executions(&accepted.batch_id, Subset::All, 0, 9)).unwrap().executions;
    let keys: Vec<_> = keys.into_iter().map(|one| one.content_key.expect("all is known")).collect();
    assert_ne!(keys[0], keys[1]);
    finish(&service, &accepted.batch_id, 0, true);
    finish(&service, &accepted.batch_id, 1, false);
    let report = run(service.report(&accepted.batch_id, &json!({}))).unwrap();
    assert_eq!(report["rows"][1]["inputName"], "Elm");
}

#[test]
fn another_value_is_another_result() {
    let key = |table: &str| {
        let service = with_files(&[("t1", table), ("t2", TEMPLATE)]);
        let accepted = execute(&service, banners("asset:t1", "asset:t2")).expect("accepted");
        let page = run(service.store().executions(&accepted.batch_id, Subset::All, 0, 9)).unwrap();
        page.executions[0].content_key.clone()
    };
    let before = key("title,@photo\nOak,a.jpg\n");
    assert_eq!(key("title;@photo\nOak;a.jpg\nElm;b.jpg\n"), before, "other rows make no difference");
    assert_ne!(key("title,@photo\nElm,a.jpg\n"), before);
    assert_ne!(key("title,@photo\nOak,b.jpg\n"), before);
}

#[test]
fn files_are_imported_whatever_their_url_and_read_before_the_batch_is_accepted() {
    let service = with_files(&[("01", "title,@photo\nOak,a.jpg\n"), ("02", TEMPLATE)]);
    let accepted = execute(&service, banners("blob:https://x/1", "https://x/t.svg")).expect("accepted");
    let urls: Vec<_> = service.host().imported.borrow().iter().map(|(url, _)| url.clone()).collect();
    assert_eq!(urls, ["blob:https://x/1", "https://x/t.svg"]);
    let stored = run(service.batch_workflow(&accepted.batch_id)).unwrap();
    assert_eq!(stored["actions"][2]["parameters"]["files"][0]["sourceUrl"], "asset:02");
}

#[test]
fn what_is_wrong_with_a_table_refuses_the_batch() {
    let with = |table: &str| with_files(&[("t1", table), ("t2", TEMPLATE)]);
    let found = refused(&with("title,@photo\nOak,a.jpg\nElm,c.jpg\n"), banners("asset:t1", "asset:t2"));
    let message = "Row 2 names \"c.jpg\", and no picture is called so (column \"photo\").";
    assert_eq!(found, [("missing_picture".to_owned(), message.to_owned())]);
    let found = refused(&with("name,@photo\nOak,a.jpg\n"), banners("asset:t1", "asset:t2"));
    let codes: Vec<_> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["unknown_column", "unknown_column"], "by the name of the result and the template");
    let found = refused(&with("title,@photo\nOak,a.jpg,1\n"), banners("asset:t1", "asset:t2"));
    assert_eq!(found[0], ("ragged_row".to_owned(), "Row 1 has 3 values, but there are 2 columns.".to_owned()));
    let found = refused(&with("title,@photo\n"), banners("asset:t3", "asset:t2"));
    assert_eq!(found, [("unreadable_data".to_owned(), "It is not stored.".to_owned())]);
    let mut document = banners("asset:t1", "asset:t2");
    document["actions"][1]["parameters"] = json!({});
    assert_eq!(refused(&with(""), document)[0], ("no_images".to_owned(), "\"rows\" has no table.".to_owned()));
    let mut document = banners("asset:t1", "asset:t2");
    document["actions"][2]["parameters"] = json!({});
    let found = refused(&with("title,@photo\nOak,a.jpg\n"), document);
    assert_eq!(found[0], ("no_images".to_owned(), "\"banner\" has no template.".to_owned()));
    let packed = with_files(&[("t1", "title,@photo\nOak,a.jpg\n"), ("t2", "\u{1f}\0\0")]);
    assert_eq!(refused(&packed, banners("asset:t1", "asset:t2"))[0].0, "unsupported_template");
}
