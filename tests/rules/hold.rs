//! Rule 10: a hold mutes the bot toward one party, and nothing else. And consent, opt-out and
//! quiet hours bind a person's words as they bind the bot's.

use mendline::channels::Incoming;
use mendline::store::HandoffRow;
use mendline_engine::event::DeskAction;
use serde_json::json;

use crate::support::*;

async fn ana_wants_a_person(place: &Place, channel: &str) -> HandoffRow {
    place.writes("ana", channel, "I want to talk to a person").await;
    place.sees("ana").await;
    place.handoffs().await.remove(0)
}

#[tokio::test]
async fn rule_10_a_decision_goes_on_while_the_worker_is_held() {
    let authorize = authorizes();
    let place = place_with([("authorize", authorize.clone())]).await;
    place.ana_asks().await;
    let held = ana_wants_a_person(&place, "web").await;
    let before = place.sees("ana").await.len();
    let card = place.cards("dana").await.remove(0);
    assert_eq!(place.taps("dana", &card.question, "approve", &[]).await, json!("done"));
    assert_eq!(authorize.calls().len(), 1, "the decision ran on");
    let told = place.sees("ana").await;
    assert_eq!(told.len(), before, "the bot spoke to a held worker: {told:?}");
    let row = place.house.store.handoff(PAYER, &held.handoff).await.unwrap().unwrap();
    let drafts = json!(row.drafts).to_string();
    assert!(drafts.contains("would_say") && drafts.contains("PA-"), "{drafts}");
}

#[tokio::test]
async fn rule_10_a_persons_own_words_keep_quiet_hours_and_opt_outs_too() {
    let place = place().await;
    place.reached_by("ana", &["sms"]).await;
    place.writes("ana", "sms", "my prescription was rejected").await;
    let held = ana_wants_a_person(&place, "sms").await;
    let reply = |words: &str| Incoming::Desk {
        handoff: held.handoff.clone(),
        action: DeskAction::Reply { words: words.into(), language: "en".into() },
    };
    place.later(13 * HOUR_MS).await; // 22:00
    let before = place.phone.of("ana").len();
    assert_eq!(place.does("sam", "desk", reply("Sam here, good evening.")).await, json!("done"));
    assert_eq!(place.phone.of("ana").len(), before, "she was woken");
    place.later(11 * HOUR_MS).await; // 09:00
    assert_eq!(place.phone.of("ana").len(), before + 1);
    place.writes("ana", "sms", "STOP").await;
    let before = place.phone.of("ana").len();
    place.does("sam", "desk", reply("One thing more.")).await;
    assert_eq!(place.phone.of("ana").len(), before, "she had opted out");
    let open = place.handoffs().await;
    assert!(open.iter().any(|it| it.open.why == "undeliverable"), "somebody must call: {open:?}");
}
