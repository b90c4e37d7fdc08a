//! Which question has a person's attention on a channel: `focus` (rule 4).

use std::collections::BTreeSet;

use super::rows::{Column, Rows};
use super::script::Script;

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
pub(super) fn move_all(script: &mut Script, mut moves: Vec<Move>) {
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
        script.add(rows, &[], MOVE);
        moves = later;
    }
}

const MOVE: &str = "
    insert into focus (payer, person, channel, question)
    select q.payer, q.person, v.channel, q.question from v
    join questions q on q.payer = v.payer and q.person = v.person and q.question = v.question
    where q.closed_at is null
    on conflict (payer, person, channel) do update set question = excluded.question
    where not exists (
       select 1 from questions held
       where held.payer = focus.payer and held.person = focus.person
         and held.question = focus.question and held.closed_at is null)";
const SET: &str = "
    insert into focus (payer, person, channel, question)
    select payer, person, channel, question from v where true
    on conflict (payer, person, channel) do update set question = excluded.question";
const FREE: &str = "
    delete from focus where (payer, person, channel) in (select payer, person, channel from v)";

/// A person turn says where focus is, or that it is free.
pub(super) fn set(
    script: &mut Script,
    payer: &str,
    person: &str,
    channel: &str,
    question: Option<String>,
) {
    let statement = if question.is_some() { SET } else { FREE };
    let mut rows = Rows::new(MOVED);
    rows.push([payer.into(), person.into(), channel.into(), question.into()]);
    script.add(rows, &[], statement);
}
