//! Calls: asking a plugin, and the three ways it may end (rules 1 and 2).

use serde_json::Value;

use crate::catalog::{ActionSpec, ActionVerb};
use crate::condition::Expr;
use crate::core::{Call, Core, Pc};
use crate::effect::{Effect, Note};
use crate::event::CallResult;
use crate::message::EffectKey;
use crate::state::{Position, Rest};
use crate::turn::cx::Cx;
use crate::turn::{Fault, Next, Went};

impl Cx<'_> {
    /// `do`.
    pub(super) fn call(&mut self, _pc: Pc, call: &Call) -> Went {
        let action = self.env.catalog.actions.get(&call.action);
        let spec = action.ok_or_else(|| Fault::NoAction(call.action.clone()))?;
        let (verb, input) = (spec.verb, self.input(spec, call)?);
        let write = verb == ActionVerb::Write;
        self.state.written |= write;
        let key = self.emit(Effect::Call { action: call.action.clone(), input, verb });
        self.rest(&call.anchor, Rest::Calling { call: key, write, cancelled: false })
    }

    /// The arguments of a call. An optional one that only names a member of a known field is
    /// left out where that member has no value: `until: decision.until` says nothing after a
    /// choice that gave no `until`.
    fn input(&self, spec: &ActionSpec, call: &Call) -> Result<Value, Fault> {
        let absent = |name: &str, expr: &Expr| {
            let optional = spec.input.get(name).is_some_and(|it| it.optional);
            let path = expr.path().filter(|it| optional && it.members().next().is_some());
            path.is_some_and(|it| self.value_at(it) == Some(Value::Null))
        };
        let given = call.with.iter().filter(|(name, expr)| !absent(name, expr)).cloned();
        let given: Vec<_> = given.collect();
        Ok(Value::Object(self.arguments(&given)?.into_iter().collect()))
    }

    /// A call came back.
    pub(super) fn returned(&mut self, key: EffectKey, result: &CallResult) -> Went {
        let done = matches!(result, CallResult::Done(_));
        let open = match self.state.position.clone() {
            Position::At { anchor, rest: Rest::Calling { call, write, cancelled } }
                if call == key =>
            {
                Some((anchor, write, cancelled))
            }
            _ => None,
        };
        let Some((anchor, write, cancelled)) = open else {
            self.note(Note::LateResult { call: key, done });
            return Ok(Next::Rest);
        };
        let pc = self.pc_of(&anchor)?;
        let Core::Call(call) = self.core(pc)? else { return Err(Fault::NoAnchor(anchor)) };
        self.still_hears();
        match result {
            CallResult::Done(value) => {
                if let Some(save) = &call.save {
                    self.set(save, value.clone(), &call.action);
                }
                if !cancelled {
                    return Ok(Next::Step(pc + 1));
                }
                self.note(Note::LateResult { call: key, done: true });
                self.hand_over_at("after_decision", pc + 1, None)
            }
            CallResult::Refused { code, message } => {
                let (action, code, message) = (call.action.clone(), code.clone(), message.clone());
                self.note(Note::Refused { action, code, message });
                if cancelled {
                    return self.cancel_now();
                }
                self.failed(pc, call)
            }
            CallResult::Unknown if write => {
                self.hand_over_at("unknown_write", pc, call.save.as_deref())
            }
            CallResult::Unknown => self.failed(pc, call),
        }
    }

    /// Nothing was changed: where the flow says, or to a person.
    fn failed(&mut self, pc: Pc, call: &Call) -> Went {
        match call.fails {
            Some(to) => Ok(Next::Step(to)),
            None => self.hand_over_at("refused", pc, call.save.as_deref()),
        }
    }
}
