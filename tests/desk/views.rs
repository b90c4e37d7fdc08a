//! The pure views: the queue's order, a card's rows, a timeline's lines.

use std::collections::BTreeMap;

use mendline::desk::card::{self, Readers, Typing};
use mendline::desk::queue::{self, Item, Waiting};
use mendline::desk::timeline::{self, Reader};
use mendline::store::{HandoffRow, QuestionRow, RecordRow};
use mendline_engine::core::{Need, Program};
use mendline_engine::effect::{Effect, Note, OpenHandoff};
use mendline_engine::event::{Actor, CallResult, Event};
use mendline_engine::label::Labels;
use mendline_engine::message::{Button, Card, Fact, Message, MessageKind, OpenNeed};
use mendline_engine::rules::RulePacks;
use mendline_engine::text::{Part, Template, Values, Wording};
use mendline_engine::time::Timestamp;
use mendline_engine::types::{Type, Words};
use serde_json::{Value, json};

pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
const MINUTE_MS: i64 = 60_000;

fn words(english: &str) -> Words {
    Words::from([("en".into(), english.into())])
}

fn need(name: &str, ty: Type) -> OpenNeed {
    OpenNeed {
        need: Need { name: name.into(), ty, list: None, below: None },
        reasons: vec![],
        below: None,
    }
}

fn button(key: &str, needs: Vec<OpenNeed>) -> Button {
    Button { key: key.into(), label: words(key), value: Value::Null, needs }
}

fn message(buttons: Vec<Button>, card: Option<Card>) -> Message {
    let source = "Please decide.".to_owned();
    let template = Template { parts: vec![Part::Words(source.clone())], source };
    Message {
        party: "adjuster".into(),
        kind: MessageKind::Proactive,
        wording: Wording {
            key: "decision.say".into(),
            words: BTreeMap::from([("en".into(), template)]),
            private: BTreeMap::new(),
            labels: Labels::NONE,
            private_labels: Labels::NONE,
        },
        values: Values::new(),
        buttons,
        question: None,
        card,
        notice: None,
    }
}

fn fact(ty: &str, value: Value) -> Fact {
    let ty = if ty == "choice" { Type::Choice(vec![]) } else { Type::Record(ty.into()) };
    Fact { value, ty }
}

/// A card of a conversation, opened some minutes ago, due in some minutes.
pub fn card_item(conversation: &str, ago: i64, due_in: Option<i64>, counter: bool) -> Item {
    let opened = NOW.plus_ms(-ago * MINUTE_MS);
    let due = due_in.map(|it| NOW.plus_ms(it * MINUTE_MS));
    let at = if counter { "here" } else { "later" };
    let facts = BTreeMap::from([
        (
            "drug".to_owned(),
            fact("medication", json!({"name": "gabapentin", "strength": "300 mg"})),
        ),
        ("claim".to_owned(), fact("claim", json!({"number": "DEMO-CA-1", "status": "accepted"}))),
        ("check".to_owned(), fact("pbm.coverage", json!({"reject_code": "75", "quantity": 90}))),
        ("at_counter".to_owned(), fact("choice", json!(at))),
    ]);
    let rule = RulePacks::embedded().rule(Some("TX"), "decision_deadline", NOW);
    let card = Card {
        decision: "decision".into(),
        facts,
        digest: String::new(),
        authority: None,
        opened,
        due,
        rule: rule.map(|it| it.to_value()),
        round: 0,
        preview: BTreeMap::new(),
    };
    let buttons = vec![
        button("approve", vec![]),
        button("shorter", vec![need("days", Type::Integer)]),
        button(
            "period",
            vec![
                need("days", Type::Integer),
                need("from", Type::Date),
                need("refills", Type::Integer),
                need("until", Type::Date),
            ],
        ),
        button("info", vec![need("question", Type::Text)]),
    ];
    let row = QuestionRow {
        payer: "acme".into(),
        question: format!("{conversation}/3.1").parse().unwrap(),
        person: "dana".into(),
        party: "adjuster".into(),
        message: message(buttons, Some(card)),
        opened,
        due,
        shown: None,
        closed: None,
        principal: "ana".into(),
    };
    Item {
        waiting: Waiting::Card(Box::new(row)),
        worker: "Ana".into(),
        claim: Some("DEMO-CA-1".into()),
        counter,
    }
}

/// A handoff, opened some minutes ago.
pub fn handoff_item(conversation: &str, ago: i64, why: &str) -> Item {
    let row = HandoffRow {
        payer: "acme".into(),
        handoff: format!("{conversation}/2.0").parse().unwrap(),
        open: OpenHandoff {
            desk: "pharmacy_desk".into(),
            party: Some("worker".into()),
            why: why.into(),
            says: None,
            save: None,
            closed: vec!["left".into()],
            retry: true,
            next: words("The bot asks again."),
            due: None,
        },
        person: Some("ana".into()),
        principal: "ana".into(),
        holder: None,
        opened: NOW.plus_ms(-ago * MINUTE_MS),
        closed: None,
        drafts: vec![],
    };
    Item {
        waiting: Waiting::Handoff(Box::new(row)),
        worker: "Ana".into(),
        claim: None,
        counter: false,
    }
}

fn order(mut items: Vec<Item>) -> Vec<String> {
    queue::sort(&mut items);
    items.iter().map(|it| it.token()[2..].split('/').next().unwrap().to_owned()).collect()
}

#[test]
fn what_is_due_first_is_first_and_a_person_at_a_counter_before_any_legal_day() {
    let items = vec![
        card_item("never", 500, None, false),
        card_item("friday", 10, Some(3 * 1440), false),
        card_item("tomorrow", 10, Some(1440), false),
        card_item("counter", 5, Some(3 * 1440), true),
        handoff_item("asked", 30, "asked"),
        handoff_item("danger", 0, "danger"),
        card_item("overdue", 9000, Some(-5), false),
    ];
    let want = ["danger", "overdue", "counter", "asked", "tomorrow", "friday", "never"];
    assert_eq!(order(items), want);
}

#[test]
fn at_most_one_thing_is_red_and_it_is_the_first() {
    let mut items = vec![
        card_item("a", 30, Some(-5), true),
        card_item("b", 30, Some(-4), true),
        handoff_item("c", 90, "asked"),
    ];
    queue::sort(&mut items);
    let rows = queue::rows(&items, NOW, "America/Chicago");
    let red: Vec<_> = rows.iter().filter(|it| it.urgent).map(|it| it.number).collect();
    assert_eq!(red, [1]);
    let calm = queue::rows(&[card_item("a", 10, Some(3 * 1440), false)], NOW, "America/Chicago");
    assert!(!calm[0].urgent);
}

#[test]
fn a_row_says_who_what_since_when_and_how_sure_the_rule_is() {
    let row = queue::rows(&[card_item("a", 12, Some(1440), true)], NOW, "UTC").remove(0);
    assert_eq!(row.title, "Ana, claim DEMO-CA-1");
    assert_eq!(row.about, "gabapentin 300 mg");
    assert_eq!(row.since, "Waiting at the counter, 12 min");
    assert_eq!(row.rule.as_deref(), Some("Legal limit 3 working days (TX): verified"));
    assert!(row.due.unwrap().starts_with("Due "));
}

fn readers() -> Readers<'static> {
    Readers { zone: "UTC", worker_language: "en", worker_zone: "UTC", now: NOW }
}

fn question(item: Item) -> QuestionRow {
    let Waiting::Card(row) = item.waiting else { unreachable!("it is a card") };
    *row
}

#[test]
fn a_card_shows_its_frozen_facts_in_the_order_of_a_decider() {
    let view = card::view(&question(card_item("a", 12, None, true)), &Typing::default(), readers());
    let facts: Vec<_> = view.facts.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let want = [
        ("Medicine", "gabapentin 300 mg"),
        ("Quantity", "90"),
        ("Reject code", "75: needs approval before it can be paid"),
        ("Claim", "DEMO-CA-1"),
        ("Claim status", "Accepted"),
        ("At counter", "Here"),
    ];
    assert_eq!(facts, want);
    let rule = view.rule.unwrap();
    assert!(rule.verified && rule.citation.contains("134.600"));
}

#[test]
fn asking_says_what_it_does_to_the_clock() {
    let view = card::view(&question(card_item("a", 1, None, false)), &Typing::default(), readers());
    let info = view.choices.iter().find(|it| it.key == "info").unwrap();
    // The Texan row does not know whether asking stops the clock, so it must not say that it does.
    assert_eq!(info.hint, Some("No verified rule stops the clock here. The due date stays."));
}

#[test]
fn typed_needs_are_read_or_named_as_wrong() {
    let mut needs = [
        need("days", Type::Integer),
        need("from", Type::Date),
        need("question", Type::Text),
        need("whom", Type::Choice(vec!["worker".into()])),
    ];
    let form = |days: &str, from: &str, question: &str, whom: &str| {
        let given = [("days", days), ("from", from), ("question", question), ("whom", whom)];
        given.map(|(k, v)| (format!("need.{k}"), v.to_owned())).into()
    };
    let (with, wrong) = card::read(&needs, &form("14", "2026-12-01", "Why?", "worker"));
    assert!(wrong.is_empty());
    assert_eq!(with["days"], 14);
    let (_, wrong) = card::read(&needs, &form("14.5", "1 Dec", " ", "nobody"));
    let codes: Vec<_> = wrong.values().map(String::as_str).collect();
    assert_eq!(codes, ["out_of_range", "not_a_date", "missing", "unknown_reason"]);
    needs[0].below = Some(30);
    let (_, wrong) = card::read(&needs, &form("30", "2026-12-01", "Why?", "worker"));
    assert_eq!(wrong["days"], "not_fewer");
    let long = "x".repeat(501);
    let (_, wrong) = card::read(&needs, &form("366", "2026-02-30", &long, ""));
    let codes: Vec<_> = wrong.values().map(String::as_str).collect();
    assert_eq!(codes, ["out_of_range", "not_a_date", "out_of_range", "missing"]);
}

fn program() -> Program {
    serde_json::from_value(json!({
        "flow": "medication_approval", "version": 1, "hash": "", "languages": ["en"],
        "identity": "verified", "purpose": null, "parties": {}, "principal": "worker",
        "fields": { "drug": { "type": { "record": "medication" }, "labels": [], "spoken": "medicine" } },
        "outcomes": {}, "start_when": { "says": {}, "commands": [], "events": [] },
        "steps": [], "spans": [], "anchors": {}, "derived": {}, "interrupts": {
            "correct": [], "cancel": null, "cancel_asks": false, "human": null, "help": null,
            "not_understood": null
        }, "moved": {}
    }))
    .unwrap()
}

#[test]
fn each_event_and_effect_reads_as_a_plain_line() {
    let actor = Actor {
        person: "dana".into(),
        name: "Dana Whitfield".into(),
        party: None,
        authorities: vec![],
    };
    let key = "1.1".parse().unwrap();
    let event = |it: Event| json!({ "event": it, "effects": [] });
    let effect = |it: Effect| json!({ "event": null, "effects": [it] });
    let cases = [
        (
            event(Event::Said { party: "worker".into(), words: "hello".into(), question: None }),
            "Ana Example wrote:",
        ),
        (
            event(Event::Tapped {
                actor,
                question: key,
                choice: "not_mine".into(),
                with: BTreeMap::new(),
            }),
            "Dana Whitfield chose not mine.",
        ),
        (
            event(Event::Returned { call: key, result: CallResult::Unknown }),
            "Nobody knows whether that was done. A person must check.",
        ),
        (
            event(Event::Danger { party: "worker".into() }),
            "Ana Example may be in danger. Help was offered at once.",
        ),
        (
            effect(Effect::Noted(Note::Set {
                field: "drug".into(),
                old: json!({"name": "ibuprofen", "strength": "800 mg"}),
                new: json!({"name": "gabapentin", "strength": "300 mg"}),
                by: "worker".into(),
            })),
            "Medicine: gabapentin 300 mg (it was ibuprofen 800 mg), by Ana Example.",
        ),
        (
            effect(Effect::Noted(Note::Decided {
                decision: json!({"by": "Sam Okafor", "choice": "approve"}),
            })),
            "Sam Okafor decided: approve.",
        ),
        (effect(Effect::Ended { outcome: "too_soon".into() }), "It ended: too soon."),
    ];
    let reader = Reader {
        people: BTreeMap::from([("ana".into(), "Ana Example".into())]),
        parties: BTreeMap::from([("worker".into(), "Ana Example".into())]),
        zone: "UTC".into(),
        now: NOW,
    };
    for (body, want) in cases {
        let row = RecordRow { seq: 1, at: NOW, body, hash: String::new() };
        let lines = timeline::timeline(&[row], &[], &program(), &reader);
        let texts: Vec<_> = lines.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, [want]);
    }
}
