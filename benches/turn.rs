//! What single things take: a turn of the pure engine for each of the seven messages, the way of
//! its state through JSON, and the last look and the words of a message. `cargo bench`; figures
//! that `docs/performance.md` shows are read from where this leaves them.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mendline::bench::FLOW;
use mendline_engine::catalog::Catalog;
use mendline_engine::core::Program;
use mendline_engine::effect::Effect;
use mendline_engine::env::{Env, PartyEnv};
use mendline_engine::event::{Actor, CallResult, Event, Receipt};
use mendline_engine::load::{Source, load};
use mendline_engine::message::{EffectKey, Message};
use mendline_engine::render::{Form, render_form};
use mendline_engine::rules::RulePacks;
use mendline_engine::screen::{Way, screen};
use mendline_engine::state::State;
use mendline_engine::surface::Identity;
use mendline_engine::time::Timestamp;
use mendline_engine::time::calendar::Calendars;
use mendline_engine::turn::{Turn, turn};
use mendline_plugin::Manifest;
use serde_json::{Value, json};

/// As in the house.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Tuesday morning.
const NOW: Timestamp = Timestamp(1_773_158_400_000);
const ZONE: &str = "America/Los_Angeles";

/// What turns need of the world.
struct World {
    program: Program,
    catalog: Catalog,
    calendars: Calendars,
    rules: RulePacks,
    parties: BTreeMap<String, PartyEnv>,
}

/// One of the seven messages: where the conversation rested, and what came. The fourth looks
/// something up, whose answer is a turn of its own within the same message.
struct Step {
    name: &'static str,
    before: State,
    events: Vec<Event>,
}

impl World {
    fn new() -> World {
        let manifest = Manifest::read(mendline_pbm::MANIFEST).expect("ours is sound");
        let catalog = mendline::catalog::gather(&[manifest]).expect("ours is sound");
        let source = Source { file: "approval.yaml".into(), text: FLOW.into() };
        let loaded = load(&source, &[], &catalog, &[]);
        let program = loaded.program.unwrap_or_else(|| panic!("{:#?}", loaded.findings));
        let person = |name: &str| PartyEnv {
            person: name.into(),
            first_name: name.into(),
            name: format!("{name} Demo"),
            language: "en".into(),
            zone: ZONE.into(),
            office: None,
            reachable: true,
        };
        let parties = [("worker", "ana"), ("adjuster", "dana"), ("supervisor", "sam")];
        let parties = parties.map(|(party, name)| (party.to_owned(), person(name))).into();
        let (calendars, rules) = (Calendars::embedded(), RulePacks::embedded());
        World { program, catalog, calendars, rules, parties }
    }

    fn turn(&self, state: &State, event: &Event) -> Turn {
        let env = Env {
            now: NOW,
            conversation: "c1",
            catalog: &self.catalog,
            calendars: &self.calendars,
            rules: &self.rules,
            jurisdiction: Some("CA"),
            parties: &self.parties,
        };
        turn(&self.program, state, event, &env)
    }

    fn actor(&self, party: &str) -> Actor {
        let it = &self.parties[party];
        Actor {
            person: it.person.clone(),
            name: it.name.clone(),
            party: Some(party.into()),
            authorities: self.catalog.authorities.clone(),
        }
    }
}

/// Plays the conversation once; answers its steps, and every message that was said.
fn play(world: &World) -> (Vec<Step>, Vec<Message>) {
    let mut player = Player { world, state: State::default(), asked: None, said: Vec::new() };
    let said = |words: &str| (None, words.to_owned());
    let taps = |party: &'static str, choice: &str| (Some(party), choice.to_owned());
    let acts = [
        ("1 hi", said("hi")),
        ("2 medicine", said("ibuprofen")),
        ("3 strength", said("600 mg")),
        ("4 pharmacy, look-up, branch", said("Corner Pharmacy")),
        ("5 yes, the adjuster is asked", taps("worker", "send")),
        ("6 approve", taps("adjuster", "approve")),
        ("7 rating", taps("worker", "five")),
    ];
    let steps = acts.into_iter().map(|(name, (taps, what))| player.step(name, taps, what));
    let steps: Vec<_> = steps.collect();
    let ended = matches!(player.state.position, mendline_engine::state::Position::Ended);
    assert!(ended, "the seven messages end the conversation: {:?}", player.state.position);
    (steps, player.said)
}

struct Player<'w> {
    world: &'w World,
    state: State,
    asked: Option<EffectKey>,
    said: Vec<Message>,
}

impl Player<'_> {
    fn step(&mut self, name: &'static str, taps: Option<&'static str>, what: String) -> Step {
        let first = match (taps, self.asked) {
            (Some(party), question) => Event::Tapped {
                actor: self.world.actor(party),
                question: question.expect("something is asked"),
                choice: what,
                with: BTreeMap::new(),
            },
            (None, None) => {
                let fields = BTreeMap::from([("claim".to_owned(), claim())]);
                Event::Started { fields, words: Some(what) }
            }
            (None, question) => Event::Said { party: "worker".into(), words: what, question },
        };
        let mut step = Step { name, before: self.state.clone(), events: Vec::new() };
        let mut next = Some(first);
        while let Some(event) = next.take() {
            next = self.apply(&event);
            step.events.push(event);
        }
        self.shown();
        step
    }

    /// One turn; answers what a look-up brings.
    fn apply(&mut self, event: &Event) -> Option<Event> {
        let number = self.state.turn;
        let taken = self.world.turn(&self.state, event);
        self.state = taken.state;
        let mut answer = None;
        for (index, effect) in (0..).zip(taken.effects) {
            let key = EffectKey { turn: number, index };
            match effect {
                Effect::Call { .. } => {
                    let result = CallResult::Done(status());
                    answer = Some(Event::Returned { call: key, result });
                }
                Effect::Send(message) => {
                    self.asked = message.question.or(self.asked);
                    self.said.push(message);
                }
                _ => {}
            }
        }
        answer
    }

    /// What was asked stands before somebody's eyes.
    fn shown(&mut self) {
        let Some(message) = self.asked else { return };
        let event = Event::Receipt { message, receipt: Receipt::Shown };
        self.state = self.world.turn(&self.state, &event).state;
    }
}

fn claim() -> Value {
    json!({
        "number": "DEMO-1", "jurisdiction": "CA", "status": "accepted", "employer": "Demo Orchards",
        "injured_on": "2026-01-02", "body_parts": ["left shoulder"], "worker": "ana",
        "worker_name": "Ana Demo", "worker_born": "1985-05-05", "adjuster": "dana",
        "supervisor": "sam", "medications": [],
    })
}

fn status() -> Value {
    json!({
        "state": "accepted", "since": "2026-01-05", "body_parts": ["left shoulder"],
        "letter_sent": false, "adjuster_name": "Dana Demo", "adjuster_phone": "555-0100",
    })
}

/// All events of a message, one after the other.
fn take(world: &World, before: &State, events: &[Event]) -> State {
    let (first, rest) = events.split_first().expect("every message is an event");
    let taken = world.turn(before, first).state;
    rest.iter().fold(taken, |state, event| world.turn(&state, event).state)
}

fn turns(criterion: &mut Criterion) {
    let world = World::new();
    let (steps, _) = play(&world);
    let mut group = criterion.benchmark_group("turn");
    for step in &steps {
        group.bench_with_input(BenchmarkId::from_parameter(step.name), step, |bencher, step| {
            bencher.iter(|| take(&world, black_box(&step.before), black_box(&step.events)));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("state through JSON");
    for step in steps.iter().skip(1).step_by(4) {
        group.bench_with_input(BenchmarkId::from_parameter(step.name), step, |bencher, step| {
            bencher.iter(|| {
                let text = serde_json::to_string(black_box(&step.before)).expect("plain data");
                serde_json::from_str::<State>(&text).expect("it was written just now")
            });
        });
    }
    group.finish();
}

fn messages(criterion: &mut Criterion) {
    let (_, said) = play(&World::new());
    let card = said.iter().max_by_key(|it| it.buttons.len()).expect("something was said");
    let way = Way {
        level: 3,
        role: "injured_worker".into(),
        scope: None,
        identity: Identity::Verified,
        opted_out: false,
        consents: None,
        waking: Some((8 * 60, 21 * 60)),
        zone: ZONE.into(),
    };
    let mut group = criterion.benchmark_group("message");
    group.bench_function("screen", |bencher| {
        bencher.iter(|| screen(black_box(card), &way, Some("care_updates"), NOW));
    });
    group.bench_function("render", |bencher| {
        bencher.iter(|| render_form(black_box(card), Form::Full, "en", ZONE, None));
    });
    group.finish();
}

criterion_group!(benches, turns, messages);
criterion_main!(benches);
