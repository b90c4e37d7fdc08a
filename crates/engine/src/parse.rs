//! From YAML to a flow as its author wrote it. Reports everything it cannot read, each with
//! its place, and does not judge what it can: that is for lowering and the checker.

mod decide;
mod fields;
mod step;
mod translation;

use fields::{Keys, labels, name, one_of, scalar, scalars, wrong_shape};

use crate::report::Report;
use crate::surface::{
    At, Cancel, Field, Flow, Identity, Interrupts, Outcome, OutcomeKind, Party, Text, Translation,
    Trigger,
};
use crate::types::Lang;
use crate::yaml::{self, Kind, Node};

/// Parses a flow. Absent when so much is missing that nothing sensible can be said of the rest.
pub fn flow(text: &str, report: &mut Report) -> Option<Flow> {
    let node = yaml::read(text, report)?;
    let mut keys = Keys::of(&node, "a flow", report)?;
    let flow_name = keys.must_word("flow", report);
    let version = keys.must_word("version", report).and_then(|it| version(&it, report));
    let about = keys.word("about", report);
    let languages = keys.take("languages").map(|it| languages(it, report)).unwrap_or_default();
    let identity = identity(&mut keys, report);
    let purpose = keys.word("purpose", report);
    let parties = keys.must("parties", report).map(|it| parties(it, report)).unwrap_or_default();
    let data = keys.take("data").map(|it| data(it, report)).unwrap_or_default();
    let outcomes = keys.must("outcomes", report).map(|it| outcomes(it, report));
    let start_when = keys.take("start_when").map(|it| triggers(it, report)).unwrap_or_default();
    let steps = keys.must("steps", report).map(|it| step::steps(it, report));
    let interrupts = keys.take("interrupts").and_then(|it| interrupts(it, report));
    let moved = keys.take("moved").map(|it| fields::pairs(it, "'moved'", report));
    keys.finish(report);
    let flow_name = flow_name.filter(|it| name(it, "a flow", report))?;
    let first = At { it: "en".to_owned(), at: flow_name.at };
    Some(Flow {
        version: version.unwrap_or(At { it: 1, at: flow_name.at }),
        name: flow_name,
        about,
        languages: if languages.is_empty() { vec![first] } else { languages },
        identity,
        purpose,
        parties,
        data,
        outcomes: outcomes.unwrap_or_default(),
        start_when,
        steps: steps.unwrap_or_default(),
        interrupts: interrupts.unwrap_or_default(),
        moved: moved.unwrap_or_default(),
    })
}

/// Parses the words of a flow in another language.
pub fn translation(text: &str, report: &mut Report) -> Option<Translation> {
    translation::translation(&yaml::read(text, report)?, report)
}

fn version(word: &At<String>, report: &mut Report) -> Option<At<u32>> {
    let it = word.it.parse().ok().filter(|it| *it > 0);
    if it.is_none() {
        let message = format!("'{}' is no version", word.it);
        report.error("Y007", word.at, message, "count versions from 1: version: 1");
    }
    it.map(|it| At { it, at: word.at })
}

fn languages(node: &Node, report: &mut Report) -> Vec<At<Lang>> {
    let mut found: Vec<At<Lang>> = Vec::new();
    for word in scalars(node, "'languages'", report) {
        let lower = word.it.chars().all(|it| it.is_ascii_lowercase());
        if !lower || !(2..=3).contains(&word.it.len()) {
            let message = format!("'{}' is no language", word.it);
            report.error("Y010", word.at, message, "languages are tags like en and es");
        } else if found.iter().any(|it| it.it == word.it) {
            let message = format!("'{}' stands here twice", word.it);
            report.error("Y002", word.at, message, "name each language once");
        } else {
            found.push(word);
        }
    }
    found
}

fn identity(keys: &mut Keys<'_>, report: &mut Report) -> At<Identity> {
    let default = At { it: Identity::Verified, at: keys.at };
    let Some(word) = keys.word("identity", report) else { return default };
    let it = match word.it.as_str() {
        "none" => Identity::None,
        "matched" => Identity::Matched,
        "verified" => Identity::Verified,
        _ => {
            let known = ["none", "matched", "verified"].map(str::to_owned);
            one_of(&word, "a level of identity", &known, report);
            Identity::Verified
        }
    };
    At { it, at: word.at }
}

fn entries<'n>(node: &'n Node, what: &str, report: &mut Report) -> &'n [(At<String>, Node)] {
    match &node.kind {
        Kind::Map(entries) => entries,
        _ => {
            wrong_shape(node, what, "a map of keys and values", report);
            &[]
        }
    }
}

fn parties(node: &Node, report: &mut Report) -> Vec<Party> {
    let mut parties = Vec::new();
    for (key, value) in entries(node, "'parties'", report) {
        name(key, "a party", report);
        let Some(mut keys) = Keys::of(value, &format!("party '{}'", key.it), report) else {
            continue;
        };
        let role = keys.must_word("role", report);
        let of = keys.word("for", report);
        let optional = keys.flag("optional", report);
        keys.finish(report);
        let role = role.unwrap_or_else(|| key.clone());
        parties.push(Party { name: key.clone(), role, of, optional });
    }
    parties
}

fn data(node: &Node, report: &mut Report) -> Vec<Field> {
    let mut fields = Vec::new();
    for (key, value) in entries(node, "'data'", report) {
        name(key, "a field", report);
        let plain = matches!(value.kind, Kind::Scalar(_));
        if plain {
            let ty = scalar(value, "a type", report);
            let ty = ty.unwrap_or(At { it: "text".to_owned(), at: value.at });
            fields.push(Field { name: key.clone(), ty, from: None, privacy: Vec::new() });
            continue;
        }
        let Some(mut keys) = Keys::of(value, &format!("field '{}'", key.it), report) else {
            continue;
        };
        let ty = keys.must_word("type", report);
        let from = keys.word("from", report);
        let privacy = keys.take("privacy").map(|it| labels(it, report)).unwrap_or_default();
        keys.finish(report);
        let ty = ty.unwrap_or(At { it: "text".to_owned(), at: value.at });
        fields.push(Field { name: key.clone(), ty, from, privacy });
    }
    fields
}

fn outcomes(node: &Node, report: &mut Report) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (key, value) in entries(node, "'outcomes'", report) {
        name(key, "an outcome", report);
        let Some(mut keys) = Keys::of(value, &format!("outcome '{}'", key.it), report) else {
            continue;
        };
        let kind = keys.must_word("kind", report);
        let say = keys.take("say").and_then(|it| text(it, report));
        keys.finish(report);
        let kind = kind.map_or(At { it: OutcomeKind::Neutral, at: value.at }, |word| {
            let it = match word.it.as_str() {
                "success" => OutcomeKind::Success,
                "neutral" => OutcomeKind::Neutral,
                "failure" => OutcomeKind::Failure,
                _ => {
                    let known = ["success", "neutral", "failure"].map(str::to_owned);
                    one_of(&word, "a kind of outcome", &known, report);
                    OutcomeKind::Neutral
                }
            };
            At { it, at: word.at }
        });
        outcomes.push(Outcome { name: key.clone(), kind, say });
    }
    outcomes
}

fn triggers(node: &Node, report: &mut Report) -> Vec<At<Trigger>> {
    let Kind::Seq(items) = &node.kind else {
        wrong_shape(node, "'start_when'", "a list", report);
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        let Some(mut keys) = Keys::of(item, "a trigger", report) else { continue };
        let says = keys.take("says").map(|it| Trigger::Says(scalars(it, "'says'", report)));
        let command = keys.word("command", report).map(|it| {
            let bare = it.it.trim_start_matches('/').to_owned();
            Trigger::Command(bare)
        });
        let event = keys.word("event", report).map(|it| Trigger::Event(it.it));
        let all = [says, command, event].into_iter().flatten();
        found.extend(all.map(|it| At { it, at: item.at }));
        keys.finish(report);
    }
    found
}

/// A text: a string, or `{ text, private, privacy }`.
pub(super) fn text(node: &Node, report: &mut Report) -> Option<Text> {
    if !matches!(node.kind, Kind::Map(_)) {
        let text = scalar(node, "a text", report)?;
        return Some(Text { text, private: None, privacy: Vec::new() });
    }
    let mut keys = Keys::of(node, "a text", report)?;
    let text = keys.must_word("text", report);
    let private = keys.word("private", report);
    let privacy = keys.take("privacy").map(|it| labels(it, report)).unwrap_or_default();
    keys.finish(report);
    Some(Text { text: text?, private, privacy })
}

fn interrupts(node: &Node, report: &mut Report) -> Option<Interrupts> {
    let mut keys = Keys::of(node, "'interrupts'", report)?;
    let correct = keys.take("correct").map(|it| match &it.kind {
        Kind::Seq(items) if items.is_empty() => Vec::new(),
        _ => scalars(it, "'correct'", report),
    });
    let cancel = keys.take("cancel").and_then(|it| cancel(it, report));
    let human = keys.word("human", report);
    let help = keys.take("help").and_then(|it| text(it, report));
    let not_understood = keys.take("not_understood").and_then(|it| text(it, report));
    keys.finish(report);
    Some(Interrupts { correct, cancel, human, help, not_understood })
}

fn cancel(node: &Node, report: &mut Report) -> Option<Cancel> {
    if matches!(node.kind, Kind::Scalar(_)) {
        let then = step::one(node, report)?;
        return Some(Cancel { ask_first: false, then: Box::new(then) });
    }
    let mut keys = Keys::of(node, "'cancel'", report)?;
    let ask_first = keys.flag("ask_first", report);
    let then = keys.must("then", report).and_then(|it| step::one(it, report));
    keys.finish(report);
    Some(Cancel { ask_first, then: Box::new(then?) })
}
