//! Commands: what each line means, and what it must never do.

use mendline::channels::Incoming;
use mendline::desk::commands::{Act, Command, Seen, act, parse};
use mendline::desk::queue;
use mendline_engine::event::{DeskAction, GiveBack};
use serde_json::json;

use crate::views::{NOW, card_item, handoff_item};

/// What a line does before a queue of a card (1) and a handoff (2).
fn does(line: &str) -> Act {
    let items = vec![card_item("c1", 5, Some(30), true), handoff_item("h1", 1, "asked")];
    let shown: Vec<_> = items.iter().map(queue::Item::token).collect();
    let rows = queue::rows(&items, NOW, "UTC");
    let seen = Seen { shown: &shown, items: &items, rows: &rows, zone: "UTC", now: NOW };
    act(&parse(line).unwrap_or(Command::Help), seen)
}

fn said(line: &str) -> String {
    match does(line) {
        Act::Say(text) => text,
        Act::Send { .. } => panic!("'{line}' did something"),
    }
}

fn tapped(line: &str) -> (String, serde_json::Value) {
    match does(line) {
        Act::Send { incoming: Incoming::Tap { question, choice, with }, .. } => {
            assert_eq!(question.to_string(), "c1/3.1");
            (choice, json!(with))
        }
        other => panic!("'{line}' gave {other:?}"),
    }
}

fn handed(line: &str) -> DeskAction {
    match does(line) {
        Act::Send { incoming: Incoming::Desk { handoff, action }, .. } => {
            assert_eq!(handoff.to_string(), "h1/2.0");
            action
        }
        other => panic!("'{line}' gave {other:?}"),
    }
}

#[test]
fn a_choice_with_its_number_is_a_tap_that_names_the_question() {
    let period = json!({
        "from": "2026-12-01", "until": "2027-02-28", "refills": 2, "days": 30
    });
    let cases = [
        ("/approve 1", "approve", json!({})),
        ("/APPROVE #1", "approve", json!({})),
        ("/approve 1 days 14", "shorter", json!({ "days": 14 })),
        ("/approve 1 14", "shorter", json!({ "days": 14 })),
        ("/period 1 2026-12-01 2027-02-28 2 30", "period", period),
        ("/info 1 What is the dose?", "info", json!({ "question": "What is the dose?" })),
    ];
    for (line, choice, with) in cases {
        assert_eq!(tapped(line), (choice.to_owned(), with), "{line}");
    }
}

#[test]
fn rule_04_words_without_slash_or_number_decide_nothing() {
    for line in ["approve", "approve 1", "Approve it please", "deny", "/approve", "/deny"] {
        let text = said(line);
        assert!(text.contains("Nothing was changed"), "{line}: {text}");
        assert!(text.contains("Ana, claim DEMO-CA-1"), "{line} lists what is open");
    }
}

#[test]
fn what_is_missing_is_asked_for_and_nothing_is_sent() {
    let cases = [
        ("/approve 1 days many", "days: This number is not possible here."),
        ("/period 1 tomorrow", "from: Please choose a date."),
        ("/info 1", "question: Please fill this in."),
        ("/deny 1 DENY_X", "no such choice"),
        ("/approve 9", "There is no number 9"),
        ("/approve 0", "There is no number 0"),
        ("/approve 2", "Number 2 is a handoff"),
        ("/take 1", "Number 1 is a card"),
        ("/reply 2", "Write what you want to say"),
        ("/giveback 2 outcome:won", "Ways to give it back: continue, retry, outcome:left."),
        ("/giveback 2 value 3", "No value is wanted here."),
    ];
    for (line, want) in cases {
        let text = said(line);
        assert!(text.contains(want), "{line}: {text}");
    }
}

#[test]
fn a_handoff_is_taken_answered_and_given_back_by_its_number() {
    assert_eq!(handed("/take 2"), DeskAction::Take);
    let reply = |words: &str, language: &str| DeskAction::Reply {
        words: words.into(),
        language: language.into(),
    };
    assert_eq!(handed("/reply 2 Hello Ana"), reply("Hello Ana", "en"));
    assert_eq!(handed("/reply 2 es: Hola Ana"), reply("Hola Ana", "es"));
    assert_eq!(handed("/note 2 called back"), DeskAction::Note { words: "called back".into() });
    assert_eq!(handed("/giveback 2 retry"), DeskAction::GiveBack(GiveBack::Retry));
    let left = DeskAction::GiveBack(GiveBack::Outcome("left".into()));
    assert_eq!(handed("/giveback 2 outcome:left"), left);
}

#[test]
fn a_number_stands_for_what_was_shown_even_when_the_queue_moved() {
    let old = [card_item("c1", 5, Some(30), true)];
    let shown: Vec<_> = old.iter().map(queue::Item::token).collect();
    let mut now = vec![card_item("c0", 5, Some(5), true), card_item("c1", 5, Some(30), true)];
    queue::sort(&mut now);
    let rows = queue::rows(&now, NOW, "UTC");
    let seen = |items| Seen { shown: &shown, items, rows: &rows, zone: "UTC", now: NOW };
    let approve = parse("/approve 1").unwrap();
    let Act::Send { incoming: Incoming::Tap { question, .. }, .. } = act(&approve, seen(&now))
    else {
        panic!("it is still open")
    };
    assert_eq!(question.conversation, "c1");
    let gone = act(&approve, seen(&now[..1]));
    assert!(matches!(gone, Act::Say(text) if text.contains("not open any more")));
}

#[test]
fn the_queue_and_the_help_are_told_as_text() {
    let queue = said("/queue");
    assert!(
        queue.starts_with("1. Ana, claim DEMO-CA-1: gabapentin 300 mg. Waiting at the counter")
    );
    let help = said("/help");
    for verb in ["/queue", "/show", "/approve", "/deny", "/period", "/info", "/take", "/giveback"] {
        assert!(help.contains(verb));
    }
    assert!(parse("good morning").is_none());
    assert!(said("/show 1").contains("Choices: approve (approve)"));
}
