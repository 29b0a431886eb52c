//! The user's own workflows: stored, published, run by their id.

use super::*;
use crate::batch::records::PinnedVersion;

/// A workflow with a logo of its own, without pictures.
fn marked(name: &str) -> Value {
    let mut document = workflow(json!([]));
    document["metadata"] = json!({ "name": name });
    document["actions"].as_array_mut().expect("list").extend([
        json!({ "actionId": "logo", "actionType": "input-images", "parameters": { "images": [{ "name": "logo.png", "sourceUrl": "asset:1090" }] } }),
        json!({ "actionId": "mark", "actionType": "watermark" }),
        json!({ "actionId": "output-2", "actionType": "output" }),
    ]);
    let connect = |source: &str, target: &str, port: &str| json!({ "connectionSource": source, "sourcePort": "outputs", "connectionTarget": target, "targetPort": port });
    document["connections"].as_array_mut().expect("list").extend([
        connect("flip-1", "mark", "input-images"),
        connect("logo", "mark", "overlay"),
        connect("mark", "output-2", "input-images"),
    ]);
    document
}

fn saved(service: &TestService, document: &Value) -> String {
    run(service.save_workflow(document, &Value::Null)).expect("saved").summary.workflow_id
}

/// Runs the draft over one picture, to its end.
fn prove(service: &TestService, id: &str, well: bool) -> String {
    let mut document = run(service.workflow(id, &Value::Null)).expect("stored").workflow;
    document["actions"][0]["parameters"]["images"] = images(1);
    let accepted = run(service.execute(&json!({ "workflowId": id, "workflow": document }))).expect("accepted");
    finish(service, &accepted.batch_id, 0, well);
    accepted.batch_id
}

fn published(service: &TestService, document: &Value) -> String {
    let id = saved(service, document);
    prove(service, &id, true);
    run(service.publish_workflow(&id)).expect("published");
    id
}

fn runs(id: &str, inputs: Value) -> Value {
    json!({ "workflow": { "workflowId": id, "inputs": inputs } })
}

fn photo(url: &str) -> Value {
    json!({ "node_id": "input-1", "content": [{ "presignedUrl": url, "storageType": "s3" }] })
}

#[test]
fn a_saved_workflow_is_a_draft_that_lists_its_inputs() {
    let service = service();
    let answer = json_of(&run(service.save_workflow(&marked("Marked & square"), &Value::Null)).expect("saved"));
    let mut document = marked("Marked & square");
    document["metadata"]["workflowId"] = "marked-square".into();
    let expected = json!({
        "workflowId": "marked-square", "name": "Marked & square", "description": "", "status": "draft",
        "version": null, "versionId": null, "hasRun": false, "changed": true,
        "inputs": [
            { "nodeId": "input-1", "type": "image", "required": true },
            { "nodeId": "logo", "type": "image", "required": false }
        ],
        "versions": [], "createdAt": "2026-01-31T12:00:00.000Z", "updatedAt": "2026-01-31T12:00:00.000Z",
        "workflow": document
    });
    assert_eq!(answer, expected);
    assert_eq!(*service.host().events.borrow(), [Event::WorkflowsChanged]);
}

#[test]
fn saving_under_an_existing_id_replaces_the_draft() {
    let service = service();
    let id = saved(&service, &marked("One"));
    let mut document = run(service.workflow(&id, &Value::Null)).expect("stored").workflow;
    document["metadata"]["name"] = "Another name".into();
    assert_eq!(saved(&service, &document), id);
    let list = run(service.list_workflows(&Value::Null)).expect("listed");
    assert_eq!(list.workflows.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Another name"]);
    let named = run(service.save_workflow(&marked("Third"), &json!({ "workflowId": "my id" }))).expect("saved");
    assert_eq!(
        (named.summary.workflow_id.as_str(), &named.workflow["metadata"]["workflowId"]),
        ("my id", &json!("my id"))
    );
}

#[test]
fn a_workflow_is_published_once_its_current_form_has_run_successfully() {
    let service = service();
    let id = saved(&service, &marked("Marked"));
    let refused_to = |service: &TestService| refused(run(service.publish_workflow(&id)));
    assert!(refused_to(&service).message.contains("not run successfully"));
    prove(&service, &id, false);
    assert_eq!(refused_to(&service).code, 400, "it has failed");
    prove(&service, &id, true);
    assert!(run(service.workflow(&id, &Value::Null)).expect("stored").summary.has_run);
    let answer = run(service.publish_workflow(&id)).expect("published").summary;
    assert_eq!(
        (answer.status, answer.version, answer.version_id.as_deref()),
        (WorkflowStatus::Published, Some(1), Some("marked@1"))
    );
    assert_eq!(answer.versions[0].published_at, iso_time(service.host().now.get()));

    // An edit makes it a draft again as far as publishing goes; the version stays published.
    let mut document = run(service.workflow(&id, &Value::Null)).expect("stored").workflow;
    document["actions"][1]["parameters"] = json!({ "direction": "vertical" });
    saved(&service, &document);
    let summary = run(service.workflow(&id, &Value::Null)).expect("stored").summary;
    assert_eq!(
        (summary.status, summary.version, summary.changed, summary.has_run),
        (WorkflowStatus::Published, Some(1), true, false)
    );
    assert_eq!(refused_to(&service).code, 400);
    prove(&service, &id, true);
    assert_eq!(run(service.publish_workflow(&id)).expect("published").summary.version, Some(2));
    let first = run(service.workflow(&id, &json!({ "version": 1 }))).expect("stored").workflow;
    assert_eq!(first["actions"][1]["parameters"], json!({}), "the first version is as it was");
    assert_eq!(refused(run(service.workflow(&id, &json!({ "version": 3 })))).code, 404);
}

#[test]
fn what_a_deleted_batch_has_proved_still_counts() {
    let service = service();
    let id = saved(&service, &marked("Marked"));
    let batch_id = prove(&service, &id, true);
    run(service.delete(&batch_id)).expect("deleted");
    assert!(run(service.workflow(&id, &Value::Null)).expect("stored").summary.has_run);
    run(service.publish_workflow(&id)).expect("published");
}

#[test]
fn runs_of_a_published_workflow_are_executions_of_its_version() {
    let service = service();
    let id = published(&service, &marked("Marked"));
    let logo =
        json!({ "node_id": "logo", "template": { "presignedUrl": "https://x.example/logos/other.png?signed=1" } });
    let inputs = json!([[photo("https://x.example/a%20b.jpg#1")], [photo("asset:a7"), logo]]);
    let mut request = runs(&id, inputs);
    request["batchConfig"] = json!({ "priority": "LOW" });
    let accepted = run(service.execute(&request)).expect("accepted");
    let pinned = PinnedVersion { version: 1, version_id: format!("{id}@1") };
    assert_eq!((accepted.workflow_version.clone(), accepted.job_name.as_str()), (Some(pinned.clone()), "Marked"));
    assert_eq!((accepted.assets.total, accepted.config.priority), (2, crate::batch::records::Priority::Low));
    let list = json_of(&run(service.executions(&accepted.batch_id, &Value::Null)).expect("read"));
    let inputs: Vec<&Value> =
        list["executions"].as_array().expect("list").iter().map(|one| &one["inputAsset"]["inputs"]).collect();
    let input = |action: &str, name: &str, url: &str| json!({ "actionId": action, "name": name, "sourceUrl": url });
    assert_eq!(
        *inputs[0],
        json!([
            input("input-1", "a%20b.jpg", "https://x.example/a%20b.jpg#1"),
            input("logo", "logo.png", "asset:1090")
        ])
    );
    let other = input("logo", "other.png", "https://x.example/logos/other.png?signed=1");
    assert_eq!(*inputs[1], json!([input("input-1", "", "asset:a7"), other]));

    // The batch keeps the version it started with, whatever happens to the workflow.
    run(service.unpublish_workflow(&id)).expect("unpublished");
    assert_eq!(run(service.status(&accepted.batch_id, &Value::Null)).expect("read").workflow_version, Some(pinned));
    assert_eq!(refused(run(service.execute(&request))).code, 404);
    run(service.delete_workflow(&id)).expect("deleted");
    assert_eq!(run(service.status(&accepted.batch_id, &Value::Null)).expect("read").assets.total, 2);
}

#[test]
fn a_document_that_is_the_published_version_is_pinned_to_it() {
    let service = service();
    let id = published(&service, &marked("Marked"));
    let mut document = run(service.workflow(&id, &Value::Null)).expect("stored").workflow;
    document["actions"][0]["parameters"]["images"] = images(2);
    let pinned = |document: &Value, id: &str| {
        run(service.execute(&json!({ "workflowId": id, "workflow": document }))).expect("accepted").workflow_version
    };
    assert_eq!(pinned(&document, &id).map(|version| version.version), Some(1));
    assert_eq!(pinned(&document, "other"), None);
    document["actions"][1]["parameters"] = json!({ "direction": "vertical" });
    assert_eq!(pinned(&document, &id), None, "it is edited");
}

#[test]
fn a_run_that_does_not_fit_the_inputs_is_a_400_that_says_so() {
    let service = service();
    let id = published(&service, &marked("Marked"));
    let two =
        json!({ "node_id": "input-1", "content": [{ "presignedUrl": "asset:1" }, { "presignedUrl": "asset:2" }] });
    for (inputs, word) in [
        (json!([[{ "node_id": "nobody", "content": [{ "presignedUrl": "asset:1" }] }]]), "\"nobody\""),
        (json!([[photo("asset:1")], [{ "node_id": "logo", "content": [{ "presignedUrl": "asset:1" }] }]]), "Run 1"),
        (json!([[two]]), "one execution"),
        (json!([[{ "node_id": "input-1", "content": "a text" }]]), "needs an image"),
        (json!([[{ "node_id": "input-1", "content": [] }]]), "0 images"),
        (json!([[photo("ftp://x.example/1.jpg")]]), "diagnostics"),
    ] {
        let error = refused(run(service.execute(&runs(&id, inputs.clone()))));
        assert_eq!(error.code, 400, "{inputs}");
        assert!(error.message.contains(word), "{inputs}: {}", error.message);
    }
}

#[test]
fn drafts_cannot_be_run_by_their_id() {
    let service = service();
    let id = saved(&service, &marked("Marked"));
    assert_eq!(refused(run(service.execute(&runs(&id, json!([[photo("asset:1")]]))))).code, 404);
    assert!(refused(run(service.unpublish_workflow(&id))).message.contains("draft"));
}

#[test]
fn a_duplicate_and_an_import_are_new_drafts() {
    let service = service();
    let id = published(&service, &marked("Marked"));
    let copy = run(service.duplicate_workflow(&id, &Value::Null)).expect("duplicated").summary;
    assert_eq!((copy.workflow_id.as_str(), copy.name.as_str()), ("marked-copy", "Marked copy"));
    assert_eq!((copy.status, copy.has_run, copy.versions.len()), (WorkflowStatus::Draft, false, 0));
    let named = run(service.duplicate_workflow(&id, &json!({ "name": "Marked" }))).expect("duplicated").summary;
    assert_eq!(named.workflow_id, "marked-2");

    let exported = run(service.export_workflow(&id, &json!({ "version": 1 }))).expect("exported");
    assert_eq!(exported["actions"][3]["parameters"]["images"], json!([]), "the logo exists in this browser only");
    let imported = run(service.import_workflow(&exported)).expect("imported");
    assert_eq!((imported.summary.workflow_id.as_str(), imported.summary.status), ("marked-3", WorkflowStatus::Draft));
    assert_eq!(imported.workflow["metadata"]["workflowId"], "marked-3");
}

#[test]
fn built_in_workflows_are_not_overwritten() {
    let service = service();
    let document = builtin::find("web-gallery").expect("built in").document();
    assert!(refused(run(service.save_workflow(&document, &Value::Null))).message.contains("web-gallery"));
    assert_eq!(run(service.import_workflow(&document)).expect("imported").summary.workflow_id, "web-gallery-2");
}

#[test]
fn an_invalid_workflow_document_is_refused() {
    let service = service();
    for document in [
        json!(null),
        json!([]),
        json!({}),
        json!({ "actions": 3 }),
        json!({ "actions": [7] }),
        json!({ "actions": [] }),
    ] {
        assert_eq!(refused(run(service.save_workflow(&document, &Value::Null))).code, 400, "{document}");
        assert_eq!(refused(run(service.import_workflow(&document))).code, 400, "{document}");
    }
    // An unfinished draft may be stored.
    let unfinished = json!({ "actions": [{ "actionId": "in", "actionType": "input-images" }] });
    let id = saved(&service, &unfinished);
    assert!(refused(run(service.publish_workflow(&id))).diagnostics.is_some());
}

#[test]
fn the_list_has_the_most_recently_changed_first_and_is_filtered_and_paged() {
    let service = service();
    for (index, name) in ["one", "two", "three"].into_iter().enumerate() {
        service.host().now.set(NOON + index as f64);
        saved(&service, &marked(name));
    }
    prove(&service, "one", true);
    run(service.publish_workflow("one")).expect("published");
    let list = |query: Value| {
        let answer = run(service.list_workflows(&query)).expect("listed");
        (answer.workflows.into_iter().map(|one| one.workflow_id).collect::<Vec<_>>(), answer.pagination.count)
    };
    assert_eq!(list(Value::Null), (vec!["one".into(), "three".into(), "two".into()], 3));
    assert_eq!(list(json!({ "status": "draft" })), (vec!["three".into(), "two".into()], 2));
    assert_eq!(list(json!({ "status": "published", "limit": 1 })), (vec!["one".into()], 1));
    assert_eq!(list(json!({ "limit": 1, "offset": 2 })), (vec!["two".into()], 1));
    assert_eq!(refused(run(service.list_workflows(&json!({ "status": "pending" })))).code, 400);
}

#[test]
fn what_is_not_kept_is_a_404_everywhere() {
    let service = service();
    let none = Value::Null;
    for error in [
        refused(run(service.workflow("no", &none))),
        refused(run(service.publish_workflow("no"))),
        refused(run(service.unpublish_workflow("no"))),
        refused(run(service.duplicate_workflow("no", &none))),
        refused(run(service.delete_workflow("no"))),
        refused(run(service.export_workflow("no", &none))),
    ] {
        assert_eq!((error.code, error.message.as_str()), (404, "There is no workflow \"no\"."));
    }
}

#[test]
fn a_workflow_refers_to_its_logo_until_it_is_removed() {
    let service = service();
    let logo = NewAsset {
        asset_id: "1090".to_owned(),
        name: "logo.png".to_owned(),
        mime_type: String::new(),
        bytes: 1,
        checksum: None,
        content: [0].as_slice().into(),
    };
    run(service.store().put_assets(vec![logo], NOON)).expect("stored");
    let id = published(&service, &marked("Marked"));
    let references = || run(service.store().asset("1090")).expect("read").map(|record| record.references);
    assert_eq!(references(), Some(2), "workflow and batch");
    run(service.delete_workflow(&id)).expect("deleted");
    assert_eq!(references(), Some(1));
}
