//! Playing a conversation: events in, effects out, the state through JSON in between.

use std::collections::{BTreeMap, BTreeSet};

use mendline_engine::catalog::{ActionSpec, ActionVerb, Catalog, Reason};
use mendline_engine::condition::{Cache, Expr};
use mendline_engine::core::*;
use mendline_engine::effect::{Effect, Note, OpenHandoff, Verdict, VerdictKind};
use mendline_engine::env::{Env, PartyEnv};
use mendline_engine::event::*;
use mendline_engine::label::Labels;
use mendline_engine::message::{EffectKey, Message};
use mendline_engine::rules::RulePacks;
use mendline_engine::state::{Position, Rest, State};
use mendline_engine::surface::{Identity, OutcomeKind, Span};
use mendline_engine::text::{Path, Wording};
use mendline_engine::time::calendar::Calendars;
use mendline_engine::time::{Duration, Timestamp, Unit};
use mendline_engine::turn::turn;
use mendline_engine::types::{Member, Record, Type, Words};
use serde_json::{Value, json};

use super::{START, approval, catalog, claim, coverage};

/// One conversation under test: state goes through JSON between any two turns.
pub struct Play {
    pub program: Program,
    pub catalog: Catalog,
    pub calendars: Calendars,
    pub rules: RulePacks,
    pub jurisdiction: Option<String>,
    pub parties: BTreeMap<String, PartyEnv>,
    pub now: Timestamp,
    pub state: State,
    /// The effects of the last turn, with their keys.
    pub effects: Vec<(EffectKey, Effect)>,
    /// Every effect so far.
    pub all: Vec<(EffectKey, Effect)>,
}

pub fn person(name: &str, office: bool) -> PartyEnv {
    PartyEnv {
        person: format!("p-{name}"),
        first_name: name.split(' ').next().unwrap().to_owned(),
        name: name.to_owned(),
        language: "en".into(),
        zone: "America/Chicago".into(),
        office: office.then(|| "us-office".to_owned()),
        reachable: true,
    }
}

impl Play {
    pub fn new() -> Play {
        Play {
            program: approval(),
            catalog: catalog(),
            calendars: Calendars::embedded(),
            rules: RulePacks::embedded(),
            jurisdiction: None,
            parties: BTreeMap::from([
                ("worker".into(), person("Ana Example", false)),
                ("adjuster".into(), person("Dana Sample", true)),
                ("supervisor".into(), person("Sam Specimen", true)),
                ("pharmacy".into(), person("Test Pharmacy", false)),
            ]),
            now: START,
            state: State::default(),
            effects: vec![],
            all: vec![],
        }
    }

    pub fn turn(&mut self, event: Event) -> &mut Play {
        let env = Env {
            now: self.now,
            conversation: "c1",
            catalog: &self.catalog,
            calendars: &self.calendars,
            rules: &self.rules,
            jurisdiction: self.jurisdiction.as_deref(),
            parties: &self.parties,
        };
        let before = self.state.turn;
        let kept: State =
            serde_json::from_str(&serde_json::to_string(&self.state).unwrap()).unwrap();
        assert_eq!(kept, self.state, "the state survives JSON");
        let taken = turn(&self.program, &kept, &event, &env);
        assert_eq!(taken, turn(&self.program, &kept, &event, &env), "same input, same turn");
        assert_eq!(taken.state.turn, before + 1);
        self.state = taken.state;
        let keyed = taken.effects.into_iter().enumerate();
        let key = |index: usize| EffectKey { turn: before, index: u32::try_from(index).unwrap() };
        self.effects = keyed.map(|(index, effect)| (key(index), effect)).collect();
        self.all.extend(self.effects.clone());
        self
    }

    // Events.

    pub fn start(&mut self, words: &str) -> &mut Play {
        self.turn(Event::Started { fields: BTreeMap::new(), words: Some(words.to_owned()) })
    }

    pub fn says(&mut self, party: &str, words: &str) -> &mut Play {
        let question = self.question().filter(|_| self.is_shown());
        self.turn(Event::Said { party: party.into(), words: words.into(), question })
    }

    pub fn actor(&self, party: &str) -> Actor {
        let there = &self.parties[party];
        let authorities = match party {
            "adjuster" | "supervisor" => vec!["approve_medication".to_owned()],
            _ => vec![],
        };
        Actor {
            person: there.person.clone(),
            name: there.name.clone(),
            party: Some(party.to_owned()),
            authorities,
        }
    }

    pub fn taps(&mut self, party: &str, choice: &str) -> &mut Play {
        self.taps_with(party, choice, &[])
    }

    pub fn taps_with(&mut self, party: &str, choice: &str, with: &[(&str, Value)]) -> &mut Play {
        let question = self.question().or_else(|| self.last_question()).unwrap();
        self.taps_on(question, party, choice, with)
    }

    pub fn taps_on(
        &mut self,
        question: EffectKey,
        party: &str,
        choice: &str,
        with: &[(&str, Value)],
    ) -> &mut Play {
        let with = with.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let actor = self.actor(party);
        self.turn(Event::Tapped { actor, question, choice: choice.to_owned(), with })
    }

    /// Dispatch shows every message of the last turn.
    pub fn shown(&mut self) -> &mut Play {
        let sent: Vec<EffectKey> = self
            .effects
            .iter()
            .filter(|(_, effect)| matches!(effect, Effect::Send(_)))
            .map(|(key, _)| *key)
            .collect();
        for message in sent {
            self.turn(Event::Receipt { message, receipt: Receipt::Shown });
        }
        self
    }

    pub fn returns(&mut self, value: Value) -> &mut Play {
        self.returned(CallResult::Done(value))
    }

    pub fn returned(&mut self, result: CallResult) -> &mut Play {
        let call = self.open_call().expect("a call is open");
        self.turn(Event::Returned { call, result })
    }

    pub fn repair(&mut self, party: &str, repair: Repair) -> &mut Play {
        self.turn(Event::Repair { party: party.into(), repair })
    }

    pub fn desk(&mut self, action: DeskAction) -> &mut Play {
        let handoff = self.state.holds[0].handoff;
        self.desk_on(handoff, "Nia Nurse", action)
    }

    pub fn desk_on(&mut self, handoff: EffectKey, name: &str, action: DeskAction) -> &mut Play {
        let actor = Actor {
            person: format!("p-{name}"),
            name: name.to_owned(),
            party: None,
            authorities: vec![],
        };
        self.turn(Event::Desk { handoff, actor, action })
    }

    /// Moves the clock to the next timer and fires it. Answers its name.
    pub fn next_timer(&mut self) -> String {
        let set = self.state.timers.iter().filter(|(_, it)| it.set);
        let (timer, set) = set.min_by_key(|(_, it)| it.due).expect("a timer is set");
        let (timer, set) = (timer.clone(), *set);
        self.now = self.now.max(set.due);
        self.turn(Event::Due { timer: timer.clone(), generation: set.generation });
        timer
    }

    /// Moves the clock, firing what comes due on the way.
    pub fn advance(&mut self, to: Timestamp) -> &mut Play {
        while self.state.timers.values().any(|it| it.set && it.due <= to) {
            self.next_timer();
        }
        self.now = to;
        self
    }

    // Ways to a place.

    /// Up to the first question, shown.
    pub fn at_drug() -> Play {
        let mut play = Play::new();
        play.start("my prescription was rejected").returns(claim()).shown();
        play
    }

    /// Up to the call that checks coverage.
    pub fn at_check() -> Play {
        let mut play = Play::at_drug();
        play.says("worker", "gabapentin");
        play
    }

    /// Up to the question whether she is at the counter.
    pub fn at_counter() -> Play {
        let mut play = Play::at_check();
        play.returns(coverage("needs_approval")).shown();
        play
    }

    /// Up to the open decision.
    pub fn at_decision() -> Play {
        let mut play = Play::at_counter();
        play.taps("worker", "later").shown().taps("worker", "send");
        play
    }

    // What stands.

    pub fn rest(&self) -> Option<&Rest> {
        match &self.state.position {
            Position::At { rest, .. } => Some(rest),
            _ => None,
        }
    }

    pub fn anchor(&self) -> &str {
        match &self.state.position {
            Position::At { anchor, .. } => anchor,
            Position::Start => "(start)",
            Position::Ended => "(ended)",
        }
    }

    pub fn question(&self) -> Option<EffectKey> {
        match self.rest()? {
            Rest::Asking(it) => Some(it.question),
            Rest::Deciding(it) => Some(it.question),
            _ => None,
        }
    }

    pub fn is_shown(&self) -> bool {
        matches!(self.rest(), Some(Rest::Asking(it)) if it.shown.is_some())
    }

    pub fn last_question(&self) -> Option<EffectKey> {
        self.all.iter().rev().find_map(|(_, it)| match it {
            Effect::Send(message) => message.question,
            _ => None,
        })
    }

    pub fn open_call(&self) -> Option<EffectKey> {
        match self.rest()? {
            Rest::Calling { call, .. } => Some(*call),
            _ => None,
        }
    }

    // What the last turn did.

    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.effects.iter().filter_map(|(_, it)| match it {
            Effect::Send(message) => Some(message),
            _ => None,
        })
    }

    /// The words of each message of the last turn to a party.
    pub fn sees(&self, party: &str) -> Vec<String> {
        self.messages().filter(|it| it.party == party).map(text_of).collect()
    }

    pub fn drafts(&self) -> Vec<&mendline_engine::effect::Draft> {
        let draft = |it: &'_ (EffectKey, Effect)| matches!(it.1, Effect::Draft { .. });
        self.effects
            .iter()
            .filter(|it| draft(it))
            .filter_map(|(_, it)| match it {
                Effect::Draft { draft, .. } => Some(draft),
                _ => None,
            })
            .collect()
    }

    pub fn verdict(&self) -> Option<&VerdictKind> {
        self.effects.iter().find_map(|(_, it)| match it {
            Effect::Verdict(Verdict { verdict, .. }) => Some(verdict),
            _ => None,
        })
    }

    pub fn notes(&self) -> Vec<&Note> {
        self.effects
            .iter()
            .filter_map(|(_, it)| match it {
                Effect::Noted(note) => Some(note),
                _ => None,
            })
            .collect()
    }

    pub fn ignored(&self, why: &str) -> bool {
        self.notes().iter().any(|it| matches!(it, Note::Ignored { why: it } if it == why))
    }

    pub fn handoff(&self) -> Option<&OpenHandoff> {
        self.effects.iter().find_map(|(_, it)| match it {
            Effect::OpenHandoff(open) => Some(open),
            _ => None,
        })
    }

    pub fn outcome(&self) -> Option<&str> {
        self.state.outcome.as_deref()
    }
}

/// The English words of a message, values in place.
pub fn text_of(message: &Message) -> String {
    mendline_engine::render::render(message, false, "en", "America/Chicago", None).text
}
