//! Messages that can still be changed where they stand: `standing`. A turn that closes a question
//! makes them due (`writes`).

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::lease::{finds, free, texts};
use super::rows::Column::Text;
use super::script::Script;
use super::seal::Sealer;
use super::{BEGIN, DbRow, LOCKED, SqlStore, effect, flag, within};
use crate::store::standing::{Over, Standing, StandingMessage};
use crate::store::{EffectRef, MessageRef, StoreError};

/// What it is sealed for.
const STANDS: &str = "standing.stands";

const PROBE: &str = "select 1 from standing where due <= $1 limit 1";
const FREE: &str = "
    select mine.payer, mine.message from standing mine
    where mine.due <= $1 order by mine.due, mine.payer, mine.message";
const LEASE: &str = "
    update standing set due = $1
    where (payer, message) in (select payer, message from v)";
const LEASED: &str = "
    select c.payer, c.message, c.question, c.person, c.channel, c.stands_ct, c.since, c.elsewhere,
           c.person as key_person, k.wrapped
    from v join standing c on c.payer = v.payer and c.message = v.message
    left join person_keys k on k.payer = c.payer and k.person = c.person
    order by c.since, c.payer, c.message";

#[async_trait]
impl Standing for SqlStore {
    async fn keep_standing(&self, it: &StandingMessage) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let (payer, question) = (&it.key.payer, it.question.to_string());
            // Whoever closes it meanwhile waits for us, and then finds this one.
            let over = sqlx::query(sqlx::AssertSqlSafe(format!(
                "select mine.closed_at from questions mine
                 where mine.payer = $1 and mine.question = $2 and mine.person = $3 {LOCKED}"
            )))
            .bind(payer)
            .bind(&question)
            .bind(&it.person)
            .fetch_optional(&mut *tx)
            .await?;
            let over: Option<i64> = over.map(|row| row.try_get("closed_at")).transpose()?.flatten();
            let sealer = Sealer::of(&self.vault, &mut tx, payer, &it.person).await?;
            let message = it.key.effect.to_string();
            let stands = sealer.seal(STANDS, &message, &it.stands);
            sqlx::query(
                "insert into standing (payer, message, question, person, channel, stands_ct, since, due)
                 values ($1, $2, $3, $4, $5, $6, $7, $7)
                 on conflict (payer, message) do update
                 set stands_ct = excluded.stands_ct, channel = excluded.channel,
                     since = excluded.since, due = excluded.due",
            )
            .bind(payer)
            .bind(message)
            .bind(question)
            .bind(&it.person)
            .bind(&it.channel)
            .bind(stands)
            .bind(over)
            .execute(&mut *tx)
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn standing_over(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
    ) -> Result<Vec<Over>, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            if !finds(&mut writer, PROBE, now).await? {
                return Ok(Vec::new());
            }
            let mut going = writer.transaction().await?;
            let named = (&[Text("payer"), Text("message")][..], texts(["payer", "message"]));
            let mine = free(&mut going, FREE, now, most, named).await?;
            let mut script = Script::default();
            script.add(mine.clone(), &[now.plus_ms(lease_ms).0.into()], LEASE);
            let rows = script.add(mine, &[], LEASED);
            let mut answers = going.commit(script).await?;
            let mut over = Vec::new();
            for row in &answers.take(rows) {
                match read(self, row) {
                    Ok(it) => over.push(it),
                    // Nobody can read where it stands any more.
                    Err(StoreError::Forgotten) => {}
                    Err(why) => return Err(why),
                }
            }
            Ok(over)
        })
        .await
    }

    async fn close_later(&self, key: &MessageRef, at: Timestamp) -> Result<(), StoreError> {
        change(
            self,
            "update standing set due = $3 where payer = $1 and message = $2",
            key,
            Some(at),
        )
        .await
    }

    async fn await_report(&self, key: &MessageRef, until: Timestamp) -> Result<(), StoreError> {
        let put = "insert into awaited (payer, message, due) values ($1, $2, $3)
                   on conflict do nothing";
        change(self, put, key, Some(until)).await
    }

    async fn unreported(&self, now: Timestamp, most: u32) -> Result<Vec<MessageRef>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "select payer, message from awaited where due <= $1 order by due, payer, message
                 limit $2",
            )
            .bind(now.0)
            .bind(i64::from(most))
            .fetch_all(&self.readers)
            .await?;
            let name = |row: &DbRow| {
                let text: String = row.try_get("message")?;
                Ok(MessageRef { payer: row.try_get("payer")?, effect: effect(&text)? })
            };
            rows.iter().map(name).collect()
        })
        .await
    }

    async fn awaited_enough(&self, key: &MessageRef) -> Result<(), StoreError> {
        change(self, "delete from awaited where payer = $1 and message = $2", key, None).await
    }

    async fn closed_there(&self, key: &MessageRef) -> Result<(), StoreError> {
        change(self, "delete from standing where payer = $1 and message = $2", key, None).await
    }

    async fn tried(
        &self,
        key: &MessageRef,
        notice: &EffectRef,
        person: &str,
    ) -> Result<Vec<String>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "select distinct channel from outbox
                 where payer = $1 and notice = $2 and person = $3 and effect <> $4
                   and channel is not null",
            )
            .bind(&key.payer)
            .bind(notice.to_string())
            .bind(person)
            .bind(key.effect.to_string())
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(|row| Ok(row.try_get("channel")?)).collect()
        })
        .await
    }

    async fn thaw(&self, key: &MessageRef, channel: &str) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query(
                "update outbox set channel = null, frozen_ct = null
                 where payer = $1 and effect = $2 and channel = $3 and settled_at is null",
            )
            .bind(&key.payer)
            .bind(key.effect.to_string())
            .bind(channel)
            .execute(&mut *tx)
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }
}

async fn change(
    store: &SqlStore,
    statement: &'static str,
    key: &MessageRef,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    within(async {
        let mut writer = store.writer().await?;
        let mut tx = writer.begin_with(BEGIN).await?;
        let query = sqlx::query(statement).bind(&key.payer).bind(key.effect.to_string());
        let query = match at {
            Some(at) => query.bind(at.0),
            None => query,
        };
        query.execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    })
    .await
}

fn read(store: &SqlStore, row: &DbRow) -> Result<Over, StoreError> {
    let payer: String = row.try_get("payer")?;
    let sealer = Sealer::beside(&store.vault, &payer, row)?;
    let message: String = row.try_get("message")?;
    let stands = sealer.open(STANDS, &message, &row.try_get::<Vec<u8>, _>("stands_ct")?)?;
    let message = StandingMessage {
        key: MessageRef { payer, effect: effect(&message)? },
        question: effect(&row.try_get::<String, _>("question")?)?,
        person: row.try_get("person")?,
        channel: row.try_get("channel")?,
        stands,
    };
    let (since, elsewhere) = (Timestamp(row.try_get("since")?), flag(row, "elsewhere")?);
    Ok(Over { message, since, elsewhere })
}
