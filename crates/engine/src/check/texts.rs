//! The values in texts: do they exist, and can they be written that way?

use std::collections::BTreeSet;

use super::cx::Cx;
use super::data::unknown;
use super::names::did_you_mean;
use super::walk::Said;
use crate::render::{FORMATS, FormatError, check_format};
use crate::surface::At;
use crate::template;
use crate::text::{Part, Slot};
use crate::types::Type;

pub(super) fn check(cx: &mut Cx<'_>) {
    for said in cx.said.clone() {
        for words in words(&said) {
            slots(&words.it).for_each(|slot| one(cx, &slot, words));
        }
        for (_, label) in &said.choices {
            slots(&label.it).for_each(|slot| one(cx, &slot, label));
        }
    }
}

fn one(cx: &mut Cx<'_>, slot: &Slot, words: &At<String>) {
    let ty = match cx.type_of(&slot.path) {
        Ok(ty) => ty,
        Err(why) => return unknown(cx, words.at, why),
    };
    let Some(format) = &slot.format else { return };
    bad_format(cx, "", format, &ty, words);
}

/// Reports a format that does not exist or does not fit, in the flow or in a translation.
pub(super) fn bad_format(
    cx: &mut Cx<'_>,
    language: &str,
    format: &str,
    ty: &Type,
    words: &At<String>,
) {
    match check_format(format, ty) {
        Ok(()) => {}
        Err(error @ FormatError::Unknown(_)) => {
            let names = FORMATS.map(|it| it.name);
            let help = did_you_mean(format, names, &format!("formats are {}", names.join(", ")));
            cx.report_in(language, "D206", words.at, error.to_string(), &help);
        }
        Err(error) => {
            let help = "leave the format away, or name another value";
            cx.report_in(language, "D207", words.at, error.to_string(), help);
        }
    }
}

/// The forms of a text.
pub(super) fn words<'a>(said: &Said<'a>) -> impl Iterator<Item = &'a At<String>> + use<'a> {
    [Some(&said.text.text), said.text.private.as_ref()].into_iter().flatten()
}

/// The fields and parties that some text names.
pub(super) fn roots(cx: &Cx<'_>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for said in &cx.said {
        let labels = said.choices.iter().map(|(_, it)| *it);
        for text in words(said).chain(labels) {
            all.extend(slots(&text.it).map(|it| it.path.root().to_owned()));
        }
    }
    all
}

/// The places for values in a text as written. One that cannot be read has none here: the
/// parser has said so.
pub(super) fn slots(text: &str) -> impl Iterator<Item = Slot> + use<> {
    // Most texts and nearly all labels have none.
    let parts = if text.contains('{') { parts(text) } else { Vec::new() };
    parts.into_iter().filter_map(|part| match part {
        Part::Value(slot) => Some(slot),
        Part::Words(_) => None,
    })
}

/// The text without its values, each replaced by `stand_in`.
pub(super) fn without_values(text: &str, stand_in: &str) -> String {
    if !text.contains(['{', '}']) {
        return text.to_owned();
    }
    let words = parts(text).into_iter().map(|part| match part {
        Part::Words(words) => words,
        Part::Value(_) => stand_in.to_owned(),
    });
    words.collect()
}

fn parts(text: &str) -> Vec<Part> {
    template::parse(text).map(|it| it.parts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_for_values_are_found_with_their_formats() {
        let found: Vec<_> = slots("{a.b | count: day days} of {c}").collect();
        assert_eq!(found[0].path.0, "a.b");
        assert_eq!(found[0].format.as_deref(), Some("count: day days"));
        assert_eq!(found[1].format, None);
        assert_eq!(without_values("{a} of {b | long}.", "it"), "it of it.");
    }
}
