//! A talk on stage: the house, its clock, its cast, and what they do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use mendline_engine::event::Repair;
use mendline_engine::time::{Duration, Timestamp};
use serde_json::Value;

use super::coverage::Visited;
use super::reading::{contains, quote, repair, scratch, text_of, wall};
use super::script::{Act, Step, Talk};
use super::stage::{self, Backdrop, CrashPlan, Opened, World};
use super::verify;
use crate::channels::Incoming;
use crate::clock::{Clock, Virtual};
use crate::directory::{self, Met};
use crate::house::House;
use crate::store::consent::{Consent, Method};
use crate::store::reach::Whose;
use crate::store::{Accepted, Conversation, EffectRef, Person, StoreError};
use crate::{pump, turns};

/// Restarts in one talk. A plan crashes once; a house that needs more does not recover.
const RESTARTS_MAX: usize = 8;

/// A talk on stage.
pub(crate) struct Theatre<'a> {
    backdrop: &'a Backdrop,
    talk: &'a Talk,
    folder: PathBuf,
    clock: Arc<Virtual>,
    pub(super) world: Arc<World>,
    /// Open, but for the moment of a restart.
    opened: Option<Opened>,
    plan: Option<CrashPlan>,
    /// Writes of the houses before this one.
    written: u64,
    crashed: bool,
    restarts: usize,
    /// Party to person, once known.
    people: BTreeMap<String, String>,
    /// Party and channel to how many lines it had there at its last look.
    looked: BTreeMap<(String, String), usize>,
    /// Parties whose page is closed.
    away: Vec<String>,
    /// Parties that went on elsewhere than where they began.
    at: BTreeMap<String, String>,
    arrivals: usize,
}

impl Drop for Theatre<'_> {
    fn drop(&mut self) {
        // A temporary folder that stays behind is untidy, not wrong.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl<'a> Theatre<'a> {
    /// Opens the house for a talk, and makes its cast known.
    pub(crate) async fn open(
        backdrop: &'a Backdrop,
        talk: &'a Talk,
        world: Arc<World>,
        plan: Option<CrashPlan>,
    ) -> anyhow::Result<Theatre<'a>> {
        let start = wall(&talk.clock.start, &talk.clock.zone)?;
        let folder = scratch().join(format!("mendline-talk-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&folder).context("making a folder for the talk")?;
        let clock = Arc::new(Virtual::at(start));
        let opened = stage::open(backdrop, talk, &folder, clock.clone(), &world, plan).await?;
        let people = talk.people.clone();
        let mut theatre = Theatre {
            backdrop,
            talk,
            folder,
            clock,
            world,
            opened: Some(opened),
            plan,
            written: 0,
            crashed: false,
            restarts: 0,
            people,
            looked: BTreeMap::new(),
            away: Vec::new(),
            at: BTreeMap::new(),
            arrivals: 0,
        };
        theatre.introduce().await?;
        Ok(theatre)
    }

    /// Makes the cast known, with the languages and channels that the talk gives them.
    async fn introduce(&mut self) -> anyhow::Result<()> {
        for (party, person) in self.people.clone() {
            directory::ensure_known(self.house(), &self.talk.payer, &person).await?;
            self.costume(&party, &person).await?;
        }
        Ok(())
    }

    /// Whoever is on a channel in a talk was asked before it began.
    async fn agrees(&self, person: &Person) -> anyhow::Result<()> {
        let whose = Whose { payer: person.payer.clone(), person: person.person.clone() };
        let house = self.house();
        for channel in person.addresses.keys() {
            let agreed = Consent::to_everything(channel, Method::Staff, "talk", &person.language);
            house.store.reach().agree(&whose, &agreed, house.clock.now()).await?;
        }
        Ok(())
    }

    async fn costume(&self, party: &str, person: &str) -> anyhow::Result<()> {
        let store = &self.house().store;
        let Some(mut row) = store.person(&self.talk.payer, person).await? else { return Ok(()) };
        let before = row.clone();
        if let Some(language) = self.talk.languages.get(party) {
            row.language.clone_from(language);
        }
        if let Some(channels) = self.talk.channels.get(party) {
            let there = channels.iter().filter(|it| *it != "none");
            row.addresses = there.map(|it| (it.clone(), person.to_owned())).collect();
        }
        if row != before {
            self.agrees(&row).await?;
            store.know(&row).await?;
        }
        Ok(())
    }

    pub(super) fn house(&self) -> &House {
        let opened = self.opened.as_ref();
        &opened.expect("only a restart closes it, and opens it again").house
    }

    /// Writes so far, over every restart.
    pub(super) fn writes(&self) -> u64 {
        let watched = self.opened.as_ref().and_then(|it| it.watched.as_ref());
        self.written + watched.map_or(0, |it| it.writes())
    }

    /// Runs the house until nothing moves, through crashes, with every open page reading along.
    async fn settle(&mut self) -> anyhow::Result<()> {
        loop {
            match pump::until_idle(self.house()).await {
                Ok(()) => {}
                Err(error) => {
                    self.after_crash(error).await?;
                    continue;
                }
            }
            match self.read_along().await {
                Ok(false) => return Ok(()),
                Ok(true) => {}
                Err(error) => self.after_crash(error).await?,
            }
        }
    }

    /// Every page that is open shows its new lines; answers whether that was news to the house.
    async fn read_along(&mut self) -> Result<bool, StoreError> {
        let mut news = false;
        for (party, person) in &self.people {
            if self.away.contains(party) {
                continue;
            }
            let (store, payer) = (&self.house().store, &self.talk.payer);
            let lines = store.lines_after(payer, person, "web", 0, 1000).await?;
            let Some(last) = lines.last() else { continue };
            let shown = store.acknowledge(payer, person, "web", last.seq).await?;
            for message in shown {
                let became = crate::store::Became::Reported(mendline_engine::event::Receipt::Shown);
                store.settle_message(&message, became, self.clock.now()).await?;
                news = true;
            }
        }
        Ok(news)
    }

    async fn after_crash(&mut self, error: StoreError) -> anyhow::Result<()> {
        let watched = self.opened.as_ref().and_then(|it| it.watched.as_ref());
        let planned = watched.is_some_and(|it| it.crashed());
        ensure!(planned && self.restarts < RESTARTS_MAX, "the house stopped: {error}");
        self.crashed = true;
        self.restart().await
    }

    /// Kills the house and opens it again over the same files.
    async fn restart(&mut self) -> anyhow::Result<()> {
        self.restarts += 1;
        self.written = self.writes();
        let left = self.plan.filter(|plan| !self.crashed && plan.at > self.written);
        let plan = left.map(|plan| CrashPlan { at: plan.at - self.written, ..plan });
        // The lock on the file goes with the old house, so it must go first.
        self.opened = None;
        let clock = self.clock.clone();
        let opened =
            stage::open(self.backdrop, self.talk, &self.folder, clock, &self.world, plan).await?;
        self.opened = Some(opened);
        Ok(())
    }

    /// Plays one step.
    pub(crate) async fn step(&mut self, step: &Step) -> anyhow::Result<()> {
        match &step.act {
            Act::Writes { party, words } => {
                let incoming = Incoming::Words(words.clone());
                self.arrive(party, incoming, Some(words.clone())).await.map(drop)
            }
            Act::Starts(fields) => {
                let (flow, fields) = (self.talk.flow.clone(), fields.clone());
                self.arrive("worker", Incoming::Start { flow, fields }, None).await.map(drop)
            }
            Act::Taps { party, choice, with, twice, card, on, answer } => {
                let asked = on.as_deref().unwrap_or(party);
                let question = self.question_of(asked, *card).await?;
                let tap = Incoming::Tap { question, choice: choice.clone(), with: with.clone() };
                let first = self.arrive(party, tap.clone(), Some(choice.clone())).await?;
                if *twice {
                    self.arrive(party, tap, Some(choice.clone())).await?;
                }
                self.answered(first, answer.as_deref()).await
            }
            Act::Repairs { party, what } => {
                let repair = repair(what)?;
                self.arrive(party, Incoming::Repair(repair), None).await.map(drop)
            }
            Act::Sees { party, words, choices } => {
                self.sees(party, words, choices.as_deref()).await
            }
            Act::SeesNot { party, words } => self.sees_not(party, words).await,
            Act::SeesNothing { party } => {
                let new = self.new_lines(party).await?;
                ensure!(new.is_empty(), "{party} should see nothing, and sees {}", quote(&new));
                Ok(())
            }
            Act::GoesTo { party, channel } => {
                self.at.insert(party.clone(), channel.clone());
                // As a link there does: what is open is put before her again.
                let again = Incoming::Repair(Repair::Return);
                self.arrive(party, again, None).await.map(drop)
            }
            Act::Away { party, away } => {
                self.away.retain(|it| it != party);
                if *away {
                    self.away.push(party.clone());
                }
                let person = self.person_of(party).await?;
                self.world.reads(&person, !away);
                self.settle().await
            }
            Act::Advance(duration) => {
                let until = self.later(*duration).await?;
                self.run_until(until).await
            }
            Act::Until(at) => {
                let until = wall(at, &self.talk.clock.zone)?;
                self.run_until(until).await
            }
            Act::Down(duration) => {
                let until = self.later(*duration).await?;
                self.clock.set(until);
                self.restart().await?;
                self.settle().await
            }
            Act::Crash => {
                self.restart().await?;
                self.settle().await
            }
            Act::Desk { person, what, value, answer } => {
                self.at_the_desk(person, what, value, answer.as_deref()).await
            }
            Act::Happens { name, data } => {
                let conversation = self.conversation().await?.id;
                let incoming =
                    Incoming::Happened { conversation, name: name.clone(), data: data.clone() };
                self.arrive("worker", incoming, None).await.map(drop)
            }
            Act::Fields(fields) => {
                let state = self.conversation().await?.state;
                for (field, wanted) in fields {
                    let found = verify::dig(&state.fields, field);
                    ensure!(found == *wanted, "{field} is {found}, not {wanted}");
                }
                Ok(())
            }
        }
    }

    /// Something a person does. A crash on the way is what a client lives with: it sends again.
    async fn arrive(
        &mut self,
        party: &str,
        incoming: Incoming,
        line: Option<String>,
    ) -> anyhow::Result<Accepted> {
        self.arrivals += 1;
        let id = format!("talk-{}", self.arrivals);
        let person = self.person_of(party).await?;
        let source = self.source_of(party);
        let accepted = loop {
            let line = line.clone();
            let payer = &self.talk.payer;
            let sent =
                self.house().arrive(payer, &source, &id, &person, incoming.clone(), line).await;
            match sent {
                Ok(accepted) => break accepted,
                Err(error) => self.after_crash(error).await?,
            }
        };
        self.settle().await?;
        Ok(accepted)
    }

    fn source_of(&self, party: &str) -> String {
        let usual = if party == "worker" { "web" } else { "desk" };
        let first = self.talk.channels.get(party).and_then(|it| it.first());
        self.at.get(party).or(first).map_or(usual, String::as_str).to_owned()
    }

    /// The person behind a party.
    pub(crate) async fn person_of(&mut self, party: &str) -> anyhow::Result<String> {
        if let Some(person) = self.people.get(party) {
            return Ok(person.clone());
        }
        let conversation = self.conversation().await?;
        let program = turns::version(self.house(), &conversation.flow_hash).await?;
        let (payer, principal) = (&conversation.payer, &conversation.principal);
        let directory = directory::look_up(
            self.house(),
            &Met::default(),
            payer,
            principal,
            &program,
            &conversation.state.fields,
        )
        .await?;
        let person = directory.parties.get(party).map(|it| it.person.clone());
        let person = person.with_context(|| format!("nobody plays {party}; see people:"))?;
        self.costume(party, &person).await?;
        self.people.insert(party.to_owned(), person.clone());
        Ok(person)
    }

    /// The newest conversation of the talk's flow.
    pub(super) async fn conversation(&self) -> anyhow::Result<Conversation> {
        let worker = &self.talk.people["worker"];
        let all = self.house().store.conversations_of(&self.talk.payer, worker, 50).await?;
        let found = all.into_iter().find(|it| it.flow == self.talk.flow);
        found.with_context(|| format!("no conversation of {} was begun", self.talk.flow))
    }

    /// Every line a party has received, oldest first.
    pub(crate) async fn received(&mut self, party: &str) -> anyhow::Result<Vec<Value>> {
        Ok(self.by_channel(party).await?.into_values().flatten().collect())
    }

    async fn by_channel(&mut self, party: &str) -> anyhow::Result<BTreeMap<String, Vec<Value>>> {
        let person = self.person_of(party).await?;
        let mut all = stage::lines(self.house(), &self.world, &self.talk.payer, &person).await?;
        all.values_mut().for_each(|lines| lines.retain(|it| it["from"] != "you"));
        Ok(all)
    }

    async fn new_lines(&mut self, party: &str) -> anyhow::Result<Vec<Value>> {
        let mut new = Vec::new();
        for (channel, mut lines) in self.by_channel(party).await? {
            let looked = self.looked.get(&(party.to_owned(), channel)).copied().unwrap_or(0);
            new.extend(lines.split_off(looked));
        }
        Ok(new)
    }

    async fn sees(
        &mut self,
        party: &str,
        words: &[String],
        choices: Option<&[String]>,
    ) -> anyhow::Result<()> {
        let new = self.new_lines(party).await?;
        for wanted in words {
            let line = new.iter().find(|it| contains(it, wanted));
            let Some(line) = line else {
                bail!("{party} should see “{wanted}”, and sees {}", quote(&new));
            };
            if let Some(choices) = choices {
                let keys = verify::button_keys(line);
                ensure!(keys == choices, "{party} should choose from {choices:?}, not {keys:?}");
            }
        }
        for (channel, lines) in self.by_channel(party).await? {
            self.looked.insert((party.to_owned(), channel), lines.len());
        }
        Ok(())
    }

    async fn sees_not(&mut self, party: &str, words: &[String]) -> anyhow::Result<()> {
        let new = self.new_lines(party).await?;
        for unwanted in words {
            let found = new.iter().any(|it| contains(it, unwanted));
            ensure!(!found, "{party} should not see “{unwanted}”, and sees {}", quote(&new));
        }
        Ok(())
    }

    /// The question on the `card`-th last line that asks one (0 is the last).
    async fn question_of(&mut self, party: &str, card: usize) -> anyhow::Result<EffectRef> {
        let lines = self.received(party).await?;
        let mut asked: Vec<String> = Vec::new();
        for line in lines.iter().rev() {
            if let Some(question) = line["question"].as_str()
                && !asked.iter().any(|it| it == question)
            {
                asked.push(question.to_owned());
            }
        }
        let question = asked.get(card).with_context(|| format!("{party} was asked nothing"))?;
        question.parse().map_err(anyhow::Error::msg)
    }

    async fn answered(&self, accepted: Accepted, wanted: Option<&str>) -> anyhow::Result<()> {
        let Some(wanted) = wanted else { return Ok(()) };
        let settled = self.house().store.settled(&self.talk.payer, accepted.seq).await?;
        let answer = settled.and_then(|it| it.answer).unwrap_or_default();
        let code = match &answer {
            Value::String(code) => code.clone(),
            Value::Object(map) => map.keys().next().cloned().unwrap_or_default(),
            _ => "none".into(),
        };
        ensure!(code == wanted, "the answer is {answer}, not {wanted}");
        Ok(())
    }

    async fn at_the_desk(
        &mut self,
        person: &str,
        what: &str,
        value: &Value,
        answer: Option<&str>,
    ) -> anyhow::Result<()> {
        let desks: Vec<_> = self.house().catalog.desks.keys().cloned().collect();
        let open = self.house().store.handoffs(&self.talk.payer, &desks).await?;
        let handoff = open.last().context("no handoff is open")?.handoff.clone();
        let action = verify::desk_action(what, value)?;
        self.people.entry(person.to_owned()).or_insert_with(|| person.to_owned());
        let incoming = Incoming::Desk { handoff, action };
        let accepted = self.arrive(person, incoming, None).await?;
        self.answered(accepted, answer).await
    }

    /// This much later. Business time is counted in the office of whoever is awaited: the
    /// adjuster, unless the talk's clock names another.
    async fn later(&mut self, duration: Duration) -> anyhow::Result<Timestamp> {
        let (mut office, mut zone) = (None, self.talk.clock.zone.clone());
        if duration.unit.is_business() {
            if let Ok(person) = self.person_of("adjuster").await
                && let Some(row) = self.house().store.person(&self.talk.payer, &person).await?
            {
                (office, zone) = (row.office, row.zone);
            }
            office = self.talk.clock.office.clone().or(office);
        }
        Ok(self.house().calendars.due(self.clock.now(), duration, office.as_deref(), &zone))
    }

    /// Lets time pass, stopping wherever something is due.
    async fn run_until(&mut self, until: Timestamp) -> anyhow::Result<()> {
        loop {
            self.settle().await?;
            match self.house().store.next_due().await {
                Ok(Some(due)) if due <= until && due > self.clock.now() => self.clock.set(due),
                Ok(_) if self.clock.now() < until => self.clock.set(until),
                Ok(_) => return Ok(()),
                Err(error) => self.after_crash(error).await?,
            }
        }
    }

    pub(super) async fn visited(&self) -> anyhow::Result<Visited> {
        Visited::of(self.house(), &self.talk.payer, &self.talk.people["worker"]).await
    }

    pub(super) async fn everything_seen(&self) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
        let mut seen = BTreeMap::new();
        for person in self.people.values() {
            let lines = stage::lines(self.house(), &self.world, &self.talk.payer, person).await?;
            for (channel, lines) in lines {
                let texts = lines.iter().map(|it| text_of(it).to_owned()).collect();
                seen.insert(format!("{person} on {channel}"), texts);
            }
        }
        Ok(seen)
    }
}
