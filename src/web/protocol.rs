//! The frames of `/chat/ws`, as `docs/web-chat-protocol.md` shows them. Reading one decides
//! nothing: it is understood, or refused with a code.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::{ID_CHARS_MAX, WORDS_CHARS_MAX};
use super::lines::LineView;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromClient {
    /// First frame: the last line that the page shows.
    Hello {
        /// Its number; 0 for none.
        #[serde(default)]
        seen: i64,
    },
    /// She wrote.
    Say {
        /// The client's own id; a second time is a no-op.
        id: String,
        /// The words.
        words: String,
    },
    /// She tapped a button.
    Tap {
        /// The client's own id.
        id: String,
        /// The question, as its line named it.
        question: String,
        /// The button's key.
        choice: String,
    },
    /// She used a built-in button.
    Repair {
        /// The client's own id.
        id: String,
        /// Which.
        what: Built,
    },
    /// She chose a language.
    Language {
        /// The client's own id.
        id: String,
        /// Which.
        to: String,
    },
    /// Every line up to this number is before her eyes.
    Ack {
        /// The number.
        seq: i64,
    },
    /// She is typing.
    Typing,
}

/// The built-in buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Built {
    /// What can I do here?
    Help,
    /// Say that again.
    Repeat,
    /// I want a person.
    Human,
    /// Stop this.
    Cancel,
    /// Call me.
    CallMe,
    /// Who can see this?
    WhoSees,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromServer {
    /// The answer to `hello`, and again whenever the language changed.
    Welcome {
        /// Her first name.
        name: String,
        /// The language of the page.
        language: String,
        /// Whether nothing here is real.
        demo: bool,
    },
    /// A line of the chat.
    Line(LineView),
    /// The question is over; its buttons go.
    Closed {
        /// Which.
        question: String,
    },
    /// What she did is on disk.
    Took {
        /// The client's id of it.
        id: String,
        /// The number under which it is kept.
        seq: i64,
    },
    /// An answer is being made, or no longer.
    Typing {
        /// Whether.
        on: bool,
    },
    /// This was not taken. The connection stays.
    Refused {
        /// The client's id, where it could be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Why, for programs.
        code: Refusal,
        /// Why, for her.
        say: &'static str,
    },
    /// The last frame.
    Bye {
        /// Why.
        why: Bye,
    },
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bye {
    /// The session ended, or nobody used it for too long.
    Locked,
    /// Too many pages of one session are open.
    TooMany,
    /// The server stops or cannot reach its disk; come again.
    Later,
}

/// Why a frame was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Not JSON.
    Broken,
    /// No such type.
    UnknownType,
    /// A member is missing or of the wrong kind.
    Unreadable,
    /// No id, or one that is too long.
    BadId,
    /// No words.
    Empty,
    /// Too many words at once.
    TooLong,
    /// Too many frames in a short time.
    TooFast,
    /// Nobody asked her this.
    UnknownQuestion,
    /// The question has no such button.
    UnknownChoice,
    /// A language that this chat does not speak.
    UnknownLanguage,
    /// It could not be kept. Send it again.
    Away,
}

impl Refusal {
    /// In her language, with what to do.
    pub fn say(self, language: &str) -> &'static str {
        let (en, es) = match self {
            Refusal::Broken | Refusal::UnknownType | Refusal::Unreadable | Refusal::BadId => (
                "This page sent something I could not read. Please load the page again.",
                "Esta página envió algo que no pude leer. Por favor, cárguela de nuevo.",
            ),
            Refusal::Empty => ("Please write something first.", "Por favor, escriba algo primero."),
            Refusal::TooLong => (
                "That is a lot at once. Please send it in shorter pieces, up to 2,000 characters each. Your words are still here.",
                "Es mucho de una vez. Envíelo en partes más cortas, de hasta 2,000 caracteres. Sus palabras siguen aquí.",
            ),
            Refusal::TooFast => (
                "One moment, please. Send it again in a few seconds.",
                "Un momento, por favor. Envíelo otra vez en unos segundos.",
            ),
            Refusal::UnknownQuestion | Refusal::UnknownChoice => (
                "I do not know this question any more. Please load the page again.",
                "Ya no conozco esta pregunta. Por favor, cargue la página de nuevo.",
            ),
            Refusal::UnknownLanguage => (
                "I do not speak that language yet. I can write in English and Spanish.",
                "Todavía no hablo ese idioma. Puedo escribir en inglés y en español.",
            ),
            Refusal::Away => (
                "I could not keep that just now. Your words are still here; please send them again.",
                "No pude guardar eso ahora. Sus palabras siguen aquí; por favor, envíelas otra vez.",
            ),
        };
        if language == "es" { es } else { en }
    }
}

/// A frame that cannot be taken, and whose it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Unread {
    /// The id, where it could be read.
    pub id: Option<String>,
    /// Why.
    pub why: Refusal,
}

/// Reads a frame.
pub fn read(text: &str) -> Result<FromClient, Unread> {
    let value: Value =
        serde_json::from_str(text).map_err(|_| Unread { id: None, why: Refusal::Broken })?;
    let id = value["id"].as_str().filter(|it| sound_id(it)).map(str::to_owned);
    let unread = |why| Unread { id: id.clone(), why };
    const TYPES: [&str; 7] = ["hello", "say", "tap", "repair", "language", "ack", "typing"];
    if !value["type"].as_str().is_some_and(|it| TYPES.contains(&it)) {
        return Err(unread(Refusal::UnknownType));
    }
    let frame: FromClient =
        serde_json::from_value(value.clone()).map_err(|_| unread(Refusal::Unreadable))?;
    frame.sound().map_err(unread)?;
    Ok(frame)
}

impl FromClient {
    /// The client's id, where the frame has one.
    pub fn id(&self) -> Option<&str> {
        match self {
            FromClient::Say { id, .. }
            | FromClient::Tap { id, .. }
            | FromClient::Repair { id, .. }
            | FromClient::Language { id, .. } => Some(id),
            FromClient::Hello { .. } | FromClient::Ack { .. } | FromClient::Typing => None,
        }
    }

    /// Whether ids and words keep their limits.
    pub fn sound(&self) -> Result<(), Refusal> {
        if self.id().is_some_and(|it| !sound_id(it)) {
            return Err(Refusal::BadId);
        }
        match self {
            FromClient::Say { words, .. } if words.trim().is_empty() => Err(Refusal::Empty),
            FromClient::Say { words, .. } if words.chars().count() > WORDS_CHARS_MAX => {
                Err(Refusal::TooLong)
            }
            _ => Ok(()),
        }
    }
}

fn sound_id(id: &str) -> bool {
    !id.is_empty() && id.chars().count() <= ID_CHARS_MAX && !id.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_of_the_page_is_understood() {
        for (text, frame) in [
            (r#"{"type":"hello","seen":7}"#, FromClient::Hello { seen: 7 }),
            (r#"{"type":"hello"}"#, FromClient::Hello { seen: 0 }),
            (
                r#"{"type":"say","id":"a","words":"hi"}"#,
                FromClient::Say { id: "a".into(), words: "hi".into() },
            ),
            (
                r#"{"type":"repair","id":"b","what":"human"}"#,
                FromClient::Repair { id: "b".into(), what: Built::Human },
            ),
            (r#"{"type":"ack","seq":3}"#, FromClient::Ack { seq: 3 }),
            (r#"{"type":"typing"}"#, FromClient::Typing),
        ] {
            assert_eq!(read(text), Ok(frame));
        }
    }

    #[test]
    fn what_cannot_be_taken_is_refused_with_its_reason() {
        let long = format!(r#"{{"type":"say","id":"x","words":"{}"}}"#, "a".repeat(2_001));
        let id = format!(r#"{{"type":"say","id":"{}","words":"hi"}}"#, "i".repeat(65));
        for (text, why) in [
            ("{", Refusal::Broken),
            ("[]", Refusal::UnknownType),
            (r#"{"type":"shout"}"#, Refusal::UnknownType),
            (r#"{"type":"say","id":"x"}"#, Refusal::Unreadable),
            (r#"{"type":"repair","id":"x","what":"dance"}"#, Refusal::Unreadable),
            (r#"{"type":"say","id":"","words":"hi"}"#, Refusal::BadId),
            (r#"{"type":"say","id":"x","words":"  "}"#, Refusal::Empty),
            (long.as_str(), Refusal::TooLong),
            (id.as_str(), Refusal::BadId),
        ] {
            assert_eq!(read(text).unwrap_err().why, why, "{text:.40}");
        }
    }

    #[test]
    fn a_refusal_names_the_frame_it_is_about() {
        let unread = read(r#"{"type":"say","id":"x","words":""}"#).unwrap_err();
        assert_eq!(unread.id.as_deref(), Some("x"));
    }

    #[test]
    fn two_thousand_characters_of_any_script_are_taken() {
        let words = "ñ".repeat(2_000);
        assert!(read(&format!(r#"{{"type":"say","id":"x","words":"{words}"}}"#)).is_ok());
    }
}
