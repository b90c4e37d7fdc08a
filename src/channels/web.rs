//! The web chat, as a channel: a message becomes a line of the person's chat, and pages that are
//! open show it. The page says when it was shown; nothing here guesses that.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::{Value, json};

use super::{Channel, Outgoing, Profile, SendError, Sent};
use crate::store::{NewLine, Store, StoreError};
use crate::wake::{News, Wake};

/// The channel's name, in addresses and as the source of arrivals.
pub const WEB: &str = "web";
/// Longest text of one line, in characters: several screens of a phone. Flow texts are far shorter.
const TEXT_CHARS_MAX: usize = 8_000;

/// Lines in the store, and a tap for open pages.
pub struct WebChat {
    store: Arc<dyn Store>,
    wake: Arc<Wake>,
}

impl WebChat {
    /// A chat over this store.
    pub fn new(store: Arc<dyn Store>, wake: Arc<Wake>) -> WebChat {
        WebChat { store, wake }
    }
}

#[async_trait]
impl Channel for WebChat {
    fn profile(&self) -> Profile {
        Profile {
            name: WEB,
            text_chars_max: TEXT_CHARS_MAX,
            buttons: true,
            // Our own host, behind a verified session (domain facts 4.2).
            level: 3,
            intrudes: false,
        }
    }

    /// Appends the line under the message's key, so that a second time shows nothing new.
    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        self.store.append_line(&line(outgoing)).await.map_err(sorted)?;
        let person = Some(outgoing.person.clone());
        self.wake.tell(News { payer: outgoing.key.payer.clone(), person });
        Ok(Sent::on_its_way())
    }

    fn keeps_lines(&self) -> bool {
        true
    }

    fn post(&self, outgoing: &Outgoing) -> Option<(NewLine, Sent)> {
        Some((line(outgoing), Sent::on_its_way()))
    }
}

fn line(outgoing: &Outgoing) -> NewLine {
    NewLine {
        payer: outgoing.key.payer.clone(),
        person: outgoing.person.clone(),
        channel: WEB.into(),
        key: format!("message/{}", outgoing.key.effect),
        message: Some(outgoing.key.clone()),
        leaving: Some(outgoing.leaving.clone()),
        body: body(outgoing),
        at: Timestamp(outgoing.now_ms),
    }
}

/// What the page gets: the pure half.
fn body(outgoing: &Outgoing) -> Value {
    let frozen = &outgoing.frozen;
    let buttons: Vec<_> =
        frozen.buttons.iter().map(|(key, label)| json!({ "key": key, "label": label })).collect();
    let mut body = json!({
        "from": if outgoing.speaker.is_some() { "person" } else { "bot" },
        "text": frozen.text,
        "language": frozen.language,
        "buttons": buttons,
    });
    if let Some(name) = &outgoing.speaker {
        body["name"] = json!(name);
    }
    if let Some(question) = &outgoing.question {
        body["question"] = json!(question);
    }
    body
}

fn sorted(error: StoreError) -> SendError {
    match error {
        StoreError::Conflict => SendError::Stopped,
        StoreError::Forgotten => SendError::Never("forgotten".into()),
        StoreError::Unreadable(_) => SendError::Never("unreadable".into()),
        // The line's key makes a second attempt harmless, also after one that may have worked.
        _ => SendError::Later("store".into()),
    }
}

#[cfg(test)]
mod tests {
    use mendline_engine::message::MessageKind;

    use super::*;
    use crate::store::{Frozen, Leaving, MessageRef};

    fn outgoing(speaker: Option<&str>) -> Outgoing {
        let effect: crate::store::EffectRef = "c1/3.0".parse().unwrap();
        Outgoing {
            key: MessageRef { payer: "p".into(), effect: effect.clone() },
            person: "ana".into(),
            to: "ana".into(),
            frozen: Frozen {
                channel: "web".into(),
                text: "¿Lo pido ahora?".into(),
                buttons: vec![("send".into(), "Sí".into())],
                numbers: Vec::new(),
                language: "es".into(),
                private: false,
            },
            question: Some(effect),
            deciding: None,
            speaker: speaker.map(Into::into),
            zone: String::new(),
            leaving: Leaving { flow: None, kind: MessageKind::Reply },
            window_open: true,
            now_ms: 0,
        }
    }

    #[test]
    fn a_line_keeps_its_question_buttons_and_language() {
        let body = body(&outgoing(None));
        assert_eq!(body["from"], "bot");
        assert_eq!(body["language"], "es");
        assert_eq!(body["question"], "c1/3.0");
        assert_eq!(body["buttons"], json!([{ "key": "send", "label": "Sí" }]));
        assert!(body.get("name").is_none());
    }

    #[test]
    fn a_persons_words_carry_her_name() {
        let body = body(&outgoing(Some("Robin")));
        assert_eq!((&body["from"], &body["name"]), (&json!("person"), &json!("Robin")));
    }
}
