//! Calls: asking a plugin, and the three ways it may end (rules 1 and 2).

use serde_json::Value;

use crate::catalog::ActionVerb;
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
        let verb = action.ok_or_else(|| Fault::NoAction(call.action.clone()))?.verb;
        let input = Value::Object(self.arguments(&call.with)?.into_iter().collect());
        let write = verb == ActionVerb::Write;
        self.state.written |= write;
        let key = self.emit(Effect::Call { action: call.action.clone(), input, verb });
        self.rest(&call.anchor, Rest::Calling { call: key, write, cancelled: false })
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
