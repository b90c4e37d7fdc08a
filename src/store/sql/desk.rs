//! Who looked at what: `staff_reads`; and security events: `audit`.

use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::{BEGIN, SqlStore};
use crate::store::{AuditEntry, StaffRead, StoreError};

pub(super) async fn note_read(store: &SqlStore, read: &StaffRead) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query(
        "insert into staff_reads (payer, conversation, seq, staff, what, at)
         select $1, $2, coalesce(max(seq), 0) + 1, $3, $4, $5
         from staff_reads where payer = $1 and conversation = $2",
    )
    .bind(&read.payer)
    .bind(&read.conversation)
    .bind(&read.staff)
    .bind(&read.what)
    .bind(read.at.0)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn reads(
    store: &SqlStore,
    payer: &str,
    conversation: &str,
) -> Result<Vec<StaffRead>, StoreError> {
    let rows = sqlx::query(
        "select staff, what, at from staff_reads
         where payer = $1 and conversation = $2 order by seq",
    )
    .bind(payer)
    .bind(conversation)
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(StaffRead {
                payer: payer.into(),
                staff: row.try_get("staff")?,
                conversation: conversation.into(),
                what: row.try_get("what")?,
                at: Timestamp(row.try_get("at")?),
            })
        })
        .collect()
}

pub(super) async fn audit(store: &SqlStore, entry: &AuditEntry) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query(
        "insert into audit (payer, who, what, conversation, at) values ($1, $2, $3, $4, $5)",
    )
    .bind(&entry.payer)
    .bind(&entry.who)
    .bind(&entry.what)
    .bind(&entry.conversation)
    .bind(entry.at.0)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}
