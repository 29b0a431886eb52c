//! Pictures that leave the device: what the action `http-action` sends to a server of the user's choice, and what it makes of
//! the answers.
//!
//! `docs/http-action.md` describes the protocol, which is that of the published API's custom actions. What is here needs no
//! network: which URLs pictures may be sent to ([`address`]), the form of a request and what an answer says ([`message`]), and
//! what is sent when ([`dialogue`]). A host sends, waits, and asks before every request whether the user has
//! allowed its server; it decides nothing else.

use serde_json::{Map, Value};

pub mod address;
pub mod dialogue;
pub mod message;

pub use address::Address;
pub use dialogue::{Dialogue, Heard, Request, Response, Step};

/// The action that sends pictures.
pub const ACTION_TYPE: &str = "http-action";

/// How the keys of the settings begin that say whether pictures may be sent to a server; its origin follows. Like all
/// settings, they are in no archive, and no document and no public call changes them.
pub const CONSENT: &str = "server:";
/// The value of such a setting if they may.
pub const ALLOWED: &str = "on";
/// Its value if they must not; without a value the user has not been asked.
pub const REFUSED: &str = "off";

/// The key of the setting for a server.
pub fn consent_key(origin: &str) -> String {
    CONSENT.to_owned() + origin
}

/// What stands for a job's id in the URL of its status.
pub const JOB_ID: &str = "{jobId}";

/// The parameters that name servers.
pub const URLS: [&str; 3] = ["submitEndpoint", "statusEndpoint", "resultOrigin"];

/// A picture to be sent, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Where it is sent to.
    pub submit: Address,
    /// Where a job's status is, with [`JOB_ID`], if a job does not say so itself.
    pub status: Option<String>,
    /// The servers that are named; a status and a result are not fetched from others.
    pub origins: Vec<String>,
    /// The media type of the request.
    pub content_type: &'static str,
    /// The request.
    pub body: Vec<u8>,
    /// Time before a job's status is asked for, in milliseconds.
    pub poll_interval_ms: u32,
    /// Time for everything.
    pub timeout_ms: u32,
    /// How often one request is sent again.
    pub retries: u32,
}

/// The servers that the parameters of an action name, each with its parameter; `Err` says why one is none. Nothing is sent
/// anywhere without a URL to submit to.
pub fn servers(parameters: &Map<String, Value>) -> Vec<(&'static str, Result<Address, String>)> {
    let given = |name: &'static str| {
        let text = parameters.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| (name, Address::parse(&text.replace(JOB_ID, "0"))))
    };
    match given(URLS[0]) {
        Some(_) => URLS.into_iter().filter_map(given).collect(),
        None => Vec::new(),
    }
}
