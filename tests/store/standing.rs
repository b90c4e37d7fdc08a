//! What stands in a chat app is closed there when its question is over.

use mendline::store::standing::{StandingMessage, Stands};
use mendline::store::{Became, Store, StoreError};
use mendline_engine::event::{Event, Receipt};

use crate::people::{asked, close};
use crate::support::*;

crate::on_every_store! {
    what_stands_is_due_when_its_question_is_closed
    what_came_to_stand_after_its_question_was_closed_is_due_at_once
    what_could_not_be_closed_is_tried_again_then
    rule_12_who_is_forgotten_leaves_nothing_that_stands
    rule_07_what_nobody_reports_may_have_arrived_and_is_an_event
}

fn standing(conversation: &str) -> StandingMessage {
    StandingMessage {
        key: message_ref(ACME, conversation, 0, 0),
        question: effect(conversation, 0, 0),
        person: ANA.into(),
        channel: "telegram".into(),
        stands: Stands {
            to: "777".into(),
            id: "12".into(),
            text: "which medicine?".into(),
            language: "en".into(),
        },
    }
}

/// What is over, at a moment after everything of these tests.
async fn over(store: &dyn Store, later_ms: i64) -> Vec<StandingMessage> {
    let over = store.standing().standing_over(after_ms(1_000 + later_ms), LEASE_MS, 9).await;
    over.unwrap().into_iter().map(|it| it.message).collect()
}

async fn what_stands_is_due_when_its_question_is_closed(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    asked(store, "c2", "which day?").await;
    for it in ["c1", "c2"] {
        store.standing().keep_standing(&standing(it)).await.unwrap();
    }
    assert_eq!(over(store, 0).await, [], "both are open");
    close(store, "c1").await;
    assert_eq!(over(store, 0).await, [standing("c1")]);
    assert_eq!(over(store, 0).await, [], "somebody closes it");
    assert_eq!(over(store, LEASE_MS).await, [standing("c1")], "who died over it");
    store.standing().closed_there(&standing("c1").key).await.unwrap();
    assert_eq!(over(store, 9 * LEASE_MS).await, []);
}

async fn what_came_to_stand_after_its_question_was_closed_is_due_at_once(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    close(store, "c1").await;
    store.standing().keep_standing(&standing("c1")).await.unwrap();
    assert_eq!(over(store, 0).await, [standing("c1")]);
}

async fn what_could_not_be_closed_is_tried_again_then(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    store.standing().keep_standing(&standing("c1")).await.unwrap();
    close(store, "c1").await;
    assert_eq!(over(store, 0).await.len(), 1);
    store.standing().close_later(&standing("c1").key, after_ms(90_000)).await.unwrap();
    assert_eq!(over(store, 80_000).await, []);
    assert_eq!(over(store, 90_000).await.len(), 1);
}

async fn rule_12_who_is_forgotten_leaves_nothing_that_stands(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    store.standing().keep_standing(&standing("c1")).await.unwrap();
    store.forget(ACME, ANA).await.unwrap();
    assert_eq!(over(store, 0).await, []);
    let kept = store.standing().keep_standing(&standing("c1")).await;
    assert!(matches!(kept, Err(StoreError::Forgotten)), "{kept:?}");
}

/// A provider took it and says nothing more: silence begins all the same.
async fn rule_07_what_nobody_reports_may_have_arrived_and_is_an_event(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    let (key, standing) = (standing("c1").key, store.standing());
    store.freeze(&key, &frozen("sms", "which medicine?")).await.unwrap();
    standing.await_report(&key, after_ms(60_000)).await.unwrap();
    store.settle_message(&key, Became::Sent { shown: false }, after_ms(1)).await.unwrap();
    assert_eq!(standing.unreported(after_ms(59_000), 9).await.unwrap(), []);
    assert_eq!(standing.unreported(after_ms(60_000), 9).await.unwrap(), std::slice::from_ref(&key));
    store.settle_message(&key, Became::Unreported, after_ms(60_000)).await.unwrap();
    standing.awaited_enough(&key).await.unwrap();
    assert_eq!(standing.unreported(after_ms(90_000), 9).await.unwrap(), []);
    let events = claim_one(store).await.events;
    let maybe = Event::Receipt { message: key.effect.key, receipt: Receipt::Maybe };
    assert_eq!(events.into_iter().map(|it| it.1).collect::<Vec<_>>(), [maybe]);
    // What was shown meanwhile stays shown.
    store.settle_message(&key, Became::Reported(Receipt::Shown), after_ms(61_000)).await.unwrap();
    store.settle_message(&key, Became::Unreported, after_ms(62_000)).await.unwrap();
    let rows = store.messages(ACME, "c1").await.unwrap();
    assert_eq!(rows[0].status, "shown");
}
