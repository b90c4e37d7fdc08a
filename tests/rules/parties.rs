//! Rule 11: who holds a role is looked up whenever it matters, the last time as the write leaves.

use std::sync::{Arc, Mutex};

use mendline::store::{InboxBody, NewArrival};
use mendline::{dispatch, people, turns};
use mendline_engine::event::Event;
use mendline_engine::state::{Position, Rest};
use serde_json::json;

use crate::support::*;

/// A claim system in which the claim can go to another adjuster.
async fn place_of(adjuster: &Arc<Mutex<Option<&'static str>>>) -> (Place, Stub) {
    let authorize = authorizes();
    let now = adjuster.clone();
    let parties = Stub::new(move |_, _| {
        let mut all = vec![person("ana", "injured_worker"), person("sam", "supervisor")];
        all.extend(now.lock().unwrap().map(|it| person(it, "adjuster")));
        Ok(json!({ "parties": all }))
    });
    let place = place_with([("parties_of_claim", parties), ("authorize", authorize.clone())]).await;
    (place, authorize)
}

fn dana() -> Arc<Mutex<Option<&'static str>>> {
    Arc::new(Mutex::new(Some("dana")))
}

#[tokio::test]
async fn rule_11_a_claim_that_moved_takes_its_open_card_along() {
    let adjuster = dana();
    let (place, authorize) = place_of(&adjuster).await;
    place.ana_asks().await;
    let old = place.cards("dana").await.remove(0).question;
    *adjuster.lock().unwrap() = Some("priya");
    // Dana's tap is the first that the house hears of it.
    let verdict = place.taps("dana", &old, "approve", &[]).await;
    assert_eq!(verdict, json!("changed"));
    assert!(authorize.calls().is_empty());
    assert!(place.cards("dana").await.is_empty());
    let told = place.desk_lines("dana").await.pop().unwrap();
    assert!(told.contains("with someone else now"), "{told}");
    let new = place.cards("priya").await.remove(0).question;
    assert_ne!(new, old);
    let changed = json!({ "party_changed": { "party": "adjuster" } });
    let record = place.record("ana").await;
    let row = record.iter().find(|it| it["event"] == changed).expect("it has a row of its own");
    assert_eq!(row["source"], "directory");

    assert_eq!(place.taps("dana", &new, "approve", &[]).await, json!("not_allowed"));
    assert_eq!(place.taps("priya", &new, "approve", &[]).await, json!("done"));
    assert_eq!(authorize.calls().len(), 1);
}

#[tokio::test]
async fn rule_11_a_claim_without_adjuster_comes_before_a_desk_once() {
    let adjuster = dana();
    let (place, _) = place_of(&adjuster).await;
    place.ana_asks().await;
    *adjuster.lock().unwrap() = None;
    for words in ["hello?", "is there news?"] {
        place.writes("ana", "web", words).await;
    }
    let open = place.handoffs().await;
    assert_eq!(open.iter().filter(|it| it.open.why == "no_party").count(), 1, "{open:?}");
    *adjuster.lock().unwrap() = Some("priya");
    place.writes("ana", "web", "and now?").await;
    assert_eq!(place.cards("priya").await.len(), 1);
}

#[tokio::test]
async fn rule_11_what_came_together_asks_the_claim_system_once() {
    let parties = Stub::new(|_, _| {
        let all = [("ana", "injured_worker"), ("dana", "adjuster"), ("sam", "supervisor")];
        Ok(json!({ "parties": all.map(|(id, role)| person(id, role)) }))
    });
    let place = place_with([("parties_of_claim", parties.clone())]).await;
    place.ana_asks().await;
    let before = parties.calls().len();
    let conversation = place.of("ana").await.id;
    for id in ["one", "two", "three"] {
        let body = InboxBody::Event { conversation: conversation.clone(), event: Event::Moved };
        let moved = NewArrival {
            payer: PAYER.into(),
            source: "deploy".into(),
            id: id.into(),
            person: None,
            body,
            received: place.house.clock.now(),
            line: None,
        };
        place.house.store.accept(&moved).await.unwrap();
    }
    turns::take(&place.house).await.unwrap();
    let record = place.record("ana").await;
    let moved = record.iter().filter(|it| it["event"] == json!("moved")).count();
    assert_eq!(moved, 3, "all of them were applied: {record:#?}");
    assert_eq!(parties.calls().len(), before + 1);
}

#[tokio::test]
async fn rule_11_authority_is_looked_at_again_as_the_write_leaves() {
    let adjuster = dana();
    let (place, authorize) = place_of(&adjuster).await;
    place.ana_asks().await;
    let question = place.cards("dana").await.remove(0).question;
    let tap = mendline::channels::Incoming::Tap {
        question,
        choice: "approve".into(),
        with: Default::default(),
    };
    place.arrives("dana", "desk", tap).await;
    people::route(&place.house).await.unwrap();
    turns::take(&place.house).await.unwrap();
    let state = place.of("ana").await.state;
    assert_eq!(state.fields["decision"]["by_person"], json!("dana"), "she might, when she decided");
    assert!(matches!(state.position, Position::At { rest: Rest::Calling { write: true, .. }, .. }));
    // A server takes the call and dies before it makes it; meanwhile the claim goes to somebody
    // else.
    let now = place.house.clock.now();
    assert_eq!(place.house.store.lease_calls(now, 25_000, 9).await.unwrap().len(), 1);
    *adjuster.lock().unwrap() = Some("priya");
    place.later(MINUTE_MS).await;
    dispatch::call(&place.house).await.unwrap();
    place.settle().await;
    assert!(authorize.calls().is_empty(), "a write left that nobody may order any more");
    let open = place.handoffs().await;
    assert!(open.iter().any(|it| it.open.desk == "pharmacy_desk"), "{open:?}");
    let record = place.record("ana").await;
    assert!(record.iter().any(|it| it.to_string().contains("authority_gone")));
}

/// The adjuster is spoken to in the very turn in which the claim becomes known.
const TELLS_FIRST: &str = r#"
flow: tells_first
version: 1
about: The adjuster hears first.
languages: [en]
parties:
  worker:   { role: injured_worker }
  adjuster: { role: adjuster, for: claim }
data:
  claim: { type: claim, from: worker.open_claim }
outcomes:
  done: { kind: success, say: "She knows." }
  withdrawn: { kind: neutral, say: "All right." }
start_when:
  - says: ["tell my adjuster hello"]
steps:
  - tell: adjuster
    say: { text: "{worker.first_name} says hello, {claim.number}.", private: "Somebody says hello." }
  - end: done
"#;

#[tokio::test]
async fn rule_11_who_is_addressed_in_the_turn_that_learns_the_claim_is_found() {
    let place = place().await;
    place.publish(flow(TELLS_FIRST, &place.house.catalog)).await;
    place.writes("ana", "web", "tell my adjuster hello").await;
    assert!(place.handoffs().await.is_empty(), "{:?}", place.handoffs().await);
    let told = place.desk_lines("dana").await;
    assert_eq!(told, ["Ana says hello, DEMO-CA-000123."]);
    assert_eq!(place.of("ana").await.state.outcome.as_deref(), Some("done"));
}
