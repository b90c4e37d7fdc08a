//! What Twilio answered, sorted by what to do about it. Nothing that it wrote is passed on: its
//! words may quote the number or the text.

use std::time::Duration;

use serde::Deserialize;

use crate::channels::SendError;

/// How long a sender rests that was told "too many" without a time. Twilio advises an exponential
/// wait; dispatch doubles its own.
const BUSY: Duration = Duration::from_secs(5);
/// Longest rest that is believed. A longer one is a slip, and would look like an outage.
const BUSY_MAX: Duration = Duration::from_secs(60 * 60);

/// What came back, over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header `Retry-After`.
    #[serde(default)]
    pub retry_after: Option<String>,
    /// The body, or as much of it as is read.
    #[serde(default)]
    pub body: String,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was taken.
    Took,
    /// The sender, or the account, is to rest so long.
    Busy(Duration),
    /// It was not taken because of how we are set up; a person must mend that.
    Trouble(Trouble),
    /// It was not taken, or nobody knows.
    Failed(SendError),
}

/// What only a person can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The account's token is wrong or was revoked.
    Credentials,
    /// The account is suspended or unknown.
    Account,
    /// The number or messaging service is not ours, or may not send there.
    Sender,
    /// A template is not approved, or not as it is used.
    Template,
}

impl Trouble {
    /// What is wrong, for operators.
    pub const fn name(self) -> &'static str {
        match self {
            Trouble::Credentials => "twilio refuses the credentials",
            Trouble::Account => "twilio refuses the account",
            Trouble::Sender => "twilio refuses the sender",
            Trouble::Template => "twilio refuses the template",
        }
    }
}

/// The parts of Twilio's answers that are read.
#[derive(Default, Deserialize)]
struct Body {
    sid: Option<String>,
    /// Of an error.
    code: Option<u32>,
    /// Of a message that was made and refused.
    error_code: Option<u32>,
    status: Option<serde_json::Value>,
}

/// Sorts an answer.
pub fn sorted(response: &Response) -> Answer {
    let body = serde_json::from_str::<Body>(&response.body).ok();
    let failed = |it: SendError| Answer::Failed(it);
    match (response.status, body) {
        (200..=299, Some(Body { sid: Some(_), status, error_code, .. })) => {
            let dead = status.as_ref().and_then(|it| it.as_str()).is_some_and(is_dead);
            match error_code {
                Some(code) if dead => coded(code),
                _ if dead => failed(SendError::Never("made and not sent".into())),
                _ => Answer::Took,
            }
        }
        // Something between us says yes in Twilio's place, or Twilio said it in other words.
        (200..=299, _) => failed(SendError::Maybe("an answer that is not Twilio's".into())),
        (429, _) => Answer::Busy(rest(response)),
        (401, _) => Answer::Trouble(Trouble::Credentials),
        (400..=499, Some(Body { code: Some(code), .. })) => coded(code),
        // Without a code it is not Twilio that refuses: a proxy's page, a gateway.
        (400..=499, _) => failed(SendError::Later("refused on the way".into())),
        (300..=399, _) => failed(SendError::Later("sent elsewhere".into())),
        // "Temporarily unable … wait for a bit and try again" (Twilio, "Twilio's response").
        (503, _) if response.retry_after.is_some() => Answer::Busy(rest(response)),
        (503, _) => failed(SendError::Later("twilio is unavailable".into())),
        // There is no key under which a second try would be the same message.
        _ => failed(SendError::Maybe("twilio failed".into())),
    }
}

/// Sorts Twilio's error codes (twilio.com/docs/api/errors).
fn coded(code: u32) -> Answer {
    match code {
        21610 | 63050 => Answer::Failed(SendError::OptedOut),
        20003 => Answer::Trouble(Trouble::Credentials),
        20005 | 20006 | 20008 | 20404 => Answer::Trouble(Trouble::Account),
        // Not ours, no such service, a channel that is not set up, not registered with carriers.
        21603 | 21606 | 21618 | 21659 | 21660 | 21701 | 21703 | 63007 | 30034 => {
            Answer::Trouble(Trouble::Sender)
        }
        21655 | 21656 | 63021 | 63040 | 63041 | 63042 => Answer::Trouble(Trouble::Template),
        // Too many requests, a full queue, a busy channel.
        20429 | 14107 | 21611 | 30001 | 30022 | 63018 => Answer::Busy(BUSY),
        20500 | 20503 => Answer::Failed(SendError::Later(format!("twilio error {code}"))),
        // A bad number, a region that is not allowed, a text that is too long, a closed window
        // (63016), and all that is not known: the same again would be refused again.
        _ => Answer::Failed(SendError::Never(format!("twilio error {code}"))),
    }
}

fn is_dead(status: &str) -> bool {
    matches!(status, "failed" | "undelivered" | "canceled")
}

fn rest(response: &Response) -> Duration {
    let told = response.retry_after.as_deref().and_then(|it| it.trim().parse().ok());
    told.map_or(BUSY, Duration::from_secs).clamp(Duration::from_secs(1), BUSY_MAX)
}

/// A message that Twilio has, as its list shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed {
    to: Option<String>,
    body: Option<String>,
    direction: Option<String>,
    date_created: Option<String>,
    status: Option<String>,
}

/// The list of an account's latest messages.
#[derive(Debug, Deserialize)]
struct List {
    messages: Vec<Listed>,
}

/// What may be between our clock and Twilio's.
const CLOCKS_APART_S: i64 = 30;

/// Whether a message to this address with these words was made at or after `since_ms`; `None` if
/// the list cannot be read.
pub fn has(list: &Response, to: &str, body: &str, since_ms: i64) -> Option<bool> {
    if list.status != 200 {
        return None;
    }
    let list: List = serde_json::from_str(&list.body).ok()?;
    let since_s = since_ms / 1_000 - CLOCKS_APART_S;
    let made = |it: &Listed| {
        let at = it.date_created.as_deref();
        let at = at.and_then(|it| chrono::DateTime::parse_from_rfc2822(it).ok());
        at.is_some_and(|it| it.timestamp() >= since_s)
    };
    let ours = |it: &&Listed| {
        it.to.as_deref() == Some(to)
            && it.body.as_deref().map(str::trim) == Some(body.trim())
            && it.direction.as_deref().is_some_and(|it| it.starts_with("outbound"))
            && !it.status.as_deref().is_some_and(is_dead)
            && made(it)
    };
    Some(list.messages.iter().any(|it| ours(&it)))
}
