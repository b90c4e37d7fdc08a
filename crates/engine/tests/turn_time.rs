//! Silence, ladders and limits (rules 6 and 7).

mod support;

use mendline_engine::effect::{Effect, Note};
use mendline_engine::event::{Event, Receipt};
use mendline_engine::message::MessageKind;
use mendline_engine::state::Rest;
use mendline_engine::time::Timestamp;
use serde_json::json;
use support::*;

fn any(seen: &[String], words: &str) -> bool {
    seen.iter().any(|it| it.contains(words))
}

/// The wall clock of Chicago in July: five hours behind UTC.
fn chicago(day: &str, time: &str) -> Timestamp {
    Timestamp::parse(&format!("{day}T{time}:00-05:00")).expect("a moment")
}

fn due(play: &Play, timer: &str) -> Timestamp {
    play.state.timers[timer].due
}

#[test]
fn rule_07_a_silence_clock_starts_when_the_question_was_shown() {
    let mut play = Play::new();
    play.start("my prescription was rejected").returns(claim());
    assert!(!play.state.timers.contains_key("silence"), "sent is not shown");
    play.now = play.now.plus_ms(3_600_000);
    play.shown();
    assert_eq!(due(&play, "silence"), play.now.plus_ms(2 * 3_600_000));
}

#[test]
fn rule_07_silence_reminds_and_then_ends_with_a_closing() {
    let mut play = Play::at_drug();
    let question = play.question();
    for _ in 0..2 {
        assert_eq!(play.next_timer(), "silence");
        assert!(any(&play.sees("worker"), "Which medicine do you need?"));
        let message = play.messages().next().unwrap();
        assert_eq!((message.question, message.kind), (question, MessageKind::Proactive));
        play.shown();
    }
    play.next_timer();
    assert_eq!(play.outcome(), Some("left"));
    assert!(any(&play.sees("worker"), "closed this for now"));
}

#[test]
fn rule_07_silence_may_be_an_answer() {
    let mut play = Play::at_counter();
    play.next_timer();
    assert_eq!(play.state.fields["at_counter"], json!("later"));
    assert_eq!(play.anchor(), "go_ahead");
}

#[test]
fn rule_07_a_question_that_cannot_be_delivered_goes_to_a_person() {
    for receipt in [Receipt::Failed, Receipt::Withheld("opted_out".into())] {
        let mut play = Play::new();
        play.start("my prescription was rejected").returns(claim());
        let message = play.last_question().unwrap();
        play.turn(Event::Receipt { message, receipt });
        let open = play.handoff().unwrap();
        assert_eq!(open.why, "undeliverable");
        assert_eq!(open.save.as_ref().unwrap().0, "drug", "the answer may come by phone");
        play.says("worker", "gabapentin");
        assert_eq!(play.anchor(), "drug", "words before a question was shown answer nothing");
    }
}

#[test]
fn rule_06_the_ladder_counts_the_awaited_partys_office_hours_over_a_long_weekend() {
    let play = Play::at_decision();
    // Thursday 16:30; Friday 3 July is the holiday as it is observed.
    assert_eq!(due(&play, "decision.rung.2"), chicago("2026-07-02", "17:00"));
    assert_eq!(due(&play, "decision.rung.3"), chicago("2026-07-06", "09:30"));
    assert_eq!(due(&play, "decision.due").0, chicago("2026-07-07", "16:30").0);
}

#[test]
fn rule_06_a_rung_whose_condition_does_not_hold_is_passed_over() {
    let mut play = Play::at_decision();
    assert_eq!(play.next_timer(), "decision.rung.0");
    assert!(play.messages().next().is_none() && play.ignored("condition"));
}

#[test]
fn a_reminder_says_that_the_card_waits_and_carries_it() {
    let mut play = Play::at_decision();
    while play.next_timer() != "decision.rung.2" {}
    assert!(any(&play.sees("adjuster"), "still waiting for your decision"));
    assert!(any(&play.sees("adjuster"), "Stopped because"));
    assert_eq!(play.messages().next().unwrap().question, play.question());
}

#[test]
fn rule_06_after_downtime_only_the_latest_note_is_sent() {
    let mut play = Play::at_counter();
    play.taps("worker", "here").shown().taps("worker", "send");
    play.now = chicago("2026-07-06", "10:00");
    let generation = |play: &Play, name: &str| play.state.timers[name].generation;
    let mut seen = 0;
    for rung in [0, 2] {
        let timer = format!("decision.rung.{rung}");
        let generation = generation(&play, &timer);
        play.turn(Event::Due { timer, generation });
        seen += play.messages().count();
    }
    assert_eq!(seen, 1, "the first was overtaken by the second");
}

#[test]
fn rule_06_a_stale_timer_is_recorded_and_ignored() {
    let mut play = Play::at_drug();
    let before = play.state.clone();
    play.turn(Event::Due { timer: "silence".into(), generation: 99 });
    assert!(play.ignored("stale_timer"));
    assert_eq!(play.state.position, before.position);
    play.turn(Event::Due { timer: "nonsense".into(), generation: 1 });
    assert!(play.ignored("stale_timer"));
}

#[test]
fn progress_notes_name_the_holder_and_come_again() {
    let mut play = Play::at_decision();
    play.advance(chicago("2026-07-03", "16:30"));
    assert!(any(&play.sees("worker"), "Dana Sample has it"));
    assert_eq!(due(&play, "decision.inform.0"), chicago("2026-07-04", "16:30"));
}

#[test]
fn rule_06_nobody_decided_ends_with_a_person() {
    let mut play = Play::at_decision();
    while play.next_timer() != "decision.due" {}
    assert_eq!(play.handoff().unwrap().why, "nobody_decided");
    assert!(matches!(play.rest(), Some(Rest::HandedOff { .. })));
    assert!(play.state.timers.values().all(|it| !it.set));
}

#[test]
fn rule_06_a_verified_lapse_effect_comes_before_nobody_decided() {
    let mut play = Play::new();
    play.rules.add(NY_LIKE).unwrap();
    play.jurisdiction = Some("ZZ".into());
    play.start("my prescription was rejected").returns(claim()).shown();
    play.says("worker", "gabapentin").returns(coverage("needs_approval")).shown();
    play.taps("worker", "later").shown().taps("worker", "send");
    assert!(play.notes().iter().any(|it| matches!(it, Note::Rule { .. })));
    while play.next_timer() != "decision.due" {}
    assert_eq!(play.state.fields["decision"]["by"], json!("operation of rule"));
    assert_eq!(play.state.fields["decision"]["choice"], json!("approve"));
    assert_eq!(play.anchor(), "auth");
}

#[test]
fn rule_06_a_clock_stops_only_where_a_verified_rule_says_so() {
    let moved = |pack: &str| {
        let mut play = Play::new();
        play.rules.add(pack).unwrap();
        play.jurisdiction = Some("ZZ".into());
        play.start("my prescription was rejected").returns(claim()).shown();
        play.says("worker", "gabapentin").returns(coverage("needs_approval")).shown();
        play.taps("worker", "later").shown().taps("worker", "send");
        let before = due(&play, "decision.due");
        play.taps_with("adjuster", "info", &[("question", json!("Which dose?"))]);
        let stopped = !play.state.timers["decision.due"].set;
        play.now = play.now.plus_ms(24 * 3_600_000);
        let Some(Rest::Running { run }) = play.rest().cloned() else { panic!() };
        play.turn(Event::ChildEnded { run, outcome: "done".into(), fields: Default::default() });
        (stopped, due(&play, "decision.due").0 - before.0)
    };
    assert_eq!(moved(NY_LIKE), (true, 24 * 3_600_000));
    let unverified = NY_LIKE.replace("confidence: verified", "confidence: unverified");
    assert_eq!(moved(&unverified), (false, 0));
}

#[test]
fn rule_09_law_that_is_not_verified_changes_no_state() {
    let mut play = Play::new();
    play.rules.add(&NY_LIKE.replace("confidence: verified", "confidence: unverified")).unwrap();
    play.jurisdiction = Some("ZZ".into());
    play.start("my prescription was rejected").returns(claim()).shown();
    play.says("worker", "gabapentin").returns(coverage("needs_approval")).shown();
    play.taps("worker", "later").shown().taps("worker", "send");
    let card = play.messages().find_map(|it| it.card.clone()).unwrap();
    assert!(card.rule.is_some(), "staff see it");
    while play.next_timer() != "decision.due" {}
    assert_eq!(play.now, chicago("2026-07-07", "16:30"), "the flow's own number counted");
    assert_eq!(play.handoff().unwrap().why, "nobody_decided");
}

#[test]
fn a_message_after_a_call_still_answers_the_words_before_it_for_a_while() {
    let kind = |wait_ms: i64| {
        let mut play = Play::at_check();
        play.now = play.now.plus_ms(wait_ms);
        play.returns(coverage("covered"));
        play.messages().next().unwrap().kind
    };
    assert_eq!(kind(1000), MessageKind::Reply);
    assert_eq!(kind(3_600_000), MessageKind::Proactive);
}

#[test]
fn timers_replace_each_other_by_generation() {
    let mut play = Play::at_drug();
    let first = play.state.timers["silence"].generation;
    play.says("worker", "help").shown();
    assert!(play.state.timers["silence"].generation > first);
    assert!(play.all.iter().any(|(_, it)| matches!(it, Effect::ClearTimer { .. })));
}

/// A fictional jurisdiction in which silence approves.
const NY_LIKE: &str = include_str!("support/lapse.yaml");
