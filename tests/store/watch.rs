//! How a store is: what waits in it, what stands still, what time it has.

use mendline::store::Store;
use mendline::store::health::{Wait, Waits};
use mendline_engine::time::Timestamp;

use crate::support::*;

on_every_store! {
    a_store_that_takes_writes_says_so_and_keeps_nothing_of_it
    what_waits_is_told_apart_by_payer
    a_conversation_that_nothing_will_move_is_found_and_no_other
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
