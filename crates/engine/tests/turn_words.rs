//! What words do: answer what was shown, repair, or wait (rules 1 and 4).

mod support;

use mendline_engine::effect::{Effect, VerdictKind};
use mendline_engine::event::{CallResult, Event, Repair};
use mendline_engine::message::MessageKind;
use mendline_engine::state::Rest;
use serde_json::json;
use support::*;

fn any(seen: &[String], words: &str) -> bool {
    seen.iter().any(|it| it.contains(words))
}

fn said(words: &str) -> Event {
    Event::Said { party: "worker".into(), words: words.into(), question: None }
}

#[test]
fn rule_04_words_received_before_a_question_was_shown_never_answer_it() {
    let mut play = Play::new();
    play.start("my prescription was rejected").returns(claim());
    play.turn(said("gabapentin"));
    assert!(play.ignored("late_words"));
    assert_eq!(play.anchor(), "drug");
    play.start("again");
    assert!(play.ignored("overtaken"), "it has begun already");
}

#[test]
fn an_answer_may_come_in_many_ways() {
    for words in
        ["gabapentin", "Gabapentin 300 mg", "1", "the first one", "gabapentine", "it is gabapentin"]
    {
        let mut play = Play::at_drug();
        play.says("worker", words);
        assert_eq!(
            play.state.fields.get("drug").map(|it| it["name"].clone()),
            Some(json!("gabapentin")),
            "{words}"
        );
    }
    for (words, answer) in [("yes", "here"), ("No.", "later"), ("sí", "here"), ("2", "later")] {
        let mut play = Play::at_counter();
        play.says("worker", words);
        assert_eq!(play.state.fields["at_counter"], json!(answer), "{words}");
    }
}

#[test]
fn rule_04_with_two_candidates_we_ask_back() {
    let mut play = Play::at_drug();
    let more = json!({ "number": "WC-1", "medications": [
        { "name": "gabapentin", "strength": "300 mg" }, { "name": "gabapentin", "strength": "600 mg" },
        { "name": "ibuprofen", "strength": "600 mg" }] });
    play.state.fields.insert("claim".into(), more);
    play.says("worker", "gabapentin");
    assert!(any(&play.sees("worker"), "Which one"));
    assert_eq!(play.messages().next().unwrap().buttons.len(), 2);
    play.shown().says("worker", "gabapentin 600 mg");
    assert_eq!(play.state.fields["drug"]["strength"], json!("600 mg"));
}

#[test]
fn what_is_not_understood_three_times_goes_to_a_person() {
    let mut play = Play::at_drug();
    for _ in 0..2 {
        play.says("worker", "blue elephants");
        assert!(any(&play.sees("worker"), "did not understand that. Which medicine"));
        play.shown();
    }
    play.says("worker", "blue elephants");
    let open = play.handoff().unwrap();
    assert_eq!((open.why.as_str(), open.desk.as_str()), ("not_understood", "pharmacy_desk"));
    assert_eq!(play.anchor(), "drug", "the question stays");
}

#[test]
fn a_negation_never_chooses_what_it_denies() {
    let mut play = Play::at_counter();
    play.taps("worker", "later").shown().says("worker", "don't ask");
    assert_eq!(play.anchor(), "go_ahead");
    assert!(!play.state.fields.contains_key("go_ahead"));
}

#[test]
fn help_and_repeat_put_the_open_question_again() {
    for words in ["help", "repeat", "ayuda", "repita por favor"] {
        let mut play = Play::at_drug();
        let question = play.question();
        play.says("worker", words);
        let message = play.messages().next().unwrap();
        assert_eq!((message.question, message.kind), (question, MessageKind::Reply), "{words}");
        assert!(text_of(message).ends_with("Which medicine do you need?"), "{words}");
    }
}

#[test]
fn after_a_digression_the_bot_returns_to_the_open_question() {
    let mut play = Play::at_drug();
    play.repair("worker", Repair::Return);
    assert_eq!(play.sees("worker"), ["Which medicine do you need?"]);
}

#[test]
fn another_language_puts_the_question_again() {
    let mut play = Play::at_drug();
    play.repair("worker", Repair::Language { language: "es".into() });
    assert_eq!(play.messages().next().unwrap().question, play.question());
}

#[test]
fn cancel_asks_first_and_then_ends() {
    let mut play = Play::at_drug();
    play.says("worker", "cancel");
    assert!(any(&play.sees("worker"), "Shall I stop here?"));
    let aside = play.state.aside.clone().unwrap().question;
    play.shown().taps_on(aside, "worker", "go_on", &[]);
    assert!(any(&play.sees("worker"), "we go on. Which medicine"));
    play.says("worker", "never mind").says("worker", "yes");
    assert_eq!(play.outcome(), Some("withdrawn"));
    assert!(any(&play.sees("worker"), "Nothing was sent"));
}

#[test]
fn cancelling_an_open_card_closes_it_for_its_holder() {
    let mut play = Play::at_decision();
    let card = play.question().unwrap();
    play.says("worker", "cancel").says("worker", "yes, stop");
    assert_eq!(play.outcome(), Some("withdrawn"));
    assert!(any(&play.sees("adjuster"), "is closed"));
    play.taps_on(card, "adjuster", "approve", &[]);
    assert_eq!(play.verdict(), Some(&VerdictKind::Over));
}

#[test]
fn only_the_principal_cancels() {
    let mut play = Play::at_decision();
    play.says("adjuster", "cancel");
    assert!(play.state.aside.is_none() && play.outcome().is_none());
}

#[test]
fn a_person_without_an_open_question_may_still_correct_or_ask() {
    let mut play = Play::at_decision();
    play.says("worker", "how long will it take?");
    assert!(any(&play.sees("worker"), "still on it"));
    play.says("worker", "change the medicine");
    assert_eq!(play.anchor(), "drug");
    assert!(any(&play.sees("worker"), "Which medicine"));
}

#[test]
fn rule_01_words_during_a_call_wait_in_order_and_apply_after_it() {
    let mut play = Play::at_check();
    play.says("worker", "no, I meant ibuprofen");
    assert!(any(&play.sees("worker"), "One moment"));
    play.says("worker", "the blue one");
    let waiting = |play: &Play| {
        play.state.waiting.iter().filter(|it| matches!(it, Event::Said { .. })).count()
    };
    assert_eq!(waiting(&play), 2);
    play.returns(coverage("needs_approval"));
    assert_eq!(play.state.fields["drug"]["name"], json!("ibuprofen"));
    assert_eq!(play.anchor(), "check", "asked again, for the other drug");
    assert_eq!(waiting(&play), 1, "the rest waits for the new call");
}

#[test]
fn rule_01_a_person_is_heard_at_once_and_nobody_writes_without_end() {
    let mut play = Play::at_check();
    play.says("worker", "I want to talk to a person");
    assert_eq!(play.handoff().unwrap().why, "asked");
    let mut play = Play::at_check();
    for _ in 0..=20 {
        play.says("worker", "hello?");
    }
    assert!(play.handoff().is_some());
}

#[test]
fn rule_01_a_late_result_is_recorded() {
    let mut play = Play::at_check();
    let call = play.open_call().unwrap();
    play.says("worker", "cancel").says("worker", "yes");
    assert_eq!(play.outcome(), Some("withdrawn"));
    play.turn(Event::Returned { call, result: CallResult::Done(coverage("covered")) });
    assert_eq!(play.effects.len(), 1);
    assert!(matches!(
        play.notes()[0],
        mendline_engine::effect::Note::LateResult { done: true, .. }
    ));
}

#[test]
fn rule_02_a_write_that_nobody_can_tell_of_goes_to_a_person() {
    let mut play = Play::at_decision();
    play.taps("adjuster", "approve").returned(CallResult::Unknown);
    let open = play.handoff().unwrap();
    assert_eq!((open.why.as_str(), open.retry), ("unknown_write", true));
    assert!(play.state.written);
}

#[test]
fn rule_02_a_write_that_was_done_after_a_cancel_goes_to_a_person() {
    let mut play = Play::at_decision();
    play.taps("adjuster", "approve");
    play.repair("worker", Repair::Cancel);
    let aside = play.state.aside.clone().unwrap().question;
    play.taps_on(aside, "worker", "stop", &[]);
    assert!(matches!(play.rest(), Some(Rest::Calling { cancelled: true, .. })));
    play.returns(json!({ "number": "PA-1" }));
    assert_eq!(play.handoff().unwrap().why, "after_decision");
    assert_eq!(play.state.fields["auth"]["number"], json!("PA-1"));
}

#[test]
fn rule_02_a_refusal_without_a_way_goes_to_a_person_and_back() {
    let mut play = Play::at_check();
    let refused = CallResult::Refused { code: "down".into(), message: "no answer".into() };
    play.returned(refused);
    assert_eq!(play.handoff().unwrap().why, "refused");
    use mendline_engine::event::{DeskAction, GiveBack};
    play.desk(DeskAction::GiveBack(GiveBack::Continue));
    assert!(matches!(play.verdict(), Some(VerdictKind::Needs { .. })), "its result is missing");
    play.desk(DeskAction::GiveBack(GiveBack::Retry));
    assert!(play.effects.iter().any(|(_, it)| matches!(it, Effect::Call { .. })));
}

#[test]
fn words_after_the_end_are_answered_and_change_nothing() {
    let mut play = Play::at_check();
    play.returns(coverage("covered"));
    let fields = play.state.fields.clone();
    play.says("worker", "thanks");
    assert!(play.ignored("ended") && play.sees("worker").len() == 1);
    assert_eq!(play.state.fields, fields);
}

#[test]
fn a_correction_of_what_is_asked_right_now_is_its_answer() {
    let mut play = Play::at_drug();
    play.says("worker", "no, I meant tramadol");
    assert_eq!(play.state.fields["drug"]["name"], json!("tramadol"));
    let mut play = Play::at_counter();
    play.says("worker", "no, I meant elephants");
    assert_eq!(play.anchor(), "at_counter", "what fits nothing rewinds nothing");
    assert!(play.state.fields.contains_key("drug"));
}
