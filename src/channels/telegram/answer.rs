//! What Telegram answered to a request, and what that means for the message. Pure.
//!
//! Only what speaks as the Bot API does (`ok`, `error_code`) is Telegram's word. A page of HTML
//! with the same status comes from something between us, and closes nobody's address.

use serde_json::Value;

use crate::channels::SendError;

/// How long to wait where Telegram says "too many" and not for how long.
const RETRY_AFTER_UNSAID_S: u64 = 5;

/// Why a request did not do what it asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was done: it never left, or was turned away unread.
    #[error("not reached: {0}")]
    NotReached(&'static str),
    /// It left, and whether it was done nobody can say.
    #[error("no clear answer: {0}")]
    Unclear(&'static str),
    /// Too many; so many seconds of silence are asked for.
    #[error("too many requests; again in {0} s")]
    TooMany(u64),
    /// The token is not, or no longer, a bot's.
    #[error("the token is refused")]
    Token,
    /// Telegram says no.
    #[error("refused with {code}: {why}")]
    Refused {
        /// Its code.
        code: u64,
        /// What it is about; Telegram's own text may quote ours and is not kept.
        why: Why,
    },
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// She blocked the bot, or put it out of the chat.
    Blocked,
    /// There is no such chat, or nobody in it any more.
    NoChat,
    /// Another program listens with the same token, or a webhook is set.
    OtherListener,
    /// It was changed to what it is already.
    AsItWas,
    /// Something that we do not sort further.
    Other,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Why::Blocked => "blocked",
            Why::NoChat => "no chat",
            Why::OtherListener => "another listener",
            Why::AsItWas => "as it was",
            Why::Other => "other",
        })
    }
}

/// Reads an answer: the result of what was asked, or why not.
pub fn read(status: u16, body: &[u8]) -> Result<Value, Fault> {
    let mut answer: Value = serde_json::from_slice(body).unwrap_or_default();
    match answer["ok"].as_bool() {
        // A server's error that says `ok` contradicts itself.
        Some(true) if status < 300 => Ok(answer["result"].take()),
        Some(false) => {
            Err(refused(answer["error_code"].as_u64().unwrap_or(status.into()), &answer))
        }
        _ => Err(somebody_else(status)),
    }
}

/// Telegram's own no.
fn refused(code: u64, answer: &Value) -> Fault {
    let said = answer["description"].as_str().unwrap_or_default().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| said.contains(it));
    let wait = answer["parameters"]["retry_after"].as_u64();
    match (code, wait) {
        (_, Some(seconds)) => Fault::TooMany(seconds),
        (429, None) => Fault::TooMany(RETRY_AFTER_UNSAID_S),
        // A token that is no longer a token is an unknown address: "Not Found".
        (401 | 404, None) => Fault::Token,
        (403, None) if says(&["blocked by the user", "was kicked", "not a member"]) => {
            Fault::Refused { code, why: Why::Blocked }
        }
        (403, None) => Fault::Refused { code, why: Why::NoChat },
        (400, None) if says(&["chat not found", "user not found", "peer_id_invalid"]) => {
            Fault::Refused { code, why: Why::NoChat }
        }
        (400, None) if says(&["message is not modified"]) => {
            Fault::Refused { code, why: Why::AsItWas }
        }
        (409, None) => Fault::Refused { code, why: Why::OtherListener },
        _ => Fault::Refused { code, why: Why::Other },
    }
}

/// An answer that Telegram did not write.
fn somebody_else(status: u16) -> Fault {
    match status {
        // Something before Telegram turned it away, or points elsewhere, where nobody follows.
        300..=499 => Fault::NotReached("turned away before Telegram"),
        503 => Fault::NotReached("503"),
        // A gateway may have lost the answer to what was done.
        500.. => Fault::Unclear("5xx"),
        _ => Fault::Unclear("unreadable"),
    }
}

/// What to do about a message.
pub fn sorted(fault: &Fault) -> SendError {
    match fault {
        Fault::NotReached(why) => SendError::Later((*why).into()),
        Fault::Unclear(why) => SendError::Maybe((*why).into()),
        Fault::TooMany(seconds) => {
            SendError::Busy(i64::try_from(*seconds).unwrap_or(i64::MAX / 1_000) * 1_000)
        }
        Fault::Token => SendError::Later("token refused".into()),
        Fault::Refused { why: Why::Blocked, .. } => SendError::OptedOut,
        Fault::Refused { why: Why::NoChat, .. } => SendError::Never("no chat".into()),
        // Telegram itself says that it failed, so it did not do it.
        Fault::Refused { code: 409 | 500.., .. } => SendError::Later("refused for now".into()),
        Fault::Refused { code, .. } => SendError::Never(format!("refused with {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(status: u16, body: &str) -> SendError {
        sorted(&read(status, body.as_bytes()).unwrap_err())
    }

    fn said(code: u16, description: &str) -> SendError {
        let body =
            serde_json::json!({ "ok": false, "error_code": code, "description": description });
        what(code, &body.to_string())
    }

    #[test]
    fn a_result_is_what_stands_in_the_answer() {
        assert_eq!(
            read(200, br#"{"ok":true,"result":{"message_id":7}}"#).unwrap()["message_id"],
            7
        );
    }

    #[test]
    fn who_blocked_the_bot_has_opted_out_and_who_is_not_there_never_reads() {
        assert_eq!(said(403, "Forbidden: bot was blocked by the user"), SendError::OptedOut);
        let never = SendError::Never("no chat".into());
        assert_eq!(said(403, "Forbidden: user is deactivated"), never);
        assert_eq!(said(403, "Forbidden: bot can't initiate conversation with a user"), never);
        assert_eq!(said(400, "Bad Request: chat not found"), never);
    }

    #[test]
    fn what_telegram_cannot_do_now_is_tried_again() {
        for (code, why) in
            [(401, "Unauthorized"), (404, "Not Found"), (500, "Internal Server Error")]
        {
            assert!(matches!(said(code, why), SendError::Later(_)), "{code}");
        }
        let asked = read(429, br#"{"ok":false,"error_code":429,"parameters":{"retry_after":35}}"#);
        let asked = asked.expect_err("it was refused");
        assert_eq!((&asked, sorted(&asked)), (&Fault::TooMany(35), SendError::Busy(35_000)));
        assert!(matches!(said(429, "Too Many Requests"), SendError::Busy(5_000)));
    }

    #[test]
    fn what_is_wrong_with_the_message_stays_wrong() {
        assert_eq!(
            said(400, "Bad Request: message is too long"),
            SendError::Never("refused with 400".into())
        );
    }

    #[test]
    fn html_is_nobodys_word() {
        let html = "<html><h1>Forbidden</h1></html>";
        for turned_away in [302, 401, 403, 404, 429, 503] {
            assert!(matches!(what(turned_away, html), SendError::Later(_)), "{turned_away}");
        }
        for lost in [200, 500, 502, 504] {
            assert!(matches!(what(lost, html), SendError::Maybe(_)), "{lost}");
        }
        assert!(matches!(what(200, ""), SendError::Maybe(_)));
        assert!(matches!(what(200, r#"{"ok":"yes"}"#), SendError::Maybe(_)));
        assert!(matches!(what(500, r#"{"ok":true}"#), SendError::Maybe(_)));
    }
}
