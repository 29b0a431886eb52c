//! The protocol against a server and a network that are made up, with a clock of their own.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::super::{ACTION_TYPE, message, servers};
use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn submission() -> Submission {
    Submission {
        submit: Address::parse("https://api.example/submit").unwrap(),
        status: None,
        origins: vec!["https://api.example".into(), "https://files.example".into()],
        content_type: message::JSON,
        body: b"{}".to_vec(),
        poll_interval_ms: 3_000,
        timeout_ms: 60_000,
        retries: 4,
    }
}

fn answer(status: u16, body: impl AsRef<[u8]>) -> Heard {
    Heard::Answer(Response { status, retry_after: None, body: body.as_ref().to_vec() })
}

fn says(status: u16, value: &Value) -> Heard {
    answer(status, value.to_string())
}

fn later(status: u16, retry_after: &str) -> Heard {
    Heard::Answer(Response { status, retry_after: Some(retry_after.into()), body: Vec::new() })
}

fn lost() -> Heard {
    Heard::Nothing("Failed to fetch".into())
}

fn processing() -> Heard {
    says(202, &json!({ "jobId": "j 1", "status": "processing", "statusUrl": "/jobs/j1" }))
}

fn completed(url: &str) -> Heard {
    let output = json!({ "port": "outputs", "type": "image", "name": "r", "mimeType": "image/png", "url": url });
    says(200, &json!({ "jobId": "j 1", "status": "completed", "outputs": [output] }))
}

/// What was sent when, in seconds, and how it ended.
struct Told {
    sent: Vec<(f64, String)>,
    result: Result<Vec<u8>, Failure>,
}

impl Told {
    fn failure(&self) -> (ErrorCategory, &str) {
        let failure = self.result.as_ref().expect_err("no result");
        assert_eq!(failure.phase, Phase::Execute);
        (failure.category, &failure.message)
    }

    fn times(&self) -> Vec<f64> {
        self.sent.iter().map(|(at, _)| *at).collect()
    }
}

/// Has a dialogue with a server that answers like this, each time after 100 ms; then it hangs.
fn dialogue(submission: Submission, answers: impl IntoIterator<Item = Heard>) -> Told {
    let mut answers: VecDeque<Heard> = answers.into_iter().collect();
    let (mut now, mut sent) = (1e12, Vec::new());
    let mut dialogue = Dialogue::begin(submission, now);
    loop {
        let heard = match dialogue.next(now) {
            Step::Done(result) => {
                assert_eq!(answers, [], "it is over before everything was said");
                return Told { sent, result };
            }
            Step::Wait(ms) => {
                assert!(ms > 0, "a wait that is none would never end");
                now += f64::from(ms);
                continue;
            }
            Step::Send(Request { to, post, patience_ms }) => {
                let method = if post.is_some() { "POST" } else { "GET" };
                sent.push(((now - 1e12) / 1000.0, format!("{method} {}", to.url())));
                match answers.pop_front() {
                    Some(heard) => {
                        now += 100.0;
                        heard
                    }
                    None => {
                        now += f64::from(patience_ms);
                        Heard::Nothing("timed out".into())
                    }
                }
            }
        };
        dialogue.hear(heard, now);
    }
}

#[test]
fn a_picture_may_come_at_once() {
    let told = dialogue(submission(), [answer(200, PNG)]);
    assert_eq!(told.result.as_deref(), Ok(PNG));
    assert_eq!(told.sent, [(0.0, "POST https://api.example/submit".to_owned())]);
}

#[test]
fn a_result_may_be_a_data_url_or_a_link() {
    let told = dialogue(submission(), [completed("data:image/png;base64,iVBORw0KGgo=")]);
    assert_eq!(told.result.as_deref(), Ok(&b"\x89PNG\r\n\x1a\n"[..]));
    let told = dialogue(submission(), [completed("https://files.example/r.png"), answer(200, PNG)]);
    assert_eq!(told.result.as_deref(), Ok(PNG));
    assert_eq!(told.sent[1].1, "GET https://files.example/r.png");
}

#[test]
fn a_job_is_asked_for_with_growing_pauses_until_it_has_finished() {
    let answers = [processing(), processing(), processing(), completed("/r/j1"), answer(200, PNG)];
    let told = dialogue(submission(), answers);
    assert_eq!(told.result.as_deref(), Ok(PNG));
    let urls: Vec<&str> = told.sent.iter().map(|(_, what)| what.as_str()).collect();
    let ask = "GET https://api.example/jobs/j1";
    assert_eq!(urls, ["POST https://api.example/submit", ask, ask, ask, "GET https://api.example/r/j1"]);
    // Pauses of 3, 4.5 and 6.75 s after answers that take 0.1 s; the result is fetched at once.
    let expected = [0.0, 3.1, 7.7, 14.55, 14.65];
    assert!(told.times().iter().zip(expected).all(|(at, other)| (at - other).abs() < 0.01), "{:?}", told.times());
}

#[test]
fn without_a_link_a_job_is_asked_for_at_the_status_endpoint() {
    let accepted = || says(200, &json!({ "jobId": "j 1", "status": "processing" }));
    for (endpoint, url) in [
        ("https://api.example/status", "https://api.example/status?jobId=j%201"),
        ("https://api.example/status?v=2", "https://api.example/status?v=2&jobId=j%201"),
        ("https://api.example/jobs/{jobId}/state", "https://api.example/jobs/j%201/state"),
    ] {
        let submission = Submission { status: Some(endpoint.into()), ..submission() };
        let told = dialogue(submission, [accepted(), answer(200, PNG)]);
        assert_eq!((told.result.as_deref(), told.sent[1].1.as_str()), (Ok(PNG), format!("GET {url}").as_str()));
    }
    let told = dialogue(submission(), [accepted()]);
    let (category, message) = told.failure();
    assert_eq!(category, ErrorCategory::DownstreamError);
    assert!(message.contains("does not say where its state is"), "{message}");
}

#[test]
fn what_fails_for_the_moment_is_sent_again_with_growing_pauses() {
    let told = dialogue(submission(), [answer(503, ""), lost(), answer(502, ""), answer(408, ""), answer(200, PNG)]);
    assert_eq!(told.result.as_deref(), Ok(PNG));
    let expected = [0.0, 1.1, 3.2, 7.3, 15.4];
    assert!(told.times().iter().zip(expected).all(|(at, other)| (at - other).abs() < 0.01), "{:?}", told.times());
}

#[test]
fn retries_are_counted_for_each_request_and_then_given_up() {
    let two = || Submission { retries: 2, ..submission() };
    let unwell = || answer(500, "out of order");
    let told = dialogue(two(), [unwell(), unwell(), unwell()]);
    let expected = (ErrorCategory::DownstreamError, "The server https://api.example answered 500: out of order.");
    assert_eq!(told.failure(), expected);
    let twice = [unwell(), unwell(), processing(), unwell(), unwell(), answer(200, PNG)];
    assert_eq!(dialogue(two(), twice).result.as_deref(), Ok(PNG));
    let told = dialogue(Submission { retries: 0, ..submission() }, [lost()]);
    let (category, message) = told.failure();
    assert_eq!((category, told.sent.len()), (ErrorCategory::DownstreamError, 1));
    assert_eq!(message, "The server https://api.example gave no answer (Failed to fetch).");
}

#[test]
fn a_refusal_is_final() {
    for status in [300, 400, 401, 403, 404, 413, 422] {
        let told = dialogue(submission(), [answer(status, r#"{"error":"Too small"}"#)]);
        let message = format!("The server https://api.example answered {status}: Too small.");
        assert_eq!(told.failure(), (ErrorCategory::DownstreamError, message.as_str()));
    }
}

#[test]
fn a_server_that_has_too_much_to_do_is_left_alone_as_long_as_it_asks() {
    let told = dialogue(submission(), [later(429, "7"), later(503, " 2 "), answer(200, PNG)]);
    assert_eq!(told.result.as_deref(), Ok(PNG));
    let expected = [0.0, 7.1, 9.2];
    assert!(told.times().iter().zip(expected).all(|(at, other)| (at - other).abs() < 0.01), "{:?}", told.times());
    let told = dialogue(submission(), [later(429, "3600")]);
    assert_eq!(told.failure().0, ErrorCategory::RateLimitError);
    let told = dialogue(submission(), [later(429, "Wed, 21 Oct 2026 07:28:00 GMT"), answer(200, PNG)]);
    assert_eq!(told.result.as_deref(), Ok(PNG), "a date counts as nothing");
}

#[test]
fn a_job_that_cannot_be_found_yet_is_asked_for_again() {
    let told = dialogue(submission(), [processing(), answer(404, ""), answer(404, ""), answer(200, PNG)]);
    assert_eq!(told.result.as_deref(), Ok(PNG));
    let gone = dialogue(submission(), [processing()].into_iter().chain((0..5).map(|_| answer(404, "unknown job"))));
    assert_eq!(
        gone.failure(),
        (ErrorCategory::DownstreamError, "The server https://api.example answered 404: unknown job.")
    );
}

/// The published SDK answers 500 for a job that has failed.
#[test]
fn a_job_that_has_failed_is_not_asked_for_again_whatever_the_status() {
    for status in [200, 400, 500] {
        let failed = says(status, &json!({ "jobId": "j", "status": "failed", "error": "No subject found" }));
        let told = dialogue(submission(), [processing(), failed]);
        let message = "The server https://api.example could not process the picture: No subject found.";
        assert_eq!(told.failure(), (ErrorCategory::DownstreamError, message), "{status}");
    }
}

#[test]
fn everything_has_one_time_limit() {
    let told = dialogue(submission(), []);
    assert_eq!(
        told.failure(),
        (ErrorCategory::DownstreamError, "The server https://api.example has not answered within 60 s.")
    );
    // Pauses: 3, 4.5, 6.75, 10.1, 15.2 s, and then only what is left.
    let told = dialogue(submission(), (0..6).map(|_| processing()));
    assert_eq!(
        told.failure(),
        (ErrorCategory::PollingTimeoutError, "The server https://api.example has not finished within 60 s.")
    );
    assert!(told.times().iter().all(|at| *at < 60.0), "{:?}", told.times());
    let hangs = dialogue(submission(), [processing()]);
    assert_eq!(hangs.failure().0, ErrorCategory::PollingTimeoutError);
    let slow = dialogue(Submission { timeout_ms: 2_000, ..submission() }, [answer(503, ""), answer(503, "busy")]);
    assert_eq!(slow.failure().1, "The server https://api.example answered 503: busy.", "no time is left for another");
}

#[test]
fn servers_that_are_not_named_get_no_request() {
    for (told, what) in [
        (dialogue(submission(), [completed("https://other.example/r.png")]), "https://other.example"),
        (dialogue(submission(), [completed("http://files.example/r.png")]), "is not encrypted"),
        (dialogue(submission(), [completed("//files.example/r.png")]), "does not begin with https://"),
        (dialogue(submission(), [completed("https://api.example@other.example/")]), "names no server"),
        (
            dialogue(submission(), [says(202, &json!({ "jobId": "1", "statusUrl": "https://other.example/s" }))]),
            "the state is on https://other.example",
        ),
    ] {
        let (category, message) = told.failure();
        assert_eq!((category, told.sent.len()), (ErrorCategory::DownstreamError, 1));
        assert!(message.contains(what), "{message}");
    }
}

#[test]
fn an_answer_that_is_none_is_final() {
    for heard in [
        answer(200, "<html>Welcome</html>"),
        answer(204, ""),
        says(200, &json!({ "ok": true })),
        says(200, &json!({ "status": "completed" })),
        says(200, &json!({ "status": "completed", "outputs": [{ "type": "text", "text": "a cat" }] })),
        completed("data:image/png,abc"),
        Heard::TooLarge,
    ] {
        let told = dialogue(submission(), [heard]);
        assert_eq!(told.failure().0, ErrorCategory::DownstreamError);
    }
    // A result is a picture, whatever else it looks like.
    let told = dialogue(submission(), [completed("/r"), completed("/r")]);
    assert!(told.failure().1.contains("neither a picture nor"), "{:?}", told.failure());
}

#[test]
fn what_the_host_forbids_ends_it() {
    let forbidden = Failure::new(ErrorCategory::ValidationError, Phase::Setup, "No.", "Ask.");
    let mut dialogue = Dialogue::begin(submission(), 0.0);
    assert!(matches!(dialogue.next(0.0), Step::Send(_)));
    dialogue.hear(Heard::Forbidden(forbidden.clone()), 1.0);
    assert_eq!(dialogue.next(1.0), Step::Done(Err(forbidden)));
}

#[test]
fn the_servers_of_an_action_are_those_in_its_parameters() {
    let of = |parameters: Value| {
        let found = servers(parameters.as_object().unwrap());
        let shown = |(name, address): (&str, Result<Address, String>)| {
            format!("{name} {}", address.map_or("no".to_owned(), |address| address.origin().to_owned()))
        };
        found.into_iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(of(json!({})), [""; 0]);
    assert_eq!(of(json!({ "submitEndpoint": " ", "resultOrigin": "https://a.example" })), [""; 0]);
    assert_eq!(
        of(json!({
            "submitEndpoint": " https://a.example/x ",
            "statusEndpoint": "https://b.example/{jobId}",
            "resultOrigin": "http://c.example",
        })),
        ["submitEndpoint https://a.example", "statusEndpoint https://b.example", "resultOrigin no"]
    );
    assert_eq!(of(json!({ "submitEndpoint": 7 })), [""; 0]);
    assert_eq!(ACTION_TYPE, "http-action");
}
