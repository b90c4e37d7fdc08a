//! Handoffs: giving the conversation to a person, as a position or as an overlay (rule 10).

use crate::core::{Core, Handoff, Pc};
use crate::effect::{Effect, Note, OpenHandoff};
use crate::message::{EffectKey, Message};
use crate::phrases::{self, Phrase};
use crate::state::{Hold, Position, Rest, Resume};
use crate::text::{Path, Typed, Values};
use crate::time::{Duration, Timestamp, Unit};
use crate::turn::cx::Cx;
use crate::turn::rest::SILENCE;
use crate::turn::{Fault, Next, Went};
use crate::types::Type;

/// The desk where a catalog names none. The shell shows it to everybody at work.
const ANY_DESK: &str = "desk";

/// The anchor of a conversation that fell before it came to its first rest.
const START: &str = "start";

/// An office that opens later than this is closed now: one minute of its time, and one more.
const CLOSED_MS: i64 = 2 * 60_000;

/// How long a person has to tell somebody whom no channel reaches (domain facts 4.3: by mail or
/// telephone). Ours: by the end of the next working day she has heard.
const TOLD_WITHIN: Duration = Duration { amount: 1, unit: Unit::BusinessDay };

/// How a handoff is opened.
struct Opening {
    why: String,
    desk: String,
    party: Option<String>,
    says: Option<Message>,
    save: Option<String>,
    closed: Vec<String>,
    retry: bool,
    next: Phrase,
    anchor: Option<String>,
    resume: Option<Resume>,
    due: Option<Timestamp>,
}

impl Cx<'_> {
    /// `handoff`.
    pub(super) fn hand_off(&mut self, handoff: &Handoff) -> Went {
        let desk = handoff.desk.clone();
        let said = |wording| self.message(&self.program.principal, wording);
        let says = handoff.why.as_ref().map(said).transpose()?;
        let key = self.open_hold(Opening {
            why: "flow".to_owned(),
            desk,
            party: self.present_principal(),
            says,
            save: handoff.save.clone(),
            closed: handoff.closed.clone(),
            retry: true,
            next: Phrase::NextGoesOn,
            anchor: Some(handoff.anchor.clone()),
            resume: None,
            due: self.promised(handoff),
        });
        self.rest(&handoff.anchor, Rest::HandedOff { handoff: key })
    }

    /// A built-in handoff in place of the step at `pc`: `retry` leads back there. What was
    /// open before has been left.
    pub(super) fn hand_over_at(&mut self, why: &str, pc: Pc, save: Option<&str>) -> Went {
        let resume = self.resume_at(pc);
        let anchor = resume.anchor.clone().unwrap_or_else(|| START.to_owned());
        let key = self.open_hold(Opening {
            why: why.to_owned(),
            desk: self.human_desk(),
            party: self.present_principal(),
            says: None,
            save: save.map(str::to_owned),
            closed: Vec::new(),
            retry: true,
            next: Phrase::NextRetries,
            anchor: None,
            resume: Some(resume),
            due: None,
        });
        self.rest(&anchor, Rest::HandedOff { handoff: key })
    }

    /// A hold over the position, which stays: the bot is mute toward the party, and what it
    /// asked there waits.
    pub(super) fn hold_here(&mut self, why: &str, party: &str) -> Went {
        if self.held(party).is_some() && why != "danger" {
            self.say_phrase(party, Phrase::PersonKnows, Values::new());
            return self.ignore("held");
        }
        let asked = self.asked_of(party);
        if asked.is_some() {
            self.clear_timer(SILENCE);
        }
        let next = match &self.state.position {
            Position::At { rest: Rest::Deciding(_), .. } => Phrase::NextWaitsForDecision,
            Position::At { rest: Rest::Asking(_), .. } => Phrase::NextAsks,
            Position::At { .. } | Position::Start => Phrase::NextGoesOn,
            Position::Ended => Phrase::NextNothing,
        };
        self.open_hold(Opening {
            why: why.to_owned(),
            desk: self.human_desk(),
            party: Some(party.to_owned()),
            says: None,
            save: asked,
            closed: Vec::new(),
            retry: true,
            next,
            anchor: None,
            resume: None,
            due: None,
        });
        Ok(Next::Rest)
    }

    /// A task for staff that holds nobody. One without words of its own is opened once.
    pub(super) fn open_task(
        &mut self,
        why: &str,
        says: Option<Message>,
        save: Option<String>,
    ) -> EffectKey {
        let same = |it: &&Hold| {
            it.why == why && it.party.is_none() && it.resume.is_none() && it.save == save
        };
        if says.is_none()
            && let Some(open) = self.state.holds.iter().find(same)
        {
            let open = open.handoff;
            self.note(Note::Ignored { why: "held".to_owned() });
            return open;
        }
        let desk = self.human_desk();
        let zone = self.zone(&self.program.principal);
        let due = (why == "undeliverable")
            .then(|| self.env.calendars.due(self.env.now, TOLD_WITHIN, None, zone));
        self.open_staff_task(why, desk, (says, save), due)
    }

    /// A task for staff to tell somebody what was read on no channel.
    pub(super) fn open_told(
        &mut self,
        why: &str,
        desk: String,
        says: Message,
        save: Option<String>,
        due: Timestamp,
    ) -> EffectKey {
        self.open_staff_task(why, desk, (Some(says), save), Some(due))
    }

    fn open_staff_task(
        &mut self,
        why: &str,
        desk: String,
        (says, save): (Option<Message>, Option<String>),
        due: Option<Timestamp>,
    ) -> EffectKey {
        self.open_hold(Opening {
            why: why.to_owned(),
            desk,
            party: None,
            says,
            save,
            closed: Vec::new(),
            retry: false,
            next: Phrase::NextNothing,
            anchor: None,
            resume: None,
            due,
        })
    }

    /// A fault: a person comes, and `retry` leads back to the step that failed.
    pub(super) fn fall(&mut self, fault: &Fault) -> Went {
        self.note(Note::Fault { what: fault.to_string() });
        let why = if matches!(fault, Fault::NoParty(_)) { "no_party" } else { "fault" };
        match self.at {
            Some(pc) => {
                let save = match self.program.steps.get(pc) {
                    Some(Core::Ask(ask)) => Some(ask.field.clone()),
                    _ => None,
                };
                self.hand_over_at(why, pc, save.as_deref())
            }
            None => {
                self.open_task(why, None, None);
                Ok(Next::Rest)
            }
        }
    }

    fn open_hold(&mut self, opening: Opening) -> EffectKey {
        if let Some(party) = opening.party.clone().filter(|it| self.held(it).is_none())
            && opening.why != "danger"
        {
            self.tell_handed_off(&party);
        }
        let typed = |field: &String| {
            let ty = self.program.fields.get(field).map_or(Type::Text, |it| it.ty.clone());
            (field.clone(), ty)
        };
        let open = OpenHandoff {
            desk: opening.desk.clone(),
            party: opening.party.clone(),
            why: opening.why.clone(),
            says: opening.says,
            save: opening.save.as_ref().map(typed),
            closed: opening.closed,
            retry: opening.retry,
            next: phrases::words(opening.next),
            due: opening.due,
        };
        let handoff = self.emit(Effect::OpenHandoff(open));
        self.state.holds.push(Hold {
            handoff,
            desk: opening.desk,
            party: opening.party,
            holder: None,
            anchor: opening.anchor,
            why: opening.why,
            resume: opening.resume,
            save: opening.save,
        });
        handoff
    }

    /// Tells the party that a person comes, and when, if the office is closed now.
    fn tell_handed_off(&mut self, party: &str) {
        let now = self.env.now;
        let soon = Duration { amount: 1, unit: Unit::BusinessMinute };
        let first_minute = self.env.calendars.due(now, soon, None, self.zone(party));
        let opens = first_minute.plus_ms(-60_000);
        if opens.0 - now.0 <= CLOSED_MS {
            return self.say_phrase(party, Phrase::HandoffTold, Values::new());
        }
        let when = Typed { value: opens.to_string().into(), ty: Type::Instant };
        self.say_phrase(party, Phrase::CallBack, Values::from([(Path("when".into()), when)]));
    }

    /// The field that this party is being asked for.
    pub(super) fn asked_of(&self, party: &str) -> Option<String> {
        let Position::At { anchor, rest: Rest::Asking(_) } = &self.state.position else {
            return None;
        };
        let ask = self.ask_at(anchor).ok()?;
        (ask.party == party).then(|| ask.field.clone())
    }

    /// The principal, if there is such a person and she takes part. A conversation that never
    /// spoke with her and that she never spoke in is a task for staff, and holds nobody.
    fn present_principal(&self) -> Option<String> {
        let principal = &self.program.principal;
        let state = self.state.parties.get(principal)?;
        let takes_part = state.addressed || state.spoke.is_some();
        self.party(principal).filter(|_| takes_part).map(|_| principal.clone())
    }

    /// By when it was promised, where the flow names a moment and it is known.
    fn promised(&self, handoff: &Handoff) -> Option<Timestamp> {
        let value = self.value_at(handoff.due.as_ref()?)?;
        self.moment(&value)
    }

    /// The desk for "a person".
    fn human_desk(&self) -> String {
        let own = self.program.interrupts.human.clone();
        own.or_else(|| self.env.catalog.desks.keys().next().cloned())
            .unwrap_or_else(|| ANY_DESK.to_owned())
    }
}
