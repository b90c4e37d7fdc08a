//! Other people in a role, people who cannot be reached, other versions (rules 9 and 11).

mod support;

use mendline_engine::core::Core;
use mendline_engine::effect::{Closed, Effect, Note};
use mendline_engine::event::{DeskAction, Event, GiveBack};
use mendline_engine::state::Rest;
use serde_json::json;
use support::*;

fn any(seen: &[String], words: &str) -> bool {
    seen.iter().any(|it| it.contains(words))
}

#[test]
fn rule_11_another_adjuster_gets_a_new_card_and_the_old_one_is_recalled() {
    let mut play = Play::at_decision();
    let old = play.question().unwrap();
    play.parties.insert("adjuster".into(), person("Nora New", true));
    play.turn(Event::PartyChanged { party: "adjuster".into() });
    let recalled = |it: &Effect| matches!(it, Effect::Close { question, why: Closed::Recalled } if *question == old);
    assert!(play.effects.iter().any(|(_, it)| recalled(it)));
    assert!(any(&play.sees("adjuster"), "Stopped because"));
    assert_ne!(play.question(), Some(old));
    let Some(Rest::Deciding(open)) = play.rest() else { panic!() };
    assert_eq!(open.opened, START, "the clock is that of the request");
}

#[test]
fn rule_11_a_required_party_that_is_nobody_goes_to_the_desk_and_retry_asks_again() {
    let mut play = Play::at_counter();
    let adjuster = play.parties.remove("adjuster").unwrap();
    play.taps("worker", "later").shown().taps("worker", "send");
    assert_eq!(play.handoff().unwrap().why, "no_party");
    play.parties.insert("adjuster".into(), adjuster);
    play.desk(DeskAction::GiveBack(GiveBack::Retry));
    assert!(any(&play.sees("adjuster"), "Stopped because"));
}

#[test]
fn rule_11_telling_an_absent_optional_party_is_recorded_and_nothing_else() {
    let mut play = Play::at_decision();
    play.parties.remove("pharmacy");
    play.taps("adjuster", "approve").returns(json!({ "number": "PA-1" }));
    assert!(play.notes().iter().any(|it| matches!(it, Note::NobodyToTell { .. })));
    assert_eq!(play.outcome(), Some("approved"));
}

#[test]
fn rule_11_a_party_without_address_becomes_a_task_and_is_never_told() {
    let mut play = Play::at_decision();
    play.parties.get_mut("pharmacy").unwrap().reachable = false;
    play.taps("adjuster", "approve").returns(json!({ "number": "PA-1" }));
    let open = play.handoff().unwrap();
    assert_eq!((open.why.as_str(), &open.party), ("undeliverable", &None));
    assert!(text_of(open.says.as_ref().unwrap()).contains("PA-1"));
    assert!(play.sees("pharmacy").is_empty());
    assert_eq!(play.outcome(), Some("approved"), "and the flow goes on");
    play.desk(DeskAction::GiveBack(GiveBack::Continue));
    assert!(play.state.holds.is_empty(), "the task can be done after the end");
}

#[test]
fn rule_11_an_absent_supervisor_is_noted_and_the_ladder_goes_on() {
    let mut play = Play::at_decision();
    play.parties.remove("supervisor");
    while play.next_timer() != "decision.rung.3" {}
    assert!(play.notes().iter().any(|it| matches!(it, Note::NobodyToTell { .. })));
    assert!(matches!(play.rest(), Some(Rest::Deciding(_))));
}

#[test]
fn rule_09_a_deploy_moves_who_rests_at_a_renamed_anchor() {
    let mut play = Play::at_drug();
    play.program.moved.insert("drug".into(), "medicine".into());
    play.program.anchors.insert("medicine".into(), DRUG);
    let Core::Ask(ask) = &mut play.program.steps[DRUG] else { panic!() };
    ask.anchor = "medicine".into();
    play.turn(Event::Moved);
    assert_eq!(play.anchor(), "medicine");
    assert!(play.notes().iter().any(|it| matches!(it, Note::Moved { .. })));
    play.says("worker", "gabapentin");
    assert_eq!(play.anchor(), "check");
}

#[test]
fn rule_09_nobody_is_moved_with_a_decision_or_a_write_open() {
    let mut play = Play::at_decision();
    play.turn(Event::Moved);
    assert!(play.ignored("cannot_move"));
    play.taps("adjuster", "approve").turn(Event::Moved);
    assert!(play.ignored("cannot_move"));
}

#[test]
fn rule_09_nobody_is_moved_to_a_step_that_lacks_its_fields() {
    let mut play = Play::at_counter();
    play.program.moved.insert("at_counter".into(), "go_ahead".into());
    play.state.fields.remove("drug");
    play.turn(Event::Moved);
    assert!(play.ignored("cannot_move"));
    assert_eq!(play.anchor(), "at_counter");
}

#[test]
fn rule_11_a_question_to_somebody_without_address_is_answered_by_phone() {
    let mut play = Play::at_check();
    play.parties.get_mut("worker").unwrap().reachable = false;
    play.returns(coverage("needs_approval"));
    assert_eq!(play.handoff().unwrap().save.as_ref().unwrap().0, "at_counter");
    play.desk(DeskAction::GiveBack(GiveBack::Value(json!("here"))));
    assert_eq!(play.state.fields["at_counter"], json!("here"));
}

#[test]
fn rule_07_an_undelivered_question_is_tried_again_when_its_task_is_over() {
    use mendline_engine::event::Receipt;
    let mut play = Play::at_check();
    play.returns(coverage("needs_approval"));
    let message = play.last_question().unwrap();
    play.turn(Event::Receipt { message, receipt: Receipt::Failed });
    play.desk(DeskAction::GiveBack(GiveBack::Retry));
    assert!(any(&play.sees("worker"), "Are you at the pharmacy"));
}
