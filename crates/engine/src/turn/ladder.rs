//! The timers of an open decision: its ladder, its progress notes, its limit (rule 6).

use serde_json::{Map, Value};

use crate::core::{Decide, Rung, RungDoes};
use crate::effect::{Closed, Note};
use crate::message::Message;
use crate::phrases::{self, Phrase};
use crate::rules::{LapseEffect, RuleRow};
use crate::state::Deciding;
use crate::turn::cx::Cx;
use crate::turn::decide::Decider;
use crate::turn::say::before;
use crate::turn::{Next, Went};

/// Who decided when nobody did and a verified rule approves.
const OPERATION_OF_RULE: &str = "operation of rule";

/// The choice that a verified lapse takes.
const LAPSE_CHOICE: &str = "approve";

impl Cx<'_> {
    /// Sets the timers of a decision that was opened or reopened. Steps of the ladder count
    /// from the first opening, in the office hours of the party that was asked first, and
    /// never pass the limit.
    pub(super) fn arm(&mut self, decide: &Decide, open: &Deciding) {
        let now = self.env.now;
        for (index, rung) in decide.escalate.iter().enumerate() {
            let due = self.due(open.opened, rung.after, &decide.party);
            let past_limit = open.due.is_some_and(|limit| due >= limit);
            let overtaken = open.round > 0 && due <= now && rung.does == RungDoes::Remind;
            if !open.climbed.contains(&index) && !past_limit && !overtaken {
                self.timer(&format!("{}.rung.{index}", decide.anchor), due);
            }
        }
        for (index, note) in decide.keep_informed.iter().enumerate() {
            let due = self.due(now, note.every, &note.party);
            self.timer(&format!("{}.inform.{index}", decide.anchor), due);
        }
        if let Some(due) = open.due {
            self.timer(&format!("{}.due", decide.anchor), due);
        }
    }

    /// A timer of a decision came due: `rung.2`, `inform.0`, `due`.
    pub(super) fn decision_due(&mut self, anchor: &str, what: &str) -> Went {
        if what == "due" {
            return self.lapsed(anchor);
        }
        let Some((at, open)) = self.open().filter(|(at, _)| at == anchor) else {
            return self.ignore("stale_timer");
        };
        let decide = self.decide_at(&at)?;
        let index =
            |prefix: &str| what.strip_prefix(prefix).and_then(|it| it.parse::<usize>().ok());
        if let Some(index) = index("rung.") {
            return match decide.escalate.get(index) {
                Some(rung) => self.climb(decide, open, index, rung),
                None => self.ignore("stale_timer"),
            };
        }
        match index("inform.").and_then(|it| Some((it, decide.keep_informed.get(it)?))) {
            Some((index, note)) => {
                let due = self.due(self.env.now, note.every, &note.party);
                self.timer(&format!("{anchor}.inform.{index}"), due);
                if self.held(&note.party).is_some() || self.party(&note.party).is_none() {
                    return self.ignore("held");
                }
                let message = self.message(&note.party, &note.wording)?;
                self.deliver(message);
                Ok(Next::Rest)
            }
            None => self.ignore("stale_timer"),
        }
    }

    /// A step of the ladder.
    fn climb(&mut self, decide: &Decide, mut open: Deciding, index: usize, rung: &Rung) -> Went {
        open.climbed.push(index);
        self.keep_open(&decide.anchor, open.clone())?;
        if let Some(when) = &rung.when {
            match self.holds(when) {
                Ok(true) => {}
                Ok(false) => return self.ignore("condition"),
                // The decision stays open whatever the ladder says: a person mends the ladder.
                Err(fault) => {
                    self.note(Note::Fault { what: fault.to_string() });
                    self.open_task("fault", None, None);
                    return Ok(Next::Rest);
                }
            }
        }
        if open.due.is_some_and(|it| it <= self.env.now) {
            return self.ignore("overtaken");
        }
        match rung.does {
            RungDoes::Remind if self.later_note_is_due(decide, &open, index, &rung.party) => {
                self.ignore("overtaken")
            }
            RungDoes::Remind => {
                self.remind_holder(&open, &rung.party);
                Ok(Next::Rest)
            }
            RungDoes::AlsoAsk => self.also_ask(decide, open, &rung.party),
        }
    }

    /// After downtime several steps are due at once: only the latest note is sent.
    fn later_note_is_due(
        &self,
        decide: &Decide,
        open: &Deciding,
        index: usize,
        party: &str,
    ) -> bool {
        decide.escalate.iter().enumerate().any(|(later, rung)| {
            let due = self.due(open.opened, rung.after, &decide.party);
            let after = self.due(open.opened, decide.escalate[index].after, &decide.party);
            later != index
                && !open.climbed.contains(&later)
                && rung.does == RungDoes::Remind
                && rung.party == party
                && due <= self.env.now
                && (due > after || (due == after && later > index))
                && rung.when.as_ref().is_none_or(|it| self.holds(it).unwrap_or(false))
        })
    }

    /// The card again, and that it waits.
    pub(super) fn remind_holder(&mut self, open: &Deciding, party: &str) {
        let mut card = Message::clone(&open.card);
        card.party = party.to_owned();
        card.kind = self.kind(party);
        if !open.holders.iter().any(|it| it == party) {
            card.question = None;
            card.buttons.clear();
            card.card = None;
        }
        let card = before(&phrases::wording(Phrase::WaitingForDecision), card);
        self.deliver(card);
    }

    /// One more holder.
    fn also_ask(&mut self, decide: &Decide, mut open: Deciding, party: &str) -> Went {
        if open.holders.iter().any(|it| it == party) {
            return self.ignore("not_concerned");
        }
        if self.party(party).is_none() {
            self.note(Note::NobodyToTell { party: party.to_owned() });
            return Ok(Next::Rest);
        }
        open.holders.push(party.to_owned());
        self.put_card(&open, party);
        self.keep_open(&decide.anchor, open)
    }

    /// The limit: what a verified rule makes of it, else the flow's `nobody_decided`.
    fn lapsed(&mut self, anchor: &str) -> Went {
        let (pc, decide) = (self.pc_of(anchor)?, self.decide_at(anchor)?);
        let suspended = self.state.suspended.contains_key(anchor);
        let open = self.open().filter(|(at, _)| at == anchor).map(|(_, open)| open);
        if let Some(open) = &open
            && let Some(went) = self.lapse_effect(decide, open)
        {
            return went;
        }
        if open.is_none() && !suspended {
            return self.ignore("stale_timer");
        }
        self.leave(&Closed::Silence);
        self.drop_suspended();
        self.set(anchor, Value::Null, "silence");
        for holder in open.iter().flat_map(|it| &it.holders) {
            self.party_state(holder).heard_end = false;
        }
        match decide.nobody_decided {
            Some(to) => Ok(Next::Step(to)),
            None => self.hand_over_at("nobody_decided", pc, None),
        }
    }

    /// A verified rule that approves by itself. Where approving needs something that nobody
    /// gave, it cannot.
    fn lapse_effect(&mut self, decide: &Decide, open: &Deciding) -> Option<Went> {
        let row = open.rule.as_ref().and_then(RuleRow::from_value)?;
        if row.acting_lapse() != Some(LapseEffect::AutoApproved) {
            return None;
        }
        let choice = decide.choices.iter().find(|it| it.key == LAPSE_CHOICE)?;
        if choice.steps.is_some() || !choice.needs.is_empty() {
            return None;
        }
        let by = Decider { name: OPERATION_OF_RULE.to_owned(), person: None, party: None };
        let given = Map::from_iter([("rule".to_owned(), row.to_value())]);
        Some(self.decided(choice, &by, given))
    }
}
