//! A terminal as a channel: what is said to anybody is written out, with the name of the one who
//! reads it. For playing a flow by hand; nobody's real words go here.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Channel, Outgoing, Profile, SendError, Sent};

/// The channel's name.
pub const TERMINAL: &str = "terminal";
/// Longest text of one message, in characters. A terminal scrolls; this only bounds mistakes.
const TEXT_CHARS_MAX: usize = 16_000;

/// Writes messages out, each once, and remembers them.
pub struct Terminal {
    out: Mutex<Box<dyn Write + Send>>,
    shown: Mutex<Vec<Outgoing>>,
}

impl Terminal {
    /// A terminal that writes here.
    pub fn new(out: Box<dyn Write + Send>) -> Terminal {
        Terminal { out: Mutex::new(out), shown: Mutex::new(Vec::new()) }
    }

    /// Everything that was shown, in order.
    pub fn shown(&self) -> Vec<Outgoing> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Channel for Terminal {
    fn profile(&self) -> Profile {
        // The screen of whoever plays; it leaves this machine no more than the web chat does.
        Profile {
            name: TERMINAL,
            text_chars_max: TEXT_CHARS_MAX,
            buttons: true,
            level: 3,
            intrudes: false,
        }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.iter().any(|it| it.key == outgoing.key) {
            return Ok(Sent::as_shown());
        }
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let text = outgoing.frozen.text.replace('\n', "\n    ");
        let mut written = writeln!(out, "  {} ← {text}", outgoing.person);
        for (number, (key, label)) in outgoing.frozen.buttons.iter().enumerate() {
            written = written.and(writeln!(out, "      {}  {label}  ({key})", number + 1));
        }
        written.and(out.flush()).map_err(|error| SendError::Later(error.kind().to_string()))?;
        shown.push(outgoing.clone());
        Ok(Sent::as_shown())
    }
}

#[cfg(test)]
mod tests {
    use mendline_engine::message::MessageKind;

    use super::*;
    use crate::store::{Frozen, Leaving, MessageRef};

    fn outgoing() -> Outgoing {
        let frozen = Frozen {
            channel: TERMINAL.into(),
            text: "Which medicine?".into(),
            buttons: vec![("a".into(), "gabapentin".into())],
            numbers: Vec::new(),
            language: "en".into(),
            private: false,
        };
        Outgoing {
            key: MessageRef { payer: "p".into(), effect: "c/0.1".parse().unwrap() },
            person: "ana".into(),
            to: "ana".into(),
            frozen,
            question: None,
            deciding: None,
            speaker: None,
            zone: String::new(),
            leaving: Leaving { flow: None, kind: MessageKind::Reply },
            window_open: true,
            now_ms: 0,
        }
    }

    #[tokio::test]
    async fn the_same_message_is_shown_once() {
        let terminal = Terminal::new(Box::new(std::io::sink()));
        terminal.send(&outgoing()).await.unwrap();
        terminal.send(&outgoing()).await.unwrap();
        assert_eq!(terminal.shown().len(), 1);
    }
}
