//! `decide`: a question with authority.

use super::fields::{Keys, duration, duration_of, name, pairs, scalar, wrong_shape};
use super::{entries, step, text};
use crate::report::Report;
use crate::surface::{At, Decide, DecideChoice, KeepInformed, Rung, RungDoes, Span, Within};
use crate::yaml::{Kind, Node};

/// Needs that have a type of their own when they are named without one.
const BARE_NEEDS: [&str; 9] =
    ["days", "refills", "quantity", "question", "what", "reason", "from", "until", "note"];

pub(super) fn decide(keys: &mut Keys<'_>, report: &mut Report) -> Option<Decide> {
    let field = keys.must_word("decide", report);
    let ask = keys.must_word("ask", report);
    let say = keys.must("say", report).and_then(|it| text(it, report));
    let choices = keys.must("choices", report).map(|it| choices(it, report));
    let authority = keys.word("authority", report);
    let within = keys.take("within").and_then(|it| within(it, report));
    let escalate = keys.take("escalate").map(|it| list(it, "'escalate'", report, rung));
    let notes = keys.take("keep_informed").map(|it| match &it.kind {
        Kind::Map(_) => keep_informed(it, report).into_iter().collect(),
        _ => list(it, "'keep_informed'", report, keep_informed),
    });
    let nobody = keys.take("nobody_decided").and_then(|it| step::one(it, report));
    Some(Decide {
        field: field?,
        ask: ask?,
        say: say?,
        choices: choices?,
        authority,
        within,
        escalate: escalate.unwrap_or_default(),
        keep_informed: notes.unwrap_or_default(),
        nobody_decided: nobody.map(Box::new),
    })
}

fn list<T>(
    node: &Node,
    what: &str,
    report: &mut Report,
    one: impl Fn(&Node, &mut Report) -> Option<T>,
) -> Vec<T> {
    match &node.kind {
        Kind::Seq(items) => items.iter().filter_map(|it| one(it, report)).collect(),
        _ => {
            wrong_shape(node, what, "a list", report);
            Vec::new()
        }
    }
}

fn choices(node: &Node, report: &mut Report) -> Vec<DecideChoice> {
    let mut found = Vec::new();
    for (key, value) in entries(node, "'choices'", report) {
        name(key, "a choice", report);
        if matches!(value.kind, Kind::Scalar(_)) {
            if let Some(label) = scalar(value, "a label", report) {
                found.push(choice(key.clone(), label));
            }
            continue;
        }
        let Some(mut keys) = Keys::of(value, &format!("choice '{}'", key.it), report) else {
            continue;
        };
        let label = keys.must_word("label", report);
        let needs = keys.take("needs").map(|it| needs(it, report)).unwrap_or_default();
        let set = keys.take("set").map(|it| pairs(it, "'set'", report)).unwrap_or_default();
        let steps = keys.take("steps").map(|it| step::steps(it, report)).unwrap_or_default();
        let only_if = keys.word("only_if", report);
        keys.finish(report);
        let label = label.unwrap_or_else(|| key.clone());
        found.push(DecideChoice { needs, set, steps, only_if, ..choice(key.clone(), label) });
    }
    found
}

fn choice(key: At<String>, label: At<String>) -> DecideChoice {
    let (needs, set, steps) = (Vec::new(), Vec::new(), Vec::new());
    DecideChoice { key, label, needs, set, steps, only_if: None }
}

fn needs(node: &Node, report: &mut Report) -> Vec<(At<String>, Option<At<String>>)> {
    if matches!(node.kind, Kind::Map(_)) {
        let pairs = pairs(node, "'needs'", report);
        return pairs.into_iter().map(|(name, ty)| (name, Some(ty))).collect();
    }
    let names = super::scalars(node, "'needs'", report);
    for it in &names {
        if name(it, "a need", report) && !BARE_NEEDS.contains(&it.it.as_str()) {
            step::not_among(it, "something that has a type by its name", &BARE_NEEDS, report);
        }
    }
    names.into_iter().map(|it| (it, None)).collect()
}

fn within(node: &Node, report: &mut Report) -> Option<Within> {
    if matches!(node.kind, Kind::Map(_)) {
        let mut keys = Keys::of(node, "'within'", report)?;
        let rule = keys.word("rule", report).map(bare_rule);
        let fallback = keys.take("else").and_then(|it| duration(it, "'else'", report));
        let from = keys.word("from", report);
        keys.finish(report);
        return Some(Within { at: node.at, rule, fallback, from });
    }
    let line = scalar(node, "'within'", report)?;
    let (rule, rest) = match line.it.split_once(',') {
        Some((rule, rest)) => (Some(part(&line, rule, 0)), Some((rest, rule.len() + 1))),
        None if line.it.starts_with("rules.") => (Some(line.clone()), None),
        None => (None, Some((line.it.as_str(), 0))),
    };
    if let Some(it) = rule.as_ref().filter(|it| !it.it.starts_with("rules.")) {
        let message = format!("'{}' names no rule", it.it);
        let help = "write it like: within: rules.decision_deadline, else 2 business days";
        report.error("Y007", it.at, message, help);
    }
    let fallback = rest.and_then(|(rest, from)| {
        let words = rest.trim_start();
        let words = words.strip_prefix("else ").unwrap_or(words);
        let from = from + rest.len() - words.len();
        duration_of(&part(&line, words, from), report)
    });
    Some(Within { at: line.at, rule: rule.map(bare_rule), fallback, from: None })
}

fn bare_rule(word: At<String>) -> At<String> {
    let it = word.it.strip_prefix("rules.").unwrap_or(&word.it).to_owned();
    At { it, at: word.at }
}

/// A part of a line, `from` bytes into it.
fn part(line: &At<String>, words: &str, from: usize) -> At<String> {
    let count = |it: &str| u32::try_from(it.chars().count()).unwrap_or_default();
    let column = line.at.column + count(line.it.get(..from).unwrap_or_default());
    let at = Span { column, length: count(words).max(1), ..line.at };
    At { it: words.trim().to_owned(), at }
}

fn rung(node: &Node, report: &mut Report) -> Option<Rung> {
    let mut keys = Keys::of(node, "a rung", report)?;
    let after = keys.must("after", report).and_then(|it| duration(it, "'after'", report));
    let when = keys.word("when", report);
    let remind = keys.word("remind", report).map(RungDoes::Remind);
    let also_ask = keys.word("also_ask", report).map(RungDoes::AlsoAsk);
    keys.finish(report);
    let does = match (remind, also_ask) {
        (Some(does), None) | (None, Some(does)) => does,
        _ => {
            let message = "a rung reminds one party or asks one more".to_owned();
            report.error("Y007", node.at, message, "write remind: PARTY or also_ask: PARTY");
            return None;
        }
    };
    Some(Rung { at: node.at, after: after?, when, does })
}

fn keep_informed(node: &Node, report: &mut Report) -> Option<KeepInformed> {
    let mut keys = Keys::of(node, "'keep_informed'", report)?;
    let party = keys.must_word("party", report);
    let every = keys.must("every", report).and_then(|it| duration(it, "'every'", report));
    let say = keys.must("say", report).and_then(|it| text(it, report));
    keys.finish(report);
    Some(KeepInformed { at: node.at, party: party?, every: every?, say: say? })
}
