//! Going on elsewhere: the same conversation at the same step, one answer, each channel under its own
//! clearance; and where she was before it is said that she went on.

use std::sync::atomic::Ordering;

use mendline::channels::Incoming;
use mendline::phrases;
use mendline::store::Conversation;
use mendline_engine::event::Repair;
use mendline_engine::message::EffectKey;
use mendline_engine::state::{Position, Rest};

use crate::support::*;

/// Ana is asked by text message which medicine it is.
async fn asked_by_text() -> Place {
    let place = place().await;
    place.reached_by("ana", &["sms", "web"]).await;
    place.writes("ana", "sms", "my prescription was rejected").await;
    assert!(place.phone.of("ana").last().unwrap().contains("I have a question"));
    place
}

fn question(it: &Conversation) -> EffectKey {
    match &it.state.position {
        Position::At { rest: Rest::Asking(asking), .. } => asking.question,
        other => panic!("{other:?}"),
    }
}

fn continued(place: &Place) -> usize {
    place.phone.of("ana").iter().filter(|it| it.as_str() == phrases::CONTINUED.1).count()
}

/// She comes in by the link, and her page shows what is open.
async fn comes_in(place: &Place) -> Vec<String> {
    place.does("ana", "web", Incoming::Repair(Repair::Return)).await;
    place.sees("ana").await
}

#[tokio::test]
async fn rule_04_the_same_question_goes_on_elsewhere_and_the_first_channel_says_so_once() {
    let place = asked_by_text().await;
    let before = place.of("ana").await;
    let lines = comes_in(&place).await;
    assert!(lines.last().unwrap().contains("Which medicine do you need?"), "{lines:?}");
    let now = place.of("ana").await;
    assert_eq!((&now.id, question(&now)), (&before.id, question(&before)), "the same step");
    assert_eq!(continued(&place), 1);
    place.writes("ana", "web", "gabapentin 300 mg").await;
    assert!(place.sees("ana").await.last().unwrap().contains("at the pharmacy"));
    assert_eq!(continued(&place), 1, "once");
    let leaked = place.phone.of("ana").iter().any(|it| it.contains("gabapentin"));
    assert!(!leaked, "each channel under its own clearance");
}

#[tokio::test]
async fn nobody_is_woken_to_be_told_that_she_went_on_elsewhere() {
    let place = asked_by_text().await;
    place.later(14 * HOUR_MS).await; // 23:00
    let before = place.phone.of("ana").len();
    comes_in(&place).await;
    assert_eq!(place.phone.of("ana").len(), before);
    place.writes("ana", "web", "gabapentin 300 mg").await;
    place.sees("ana").await;
    place.later(12 * HOUR_MS).await;
    assert_eq!(continued(&place), 0, "by the morning it is no news");
}

#[tokio::test]
async fn what_was_answered_before_is_continued_nowhere() {
    let place = asked_by_text().await;
    place.writes("ana", "sms", "gabapentin 300 mg").await;
    place.writes("ana", "sms", "No").await;
    place.writes("ana", "sms", "Ask now").await;
    place.writes("ana", "web", "what happens now?").await;
    assert_eq!(continued(&place), 0, "nothing was open there");
}

#[tokio::test]
async fn rule_05_where_messages_can_be_changed_the_copy_says_it_and_no_new_one_is_sent() {
    let place = place().await;
    place.phone.changes.store(true, Ordering::SeqCst);
    place.reached_by("ana", &["sms", "web"]).await;
    place.writes("ana", "sms", "my prescription was rejected").await;
    let before = place.phone.of("ana").len();
    comes_in(&place).await;
    assert!(place.phone.closed.lock().unwrap().is_empty(), "it can be answered there still");
    place.writes("ana", "web", "gabapentin 300 mg").await;
    place.sees("ana").await;
    let closed = place.phone.closed.lock().unwrap().clone();
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert!(closed[0].1.ends_with(phrases::ELSEWHERE.1), "{closed:?}");
    assert_eq!(place.phone.of("ana").len(), before);
}

#[tokio::test]
async fn what_she_answers_where_it_stands_is_settled_and_not_continued() {
    let place = place().await;
    place.phone.changes.store(true, Ordering::SeqCst);
    place.reached_by("ana", &["sms"]).await;
    place.writes("ana", "sms", "my prescription was rejected").await;
    place.writes("ana", "sms", "gabapentin 300 mg").await;
    let closed = place.phone.closed.lock().unwrap().clone();
    assert!(closed[0].1.ends_with(phrases::OVER.1), "{closed:?}");
}
