//! What a mail says of its own: the subject, how to answer, how to end it. No claim, no medicine
//! and nobody's name: subjects are read on locked screens.

use mendline_engine::render::{Reader, write_value};
use mendline_engine::time::zone::zone;
use mendline_engine::types::Type;
use serde_json::json;

use super::ids;
use crate::channels::Outgoing;

struct Words {
    request: &'static str,
    due: &'static str,
    outside: &'static str,
    answer_with: &'static str,
    stop: &'static str,
}

const ENGLISH: Words = Words {
    request: "Request",
    due: "due",
    outside: "A message for you",
    answer_with: "You can answer with one of these:",
    stop: "An automatic helper wrote this. Answer STOP, and it will not write here any more.",
};

const SPANISH: Words = Words {
    request: "Solicitud",
    due: "para el",
    outside: "Un mensaje para usted",
    answer_with: "Puede contestar con una de estas respuestas:",
    stop: "Esto lo escribió un ayudante automático. Conteste STOP y no le escribirá más por aquí.",
};

fn words(language: &str) -> &'static Words {
    if language.split(['-', '_']).next() == Some("es") { &SPANISH } else { &ENGLISH }
}

/// `Request 7K4M-92QP, due Nov 24, 5:00 PM`, in the reader's own zone.
pub(super) fn subject(it: &Outgoing) -> String {
    let language = it.frozen.language.as_str();
    let words = words(language);
    let Some(number) = ids::number(&it.key) else { return words.outside.to_owned() };
    let request = format!("{} {number}", words.request);
    match it.deciding.and_then(|it| it.due_ms) {
        Some(due_ms) => {
            let reader = Reader { language, zone: zone(&it.zone) };
            let due = write_value(&json!(due_ms), &Type::Instant, Some("short"), reader);
            format!("{request}, {} {due}", words.due)
        }
        None => request,
    }
}

/// The whole text: who speaks, what is said, what may be answered. The choices of a card are not
/// among it: nobody decides by mail.
pub(super) fn text(it: &Outgoing) -> String {
    let frozen = &it.frozen;
    let words = words(&frozen.language);
    let mut text = frozen.text.trim().to_owned();
    if let Some(name) = &it.speaker {
        text = format!("{name}:\n{text}");
    }
    if it.question.is_some() && it.deciding.is_none() && !frozen.buttons.is_empty() {
        let labels = frozen.buttons.iter().map(|(_, label)| format!("\n- {}", label.trim()));
        text = format!("{text}\n\n{}{}", words.answer_with, labels.collect::<String>());
    }
    text
}

/// How to end it.
pub(super) fn stop(language: &str) -> &'static str {
    words(language).stop
}
