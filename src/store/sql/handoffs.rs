//! What lies before a desk: `handoffs`, with the drafts for whoever takes one.

use std::sync::Arc;

use mendline_engine::effect::OpenHandoff;
use mendline_engine::time::Timestamp;
use serde_json::Value;
use sqlx::Row as _;

use super::rows::{Column, Rows};
use super::seal::{Sealer, unless_forgotten};
use super::{Connection, DbRow, SqlStore, effect};
use crate::store::{EffectRef, HandoffChange, HandoffRow, StoreError};

/// A change of a conversation's handoff, with whom it is sealed for.
pub(super) struct Changed {
    pub(super) sealer: Arc<Sealer>,
    pub(super) payer: String,
    pub(super) conversation: String,
    pub(super) change: HandoffChange,
    pub(super) now: Timestamp,
}

/// Applies a change. Handoffs are rare, so each is a statement of its own.
pub(super) async fn change(connection: &mut Connection, it: &Changed) -> Result<(), StoreError> {
    let Changed { sealer, payer, conversation, change, now } = it;
    let (sealer, payer, conversation) = (sealer.as_ref(), payer.as_str(), conversation.as_str());
    let name = |key| EffectRef { conversation: conversation.into(), key }.to_string();
    match change {
        HandoffChange::Open { key, open, person } => {
            let name = name(*key);
            sqlx::query(
                "insert into handoffs (payer, handoff, conversation, key_person, desk, person, open_ct, opened)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(payer)
            .bind(&name)
            .bind(conversation)
            .bind(sealer.person())
            .bind(&open.desk)
            .bind(person)
            .bind(sealer.seal("handoffs.open", &name, open))
            .bind(now.0)
            .execute(connection)
            .await?;
        }
        HandoffChange::Taken { key, holder: (person, holder) } => {
            let name = name(*key);
            sqlx::query(
                "update handoffs set holder_person = $3, holder_ct = $4
                 where payer = $1 and handoff = $2",
            )
            .bind(payer)
            .bind(&name)
            .bind(person)
            .bind(sealer.seal("handoffs.holder", &name, holder))
            .execute(connection)
            .await?;
        }
        HandoffChange::Close { key } => {
            sqlx::query(
                "update handoffs set closed = coalesce(closed, $3)
                 where payer = $1 and handoff = $2",
            )
            .bind(payer)
            .bind(name(*key))
            .bind(now.0)
            .execute(connection)
            .await?;
        }
        HandoffChange::Draft { key, draft } => {
            put_draft(connection, sealer, payer, &name(*key), draft).await?;
        }
    }
    Ok(())
}

async fn put_draft(
    connection: &mut Connection,
    sealer: &Sealer,
    payer: &str,
    handoff: &str,
    draft: &Value,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "select coalesce(max(seq), 0) + 1 as next from drafts where payer = $1 and handoff = $2",
    )
    .bind(payer)
    .bind(handoff)
    .fetch_one(&mut *connection)
    .await?;
    let seq: i64 = row.try_get("next")?;
    sqlx::query(
        "insert into drafts (payer, handoff, seq, key_person, draft_ct)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(payer)
    .bind(handoff)
    .bind(seq)
    .bind(sealer.person())
    .bind(sealer.seal("drafts.draft", &format!("{handoff}/{seq}"), draft))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn open_at(
    store: &SqlStore,
    payer: &str,
    desks: &[String],
) -> Result<Vec<HandoffRow>, StoreError> {
    let mut named = Rows::new(&[Column::Text("desk")]);
    desks.iter().for_each(|desk| named.push([desk.into()]));
    let rows = named
        .fetch(
            &mut *store.readers.acquire().await?,
            &[payer.into()],
            "select h.*, k.wrapped from handoffs h
             left join person_keys k on k.payer = h.payer and k.person = h.key_person
             where h.payer = $1 and h.closed is null and h.desk in (select desk from v)
             order by h.opened, h.handoff",
        )
        .await?;
    let mut handoffs = Vec::new();
    for row in &rows {
        if let Some(handoff) = unless_forgotten(read(store, row).await) {
            handoffs.push(handoff?);
        }
    }
    Ok(handoffs)
}

pub(super) async fn handoff(
    store: &SqlStore,
    payer: &str,
    handoff: &EffectRef,
) -> Result<Option<HandoffRow>, StoreError> {
    let row = sqlx::query(
        "select h.*, k.wrapped from handoffs h
         left join person_keys k on k.payer = h.payer and k.person = h.key_person
         where h.payer = $1 and h.handoff = $2",
    )
    .bind(payer)
    .bind(handoff.to_string())
    .fetch_optional(&store.readers)
    .await?;
    match row {
        Some(row) => read(store, &row).await.map(Some),
        None => Ok(None),
    }
}

async fn read(store: &SqlStore, row: &DbRow) -> Result<HandoffRow, StoreError> {
    let (payer, principal): (String, String) = (row.try_get("payer")?, row.try_get("key_person")?);
    let sealer = Sealer::beside(&store.vault, &payer, row)?;
    let name: String = row.try_get("handoff")?;
    let open: Vec<u8> = row.try_get("open_ct")?;
    let open: OpenHandoff = sealer.open("handoffs.open", &name, &open)?;
    let person: Option<String> = row.try_get("holder_person")?;
    let sealed: Option<Vec<u8>> = row.try_get("holder_ct")?;
    let holder = match person.zip(sealed) {
        Some((person, sealed)) => Some((person, sealer.open("handoffs.holder", &name, &sealed)?)),
        None => None,
    };
    Ok(HandoffRow {
        drafts: drafts(store, &sealer, &payer, &name).await?,
        handoff: effect(&name)?,
        open,
        person: row.try_get("person")?,
        principal,
        holder,
        opened: Timestamp(row.try_get("opened")?),
        closed: row.try_get::<Option<i64>, _>("closed")?.map(Timestamp),
        payer,
    })
}

async fn drafts(
    store: &SqlStore,
    sealer: &Sealer,
    payer: &str,
    handoff: &str,
) -> Result<Vec<Value>, StoreError> {
    let rows = sqlx::query(
        "select seq, draft_ct from drafts where payer = $1 and handoff = $2 order by seq",
    )
    .bind(payer)
    .bind(handoff)
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            let (seq, sealed): (i64, Vec<u8>) = (row.try_get("seq")?, row.try_get("draft_ct")?);
            sealer.open("drafts.draft", &format!("{handoff}/{seq}"), &sealed)
        })
        .collect()
}
