//! A decision card as a page: its words, its facts, the rule behind its clock, its choices, and
//! what the worker will read for each. Pure; shows only what the card froze.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use mendline_engine::message::{Button, Card, Message, MessageKind, OpenNeed, Preview};
use mendline_engine::render::render;
use mendline_engine::rules::RuleRow;
use mendline_engine::text::{Part, Path, Typed};
use mendline_engine::time::Timestamp;
use mendline_engine::types::Type;
use serde_json::{Map, Value, json};

use super::words;
use crate::store::QuestionRow;

/// Fewest and most days that a number on a card may name; a year is the longest approval that
/// any pack knows (domain facts 2.1).
const NUMBER_RANGE: (i64, i64) = (0, 365);
/// Longest free text on a card, in characters (domain facts 2.1: free_text<=500).
const TEXT_CHARS_MAX: usize = 500;
/// What stands for a value that is not known before the decision is taken.
const OPEN_VALUE: &str = "…";
/// Before the name of a need in a form.
pub const NEED: &str = "need.";

/// Who looks, and who will read.
#[derive(Clone, Copy, Debug)]
pub struct Readers<'a> {
    /// The zone of the member of staff.
    pub zone: &'a str,
    /// The worker's language.
    pub worker_language: &'a str,
    /// The worker's zone.
    pub worker_zone: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// What was typed into a card's form, and what was wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Typing {
    /// The choice it was for.
    pub choice: String,
    /// Field to text.
    pub given: BTreeMap<String, String>,
    /// Need to what is wrong, as a code.
    pub wrong: BTreeMap<String, String>,
}

/// A card page.
#[derive(Clone, Debug)]
pub struct View {
    /// The drug, or what it is about.
    pub title: String,
    /// What the bot asked.
    pub words: String,
    /// Facts: name and value.
    pub facts: Vec<(String, String)>,
    /// The rule behind the due moment.
    pub rule: Option<RuleView>,
    /// What the clock says.
    pub clock: Vec<String>,
    /// What one may choose.
    pub choices: Vec<ChoiceView>,
}

/// A rule, for staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleView {
    /// `3 working days (TX)`.
    pub text: String,
    /// The section of the law.
    pub citation: String,
    /// How sure we are.
    pub confidence: &'static str,
    /// Whether it was read in the law.
    pub verified: bool,
    /// Where it was read.
    pub source: Option<String>,
    /// What staff should know beside it.
    pub note: Option<String>,
}

/// A choice.
#[derive(Clone, Debug)]
pub struct ChoiceView {
    /// Its key.
    pub key: String,
    /// Its label.
    pub label: String,
    /// Whether it is the first one.
    pub primary: bool,
    /// Whether its form is open.
    pub open: bool,
    /// What must be given with it.
    pub needs: Vec<NeedView>,
    /// What it does beside the obvious.
    pub hint: Option<&'static str>,
    /// What the worker will read.
    pub previews: Vec<PreviewView>,
}

/// Something to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedView {
    /// The form field's name.
    pub name: String,
    /// Its label.
    pub label: String,
    /// `number`, `date`, `text`, `select`.
    pub kind: &'static str,
    /// For a select: value, label, whether chosen.
    pub options: Vec<(String, String, bool)>,
    /// What stands in it.
    pub value: String,
    /// For a number: the most that it may be.
    pub most: i64,
    /// What is wrong with it.
    pub wrong: Option<&'static str>,
    /// Whether it is a coded reason, whose preview follows the choice.
    pub reason: bool,
}

/// What the worker will read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewView {
    /// The reason it is for; empty where it follows no reason.
    pub reason: String,
    /// Whether it is shown now.
    pub shown: bool,
    /// The language tag.
    pub lang: String,
    /// The language's name.
    pub language: String,
    /// The words.
    pub text: String,
    /// The same in the desk's language, where hers is another.
    pub english: Option<String>,
}

/// The page of a card.
pub fn view(row: &QuestionRow, typing: &Typing, readers: Readers<'_>) -> View {
    let message = &row.message;
    let words = render(message, false, words::DESK_LANGUAGE, readers.zone, None).text;
    let Some(card) = &message.card else {
        let title = "A question".into();
        return View { title, words, facts: vec![], rule: None, clock: vec![], choices: vec![] };
    };
    let rule = card.rule.as_ref().and_then(RuleRow::from_value);
    let choices = message.buttons.iter().enumerate();
    View {
        title: drug(card).unwrap_or_else(|| "A decision".into()),
        words,
        facts: facts(card),
        clock: clock(card, row.due, readers),
        choices: choices
            .map(|(at, button)| choice(card, button, at == 0, rule.as_ref(), typing, readers))
            .collect(),
        rule: rule.map(rule_view),
    }
}

/// The medicine that a card is about.
pub fn drug(card: &Card) -> Option<String> {
    record(card, "medication").map(|(_, value)| words::value(value))
}

/// The claim number that a card is about.
pub fn claim(card: &Card) -> Option<String> {
    record(card, "claim")?.1["number"].as_str().map(str::to_owned)
}

fn record<'a>(card: &'a Card, name: &str) -> Option<(&'a String, &'a Value)> {
    let is = |ty: &Type| matches!(ty, Type::Record(it) if it == name);
    card.facts.iter().find(|(_, it)| is(&it.ty)).map(|(field, it)| (field, &it.value))
}

/// What a decider looks at first, in that order: record, member, label.
const FACTS: &[(&str, &str, &str)] = &[
    ("medication", "", "Medicine"),
    ("medication", "form", "Form"),
    ("pbm.coverage", "quantity", "Quantity"),
    ("pbm.coverage", "days_supply", "Days"),
    ("pbm.coverage", "price", "Cost"),
    ("pbm.coverage", "reason", "Stopped because"),
    ("pbm.coverage", "reject_code", "Reject code"),
    ("pbm.coverage", "mme", "Opioid load (MME a day)"),
    ("pbm.coverage", "history", "Recent fills"),
    ("medication", "rx_number", "Prescription"),
    ("claim", "number", "Claim"),
    ("claim", "status", "Claim status"),
    ("claim", "body_parts", "Accepted injury"),
    ("claim", "injured_on", "Injured on"),
    ("claim", "jurisdiction", "Jurisdiction"),
];

fn facts(card: &Card) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for (name, member, label) in FACTS {
        let Some((_, value)) = record(card, name) else { continue };
        let value = if member.is_empty() { value } else { &value[*member] };
        if value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        let shown = match (*member, value.as_str()) {
            ("reject_code", Some(code)) => match words::reject_code(code) {
                Some(meaning) => format!("{code}: {meaning}"),
                None => code.to_owned(),
            },
            ("status", Some(status)) => words::titled(status),
            ("price", Some(amount)) => words::money(amount),
            _ => words::value(value),
        };
        rows.push(((*label).to_owned(), shown));
    }
    for (field, fact) in &card.facts {
        let listed = matches!(&fact.ty, Type::Record(it) if FACTS.iter().any(|row| row.0 == it));
        if !listed && !fact.value.is_null() && !fact.value.is_object() {
            let shown = match &fact.ty {
                Type::Choice(_) => fact.value.as_str().map_or_else(String::new, words::titled),
                _ => words::value(&fact.value),
            };
            rows.push((words::titled(field), shown));
        }
    }
    rows
}

fn clock(card: &Card, due: Option<Timestamp>, readers: Readers<'_>) -> Vec<String> {
    let Readers { now, zone, .. } = readers;
    let opened = card.opened;
    let mut lines = vec![format!(
        "Asked {}, {} ago.",
        words::moment(opened, now, zone),
        words::since(opened, now)
    )];
    if let Some(due) = due.or(card.due) {
        let moment = words::moment(due, now, zone);
        lines.push(if due < now {
            format!("Was due {moment}.")
        } else {
            format!("Due {moment}, in {} ({}).", words::ahead(now, due), whose_limit(card))
        });
    }
    if card.round > 0 {
        lines.push(format!(
            "Asked again: this is round {}. The first asking counts.",
            card.round + 1
        ));
    }
    lines
}

/// Whose limit the due moment is: a rule that is not verified sets none.
fn whose_limit(card: &Card) -> &'static str {
    let rule = card.rule.as_ref().and_then(RuleRow::from_value);
    if rule.is_some_and(|it| it.acts()) { "the legal limit" } else { "our own limit" }
}

fn rule_view(row: RuleRow) -> RuleView {
    RuleView {
        text: words::rule(&row),
        confidence: words::confidence(row.confidence),
        verified: row.acts(),
        citation: row.citation,
        source: row.source_url.filter(|it| it.starts_with("https://")),
        note: row.note,
    }
}

fn choice(
    card: &Card,
    button: &Button,
    primary: bool,
    rule: Option<&RuleRow>,
    typing: &Typing,
    readers: Readers<'_>,
) -> ChoiceView {
    let open = typing.choice == button.key;
    let nothing = Typing::default();
    let typing = if open { typing } else { &nothing };
    let asks = button.needs.iter().any(|it| it.need.name == "question");
    ChoiceView {
        key: button.key.clone(),
        label: words::pick(&button.label, words::DESK_LANGUAGE).to_owned(),
        primary,
        open,
        needs: button.needs.iter().map(|it| need_view(it, typing)).collect(),
        hint: asks.then(|| words::asking_and_the_clock(rule)),
        previews: previews(card, button, typing, readers),
    }
}

fn need_view(open: &OpenNeed, typing: &Typing) -> NeedView {
    let name = &open.need.name;
    let value = typing.given.get(&format!("{NEED}{name}")).cloned().unwrap_or_default();
    let (kind, options): (_, Vec<(String, String)>) = match &open.need.ty {
        Type::Reason => (
            "select",
            open.reasons
                .iter()
                .map(|it| (it.code.clone(), words::pick(&it.label, words::DESK_LANGUAGE).into()))
                .collect(),
        ),
        Type::Choice(keys) => {
            ("select", keys.iter().map(|it| (it.clone(), words::titled(it))).collect())
        }
        Type::Boolean => ("select", [("true", "Yes"), ("false", "No")].map(own).to_vec()),
        Type::Integer | Type::Number => ("number", Vec::new()),
        Type::Date => ("date", Vec::new()),
        _ => ("text", Vec::new()),
    };
    let options = options.into_iter().map(|(key, label)| {
        let chosen = key == value;
        (key, label, chosen)
    });
    NeedView {
        name: format!("{NEED}{name}"),
        label: need_label(name),
        kind,
        options: options.collect(),
        wrong: typing.wrong.get(name).map(|it| words::wrong(it)),
        reason: open.need.ty == Type::Reason,
        most: open.below.map_or(NUMBER_RANGE.1, |it| it - 1),
        value,
    }
}

fn own((key, label): (&str, &str)) -> (String, String) {
    (key.to_owned(), label.to_owned())
}

fn need_label(name: &str) -> String {
    match name {
        "question" => "What do you need to know?".into(),
        "whom" | "from_whom" => "From whom?".into(),
        "reason" => "Why".into(),
        "max_days" | "most_days" | "days_each" => "Most days a fill".into(),
        other => words::titled(other),
    }
}

fn previews(
    card: &Card,
    button: &Button,
    typing: &Typing,
    readers: Readers<'_>,
) -> Vec<PreviewView> {
    let Some(preview) = card.preview.get(&button.key) else { return Vec::new() };
    let (mut with, _) = read(&button.needs, &typing.given);
    let reasons = button.needs.iter().find(|it| it.need.ty == Type::Reason);
    let one = |reason: &str, shown: bool, with: &BTreeMap<String, Value>| {
        let message = preview_message(card, &button.needs, preview, with);
        let hers = render(&message, false, readers.worker_language, readers.worker_zone, None);
        let english = (hers.language != words::DESK_LANGUAGE)
            .then(|| render(&message, false, words::DESK_LANGUAGE, readers.worker_zone, None).text);
        PreviewView {
            reason: reason.to_owned(),
            shown,
            language: words::language_name(&hers.language),
            lang: hers.language,
            text: hers.text,
            english,
        }
    };
    let Some(open) = reasons else { return vec![one("", true, &with)] };
    let chosen = typing.given.get(&format!("{NEED}{}", open.need.name)).cloned();
    let mut all = Vec::new();
    for reason in &open.reasons {
        with.insert(open.need.name.clone(), Value::String(reason.code.clone()));
        all.push(one(&reason.code, chosen.as_ref() == Some(&reason.code), &with));
    }
    all
}

/// The message that a choice leads to, with the values of its needs filled in and a dash for
/// what only the decision will bring.
fn preview_message(
    card: &Card,
    needs: &[OpenNeed],
    preview: &Preview,
    with: &BTreeMap<String, Value>,
) -> Message {
    let mut values = preview.values.clone();
    for open in needs {
        let Some(given) = with.get(&open.need.name) else { continue };
        let reason = open.reasons.iter().find(|it| given == &Value::String(it.code.clone()));
        let value = reason.map_or_else(|| given.clone(), |it| it.value());
        let path = Path(format!("{}.{}", card.decision, open.need.name));
        values.insert(path, Typed { value, ty: open.need.ty.clone() });
    }
    for template in preview.wording.words.values() {
        for part in &template.parts {
            if let Part::Value(slot) = part {
                let open = || Typed { value: json!(OPEN_VALUE), ty: Type::Text };
                values.entry(slot.path.clone()).or_insert_with(open);
            }
        }
    }
    Message {
        party: "worker".into(),
        kind: MessageKind::Proactive,
        wording: preview.wording.clone(),
        values,
        buttons: Vec::new(),
        question: None,
        card: None,
        notice: None,
    }
}

/// Reads what was typed for a choice's needs: values that can be read, and what is wrong with
/// the others. The turn looks again; this only spares people a round trip.
pub fn read(
    needs: &[OpenNeed],
    given: &BTreeMap<String, String>,
) -> (BTreeMap<String, Value>, BTreeMap<String, String>) {
    let (mut with, mut wrong) = (BTreeMap::new(), BTreeMap::new());
    for open in needs {
        let name = &open.need.name;
        let typed = given.get(&format!("{NEED}{name}")).map_or("", |it| it.trim());
        match read_one(open, typed) {
            Ok(value) => drop(with.insert(name.clone(), value)),
            Err(code) => drop(wrong.insert(name.clone(), code.to_owned())),
        }
    }
    (with, wrong)
}

fn read_one(open: &OpenNeed, typed: &str) -> Result<Value, &'static str> {
    if typed.is_empty() {
        return Err("missing");
    }
    let (least, most) = NUMBER_RANGE;
    match &open.need.ty {
        Type::Integer => match typed.parse::<i64>() {
            Ok(it) if !(least..=most).contains(&it) => Err("out_of_range"),
            Ok(it) if open.below.is_some_and(|most| it >= most) => Err("not_fewer"),
            Ok(it) => Ok(json!(it)),
            Err(_) => Err("out_of_range"),
        },
        Type::Number => match typed.parse::<f64>() {
            Ok(it) if it.is_finite() => Ok(json!(it)),
            _ => Err("out_of_range"),
        },
        Type::Date => match NaiveDate::parse_from_str(typed, "%Y-%m-%d") {
            Ok(it) => Ok(json!(it.to_string())),
            Err(_) => Err("not_a_date"),
        },
        Type::Boolean => match typed {
            "true" | "yes" => Ok(json!(true)),
            "false" | "no" => Ok(json!(false)),
            _ => Err("missing"),
        },
        Type::Reason => {
            let found = open.reasons.iter().find(|it| it.code.eq_ignore_ascii_case(typed));
            found.map(|it| json!(it.code)).ok_or("unknown_reason")
        }
        Type::Choice(keys) => {
            let found = keys.iter().find(|it| it.eq_ignore_ascii_case(typed));
            found.map(|it| json!(it)).ok_or("unknown_reason")
        }
        _ if typed.chars().count() > TEXT_CHARS_MAX => Err("out_of_range"),
        _ => Ok(json!(typed)),
    }
}

/// The label of a choice's key on this card.
pub fn label(message: &Message, key: &str) -> String {
    let found = message.buttons.iter().find(|it| it.key == key);
    found.map_or_else(
        || words::titled(key),
        |it| words::pick(&it.label, words::DESK_LANGUAGE).to_owned(),
    )
}

/// The facts of a card that changed in another: for "here is the new card".
pub fn changed(old: &Card, new: &Card) -> Vec<String> {
    let old: Map<String, Value> = facts(old).into_iter().map(|(k, v)| (k, json!(v))).collect();
    let rows = facts(new).into_iter();
    rows.filter(|(name, value)| old.get(name).and_then(Value::as_str) != Some(value.as_str()))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}
