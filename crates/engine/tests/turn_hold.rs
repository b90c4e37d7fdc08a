//! A person holds the conversation: the bot is mute there, and everything else runs on (rule 10).

mod support;

use mendline_engine::core::{Core, Handoff};
use mendline_engine::effect::{Draft, Effect, VerdictKind};
use mendline_engine::event::{DeskAction, Event, GiveBack, Repair};
use mendline_engine::message::MessageKind;
use mendline_engine::state::Rest;
use mendline_engine::text::Path;
use serde_json::json;
use support::*;

fn any(seen: &[String], words: &str) -> bool {
    seen.iter().any(|it| it.contains(words))
}

#[test]
fn rule_10_the_bot_is_mute_toward_the_held_party_only() {
    let mut play = Play::at_decision();
    play.says("worker", "I want to talk to a person");
    assert!(any(&play.sees("worker"), "giving this to a person"));
    assert_eq!(play.handoff().unwrap().party.as_deref(), Some("worker"));
    play.says("worker", "are you there?");
    assert_eq!(play.drafts(), [&Draft::Wrote("are you there?".into())]);
    assert_eq!(play.messages().count(), 0);
    play.taps("adjuster", "approve");
    assert_eq!(play.verdict(), Some(&VerdictKind::Done), "decisions run on");
    play.returns(json!({ "number": "PA-1" }));
    assert!(play.sees("worker").is_empty());
    assert!(play.drafts().iter().any(|it| matches!(it, Draft::WouldSay(_))));
    assert_eq!(play.outcome(), Some("approved"));
    play.desk(DeskAction::GiveBack(GiveBack::Continue));
    assert_eq!(play.sees("worker").len(), 1, "she hears the end when the bot may speak again");
    assert!(play.state.holds.is_empty());
}

#[test]
fn rule_10_given_back_the_open_question_is_put_again() {
    let mut play = Play::at_drug();
    play.repair("worker", Repair::Human);
    assert!(play.state.timers.values().all(|it| !it.set), "silence toward a person counts not");
    play.desk(DeskAction::Take).desk(DeskAction::GiveBack(GiveBack::Continue));
    assert!(any(&play.sees("worker"), "with you again. Which medicine"));
    assert!(play.effects.iter().any(|(_, it)| matches!(it, Effect::CloseHandoff { .. })));
    play.shown().says("worker", "tramadol");
    assert_eq!(play.anchor(), "check");
}

#[test]
fn rule_10_a_value_given_back_answers_the_question() {
    let mut play = Play::at_counter();
    play.repair("worker", Repair::Human);
    play.desk(DeskAction::GiveBack(GiveBack::Value(json!("nonsense"))));
    assert!(matches!(play.verdict(), Some(VerdictKind::Needs { .. })), "of the step's type");
    play.desk(DeskAction::GiveBack(GiveBack::Value(json!("here"))));
    assert_eq!(play.state.fields["at_counter"], json!("here"));
    assert_eq!(play.anchor(), "go_ahead");
}

#[test]
fn rule_10_an_outcome_given_back_ends_it_and_only_a_declared_one() {
    let mut play = Play::at_drug();
    play.repair("worker", Repair::Human);
    play.desk(DeskAction::GiveBack(GiveBack::Outcome("heaven".into())));
    assert!(play.outcome().is_none());
    play.desk(DeskAction::GiveBack(GiveBack::Outcome("left".into())));
    assert_eq!(play.outcome(), Some("left"));
    assert!(any(&play.sees("worker"), "closed this for now"));
}

#[test]
fn rule_10_one_person_holds_it() {
    let mut play = Play::at_drug();
    play.repair("worker", Repair::Human).desk(DeskAction::Take);
    let handoff = play.state.holds[0].handoff;
    play.desk_on(handoff, "Olga Other", DeskAction::Take);
    assert_eq!(play.verdict(), Some(&VerdictKind::HeldBy { name: "Nia Nurse".into() }));
    play.desk_on(handoff, "Olga Other", DeskAction::Note { words: "call her".into() });
    assert_eq!(play.verdict(), Some(&VerdictKind::Done), "a colleague may leave a note");
}

#[test]
fn rule_08_a_persons_words_go_out_in_the_readers_language_only() {
    let mut play = Play::at_drug();
    play.repair("worker", Repair::Human);
    let reply = |language: &str| DeskAction::Reply {
        words: "We {drug} care".into(),
        language: language.into(),
    };
    play.desk(reply("es"));
    assert_eq!(play.messages().count(), 0);
    assert!(matches!(play.verdict(), Some(VerdictKind::Needs { .. })));
    play.desk(reply("en"));
    let message = play.messages().next().unwrap();
    assert_eq!(message.kind, MessageKind::Person);
    assert_eq!(text_of(message), "We {drug} care", "literal, never a template");
    let speaker = &message.values[&Path("speaker".into())].value;
    assert_eq!(speaker, "Nia Nurse", "she sees that it is a person, and who");
    assert!(!message.wording.labels.is_public(), "typed words are health");
}

#[test]
fn rule_10_danger_rests_the_flow_and_brings_a_person() {
    let mut play = Play::at_drug();
    play.turn(Event::Danger { party: "worker".into() });
    assert_eq!(play.handoff().unwrap().why, "danger");
    assert_eq!(play.messages().count(), 0, "the words of help were said where it was heard");
    play.turn(Event::Danger { party: "worker".into() });
    assert!(play.handoff().is_none() && play.ignored("held"));
}

#[test]
fn rule_10_a_tap_of_a_held_party_goes_to_the_holder() {
    let mut play = Play::at_counter();
    play.repair("worker", Repair::Human).taps("worker", "here");
    assert!(matches!(play.verdict(), Some(VerdictKind::HeldBy { .. })));
    assert!(!play.state.fields.contains_key("at_counter"));
    assert_eq!(play.drafts().len(), 1);
}

#[test]
fn whatever_fails_a_person_comes_and_retry_leads_back() {
    let mut play = Play::at_check();
    play.returns(coverage("no such case"));
    assert_eq!(play.handoff().unwrap().why, "fault");
    assert!(matches!(play.rest(), Some(Rest::HandedOff { .. })));
    assert!(any(&play.sees("worker"), "giving this to a person"));
    play.desk(DeskAction::Correct { field: "check".into(), value: coverage("covered") });
    play.desk(DeskAction::GiveBack(GiveBack::Retry));
    assert_eq!(play.outcome(), Some("covered"));
}

#[test]
fn a_loop_in_a_flow_ends_with_a_person() {
    let mut play = Play::new();
    play.program.steps[DRUG] = Core::Jump(DRUG);
    play.start("hello").returns(claim());
    assert_eq!(play.handoff().unwrap().why, "fault");
}

#[test]
fn a_condition_that_cannot_be_computed_is_a_fault_and_never_false() {
    let mut play = Play::at_decision();
    play.program.steps[13] = Core::Branch { condition: expr("broken == 1"), otherwise: 16 };
    play.taps("adjuster", "approve");
    assert_eq!(play.handoff().unwrap().why, "fault");
    assert!(play.open_call().is_none());
}

#[test]
fn staff_correct_a_field_and_what_came_from_it_is_computed_again() {
    let mut play = Play::at_counter();
    play.repair("worker", Repair::Human);
    let value = json!({ "name": "tramadol", "strength": "50 mg" });
    play.desk(DeskAction::Correct { field: "drug".into(), value });
    assert_eq!(play.anchor(), "check");
    assert!(!play.state.fields.contains_key("check"));
    play.desk(DeskAction::Correct { field: "decision".into(), value: json!({}) });
    assert!(matches!(play.verdict(), Some(VerdictKind::Needs { .. })), "nobody types a decision");
}

#[test]
fn staff_who_fill_in_a_later_field_skip_no_question_before_it() {
    let mut play = Play::at_drug();
    play.repair("worker", Repair::Human);
    play.desk(DeskAction::Correct { field: "at_counter".into(), value: json!("later") });
    assert_eq!(play.anchor(), "drug", "the medicine is still to be asked");
    assert_eq!(play.state.fields["at_counter"], json!("later"));
}

#[test]
fn rule_10_retry_asks_the_question_before_a_handoff_again() {
    let mut play = Play::at_counter();
    let after = play
        .program
        .steps
        .iter()
        .position(|it| matches!(it, Core::Ask(ask) if ask.field == "go_ahead"));
    let retry = play
        .program
        .steps
        .iter()
        .position(|it| matches!(it, Core::Ask(ask) if ask.field == "at_counter"));
    play.program.steps[after.unwrap()] = Core::Handoff(Handoff {
        anchor: "go_ahead".into(),
        desk: "pharmacy_desk".into(),
        why: None,
        save: Some("go_ahead".into()),
        stands_in: true,
        due: None,
        closed: Vec::new(),
        retry: retry.unwrap(),
    });
    play.taps("worker", "here").desk(DeskAction::GiveBack(GiveBack::Continue));
    assert!(matches!(play.verdict(), Some(VerdictKind::Needs { .. })), "not without its value");
    play.desk(DeskAction::GiveBack(GiveBack::Retry));
    assert_eq!(play.anchor(), "at_counter");
    assert!(!play.state.fields.contains_key("at_counter"), "asked again, not led back");
}
