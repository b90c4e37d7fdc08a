//! The approval from its first words to its end, as every party lives it.

mod support;

use mendline_engine::effect::{Effect, VerdictKind};
use mendline_engine::message::MessageKind;
use mendline_engine::state::Rest;
use serde_json::json;
use support::*;

fn any(seen: &[String], words: &str) -> bool {
    seen.iter().any(|it| it.contains(words))
}

#[test]
fn an_approval_reaches_everyone() {
    let mut play = Play::at_drug();
    assert!(matches!(play.rest(), Some(Rest::Asking(_))));
    play.says("worker", "gabapentin");
    assert_eq!(play.anchor(), "check");
    play.returns(coverage("needs_approval"));
    assert!(any(&play.sees("worker"), "Are you at the pharmacy"));
    play.shown().taps("worker", "later");
    assert!(any(&play.sees("worker"), "gabapentin 300 mg needs an OK"));
    play.shown().taps("worker", "send");
    assert!(any(&play.sees("adjuster"), "Ana, claim WC-1001: gabapentin 300 mg, 30 days"));
    play.taps("adjuster", "approve");
    assert_eq!(play.verdict(), Some(&VerdictKind::Done));
    assert_eq!(play.state.fields["decision"]["days"], json!(30));
    assert_eq!(play.state.fields["decision"]["by"], json!("Dana Sample"));
    assert_eq!(play.anchor(), "auth");
    play.returns(json!({ "number": "PA-1" }));
    assert!(any(&play.sees("pharmacy"), "Authorization PA-1"));
    assert!(any(&play.sees("worker"), "is approved for 30 days, number PA-1"));
    assert_eq!(play.outcome(), Some("approved"));
    assert!(play.state.timers.values().all(|it| !it.set));
}

#[test]
fn a_covered_drug_ends_with_one_message() {
    let mut play = Play::at_check();
    play.returns(coverage("covered"));
    assert_eq!(play.messages().count(), 1, "saying so was the closing");
    assert_eq!(play.messages().next().unwrap().kind, MessageKind::Reply);
    assert_eq!(play.outcome(), Some("covered"));
    assert!(play.effects.iter().any(|(_, it)| matches!(it, Effect::Ended { .. })));
}

#[test]
fn not_now_ends_with_the_flows_own_closing() {
    let mut play = Play::at_counter();
    play.taps("worker", "later").shown().says("worker", "not now");
    assert_eq!(play.sees("worker"), ["All right. Nothing was sent."]);
    assert_eq!(play.outcome(), Some("withdrawn"));
}

#[test]
fn the_first_words_may_name_the_drug() {
    let mut play = Play::new();
    play.start("is my gabapentin approved?").returns(claim());
    assert_eq!(play.anchor(), "check");
    assert_eq!(play.state.fields["drug"]["name"], json!("gabapentin"));
}
