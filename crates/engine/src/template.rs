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
    let chars: Vec<char> = source.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let (here, next) = (chars[at], chars.get(at + 1).copied());
        match here {
            '{' | '}' if next == Some(here) => {
                words.push(here);
                at += 2;
            }
            '}' => {
                return Err(error("a '}' closes nothing; write '}}' for the sign itself", at, 1));
            }
            '{' => {
                let length = chars[at..].iter().position(|&it| it == '}').ok_or_else(|| {
                    error("this '{' is never closed; write '{{' for the sign itself", at, 1)
                })?;
                if !words.is_empty() {
                    parts.push(Part::Words(std::mem::take(&mut words)));
                }
                let inside: String = chars[at + 1..at + length].iter().collect();
                parts.push(Part::Value(slot(&inside, at, length + 1)?));
                at += length + 1;
            }
            _ => {
                words.push(here);
                at += 1;
            }
        }
    }
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

fn slot(inside: &str, at: usize, length: usize) -> Result<Slot, TemplateError> {
    let (path, format) = match inside.split_once('|') {
        Some((path, format)) => (path.trim(), Some(format.trim())),
        None => (inside.trim(), None),
    };
    if !path.split('.').all(is_name) {
        let message = format!("'{path}' is no field; a value is written '{{field.member}}'");
        return Err(error(&message, at, length));
    }
    if format == Some("") {
        return Err(error("a format is missing after '|'", at, length));
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
