//! What changes where a person is reached: addresses that are linked and given back, STOP, START
//! and HELP, and what she agrees to by any of them. No flow hears these words.

use mendline_engine::consent::EVERYTHING;
use mendline_engine::message::{Message, MessageKind};

use super::{Router, WORKER};
use crate::channels::web::WEB;
use crate::dispatch;
use crate::phrases::{self, Phrase};
use crate::store::consent::{Act, Consent, Evidence, Method};
use crate::store::reach::Whose;
use crate::store::{PersonCommit, PersonFact, Proof, StoreError};
use crate::understand;

impl Router<'_> {
    /// What a channel's rules make us hear before anything else does. Answers whether it was that.
    pub(super) fn rules_of_the_channel(&self, words: &str, commit: &mut PersonCommit) -> bool {
        let source = self.arrival.source.as_str();
        let channel = self.house.channels.get(source);
        let intrudes = channel.is_some_and(|it| it.profile().intrudes);
        if intrudes && understand::opts_out(words) {
            let how = (Method::Word, Some(words));
            commit.facts.push(self.consent(source, Act::Revoked, phrases::OPTED_OUT, how));
            // Said once, at once, where it was asked for; the last thing that is said there.
            if !self.opted_out {
                commit.says.push(self.here(phrases::OPTED_OUT));
            }
            return true;
        }
        // "Sí" opens nothing that was not closed: it is an answer.
        if self.opted_out && understand::opts_in(words) {
            let how = (Method::Word, Some(words));
            commit.facts.push(self.consent(source, Act::Given, phrases::OPTED_IN, how));
            commit.says.push(self.say(phrases::OPTED_IN, MessageKind::Reply));
            return true;
        }
        let carried = channel.is_some_and(|it| it.carrier_rules());
        if carried && understand::asks_who_writes(words) {
            let help = phrases::who_writes(&self.house.links.programme());
            commit.says.push(phrases::bound(help, source, None));
            return true;
        }
        false
    }

    pub(super) fn linked(
        &self,
        channel: String,
        address: String,
        how: Proof,
        commit: &mut PersonCommit,
    ) {
        let is_staff = self.role.as_deref().is_some_and(|it| it != WORKER);
        let linked = match is_staff {
            true if self.gives_commands(&channel) => phrases::STAFF_LINKED_CHAT,
            true => phrases::STAFF_LINKED,
            false => phrases::LINKED,
        };
        let (read, language) = (phrases::version(linked), &self.language);
        let mut agreed = Consent::to_everything(&channel, Method::Link, &read, language);
        agreed.evidence.address = Some(address.clone());
        commit.facts.push(PersonFact::Linked { channel, address, how });
        commit.facts.push(PersonFact::Consent(Box::new(agreed)));
        commit.says.push(self.say(linked, MessageKind::Reply));
    }

    /// Her link, to the contact on file.
    pub(super) fn invitation(&self, channel: &str, address: &str, commit: &mut PersonCommit) {
        let (house, it) = (self.house, self.arrival);
        let whose = Whose { payer: it.payer.clone(), person: it.person.clone() };
        if let Some(link) = house.links.chat(&house.vault, house.clock.now(), &whose) {
            let message = phrases::invitation(&house.links.programme(), &link);
            commit.says.push(phrases::bound(message, channel, Some(address)));
        }
    }

    /// Nothing can be delivered there any more.
    pub(super) fn left(&self, channel: String, commit: &mut PersonCommit) {
        let how = (Method::Carrier, None);
        commit.facts.push(self.consent(&channel, Act::Revoked, phrases::UNLINKED, how));
        commit.facts.push(PersonFact::Unlinked { channel });
    }

    /// Somebody at her address says not to be her: nothing that was sent there opens her chat any
    /// more, and she is told wherever else she is reached.
    pub(super) fn not_me(&self, channel: String, commit: &mut PersonCommit) {
        let how = (Method::Word, None);
        commit.facts.push(self.consent(&channel, Act::Revoked, phrases::UNLINKED, how));
        commit.facts.push(PersonFact::NothingBefore(commit.now));
        let others = self.addresses.keys().filter(|it| **it != channel);
        let told = others.filter_map(|it| self.house.channels.get(it.as_str()));
        for it in told {
            let profile = it.profile();
            // She did not write: where it would wake her it keeps quiet hours.
            let kind = if profile.intrudes { MessageKind::Proactive } else { MessageKind::Reply };
            let message = phrases::message(phrases::UNLINKED, "worker", kind);
            commit.says.push(phrases::bound(message, profile.name, None));
        }
        commit.facts.push(PersonFact::Unlinked { channel });
    }

    /// She goes on here with what she was asked on another channel: said there, once, where what
    /// stands there cannot be changed. Not at night: by the morning it is no news.
    pub(super) async fn goes_on(&self, commit: &mut PersonCommit) -> Result<(), StoreError> {
        let moves = commit.facts.iter().any(|it| matches!(it, PersonFact::At { .. }));
        let before = self.at.as_deref().unwrap_or(WEB);
        let Some(there) = self.house.channels.get(before).filter(|it| moves && !it.closes()) else {
            return Ok(());
        };
        let (payer, person) = (&self.arrival.payer, &self.arrival.person);
        let Some(asked) = self.house.store.focus(payer, person, before).await? else {
            return Ok(());
        };
        let here = commit.events.iter().any(|(id, _)| *id == asked.question.conversation);
        let wakes = there.profile().intrudes;
        if !here || (wakes && dispatch::is_night(&self.zone, commit.now)) {
            return Ok(());
        }
        let kind = if wakes { MessageKind::Proactive } else { MessageKind::Reply };
        let message = phrases::message(phrases::CONTINUED, "worker", kind);
        commit.says.push(phrases::bound(message, before, None));
        Ok(())
    }

    /// A phrase that goes nowhere but to where she just wrote.
    fn here(&self, phrase: Phrase) -> Message {
        let message = phrases::message(phrase, "worker", MessageKind::Duty);
        phrases::bound(message, &self.arrival.source, None)
    }

    fn consent(
        &self,
        channel: &str,
        act: Act,
        read: Phrase,
        (method, words): (Method, Option<&str>),
    ) -> PersonFact {
        PersonFact::Consent(Box::new(Consent {
            channel: channel.to_owned(),
            purpose: EVERYTHING.to_owned(),
            act,
            wording: phrases::version(read),
            method,
            language: self.language.clone(),
            evidence: Evidence {
                address: self.addresses.get(channel).cloned(),
                words: words.map(str::to_owned),
            },
        }))
    }
}
