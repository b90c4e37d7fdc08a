//! Rule 5: a decision is about what its card showed.

use mendline::channels::Incoming;
use mendline_engine::event::{DeskAction, GiveBack};
use mendline_plugin::ActionError;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn rule_05_later_facts_change_neither_a_decision_nor_its_digest() {
    let refuse = Stub::new(|_, _| {
        Err(ActionError::Refused { code: "busy".into(), message: "not now".into() })
    });
    let place = place_with([("authorize", refuse.clone())]).await;
    place.ana_asks().await;
    let card = place.cards("dana").await.remove(0);
    let shown = card.message.card.clone().unwrap();
    place.taps("dana", &card.question, "approve", &[]).await;
    let before = place.of("ana").await.state.fields["decision"].clone();
    assert_eq!(before["digest"], json!(shown.digest));
    assert_eq!(before["about"]["check"]["price"], shown.facts["check"].value["price"]);

    // The desk mends the price afterwards, and tries the write again.
    let handoff = place.handoffs().await.remove(0).handoff;
    let mut check = place.of("ana").await.state.fields["check"].clone();
    check["price"] = json!("9999.00 USD");
    let action = DeskAction::Correct { field: "check".into(), value: check };
    place.does("sam", "desk", Incoming::Desk { handoff: handoff.clone(), action }).await;
    let action = DeskAction::GiveBack(GiveBack::Retry);
    place.does("sam", "desk", Incoming::Desk { handoff, action }).await;

    let state = place.of("ana").await.state;
    if let Some(after) = state.fields.get("decision") {
        assert_eq!(*after, before);
    }
    let decided = place.record("ana").await;
    let decided: Vec<_> =
        decided.iter().filter(|it| it.to_string().contains("\"decided\"")).collect();
    assert_eq!(decided.len(), 1, "there is one decision, whatever was mended later");
}
