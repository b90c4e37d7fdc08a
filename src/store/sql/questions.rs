//! Questions as put to people: `questions`, one row for each who holds it.

use mendline_engine::effect::Closed;
use mendline_engine::message::Message;
use mendline_engine::time::Timestamp;
use sqlx::Row as _;

use super::seal::{Sealer, unless_forgotten};
use super::{Connection, DbRow, SqlStore, effect, focus};
use crate::store::{EffectRef, NewMessage, QuestionRow, StoreError};

/// A message puts its question to its person: the first opens it, a later one replaces the
/// words and the buttons; what only asks for more about a card leaves the card as it is. What was
/// closed stays closed.
pub(super) async fn put(
    connection: &mut Connection,
    sealer: &Sealer,
    payer: &str,
    conversation: &str,
    new: &NewMessage,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(key) = new.message.question else { return Ok(()) };
    let question = EffectRef { conversation: conversation.into(), key }.to_string();
    let row = place(&question, &new.person);
    sqlx::query(
        "insert into questions (payer, question, person, conversation, key_person, party, is_decide, message_ct, opened, due)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (payer, question, person) do update
         set party = excluded.party, is_decide = excluded.is_decide, message_ct = excluded.message_ct, due = excluded.due
         where excluded.is_decide >= questions.is_decide",
    )
    .bind(payer)
    .bind(&question)
    .bind(&new.person)
    .bind(conversation)
    .bind(sealer.person())
    .bind(&new.message.party)
    .bind(i64::from(new.message.card.is_some()))
    .bind(sealer.seal("questions.message", &row, &new.message))
    .bind(now.0)
    .bind(new.due.map(|it| it.0))
    .execute(connection)
    .await?;
    Ok(())
}

fn place(question: &str, person: &str) -> String {
    format!("{question} {person}")
}

/// Closes every copy of a question, once. What is held for the morning and asks it is looked at
/// now: it will not go out, and must not keep back what comes after it.
pub(super) async fn close(
    connection: &mut Connection,
    sealer: &Sealer,
    payer: &str,
    question: &EffectRef,
    why: &Closed,
    now: Timestamp,
) -> Result<(), StoreError> {
    let question = question.to_string();
    sqlx::query(
        "update questions set closed_at = $3, closed_ct = $4
         where payer = $1 and question = $2 and closed_at is null",
    )
    .bind(payer)
    .bind(&question)
    .bind(now.0)
    .bind(sealer.seal("questions.closed", &question, why))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "update outbox set due = $3
         where payer = $1 and question = $2 and status = 'held' and settled_at is null
           and frozen_ct is null",
    )
    .bind(payer)
    .bind(&question)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    focus::free(connection, payer, &question).await
}

/// The person has it before her eyes.
pub(super) async fn shown(
    connection: &mut Connection,
    payer: &str,
    question: &str,
    person: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "update questions set shown = coalesce(shown, $4)
         where payer = $1 and question = $2 and person = $3",
    )
    .bind(payer)
    .bind(question)
    .bind(person)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn in_focus(
    store: &SqlStore,
    payer: &str,
    person: &str,
    channel: &str,
) -> Result<Option<QuestionRow>, StoreError> {
    let row = sqlx::query(
        "select q.*, k.wrapped from focus f
         join questions q on q.payer = f.payer and q.question = f.question and q.person = f.person
         left join person_keys k on k.payer = q.payer and k.person = q.key_person
         where f.payer = $1 and f.person = $2 and f.channel = $3 and q.closed_at is null",
    )
    .bind(payer)
    .bind(person)
    .bind(channel)
    .fetch_optional(&store.readers)
    .await?;
    row.map(|row| read(store, &row)).and_then(unless_forgotten).transpose()
}

pub(super) async fn cards(
    store: &SqlStore,
    payer: &str,
    person: &str,
) -> Result<Vec<QuestionRow>, StoreError> {
    let rows = sqlx::query(
        "select q.*, k.wrapped from questions q
         left join person_keys k on k.payer = q.payer and k.person = q.key_person
         where q.payer = $1 and q.person = $2 and q.is_decide = 1 and q.closed_at is null
         order by q.due is null, q.due, q.opened, q.question",
    )
    .bind(payer)
    .bind(person)
    .fetch_all(&store.readers)
    .await?;
    rows.iter().map(|row| read(store, row)).filter_map(unless_forgotten).collect()
}

pub(super) async fn question(
    store: &SqlStore,
    payer: &str,
    question: &EffectRef,
    person: Option<&str>,
) -> Result<Option<QuestionRow>, StoreError> {
    let row = sqlx::query(
        "select q.*, k.wrapped from questions q
         left join person_keys k on k.payer = q.payer and k.person = q.key_person
         where q.payer = $1 and q.question = $2 and q.person = coalesce($3, q.person)
         order by q.opened, q.person limit 1",
    )
    .bind(payer)
    .bind(question.to_string())
    .bind(person)
    .fetch_optional(&store.readers)
    .await?;
    row.map(|row| read(store, &row)).transpose()
}

fn read(store: &SqlStore, row: &DbRow) -> Result<QuestionRow, StoreError> {
    let (payer, principal): (String, String) = (row.try_get("payer")?, row.try_get("key_person")?);
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    let sealer = Sealer::unwrap(&store.vault, &payer, &principal, wrapped.as_deref())?;
    let (question, person): (String, String) = (row.try_get("question")?, row.try_get("person")?);
    let message: Vec<u8> = row.try_get("message_ct")?;
    let message: Message =
        sealer.open("questions.message", &place(&question, &person), &message)?;
    let closed: Option<Vec<u8>> = row.try_get("closed_ct")?;
    let closed = closed.map(|it| sealer.open("questions.closed", &question, &it)).transpose()?;
    let moment = |column| row.try_get::<Option<i64>, _>(column).map(|it| it.map(Timestamp));
    Ok(QuestionRow {
        payer,
        question: effect(&question)?,
        person,
        party: row.try_get("party")?,
        message,
        opened: Timestamp(row.try_get("opened")?),
        due: moment("due")?,
        shown: moment("shown")?,
        closed,
        principal,
    })
}
