//! The desk by commands: parsed and answered in one place, so that a chat of staff and the desk
//! page mean the same by `/approve 2`. Pure.
//!
//! A number stands for what was last *shown* under it, never for what has moved there since.
//! A word alone decides nothing (rule 4): a bare "approve" lists what is open. What a command means
//! is told apart from how it is worded: the page words it whole, a chat as it may
//! ([`super::discreet`]).

use std::collections::BTreeMap;

use mendline_engine::event::DeskAction;
use mendline_engine::message::{Button, OpenNeed};
use mendline_engine::time::Timestamp;
use mendline_engine::types::Type;

use super::queue::{Item, Row, Waiting};
use super::{card, handoff, words};
use crate::channels::Incoming;
use crate::store::{HandoffRow, QuestionRow};

/// A command, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Show the queue, and number it anew.
    Queue,
    /// Show one thing.
    Show(usize),
    /// Say what one can write.
    Help,
    /// Take a choice of a card.
    Choose {
        /// The number.
        number: usize,
        /// Which command it was: `approve`, `deny`, `period`, `info`, or a choice's own key.
        verb: String,
        /// What came with it.
        words: String,
    },
    /// Do something with a handoff.
    Hand {
        /// The number.
        number: usize,
        /// `take`, `reply`, `note`, `giveback`.
        verb: String,
        /// What came with it.
        words: String,
    },
    /// A verb without a number.
    Bare(String),
}

/// What a command leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// An answer to show; nothing was done.
    Say(String),
    /// Something to hand to the house, and how to speak of it.
    Send {
        /// What.
        incoming: Incoming,
        /// `You chose “Approve”`.
        did: String,
    },
}

/// The same, before it is worded.
#[derive(Clone, Debug)]
pub enum Means<'a> {
    /// An answer; nothing is done.
    Say(Said<'a>),
    /// Something to hand to the house, and how to speak of it.
    Send {
        /// What.
        incoming: Incoming,
        /// `You chose “Approve”`.
        did: String,
    },
}

/// What a command is answered that does nothing.
#[derive(Clone, Debug)]
pub enum Said<'a> {
    /// What waits.
    Queue,
    /// What one can write.
    Help,
    /// What this verb could mean.
    Which(&'a str),
    /// One thing, with its facts.
    Shown(&'a Item),
    /// Nothing was shown under this number.
    NoNumber(usize),
    /// What was shown under it is not open any more.
    Over(usize),
    /// It is a handoff, and the verb is a card's.
    IsHandoff(usize),
    /// It is a card, and the verb is a handoff's.
    IsCard(usize),
    /// The card has other choices.
    NoSuchChoice(&'a [Button]),
    /// Something is missing or wrong.
    Wanted {
        /// The choice.
        button: &'a Button,
        /// The number.
        number: usize,
        /// Name to what is wrong, as a code.
        wrong: BTreeMap<String, String>,
    },
    /// More words than are taken.
    TooLong,
    /// The verb needs words.
    SayWhat(&'a str),
    /// Nobody is there to write to.
    Nobody,
    /// It cannot be given back like this.
    NotBack {
        /// Why.
        why: &'static str,
        /// What.
        row: &'a HandoffRow,
    },
}

const HAND_VERBS: &[&str] = &["take", "reply", "note", "giveback"];
const CHOICE_VERBS: &[&str] = &["approve", "deny", "period", "info"];
/// Verbs that show one thing; chat apps call it a card.
const SHOW_VERBS: &[&str] = &["show", "card"];

/// Reads a line. What is no command is answered like [`Command::Help`] by the caller.
pub fn parse(line: &str) -> Option<Command> {
    let line = line.trim();
    let (verb, rest) = split(line.strip_prefix('/').unwrap_or(line));
    let verb = verb.to_lowercase();
    let is_command = line.starts_with('/');
    match verb.as_str() {
        "queue" if rest.is_empty() => return Some(Command::Queue),
        "help" if rest.is_empty() => return Some(Command::Help),
        _ => {}
    }
    let (first, words) = split(rest);
    let known = SHOW_VERBS.contains(&verb.as_str())
        || HAND_VERBS.contains(&verb.as_str())
        || CHOICE_VERBS.contains(&verb.as_str());
    let Ok(number) = first.trim_start_matches('#').parse::<usize>() else {
        return known.then_some(Command::Bare(verb));
    };
    if !is_command {
        return known.then_some(Command::Bare(verb));
    }
    let words = words.to_owned();
    Some(match verb.as_str() {
        it if SHOW_VERBS.contains(&it) => Command::Show(number),
        _ if HAND_VERBS.contains(&verb.as_str()) => Command::Hand { number, verb, words },
        _ => Command::Choose { number, verb, words },
    })
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(head, tail)| (head, tail.trim()))
}

/// What lies before the one who gives a command.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The tokens in the order in which they were last shown to this person.
    pub shown: &'a [String],
    /// What is open now, sorted.
    pub items: &'a [Item],
    /// The same as rows.
    pub rows: &'a [Row],
    /// The person's zone.
    pub zone: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// What a command leads to, in the words of the page.
pub fn act(command: &Command, seen: Seen<'_>) -> Act {
    match means(command, seen) {
        Means::Say(said) => Act::Say(text(&said, seen)),
        Means::Send { incoming, did } => Act::Send { incoming, did },
    }
}

/// What a command leads to.
pub fn means<'a>(command: &'a Command, seen: Seen<'a>) -> Means<'a> {
    let Seen { shown, items, .. } = seen;
    match command {
        Command::Queue => Means::Say(Said::Queue),
        Command::Help => Means::Say(Said::Help),
        Command::Bare(verb) => Means::Say(Said::Which(verb)),
        Command::Show(number) => Means::Say(match numbered(*number, shown, items) {
            Ok(item) => Said::Shown(item),
            Err(why) => why,
        }),
        Command::Choose { number, verb, words } => match numbered(*number, shown, items) {
            Ok(Item { waiting: Waiting::Card(row), .. }) => choose(row, verb, words, *number),
            Ok(_) => Means::Say(Said::IsHandoff(*number)),
            Err(why) => Means::Say(why),
        },
        Command::Hand { number, verb, words } => match numbered(*number, shown, items) {
            Ok(Item { waiting: Waiting::Handoff(row), .. }) => hand(row, verb, words),
            Ok(_) => Means::Say(Said::IsCard(*number)),
            Err(why) => Means::Say(why),
        },
    }
}

fn numbered<'a>(
    number: usize,
    shown: &'a [String],
    items: &'a [Item],
) -> Result<&'a Item, Said<'a>> {
    let token = number.checked_sub(1).and_then(|at| shown.get(at)).filter(|it| !it.is_empty());
    let Some(token) = token else { return Err(Said::NoNumber(number)) };
    items.iter().find(|it| it.token() == *token).ok_or(Said::Over(number))
}

fn choose<'a>(row: &'a QuestionRow, verb: &str, given: &str, number: usize) -> Means<'a> {
    let Some(button) = button_for(&row.message.buttons, verb, given) else {
        return Means::Say(Said::NoSuchChoice(&row.message.buttons));
    };
    let form = assign(&button.needs, given);
    let (with, wrong) = card::read(&button.needs, &form);
    if !wrong.is_empty() {
        return Means::Say(Said::Wanted { button, number, wrong });
    }
    let label = words::pick(&button.label, words::DESK_LANGUAGE);
    Means::Send {
        incoming: Incoming::Tap {
            question: row.question.clone(),
            choice: button.key.clone(),
            with,
        },
        did: format!("You chose “{label}”"),
    }
}

/// The choice that a verb means on this card: its own key, or the one that asks for what the
/// verb gives.
fn button_for<'a>(buttons: &'a [Button], verb: &str, given: &str) -> Option<&'a Button> {
    let needs = |it: &Button, name: &str| it.needs.iter().any(|need| need.need.name == name);
    let dates = |it: &Button| it.needs.iter().any(|need| need.need.ty == Type::Date);
    let found = match verb {
        "approve" if !given.is_empty() => buttons.iter().find(|it| needs(it, "days") && !dates(it)),
        "period" => buttons.iter().find(|it| dates(it)),
        "info" => buttons.iter().find(|it| needs(it, "question")),
        _ => None,
    };
    found.or_else(|| buttons.iter().find(|it| it.key == verb))
}

/// Hands the words of a command to the needs, by kind: dates to dates, numbers to numbers, the
/// rest to the free text.
fn assign(needs: &[OpenNeed], given: &str) -> BTreeMap<String, String> {
    let mut needs: Vec<_> = needs.iter().collect();
    needs.sort_by_key(|it| rank(it));
    let mut rest = given.trim();
    let mut form = BTreeMap::new();
    for open in needs {
        let name = open.need.name.as_str();
        let (head, tail) = split(rest);
        // `days 14` and `14` are the same.
        let (head, tail) = if head == name { split(tail) } else { (head, tail) };
        let is_text = matches!(open.need.ty, Type::Text);
        let value = if is_text { rest } else { head };
        rest = if is_text { "" } else { tail };
        form.insert(format!("need.{name}"), value.to_owned());
    }
    form
}

fn rank(open: &OpenNeed) -> (u8, u8) {
    let by_type = match open.need.ty {
        Type::Date => 0,
        Type::Integer | Type::Number => 1,
        Type::Text => 9,
        _ => 2,
    };
    let by_name = match open.need.name.as_str() {
        "from" | "refills" => 0,
        "until" | "to" => 1,
        _ => 2,
    };
    (by_type, by_name)
}

fn wanted_text(button: &Button, number: usize, wrong: &BTreeMap<String, String>) -> String {
    let label = words::pick(&button.label, words::DESK_LANGUAGE);
    let mut lines = vec![format!("Nothing was decided yet. “{label}” for number {number} needs:")];
    for open in button.needs.iter().filter(|it| wrong.contains_key(&it.need.name)) {
        let what = words::wrong(&wrong[&open.need.name]);
        lines.push(format!("  {}: {what}", words::spoken(&open.need.name)));
        let reasons = open.reasons.iter();
        lines.extend(reasons.map(|it| {
            format!("    {}  {}", it.code, words::pick(&it.label, words::DESK_LANGUAGE))
        }));
    }
    lines.join("\n")
}

fn hand<'a>(row: &'a HandoffRow, verb: &'a str, given: &str) -> Means<'a> {
    let too_long = given.chars().count() > handoff::WORDS_CHARS_MAX;
    if too_long {
        return Means::Say(Said::TooLong);
    }
    let empty = given.trim().is_empty();
    let (action, did) = match verb {
        "take" => (DeskAction::Take, "You took it"),
        "reply" | "note" if empty => return Means::Say(Said::SayWhat(verb)),
        "reply" if row.open.party.is_none() => return Means::Say(Said::Nobody),
        "reply" => {
            let spanish = given.strip_prefix("es:").map(|it| ("es", it.trim()));
            let (language, words) = spanish.unwrap_or((words::DESK_LANGUAGE, given));
            let (words, language) = (words.to_owned(), language.to_owned());
            (DeskAction::Reply { words, language }, "You wrote to them")
        }
        "note" => (DeskAction::Note { words: given.into() }, "Your note is kept"),
        _ => {
            let (how, value) = split(given);
            match handoff::give_back(how, value, row) {
                Ok(back) => (DeskAction::GiveBack(back), "You gave it back"),
                Err(why) => return Means::Say(Said::NotBack { why, row }),
            }
        }
    };
    let incoming = Incoming::Desk { handoff: row.handoff.clone(), action };
    Means::Send { incoming, did: did.into() }
}

/// The ways in which a handoff may be given back.
pub fn ways_back(row: &HandoffRow) -> String {
    let mut ways = vec!["continue".to_owned()];
    if row.open.retry {
        ways.push("retry".into());
    }
    if row.open.save.is_some() {
        ways.push("value VALUE".into());
    }
    ways.extend(row.open.closed.iter().map(|it| format!("outcome:{it}")));
    ways.join(", ")
}

/// An answer in the words of the page: whole, as only the desk may show it.
pub fn text(said: &Said<'_>, seen: Seen<'_>) -> String {
    match said {
        Said::Queue => queue_text(seen.rows),
        Said::Help => help_text(),
        Said::Which(verb) => bare_text(verb, seen.rows),
        Said::Shown(item) => show_text(item, seen),
        Said::NoNumber(number) => {
            format!("There is no number {number} in your queue. Write /queue to see it.")
        }
        Said::Over(number) => {
            format!("Number {number} is not open any more. Nothing was changed. Write /queue.")
        }
        Said::IsHandoff(number) => format!("Number {number} is a handoff. Try /take {number}."),
        Said::IsCard(number) => format!("Number {number} is a card. Try /show {number}."),
        Said::NoSuchChoice(buttons) => {
            format!("This card has no such choice. It has: {}.", keys(buttons))
        }
        Said::Wanted { button, number, wrong } => wanted_text(button, *number, wrong),
        Said::TooLong => "This is too long. Please send it in shorter pieces.".into(),
        Said::SayWhat(verb) => format!("Write what you want to say: /{verb} 1 your words"),
        Said::Nobody => "Nobody is there to write to.".into(),
        Said::NotBack { why, row } => format!("{why} Ways to give it back: {}.", ways_back(row)),
    }
}

/// The keys of choices.
pub fn keys(buttons: &[Button]) -> String {
    let keys: Vec<_> = buttons.iter().map(|it| it.key.as_str()).collect();
    keys.join(", ")
}

/// The queue as text.
pub fn queue_text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "Nothing waits for you. New requests appear here by themselves.".into();
    }
    let lines = rows.iter().map(|row| {
        let due = row.due.as_deref().map_or_else(String::new, |it| format!(" {it}."));
        let note = row.note.as_deref().map_or_else(String::new, |it| format!(" {it}."));
        let about = row.about.trim_end_matches('.');
        format!("{}. {}: {about}. {}.{due}{note}", row.number, row.title, row.since)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn show_text(item: &Item, seen: Seen<'_>) -> String {
    let row = seen.rows.iter().find(|it| it.token == item.token());
    let head = row.map_or_else(String::new, |it| format!("{}. {}\n", it.title, it.since));
    match &item.waiting {
        Waiting::Card(card_row) => {
            let readers = card::Readers {
                zone: seen.zone,
                worker_language: words::DESK_LANGUAGE,
                worker_zone: seen.zone,
                now: seen.now,
            };
            let view = card::view(card_row, &card::Typing::default(), readers);
            let facts: Vec<_> =
                view.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let keys: Vec<_> =
                view.choices.iter().map(|it| format!("{} ({})", it.key, it.label)).collect();
            format!("{head}{}\n{}\nChoices: {}.", view.words, facts.join("\n"), keys.join(", "))
        }
        Waiting::Handoff(it) => {
            let next = words::pick(&it.open.next, words::DESK_LANGUAGE);
            format!(
                "{head}{}\n{next}\nWays to give it back: {}.",
                words::handoff_why(&it.open.why),
                ways_back(it)
            )
        }
    }
}

/// Whether a verb could be about the thing with this token.
pub fn could_mean(verb: &str, token: &str) -> bool {
    SHOW_VERBS.contains(&verb) || token.starts_with("c:") == CHOICE_VERBS.contains(&verb)
}

/// Whether a word by itself is the name of a choice.
pub fn is_choice(word: &str) -> bool {
    CHOICE_VERBS.contains(&word.to_lowercase().as_str())
}

fn bare_text(verb: &str, rows: &[Row]) -> String {
    let open: Vec<_> = rows.iter().filter(|it| could_mean(verb, &it.token)).collect();
    if open.is_empty() {
        return "Nothing is open for that. Nothing was changed.".into();
    }
    let mut lines = vec![format!("Which one? Nothing was changed. Write /{verb} and its number:")];
    lines.extend(
        open.iter().map(|it| format!("  /{verb} {}   {}, {}", it.number, it.title, it.about)),
    );
    lines.join("\n")
}

/// What one can write.
pub fn help_text() -> String {
    [
        "/queue                           what waits for you",
        "/show N                          one of them, with its facts",
        "/approve N                       approve what was asked",
        "/approve N days 14               approve fewer days",
        "/period N FROM UNTIL REFILLS DAYS   approve for a period (dates as 2026-12-31)",
        "/info N WHOM your question       ask before you decide",
        "/deny N CODE                     not for this claim; without a code, the reasons are listed",
        "/take N                          take a handoff",
        "/reply N your words              write to the person (es: before words in Spanish)",
        "/note N your words               a note for colleagues",
        "/giveback N retry | continue | value VALUE | outcome:NAME",
        "/help                            this",
    ]
    .join("\n")
}
