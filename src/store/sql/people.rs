//! People: `people`, and what they opted out of: `opt_outs`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection as _, Row as _};

use super::rows::{Column, Rows};
use super::script::Script;
use super::seal::Sealer;
use super::{BEGIN, DbRow, SqlStore, focus, reach};
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
    let mut opted_out = Rows::new(FACT);
    for channel in &person.opted_out {
        opted_out.push([(&person.payer).into(), (&person.person).into(), channel.into()]);
    }
    opted_out.execute(&mut tx, &[], OPT_OUT).await?;
    Ok(tx.commit().await?)
}

const FACT: &[Column] = &[Column::Text("payer"), Column::Text("person"), Column::Text("fact")];
const SPEAKS: &str = "
    update people set language = v.fact, chosen = 1
    from v where people.payer = v.payer and people.person = v.person";
const OPT_OUT: &str = "
    insert into opt_outs (payer, person, channel)
    select payer, person, fact from v where true on conflict do nothing";
/// Her pages; a desk's are staff's, who log in.
const END_SESSIONS: &str =
    "delete from sessions where payer = $1 and person = $2 and kind not like 'staff/%'";
const LINKS_FROM: &str = "update people set links_from = $3 where payer = $1 and person = $2";
const AT: &str = "
    update people set at_channel = v.fact
    from v where people.payer = v.payer and people.person = v.person";

/// Applies what a person turn changes about the person.
pub(super) fn change(script: &mut Script, payer: &str, person: &str, fact: &PersonFact) {
    let (fact, statement) = match fact {
        PersonFact::Language(language) => (language, SPEAKS),
        PersonFact::At { channel } => (channel, AT),
        // What is sealed has rows of its own.
        PersonFact::Linked { .. } | PersonFact::Unlinked { .. } | PersonFact::Consent(_) => return,
        PersonFact::NothingBefore(at) => {
            let whose = [payer.into(), person.into()];
            script.plain(&whose, END_SESSIONS);
            let [payer, person] = whose;
            script.plain(&[payer, person, at.0.into()], LINKS_FROM);
            return;
        }
        PersonFact::Focus { channel, question } => {
            let question = question.as_ref().map(ToString::to_string);
            return focus::set(script, payer, person, channel, question);
        }
    };
    let mut rows = Rows::new(FACT);
    rows.push([payer.into(), person.into(), fact.into()]);
    script.add(rows, &[], statement);
}

/// A person; nobody, where there is none or she was forgotten.
pub(super) async fn person(
    store: &SqlStore,
    payer: &str,
    person: &str,
) -> Result<Option<Person>, StoreError> {
    let rows = sqlx::query(
        "select p.language, p.at_channel, p.body_ct, k.wrapped, o.channel as opted_out,
                a.channel as reached, a.address_ct, c.channel as agreed, c.purpose
         from people p
         left join person_keys k on k.payer = p.payer and k.person = p.person
         left join opt_outs o on o.payer = p.payer and o.person = p.person
         left join addresses a on a.payer = p.payer and a.person = p.person
         left join consents c on c.payer = p.payer and c.person = p.person
            and c.act = 'given' and c.ended is null
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

/// A person, from her rows: one for each channel that she opted out of, each address and each
/// thing that she agreed to.
pub(super) fn read(sealer: &Sealer, id: &str, rows: &[&DbRow]) -> Result<Person, StoreError> {
    let first = rows.first().ok_or_else(|| StoreError::Unreadable("nobody was read".into()))?;
    let sealed: Vec<u8> = first.try_get("body_ct")?;
    let mut person: Person = sealer.open("people.body", id, &sealed)?;
    person.language = first.try_get("language")?;
    person.at = first.try_get("at_channel")?;
    let (mut opted_out, mut consents) = (BTreeSet::new(), BTreeSet::new());
    let mut proved = BTreeMap::new();
    for row in rows {
        opted_out.extend(row.try_get::<Option<String>, _>("opted_out")?);
        let agreed: Option<String> = row.try_get("agreed")?;
        consents.extend(agreed.zip(row.try_get::<Option<String>, _>("purpose")?));
        let channel: Option<String> = row.try_get("reached")?;
        // Each address is opened once, in however many rows it stands.
        if channel.is_some_and(|it| !proved.contains_key(&it)) {
            proved.extend(reach::address(sealer, id, row)?);
        }
    }
    person.addresses.extend(proved);
    for (channel, purpose) in consents {
        person.consents.entry(channel).or_default().push(purpose);
    }
    person.opted_out = opted_out.into_iter().collect();
    Ok(person)
}
