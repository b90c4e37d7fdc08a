//! How fast the rows of a turn can be written at all: the same statements over rows of the same
//! size, without anything that makes them. What the benchmark is held against.

use std::time::{Duration, Instant};

use mendline_engine::time::Timestamp;
use sqlx::Row as _;

use super::SqlStore;
use super::commit::{ADVANCE, ADVANCED};
use super::rows::Rows;
use super::script::Script;
use super::writes::Writes;
use crate::store::StoreError;

/// Conversations among which the turns go round, as in `models/limits`.
const CONVERSATIONS: i64 = 5_000;

/// Bytes of what is sealed, a row each.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    state: usize,
    event: usize,
    record: usize,
    message: usize,
    question: usize,
}

impl Sizes {
    /// As plain numbers, for another database.
    pub fn bytes(self) -> [usize; 5] {
        [self.state, self.event, self.record, self.message, self.question]
    }
}

impl From<[usize; 5]> for Sizes {
    fn from([state, event, record, message, question]: [usize; 5]) -> Sizes {
        Sizes { state, event, record, message, question }
    }
}

impl SqlStore {
    /// How large the sealed columns of this database are, on average.
    #[doc(hidden)]
    pub async fn sizes(&self) -> Result<Sizes, StoreError> {
        let row = sqlx::query(
            "select (select cast(avg(length(state_ct)) as bigint) from conversations) as state,
                    (select cast(avg(length(body_ct)) as bigint) from inbox) as event,
                    (select cast(avg(length(body_ct)) as bigint) from record) as record,
                    (select cast(avg(length(message_ct)) as bigint) from outbox) as message,
                    (select cast(avg(length(message_ct)) as bigint) from questions) as question",
        )
        .fetch_one(&self.readers)
        .await?;
        let size = |column| -> Result<usize, StoreError> {
            let bytes: Option<i64> = row.try_get(column)?;
            Ok(usize::try_from(bytes.unwrap_or(600)).unwrap_or(600))
        };
        Ok(Sizes {
            state: size("state")?,
            event: size("event")?,
            record: size("record")?,
            message: size("message")?,
            question: size("question")?,
        })
    }

    /// Writes the rows of so many turns a transaction, for so long; answers turns a second. Who
    /// does it several times at once gives each a payer of its own.
    #[doc(hidden)]
    pub async fn limit(
        &self,
        payer: &str,
        sizes: impl Into<Sizes>,
        at_once: usize,
        lasts: Duration,
    ) -> Result<f64, StoreError> {
        let sizes = sizes.into();
        let mut writer = self.writer().await?;
        let mut nth = begin_all(&mut writer, payer, sizes).await?;
        let (began, first) = (Instant::now(), nth);
        while began.elapsed() < lasts {
            let mut going = writer.transaction().await?;
            let (advanced, writes) = turns(payer, sizes, nth, at_once);
            let mut script = Script::default();
            script.add(advanced, &[], ADVANCE);
            going.run(script).await?;
            writes.commit(going).await?;
            nth += i64::try_from(at_once).unwrap_or(i64::MAX);
        }
        Ok((nth - first) as f64 / began.elapsed().as_secs_f64())
    }
}

/// Makes the conversations, once; answers the number of the next turn.
async fn begin_all(
    connection: &mut super::Connection,
    payer: &str,
    sizes: Sizes,
) -> Result<i64, StoreError> {
    let row = sqlx::query("select coalesce(max(record_seq), 0) as turns, count(*) as there from conversations where payer = $1")
        .bind(payer)
        .fetch_one(&mut *connection)
        .await?;
    if row.try_get::<i64, _>("there")? == 0 {
        for first in (0..CONVERSATIONS).step_by(500) {
            let mut writes = Writes::default();
            for nth in first..first + 500 {
                let id = format!("c{nth:06}");
                writes.begun.push([
                    payer.into(),
                    id.as_str().into(),
                    "ana".into(),
                    "limit".into(),
                    "hash".into(),
                    None::<String>.into(),
                    0_i64.into(),
                    vec![7; sizes.state].into(),
                    0_i64.into(),
                    false.into(),
                    0_i64.into(),
                    "".into(),
                ]);
            }
            writes.run(connection).await?;
        }
    }
    // Every round of turns is numbered, so that no row is written twice.
    Ok(row.try_get::<i64, _>("turns")? * CONVERSATIONS)
}

/// The rows of turns `first..first + count`: what a message of the approval writes.
fn turns(payer: &str, sizes: Sizes, first: i64, count: usize) -> (Rows, Writes) {
    let (mut advanced, mut writes) = (Rows::new(ADVANCED), Writes::default());
    for nth in (first..).take(count) {
        let (id, round) = (format!("c{:06}", nth % CONVERSATIONS), nth / CONVERSATIONS);
        let now = Timestamp(nth);
        let effect = format!("{id}/{round}.0");
        advanced.push([
            payer.into(),
            id.as_str().into(),
            round.into(),
            (round + 1).into(),
            vec![7; sizes.state].into(),
            now.0.into(),
            false.into(),
            (round + 1).into(),
            "0".repeat(64).into(),
        ]);
        let n = writes.next();
        writes.events.push([
            payer.into(),
            n.into(),
            "web".into(),
            format!("m{nth}").into(),
            0_i64.into(),
            None::<i64>.into(),
            id.as_str().into(),
            "ana".into(),
            "ana".into(),
            vec![7; sizes.event].into(),
            now.0.into(),
            now.0.into(),
            None::<Vec<u8>>.into(),
        ]);
        writes.record.push([
            payer.into(),
            id.as_str().into(),
            (round + 1).into(),
            now.0.into(),
            vec![7; sizes.record].into(),
            "0".repeat(64).into(),
        ]);
        let n = writes.next();
        writes.messages.push([
            payer.into(),
            n.into(),
            effect.as_str().into(),
            id.as_str().into(),
            "ana".into(),
            "ana".into(),
            effect.as_str().into(),
            true.into(),
            false.into(),
            vec![7; sizes.message].into(),
            now.0.into(),
            "sent".into(),
            "web".into(),
            vec![7; sizes.message].into(),
            now.0.into(),
            None::<String>.into(),
        ]);
        let key = (payer.to_owned(), effect.clone(), "ana".to_owned());
        writes.question(
            key,
            false,
            [
                payer.into(),
                effect.as_str().into(),
                "ana".into(),
                id.as_str().into(),
                "ana".into(),
                "worker".into(),
                false.into(),
                vec![7; sizes.question].into(),
                now.0.into(),
                None::<i64>.into(),
            ],
        );
        let timer =
            [payer.into(), id.as_str().into(), "silence".into(), round.into(), i64::MAX.into()];
        writes.timers.push(timer);
    }
    (advanced, writes)
}
