//! What staff do in a chat app: commands read by the desk's own reader, over the numbers that were
//! shown there. Whether somebody may, and who was first, is the turn's, as at the desk.
//!
//! A chat app may carry nothing private, so requests have numbers there, and words that name
//! somebody, a claim or a medicine are not taken.

use mendline_engine::clearance::LEVEL_FULL;
use mendline_engine::effect::VerdictKind;
use mendline_engine::event::{Event, Repair};
use mendline_engine::message::{Button, Message};
use mendline_engine::state::{Position, Rest};

use super::Router;
use crate::channels::Incoming;
use crate::desk::commands::{self, Command, Means, Said, Seen};
use crate::desk::look::{self, Listed};
use crate::desk::queue::{Item, Waiting};
use crate::desk::{discreet, guarded};
use crate::directory::is_staff;
use crate::phrases;
use crate::phrases::staff::{self, Did};
use crate::store::reach::Whose;
use crate::store::{AuditEntry, Conversation, EffectRef, PersonCommit, QuestionRow, StoreError};

/// What a chat app says where somebody begins to talk with the bot.
const BEGINS: &str = "/start";
/// Words beyond which a line without a slash is no command: "approve", "approve 2".
const BARE_WORDS_MAX: usize = 2;

impl Router<'_> {
    /// Whether she gives commands on a channel. Mails and text messages decide nothing.
    pub(super) fn gives_commands(&self, channel: &str) -> bool {
        let takes = self.house.channels.get(channel).is_some_and(|it| it.takes_commands());
        takes && self.role.as_deref().is_some_and(is_staff)
    }

    /// A member of staff in a chat app, at an address that she proved.
    pub(super) fn is_staff_in_chat(&self) -> bool {
        let source = self.arrival.source.as_str();
        self.gives_commands(source) && self.addresses.contains_key(source)
    }

    /// Whether she may still come in at the desk: who may not does nothing from a chat either.
    pub(super) async fn has_account(&self) -> Result<bool, StoreError> {
        let (payer, person) = (self.arrival.payer.clone(), self.arrival.person.clone());
        let whose = Whose { payer, person };
        let roles = self.house.store.entry().roles(&whose, self.house.demo).await?;
        Ok(!roles.is_empty())
    }

    /// Reads a command of staff's; answers whether it was one.
    pub(super) async fn command(
        &self,
        words: &str,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<bool> {
        if !self.is_staff_in_chat() {
            return Ok(false);
        }
        let Some(command) = self.read(words) else {
            return self.kept_back(words, commit).await;
        };
        let Some(person) = &self.look.person else { return Ok(false) };
        let shows = |token: &str| match &command {
            Command::Queue => true,
            Command::Bare(verb) => commands::could_mean(verb, token),
            _ => false,
        };
        let source = self.arrival.source.as_str();
        let Some(listed) = look::listed(self.house, person, source, shows).await? else {
            return Ok(false);
        };
        let Listed { items, rows, shown } = &listed;
        let seen = Seen { shown, items, rows, zone: &self.zone, now: commit.now };
        match commands::means(&command, seen) {
            Means::Say(Said::Shown(Item { waiting: Waiting::Card(row), .. })) => {
                // The conversation puts its card before her again, as it did first.
                let event = Event::Repair { party: row.party.clone(), repair: Repair::Repeat };
                commit.events.push((row.question.conversation.clone(), event));
            }
            Means::Say(said) => {
                let full = discreet::is_private(&said).then(|| commands::text(&said, seen));
                let answer = staff::answer(full, discreet::answer(&said, seen));
                commit.says.push(self.there(answer));
            }
            Means::Send { incoming, .. } => self.hand_in(incoming, items, commit).await?,
        }
        Ok(true)
    }

    /// A command, as the desk reads it. Without a slash it is one only where nothing else waits for
    /// words; the bare name of a choice always is, and decides nothing.
    fn read(&self, words: &str) -> Option<Command> {
        let line = words.trim();
        if line.eq_ignore_ascii_case(BEGINS) {
            return Some(Command::Help);
        }
        let slash = line.starts_with('/');
        let alone = commands::is_choice(line);
        let short = line.split_whitespace().count() <= BARE_WORDS_MAX;
        let plain = short && !self.awaits_words();
        commands::parse(line).filter(|_| slash || alone || plain)
    }

    /// The conversation of the question that she was shown last here.
    fn talk(&self) -> Option<&Conversation> {
        let of = &self.focus()?.question.conversation;
        self.look.named.iter().chain(&self.look.open).find(|it| it.id == *of)
    }

    /// Whether what she writes is an answer: to a question, or for a choice that she tapped.
    fn awaits_words(&self) -> bool {
        match self.talk().map(|it| &it.state.position) {
            Some(Position::At { rest: Rest::Asking(_), .. }) => true,
            Some(Position::At { rest: Rest::Deciding(open), .. }) => {
                open.pending.as_ref().is_some_and(|it| {
                    it.person == self.arrival.person && self.house.clock.now() <= it.until
                })
            }
            _ => false,
        }
    }

    /// Words for a choice that she tapped, where they may not go this way; answers whether they were
    /// kept back.
    async fn kept_back(&self, words: &str, commit: &mut PersonCommit) -> anyhow::Result<bool> {
        let Some(focus) = self.focus().filter(|_| self.awaits_words()) else { return Ok(false) };
        let about = &focus.question;
        if !self.names_somebody(&[words], &about.conversation).await? {
            return Ok(false);
        }
        commit.says.push(self.there(staff::too_private(self.house.links.desk(Some(about)))));
        Ok(true)
    }

    /// Hands in what a command means, unless its words may not go this way.
    async fn hand_in(
        &self,
        incoming: Incoming,
        items: &[Item],
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        let (about, buttons) = match &incoming {
            Incoming::Tap { question, .. } => (question.clone(), buttons_of(items, question)),
            Incoming::Desk { handoff, .. } => (handoff.clone(), &[][..]),
            _ => return Ok(()),
        };
        let typed = guarded::typed(&incoming, buttons);
        if self.names_somebody(&typed, &about.conversation).await? {
            let card = matches!(incoming, Incoming::Tap { .. }).then_some(&about);
            commit.says.push(self.there(staff::too_private(self.house.links.desk(card))));
            return Ok(());
        }
        match incoming {
            Incoming::Tap { question, choice, with } => {
                self.tapped(question, choice, with, commit).await?;
            }
            Incoming::Desk { handoff, action } => {
                let event = Event::Desk { handoff: handoff.key, actor: self.actor(), action };
                commit.events.push((handoff.conversation, event));
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether words name what this channel may not carry.
    async fn names_somebody(&self, typed: &[&str], conversation: &str) -> Result<bool, StoreError> {
        if typed.is_empty() || self.carries_everything() {
            return Ok(false);
        }
        let (store, payer) = (&self.house.store, &self.arrival.payer);
        let Some(talk) = store.conversation(payer, conversation).await? else { return Ok(false) };
        let who = store.person(payer, &talk.principal).await?;
        let names: Vec<_> = who.iter().map(|it| it.name.as_str()).collect();
        let private = guarded::private(&talk.state.fields, &names);
        Ok(typed.iter().any(|it| guarded::names(it, &private)))
    }

    fn carries_everything(&self) -> bool {
        let source = self.arrival.source.as_str();
        let Some(channel) = self.house.channels.get(source) else { return false };
        let (profile, role) = (channel.profile(), self.role.as_deref().unwrap_or_default());
        let agreed = self.look.person.as_ref().and_then(|it| it.consents.get(source));
        let agreed = agreed.map_or(&[][..], Vec::as_slice);
        let own = (profile.name, profile.level);
        self.house.clearance.level(own, role, agreed, self.house.clock.now()) >= LEVEL_FULL
    }

    /// A tap that names no request that there is: made up, forwarded, or long gone.
    pub(super) fn nothing_there(&self, commit: &mut PersonCommit) {
        if self.is_staff_in_chat() {
            commit.says.push(self.there(staff::no_such_choice(self.house.links.desk(None))));
        }
    }

    /// A card that is not hers, or not any more: refused and noted, as at the desk.
    pub(super) async fn refuse(
        &self,
        question: &EffectRef,
        commit: &mut PersonCommit,
    ) -> Result<(), StoreError> {
        let conversation = question.conversation.as_str();
        let entry = AuditEntry {
            payer: self.arrival.payer.clone(),
            who: self.arrival.person.clone(),
            what: "card_not_theirs".into(),
            conversation: Some(conversation.to_owned()),
            at: commit.now,
        };
        self.house.store.audit(&entry).await?;
        let link = self.house.links.desk(None);
        let (kind, did) = (VerdictKind::NotAllowed, Did::Chose);
        let refused = staff::verdict(&kind, did, conversation, link);
        commit.says.extend(refused.map(|it| self.there(it)));
        Ok(())
    }

    /// A decision that needs one more proof.
    pub(super) fn needs_proof(&self, question: &EffectRef) -> Message {
        let link = self.house.links.desk(Some(question));
        self.there(staff::needs_proof(&question.conversation, link))
    }

    /// Goes to where she just wrote, and nowhere else.
    fn there(&self, message: Message) -> Message {
        phrases::bound(message, &self.arrival.source, None)
    }
}

fn buttons_of<'a>(items: &'a [Item], question: &EffectRef) -> &'a [Button] {
    let card = |it: &'a Item| match &it.waiting {
        Waiting::Card(row) => Some(row.as_ref()).filter(|it| it.question == *question),
        Waiting::Handoff(_) => None,
    };
    items.iter().find_map(card).map_or(&[], |it: &QuestionRow| it.message.buttons.as_slice())
}
