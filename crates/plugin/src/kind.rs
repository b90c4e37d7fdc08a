//! The type words of a manifest, and whether a value is what its word says.
//!
//! It looks at shape only: a date that looks like a date passes here even in a month of
//! forty days. What a value may mean is for the action to know.

use serde_json::Value;

use crate::manifest::{Manifest, RecordToml};

/// The words that name no record.
const BUILT_IN: [&str; 9] =
    ["text", "integer", "number", "boolean", "money", "date", "instant", "choice", "reason"];

/// The deepest nesting that is looked into. A record within a record within a list is three;
/// more than this is a record that contains itself.
const DEPTH_MAX: u32 = 8;

/// The record that `word` is about: `list of claim` and `claim` give `claim`, `text` gives none.
pub(crate) fn record_of(word: &str) -> Option<&str> {
    let inner = word.trim();
    let inner = inner.strip_prefix("list of ").map_or(inner, str::trim);
    let plain = inner.split(':').next().unwrap_or(inner).trim();
    (!BUILT_IN.contains(&plain)).then_some(plain)
}

/// What is wrong with `value` as a `word`, found at `place`; nothing if it is one.
pub(crate) fn misfits(manifest: &Manifest, word: &str, value: &Value, place: &str) -> Vec<String> {
    at_depth(manifest, word, value, place, DEPTH_MAX)
}

fn at_depth(
    manifest: &Manifest,
    word: &str,
    value: &Value,
    place: &str,
    depth: u32,
) -> Vec<String> {
    let word = word.trim();
    if depth == 0 {
        return vec![format!("{place}: '{word}' is nested more than {DEPTH_MAX} deep")];
    }
    if let Some(of) = word.strip_prefix("list of ") {
        let Some(items) = value.as_array() else {
            return vec![format!("{place}: not a list")];
        };
        return items
            .iter()
            .enumerate()
            .flat_map(|(i, item)| at_depth(manifest, of, item, &format!("{place}[{i}]"), depth - 1))
            .collect();
    }
    if let Some(record) = record_of(word) {
        return match manifest.records.get(record) {
            Some(record) => members(manifest, record, value, place, depth),
            None => vec![format!("{place}: no record '{record}' in this manifest")],
        };
    }
    if fits(word, value) { vec![] } else { vec![format!("{place}: not a {word}")] }
}

/// Every member is there unless it is optional, and none that is not declared.
fn members(
    manifest: &Manifest,
    record: &RecordToml,
    value: &Value,
    place: &str,
    depth: u32,
) -> Vec<String> {
    let Some(object) = value.as_object() else {
        return vec![format!("{place}: not a record")];
    };
    let mut wrong = vec![];
    for (name, member) in &record.members {
        let place = format!("{place}.{name}");
        match object.get(name).filter(|it| !it.is_null()) {
            Some(value) => wrong.extend(at_depth(manifest, &member.ty, value, &place, depth - 1)),
            None if member.optional => {}
            None => wrong.push(format!("{place}: missing, and not optional")),
        }
    }
    let undeclared = object.keys().filter(|it| !record.members.contains_key(*it));
    wrong.extend(undeclared.map(|it| format!("{place}.{it}: not in the manifest")));
    wrong
}

/// Whether a value has the shape of a built-in word.
fn fits(word: &str, value: &Value) -> bool {
    if let Some(keys) = word.strip_prefix("choice:") {
        return value.as_str().is_some_and(|it| keys.split(',').any(|key| key.trim() == it));
    }
    match word {
        "text" | "choice" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "money" => value.as_str().is_some_and(is_money),
        "date" => value.as_str().is_some_and(is_date),
        "instant" => value.as_str().is_some_and(is_instant),
        "reason" => value.is_string() || is_reason(value),
        _ => false,
    }
}

/// `2026-11-18`.
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(i, byte)| match i {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// `2026-11-18T15:00:00Z`.
fn is_instant(text: &str) -> bool {
    text.split_once('T').is_some_and(|(date, time)| is_date(date) && time.contains(':'))
}

/// `182.40 USD`.
fn is_money(text: &str) -> bool {
    text.split_once(' ')
        .is_some_and(|(amount, currency)| amount.parse::<f64>().is_ok() && currency.len() == 3)
}

/// A code, with words in at least one language.
fn is_reason(value: &Value) -> bool {
    value["code"].is_string() && value["words"].as_object().is_some_and(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        Manifest::read(
            r#"
            name = "shop"
            version = "0.1.0"
            summary = "A shop."
            [records.apple]
            show = "{kind}"
            members.kind = { type = "choice: red, green" }
            members.picked_on = { type = "date", optional = true }
            "#,
        )
        .unwrap()
    }

    #[test]
    fn a_value_of_its_word_passes() {
        for (word, value) in [
            ("text", json!("a")),
            ("integer", json!(3)),
            ("number", json!(3.5)),
            ("money", json!("182.40 USD")),
            ("date", json!("2026-11-18")),
            ("instant", json!("2026-11-18T15:00:00Z")),
            ("reason", json!({ "code": "A", "words": { "en": "a" } })),
            ("choice: a, b", json!("b")),
            ("list of integer", json!([1, 2])),
            ("apple", json!({ "kind": "red" })),
            ("list of apple", json!([{ "kind": "green", "picked_on": "2026-01-01" }])),
        ] {
            assert_eq!(misfits(&manifest(), word, &value, "it"), Vec::<String>::new(), "{word}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_named_with_its_place() {
        for (word, value, says) in [
            ("integer", json!(1.5), "it: not a integer"),
            ("money", json!("182.40"), "it: not a money"),
            ("date", json!("18/11/2026"), "it: not a date"),
            ("instant", json!("2026-11-18 ünchecked"), "it: not a instant"),
            ("choice: a, b", json!("c"), "it: not a choice: a, b"),
            ("list of integer", json!([1, "2"]), "it[1]: not a integer"),
            ("apple", json!({}), "it.kind: missing, and not optional"),
            ("apple", json!({ "kind": "red", "worm": 1 }), "it.worm: not in the manifest"),
            ("pear", json!({}), "it: no record 'pear' in this manifest"),
        ] {
            let found = misfits(&manifest(), word, &value, "it");
            assert!(found.iter().any(|it| it == says), "{word}: {found:?}");
        }
    }
}
