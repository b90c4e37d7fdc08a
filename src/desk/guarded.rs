//! Whether what staff typed names somebody, a claim or a medicine: such words are not taken over an
//! app that may not carry them. Pure.
//!
//! It knows what the request itself knows, and the shapes that numbers of claims, dates and doses
//! have. It errs toward the desk: a false alarm costs a tap on a link.

use mendline_engine::event::{DeskAction, GiveBack};
use mendline_engine::message::Button;
use mendline_engine::state::Fields;
use mendline_engine::types::Type;
use serde_json::Value;

use crate::channels::Incoming;
use crate::understand::fold;

/// Shorter words are too common to name anybody.
const NAME_CHARS_MIN: usize = 3;
/// Digits in a row that are a claim's, a telephone's or a prescription's number and no count.
const NUMBER_DIGITS_MIN: usize = 5;
/// What follows a number that is a dose.
const DOSES: &[&str] = &["mg", "mcg", "ml", "milligrams", "miligramos", "tablets", "pills"];
/// Members of records that name somebody or something private, wherever they stand.
const NAMING: &[&str] = &[
    "name",
    "first_name",
    "worker_name",
    "worker",
    "brand",
    "number",
    "rx_number",
    "employer",
    "body_parts",
    "prescriber",
];

/// The words that somebody typed freely in what she did; codes, dates and numbers that a choice of
/// these `buttons` asks for are not.
pub fn typed<'a>(incoming: &'a Incoming, buttons: &[Button]) -> Vec<&'a str> {
    match incoming {
        Incoming::Tap { choice, with, .. } => {
            let needs = buttons.iter().filter(|it| it.key == *choice).flat_map(|it| &it.needs);
            let texts = needs.filter(|it| it.need.ty == Type::Text);
            texts.filter_map(|it| with.get(&it.need.name)?.as_str()).collect()
        }
        Incoming::Desk { action, .. } => match action {
            DeskAction::Reply { words, .. } | DeskAction::Note { words } => vec![words.as_str()],
            DeskAction::GiveBack(GiveBack::Value(value)) => value.as_str().into_iter().collect(),
            DeskAction::Correct { value, .. } => value.as_str().into_iter().collect(),
            DeskAction::Take | DeskAction::GiveBack(_) => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// What may not stand in words about this request: what its fields name, and these names.
pub fn private(fields: &Fields, names: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = names.iter().flat_map(|it| tokens(it)).collect();
    fields.values().for_each(|it| gather(it, &mut all));
    all
}

fn gather(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if NAMING.contains(&name.as_str()) {
                    leaves(member, all);
                }
                gather(member, all);
            }
        }
        Value::Array(members) => members.iter().for_each(|it| gather(it, all)),
        _ => {}
    }
}

fn leaves(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) => all.extend(tokens(text)),
        Value::Array(members) => members.iter().for_each(|it| leaves(it, all)),
        _ => {}
    }
}

fn tokens(text: &str) -> Vec<String> {
    let folded = fold(text);
    let long = folded.split(' ').filter(|it| it.chars().count() >= NAME_CHARS_MIN);
    long.map(str::to_owned).collect()
}

/// Whether words name any of this, or look like a claim's number, a date or a dose.
pub fn names(words: &str, private: &[String]) -> bool {
    let folded = fold(words);
    let words: Vec<&str> = folded.split(' ').filter(|it| !it.is_empty()).collect();
    let named = |it: &&str| private.iter().any(|name| is_same(it, name));
    let digits = |it: &&str| it.chars().filter(char::is_ascii_digit).count();
    let mut pairs = words.windows(2);
    words.iter().any(named)
        || words.iter().any(|it| digits(it) >= NUMBER_DIGITS_MIN)
        || pairs.any(|it| digits(&it[0]) > 0 && DOSES.contains(&it[1]))
        || words.iter().any(|it| digits(it) > 0 && DOSES.iter().any(|dose| it.ends_with(dose)))
        || is_dated(&words)
}

/// The same word, or one slip of the finger from it where it is long enough to tell.
fn is_same(word: &str, name: &str) -> bool {
    word == name || (name.len() >= 6 && strsim::osa_distance(word, name) <= 1)
}

/// `1980 01 02`, `01 02 1980`: three numbers in a row, one of them a year.
fn is_dated(words: &[&str]) -> bool {
    let number = |it: &&str| it.parse::<u32>().ok();
    words.windows(3).any(|it| {
        let read: Option<Vec<u32>> = it.iter().map(number).collect();
        read.is_some_and(|it| it.iter().any(|it| (1900..2100).contains(it)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Fields {
        let claim = json!({
            "number": "DEMO-CA-000123", "status": "accepted", "worker_name": "Ana Example",
            "body_parts": ["left wrist"],
        });
        let drug = json!({ "name": "gabapentin", "strength": "300 mg" });
        Fields::from([("claim".to_owned(), claim), ("drug".to_owned(), drug)])
    }

    #[test]
    fn names_claims_medicines_dates_and_doses_are_heard() {
        let private = private(&fields(), &["Ana", "Whitfield"]);
        for words in [
            "Is gabapentin for the wrist?",
            "GABAPENTIN!",
            "gabapentn please",
            "ana called",
            "about DEMO-CA-000123",
            "born 1980-01-02",
            "born 01/02/1980",
            "take 300 mg",
            "take 300mg",
            "call 2135550107",
        ] {
            assert!(names(words, &private), "{words}");
        }
    }

    #[test]
    fn plain_questions_are_not() {
        let private = private(&fields(), &["Ana"]);
        for words in [
            "Please send the last report.",
            "Is this still needed after 14 days?",
            "¿Desde cuándo lo necesita?",
            "We accepted it, thank you",
            "NOT_RELATED",
        ] {
            assert!(!names(words, &private), "{words}");
        }
    }
}
