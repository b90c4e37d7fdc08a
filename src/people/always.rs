//! What is always in reach, whatever else is open: a call, who can see this, and a person for what
//! she sends that is not words. None of them touches the matter that she is in; its question stays
//! as it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use mendline_engine::core::Program;
use mendline_engine::event::{Event, Repair};
use mendline_engine::message::MessageKind;
use mendline_engine::time::{Duration, Timestamp, Unit, zone};
use serde_json::json;

use super::{Router, WORKER};
use crate::channels::inward::NoFile;
use crate::directory;
use crate::house::House;
use crate::phrases::{self, always};
use crate::store::{Conversation, PersonCommit};
use crate::turns;
use crate::understand::When;

/// The flow of a call that was promised.
const CALL_FLOW: &str = "call_me";
/// The flow of what somebody must look at.
const LOOK_FLOW: &str = "look_at_file";
/// How a file reads among the words for whoever has the talk in hand.
const SENT_FILE: &str = "[sent a file]";
/// How soon "now" is, in office time: long enough for whoever is at work to end another call.
const SOON: Duration = Duration { amount: 1, unit: Unit::BusinessHour };
/// Days within which an office opens again; longer than any holidays in a row.
const OPENS_WITHIN_DAYS: u64 = 14;
/// Who may see something of a worker's where no flow says who takes part.
const USUAL: [&str; 4] = ["adjuster", "supervisor", "pharmacy", "prescriber"];

impl Router<'_> {
    /// Promises a call, and gives somebody the task, with its clock. `words` are what whoever talks
    /// with her already should read.
    pub(super) async fn call_me(
        &self,
        when: When,
        words: &str,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        if !self.is_worker() {
            // Visitors have no number on file; staff have each other's.
            let phrase = if self.is_visitor() { phrases::WAY_IN } else { always::NO_CALL };
            commit.says.push(self.say(phrase, MessageKind::Reply));
            return Ok(());
        }
        let open = self.open();
        if let Some((talk, party)) = self.in_hand(&open).await? {
            let event = Event::Said { party, words: words.to_owned(), question: None };
            commit.events.push((talk, event));
            return Ok(());
        }
        if open.iter().any(|it| it.flow == CALL_FLOW) {
            commit.says.push(self.say(always::CALL_KNOWN, MessageKind::Reply));
            return Ok(());
        }
        let (payer, person) = (&self.arrival.payer, &self.arrival.person);
        let phone = directory::phone(self.house, payer, person).await?;
        match (phone, self.house.flows.current(CALL_FLOW)) {
            (Some(phone), Some(program)) => {
                let by = call_by(self.house, when, commit.now, &self.zone);
                let fields = BTreeMap::from([
                    ("phone".to_owned(), json!(phone)),
                    ("call_by".to_owned(), json!(by.to_string())),
                ]);
                commit.begins.push(self.begin(&program, fields, None));
                commit.says.push(always::promised(&phone, by));
                Ok(())
            }
            (None, _) => {
                commit.says.push(self.say(always::NO_NUMBER, MessageKind::Reply));
                self.repair(Repair::Human, commit).await
            }
            (_, None) => self.repair(Repair::Human, commit).await,
        }
    }

    /// Passes on what she sent that is not words, to whoever talks with her or to somebody who will,
    /// and says that we cannot read it; or says why it was not kept.
    pub(super) async fn file(
        &self,
        kept: Result<String, NoFile>,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        if !self.is_worker() {
            commit.says.push(self.say(phrases::NOT_WORDS, MessageKind::Reply));
            return Ok(());
        }
        if let Err(why) = kept {
            commit.says.push(self.say(always::no_file(why), MessageKind::Reply));
            return Ok(());
        }
        let open = self.open();
        let looked = open.iter().find(|it| it.flow == LOOK_FLOW);
        let talk = match (self.in_hand(&open).await?, looked) {
            (Some(talk), _) => Some(talk),
            (None, Some(talk)) => Some((talk.id.clone(), self.party(talk).await?)),
            (None, None) => None,
        };
        if let Some((talk, party)) = talk {
            let event = Event::Said { party, words: SENT_FILE.to_owned(), question: None };
            commit.events.push((talk, event));
            commit.says.push(self.say(always::FILE_PASSED, MessageKind::Reply));
            return Ok(());
        }
        match self.house.flows.current(LOOK_FLOW) {
            Some(program) => commit.begins.push(self.begin(&program, BTreeMap::new(), None)),
            None => {
                commit.says.push(self.say(always::FILE_PASSED, MessageKind::Reply));
                self.repair(Repair::Human, commit).await?;
            }
        }
        Ok(())
    }

    /// Says who may read what she writes, in the flow that she is in.
    pub(super) async fn who_sees(&self, commit: &mut PersonCommit) -> anyhow::Result<()> {
        if !self.is_worker() {
            commit.says.push(self.say(phrases::WAY_IN, MessageKind::Reply));
            return Ok(());
        }
        let open = self.open();
        let here = self.focus().map(|it| it.question.conversation.clone());
        let talk = here.and_then(|id| open.iter().find(|it| it.id == id)).or(open.first());
        let mut roles: Vec<String> = match talk {
            Some(talk) => roles_of(&turns::version(self.house, &talk.flow_hash).await?),
            None => Vec::new(),
        };
        if roles.is_empty() {
            roles = USUAL.iter().map(|it| (*it).to_owned()).collect();
        }
        let house = self.house;
        let level = |role: &str| {
            let profiles = house.channels.values().map(|it| it.profile());
            let levels = profiles
                .map(|it| house.clearance.level((it.name, it.level), role, &[], house.clock.now()));
            levels.max().unwrap_or_default()
        };
        commit.says.push(always::who_sees(&roles, level));
        Ok(())
    }

    /// The talk that a person has in hand with her now, and her party in it: there the bot is mute.
    async fn in_hand(&self, open: &[Conversation]) -> anyhow::Result<Option<(String, String)>> {
        for talk in open {
            let party = self.party(talk).await?;
            let mut holds = talk.state.holds.iter();
            if holds.any(|it| it.party.as_ref() == Some(&party) && it.holder.is_some()) {
                return Ok(Some((talk.id.clone(), party)));
            }
        }
        Ok(None)
    }
}

/// The roles that take part beside her, in the order of the flow.
fn roles_of(program: &Arc<Program>) -> Vec<String> {
    let roles = program.parties.values().map(|it| it.role.clone());
    let mut others: Vec<String> = roles.filter(|it| it != WORKER).collect();
    others.dedup();
    others
}

/// The moment that is promised: an hour of office time from now, or the end of an office's day.
fn call_by(house: &House, when: When, now: Timestamp, zone_name: &str) -> Timestamp {
    let today = now.day(zone::zone(zone_name));
    let from = match when {
        When::Now => return house.calendars.due(now, SOON, None, zone_name),
        When::Today => now,
        When::Tomorrow => start_of(today, 1, zone_name),
    };
    let until = start_of(today, OPENS_WITHIN_DAYS, zone_name);
    let spans = house.calendars.open_spans(None, zone_name, from, until);
    let day = |at: Timestamp| at.day(zone::zone(zone_name));
    let first = spans.first().map(|(open, _)| day(*open));
    let last = spans.iter().rfind(|(open, _)| Some(day(*open)) == first);
    last.map_or_else(|| house.calendars.due(from, SOON, None, zone_name), |(_, close)| *close)
}

fn start_of(day: NaiveDate, later: u64, zone_name: &str) -> Timestamp {
    let day = day.checked_add_days(Days::new(later)).unwrap_or(day);
    Timestamp::start_of(day, zone::zone(zone_name))
}
