//! Reading the keys of a map: each is taken once, and what is left over is unknown.

use std::str::FromStr;

use crate::condition::nearest;
use crate::label::Label;
use crate::report::Report;
use crate::surface::{At, Span};
use crate::template::is_name;
use crate::time::Duration;
use crate::yaml::{Kind, Node};

/// The keys of one map while it is read.
pub(super) struct Keys<'n> {
    /// The place of the map.
    pub(super) at: Span,
    /// What it is, for messages: `an 'ask'`.
    what: String,
    entries: &'n [(At<String>, Node)],
    /// Keys that this kind of map may have.
    known: Vec<&'static str>,
}

impl<'n> Keys<'n> {
    /// Opens a map, or says that there should be one.
    pub(super) fn of(node: &'n Node, what: &str, report: &mut Report) -> Option<Keys<'n>> {
        let Kind::Map(entries) = &node.kind else {
            wrong_shape(node, what, "a map of keys and values", report);
            return None;
        };
        Some(Keys { at: node.at, what: what.to_owned(), entries, known: Vec::new() })
    }

    /// The value of a key that may be absent.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.entries.iter().find(|(it, _)| it.it == key).map(|(_, node)| node)
    }

    /// The value of a key that must be there.
    pub(super) fn must(&mut self, key: &'static str, report: &mut Report) -> Option<&'n Node> {
        let found = self.take(key);
        if found.is_none() {
            let message = format!("{} needs '{key}:'", self.what);
            report.error("Y006", self.at, message, format!("add '{key}: …' here"));
        }
        found
    }

    /// A scalar that may be absent.
    pub(super) fn word(&mut self, key: &'static str, report: &mut Report) -> Option<At<String>> {
        let node = self.take(key)?;
        scalar(node, &format!("'{key}'"), report)
    }

    /// A scalar that must be there.
    pub(super) fn must_word(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<At<String>> {
        let node = self.must(key, report)?;
        scalar(node, &format!("'{key}'"), report)
    }

    /// `true` or `false`; absent means false.
    pub(super) fn flag(&mut self, key: &'static str, report: &mut Report) -> bool {
        let Some(word) = self.word(key, report) else { return false };
        match word.it.as_str() {
            "true" => true,
            "false" => false,
            _ => {
                let message = format!("'{key}' is true or false, not '{}'", word.it);
                report.error("Y007", word.at, message, "write true or false");
                false
            }
        }
    }

    /// Reports every key that was never asked for.
    pub(super) fn finish(self, report: &mut Report) {
        for (key, _) in self.entries {
            if self.known.contains(&key.it.as_str()) {
                continue;
            }
            let known: Vec<String> = self.known.iter().map(|&it| it.to_owned()).collect();
            let help = match nearest(&key.it, &known) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("it may have: {}", known.join(", ")),
            };
            let message = format!("{} has no key '{}'", self.what, key.it);
            report.error("Y004", key.at, message, help);
        }
    }
}

/// Says that a node has the wrong shape.
pub(super) fn wrong_shape(node: &Node, what: &str, wanted: &str, report: &mut Report) {
    let is = match &node.kind {
        Kind::Scalar(it) if it.is_empty() => "empty",
        Kind::Scalar(_) => "one word or text",
        Kind::Seq(_) => "a list",
        Kind::Map(_) => "a map of keys and values",
    };
    let message = format!("{what} is {is}, and {wanted} is wanted");
    report.error("Y007", node.at, message, format!("write {wanted}"));
}

/// A scalar that is not empty.
pub(super) fn scalar(node: &Node, what: &str, report: &mut Report) -> Option<At<String>> {
    match &node.kind {
        Kind::Scalar(it) if !it.is_empty() => Some(At { it: it.clone(), at: node.at }),
        _ => {
            wrong_shape(node, what, "one word or text", report);
            None
        }
    }
}

/// A scalar or a list of them.
pub(super) fn scalars(node: &Node, what: &str, report: &mut Report) -> Vec<At<String>> {
    match &node.kind {
        Kind::Seq(items) => items.iter().filter_map(|it| scalar(it, what, report)).collect(),
        _ => scalar(node, what, report).into_iter().collect(),
    }
}

/// A name of a party, field, outcome or key.
pub(super) fn name(word: &At<String>, what: &str, report: &mut Report) -> bool {
    let good = is_name(&word.it) && !word.it.starts_with('_');
    if !good {
        let message = format!("'{}' cannot name {what}", word.it);
        let help = "names are letters, digits and '_', and begin with a letter";
        report.error("Y008", word.at, message, help);
    }
    good
}

/// A length of time.
pub(super) fn duration(node: &Node, what: &str, report: &mut Report) -> Option<At<Duration>> {
    let word = scalar(node, what, report)?;
    duration_of(&word, report)
}

/// A length of time from its words.
pub(super) fn duration_of(word: &At<String>, report: &mut Report) -> Option<At<Duration>> {
    match Duration::from_str(&word.it) {
        Ok(it) => Some(At { it, at: word.at }),
        Err(error) => {
            let help = "write it like: 10 minutes, 2 hours, 4 business hours, 1 business day";
            report.error("Y009", word.at, error.to_string(), help);
            None
        }
    }
}

/// Labels: one or a list.
pub(super) fn labels(node: &Node, report: &mut Report) -> Vec<At<Label>> {
    let words = scalars(node, "'privacy'", report);
    let label = |word: At<String>| match Label::from_word(&word.it) {
        Some(it) => Some(At { it, at: word.at }),
        None => {
            let known = Label::ALL.map(|it| it.word().to_owned());
            one_of(&word, "a kind of private", &known, report);
            None
        }
    };
    words.into_iter().filter_map(label).collect()
}

/// Says that a word is none of those there are.
pub(super) fn one_of(word: &At<String>, what: &str, known: &[String], report: &mut Report) {
    let help = match nearest(&word.it, known) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("there are: {}", known.join(", ")),
    };
    report.error("Y010", word.at, format!("'{}' is not {what}", word.it), help);
}

/// The entries of a map of names to expressions or words.
pub(super) fn pairs(node: &Node, what: &str, report: &mut Report) -> Vec<(At<String>, At<String>)> {
    let Kind::Map(entries) = &node.kind else {
        wrong_shape(node, what, "a map of keys and values", report);
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for (key, value) in entries {
        if name(key, "a key", report)
            && let Some(value) = scalar(value, &format!("'{}'", key.it), report)
        {
            pairs.push((key.clone(), value));
        }
    }
    pairs
}
