//! What operators write: `pauses`, `legal_holds`, `allowances`, and the messages that wait.
//!
//! A message that waits has the status `paused` and in `why` the pause that it waits under. Every
//! [`LOOK_AGAIN_MS`] it is looked at again all the same, in case a pause ended in the moment in
//! which it was put aside.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::seal::{Sealer, unless_forgotten};
use super::{BEGIN, DbRow, SqlStore, count, effect, flag, searching, within};
use crate::store::care::{Allowance, Care, LegalHold, Pause, PauseKind, PauseRef, Waiting};
use crate::store::{EffectRef, MessageRef, StoreError};

/// How long a message waits before it is looked at although nobody resumed.
const LOOK_AGAIN_MS: i64 = 10 * 60_000;
/// The table and column that a hold's reason is sealed for.
const WHY: &str = "legal_holds.why";

/// How `outbox.why` names a pause. A payer has no `/` in its name, or it comes last all the same.
fn label(of: &PauseRef) -> String {
    format!("{}/{}/{}", of.kind.name(), of.name, of.payer.as_deref().unwrap_or_default())
}

/// Every payer is written as none.
fn payer(of: &PauseRef) -> &str {
    of.payer.as_deref().unwrap_or_default()
}

/// Reads back what [`label`] wrote.
pub(super) fn pause_of(label: &str) -> Result<PauseRef, StoreError> {
    let mut parts = label.splitn(3, '/').map(str::to_owned);
    let (kind, name, of) = (parts.next(), parts.next(), parts.next());
    pause_ref(&kind.unwrap_or_default(), name.unwrap_or_default(), of.unwrap_or_default())
}

fn pause_ref(kind: &str, name: String, payer: String) -> Result<PauseRef, StoreError> {
    let kind: PauseKind = kind.parse().map_err(StoreError::Unreadable)?;
    Ok(PauseRef { payer: (!payer.is_empty()).then_some(payer), kind, name })
}

/// Every pause.
pub(super) const PAUSES: &str = "
    select payer, kind, name, proactive, since, who, why from pauses
    order by since, payer, kind, name";

/// What [`PAUSES`] answers.
pub(super) fn read_pauses(rows: &[DbRow]) -> Result<Vec<Pause>, StoreError> {
    rows.iter().map(pause).collect()
}

#[async_trait]
impl Care for SqlStore {
    async fn pause(&self, it: &Pause) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query(
                "insert into pauses (payer, kind, name, proactive, since, who, why)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (payer, kind, name) do update
             set proactive = excluded.proactive, who = excluded.who, why = excluded.why",
            )
            .bind(payer(&it.of))
            .bind(it.of.kind.name())
            .bind(&it.of.name)
            .bind(i64::from(it.proactive))
            .bind(it.since.0)
            .bind(&it.who)
            .bind(&it.why)
            .execute(&mut *tx)
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, StoreError> {
        within(async {
            let rows = sqlx::query(PAUSES).fetch_all(&self.readers).await?;
            rows.iter().map(pause).collect()
        })
        .await
    }

    async fn resume(&self, of: &PauseRef, now: Timestamp) -> Result<u32, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query("delete from pauses where payer = $1 and kind = $2 and name = $3")
                .bind(payer(of))
                .bind(of.kind.name())
                .bind(&of.name)
                .execute(&mut *tx)
                .await?;
            if of.kind == PauseKind::Flow {
                sqlx::query("delete from allowances where flow = $2 and ($1 = '' or payer = $1)")
                    .bind(payer(of))
                    .bind(&of.name)
                    .execute(&mut *tx)
                    .await?;
            }
            let released = sqlx::query(
                "update outbox set status = 'due', why = null, due = $2, changed = $2
             where status = 'paused' and settled_at is null and why = $1",
            )
            .bind(label(of))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(u32::try_from(released.rows_affected()).unwrap_or(u32::MAX))
        })
        .await
    }

    async fn park(
        &self,
        key: &MessageRef,
        under: &PauseRef,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        within(async {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with(BEGIN).await?;
        let name = key.effect.to_string();
        let parked = sqlx::query(
            "update outbox set status = 'paused', why = $3, due = $4, leased_until = null, changed = $5
             where payer = $1 and effect = $2 and settled_at is null
               and exists (select 1 from pauses where payer = $6 and kind = $7 and name = $8)",
        )
        .bind(&key.payer)
        .bind(&name)
        .bind(label(under))
        .bind(now.plus_ms(LOOK_AGAIN_MS).0)
        .bind(now.0)
        .bind(payer(under))
        .bind(under.kind.name())
        .bind(&under.name)
        .execute(&mut *tx)
        .await?;
        if parked.rows_affected() == 0 {
            // And so is whatever was put aside in the moment in which it ended.
            sqlx::query(
                "update outbox set status = 'due', why = null, due = $4, leased_until = null
                 where settled_at is null
                   and ((payer = $1 and effect = $2) or (status = 'paused' and why = $3))",
            )
            .bind(&key.payer)
            .bind(&name)
            .bind(label(under))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
        })
        .await
    }

    async fn parked(&self, under: &PauseRef, limit: u32) -> Result<Vec<MessageRef>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "select payer, effect from outbox
             where status = 'paused' and settled_at is null and why = $1
             order by seq limit $2",
            )
            .bind(label(under))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
            rows.iter()
                .map(|row| {
                    let name: String = row.try_get("effect")?;
                    Ok(MessageRef { payer: row.try_get("payer")?, effect: effect(&name)? })
                })
                .collect()
        })
        .await
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "select o.payer, o.why, coalesce(c.flow, '') as flow, count(*) as messages,
                    min(o.committed) as oldest
             from outbox o left join conversations c on c.payer = o.payer and c.id = o.lane
             where o.status = 'paused' and o.settled_at is null
             group by o.payer, o.why, coalesce(c.flow, '') order by oldest",
            )
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(waiting).collect()
        })
        .await
    }

    async fn allow(&self, it: &Allowance<'_>) -> Result<bool, StoreError> {
        within(async {
        if it.want > it.limit {
            return Ok(false);
        }
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with(BEGIN).await?;
        // A clock that went back finds a later hour here, and takes from that.
        let taken = sqlx::query(
            "insert into allowances (payer, flow, hour, taken) values ($1, $2, $3, $4)
             on conflict (payer, flow) do update
             set taken = excluded.taken + case when allowances.hour < excluded.hour then 0 else allowances.taken end,
                 hour = case when allowances.hour < excluded.hour then excluded.hour else allowances.hour end
             where allowances.hour < excluded.hour or allowances.taken + excluded.taken <= $5",
        )
        .bind(it.payer)
        .bind(it.flow)
        .bind(it.hour)
        .bind(i64::from(it.want))
        .bind(i64::from(it.limit))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(taken.rows_affected() == 1)
        })
        .await
    }

    async fn release_messages(&self, keys: &[MessageRef]) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            for key in keys {
                sqlx::query(
                    "update outbox set leased_until = null
                 where payer = $1 and effect = $2 and settled_at is null",
                )
                .bind(&key.payer)
                .bind(key.effect.to_string())
                .execute(&mut *tx)
                .await?;
            }
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn release_calls(&self, keys: &[(String, EffectRef)]) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            for (payer, key) in keys {
                sqlx::query(
                    "update calls set leased_until = null
                 where payer = $1 and effect = $2 and settled_at is null",
                )
                .bind(payer)
                .bind(key.to_string())
                .execute(&mut *tx)
                .await?;
            }
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn hold(&self, it: &LegalHold) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            // The person's row is taken first, as forgetting does: one of the two comes before.
            let known =
                sqlx::query(LOCK_PERSON).bind(&it.payer).bind(&it.person).execute(&mut *tx).await?;
            if known.rows_affected() == 0 {
                return Err(StoreError::Unreadable("nobody of that name is known".into()));
            }
            let sealer = Sealer::of(&self.vault, &mut tx, &it.payer, &it.person).await?;
            sqlx::query(
            "insert into legal_holds (payer, person, since, who, why_ct) values ($1, $2, $3, $4, $5)
             on conflict (payer, person) do update
             set who = excluded.who, why_ct = excluded.why_ct",
        )
        .bind(&it.payer)
        .bind(&it.person)
        .bind(it.since.0)
        .bind(&it.who)
        .bind(sealer.seal(WHY, &it.person, &it.why))
        .execute(&mut *tx)
        .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn lift(&self, payer: &str, person: &str) -> Result<bool, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let lifted = sqlx::query("delete from legal_holds where payer = $1 and person = $2")
                .bind(payer)
                .bind(person)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(lifted.rows_affected() > 0)
        })
        .await
    }

    async fn holds(&self, payer: Option<&str>) -> Result<Vec<LegalHold>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "select h.payer, h.person, h.since, h.who, h.why_ct, k.wrapped from legal_holds h
             left join person_keys k on k.payer = h.payer and k.person = h.person
             where $1 = '' or h.payer = $1 order by h.since, h.payer, h.person",
            )
            .bind(payer.unwrap_or_default())
            .fetch_all(&self.readers)
            .await?;
            rows.iter().filter_map(|row| unless_forgotten(legal_hold(self, row))).collect()
        })
        .await
    }

    async fn quiet_since(
        &self,
        payer: &str,
        before: Timestamp,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        searching(async {
        let rows = sqlx::query(
            "select c.principal from conversations c
             join person_keys k on k.payer = c.payer and k.person = c.principal and k.wrapped is not null
             where c.payer = $1 and c.principal > $3
               and not exists (select 1 from legal_holds h where h.payer = c.payer and h.person = c.principal)
               and not exists (select 1 from accounts a where a.payer = c.payer and a.person = c.principal)
             group by c.principal having max(c.turned) < $2
             order by c.principal limit $4",
        )
        .bind(payer)
        .bind(before.0)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok(row.try_get("principal")?)).collect()
        })
        .await
    }
}

/// Takes the row of a person's key, so that forgetting and holding never pass each other.
pub(super) const LOCK_PERSON: &str =
    "update person_keys set wrapped = wrapped where payer = $1 and person = $2";

/// Whether a legal hold keeps a person; asked by whoever forgets, with the row locked.
pub(super) const IS_HELD: &str = "select 1 from legal_holds where payer = $1 and person = $2";

fn pause(row: &DbRow) -> Result<Pause, StoreError> {
    let kind: String = row.try_get("kind")?;
    Ok(Pause {
        of: pause_ref(&kind, row.try_get("name")?, row.try_get("payer")?)?,
        proactive: flag(row, "proactive")?,
        since: Timestamp(row.try_get("since")?),
        who: row.try_get("who")?,
        why: row.try_get("why")?,
    })
}

fn waiting(row: &DbRow) -> Result<Waiting, StoreError> {
    let label: String = row.try_get("why")?;
    Ok(Waiting {
        of: pause_of(&label)?,
        payer: row.try_get("payer")?,
        flow: row.try_get("flow")?,
        messages: count(row, "messages")?,
        oldest: Timestamp(row.try_get("oldest")?),
    })
}

fn legal_hold(store: &SqlStore, row: &DbRow) -> Result<LegalHold, StoreError> {
    let (payer, person): (String, String) = (row.try_get("payer")?, row.try_get("person")?);
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    let sealer = Sealer::unwrap(&store.vault, &payer, &person, wrapped.as_deref())?;
    let why: Vec<u8> = row.try_get("why_ct")?;
    Ok(LegalHold {
        since: Timestamp(row.try_get("since")?),
        who: row.try_get("who")?,
        why: sealer.open(WHY, &person, &why)?,
        payer,
        person,
    })
}
