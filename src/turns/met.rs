//! Whom an event meets: what is known as it is applied, and who it is that acts.

use std::borrow::Cow;

use mendline_engine::core::Program;
use mendline_engine::effect::{Closed, Effect};
use mendline_engine::event::{Actor, Event};
use mendline_engine::message::EffectKey;
use mendline_engine::state::{Fields, Position, Rest, State};

use crate::directory::{self, Directory};

/// What the conversation knows as the event is applied: a start brings its first fields along,
/// and whoever they name must be known in the very first turn.
pub(super) fn known_fields<'f>(state: &'f State, event: &Event) -> Cow<'f, Fields> {
    match event {
        Event::Started { fields, .. } if !fields.is_empty() => {
            let mut all = state.fields.clone();
            all.extend(fields.clone());
            Cow::Owned(all)
        }
        _ => Cow::Borrowed(&state.fields),
    }
}

/// The number of the claim that the conversation is about, once it knows.
pub(super) fn claim_number<'f>(program: &Program, fields: &'f Fields) -> Option<&'f str> {
    directory::claim_of(program, fields)?["number"].as_str()
}

/// Fills in who acts, as of this moment: the party they play, the authorities they hold.
pub(super) fn identify(event: Event, directory: &Directory) -> Event {
    let fill = |mut actor: Actor| {
        actor.party = directory.party_of(&actor.person);
        actor.authorities = directory.authorities(&actor.person);
        if let Some(party) = actor.party.as_ref().and_then(|it| directory.parties.get(it)) {
            actor.name = party.name.clone();
        }
        actor
    };
    match event {
        Event::Tapped { actor, question, choice, with } => {
            Event::Tapped { actor: fill(actor), question, choice, with }
        }
        Event::Desk { handoff, actor, action } => {
            Event::Desk { handoff, actor: fill(actor), action }
        }
        other => other,
    }
}

/// The question that somebody answered by this event, who, and on which channel. What was decided is
/// settled wherever its cards stand, and continued nowhere.
pub(super) fn answered(
    effect: &Effect,
    before: &State,
    (event, source): (&Event, &str),
    directory: &Directory,
) -> Option<(EffectKey, String, String)> {
    let Effect::Close { question, why: Closed::Answered { .. } } = effect else { return None };
    match &before.position {
        Position::At { rest: Rest::Asking(asking), .. } if asking.question == *question => {}
        _ => return None,
    }
    let person = match event {
        Event::Tapped { actor, .. } => actor.person.clone(),
        Event::Said { party, .. } => directory.parties.get(party)?.person.clone(),
        _ => return None,
    };
    Some((*question, person, source.to_owned()))
}

/// Which effect of its turn.
pub(super) fn counted(index: usize) -> u32 {
    u32::try_from(index).expect("a turn has a bounded number of effects")
}
