//! The words of a flow in another language.

use super::fields::{Keys, pairs, scalars, wrong_shape};
use super::{entries, text};
use crate::report::Report;
use crate::surface::{Text, TranslatedAnchor, TranslatedSay, Translation};
use crate::yaml::{Kind, Node};

pub(super) fn translation(node: &Node, report: &mut Report) -> Option<Translation> {
    let mut keys = Keys::of(node, "a translation", report)?;
    let language = keys.must_word("language", report);
    let flow = keys.must_word("flow", report);
    let mut anchors = Vec::new();
    if let Some(node) = keys.take("anchors") {
        for (key, value) in entries(node, "'anchors'", report) {
            let Some(mut keys) = Keys::of(value, &format!("'{}'", key.it), report) else {
                continue;
            };
            let of = keys.word("of", report);
            let say = keys.take("say").and_then(|it| text(it, report));
            let choices = keys.take("choices").map(|it| pairs(it, "'choices'", report));
            let notes = keys.take("keep_informed").map(|it| notes(it, report));
            keys.finish(report);
            anchors.push(TranslatedAnchor {
                anchor: key.clone(),
                of,
                say,
                choices: choices.unwrap_or_default(),
                keep_informed: notes.unwrap_or_default(),
            });
        }
    }
    let says = keys.take("says").map(|it| says(it, report)).unwrap_or_default();
    let start_when = keys.take("start_when").map(|it| scalars(it, "'start_when'", report));
    keys.finish(report);
    let start_when = start_when.unwrap_or_default();
    Some(Translation { language: language?, flow: flow?, anchors, says, start_when })
}

fn notes(node: &Node, report: &mut Report) -> Vec<Text> {
    match &node.kind {
        Kind::Seq(items) => items.iter().filter_map(|it| text(it, report)).collect(),
        _ => text(node, report).into_iter().collect(),
    }
}

fn says(node: &Node, report: &mut Report) -> Vec<TranslatedSay> {
    let Kind::Seq(items) = &node.kind else {
        wrong_shape(node, "'says'", "a list of { of, say }", report);
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        let Some(mut keys) = Keys::of(item, "a translated text", report) else { continue };
        let of = keys.must_word("of", report);
        let say = keys.must("say", report).and_then(|it| text(it, report));
        keys.finish(report);
        if let (Some(of), Some(say)) = (of, say) {
            found.push(TranslatedSay { of, say });
        }
    }
    found
}
