//! Decisions: opening one, taking it, asking it again (rule 5).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::core::{Core, Decide, DecideChoice, Pc, Within};
use crate::effect::{Closed, Effect, Note};
use crate::message::Message;
use crate::phrases::{self, Phrase};
use crate::rules::{RuleRow, Tolling};
use crate::state::{ClockSpan, Deciding, Position, Rest, Taken};
use crate::text::Values;
use crate::time::{Duration, Timestamp, Unit};
use crate::turn::cx::Cx;
use crate::turn::say::{label, text};
use crate::turn::{Fault, Next, ROUNDS_MAX, Went};

/// The limit of a decision whose flow forgot to give one.
const FORGOTTEN: Duration = Duration { amount: 2, unit: Unit::BusinessDay };

/// Who takes a decision, as it is kept.
pub(super) struct Decider {
    /// As others see them.
    pub(super) name: String,
    /// The person; absent for the operation of a rule.
    pub(super) person: Option<String>,
    /// The party they play, if any.
    pub(super) party: Option<String>,
}

impl<'a> Cx<'a> {
    /// The decide that an anchor names.
    pub(super) fn decide_at(&self, anchor: &str) -> Result<&'a Decide, Fault> {
        match self.core(self.pc_of(anchor)?)? {
            Core::Decide(decide) => Ok(decide),
            _ => Err(Fault::NoAnchor(anchor.to_owned())),
        }
    }

    /// The open decision, if the conversation rests at one.
    pub(super) fn open(&self) -> Option<(String, Deciding)> {
        match &self.state.position {
            Position::At { anchor, rest: Rest::Deciding(open) } => {
                Some((anchor.clone(), open.as_ref().clone()))
            }
            _ => None,
        }
    }

    /// Keeps the open decision as it is now.
    pub(super) fn keep_open(&mut self, anchor: &str, open: Deciding) -> Went {
        self.rest(anchor, Rest::Deciding(Box::new(open)))
    }

    /// `decide`.
    pub(super) fn open_decision(&mut self, pc: Pc, decide: &Decide) -> Went {
        if self.known(&decide.anchor) {
            return Ok(Next::Step(pc + 1));
        }
        if self.party(&decide.party).is_none() {
            return Err(Fault::NoParty(decide.party.clone()));
        }
        let now = self.env.now;
        let from = match decide.within.as_ref().and_then(|it| it.from.as_ref()) {
            Some(path) => {
                let value = self.value_at(path).ok_or_else(|| Fault::Unknown(path.0.clone()))?;
                self.moment(&value).ok_or_else(|| Fault::Unknown(path.0.clone()))?
            }
            None => now,
        };
        let row = self.rule_of(decide, from);
        let clock = vec![ClockSpan { from, to: None, running: true }];
        let card = self.message(&decide.party, &decide.wording)?;
        let open = Deciding {
            question: self.next_key(),
            holders: vec![decide.party.clone()],
            card: Arc::new(card),
            opened: now,
            due: Some(self.limit(decide, row.as_ref(), &clock)),
            rule: row.as_ref().map(RuleRow::to_value),
            clock,
            climbed: Vec::new(),
            round: 0,
            pending: None,
            suspended: false,
        };
        if let Some(row) = row {
            self.note(Note::Rule { row: row.to_value() });
        }
        self.put_cards(pc, decide, open)
    }

    /// The rule row that the limit names, pinned at receipt.
    fn rule_of(&self, decide: &Decide, received: Timestamp) -> Option<RuleRow> {
        let rule = decide.within.as_ref()?.rule.as_ref()?;
        self.env.rules.rule(self.env.jurisdiction, rule, received)
    }

    /// When the limit is reached: by a verified rule where there is one, else by the flow's
    /// own number, in the awaited party's office hours. A clock that stands has no moment, so
    /// what it counted from is used until it runs again.
    fn limit(&self, decide: &Decide, row: Option<&RuleRow>, clock: &[ClockSpan]) -> Timestamp {
        let from = clock.first().map_or(self.env.now, |it| it.from);
        if let Some(row) = row.filter(|it| it.acts() && it.duration().is_some()) {
            let due = row.due_with_stops(clock, self.env.calendars);
            return due.unwrap_or_else(|| row.due(from, self.env.calendars));
        }
        let fallback = |it: &Within| it.fallback;
        self.due(
            from,
            decide.within.as_ref().and_then(fallback).unwrap_or(FORGOTTEN),
            &decide.party,
        )
    }

    /// Puts the card before every holder under a new question, and sets the timers.
    pub(super) fn put_cards(&mut self, pc: Pc, decide: &Decide, mut open: Deciding) -> Went {
        open.question = self.next_key();
        open.card = Arc::new(self.card(pc, decide, &open, open.question)?);
        open.pending = None;
        open.suspended = false;
        for holder in open.holders.clone() {
            self.put_card(&open, &holder);
        }
        self.arm(decide, &open);
        self.keep_open(&decide.anchor, open)
    }

    /// Puts a copy of the card before one holder. Who has no address finds it at the desk, and
    /// somebody there has a phone task.
    pub(super) fn put_card(&mut self, open: &Deciding, holder: &str) {
        let mut card = Message::clone(&open.card);
        card.party = holder.to_owned();
        card.kind = self.kind(holder);
        let reachable = self.party(holder).is_none_or(|it| it.reachable);
        if !reachable && self.held(holder).is_none() {
            self.emit(Effect::Send(card.clone()));
        }
        self.deliver(card);
    }

    /// A final choice: the decision exists, every copy is closed, everyone else who held the
    /// card is told. The first turn to commit wins.
    pub(super) fn decided(
        &mut self,
        choice: &DecideChoice,
        by: &Decider,
        given: Map<String, Value>,
    ) -> Went {
        let Some((anchor, open)) = self.open() else { return self.ignore("overtaken") };
        let pc = self.pc_of(&anchor)?;
        let decision = self.decision(&open, choice, by, given)?;
        self.leave(&Closed::Answered { by: by.name.clone(), choice: choice.key.clone() });
        self.note(Note::Decided { decision: decision.clone() });
        self.set(&anchor, decision, &by.name);
        let at = self.env.now;
        let (question, by_name, key) = (open.question, by.name.clone(), choice.key.clone());
        let taken = Taken { question, by: by_name, choice: key, at };
        self.state.decided.insert(anchor, taken);
        for holder in &open.holders {
            if by.party.as_ref() != Some(holder) {
                self.tell_handled(holder, Phrase::DecidedBy, by, choice);
            }
            self.party_state(holder).heard_end = true;
        }
        Ok(Next::Step(pc + 1))
    }

    /// The decision's value: the choice, who, when, about what, and what was given and set.
    fn decision(
        &self,
        open: &Deciding,
        choice: &DecideChoice,
        by: &Decider,
        given: Map<String, Value>,
    ) -> Result<Value, Fault> {
        let mut decision = given;
        for (name, expr) in &choice.set {
            decision.insert(name.clone(), self.eval(expr)?);
        }
        decision.insert("choice".into(), json!(choice.key));
        decision.insert("by".into(), json!(by.name));
        decision.insert("by_person".into(), json!(by.person));
        decision.insert("at".into(), json!(self.env.now.to_string()));
        decision.insert("about".into(), Cx::about(&open.card));
        let digest = open.card.card.as_ref().map(|it| it.digest.clone());
        decision.insert("digest".into(), json!(digest));
        decision.retain(|_, value| !value.is_null());
        Ok(Value::Object(decision))
    }

    /// Tells a holder what became of the card.
    fn tell_handled(&mut self, holder: &str, phrase: Phrase, by: &Decider, choice: &DecideChoice) {
        let who = match by.person {
            Some(_) => text("by", &by.name),
            None => label("by", &by.name, &phrases::words(Phrase::OperationOfRule)),
        };
        let values = Values::from([who, label("choice", &choice.key, &choice.label)]);
        self.say_phrase(holder, phrase, values);
    }

    /// A choice with steps: the cards are closed, the steps run, and `ask_again` reopens the
    /// same decision. Its clock runs on unless a verified rule says that it stops.
    pub(super) fn suspend(
        &mut self,
        choice: &DecideChoice,
        to: Pc,
        by: &Decider,
        given: Map<String, Value>,
    ) -> Went {
        let Some((anchor, mut open)) = self.open() else { return self.ignore("overtaken") };
        let decision = self.decision(&open, choice, by, given)?;
        let due = open.due;
        self.leave(&Closed::Answered { by: by.name.clone(), choice: choice.key.clone() });
        self.set(&anchor, decision, &by.name);
        for holder in &open.holders {
            if by.party.as_ref() != Some(holder) {
                self.tell_handled(holder, Phrase::CardHandled, by, choice);
            }
        }
        if self.tolls(&open) {
            self.turn_clock(&mut open.clock, false);
        } else if let Some(due) = due {
            self.timer(&format!("{anchor}.due"), due);
        }
        open.suspended = true;
        open.pending = None;
        self.state.suspended.insert(anchor, open);
        Ok(Next::Step(to))
    }

    /// Whether asking for information stops the clock: only by a verified rule.
    fn tolls(&self, open: &Deciding) -> bool {
        let row = open.rule.as_ref().and_then(RuleRow::from_value);
        row.is_some_and(|it| it.acts() && it.tolling == Tolling::Yes)
    }

    /// Stops the clock, or lets it run again.
    fn turn_clock(&mut self, clock: &mut Vec<ClockSpan>, running: bool) {
        let now = self.env.now;
        if let Some(last) = clock.last_mut() {
            last.to = Some(now);
        }
        clock.push(ClockSpan { from: now, to: None, running });
        let what = if running { "running" } else { "stopped" };
        self.note(Note::Clock { what: what.to_owned() });
    }

    /// `ask_again`.
    pub(super) fn ask_again(&mut self, anchor: &str) -> Went {
        let (pc, decide) = (self.pc_of(anchor)?, self.decide_at(anchor)?);
        let Some(mut open) = self.state.suspended.remove(anchor) else {
            self.set(anchor, Value::Null, "flow");
            return Ok(Next::Step(pc));
        };
        self.set(anchor, Value::Null, "flow");
        open.round += 1;
        if open.round > ROUNDS_MAX {
            self.clear_timers(&format!("{anchor}."));
            return self.hand_over_at("nobody_decided", pc, None);
        }
        if open.clock.last().is_some_and(|it| !it.running) {
            self.turn_clock(&mut open.clock, true);
            let row = open.rule.as_ref().and_then(RuleRow::from_value);
            open.due = Some(self.limit(decide, row.as_ref(), &open.clock));
        }
        open.holders.retain(|it| self.env.parties.contains_key(it));
        if open.holders.is_empty() {
            return Err(Fault::NoParty(decide.party.clone()));
        }
        self.put_cards(pc, decide, open)
    }

    /// Puts the card before its holders again under a new question: the facts or the people
    /// are others now.
    pub(super) fn recall(&mut self, told: Option<&str>) -> Went {
        let Some((anchor, open)) = self.open() else { return self.ignore("not_concerned") };
        let (pc, decide) = (self.pc_of(&anchor)?, self.decide_at(&anchor)?);
        self.emit(Effect::Close { question: open.question, why: Closed::Recalled });
        self.state.recalled.push(open.question);
        for holder in open.holders.clone() {
            if told != Some(holder.as_str()) {
                self.say_phrase(&holder, Phrase::CardChanged, Values::new());
            }
        }
        self.put_cards(pc, decide, open)
    }
}
