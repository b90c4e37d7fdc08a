//! Leaving a rest, whichever it is, and the rests that are nothing but time.

use serde_json::Value;

use crate::core::{Pc, Run, Wait, WaitFor};
use crate::effect::{Closed, Effect};
use crate::state::{Fields, Position, Rest};
use crate::time::zone;
use crate::time::{Duration, Timestamp, Unit};
use crate::turn::cx::Cx;
use crate::turn::{Fault, Next, Went};

/// The timer of an open question's silence.
pub(super) const SILENCE: &str = "silence";

/// The timer of a `wait`.
pub(super) const WAIT: &str = "wait";

/// The limit of a `wait` for an event whose flow gives none: long enough for any mail, and
/// then the flow goes on by its `else`, because a wait without end strands somebody.
const EVENT_MAX: Duration = Duration { amount: 30, unit: Unit::Day };

/// "That morning": the hour at which a reminder for a day starts, in the person's zone.
const MORNING_H: u32 = 9;

impl Cx<'_> {
    /// Leaves the rest, if there is one: closes its question, clears its timers. Calls and
    /// children that still run come back to nobody and are recorded.
    pub(super) fn leave(&mut self, why: &Closed) {
        let Position::At { anchor, rest } = self.state.position.clone() else { return };
        match rest {
            Rest::Asking(asking) => {
                self.emit(Effect::Close { question: asking.question, why: why.clone() });
                self.clear_timer(SILENCE);
                self.forget_notice(asking.question);
            }
            Rest::Deciding(open) => {
                self.emit(Effect::Close { question: open.question, why: why.clone() });
                self.clear_timers(&format!("{anchor}."));
            }
            Rest::Waiting => self.clear_timer(WAIT),
            Rest::HandedOff { handoff }
                if self.state.holds.iter().any(|it| it.handoff == handoff) =>
            {
                self.state.holds.retain(|it| it.handoff != handoff);
                self.emit(Effect::CloseHandoff { handoff });
            }
            Rest::HandedOff { .. } | Rest::Calling { .. } | Rest::Running { .. } => {}
        }
        if let Some(aside) = self.state.aside.take() {
            self.emit(Effect::Close { question: aside.question, why: why.clone() });
        }
    }

    /// Forgets decisions that wait to be asked again.
    pub(super) fn drop_suspended(&mut self) {
        for anchor in std::mem::take(&mut self.state.suspended).into_keys() {
            self.clear_timers(&format!("{anchor}."));
        }
    }

    /// `wait`.
    pub(super) fn wait(&mut self, pc: Pc, wait: &Wait) -> Went {
        let (now, principal) = (self.env.now, self.program.principal.clone());
        let due = match &wait.until {
            WaitFor::For(length) => self.due(now, *length, &principal),
            WaitFor::Until(path) => {
                let value = self.value_at(path).ok_or_else(|| Fault::Unknown(path.0.clone()))?;
                self.moment(&value).ok_or_else(|| Fault::Unknown(path.0.clone()))?
            }
            WaitFor::Event { within, .. } => self.due(now, within.unwrap_or(EVENT_MAX), &principal),
        };
        let past = due <= now && !matches!(wait.until, WaitFor::Event { .. });
        if past {
            return Ok(Next::Step(pc + 1));
        }
        self.timer(WAIT, due);
        self.rest(&wait.anchor, Rest::Waiting)
    }

    /// The wait is over.
    pub(super) fn waited(&mut self) -> Went {
        let Position::At { anchor, rest: Rest::Waiting } = &self.state.position else {
            return self.ignore("stale_timer");
        };
        let pc = self.pc_of(anchor)?;
        match self.core(pc)? {
            crate::core::Core::Wait(Wait { until: WaitFor::Event { otherwise, .. }, .. }) => {
                Ok(Next::Step(*otherwise))
            }
            _ => Ok(Next::Step(pc + 1)),
        }
    }

    /// Something outside happened.
    pub(super) fn happened(&mut self, name: &str, data: &Value) -> Went {
        let Position::At { anchor, rest: Rest::Waiting } = self.state.position.clone() else {
            return self.ignore("not_concerned");
        };
        let pc = self.pc_of(&anchor)?;
        match self.core(pc)? {
            crate::core::Core::Wait(Wait {
                until: WaitFor::Event { name: awaited, save, .. },
                ..
            }) if awaited == name => {
                self.clear_timer(WAIT);
                if let Some(save) = save {
                    self.set(save, data.clone(), name);
                }
                Ok(Next::Step(pc + 1))
            }
            _ => self.ignore("not_concerned"),
        }
    }

    /// `run`.
    pub(super) fn run(&mut self, run: &Run) -> Went {
        let fields = self.arguments(&run.with)?;
        let key =
            self.emit(Effect::Start { flow: run.flow.clone(), fields, at: None, waits: true });
        self.rest(&run.anchor, Rest::Running { run: key })
    }

    /// The child ended.
    pub(super) fn child_ended(
        &mut self,
        run: crate::message::EffectKey,
        outcome: &str,
        fields: &Fields,
    ) -> Went {
        let Position::At { anchor, rest: Rest::Running { run: awaited } } =
            self.state.position.clone()
        else {
            return self.ignore("not_concerned");
        };
        if awaited != run {
            return self.ignore("not_concerned");
        }
        let pc = self.pc_of(&anchor)?;
        if let crate::core::Core::Run(Run { save, keep, .. }) = self.core(pc)? {
            if let Some(save) = save {
                self.set(save, Value::String(outcome.to_owned()), "flow");
            }
            for (ours, theirs) in keep {
                // What it did not learn this time is not left over from the last time.
                self.set(ours, fields.get(theirs).cloned().unwrap_or_default(), "flow");
            }
        }
        Ok(Next::Step(pc + 1))
    }

    /// The moment that a value names: an instant, or a day's morning where the principal is.
    pub(super) fn moment(&self, value: &Value) -> Option<Timestamp> {
        let text = value.as_str()?;
        if let Some(at) = Timestamp::parse(text) {
            return Some(at);
        }
        let day: chrono::NaiveDate = text.parse().ok()?;
        let morning = day.and_hms_opt(MORNING_H, 0, 0)?;
        Some(Timestamp::at_wall(morning, zone::zone(self.zone(&self.program.principal))))
    }
}
