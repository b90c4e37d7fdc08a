//! Carries what a person did to the end of its turn in one go: look, route, turn, commit.
//!
//! The arrival, its person turn and its turn share one transaction, so that whoever waits hears
//! after one sync. Whatever cannot be carried (something of the same person or conversation still
//! waits, somebody is not known yet, a plugin is slow) is only put on disk, and the loops take it
//! from there as they take everything else.

use std::collections::BTreeSet;
use std::time::SystemTime;

use async_trait::async_trait;
use futures::future::join_all;
use tracing::warn;

use crate::directory::Met;
use crate::house::House;
use crate::store::{
    Accepted, Ask, Carried, Carry, Claimed, Conversation, EffectRef, Head, InboxBody, Look,
    MessageRef, NewArrival, NewConversation, NewMessage, Person, PersonCommit, PersonFact, Posted,
    StoreError, TurnCommit, Unrouted,
};
use crate::turns::Poster;
use crate::wake::{Loop, News};
use crate::{dispatch, people, trace, turns};

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
    answers.into_iter().map(|it| it.unwrap_or_else(left_out)).collect()
}

fn left_out() -> Result<Accepted, StoreError> {
    Err(StoreError::Away("an arrival was left out".into()))
}

/// Puts arrivals on disk as they are; the loops take them from there.
async fn accept(house: &House, arrivals: &[NewArrival]) -> Vec<Result<Accepted, StoreError>> {
    let accepted = join_all(arrivals.iter().map(|it| house.store.accept(it))).await;
    house.wake.work();
    accepted
}

/// Carries arrivals of different people.
async fn round(house: &House, arrivals: Vec<NewArrival>) -> Vec<Result<Accepted, StoreError>> {
    if house.watch.careful.is_on() {
        // After a bad end everything lies on disk before anybody looks at it.
        return accept(house, &arrivals).await;
    }
    let asks: Vec<_> = arrivals.iter().map(ask).collect();
    let looks = match house.store.look(&asks).await {
        Ok(looks) => looks,
        Err(error) => {
            warn!("nothing can be looked up: {error}");
            return accept(house, &arrivals).await;
        }
    };
    let met = Met::default();
    looks.iter().filter_map(|it| it.person.as_ref()).for_each(|it| met.add(it));
    let routing = arrivals
        .iter()
        .zip(&looks)
        .map(|(arrival, look)| patiently(house, arrival, route(house, arrival, look)));
    let routed = join_all(routing).await;
    // Of two who reach the same conversation, the first takes its turn and the other's event waits.
    let mut taken = BTreeSet::new();
    let reached: Vec<_> = arrivals
        .iter()
        .zip(&looks)
        .zip(routed)
        .map(|((arrival, look), person)| {
            let person = person?;
            let reached = reach(arrival, look, &person, &mut taken);
            Some((person, reached))
        })
        .collect();
    let preparing = arrivals.iter().zip(&looks).zip(reached).map(|((arrival, look), it)| {
        let met = &met;
        async move {
            let (person, reached) = it?;
            patiently(house, arrival, prepare(house, met, look, person, reached)).await
        }
    });
    let prepared = join_all(preparing).await;
    commit(house, arrivals.into_iter().zip(prepared).collect()).await
}

/// What comes of it, unless it takes too long or fails; then the arrival is only put on disk.
async fn patiently<T>(
    house: &House,
    arrival: &NewArrival,
    doing: impl Future<Output = anyhow::Result<Option<T>>>,
) -> Option<T> {
    let named = (arrival.payer.as_str(), arrival.source.as_str(), arrival.id.as_str());
    let doing = trace::thread::carrying(house, named, doing);
    match tokio::time::timeout(house.seams.carry_patience, doing).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => {
            warn!("not carried: {error:#}");
            None
        }
        Err(_) => None,
    }
}

/// An arrival that can be carried.
struct Ready {
    person: PersonCommit,
    turns: Vec<TurnCommit>,
    /// The flow of each turn.
    flows: Vec<String>,
}

impl Ready {
    /// Which loops have something to do after it.
    fn leaves(&self) -> impl Iterator<Item = Loop> {
        let says = !self.person.says.is_empty()
            || self.turns.iter().flat_map(|it| &it.messages).any(|it| it.posted.is_none());
        let calls = self.turns.iter().any(|it| !it.calls.is_empty());
        let reached = |id: &str| self.turns.iter().any(|it| it.conversation == id);
        let turns = self.person.parts().any(|(_, id, _)| !reached(id))
            || self.turns.iter().any(|it| !it.events.is_empty() || !it.begins.is_empty());
        let all = [(says, Loop::Sends), (calls, Loop::Calls), (turns, Loop::Turns)];
        all.into_iter().filter_map(|(there, of)| there.then_some(of))
    }
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
    let (mut leaves, mut posted) = (Vec::new(), Vec::new());
    for (arrival, ready) in prepared {
        places.push(ready.is_some());
        match ready {
            Some(ready) => {
                leaves.extend(ready.leaves());
                posted.push(posted_by(&ready));
                let Ready { person, turns, flows: names } = ready;
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
    let accepting =
        async { if plain.is_empty() { Vec::new() } else { accept(house, &plain).await } };
    let (carried, accepted) = tokio::join!(carrying, accepting);
    drop(committing);
    for (flows, result) in flows.iter().zip(&carried) {
        count(house, flows, result);
    }
    let left = posted.iter().zip(&carried).filter(|(_, it)| it.as_ref().is_ok_and(|it| it.turned));
    for key in left.flat_map(|(posted, _)| posted) {
        house.channels.values().for_each(|it| it.settled(key));
        house.watch.metrics.posted(&key.payer);
        trace::thread::posted(house, key).await;
    }
    news.into_iter().for_each(|it| house.wake.tell(it));
    match carried.iter().all(went) {
        true => house.wake.work_for(&leaves),
        // Something lost against another, and waits.
        false => house.wake.work(),
    }
    let mut carried = carried.into_iter().map(|it| it.map(|it| it.accepted));
    let mut accepted = accepted.into_iter();
    places
        .into_iter()
        .map(|ready| if ready { carried.next() } else { accepted.next() }.unwrap_or_else(left_out))
        .collect()
}

fn went(carried: &Result<Carried, StoreError>) -> bool {
    carried.as_ref().is_ok_and(|it| it.turned || it.accepted.duplicate)
}

/// The messages that leave with the turns themselves.
fn posted_by(ready: &Ready) -> Vec<MessageRef> {
    let mut all = Vec::new();
    for turn in &ready.turns {
        for new in &turn.messages {
            if new.posted.is_none() {
                continue;
            }
            let effect = EffectRef { conversation: turn.conversation.clone(), key: new.key };
            all.push(MessageRef { payer: turn.payer.clone(), effect });
        }
    }
    all
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

/// What an arrival means for the person; nothing where it must wait its turn.
async fn route(
    house: &House,
    arrival: &NewArrival,
    look: &Look,
) -> anyhow::Result<Option<PersonCommit>> {
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
    let person = people::route_one(house, routed, look).await?;
    trace::thread::routed(house, &person.payer, 0, began).await;
    Ok(Some(person))
}

/// The conversations that it reaches and that are free, with what waits before them.
fn reach(
    arrival: &NewArrival,
    look: &Look,
    person: &PersonCommit,
    taken: &mut BTreeSet<(String, String)>,
) -> Vec<Claimed> {
    let mut reached: Vec<Claimed> = Vec::new();
    for (part, id, event) in person.parts() {
        let event = (-i64::from(part), event.clone(), arrival.source.clone(), arrival.received);
        if let Some(claimed) = reached.iter_mut().find(|it| it.conversation.id == id) {
            claimed.events.push(event);
            continue;
        }
        let begun = person.begins.iter().find(|it| it.id == id);
        let known = look.open.iter().chain(&look.named).find(|it| it.id == id).cloned();
        let Some(conversation) = begun.map(|it| fresh(person, it)).or(known) else { continue };
        let free = !look.busy.iter().any(|it| it == id);
        if free && taken.insert((person.payer.clone(), id.to_owned())) {
            let waiting = look.waiting.get(id).cloned().unwrap_or_default();
            let events = waiting.into_iter().chain([event]).collect();
            reached.push(Claimed { conversation, events });
        }
    }
    reached
}

/// The turns that these conversations take.
async fn prepare(
    house: &House,
    met: &Met,
    look: &Look,
    person: PersonCommit,
    reached: Vec<Claimed>,
) -> anyhow::Result<Option<Ready>> {
    let (mut turns, mut flows) = (Vec::new(), Vec::new());
    for claimed in reached {
        flows.push(claimed.conversation.flow.clone());
        // What is said keeps its place behind what is not yet said to her.
        let behind = look.leaving.contains(&claimed.conversation.id);
        // Who comes from another channel is answered where she is now, once that is on disk.
        let moves = person.facts.iter().any(|it| matches!(it, PersonFact::At { .. }));
        let here = look.person.as_ref().filter(|_| !behind && !moves);
        let her = here.map(|person| Her { house, person });
        let poster = her.as_ref().map(|it| it as &dyn Poster);
        turns.push(turns::compute(house, met, claimed, person.now, poster).await?);
    }
    Ok(Some(Ready { person, turns, flows }))
}

/// The one who acts: what she is answered may leave with the turn.
struct Her<'a> {
    house: &'a House,
    person: &'a Person,
}

#[async_trait]
impl Poster for Her<'_> {
    fn is_for(&self, person: &str) -> bool {
        person == self.person.person
    }

    async fn post(
        &self,
        turn: &TurnCommit,
        flow: (&str, &str),
        new: &NewMessage,
    ) -> Result<Option<Posted>, StoreError> {
        dispatch::post(self.house, turn, flow, new, self.person).await
    }
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
