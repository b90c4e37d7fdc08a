//! The formats a text may name, and how each type is written without one.

use serde_json::Value;

use super::date::{self, Style};
use super::words::{is_spanish, own};
use super::{OPEN, Reader, number, say};
use crate::types::{Type, Words};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatSpec {
    /// Its name: `long`.
    pub name: &'static str,
    /// What it writes, for the checker's help.
    pub about: &'static str,
    /// Whether words follow it: `count: day days`.
    pub takes_words: bool,
}

const fn format(name: &'static str, about: &'static str) -> FormatSpec {
    FormatSpec { name, about, takes_words: false }
}

/// Every format there is.
pub const FORMATS: [FormatSpec; 13] = [
    format("long", "November 18, 2026; for a moment, with the time"),
    format("short", "Nov 18; for a moment, with the time"),
    format("weekday", "Wednesday, November 18; for a moment, with the time"),
    format("date", "the day of a moment: November 18, 2026"),
    format("time", "the time of a moment: 3:00 PM"),
    format("list", "a, b and c"),
    format("or", "a, b or c"),
    format("lines", "one item a line"),
    format("plain", "as it is, without commas between thousands"),
    format("upper", "IN CAPITALS"),
    format("lower", "in small letters"),
    format("capital", "With a capital first"),
    FormatSpec {
        name: "count",
        about: "count: day days — a number, or how many in a list, with the word for it",
        takes_words: true,
    },
];

/// A format that cannot be used here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// There is no such format.
    #[error("no format '{0}'")]
    Unknown(String),
    /// It says nothing about this type.
    #[error("format '{format}' does not fit a value of type {ty}")]
    DoesNotFit {
        /// The format.
        format: String,
        /// The type, in words.
        ty: String,
    },
    /// `count` without its words, or words after another format.
    #[error("format '{0}' needs the words after a colon, like count: day days")]
    NeedsWords(String),
    /// Words after a format that takes none.
    #[error("format '{0}' takes no words")]
    TakesNoWords(String),
}

/// Whether a value of that type can be written so.
pub fn check_format(format: &str, ty: &Type) -> Result<(), FormatError> {
    let (name, words) = split(format);
    let spec = FORMATS.iter().find(|it| it.name == name);
    let spec = spec.ok_or_else(|| FormatError::Unknown(name.to_owned()))?;
    match (spec.takes_words, words.is_some_and(|it| !number::forms(it).is_empty())) {
        (true, false) => return Err(FormatError::NeedsWords(name.to_owned())),
        (false, true) => return Err(FormatError::TakesNoWords(name.to_owned())),
        _ => {}
    }
    let fits = match name {
        "long" | "short" | "weekday" => matches!(ty, Type::Date | Type::Instant),
        "date" | "time" => *ty == Type::Instant,
        "list" | "or" | "lines" => matches!(ty, Type::List(_)),
        "plain" => matches!(ty, Type::Integer | Type::Number),
        "count" => matches!(ty, Type::Integer | Type::Number | Type::List(_)),
        _ => matches!(
            ty,
            Type::Text | Type::Choice(_) | Type::Reason | Type::Record(_) | Type::Boolean
        ),
    };
    let bad = || FormatError::DoesNotFit { format: name.to_owned(), ty: ty.to_string() };
    if fits { Ok(()) } else { Err(bad()) }
}

/// Writes a value. A format that does not fit is as none: the checker has refused it before,
/// and a reader is never shown a fault of ours.
pub fn write_value(value: &Value, ty: &Type, format: Option<&str>, reader: Reader<'_>) -> String {
    if value.is_null() {
        return OPEN.to_owned();
    }
    let format = format.filter(|it| check_format(it, ty).is_ok());
    let (name, words) = format.map_or(("", None), split);
    match ty {
        Type::Date => day(value, name, reader),
        Type::Instant => moment(value, name, reader),
        Type::Integer | Type::Number => amount(value, name, words, reader),
        Type::Money => number::money(value).unwrap_or_else(|| plain(value, reader)),
        Type::List(of) => list(value, of, name, words, reader),
        Type::Boolean => cased(name, boolean(value, reader)),
        Type::Text | Type::Choice(_) | Type::Reason | Type::Record(_) => {
            let key = matches!(ty, Type::Choice(_)) && value.is_string();
            let text = plain(value, reader);
            cased(name, if key { text.replace('_', " ") } else { text })
        }
    }
}

fn split(format: &str) -> (&str, Option<&str>) {
    match format.split_once(':') {
        Some((name, words)) => (name.trim(), Some(words.trim())),
        None => (format.trim(), None),
    }
}

fn style(name: &str) -> Style {
    match name {
        "short" => Style::Short,
        "weekday" => Style::Weekday,
        _ => Style::Long,
    }
}

fn day(value: &Value, name: &str, reader: Reader<'_>) -> String {
    match date::day_of(value) {
        Some(day) => date::day(day, style(name), reader),
        None => plain(value, reader),
    }
}

fn moment(value: &Value, name: &str, reader: Reader<'_>) -> String {
    let Some(at) = date::moment_of(value) else { return plain(value, reader) };
    match name {
        "time" => date::time(at.wall(reader.zone).time(), reader),
        "date" => date::day(at.day(reader.zone), Style::Long, reader),
        _ => date::moment(at, style(name), reader),
    }
}

fn amount(value: &Value, name: &str, words: Option<&str>, reader: Reader<'_>) -> String {
    let Some(number) = number::number_of(value) else { return plain(value, reader) };
    match (name, words) {
        ("count", Some(words)) => number::counted(&number, words, reader.language),
        ("plain", _) => number,
        _ => number::grouped(&number),
    }
}

fn list(value: &Value, of: &Type, name: &str, words: Option<&str>, reader: Reader<'_>) -> String {
    let Some(items) = value.as_array() else { return plain(value, reader) };
    if let ("count", Some(words)) = (name, words) {
        return number::counted(&items.len().to_string(), words, reader.language);
    }
    let items: Vec<String> = items.iter().map(|it| write_value(it, of, None, reader)).collect();
    match name {
        "lines" => items.iter().map(|it| format!("- {it}")).collect::<Vec<_>>().join("\n"),
        "or" => joined(&items, false, reader),
        _ => joined(&items, true, reader),
    }
}

/// `a, b and c`. Spanish says `e` for `y` before the sound of i, and `u` for `o` before o's.
fn joined(items: &[String], and: bool, reader: Reader<'_>) -> String {
    let Some((last, first)) = items.split_last() else { return String::new() };
    if first.is_empty() {
        return last.clone();
    }
    let start = last.to_lowercase();
    let sounds = |letters: [&str; 4]| letters.iter().any(|it| start.starts_with(it));
    let glide = ["hia", "hie", "hio", "io"].iter().any(|it| start.starts_with(it));
    let word = match (is_spanish(reader.language), and) {
        (false, true) => "and",
        (false, false) => "or",
        (true, true) if sounds(["i", "í", "hi", "hí"]) && !glide => "e",
        (true, true) => "y",
        (true, false) if sounds(["o", "ó", "ho", "hó"]) => "u",
        (true, false) => "o",
    };
    format!("{} {word} {last}", first.join(", "))
}

fn boolean(value: &Value, reader: Reader<'_>) -> String {
    let own = own(reader.language);
    match value {
        Value::Bool(true) => own.yes.to_owned(),
        Value::Bool(false) => own.no.to_owned(),
        _ => plain(value, reader),
    }
}

fn cased(name: &str, text: String) -> String {
    match name {
        "upper" => text.to_uppercase(),
        "lower" => text.to_lowercase(),
        "capital" => {
            let mut rest = text.chars();
            rest.next().map(|it| it.to_uppercase().chain(rest).collect()).unwrap_or_default()
        }
        _ => text,
    }
}

/// A value without a format: texts as they are, and of a record that arrives unshown what it
/// says of itself. Reasons and choices may carry their words by language.
fn plain(value: &Value, reader: Reader<'_>) -> String {
    match value {
        Value::Null => OPEN.to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let worded = ["words", "label"].iter().find_map(|it| {
                let words: Words = serde_json::from_value(members.get(*it)?.clone()).ok()?;
                say(&words, reader.language)
            });
            let named = ["name", "number", "title", "code"]
                .iter()
                .find_map(|it| members.get(*it)?.as_str().map(str::to_owned));
            worded.or(named).unwrap_or_else(|| OPEN.to_owned())
        }
        Value::Array(_) => list(value, &Type::Text, "", None, reader),
        other => other.to_string(),
    }
}
