//! Taps and commands that name a question: who may, what is missing, who was first.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::core::{Decide, DecideChoice};
use crate::effect::{Draft, Effect, Note, Verdict, VerdictKind};
use crate::event::Actor;
use crate::listen::{self, Heard, Offer};
use crate::message::{EffectKey, OpenNeed};
use crate::state::{Deciding, PendingChoice, Position, Rest};
use crate::time::zone;
use crate::turn::cx::Cx;
use crate::turn::decide::Decider;
use crate::turn::{Next, PENDING_MS, Went};
use crate::types::Type;

/// The most days, refills or pieces that one decision may give. More is a life, not a fill.
const COUNT_MAX: i64 = 365;

/// Longest text given with a choice, in characters. The card shows it whole.
const TEXT_MAX: usize = 500;

/// A tap.
pub(super) struct Tap<'e> {
    pub(super) actor: &'e Actor,
    pub(super) question: EffectKey,
    pub(super) choice: &'e str,
    pub(super) with: &'e BTreeMap<String, Value>,
}

impl Cx<'_> {
    /// Tells the one who acted what became of it.
    pub(super) fn verdict(&mut self, person: &str, about: Option<EffectKey>, verdict: VerdictKind) {
        let person = person.to_owned();
        self.emit(Effect::Verdict(Verdict { person, about, verdict }));
    }

    /// Answers a tap and stays where it is.
    fn refuse(&mut self, tap: &Tap<'_>, verdict: VerdictKind) -> Went {
        self.verdict(&tap.actor.person, Some(tap.question), verdict);
        Ok(Next::Rest)
    }

    /// Somebody tapped.
    pub(super) fn tapped(&mut self, tap: &Tap<'_>) -> Went {
        if let Some(party) = &tap.actor.party {
            self.hears(party);
        }
        if self.state.aside.as_ref().is_some_and(|it| it.question == tap.question) {
            return self.tapped_aside(tap);
        }
        match &self.state.position {
            Position::At { rest: Rest::Asking(asking), .. } if asking.question == tap.question => {
                self.tapped_ask(tap)
            }
            Position::At { rest: Rest::Deciding(_), .. } => self.tapped_card(tap),
            _ => self.tapped_late(tap),
        }
    }

    /// An answer by tap.
    fn tapped_ask(&mut self, tap: &Tap<'_>) -> Went {
        let Position::At { anchor, rest: Rest::Asking(asking) } = &self.state.position else {
            return self.tapped_late(tap);
        };
        let (pc, ask) = (self.pc_of(anchor)?, self.ask_at(anchor)?);
        let value = asking.offered.get(tap.choice).cloned();
        if tap.actor.party.as_ref() != Some(&ask.party) {
            return self.refuse(tap, VerdictKind::NotAllowed);
        }
        let Some(value) = value else { return self.refuse(tap, VerdictKind::NoSuchChoice) };
        if let Some(handoff) = self.held(&ask.party) {
            let draft = Draft::Wrote(tap.choice.to_owned());
            self.emit(Effect::Draft { handoff, draft });
            let name = self.holder_of(handoff);
            return self.refuse(tap, VerdictKind::HeldBy { name });
        }
        self.verdict(&tap.actor.person, Some(tap.question), VerdictKind::Done);
        self.answered(pc, ask, tap.choice, value, &ask.party)
    }

    /// A tap on a question that is not open (any more).
    fn tapped_late(&mut self, tap: &Tap<'_>) -> Went {
        let taken = self.state.decided.values().find(|it| it.question == tap.question).cloned();
        let Some(taken) = taken else {
            self.note(Note::Ignored { why: "overtaken".to_owned() });
            return self.refuse(tap, VerdictKind::Over);
        };
        if taken.by == tap.actor.name && taken.choice == tap.choice {
            self.note(Note::Ignored { why: "duplicate_tap".to_owned() });
            return self.refuse(tap, VerdictKind::Done);
        }
        let (by, choice, at) = (taken.by, taken.choice, taken.at);
        self.note(Note::Ignored { why: "overtaken".to_owned() });
        self.refuse(tap, VerdictKind::AlreadyDecided { by, choice, at })
    }

    /// A tap while a decision is open: on its card, or on one that was recalled.
    fn tapped_card(&mut self, tap: &Tap<'_>) -> Went {
        let Some((anchor, open)) = self.open() else { return self.tapped_late(tap) };
        let decide = self.decide_at(&anchor)?;
        if open.question != tap.question {
            if self.state.decided.values().any(|it| it.question == tap.question) {
                return self.tapped_late(tap);
            }
            self.verdict(&tap.actor.person, Some(tap.question), VerdictKind::Changed);
            if let Some(holder) = tap.actor.party.as_ref().filter(|it| open.holders.contains(it)) {
                self.put_card(&open, holder);
            }
            return Ok(Next::Rest);
        }
        let Some(choice) = self.offered_choice(decide, &open, tap.choice) else {
            return self.refuse(tap, VerdictKind::NoSuchChoice);
        };
        if !self.may_decide(decide, &open, tap.actor) {
            let (person, choice) = (tap.actor.person.clone(), choice.key.clone());
            self.note(Note::NotAllowed { person, choice });
            return self.refuse(tap, VerdictKind::NotAllowed);
        }
        let before = open.pending.as_ref();
        let before = before.filter(|it| it.person == tap.actor.person && it.choice == tap.choice);
        let mut with = before.map(|it| it.with.clone()).unwrap_or_default();
        with.extend(tap.with.iter().map(|(name, value)| (name.clone(), value.clone())));
        let by = Decider {
            name: tap.actor.name.clone(),
            person: Some(tap.actor.person.clone()),
            party: tap.actor.party.clone(),
        };
        self.choose(choice, &by, with, Some(tap.question))
    }

    /// The choice, if the card offers it.
    fn offered_choice<'d>(
        &self,
        decide: &'d Decide,
        open: &Deciding,
        key: &str,
    ) -> Option<&'d DecideChoice> {
        let offered = open.card.buttons.iter().any(|it| it.key == key);
        decide.choices.iter().find(|it| offered && it.key == key)
    }

    /// A decision is made by a person with authority over that claim. Where the flow asks for
    /// none, by one who holds the card.
    fn may_decide(&self, decide: &Decide, open: &Deciding, actor: &Actor) -> bool {
        let holds = actor.party.as_ref().is_some_and(|it| open.holders.contains(it));
        let requester = actor.party.as_ref() == Some(&self.program.principal) && !holds;
        match &decide.authority {
            Some(authority) => !requester && actor.authorities.contains(authority),
            None => holds,
        }
    }

    /// Takes a choice if its needs are complete; else remembers what was given, and waits for
    /// the rest from this person (rule 4).
    pub(super) fn choose(
        &mut self,
        choice: &DecideChoice,
        by: &Decider,
        with: BTreeMap<String, Value>,
        question: Option<EffectKey>,
    ) -> Went {
        let Some((anchor, mut open)) = self.open() else { return self.ignore("overtaken") };
        let person = by.person.clone().unwrap_or_default();
        let (given, missing) = self.needs(&open, &choice.key, &with);
        if !missing.is_empty() {
            let until = self.env.now.plus_ms(PENDING_MS);
            let with = given.into_iter().collect();
            let (choice, of) = (choice.key.clone(), person.clone());
            open.pending = Some(PendingChoice { person: of, choice, with, until });
            self.verdict(&person, question, VerdictKind::Needs { missing });
            return self.keep_open(&anchor, open);
        }
        self.verdict(&person, question, VerdictKind::Done);
        match choice.steps {
            Some(to) => self.suspend(choice, to, by, given),
            None => self.decided(choice, by, given),
        }
    }

    /// What was given, read and checked; and what is missing or cannot be read.
    fn needs(
        &self,
        open: &Deciding,
        choice: &str,
        with: &BTreeMap<String, Value>,
    ) -> (Map<String, Value>, BTreeMap<String, String>) {
        let mut given = Map::new();
        let mut missing = BTreeMap::new();
        for need in needs_of(open, choice) {
            let name = &need.need.name;
            let checked = match with.get(name) {
                None | Some(Value::Null) => Err("missing"),
                Some(value) => self.need_fits(need, value),
            };
            match checked {
                Ok(value) => drop(given.insert(name.clone(), value)),
                Err(code) => drop(missing.insert(name.clone(), code.to_owned())),
            }
        }
        let day = |name: &str| given.get(name).and_then(Value::as_str);
        if let (Some(from), Some(until)) = (day("from"), day("until"))
            && from > until
        {
            given.remove("until");
            missing.insert("until".to_owned(), "out_of_range".to_owned());
        }
        (given, missing)
    }

    /// One need, checked.
    fn need_fits(&self, need: &OpenNeed, value: &Value) -> Result<Value, &'static str> {
        if need.need.list.is_some() {
            let code = value.as_str().or_else(|| value.get("code")?.as_str());
            let reason = need.reasons.iter().find(|it| Some(it.code.as_str()) == code);
            return reason.map(|it| it.value()).ok_or("unknown_reason");
        }
        let value = self.fits(value, &need.need.ty)?;
        match &need.need.ty {
            Type::Integer => {
                let in_range = value.as_i64().is_some_and(|it| (1..=COUNT_MAX).contains(&it));
                if in_range { Ok(value) } else { Err("out_of_range") }
            }
            Type::Text => {
                let fits = value.as_str().is_some_and(|it| it.chars().count() <= TEXT_MAX);
                if fits { Ok(value) } else { Err("too_long") }
            }
            _ => Ok(value),
        }
    }

    /// Words of a person whose choice waits for its needs. `None`: nothing waits.
    pub(super) fn fill_needs(&mut self, party: &str, words: &str) -> Option<Went> {
        let (anchor, open) = self.open()?;
        let pending = open.pending.clone()?;
        let person = &self.party(party)?.person;
        if *person != pending.person || self.env.now > pending.until {
            return None;
        }
        let decide = self.decide_at(&anchor).ok()?;
        let choice = self.offered_choice(decide, &open, &pending.choice)?;
        let need = needs_of(&open, &pending.choice)
            .into_iter()
            .find(|it| !pending.with.contains_key(&it.need.name))?;
        let mut with = pending.with.clone();
        let heard = self.hear_need(party, words, need);
        with.insert(need.need.name.clone(), heard.unwrap_or_else(|| json!(words)));
        let by = Decider {
            name: self.party_name(party),
            person: Some(pending.person.clone()),
            party: Some(party.to_owned()),
        };
        Some(self.choose(choice, &by, with, Some(open.question)))
    }

    /// The value of a need in a person's words.
    fn hear_need(&self, party: &str, words: &str, need: &OpenNeed) -> Option<Value> {
        if need.need.list.is_none() {
            let today = self.env.now.day(zone::zone(self.zone(party)));
            return listen::value(words, &need.need.ty, today);
        }
        let offers: Vec<Offer> = need
            .reasons
            .iter()
            .map(|it| Offer { key: it.code.clone(), labels: it.label.values().cloned().collect() })
            .collect();
        match listen::choice(words, &offers) {
            Heard::Exactly(index) | Heard::Likely(index) => Some(json!(offers[index].key)),
            Heard::Several(_) | Heard::Nothing => None,
        }
    }
}

/// The needs of a choice as its card shows them.
fn needs_of<'o>(open: &'o Deciding, choice: &str) -> Vec<&'o OpenNeed> {
    let button = open.card.buttons.iter().find(|it| it.key == choice);
    button.into_iter().flat_map(|it| &it.needs).collect()
}
