//! Texts with `{path}` and `{path | format}` in them. A value is put in once, and what it
//! brings is never read as a template again.

use thiserror::Error;

use crate::text::{Part, Path, Slot, Template};

/// What is wrong with a text, and where in it, in characters from 0.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct TemplateError {
    /// What.
    pub message: String,
    /// The first character of the place.
    pub from: usize,
    /// How many characters it spans.
    pub length: usize,
}

/// Parses a text. `{{` and `}}` stand for the braces themselves.
pub fn parse(source: &str) -> Result<Template, TemplateError> {
    let mut parts = Vec::new();
    let mut words = String::new();
    let mut rest = source;
    // A place is counted in characters, and only where something is wrong.
    let chars = |rest: &str| source[..source.len() - rest.len()].chars().count();
    while let Some(at) = rest.find(['{', '}']) {
        words.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(sign) = ["{{", "}}"].into_iter().find(|it| rest.starts_with(it)) {
            words.push_str(&sign[..1]);
            rest = &rest[2..];
        } else if rest.starts_with('}') {
            let message = "a '}' closes nothing; write '}}' for the sign itself";
            return Err(error(message, chars(rest), 1));
        } else {
            let end = rest.find('}').ok_or_else(|| {
                let message = "this '{' is never closed; write '{{' for the sign itself";
                error(message, chars(rest), 1)
            })?;
            if !words.is_empty() {
                parts.push(Part::Words(std::mem::take(&mut words)));
            }
            let place = || (chars(rest), rest[..=end].chars().count());
            parts.push(Part::Value(slot(&rest[1..end], place)?));
            rest = &rest[end + 1..];
        }
    }
    words.push_str(rest);
    if !words.is_empty() {
        parts.push(Part::Words(words));
    }
    Ok(Template { source: source.to_owned(), parts })
}

/// The places for values in a text, in order.
pub fn slots(template: &Template) -> impl Iterator<Item = &Slot> {
    template.parts.iter().filter_map(|part| match part {
        Part::Value(slot) => Some(slot),
        Part::Words(_) => None,
    })
}

fn slot(inside: &str, place: impl Fn() -> (usize, usize)) -> Result<Slot, TemplateError> {
    let wrong = |message: &str| {
        let (at, length) = place();
        error(message, at, length)
    };
    let (path, format) = match inside.split_once('|') {
        Some((path, format)) => (path.trim(), Some(format.trim())),
        None => (inside.trim(), None),
    };
    if !path.split('.').all(is_name) {
        let message = format!("'{path}' is no field; a value is written '{{field.member}}'");
        return Err(wrong(&message));
    }
    if format == Some("") {
        return Err(wrong("a format is missing after '|'"));
    }
    Ok(Slot { path: Path(path.to_owned()), format: format.map(str::to_owned) })
}

/// Whether `word` may name a field, a party, a member or a key.
pub fn is_name(word: &str) -> bool {
    word.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && word.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
}

fn error(message: &str, from: usize, length: usize) -> TemplateError {
    TemplateError { message: message.to_owned(), from, length }
}
