//! The embedded default: one SQLite file, written by one connection, read by a few.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction on the one writing connection, so writers
//! queue here and never inside SQLite. What is private is sealed before it reaches a statement.
//! It refuses to open twice ([`SqliteStore::open`]), to open a newer schema, and to open under
//! another operator key.

mod calls;
mod commit;
mod conversations;
mod desk;
mod doors;
mod error;
mod flows;
mod focus;
mod forget;
mod handoffs;
mod health;
mod inbox;
mod lines;
mod migrate;
mod open;
mod outbox;
mod people;
mod questions;
mod record;
mod routing;
mod seal;
mod settle;
mod timers;

use std::fs::File;
use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

use super::rows::*;
use super::{Store, StoreError};
use crate::vault::Vault;

pub use migrate::SCHEMA;

/// A store in one file.
pub struct SqliteStore {
    /// `None` where the file was opened for looking.
    writer: Option<Mutex<SqliteConnection>>,
    readers: SqlitePool,
    vault: Arc<Vault>,
    /// Held as long as the store lives; the operating system lets go of it when we crash.
    _lock: Option<File>,
}

/// A write in progress.
type Tx<'a> = sqlx::Transaction<'a, Sqlite>;

/// How a write begins: it takes the write lock at once, so that it never has to be repeated
/// because somebody wrote between its first read and its first write.
const BEGIN: &str = "BEGIN IMMEDIATE";

impl SqliteStore {
    async fn writer(&self) -> Result<MutexGuard<'_, SqliteConnection>, StoreError> {
        match &self.writer {
            Some(writer) => Ok(writer.lock().await),
            None => Err(StoreError::Unwritable("it was opened for looking only".into())),
        }
    }
}

/// Whether a look finds anything, without the write lock: an idle house asks many times a second.
/// What comes in right after it is found by the next look.
async fn finds(
    writer: &mut SqliteConnection,
    probe: &'static str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found: i64 = sqlx::query_scalar(probe).bind(now.0).fetch_one(writer).await?;
    Ok(found != 0)
}

/// Reads back the name of an effect.
fn effect(text: &str) -> Result<EffectRef, StoreError> {
    text.parse().map_err(StoreError::Unreadable)
}

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, arrival: &NewArrival) -> Result<Accepted, StoreError> {
        inbox::accept(self, arrival).await
    }

    async fn unrouted(&self, limit: u32) -> Result<Vec<Unrouted>, StoreError> {
        inbox::unrouted(self, limit).await
    }

    async fn commit_person(&self, commit: PersonCommit) -> Result<(), StoreError> {
        routing::commit_person(self, &commit).await
    }

    async fn settled(&self, payer: &str, seq: i64) -> Result<Option<Settled>, StoreError> {
        inbox::settled(self, payer, seq).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
        events_max: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        conversations::claim(self, now, lease_ms, limit, events_max).await
    }

    async fn commit(&self, commits: Vec<TurnCommit>) -> Vec<Result<(), StoreError>> {
        commit::commit(self, &commits).await
    }

    async fn conversation(
        &self,
        payer: &str,
        id: &str,
    ) -> Result<Option<Conversation>, StoreError> {
        conversations::conversation(self, payer, id).await
    }

    async fn conversations_of(
        &self,
        payer: &str,
        person: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        conversations::of(self, payer, person, limit).await
    }

    async fn conversations_about(
        &self,
        payer: &str,
        identifier: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        conversations::about(self, payer, identifier, limit).await
    }

    async fn lease_outbox(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        outbox::lease(self, now, lease_ms, limit).await
    }

    async fn freeze(&self, key: &MessageRef, frozen: &Frozen) -> Result<(), StoreError> {
        outbox::freeze(self, key, frozen).await
    }

    async fn settle_message(
        &self,
        key: &MessageRef,
        became: Became,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        settle::message(self, key, became, now).await
    }

    async fn dead_letters(&self, payer: &str, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        outbox::dead_letters(self, payer, limit).await
    }

    async fn lease_calls(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<CallRow>, StoreError> {
        calls::lease(self, now, lease_ms, limit).await
    }

    async fn settle_call(
        &self,
        payer: &str,
        key: &EffectRef,
        became: CallBecame,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        calls::settle(self, payer, key, became, now).await
    }

    async fn fire_due(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        timers::fire_due(self, now, limit).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        health::next_due(self).await
    }

    async fn know(&self, person: &Person) -> Result<(), StoreError> {
        people::know(self, person).await
    }

    async fn person(&self, payer: &str, person: &str) -> Result<Option<Person>, StoreError> {
        people::person(self, payer, person).await
    }

    async fn focus(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
    ) -> Result<Option<QuestionRow>, StoreError> {
        questions::in_focus(self, payer, person, channel).await
    }

    async fn lines_after(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        lines::after(self, payer, person, channel, seq, limit).await
    }

    async fn append_line(&self, line: &NewLine) -> Result<i64, StoreError> {
        lines::append_line(self, line).await
    }

    async fn acknowledge(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
    ) -> Result<Vec<MessageRef>, StoreError> {
        lines::acknowledge(self, payer, person, channel, seq).await
    }

    async fn spend(
        &self,
        payer: &str,
        token_digest: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        doors::spend(self, payer, token_digest, now).await
    }

    async fn cards(&self, payer: &str, person: &str) -> Result<Vec<QuestionRow>, StoreError> {
        questions::cards(self, payer, person).await
    }

    async fn question(
        &self,
        payer: &str,
        question: &EffectRef,
        person: Option<&str>,
    ) -> Result<Option<QuestionRow>, StoreError> {
        questions::question(self, payer, question, person).await
    }

    async fn handoffs(&self, payer: &str, desks: &[String]) -> Result<Vec<HandoffRow>, StoreError> {
        handoffs::open_at(self, payer, desks).await
    }

    async fn handoff(
        &self,
        payer: &str,
        handoff: &EffectRef,
    ) -> Result<Option<HandoffRow>, StoreError> {
        handoffs::handoff(self, payer, handoff).await
    }

    async fn record(&self, payer: &str, conversation: &str) -> Result<Vec<RecordRow>, StoreError> {
        record::record(self, payer, conversation).await
    }

    async fn messages(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Vec<MessageRow>, StoreError> {
        outbox::messages(self, payer, conversation).await
    }

    async fn note_read(&self, read: &StaffRead) -> Result<(), StoreError> {
        desk::note_read(self, read).await
    }

    async fn reads(&self, payer: &str, conversation: &str) -> Result<Vec<StaffRead>, StoreError> {
        desk::reads(self, payer, conversation).await
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        desk::audit(self, entry).await
    }

    async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        doors::account(self, login).await
    }

    async fn put_account(&self, account: &Account) -> Result<(), StoreError> {
        doors::put_account(self, account).await
    }

    async fn put_session(&self, digest: &str, session: &Session) -> Result<(), StoreError> {
        doors::put_session(self, digest, session).await
    }

    async fn session(
        &self,
        digest: &str,
        now: Timestamp,
        idle_ms: i64,
    ) -> Result<Option<Session>, StoreError> {
        doors::session(self, digest, now, idle_ms).await
    }

    async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        doors::end_session(self, digest).await
    }

    async fn keep_flow(&self, flow: &KeptFlow) -> Result<(), StoreError> {
        flows::keep(self, flow).await
    }

    async fn kept_flow(&self, hash: &str) -> Result<Option<KeptFlow>, StoreError> {
        flows::kept(self, hash).await
    }

    async fn counts(&self, now: Timestamp) -> Result<Value, StoreError> {
        health::counts(self, now).await
    }

    async fn verify_chain(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Option<i64>, StoreError> {
        record::verify_chain(self, payer, conversation).await
    }

    async fn forget(&self, payer: &str, person: &str) -> Result<(), StoreError> {
        forget::forget(self, payer, person).await
    }
}
