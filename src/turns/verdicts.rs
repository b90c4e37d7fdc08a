//! Tells whoever tapped or gave a command in a chat app what became of it. At the desk a page waits
//! for that; in a chat nobody does, and silence after a tap reads as if it had counted.

use mendline_engine::effect::{Effect, Note, VerdictKind};
use mendline_engine::event::Event;
use mendline_engine::message::EffectKey;
use mendline_engine::state::{Position, Rest, State};
use mendline_engine::turn::Turn;

use super::Work;
use crate::house::House;
use crate::phrases::bound;
use crate::phrases::staff::{self, Did};
use crate::store::{AuditEntry, EffectRef, NewMessage, StoreError};

/// Why a second tap of the same choice is ignored, as the engine notes it.
const DOUBLED: &str = "duplicate_tap";

/// What became of what somebody did.
pub(super) struct Told {
    person: String,
    kind: VerdictKind,
    did: Did,
    /// The card, where it is about one.
    card: Option<EffectKey>,
}

/// What a turn says of what somebody did; nothing where nobody did anything that is judged.
pub(super) fn told(state: &State, event: &Event, taken: Option<&Turn>) -> Option<Told> {
    let effects = &taken?.effects;
    let verdict = effects.iter().rev().find_map(|it| match it {
        Effect::Verdict(verdict) => Some(verdict),
        _ => None,
    })?;
    let doubled =
        |it: &Effect| matches!(it, Effect::Noted(Note::Ignored { why }) if why == DOUBLED);
    let (did, card) = match event {
        Event::Desk { .. } => (Did::Handed, None),
        Event::Tapped { question, .. } if is_asked(state, *question) => (Did::Answered, None),
        Event::Tapped { .. } if effects.iter().any(doubled) => (Did::ChoseAgain, verdict.about),
        // Words may complete a choice that was tapped.
        Event::Tapped { .. } | Event::Said { .. } => (Did::Chose, verdict.about),
        _ => return None,
    };
    Some(Told { person: verdict.person.clone(), kind: verdict.verdict.clone(), did, card })
}

/// Whether a question is one that is answered, and no card.
fn is_asked(state: &State, question: EffectKey) -> bool {
    let aside = state.aside.as_ref().is_some_and(|it| it.question == question);
    let asks = matches!(
        &state.position,
        Position::At { rest: Rest::Asking(it), .. } if it.question == question
    );
    asks || aside
}

impl Work<'_> {
    /// Says it to the one who acted, where she acted in an app that others run. The person whose
    /// conversation it is hears it from the conversation itself.
    pub(super) async fn tell_who_acted(
        &mut self,
        house: &House,
        source: &str,
        told: Option<Told>,
    ) -> Result<(), StoreError> {
        let Some(Told { person, kind, did, card }) = told else { return Ok(()) };
        let chat = house.channels.get(source).is_some_and(|it| it.profile().intrudes);
        if !chat || person == self.conversation.principal {
            return Ok(());
        }
        let conversation = self.conversation.id.as_str();
        let refused = kind == VerdictKind::NotAllowed;
        if refused {
            let entry = AuditEntry {
                payer: self.conversation.payer.clone(),
                who: person.clone(),
                what: "not_allowed".into(),
                conversation: Some(conversation.to_owned()),
                at: self.now,
            };
            house.store.audit(&entry).await?;
        }
        // What she may not decide she may not look at either.
        let card = card.filter(|_| !refused);
        let card = card.map(|key| EffectRef { conversation: conversation.to_owned(), key });
        let link = house.links.desk(card.as_ref());
        let Some(message) = staff::verdict(&kind, did, conversation, link) else { return Ok(()) };
        let message = bound(message, source, None);
        let key = self.free;
        self.commit.messages.push(NewMessage { key, person, message, due: None, posted: None });
        self.free.index += 1;
        Ok(())
    }
}
