//! The payer is a boundary (DESIGN 1.10): two payers with the same people, the same ids and the
//! same claim numbers do whatever they like, and nothing of one is ever read by the other.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/store.rs"]
#[expect(dead_code, reason = "the store's suite uses the rest")]
mod support;

use std::fmt::Debug;

use mendline::channels::Incoming;
use mendline::store::{
    Became, CallBecame, HandoffChange, InboxBody, NewArrival, NewCall, NewLine, PersonFact,
    StaffRead, Store,
};
use mendline_engine::effect::{Closed, OpenHandoff};
use mendline_engine::event::{CallResult, Event};
use proptest::prelude::*;
use serde_json::json;
use support::*;

const PAYERS: [&str; 2] = ["acme", "birch"];
const PEOPLE: [&str; 2] = ["ana", "dana"];
const CONVERSATIONS: [&str; 2] = ["c0", "c1"];
const CHANNELS: [&str; 2] = ["web", "desk"];
const CLAIM: &str = "WC-2026-0417";

/// What every private word of a payer holds.
fn marker(payer: &str) -> String {
    format!("{payer}-secret")
}

/// Something that happens at one payer.
#[derive(Clone, Debug)]
enum Op {
    Know { person: &'static str },
    Arrive { person: &'static str, id: u8 },
    Route { begin: &'static str },
    Happen { conversation: &'static str, id: u8 },
    Turn { to: &'static str, close: bool },
    Dispatch { shown: bool },
    Call,
    Line { person: &'static str, channel: &'static str },
    Acknowledge { person: &'static str, channel: &'static str },
    Fire,
    Read { conversation: &'static str },
    Forget { person: &'static str },
}

fn op() -> impl Strategy<Value = (&'static str, Op)> {
    let person = || prop::sample::select(&PEOPLE[..]);
    let conversation = || prop::sample::select(&CONVERSATIONS[..]);
    let channel = || prop::sample::select(&CHANNELS[..]);
    let op = prop_oneof![
        2 => person().prop_map(|person| Op::Know { person }),
        4 => (person(), 0..3u8).prop_map(|(person, id)| Op::Arrive { person, id }),
        4 => conversation().prop_map(|begin| Op::Route { begin }),
        3 => (conversation(), 0..3u8)
            .prop_map(|(conversation, id)| Op::Happen { conversation, id }),
        6 => (person(), any::<bool>()).prop_map(|(to, close)| Op::Turn { to, close }),
        4 => any::<bool>().prop_map(|shown| Op::Dispatch { shown }),
        2 => Just(Op::Call),
        2 => (person(), channel()).prop_map(|(person, channel)| Op::Line { person, channel }),
        1 => (person(), channel())
            .prop_map(|(person, channel)| Op::Acknowledge { person, channel }),
        2 => Just(Op::Fire),
        1 => conversation().prop_map(|conversation| Op::Read { conversation }),
        1 => person().prop_map(|person| Op::Forget { person }),
    ];
    (prop::sample::select(&PAYERS[..]), op)
}

/// Checks that nothing of the other payer is in what `payer` reads.
fn clean(payer: &str, what: &str, read: &impl Debug) {
    let other = PAYERS.into_iter().find(|it| *it != payer).unwrap();
    let text = format!("{read:?}");
    assert!(!text.contains(&marker(other)), "{payer} reads {other}'s words in {what}: {text}");
    assert!(!text.contains(&format!("\"{other}\"")), "{payer} sees {other} in {what}: {text}");
}

/// Does it. Refusals (forgotten, no such conversation, begun before) are part of the game.
async fn apply(store: &dyn Store, payer: &str, op: &Op) {
    let secret = marker(payer);
    match op {
        Op::Know { person } => {
            let _ = store.know(&support::person(payer, person, &secret)).await;
        }
        Op::Arrive { person, id } => {
            let _ = store.accept(&arrival(payer, person, &id.to_string(), &secret)).await;
        }
        Op::Route { begin } => route(store, begin).await,
        Op::Happen { conversation, id } => {
            let event = Event::Happened { name: "news".into(), data: json!(secret) };
            let body = InboxBody::Event { conversation: (*conversation).into(), event };
            let arrival = NewArrival {
                source: "event".into(),
                person: None,
                body,
                line: None,
                ..arrival(payer, "", &id.to_string(), "")
            };
            let _ = store.accept(&arrival).await;
        }
        Op::Turn { to, close } => take(store, to, *close).await,
        Op::Dispatch { shown } => dispatch(store, *shown).await,
        Op::Call => {
            for row in store.lease_calls(NOW, LEASE_MS, 9).await.unwrap() {
                clean(&row.payer, "lease_calls", &row);
                let result = CallResult::Done(json!(marker(&row.payer)));
                let returned = CallBecame::Returned(result);
                store.settle_call(&row.payer, &row.key, returned, NOW).await.unwrap();
            }
        }
        Op::Line { person, channel } => {
            let line = NewLine {
                payer: payer.into(),
                person: (*person).into(),
                channel: (*channel).into(),
                key: "c0/0.0".into(),
                message: Some(message_ref(payer, "c0", 0, 0)),
                leaving: None,
                body: json!({ "text": secret, "question": "c0/0.0" }),
                at: NOW,
            };
            // A message that was settled shows no line any more: then this is one by itself.
            if store.append_line(&line).await.is_err() {
                let _ = store.append_line(&NewLine { message: None, ..line }).await;
            }
        }
        Op::Acknowledge { person, channel } => {
            let seen = store.acknowledge(payer, person, channel, 99).await.unwrap();
            clean(payer, "acknowledge", &seen);
        }
        Op::Fire => {
            store.fire_due(after_ms(9), 9).await.unwrap();
        }
        Op::Read { conversation } => {
            let read = StaffRead {
                payer: payer.into(),
                staff: secret,
                conversation: (*conversation).into(),
                what: "card".into(),
                at: NOW,
            };
            store.note_read(&read).await.unwrap();
        }
        Op::Forget { person } => store.forget(payer, person).await.unwrap(),
    }
}

async fn route(store: &dyn Store, begin: &str) {
    for arrival in store.unrouted(9).await.unwrap() {
        clean(&arrival.payer, "unrouted", &arrival);
        let secret = marker(&arrival.payer);
        let mut routed = routing(&arrival);
        routed.says = vec![message("worker", &secret)];
        routed.facts = vec![PersonFact::Language(secret.clone())];
        routed.settled = Some(json!(secret));
        if store.conversation(&arrival.payer, begin).await.is_ok_and(|it| it.is_none()) {
            routed.begins = vec![new_conversation(begin, &arrival.person, &secret)];
        }
        if let Incoming::Words(words) = &arrival.incoming {
            assert_eq!(*words, secret);
        }
        let _ = store.commit_person(routed).await;
    }
}

async fn take(store: &dyn Store, person: &str, close: bool) {
    let mut turns = Vec::new();
    for claimed in store.claim(NOW, 0, 9, 9).await.unwrap() {
        let payer = claimed.conversation.payer.clone();
        clean(&payer, "claim", &claimed);
        let secret = marker(&payer);
        let number = claimed.conversation.state.turn;
        let mut taken = turn(&claimed);
        let open = OpenHandoff {
            desk: "claims_desk".into(),
            party: None,
            why: "asked".into(),
            says: Some(message("worker", &secret)),
            save: None,
            closed: vec![],
            retry: false,
            next: Default::default(),
            due: None,
        };
        taken.state.fields.insert("drug".into(), json!(secret));
        taken.messages = vec![
            to(person, number, 0, card(&secret, key(number, 0))),
            to(
                person,
                number,
                1,
                mendline_engine::message::Message {
                    question: Some(key(number, 1)),
                    ..message("worker", &secret)
                },
            ),
        ];
        taken.calls = vec![NewCall {
            key: key(number, 2),
            action: "a".into(),
            input: json!(secret),
            write: true,
        }];
        taken.handoffs = vec![
            HandoffChange::Open { key: key(number, 3), open, person: None },
            HandoffChange::Draft { key: key(number, 3), draft: json!(secret) },
        ];
        taken.timers = vec![("silence".into(), number, after_ms(5))];
        taken.identifiers = vec![CLAIM.into()];
        taken.record = vec![json!(secret)];
        if close {
            let why = Closed::Answered { by: secret.clone(), choice: "a".into() };
            taken.closed = vec![(key(number, 1), why)];
        }
        for (_, answer) in &mut taken.done {
            *answer = Some(json!(secret));
        }
        turns.push(taken);
    }
    for result in store.commit(turns).await {
        result.unwrap();
    }
}

async fn dispatch(store: &dyn Store, shown: bool) {
    for row in store.lease_outbox(NOW, 0, 9).await.unwrap() {
        let payer = row.key.payer.clone();
        clean(&payer, "lease_outbox", &row);
        store.freeze(&row.key, &frozen("web", &marker(&payer))).await.unwrap();
        let became =
            if shown { Became::Sent { shown: true } } else { Became::Dead(marker(&payer)) };
        store.settle_message(&row.key, became, NOW).await.unwrap();
    }
}

/// Everything that a payer can read.
async fn read_all(store: &dyn Store, payer: &str) {
    for person in PEOPLE {
        clean(payer, "person", &store.person(payer, person).await);
        clean(payer, "conversations_of", &store.conversations_of(payer, person, 9).await);
        clean(payer, "cards", &store.cards(payer, person).await);
        for channel in CHANNELS {
            clean(payer, "focus", &store.focus(payer, person, channel).await);
            clean(payer, "lines", &store.lines_after(payer, person, channel, 0, 99).await);
        }
    }
    for conversation in CONVERSATIONS {
        clean(payer, "conversation", &store.conversation(payer, conversation).await);
        clean(payer, "record", &store.record(payer, conversation).await);
        clean(payer, "messages", &store.messages(payer, conversation).await);
        clean(payer, "reads", &store.reads(payer, conversation).await);
        assert_eq!(store.verify_chain(payer, conversation).await.unwrap(), None);
        for number in 0..4 {
            for index in [0, 1, 3] {
                let name = effect(conversation, number, index);
                clean(payer, "question", &store.question(payer, &name, None).await);
                clean(payer, "handoff", &store.handoff(payer, &name).await);
            }
        }
    }
    for seq in 0..50 {
        clean(payer, "settled", &store.settled(payer, seq).await);
    }
    clean(payer, "conversations_about", &store.conversations_about(payer, CLAIM, 9).await);
    clean(payer, "handoffs", &store.handoffs(payer, &["claims_desk".into()]).await);
    clean(payer, "dead_letters", &store.dead_letters(payer, 9).await);
}

/// A fixed day at both payers that reaches everything, so that the search has what to find.
async fn busy_day(store: &dyn Store) {
    for payer in PAYERS {
        let day = [
            Op::Know { person: "ana" },
            Op::Arrive { person: "ana", id: 0 },
            Op::Route { begin: "c0" },
            Op::Turn { to: "dana", close: false },
            Op::Line { person: "dana", channel: "web" },
            Op::Dispatch { shown: true },
        ];
        for op in &day {
            apply(store, payer, op).await;
        }
    }
}

#[tokio::test]
async fn what_a_payer_reads_has_its_own_words() {
    let place = Place::new().await;
    let store: &dyn Store = &place.store;
    busy_day(store).await;
    for payer in PAYERS {
        let text = [
            format!("{:?}", store.person(payer, "ana").await),
            format!("{:?}", store.conversation(payer, "c0").await),
            format!("{:?}", store.conversations_of(payer, "ana", 9).await),
            format!("{:?}", store.conversations_about(payer, CLAIM, 9).await),
            format!("{:?}", store.cards(payer, "dana").await),
            format!("{:?}", store.handoffs(payer, &["claims_desk".into()]).await),
            format!("{:?}", store.record(payer, "c0").await),
            format!("{:?}", store.messages(payer, "c0").await),
            format!("{:?}", store.lines_after(payer, "dana", "web", 0, 9).await),
        ];
        for it in &text {
            assert!(it.contains(&marker(payer)), "{payer} must find its own: {it}");
        }
        read_all(store, payer).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_crosses_from_one_payer_to_another(
        ops in prop::collection::vec(op(), 1..40),
        busy in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::new().await;
            if busy {
                busy_day(&place.store).await;
            }
            for (payer, op) in &ops {
                apply(&place.store, payer, op).await;
            }
            for payer in PAYERS {
                read_all(&place.store, payer).await;
            }
        });
    }
}
