//! Decisions: one of them, by somebody who may, about facts that hold still.

mod support;

use mendline_engine::effect::{Closed, Effect, Note, VerdictKind};
use mendline_engine::event::{Event, Repair};
use mendline_engine::state::Rest;
use serde_json::json;
use support::*;

fn any(seen: &[String], words: &str) -> bool {
    seen.iter().any(|it| it.contains(words))
}

fn missing(play: &Play) -> Vec<(String, String)> {
    match play.verdict() {
        Some(VerdictKind::Needs { missing }) => missing.clone().into_iter().collect(),
        other => panic!("not a verdict of needs: {other:?}"),
    }
}

fn closed(play: &Play, why: impl Fn(&Closed) -> bool) -> bool {
    play.effects.iter().any(|(_, it)| matches!(it, Effect::Close { why: it, .. } if why(it)))
}

#[test]
fn rule_05_a_card_freezes_its_facts_and_the_decision_keeps_their_digest() {
    let mut play = Play::at_decision();
    let card = play.messages().find_map(|it| it.card.clone()).unwrap();
    let names: Vec<&String> = card.facts.keys().collect();
    assert_eq!(names, ["check", "claim", "drug"], "parties are no facts");
    assert_eq!(card.digest.len(), 64);
    play.taps("adjuster", "approve");
    let decision = &play.state.fields["decision"];
    assert_eq!(decision["digest"], json!(card.digest));
    assert_eq!(decision["about"]["drug"]["name"], json!("gabapentin"));
    assert_eq!(decision["by_person"], json!("p-Dana Sample"));
    assert!(play.notes().iter().any(|it| matches!(it, Note::Decided { .. })));
}

#[test]
fn rule_05_other_facts_have_another_digest() {
    let digest = |drug: &str| {
        let mut play = Play::at_drug();
        play.says("worker", drug).returns(coverage("needs_approval")).shown();
        play.taps("worker", "later").shown().taps("worker", "send");
        play.messages().find_map(|it| it.card.clone()).unwrap().digest
    };
    assert_eq!(digest("gabapentin"), digest("gabapentin"));
    assert_ne!(digest("gabapentin"), digest("tramadol"));
}

#[test]
fn a_card_shows_what_the_worker_will_read() {
    let play = Play::at_decision();
    let card = play.messages().find_map(|it| it.card.clone()).unwrap();
    let words = |key: &str| card.preview[key].wording.words["en"].source.clone();
    assert!(words("approve").contains("is approved for"));
    assert!(words("deny").contains("was not approved"));
    let days = &card.preview["approve"].values;
    assert!(days.keys().any(|it| it.0 == "decision.days"));
    assert!(!card.preview.contains_key("info"), "a choice with steps is not final");
}

#[test]
fn rule_05_the_first_decision_wins_and_the_second_hears_who_was_first() {
    let mut play = Play::at_decision();
    let card = play.question().unwrap();
    play.taps("adjuster", "approve");
    play.taps_on(card, "supervisor", "deny", &[("reason", json!("DENY_BODY_PART"))]);
    let first = |it: &VerdictKind| {
        matches!(it, VerdictKind::AlreadyDecided { by, choice, .. }
            if by == "Dana Sample" && choice == "approve")
    };
    assert!(first(play.verdict().unwrap()));
    assert_eq!(play.state.fields["decision"]["choice"], json!("approve"));
}

#[test]
fn rule_05_the_same_tap_twice_is_done_once() {
    let mut play = Play::at_decision();
    let card = play.question().unwrap();
    play.taps("adjuster", "approve");
    let after = play.state.fields.clone();
    play.taps_on(card, "adjuster", "approve", &[]);
    assert_eq!(play.verdict(), Some(&VerdictKind::Done));
    assert!(play.ignored("duplicate_tap"));
    assert_eq!(play.effects.len(), 2, "the verdict and the note, no effect");
    assert_eq!(play.state.fields, after);
}

#[test]
fn a_late_tap_after_the_end_still_hears_who_decided() {
    let mut play = Play::at_decision();
    let card = play.question().unwrap();
    play.taps("adjuster", "approve").returns(json!({ "number": "PA-1" }));
    assert_eq!(play.outcome(), Some("approved"));
    play.taps_on(card, "supervisor", "approve", &[]);
    assert!(matches!(play.verdict(), Some(VerdictKind::AlreadyDecided { .. })));
}

#[test]
fn rule_05_nobody_without_authority_decides() {
    let mut play = Play::at_decision();
    for party in ["pharmacy", "worker"] {
        play.taps(party, "approve");
        assert_eq!(play.verdict(), Some(&VerdictKind::NotAllowed));
        assert!(play.notes().iter().any(|it| matches!(it, Note::NotAllowed { .. })));
    }
    assert!(matches!(play.rest(), Some(Rest::Deciding(_))));
}

#[test]
fn the_requester_decides_nothing_even_with_authority() {
    let mut play = Play::at_decision();
    let mut actor = play.actor("worker");
    actor.authorities.push("approve_medication".into());
    let question = play.question().unwrap();
    let with = Default::default();
    play.turn(Event::Tapped { actor, question, choice: "approve".into(), with });
    assert_eq!(play.verdict(), Some(&VerdictKind::NotAllowed));
}

#[test]
fn rule_04_free_text_decides_nothing() {
    let mut play = Play::at_decision();
    let question = play.question();
    for words in ["approve", "Approve", "yes, approve it"] {
        play.turn(Event::Said { party: "adjuster".into(), words: words.into(), question });
        assert!(matches!(play.rest(), Some(Rest::Deciding(_))), "{words}");
        assert!(play.messages().any(|it| it.card.is_some()), "the open card is shown again");
    }
}

#[test]
fn rule_05_a_decision_exists_only_when_its_needs_are_complete() {
    let mut play = Play::at_decision();
    play.taps("adjuster", "shorter");
    assert_eq!(missing(&play), [("days".to_owned(), "missing".to_owned())]);
    for (days, code) in [
        (json!(0), "out_of_range"),
        (json!(366), "out_of_range"),
        (json!("soon"), "not_a_number"),
        (json!(30), "not_fewer"),
        (json!("31"), "not_fewer"),
    ] {
        play.taps_with("adjuster", "shorter", &[("days", days)]);
        assert_eq!(missing(&play), [("days".to_owned(), code.to_owned())]);
    }
    assert!(!play.state.fields.contains_key("decision"));
    play.taps_with("adjuster", "shorter", &[("days", json!("14"))]);
    assert_eq!(play.state.fields["decision"]["days"], json!(14));
}

#[test]
fn rule_05_fewer_than_one_is_not_offered() {
    let offered = |days: i64| {
        let mut play = Play::at_check();
        let coverage = coverage("needs_approval");
        let mut coverage = coverage.as_object().unwrap().clone();
        coverage.insert("days_supply".into(), json!(days));
        play.returns(json!(coverage))
            .shown()
            .taps("worker", "later")
            .shown()
            .taps("worker", "send");
        let keys = play.messages().flat_map(|it| &it.buttons).map(|it| it.key.clone());
        keys.collect::<Vec<_>>().contains(&"shorter".to_owned())
    };
    assert!(offered(2));
    assert!(!offered(1));
}

#[test]
fn rule_04_words_within_a_quarter_of_an_hour_fill_what_a_tap_left_open() {
    let mut play = Play::at_decision();
    let question = play.question();
    play.taps("adjuster", "shorter");
    play.now = play.now.plus_ms(14 * 60_000);
    play.turn(Event::Said { party: "adjuster".into(), words: "14 days".into(), question });
    assert_eq!(play.state.fields["decision"]["days"], json!(14));

    let mut late = Play::at_decision();
    let question = late.question();
    late.taps("adjuster", "shorter");
    late.now = late.now.plus_ms(16 * 60_000);
    late.turn(Event::Said { party: "adjuster".into(), words: "14 days".into(), question });
    assert!(!late.state.fields.contains_key("decision"));
}

#[test]
fn a_reason_that_this_jurisdiction_forbids_is_not_offered_and_not_taken() {
    let mut play = Play::at_decision();
    let deny = play.messages().flat_map(|it| &it.buttons).find(|it| it.key == "deny").unwrap();
    let codes: Vec<&str> = deny.needs[0].reasons.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["DENY_BODY_PART"]);
    play.taps_with("adjuster", "deny", &[("reason", json!("DENY_MEDICAL"))]);
    assert_eq!(missing(&play), [("reason".to_owned(), "unknown_reason".to_owned())]);
    play.taps_with("adjuster", "deny", &[("reason", json!("DENY_BODY_PART"))]);
    assert!(any(&play.sees("worker"), "was not approved: because of: Not related"));
    assert_eq!(play.outcome(), Some("denied"));
}

#[test]
fn every_other_holder_is_told_who_decided() {
    let mut play = Play::at_decision();
    while !any(&play.sees("supervisor"), "Stopped because") {
        play.next_timer();
    }
    play.taps("supervisor", "approve");
    assert!(any(&play.sees("adjuster"), "decided by Sam Specimen: Approve"));
    assert!(play.sees("supervisor").is_empty());
    assert!(closed(&play, |it| matches!(it, Closed::Answered { .. })));
    play.returns(json!({ "number": "PA-1" }));
    assert!(play.sees("adjuster").is_empty(), "whoever held the card has heard the end");
}

#[test]
fn rule_05_a_question_is_asked_again_with_the_same_clock_and_not_without_end() {
    let mut play = Play::at_decision();
    let Some(Rest::Deciding(first)) = play.rest().cloned() else { panic!() };
    for round in 1..=5 {
        play.now = play.now.plus_ms(60_000);
        play.taps_with("adjuster", "info", &[("question", json!("Which dose?"))]);
        assert_eq!(play.anchor(), "info");
        let Some(Rest::Running { run }) = play.rest().cloned() else { panic!() };
        play.turn(Event::ChildEnded { run, outcome: "done".into(), fields: Default::default() });
        let Some(Rest::Deciding(again)) = play.rest().cloned() else { panic!() };
        assert_eq!((again.opened, again.due, again.round), (first.opened, first.due, round));
        assert_ne!(again.question, first.question);
        assert!(!play.state.fields.contains_key("decision"));
    }
    play.taps_with("adjuster", "info", &[("question", json!("And again?"))]);
    let Some(Rest::Running { run }) = play.rest().cloned() else { panic!() };
    play.turn(Event::ChildEnded { run, outcome: "done".into(), fields: Default::default() });
    assert_eq!(play.handoff().unwrap().why, "nobody_decided");
}

#[test]
fn rule_06_the_limit_passes_while_a_question_is_being_asked() {
    let mut play = Play::at_decision();
    play.taps_with("adjuster", "info", &[("question", json!("Which dose?"))]);
    assert_eq!(play.next_timer(), "decision.due");
    assert_eq!(play.handoff().unwrap().why, "nobody_decided");
    assert!(play.state.suspended.is_empty());
}

#[test]
fn rule_05_a_correction_recalls_the_card_and_clears_what_came_from_it() {
    let mut play = Play::at_decision();
    let old = play.question().unwrap();
    play.says("worker", "no, I meant ibuprofen");
    assert!(closed(&play, |it| *it == Closed::Recalled));
    assert!(any(&play.sees("adjuster"), "has changed"));
    assert_eq!(play.state.fields["drug"]["name"], json!("ibuprofen"));
    assert!(!play.state.fields.contains_key("check"));
    assert!(play.state.fields.contains_key("at_counter"), "what still holds is not asked again");
    assert_eq!(play.anchor(), "check");
    play.returns(coverage("needs_approval")).shown().taps("worker", "send");
    assert_ne!(play.question().unwrap(), old);
    play.taps_on(old, "adjuster", "approve", &[]);
    assert_eq!(play.verdict(), Some(&VerdictKind::Changed));
    assert!(any(&play.sees("adjuster"), "ibuprofen 600 mg"), "here is the new one");
    assert!(!play.state.fields.contains_key("decision"));
}

#[test]
fn rule_05_after_a_decision_a_correction_goes_to_a_person() {
    let mut play = Play::at_decision();
    play.taps("adjuster", "approve");
    let (field, words) = ("drug".to_owned(), Some("ibuprofen".to_owned()));
    play.repair("worker", Repair::Correct { field, words });
    assert_eq!(play.handoff().unwrap().why, "after_decision");
    assert_eq!(play.state.fields["drug"]["name"], json!("gabapentin"));
    assert_eq!(play.anchor(), "auth", "the write is waited for");
}

#[test]
fn rule_04_in_a_chat_the_bot_asks_for_what_is_missing_and_a_reasons_button_completes_it() {
    let mut play = Play::at_decision();
    play.taps("adjuster", "deny");
    let prompt = play.messages().next().unwrap().clone();
    assert_eq!((prompt.question, prompt.party.as_str()), (play.question(), "adjuster"));
    assert_eq!(prompt.buttons[0].key, "DENY_BODY_PART");
    play.taps("adjuster", "DENY_BODY_PART");
    assert_eq!(play.state.fields["decision"]["choice"], json!("deny"));
    assert_eq!(play.state.fields["decision"]["reason"]["code"], json!("DENY_BODY_PART"));
}

#[test]
fn a_reasons_button_of_somebody_else_completes_nothing() {
    let mut play = Play::at_decision();
    play.taps("adjuster", "deny").taps("supervisor", "DENY_BODY_PART");
    assert_eq!(play.verdict(), Some(&VerdictKind::NoSuchChoice));
    assert!(!play.state.fields.contains_key("decision"));
}

#[test]
fn rule_05_a_tap_while_a_questions_steps_run_hears_who_asked() {
    let mut play = Play::at_decision();
    let card = play.question().unwrap();
    play.taps_with("adjuster", "info", &[("question", json!("Which dose?"))]);
    play.taps_on(card, "adjuster", "info", &[]);
    assert_eq!(play.verdict(), Some(&VerdictKind::Done));
    assert!(play.ignored("duplicate_tap"));
    play.taps_on(card, "supervisor", "approve", &[]);
    assert!(
        matches!(play.verdict(), Some(VerdictKind::AlreadyDecided { choice, .. }) if choice == "info")
    );
}

#[test]
fn a_decision_that_nobody_took_is_opened_again_when_it_is_given_back() {
    use mendline_engine::event::{DeskAction, GiveBack};
    for back in [GiveBack::Retry, GiveBack::Continue] {
        let mut play = Play::at_decision();
        while play.next_timer() != "decision.due" {}
        play.desk(DeskAction::GiveBack(back));
        assert!(matches!(play.rest(), Some(Rest::Deciding(_))));
        assert!(any(&play.sees("adjuster"), "Stopped because"));
    }
}
