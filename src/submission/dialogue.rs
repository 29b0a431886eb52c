//! What is said to a server and when: a picture is submitted, the job that comes of it is asked for, its result is fetched. What
//! fails for the moment is sent again, with pauses that grow; all of it has one time limit.

use super::message::{self, Answer, Job};
use super::{Address, JOB_ID, Submission};
use crate::error::{ErrorCategory, Failure, Phase};

/// A moment in milliseconds of any clock that only goes forward.
type Millis = f64;

/// The most bytes of an answer.
pub const MOST_BYTES: u64 = 64 << 20;
/// The pause before a request is sent again for the first time; each one after it is twice as long.
const FIRST_PAUSE_MS: u32 = 1_000;
/// A request that has no answer so shortly before the end has run out of time, by a clock that is a little ahead.
const SLACK_MS: Millis = 100.0;
/// The longest pause between two requests, unless a longer one is asked for.
const LONGEST_PAUSE_MS: u32 = 30_000;

/// What to do next.
#[derive(Debug, PartialEq)]
pub enum Step<'a> {
    /// Send this, and tell what was heard.
    Send(Request<'a>),
    /// Wait for so many milliseconds.
    Wait(u32),
    /// It is over: the file of the result, or why there is none.
    Done(Result<Vec<u8>, Failure>),
}

/// A request. Cookies, a referrer and redirects have no place in it.
#[derive(Debug, PartialEq)]
pub struct Request<'a> {
    /// Where it goes.
    pub to: Address,
    /// What is posted, with its media type; nothing is fetched by GET.
    pub post: Option<(&'static str, &'a [u8])>,
    /// Time for its answer in milliseconds.
    pub patience_ms: u32,
}

/// What was heard.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// An answer.
    Answer(Response),
    /// No answer, or a part of one, to follow "no answer": the network's own words.
    Nothing(String),
    /// More than [`MOST_BYTES`].
    TooLarge,
    /// Nothing was sent, and nothing may be.
    Forbidden(Failure),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its HTTP status.
    pub status: u16,
    /// Its header `retry-after`.
    pub retry_after: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is asked of the server.
#[derive(Debug)]
enum State {
    /// To take the picture.
    Submit,
    /// How a job is doing.
    Ask(Address),
    /// For a result.
    Fetch(Address),
    /// Nothing more.
    Done(Result<Vec<u8>, Failure>),
}

/// The dialogue about one picture.
#[derive(Debug)]
pub struct Dialogue {
    submission: Submission,
    state: State,
    /// When its time is up.
    deadline: Millis,
    /// When the next request may be sent.
    not_before: Millis,
    /// How often the current request has failed.
    failures: u32,
    /// The pause before a job is asked for again.
    poll_ms: u32,
}

impl Dialogue {
    /// Begins one.
    pub fn begin(submission: Submission, now: Millis) -> Self {
        Self {
            state: State::Submit,
            deadline: now + f64::from(submission.timeout_ms),
            not_before: now,
            failures: 0,
            poll_ms: submission.poll_interval_ms,
            submission,
        }
    }

    /// What to do now.
    pub fn next(&mut self, now: Millis) -> Step<'_> {
        if !matches!(self.state, State::Done(_)) {
            if now >= self.deadline {
                self.run_out();
            } else if now < self.not_before {
                return Step::Wait((self.not_before - now).ceil() as u32);
            }
        }
        let patience_ms = (self.deadline - now).ceil() as u32;
        match &self.state {
            State::Submit => {
                let Submission { submit, content_type, body, .. } = &self.submission;
                Step::Send(Request { to: submit.clone(), post: Some((*content_type, body)), patience_ms })
            }
            State::Ask(at) | State::Fetch(at) => Step::Send(Request { to: at.clone(), post: None, patience_ms }),
            State::Done(result) => Step::Done(result.clone()),
        }
    }

    /// Takes what was heard on the request that was sent last.
    pub fn hear(&mut self, heard: Heard, now: Millis) {
        let server = self.server().to_owned();
        let result = match heard {
            Heard::Forbidden(failure) => Err(failure),
            Heard::TooLarge => {
                let most = MOST_BYTES >> 20;
                let message = format!("The server {server} answered with more than {most} MiB.");
                Err(downstream(message, "Have it return a smaller picture."))
            }
            Heard::Nothing(_) if now + SLACK_MS >= self.deadline => return self.run_out(),
            Heard::Nothing(why) => {
                let message = format!("The server {server} gave no answer ({why}).");
                let hint = "It must be reachable, allow this page by CORS, and not redirect; then retry it.";
                return self.try_again(downstream(message, hint), None, now);
            }
            Heard::Answer(response) => match self.judge(response, now) {
                Some(result) => result,
                None => return,
            },
        };
        self.state = State::Done(result);
    }

    /// Judges an answer: the end of the dialogue, if it is one.
    fn judge(&mut self, response: Response, now: Millis) -> Option<Result<Vec<u8>, Failure>> {
        let (status, server) = (response.status, self.server().to_owned());
        let is_success = (200..300).contains(&status);
        let is_temporary = match (&self.state, status) {
            // Some servers forget about a job in the moments after they have accepted it.
            (State::Ask(_), 404) | (_, 408 | 425 | 429) => true,
            _ => status >= 500,
        };
        let (retry_after, said) = (seconds(&response), message::said(&response));
        let answer = message::read(response.body);
        if let (Answer::Job(Job { status, error, .. }), false) = (&answer, matches!(self.state, State::Fetch(_)))
            && status == "failed"
        {
            let why = error.as_deref().unwrap_or("it does not say why");
            let message = sentence(format!("The server {server} could not process the picture: {why}"));
            return Some(Err(downstream(
                message,
                "This is the server's own message: change the parameters, or ask who runs it.",
            )));
        }
        if !is_success {
            let message = sentence(format!("The server {server} answered {status}{said}"));
            let failure = match status {
                429 => Failure::new(
                    ErrorCategory::RateLimitError,
                    Phase::Execute,
                    message,
                    "Process fewer pictures in parallel, or retry it later.",
                ),
                _ => {
                    downstream(message, "Check the URL and the parameters, or ask who runs the server; then retry it.")
                }
            };
            if !is_temporary {
                return Some(Err(failure));
            }
            self.try_again(failure, retry_after, now);
            return None;
        }
        self.failures = 0;
        match answer {
            Answer::Picture(file) => Some(Ok(file)),
            Answer::Job(job) if !matches!(self.state, State::Fetch(_)) => self.follow(job, retry_after, now),
            Answer::Job(_) | Answer::Other => {
                let what = format!("The server {server} answered with neither a picture nor the state of a job{said}");
                Some(Err(downstream(sentence(what), "It must speak the protocol in docs/http-action.md.")))
            }
        }
    }

    /// Does what the state of a job calls for.
    fn follow(&mut self, job: Job, retry_after: Option<u32>, now: Millis) -> Option<Result<Vec<u8>, Failure>> {
        let server = self.server().to_owned();
        if job.status == "completed" {
            let Some(url) = job.picture else {
                let message = format!("The server {server} says that it has finished, but names no picture.");
                return Some(Err(downstream(
                    message,
                    "Its \"outputs\" must contain one of the type \"image\" with a \"url\".",
                )));
            };
            if url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
                let unusable = || {
                    downstream(
                        format!("The server {server} answered with a data: URL that cannot be read."),
                        "It must be in base64.",
                    )
                };
                return Some(message::from_data_url(&url).ok_or_else(unusable));
            }
            return match self.allowed(&url, "result") {
                Ok(at) => {
                    self.state = State::Fetch(at);
                    None
                }
                Err(failure) => Some(Err(failure)),
            };
        }
        if matches!(self.state, State::Submit) {
            let named = job.status_url.or_else(|| status_of(self.submission.status.as_ref()?, &job.id?));
            let Some(url) = named else {
                let message =
                    format!("The server {server} has accepted the picture, but does not say where its state is.");
                return Some(Err(downstream(
                    message,
                    "Give \"statusEndpoint\", or have it answer with \"statusUrl\".",
                )));
            };
            match self.allowed(&url, "state") {
                Ok(at) => self.state = State::Ask(at),
                Err(failure) => return Some(Err(failure)),
            }
        } else {
            // It takes longer than was thought.
            let longest = LONGEST_PAUSE_MS.max(self.submission.poll_interval_ms);
            self.poll_ms = (self.poll_ms + self.poll_ms / 2).min(longest);
        }
        self.pause(self.poll_ms.max(retry_after.unwrap_or(0)), now);
        None
    }

    /// The address of what an answer names, if it is on one of the servers that the action names.
    fn allowed(&self, url: &str, what: &str) -> Result<Address, Failure> {
        let server = self.server();
        let at = match &self.state {
            State::Ask(at) => at,
            _ => &self.submission.submit,
        };
        let shown: String = url.chars().take(100).collect();
        let address = at.link(url).map_err(|why| {
            let message = format!("The server {server} says that the {what} is at \"{shown}\", but that URL {why}.");
            downstream(message, "It must name an absolute https URL, or a path of its own.")
        })?;
        if self.submission.origins.iter().any(|origin| origin == address.origin()) {
            return Ok(address);
        }
        let message = format!(
            "The server {server} says that the {what} is on {}, which the action does not name.",
            address.origin()
        );
        Err(downstream(message, "If you trust that server, name it in \"resultOrigin\"."))
    }

    /// Has the current request sent again after a while, unless that was done often enough.
    fn try_again(&mut self, failure: Failure, retry_after: Option<u32>, now: Millis) {
        let pause = FIRST_PAUSE_MS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE_MS);
        let pause = pause.max(retry_after.unwrap_or(0));
        self.failures += 1;
        if self.failures > self.submission.retries || now + f64::from(pause) >= self.deadline {
            self.state = State::Done(Err(failure));
        } else {
            self.not_before = now + f64::from(pause);
        }
    }

    fn pause(&mut self, ms: u32, now: Millis) {
        self.not_before = (now + f64::from(ms)).min(self.deadline);
    }

    /// Its time is up.
    fn run_out(&mut self) {
        let (server, limit) = (self.server(), self.submission.timeout_ms / 1000);
        let hint = "Give more time in \"timeoutMs\", or retry it later.";
        self.state = State::Done(Err(match self.state {
            State::Ask(_) => {
                let message = format!("The server {server} has not finished within {limit} s.");
                Failure::new(ErrorCategory::PollingTimeoutError, Phase::Execute, message, hint)
            }
            _ => downstream(format!("The server {server} has not answered within {limit} s."), hint),
        }));
    }

    /// The server that is spoken to.
    fn server(&self) -> &str {
        match &self.state {
            State::Ask(at) | State::Fetch(at) => at.origin(),
            State::Submit | State::Done(_) => self.submission.submit.origin(),
        }
    }
}

/// Where the state of a job is.
fn status_of(endpoint: &str, id: &str) -> Option<String> {
    let id = message::escaped(id);
    Some(match (endpoint.contains(JOB_ID), endpoint.contains('?')) {
        (true, _) => endpoint.replace(JOB_ID, &id),
        (false, true) => format!("{endpoint}&jobId={id}"),
        (false, false) => format!("{endpoint}?jobId={id}"),
    })
}

/// How long a server asks to be left alone, in milliseconds. Dates are not read: clocks differ.
fn seconds(response: &Response) -> Option<u32> {
    let seconds: u32 = response.retry_after.as_deref()?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1000))
}

/// A sentence that may end in somebody else's words.
fn sentence(mut text: String) -> String {
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    text
}

fn downstream(message: String, hint: &str) -> Failure {
    Failure::new(ErrorCategory::DownstreamError, Phase::Execute, message, hint)
}

#[cfg(test)]
mod tests;
