//! Questions: putting them, hearing the answer, and what silence means.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::core::{Answers, Ask, Pc, Silence, SilenceThen};
use crate::effect::Closed;
use crate::event::Event;
use crate::listen::{self, Heard, Offer};
use crate::message::{Button, EffectKey, Message};
use crate::phrases::{self, Phrase};
use crate::state::{Asking, Position, Rest};
use crate::text::Wording;
use crate::time::{Duration, Unit};
use crate::turn::cx::Cx;
use crate::turn::rest::SILENCE;
use crate::turn::say::before;
use crate::turn::{Fault, Next, Went};
use crate::types::{Type, Words};

/// Reminders for a question whose flow says nothing of silence, after which a person comes:
/// nobody is stranded, whatever the author forgot.
const FORGOTTEN: [Duration; 2] =
    [Duration { amount: 1, unit: Unit::Day }, Duration { amount: 3, unit: Unit::Day }];

/// Longest part of a key made from a label.
const KEY_MAX: usize = 40;

/// What words mean for an open question.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// This, in so many words.
    Exactly(String, Value),
    /// This, as far as one can tell.
    Likely(String, Value),
    /// One of these keys.
    Several(Vec<String>),
    /// Nothing.
    Nothing,
}

impl Cx<'_> {
    /// `ask`.
    pub(super) fn ask(&mut self, pc: Pc, ask: &Ask) -> Went {
        if self.known(&ask.field) {
            return Ok(Next::Step(pc + 1));
        }
        if self.party(&ask.party).is_none() {
            return Err(Fault::NoParty(ask.party.clone()));
        }
        let buttons = self.buttons(ask)?;
        if let Some(button) = self.first_words().and_then(|it| first_answer(it, ask, &buttons)) {
            self.forget_first_words();
            let by = ask.party.clone();
            self.set(&ask.field, taken(button), &by);
            return Ok(Next::Step(pc + 1));
        }
        let offered = buttons.iter().map(|it| (it.key.clone(), taken(it))).collect();
        let question = self.next_key();
        let message = Message {
            question: Some(question),
            buttons,
            ..self.message(&ask.party, &ask.wording)?
        };
        let sent = self.deliver_to_be_read(message, Some(&ask.field), ask.not_read.as_ref());
        let sent = sent.key().unwrap_or(question);
        let asking = Asking { question, message: sent, shown: None, reminded: 0, offered };
        self.state.misses = 0;
        if !matches!(ask.answers, Answers::List(_)) {
            self.forget_first_words();
        }
        self.rest(&ask.anchor, Rest::Asking(asking))
    }

    /// The words that started the conversation: one of the first questions may take them,
    /// "which claim" before "which medicine". They answer once.
    fn first_words(&self) -> Option<&str> {
        self.state.waiting.iter().find_map(|it| match it {
            Event::Started { words, .. } => words.as_deref(),
            _ => None,
        })
    }

    fn forget_first_words(&mut self) {
        self.state.waiting.retain(|it| !matches!(it, Event::Started { .. }));
    }

    /// What one may choose, as buttons. Empty where words are parsed.
    pub(super) fn buttons(&self, ask: &Ask) -> Result<Vec<Button>, Fault> {
        let plain = |key: &str, label: Words, value: Value| Button {
            key: key.to_owned(),
            label,
            value,
            needs: Vec::new(),
        };
        match &ask.answers {
            Answers::Keys(choices) => {
                let button =
                    |it: &crate::core::ChoiceSpec| plain(&it.key, it.label.clone(), Value::Null);
                Ok(choices.iter().map(button).collect())
            }
            Answers::List(path) => {
                let Some(Value::Array(members)) = self.value_at(path) else {
                    return Err(Fault::Unknown(path.0.clone()));
                };
                if members.is_empty() {
                    return Err(Fault::NothingToChoose(path.0.clone()));
                }
                let of = match self.type_of(path) {
                    Type::List(of) => *of,
                    other => other,
                };
                Ok(self.list_buttons(&of, &members))
            }
            Answers::Type(Type::Boolean) => Ok(vec![
                plain("yes", phrases::words(Phrase::Yes), Value::Bool(true)),
                plain("no", phrases::words(Phrase::No), Value::Bool(false)),
            ]),
            Answers::Type(_) => Ok(Vec::new()),
        }
    }

    /// A button for each member of a list. A key is made from the label, so that it stays the
    /// same while the list only grows; a second one of the same label gets a number.
    fn list_buttons(&self, of: &Type, members: &[Value]) -> Vec<Button> {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut buttons = Vec::new();
        for member in members {
            let shown = match of {
                Type::Record(_) => crate::render::show_record(self.env.catalog, of, member),
                _ => member.as_str().map_or_else(|| member.to_string(), str::to_owned),
            };
            let mut key: String = listen::fold(&shown).replace(' ', "-");
            key = key.chars().take(KEY_MAX).collect();
            let count = seen.entry(key.clone()).or_default();
            *count += 1;
            if *count > 1 {
                key = format!("{key}.{count}");
            }
            let languages = self.program.languages.iter();
            let label: Words = languages.map(|it| (it.clone(), shown.clone())).collect();
            buttons.push(Button { key, label, value: member.clone(), needs: Vec::new() });
        }
        buttons
    }

    /// What the words mean for this question.
    pub(super) fn answer_in(&self, words: &str, ask: &Ask, offered: &[Button]) -> Answer {
        if !offered.is_empty() {
            let offers: Vec<Offer> = offered.iter().map(offer).collect();
            let at = |index: usize| (offered[index].key.clone(), taken(&offered[index]));
            return match listen::choice(words, &offers) {
                Heard::Exactly(index) => Answer::Exactly(at(index).0, at(index).1),
                Heard::Likely(index) => Answer::Likely(at(index).0, at(index).1),
                Heard::Several(which) => {
                    Answer::Several(which.into_iter().map(|it| at(it).0).collect())
                }
                Heard::Nothing => Answer::Nothing,
            };
        }
        let Answers::Type(ty) = &ask.answers else { return Answer::Nothing };
        let today = self.env.now.day(crate::time::zone::zone(self.zone(&ask.party)));
        match listen::value(words, ty, today) {
            Some(value) => Answer::Likely(ask.field.clone(), value),
            None => Answer::Nothing,
        }
    }

    /// The answer is here: the question is closed and the flow goes on.
    pub(super) fn answered(
        &mut self,
        pc: Pc,
        ask: &Ask,
        key: &str,
        value: Value,
        by: &str,
    ) -> Went {
        let shown_as =
            if self.program.parties.contains_key(by) { self.party_name(by) } else { by.to_owned() };
        self.leave(&Closed::Answered { by: shown_as, choice: key.to_owned() });
        self.state.aside = None;
        self.state.misses = 0;
        self.set(&ask.field, value, by);
        Ok(Next::Step(pc + 1))
    }

    /// Puts the open question again, with built-in words before it. `only` narrows the choice.
    pub(super) fn put_again(&mut self, first: Option<&Wording>, only: Option<&[String]>) -> Went {
        let Position::At { anchor, rest: Rest::Asking(mut asking) } = self.state.position.clone()
        else {
            return self.ignore("not_concerned");
        };
        let ask = self.ask_at(&anchor)?;
        let mut buttons = self.buttons(ask)?;
        if let Some(only) = only {
            buttons.retain(|it| only.contains(&it.key));
        }
        let question = Some(asking.question);
        let mut message = Message { question, buttons, ..self.message(&ask.party, &ask.wording)? };
        if let Some(first) = first {
            message = before(first, message);
        }
        self.clear_timer(SILENCE);
        self.forget_notice(asking.question);
        match self.deliver_to_be_read(message, Some(&ask.field), ask.not_read.as_ref()).key() {
            Some(key) => asking.message = key,
            // Nobody plays this party any more: a person finds out who does.
            None => {
                self.open_task("no_party", None, Some(ask.field.clone()));
            }
        }
        self.rest(&anchor, Rest::Asking(asking))
    }

    /// The question was shown: its silence begins.
    pub(super) fn question_shown(&mut self, message: EffectKey) -> Went {
        let Position::At { anchor, rest: Rest::Asking(mut asking) } = self.state.position.clone()
        else {
            return self.ignore("receipt");
        };
        let ask = self.ask_at(&anchor)?;
        if asking.message != message || self.is_set(SILENCE) || self.held(&ask.party).is_some() {
            return self.ignore("receipt");
        }
        let gap = match &ask.silence {
            Some(silence) => gap(silence, asking.reminded),
            None => FORGOTTEN[(asking.reminded as usize).min(FORGOTTEN.len() - 1)],
        };
        let due = self.due(self.env.now, gap, &ask.party);
        asking.shown = asking.shown.or(Some(self.env.now));
        self.timer(SILENCE, due);
        self.rest(&anchor, Rest::Asking(asking))
    }

    /// Silence: the next reminder, or what comes after the last.
    pub(super) fn silent(&mut self) -> Went {
        let Position::At { anchor, rest: Rest::Asking(mut asking) } = self.state.position.clone()
        else {
            return self.ignore("stale_timer");
        };
        let (pc, ask) = (self.pc_of(&anchor)?, self.ask_at(&anchor)?);
        let reminders = ask.silence.as_ref().map_or(FORGOTTEN.len(), |it| it.remind.len());
        if (asking.reminded as usize) < reminders {
            asking.reminded += 1;
            self.rest(&anchor, Rest::Asking(asking))?;
            return self.put_again(None, None);
        }
        match ask.silence.as_ref().map(|it| &it.then) {
            Some(SilenceThen::Take(value)) => {
                self.leave(&Closed::Silence);
                self.set(&ask.field, value.clone(), "silence");
                Ok(Next::Step(pc + 1))
            }
            Some(SilenceThen::Go(to)) => {
                self.leave(&Closed::Silence);
                Ok(Next::Step(*to))
            }
            None => self.hold_here("silence", &ask.party),
        }
    }
}

/// The gap that is running after so many reminders.
fn gap(silence: &Silence, reminded: u32) -> Duration {
    silence.remind.get(reminded as usize).copied().unwrap_or(silence.after)
}

/// What a field takes for a button.
fn taken(button: &Button) -> Value {
    if button.value.is_null() { json!(button.key) } else { button.value.clone() }
}

fn offer(button: &Button) -> Offer {
    Offer { key: button.key.clone(), labels: button.label.values().cloned().collect() }
}

/// The choice that the words which started the conversation name already.
fn first_answer<'a>(words: &str, ask: &Ask, buttons: &'a [Button]) -> Option<&'a Button> {
    let leading = matches!(ask.answers, Answers::List(_));
    let offers: Vec<Offer> = buttons.iter().map(offer).collect();
    listen::mentioned(words, &offers, leading).map(|it| &buttons[it])
}

impl<'a> Cx<'a> {
    /// The ask that an anchor names.
    pub(super) fn ask_at(&self, anchor: &str) -> Result<&'a Ask, Fault> {
        match self.core(self.pc_of(anchor)?)? {
            crate::core::Core::Ask(ask) => Ok(ask),
            _ => Err(Fault::NoAnchor(anchor.to_owned())),
        }
    }
}
