//! No private value reaches words that may not carry it, whatever a flow's author writes: random
//! flows mix values of every label in texts, formats, conditions, calls and results, people do
//! anything, and each message is then looked at for every reader on every kind of way.
//!
//! Each value carries a mark of its label. What the screen lets through must not show a mark that
//! this reader may not read, this channel may not carry, or somebody of whom we are so unsure may
//! not see. The labels of a text are found when a flow is loaded; the marks show what is really in it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mendline_engine::catalog::{ActionSpec, ActionVerb, Catalog, Input};
use mendline_engine::clearance::{LEVEL_FULL, level_needed, level_of, reads, roles};
use mendline_engine::core::Program;
use mendline_engine::effect::{Draft, Effect};
use mendline_engine::event::*;
use mendline_engine::label::{Label, Labels};
use mendline_engine::lower::lower;
use mendline_engine::message::Message;
use mendline_engine::parse;
use mendline_engine::render::{render_form, render_text};
use mendline_engine::report::Report;
use mendline_engine::screen::{Verdict, Way, form, screen};
use mendline_engine::state::Rest;
use mendline_engine::surface::Identity;
use mendline_engine::types::{Member, Record, Type};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

/// What stands in a private value, by its label. What people type counts as health.
const MARKS: [(&str, Label); 6] = [
    ("qclaimq", Label::Claim),
    ("qhealthq", Label::Health),
    ("qsafetyq", Label::Safety),
    ("qlegalq", Label::Legal),
    ("qsurveyq", Label::Survey),
    ("qtypedq", Label::Health),
];
/// Fields that a conversation begins with.
const GIVEN: [&str; 6] = ["claimed", "ill", "danger", "reserve", "opinion", "open"];
/// Fields that the flow fills itself.
const FILLED: [&str; 3] = ["first", "second", "third"];
/// What a call answers, member by member, and whether what was put in comes back in it.
const MEMBERS: [(&str, &str); 3] = [("name", "qhealthq"), ("number", "qclaimq"), ("state", "")];
const FORMATS: [&str; 4] = ["", " | upper", " | lower", " | capital"];
const PARTIES: [&str; 4] = ["worker", "adjuster", "pharmacy", "boss"];
const IDENTITIES: [Identity; 3] = [Identity::None, Identity::Matched, Identity::Verified];

/// A piece of a text or of an expression.
#[derive(Clone, Debug)]
enum Piece {
    Given(usize),
    Filled(usize),
    Member(usize, usize),
    Question,
    Words,
}

#[derive(Clone, Debug)]
enum Step {
    Say { to: usize, text: Vec<(Piece, usize)>, private: Vec<(Piece, usize)> },
    Ask { to: usize, into: usize, text: Vec<(Piece, usize)>, keys: bool },
    Set { into: usize, from: Vec<Piece> },
    Look { into: usize, from: Vec<Piece> },
    When { reads: Piece, then: Vec<Step>, otherwise: Vec<Step> },
    Decide { text: Vec<(Piece, usize)>, kept: Vec<(Piece, usize)> },
    Person,
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => (0..GIVEN.len()).prop_map(Piece::Given),
        4 => (0..FILLED.len()).prop_map(Piece::Filled),
        3 => (0..2usize, 0..MEMBERS.len()).prop_map(|(which, member)| Piece::Member(which, member)),
        1 => Just(Piece::Question),
        2 => Just(Piece::Words),
    ]
}

fn text() -> impl Strategy<Value = Vec<(Piece, usize)>> {
    prop::collection::vec((piece(), 0..FORMATS.len()), 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    let from = || prop::collection::vec(piece(), 1..3);
    let to = || 0..PARTIES.len();
    let said = (to(), text(), prop_oneof![2 => Just(vec![]), 1 => text()]);
    let leaf = prop_oneof![
        6 => said.prop_map(|(to, text, private)| Step::Say { to, text, private }),
        2 => (to(), 0..FILLED.len(), text(), any::<bool>())
            .prop_map(|(to, into, text, keys)| Step::Ask { to, into, text, keys }),
        5 => (0..FILLED.len(), from()).prop_map(|(into, from)| Step::Set { into, from }),
        3 => (0..2usize, from()).prop_map(|(into, from)| Step::Look { into, from }),
        4 => (text(), text()).prop_map(|(text, kept)| Step::Decide { text, kept }),
        1 => Just(Step::Person),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let steps = || prop::collection::vec(inner.clone(), 1..3);
        let parts = (piece(), steps(), steps());
        parts.prop_map(|(reads, then, otherwise)| Step::When { reads, then, otherwise })
    })
}

/// How a flow names it; nothing for plain words.
fn path(piece: &Piece) -> Option<String> {
    match piece {
        Piece::Given(which) => Some(GIVEN[*which].to_owned()),
        Piece::Filled(which) => Some(FILLED[*which].to_owned()),
        Piece::Member(which, member) => Some(format!("found{which}.{}", MEMBERS[*member].0)),
        Piece::Question => Some("decision.question".to_owned()),
        Piece::Words => None,
    }
}

fn spelled(text: &[(Piece, usize)]) -> String {
    let one = |(piece, format): &(Piece, usize)| match path(piece) {
        Some(path) => format!("{{{path}{}}}", FORMATS[*format]),
        None => "some words".to_owned(),
    };
    text.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn summed(pieces: &[Piece]) -> String {
    let one = |it: &Piece| path(it).unwrap_or_else(|| "'plain'".to_owned());
    pieces.iter().map(one).collect::<Vec<_>>().join(" + ' ' + ")
}

/// The steps as an author writes them. `count` counts the decisions.
fn write_steps(steps: &[Step], deep: usize, count: &mut usize, out: &mut String) {
    let pad = "  ".repeat(deep);
    for step in steps {
        match step {
            Step::Say { to, text, private } => {
                let said = format!("{{ text: \"{}\"", spelled(text));
                let said = match private.as_slice() {
                    [] => format!("{said} }}"),
                    private => format!("{said}, private: \"{}\" }}", spelled(private)),
                };
                writeln!(out, "{pad}- {{ tell: {}, say: {said} }}", PARTIES[*to]).unwrap();
            }
            Step::Ask { to, into, text, keys } => {
                let (field, to) = (FILLED[*into], PARTIES[*to]);
                let field = if *keys { format!("key{into}") } else { field.to_owned() };
                let choices =
                    if *keys { "choices: { yes_it_is: \"Yes\", no: \"No\" }, " } else { "" };
                writeln!(
                    out,
                    "{pad}- {{ ask: {field}, party: {to}, say: \"{}\", {choices}no_answer: \
                     {{ remind: [2 hours], then: end over }} }}",
                    spelled(text)
                )
                .unwrap();
            }
            Step::Set { into, from } => {
                writeln!(out, "{pad}- set: {{ {}: \"{}\" }}", FILLED[*into], summed(from)).unwrap();
            }
            Step::Look { into, from } => writeln!(
                out,
                "{pad}- {{ do: x.look, with: {{ about: \"{}\" }}, save: found{into}, if_fails: \
                 handoff help }}",
                summed(from)
            )
            .unwrap(),
            Step::When { reads, then, otherwise } => {
                let condition = path(reads).map_or("true".into(), |it| format!("{it} == 'x'"));
                writeln!(out, "{pad}- when: \"{condition}\"\n{pad}  steps:").unwrap();
                write_steps(then, deep + 2, count, out);
                writeln!(out, "{pad}  else:").unwrap();
                write_steps(otherwise, deep + 2, count, out);
            }
            // One decision, which every way passes.
            Step::Decide { .. } if deep > 1 || *count > 0 => {
                writeln!(out, "{pad}- set: {{ first: \"'open'\" }}").unwrap();
            }
            Step::Decide { text, kept } => {
                *count += 1;
                let (card, kept) = (spelled(text), spelled(kept));
                write!(
                    out,
                    "{pad}- decide: decision\n{pad}  ask: adjuster\n{pad}  say: \"{card}\"\n\
                     {pad}  choices:\n{pad}    approve: {{ label: Approve, needs: question }}\n\
                     {pad}    deny: {{ label: Deny, needs: question }}\n\
                     {pad}  authority: approve\n{pad}  within: 2 business days\n\
                     {pad}  keep_informed: {{ party: worker, every: 1 day, say: {{ text: \"{kept}\", \
                     private: Still waiting. }} }}\n{pad}  nobody_decided: handoff help\n"
                )
                .unwrap();
            }
            Step::Person => writeln!(out, "{pad}- handoff: help").unwrap(),
        }
    }
}

fn written(steps: &[Step]) -> String {
    let mut out = String::from(
        "flow: canary\nversion: 1\nabout: Anything at all.\nlanguages: [en]\nidentity: none\n\
         purpose: any\nparties:\n  worker: { role: injured_worker }\n  adjuster: { role: adjuster }\n  \
         pharmacy: { role: pharmacy }\n  boss: { role: employer }\ndata:\n",
    );
    let labels = ["claim", "health", "safety", "legal", "survey"];
    for (nth, name) in GIVEN.iter().enumerate() {
        let privacy = labels.get(nth).map(|it| format!(", privacy: {it}")).unwrap_or_default();
        writeln!(out, "  {name}: {{ type: text{privacy} }}").unwrap();
    }
    for (nth, name) in FILLED.iter().enumerate() {
        writeln!(out, "  {name}: {{ type: text }}\n  key{nth}: {{ type: choice }}").unwrap();
    }
    out.push_str(
        "  found0: { type: thing }\n  found1: { type: thing }\n  decision: { type: decision }\n",
    );
    out.push_str(
        "outcomes:\n  over: { kind: neutral }\nstart_when:\n  - command: canary\nsteps:\n",
    );
    let mut decisions = 0;
    write_steps(steps, 1, &mut decisions, &mut out);
    if decisions == 0 {
        out = out.replace("decision.question", "open");
    }
    out.push_str("  - end: over\ninterrupts:\n  human: help\n");
    out
}

fn things() -> Catalog {
    let member = |labels: &[Label]| Member {
        ty: Type::Text,
        labels: labels.iter().copied().collect(),
        optional: false,
    };
    let members = BTreeMap::from([
        ("name".to_owned(), member(&[Label::Health])),
        ("number".to_owned(), member(&[Label::Claim])),
        ("state".to_owned(), member(&[])),
    ]);
    let all: Labels = Label::ALL.into_iter().collect();
    let about = Input { ty: Type::Text, optional: false, grants: all };
    let look = ActionSpec {
        input: BTreeMap::from([("about".to_owned(), about)]),
        output: Type::Record("thing".into()),
        labels: Labels::NONE,
        lowers: BTreeMap::new(),
        verb: ActionVerb::Read,
        fast: false,
        business_key: vec![],
        inquire: None,
    };
    Catalog {
        actions: BTreeMap::from([("x.look".to_owned(), look)]),
        records: BTreeMap::from([("thing".to_owned(), Record { show: "{name}".into(), members })]),
        desks: BTreeMap::from([("help".to_owned(), words("Help"))]),
        authorities: vec!["approve".to_owned()],
        ..Catalog::default()
    }
}

/// The program, whatever the checker would say of it: what it refuses, the screen must refuse too.
fn lowered(steps: &[Step]) -> Result<Program, String> {
    let mut report = Report::new("canary.yaml");
    let text = written(steps);
    let Some(flow) = parse::flow(&text, &mut report) else { return Err(text) };
    let program = lower(&flow, &mut [], &things(), "canary".into(), &mut report);
    let bad: Vec<String> =
        report.into_findings().iter().map(|it| format!("{} {}", it.code, it.message)).collect();
    if bad.is_empty() { Ok(program) } else { Err(format!("{}\n{text}", bad.join("\n"))) }
}

/// What happens next, of what can.
fn next(play: &mut Play, what: u8) -> Option<Event> {
    let typed = || "QTYPEDQ, they said".to_owned();
    let worker = || "worker".to_owned();
    match what {
        0 => return Some(Event::Repair { party: worker(), repair: Repair::Help }),
        1 => return Some(Event::Repair { party: worker(), repair: Repair::Repeat }),
        2 => return Some(Event::Repair { party: worker(), repair: Repair::Human }),
        3 => {
            return Some(Event::Said {
                party: worker(),
                words: typed(),
                question: play.question(),
            });
        }
        4 => return Some(Event::Danger { party: worker() }),
        _ => {}
    }
    if let Some(hold) = play.state.holds.first().filter(|_| what.is_multiple_of(2)) {
        let action = match what % 3 {
            0 => DeskAction::Reply { words: typed(), language: "en".into() },
            1 => DeskAction::Note { words: typed() },
            _ => DeskAction::GiveBack(GiveBack::Continue),
        };
        let actor = Actor {
            person: "p-desk".into(),
            name: "Nia Nurse".into(),
            party: None,
            authorities: vec![],
        };
        return Some(Event::Desk { handoff: hold.handoff, actor, action });
    }
    match play.rest()?.clone() {
        Rest::Asking(it) => {
            let asked = play.all.iter().find(|(key, _)| *key == it.message);
            let party = match asked {
                Some((_, Effect::Send(message))) => message.party.clone(),
                _ => worker(),
            };
            let question = it.question;
            Some(if what.is_multiple_of(2) {
                Event::Tapped {
                    actor: play.actor(&party),
                    question,
                    choice: "yes_it_is".into(),
                    with: BTreeMap::new(),
                }
            } else {
                Event::Said { party, words: typed(), question: Some(question) }
            })
        }
        Rest::Deciding(it) => Some(Event::Tapped {
            actor: Actor { authorities: vec!["approve".into()], ..play.actor("adjuster") },
            question: it.question,
            choice: if what.is_multiple_of(2) { "approve" } else { "deny" }.into(),
            with: BTreeMap::from([("question".to_owned(), json!(typed()))]),
        }),
        Rest::Calling { call, .. } => {
            let input = play.all.iter().find(|(key, _)| *key == call);
            let about = match input {
                Some((_, Effect::Call { input, .. })) => {
                    input["about"].as_str().unwrap_or_default()
                }
                _ => "",
            };
            // What is put in comes back in it, as a plugin's answers do.
            let answer = |mark: &str| json!(format!("{mark} {about}"));
            let value: BTreeMap<_, _> =
                MEMBERS.iter().map(|(name, mark)| (*name, answer(mark))).collect();
            Some(Event::Returned { call, result: CallResult::Done(json!(value)) })
        }
        Rest::Waiting | Rest::Running { .. } | Rest::HandedOff { .. } => None,
    }
}

/// Every message of the last turn.
fn messages(play: &Play) -> Vec<Message> {
    let mut all = Vec::new();
    for (_, effect) in &play.effects {
        match effect {
            Effect::Send(message) => all.push(message.clone()),
            Effect::OpenHandoff(open) => all.extend(open.says.clone()),
            Effect::Draft { draft: Draft::WouldSay(message), .. } => all.push(message.clone()),
            _ => {}
        }
    }
    all
}

/// What a card shows its readers of the words that would go to the worker: nothing screens that.
fn look_ahead(message: &Message) -> Result<usize, TestCaseError> {
    let previews = message.card.iter().flat_map(|it| it.preview.values());
    let mut shown = 0;
    for it in previews {
        let ahead = render_text(&it.wording, &it.values, "en", "America/Chicago").to_lowercase();
        for (mark, label) in MARKS.iter().filter(|(mark, _)| ahead.contains(mark)) {
            prop_assert!(reads("adjuster").has(*label), "{mark} in a preview: {ahead}");
            shown += 1;
        }
    }
    Ok(shown)
}

/// Looks at one message on every way. Answers how many marks were shown where they may be.
fn look(message: &Message) -> Result<usize, TestCaseError> {
    let mut shown = 0;
    for role in roles().chain(["plumber"]) {
        for level in 0..=LEVEL_FULL {
            for identity in IDENTITIES {
                let way = Way {
                    level,
                    role: role.to_owned(),
                    scope: None,
                    identity,
                    opted_out: false,
                    consents: None,
                    waking: None,
                    zone: "America/Chicago".into(),
                };
                if let Verdict::Withhold(_) = screen(message, &way, None, START) {
                    continue;
                }
                let Some(form) = form(message, &way) else { continue };
                let link = Some("https://care.example.com/c/x");
                let out = render_form(message, form, "en", &way.zone, link);
                let bytes = format!("{} {:?}", out.text, out.buttons).to_lowercase();
                for (mark, label) in MARKS.iter().filter(|(mark, _)| bytes.contains(mark)) {
                    let may = reads(role).has(*label)
                        && level_needed(Labels::NONE.with(*label)) <= level.min(level_of(identity));
                    prop_assert!(
                        may,
                        "{mark} before {role} at level {level}, {identity:?}: {bytes}"
                    );
                    shown += 1;
                }
            }
        }
    }
    Ok(shown)
}

fn play(program: Program, acts: &[u8]) -> Result<usize, TestCaseError> {
    let mut play = Play::new();
    (play.program, play.catalog) = (program, things());
    play.parties.insert("boss".into(), person("Bo Boss", false));
    let given = ["qclaimq", "qhealthq", "qsafetyq", "qlegalq", "qsurveyq", "open"];
    let fields = GIVEN.iter().zip(given).map(|(name, it)| ((*name).to_owned(), json!(it)));
    let filled = FILLED.iter().map(|name| ((*name).to_owned(), json!("nothing yet")));
    let nothing: Value =
        MEMBERS.iter().map(|(name, _)| ((*name).to_owned(), json!("none"))).collect();
    let found = ["found0", "found1"].map(|name| (name.to_owned(), nothing.clone()));
    let fields = fields.chain(filled).chain(found).collect();
    play.turn(Event::Started { fields, words: None });
    let mut shown = 0;
    for act in acts {
        for message in messages(&play) {
            shown += look(&message)? + look_ahead(&message)?;
        }
        if play.outcome().is_some() {
            break;
        }
        match next(&mut play, *act) {
            Some(event) => {
                play.turn(event);
            }
            None if play.state.timers.values().any(|it| it.set) => {
                play.next_timer();
            }
            None => break,
        }
    }
    Ok(shown)
}

#[test]
fn rule_08_no_private_value_reaches_words_that_may_not_carry_it() {
    let (mut tried, mut ran, mut shown) = (0, 0, 0);
    let mut refused = String::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let any = (prop::collection::vec(step(), 1..7), prop::collection::vec(0..80u8, 30));
    let counts = std::cell::RefCell::new((&mut tried, &mut ran, &mut shown, &mut refused));
    let outcome = runner.run(&any, |(steps, acts)| {
        let mut counts = counts.borrow_mut();
        *counts.0 += 1;
        match lowered(&steps) {
            Ok(program) => {
                *counts.1 += 1;
                *counts.2 += play(program, &acts)?;
            }
            Err(why) => *counts.3 = why,
        }
        Ok(())
    });
    if let Err(why) = outcome {
        panic!("{why}");
    }
    // It would prove nothing if the checker refused them all, or nothing private was ever said.
    assert!(
        ran * 4 > tried * 3,
        "{ran} of {tried} flows could be loaded; the last refusal: {refused}"
    );
    assert!(shown > 2_000, "marks were shown {shown} times where they may be");
}
