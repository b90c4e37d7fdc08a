//! What must be read: one channel after the other, then a person (rule 7).

mod support;

use mendline_engine::core::{Core, NotRead};
use mendline_engine::event::{DeskAction, Event, GiveBack, Receipt};
use mendline_engine::message::{EffectKey, MessageKind};
use mendline_engine::state::State;
use serde_json::json;
use support::*;

fn not_read() -> Option<NotRead> {
    Some(NotRead { within: hours(4), desk: "pharmacy_desk".to_owned() })
}

/// Up to the last words to the worker, which must be read; and their key.
fn approved() -> (Play, EffectKey) {
    let mut play = Play::at_decision();
    for step in &mut play.program.steps {
        if let Core::Say(say) = step
            && say.party == "worker"
        {
            say.not_read = not_read();
        }
    }
    play.taps("adjuster", "approve").returns(auth());
    let key = *play.state.notices.keys().next_back().expect("something must be read");
    (play, key)
}

fn auth() -> serde_json::Value {
    json!({ "number": "PA-1", "days": 30 })
}

fn copies(play: &Play, notice: EffectKey) -> Vec<EffectKey> {
    let sent = play.all.iter().filter(|(_, it)| match it {
        mendline_engine::effect::Effect::Send(it) => it.notice == Some(notice),
        _ => false,
    });
    sent.map(|(key, _)| *key).collect()
}

fn reports(play: &mut Play, message: EffectKey, receipt: Receipt) {
    play.turn(Event::Receipt { message, receipt });
}

#[test]
fn rule_07_what_is_not_read_is_said_again_under_a_new_key() {
    let (mut play, notice) = approved();
    assert!(play.outcome().is_some(), "the flow does not wait for it");
    let from = play.now;
    play.next_timer();
    assert_eq!(play.now, from.plus_ms(4 * 3_600_000));
    let copy = play.messages().next().unwrap().clone();
    assert_eq!((copy.notice, copy.kind), (Some(notice), MessageKind::Proactive));
    assert_eq!(copies(&play, notice).len(), 2);
}

#[test]
fn rule_07_where_no_channel_is_left_a_person_has_it_with_a_clock_and_its_words() {
    let (mut play, notice) = approved();
    play.next_timer();
    let copy = copies(&play, notice)[1];
    reports(&mut play, copy, Receipt::Withheld("no_channel".into()));
    let open = play.handoff().unwrap().clone();
    assert_eq!((open.why.as_str(), open.desk.as_str()), ("unread", "pharmacy_desk"));
    assert!(
        open.party.is_none() && open.says.is_some() && open.due.is_some_and(|it| it > play.now)
    );
    assert!(play.state.timers.values().all(|it| !it.set), "nothing more is tried");
    reports(&mut play, copy, Receipt::Failed);
    assert!(play.handoff().is_none(), "there is one task");
    let task = play.state.holds.last().unwrap().handoff;
    play.desk_on(task, "Nia Nurse", DeskAction::GiveBack(GiveBack::Continue));
    assert!(play.state.notices.is_empty() && play.state.holds.is_empty(), "she was told");
}

#[test]
fn rule_07_what_was_read_is_waited_for_no_more() {
    let (mut play, notice) = approved();
    play.next_timer();
    // The first copy, hours later.
    reports(&mut play, notice, Receipt::Shown);
    assert!(play.state.notices.is_empty());
    assert!(play.state.timers.values().all(|it| !it.set));
}

#[test]
fn rule_07_a_task_that_nobody_took_ends_when_she_has_read_it() {
    for taken in [false, true] {
        let (mut play, notice) = approved();
        reports(&mut play, notice, Receipt::Withheld("no_channel".into()));
        let task = play.state.holds.last().unwrap().handoff;
        if taken {
            play.desk_on(task, "Nia Nurse", DeskAction::Take);
        }
        reports(&mut play, notice, Receipt::Shown);
        assert_eq!(play.state.holds.is_empty(), !taken, "who has begun finishes it");
    }
}

#[test]
fn rule_07_a_channel_that_fails_or_whose_carrier_stops_it_gives_way_at_once() {
    for receipt in [Receipt::Failed, Receipt::Withheld("opted_out".into())] {
        let (mut play, notice) = approved();
        reports(&mut play, notice, receipt);
        assert!(play.handoff().is_none());
        assert_eq!(copies(&play, notice).len(), 2);
    }
}

#[test]
fn rule_07_what_waits_for_the_morning_could_not_be_read_before() {
    let (mut play, notice) = approved();
    let until = play.now.plus_ms(9 * 3_600_000);
    reports(&mut play, notice, Receipt::HeldUntil(until.0));
    play.next_timer();
    assert_eq!(play.now, until.plus_ms(4 * 3_600_000));
}

#[test]
fn rule_07_a_question_that_is_not_read_is_the_same_question_elsewhere() {
    let mut play = Play::new();
    for step in &mut play.program.steps {
        if let Core::Ask(ask) = step {
            ask.not_read = not_read();
        }
    }
    play.start("my prescription was rejected").returns(claim());
    let question = play.question().unwrap();
    play.next_timer();
    let copy = play.messages().next().unwrap().clone();
    assert_eq!((copy.question, copy.notice), (Some(question), Some(question)));
    play.shown();
    assert!(play.state.timers["silence"].set, "its silence counts from the copy that she has read");
    play.says("worker", "gabapentin");
    assert!(play.state.notices.is_empty());
    assert!(play.open_call().is_some());
}

#[test]
fn a_question_that_is_answered_unread_is_not_said_again() {
    let mut play = Play::at_counter();
    for step in &mut play.program.steps {
        if let Core::Ask(ask) = step {
            ask.not_read = not_read();
        }
    }
    play.taps("worker", "later");
    let waits = play.state.notices.len();
    play.taps("worker", "send");
    assert_eq!((waits, play.state.notices.len()), (1, 0));
    assert!(play.state.timers.iter().all(|(name, it)| !name.starts_with("unread") || !it.set));
}

#[test]
fn a_state_from_before_is_read() {
    let (play, _) = approved();
    let mut old = serde_json::to_value(&play.state).unwrap();
    assert!(old.as_object_mut().unwrap().remove("notices").is_some());
    let read: State = serde_json::from_value(old).unwrap();
    assert!(read.notices.is_empty());
    let kept = serde_json::to_value(State::default()).unwrap();
    assert!(kept.get("notices").is_none(), "a state without one is written as before");
}
