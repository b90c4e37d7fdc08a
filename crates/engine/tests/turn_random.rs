//! Whatever happens, in whatever order: no panic, nobody stranded, nothing lost, mute is mute.

mod house;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use mendline_engine::effect::{Effect, Note};
use mendline_engine::event::*;
use mendline_engine::message::{EffectKey, MessageKind};
use mendline_engine::state::{Position, Rest};
use proptest::prelude::*;
use serde_json::json;
use support::*;

/// The approval as its author wrote it.
static WRITTEN: std::sync::LazyLock<mendline_engine::core::Program> =
    std::sync::LazyLock::new(|| house::flow("medication-approval").program.expect("it loads"));

/// What it may name.
static CATALOG: std::sync::LazyLock<mendline_engine::catalog::Catalog> =
    std::sync::LazyLock::new(house::catalog);

/// One random thing to happen.
#[derive(Clone, Debug)]
enum Act {
    Says(usize, usize),
    Taps(usize, usize, bool),
    Returns(usize),
    Timer(usize, bool),
    Receipt(usize, usize),
    Repair(usize, usize),
    Danger,
    Child,
    Desk(usize, usize),
    PartyChanged(usize),
    Resolve(usize),
    Moved,
    Later(u32),
    Happened,
}

const PARTIES: [&str; 4] = ["worker", "adjuster", "supervisor", "pharmacy"];
const WORDS: [&str; 14] = [
    "gabapentin",
    "yes",
    "no",
    "ask now",
    "not now",
    "help",
    "cancel",
    "a person",
    "1",
    "no, I meant ibuprofen",
    "change the medicine",
    "approve",
    "14",
    "blue elephants",
];
const CHOICES: [&str; 11] = [
    "gabapentin-300-mg",
    "here",
    "later",
    "send",
    "stop",
    "approve",
    "shorter",
    "deny",
    "info",
    "go_on",
    "nonsense",
];

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..4usize, 0..WORDS.len()).prop_map(|(a, b)| Act::Says(a, b)),
        8 => (0..4usize, 0..CHOICES.len(), any::<bool>()).prop_map(|(a, b, c)| Act::Taps(a, b, c)),
        8 => (0..6usize).prop_map(Act::Returns),
        6 => (0..6usize, any::<bool>()).prop_map(|(a, b)| Act::Timer(a, b)),
        8 => (0..4usize, 0..5usize).prop_map(|(a, b)| Act::Receipt(a, b)),
        3 => (0..4usize, 0..7usize).prop_map(|(a, b)| Act::Repair(a, b)),
        1 => Just(Act::Danger),
        3 => Just(Act::Child),
        5 => (0..3usize, 0..9usize).prop_map(|(a, b)| Act::Desk(a, b)),
        1 => (0..4usize).prop_map(Act::PartyChanged),
        1 => (0..4usize).prop_map(Act::Resolve),
        1 => Just(Act::Moved),
        3 => (0..3000u32).prop_map(Act::Later),
        1 => Just(Act::Happened),
    ]
}

fn event(play: &mut Play, act: &Act) -> Option<Event> {
    Some(match act {
        Act::Says(party, words) => Event::Said {
            party: PARTIES[*party].into(),
            words: WORDS[*words].into(),
            question: play.question().filter(|_| play.is_shown()),
        },
        Act::Taps(party, choice, full) => {
            let aside = play.state.aside.as_ref().map(|it| it.question);
            let question = aside.or(play.question()).or_else(|| play.last_question())?;
            let mut with = BTreeMap::new();
            if *full {
                with.insert("days".to_owned(), json!(7));
                with.insert("reason".to_owned(), json!("DENY_BODY_PART"));
                with.insert("question".to_owned(), json!("Which dose?"));
            }
            let party = PARTIES[*party];
            if !play.parties.contains_key(party) {
                return None;
            }
            Event::Tapped {
                actor: play.actor(party),
                question,
                choice: CHOICES[*choice].into(),
                with,
            }
        }
        Act::Returns(how) => {
            let value = match play.anchor() {
                "claim" => claim(),
                "claim.candidates" => json!([claim()]),
                "check" => coverage(["needs_approval", "covered", "odd"][how % 3]),
                _ => json!({ "number": "PA-1" }),
            };
            let result = match how {
                3 => CallResult::Refused { code: "no".into(), message: "no".into() },
                4 => CallResult::Unknown,
                _ => CallResult::Done(value),
            };
            let stray = EffectKey { turn: 999, index: 0 };
            Event::Returned { call: play.open_call().unwrap_or(stray), result }
        }
        Act::Timer(which, stale) => {
            let timers: Vec<_> = play.state.timers.iter().collect();
            let (name, timer) = timers.get(which % timers.len().max(1))?;
            let generation = if *stale { timer.generation - 1 } else { timer.generation };
            let (timer, due) = ((*name).clone(), timer.due);
            play.now = play.now.max(due);
            Event::Due { timer, generation }
        }
        Act::Receipt(back, what) => {
            let sends = play.all.iter().rev().filter(|(_, it)| matches!(it, Effect::Send(_)));
            let message = sends.map(|(key, _)| *key).nth(*back)?;
            let receipt = match what {
                0 => Receipt::Withheld("opted_out".into()),
                1 => Receipt::Maybe,
                2 => Receipt::HeldUntil(play.now.0),
                _ => Receipt::Shown,
            };
            Event::Receipt { message, receipt }
        }
        Act::Repair(party, which) => {
            let repair = [
                Repair::Help,
                Repair::Repeat,
                Repair::Human,
                Repair::Cancel,
                Repair::Correct { field: "drug".into(), words: Some("tramadol".into()) },
                Repair::Return,
                Repair::Language { language: "es".into() },
            ][*which]
                .clone();
            Event::Repair { party: PARTIES[*party].into(), repair }
        }
        Act::Danger => Event::Danger { party: "worker".into() },
        Act::Child => match play.rest() {
            Some(Rest::Running { run }) => {
                Event::ChildEnded { run: *run, outcome: "done".into(), fields: BTreeMap::new() }
            }
            _ => Event::ChildEnded {
                run: EffectKey { turn: 999, index: 0 },
                outcome: "x".into(),
                fields: BTreeMap::new(),
            },
        },
        Act::Desk(which, what) => {
            let holds = &play.state.holds;
            let handoff = holds.get(which % holds.len().max(1))?.handoff;
            let action = [
                DeskAction::Take,
                DeskAction::Reply { words: "hello".into(), language: "en".into() },
                DeskAction::Reply { words: "hola".into(), language: "es".into() },
                DeskAction::Note { words: "a note".into() },
                DeskAction::Correct { field: "at_counter".into(), value: json!("here") },
                DeskAction::GiveBack(GiveBack::Retry),
                DeskAction::GiveBack(GiveBack::Continue),
                DeskAction::GiveBack(GiveBack::Value(json!("later"))),
                DeskAction::GiveBack(GiveBack::Outcome("left".into())),
            ][*what]
                .clone();
            let actor = Actor {
                person: "p-desk".into(),
                name: "Nia Nurse".into(),
                party: None,
                authorities: vec![],
            };
            Event::Desk { handoff, actor, action }
        }
        Act::PartyChanged(party) => {
            let party = PARTIES[*party];
            play.parties.insert(party.into(), person("Nora New", party != "worker"));
            Event::PartyChanged { party: party.into() }
        }
        Act::Resolve(party) => {
            let party = PARTIES[*party];
            if play.parties.remove(party).is_none() {
                play.parties.insert(party.into(), person("Sam Again", party != "worker"));
            }
            Event::PartyChanged { party: party.into() }
        }
        Act::Moved => Event::Moved,
        Act::Later(minutes) => {
            play.now = play.now.plus_ms(i64::from(*minutes) * 60_000);
            return None;
        }
        Act::Happened => Event::Happened { name: "x".into(), data: json!(1) },
    })
}

/// Every rest has somebody or something that will move it.
fn is_owned(play: &Play, reported: &BTreeSet<EffectKey>) -> bool {
    let set = |prefix: &str| {
        play.state.timers.iter().any(|(name, it)| it.set && name.starts_with(prefix))
    };
    match play.rest() {
        None => matches!(play.state.position, Position::Ended),
        // Until the question was shown, dispatch owns it: it always reports.
        Some(Rest::Asking(it)) => {
            set("silence") || !play.state.holds.is_empty() || !reported.contains(&it.message)
        }
        Some(Rest::Deciding(_)) => set("decision.due"),
        Some(Rest::Calling { .. } | Rest::Running { .. }) => true,
        Some(Rest::Waiting) => set("wait"),
        Some(Rest::HandedOff { handoff }) => {
            play.state.holds.iter().any(|it| it.handoff == *handoff)
        }
    }
}

fn mute_is_mute(play: &Play, held_before: &[EffectKey]) -> Result<(), TestCaseError> {
    for message in play.messages() {
        let throughout = play.state.holds.iter().any(|it| {
            it.party.as_ref() == Some(&message.party) && held_before.contains(&it.handoff)
        });
        let person = matches!(message.kind, MessageKind::Person | MessageKind::Safety);
        prop_assert!(!throughout || person, "the bot spoke over a person");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nobody_is_stranded(
        acts in prop::collection::vec(act(), 1..60),
        written in any::<bool>(),
    ) {
        let mut play = Play::new();
        if written {
            play.program = WRITTEN.clone();
            play.catalog = CATALOG.clone();
        }
        play.start("my prescription was rejected");
        let mut reported = BTreeSet::new();
        for act in acts {
            let held: Vec<EffectKey> = play.state.holds.iter().map(|it| it.handoff).collect();
            let before = play.state.clone();
            let Some(event) = event(&mut play, &act) else { continue };
            let decided = play.state.decided.clone();
            if let Event::Receipt { message, receipt } = &event
                && !matches!(receipt, Receipt::HeldUntil(_))
            {
                reported.insert(*message);
            }
            play.turn(event.clone());
            let quiet = play.effects.is_empty() && before.fields == play.state.fields
                && before.position == play.state.position && before.waiting == play.state.waiting;
            prop_assert!(!quiet, "{event:?} vanished");
            prop_assert!(is_owned(&play, &reported), "stranded at {:?} after {event:?}", play.state.position);
            mute_is_mute(&play, &held)?;
            for (anchor, taken) in &decided {
                prop_assert_eq!(play.state.decided.get(anchor), Some(taken), "one decision");
            }
            if play.state.outcome.is_some() {
                prop_assert!(play.state.timers.values().all(|it| !it.set), "a timer after the end");
            }
            let ended = play.effects.iter().filter(|(_, it)| matches!(it, Effect::Ended { .. }));
            prop_assert!(ended.count() <= usize::from(before.outcome.is_none()));
        }
    }

    #[test]
    fn listening_never_panics(words in "\\PC{0,80}") {
        use mendline_engine::listen::{Offer, choice, repair, value};
        use mendline_engine::types::Type;
        let offers = [
            Offer { key: "a".into(), labels: vec!["Yes, now".into()] },
            Offer { key: "b".into(), labels: vec!["No".into()] },
        ];
        let _ = choice(&words, &offers);
        let _ = repair(&words);
        let today = chrono::NaiveDate::MIN;
        for ty in [Type::Text, Type::Integer, Type::Number, Type::Boolean, Type::Money, Type::Date, Type::Instant] {
            let _ = value(&words, &ty, today);
        }
    }
}

#[test]
fn after_the_end_everyone_who_was_addressed_has_heard_it_or_a_person_will_say_it() {
    let mut play = Play::at_decision();
    while play.next_timer() != "decision.rung.3" {}
    play.taps("supervisor", "approve").returns(json!({ "number": "PA-1" }));
    for (party, state) in &play.state.parties {
        assert!(!state.addressed || state.heard_end, "{party} has not heard the end");
    }
    assert!(play.notes().iter().all(|it| !matches!(it, Note::Fault { .. })));
}
