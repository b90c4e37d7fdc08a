//! A handoff as a page: who, why, what was said so far, what the bot knows, what it does next;
//! and the forms by which a person takes it, writes, corrects and gives it back. Pure.

use std::collections::BTreeMap;

use mendline_engine::core::Program;
use mendline_engine::effect::Draft;
use mendline_engine::event::{DeskAction, GiveBack};
use mendline_engine::label::{Label, Labels};
use mendline_engine::message::{Message, MessageKind};
use mendline_engine::render::render;
use mendline_engine::state::Fields;
use mendline_engine::text::{Values, Wording};
use mendline_engine::time::Timestamp;
use mendline_engine::types::Type;
use serde_json::{Value, json};

use super::words;
use crate::channels::Ahead;
use crate::store::{HandoffRow, Person};

/// Longest reply or note, in characters: a page of a letter, as the worker's own words.
pub const WORDS_CHARS_MAX: usize = 2_000;

/// A handoff page.
#[derive(Clone, Debug)]
pub struct View {
    /// Why, worded.
    pub why: &'static str,
    /// Whether somebody may be in danger.
    pub danger: bool,
    /// The flow's own words for it.
    pub says: Option<String>,
    /// Who is held, and how sure we are who it is.
    pub who: Vec<(String, String)>,
    /// Said when the desk person does not read the worker's language.
    pub language_note: Option<String>,
    /// The languages to write in: tag, name, whether it is the worker's.
    pub languages: Vec<(String, String, bool)>,
    /// Drafts and notes, oldest first: when, who, what.
    pub drafts: Vec<(String, String, String)>,
    /// What the bot has learned.
    pub fields: Vec<Field>,
    /// What the bot does next.
    pub next: String,
    /// Who holds it.
    pub holder: Option<String>,
    /// Whether the reader holds it.
    pub mine: bool,
    /// Whether a party is there to write to.
    pub can_reply: bool,
    /// Whether "try again" makes sense.
    pub retry: bool,
    /// The value that may be given back: label and kind.
    pub save: Option<Field>,
    /// The outcomes it may be ended with: key and words.
    pub outcomes: Vec<(String, String)>,
}

/// A field of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Its value, shown.
    pub value: String,
    /// `number`, `date`, `text`, `select`; empty for what cannot be typed (records).
    pub kind: &'static str,
    /// For a select: value and label.
    pub options: Vec<(String, String)>,
}

/// Who looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The person.
    pub person: &'a str,
    /// Their roles.
    pub roles: &'a [String],
    /// Their zone.
    pub zone: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// A person's words, as the turn says them, to look ahead where they would go: anything may be in
/// them, so they count as being about health.
pub fn words_ahead(party: &str) -> Message {
    let wording = Wording {
        key: "person".to_owned(),
        words: BTreeMap::new(),
        private: BTreeMap::new(),
        labels: Labels::NONE.with(Label::Health),
        private_labels: Labels::NONE,
    };
    let (party, kind) = (party.to_owned(), MessageKind::Person);
    let (values, buttons) = (Values::new(), Vec::new());
    let (question, card, notice) = (None, None, None);
    Message { party, kind, wording, values, buttons, question, card, notice }
}

/// What somebody who is about to write should know of where it goes.
pub fn where_to(it: &Ahead, held: &Person, reader: Reader<'_>) -> String {
    let name = &held.first_name;
    match it {
        Ahead::Full(channel) => {
            format!("{name} reads them, word for word, on {}.", channel_name(channel))
        }
        Ahead::Link(channel) => format!(
            "{name} is on {}, which may not carry a medicine, a claim or anything about health. There \
             comes a link, and your words are read behind it.",
            channel_name(channel)
        ),
        Ahead::Waits(until) => format!(
            "{name} must not be disturbed now: this goes out {}.",
            words::moment(*until, reader.now, reader.zone)
        ),
        Ahead::Nowhere => {
            format!("Nothing may reach {name} in writing at the moment. Call instead.")
        }
    }
}

fn channel_name(channel: &str) -> String {
    match channel {
        "web" => "the secure page".to_owned(),
        "sms" => "a phone by text message".to_owned(),
        "whatsapp" => "WhatsApp".to_owned(),
        other => words::titled(other),
    }
}

/// The page of a handoff.
pub fn view(
    row: &HandoffRow,
    held: Option<&Person>,
    program: &Program,
    fields: &Fields,
    reader: Reader<'_>,
) -> View {
    let open = &row.open;
    let says = open.says.as_ref();
    let language = held.map_or(words::DESK_LANGUAGE, |it| it.language.as_str());
    let reads = super::accounts::speaks(reader.roles, language);
    View {
        why: words::handoff_why(&open.why),
        danger: open.why == "danger",
        says: says.map(|it| render(it, false, words::DESK_LANGUAGE, reader.zone, None).text),
        who: who(row, held, program),
        language_note: held.filter(|_| !reads).map(language_note),
        languages: languages(language),
        drafts: row.drafts.iter().filter_map(|it| draft(it, held, reader)).collect(),
        fields: shown(program, fields),
        next: words::pick(&open.next, words::DESK_LANGUAGE).to_owned(),
        holder: row.holder.as_ref().map(|(_, name)| name.clone()),
        mine: row.holder.as_ref().is_some_and(|(person, _)| person == reader.person),
        can_reply: open.party.is_some(),
        retry: open.retry,
        save: open.save.as_ref().map(|(name, ty)| field(name, ty, &words::spoken(name), None)),
        outcomes: open.closed.iter().map(|it| (it.clone(), words::titled(it))).collect(),
    }
}

fn language_note(held: &Person) -> String {
    format!(
        "{} reads {}: use an interpreter, or offer a call back.",
        held.first_name,
        words::language_name(&held.language)
    )
}

fn languages(theirs: &str) -> Vec<(String, String, bool)> {
    let mut tags = vec!["en", "es"];
    if !tags.contains(&theirs) {
        tags.push(theirs);
    }
    let all = tags.into_iter();
    all.map(|it| (it.to_owned(), words::language_name(it), it == theirs)).collect()
}

fn who(row: &HandoffRow, held: Option<&Person>, program: &Program) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    match held {
        Some(held) => {
            rows.push(("Who".to_owned(), held.name.clone()));
            rows.push(("Reads".to_owned(), words::language_name(&held.language)));
        }
        None if row.open.party.is_none() => {
            rows.push(("Who".to_owned(), "Nobody is waiting in the chat for this.".to_owned()));
        }
        None => {}
    }
    let level = match program.identity {
        mendline_engine::surface::Identity::Verified => "verified: you may speak about the claim",
        _ => "not verified to the level of this claim: say nothing about it before you checked",
    };
    rows.push(("Identity".to_owned(), level.to_owned()));
    rows.push(("Matter".to_owned(), words::titled(&program.flow)));
    rows
}

fn draft(
    it: &Value,
    held: Option<&Person>,
    reader: Reader<'_>,
) -> Option<(String, String, String)> {
    let draft: Draft = serde_json::from_value(it["draft"].clone()).ok()?;
    let at = it["at"].as_i64().map(Timestamp)?;
    let name = held.map_or("They", |it| it.first_name.as_str());
    let (by, words) = match draft {
        Draft::Wrote(words) => (format!("{name} wrote"), words),
        Draft::WouldSay(message) => {
            let text = render(&message, false, words::DESK_LANGUAGE, reader.zone, None).text;
            ("The bot would have said".to_owned(), text)
        }
        Draft::Note { by, words } => (format!("Note by {by}"), words),
    };
    Some((words::moment(at, reader.now, reader.zone), by, words))
}

/// The fields that have a value, hidden ones and decisions left out.
fn shown(program: &Program, fields: &Fields) -> Vec<Field> {
    let specs = program.fields.iter().filter(|(name, _)| !name.starts_with('_'));
    specs
        .filter_map(|(name, spec)| {
            let value = fields.get(name).filter(|it| !it.is_null())?;
            let is_decision = spec.ty == Type::Record("decision".into());
            (!is_decision).then(|| field(name, &spec.ty, &spec.spoken, Some(value)))
        })
        .collect()
}

fn field(name: &str, ty: &Type, spoken: &str, value: Option<&Value>) -> Field {
    let (kind, options) = match ty {
        Type::Text | Type::Money | Type::Instant => ("text", Vec::new()),
        Type::Integer | Type::Number => ("number", Vec::new()),
        Type::Date => ("date", Vec::new()),
        Type::Boolean => ("select", vec![yes_no(true), yes_no(false)]),
        Type::Choice(keys) => {
            ("select", keys.iter().map(|it| (it.clone(), words::titled(it))).collect())
        }
        Type::Reason | Type::List(_) | Type::Record(_) => ("", Vec::new()),
    };
    Field {
        name: name.to_owned(),
        label: words::titled(spoken),
        value: value.map(words::value).unwrap_or_default(),
        kind,
        options,
    }
}

fn yes_no(it: bool) -> (String, String) {
    (it.to_string(), if it { "Yes" } else { "No" }.to_owned())
}

/// Reads a handoff form: what to do, or what is wrong with it, as a sentence.
pub fn read(
    form: &BTreeMap<String, String>,
    row: &HandoffRow,
    program: &Program,
) -> Result<DeskAction, &'static str> {
    let get = |name: &str| form.get(name).map_or("", |it| it.trim());
    Ok(match get("do") {
        "take" => DeskAction::Take,
        "reply" if row.open.party.is_none() => return Err("Nobody is there to write to."),
        "reply" => {
            DeskAction::Reply { words: said(get("words"))?, language: get("language").into() }
        }
        "note" => DeskAction::Note { words: said(get("words"))? },
        "correct" => {
            let spec = program.fields.get(get("field")).ok_or("There is no such field.")?;
            let value =
                typed(&spec.ty, get("value")).ok_or("This value does not fit the field.")?;
            DeskAction::Correct { field: get("field").into(), value }
        }
        "give_back" => DeskAction::GiveBack(give_back(get("how"), get("value"), row)?),
        _ => return Err("Please use the buttons of the page."),
    })
}

fn said(words: &str) -> Result<String, &'static str> {
    match words.chars().count() {
        0 => Err("Please write something first."),
        it if it > WORDS_CHARS_MAX => Err("This is too long. Please send it in shorter pieces."),
        _ => Ok(words.to_owned()),
    }
}

/// How it comes back, from a word and perhaps a value. Shared with the commands.
pub fn give_back(how: &str, value: &str, row: &HandoffRow) -> Result<GiveBack, &'static str> {
    match how.split_once(':').unwrap_or((how, "")) {
        ("retry", _) if row.open.retry => Ok(GiveBack::Retry),
        ("retry", _) => Err("There is nothing to try again here."),
        ("continue", _) => Ok(GiveBack::Continue),
        ("value", _) => {
            let (_, ty) = row.open.save.as_ref().ok_or("No value is wanted here.")?;
            let value = typed(ty, value).ok_or("This value does not fit.")?;
            Ok(GiveBack::Value(value))
        }
        ("outcome", outcome) if row.open.closed.iter().any(|it| it == outcome) => {
            Ok(GiveBack::Outcome(outcome.to_owned()))
        }
        _ => Err("Please choose how to give it back."),
    }
}

/// A value of a type from what was typed; `None` where it does not fit or cannot be typed.
pub fn typed(ty: &Type, text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    match ty {
        Type::Text => Some(json!(text)),
        Type::Integer => text.parse::<i64>().ok().map(|it| json!(it)),
        Type::Number => text.parse::<f64>().ok().filter(|it| it.is_finite()).map(|it| json!(it)),
        Type::Boolean => text.parse::<bool>().ok().map(|it| json!(it)),
        Type::Date => {
            let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(json!(day.to_string()))
        }
        Type::Instant => Timestamp::parse(text).map(|_| json!(text)),
        Type::Money => {
            let (amount, currency) = text.split_once(' ').unwrap_or((text, "USD"));
            let is_amount = amount.parse::<f64>().is_ok_and(|it| it.is_finite() && it >= 0.0);
            let is_currency =
                currency.len() == 3 && currency.chars().all(|it| it.is_ascii_uppercase());
            (is_amount && is_currency).then(|| json!(format!("{amount} {currency}")))
        }
        Type::Choice(keys) => keys.iter().find(|it| *it == text).map(|it| json!(it)),
        Type::Reason | Type::List(_) | Type::Record(_) => None,
    }
}
