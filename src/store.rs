//! What is remembered: the one place that writes SQL.
//!
//! [`Store`] is a seam. SQLite is the embedded default, PostgreSQL the way out of one machine;
//! one source of SQL serves both (`store/sql`), and one suite of tests.
//! Everything private goes in and out as plain types here; the store encrypts it under the key
//! of the person whom it concerns ([`crate::vault`]) and matches identifiers through keyed
//! indexes. The payer stands in every key: no method reads across payers, except the workers'
//! loops (`unrouted`, `claim`, `lease_*`, `fire_due`), whose rows each carry theirs.

pub mod care;
pub mod consent;
pub mod copy;
#[doc(hidden)]
pub mod crashing;
pub mod disclosure;
pub mod entry;
mod error;
pub mod health;
pub mod media;
pub mod postgres;
pub mod reach;
pub mod representative;
pub mod rows;
pub mod shared;
pub mod sqlite;
pub mod standing;
#[doc(hidden)]
pub mod watched;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;

pub use care::{Allowance, Care, Leaving, LegalHold, Pause, PauseKind, PauseRef, Waiting};
pub use entry::Entry;
pub use media::Files;
pub use reach::Reach;
pub use rows::*;
pub use shared::Shared;
pub use standing::Standing;

/// Why the store did not do it, sorted by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed it first: load again and take the turn anew.
    #[error("changed meanwhile")]
    Conflict,
    /// The disk is full or the file is read-only: nothing was written, nothing was lost. Say so.
    #[error("the database cannot be written: {0}")]
    Unwritable(String),
    /// Another server has it: two would take each other's turns.
    #[error("another server has this database open: {0}; stop it, or use another --data")]
    Taken(String),
    /// It is away or busy: try again later.
    #[error("the database is away: {0}")]
    Away(String),
    /// What is stored cannot be read: a wrong key, a newer format, a broken row.
    #[error("cannot read what is stored: {0}")]
    Unreadable(String),
    /// A legal hold keeps this person: nothing was forgotten.
    #[error("a legal hold keeps this person")]
    Held,
    /// The person's key was destroyed: this is forgotten.
    #[error("forgotten")]
    Forgotten,
}

/// Everything that survives a crash.
#[async_trait]
pub trait Store: Send + Sync {
    // ---- the inbox -------------------------------------------------------------------------

    /// Puts an arrival on disk. A second one with the same (payer, source, id) is a no-op that
    /// answers with the first one's number. With `line` set, the words are also appended to the
    /// person's lines of that channel, in the same transaction.
    async fn accept(&self, arrival: &NewArrival) -> Result<Accepted, StoreError>;

    /// Arrivals that no person turn has looked at yet, oldest first, at most one per person.
    async fn unrouted(&self, limit: u32) -> Result<Vec<Unrouted>, StoreError>;

    /// Looks up everything that routing these needs, in a few reads for all of them.
    async fn look(&self, asks: &[Ask]) -> Result<Vec<Look>, StoreError>;

    /// Commits arrivals with everything that they lead to. Each is all or nothing but for its
    /// turns: one that lost against another turn leaves its events waiting in the inbox. The
    /// answers come in the order of the carries.
    async fn carry(&self, carries: Vec<Carry>) -> Vec<Result<Carried, StoreError>>;

    /// A person turn: routes one arrival, changes facts about the person, says things outside
    /// any conversation; all in one transaction.
    async fn commit_person(&self, commit: PersonCommit) -> Result<(), StoreError>;

    /// What became of an arrival, once its turn is committed.
    async fn settled(&self, payer: &str, seq: i64) -> Result<Option<Settled>, StoreError>;

    // ---- conversations ---------------------------------------------------------------------

    /// Conversations that have events to apply, in id order, each leased until `now + lease_ms`,
    /// with at most `events_max` events each, oldest first.
    async fn claim(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
        events_max: u32,
    ) -> Result<Vec<Claimed>, StoreError>;

    /// Commits turns: each all or nothing, and a conflict drops that one alone. The answers come
    /// in the order of the commits.
    async fn commit(&self, commits: Vec<TurnCommit>) -> Vec<Result<(), StoreError>>;

    /// One conversation, for the desk and the door.
    async fn conversation(&self, payer: &str, id: &str)
    -> Result<Option<Conversation>, StoreError>;

    /// Conversations of a person as principal, newest first.
    async fn conversations_of(
        &self,
        payer: &str,
        person: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError>;

    /// Conversations about an identifier (a claim number), by its keyed index, newest first.
    async fn conversations_about(
        &self,
        payer: &str,
        identifier: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError>;

    // ---- dispatch --------------------------------------------------------------------------

    /// Messages to send now: due, not leased, and the oldest unsettled of their conversation and
    /// person (order holds per conversation and address; an answer overtakes what is held, help in
    /// danger everything).
    async fn lease_outbox(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// Freezes the bytes and the channel of a message before its first attempt. A conflict if it
    /// was settled meanwhile, or frozen for another channel: somebody else has it.
    async fn freeze(&self, key: &MessageRef, frozen: &Frozen) -> Result<(), StoreError>;

    /// Writes what became of a message and, in the same transaction, puts the receipt into the
    /// inbox of its conversation (if it has one). `Shown` also moves the person's focus to the
    /// message's question, unless another question has it.
    async fn settle_message(
        &self,
        key: &MessageRef,
        became: Became,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Messages that were given up on, for the desk and `doctor`.
    async fn dead_letters(&self, payer: &str, limit: u32) -> Result<Vec<DeadLetter>, StoreError>;

    /// Calls to make now.
    async fn lease_calls(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<CallRow>, StoreError>;

    /// Says that a write that was leased is attempted now, before it is: whoever has it next knows
    /// that it may have been done. A conflict if somebody else has it, or it is settled.
    async fn begin_call(&self, call: &CallRow) -> Result<(), StoreError>;

    /// Writes a call's result into the inbox and closes the row; or puts it off.
    async fn settle_call(
        &self,
        payer: &str,
        key: &EffectRef,
        became: CallBecame,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Turns due timers and due starts into inbox events; answers how many.
    async fn fire_due(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// The next moment at which anything is due (timer, held message, retry), if any.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    // ---- people ----------------------------------------------------------------------------

    /// Makes a person known, or updates the facts that come from outside (never the language
    /// that the person chose).
    async fn know(&self, person: &Person) -> Result<(), StoreError>;

    /// A person.
    async fn person(&self, payer: &str, person: &str) -> Result<Option<Person>, StoreError>;

    /// Several people, in the order in which they are asked for.
    async fn people(&self, who: &[(String, String)]) -> Result<Vec<Option<Person>>, StoreError>;

    /// The question that has the person's focus on a channel, if it is still open.
    async fn focus(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
    ) -> Result<Option<QuestionRow>, StoreError>;

    /// The person's lines on a channel after `seq`, oldest first.
    async fn lines_after(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError>;

    /// Appends a line once: a second time with the same key answers the first one's number. A
    /// conflict if it shows a message that was settled or paused meanwhile: who was to show it may
    /// have slept since it looked.
    async fn append_line(&self, line: &NewLine) -> Result<i64, StoreError>;

    /// The client has shown every line up to `seq`. Messages whose lines are now shown for the
    /// first time are returned, for their receipts.
    async fn acknowledge(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
    ) -> Result<Vec<MessageRef>, StoreError>;

    /// Spends a one-time token (an invitation's nonce); `false` if it was spent before.
    async fn spend(
        &self,
        payer: &str,
        token_digest: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    // ---- the desk --------------------------------------------------------------------------

    /// Open questions of kind `decide` that a person holds, first due first.
    async fn cards(&self, payer: &str, person: &str) -> Result<Vec<QuestionRow>, StoreError>;

    /// Any question by its name, open or closed, as put to `person` (any holder if `None`).
    async fn question(
        &self,
        payer: &str,
        question: &EffectRef,
        person: Option<&str>,
    ) -> Result<Option<QuestionRow>, StoreError>;

    /// Open handoffs of these desks, oldest first.
    async fn handoffs(&self, payer: &str, desks: &[String]) -> Result<Vec<HandoffRow>, StoreError>;

    /// A handoff.
    async fn handoff(
        &self,
        payer: &str,
        handoff: &EffectRef,
    ) -> Result<Option<HandoffRow>, StoreError>;

    /// The record of a conversation, oldest first, decrypted.
    async fn record(&self, payer: &str, conversation: &str) -> Result<Vec<RecordRow>, StoreError>;

    /// Messages of a conversation with what became of them, oldest first.
    async fn messages(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Vec<MessageRow>, StoreError>;

    /// Notes that a member of staff read something (every staff read is noted).
    async fn note_read(&self, read: &StaffRead) -> Result<(), StoreError>;

    /// Staff reads of a conversation, oldest first.
    async fn reads(&self, payer: &str, conversation: &str) -> Result<Vec<StaffRead>, StoreError>;

    /// Notes a security event (login, refusal, not allowed), without private content.
    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    // ---- accounts and sessions -------------------------------------------------------------

    /// The account of a login name.
    async fn account(&self, login: &str) -> Result<Option<Account>, StoreError>;

    /// Adds or replaces an account.
    async fn put_account(&self, account: &Account) -> Result<(), StoreError>;

    /// Keeps a session under the digest of its token.
    async fn put_session(&self, digest: &str, session: &Session) -> Result<(), StoreError>;

    /// A session, if it is neither idle too long nor ended; touches `last_seen`, and answers with
    /// the row as it was before.
    async fn session(
        &self,
        digest: &str,
        now: Timestamp,
        idle_ms: i64,
    ) -> Result<Option<Session>, StoreError>;

    /// Ends a session.
    async fn end_session(&self, digest: &str) -> Result<(), StoreError>;

    // ---- flows, health ---------------------------------------------------------------------

    /// Keeps a flow version: sources and program, by hash. A second time is a no-op.
    async fn keep_flow(&self, flow: &KeptFlow) -> Result<(), StoreError>;

    /// A kept flow version.
    async fn kept_flow(&self, hash: &str) -> Result<Option<KeptFlow>, StoreError>;

    /// How it is.
    fn health(&self) -> &dyn health::Health;

    /// Counts for `doctor` and `/readyz`, without private content: name to number.
    async fn counts(&self, now: Timestamp) -> Result<Value, StoreError>;

    /// Walks the hash chain of a conversation's record; the number of the first broken row, if any.
    async fn verify_chain(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Option<i64>, StoreError>;

    /// What operators keep back.
    fn care(&self) -> &dyn Care;

    /// What can be changed where it stands.
    fn standing(&self) -> &dyn Standing;

    /// Whose addresses are.
    fn reach(&self) -> &dyn Reach;

    /// What people sent that is not words.
    fn files(&self) -> &dyn Files;

    /// How staff get in.
    fn entry(&self) -> &dyn Entry;

    /// What servers that share the database agree on.
    fn shared(&self) -> &dyn Shared;

    /// Destroys a person's key: everything encrypted under it is forgotten, the chains still hold.
    /// Refused while a legal hold keeps the person.
    async fn forget(&self, payer: &str, person: &str) -> Result<(), StoreError>;
}
