//! Rule 4: what binds an answer to its question.

use mendline::channels::Incoming;
use mendline::store::QuestionRow;
use mendline_engine::event::Repair;
use serde_json::{Value, json};

use crate::support::*;

const WORKERS: usize = 20;

fn worker(n: usize) -> String {
    format!("worker{n:02}")
}

fn number(worker: &str) -> String {
    format!("CLAIM-{worker}")
}

/// Twenty workers, each with a claim, and one adjuster for all of them.
async fn twenty_cards() -> (Place, Stub) {
    let authorize = authorizes();
    let claims = Stub::new(|_, input| {
        let id = input["person"].as_str().unwrap();
        Ok(json!([claim(&number(id), id, "dana")]))
    });
    let parties = Stub::new(|_, input| {
        let worker = input["claim"]["worker"].as_str().unwrap();
        let all = [person(worker, "injured_worker"), person("dana", "adjuster")];
        Ok(json!({ "parties": all }))
    });
    let who = Stub::new(|_, input| {
        let id = input["person"].as_str().unwrap();
        Ok(person(id, if id == "dana" { "adjuster" } else { "injured_worker" }))
    });
    let place = place_with([
        ("open_claims", claims),
        ("parties_of_claim", parties),
        ("person", who),
        ("check_coverage", needs_approval()),
        ("authorize", authorize.clone()),
    ])
    .await;
    for n in 0..WORKERS {
        place.asks_for(&worker(n), "gabapentin 300 mg").await;
    }
    assert_eq!(place.cards("dana").await.len(), WORKERS);
    (place, authorize)
}

fn of(cards: &[QuestionRow], n: usize) -> &QuestionRow {
    cards.iter().find(|it| it.principal == worker(n)).unwrap()
}

fn authorized(stub: &Stub) -> Vec<String> {
    let claims = stub.calls().into_iter();
    claims.map(|(_, it)| it["claim"]["worker"].as_str().unwrap().to_owned()).collect()
}

/// What was decided, by worker; nobody else's decision may exist.
async fn decided(place: &Place) -> Vec<(usize, Value)> {
    let mut all = Vec::new();
    for n in 0..WORKERS {
        let it = place.of(&worker(n)).await;
        if let Some(decision) = it.state.fields.get("decision") {
            let about = &decision["about"]["claim"]["worker"];
            assert_eq!(*about, json!(worker(n)), "a decision about another claim");
            all.push((n, decision["choice"].clone()));
        }
    }
    all
}

#[tokio::test]
async fn rule_04_with_twenty_open_cards_no_answer_binds_to_the_wrong_claim() {
    let (place, authorize) = twenty_cards().await;
    let cards = place.cards("dana").await;

    // Bare words decide nothing, on whatever channel, whatever was shown last.
    for words in ["approve", "Approve", "yes", "approve all", "1", "ok approve worker03"] {
        place.writes("dana", "desk", words).await;
    }
    for repair in [Repair::Repeat, Repair::Help] {
        place.does("dana", "desk", Incoming::Repair(repair)).await;
    }
    assert_eq!(decided(&place).await, []);
    assert_eq!(place.cards("dana").await.len(), WORKERS);
    let said = place.desk_lines("dana").await;
    assert!(said.iter().any(|it| it.contains("wait for you: 20")), "{said:?}");

    // Out of order, and each to its own.
    for n in [13, 2, 19] {
        let verdict = place.taps("dana", &of(&cards, n).question, "approve", &[]).await;
        assert_eq!(verdict, json!("done"));
    }
    assert_eq!(authorized(&authorize), [worker(13), worker(2), worker(19)]);

    // A choice that needs more has its follow-up in focus; other cards can still be decided
    // between, and the words go to the one that asked for them.
    let first = place.taps("dana", &of(&cards, 7).question, "deny", &[]).await;
    assert!(first["needs"]["missing"]["reason"].is_string(), "{first}");
    place.taps("dana", &of(&cards, 5).question, "approve", &[]).await;
    place.writes("dana", "desk", "approve").await;
    let reason = json!("DENY_BODY_PART");
    place.taps("dana", &of(&cards, 7).question, "deny", &[("reason", reason)]).await;
    place.writes("dana", "desk", "approve").await;

    // Late and repeated taps hear what became of it, and change nothing.
    let late = place.taps("dana", &of(&cards, 7).question, "approve", &[]).await;
    assert_eq!(late["already_decided"]["choice"], "deny", "{late}");
    assert_eq!(place.taps("dana", &of(&cards, 2).question, "approve", &[]).await, json!("done"));

    let expected = [(2, "approve"), (5, "approve"), (7, "deny"), (13, "approve"), (19, "approve")];
    assert_eq!(decided(&place).await, expected.map(|(n, it)| (n, json!(it))));
    assert_eq!(authorized(&authorize), [13, 2, 19, 5].map(worker));
    assert_eq!(place.cards("dana").await.len(), WORKERS - expected.len());
    for n in 0..WORKERS {
        let told = place.sees(&worker(n)).await.join("\n");
        let approved = expected.iter().any(|(it, choice)| *it == n && *choice == "approve");
        assert_eq!(told.contains(&format!("PA-{}", number(&worker(n)))), approved, "{n}: {told}");
        assert_eq!(told.contains("PA-"), approved, "{n} was told another's number: {told}");
    }
}

#[tokio::test]
async fn rule_04_a_choice_that_waits_for_its_reason_stays_before_the_adjuster() {
    let (place, _) = twenty_cards().await;
    let cards = place.cards("dana").await;
    let question = &of(&cards, 7).question;
    place.taps("dana", question, "deny", &[]).await;
    let open = place.cards("dana").await;
    assert_eq!(open.len(), WORKERS, "asking for the reason took the card away");
    assert!(of(&open, 7).message.card.is_some());
}

#[tokio::test]
async fn rule_04_words_before_a_question_was_shown_never_answer_it() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    place.writes("ana", "web", "gabapentin 300 mg").await;
    // "Are you at the pharmacy right now?" is on its way; she has not seen it.
    place.writes("ana", "web", "No").await;
    let fields = place.of("ana").await.state.fields;
    assert!(fields.contains_key("drug") && !fields.contains_key("at_counter"), "{fields:?}");
    place.sees("ana").await;
    place.writes("ana", "web", "No").await;
    assert_eq!(place.of("ana").await.state.fields["at_counter"], json!("later"));
}

#[tokio::test]
async fn rule_04_danger_is_heard_before_whatever_is_being_asked() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    place.writes("ana", "web", "gabapentin 300 mg, I want to kill myself").await;
    let read = place.sees("ana").await.join("\n");
    assert!(read.contains("988"), "{read}");
    assert!(!place.of("ana").await.state.fields.contains_key("drug"), "her words chose a medicine");
    assert!(place.handoffs().await.iter().any(|it| it.open.why == "danger"));
}
