//! Forgets a person: destroys the key, and takes what cannot be read any more out of the way of
//! the loops. The record stays, and its chain still holds; nobody can read it (rule 12).

use sqlx::Connection as _;

use super::{BEGIN, SqlStore, care, db};
use crate::store::StoreError;

/// What follows from a destroyed key, in order. Each takes the payer and the person.
const STEPS: [&str; 27] = [
    "insert into person_keys (payer, person, wrapped) values ($1, $2, null)
     on conflict (payer, person) do update set wrapped = null",
    "delete from people where payer = $1 and person = $2",
    "delete from opt_outs where payer = $1 and person = $2",
    "delete from focus where payer = $1 and person = $2",
    "delete from addresses where payer = $1 and person = $2",
    "delete from standing where payer = $1 and person = $2",
    "delete from codes where payer = $1 and person = $2",
    "delete from media where payer = $1 and person = $2",
    "delete from introduced where payer = $1 and person = $2",
    "delete from challenges where payer = $1 and person = $2",
    "update representatives set ended = since
     where payer = $1 and (person = $2 or representative = $2) and ended is null",
    "delete from sessions where payer = $1 and person = $2",
    "delete from accounts where payer = $1 and person = $2",
    "delete from identities where payer = $1 and person = $2",
    "delete from second_factors where payer = $1 and person = $2",
    "delete from recovery_codes where payer = $1 and person = $2",
    "delete from kept_forms where payer = $1 and person = $2",
    "delete from lines where payer = $1 and (person = $2 or key_person = $2)",
    "update inbox set done_at = received, body_ct = substr(body_ct, 1, 0), answer_ct = null
     where payer = $1 and key_person = $2 and done_at is null",
    "update outbox set status = 'withheld', why = 'forgotten', settled_at = due, leased_until = null
     where payer = $1 and key_person = $2 and settled_at is null",
    "update calls set settled_at = due, leased_until = null
     where payer = $1 and key_person = $2 and settled_at is null",
    "update questions set closed_at = opened
     where payer = $1 and key_person = $2 and closed_at is null",
    "update handoffs set closed = opened where payer = $1 and key_person = $2 and closed is null",
    "delete from drafts where payer = $1 and key_person = $2",
    "delete from timers where payer = $1 and conversation in (
        select id from conversations where payer = $1 and principal = $2)",
    "delete from starts where payer = $1 and conversation in (
        select id from conversations where payer = $1 and principal = $2)",
    "delete from identifiers where payer = $1 and conversation in (
        select id from conversations where payer = $1 and principal = $2)",
];

pub(super) async fn forget(store: &SqlStore, payer: &str, person: &str) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query(care::LOCK_PERSON).bind(payer).bind(person).execute(&mut *tx).await?;
    let held = sqlx::query(care::IS_HELD).bind(payer).bind(person).fetch_optional(&mut *tx).await?;
    if held.is_some() {
        return Err(StoreError::Held);
    }
    for step in STEPS {
        sqlx::query(step).bind(payer).bind(person).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    db::forgotten(&mut writer).await;
    Ok(())
}
