//! The store, in SQL that both databases take. This source is compiled twice, once inside
//! `sqlite` and once inside `postgres`; what differs stands in their `db.rs`.
//!
//! What is private is sealed before it reaches a statement ([`seal`]). A batch costs one statement
//! a table ([`rows`]).

mod batch;
mod calls;
mod care;
mod challenges;
mod commit;
mod consents;
mod conversations;
mod desk;
mod disclosures;
mod doors;
mod entry;
mod flows;
mod focus;
mod forget;
mod found;
mod going;
mod handoffs;
mod health;
mod inbox;
mod keys;
mod lease;
mod limit;
mod lines;
mod look;
mod media;
pub(super) mod opening;
mod outbox;
mod people;
mod questions;
mod reach;
mod record;
mod representatives;
mod routing;
pub(super) mod rows;
pub(super) mod script;
mod seal;
mod settle;
pub(super) mod shared;
mod standing;
mod timers;
mod watch;
pub(super) mod writer;
mod writes;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;
use sqlx::Row as _;

use batch::{Done, Job};
use writer::{Writer, Writing};

use super::db::{
    self, BEGIN, Connection, Database, DbRow, LOCKED, Pool, UNLESS_LOCKED, searching, within,
};
use crate::store::rows::*;
use crate::store::shared::Wire;
use crate::store::{Care, Shared, Store, StoreError};
use crate::vault::Vault;

/// A store in a database.
pub struct SqlStore {
    /// `None` where it was opened for looking.
    pub(super) writer: Option<Writer>,
    pub(super) readers: Pool,
    pub(super) vault: Arc<Vault>,
    /// What must live as long as the store: the lock on a file, a folder that goes away with it.
    pub(super) _held: Option<Box<dyn Any + Send + Sync>>,
    /// How servers call to each other.
    pub(super) wire: Option<Arc<dyn Wire>>,
    /// What states are written in, and what can be read.
    pub(super) formats: shared::Formats,
}

/// A write in progress.
type Tx<'a> = sqlx::Transaction<'a, Database>;

impl SqlStore {
    /// A connection for one rare write.
    async fn writer(&self) -> Result<Writing, StoreError> {
        self.queue()?.hold().await
    }

    /// Where what is frequent is handed in.
    fn queue(&self) -> Result<&Writer, StoreError> {
        self.writer.as_ref().ok_or_else(only_looking)
    }

    async fn write(&self, job: Job) -> Result<Done, StoreError> {
        self.queue()?.write(job).await
    }
}

fn only_looking() -> StoreError {
    StoreError::Unwritable("it was opened for looking only".into())
}

fn mistaken() -> StoreError {
    StoreError::Unreadable("another answer than the one to this job".into())
}

/// A yes or no, as both databases keep it: 0 or 1.
fn flag(row: &DbRow, column: &str) -> Result<bool, StoreError> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

/// A number that only grows from 0.
fn count(row: &DbRow, column: &str) -> Result<u32, StoreError> {
    u32::try_from(row.try_get::<i64, _>(column)?)
        .map_err(|_| StoreError::Unreadable(format!("{column} is out of range")))
}

/// Reads back the name of an effect.
fn effect(text: &str) -> Result<EffectRef, StoreError> {
    text.parse().map_err(StoreError::Unreadable)
}

#[async_trait]
impl Store for SqlStore {
    async fn accept(&self, arrival: &NewArrival) -> Result<Accepted, StoreError> {
        match self.write(Job::Accept(arrival.clone())).await? {
            Done::Accepted(accepted) => Ok(accepted),
            _ => Err(mistaken()),
        }
    }

    async fn unrouted(&self, limit: u32) -> Result<Vec<Unrouted>, StoreError> {
        within(inbox::unrouted(self, limit)).await
    }

    async fn look(&self, asks: &[Ask]) -> Result<Vec<Look>, StoreError> {
        within(look::look(self, asks)).await
    }

    async fn carry(&self, carries: Vec<Carry>) -> Vec<Result<Carried, StoreError>> {
        let jobs: Vec<_> = carries
            .into_iter()
            .map(|it| Job::Carry(Box::new(self.formats.write_all(it))))
            .collect();
        let outcomes = match self.queue() {
            Ok(queue) => queue.write_all(jobs).await,
            Err(_) => return jobs.iter().map(|_| Err(only_looking())).collect(),
        };
        outcomes
            .into_iter()
            .map(|it| match it? {
                Done::Carried(carried) => Ok(carried),
                _ => Err(mistaken()),
            })
            .collect()
    }

    async fn commit_person(&self, commit: PersonCommit) -> Result<(), StoreError> {
        self.write(Job::Person(Box::new(commit))).await.map(drop)
    }

    async fn settled(&self, payer: &str, seq: i64) -> Result<Option<Settled>, StoreError> {
        within(inbox::settled(self, payer, seq)).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
        events_max: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        within(conversations::claim(self, now, lease_ms, limit, events_max)).await
    }

    async fn commit(&self, commits: Vec<TurnCommit>) -> Vec<Result<(), StoreError>> {
        let jobs =
            commits.into_iter().map(|it| Job::Turn(Box::new(self.formats.write(it)))).collect();
        match self.queue() {
            Ok(queue) => queue.write_all(jobs).await.into_iter().map(|it| it.map(drop)).collect(),
            Err(_) => jobs.iter().map(|_| Err(only_looking())).collect(),
        }
    }

    async fn conversation(
        &self,
        payer: &str,
        id: &str,
    ) -> Result<Option<Conversation>, StoreError> {
        within(conversations::conversation(self, payer, id)).await
    }

    async fn conversations_of(
        &self,
        payer: &str,
        person: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        within(conversations::of(self, payer, person, limit)).await
    }

    async fn conversations_about(
        &self,
        payer: &str,
        identifier: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        within(conversations::about(self, payer, identifier, limit)).await
    }

    async fn lease_outbox(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        within(outbox::lease(self, now, lease_ms, limit)).await
    }

    async fn freeze(&self, key: &MessageRef, frozen: &Frozen) -> Result<(), StoreError> {
        self.write(Job::Freeze(key.clone(), frozen.clone())).await.map(drop)
    }

    async fn settle_message(
        &self,
        key: &MessageRef,
        became: Became,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Job::Settle(key.clone(), became, now)).await.map(drop)
    }

    async fn dead_letters(&self, payer: &str, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        within(outbox::dead_letters(self, payer, limit)).await
    }

    async fn lease_calls(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<CallRow>, StoreError> {
        within(calls::lease(self, now, lease_ms, limit)).await
    }

    async fn begin_call(&self, call: &CallRow) -> Result<(), StoreError> {
        within(calls::begin(self, call)).await
    }

    async fn settle_call(
        &self,
        payer: &str,
        key: &EffectRef,
        became: CallBecame,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (payer, call) = (payer.to_owned(), key.clone());
        self.write(Job::Return { payer, call, became, now }).await.map(drop)
    }

    async fn fire_due(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        within(timers::fire_due(self, now, limit)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        within(health::next_due(self)).await
    }

    async fn know(&self, person: &Person) -> Result<(), StoreError> {
        within(people::know(self, person)).await
    }

    async fn person(&self, payer: &str, person: &str) -> Result<Option<Person>, StoreError> {
        within(people::person(self, payer, person)).await
    }

    async fn people(&self, who: &[(String, String)]) -> Result<Vec<Option<Person>>, StoreError> {
        within(look::people(self, who)).await
    }

    async fn focus(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
    ) -> Result<Option<QuestionRow>, StoreError> {
        within(questions::in_focus(self, payer, person, channel)).await
    }

    async fn lines_after(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        within(lines::after(self, payer, person, channel, seq, limit)).await
    }

    async fn append_line(&self, line: &NewLine) -> Result<i64, StoreError> {
        match self.write(Job::Line(line.clone())).await? {
            Done::Line(seq) => Ok(seq),
            _ => Err(mistaken()),
        }
    }

    async fn acknowledge(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
    ) -> Result<Vec<MessageRef>, StoreError> {
        within(lines::acknowledge(self, payer, person, channel, seq)).await
    }

    async fn spend(
        &self,
        payer: &str,
        token_digest: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        within(doors::spend(self, payer, token_digest, now)).await
    }

    async fn cards(&self, payer: &str, person: &str) -> Result<Vec<QuestionRow>, StoreError> {
        within(questions::cards(self, payer, person)).await
    }

    async fn question(
        &self,
        payer: &str,
        question: &EffectRef,
        person: Option<&str>,
    ) -> Result<Option<QuestionRow>, StoreError> {
        within(questions::question(self, payer, question, person)).await
    }

    async fn handoffs(&self, payer: &str, desks: &[String]) -> Result<Vec<HandoffRow>, StoreError> {
        within(handoffs::open_at(self, payer, desks)).await
    }

    async fn handoff(
        &self,
        payer: &str,
        handoff: &EffectRef,
    ) -> Result<Option<HandoffRow>, StoreError> {
        within(handoffs::handoff(self, payer, handoff)).await
    }

    async fn record(&self, payer: &str, conversation: &str) -> Result<Vec<RecordRow>, StoreError> {
        within(record::record(self, payer, conversation)).await
    }

    async fn messages(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Vec<MessageRow>, StoreError> {
        within(outbox::messages(self, payer, conversation)).await
    }

    async fn note_read(&self, read: &StaffRead) -> Result<(), StoreError> {
        within(desk::note_read(self, read)).await
    }

    async fn reads(&self, payer: &str, conversation: &str) -> Result<Vec<StaffRead>, StoreError> {
        within(desk::reads(self, payer, conversation)).await
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        within(desk::audit(self, entry)).await
    }

    async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        within(doors::account(self, login)).await
    }

    async fn put_account(&self, account: &Account) -> Result<(), StoreError> {
        within(doors::put_account(self, account)).await
    }

    async fn put_session(&self, digest: &str, session: &Session) -> Result<(), StoreError> {
        within(doors::put_session(self, digest, session)).await
    }

    async fn session(
        &self,
        digest: &str,
        now: Timestamp,
        idle_ms: i64,
    ) -> Result<Option<Session>, StoreError> {
        within(doors::session(self, digest, now, idle_ms)).await
    }

    async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        within(doors::end_session(self, digest)).await
    }

    async fn keep_flow(&self, flow: &KeptFlow) -> Result<(), StoreError> {
        within(flows::keep(self, flow)).await
    }

    async fn kept_flow(&self, hash: &str) -> Result<Option<KeptFlow>, StoreError> {
        within(flows::kept(self, hash)).await
    }

    fn health(&self) -> &dyn crate::store::health::Health {
        self
    }

    async fn counts(&self, now: Timestamp) -> Result<Value, StoreError> {
        within(health::counts(self, now)).await
    }

    async fn verify_chain(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Option<i64>, StoreError> {
        within(record::verify_chain(self, payer, conversation)).await
    }

    fn care(&self) -> &dyn Care {
        self
    }

    fn shared(&self) -> &dyn Shared {
        self
    }

    fn standing(&self) -> &dyn crate::store::standing::Standing {
        self
    }

    fn entry(&self) -> &dyn crate::store::Entry {
        self
    }

    fn reach(&self) -> &dyn crate::store::reach::Reach {
        self
    }

    fn files(&self) -> &dyn crate::store::Files {
        self
    }

    async fn forget(&self, payer: &str, person: &str) -> Result<(), StoreError> {
        within(forget::forget(self, payer, person)).await
    }
}
