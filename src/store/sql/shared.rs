//! What servers agree on: `holders`, `readers`, and the newest format that was ever written.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::{BEGIN, SqlStore, db};
use crate::store::StoreError;
use crate::store::shared::{Shared, Token, Wire};

/// The row of `house` with the newest format of a state that may have been written.
const WRITTEN: &str = "state_format";
/// What the first release writes.
const FIRST_FORMAT: i64 = 1;

#[async_trait]
impl Shared for SqlStore {
    async fn take_hold(
        &self,
        name: &str,
        who: &str,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<Option<Token>, StoreError> {
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
    }

    async fn let_go(&self, name: &str, token: Token) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with(BEGIN).await?;
        sqlx::query("update holders set until = 0, who = '' where name = $1 and token = $2")
            .bind(name)
            .bind(token)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn keep_place(&self, name: &str, token: Token, place: &str) -> Result<bool, StoreError> {
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
    }

    async fn place(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("select place from holders where name = $1")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        let place = row.map(|row| row.try_get::<Option<String>, _>("place")).transpose()?;
        Ok(place.flatten())
    }

    async fn note_reader(
        &self,
        who: &str,
        reads: u32,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<u32, StoreError> {
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
        Ok(lowest)
    }

    async fn forget_reader(&self, who: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with(BEGIN).await?;
        sqlx::query("delete from readers where who = $1").bind(who).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    fn has_others(&self) -> bool {
        db::SHARED
    }

    fn wire(&self) -> Option<Arc<dyn Wire>> {
        self.wire.clone()
    }
}
