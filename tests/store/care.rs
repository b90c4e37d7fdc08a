//! What operators keep back: pauses, the hour of a flow, legal holds, and whom retention forgets.

use mendline::store::{
    Allowance, Became, Leaving, LegalHold, NewLine, Pause, PauseKind, PauseRef, Store, StoreError,
    Waiting,
};
use mendline_engine::message::MessageKind;
use mendline_engine::time::Timestamp;
use serde_json::json;

use crate::support::*;

crate::on_every_store! {
    a_pause_is_kept_until_it_ends
    what_waits_leaves_in_its_order_when_the_pause_ends
    what_waits_keeps_nobody_back_and_says_under_what
    a_pause_that_ended_meanwhile_leaves_nothing_behind
    a_line_of_what_was_paused_or_settled_meanwhile_is_not_shown
    what_waits_is_counted_by_payer_and_flow
    what_was_dropped_reaches_its_conversation
    what_waits_no_more_is_not_dropped
    what_stands_in_a_chat_already_is_not_dropped
    what_is_given_back_can_be_taken_at_once
    an_hour_is_taken_in_pieces_and_begins_anew
    a_held_person_is_not_forgotten
    a_hold_wants_somebody_who_is_known
    who_has_a_hold_an_account_or_something_recent_is_not_quiet
}

const FLOW: &str = "medication_approval";

fn of(kind: PauseKind, name: &str, payer: Option<&str>) -> PauseRef {
    PauseRef { payer: payer.map(str::to_owned), kind, name: name.into() }
}

fn flow() -> PauseRef {
    of(PauseKind::Flow, FLOW, None)
}

async fn pause(store: &dyn Store, of: &PauseRef) -> Pause {
    let pause = Pause {
        of: of.clone(),
        proactive: false,
        since: NOW,
        who: "operator/root".into(),
        why: "a wrong text".into(),
    };
    store.care().pause(&pause).await.unwrap();
    pause
}

async fn lease(store: &dyn Store, now: Timestamp) -> Vec<String> {
    let rows = store.lease_outbox(now, LEASE_MS, 100).await.unwrap();
    rows.iter().map(|it| it.key.effect.to_string()).collect()
}

/// Two messages to Ana, the first put aside.
async fn two_and_one_aside(store: &dyn Store) {
    let hello = |index| to(ANA, 0, index, message("worker", "hello"));
    said(store, "c1", vec![hello(0), hello(1)]).await;
    pause(store, &flow()).await;
    assert_eq!(lease(store, NOW).await, ["c1/0.0"]);
    store.care().park(&message_ref(ACME, "c1", 0, 0), &flow(), NOW).await.unwrap();
}

async fn a_pause_is_kept_until_it_ends(store: &dyn Store) {
    let care = store.care();
    let all =
        [flow(), of(PauseKind::Channel, "sms", Some(ACME)), of(PauseKind::Payer, "", Some(ACME))];
    for of in &all {
        pause(store, of).await;
    }
    let again = Pause { proactive: true, since: after_ms(5), ..pause(store, &all[0]).await };
    care.pause(&again).await.unwrap();
    let kept = care.pauses().await.unwrap();
    assert_eq!(kept.len(), 3);
    let first = kept.iter().find(|it| it.of == all[0]).unwrap();
    assert!(first.proactive && first.since == NOW, "since the first time");
    care.resume(&all[1], NOW).await.unwrap();
    assert!(care.pauses().await.unwrap().iter().all(|it| it.of != all[1]));
    assert_eq!(care.resume(&all[1], NOW).await.unwrap(), 0, "a second time does nothing");
}

async fn what_waits_leaves_in_its_order_when_the_pause_ends(store: &dyn Store) {
    two_and_one_aside(store).await;
    store.care().park(&message_ref(ACME, "c1", 0, 1), &flow(), NOW).await.unwrap();
    assert_eq!(lease(store, NOW).await, [""; 0]);
    assert_eq!(store.care().resume(&flow(), after_ms(7)).await.unwrap(), 2);
    assert_eq!(lease(store, after_ms(7)).await, ["c1/0.0"], "the first comes first");
    let first = message_ref(ACME, "c1", 0, 0);
    store.settle_message(&first, Became::Sent { shown: false }, NOW).await.unwrap();
    let rows = store.lease_outbox(after_ms(7), LEASE_MS, 9).await.unwrap();
    assert_eq!((rows.len(), rows[0].attempts), (1, 0), "waiting is no attempt");
}

async fn what_waits_keeps_nobody_back_and_says_under_what(store: &dyn Store) {
    two_and_one_aside(store).await;
    let rows = store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].key, message_ref(ACME, "c1", 0, 1));
    assert_eq!(rows[0].behind, Some(flow()));
    assert_eq!(rows[0].flow.as_deref(), Some(FLOW));
}

async fn a_pause_that_ended_meanwhile_leaves_nothing_behind(store: &dyn Store) {
    two_and_one_aside(store).await;
    store.care().resume(&flow(), NOW).await.unwrap();
    // Another server, which did not know yet, puts both aside.
    for index in [0, 1] {
        store.care().park(&message_ref(ACME, "c1", 0, index), &flow(), NOW).await.unwrap();
    }
    assert_eq!(store.care().waiting().await.unwrap(), []);
    assert_eq!(lease(store, NOW).await, ["c1/0.0"]);
}

/// Two operators review at once: what one released, the other does not drop any more.
async fn what_waits_no_more_is_not_dropped(store: &dyn Store) {
    two_and_one_aside(store).await;
    store.care().resume(&flow(), NOW).await.unwrap();
    store.settle_message(&message_ref(ACME, "c1", 0, 0), Became::Dropped, NOW).await.unwrap();
    assert_eq!(lease(store, NOW).await, ["c1/0.0"]);
}

/// Its line was written while its pause let answers through, and nobody could say so (seed 1077933).
async fn what_stands_in_a_chat_already_is_not_dropped(store: &dyn Store) {
    two_and_one_aside(store).await;
    let key = message_ref(ACME, "c1", 0, 0);
    let line = NewLine {
        payer: ACME.into(),
        person: ANA.into(),
        channel: "web".into(),
        key: "message/c1/0.0".into(),
        message: Some(key.clone()),
        leaving: None,
        body: json!({ "text": "hello" }),
        at: NOW,
    };
    store.append_line(&line).await.unwrap();
    store.settle_message(&key, Became::Dropped, NOW).await.unwrap();
    assert_eq!(lease(store, NOW).await, ["c1/0.0"], "its channel is asked again");
}

async fn a_line_of_what_was_paused_or_settled_meanwhile_is_not_shown(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, message("worker", "hello"))]).await;
    let key = message_ref(ACME, "c1", 0, 0);
    let line = |kind| NewLine {
        payer: ACME.into(),
        person: ANA.into(),
        channel: "web".into(),
        key: "message/c1/0.0".into(),
        message: Some(key.clone()),
        leaving: Some(Leaving { flow: Some(FLOW.into()), kind }),
        body: json!({ "text": "hello" }),
        at: NOW,
    };
    pause(store, &flow()).await;
    let stopped = store.append_line(&line(MessageKind::Reply)).await;
    assert!(matches!(stopped, Err(StoreError::Conflict)), "{stopped:?}");
    let shown = store.append_line(&line(MessageKind::Person)).await.unwrap();
    assert_eq!(store.append_line(&line(MessageKind::Reply)).await.unwrap(), shown, "it is there");
    store.care().resume(&flow(), NOW).await.unwrap();
    store.settle_message(&key, Became::Withheld("dropped".into()), NOW).await.unwrap();
    let other = NewLine { key: "another".into(), ..line(MessageKind::Reply) };
    let stopped = store.append_line(&other).await;
    assert!(matches!(stopped, Err(StoreError::Conflict)), "{stopped:?}");
}

async fn what_waits_is_counted_by_payer_and_flow(store: &dyn Store) {
    two_and_one_aside(store).await;
    let waiting = store.care().waiting().await.unwrap();
    let one =
        Waiting { of: flow(), payer: ACME.into(), flow: FLOW.into(), messages: 1, oldest: NOW };
    assert_eq!(waiting, [one]);
    assert_eq!(store.counts(NOW).await.unwrap()["messages_paused"], 1);
    let parked = store.care().parked(&flow(), 9).await.unwrap();
    assert_eq!(parked, [message_ref(ACME, "c1", 0, 0)]);
    assert_eq!(store.care().parked(&of(PauseKind::Flow, FLOW, Some(ACME)), 9).await.unwrap(), []);
}

async fn what_was_dropped_reaches_its_conversation(store: &dyn Store) {
    two_and_one_aside(store).await;
    let key = message_ref(ACME, "c1", 0, 0);
    store.settle_message(&key, Became::Dropped, NOW).await.unwrap();
    assert_eq!(store.care().waiting().await.unwrap(), []);
    assert_eq!(claim(store).await.len(), 1, "its receipt is an event");
    assert_eq!(store.care().resume(&flow(), NOW).await.unwrap(), 0);
}

async fn what_is_given_back_can_be_taken_at_once(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, message("worker", "hello"))]).await;
    assert_eq!(lease(store, NOW).await, ["c1/0.0"]);
    assert_eq!(lease(store, NOW).await, [""; 0]);
    store.care().release_messages(&[message_ref(ACME, "c1", 0, 0)]).await.unwrap();
    let rows = store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap();
    assert_eq!((rows.len(), rows[0].attempts), (1, 0), "it was no attempt");
}

async fn an_hour_is_taken_in_pieces_and_begins_anew(store: &dyn Store) {
    let care = store.care();
    let piece = Allowance { payer: ACME, flow: FLOW, hour: 10, want: 2, limit: 5 };
    for granted in [true, true, false] {
        assert_eq!(care.allow(&piece).await.unwrap(), granted);
    }
    assert!(care.allow(&Allowance { want: 1, ..piece }).await.unwrap());
    assert!(!care.allow(&Allowance { want: 1, ..piece }).await.unwrap());
    assert!(care.allow(&Allowance { payer: "birch", ..piece }).await.unwrap(), "its own");
    assert!(care.allow(&Allowance { hour: 11, ..piece }).await.unwrap(), "a new hour");
    assert!(care.allow(&Allowance { hour: 10, ..piece }).await.unwrap());
    assert!(!care.allow(&Allowance { hour: 10, ..piece }).await.unwrap(), "a clock went back");
    assert!(!care.allow(&Allowance { hour: 12, want: 6, ..piece }).await.unwrap());
    care.resume(&flow(), NOW).await.unwrap();
    assert!(care.allow(&Allowance { hour: 11, ..piece }).await.unwrap(), "a person has looked");
}

fn legal_hold() -> LegalHold {
    LegalHold {
        payer: ACME.into(),
        person: ANA.into(),
        since: NOW,
        who: "operator/root".into(),
        why: "matter 2026-0017".into(),
    }
}

async fn a_held_person_is_not_forgotten(store: &dyn Store) {
    said(store, "c1", vec![]).await;
    store.care().hold(&legal_hold()).await.unwrap();
    assert_eq!(store.care().holds(None).await.unwrap(), [legal_hold()]);
    assert_eq!(store.care().holds(Some("birch")).await.unwrap(), []);
    assert!(matches!(store.forget(ACME, ANA).await, Err(StoreError::Held)));
    assert!(store.conversation(ACME, "c1").await.unwrap().is_some());
    assert!(store.care().lift(ACME, ANA).await.unwrap());
    assert!(!store.care().lift(ACME, ANA).await.unwrap());
    store.forget(ACME, ANA).await.unwrap();
    assert!(matches!(store.care().hold(&legal_hold()).await, Err(StoreError::Forgotten)));
}

async fn a_hold_wants_somebody_who_is_known(store: &dyn Store) {
    assert!(matches!(store.care().hold(&legal_hold()).await, Err(StoreError::Unreadable(_))));
    assert_eq!(store.care().holds(None).await.unwrap(), []);
}

async fn who_has_a_hold_an_account_or_something_recent_is_not_quiet(store: &dyn Store) {
    for (person, id) in [("ana", "c1"), ("bea", "c2"), ("cleo", "c3")] {
        begin(store, ACME, person, id, "hello").await;
    }
    let care = store.care();
    let quiet = async |before, after: &str| care.quiet_since(ACME, before, after, 9).await.unwrap();
    assert_eq!(quiet(after_ms(1), "").await, ["ana", "bea", "cleo"]);
    assert_eq!(quiet(after_ms(1), "ana").await, ["bea", "cleo"]);
    assert_eq!(quiet(NOW, "").await, [""; 0], "not longer ago than that");
    assert_eq!(care.quiet_since("birch", after_ms(1), "", 9).await.unwrap(), [""; 0]);
    care.hold(&legal_hold()).await.unwrap();
    let account = mendline::store::Account {
        login: "bea".into(),
        payer: ACME.into(),
        person: "bea".into(),
        password: "hash".into(),
        roles: vec![],
        demo: false,
    };
    store.put_account(&account).await.unwrap();
    assert_eq!(quiet(after_ms(1), "").await, ["cleo"]);
    store.forget(ACME, "cleo").await.unwrap();
    assert_eq!(quiet(after_ms(1), "").await, [""; 0], "forgotten once");
}
