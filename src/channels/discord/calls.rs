//! The requests that Discord takes, as method, path and body. Pure.

use serde_json::{Value, json};

/// How something is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Look.
    Get,
    /// Make.
    Post,
    /// Put in the place of what was there.
    Put,
    /// Change.
    Patch,
}

/// Most messages in one answer (Discord, "Get Channel Messages": "Max number of messages to return
/// (1-100)").
pub(super) const PAGE: usize = 100;

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// How.
    pub method: Method,
    /// Where, behind the version: `/users/@me/channels`. It may carry a secret of Discord's.
    pub path: String,
    /// With what.
    pub body: Value,
}

impl Call {
    fn of(method: Method, path: String, body: Value) -> Call {
        Call { method, path, body }
    }

    /// The direct message with somebody; made where there is none yet.
    pub(super) fn open(user: u64) -> Call {
        let body = json!({ "recipient_id": user.to_string() });
        Call::of(Method::Post, "/users/@me/channels".into(), body)
    }

    /// A message.
    pub(super) fn write(channel: u64, message: Value) -> Call {
        Call::of(Method::Post, format!("/channels/{channel}/messages"), message)
    }

    /// A message of ours, changed where it stands.
    pub(super) fn change(channel: u64, message: u64, to: Value) -> Call {
        Call::of(Method::Patch, format!("/channels/{channel}/messages/{message}"), to)
    }

    /// What was written after a message, at most a [`PAGE`].
    pub(super) fn written_after(channel: u64, last: u64) -> Call {
        let path = format!("/channels/{channel}/messages?after={last}&limit={PAGE}");
        Call::of(Method::Get, path, Value::Null)
    }

    /// Where the gateway is.
    pub(super) fn gateway() -> Call {
        Call::of(Method::Get, "/gateway/bot".into(), Value::Null)
    }

    /// Every command that is offered, in the place of those before.
    pub(super) fn offer(application: u64, commands: Value) -> Call {
        Call::of(Method::Put, format!("/applications/{application}/commands"), commands)
    }

    /// The first answer to a command or a tap.
    pub(super) fn answer(interaction: u64, token: &str, answer: Value) -> Call {
        let path = format!("/interactions/{interaction}/{token}/callback");
        Call::of(Method::Post, path, answer)
    }

    /// What stands in the place of "is thinking".
    pub(super) fn answer_late(application: u64, token: &str, message: Value) -> Call {
        let path = format!("/webhooks/{application}/{token}/messages/@original");
        Call::of(Method::Patch, path, message)
    }

    /// One more answer.
    pub(super) fn answer_more(application: u64, token: &str, message: Value) -> Call {
        Call::of(Method::Post, format!("/webhooks/{application}/{token}"), message)
    }
}
