//! Control: branches, cases, and what stands out of line.

use super::build::{Body, Builder, Exit, Pending};
use crate::core::{Core, Pc, SilenceThen, WaitFor};
use crate::label::Labels;
use crate::surface::{At, Choose, Span, Step, Verb};
use crate::text::Path;

impl<'a> Builder<'a, '_> {
    /// Steps, one after the other.
    pub(super) fn block(&mut self, steps: &'a [Step]) {
        for step in steps {
            self.step(step);
        }
    }

    /// Whether the last step pushed never goes on to the next.
    fn ended(&self, from: Pc) -> bool {
        let last = self.steps[from..].last();
        matches!(last, Some(Core::End { .. } | Core::Jump(_) | Core::AskAgain { .. }))
    }

    /// A jump whose goal is set later, unless nothing gets here.
    fn jump_later(&mut self, from: Pc, at: Span) -> Option<Pc> {
        (!self.ended(from)).then(|| self.push(at, Core::Jump(0)))
    }

    fn land(&mut self, jump: Option<Pc>, goal: Pc) {
        if let Some(Core::Jump(to)) = jump.and_then(|it| self.steps.get_mut(it)) {
            *to = goal;
        }
    }

    pub(super) fn when(
        &mut self,
        at: Span,
        condition: &At<String>,
        steps: &'a [Step],
        otherwise: &'a [Step],
    ) {
        let condition = self.expr(condition);
        let depth = self.inside.len();
        let reads = condition.reads.clone();
        let branch = self.push(at, Core::Branch { condition, otherwise: 0 });
        self.inside.extend(reads);
        let from = self.here();
        self.block(steps);
        let jump = match otherwise {
            [] => None,
            _ => self.jump_later(from, at),
        };
        let goal = self.here();
        if let Core::Branch { otherwise, .. } = &mut self.steps[branch] {
            *otherwise = goal;
        }
        self.block(otherwise);
        self.inside.truncate(depth);
        let end = self.here();
        self.land(jump, end);
    }

    pub(super) fn choose(&mut self, at: Span, choose: &'a Choose) {
        let path = Path(choose.field.it.clone());
        let depth = self.inside.len();
        let (cases, labels) = (Vec::new(), Labels::NONE);
        let switch = self.push(at, Core::Switch { path: path.clone(), cases, labels });
        self.inside.push(path);
        let mut goals: Vec<(String, Option<Pc>)> = Vec::new();
        let mut jumps = Vec::new();
        for (value, steps) in &choose.cases {
            let from = self.here();
            goals.push((value.it.clone(), (!steps.is_empty()).then_some(from)));
            self.block(steps);
            if !steps.is_empty() {
                jumps.push(self.jump_later(from, at));
            }
        }
        self.inside.truncate(depth);
        let end = self.here();
        jumps.into_iter().for_each(|it| self.land(it, end));
        if let Core::Switch { cases, .. } = &mut self.steps[switch] {
            *cases = goals.into_iter().map(|(value, goal)| (value, goal.unwrap_or(end))).collect();
        }
    }

    /// Puts a block aside; it is written after the main line.
    pub(super) fn later(&mut self, steps: Body<'a>, owner: Pc, exit: Exit, after: Pc) {
        let inside = self.inside.clone();
        self.pending.push(Pending { steps, owner, exit, after, inside });
    }

    /// Writes the blocks out of line, and those that they put aside in turn.
    pub(super) fn pending_blocks(&mut self) {
        while !self.pending.is_empty() {
            for pending in std::mem::take(&mut self.pending) {
                self.pending_block(pending);
            }
        }
        self.inside.clear();
    }

    fn pending_block(&mut self, pending: Pending<'a>) {
        let Pending { steps, owner, exit, after, inside } = pending;
        self.inside = inside;
        self.last_rest = Some(owner);
        let start = self.here();
        match steps {
            Body::One(step) => self.single(step, owner, &exit),
            Body::Many(steps) => self.block(steps),
        }
        if !self.ended(start) {
            let at = self.spans[owner];
            let on = match (&exit, &self.steps[owner]) {
                (Exit::Choice(_), Core::Decide(it)) => Core::AskAgain { anchor: it.anchor.clone() },
                // There is no decision to go on with: whoever gives it back has it asked anew.
                (Exit::Nobody, _) => Core::Jump(owner),
                _ => Core::Jump(after),
            };
            self.push(at, on);
        }
        self.lead(owner, &exit, start);
    }

    /// A single step that stands in for its owner: what a person gives back is its value.
    fn single(&mut self, step: &'a Step, owner: Pc, exit: &Exit) {
        let Verb::Handoff(handoff) = &step.verb else { return self.step(step) };
        let (anchor, save) = match &self.steps[owner] {
            Core::Call(it) => (format!("{}.fails", it.anchor), it.save.clone()),
            Core::Ask(it) => (format!("{}.silence", it.anchor), Some(it.field.clone())),
            Core::Decide(it) => (format!("{}.nobody", it.anchor), None),
            _ => ("handoff".to_owned(), None),
        };
        let retry = match exit {
            Exit::Fails | Exit::Silence | Exit::Nobody => Some(owner),
            Exit::Otherwise | Exit::Choice(_) => None,
        };
        let name = step.name.as_ref().map_or(anchor, |it| it.it.clone());
        self.handoff(step.at, handoff, &name, save, retry);
    }

    fn lead(&mut self, owner: Pc, exit: &Exit, goal: Pc) {
        match (&mut self.steps[owner], exit) {
            (Core::Call(it), Exit::Fails) => it.fails = Some(goal),
            (Core::Decide(it), Exit::Nobody) => it.nobody_decided = Some(goal),
            (Core::Decide(it), Exit::Choice(index)) => it.choices[*index].steps = Some(goal),
            (Core::Ask(it), Exit::Silence) => {
                if let Some(silence) = &mut it.silence {
                    silence.then = SilenceThen::Go(goal);
                }
            }
            (Core::Wait(it), Exit::Otherwise) => {
                if let WaitFor::Event { otherwise, .. } = &mut it.until {
                    *otherwise = goal;
                }
            }
            _ => {}
        }
    }

    /// What a cancel does. It stands by itself: nothing goes on after it.
    pub(super) fn cancel_block(&mut self, then: &'a Step) -> Pc {
        let start = self.here();
        self.step(then);
        if !self.ended(start) {
            self.push(then.at, Core::Jump(start));
        }
        start
    }

    /// Ends the main line where its author did not: a person takes over, and the checker says so.
    pub(super) fn close_open_end(&mut self) {
        let end = self.here();
        let lands_here = self.steps.iter().any(|step| match step {
            Core::Branch { otherwise, .. } => *otherwise == end,
            Core::Jump(to) => *to == end,
            Core::Switch { cases, .. } => cases.iter().any(|(_, to)| *to == end),
            _ => false,
        });
        let awaited = self.pending.iter().any(|it| it.after == end);
        if lands_here || awaited || end == 0 || !self.ended(0) {
            let at = self.flow.steps.last().map_or(self.flow.name.at, |it| it.at);
            let handoff = self.own_handoff("open_end", None, at);
            self.push(at, Core::Jump(handoff));
        }
    }
}
