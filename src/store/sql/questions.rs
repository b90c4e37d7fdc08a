//! Questions as put to people: `questions`, one row for each who holds it.

use mendline_engine::effect::Closed;
use mendline_engine::message::Message;
use mendline_engine::time::Timestamp;
use sqlx::Row as _;

use super::seal::{Sealer, unless_forgotten};
use super::writes::Writes;
use super::{DbRow, SqlStore, effect};
use crate::store::{EffectRef, NewMessage, QuestionRow, StoreError};

/// A message puts its question to its person: the first opens it, a later one replaces the
/// words and the buttons; what only asks for more about a card leaves the card as it is. What was
/// closed stays closed.
pub(super) fn put(
    writes: &mut Writes,
    sealer: &Sealer,
    payer: &str,
    conversation: &str,
    new: &NewMessage,
    now: Timestamp,
) {
    let Some(key) = new.message.question else { return };
    let question = EffectRef { conversation: conversation.into(), key }.to_string();
    let row = place(&question, &new.person);
    let card = new.message.card.is_some();
    let whose = (payer.to_owned(), question.clone(), new.person.clone());
    writes.question(
        whose,
        card,
        [
            payer.into(),
            question.into(),
            new.person.as_str().into(),
            conversation.into(),
            sealer.person().into(),
            new.message.party.as_str().into(),
            card.into(),
            sealer.seal("questions.message", &row, &new.message).into(),
            now.0.into(),
            new.due.map(|it| it.0).into(),
        ],
    );
}

fn place(question: &str, person: &str) -> String {
    format!("{question} {person}")
}

/// Closes every copy of a question, once; says who answered it and on which channel, if somebody
/// did.
pub(super) fn close(
    writes: &mut Writes,
    sealer: &Sealer,
    (payer, question): (&str, &EffectRef),
    (why, by): (&Closed, Option<(&str, &str)>),
    now: Timestamp,
) {
    let question = question.to_string();
    let why = sealer.seal("questions.closed", &question, why);
    let (person, channel) = by.map(|(it, on)| (it.to_owned(), on.to_owned())).unzip();
    writes.closed.push([
        payer.into(),
        question.into(),
        now.0.into(),
        why.into(),
        person.into(),
        channel.into(),
    ]);
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

pub(super) fn read(store: &SqlStore, row: &DbRow) -> Result<QuestionRow, StoreError> {
    let (payer, principal): (String, String) = (row.try_get("payer")?, row.try_get("key_person")?);
    let sealer = Sealer::beside(&store.vault, &payer, row)?;
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
