//! Forgetting: asked for, or when a payer keeps people no longer; never against a legal hold.

use mendline::admin::{Answer, Ask};
use mendline::retention::forget_quiet;
use mendline_engine::time::Timestamp;
use tempfile::tempdir;

use crate::house::*;

const DAY_MS: i64 = 24 * HOUR_MS;

fn forget(person: &str) -> Ask {
    Ask::Forget { payer: PAYER.into(), person: person.into(), open_too: false }
}

fn hold(person: &str) -> Ask {
    Ask::Hold { payer: PAYER.into(), person: person.into(), why: "matter 2026-0017".into() }
}

fn lift(person: &str) -> Ask {
    Ask::Lift { payer: PAYER.into(), person: person.into() }
}

/// A matter of hers that ends.
async fn ends_a_matter(place: &Place, person: &str) {
    place.talks(person, &["my prescription was rejected", "cancel"]).await;
    if place.of(person).await.state.outcome.is_none() {
        place.talks(person, &["yes"]).await;
    }
    assert!(place.of(person).await.state.outcome.is_some(), "it has ended");
}

async fn is_known(place: &Place, person: &str) -> bool {
    place.house.store.person(PAYER, person).await.unwrap().is_some()
}

async fn retain(place: &Place, days: i64) -> u32 {
    let now = place.house.clock.now();
    let before = Timestamp(now.0 - days * DAY_MS);
    forget_quiet(place.house.store.as_ref(), PAYER, before, now).await.unwrap()
}

#[tokio::test]
async fn an_open_matter_is_forgotten_only_when_that_is_said() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.talks("ana", &["my prescription was rejected"]).await;
    let refused = place.is_refused(forget("ana")).await;
    assert!(
        refused.contains("open matters of ana: 1;") && refused.contains("--open-too"),
        "{refused}"
    );
    place.is_done(Ask::Forget { payer: PAYER.into(), person: "ana".into(), open_too: true }).await;
    assert!(!is_known(&place, "ana").await);
    let refused = place.is_refused(forget("ana")).await;
    assert!(refused.contains("forgotten already"), "{refused}");
    assert!(place.is_refused(hold("ana")).await.contains("forgotten already"));
}

#[tokio::test]
async fn a_legal_hold_wins_over_a_person_who_asks() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    ends_a_matter(&place, "ana").await;
    place.is_done(hold("ana")).await;
    let refused = place.is_refused(forget("ana")).await;
    assert!(refused.contains("legal hold"), "{refused}");
    let Answer::Holds(holds) = place.asks(Ask::Holds { payer: None }).await else { panic!() };
    assert_eq!((holds.len(), holds[0].why.as_str()), (1, "matter 2026-0017"));
    place.is_done(lift("ana")).await;
    assert!(place.is_refused(lift("ana")).await.contains("no legal hold"));
    place.is_done(forget("ana")).await;
    assert!(!is_known(&place, "ana").await);
}

#[tokio::test]
async fn retention_forgets_whose_last_matter_ended_long_ago_and_nobody_else() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    ends_a_matter(&place, "ana").await;
    place.is_done(hold("ana")).await;
    ends_a_matter(&place, "lucia").await;
    place.later(100 * DAY_MS).await;
    ends_a_matter(&place, "lucia").await;
    place.later(30 * DAY_MS).await;
    assert_eq!(retain(&place, 90).await, 0, "one is held, one was here a month ago");
    place.later(70 * DAY_MS).await;
    assert_eq!(retain(&place, 90).await, 1);
    assert!(!is_known(&place, "lucia").await && is_known(&place, "ana").await);
    place.is_done(lift("ana")).await;
    assert_eq!(retain(&place, 90).await, 1);
    assert!(!is_known(&place, "ana").await);
    assert_eq!(retain(&place, 90).await, 0, "once is enough");
}

#[tokio::test]
async fn retention_forgets_nobody_with_an_open_matter() {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.talks("ana", &["my prescription was rejected"]).await;
    assert!(place.of("ana").await.state.outcome.is_none());
    // Nothing moves: the house stands still for two years.
    place.clock.set(place.house.clock.now().plus_ms(730 * DAY_MS));
    assert_eq!(retain(&place, 90).await, 0);
    assert!(is_known(&place, "ana").await);
}
