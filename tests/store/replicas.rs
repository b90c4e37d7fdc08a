//! Several servers over one PostgreSQL: each piece of work is done by one of them, and whoever
//! comes too late loses.

use std::collections::BTreeSet;

use mendline::store::postgres::PostgresStore;
use mendline::store::{Became, NewCall, NewLine, Store, StoreError};
use mendline_engine::event::{CallResult, Event};
use mendline_engine::message::Message;
use serde_json::json;

use crate::postgres::{Base, PgPlace};
use crate::support::*;

/// Conversations, messages, calls or timers at once.
const MANY: usize = 60;

/// Two servers' stores over one database.
async fn two() -> Option<(Base, PostgresStore, PostgresStore)> {
    let PgPlace { base, store } = PgPlace::new().await?;
    let other = PostgresStore::open(&base.url, vault()).await.unwrap();
    Some((base, store, other))
}

async fn begin_many(store: &dyn Store) {
    for nth in 0..MANY {
        begin(store, ACME, &format!("person {nth}"), &format!("c{nth:02}"), "hello").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_03_two_servers_never_claim_the_same_conversation() {
    let Some((_base, a, b)) = two().await else { return };
    begin_many(&a).await;
    let mut claimed = BTreeSet::new();
    loop {
        let (of_a, of_b) = tokio::join!(a.claim(NOW, LEASE_MS, 7, 9), b.claim(NOW, LEASE_MS, 7, 9));
        let both: Vec<_> = of_a.unwrap().into_iter().chain(of_b.unwrap()).collect();
        if both.is_empty() {
            break;
        }
        for it in both {
            assert!(claimed.insert(it.conversation.id.clone()), "{} twice", it.conversation.id);
        }
    }
    assert_eq!(claimed.len(), MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_03_a_server_that_paused_and_commits_late_loses() {
    let Some((_base, a, b)) = two().await else { return };
    begin(&a, ACME, ANA, "c1", "hello").await;
    let paused = claim_one(&a).await;
    let late = b.claim(after_ms(LEASE_MS), LEASE_MS, 9, 9).await.unwrap();
    assert_eq!(late, std::slice::from_ref(&paused), "its lease is over");
    let mut taken = turn(&late[0]);
    taken.messages = vec![to(ANA, 0, 0, message("worker", "b was faster"))];
    commit(&b, taken).await;
    let mut lost = turn(&paused);
    lost.messages = vec![to(ANA, 0, 0, message("worker", "a slept"))];
    assert!(matches!(a.commit(vec![lost]).await[0], Err(StoreError::Conflict)));
    assert_eq!(a.messages(ACME, "c1").await.unwrap().len(), 1);
    assert_eq!(a.verify_chain(ACME, "c1").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_that_commit_the_same_turn_at_once_one_wins() {
    let Some((_base, a, b)) = two().await else { return };
    begin_many(&a).await;
    let turns: Vec<_> = claim(&a).await.iter().map(turn).collect();
    let (of_a, of_b) = tokio::join!(a.commit(turns.clone()), b.commit(turns));
    for (a, b) in of_a.into_iter().zip(of_b) {
        let wins = usize::from(a.is_ok()) + usize::from(b.is_ok());
        assert_eq!(wins, 1, "{a:?} {b:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_that_route_the_same_arrival_one_does() {
    let Some((base, a, b)) = two().await else { return };
    for nth in 0..MANY {
        let id = format!("{nth}");
        let accepted = a.accept(&arrival(ACME, ANA, &id, "hello")).await.unwrap();
        let mut of_a = routing(&waiting(&a, accepted.seq).await);
        let mut of_b = of_a.clone();
        of_a.begins.push(new_conversation(&format!("a{nth}"), ANA, "hello"));
        of_b.begins.push(new_conversation(&format!("b{nth}"), ANA, "hello"));
        let (of_a, of_b) = tokio::join!(a.commit_person(of_a), b.commit_person(of_b));
        assert_eq!(usize::from(of_a.is_ok()) + usize::from(of_b.is_ok()), 1, "{of_a:?} {of_b:?}");
    }
    let mut shell = base.shell().await;
    let begun: i64 = sqlx::query_scalar("select count(*) from conversations")
        .fetch_one(&mut shell)
        .await
        .unwrap();
    assert_eq!(begun, MANY as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_never_send_the_same_message_nor_make_the_same_call() {
    let Some((_base, a, b)) = two().await else { return };
    begin_many(&a).await;
    for it in claim(&a).await {
        let mut taken = turn(&it);
        taken.messages = vec![to(ANA, 0, 0, message("worker", "hello"))];
        let input = json!({ "n": 1 });
        taken.calls = vec![NewCall { key: key(0, 1), action: "a".into(), input, write: true }];
        commit(&a, taken).await;
    }
    let (mut messages, mut calls) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let (of_a, of_b) =
            tokio::join!(a.lease_outbox(NOW, LEASE_MS, 7), b.lease_outbox(NOW, LEASE_MS, 7));
        let sent: Vec<_> = of_a.unwrap().into_iter().chain(of_b.unwrap()).collect();
        let (of_a, of_b) =
            tokio::join!(a.lease_calls(NOW, LEASE_MS, 7), b.lease_calls(NOW, LEASE_MS, 7));
        let called: Vec<_> = of_a.unwrap().into_iter().chain(of_b.unwrap()).collect();
        if sent.is_empty() && called.is_empty() {
            break;
        }
        for it in sent {
            assert!(messages.insert(it.key.effect.to_string()), "{} twice", it.key.effect);
        }
        for it in called {
            assert!(calls.insert(it.key.to_string()), "{} twice", it.key);
        }
    }
    assert_eq!((messages.len(), calls.len()), (MANY, MANY));
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_06_a_timer_fires_once_whoever_looks() {
    let Some((_base, a, b)) = two().await else { return };
    begin_many(&a).await;
    for it in claim(&a).await {
        let mut taken = turn(&it);
        taken.timers = vec![("t".into(), 1, after_ms(5))];
        commit(&a, taken).await;
    }
    let mut fired = 0;
    for _ in 0..MANY {
        let (of_a, of_b) = tokio::join!(a.fire_due(after_ms(5), 7), b.fire_due(after_ms(5), 7));
        fired += of_a.unwrap() + of_b.unwrap();
    }
    assert_eq!(fired as usize, MANY);
    for it in a.claim(after_ms(6), LEASE_MS, 1000, 9).await.unwrap() {
        assert!(matches!(&it.events[..], [(_, Event::Due { .. }, ..)]), "{:?}", it.events);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_two_servers_append_stands_once() {
    let Some((_base, a, b)) = two().await else { return };
    for nth in 0..MANY {
        let line = NewLine {
            payer: ACME.into(),
            person: ANA.into(),
            channel: "web".into(),
            key: format!("k{nth}"),
            message: None,
            leaving: None,
            body: json!({ "text": "hello" }),
            at: NOW,
        };
        let (of_a, of_b) = tokio::join!(a.append_line(&line), b.append_line(&line));
        assert_eq!(of_a.unwrap(), of_b.unwrap());
    }
    let lines = a.lines_after(ACME, ANA, "web", 0, 1000).await.unwrap();
    let numbers: Vec<i64> = lines.iter().map(|it| it.seq).collect();
    assert_eq!(numbers, (1..=MANY as i64).collect::<Vec<_>>(), "without a gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_two_servers_report_arrives_once() {
    let Some((_base, a, b)) = two().await else { return };
    begin_many(&a).await;
    for it in claim(&a).await {
        let mut taken = turn(&it);
        let asks = Message { question: Some(key(0, 0)), ..message("worker", "hello") };
        taken.messages = vec![to(ANA, 0, 0, asks)];
        let input = json!({ "n": 1 });
        taken.calls = vec![NewCall { key: key(0, 1), action: "a".into(), input, write: true }];
        commit(&a, taken).await;
    }
    for nth in 0..MANY {
        let id = format!("c{nth:02}");
        let call = effect(&id, 0, 1);
        let result = || mendline::store::CallBecame::Returned(CallResult::Done(json!(1)));
        let (of_a, of_b) = tokio::join!(
            a.settle_call(ACME, &call, result(), NOW),
            b.settle_call(ACME, &call, result(), NOW)
        );
        of_a.and(of_b).unwrap();
        let shown = message_ref(ACME, &id, 0, 0);
        let (of_a, of_b) = tokio::join!(
            a.settle_message(&shown, Became::Sent { shown: true }, NOW),
            b.settle_message(&shown, Became::Sent { shown: false }, NOW)
        );
        of_a.and(of_b).unwrap();
        assert_eq!(a.messages(ACME, &id).await.unwrap()[0].status, "shown");
    }
    for it in a.claim(after_ms(LEASE_MS), LEASE_MS, 1000, 9).await.unwrap() {
        assert_eq!(it.events.len(), 2, "a result and a receipt: {:?}", it.events);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_calls_the_others_hear() {
    let Some((_base, a, b)) = two().await else { return };
    let (of_a, of_b) = (a.shared().wire().unwrap(), b.shared().wire().unwrap());
    let mut ear = of_b.listen().await.unwrap();
    of_a.call("news").await.unwrap();
    assert_eq!(ear.hear().await.unwrap(), "news");
    of_a.call(&"x".repeat(mendline::store::shared::CALL_BYTES_MAX)).await.unwrap();
    assert!(ear.hear().await.is_ok(), "the longest call fits");
}
