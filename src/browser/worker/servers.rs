//! Sending pictures to servers of the user's choice: the network's side of `submission`, which decides everything else.

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    AbortSignal, Headers, ReadableStreamDefaultReader, RequestCredentials, RequestInit, RequestRedirect, Url,
};

use super::super::environment::{now, send};
use super::super::interop::{describe, property, settled};
use super::super::storage::Storage;
use super::{Worker, report};
use crate::codecs;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::protocol::FromWorker;
use crate::store::SettingStore;
use crate::submission::dialogue::MOST_BYTES;
use crate::submission::{ALLOWED, Address, Dialogue, Heard, Request, Response, Step, Submission, consent_key};
use crate::workflow::servers::HINT;

/// Time to notice that a time limit has passed.
const MARGIN_MS: u32 = 10_000;

impl Worker {
    /// What a server makes of a picture: a file whose decoder is loaded.
    pub(super) async fn submit(&self, submission: Submission) -> Result<Vec<u8>, Failure> {
        report(&FromWorker::WaitsForServer { ms: submission.timeout_ms.saturating_add(MARGIN_MS) });
        let file = converse(&self.database, submission).await;
        report(&FromWorker::WaitsForServer { ms: 0 });
        let file = file?;
        // What cannot be read fails without its decoder.
        if let Ok(header) = codecs::probe(&file, "") {
            let texts = codecs::needs_fonts(&file, &header).then_some(&*file);
            self.ready_to_decode(header.format, texts).await?;
        }
        Ok(file)
    }
}

async fn converse(database: &Storage, submission: Submission) -> Result<Vec<u8>, Failure> {
    let mut dialogue = Dialogue::begin(submission, now());
    loop {
        let heard = match dialogue.next(now()) {
            Step::Done(result) => return result,
            Step::Wait(ms) => {
                TimeoutFuture::new(ms).await;
                continue;
            }
            // Asked every time: the user may have changed their mind.
            Step::Send(request) => match allows(database, &request.to).await {
                Ok(()) => hear(&request).await.unwrap_or_else(Heard::Nothing),
                Err(failure) => Heard::Forbidden(failure),
            },
        };
        dialogue.hear(heard, now());
    }
}

/// Whether the user of this device has agreed to a server.
async fn allows(database: &Storage, to: &Address) -> Result<(), Failure> {
    let origin = to.origin();
    let refused =
        |message: String, hint: &str| Err(Failure::new(ErrorCategory::ValidationError, Phase::Setup, message, hint));
    // What the user has agreed to is what the browser connects to.
    if !Url::new(&to.url()).is_ok_and(|url| url.origin() == origin) {
        return refused(format!("The browser reads another server in \"{}\".", to.url()), "Write the URL plainly.");
    }
    match database.setting(&consent_key(origin)).await {
        Ok(Some(value)) if value == ALLOWED => Ok(()),
        Ok(_) => refused(format!("Pictures may not be sent to {origin}: it is not allowed on this device."), HINT),
        Err(error) => Err(Failure::system(error.to_string(), "Retry it.")),
    }
}

/// Sends a request and reads its answer.
///
/// # Errors
/// Why there is none.
async fn hear(request: &Request<'_>) -> Result<Heard, String> {
    let options = RequestInit::new();
    options.set_signal(Some(&AbortSignal::timeout_with_u32(request.patience_ms)));
    options.set_credentials(RequestCredentials::Omit);
    options.set_referrer("");
    // The user has agreed to this server only.
    options.set_redirect(RequestRedirect::Error);
    if let Some((content_type, body)) = request.post {
        options.set_method("POST");
        options.set_body(&Uint8Array::from(body));
        let headers = Headers::new().map_err(|error| describe(&error))?;
        headers.set("content-type", content_type).map_err(|error| describe(&error))?;
        options.set_headers(&headers);
    }
    let response = send(&request.to.url(), &options).await.map_err(|error| describe(&error))?;
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let (status, retry_after) = (response.status(), header("retry-after"));
    let declared = header("content-length").and_then(|length| length.parse::<u64>().ok());
    let Some(stream) = response.body() else {
        return Ok(Heard::Answer(Response { status, retry_after, body: Vec::new() }));
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let (parts, mut length) = (Array::new(), 0);
    loop {
        if length.max(declared.unwrap_or(0)) > MOST_BYTES {
            let _nothing_more_is_read = settled(reader.cancel()).await;
            return Ok(Heard::TooLarge);
        }
        let read = settled(reader.read()).await.map_err(|error| describe(&error))?;
        if property(&read, "done").is_truthy() {
            break;
        }
        let piece: Uint8Array = property(&read, "value").unchecked_into();
        length += u64::from(piece.byte_length());
        parts.push(&piece);
    }
    let mut body = Vec::with_capacity(length as usize);
    for piece in parts.iter() {
        body.extend_from_slice(&piece.unchecked_into::<Uint8Array>().to_vec());
    }
    Ok(Heard::Answer(Response { status, retry_after, body }))
}
