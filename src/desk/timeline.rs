//! What happened in a conversation, in plain lines: who was told what, when and by which
//! channel, shown or not; who decided; what it waits for and what comes next. Pure.
//!
//! It is built from the record and the outbox, never from memory. Words in danger are not in
//! the record's events, and so are not here.

use std::collections::BTreeMap;

use mendline_engine::core::{Core, Program, RungDoes};
use mendline_engine::effect::{Effect, Note, Verdict, VerdictKind};
use mendline_engine::event::{CallResult, DeskAction, Event, GiveBack};
use mendline_engine::message::{EffectKey, MessageKind};
use mendline_engine::render::render;
use mendline_engine::rules::RuleRow;
use mendline_engine::state::{Position, Rest, State};
use mendline_engine::time::Timestamp;
use mendline_engine::types::Type;
use serde_json::Value;

use super::words;
use crate::store::{MessageRow, RecordRow};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// When, in the reader's words.
    pub when: String,
    /// `said`, `told`, `decided`, `did`, `note`.
    pub kind: &'static str,
    /// What happened.
    pub text: String,
    /// The words themselves, where somebody said something.
    pub quote: Option<String>,
    /// The quote's language.
    pub lang: Option<String>,
    /// What became of a message: `shown 10:42`.
    pub status: Option<String>,
}

/// Who is who, and for whom the lines are written.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Person to name.
    pub people: BTreeMap<String, String>,
    /// Party to name.
    pub parties: BTreeMap<String, String>,
    /// The reader's zone.
    pub zone: String,
    /// Now.
    pub now: Timestamp,
}

impl Reader {
    fn person(&self, id: &str) -> String {
        self.people.get(id).cloned().unwrap_or_else(|| "Somebody".into())
    }

    fn party(&self, party: &str) -> String {
        self.parties.get(party).cloned().unwrap_or_else(|| format!("the {}", words::spoken(party)))
    }

    fn moment(&self, at: Timestamp) -> String {
        words::moment(at, self.now, &self.zone)
    }
}

/// The lines of a conversation, oldest first.
pub fn timeline(
    record: &[RecordRow],
    messages: &[MessageRow],
    program: &Program,
    reader: &Reader,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    for row in record {
        let turn = row.body.get("turn").and_then(Value::as_u64).unwrap_or(0);
        let event = row.body.get("event").cloned().unwrap_or_default();
        if let Ok(event) = serde_json::from_value::<Event>(event) {
            let line = event_line(&event, messages, program, reader);
            entries.extend(line.map(|it| ((row.at, turn, 0), it.entry(row.at, reader))));
        }
        let effects = row.body.get("effects").and_then(Value::as_array);
        for (index, effect) in effects.into_iter().flatten().enumerate() {
            let Ok(effect) = serde_json::from_value::<Effect>(effect.clone()) else { continue };
            let line = effect_line(&effect, program, reader);
            entries.extend(line.map(|it| ((row.at, turn, index + 1), it.entry(row.at, reader))));
        }
    }
    entries.extend(messages.iter().map(|it| {
        let key = it.key.effect.key;
        let place = (it.committed, u64::from(key.turn), key.index as usize + 1);
        (place, message_line(it, reader))
    }));
    // A message stands where the turn said it, not after everything of its moment.
    entries.sort_by_key(|(place, _)| *place);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

struct Line {
    kind: &'static str,
    text: String,
    quote: Option<String>,
}

impl Line {
    fn entry(self, at: Timestamp, reader: &Reader) -> Entry {
        let when = reader.moment(at);
        let Line { kind, text, quote } = self;
        Entry { at, when, kind, text, quote, lang: None, status: None }
    }
}

fn line(kind: &'static str, text: impl Into<String>) -> Option<Line> {
    Some(Line { kind, text: text.into(), quote: None })
}

fn quoted(kind: &'static str, text: impl Into<String>, quote: &str) -> Option<Line> {
    Some(Line { kind, text: text.into(), quote: Some(quote.to_owned()) })
}

/// What a button read that was tapped; its key where nobody can tell any more.
fn tapped(messages: &[MessageRow], question: EffectKey, choice: &str) -> String {
    let mut asked = messages.iter().filter(|it| it.message.question == Some(question));
    let button = asked.find_map(|it| it.message.buttons.iter().find(|it| it.key == choice));
    match button {
        Some(button) => format!("“{}”", words::pick(&button.label, words::DESK_LANGUAGE)),
        None => words::spoken(choice),
    }
}

fn event_line(
    event: &Event,
    messages: &[MessageRow],
    program: &Program,
    reader: &Reader,
) -> Option<Line> {
    match event {
        Event::Started { words, .. } => {
            let text = format!("It began: {}.", words::spoken(&program.flow));
            words.as_ref().map_or_else(|| line("did", text.clone()), |it| quoted("said", &text, it))
        }
        Event::Said { party, words, .. } => {
            quoted("said", format!("{} wrote:", head(reader.party(party))), words)
        }
        Event::Tapped { actor, question, choice, .. } => {
            let name = if actor.name.is_empty() {
                reader.person(&actor.person)
            } else {
                actor.name.clone()
            };
            line("said", format!("{name} chose {}.", tapped(messages, *question, choice)))
        }
        Event::Repair { party, repair } => {
            line("said", format!("{} {}.", head(reader.party(party)), repair_words(repair)))
        }
        Event::Danger { party } => {
            let name = head(reader.party(party));
            line("said", format!("{name} may be in danger. Help was offered at once."))
        }
        Event::Returned { result, .. } => match result {
            CallResult::Done(_) => None,
            CallResult::Refused { code, .. } => line(
                "did",
                format!("That was refused ({}). Nothing was changed.", words::spoken(code)),
            ),
            CallResult::Unknown => {
                line("did", "Nobody knows whether that was done. A person must check.")
            }
        },
        Event::PartyChanged { party } => line(
            "did",
            format!("Somebody else is the {} now: {}.", words::spoken(party), reader.party(party)),
        ),
        Event::Happened { name, .. } => line("did", format!("{}.", words::titled(name))),
        Event::Desk { actor, action, .. } => desk_line(&actor.name, action),
        Event::Moved => line("did", "It goes on with a newer version of the flow."),
        Event::Due { .. } | Event::Receipt { .. } | Event::ChildEnded { .. } => None,
    }
}

fn repair_words(repair: &mendline_engine::event::Repair) -> String {
    use mendline_engine::event::Repair;
    match repair {
        Repair::Help => "asked for help".into(),
        Repair::Repeat => "asked to hear it again".into(),
        Repair::Human => "asked for a person".into(),
        Repair::Cancel => "wanted to stop".into(),
        Repair::Correct { field, .. } => format!("corrected the {}", words::spoken(field)),
        Repair::Return => "came back to this".into(),
        Repair::Language { language } => {
            format!("chose {}", words::language_name(language))
        }
    }
}

fn desk_line(name: &str, action: &DeskAction) -> Option<Line> {
    match action {
        DeskAction::Take => line("did", format!("{name} took it.")),
        DeskAction::Reply { .. } => line("did", format!("{name} wrote to them.")),
        DeskAction::Note { words } => quoted("note", format!("{name} noted:"), words),
        DeskAction::Correct { field, .. } => {
            line("did", format!("{name} corrected the {}.", words::spoken(field)))
        }
        DeskAction::GiveBack(how) => {
            let how = match how {
                GiveBack::Retry => "to try again".to_owned(),
                GiveBack::Continue => "to go on".to_owned(),
                GiveBack::Value(value) => format!("with the value {}", words::value(value)),
                GiveBack::Outcome(outcome) => format!("ended: {}", words::spoken(outcome)),
            };
            line("did", format!("{name} gave it back, {how}."))
        }
    }
}

fn effect_line(effect: &Effect, program: &Program, reader: &Reader) -> Option<Line> {
    match effect {
        Effect::Call { action, .. } => {
            line("did", format!("The bot asked the claim system: {}.", words::spoken(action)))
        }
        Effect::OpenHandoff(open) => line(
            "did",
            format!(
                "Given to the {}. {}",
                words::spoken(&open.desk),
                words::handoff_why(&open.why)
            ),
        ),
        Effect::Ended { outcome } => line("did", format!("It ended: {}.", words::spoken(outcome))),
        Effect::Verdict(it) => verdict_line(it, reader),
        Effect::Noted(note) => note_line(note, program, reader),
        Effect::Start { flow, at: Some(at), .. } => {
            line("did", format!("{} is planned for {}.", words::titled(flow), reader.moment(*at)))
        }
        Effect::Start { flow, .. } => line("did", format!("{} began.", words::titled(flow))),
        Effect::Send(_)
        | Effect::Close { .. }
        | Effect::Timer { .. }
        | Effect::ClearTimer { .. }
        | Effect::CloseHandoff { .. }
        | Effect::Draft { .. } => None,
    }
}

fn verdict_line(verdict: &Verdict, reader: &Reader) -> Option<Line> {
    let name = reader.person(&verdict.person);
    match &verdict.verdict {
        VerdictKind::NotAllowed => {
            line("did", format!("{name} may not decide on this claim. Nothing was changed."))
        }
        VerdictKind::AlreadyDecided { by, .. } => {
            line("did", format!("{by} was first; {name} changed nothing."))
        }
        _ => None,
    }
}

fn note_line(note: &Note, program: &Program, reader: &Reader) -> Option<Line> {
    match note {
        Note::Set { field, .. } if field.starts_with('_') => None,
        Note::Set { field, old, new, by } => {
            let spec = program.fields.get(field);
            let is_decision = spec.is_some_and(|it| it.ty.to_string() == "decision");
            let is_tap = spec.is_some_and(|it| matches!(it.ty, Type::Choice(_)));
            // What somebody tapped stands there already, in the words of the button.
            if is_decision || (is_tap && reader.parties.contains_key(by)) {
                return None;
            }
            let spoken = spec.map_or_else(|| words::spoken(field), |it| it.spoken.clone());
            let was = if old.is_null() {
                String::new()
            } else {
                format!(" (it was {})", words::value(old))
            };
            let by = match by.as_str() {
                "flow" | "silence" => format!("by {by}"),
                party if reader.parties.contains_key(party) => {
                    format!("by {}", reader.party(party))
                }
                action if action.contains('.') => format!("from {}", words::spoken(action)),
                name => format!("by {name}"),
            };
            let value = words::value(new);
            line("did", format!("{}: {value}{was}, {by}.", words::titled(&spoken)))
        }
        Note::Ignored { why } if why == "late_words" => {
            line("did", "Words came too late to count, and are kept.")
        }
        Note::Ignored { .. } => None,
        Note::NobodyToTell { party } => {
            line("did", format!("There is no {} to tell.", words::spoken(party)))
        }
        Note::Rule { row } => {
            let row = RuleRow::from_value(row)?;
            let sure = words::confidence(row.confidence);
            line("did", format!("Legal limit: {}, {} ({sure}).", words::rule(&row), row.citation))
        }
        Note::Decided { decision } => {
            let by = decision["by"].as_str().unwrap_or("Somebody");
            let choice = words::spoken(decision["choice"].as_str().unwrap_or("decided"));
            let reason = &decision["reason"];
            let why = if reason.is_null() {
                String::new()
            } else {
                format!(" ({})", words::value(reason))
            };
            line("decided", format!("{by} decided: {choice}{why}."))
        }
        Note::Clock { what } => line("did", format!("The clock: {}.", words::spoken(what))),
        Note::Fault { what } => line("did", format!("The flow could not go on: {what}.")),
        Note::Moved { .. } => line("did", "A newer version of the flow took over."),
        // The result and the verdict of the same turn say these.
        Note::Refused { .. } | Note::NotAllowed { .. } => None,
        Note::LateResult { done: true, .. } => {
            line("did", "A result came after it was over, and it was done. A person must look.")
        }
        Note::LateResult { .. } => None,
    }
}

fn message_line(row: &MessageRow, reader: &Reader) -> Entry {
    let name = reader.person(&row.person);
    let channel = row.frozen.as_ref().map(|it| it.channel.clone());
    let by = channel.map_or_else(String::new, |it| format!(" by {it}"));
    let verb = if row.message.question.is_some() { "was asked" } else { "was told" };
    let text = match row.message.kind {
        MessageKind::Person => format!("A person wrote to {name}{by}:"),
        _ => format!("{name} {verb}{by}:"),
    };
    let (quote, lang) = match &row.frozen {
        Some(frozen) => (frozen.text.clone(), frozen.language.clone()),
        None => {
            let it = render(&row.message, false, words::DESK_LANGUAGE, &reader.zone, None);
            (it.text, it.language)
        }
    };
    Entry {
        at: row.committed,
        when: reader.moment(row.committed),
        kind: "told",
        text,
        quote: Some(quote),
        lang: Some(lang),
        status: Some(status(&row.status, &reader.moment(row.changed))),
    }
}

fn status(status: &str, when: &str) -> String {
    match status {
        "shown" => format!("Shown {when}."),
        "sent" => format!("Sent {when}, not shown yet."),
        "held" => "Held until quiet hours end.".into(),
        "paused" => "Waits: an operator paused what is sent.".into(),
        "withheld" => "Withheld: it may not go out on any channel.".into(),
        "dead" => format!("Not delivered; given up {when}."),
        "maybe" => "It may have arrived; the provider cannot say.".into(),
        _ => "On its way.".into(),
    }
}

fn head(name: String) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |it| it.to_uppercase().chain(letters).collect())
}

/// What it waits for now, and what comes next if nothing does.
pub fn next(state: &State, program: &Program, reader: &Reader) -> Vec<String> {
    let mut lines = Vec::new();
    match &state.position {
        Position::Start => lines.push("It is about to begin.".into()),
        Position::Ended => {
            let outcome = state.outcome.as_deref().map_or_else(String::new, words::spoken);
            lines.push(format!("It is over: {outcome}."));
        }
        Position::At { anchor, rest } => {
            lines.extend(rest_lines(anchor, rest, state, program, reader))
        }
    }
    lines.extend(state.holds.iter().map(|hold| match &hold.holder {
        Some((_, name)) => format!("{name} has it; the bot is quiet until it comes back."),
        None => format!(
            "The {} has not taken it yet. {}",
            words::spoken(&hold.desk),
            words::handoff_why(&hold.why)
        ),
    }));
    lines
}

fn rest_lines(
    anchor: &str,
    rest: &Rest,
    state: &State,
    program: &Program,
    reader: &Reader,
) -> Vec<String> {
    let step = program.anchors.get(anchor).and_then(|pc| program.steps.get(*pc));
    let due = |name: &str| state.timers.get(name).filter(|it| it.set).map(|it| it.due);
    match rest {
        Rest::Asking(_) => {
            let party = match step {
                Some(Core::Ask(ask)) => reader.party(&ask.party),
                _ => "an answer".into(),
            };
            let mut line =
                format!("The bot is waiting for {party} to answer: {}.", words::spoken(anchor));
            if let Some(at) = due("silence") {
                line.push_str(&format!(" Without an answer it moves at {}.", reader.moment(at)));
            }
            vec![line]
        }
        Rest::Deciding(it) => {
            let holders: Vec<_> = it.holders.iter().map(|it| reader.party(it)).collect();
            let who = holders.join(" and ");
            let until =
                it.due.map(|at| format!(", until {}", reader.moment(at))).unwrap_or_default();
            let mut line = format!("The bot is waiting for the decision of {who}{until}");
            if let Some(Core::Decide(decide)) = step {
                let mut rungs = decide.escalate.iter().enumerate().filter_map(|(index, rung)| {
                    Some((due(&format!("{anchor}.rung.{index}"))?, rung))
                });
                if let Some((at, rung)) = rungs.by_ref().min_by_key(|(at, _)| *at) {
                    let does = match rung.does {
                        RungDoes::Remind => "reminds",
                        RungDoes::AlsoAsk => "also asks",
                    };
                    let (at, party) = (reader.moment(at), reader.party(&rung.party));
                    line.push_str(&format!("; at {at} it {does} {party}"));
                }
            }
            line.push('.');
            vec![line]
        }
        Rest::Calling { write, .. } => vec![if *write {
            "The bot is making a change in the claim system and waits for the answer.".into()
        } else {
            "The bot is looking something up.".into()
        }],
        Rest::Waiting => vec![due("wait").map_or_else(
            || "It waits for something outside.".into(),
            |at| format!("It waits until {}.", reader.moment(at)),
        )],
        Rest::Running { .. } => vec!["It waits for another matter to end.".into()],
        Rest::HandedOff { .. } => Vec::new(),
    }
}

/// Whether a person was part of this conversation: was written to, or serves a desk that had it.
pub fn took_part(
    record: &[RecordRow],
    messages: &[MessageRow],
    person: &str,
    desks: &[String],
) -> bool {
    let addressed = messages.iter().any(|it| it.person == person);
    let at_desk = || {
        let effects = record.iter().filter_map(|it| it.body.get("effects")?.as_array()).flatten();
        let opened = effects.filter_map(|it| it.get("open_handoff")?.get("desk")?.as_str());
        opened.into_iter().any(|desk| desks.iter().any(|it| it == desk))
    };
    addressed || at_desk()
}
