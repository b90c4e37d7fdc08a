//! The queue before the database: whatever waits when a transaction is free goes in together.
//!
//! An idle house writes each thing at once; a busy one writes more at a time, by itself. A batch
//! that errors is halved until the one that cannot be written stands alone, so that it costs
//! nobody else theirs.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::pool::PoolConnection;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};
use tokio::time::Instant;

use super::batch::{self, Job, Outcome};
use super::going::Going;
use super::{Connection, Database, Pool, db};
use crate::store::StoreError;
use crate::vault::Vault;

/// Jobs in one transaction. More would make the first wait for the last without a gain: the sync
/// is paid for long before.
const BATCH_MAX: usize = 256;
/// A database that is away is tried once more after this, on a new connection: a pooler or a
/// server that restarts is back by then, more often than not.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

struct Asked {
    job: Arc<Job>,
    answer: oneshot::Sender<Outcome>,
}

/// A connection that writes, kept for good; empty until it is needed and after it broke.
#[derive(Default)]
pub(in super::super) struct Kept {
    connection: Option<PoolConnection<Database>>,
    /// Whether a transaction by text was begun on it of whose end nobody knows ([`Going`]).
    pub(super) amid: bool,
}

impl Kept {
    /// The connection, once it is [`ready`].
    pub(super) fn connection(&mut self) -> &mut PoolConnection<Database> {
        self.connection.as_mut().expect("it is filled before it is handed out")
    }

    /// Ends a transaction by text that did not come to its end. Where that fails (SQLite may have
    /// ended it by itself) the connection is of no more use.
    async fn roll_back(&mut self) {
        if !self.amid {
            return;
        }
        // It stays in its place meanwhile: whoever waits here may be gone before it is done.
        if let Some(connection) = self.connection.as_mut()
            && sqlx::query("rollback").execute(&mut **connection).await.is_err()
            && let Some(broken) = self.connection.take()
        {
            db::give_up(broken).await;
        }
        self.amid = false;
    }
}

impl std::ops::Deref for Kept {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is filled before it is handed out")
    }
}

impl std::ops::DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection()
    }
}

type Slot = Arc<Mutex<Kept>>;

/// Where jobs are handed in, and the connections that write.
pub(in super::super) struct Writer {
    queue: mpsc::UnboundedSender<Asked>,
    /// Where new connections come from.
    pub(in super::super) pool: Pool,
    /// For what is rare and is not queued. SQLite's is also the queue's: there is one writer.
    apart: Slot,
}

/// A connection to write on, while it is held.
pub(in super::super) struct Writing(OwnedMutexGuard<Kept>);

impl std::ops::Deref for Writing {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl std::ops::DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Writing {
    /// Begins a transaction.
    pub(super) async fn transaction(&mut self) -> Result<Going<'_>, StoreError> {
        Going::begin(&mut self.0).await
    }
}

impl Writer {
    /// Begins to write; ends when nobody can hand in any more.
    pub(in super::super) fn begin(pool: Pool, vault: Arc<Vault>) -> Writer {
        let (queue, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let apart = Slot::default();
        for nth in 0..db::WRITERS {
            let slot = if db::WRITERS == 1 && nth == 0 { apart.clone() } else { Slot::default() };
            tokio::spawn(write(pool.clone(), slot, vault.clone(), waiting.clone()));
        }
        Writer { queue, pool, apart }
    }

    /// The connections, to close them.
    pub(in super::super) async fn close(self) {
        self.apart.lock().await.connection.take();
        self.pool.close().await;
    }

    /// A connection for one transaction that is not queued.
    pub(in super::super) async fn hold(&self) -> Result<Writing, StoreError> {
        let mut slot = self.apart.clone().lock_owned().await;
        ready(&mut slot, &self.pool).await?;
        Ok(Writing(slot))
    }

    /// Writes one thing, together with whatever else waits.
    pub(super) async fn write(&self, job: Job) -> Outcome {
        self.write_all(vec![job]).await.remove(0)
    }

    /// Writes several; the answers come in their order.
    pub(super) async fn write_all(&self, jobs: Vec<Job>) -> Vec<Outcome> {
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (answer, answered) = oneshot::channel();
            // Nobody there to take it: the answer says so.
            let _ = self.queue.send(Asked { job: Arc::new(job), answer });
            answers.push(answered);
        }
        let mut outcomes = Vec::with_capacity(answers.len());
        for answered in answers {
            let gone = || Err(StoreError::Away("the writer has ended".into()));
            outcomes.push(answered.await.unwrap_or_else(|_| gone()));
        }
        outcomes
    }
}

/// A connection that can write. Usually a rollback is on its way still at most. But a full disk
/// makes SQLite end a transaction by itself; the driver's rollback then fails, and it believes for
/// ever that one is open.
async fn ready(kept: &mut Kept, pool: &Pool) -> Result<(), StoreError> {
    kept.roll_back().await;
    if let Some(connection) = kept.connection.as_mut()
        && (db::MAY_BREAK || connection.is_in_transaction())
        && (db::ping(connection).await.is_err() || connection.is_in_transaction())
        && let Some(broken) = kept.connection.take()
    {
        db::give_up(broken).await;
    }
    if kept.connection.is_none() {
        kept.connection = Some(pool.acquire().await?);
    }
    Ok(())
}

async fn write(
    pool: Pool,
    slot: Slot,
    vault: Arc<Vault>,
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<Asked>>>,
) {
    let mut batch = Vec::new();
    loop {
        if waiting.lock().await.recv_many(&mut batch, BATCH_MAX).await == 0 {
            return;
        }
        let jobs: Vec<_> = batch.iter().map(|it| it.job.clone()).collect();
        let outcomes = write_batch(&pool, &slot, &vault, &jobs).await;
        for (asked, outcome) in batch.drain(..).zip(outcomes) {
            // Whoever stopped waiting finds it on disk.
            let _ = asked.answer.send(outcome);
        }
    }
}

async fn write_batch(pool: &Pool, slot: &Slot, vault: &Vault, jobs: &[Arc<Job>]) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    // Parts still to write, the first on top.
    let mut parts = vec![jobs];
    while let Some(part) = parts.pop() {
        match try_twice(pool, slot, vault, part).await {
            Ok(done) => outcomes.extend(done),
            Err(StoreError::Unreadable(_) | StoreError::Forgotten | StoreError::Conflict)
                if part.len() > 1 =>
            {
                let (first, second) = part.split_at(part.len() / 2);
                parts.push(second);
                parts.push(first);
            }
            // The disk or the database: it would be the same for each.
            Err(error) => outcomes.extend(part.iter().map(|_| Err(error.again()))),
        }
    }
    outcomes
}

/// Every job may be written twice without harm, so one that was cut off is tried again whatever
/// became of it.
async fn try_twice(
    pool: &Pool,
    slot: &Slot,
    vault: &Vault,
    jobs: &[Arc<Job>],
) -> Result<Vec<Outcome>, StoreError> {
    let began = Instant::now();
    match db::within(try_once(pool, slot, vault, jobs)).await {
        Err(StoreError::Away(why)) => {
            if let Some(broken) = slot.lock().await.connection.take() {
                db::give_up(broken).await;
            }
            if db::took_long(began) {
                return Err(StoreError::Away(why));
            }
            tokio::time::sleep(TRY_AGAIN_AFTER).await;
            db::within(try_once(pool, slot, vault, jobs)).await
        }
        // Another server wrote the same row in the same moment; it can be seen now.
        Err(StoreError::Conflict) => db::within(try_once(pool, slot, vault, jobs)).await,
        other => other,
    }
}

async fn try_once(
    pool: &Pool,
    slot: &Slot,
    vault: &Vault,
    jobs: &[Arc<Job>],
) -> Result<Vec<Outcome>, StoreError> {
    let mut kept = slot.lock().await;
    ready(&mut kept, pool).await?;
    let written = match Going::begin(&mut kept).await {
        Ok(going) => batch::execute(going, vault, jobs).await,
        Err(error) => Err(error),
    };
    if written.is_err() {
        kept.roll_back().await;
    }
    written
}
