//! Saying things: a message with its values, and the one way that every message goes.

use serde_json::json;

use crate::core::{Pc, Say};
use crate::effect::{Draft, Effect, Note};
use crate::message::{EffectKey, Message, MessageKind};
use crate::phrases::{self, Phrase};
use crate::text::{Path, Typed, Values, Wording};
use crate::turn::cx::Cx;
use crate::turn::{Fault, Next, REPLY_MS, Went};
use crate::types::{Type, Words};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Delivered {
    /// It goes out.
    Sent(EffectKey),
    /// A person holds the conversation toward the party, and sees it as a draft.
    Drafted(EffectKey),
    /// The party has no address; a desk has a phone or fax task now.
    Task(EffectKey),
    /// There is no such person.
    Nobody,
}

impl Delivered {
    /// The effect that carries the message, if one does.
    pub(super) fn key(self) -> Option<EffectKey> {
        match self {
            Delivered::Sent(key) | Delivered::Drafted(key) | Delivered::Task(key) => Some(key),
            Delivered::Nobody => None,
        }
    }
}

impl Cx<'_> {
    /// `say` and `tell`.
    pub(super) fn say(&mut self, pc: Pc, say: &Say) -> Went {
        if self.party(&say.party).is_none() {
            if !self.is_optional(&say.party) {
                return Err(Fault::NoParty(say.party.clone()));
            }
            self.note(Note::NobodyToTell { party: say.party.clone() });
            return Ok(Next::Step(pc + 1));
        }
        let message = self.message(&say.party, &say.wording)?;
        self.deliver_to_be_read(message, None, say.not_read.as_ref());
        self.told.push(say.party.clone());
        Ok(Next::Step(pc + 1))
    }

    /// Whether the flow goes on without this party.
    pub(super) fn is_optional(&self, party: &str) -> bool {
        self.program.parties.get(party).is_some_and(|it| it.optional)
    }

    /// A message of the flow, its values resolved now.
    pub(super) fn message(&self, party: &str, wording: &Wording) -> Result<Message, Fault> {
        Ok(Message {
            party: party.to_owned(),
            kind: self.kind(party),
            wording: wording.clone(),
            values: self.values(wording)?,
            buttons: Vec::new(),
            question: None,
            card: None,
            notice: None,
        })
    }

    /// A message in built-in words.
    pub(super) fn phrase(&self, party: &str, phrase: Phrase, values: Values) -> Message {
        Message {
            party: party.to_owned(),
            kind: self.kind(party),
            wording: phrases::wording(phrase),
            values,
            buttons: Vec::new(),
            question: None,
            card: None,
            notice: None,
        }
    }

    /// Says built-in words to a party.
    pub(super) fn say_phrase(&mut self, party: &str, phrase: Phrase, values: Values) {
        let message = self.phrase(party, phrase, values);
        self.deliver(message);
    }

    /// Whether we answer this party or speak first.
    pub(super) fn kind(&self, party: &str) -> MessageKind {
        if self.from.as_deref() == Some(party) {
            MessageKind::Reply
        } else {
            MessageKind::Proactive
        }
    }

    /// Remembers whose event this is: what is said to that party now is a reply.
    pub(super) fn hears(&mut self, party: &str) {
        self.from = Some(party.to_owned());
        let now = self.env.now;
        self.party_state(party).spoke = Some(now);
    }

    /// A call returned: what it brings still answers the party that spoke last, if just now.
    pub(super) fn still_hears(&mut self) {
        let now = self.env.now.0;
        let spoke = self.state.parties.iter().filter_map(|(name, it)| Some((it.spoke?, name)));
        let last = spoke.max_by_key(|(at, _)| *at);
        self.from = last.filter(|(at, _)| now - at.0 <= REPLY_MS).map(|(_, name)| name.clone());
    }

    /// Sends a message, or gives it to whoever stands between: the holder of a hold (the bot
    /// is mute then, rule 10), a desk where the party has no address (rule 11).
    pub(super) fn deliver(&mut self, message: Message) -> Delivered {
        self.deliver_asking(message, None)
    }

    /// The same for a question: where it becomes a task, its answer may be typed in there.
    pub(super) fn deliver_asking(&mut self, message: Message, field: Option<&str>) -> Delivered {
        let party = message.party.clone();
        let Some(there) = self.party(&party) else {
            self.note(Note::NobodyToTell { party });
            return Delivered::Nobody;
        };
        let (person, reachable) = (there.person.clone(), there.reachable);
        let closing = message.kind == MessageKind::Closing;
        let heard = self.party_state(&party);
        heard.person = Some(person);
        heard.addressed = true;
        heard.heard_end &= closing;
        let muted = message.kind != MessageKind::Safety && message.kind != MessageKind::Person;
        if let Some(handoff) = self.held(&party).filter(|_| muted) {
            let draft = Draft::WouldSay(message);
            return Delivered::Drafted(self.emit(Effect::Draft { handoff, draft }));
        }
        if reachable {
            return Delivered::Sent(self.emit(Effect::Send(message)));
        }
        Delivered::Task(self.open_task("undeliverable", Some(message), field.map(str::to_owned)))
    }

    /// The handoff that holds a party, if one does.
    pub(super) fn held(&self, party: &str) -> Option<EffectKey> {
        let hold = self.state.holds.iter().find(|it| it.party.as_deref() == Some(party));
        hold.map(|it| it.handoff)
    }
}

/// Puts built-in words before a message, so that both arrive as one.
pub(super) fn before(phrase: &Wording, mut message: Message) -> Message {
    let Wording { words, private, .. } = &mut message.wording;
    for (language, template) in words.iter_mut().chain(private.iter_mut()) {
        let first = phrase.words.get(language).or_else(|| phrase.words.get(phrases::FALLBACK));
        if let Some(first) = first {
            *template = phrases::join(first, template);
        }
    }
    message.wording.labels = message.wording.labels.join(phrase.labels);
    if !message.wording.private.is_empty() {
        message.wording.private_labels = message.wording.private_labels.join(phrase.labels);
    }
    message
}

/// A value of built-in words: plain text.
pub(super) fn text(name: &str, value: impl Into<String>) -> (Path, Typed) {
    (Path(name.to_owned()), Typed { value: json!(value.into()), ty: Type::Text })
}

/// A value of built-in words that exists in every language: a choice's label. It travels as a
/// reason does, so that each reader gets her own.
pub(super) fn label(name: &str, key: &str, words: &Words) -> (Path, Typed) {
    let value = json!({ "code": key, "words": words });
    (Path(name.to_owned()), Typed { value, ty: Type::Reason })
}
