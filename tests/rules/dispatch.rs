//! Rule 7: dispatch reports back, and sends nothing that is over.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mendline::channels::Incoming;
use mendline::pump;
use mendline::store::EffectRef;
use mendline_engine::state::{Position, Rest};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::*;

#[tokio::test]
async fn rule_07_a_reminder_held_by_quiet_hours_is_not_sent_when_its_question_is_over() {
    let place = place().await;
    place.reached_by("ana", &["sms"]).await;
    place.later(11 * HOUR_MS + 30 * MINUTE_MS).await; // 20:30, she is awake
    place.writes("ana", "sms", "my prescription was rejected").await;
    assert_eq!(place.phone.of("ana").len(), 1);
    place.later(2 * HOUR_MS).await; // 22:30: the reminder is due, and held
    assert_eq!(place.phone.of("ana").len(), 1);
    place.writes("ana", "sms", "gabapentin 300 mg").await;
    let answered = place.phone.of("ana");
    assert_eq!(answered.len(), 2, "what is held must not hold back an answer: {answered:?}");
    assert!(answered[1].contains("at the pharmacy"), "{answered:?}");
    place.later(10 * HOUR_MS).await; // 08:30: quiet hours are over
    let all = place.phone.of("ana");
    let asked = all.iter().filter(|it| it.contains("have a question")).count();
    assert_eq!(asked, 1, "she was reminded of what she had answered: {all:?}");
    assert_eq!(place.handoffs().await.len(), 0, "nothing was undeliverable");
    let record = place.record("ana").await;
    let over = json!({ "withheld": "over" });
    assert!(record.iter().any(|it| it["event"]["receipt"]["receipt"] == over), "it is recorded");
}

#[tokio::test]
async fn rule_07_whoever_writes_at_night_is_answered_before_what_is_held_for_the_morning() {
    let place = place().await;
    place.reached_by("ana", &["sms"]).await;
    place.later(11 * HOUR_MS + 30 * MINUTE_MS).await; // 20:30, she is awake
    place.writes("ana", "sms", "my prescription was rejected").await;
    place.later(2 * HOUR_MS).await; // 22:30: the reminder is due, and held
    assert_eq!(place.phone.of("ana").len(), 1);
    place.writes("ana", "sms", "help").await;
    assert_eq!(place.phone.of("ana").len(), 2, "she is awake and asks");
    place.later(10 * HOUR_MS).await; // 08:30: quiet hours are over
    assert_eq!(place.phone.of("ana").len(), 3, "what was held follows");
}

#[tokio::test]
async fn rule_07_what_was_attempted_once_is_finished_under_its_key() {
    let place = place().await;
    place.reached_by("ana", &["sms"]).await;
    place.phone.away.store(true, Ordering::SeqCst);
    place.writes("ana", "sms", "my prescription was rejected").await;
    let it = place.of("ana").await;
    let Position::At { rest: Rest::Asking(asking), .. } = &it.state.position else { panic!() };
    // Her question is closed while nobody knows whether the first attempt arrived.
    let question = EffectRef { conversation: it.id.clone(), key: asking.question };
    let (choice, _) = asking.offered.iter().find(|(_, it)| it["name"] == "gabapentin").unwrap();
    let choice = choice.clone();
    let tap = Incoming::Tap { question, choice, with: Default::default() };
    assert_eq!(place.does("ana", "sms", tap).await, json!("done"));
    place.phone.away.store(false, Ordering::SeqCst);
    place.later(MINUTE_MS).await;
    let got = place.phone.of("ana");
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[0].contains("have a question") && got[1].contains("at the pharmacy"), "{got:?}");
}

#[tokio::test]
async fn rule_07_silence_starts_when_the_question_was_shown() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.later(30 * HOUR_MS).await;
    let one = place.sees("ana").await.len();
    place.later(HOUR_MS + 59 * MINUTE_MS).await;
    assert_eq!(place.sees("ana").await.len(), one, "nobody is reminded of what she never saw");
    place.later(2 * MINUTE_MS).await;
    assert_eq!(place.sees("ana").await.len(), one + 1);
}

#[tokio::test]
async fn rule_07_what_is_withheld_takes_the_next_channel_and_then_a_person() {
    let place = place().await;
    place.reached_by("ana", &["sms", "web"]).await;
    place.ana_asks().await;
    opt_out(&place).await;
    assert!(place.handoffs().await.is_empty());
    place.reached_by("ana", &["sms"]).await;
    let card = place.cards("dana").await.remove(0);
    place.taps("dana", &card.question, "approve", &[]).await;
    let open = place.handoffs().await;
    assert!(open.iter().any(|it| it.open.why == "undeliverable"), "{open:?}");
    assert!(!place.phone.of("ana").iter().any(|it| it.contains("PA-")));
}

async fn opt_out(place: &Place) {
    let said = Incoming::Words("STOP".into());
    place.arrives("ana", "sms", said).await;
    place.settle().await;
    let ana = place.house.store.person(PAYER, "ana").await.unwrap().unwrap();
    assert_eq!(ana.opted_out, ["sms"]);
}

/// What hangs is on its way for seconds; what goes to others does not wait for it.
#[tokio::test]
async fn what_was_decided_is_closed_wherever_its_card_stands() {
    let place = place().await;
    place.reached_by("dana", &["sms"]).await;
    place.ana_asks().await;
    let announced = place.phone.of("dana");
    assert_eq!(announced.len(), 1, "{announced:?}");
    assert!(place.phone.closed.lock().unwrap().is_empty(), "it is open");
    place.phone.away.store(true, Ordering::SeqCst);
    let card = place.cards("dana").await.remove(0);
    place.taps("dana", &card.question, "approve", &[]).await;
    assert!(place.phone.closed.lock().unwrap().is_empty(), "the provider is away");
    place.phone.away.store(false, Ordering::SeqCst);
    place.later(2 * MINUTE_MS).await;
    let closed = place.phone.closed.lock().unwrap().clone();
    let reads = format!("{}\n\n— This is settled. Nothing is needed here any more.", announced[0]);
    assert_eq!(closed, [("1".to_owned(), reads)]);
}

#[tokio::test]
async fn a_channel_that_hangs_holds_up_no_other() {
    let place = place().await;
    place.reached_by("ana", &["sms"]).await;
    place.phone.hangs.store(true, Ordering::SeqCst);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(pump::run(place.house.clone(), shutdown.clone()));
    place.arrives("ana", "sms", Incoming::Words("my prescription was rejected".into())).await;
    place.arrives("lucia", "web", Incoming::Words("my prescription was rejected".into())).await;
    let read = async || {
        let lines = place.house.store.lines_after(PAYER, "lucia", "web", 0, 9).await.unwrap();
        lines.iter().filter(|it| it.body["from"] == "bot").count()
    };
    place.arrives("dana", "desk", Incoming::Words("approve".into())).await;
    let told = async {
        while read().await == 0 || place.desk_lines("dana").await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(5), told).await;
    assert!(told.is_ok(), "lucia and dana wait for a provider that is none of theirs");
    assert!(place.phone.of("ana").is_empty());
    running.abort();
}
