//! A pause stops what would leave, whatever it is, but for help in danger and people's own words;
//! what waits leaves in its order, or is withheld and said so.

use std::path::Path;
use std::sync::Arc;

use futures::future::join_all;
use mendline::admin::{Answer, Ask, Waits};
use mendline::channels::Incoming;
use mendline::config::Outbound;
use mendline::pauses::Pauses;
use mendline::store::sqlite::SqliteStore;
use mendline::store::{Pause, PauseKind, PauseRef, Waiting};
use mendline_engine::event::DeskAction;
use mendline_engine::message::MessageKind;
use mendline_engine::time::Timestamp;
use serde_json::json;
use tempfile::tempdir;

use crate::house::*;

fn of(kind: PauseKind, name: &str) -> PauseRef {
    PauseRef { payer: None, kind, name: name.into() }
}

fn approval() -> PauseRef {
    of(PauseKind::Flow, "medication_approval")
}

fn payer() -> PauseRef {
    PauseRef { payer: Some(PAYER.into()), kind: PauseKind::Payer, name: String::new() }
}

fn pause(of: PauseRef) -> Ask {
    Ask::Pause { of, proactive: false, why: "a wrong text".into() }
}

fn resume(of: PauseRef, waits: Waits) -> Ask {
    Ask::Resume { of, waits: Some(waits) }
}

async fn waiting(place: &Place) -> Vec<Waiting> {
    let Answer::Paused { waiting, .. } = place.asks(Ask::Paused).await else { panic!() };
    waiting
}

#[tokio::test]
async fn a_paused_flow_says_nothing_and_then_everything_in_order() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.talks("ana", &["my prescription was rejected"]).await;
    let before = place.sees("ana").await;
    place.is_done(pause(approval())).await;
    place.writes("ana", "web", "gabapentin 300 mg").await;
    assert_eq!(place.sees("ana").await.len(), before.len() + 1, "her own line, and no answer");
    place.talks("lucia", &["is there a claim of mine"]).await;
    assert!(place.sees("lucia").await.len() > 1, "other flows go on");

    let [waits] = waiting(&place).await.try_into().unwrap();
    assert_eq!((waits.of, waits.messages), (approval(), 1));
    assert_eq!((waits.flow.as_str(), waits.payer.as_str()), ("medication_approval", PAYER));
    let refused = place.is_refused(Ask::Resume { of: approval(), waits: None }).await;
    assert!(
        refused.contains("pause of flow medication_approval: 1 ") && refused.contains("--release"),
        "{refused}"
    );

    place.is_done(resume(approval(), Waits::Release)).await;
    let read = place.sees("ana").await;
    assert!(read.last().unwrap().contains("at the pharmacy"), "{read:#?}");
    assert_eq!(waiting(&place).await, []);
}

#[tokio::test]
async fn a_pause_outlives_its_server_and_binds_every_other() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.talks("ana", &["my prescription was rejected"]).await;
    place.is_done(pause(payer())).await;
    let (store, now) = (place.house.store.clone(), place.house.clock.now());
    drop(place);
    let other = over(store, folder.path(), now, Outbound::default()).await;
    let before = other.sees("ana").await.len();
    other.writes("ana", "web", "gabapentin 300 mg").await;
    assert_eq!(other.sees("ana").await.len(), before + 1);
    other.is_done(resume(payer(), Waits::Release)).await;
    assert_eq!(other.sees("ana").await.len(), before + 2);
}

#[tokio::test]
async fn help_in_danger_and_a_persons_own_words_pass() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.talks("ana", &["my prescription was rejected", "I want to talk to a person"]).await;
    place.is_done(pause(payer())).await;
    // Something waits before them in her own order.
    place.talks("ana", &["I want to die"]).await;
    let read = place.sees("ana").await.join("\n");
    assert!(read.contains("988"), "{read}");

    let desks: Vec<String> = place.house.catalog.desks.keys().cloned().collect();
    let handoff = place.house.store.handoffs(PAYER, &desks).await.unwrap().remove(0).handoff;
    let words =
        DeskAction::Reply { words: "Robin here, I call you.".into(), language: "en".into() };
    place.does("robin", "desk", Incoming::Desk { handoff, action: words }).await;
    let read = place.sees("ana").await.join("\n");
    assert!(read.contains("Robin here"), "{read}");
}

#[tokio::test]
async fn what_a_paused_channel_would_carry_takes_no_other_way() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.by_phone("ana").await;
    place.is_done(pause(of(PauseKind::Channel, "sms"))).await;
    place.writes("ana", "sms", "my prescription was rejected").await;
    assert_eq!(place.rang("ana"), [""; 0]);
    assert_eq!(waiting(&place).await.len(), 1);
    place.talks("lucia", &["my prescription was rejected"]).await;
    assert!(place.sees("lucia").await.len() > 1, "the web chat goes on");
    place.later(HOUR_MS).await;
    assert_eq!(place.rang("ana"), [""; 0], "it is looked at again, and still waits");
    place.is_done(resume(of(PauseKind::Channel, "sms"), Waits::Release)).await;
    assert_eq!(place.rang("ana").len(), 1);
}

#[tokio::test]
async fn what_is_dropped_is_withheld_and_its_conversation_hears_so() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.talks("ana", &["my prescription was rejected"]).await;
    place.is_done(pause(approval())).await;
    place.writes("ana", "web", "gabapentin 300 mg").await;
    let said = place.is_done(resume(approval(), Waits::Drop)).await;
    assert!(said.contains("Withheld: 1."), "{said}");
    let it = place.of("ana").await;
    let record = place.house.store.record(PAYER, &it.id).await.unwrap();
    let withheld = json!({ "withheld": "dropped" });
    assert!(record.iter().any(|it| it.body["event"]["receipt"]["receipt"] == withheld));
    let messages = place.house.store.messages(PAYER, &it.id).await.unwrap();
    assert!(messages.iter().any(|it| it.status == "withheld"));
}

#[tokio::test]
async fn a_name_that_is_not_there_is_refused_with_the_near_one() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    let refused = place.is_refused(pause(of(PauseKind::Flow, "medication_aproval"))).await;
    assert!(refused.contains("did you mean medication_approval?"), "{refused}");
    let refused = place.is_refused(pause(of(PauseKind::Channel, "telex"))).await;
    assert!(refused.contains("there are:") && refused.contains("sms"), "{refused}");
    let refused = place.is_refused(resume(approval(), Waits::Drop)).await;
    assert!(refused.contains("not paused"), "{refused}");
}

/// Ana was asked something by phone and is silent; a reminder is due after two hours.
async fn with_a_limit_of(folder: &Path, limit: u32) -> Place {
    let store = SqliteStore::open(&folder.join("mendline.db"), key()).await.unwrap();
    let outbound = Outbound { proactive_per_hour: limit, ..Outbound::default() };
    let at = Timestamp::parse(START).unwrap();
    let place = over(Arc::new(store), folder, at, outbound).await;
    for person in ["ana", "lucia"] {
        place.by_phone(person).await;
        place.writes(person, "sms", "my prescription was rejected").await;
        assert_eq!(place.rang(person).len(), 1, "{person} is answered");
    }
    place
}

#[tokio::test]
async fn beyond_its_hour_what_a_flow_begins_waits_for_a_person_and_answers_go_on() {
    let folder = tempdir().unwrap();
    let place = with_a_limit_of(folder.path(), 1).await;
    place.later(2 * HOUR_MS + 60_000).await;
    let reminded = |place: &Place| place.rang("ana").len() + place.rang("lucia").len() - 2;
    assert_eq!(reminded(&place), 1, "one reminder within the limit");

    let Answer::Paused { pauses, waiting } = place.asks(Ask::Paused).await else { panic!() };
    assert_eq!((pauses.len(), waiting.len()), (1, 1));
    assert!(pauses[0].proactive && pauses[0].who == "mendline");
    assert!(pauses[0].why.contains("more than 1 proactive"), "{}", pauses[0].why);
    let silent = if place.rang("ana").len() == 1 { "ana" } else { "lucia" };
    place.writes(silent, "sms", "help").await;
    assert_eq!(place.rang(silent).len(), 2, "an answer overtakes what waits");

    place.later(HOUR_MS).await;
    assert_eq!(reminded(&place), 2, "a new hour alone releases nothing");
    let said = place.is_done(resume(approval(), Waits::Release)).await;
    assert!(said.contains("Messages that leave now: 1."), "{said}");
    assert_eq!(reminded(&place), 3);
}

#[tokio::test]
async fn within_its_hour_nothing_is_held() {
    let folder = tempdir().unwrap();
    let place = with_a_limit_of(folder.path(), 2).await;
    place.later(2 * HOUR_MS + 60_000).await;
    assert_eq!((place.rang("ana").len(), place.rang("lucia").len()), (2, 2));
    assert_eq!(waiting(&place).await, []);
}

/// Each takes a twentieth of the hour at first; thirty that did so would be more than all of it.
#[tokio::test]
async fn many_that_leave_side_by_side_do_not_use_up_the_hour() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.by_phone("ana").await;
    place.writes("ana", "sms", "my prescription was rejected").await;
    let words = Incoming::Words("help".into());
    let house = &place.house;
    house.arrive(PAYER, "sms", "help", "ana", words, None).await.unwrap();
    let now = house.clock.now();
    let mut row = house.store.lease_outbox(now, 1_000, 1).await.unwrap().remove(0);
    row.message.kind = MessageKind::Proactive;
    let pauses = Pauses::default();
    pauses.limit(Outbound { proactive_per_hour: 40, ..Outbound::default() });
    let asked = join_all((0..41).map(|_| pauses.allow(house.store.as_ref(), &row, now))).await;
    let stopped = asked.into_iter().filter(|it| it.as_ref().unwrap().is_some()).count();
    assert_eq!(stopped, 1, "forty may leave, and the next waits");
}

#[test]
fn the_desk_reads_what_waits_since_when_and_why() {
    let since = Timestamp::parse(START).unwrap();
    let pause = Pause {
        of: PauseRef { payer: Some(PAYER.into()), ..approval() },
        proactive: true,
        since,
        who: "mendline".into(),
        why: "more than 500 proactive messages in an hour".into(),
    };
    let said = mendline::desk::words::paused(&pause, since, "America/Los_Angeles");
    assert_eq!(
        said,
        "What “Medication approval” begins by itself waits since 09:00: more than 500 proactive \
         messages in an hour. Help in danger and your own replies still go out. Whoever runs this \
         server has to look at it."
    );
}
