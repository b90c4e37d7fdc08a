//! The core steps, one arm each. What rests stands in the module of its rest.

use serde_json::Value;

use crate::core::{Core, Pc};
use crate::effect::Effect;
use crate::turn::cx::Cx;
use crate::turn::{Fault, Next, Went};

impl Cx<'_> {
    /// Runs one step.
    pub(super) fn step(&mut self, pc: Pc) -> Went {
        self.at = Some(pc);
        let core = self.core(pc)?;
        if !matches!(core, Core::Say(_) | Core::Jump(_) | Core::End { .. }) {
            self.told.clear();
        }
        match core {
            Core::Say(say) => self.say(pc, say),
            Core::Ask(ask) => self.ask(pc, ask),
            Core::Call(call) => self.call(pc, call),
            Core::Decide(decide) => self.open_decision(pc, decide),
            Core::Wait(wait) => self.wait(pc, wait),
            Core::Branch { condition, otherwise } => {
                Ok(Next::Step(if self.holds(condition)? { pc + 1 } else { *otherwise }))
            }
            Core::Switch { path, cases, .. } => {
                let value = self.value_at(path).unwrap_or(Value::Null);
                let case = cases.iter().find(|(key, _)| value.as_str() == Some(key));
                case.map(|(_, to)| Next::Step(*to)).ok_or_else(|| Fault::NoCase(path.0.clone()))
            }
            Core::Jump(to) => Ok(Next::Step(*to)),
            Core::Set { field, to } => {
                let value = self.eval(to)?;
                self.set(field, value, "flow");
                Ok(Next::Step(pc + 1))
            }
            Core::Schedule { at, flow, with } => {
                let value = self.value_at(at).ok_or_else(|| Fault::Unknown(at.0.clone()))?;
                let when = self.moment(&value).ok_or_else(|| Fault::Unknown(at.0.clone()))?;
                let fields = self.arguments(with)?;
                let (flow, at) = (flow.clone(), Some(when));
                self.emit(Effect::Start { flow, fields, at, waits: false });
                Ok(Next::Step(pc + 1))
            }
            Core::Run(run) => self.run(run),
            Core::Handoff(handoff) => self.hand_off(handoff),
            Core::End { outcome } => Ok(Next::End(outcome.clone())),
            Core::AskAgain { anchor } => self.ask_again(anchor),
        }
    }
}
