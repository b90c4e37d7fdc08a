//! What the principal would read if a choice were taken now: the flow is walked in thought.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::clearance::reads;
use crate::condition::Expr;
use crate::core::{Core, Decide, DecideChoice, Pc};
use crate::label::Labels;
use crate::message::Preview;
use crate::state::Fields;
use crate::text::{Path, Values};
use crate::turn::cx::Cx;
use crate::turn::seam;
use crate::turn::typed::slots;

/// The most steps looked ahead. What comes later than this is no direct consequence.
const STEPS_MAX: usize = 64;

impl Cx<'_> {
    /// A preview for each final choice after which the flow says something to the principal that
    /// everybody who is asked may read too.
    pub(super) fn previews(&self, pc: Pc, decide: &Decide) -> BTreeMap<String, Preview> {
        let asked = decide.escalate.iter().map(|it| &it.party).chain([&decide.party]);
        let asked: Vec<Labels> = asked
            .map(|it| self.program.parties.get(it).map_or(Labels::NONE, |it| reads(&it.role)))
            .collect();
        let may_read =
            |it: &Preview| asked.iter().all(|all| it.wording.labels.beyond(*all).is_public());
        let finals = decide.choices.iter().filter(|it| it.steps.is_none());
        finals
            .filter_map(|it| Some((it.key.clone(), self.preview(pc, &decide.anchor, it)?)))
            .filter(|(_, it)| may_read(it))
            .collect()
    }

    /// Walks from the decision with this choice set. Calls are taken to succeed with a result
    /// that is not known yet; where that matters for the way, nothing is shown.
    fn preview(&self, pc: Pc, field: &str, choice: &DecideChoice) -> Option<Preview> {
        let mut decision = Map::from_iter([("choice".to_owned(), json!(choice.key))]);
        for (name, expr) in &choice.set {
            decision.insert(name.clone(), self.eval(expr).ok()?);
        }
        // What is thought of stands before what is known.
        let mut thought = Fields::from([(field.to_owned(), Value::Object(decision))]);
        let mut at = pc + 1;
        for _ in 0..STEPS_MAX {
            at = match self.program.steps.get(at)? {
                Core::Say(say) if say.party == self.program.principal => {
                    return Some(self.preview_of(&say.wording, &thought));
                }
                Core::Say(_) | Core::Call(_) | Core::Schedule { .. } => at + 1,
                Core::Branch { condition, otherwise } => {
                    let holds = self.think(condition, &thought)?.as_bool()?;
                    if holds { at + 1 } else { *otherwise }
                }
                Core::Switch { path, cases, .. } => {
                    let value = self.look_up(&thought, path)?;
                    cases.iter().find(|(key, _)| value.as_str() == Some(key))?.1
                }
                Core::Jump(to) => *to,
                Core::Set { field, to } => {
                    let value = self.think(to, &thought)?;
                    thought.insert(field.clone(), value);
                    at + 1
                }
                Core::End { outcome } => {
                    let say = self.program.outcomes.get(outcome)?.say.as_ref()?;
                    return Some(self.preview_of(say, &thought));
                }
                Core::Ask(_)
                | Core::Decide(_)
                | Core::Wait(_)
                | Core::Run(_)
                | Core::Handoff(_)
                | Core::AskAgain { .. } => return None,
            };
        }
        None
    }

    /// The words, with the values that are known.
    fn preview_of(&self, wording: &crate::text::Wording, thought: &Fields) -> Preview {
        let mut values = Values::new();
        for slot in slots(wording) {
            let value = self.look_up(thought, &slot.path).filter(|it| !it.is_null());
            if let Some(value) = value {
                let ty = self.type_of(&slot.path);
                values.insert(slot.path.clone(), self.shown(value, ty));
            }
        }
        Preview { wording: wording.clone(), values }
    }

    /// Computes an expression over what is thought of and what is known.
    fn think(&self, expr: &Expr, thought: &Fields) -> Option<Value> {
        let parties = self.records_for(expr);
        let known = |name: &str| self.state.fields.get(name).or_else(|| parties.get(name));
        seam::eval(expr, |name| thought.get(name).or_else(|| known(name))).ok()
    }

    fn look_up(&self, thought: &Fields, path: &Path) -> Option<Value> {
        let record;
        let root = match thought.get(path.root()).or_else(|| self.state.fields.get(path.root())) {
            Some(value) => value,
            None => {
                record = self.party_record(path.root())?;
                &record
            }
        };
        path.members().try_fold(root, |at, member| at.get(member)).cloned()
    }
}
