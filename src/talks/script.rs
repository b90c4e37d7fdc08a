//! A talk as written: YAML in, steps out, each with its line.

use std::collections::BTreeMap;

use mendline_engine::load::Source;
use mendline_engine::time::Duration;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

/// A talk.
#[derive(Clone, Debug)]
pub struct Talk {
    /// The file.
    pub file: String,
    /// `talk:`, its claim as a sentence.
    pub name: String,
    /// The flow it tests.
    pub flow: String,
    /// When it begins, and in which zone its clock is read.
    pub clock: ClockYaml,
    /// Who plays: party to person of the demo's claims. Default `worker: ana`.
    pub people: BTreeMap<String, String>,
    /// The payer whose claims they are.
    pub payer: String,
    /// Languages that differ from what the claim system says: party to tag.
    pub languages: BTreeMap<String, String>,
    /// Channels that differ from the usual (web for workers, desk for staff): party to names, the
    /// one that it uses first.
    pub channels: BTreeMap<String, Vec<String>>,
    /// Action to its answer.
    pub stubs: BTreeMap<String, Stub>,
    /// The steps.
    pub steps: Vec<Step>,
    /// What must hold at the end.
    pub expect: Expect,
}

/// `clock:`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockYaml {
    /// `2026-07-02 16:30`, in `zone`.
    pub start: String,
    /// An IANA zone.
    pub zone: String,
    /// The office calendar that `advance: 30 business minutes` counts in; default the adjuster's.
    #[serde(default)]
    pub office: Option<String>,
}

/// How a stubbed action answers, call after call; the last one repeats.
#[derive(Clone, Debug)]
pub enum Stub {
    /// This, every time.
    Gives(Value),
    /// These, in order.
    InTurn(Vec<Value>),
    /// What the plugin itself answers, over a store of the talk's own.
    Real,
}

/// A step and where it stands.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its line, from 1.
    pub line: u64,
    /// What happens.
    pub act: Act,
}

/// What happens in a step.
#[derive(Clone, Debug)]
pub enum Act {
    /// A party writes.
    Writes { party: String, words: String },
    /// An outside system starts the flow for the worker, with these fields.
    Starts(BTreeMap<String, Value>),
    /// A party taps a choice of the last question it saw (`card: 1` is the one before), or of
    /// the last one that another party saw (`on: adjuster`).
    Taps {
        party: String,
        choice: String,
        with: BTreeMap<String, Value>,
        twice: bool,
        card: usize,
        on: Option<String>,
        answer: Option<String>,
    },
    /// A party uses a built-in button.
    Repairs { party: String, what: String },
    /// A party has received these words since its last look.
    Sees { party: String, words: Vec<String>, choices: Option<Vec<String>> },
    /// A party has not.
    SeesNot { party: String, words: Vec<String> },
    /// A party has received nothing.
    SeesNothing { party: String },
    /// A party goes on on another of its channels.
    GoesTo { party: String, channel: String },
    /// A party reads nothing, on its page or its phone, or does again.
    Away { party: String, away: bool },
    /// The clock moves, and what comes due happens.
    Advance(Duration),
    /// The clock moves to this wall time, and what comes due happens.
    Until(String),
    /// The house is down for so long.
    Down(Duration),
    /// The house is killed and opened again.
    Crash,
    /// A desk person (or another) does something with the newest open handoff.
    Desk { person: String, what: String, value: Value, answer: Option<String> },
    /// Something outside happens to the conversation.
    Happens { name: String, data: Value },
    /// The conversation has these fields.
    Fields(BTreeMap<String, Value>),
}

/// `expect:`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The outcome; absent means it need not have ended.
    pub outcome: Option<String>,
    /// Whether every visible message arrived exactly once. Always checked; kept for readers.
    pub sent_exactly_once: Option<bool>,
    /// Label to channels that must not have carried any value with it.
    pub no_label: BTreeMap<String, Vec<String>>,
    /// How often an action was called.
    pub called: BTreeMap<String, usize>,
    /// A desk that holds an open handoff.
    pub handoff: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    talk: String,
    flow: String,
    clock: ClockYaml,
    #[serde(default)]
    people: BTreeMap<String, String>,
    #[serde(default)]
    payer: Option<String>,
    #[serde(default)]
    languages: BTreeMap<String, String>,
    #[serde(default)]
    channels: BTreeMap<String, Value>,
    #[serde(default)]
    stubs: BTreeMap<String, Value>,
    steps: Vec<Spanned<BTreeMap<String, Value>>>,
    #[serde(default)]
    expect: Expect,
}

/// The payer of the demo's first claims.
const PAYER: &str = "northwind-mutual-demo";

/// Reads a talk.
pub fn read(source: &Source) -> Result<Talk, String> {
    let at = |line: u64, why: String| format!("{}:{line}: {why}", source.file);
    let written: Written = serde_saphyr::from_str(&source.text)
        .map_err(|error| format!("{}: {error}", source.file))?;
    let mut steps = Vec::new();
    for step in written.steps {
        let line = step.referenced.line();
        let act = read_step(step.value).map_err(|why| at(line, why))?;
        steps.push(Step { line, act });
    }
    let mut people = written.people;
    people.entry("worker".into()).or_insert_with(|| "ana".into());
    let mut channels = BTreeMap::new();
    for (party, names) in written.channels {
        let names = texts(names).map_err(|why| format!("{}: channels: {why}", source.file))?;
        channels.insert(party, names);
    }
    let stubs = written.stubs.into_iter().map(|(action, value)| (action, stub(value)));
    Ok(Talk {
        file: source.file.clone(),
        name: written.talk,
        flow: written.flow,
        clock: written.clock,
        people,
        payer: written.payer.unwrap_or_else(|| PAYER.into()),
        languages: written.languages,
        channels,
        stubs: stubs.collect(),
        steps,
        expect: written.expect,
    })
}

fn stub(value: Value) -> Stub {
    match value {
        Value::String(word) if word == "real" => Stub::Real,
        Value::Object(mut map) if map.len() == 1 && map.contains_key("in_turn") => {
            match map.remove("in_turn") {
                Some(Value::Array(answers)) => Stub::InTurn(answers),
                other => Stub::Gives(other.unwrap_or_default()),
            }
        }
        value => Stub::Gives(value),
    }
}

/// The key that says what the step does; the others are its details.
fn read_step(mut map: BTreeMap<String, Value>) -> Result<Act, String> {
    for (key, what) in [("advance", true), ("down_for", false)] {
        if let Some(value) = map.remove(key) {
            let duration = value.as_str().unwrap_or_default().parse::<Duration>();
            let duration = duration.map_err(|error| format!("{key}: {error}"))?;
            none_left(&map)?;
            return Ok(if what { Act::Advance(duration) } else { Act::Down(duration) });
        }
    }
    if map.remove("crash_and_restart").is_some() {
        none_left(&map)?;
        return Ok(Act::Crash);
    }
    if let Some(value) = map.remove("until") {
        none_left(&map)?;
        return Ok(Act::Until(text(value)?));
    }
    for key in ["fields", "starts"] {
        let Some(value) = map.remove(key) else { continue };
        let Value::Object(fields) = value else { return Err(format!("{key} is a map")) };
        let fields = fields.into_iter().collect();
        none_left(&map)?;
        return Ok(if key == "fields" { Act::Fields(fields) } else { Act::Starts(fields) });
    }
    if let Some(value) = map.remove("happens") {
        let data = map.remove("data").unwrap_or_default();
        return Ok(Act::Happens { name: text(value)?, data });
    }
    if let Some(act) = desk_step(&mut map)? {
        none_left(&map)?;
        return Ok(act);
    }
    let act = party_step(&mut map)?;
    none_left(&map)?;
    Ok(act)
}

fn desk_step(map: &mut BTreeMap<String, Value>) -> Result<Option<Act>, String> {
    const VERBS: &[&str] = &["takes", "replies", "notes", "corrects", "gives_back"];
    let found = map.keys().find_map(|key| {
        let (person, verb) = key.split_once('_')?;
        (VERBS.contains(&verb)).then(|| (key.clone(), person.to_owned(), verb.to_owned()))
    });
    let Some((key, person, what)) = found else { return Ok(None) };
    let value = map.remove(&key).unwrap_or_default();
    let answer = map.remove("answer").map(text).transpose()?;
    Ok(Some(Act::Desk { person, what, value, answer }))
}

fn party_step(map: &mut BTreeMap<String, Value>) -> Result<Act, String> {
    const ENDINGS: &[&str] = &[
        "_sees_nothing",
        "_sees_not",
        "_sees",
        "_taps",
        "_asks_for",
        "_goes_away",
        "_goes_to",
        "_comes_back",
    ];
    let found = ENDINGS.iter().find_map(|ending| {
        let key = map.keys().find(|key| key.ends_with(ending))?.clone();
        let party = key.strip_suffix(ending)?.to_owned();
        Some((key, party, *ending))
    });
    let Some((key, party, ending)) = found else {
        let Some((party, words)) = map.pop_first() else { return Err("an empty step".into()) };
        return Ok(Act::Writes { party, words: text(words)? });
    };
    let value = map.remove(&key).unwrap_or_default();
    Ok(match ending {
        "_sees_nothing" => Act::SeesNothing { party },
        "_sees_not" => Act::SeesNot { party, words: texts(value)? },
        "_sees" => {
            let choices = map.remove("choices").map(texts).transpose()?;
            Act::Sees { party, words: texts(value)?, choices }
        }
        "_asks_for" => Act::Repairs { party, what: text(value)? },
        "_goes_to" => Act::GoesTo { party, channel: text(value)? },
        "_goes_away" => Act::Away { party, away: true },
        "_comes_back" => Act::Away { party, away: false },
        _ => {
            let with = match map.remove("with") {
                Some(Value::Object(with)) => with.into_iter().collect(),
                Some(_) => return Err("with is a map".into()),
                None => BTreeMap::new(),
            };
            let twice = map.remove("twice").is_some_and(|it| it == Value::Bool(true));
            let card = map.remove("card").and_then(|it| it.as_u64()).unwrap_or(0);
            let card = usize::try_from(card).map_err(|_| "card is a small number")?;
            let answer = map.remove("answer").map(text).transpose()?;
            let on = map.remove("on").map(text).transpose()?;
            Act::Taps { party, choice: text(value)?, with, twice, card, on, answer }
        }
    })
}

fn none_left(map: &BTreeMap<String, Value>) -> Result<(), String> {
    match map.keys().next() {
        Some(key) => Err(format!("'{key}' says nothing here")),
        None => Ok(()),
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(it) => Ok(it.to_string()),
        other => Err(format!("expected words, not {other}")),
    }
}

fn texts(value: Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(items) => items.into_iter().map(text).collect(),
        one => text(one).map(|it| vec![it]),
    }
}
