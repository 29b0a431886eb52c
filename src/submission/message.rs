//! The form of a request, and what an answer says.

use serde_json::{Map, Value, json};

use super::Response;
use crate::codecs;
use crate::data::template::data_url;

/// The media type of [`body`].
pub const JSON: &str = "application/json";
/// The most characters of a server's own words that a message repeats.
const MOST_WORDS: usize = 200;

/// A request in the form of the published API: the picture as an input, by a `data:` URL. It does not say what the file was
/// called.
pub fn body(picture: &[u8], media_type: &str, extension: &str, parameters: &Map<String, Value>) -> Vec<u8> {
    let input = json!({
        "port": "input-images",
        "type": "image",
        "name": format!("image.{extension}"),
        "mimeType": media_type,
        "url": data_url(media_type, picture),
    });
    json!({ "inputs": [input], "parameters": parameters }).to_string().into_bytes()
}

/// What an answer is.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// A picture, in a format that is read.
    Picture(Vec<u8>),
    /// The state of a job.
    Job(Job),
    /// Neither.
    Other,
}

/// What an answer says of a job.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Job {
    /// Its state.
    pub(super) status: String,
    /// Its id.
    pub(super) id: Option<String>,
    /// Where its state is.
    pub(super) status_url: Option<String>,
    /// Where its first picture is.
    pub(super) picture: Option<String>,
    /// Why it failed.
    pub(super) error: Option<String>,
}

/// Reads an answer. What it is says its content, because many servers do not.
pub(super) fn read(body: Vec<u8>) -> Answer {
    if codecs::sniff(&body).is_some() {
        return Answer::Picture(body);
    }
    let value = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let text = |name: &str| value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let id = text("jobId").or_else(|| value.get("jobId")?.as_u64().map(|id| id.to_string()));
    let status = text("status").or_else(|| id.as_ref().map(|_| "processing".to_owned()));
    let Some(status) = status else { return Answer::Other };
    Answer::Job(Job { status, id, status_url: text("statusUrl"), picture: picture(&value), error: error(&value) })
}

/// The URL of the first picture among a job's outputs, that of the port `outputs` before others.
fn picture(value: &Value) -> Option<String> {
    let word = |output: &Value, name: &str| output.get(name).and_then(Value::as_str).map(str::to_owned);
    let outputs = value.get("outputs")?.as_array()?.iter();
    let pictures: Vec<&Value> = outputs.filter(|output| word(output, "type").as_deref() == Some("image")).collect();
    let is_usual = |output: &&&Value| word(output, "port").as_deref() == Some("outputs");
    word(pictures.iter().find(is_usual).or(pictures.first())?, "url")
}

/// What went wrong, in the words of a server.
fn error(value: &Value) -> Option<String> {
    let error = value.get("error").or_else(|| value.get("message"))?;
    let text = error.as_str().or_else(|| error.get("message")?.as_str())?;
    Some(words(text)).filter(|words| !words.is_empty())
}

/// The beginning of a server's words, on one line.
fn words(text: &str) -> String {
    let line = text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What an answer that is not a success says, to follow what it is: nothing, or a colon and its beginning.
pub(super) fn said(response: &Response) -> String {
    let body = &response.body[..response.body.len().min(8 * MOST_WORDS)];
    let value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    let text = error(&value).unwrap_or_else(|| words(&String::from_utf8_lossy(body)));
    if text.is_empty() { text } else { format!(": {text}") }
}

/// The content of a `data:` URL in base64.
pub(super) fn from_data_url(url: &str) -> Option<Vec<u8>> {
    let (kind, digits) = url.strip_prefix("data:")?.split_once(',')?;
    kind.to_ascii_lowercase().ends_with(";base64").then_some(())?;
    let digits = digits.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0;
        for digit in group {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        // A group of four digits has three bytes, one of three has two.
        let whole = group.len() * 6 / 8;
        bits <<= 24 - 6 * group.len();
        bytes.extend_from_slice(&bits.to_be_bytes()[1..=whole]);
    }
    (digits.len() % 4 != 1).then_some(bytes)
}

/// An id as it is in a URL (RFC 3986).
pub(super) fn escaped(id: &str) -> String {
    let mut escaped = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(value: &Value) -> Job {
        match read(value.to_string().into_bytes()) {
            Answer::Job(job) => job,
            other => panic!("{other:?}"),
        }
    }

    fn response(status: u16, body: &str) -> Response {
        Response { status, retry_after: None, body: body.into() }
    }

    #[test]
    fn a_request_has_the_form_of_the_published_api() {
        let parameters = json!({ "strength": 3 });
        let body = body(b"Man", "image/png", "png", parameters.as_object().unwrap());
        let expected = json!({
            "inputs": [{
                "port": "input-images",
                "type": "image",
                "name": "image.png",
                "mimeType": "image/png",
                // The example of RFC 4648's predecessors: "Man" is TWFu.
                "url": "data:image/png;base64,TWFu",
            }],
            "parameters": { "strength": 3 },
        });
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }

    #[test]
    fn an_answer_is_what_its_content_is() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        assert_eq!(read(png.clone()), Answer::Picture(png));
        for other in ["", "{}", "[]", "7", "<html>busy</html>", r#"{"ok":true}"#, r#"{"status":7}"#] {
            assert_eq!(read(other.into()), Answer::Other, "{other}");
        }
        let accepted = job(&json!({ "jobId": "a-1", "status": "processing", "statusUrl": "https://x/s" }));
        assert_eq!((accepted.status.as_str(), accepted.id.as_deref()), ("processing", Some("a-1")));
        assert_eq!(accepted.status_url.as_deref(), Some("https://x/s"));
        assert_eq!(
            job(&json!({ "jobId": 17 })),
            Job { status: "processing".into(), id: Some("17".into()), ..Job::default() }
        );
        assert_eq!(job(&json!({ "status": "failed", "error": "no\n subject" })).error.as_deref(), Some("no subject"));
        assert_eq!(job(&json!({ "status": "failed", "error": { "message": "m" } })).error.as_deref(), Some("m"));
    }

    #[test]
    fn the_picture_of_the_usual_port_comes_first() {
        let output = |port: &str, kind: &str, url: &str| json!({ "port": port, "type": kind, "name": "n", "mimeType": "m", "url": url });
        let of = |outputs: Value| job(&json!({ "status": "completed", "outputs": outputs })).picture;
        let (mask, cut) = (output("mask", "image", "1"), output("outputs", "image", "2"));
        assert_eq!(of(json!([mask, cut])).as_deref(), Some("2"));
        assert_eq!(of(json!([output("outputs", "text", "0"), mask])).as_deref(), Some("1"));
        assert_eq!(of(json!([output("outputs", "video", "0")])), None);
        assert_eq!(of(json!({})), None);
    }

    #[test]
    fn the_words_of_a_server_are_short_and_on_one_line() {
        assert_eq!(said(&response(500, "")), "");
        assert_eq!(said(&response(500, "  over\r\n\tloaded \u{7}")), ": over loaded");
        assert_eq!(said(&response(400, r#"{"error":"Too small","code":4}"#)), ": Too small");
        assert_eq!(said(&response(500, &"ä".repeat(5000))), format!(": {}…", "ä".repeat(200)));
    }

    /// The vectors of RFC 4648, section 10.
    #[test]
    fn base64_is_read() {
        for (digits, text) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            let url = format!("data:image/png;base64,{digits}");
            assert_eq!(from_data_url(&url).as_deref(), Some(text.as_bytes()), "{digits}");
        }
        assert_eq!(from_data_url("data:;base64,+/+/"), Some(vec![0xfb, 0xff, 0xbf]));
        for wrong in
            ["data:image/png,abcd", "data:image/png;base64,a", "data:image/png;base64,a!cd", "image/png;base64,abcd"]
        {
            assert_eq!(from_data_url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        assert_eq!(escaped("a-1_b.c~"), "a-1_b.c~");
        assert_eq!(escaped("../x?y#z &ü"), "..%2Fx%3Fy%23z%20%26%C3%BC");
    }
}
