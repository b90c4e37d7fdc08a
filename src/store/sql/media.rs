//! Files: `media`.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::seal::Sealer;
use super::{BEGIN, DbRow, SqlStore, care, within};
use crate::store::StoreError;
use crate::store::media::{Files, KeptFile, NewFile, Share, Took};
use crate::store::reach::Whose;

/// What files are sealed for.
const FILE: &str = "media.file";

#[async_trait]
impl Files for SqlStore {
    async fn keep(&self, file: &NewFile, share: Share) -> Result<Took, StoreError> {
        let Whose { payer, person } = &file.whose;
        let bytes = i64::try_from(file.bytes.len()).unwrap_or(i64::MAX);
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let sealer = Sealer::of(&self.vault, &mut tx, payer, person).await?;
            // One after the other, or two that come together would each see room.
            sqlx::query(care::LOCK_PERSON).bind(payer).bind(person).execute(&mut *tx).await?;
            let there = sqlx::query(
                "select
                    (select count(*) from media where payer = $1 and person = $2 and id = $3) as same,
                    count(*) as files, cast(coalesce(sum(bytes), 0) as bigint) as bytes
                 from media where payer = $1 and person = $2 and at > $4",
            )
            .bind(payer)
            .bind(person)
            .bind(&file.id)
            .bind(share.since.0)
            .fetch_one(&mut *tx)
            .await?;
            let number = |name: &str| there.try_get::<i64, _>(name);
            if number("same")? > 0 {
                return Ok(Took::Kept);
            }
            let room = i64::try_from(share.bytes).unwrap_or(i64::MAX) - number("bytes")?;
            if number("files")? >= i64::from(share.files) || bytes > room {
                return Ok(Took::TooMuch);
            }
            sqlx::query(
                "insert into media (payer, person, id, channel, mime, bytes, at, file_ct)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(payer)
            .bind(person)
            .bind(&file.id)
            .bind(&file.channel)
            .bind(&file.mime)
            .bind(bytes)
            .bind(file.at.0)
            .bind(sealer.seal_bytes(FILE, &file.id, &file.bytes))
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(Took::Kept)
        })
        .await
    }

    async fn of(&self, whose: &Whose, limit: u32) -> Result<Vec<KeptFile>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "select id, channel, mime, bytes, at from media where payer = $1 and person = $2
                 order by at desc, id limit $3",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(kept).collect()
        })
        .await
    }

    async fn open(
        &self,
        whose: &Whose,
        id: &str,
    ) -> Result<Option<(KeptFile, Vec<u8>)>, StoreError> {
        within(async {
            let row = sqlx::query(
                "select m.id, m.channel, m.mime, m.bytes, m.at, m.file_ct, k.wrapped from media m
                 left join person_keys k on k.payer = m.payer and k.person = m.person
                 where m.payer = $1 and m.person = $2 and m.id = $3",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
            let (payer, person) = (&whose.payer, &whose.person);
            let sealer = match Sealer::unwrap(&self.vault, payer, person, wrapped.as_deref()) {
                Err(StoreError::Forgotten) => return Ok(None),
                sealer => sealer?,
            };
            let sealed: Vec<u8> = row.try_get("file_ct")?;
            Ok(Some((kept(&row)?, sealer.open_bytes(FILE, id, &sealed)?)))
        })
        .await
    }
}

fn kept(row: &DbRow) -> Result<KeptFile, StoreError> {
    Ok(KeptFile {
        id: row.try_get("id")?,
        channel: row.try_get("channel")?,
        mime: row.try_get("mime")?,
        bytes: u64::try_from(row.try_get::<i64, _>("bytes")?).unwrap_or_default(),
        at: Timestamp(row.try_get("at")?),
    })
}
