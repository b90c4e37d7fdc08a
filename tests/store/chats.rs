//! What stands in a person's chat, numbered without gaps, and what she has seen of it.

use mendline::store::{Became, MessageRef, NewLine, Store};
use mendline_engine::effect::Closed;
use mendline_engine::event::Receipt;
use mendline_engine::message::Message;
use serde_json::json;

use crate::support::*;

crate::on_every_store! {
    lines_are_numbered_without_gaps_in_each_chat
    a_line_is_appended_once
    lines_come_after_what_was_seen
    a_line_knows_whether_its_question_is_open
    what_is_acknowledged_names_the_messages_that_have_no_receipt
}

fn line(person: &str, channel: &str, key: &str, message: Option<MessageRef>) -> NewLine {
    let body = json!({ "from": "bot", "text": key });
    NewLine {
        payer: ACME.into(),
        person: person.into(),
        channel: channel.into(),
        key: key.into(),
        message,
        leaving: None,
        body,
        at: NOW,
    }
}

async fn lines_are_numbered_without_gaps_in_each_chat(store: &dyn Store) {
    for (person, channel, seq) in
        [(ANA, "web", 1), (ANA, "web", 2), (ANA, "desk", 1), (DANA, "web", 1), (ANA, "web", 3)]
    {
        let line = line(person, channel, &format!("{person} {channel} {seq}"), None);
        assert_eq!(store.append_line(&line).await.unwrap(), seq);
    }
}

async fn a_line_is_appended_once(store: &dyn Store) {
    assert_eq!(store.append_line(&line(ANA, "web", "a", None)).await.unwrap(), 1);
    assert_eq!(store.append_line(&line(ANA, "web", "b", None)).await.unwrap(), 2);
    assert_eq!(store.append_line(&line(ANA, "web", "a", None)).await.unwrap(), 1);
    assert_eq!(store.lines_after(ACME, ANA, "web", 0, 9).await.unwrap().len(), 2);
}

async fn lines_come_after_what_was_seen(store: &dyn Store) {
    for key in ["a", "b", "c"] {
        store.append_line(&line(ANA, "web", key, None)).await.unwrap();
    }
    let seen = store.lines_after(ACME, ANA, "web", 1, 1).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].seq, &seen[0].body["text"]), (2, &json!("b")));
    assert_eq!(store.lines_after("birch", ANA, "web", 0, 9).await.unwrap(), []);
    assert_eq!(store.lines_after(ACME, DANA, "web", 0, 9).await.unwrap(), []);
}

async fn a_line_knows_whether_its_question_is_open(store: &dyn Store) {
    let ask = Message { question: Some(key(0, 0)), ..message("worker", "which?") };
    said(store, "c1", vec![to(ANA, 0, 0, ask)]).await;
    let mut asking = line(ANA, "web", "c1/0.0", Some(message_ref(ACME, "c1", 0, 0)));
    asking.body["question"] = json!("c1/0.0");
    store.append_line(&asking).await.unwrap();
    store.append_line(&line(ANA, "web", "plain", None)).await.unwrap();
    let open = || async {
        let lines = store.lines_after(ACME, ANA, "web", 1, 9).await.unwrap();
        lines.iter().map(|it| it.open).collect::<Vec<_>>()
    };
    assert_eq!(open().await, [true, false]);
    happen(store, ACME, "c1", "n1").await;
    let mut taken = turn(&claim_one(store).await);
    taken.closed = vec![(key(0, 0), Closed::Over)];
    commit(store, taken).await;
    assert_eq!(open().await, [false, false]);
}

async fn what_is_acknowledged_names_the_messages_that_have_no_receipt(store: &dyn Store) {
    let hello = || message("worker", "hello");
    said(store, "c1", vec![to(ANA, 0, 0, hello()), to(ANA, 0, 1, hello())]).await;
    let (first, second) = (message_ref(ACME, "c1", 0, 0), message_ref(ACME, "c1", 0, 1));
    // Line 1 is what she wrote herself.
    for it in [&first, &second] {
        let line = line(ANA, "web", &it.effect.to_string(), Some(it.clone()));
        store.append_line(&line).await.unwrap();
        store.settle_message(it, Became::Sent { shown: false }, NOW).await.unwrap();
    }
    let ack = |seq| store.acknowledge(ACME, ANA, "web", seq);
    assert_eq!(ack(1).await.unwrap(), []);
    assert_eq!(ack(2).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(ack(2).await.unwrap(), std::slice::from_ref(&first), "until its receipt is here");
    store.settle_message(&first, Became::Reported(Receipt::Shown), NOW).await.unwrap();
    assert_eq!(ack(99).await.unwrap(), [second]);
    assert_eq!(store.acknowledge("birch", ANA, "web", 99).await.unwrap(), []);
}
