//! How a store is: what waits in it, what stands still, what time it has.

use mendline::store::health::{Wait, Waits};
use mendline::store::{NewConversation, Store};
use mendline_engine::state::Position;
use mendline_engine::time::Timestamp;
use sqlx::{Connection, SqliteConnection};

use crate::support::*;

on_every_store! {
    a_store_that_takes_writes_says_so_and_keeps_nothing_of_it
    what_waits_is_told_apart_by_payer
    a_conversation_that_nothing_will_move_is_found_and_no_other
    whoever_waits_for_a_child_that_ended_unheard_is_found
    the_newest_moment_is_the_last_that_was_written
    the_database_has_about_our_time
}

async fn a_store_that_takes_writes_says_so_and_keeps_nothing_of_it(store: &dyn Store) {
    for _ in 0..3 {
        store.health().takes_writes().await.unwrap();
    }
    store.health().knows_schema().await.unwrap();
    assert_eq!(store.health().standing(NOW).await.unwrap(), []);
}

async fn what_waits_is_told_apart_by_payer(store: &dyn Store) {
    store.accept(&arrival("birch", ANA, "1", "hello")).await.unwrap();
    begin(store, ACME, ANA, "c1", "my prescription was rejected").await;
    let inbox =
        |payer: &str, count| Waits { payer: payer.into(), what: Wait::Inbox, count, since: NOW };
    let mut standing = store.health().standing(after_ms(5_000)).await.unwrap();
    standing.sort_by(|a, b| a.payer.cmp(&b.payer));
    assert_eq!(standing, [inbox(ACME, 1), inbox("birch", 1)]);
}

async fn a_conversation_that_nothing_will_move_is_found_and_no_other(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    assert_eq!(store.health().stuck(9).await.unwrap(), [], "its start waits in the inbox");
    let claimed = claim_one(store).await;
    let mut quiet = turn(&claimed);
    quiet.timers.push(("silence".into(), 1, after_ms(1)));
    store.commit(vec![quiet]).await.remove(0).unwrap();
    assert_eq!(store.health().stuck(9).await.unwrap(), [], "its timer will move it");
    store.fire_due(after_ms(2), 9).await.unwrap();
    let claimed = claim_one(store).await;
    store.commit(vec![turn(&claimed)]).await.remove(0).unwrap();
    let stuck = store.health().stuck(9).await.unwrap();
    let ids: Vec<_> = stuck.iter().map(|it| (it.conversation.as_str(), it.flow.as_str())).collect();
    assert_eq!(ids, [("c1", "medication_approval")]);
    happen(store, ACME, "c1", "news").await;
    assert_eq!(store.health().stuck(9).await.unwrap(), [], "an event waits for it");
}

/// Takes the turn that is due before a conversation, and ends it if so asked.
async fn turned(store: &dyn Store, id: &str, ends: bool) {
    let claimed = claim(store).await;
    let mut taken = turn(claimed.iter().find(|it| it.conversation.id == id).unwrap());
    if ends {
        taken.state.position = Position::Ended;
    }
    commit(store, taken).await;
}

async fn whoever_waits_for_a_child_that_ended_unheard_is_found(store: &dyn Store) {
    let stuck = async || {
        let stuck = store.health().stuck(9).await.unwrap();
        stuck.into_iter().map(|it| it.conversation).collect::<Vec<_>>()
    };
    begin(store, ACME, ANA, "c1", "hello").await;
    let claimed = claim_one(store).await;
    let mut runs = turn(&claimed);
    let child =
        NewConversation { parent: Some(effect("c1", 0, 0)), ..new_conversation("c2", ANA, "") };
    runs.begins.push(child);
    commit(store, runs).await;
    assert_eq!(stuck().await, [""; 0], "the child will move it");
    turned(store, "c2", false).await;
    assert_eq!(stuck().await, ["c2"], "only the child stands still");
    happen(store, ACME, "c2", "news").await;
    turned(store, "c2", true).await;
    assert_eq!(stuck().await, ["c1"], "nobody told it that the child ended");
    store.forget(ACME, ANA).await.unwrap();
    assert_eq!(stuck().await, [""; 0], "what was forgotten waits for nobody");
}

#[tokio::test]
async fn what_ended_is_not_opened_to_find_what_is_stuck() {
    let place = Place::new().await;
    begin(&place.store, ACME, ANA, "c1", "hello").await;
    turned(&place.store, "c1", true).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.path());
    let mut shell = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("update conversations set state_ct = x'00'").execute(&mut shell).await.unwrap();
    assert_eq!(place.store.health().stuck(9).await.unwrap(), []);
}

async fn the_newest_moment_is_the_last_that_was_written(store: &dyn Store) {
    assert_eq!(store.health().newest().await.unwrap(), None);
    store.accept(&arrival(ACME, ANA, "1", "hello")).await.unwrap();
    assert_eq!(store.health().newest().await.unwrap(), Some(NOW));
}

async fn the_database_has_about_our_time(store: &dyn Store) {
    let Timestamp(theirs) = store.health().clock().await.unwrap();
    let ours = chrono::Utc::now().timestamp_millis();
    assert!(theirs.abs_diff(ours) < 60_000, "{theirs} and {ours}");
}
