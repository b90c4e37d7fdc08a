//! Carries what a person did to the end of its turn in one go: look, route, turn, commit.
//!
//! The arrival, its person turn and its turn share one transaction, so that whoever waits hears
//! after one sync. Whatever cannot be carried (something of the same person or conversation still
//! waits, somebody is not known yet, a plugin is slow) is only put on disk, and the loops take it
//! from there as they take everything else.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use futures::future::join_all;
use tracing::warn;

use crate::house::House;
use crate::store::{
    Accepted, Ask, Carried, Carry, Claimed, Conversation, Head, InboxBody, Look, NewArrival,
    NewConversation, PersonCommit, StoreError, TurnCommit, Unrouted,
};
use crate::wake::News;
use crate::{people, trace, turns};

/// How long one arrival may hold up those that are carried with it: a few fast reads (each under
/// 20 ms), and far less than anybody's patience.
const PATIENCE: Duration = Duration::from_millis(250);

/// Carries arrivals; the answers come in their order. Each is on disk when it is answered.
pub async fn carry(house: &House, arrivals: Vec<NewArrival>) -> Vec<Result<Accepted, StoreError>> {
    let mut answers: Vec<_> = arrivals.iter().map(|_| None).collect();
    let mut waiting: Vec<_> = arrivals.into_iter().enumerate().collect();
    // What one person did goes one after the other.
    while !waiting.is_empty() {
        let mut seen = BTreeSet::new();
        let (now, later): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, it)| seen.insert((it.payer.clone(), it.person.clone())));
        let (numbers, arrivals): (Vec<_>, Vec<_>) = now.into_iter().unzip();
        for (number, answer) in numbers.into_iter().zip(round(house, arrivals).await) {
            answers[number] = Some(answer);
        }
        waiting = later;
    }
    house.wake.work();
    let gone = || Err(StoreError::Away("an arrival was left out".into()));
    answers.into_iter().map(|it| it.unwrap_or_else(gone)).collect()
}

/// Carries arrivals of different people.
async fn round(house: &House, arrivals: Vec<NewArrival>) -> Vec<Result<Accepted, StoreError>> {
    if house.watch.careful.is_on() {
        // After a bad end everything lies on disk before anybody looks at it.
        return join_all(arrivals.iter().map(|it| house.store.accept(it))).await;
    }
    let asks: Vec<_> = arrivals.iter().map(ask).collect();
    let looks = match house.store.look(&asks).await {
        Ok(looks) => looks,
        Err(error) => {
            warn!("nothing can be looked up: {error}");
            return join_all(arrivals.iter().map(|it| house.store.accept(it))).await;
        }
    };
    // Of two who reach the same conversation, the first takes its turn and the other's event waits.
    let mut taken = BTreeSet::new();
    let mut prepared = Vec::with_capacity(arrivals.len());
    for (arrival, look) in arrivals.into_iter().zip(looks) {
        let named = (arrival.payer.as_str(), arrival.source.as_str(), arrival.id.as_str());
        let preparing = prepare(house, &arrival, look, &mut taken);
        let preparing = trace::thread::carrying(house, named, preparing);
        let carry = match tokio::time::timeout(PATIENCE, preparing).await {
            Ok(Ok(ready)) => ready,
            Ok(Err(error)) => {
                warn!("not carried: {error:#}");
                None
            }
            Err(_) => None,
        };
        prepared.push((arrival, carry));
    }
    commit(house, prepared).await
}

/// An arrival that can be carried.
struct Ready {
    person: PersonCommit,
    turns: Vec<TurnCommit>,
    /// The flow of each turn.
    flows: Vec<String>,
}

/// Counts the turns of one arrival. One that lost is told from the others when it is taken again.
fn count(house: &House, turns: &[(String, String)], carried: &Result<Carried, StoreError>) {
    let result = match carried {
        Ok(it) if it.turned => Ok(()),
        Ok(_) => Err(StoreError::Conflict),
        Err(why) => Err(why.again()),
    };
    for (payer, flow) in turns {
        house.watch.metrics.committed(payer, flow, &result);
    }
}

/// Writes what is ready, and puts the rest on disk as it came.
async fn commit(
    house: &House,
    prepared: Vec<(NewArrival, Option<Ready>)>,
) -> Vec<Result<Accepted, StoreError>> {
    let (mut carries, mut plain, mut news) = (Vec::new(), Vec::new(), Vec::new());
    let (mut places, mut flows) = (Vec::new(), Vec::<Vec<(String, String)>>::new());
    for (arrival, ready) in prepared {
        places.push(ready.is_some());
        match ready {
            Some(Ready { person, turns, flows: names }) => {
                flows.push(names.into_iter().map(|flow| (person.payer.clone(), flow)).collect());
                let to = News { payer: person.payer.clone(), person: Some(person.person.clone()) };
                news.push(to);
                news.extend(turns.iter().flat_map(turns::news_of));
                carries.push(Carry { arrival, person, turns });
            }
            None => plain.push(arrival),
        }
    }
    let committing = house.watch.metrics.commit(flows.iter().map(Vec::len).sum());
    let carrying = house.store.carry(carries);
    let accepting = join_all(plain.iter().map(|it| house.store.accept(it)));
    let (carried, accepted) = tokio::join!(carrying, accepting);
    drop(committing);
    for (flows, result) in flows.iter().zip(&carried) {
        count(house, flows, result);
    }
    news.into_iter().for_each(|it| house.wake.tell(it));
    let mut carried = carried.into_iter().map(|it| it.map(|it| it.accepted));
    let mut accepted = accepted.into_iter();
    let gone = || Err(StoreError::Away("an arrival was left out".into()));
    places
        .into_iter()
        .map(|ready| if ready { carried.next() } else { accepted.next() }.unwrap_or_else(gone))
        .collect()
}

fn ask(arrival: &NewArrival) -> Ask {
    let incoming = match &arrival.body {
        InboxBody::Arrival(incoming) => Some(incoming),
        InboxBody::Event { .. } => None,
    };
    Ask {
        payer: arrival.payer.clone(),
        person: arrival.person.clone().unwrap_or_default(),
        channel: arrival.source.clone(),
        named: incoming.and_then(people::names).into_iter().collect(),
    }
}

/// Everything that an arrival leads to; nothing where it must wait its turn.
async fn prepare(
    house: &House,
    arrival: &NewArrival,
    look: Look,
    taken: &mut BTreeSet<(String, String)>,
) -> anyhow::Result<Option<Ready>> {
    let InboxBody::Arrival(incoming) = &arrival.body else { return Ok(None) };
    if look.unrouted > 0 || look.person.is_none() {
        return Ok(None);
    }
    let routed = Unrouted {
        seq: 0,
        payer: arrival.payer.clone(),
        source: arrival.source.clone(),
        person: arrival.person.clone().unwrap_or_default(),
        incoming: incoming.clone(),
        received: arrival.received,
    };
    let began = SystemTime::now();
    let person = people::route_one(house, routed, &look).await?;
    trace::thread::routed(house, &person.payer, 0, began).await;
    let mut reached: Vec<Claimed> = Vec::new();
    for (part, id, event) in person.parts() {
        let event = (-i64::from(part), event.clone(), arrival.source.clone(), arrival.received);
        if let Some(claimed) = reached.iter_mut().find(|it| it.conversation.id == id) {
            claimed.events.push(event);
            continue;
        }
        let begun = person.begins.iter().find(|it| it.id == id);
        let known = look.open.iter().chain(&look.named).find(|it| it.id == id).cloned();
        let Some(conversation) = begun.map(|it| fresh(&person, it)).or(known) else { continue };
        let free = !look.busy.iter().any(|it| it == id);
        if free && taken.insert((person.payer.clone(), id.to_owned())) {
            let waiting = look.waiting.get(id).cloned().unwrap_or_default();
            let events = waiting.into_iter().chain([event]).collect();
            reached.push(Claimed { conversation, events });
        }
    }
    let (mut turns, mut flows) = (Vec::new(), Vec::new());
    for claimed in reached {
        flows.push(claimed.conversation.flow.clone());
        turns.push(turns::compute(house, claimed, person.now).await?);
    }
    Ok(Some(Ready { person, turns, flows }))
}

/// A conversation that begins here, before its first turn.
fn fresh(person: &PersonCommit, new: &NewConversation) -> Conversation {
    Conversation {
        payer: person.payer.clone(),
        id: new.id.clone(),
        flow: new.flow.clone(),
        flow_hash: new.flow_hash.clone(),
        principal: new.principal.clone(),
        parent: new.parent.clone(),
        state: Default::default(),
        began: person.now,
        turned: person.now,
        head: Head::default(),
    }
}
