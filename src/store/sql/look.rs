//! Everything that routing a few arrivals looks at, in a few reads for all of them.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::conversations;
use super::people;
use super::questions;
use super::rows::{Column, Rows};
use super::script::Script;
use super::seal::{Sealer, unless_forgotten};
use super::{DbRow, SqlStore, db, inbox};
use crate::store::{Ask, Conversation, Look, OPEN_MAX, Person, QuestionRow, StoreError};

use Column::{Int, Text};

/// Each row carries the number of its asker: `n`.
const WHO: &[Column] = &[Text("payer"), Int("n"), Text("person"), Text("channel")];
const WHICH: &[Column] = &[Text("payer"), Int("n"), Text("person"), Text("id")];
const CONVERSATION: &[Column] = &[Text("payer"), Text("id")];
/// Events that are carried along with what comes after them.
const WAITING_MAX: i64 = 16;
const PERSON: &str = "
    select v.n as n, v.payer as payer, v.person as id, p.language, p.at_channel, p.body_ct, k.wrapped,
           o.channel as opted_out, a.channel as reached, a.address_ct, c.channel as agreed, c.purpose,
           (select count(*) from inbox i where i.payer = v.payer and i.conversation is null
              and i.done_at is null and i.person = v.person) as unrouted
    from v left join people p on p.payer = v.payer and p.person = v.person
    left join person_keys k on k.payer = v.payer and k.person = v.person
    left join opt_outs o on o.payer = p.payer and o.person = p.person
    left join addresses a on a.payer = p.payer and a.person = p.person
    left join consents c on c.payer = p.payer and c.person = p.person
      and c.act = 'given' and c.ended is null
    order by v.n, o.channel";
const FOCUS: &str = "
    select v.n as n, q.*, k.wrapped from v
    join focus f on f.payer = v.payer and f.person = v.person and f.channel = v.channel
    join questions q on q.payer = f.payer and q.question = f.question and q.person = f.person
    left join person_keys k on k.payer = q.payer and k.person = q.key_person
    where q.closed_at is null";
const OPEN: &str = "
    select v.n as n, c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct,
           c.began, c.turned, c.record_seq, c.record_hash, c.leased_until, k.wrapped,
           (select count(*) from inbox i where i.payer = c.payer and i.conversation = c.id
              and i.done_at is null) as waiting,
           exists (select 1 from outbox o where o.payer = c.payer and o.lane = c.id
              and o.person = v.person and o.settled_at is null) as leaving
    from v join conversations c on c.payer = v.payer and c.principal = v.person and c.ended = 0
    left join person_keys k on k.payer = c.payer and k.person = c.principal
    order by v.n, c.began desc, c.id desc";
const NAMED: &str = "
    select v.n as n, c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct,
           c.began, c.turned, c.record_seq, c.record_hash, c.leased_until, k.wrapped,
           (select count(*) from inbox i where i.payer = c.payer and i.conversation = c.id
              and i.done_at is null) as waiting,
           exists (select 1 from outbox o where o.payer = c.payer and o.lane = c.id
              and o.person = v.person and o.settled_at is null) as leaving
    from v join conversations c on c.payer = v.payer and c.id = v.id
    left join person_keys k on k.payer = c.payer and k.person = c.principal";

pub(super) async fn look(store: &SqlStore, asks: &[Ask]) -> Result<Vec<Look>, StoreError> {
    let mut who = Rows::new(WHO);
    let mut which = Rows::new(WHICH);
    for (n, ask) in (0_i64..).zip(asks) {
        let (person, channel) = (ask.person.as_str(), ask.channel.as_str());
        who.push([ask.payer.as_str().into(), n.into(), person.into(), channel.into()]);
        ask.named.iter().for_each(|id| {
            which.push([ask.payer.as_str().into(), n.into(), person.into(), id.into()])
        });
    }
    let [people, focused, open, named] = read_all(store, who, which).await?;
    let mut looks: Vec<Look> = asks.iter().map(|_| Look::default()).collect();
    let mut waited = Waited::default();
    read_people(store, &people, &mut looks)?;
    for row in &focused {
        let question = unless_forgotten(questions::read(store, row)).transpose()?;
        look_of(&mut looks, row)?.focus = question;
    }
    for row in &open {
        let look = look_of(&mut looks, row)?;
        if look.open.len() < OPEN_MAX as usize
            && let Some(it) = unless_forgotten(conversation(store, row, look, &mut waited))
        {
            look.open.push(it?);
        }
    }
    for row in &named {
        let look = look_of(&mut looks, row)?;
        if let Some(it) = unless_forgotten(conversation(store, row, look, &mut waited)) {
            look.named.push(it?);
        }
    }
    focused_elsewhere(store, asks, &mut looks, &mut waited).await?;
    read_waiting(store, waited, &mut looks).await?;
    Ok(looks)
}

/// Everything that can be asked at once: in one script, or side by side on as many connections.
async fn read_all(store: &SqlStore, who: Rows, which: Rows) -> Result<[Vec<DbRow>; 4], StoreError> {
    if db::ONE_TEXT {
        let mut script = Script::default();
        let places = [
            script.add(who.clone(), &[], PERSON),
            script.add(who.clone(), &[], FOCUS),
            script.add(who, &[], OPEN),
            script.add(which, &[], NAMED),
        ];
        let mut answers = script.run(&mut *store.readers.acquire().await?).await?;
        return Ok(places.map(|place| answers.take(place)));
    }
    let read = async |rows: Rows, statement| {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        rows.fetch(&mut *store.readers.acquire().await?, &[], statement).await
    };
    tokio::try_join!(
        read(who.clone(), PERSON),
        read(who.clone(), FOCUS),
        read(who, OPEN),
        read(which, NAMED),
    )
    .map(|(people, focused, open, named)| [people, focused, open, named])
}

/// Several people, without what else routing looks at.
pub(super) async fn people(
    store: &SqlStore,
    who: &[(String, String)],
) -> Result<Vec<Option<Person>>, StoreError> {
    let mut rows = Rows::new(WHO);
    for (n, (payer, person)) in (0_i64..).zip(who) {
        rows.push([payer.into(), n.into(), person.into(), "".into()]);
    }
    let rows = rows.fetch(&mut *store.readers.acquire().await?, &[], PERSON).await?;
    let mut looks: Vec<Look> = who.iter().map(|_| Look::default()).collect();
    read_people(store, &rows, &mut looks)?;
    Ok(looks.into_iter().map(|it| it.person).collect())
}

/// The question in focus may be in somebody else's conversation, which was not read yet.
async fn focused_elsewhere(
    store: &SqlStore,
    asks: &[Ask],
    looks: &mut [Look],
    waited: &mut Waited,
) -> Result<(), StoreError> {
    let mut which = Rows::new(WHICH);
    for ((n, ask), look) in (0_i64..).zip(asks).zip(looks.iter()) {
        let QuestionRow { question, .. } = match &look.focus {
            Some(focus) => focus,
            None => continue,
        };
        let id = &question.conversation;
        if !look.open.iter().chain(&look.named).any(|it| it.id == *id) {
            let person = ask.person.as_str();
            which.push([ask.payer.as_str().into(), n.into(), person.into(), id.into()]);
        }
    }
    if which.is_empty() {
        return Ok(());
    }
    let found = which.fetch(&mut *store.readers.acquire().await?, &[], NAMED).await?;
    for row in &found {
        let look = look_of(looks, row)?;
        if let Some(it) = unless_forgotten(conversation(store, row, look, waited)) {
            look.named.push(it?);
        }
    }
    Ok(())
}

fn read_people(store: &SqlStore, rows: &[DbRow], looks: &mut [Look]) -> Result<(), StoreError> {
    let mut of: BTreeMap<i64, Vec<&DbRow>> = BTreeMap::new();
    for row in rows {
        of.entry(row.try_get("n")?).or_default().push(row);
    }
    for rows in of.values() {
        let row = rows[0];
        let look = look_of(looks, row)?;
        look.unrouted = super::count(row, "unrouted")?;
        if row.try_get::<Option<Vec<u8>>, _>("body_ct")?.is_none() {
            continue;
        }
        let (payer, id): (String, String) = (row.try_get("payer")?, row.try_get("id")?);
        let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
        let sealer = Sealer::unwrap(&store.vault, &payer, &id, wrapped.as_deref());
        let Some(sealer) = unless_forgotten(sealer).transpose()? else { continue };
        look.person = Some(people::read(&sealer, &id, rows)?);
    }
    Ok(())
}

/// Conversations before which something waits: payer and name, with the key and the lookers.
type Waited = BTreeMap<(String, String), (Sealer, Vec<i64>)>;

fn conversation(
    store: &SqlStore,
    row: &DbRow,
    look: &mut Look,
    waited: &mut Waited,
) -> Result<Conversation, StoreError> {
    let sealer = conversations::beside(store, row)?;
    let it = conversations::read(store, row, &sealer)?;
    let leased = row.try_get::<Option<i64>, _>("leased_until")?.is_some();
    if db::is_true(row, "leaving")? {
        look.leaving.push(it.id.clone());
    }
    let waiting: i64 = row.try_get("waiting")?;
    if leased || waiting > WAITING_MAX {
        look.busy.push(it.id.clone());
    } else if waiting > 0 {
        let name = (it.payer.clone(), it.id.clone());
        waited.entry(name).or_insert((sealer, Vec::new())).1.push(row.try_get("n")?);
    }
    Ok(it)
}

/// What waits is carried along, oldest first.
async fn read_waiting(
    store: &SqlStore,
    waited: Waited,
    looks: &mut [Look],
) -> Result<(), StoreError> {
    if waited.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::new(CONVERSATION);
    waited.keys().for_each(|(payer, id)| rows.push([payer.into(), id.into()]));
    let limit = u32::try_from(WAITING_MAX).unwrap_or(u32::MAX);
    let mut script = Script::default();
    let events = inbox::ask_waiting(rows, limit, &mut script);
    let mut answers = script.run(&mut *store.readers.acquire().await?).await?;
    let mut events = inbox::by_conversation(answers.take(events))?;
    for ((payer, id), (sealer, lookers)) in waited {
        let rows = events.remove(&(payer, id.clone())).unwrap_or_default();
        let read: Result<Vec<_>, _> = rows.iter().map(|row| inbox::event(row, &sealer)).collect();
        for n in lookers {
            let look = usize::try_from(n).ok().and_then(|n| looks.get_mut(n));
            match (look, &read) {
                (Some(look), Ok(events)) => {
                    look.waiting.insert(id.clone(), events.clone());
                }
                // One that cannot be read is left to the loop, which says so.
                (Some(look), Err(_)) => look.busy.push(id.clone()),
                (None, _) => {}
            }
        }
    }
    Ok(())
}

fn look_of<'l>(looks: &'l mut [Look], row: &DbRow) -> Result<&'l mut Look, StoreError> {
    let n: i64 = row.try_get("n")?;
    let look = usize::try_from(n).ok().and_then(|n| looks.get_mut(n));
    look.ok_or_else(|| StoreError::Unreadable("an answer to nobody's question".into()))
}
