//! The queue: what waits for one person, what is due first first. Pure.

use mendline_engine::message::Card;
use mendline_engine::rules::RuleRow;
use mendline_engine::state::Fields;
use mendline_engine::time::Timestamp;

use super::{card, words};
use crate::store::{HandoffRow, QuestionRow};

/// Minutes in which somebody who waits at a counter should have an answer (domain facts 2.1:
/// the flag shortens the ladder to 10 and 20 minutes).
const COUNTER_MS: i64 = 20 * 60_000;
/// How soon somebody who asked for a person should have one. Longer than a counter, shorter
/// than any legal day.
const HANDOFF_MS: i64 = 60 * 60_000;
/// How near a due moment must be for the first row to be red.
const SOON_MS: i64 = 2 * 60 * 60_000;

/// What a row is about, with what the store knows of the worker.
#[derive(Clone, Debug)]
pub enum Waiting {
    /// A card.
    Card(Box<QuestionRow>),
    /// A handoff.
    Handoff(Box<HandoffRow>),
}

/// Something that waits, and whose it is.
#[derive(Clone, Debug)]
pub struct Item {
    /// What.
    pub waiting: Waiting,
    /// The worker's first name.
    pub worker: String,
    /// The claim number, where one is known.
    pub claim: Option<String>,
    /// Whether the worker said that she waits at the counter.
    pub counter: bool,
}

/// Whether a conversation's fields say that the worker waits at the counter.
pub fn at_counter(fields: &Fields) -> bool {
    fields.get("at_counter").is_some_and(|it| it == "here")
}

/// A row of the queue page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, for commands.
    pub number: usize,
    /// Where it opens.
    pub href: String,
    /// The question or handoff, as `conversation/turn.index`; with `c:` or `h:` before it.
    pub token: String,
    /// `Ana, claim DEMO-CA-000123`.
    pub title: String,
    /// The drug, or why it was handed off.
    pub about: String,
    /// `Waiting at the counter, 12 min` or `Since 10:42, 12 min`.
    pub since: String,
    /// `Due Tue 17:00`.
    pub due: Option<String>,
    /// The legal rule behind the due moment, with how sure we are.
    pub rule: Option<String>,
    /// `Asked again, round 2`, or who holds it.
    pub note: Option<String>,
    /// Whether this is the one red thing on the page.
    pub urgent: bool,
}

impl Item {
    /// `c:conversation/1.2` or `h:conversation/1.2`: what a command's number stands for.
    pub fn token(&self) -> String {
        match &self.waiting {
            Waiting::Card(it) => format!("c:{}", it.question),
            Waiting::Handoff(it) => format!("h:{}", it.handoff),
        }
    }

    /// The moment it is sorted by. Somebody at a counter comes before any legal day.
    fn first_by(&self) -> Timestamp {
        match &self.waiting {
            Waiting::Card(row) => {
                let facts = row.message.card.as_ref();
                let due = row.due.or_else(|| facts.and_then(|it| it.due));
                match facts.and_then(|it| counter_since(self, it)) {
                    Some(since) => due.map_or(since.plus_ms(COUNTER_MS), |due| {
                        due.min(since.plus_ms(COUNTER_MS))
                    }),
                    None => due.unwrap_or(Timestamp(i64::MAX)),
                }
            }
            Waiting::Handoff(row) if row.open.why == "danger" => Timestamp(i64::MIN),
            Waiting::Handoff(row) => row.open.due.unwrap_or(row.opened.plus_ms(HANDOFF_MS)),
        }
    }

    fn is_urgent(&self, now: Timestamp) -> bool {
        match &self.waiting {
            Waiting::Handoff(row) if row.holder.is_some() => false,
            _ => self.first_by() <= now.plus_ms(SOON_MS),
        }
    }
}

/// Since when the worker waits at the counter for this card, if she does.
fn counter_since(item: &Item, card: &Card) -> Option<Timestamp> {
    item.counter.then_some(card.opened)
}

/// What waits, in the order in which it is due.
pub fn sort(items: &mut [Item]) {
    items.sort_by_key(|it| (it.first_by(), it.token()));
}

/// The rows of a sorted queue, for a reader in `zone`.
pub fn rows(items: &[Item], now: Timestamp, zone: &str) -> Vec<Row> {
    let rows = items.iter().enumerate().map(|(index, item)| {
        let mut row = match &item.waiting {
            Waiting::Card(it) => card_row(it, item, now, zone),
            Waiting::Handoff(it) => handoff_row(it, item, now, zone),
        };
        row.number = index + 1;
        row.urgent = index == 0 && item.is_urgent(now);
        row
    });
    rows.collect()
}

fn title(item: &Item) -> String {
    match &item.claim {
        Some(claim) => format!("{}, claim {claim}", item.worker),
        None => item.worker.clone(),
    }
}

fn card_row(row: &QuestionRow, item: &Item, now: Timestamp, zone: &str) -> Row {
    let facts = row.message.card.as_ref();
    let opened = facts.map_or(row.opened, |it| it.opened);
    let since = match facts.and_then(|it| counter_since(item, it)) {
        Some(since) => format!("Waiting at the counter, {}", words::since(since, now)),
        None => {
            format!("Since {}, {}", words::moment(opened, now, zone), words::since(opened, now))
        }
    };
    let due = row.due.or_else(|| facts.and_then(|it| it.due));
    let rule = facts.and_then(|it| it.rule.as_ref()).and_then(RuleRow::from_value);
    let round = facts.map_or(0, |it| it.round);
    Row {
        number: 0,
        href: format!("/desk/card/{}/{}", row.question.conversation, row.question.key),
        token: item.token(),
        title: title(item),
        about: facts.and_then(card::drug).unwrap_or_else(|| "A decision".into()),
        since,
        due: due.map(|it| due_words(it, now, zone)),
        rule: rule.map(|it| {
            format!("Legal limit {}: {}", words::rule(&it), words::confidence(it.confidence))
        }),
        note: (round > 0).then(|| format!("Asked again, round {}", round + 1)),
        urgent: false,
    }
}

fn due_words(due: Timestamp, now: Timestamp, zone: &str) -> String {
    let moment = words::moment(due, now, zone);
    if due < now { format!("Was due {moment}") } else { format!("Due {moment}") }
}

fn handoff_row(row: &HandoffRow, item: &Item, now: Timestamp, zone: &str) -> Row {
    let holder = row.holder.as_ref().map(|(_, name)| format!("{name} has it"));
    Row {
        number: 0,
        href: format!("/desk/handoff/{}/{}", row.handoff.conversation, row.handoff.key),
        token: item.token(),
        title: title(item),
        about: words::handoff_why(&row.open.why).into(),
        since: format!(
            "Since {}, {}",
            words::moment(row.opened, now, zone),
            words::since(row.opened, now)
        ),
        due: row.open.due.map(|it| due_words(it, now, zone)),
        rule: None,
        note: holder,
        urgent: false,
    }
}
