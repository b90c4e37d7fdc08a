//! What Discord answered to a request, and what that means for the message. Pure.
//!
//! Only what speaks as its API does (`code`, `message`) is Discord's word. A page of HTML with the
//! same status comes from something between us, and closes nobody's address.

use serde_json::Value;

use crate::channels::SendError;

/// How long to wait where Discord says "too many" and not for how long.
const RETRY_AFTER_UNSAID_MS: i64 = 5_000;
/// Longest silence that is believed. A ban for too many refusals lasts an hour or a day
/// (Discord, "Rate Limits": "Invalid Request Limit"); whoever asks again then is told again.
const RETRY_AFTER_MS_MAX: i64 = 3_600_000;

/// "Cannot send messages to this user" (Discord, "JSON Error Codes"): she blocked the bot, or takes
/// direct messages from nobody of that server.
const CANNOT_WRITE: u64 = 50_007;
/// The same where she and the bot share no server any more.
const NO_SHARED_SERVER: u64 = 50_278;
/// "Unknown User".
const UNKNOWN_USER: u64 = 10_013;
/// "Invalid Recipient(s)".
const INVALID_RECIPIENT: u64 = 50_033;
/// "Unknown Channel".
const UNKNOWN_CHANNEL: u64 = 10_003;
/// "Missing Access".
const MISSING_ACCESS: u64 = 50_001;
/// "You are opening direct messages too fast".
const OPENING_TOO_FAST: u64 = 40_003;

/// Why a request did not do what it asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was done: it never left, or was turned away unread.
    #[error("not reached: {0}")]
    NotReached(&'static str),
    /// It left, and whether it was done nobody can say.
    #[error("no clear answer: {0}")]
    Unclear(&'static str),
    /// Too many; so many milliseconds of silence are asked for.
    #[error("too many requests; again in {ms} ms")]
    TooMany {
        /// How long.
        ms: i64,
        /// Whether that is for everything that the bot does.
        global: bool,
    },
    /// The token is not, or no longer, a bot's.
    #[error("the token is refused")]
    Token,
    /// Discord says no.
    #[error("refused with {status}, {why}")]
    Refused {
        /// Its status.
        status: u16,
        /// What it is about; Discord's own text may quote ours and is not kept.
        why: Why,
    },
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// She takes no direct messages from the bot.
    Closed,
    /// There is no such person.
    NoUser,
    /// There is no such direct message any more.
    NoChannel,
    /// Something that we do not sort further, by Discord's code.
    Other(u64),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::Closed => f.write_str("direct messages closed"),
            Why::NoUser => f.write_str("no such person"),
            Why::NoChannel => f.write_str("no such channel"),
            Why::Other(code) => write!(f, "code {code}"),
        }
    }
}

/// Reads an answer: what was asked, or why not. `retry_after` is the header of that name.
pub fn read(status: u16, retry_after: Option<&str>, body: &[u8]) -> Result<Value, Fault> {
    let read: Option<Value> = serde_json::from_slice(body).ok();
    match (status, read) {
        (204, _) => Ok(Value::Null),
        (200..300, Some(answer)) => Ok(answer),
        (200..300, None) => Err(Fault::Unclear("unreadable")),
        (429, answer) => Err(too_many(retry_after, answer.unwrap_or_default())),
        (status, Some(answer)) if answer["message"].is_string() => Err(refused(status, &answer)),
        (status, _) => Err(somebody_else(status)),
    }
}

fn too_many(retry_after: Option<&str>, answer: Value) -> Fault {
    let seconds = answer["retry_after"].as_f64();
    let seconds = seconds.or_else(|| retry_after.and_then(|it| it.trim().parse().ok()));
    let ms = seconds.and_then(milliseconds).unwrap_or(RETRY_AFTER_UNSAID_MS);
    Fault::TooMany { ms, global: answer["global"].as_bool() == Some(true) }
}

/// Seconds as Discord writes them, `0.65`, in whole milliseconds, rounded up; nothing where they
/// are no time.
pub(super) fn milliseconds(seconds: f64) -> Option<i64> {
    let most = (RETRY_AFTER_MS_MAX / 1_000) as f64;
    let fine = seconds.is_finite() && seconds >= 0.0;
    fine.then(|| (seconds.min(most) * 1_000.0).ceil() as i64)
}

/// Discord's own no.
fn refused(status: u16, answer: &Value) -> Fault {
    let code = answer["code"].as_u64().unwrap_or(0);
    let why = match code {
        CANNOT_WRITE | NO_SHARED_SERVER => Why::Closed,
        UNKNOWN_USER | INVALID_RECIPIENT => Why::NoUser,
        UNKNOWN_CHANNEL | MISSING_ACCESS => Why::NoChannel,
        other => Why::Other(other),
    };
    match status {
        401 => Fault::Token,
        _ if code == OPENING_TOO_FAST => {
            Fault::TooMany { ms: RETRY_AFTER_UNSAID_MS, global: false }
        }
        500.. => somebody_else(status),
        _ => Fault::Refused { status, why },
    }
}

/// An answer that says nothing about what was asked.
fn somebody_else(status: u16) -> Fault {
    match status {
        // Something before Discord turned it away, or points elsewhere, where nobody follows.
        300..=499 => Fault::NotReached("turned away before Discord"),
        503 => Fault::NotReached("503"),
        // Discord, or a gateway before it, may have lost the answer to what was done.
        500.. => Fault::Unclear("5xx"),
        _ => Fault::Unclear("unreadable"),
    }
}

/// What to do about a message.
pub fn sorted(fault: &Fault) -> SendError {
    match fault {
        Fault::NotReached(why) => SendError::Later((*why).into()),
        Fault::Unclear(why) => SendError::Maybe((*why).into()),
        Fault::TooMany { ms, .. } => SendError::Busy(*ms),
        Fault::Token => SendError::Later("token refused".into()),
        Fault::Refused { why: Why::Closed, .. } => SendError::OptedOut,
        Fault::Refused { why: Why::NoUser, .. } => SendError::Never("no such person".into()),
        // The next attempt opens it anew.
        Fault::Refused { why: Why::NoChannel, .. } => SendError::Later("no such channel".into()),
        Fault::Refused { why: Why::Other(code), .. } => {
            SendError::Never(format!("refused with {code}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(status: u16, body: &str) -> SendError {
        sorted(&read(status, None, body.as_bytes()).unwrap_err())
    }

    fn said(status: u16, code: u64) -> SendError {
        what(status, &serde_json::json!({ "code": code, "message": "no" }).to_string())
    }

    #[test]
    fn whoever_takes_no_direct_messages_has_opted_out_and_nobody_reads_what_nobody_gets() {
        assert_eq!(said(403, 50_007), SendError::OptedOut);
        assert_eq!(said(403, 50_278), SendError::OptedOut);
        assert_eq!(said(404, 10_013), SendError::Never("no such person".into()));
        assert_eq!(said(400, 50_033), SendError::Never("no such person".into()));
        assert_eq!(said(404, 10_003), SendError::Later("no such channel".into()));
    }

    #[test]
    fn a_silence_that_is_asked_for_is_no_failure() {
        let asked = |retry_after, body: &str| read(429, retry_after, body.as_bytes()).unwrap_err();
        let of_route = asked(None, r#"{"message":"slow","retry_after":0.65,"global":false}"#);
        assert_eq!(of_route, Fault::TooMany { ms: 650, global: false });
        assert_eq!(sorted(&of_route), SendError::Busy(650));
        let of_all = asked(Some("9"), r#"{"message":"slow","retry_after":1.5,"global":true}"#);
        assert_eq!(of_all, Fault::TooMany { ms: 1_500, global: true });
        let html = asked(Some("9"), "<html>");
        assert_eq!(html, Fault::TooMany { ms: 9_000, global: false });
        for odd in [r#"{"retry_after":-1}"#, r#"{"retry_after":"soon"}"#, "", "[]"] {
            assert_eq!(asked(None, odd), Fault::TooMany { ms: 5_000, global: false }, "{odd}");
        }
        let year = asked(None, r#"{"retry_after":1e300}"#);
        assert_eq!(year, Fault::TooMany { ms: 3_600_000, global: false });
        assert_eq!(said(403, 40_003), SendError::Busy(5_000));
    }

    #[test]
    fn what_is_wrong_with_the_message_stays_wrong() {
        assert_eq!(said(400, 50_035), SendError::Never("refused with 50035".into()));
        assert_eq!(said(401, 0), SendError::Later("token refused".into()));
    }

    #[test]
    fn html_is_nobodys_word() {
        let html = "<html><h1>Forbidden</h1></html>";
        for turned_away in [302, 401, 403, 404, 503] {
            assert!(matches!(what(turned_away, html), SendError::Later(_)), "{turned_away}");
        }
        for lost in [200, 500, 502, 504] {
            assert!(matches!(what(lost, html), SendError::Maybe(_)), "{lost}");
        }
        assert!(matches!(said(500, 0), SendError::Maybe(_)));
    }
}
