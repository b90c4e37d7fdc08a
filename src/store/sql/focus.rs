//! Which question has a person's attention on a channel: `focus` (rule 4).

use super::Connection;
use crate::store::StoreError;

/// A question was shown: it takes focus, unless another that is still open has it.
pub(super) async fn move_to(
    connection: &mut Connection,
    payer: &str,
    person: &str,
    channel: &str,
    question: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into focus (payer, person, channel, question)
         select payer, person, $3, question from questions
         where payer = $1 and person = $2 and question = $4 and closed_at is null
         on conflict (payer, person, channel) do update set question = excluded.question
         where not exists (
            select 1 from questions held
            where held.payer = focus.payer and held.person = focus.person
              and held.question = focus.question and held.closed_at is null)",
    )
    .bind(payer)
    .bind(person)
    .bind(channel)
    .bind(question)
    .execute(connection)
    .await?;
    Ok(())
}

/// A person turn says where focus is, or that it is free.
pub(super) async fn set(
    connection: &mut Connection,
    payer: &str,
    person: &str,
    channel: &str,
    question: Option<&str>,
) -> Result<(), StoreError> {
    let query = match question {
        Some(_) => sqlx::query(
            "insert into focus (payer, person, channel, question) values ($1, $2, $3, $4)
             on conflict (payer, person, channel) do update set question = excluded.question",
        ),
        None => sqlx::query(
            "delete from focus where payer = $1 and person = $2 and channel = $3 and $4 is null",
        ),
    };
    query.bind(payer).bind(person).bind(channel).bind(question).execute(connection).await?;
    Ok(())
}

/// The question is over: whoever had it in focus is free.
pub(super) async fn free(
    connection: &mut Connection,
    payer: &str,
    question: &str,
) -> Result<(), StoreError> {
    sqlx::query("delete from focus where payer = $1 and question = $2")
        .bind(payer)
        .bind(question)
        .execute(connection)
        .await?;
    Ok(())
}
