//! Which question has a person's attention on a channel: `focus` (rule 4).

use std::collections::BTreeSet;

use super::Connection;
use super::rows::{Column, Rows};
use crate::store::StoreError;

/// A question that was shown to a person on a channel.
pub(super) struct Move {
    pub(super) payer: String,
    pub(super) person: String,
    pub(super) channel: String,
    pub(super) question: String,
}

const MOVED: &[Column] = &[
    Column::Text("payer"),
    Column::Text("person"),
    Column::Text("channel"),
    Column::Text("question"),
];

/// Each takes focus, unless another that is still open has it. Two for the same person go one
/// after the other.
pub(super) async fn move_all(
    connection: &mut Connection,
    mut moves: Vec<Move>,
) -> Result<(), StoreError> {
    while !moves.is_empty() {
        let (mut rows, mut later) = (Rows::new(MOVED), Vec::new());
        let mut moved = BTreeSet::new();
        for it in moves {
            if !moved.insert((it.payer.clone(), it.person.clone(), it.channel.clone())) {
                later.push(it);
                continue;
            }
            rows.push([it.payer.into(), it.person.into(), it.channel.into(), it.question.into()]);
        }
        rows.execute(
            connection,
            &[],
            "insert into focus (payer, person, channel, question)
             select q.payer, q.person, v.channel, q.question from v
             join questions q on q.payer = v.payer and q.person = v.person and q.question = v.question
             where q.closed_at is null
             on conflict (payer, person, channel) do update set question = excluded.question
             where not exists (
                select 1 from questions held
                where held.payer = focus.payer and held.person = focus.person
                  and held.question = focus.question and held.closed_at is null)",
        )
        .await?;
        moves = later;
    }
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
