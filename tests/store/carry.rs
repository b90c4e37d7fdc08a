//! An arrival with all that it leads to, in one transaction.

use mendline::store::{Ask, Carried, Carry, PersonCommit, Store, TurnCommit};
use mendline_engine::event::Event;

use crate::support::*;

on_every_store! {
    an_arrival_its_conversation_and_its_turn_come_together
    what_came_before_is_carried_no_second_time
    of_two_that_come_together_with_one_id_the_first_is_carried
    rule_03_a_turn_that_lost_leaves_its_event_waiting
    what_waited_is_carried_along
    what_routing_needs_is_read_in_one_look
    a_look_says_who_must_wait
}

fn carry(person: &str, id: &str, conversation: &str) -> Carry {
    let arrival = arrival(ACME, person, id, "hello");
    let begin = new_conversation(conversation, person, "hello");
    let state = mendline_engine::state::State { turn: 1, ..Default::default() };
    let turn = TurnCommit {
        payer: ACME.into(),
        conversation: conversation.into(),
        principal: person.into(),
        expected_turn: 0,
        head: Default::default(),
        state,
        done: vec![(-1, None)],
        messages: vec![to(person, 0, 0, message("worker", "which one?"))],
        calls: vec![],
        timers: vec![],
        cleared: vec![],
        closed: vec![],
        answered_on: vec![],
        handoffs: vec![],
        begins: vec![],
        events: vec![],
        identifiers: vec![],
        record: vec![serde_json::json!({ "turn": 0 })],
        now: NOW,
    };
    let person = PersonCommit {
        seq: 0,
        payer: ACME.into(),
        person: person.into(),
        now: NOW,
        events: vec![],
        begins: vec![begin],
        facts: vec![],
        says: vec![],
        settled: None,
    };
    Carry { arrival, person, turns: vec![turn] }
}

async fn one(store: &dyn Store, it: Carry) -> Carried {
    store.carry(vec![it]).await.remove(0).unwrap()
}

async fn an_arrival_its_conversation_and_its_turn_come_together(store: &dyn Store) {
    let carried = one(store, carry(ANA, "1", "c1")).await;
    assert!(carried.turned && !carried.accepted.duplicate);
    assert_eq!(store.unrouted(9).await.unwrap(), [], "its person turn is done");
    assert_eq!(claim(store).await, [], "its event is applied");
    let conversation = store.conversation(ACME, "c1").await.unwrap().unwrap();
    assert_eq!(conversation.state.turn, 1);
    assert_eq!(store.record(ACME, "c1").await.unwrap().len(), 1);
    assert_eq!(store.verify_chain(ACME, "c1").await.unwrap(), None);
    assert_eq!(store.messages(ACME, "c1").await.unwrap().len(), 1);
    assert_eq!(store.lines_after(ACME, ANA, "web", 0, 9).await.unwrap().len(), 1, "her own words");
    let settled = store.settled(ACME, carried.accepted.seq).await.unwrap().unwrap();
    assert_eq!(settled.conversation.as_deref(), Some("c1"));
}

async fn what_came_before_is_carried_no_second_time(store: &dyn Store) {
    let first = one(store, carry(ANA, "1", "c1")).await;
    let again = one(store, carry(ANA, "1", "c2")).await;
    assert!(again.accepted.duplicate && !again.turned);
    assert_eq!(again.accepted.seq, first.accepted.seq);
    assert_eq!(store.conversation(ACME, "c2").await.unwrap(), None);
    assert_eq!(store.lines_after(ACME, ANA, "web", 0, 9).await.unwrap().len(), 1);
}

async fn of_two_that_come_together_with_one_id_the_first_is_carried(store: &dyn Store) {
    let both = store.carry(vec![carry(ANA, "1", "c1"), carry(ANA, "1", "c2")]).await;
    let both: Vec<_> = both.into_iter().map(|it| it.unwrap().accepted.duplicate).collect();
    assert_eq!(both, [false, true]);
    assert!(store.conversation(ACME, "c1").await.unwrap().is_some());
    assert_eq!(store.conversation(ACME, "c2").await.unwrap(), None);
}

async fn rule_03_a_turn_that_lost_leaves_its_event_waiting(store: &dyn Store) {
    one(store, carry(ANA, "1", "c1")).await;
    let mut late = carry(ANA, "2", "c1");
    late.person.begins.clear();
    late.person.events = vec![("c1".into(), Event::Moved)];
    // It was computed from what was there before the first.
    late.turns[0].messages.clear();
    let carried = one(store, late).await;
    assert!(!carried.turned && !carried.accepted.duplicate);
    let claimed = claim_one(store).await;
    assert_eq!(claimed.conversation.state.turn, 1, "nothing of the turn that lost is there");
    assert_eq!(claimed.events.len(), 1, "what she did still waits");
    assert_eq!(store.verify_chain(ACME, "c1").await.unwrap(), None);
}

fn ask(named: &[&str]) -> Ask {
    Ask {
        payer: ACME.into(),
        person: ANA.into(),
        channel: "web".into(),
        named: named.iter().map(|it| (*it).to_owned()).collect(),
    }
}

async fn what_waited_is_carried_along(store: &dyn Store) {
    one(store, carry(ANA, "1", "c1")).await;
    let seq = happen(store, ACME, "c1", "news").await;
    let there = store.conversation(ACME, "c1").await.unwrap().unwrap();
    let mut next = carry(ANA, "2", "c1");
    next.person.begins.clear();
    next.person.events = vec![("c1".into(), Event::Moved)];
    next.turns[0].messages.clear();
    next.turns[0].expected_turn = 1;
    next.turns[0].head = there.head;
    next.turns[0].state.turn = 2;
    next.turns[0].done = vec![(seq, None), (-1, None)];
    let mut again = next.clone();
    assert!(one(store, next).await.turned);
    assert_eq!(claim(store).await, [], "both are done");
    // It was applied, so nobody applies it again, even under the right revision.
    again.arrival.id = "3".into();
    again.turns[0].expected_turn = 2;
    assert!(!one(store, again).await.turned);
}

async fn what_routing_needs_is_read_in_one_look(store: &dyn Store) {
    store.know(&person(ACME, ANA, "Ana")).await.unwrap();
    one(store, carry(ANA, "1", "c1")).await;
    one(store, carry(DANA, "1d", "c2")).await;
    let looks = store.look(&[ask(&["c2", "nowhere"]), ask(&[])]).await.unwrap();
    assert_eq!(looks.len(), 2);
    assert_eq!(looks[0].person.as_ref().map(|it| it.first_name.as_str()), Some("Ana"));
    assert_eq!(looks[0].open.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["c1"]);
    assert_eq!(looks[0].named.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["c2"]);
    assert_eq!((looks[0].unrouted, looks[0].focus.is_none()), (0, true));
    assert!(looks[0].busy.is_empty() && looks[1].named.is_empty());
}

async fn a_look_says_who_must_wait(store: &dyn Store) {
    one(store, carry(ANA, "1", "c1")).await;
    happen(store, ACME, "c1", "news").await;
    store.accept(&arrival(ACME, ANA, "2", "and then")).await.unwrap();
    let look = store.look(&[ask(&[])]).await.unwrap().remove(0);
    assert_eq!(look.unrouted, 1);
    assert_eq!(look.waiting["c1"].len(), 1, "it is carried along with what comes after it");
    store.claim(NOW, LEASE_MS, 9, 9).await.unwrap();
    let look = store.look(&[ask(&[])]).await.unwrap().remove(0);
    assert_eq!(look.busy, ["c1"], "somebody is turning it");
}
