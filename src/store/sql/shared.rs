//! What servers agree on: `holders`, `readers`, and the newest format that was ever written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use mendline_engine::state::STATE_FORMAT;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::{BEGIN, SqlStore, db, within};
use crate::store::shared::{Shared, Token, Wire};
use crate::store::{Carry, StoreError, TurnCommit};

/// In which format states are written, and which can be read. What is written follows what every
/// running server can read ([`Shared::note_reader`]); until that is known, it is the first.
pub(in super::super) struct Formats {
    reads: AtomicU32,
    writes: AtomicU32,
}

impl Default for Formats {
    fn default() -> Formats {
        let (reads, writes) = (AtomicU32::new(STATE_FORMAT), AtomicU32::new(FIRST_FORMAT));
        Formats { reads, writes }
    }
}

impl Formats {
    /// The newest that can be read.
    pub(super) fn reads(&self) -> u32 {
        self.reads.load(Ordering::Relaxed)
    }

    /// A turn with its state in the format that is written.
    pub(super) fn write(&self, mut turn: TurnCommit) -> TurnCommit {
        turn.state.format = self.writes.load(Ordering::Relaxed);
        turn
    }

    /// What a person did with its turns' states in the format that is written.
    pub(super) fn write_all(&self, mut carry: Carry) -> Carry {
        carry.turns = carry.turns.into_iter().map(|it| self.write(it)).collect();
        carry
    }
}

/// The row of `house` with the newest format of a state that may have been written.
const WRITTEN: &str = "state_format";
/// What the first release writes.
pub(super) const FIRST_FORMAT: u32 = 1;

#[async_trait]
impl Shared for SqlStore {
    async fn take_hold(
        &self,
        name: &str,
        who: &str,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<Option<Token>, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let row = sqlx::query(
                "insert into holders (name, who, token, until) values ($1, $2, 1, $4)
             on conflict (name) do update
             set token = holders.token + case when holders.who = excluded.who then 0 else 1 end,
                 who = excluded.who, until = excluded.until
             where holders.who = excluded.who or holders.until <= $3
             returning token",
            )
            .bind(name)
            .bind(who)
            .bind(now.0)
            .bind(now.plus_ms(lease_ms).0)
            .fetch_optional(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(row.map(|row| row.try_get("token")).transpose()?)
        })
        .await
    }

    async fn let_go(&self, name: &str, token: Token) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query("update holders set until = 0, who = '' where name = $1 and token = $2")
                .bind(name)
                .bind(token)
                .execute(&mut *tx)
                .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn keep_place(&self, name: &str, token: Token, place: &str) -> Result<bool, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let kept = sqlx::query("update holders set place = $3 where name = $1 and token = $2")
                .bind(name)
                .bind(token)
                .bind(place)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(kept.rows_affected() > 0)
        })
        .await
    }

    async fn place(&self, name: &str) -> Result<Option<String>, StoreError> {
        within(async {
            let row = sqlx::query("select place from holders where name = $1")
                .bind(name)
                .fetch_optional(&self.readers)
                .await?;
            let place = row.map(|row| row.try_get::<Option<String>, _>("place")).transpose()?;
            Ok(place.flatten())
        })
        .await
    }

    async fn note_reader(
        &self,
        who: &str,
        reads: u32,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<u32, StoreError> {
        within(async {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with(BEGIN).await?;
        // Writing the row first makes everybody who decides this wait for each other.
        let row = sqlx::query(
            "insert into house (name, value) values ($1, $2)
             on conflict (name) do update set value = house.value returning value",
        )
        .bind(WRITTEN)
        .bind(FIRST_FORMAT.to_string())
        .fetch_one(&mut *tx)
        .await?;
        let written: String = row.try_get("value")?;
        let written: u32 = written
            .parse()
            .map_err(|_| StoreError::Unreadable(format!("'{written}' is no format of a state")))?;
        if reads < written {
            let why = format!(
                "states are written in format {written} and this program reads {reads}; use the newer mendline that wrote them"
            );
            return Err(StoreError::Unreadable(why));
        }
        sqlx::query("delete from readers where until <= $1").bind(now.0).execute(&mut *tx).await?;
        sqlx::query(
            "insert into readers (who, reads, until) values ($1, $2, $3)
             on conflict (who) do update set reads = excluded.reads, until = excluded.until",
        )
        .bind(who)
        .bind(i64::from(reads))
        .bind(now.plus_ms(lease_ms).0)
        .execute(&mut *tx)
        .await?;
        let row =
            sqlx::query("select min(reads) as lowest from readers").fetch_one(&mut *tx).await?;
        let lowest: i64 = row.try_get("lowest")?;
        let lowest = u32::try_from(lowest).unwrap_or(written).max(written);
        sqlx::query("update house set value = $2 where name = $1")
            .bind(WRITTEN)
            .bind(lowest.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.formats.reads.store(reads, Ordering::Relaxed);
        self.formats.writes.store(lowest, Ordering::Relaxed);
        Ok(lowest)
        })
        .await
    }

    async fn forget_reader(&self, who: &str) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query("delete from readers where who = $1").bind(who).execute(&mut *tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    fn has_others(&self) -> bool {
        db::SHARED
    }

    fn wire(&self) -> Option<Arc<dyn Wire>> {
        self.wire.clone()
    }
}
