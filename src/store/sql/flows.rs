//! Flow versions in use: `flows`. Nothing in them is private.

use sqlx::{Connection as _, Row as _};

use super::{BEGIN, SqlStore};
use crate::store::{KeptFlow, StoreError};

pub(super) async fn keep(store: &SqlStore, flow: &KeptFlow) -> Result<(), StoreError> {
    let sources = serde_json::to_string(&flow.sources).expect("texts by text are JSON");
    let program = serde_json::to_string(&flow.program).expect("a program has text keys only");
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query(
        "insert into flows (hash, flow, sources, program) values ($1, $2, $3, $4)
         on conflict do nothing",
    )
    .bind(&flow.hash)
    .bind(&flow.program.flow)
    .bind(sources)
    .bind(program)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn kept(store: &SqlStore, hash: &str) -> Result<Option<KeptFlow>, StoreError> {
    let row = sqlx::query("select sources, program from flows where hash = $1")
        .bind(hash)
        .fetch_optional(&store.readers)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (sources, program): (String, String) = (row.try_get("sources")?, row.try_get("program")?);
    let broken = |why: serde_json::Error| StoreError::Unreadable(format!("flow {hash}: {why}"));
    Ok(Some(KeptFlow {
        hash: hash.into(),
        sources: serde_json::from_str(&sources).map_err(broken)?,
        program: serde_json::from_str(&program).map_err(broken)?,
    }))
}
