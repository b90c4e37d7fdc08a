//! Words that are a value: a number, a day, an amount.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::listen::fold;
use crate::types::Type;

/// The longest text that is taken for an answer, in characters. Longer ones are letters, and
/// a person reads them.
const TEXT_MAX: usize = 2000;

/// The value that words mean for a type. `today` is the speaker's day.
pub fn value(words: &str, ty: &Type, today: NaiveDate) -> Option<Value> {
    let words = words.trim();
    match ty {
        Type::Text => {
            let fits = !words.is_empty() && words.chars().count() <= TEXT_MAX;
            fits.then(|| json!(words))
        }
        Type::Integer => integer(words).map(|it| json!(it)),
        Type::Number => number(words).map(|it| json!(it)),
        Type::Boolean => boolean(words).map(Value::Bool),
        Type::Money => money(words).map(|it| json!(it)),
        Type::Date => date(words, today).map(|it| json!(it.to_string())),
        Type::Instant => {
            let at = chrono::DateTime::parse_from_rfc3339(words).ok()?;
            Some(json!(at.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
        }
        Type::Choice(keys) => keys.iter().find(|it| fold(it) == fold(words)).map(|it| json!(it)),
        Type::Reason | Type::List(_) | Type::Record(_) => None,
    }
}

/// The one whole number in the words: `30`, `30 days`, `twenty`.
fn integer(words: &str) -> Option<i64> {
    const NAMED: [(&str, i64); 22] = [
        ("one", 1),
        ("two", 2),
        ("three", 3),
        ("four", 4),
        ("five", 5),
        ("six", 6),
        ("seven", 7),
        ("ten", 10),
        ("fourteen", 14),
        ("fifteen", 15),
        ("twenty", 20),
        ("thirty", 30),
        ("sixty", 60),
        ("ninety", 90),
        ("uno", 1),
        ("dos", 2),
        ("tres", 3),
        ("cinco", 5),
        ("siete", 7),
        ("diez", 10),
        ("quince", 15),
        ("treinta", 30),
    ];
    if words.contains(['.', ',', '-', '/', '$']) {
        return words.parse().ok();
    }
    let folded = fold(words);
    let numbers: Vec<i64> = folded
        .split(' ')
        .filter_map(|it| {
            it.parse().ok().or_else(|| NAMED.iter().find(|(name, _)| *name == it).map(|it| it.1))
        })
        .collect();
    match numbers[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// A number as it is written here: `1,200.50`.
fn number(words: &str) -> Option<f64> {
    let parsed: f64 = words.replace(',', "").trim().parse().ok()?;
    parsed.is_finite().then_some(parsed)
}

fn boolean(words: &str) -> Option<bool> {
    match fold(words).as_str() {
        "yes" | "y" | "yeah" | "yep" | "true" | "si" | "claro" | "ok" | "okay" | "sure" => {
            Some(true)
        }
        "no" | "n" | "nope" | "false" | "no gracias" | "no thanks" => Some(false),
        _ => None,
    }
}

/// `$182.40`, `182.40 USD`, `182` → `182.40 USD`. Another currency is no answer here.
fn money(words: &str) -> Option<String> {
    let bare = words.trim().trim_start_matches('$');
    let bare = bare.trim_end_matches("USD").trim_end_matches("dollars").trim_end_matches("dólares");
    let amount = number(bare).filter(|it| *it >= 0.0)?;
    Some(format!("{amount:.2} USD"))
}

/// `2026-11-18`, `11/18/2026`, `November 18, 2026`, `18 de noviembre de 2026`, today, tomorrow.
fn date(words: &str, today: NaiveDate) -> Option<NaiveDate> {
    let trimmed = words.trim();
    for format in ["%Y-%m-%d", "%m/%d/%Y"] {
        if let Ok(day) = NaiveDate::parse_from_str(trimmed, format) {
            return Some(day);
        }
    }
    let folded = fold(trimmed);
    match folded.as_str() {
        "today" | "hoy" => return Some(today),
        "tomorrow" | "manana" => return today.checked_add_days(Days::new(1)),
        "yesterday" | "ayer" => return today.checked_sub_days(Days::new(1)),
        _ => {}
    }
    let month = folded.split(' ').find_map(month)?;
    let numbers: Vec<i32> = folded
        .split(' ')
        .filter_map(|it| it.trim_end_matches(|c: char| c.is_alphabetic()).parse().ok())
        .collect();
    match numbers[..] {
        [day, year] if year > 31 => NaiveDate::from_ymd_opt(year, month, u32::try_from(day).ok()?),
        _ => None,
    }
}

fn month(word: &str) -> Option<u32> {
    const NAMES: [[&str; 3]; 12] = [
        ["january", "jan", "enero"],
        ["february", "feb", "febrero"],
        ["march", "mar", "marzo"],
        ["april", "apr", "abril"],
        ["may", "may", "mayo"],
        ["june", "jun", "junio"],
        ["july", "jul", "julio"],
        ["august", "aug", "agosto"],
        ["september", "sep", "septiembre"],
        ["october", "oct", "octubre"],
        ["november", "nov", "noviembre"],
        ["december", "dec", "diciembre"],
    ];
    let index = NAMES.iter().position(|names| names.contains(&word))?;
    u32::try_from(index + 1).ok()
}
