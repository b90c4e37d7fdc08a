//! Translations: is everything there, is it of these words, does it hold the same values?

use std::collections::{BTreeMap, BTreeSet};

use super::cx::Cx;
use super::language::folded;
use super::names::did_you_mean;
use super::texts::{bad_format, slots};
use super::walk::{Said, Use};
use crate::surface::{At, Span, Text, TranslatedAnchor, Translation, Verb};
use crate::text::{Slot, source_hash};

/// The place at the head of a file, for what is missing from it.
const HEAD: Span = Span { line: 1, column: 1, length: 1 };

pub(super) fn check(cx: &mut Cx<'_>) {
    let (flow, translations) = (cx.flow, cx.translations);
    let written: Vec<&str> = translations.iter().map(|it| it.language.it.as_str()).collect();
    for language in flow.languages.iter().skip(1) {
        if !written.contains(&language.it.as_str()) {
            let message = format!("there are no words in '{}'", language.it);
            let help =
                format!("write flow.{}.yaml beside the flow, or drop the language", language.it);
            cx.report("L601", language.at, message, &help);
        }
    }
    for translation in translations {
        let language = translation.language.it.as_str();
        if !flow.languages.iter().skip(1).any(|it| it.it == language) {
            let message = format!("the flow does not declare '{language}'");
            let help = "add it to `languages:`, after the language of the file";
            cx.report_in(language, "L610", translation.language.at, message, help);
        }
        if translation.flow.it != flow.name.it {
            let message = format!(
                "these are the words of '{}', not of '{}'",
                translation.flow.it, flow.name.it
            );
            cx.report_in(
                language,
                "L612",
                translation.flow.at,
                message,
                "name this flow in `flow:`",
            );
            continue;
        }
        one(cx, translation);
    }
}

fn one(cx: &mut Cx<'_>, translation: &Translation) {
    let language = &translation.language.it;
    let said = cx.said.clone();
    let by_key: BTreeMap<&str, &Said<'_>> = said.iter().map(|it| (it.key.as_str(), it)).collect();
    let mut done: BTreeSet<String> = BTreeSet::new();
    for anchor in &translation.anchors {
        let name = &anchor.anchor.it;
        let key = if name.contains('.') { name.clone() } else { format!("{name}.say") };
        let Some(source) = by_key.get(key.as_str()).or_else(|| by_key.get(name.as_str())) else {
            // Lowering asks questions of its own: "Which claim is this about?"
            if !cx.program.anchors.contains_key(name) {
                stray(cx, language, &anchor.anchor, &said);
            }
            continue;
        };
        done.insert(source.key.clone());
        stale(cx, language, anchor, source);
        match &anchor.say {
            Some(text) => pair(cx, language, source.text, text),
            None => missing(cx, language, anchor.anchor.at, &source.text.text.it),
        }
        choices(cx, language, anchor, source);
        notes(cx, language, anchor, &by_key, &mut done);
    }
    for text in &translation.says {
        let key = format!("say:{}", source_hash(&text.of.it));
        match by_key.get(key.as_str()) {
            Some(source) => {
                pair(cx, language, source.text, &text.say);
                done.insert(key);
            }
            // Staff read why a handoff came; its words may be translated and need not be.
            None if is_why(cx, &text.of.it) => {}
            None => {
                let message = "the flow does not say this".to_owned();
                let help = "copy the words from the flow into `of:`, as they are now";
                cx.report_in(language, "L604", text.of.at, message, help);
            }
        }
    }
    for source in said.iter().filter(|it| !done.contains(&it.key)) {
        missing(cx, language, HEAD, &source.text.text.it);
    }
}

fn is_why(cx: &Cx<'_>, words: &str) -> bool {
    cx.sites.iter().any(|it| match &it.step.verb {
        Verb::Handoff(handoff) => handoff.why.as_ref().is_some_and(|it| it.it == words),
        _ => false,
    })
}

fn missing(cx: &mut Cx<'_>, language: &str, at: Span, words: &str) {
    let head: String = words.chars().take(40).collect();
    let message = format!("\"{head}\" is not translated");
    cx.report_in(language, "L602", at, message, "add its words in this language");
}

fn stray(cx: &mut Cx<'_>, language: &str, anchor: &At<String>, said: &[Said<'_>]) {
    let names: BTreeSet<&str> =
        said.iter().map(|it| it.key.strip_suffix(".say").unwrap_or(&it.key)).collect();
    let help = did_you_mean(&anchor.it, names, "remove it: people would never read it");
    cx.report_in(language, "L604", anchor.at, format!("the flow has no '{}'", anchor.it), &help);
}

fn stale(cx: &mut Cx<'_>, language: &str, anchor: &TranslatedAnchor, source: &Said<'_>) {
    let now = source_hash(&source.text.text.it);
    if let Some(of) = anchor.of.as_ref().filter(|it| it.it != now) {
        let message =
            format!("the words of '{}' changed since this was translated", anchor.anchor.it);
        let help = format!("look at the words again, then write `of: \"{now}\"`");
        cx.report_in(language, "L603", of.at, message, &help);
    }
}

fn pair(cx: &mut Cx<'_>, language: &str, source: &Text, text: &Text) {
    values(cx, language, &source.text.it, &text.text);
    if folded(&source.text.it) == folded(&text.text.it) && source.text.it.contains(' ') {
        let message = "these are the words of the source".to_owned();
        cx.report_in(language, "L611", text.text.at, message, "translate them");
    }
    match (&source.private, &text.private) {
        (Some(source), Some(private)) => values(cx, language, &source.it, private),
        (Some(_), None) => {
            let message = "the private form is not translated".to_owned();
            cx.report_in(language, "L613", text.text.at, message, "add `private:` here too");
        }
        (None, Some(private)) => {
            let message = "the flow has no private form here".to_owned();
            cx.report_in(
                language,
                "L604",
                private.at,
                message,
                "remove it, or add one to the flow",
            );
        }
        (None, None) => {}
    }
}

fn values(cx: &mut Cx<'_>, language: &str, source: &str, text: &At<String>) {
    for slot in slots(&text.it) {
        if let (Some(format), Ok(ty)) = (&slot.format, cx.type_of(&slot.path)) {
            bad_format(cx, language, format, &ty, text);
        }
    }
    // Formats may differ: plurals and dates are written each language's own way.
    let paths = |words: &str| slots(words).map(|Slot { path, .. }| path).collect::<BTreeSet<_>>();
    let (there, here) = (paths(source), paths(&text.it));
    let lost: Vec<_> = there.difference(&here).map(|it| it.0.as_str()).collect();
    let added: Vec<_> = here.difference(&there).map(|it| it.0.as_str()).collect();
    if !lost.is_empty() || !added.is_empty() {
        let message = match (lost.is_empty(), added.is_empty()) {
            (false, true) => format!("the source also says {{{}}}", lost.join("}, {")),
            (true, _) => format!("the source does not say {{{}}}", added.join("}, {")),
            (false, false) => format!(
                "the source says {{{}}}, this says {{{}}}",
                lost.join("}, {"),
                added.join("}, {")
            ),
        };
        cx.report_in(language, "L605", text.at, message, "put the same values into both");
    }
}

fn choices(cx: &mut Cx<'_>, language: &str, anchor: &TranslatedAnchor, source: &Said<'_>) {
    for (key, _) in &source.choices {
        if !anchor.choices.iter().any(|(it, _)| it.it == key.it) {
            let message = format!("choice '{}' has no words here", key.it);
            cx.report_in(language, "L606", anchor.anchor.at, message, "add it under `choices:`");
        }
    }
    for (nth, (key, label)) in anchor.choices.iter().enumerate() {
        match source.choices.iter().find(|(it, _)| it.it == key.it) {
            Some((_, words)) => values(cx, language, &words.it, label),
            None => {
                let names: Vec<_> = source.choices.iter().map(|(it, _)| it.it.as_str()).collect();
                let help = did_you_mean(&key.it, names, "remove it");
                let message = format!("the flow has no choice '{}'", key.it);
                cx.report_in(language, "L606", key.at, message, &help);
            }
        }
        let same = |(_, it): &&(At<String>, At<String>)| folded(&it.it) == folded(&label.it);
        if let Some((first, _)) = anchor.choices[..nth].iter().find(same) {
            let message = format!("'{}' and '{}' read the same", first.it, key.it);
            cx.report_in(language, "L607", label.at, message, "word one of them differently");
        }
    }
}

fn notes(
    cx: &mut Cx<'_>,
    language: &str,
    anchor: &TranslatedAnchor,
    by_key: &BTreeMap<&str, &Said<'_>>,
    done: &mut BTreeSet<String>,
) {
    for (nth, text) in anchor.keep_informed.iter().enumerate() {
        let key = format!("{}.keep_informed.{nth}", anchor.anchor.it);
        match by_key.get(key.as_str()).filter(|it| it.used == Use::Progress) {
            Some(source) => {
                pair(cx, language, source.text, text);
                done.insert(key);
            }
            None => {
                let message = "the flow has no such note".to_owned();
                cx.report_in(language, "L604", text.text.at, message, "remove it");
            }
        }
    }
}
