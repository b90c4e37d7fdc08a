//! When what somebody did fells its routing, or the whole process: it costs that one arrival, and
//! a person comes. Nobody looks at it a second time in earnest; it stays in the inbox, done with.

use std::collections::BTreeMap;

use mendline_engine::event::Event;
use mendline_engine::message::MessageKind;
use serde_json::json;
use tracing::error;

use super::PERSON_FLOW;
use crate::house::House;
use crate::phrases;
use crate::store::{NewConversation, PersonCommit, StoreError, Unrouted};
use crate::watch::careful::TRIES_MAX;

/// Routes after a bad end ([`crate::watch::careful`]): one arrival at a time, each attempt counted
/// on disk before it is made; what felled the process too often is set aside. Answers how many.
pub(super) async fn one_by_one(
    house: &House,
    arrivals: Vec<Unrouted>,
) -> Result<usize, StoreError> {
    let health = house.store.health();
    let mut routed = 0;
    for arrival in arrivals {
        let seq = arrival.seq;
        let tries = health.begin_tries(&[seq]).await?.remove(&seq).unwrap_or_default();
        let done = if tries > TRIES_MAX {
            error!(seq, "an arrival felled the process; it is set aside for a person");
            super::write(house, aside(house, &arrival)).await.map(usize::from)
        } else {
            super::route_all(house, vec![arrival]).await
        };
        // What did not fell us is not counted.
        if let Err(why) = health.end_tries(&[seq]).await {
            error!(seq, "an attempt that did not fell us stays counted: {why}");
        }
        routed += done?;
    }
    Ok(routed)
}

/// What is committed in place of the routing, without looking at what was said: whoever did it
/// hears that a person looks, and gets one.
pub(super) fn aside(house: &House, arrival: &Unrouted) -> PersonCommit {
    house.watch.metrics.set_aside(&arrival.payer, PERSON_FLOW);
    let now = house.clock.now();
    let flow = house.flows.current(PERSON_FLOW);
    let begins = flow.map(|program| NewConversation {
        id: house.seams.ids.next(),
        flow_hash: program.hash.clone(),
        flow: program.flow.clone(),
        principal: arrival.person.clone(),
        parent: None,
        event: Event::Started { fields: BTreeMap::new(), words: None },
        at: now,
    });
    PersonCommit {
        seq: arrival.seq,
        payer: arrival.payer.clone(),
        person: arrival.person.clone(),
        now,
        events: Vec::new(),
        begins: begins.into_iter().collect(),
        facts: Vec::new(),
        says: vec![phrases::message(phrases::FAULT, "worker", MessageKind::Reply)],
        settled: Some(json!("fault")),
    }
}
