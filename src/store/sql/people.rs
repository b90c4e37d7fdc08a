//! People: `people`, and what they opted out of: `opt_outs`.

use std::collections::BTreeSet;

use sqlx::{Connection as _, Row as _};

use super::seal::Sealer;
use super::{BEGIN, Connection, DbRow, SqlStore, focus, reach};
use crate::store::{Person, PersonFact, StoreError};

/// What comes from outside replaces what came from outside before. What she chose herself
/// stays: her language, and every opt-out (rule 6).
pub(super) async fn know(store: &SqlStore, person: &Person) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let sealer = Sealer::of(&store.vault, &mut tx, &person.payer, &person.person).await?;
    sqlx::query(
        "insert into people (payer, person, language, body_ct) values ($1, $2, $3, $4)
         on conflict (payer, person) do update
         set body_ct = excluded.body_ct,
             language = case when people.chosen = 1 then people.language else excluded.language end",
    )
    .bind(&person.payer)
    .bind(&person.person)
    .bind(&person.language)
    .bind(sealer.seal("people.body", &person.person, person))
    .execute(&mut *tx)
    .await?;
    for channel in &person.opted_out {
        opt_out(&mut tx, &person.payer, &person.person, channel).await?;
    }
    Ok(tx.commit().await?)
}

/// Applies what a person turn changes about the person.
pub(super) async fn change(
    connection: &mut Connection,
    payer: &str,
    person: &str,
    fact: &PersonFact,
) -> Result<(), StoreError> {
    match fact {
        PersonFact::Language(language) => {
            sqlx::query(
                "update people set language = $3, chosen = 1 where payer = $1 and person = $2",
            )
            .bind(payer)
            .bind(person)
            .bind(language)
            .execute(connection)
            .await?;
            Ok(())
        }
        PersonFact::OptedOut { channel } => opt_out(connection, payer, person, channel).await,
        PersonFact::OptedIn { channel } => {
            sqlx::query("delete from opt_outs where payer = $1 and person = $2 and channel = $3")
                .bind(payer)
                .bind(person)
                .bind(channel)
                .execute(connection)
                .await?;
            Ok(())
        }
        PersonFact::At { channel } => {
            sqlx::query("update people set at_channel = $3 where payer = $1 and person = $2")
                .bind(payer)
                .bind(person)
                .bind(channel)
                .execute(connection)
                .await?;
            Ok(())
        }
        // What is sealed has rows of its own.
        PersonFact::Linked { .. } | PersonFact::Unlinked { .. } => Ok(()),
        PersonFact::Focus { channel, question } => {
            let question = question.as_ref().map(ToString::to_string);
            focus::set(connection, payer, person, channel, question.as_deref()).await
        }
    }
}

async fn opt_out(
    connection: &mut Connection,
    payer: &str,
    person: &str,
    channel: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into opt_outs (payer, person, channel) values ($1, $2, $3) on conflict do nothing",
    )
    .bind(payer)
    .bind(person)
    .bind(channel)
    .execute(connection)
    .await?;
    Ok(())
}

/// A person; nobody, where there is none or she was forgotten.
pub(super) async fn person(
    store: &SqlStore,
    payer: &str,
    person: &str,
) -> Result<Option<Person>, StoreError> {
    let rows = sqlx::query(
        "select p.language, p.at_channel, p.body_ct, k.wrapped, o.channel as opted_out,
                a.channel as reached, a.address_ct
         from people p
         left join person_keys k on k.payer = p.payer and k.person = p.person
         left join opt_outs o on o.payer = p.payer and o.person = p.person
         left join addresses a on a.payer = p.payer and a.person = p.person
         where p.payer = $1 and p.person = $2
         order by o.channel",
    )
    .bind(payer)
    .bind(person)
    .fetch_all(&store.readers)
    .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    let sealer = Sealer::unwrap(&store.vault, payer, person, wrapped.as_deref())?;
    Ok(Some(read(&sealer, person, &rows.iter().collect::<Vec<_>>())?))
}

/// A person, from her rows: one for each channel that she opted out of and each address.
pub(super) fn read(sealer: &Sealer, id: &str, rows: &[&DbRow]) -> Result<Person, StoreError> {
    let first = rows.first().ok_or_else(|| StoreError::Unreadable("nobody was read".into()))?;
    let sealed: Vec<u8> = first.try_get("body_ct")?;
    let mut person: Person = sealer.open("people.body", id, &sealed)?;
    person.language = first.try_get("language")?;
    person.at = first.try_get("at_channel")?;
    let mut opted_out = BTreeSet::new();
    for row in rows {
        opted_out.extend(row.try_get::<Option<String>, _>("opted_out")?);
        person.addresses.extend(reach::address(sealer, id, row)?);
    }
    person.opted_out = opted_out.into_iter().collect();
    Ok(person)
}
