//! What is to happen later happens once, when it is due, however long we were down.

use mendline::store::Store;
use mendline_engine::event::Event;

use crate::support::*;

crate::on_every_store! {
    rule_06_a_due_timer_becomes_an_event_once
    rule_06_a_newer_generation_replaces_a_timer
    a_cleared_timer_is_silent
    the_next_moment_is_the_earliest
    a_conversation_that_begins_later_rests_until_then
    timers_fire_oldest_first_and_as_many_as_asked
}

async fn with_timers(store: &dyn Store, id: &str, timers: &[(&str, u32, i64)]) {
    begin(store, ACME, ANA, id, "hello").await;
    let mut taken = turn(&claim_one(store).await);
    taken.timers =
        timers.iter().map(|(name, at, ms)| ((*name).to_owned(), *at, after_ms(*ms))).collect();
    commit(store, taken).await;
}

async fn rule_06_a_due_timer_becomes_an_event_once(store: &dyn Store) {
    with_timers(store, "c1", &[("silence", 3, 50)]).await;
    assert_eq!(store.fire_due(after_ms(49), 9).await.unwrap(), 0);
    assert_eq!(claim(store).await, []);
    assert_eq!(store.fire_due(after_ms(50), 9).await.unwrap(), 1);
    assert_eq!(store.fire_due(after_ms(50), 9).await.unwrap(), 0);
    let claimed = claim_one(store).await;
    assert_eq!(claimed.events.len(), 1);
    let (_, event, source, received) = &claimed.events[0];
    assert_eq!(*event, Event::Due { timer: "silence".into(), generation: 3 });
    assert_eq!((source.as_str(), *received), ("timer", after_ms(50)));
}

async fn rule_06_a_newer_generation_replaces_a_timer(store: &dyn Store) {
    with_timers(store, "c1", &[("silence", 1, 50)]).await;
    happen(store, ACME, "c1", "n1").await;
    let mut taken = turn(&claim_one(store).await);
    taken.timers = vec![("silence".into(), 2, after_ms(90))];
    commit(store, taken).await;
    assert_eq!(store.fire_due(after_ms(50), 9).await.unwrap(), 0);
    assert_eq!(store.fire_due(after_ms(90), 9).await.unwrap(), 1);
    let event = claim_one(store).await.events.remove(0).1;
    assert_eq!(event, Event::Due { timer: "silence".into(), generation: 2 });
}

async fn a_cleared_timer_is_silent(store: &dyn Store) {
    with_timers(store, "c1", &[("silence", 1, 50), ("ladder", 1, 60)]).await;
    happen(store, ACME, "c1", "n1").await;
    let mut taken = turn(&claim_one(store).await);
    taken.cleared = vec!["silence".into(), "never set".into()];
    commit(store, taken).await;
    assert_eq!(store.next_due().await.unwrap(), Some(after_ms(60)));
    assert_eq!(store.fire_due(after_ms(99), 9).await.unwrap(), 1);
}

async fn the_next_moment_is_the_earliest(store: &dyn Store) {
    assert_eq!(store.next_due().await.unwrap(), None);
    with_timers(store, "c1", &[("late", 1, 70), ("soon", 1, 30)]).await;
    assert_eq!(store.next_due().await.unwrap(), Some(after_ms(30)));
}

async fn a_conversation_that_begins_later_rests_until_then(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let mut taken = turn(&claim_one(store).await);
    let mut later = new_conversation("c2", ANA, "refill");
    later.at = after_ms(80);
    taken.begins.push(later.clone());
    commit(store, taken).await;
    assert_eq!(claim(store).await, []);
    assert_eq!(store.next_due().await.unwrap(), Some(after_ms(80)));
    assert_eq!(store.fire_due(after_ms(79), 9).await.unwrap(), 0);
    assert_eq!(store.fire_due(after_ms(80), 9).await.unwrap(), 1);
    assert_eq!(store.fire_due(after_ms(80), 9).await.unwrap(), 0);
    let claimed = claim_one(store).await;
    assert_eq!(claimed.conversation.id, "c2");
    assert_eq!(claimed.events[0].1, later.event);
}

async fn timers_fire_oldest_first_and_as_many_as_asked(store: &dyn Store) {
    with_timers(store, "c1", &[("b", 1, 20), ("a", 1, 10), ("c", 1, 30)]).await;
    assert_eq!(store.fire_due(after_ms(99), 2).await.unwrap(), 2);
    let events: Vec<_> = claim_one(store).await.events.into_iter().map(|it| it.1).collect();
    let due = |timer: &str| Event::Due { timer: timer.into(), generation: 1 };
    assert_eq!(events, [due("a"), due("b")]);
}
