//! The card of a decision: its words, its choices, and the facts that it freezes (rule 5).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::catalog::Reason;
use crate::core::{Core, Decide, DecideChoice, Pc};
use crate::message::{Button, Card, EffectKey, Fact, Message, OpenNeed};
use crate::state::Deciding;
use crate::turn::Fault;
use crate::turn::cx::Cx;
use crate::turn::typed::slots;
use crate::types::Type;

impl Cx<'_> {
    /// The card as it is put before the first holder now.
    pub(super) fn card(
        &self,
        pc: Pc,
        decide: &Decide,
        open: &Deciding,
        question: EffectKey,
    ) -> Result<Message, Fault> {
        let facts = self.facts(decide);
        let card = Card {
            decision: decide.anchor.clone(),
            digest: digest(&json!(facts)),
            facts,
            authority: decide.authority.clone(),
            opened: open.opened,
            due: open.due,
            rule: open.rule.clone(),
            round: open.round,
            preview: self.previews(pc, decide),
        };
        Ok(Message {
            question: Some(question),
            buttons: self.card_buttons(decide),
            card: Some(card),
            ..self.message(&decide.party, &decide.wording)?
        })
    }

    /// Every known field that the card's words and choices name, and what was found out for it
    /// since it was first put.
    fn facts(&self, decide: &Decide) -> BTreeMap<String, Fact> {
        let mut roots: BTreeSet<&str> = slots(&decide.wording).map(|it| it.path.root()).collect();
        let set = decide.choices.iter().flat_map(|it| it.set.iter().map(|(_, it)| it));
        let bounds = decide.choices.iter().flat_map(|it| it.needs.iter().flat_map(|it| &it.below));
        for expr in set.chain(bounds) {
            roots.extend(expr.reads.iter().map(crate::text::Path::root));
        }
        roots.extend(self.gathered(decide));
        let fact = |root: &str| {
            let value = self.state.fields.get(root)?.clone();
            let ty = self.program.fields.get(root)?.ty.clone();
            Some((root.to_owned(), Fact { value, ty }))
        };
        roots.into_iter().filter(|it| *it != decide.anchor).filter_map(fact).collect()
    }

    /// The fields that the steps of this decision's choices keep of other flows.
    fn gathered(&self, decide: &Decide) -> Vec<&str> {
        let starts = decide.choices.iter().filter_map(|it| it.steps);
        let again =
            |it: &&Core| !matches!(it, Core::AskAgain { anchor } if *anchor == decide.anchor);
        let steps = starts.flat_map(|it| self.program.steps[it..].iter().take_while(again));
        let kept = steps.filter_map(|it| match it {
            Core::Run(run) => Some(run.keep.iter().map(|(ours, _)| ours.as_str())),
            _ => None,
        });
        kept.flatten().collect()
    }

    /// The choices that may be taken here: one whose reasons are all forbidden in this
    /// jurisdiction is not offered, nor one that gives less than the least.
    fn card_buttons(&self, decide: &Decide) -> Vec<Button> {
        let button = |choice: &DecideChoice| {
            let needs: Vec<OpenNeed> = choice.needs.iter().map(|it| self.open_need(it)).collect();
            let none = |it: &OpenNeed| it.need.list.is_some() && it.reasons.is_empty();
            // Fewer than one is nothing that anybody could give.
            let closed = needs.iter().any(|it| none(it) || it.below.is_some_and(|it| it <= 1));
            let (key, label) = (choice.key.clone(), choice.label.clone());
            (!closed).then_some(Button { key, label, value: Value::Null, needs })
        };
        decide.choices.iter().filter_map(button).collect()
    }

    fn open_need(&self, need: &crate::core::Need) -> OpenNeed {
        let list = need.list.as_ref().and_then(|it| self.env.catalog.reasons.get(it));
        let allowed = |it: &&Reason| {
            let here = |only: &Vec<String>| {
                self.env.jurisdiction.is_some_and(|at| only.iter().any(|it| it == at))
            };
            it.only_in.as_ref().is_none_or(here)
        };
        let reasons = list.into_iter().flatten().filter(allowed).cloned().collect();
        // Where the number is not known, nothing is asked for that could be exceeded.
        let below = need.below.as_ref().and_then(|it| self.eval(it).ok()?.as_i64());
        OpenNeed { need: need.clone(), reasons, below }
    }

    /// What a decision keeps of the facts: name to value.
    pub(super) fn about(card: &Message) -> Value {
        let facts = card.card.iter().flat_map(|it| &it.facts);
        json!(facts.map(|(name, fact)| (name, &fact.value)).collect::<BTreeMap<_, _>>())
    }

    /// A value checked against a type, as staff give it: the value itself, or a code.
    pub(super) fn fits(&self, value: &Value, ty: &Type) -> Result<Value, &'static str> {
        let text = value.as_str().map(str::trim);
        match ty {
            Type::Text => match text {
                Some(text) if !text.is_empty() => Ok(json!(text)),
                _ => Err("missing"),
            },
            Type::Integer => {
                let number = value.as_i64().or_else(|| text?.parse().ok());
                number.map(|it| json!(it)).ok_or("not_a_number")
            }
            Type::Number => {
                let number = value.as_f64().or_else(|| text?.parse().ok());
                number.filter(|it| it.is_finite()).map(|it| json!(it)).ok_or("not_a_number")
            }
            Type::Boolean => {
                let truth = value.as_bool().or_else(|| text?.parse().ok());
                truth.map(Value::Bool).ok_or("not_yes_or_no")
            }
            Type::Money => {
                let today = self.env.now.utc().date_naive();
                text.and_then(|it| crate::listen::value(it, ty, today)).ok_or("not_an_amount")
            }
            Type::Date => {
                let day = text.and_then(|it| it.parse::<chrono::NaiveDate>().ok());
                day.map(|it| json!(it.to_string())).ok_or("not_a_date")
            }
            Type::Instant => {
                let at = text.and_then(crate::time::Timestamp::parse);
                at.map(|it| json!(it.to_string())).ok_or("not_a_moment")
            }
            Type::Choice(keys) => {
                let known = text.filter(|it| keys.is_empty() || keys.iter().any(|key| key == it));
                known.map(|it| json!(it)).ok_or("no_such_choice")
            }
            Type::Reason | Type::Record(_) if value.is_object() => Ok(value.clone()),
            Type::Reason => text.map(|it| json!(it)).ok_or("unknown_reason"),
            Type::List(of) => {
                let members = value.as_array().ok_or("not_a_list")?;
                members
                    .iter()
                    .map(|it| self.fits(it, of))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Value::Array)
            }
            Type::Record(_) => Err("not_a_record"),
        }
    }
}

/// Hex SHA-256 of a value as canonical JSON: members in the order of their names, no space.
pub(super) fn digest(value: &Value) -> String {
    let mut canonical = String::new();
    write_canonical(value, &mut canonical);
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(canonical.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            out.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                let _ = write!(out, "{}:", json!(name));
                write_canonical(member, out);
            }
            out.push('}');
        }
        Value::Array(members) => {
            out.push('[');
            for (index, member) in members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write_canonical(member, out);
            }
            out.push(']');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}
