//! The desk, as a channel: a message becomes a line of a member of staff's desk, and open pages
//! are told to look. Shown is shown: the queue holds it until it is dealt with.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::json;

use super::{Channel, Outgoing, Profile, SendError, Sent};
use crate::store::{NewLine, Store, StoreError};
use crate::wake::{News, Wake};

/// The channel's name, in addresses and as the source of arrivals.
pub const DESK: &str = "desk";
/// Longest text of one line, in characters. A card is a few hundred; this only bounds mistakes.
const TEXT_CHARS_MAX: usize = 16_000;

/// Lines in the store, and a tap for open pages.
pub struct Desk {
    store: Arc<dyn Store>,
    wake: Arc<Wake>,
}

impl Desk {
    /// A desk over this store.
    pub fn new(store: Arc<dyn Store>, wake: Arc<Wake>) -> Desk {
        Desk { store, wake }
    }
}

#[async_trait]
impl Channel for Desk {
    fn profile(&self) -> Profile {
        Profile {
            name: DESK,
            text_chars_max: TEXT_CHARS_MAX,
            buttons: true,
            // Our own host, behind a login (domain facts 4.2).
            level: 3,
            intrudes: false,
        }
    }

    /// Appends the line under the message's key, so that a second time shows nothing new.
    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        self.store.append_line(&line(outgoing)).await.map_err(|it| sorted(&it))?;
        let person = Some(outgoing.person.clone());
        self.wake.tell(News { payer: outgoing.key.payer.clone(), person });
        Ok(Sent::as_shown())
    }

    fn keeps_lines(&self) -> bool {
        true
    }

    fn post(&self, outgoing: &Outgoing) -> Option<(NewLine, Sent)> {
        Some((line(outgoing), Sent::as_shown()))
    }
}

fn line(outgoing: &Outgoing) -> NewLine {
    let buttons = outgoing.frozen.buttons.iter();
    let buttons: Vec<_> =
        buttons.map(|(key, label)| json!({ "key": key, "label": label })).collect();
    NewLine {
        payer: outgoing.key.payer.clone(),
        person: outgoing.person.clone(),
        channel: DESK.into(),
        key: format!("message/{}", outgoing.key.effect),
        message: Some(outgoing.key.clone()),
        leaving: Some(outgoing.leaving.clone()),
        body: json!({
            "from": if outgoing.speaker.is_some() { "person" } else { "bot" },
            "name": outgoing.speaker,
            "text": outgoing.frozen.text,
            "buttons": buttons,
            "question": outgoing.question,
            "effect": outgoing.key.effect,
        }),
        at: Timestamp(outgoing.now_ms),
    }
}

/// A full or busy disk is a matter of time; what cannot be read will not become readable.
fn sorted(error: &StoreError) -> SendError {
    match error {
        StoreError::Conflict => SendError::Stopped,
        StoreError::Unwritable(_) | StoreError::Taken(_) | StoreError::Away(_) => {
            SendError::Later("store".into())
        }
        StoreError::Unreadable(_) | StoreError::Held | StoreError::Forgotten => {
            SendError::Never("store".into())
        }
    }
}
