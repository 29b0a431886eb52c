//! Results beyond the executions: histories, reused results, reports.

use super::*;
use crate::store::LibraryStore;
use crate::user_file::FileKind;

/// Runs a batch over pictures by their asset ids, all successfully; returns its id.
fn ran(service: &TestService, images: Value) -> String {
    let request = json!({ "workflowId": "w", "workflow": workflow(images) });
    let accepted = run(service.execute(&request)).expect("accepted");
    for index in 0..accepted.assets.total {
        finish(service, &accepted.batch_id, index, true);
    }
    accepted.batch_id
}

fn image(name: &str, asset_id: &str) -> Value {
    json!({ "name": name, "sourceUrl": format!("asset:{asset_id}") })
}

fn skipping(service: &TestService, document: Value) -> Accepted {
    run(service.execute(&json!({ "workflowId": "w", "workflow": document, "skipUnchanged": true }))).expect("accepted")
}

/// The service with the file that every finished execution of these tests has made.
fn service_with_result() -> TestService {
    let service = service();
    run(service.store().put_assets(vec![small_file("ab")], NOON)).expect("stored");
    service
}

#[test]
fn a_retried_execution_lists_its_earlier_failures() {
    let service = service();
    let id = accepted(&service, "w", 1).batch_id;
    finish(&service, &id, 0, false);
    run(service.retry(&id, &Value::Null)).expect("retried");
    finish(&service, &id, 0, true);
    let list = json_of(&run(service.executions(&id, &Value::Null)).expect("read"));
    let expected = json!([{
        "attempt": 1, "failedAt": "2026-01-31T12:00:00.100Z", "error": "\"0.jpg\" is empty.",
        "errorCategory": "validation_error", "phase": "validation", "actionId": "input-1", "hint": "Choose another file."
    }]);
    assert_eq!(list["executions"][0]["history"], expected);
    assert_eq!((&list["executions"][0]["status"], &list["executions"][0]["attempts"]), (&json!("success"), &json!(2)));
}

#[test]
fn a_failed_execution_is_retried_with_another_file_in_place_of_its_own() {
    let service = service_with_result();
    let id = accepted(&service, "w", 2).batch_id;
    finish(&service, &id, 0, false);
    finish(&service, &id, 1, true);
    let retry = |index: u32, file: Value| {
        run(service.retry(&id, &json!({ "executionIds": [format!("{id}_exec-{index}")], "replacement": file })))
    };
    let file = json!({ "name": "new.png", "sourceUrl": "asset:ab" });
    for (index, file, word) in [
        (0, json!({ "sourceUrl": "asset:none" }), "asset:none"),
        (0, json!({ "sourceUrl": "asset:ab", "actionId": "logo" }), "replacement.actionId"),
        (1, file.clone(), "success"),
    ] {
        let error = refused(retry(index, file.clone()));
        assert_eq!(error.code, 400, "{file}");
        assert!(error.message.contains(word), "{file}: {}", error.message);
    }
    assert_eq!(refused(run(service.retry(&id, &json!({ "replacement": file })))).code, 400, "for which one?");
    retry(0, file).expect("failed before");
    let list = json_of(&run(service.executions(&id, &Value::Null)).expect("read"));
    let inputs = |index: usize| &list["executions"][index]["inputAsset"]["inputs"][0];
    assert_eq!(
        [&inputs(0)["name"], &inputs(0)["sourceUrl"], &inputs(0)["replaced"]],
        [&json!("new.png"), &json!("asset:ab"), &json!(true)]
    );
    assert_eq!((&list["executions"][0]["status"], inputs(1).get("replaced")), (&json!("pending"), None));
}

#[test]
fn nothing_is_reused_unless_the_request_asks_for_it() {
    let service = service_with_result();
    ran(&service, json!([image("a.jpg", "a1")]));
    let again =
        run(service.execute(&json!({ "workflowId": "w", "workflow": workflow(json!([image("a.jpg", "a1")])) })));
    assert_eq!(again.expect("accepted").assets.completed, 0);
}

#[test]
fn the_same_contents_in_the_same_workflow_are_reused_under_their_own_names() {
    let service = service_with_result();
    let first = ran(&service, json!([image("a.jpg", "a1"), image("b.jpg", "b2")]));
    let images = json!([image("new.png", "n3"), image("renamed.gif", "b2"), { "name": "c.jpg", "sourceUrl": "https://x.example/c.jpg" }]);
    let answer = skipping(&service, workflow(images));
    assert_eq!((answer.assets.total, answer.assets.completed, answer.assets.pending), (3, 1, 2));
    assert_eq!(answer.status, BatchStatus::Pending);
    let list = json_of(&run(service.executions(&answer.batch_id, &Value::Null)).expect("read"));
    let taken = &list["executions"][1];
    assert_eq!(taken["reused"], json!({ "batchId": first, "executionId": format!("{first}_exec-1") }));
    assert_eq!(
        (&taken["status"], &taken["attempts"], &taken["durationMs"]),
        (&json!("success"), &json!(0), &Value::Null)
    );
    assert_eq!(
        (&taken["outputs"][0]["name"], &taken["outputs"][0]["url"]),
        (&json!("renamed.jpg"), &json!("asset:ab"))
    );
    assert!(list["executions"].as_array().expect("list").iter().filter(|one| one.get("reused").is_some()).count() == 1);
    let references = run(service.store().asset("ab")).expect("read").map(|record| record.references);
    assert_eq!(references, Some(3), "it is held by each");

    // The rest runs, and the batch ends like any other.
    finish(&service, &answer.batch_id, 0, true);
    finish(&service, &answer.batch_id, 2, true);
    let status = run(service.status(&answer.batch_id, &Value::Null)).expect("read");
    assert_eq!((status.status, status.timing.average_execution_time_ms), (BatchStatus::Completed, Some(100.0)));
}

#[test]
fn a_result_that_shows_its_name_is_reused_for_the_same_name_and_position_only() {
    let service = service_with_result();
    let captioned = |text: &str, images: Value| {
        let mut document = workflow(images);
        document["actions"][1] = json!({ "actionId": "flip-1", "actionType": "text", "parameters": { "text": text } });
        document
    };
    for (text, reused) in [("{name}", [1, 0, 0]), ("Proof", [1, 1, 1])] {
        let first = json!([image("a.jpg", "a1"), image("b.jpg", "b2")]);
        let accepted = skipping(&service, captioned(text, first));
        (0..2).for_each(|index| finish(&service, &accepted.batch_id, index, true));
        let others = [image("a.jpg", "a1"), image("c.jpg", "a1"), image("b.jpg", "b2")];
        let counts = others.map(|image| skipping(&service, captioned(text, json!([image]))).assets.completed);
        assert_eq!(counts, reused, "{text}");
    }
}

#[test]
fn what_shows_the_run_is_reused_only_where_it_shows_the_same() {
    const DAY: Millis = 86_400_000.0;
    for (text, reused) in
        [("{date:%Y}", true), ("{date:%d}", false), ("{count}", true), ("{index} of {count}", true), ("Proof", true)]
    {
        let service = service_with_result();
        let captioned = |images: Value| {
            let mut document = workflow(images);
            document["actions"][1] =
                json!({ "actionId": "flip-1", "actionType": "text", "parameters": { "text": text } });
            document
        };
        let one = || json!([image("a.jpg", "a1")]);
        let accepted = skipping(&service, captioned(one()));
        let facts = run(service.store().batch(&accepted.batch_id)).unwrap().unwrap().run;
        // By the clock of the place, which is an hour ahead.
        assert_eq!((facts.clock, facts.count), (service.host().now.get() + 3_600_000.0, 1));
        finish(&service, &accepted.batch_id, 0, true);
        service.host().now.set(service.host().now.get() + DAY);
        assert_eq!(skipping(&service, captioned(one())).assets.completed == 1, reused, "{text}");
        let two = skipping(&service, captioned(json!([image("a.jpg", "a1"), image("b.jpg", "b2")])));
        assert_eq!(two.assets.completed == 1, reused && !text.contains("count"), "{text}");
    }
}

/// The workflow with a condition, by whose second way pictures reach "output-1", the second of two outputs.
fn branched(when: &str, images: Value) -> Value {
    let mut document = workflow(images);
    document["actions"][1] = json!({ "actionId": "flip-1", "actionType": "condition", "parameters": { "when": when } });
    let output = json!({ "actionId": "output-0", "actionType": "output", "parameters": {} });
    document["actions"].as_array_mut().expect("a list").insert(2, output);
    document["connections"][1]["sourcePort"] = json!("else");
    let then = json!({ "connectionSource": "flip-1", "sourcePort": "then", "connectionTarget": "output-0", "targetPort": "input-images" });
    document["connections"].as_array_mut().expect("a list").push(then);
    document
}

#[test]
fn results_of_one_way_of_a_condition_are_reused_and_a_condition_on_names_is_decided_again() {
    let service = service_with_result();
    for (when, reused) in [("width > 9000", [1, 1]), ("name ~ '*-hero*'", [1, 0])] {
        let accepted = skipping(&service, branched(when, json!([image("a.jpg", "a1")])));
        finish(&service, &accepted.batch_id, 0, true);
        let others = [image("a.jpg", "a1"), image("a-hero.jpg", "a1")];
        let again = others.map(|image| skipping(&service, branched(when, json!([image]))));
        assert_eq!([&again[0], &again[1]].map(|answer| answer.assets.completed), reused, "{when}");
        let list = json_of(&run(service.executions(&again[0].batch_id, &Value::Null)).expect("read"));
        assert_eq!(list["executions"][0]["outputs"][0]["actionId"], "output-1");
    }
}

#[test]
fn a_batch_that_reuses_everything_has_ended() {
    let service = service_with_result();
    ran(&service, json!([image("a.jpg", "a1")]));
    let answer = skipping(&service, workflow(json!([image("a.jpg", "a1"), image("again.jpg", "a1")])));
    assert_eq!((answer.status, answer.assets.completed), (BatchStatus::Completed, 2));
    assert!(run(service.status(&answer.batch_id, &Value::Null)).expect("read").completed_at.is_some());
    // A reused result may be reused itself.
    assert_eq!(skipping(&service, workflow(json!([image("a.jpg", "a1")]))).assets.completed, 1);
}

#[test]
fn another_recipe_another_picture_and_a_failure_are_not_reused() {
    let service = service_with_result();
    ran(&service, json!([image("a.jpg", "a1")]));
    let id = accepted(&service, "w", 1).batch_id;
    finish(&service, &id, 0, false);
    let mut other = workflow(json!([image("a.jpg", "a1")]));
    other["actions"][1]["parameters"] = json!({ "direction": "vertical" });
    for document in [other, workflow(json!([image("a.jpg", "a2")])), workflow(json!([image("0.jpg", "a0")]))] {
        assert_eq!(skipping(&service, document).assets.completed, 0);
    }
    // A difference that does not matter.
    let mut same = workflow(json!([image("a.jpg", "a1")]));
    same["metadata"] = json!({ "name": "Called otherwise" });
    same["actions"].as_array_mut().expect("list").push(json!({ "actionId": "loose", "actionType": "output" }));
    assert!(run(service.execute(&json!({ "workflowId": "w", "workflow": same, "skipUnchanged": true }))).is_err());
    same["actions"].as_array_mut().expect("list").pop();
    assert_eq!(skipping(&service, same).assets.completed, 1);
}

#[test]
fn the_users_own_files_are_identified_by_their_content() {
    for (kind, step) in [
        (FileKind::Model, json!({ "actionType": "remove-background", "parameters": { "model": "mine" } })),
        (FileKind::Lut, json!({ "actionType": "lut", "parameters": { "lut": "mine" } })),
        (FileKind::Action, json!({ "actionType": "custom", "parameters": { "action": "mine" } })),
    ] {
        let service = service_with_result();
        let own = |asset_id: &str| crate::store::UserFile {
            kind,
            name: "mine".to_owned(),
            asset_id: asset_id.to_owned(),
            bytes: 1,
            created_at: NOON,
            spec: None,
        };
        for id in ["content-1", "content-2"] {
            run(service.store().put_assets(vec![small_file(id)], NOON)).expect("stored");
        }
        let mut document = workflow(json!([image("a.jpg", "a1")]));
        document["actions"][1] = step;
        document["actions"][1]["actionId"] = json!("flip-1");
        assert_eq!(run(service.store().add_user_file(own("content-1"))), Ok(true));
        let first = skipping(&service, document.clone());
        finish(&service, &first.batch_id, 0, true);
        assert_eq!(skipping(&service, document.clone()).assets.completed, 1);
        run(service.store().remove_user_file(kind, "mine")).expect("removed");
        assert_eq!(run(service.store().add_user_file(own("content-2"))), Ok(true));
        assert_eq!(
            skipping(&service, document).assets.completed,
            0,
            "the name is the same, the {} is not",
            kind.noun()
        );
    }
}

#[test]
fn a_report_has_a_row_per_output_and_one_per_execution_without() {
    let service = service();
    let id = accepted(&service, "w", 3).batch_id;
    finish(&service, &id, 0, true);
    finish(&service, &id, 1, false);
    let report = run(service.report(&id, &Value::Null)).expect("read");
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!((report["batchId"].as_str(), rows.len()), (Some(id.as_str()), 3));
    assert_eq!(
        (&rows[0]["outputName"], &rows[0]["bytes"], &rows[0]["error"]),
        (&json!("0.jpg"), &json!(99), &Value::Null)
    );
    assert_eq!(
        (&rows[1]["error"], &rows[1]["errorCategory"]),
        (&json!("\"0.jpg\" is empty."), &json!("validation_error"))
    );
    assert_eq!((&rows[2]["status"], &rows[2]["outputName"]), (&json!("pending"), &Value::Null));
    let warnings: Vec<&Value> = rows.iter().map(|row| &row["warnings"]).collect();
    assert_eq!(warnings, [&json!("no_clear_subject"), &Value::Null, &Value::Null]);

    let csv = run(service.report(&id, &json!({ "format": "csv" }))).expect("read");
    let lines: Vec<&str> = csv.as_str().expect("text").split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("executionId,assetIndex,inputName,"));
    assert!(lines[1].starts_with(&format!("{id}_exec-0,0,0.jpg,,asset:a0,,,,success,1,0,,")), "{}", lines[1]);
    assert!(lines[1].contains(",no_clear_subject,2026-"), "{}", lines[1]);
    assert!(lines[2].contains(",\"\"\"0.jpg\"\" is empty.\",validation_error,"), "{}", lines[2]);
    assert_eq!(refused(run(service.report(&id, &json!({ "format": "xml" })))).code, 400);
    assert_eq!(refused(run(service.report("no", &Value::Null))).code, 404);
}

#[test]
fn a_damaged_file_fails_every_result_that_has_it_and_a_retry_regenerates_it() {
    let service = service_with_result();
    let first = ran(&service, json!([image("a.jpg", "a1"), image("b.jpg", "b1")]));
    let second = ran(&service, json!([image("c.jpg", "c1")]));
    let untouched = run(service.note_damaged(&SortedSet::from(["cd".to_owned()]))).expect("noted");
    assert_eq!(untouched, Vec::<String>::new(), "no execution has it");
    let mut failed = run(service.note_damaged(&SortedSet::from(["ab".to_owned()]))).expect("noted");
    failed.sort();
    let mut expected = vec![format!("{first}_exec-0"), format!("{first}_exec-1"), format!("{second}_exec-0")];
    expected.sort();
    assert_eq!(failed, expected);
    assert!(service.host().events.borrow().contains(&Event::BatchChanged { batch_id: first.clone() }));
    let status = json_of(&run(service.status(&first, &Value::Null)).expect("read"));
    assert_eq!((&status["status"], &status["assets"]["failed"]), (&json!("completed"), &json!(2)));
    let list = json_of(&run(service.executions(&first, &Value::Null)).expect("read"));
    assert_eq!(list["executions"][0]["error"], "The stored result \"0.jpg\" is damaged.");
    assert_eq!(list["executions"][0]["outputs"], Value::Null);
    assert!(
        run(service.note_damaged(&SortedSet::from(["ab".to_owned()]))).expect("noted").is_empty(),
        "they are known"
    );
    run(service.retry(&first, &Value::Null)).expect("retried");
    finish(&service, &first, 0, true);
    finish(&service, &first, 1, true);
    let status = json_of(&run(service.status(&first, &Value::Null)).expect("read"));
    assert_eq!((&status["status"], &status["assets"]["completed"]), (&json!("completed"), &json!(2)));
}

/// The pictures of a workflow are laid on a sheet.
fn sheet_workflow(count: usize) -> Value {
    let mut document = workflow(images(count));
    document["actions"][1] = json!({ "actionId": "flip-1", "actionType": "contact-sheet", "parameters": {} });
    document
}

#[test]
fn what_gathers_is_the_last_execution_and_is_run_again_after_a_retry() {
    let service = service();
    let request = json!({ "workflowId": "w", "workflow": sheet_workflow(3) });
    let batch_id = run(service.execute(&request)).expect("accepted").batch_id;
    let list = json_of(&run(service.executions(&batch_id, &Value::Null)).expect("read"));
    assert_eq!(list["total"], 4);
    assert_eq!(
        list["executions"][3]["inputAsset"],
        json!({ "index": 3, "assetId": null, "inputs": [],
            "gathered": { "actionId": "flip-1", "from": 0, "count": 3, "part": 0 } })
    );
    assert_eq!(list["executions"][2]["inputAsset"].get("gathered"), None);
    for (index, well) in [true, false, true, true].into_iter().enumerate() {
        finish(&service, &batch_id, index as u32, well);
    }
    let status =
        run(service.retry(&batch_id, &json!({ "executionIds": [execution_id(&batch_id, 1)] }))).expect("retried");
    assert_eq!((status.assets.completed, status.assets.pending), (2, 2), "the picture and the sheet");
    for index in [1, 3] {
        finish(&service, &batch_id, index, true);
    }
    let again = refused(run(service.retry(&batch_id, &Value::Null)));
    assert_eq!(again.code, 400);
}
