//! Nothing leaves but from the outbox, in order; and what became of it comes back in.

use mendline::store::{Became, CallBecame, NewCall, Store, StoreError};
use mendline_engine::event::{CallResult, Event, Receipt};
use mendline_engine::message::{Message, MessageKind};
use mendline_engine::time::Timestamp;
use serde_json::json;

use crate::support::*;

crate::on_every_store! {
    what_a_turn_says_waits_in_the_outbox
    rule_07_order_holds_per_conversation_and_person
    rule_07_what_is_held_or_put_off_keeps_its_successors_back
    rule_07_a_dead_letter_releases_its_successors
    help_in_danger_overtakes_what_is_held
    rule_07_an_answer_overtakes_what_is_held_and_nothing_else
    rule_07_a_reply_passes_what_is_held_and_called_forward
    what_is_settled_or_frozen_elsewhere_is_frozen_by_nobody
    a_lease_that_lapsed_counts_as_an_attempt
    what_is_frozen_stays_as_it_was_for_the_next_attempt
    rule_07_what_became_of_a_message_reaches_its_conversation_once
    sent_is_no_news
    that_something_was_shown_which_asks_nothing_is_no_news
    a_late_report_reaches_the_conversation
    what_is_said_outside_any_conversation_gets_no_receipt
    a_report_on_nothing_is_no_news
    dead_letters_are_kept_for_their_payer
    a_call_is_leased_until_its_result_is_here
    rule_02_a_second_result_of_a_call_is_no_news
    rule_02_a_refusal_that_comes_after_another_attempt_began_says_nothing
    rule_11_who_slept_over_its_look_at_authority_ends_nothing_that_was_begun
    rule_11_a_write_that_nobody_began_was_not_attempted
    a_read_that_lapsed_counts_as_an_attempt
}

async fn lease(store: &dyn Store, now: Timestamp) -> Vec<String> {
    let rows = store.lease_outbox(now, LEASE_MS, 100).await.unwrap();
    rows.iter().map(|it| it.key.effect.to_string()).collect()
}

fn hello() -> Message {
    message("worker", "hello")
}

/// A message that asks: what becomes of it matters to its conversation.
fn asking(index: u32) -> Message {
    Message { question: Some(key(0, index)), ..hello() }
}

async fn settle(store: &dyn Store, conversation: &str, index: u32, became: Became) {
    let key = message_ref(ACME, conversation, 0, index);
    store.settle_message(&key, became, NOW).await.unwrap();
}

/// The receipts that wait for a conversation.
async fn receipts(store: &dyn Store) -> Vec<Receipt> {
    let claimed = store.claim(after_ms(1_000_000), LEASE_MS, 9, 99).await.unwrap();
    let events = claimed.into_iter().flat_map(|it| it.events);
    events
        .filter_map(|(_, event, source, _)| match event {
            Event::Receipt { receipt, .. } => {
                assert_eq!(source, "dispatch");
                Some(receipt)
            }
            _ => None,
        })
        .collect()
}

async fn what_a_turn_says_waits_in_the_outbox(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, hello())]).await;
    let rows = store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].key, message_ref(ACME, "c1", 0, 0));
    assert_eq!(rows[0].message, hello());
    assert_eq!((rows[0].person.as_str(), rows[0].attempts), (ANA, 0));
    assert_eq!(rows[0].flow_hash.as_deref(), Some("hash"));
    assert_eq!(rows[0].frozen, None);
    assert_eq!(store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap(), [], "it is leased");
}

async fn rule_07_order_holds_per_conversation_and_person(store: &dyn Store) {
    let two = |person| vec![to(person, 0, 0, hello()), to(person, 0, 1, hello())];
    said(store, "c1", two(ANA)).await;
    said(store, "c2", vec![to(ANA, 0, 0, hello()), to(DANA, 0, 1, hello())]).await;
    assert_eq!(lease(store, NOW).await, ["c1/0.0", "c2/0.0", "c2/0.1"]);
    assert_eq!(lease(store, NOW).await, [""; 0], "the second waits for the first");
    settle(store, "c1", 0, Became::Sent { shown: false }).await;
    assert_eq!(lease(store, NOW).await, ["c1/0.1"]);
}

async fn rule_07_what_is_held_or_put_off_keeps_its_successors_back(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, hello()), to(ANA, 0, 1, hello())]).await;
    for became in [Became::Held(after_ms(100)), Became::Later(after_ms(100))] {
        assert_eq!(lease(store, NOW).await, ["c1/0.0"]);
        settle(store, "c1", 0, became).await;
        assert_eq!(lease(store, after_ms(99)).await, [""; 0]);
        assert_eq!(store.next_due().await.unwrap(), Some(after_ms(100)));
        settle(store, "c1", 0, Became::Later(NOW)).await;
    }
    let rows = store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap();
    assert_eq!(rows[0].attempts, 3, "being held is no attempt; being put off is");
}

async fn rule_07_a_dead_letter_releases_its_successors(store: &dyn Store) {
    for (conversation, became) in [
        ("c1", Became::Dead("gone".into())),
        ("c2", Became::Withheld("opted_out".into())),
        ("c3", Became::Maybe),
        ("c4", Became::Sent { shown: true }),
    ] {
        said(store, conversation, vec![to(ANA, 0, 0, hello()), to(ANA, 0, 1, hello())]).await;
        assert_eq!(lease(store, NOW).await, [format!("{conversation}/0.0")]);
        settle(store, conversation, 0, became).await;
        assert_eq!(lease(store, NOW).await, [format!("{conversation}/0.1")]);
    }
}

async fn help_in_danger_overtakes_what_is_held(store: &dyn Store) {
    let help = Message { kind: MessageKind::Safety, ..hello() };
    said(store, "c1", vec![to(ANA, 0, 0, hello()), to(ANA, 0, 1, help)]).await;
    settle(store, "c1", 0, Became::Held(after_ms(100))).await;
    assert_eq!(lease(store, NOW).await, ["c1/0.1"]);
}

async fn rule_07_an_answer_overtakes_what_is_held_and_nothing_else(store: &dyn Store) {
    let answer = || Message { kind: MessageKind::Reply, ..hello() };
    let three = [hello(), answer(), hello(), answer()];
    let three = (0..).zip(three).map(|(index, it)| to(ANA, 0, index, it));
    said(store, "c1", three.collect()).await;
    assert_eq!(lease(store, NOW).await, ["c1/0.0"], "nothing is held yet");
    settle(store, "c1", 0, Became::Held(after_ms(100))).await;
    assert_eq!(store.next_due().await.unwrap(), Some(NOW), "the answer is due");
    assert_eq!(lease(store, NOW).await, ["c1/0.1"]);
    settle(store, "c1", 1, Became::Later(after_ms(50))).await;
    assert_eq!(lease(store, NOW).await, [""; 0], "an answer that failed keeps its place");
    assert_eq!(store.next_due().await.unwrap(), Some(after_ms(50)));
    assert_eq!(lease(store, after_ms(50)).await, ["c1/0.1"]);
    settle(store, "c1", 1, Became::Sent { shown: true }).await;
    assert_eq!(lease(store, after_ms(50)).await, [""; 0], "what we begin waits behind it");
    // In the morning it is an order again.
    assert_eq!(lease(store, after_ms(100)).await, ["c1/0.0"]);
    settle(store, "c1", 0, Became::Sent { shown: true }).await;
    assert_eq!(lease(store, after_ms(100)).await, ["c1/0.2"]);
    settle(store, "c1", 2, Became::Sent { shown: true }).await;
    assert_eq!(lease(store, after_ms(100)).await, ["c1/0.3"]);
}

/// What asked a closed question is called forward, and waits behind what is held all the same.
async fn rule_07_a_reply_passes_what_is_held_and_called_forward(store: &dyn Store) {
    let answer = Message { kind: MessageKind::Reply, ..hello() };
    let three = vec![to(ANA, 0, 0, hello()), to(ANA, 0, 1, hello()), to(ANA, 0, 2, answer)];
    said(store, "c1", three).await;
    settle(store, "c1", 0, Became::Held(after_ms(100))).await;
    settle(store, "c1", 1, Became::Held(NOW)).await;
    assert_eq!(lease(store, NOW).await, ["c1/0.2"]);
    settle(store, "c1", 2, Became::Sent { shown: true }).await;
    assert_eq!(lease(store, after_ms(100)).await, ["c1/0.0"]);
}

async fn what_is_settled_or_frozen_elsewhere_is_frozen_by_nobody(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, hello())]).await;
    let key = message_ref(ACME, "c1", 0, 0);
    store.freeze(&key, &frozen("web", "hello")).await.unwrap();
    store.freeze(&key, &frozen("web", "hello")).await.unwrap();
    let elsewhere = store.freeze(&key, &frozen("sms", "hello")).await;
    assert!(matches!(elsewhere, Err(StoreError::Conflict)), "{elsewhere:?}");
    settle(store, "c1", 0, Became::Sent { shown: true }).await;
    let late = store.freeze(&key, &frozen("web", "hello")).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    assert_eq!(store.messages(ACME, "c1").await.unwrap()[0].frozen, Some(frozen("web", "hello")));
}

async fn a_lease_that_lapsed_counts_as_an_attempt(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, hello())]).await;
    assert_eq!(lease(store, NOW).await, ["c1/0.0"]);
    assert_eq!(lease(store, after_ms(LEASE_MS - 1)).await, [""; 0]);
    assert_eq!(store.next_due().await.unwrap(), Some(after_ms(LEASE_MS)));
    let again = store.lease_outbox(after_ms(LEASE_MS), LEASE_MS, 9).await.unwrap();
    assert_eq!(again[0].attempts, 1);
}

async fn what_is_frozen_stays_as_it_was_for_the_next_attempt(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, hello())]).await;
    lease(store, NOW).await;
    let key = message_ref(ACME, "c1", 0, 0);
    store.freeze(&key, &frozen("web", "hello")).await.unwrap();
    settle(store, "c1", 0, Became::Later(NOW)).await;
    let rows = store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap();
    assert_eq!(rows[0].frozen, Some(frozen("web", "hello")));
    settle(store, "c1", 0, Became::Sent { shown: true }).await;
    let late = store.freeze(&key, &frozen("sms", "something else")).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    let row = &store.messages(ACME, "c1").await.unwrap()[0];
    assert_eq!(row.frozen, Some(frozen("web", "hello")), "what was sent is not rewritten");
    assert_eq!(row.status, "shown");
}

async fn rule_07_what_became_of_a_message_reaches_its_conversation_once(store: &dyn Store) {
    let until = after_ms(100);
    for (conversation, became, receipt) in [
        ("c1", Became::Sent { shown: true }, Receipt::Shown),
        ("c2", Became::Held(until), Receipt::HeldUntil(until.0)),
        ("c3", Became::Withheld("opted_out".into()), Receipt::Withheld("opted_out".into())),
        ("c4", Became::Dead("gone".into()), Receipt::Failed),
        ("c5", Became::Maybe, Receipt::Maybe),
        ("c6", Became::Reported(Receipt::Shown), Receipt::Shown),
    ] {
        said(store, conversation, vec![to(ANA, 0, 0, asking(0))]).await;
        settle(store, conversation, 0, became.clone()).await;
        settle(store, conversation, 0, became).await;
        let claimed = claim_one(store).await;
        let event = Event::Receipt { message: key(0, 0), receipt };
        let events: Vec<_> = claimed.events.iter().map(|it| it.1.clone()).collect();
        assert_eq!(events, [event], "{conversation}");
        commit(store, turn(&claimed)).await;
    }
}

async fn sent_is_no_news(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, hello())]).await;
    settle(store, "c1", 0, Became::Sent { shown: false }).await;
    settle(store, "c1", 0, Became::Later(NOW)).await;
    assert_eq!(receipts(store).await, []);
    assert_eq!(lease(store, NOW).await, [""; 0]);
    assert_eq!(store.messages(ACME, "c1").await.unwrap()[0].status, "sent");
}

async fn that_something_was_shown_which_asks_nothing_is_no_news(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, hello())]).await;
    settle(store, "c1", 0, Became::Sent { shown: true }).await;
    assert_eq!(receipts(store).await, [], "no turn is spent on it");
    assert_eq!(store.messages(ACME, "c1").await.unwrap()[0].status, "shown");
}

async fn a_late_report_reaches_the_conversation(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, asking(0)), to(ANA, 0, 1, asking(1))]).await;
    settle(store, "c1", 0, Became::Sent { shown: false }).await;
    settle(store, "c1", 0, Became::Reported(Receipt::Failed)).await;
    assert_eq!(store.messages(ACME, "c1").await.unwrap()[0].status, "dead");
    settle(store, "c1", 1, Became::Sent { shown: false }).await;
    settle(store, "c1", 1, Became::Reported(Receipt::Shown)).await;
    settle(store, "c1", 1, Became::Reported(Receipt::Failed)).await;
    assert_eq!(store.messages(ACME, "c1").await.unwrap()[1].status, "shown");
    assert_eq!(receipts(store).await, [Receipt::Failed, Receipt::Shown]);
}

async fn what_is_said_outside_any_conversation_gets_no_receipt(store: &dyn Store) {
    let accepted = store.accept(&arrival(ACME, ANA, "1", "hello")).await.unwrap();
    let mut routed = routing(&waiting(store, accepted.seq).await);
    routed.says = vec![hello(), message("worker", "menu")];
    store.commit_person(routed).await.unwrap();
    let name = format!("person/{ANA}/{}", accepted.seq);
    assert_eq!(lease(store, NOW).await, [format!("{name}/0.0")]);
    let first = message_ref(ACME, &name, 0, 0);
    store.settle_message(&first, Became::Sent { shown: true }, NOW).await.unwrap();
    let rows = store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap();
    assert_eq!(rows[0].key, message_ref(ACME, &name, 0, 1), "in order here too");
    assert_eq!(rows[0].flow_hash, None);
    assert_eq!(claim(store).await, []);
}

async fn a_report_on_nothing_is_no_news(store: &dyn Store) {
    settle(store, "nowhere", 0, Became::Reported(Receipt::Shown)).await;
    assert_eq!(claim(store).await, []);
}

async fn dead_letters_are_kept_for_their_payer(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, hello()), to(ANA, 0, 1, hello())]).await;
    settle(store, "c1", 0, Became::Dead("number_gone".into())).await;
    let dead = store.dead_letters(ACME, 9).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].why.as_str(), dead[0].at), ("number_gone", NOW));
    assert_eq!(store.dead_letters("birch", 9).await.unwrap(), []);
}

async fn call(store: &dyn Store) {
    call_that(store, true).await;
}

async fn call_that(store: &dyn Store, writes: bool) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let mut taken = turn(&claim_one(store).await);
    taken.calls = vec![NewCall {
        key: key(0, 0),
        action: "pbm.authorize".into(),
        input: json!({ "drug": "gabapentin" }),
        write: writes,
    }];
    commit(store, taken).await;
}

async fn rule_11_a_write_that_nobody_began_was_not_attempted(store: &dyn Store) {
    call(store).await;
    let died = store.lease_calls(NOW, LEASE_MS, 9).await.unwrap().remove(0);
    let at = after_ms(LEASE_MS);
    let next = store.lease_calls(at, LEASE_MS, 9).await.unwrap().remove(0);
    assert_eq!(next.attempts, 0, "whoever had it before never began");
    let late = store.begin_call(&died).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "it is another's now: {late:?}");
    store.begin_call(&next).await.unwrap();
    let third = store.lease_calls(after_ms(2 * LEASE_MS), LEASE_MS, 9).await.unwrap().remove(0);
    assert_eq!(third.attempts, 1, "it began, and nobody knows how it ended");
    store.begin_call(&third).await.unwrap();
    let later = CallBecame::Later(at);
    store.settle_call(ACME, &effect("c1", 0, 0), later, NOW).await.unwrap();
    let fourth = store.lease_calls(after_ms(2 * LEASE_MS), LEASE_MS, 9).await.unwrap().remove(0);
    assert_eq!(fourth.attempts, 2, "each counts once");
    let returned = CallBecame::Returned(CallResult::Unknown);
    store.settle_call(ACME, &effect("c1", 0, 0), returned, NOW).await.unwrap();
    let settled = store.begin_call(&fourth).await;
    assert!(matches!(settled, Err(StoreError::Conflict)), "it is over: {settled:?}");
}

async fn a_read_that_lapsed_counts_as_an_attempt(store: &dyn Store) {
    call_that(store, false).await;
    store.lease_calls(NOW, LEASE_MS, 9).await.unwrap();
    let again = store.lease_calls(after_ms(LEASE_MS), LEASE_MS, 9).await.unwrap();
    assert_eq!(again[0].attempts, 1);
    let later = CallBecame::Later(NOW);
    store.settle_call(ACME, &effect("c1", 0, 0), later, NOW).await.unwrap();
    let again = store.lease_calls(after_ms(2 * LEASE_MS), LEASE_MS, 9).await.unwrap();
    assert_eq!(again[0].attempts, 2);
}

async fn a_call_is_leased_until_its_result_is_here(store: &dyn Store) {
    call(store).await;
    let rows = store.lease_calls(NOW, LEASE_MS, 9).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].key, effect("c1", 0, 0));
    assert_eq!(rows[0].action, "pbm.authorize");
    assert_eq!(rows[0].input, json!({ "drug": "gabapentin" }));
    assert!(rows[0].write);
    assert_eq!(store.lease_calls(NOW, LEASE_MS, 9).await.unwrap(), []);
    let later = CallBecame::Later(after_ms(50));
    store.settle_call(ACME, &effect("c1", 0, 0), later, NOW).await.unwrap();
    assert_eq!(store.lease_calls(after_ms(49), LEASE_MS, 9).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(after_ms(50)));
    let again = store.lease_calls(after_ms(50), LEASE_MS, 9).await.unwrap();
    let lapsed = store.lease_calls(after_ms(50 + LEASE_MS), LEASE_MS, 9).await.unwrap();
    assert_eq!(lapsed[0].key, again[0].key, "under the same key, after a crash");
}

async fn rule_02_a_second_result_of_a_call_is_no_news(store: &dyn Store) {
    call(store).await;
    let done = CallResult::Done(json!({ "number": "PA-1" }));
    for result in [done.clone(), CallResult::Unknown] {
        let returned = CallBecame::Returned(result);
        store.settle_call(ACME, &effect("c1", 0, 0), returned, NOW).await.unwrap();
    }
    let claimed = claim_one(store).await;
    assert_eq!(claimed.events.len(), 1);
    assert_eq!(claimed.events[0].1, Event::Returned { call: key(0, 0), result: done });
    assert_eq!(claimed.events[0].2, "call");
    assert_eq!(store.lease_calls(after_ms(LEASE_MS), LEASE_MS, 9).await.unwrap(), []);
}

/// The first attempt was refused and slept; the second may have succeeded (seed 1028361).
async fn rule_02_a_refusal_that_comes_after_another_attempt_began_says_nothing(store: &dyn Store) {
    let refused = |attempt| CallBecame::Refused {
        attempt,
        result: CallResult::Refused { code: "no".into(), message: "".into() },
    };
    call_that(store, true).await;
    for now in [NOW, after_ms(LEASE_MS)] {
        let row = store.lease_calls(now, LEASE_MS, 9).await.unwrap().remove(0);
        store.begin_call(&row).await.unwrap();
    }
    store.settle_call(ACME, &effect("c1", 0, 0), refused(1), NOW).await.unwrap();
    assert_eq!(claim(store).await, [], "the second attempt says how it ends");
    store.settle_call(ACME, &effect("c1", 0, 0), refused(2), NOW).await.unwrap();
    assert_eq!(claim_one(store).await.events.len(), 1);
}

async fn rule_11_who_slept_over_its_look_at_authority_ends_nothing_that_was_begun(
    store: &dyn Store,
) {
    let refused = CallResult::Refused { code: "authority_unknown".into(), message: "".into() };
    call_that(store, true).await;
    store.lease_calls(NOW, LEASE_MS, 9).await.unwrap();
    let next = store.lease_calls(after_ms(LEASE_MS), LEASE_MS, 9).await.unwrap().remove(0);
    store.begin_call(&next).await.unwrap();
    let late = CallBecame::Refused { attempt: 0, result: refused.clone() };
    store.settle_call(ACME, &effect("c1", 0, 0), late, NOW).await.unwrap();
    assert_eq!(claim(store).await, [], "it may be done by now");
    let returned = CallBecame::Returned(CallResult::Done(json!(1)));
    store.settle_call(ACME, &effect("c1", 0, 0), returned, NOW).await.unwrap();
    assert_eq!(claim_one(store).await.events.len(), 1);
}
