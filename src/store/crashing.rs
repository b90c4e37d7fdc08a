//! A store that crashes where a test wants it to: before a write, or after it was committed but
//! before anybody heard so. From then on it is gone, like a killed process; what was committed
//! is found by whoever opens the inner store again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;

use super::rows::*;
use super::{Store, StoreError};

/// On which side of a write the crash comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Nothing of it is on disk.
    Before,
    /// All of it is on disk, and the caller never learns it.
    After,
}

/// A store with a crash planned. Writes are counted from 1. Leasing is not one: it
/// changes nothing that the next write does not change again.
#[doc(hidden)]
pub struct CrashingStore {
    inner: Arc<dyn Store>,
    at: u64,
    crash: Crash,
    /// Whether only turn commits count.
    turns_only: bool,
    writes: AtomicU64,
    crashed: AtomicBool,
}

impl CrashingStore {
    /// Crashes before or after the `at`-th write; never, if there are fewer.
    pub fn new(inner: Arc<dyn Store>, at: u64, crash: Crash) -> CrashingStore {
        let (writes, crashed) = (AtomicU64::new(0), AtomicBool::new(false));
        CrashingStore { inner, at, crash, turns_only: false, writes, crashed }
    }

    /// Counts turn commits and no other write.
    #[must_use]
    pub fn at_turns(mut self) -> CrashingStore {
        self.turns_only = true;
        self
    }

    /// Whether it has crashed. A plan that never did has passed the last write.
    pub fn crashed(&self) -> bool {
        self.crashed.load(Ordering::SeqCst)
    }

    /// Writes begun so far.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.crashed() { Err(gone()) } else { Ok(()) }
    }

    /// Counts a write; crashes if this is the one, on this side of it.
    fn side(&self, nth: u64, side: Crash) -> Result<(), StoreError> {
        if nth == self.at && side == self.crash {
            self.crashed.store(true, Ordering::SeqCst);
        }
        self.alive()
    }

    async fn write<T>(
        &self,
        doing: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if self.turns_only { self.read(doing).await } else { self.counted(doing).await }
    }

    async fn counted<T>(
        &self,
        doing: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.alive()?;
        let nth = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        self.side(nth, Crash::Before)?;
        let done = doing.await;
        self.side(nth, Crash::After)?;
        done
    }

    async fn read<T>(
        &self,
        doing: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.alive()?;
        let done = doing.await;
        self.alive()?;
        done
    }
}

fn gone() -> StoreError {
    StoreError::Away("crashed".into())
}

#[async_trait]
impl Store for CrashingStore {
    async fn accept(&self, arrival: &NewArrival) -> Result<Accepted, StoreError> {
        self.write(self.inner.accept(arrival)).await
    }

    async fn unrouted(&self, limit: u32) -> Result<Vec<Unrouted>, StoreError> {
        self.read(self.inner.unrouted(limit)).await
    }

    async fn commit_person(&self, commit: PersonCommit) -> Result<(), StoreError> {
        self.write(self.inner.commit_person(commit)).await
    }

    async fn settled(&self, payer: &str, seq: i64) -> Result<Option<Settled>, StoreError> {
        self.read(self.inner.settled(payer, seq)).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
        events_max: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.read(self.inner.claim(now, lease_ms, limit, events_max)).await
    }

    async fn commit(&self, commits: Vec<TurnCommit>) -> Vec<Result<(), StoreError>> {
        let many = commits.len();
        let committing = async { Ok(self.inner.commit(commits).await) };
        match self.counted(committing).await {
            Ok(results) => results,
            Err(_) => (0..many).map(|_| Err(gone())).collect(),
        }
    }

    async fn conversation(
        &self,
        payer: &str,
        id: &str,
    ) -> Result<Option<Conversation>, StoreError> {
        self.read(self.inner.conversation(payer, id)).await
    }

    async fn conversations_of(
        &self,
        payer: &str,
        person: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        self.read(self.inner.conversations_of(payer, person, limit)).await
    }

    async fn conversations_about(
        &self,
        payer: &str,
        identifier: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        self.read(self.inner.conversations_about(payer, identifier, limit)).await
    }

    async fn lease_outbox(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.read(self.inner.lease_outbox(now, lease_ms, limit)).await
    }

    async fn freeze(&self, key: &MessageRef, frozen: &Frozen) -> Result<(), StoreError> {
        self.write(self.inner.freeze(key, frozen)).await
    }

    async fn settle_message(
        &self,
        key: &MessageRef,
        became: Became,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(self.inner.settle_message(key, became, now)).await
    }

    async fn dead_letters(&self, payer: &str, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(self.inner.dead_letters(payer, limit)).await
    }

    async fn lease_calls(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<CallRow>, StoreError> {
        self.read(self.inner.lease_calls(now, lease_ms, limit)).await
    }

    async fn settle_call(
        &self,
        payer: &str,
        key: &EffectRef,
        became: CallBecame,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(self.inner.settle_call(payer, key, became, now)).await
    }

    async fn fire_due(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.read(self.inner.fire_due(now, limit)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(self.inner.next_due()).await
    }

    async fn know(&self, person: &Person) -> Result<(), StoreError> {
        self.read(self.inner.know(person)).await
    }

    async fn person(&self, payer: &str, person: &str) -> Result<Option<Person>, StoreError> {
        self.read(self.inner.person(payer, person)).await
    }

    async fn focus(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
    ) -> Result<Option<QuestionRow>, StoreError> {
        self.read(self.inner.focus(payer, person, channel)).await
    }

    async fn lines_after(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        self.read(self.inner.lines_after(payer, person, channel, seq, limit)).await
    }

    async fn append_line(&self, line: &NewLine) -> Result<i64, StoreError> {
        self.write(self.inner.append_line(line)).await
    }

    async fn acknowledge(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
    ) -> Result<Vec<MessageRef>, StoreError> {
        self.write(self.inner.acknowledge(payer, person, channel, seq)).await
    }

    async fn spend(
        &self,
        payer: &str,
        token_digest: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(self.inner.spend(payer, token_digest, now)).await
    }

    async fn cards(&self, payer: &str, person: &str) -> Result<Vec<QuestionRow>, StoreError> {
        self.read(self.inner.cards(payer, person)).await
    }

    async fn question(
        &self,
        payer: &str,
        question: &EffectRef,
        person: Option<&str>,
    ) -> Result<Option<QuestionRow>, StoreError> {
        self.read(self.inner.question(payer, question, person)).await
    }

    async fn handoffs(&self, payer: &str, desks: &[String]) -> Result<Vec<HandoffRow>, StoreError> {
        self.read(self.inner.handoffs(payer, desks)).await
    }

    async fn handoff(
        &self,
        payer: &str,
        handoff: &EffectRef,
    ) -> Result<Option<HandoffRow>, StoreError> {
        self.read(self.inner.handoff(payer, handoff)).await
    }

    async fn record(&self, payer: &str, conversation: &str) -> Result<Vec<RecordRow>, StoreError> {
        self.read(self.inner.record(payer, conversation)).await
    }

    async fn messages(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Vec<MessageRow>, StoreError> {
        self.read(self.inner.messages(payer, conversation)).await
    }

    async fn note_read(&self, read: &StaffRead) -> Result<(), StoreError> {
        self.write(self.inner.note_read(read)).await
    }

    async fn reads(&self, payer: &str, conversation: &str) -> Result<Vec<StaffRead>, StoreError> {
        self.read(self.inner.reads(payer, conversation)).await
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.write(self.inner.audit(entry)).await
    }

    async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        self.read(self.inner.account(login)).await
    }

    async fn put_account(&self, account: &Account) -> Result<(), StoreError> {
        self.write(self.inner.put_account(account)).await
    }

    async fn put_session(&self, digest: &str, session: &Session) -> Result<(), StoreError> {
        self.write(self.inner.put_session(digest, session)).await
    }

    async fn session(
        &self,
        digest: &str,
        now: Timestamp,
        idle_ms: i64,
    ) -> Result<Option<Session>, StoreError> {
        self.read(self.inner.session(digest, now, idle_ms)).await
    }

    async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        self.write(self.inner.end_session(digest)).await
    }

    async fn keep_flow(&self, flow: &KeptFlow) -> Result<(), StoreError> {
        self.read(self.inner.keep_flow(flow)).await
    }

    async fn kept_flow(&self, hash: &str) -> Result<Option<KeptFlow>, StoreError> {
        self.read(self.inner.kept_flow(hash)).await
    }

    async fn counts(&self, now: Timestamp) -> Result<Value, StoreError> {
        self.read(self.inner.counts(now)).await
    }

    async fn verify_chain(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Option<i64>, StoreError> {
        self.read(self.inner.verify_chain(payer, conversation)).await
    }

    async fn forget(&self, payer: &str, person: &str) -> Result<(), StoreError> {
        self.write(self.inner.forget(payer, person)).await
    }
}
