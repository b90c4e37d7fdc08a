//! Rule 7: what must be read goes from channel to channel and then to a person, and is said nowhere
//! else once it was read; what a channel refuses for good before anything left goes another way.

use std::sync::atomic::Ordering;

use mendline::channels::SendError;
use mendline::store::{Became, HandoffRow, MessageRef};
use mendline_engine::event::Receipt;
use mendline_engine::time::Timestamp;

use crate::support::*;

/// Ana, who writes by text message and has a mailbox, waits for an answer.
async fn waits() -> Place {
    let place = place_with_mail().await;
    place.reached_by("ana", &["sms", "email"]).await;
    for words in ["my prescription was rejected", "gabapentin 300 mg", "No", "Ask now"] {
        place.writes("ana", "sms", words).await;
    }
    place
}

async fn approved(place: &Place) {
    let card = place.cards("dana").await.remove(0);
    place.taps("dana", &card.question, "approve", &[]).await;
}

/// How often the outcome was said there.
fn told(phone: &Phone) -> usize {
    phone.of("ana").iter().filter(|it| it.contains("Good news")).count()
}

async fn tasks(place: &Place) -> Vec<HandoffRow> {
    let undelivered = |it: &HandoffRow| {
        // Her pharmacy is on no channel here, and is telephoned.
        let hers = it.open.says.as_ref().is_none_or(|it| it.party == "worker");
        hers && ["unread", "undeliverable"].contains(&it.open.why.as_str())
    };
    place.handoffs().await.into_iter().filter(undelivered).collect()
}

async fn reports(place: &Place, message: &MessageRef, receipt: Receipt) {
    let now = place.house.clock.now();
    place.house.store.settle_message(message, Became::Reported(receipt), now).await.unwrap();
    place.settle().await;
}

#[tokio::test]
async fn rule_07_what_is_not_read_goes_to_the_next_channel_and_then_to_a_person_once() {
    let place = waits().await;
    place.phone.silent.store(true, Ordering::SeqCst);
    place.mail.silent.store(true, Ordering::SeqCst);
    approved(&place).await; // 09:00
    assert_eq!((told(&place.phone), told(&place.mail)), (1, 0));
    place.later(4 * HOUR_MS - MINUTE_MS).await;
    assert_eq!(told(&place.mail), 0, "she has her time");
    place.later(MINUTE_MS).await;
    assert_eq!((told(&place.phone), told(&place.mail)), (1, 1));
    assert!(tasks(&place).await.is_empty());
    place.later(4 * HOUR_MS).await; // 17:00
    let open = tasks(&place).await;
    let [task] = &open[..] else { panic!("{open:?}") };
    assert_eq!((task.open.why.as_str(), task.open.desk.as_str()), ("unread", "pharmacy_desk"));
    assert!(task.open.says.is_some(), "whoever calls her knows what to say");
    // As much office time as a channel had: on the next day.
    let due = Timestamp::parse("2026-11-19T21:00:00Z");
    assert_eq!(task.open.due, due, "it has a clock");
    place.later(48 * HOUR_MS).await;
    assert_eq!(tasks(&place).await.len(), 1, "and there is one");
    assert_eq!((told(&place.phone), told(&place.mail)), (1, 1));
}

#[tokio::test]
async fn rule_07_what_was_read_is_said_nowhere_else() {
    let place = waits().await;
    place.phone.silent.store(true, Ordering::SeqCst);
    approved(&place).await;
    place.later(HOUR_MS).await;
    reports(&place, &place.phone.last(), Receipt::Shown).await;
    place.later(24 * HOUR_MS).await;
    assert_eq!((told(&place.phone), told(&place.mail)), (1, 0));
    assert!(tasks(&place).await.is_empty());
}

#[tokio::test]
async fn rule_07_what_is_read_late_closes_its_copies_and_stands_where_it_was_read() {
    let place = waits().await;
    place.phone.silent.store(true, Ordering::SeqCst);
    place.mail.silent.store(true, Ordering::SeqCst);
    approved(&place).await;
    let first = place.phone.last();
    place.later(4 * HOUR_MS).await;
    place.phone.closed.lock().unwrap().clear();
    reports(&place, &first, Receipt::Shown).await;
    let closed = place.mail.closed.lock().unwrap().clone();
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert!(closed[0].1.contains("Good news") && closed[0].1.contains("Continued elsewhere"));
    assert!(place.phone.closed.lock().unwrap().is_empty(), "she has read that one");
    place.later(24 * HOUR_MS).await;
    assert!(tasks(&place).await.is_empty());
}

#[tokio::test]
async fn rule_07_a_task_that_nobody_began_is_over_when_she_reads_it_after_all() {
    let place = waits().await;
    place.phone.silent.store(true, Ordering::SeqCst);
    place.mail.silent.store(true, Ordering::SeqCst);
    approved(&place).await;
    place.later(4 * HOUR_MS).await;
    place.later(4 * HOUR_MS).await;
    assert_eq!(tasks(&place).await.len(), 1);
    reports(&place, &place.mail.last(), Receipt::Shown).await;
    assert!(tasks(&place).await.is_empty());
}

#[tokio::test]
async fn rule_07_a_copy_that_quiet_hours_hold_is_not_sent_when_the_first_was_read() {
    let place = waits().await;
    place.phone.silent.store(true, Ordering::SeqCst);
    place.later(9 * HOUR_MS).await; // 18:00
    approved(&place).await;
    let first = place.phone.last();
    place.later(5 * HOUR_MS).await; // 23:00: the mail is due, and held
    assert_eq!(told(&place.mail), 0, "she sleeps");
    reports(&place, &first, Receipt::Shown).await;
    place.later(24 * HOUR_MS).await;
    assert_eq!(told(&place.mail), 0);
    assert!(tasks(&place).await.is_empty());
}

#[tokio::test]
async fn rule_07_who_sleeps_has_her_time_from_the_morning_on() {
    let place = waits().await;
    place.phone.silent.store(true, Ordering::SeqCst);
    place.mail.silent.store(true, Ordering::SeqCst);
    place.later(9 * HOUR_MS).await; // 18:00
    approved(&place).await;
    place.later(5 * HOUR_MS).await; // 23:00: the mail is due, and held
    place.later(9 * HOUR_MS).await; // 08:00
    assert_eq!(told(&place.mail), 1);
    place.later(3 * HOUR_MS).await;
    assert!(tasks(&place).await.is_empty(), "she has slept");
    place.later(HOUR_MS + MINUTE_MS).await;
    assert_eq!(tasks(&place).await.len(), 1);
}

#[tokio::test]
async fn rule_07_what_a_channel_refuses_for_good_before_anything_left_goes_another_way_at_once() {
    for why in [SendError::OptedOut, SendError::Never("no such number".into())] {
        let place = waits().await;
        *place.phone.refuses.lock().unwrap() = Some(why);
        approved(&place).await;
        assert_eq!((told(&place.phone), told(&place.mail)), (0, 1));
        let conversation = place.of("ana").await.id;
        let rows = place.house.store.messages(PAYER, &conversation).await.unwrap();
        let row = rows.iter().find(|it| it.key == place.mail.last()).unwrap();
        let frozen = row.frozen.as_ref().unwrap();
        assert_eq!(frozen.channel, "email", "the bytes that are kept are those that left");
        assert_eq!(frozen.text, place.mail.of("ana").pop().unwrap());
    }
}

#[tokio::test]
async fn rule_07_what_may_have_left_stays_with_its_channel() {
    let place = place_with_mail().await;
    place.reached_by("ana", &["sms", "email"]).await;
    place.phone.away.store(true, Ordering::SeqCst);
    place.writes("ana", "sms", "my prescription was rejected").await;
    place.phone.away.store(false, Ordering::SeqCst);
    *place.phone.refuses.lock().unwrap() = Some(SendError::Never("no such number".into()));
    place.later(MINUTE_MS).await;
    assert!(place.mail.of("ana").is_empty(), "nobody knows whether the first attempt arrived");
    assert_eq!(tasks(&place).await.len(), 1, "a person asks her");
}

#[tokio::test]
async fn rule_07_where_every_channel_refuses_a_person_has_it_at_once_and_once() {
    let place = waits().await;
    *place.phone.refuses.lock().unwrap() = Some(SendError::OptedOut);
    *place.mail.refuses.lock().unwrap() = Some(SendError::Never("no such box".into()));
    approved(&place).await;
    let open = tasks(&place).await;
    let [task] = &open[..] else { panic!("{open:?}") };
    assert_eq!(task.open.why, "undeliverable");
    assert!(task.open.due.is_some() && task.open.says.is_some());
    place.later(48 * HOUR_MS).await;
    assert_eq!(tasks(&place).await.len(), 1);
}
