//! The flow as its author wrote it, played through the turn.

mod house;
mod support;

use mendline_engine::effect::Effect;
use mendline_engine::event::{DeskAction, GiveBack};
use mendline_engine::message::Message;
use mendline_engine::render::render;
use mendline_engine::state::Rest;
use mendline_engine::time::Timestamp;
use serde_json::{Value, json};
use support::*;

fn written(name: &str) -> Play {
    let mut play = Play::new();
    play.program = house::flow(name).program.expect("the flow loads");
    play.catalog = house::catalog();
    play
}

fn candidates() -> Value {
    let medication = |name: &str| json!({ "name": name, "strength": "300 mg", "form": "capsule", "rx_number": "1" });
    json!([{ "number": "WC-1001", "medications": [medication("gabapentin"), medication("tramadol")] }])
}

fn needs_approval() -> Value {
    json!({ "status": "needs_approval", "days_supply": 30, "price": "182.40 USD",
        "reason": { "code": "X", "words": { "en": "not on the formulary", "es": "fuera de la lista" } } })
}

fn any(seen: &[String], words: &str) -> bool {
    seen.iter().any(|it| it.contains(words))
}

fn spanish(message: &Message) -> String {
    render(message, false, "es", "America/Chicago", None).text
}

#[test]
fn the_supervisor_decides_after_the_adjuster_was_silent_over_a_long_weekend() {
    let mut play = written("medication-approval");
    play.start("my prescription was rejected").returns(candidates()).shown();
    assert_eq!(play.anchor(), "drug");
    play.says("worker", "gabapentin").returns(needs_approval()).shown();
    play.taps("worker", "later").shown().taps("worker", "send");
    assert!(any(&play.sees("adjuster"), "gabapentin 300 mg, 30 days, $182.40"));
    let keys: Vec<String> =
        play.messages().flat_map(|it| &it.buttons).map(|it| it.key.clone()).collect();
    for key in ["approve", "shorter", "deny", "info", "not_mine"] {
        assert!(keys.contains(&key.to_owned()), "{key}");
    }
    play.advance(Timestamp::parse("2026-07-02T17:00:00-05:00").unwrap());
    assert!(any(&play.sees("adjuster"), "waiting"));
    while !any(&play.sees("supervisor"), "Stopped because") {
        play.next_timer();
    }
    assert_eq!(play.now, Timestamp::parse("2026-07-06T09:30:00-05:00").unwrap());
    let card = play.question().unwrap();
    play.taps("supervisor", "approve");
    assert!(any(&play.sees("adjuster"), "decided by"));
    let told = play.messages().find(|it| it.party == "adjuster").unwrap();
    assert!(spanish(told).contains("Esto lo decidió Sam Specimen: Aprobar"), "{}", spanish(told));
    play.taps_on(card, "supervisor", "approve", &[]);
    play.returns(json!({ "number": "PA-1" }));
    assert!(any(&play.sees("worker"), "is approved"));
    assert!(any(&play.sees("pharmacy"), "PA-1"));
    assert_eq!(play.outcome(), Some("approved"));
    let faults =
        |it: &Effect| matches!(it, Effect::Noted(mendline_engine::effect::Note::Fault { .. }));
    assert!(!play.all.iter().any(|(_, it)| faults(it)));
}

#[test]
fn the_first_words_reach_past_the_question_which_claim() {
    let mut play = written("medication-approval");
    let mut two = candidates();
    let mut other = two[0].clone();
    other["number"] = json!("WC-2002");
    two.as_array_mut().unwrap().push(other);
    play.start("is my gabapentin approved").returns(two).shown();
    assert_eq!(play.anchor(), "claim");
    play.says("worker", "2");
    assert_eq!(play.state.fields["claim"]["number"], json!("WC-2002"));
    assert_eq!(play.state.fields["drug"]["name"], json!("gabapentin"), "she has said it already");
}

#[test]
fn nobodys_claim_goes_to_a_person() {
    let mut play = written("medication-approval");
    play.start("my prescription was rejected").returns(json!([]));
    assert!(matches!(play.rest(), Some(Rest::HandedOff { .. })));
    assert!(play.handoff().is_some());
}

#[test]
fn a_task_for_staff_holds_nobody_and_gives_its_answer_back() {
    let mut play = written("gather-information");
    let fields = [
        ("claim".to_owned(), candidates()[0].clone()),
        ("whom".to_owned(), json!("prescriber")),
        ("question".to_owned(), json!("is the dose right")),
    ];
    let fields = fields.into();
    play.turn(mendline_engine::event::Event::Started { fields, words: None });
    let open = play.handoff().unwrap();
    assert_eq!((&open.party, open.desk.as_str()), (&None, "pharmacy_desk"));
    assert!(text_of(open.says.as_ref().unwrap()).contains("WC-1001"));
    assert!(play.sees("worker").is_empty(), "she was never part of it");
    play.desk(DeskAction::GiveBack(GiveBack::Value(json!("the dose is right"))));
    assert_eq!(play.outcome(), Some("answered"));
    assert!(play.sees("worker").is_empty());
}

#[test]
fn correcting_the_drug_of_the_written_flow_recalls_its_card() {
    let mut play = written("medication-approval");
    play.start("my prescription was rejected").returns(candidates()).shown();
    play.says("worker", "gabapentin").returns(needs_approval()).shown();
    play.taps("worker", "here").shown().taps("worker", "send");
    play.says("worker", "wrong medicine");
    assert!(any(&play.sees("adjuster"), "has changed"));
    assert!(any(&play.sees("worker"), "Which medicine"));
    assert!(
        !play.state.fields.contains_key("check") && !play.state.fields.contains_key("go_ahead")
    );
}
