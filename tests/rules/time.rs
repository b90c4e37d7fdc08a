//! Rule 6: whose clock counts, and what a verified rule makes of silence.

use std::sync::Arc;

use mendline_engine::rules::RulePacks;
use mendline_engine::state::{Position, Rest};
use serde_json::json;

use crate::support::*;

const DAY_MS: i64 = 24 * HOUR_MS;

#[tokio::test]
async fn rule_06_new_yorks_verified_lapse_comes_before_nobody_decided() {
    let place = place().await;
    place.asks_for("mina", "pregabalin 75 mg").await;
    let card = place.cards("dana").await.remove(0).message.card.unwrap();
    assert_eq!(card.rule.unwrap()["jurisdiction"], json!("NY"));
    place.later(3 * DAY_MS).await;
    assert!(!place.of("mina").await.state.fields.contains_key("decision"));
    place.later(3 * DAY_MS).await;
    let state = place.of("mina").await.state;
    assert_eq!(state.fields["decision"]["choice"], json!("approve"));
    assert_eq!(state.fields["decision"]["by"], json!("operation of rule"));
    assert_eq!(state.outcome.as_deref(), Some("approved"));
    assert!(!place.handoffs().await.iter().any(|it| it.open.desk == "claims_desk"));
}

#[tokio::test]
async fn rule_06_in_texas_silence_never_approves() {
    let place = place().await;
    place.asks_for("hugo", "tramadol 50 mg").await;
    assert_eq!(place.cards("dana").await.len(), 1);
    for _ in 0..20 {
        place.later(DAY_MS).await;
    }
    let state = place.of("hugo").await.state;
    assert!(!state.fields.contains_key("decision"), "{:?}", state.fields.get("decision"));
    assert!(!state.fields.contains_key("auth"));
    assert!(place.handoffs().await.iter().any(|it| it.open.desk == "claims_desk"));
}

#[tokio::test]
async fn rule_06_the_rule_is_pinned_at_receipt_whatever_the_pack_says_later() {
    let mut place = place().await;
    place.asks_for("mina", "pregabalin 75 mg").await;
    let pinned = |state: &mendline_engine::state::State| match &state.position {
        Position::At { rest: Rest::Deciding(open), .. } => (open.rule.clone(), open.due),
        other => panic!("{other:?}"),
    };
    let before = pinned(&place.of("mina").await.state);
    // The law of tomorrow: no pack at all.
    Arc::get_mut(&mut place.house).unwrap().rules = RulePacks::default();
    place.later(DAY_MS).await;
    assert_eq!(pinned(&place.of("mina").await.state), before);
    place.later(5 * DAY_MS).await;
    assert_eq!(place.of("mina").await.state.fields["decision"]["by"], json!("operation of rule"));
}
