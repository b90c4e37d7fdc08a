//! From Discord's events to our words. Pure: no clock, no network, no store.
//!
//! Events are read field by field, and only the fields that are needed: one with something new in
//! it is still understood as far as it goes. What is not understood at all is nothing, never an
//! error: an error would be brought again for ever.

use serde_json::Value;

use super::DISCORD;
use super::commands::{Command, Completes, Meant, completes, filled, meant};
use super::interactions::{Answer, Interaction};
use crate::channels::inward::{Came, Media, Said};
use crate::channels::{Incoming, tap};

/// Kinds of messages that somebody wrote: plain, and in reply to another (Discord, "Message Types").
/// All others are notices of Discord's own.
const WRITTEN: [u64; 2] = [0, 19];
/// Most files that are handed in of one message ("Create Message": "up to 10 files").
const FILES_MAX: usize = 10;
/// The flag of a spoken note (Discord, "Message Flags": IS_VOICE_MESSAGE, 1 << 13).
const IS_VOICE: u64 = 1 << 13;
/// Things in a message that are neither words nor a file. They are answered like files.
const OTHERS: &[&str] = &["sticker_items", "message_snapshots"];

/// A command or a button of one that is offered.
const COMMAND: u64 = 2;
/// A button.
const BUTTON: u64 = 3;
/// What is being typed into an option.
const TYPING: u64 = 4;
/// A form that was sent.
const FORM: u64 = 5;
/// A direct message with the bot ("Interaction Context Types").
const WITH_BOT: u64 = 1;

/// What a message is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Its own number. They grow, in each channel and everywhere.
    pub id: u64,
    /// The direct message that it stands in; nothing, where others read along.
    pub dm: Option<u64>,
    /// Who wrote it, if it was a person.
    pub person: Option<u64>,
    /// What to hand in: nothing, or one for each file.
    pub came: Vec<Came>,
}

/// Reads a message, as an event or as a page of a channel shows it.
pub fn message(it: &Value) -> Option<Message> {
    let (id, channel) = (number(&it["id"])?, number(&it["channel_id"])?);
    let in_public = it["guild_id"].is_string();
    let dm = (!in_public).then_some(channel);
    let author = &it["author"];
    let is_person = author["bot"].as_bool() != Some(true) && it["webhook_id"].is_null();
    let person = number(&author["id"]).filter(|_| is_person);
    let written = it["type"].as_u64().is_none_or(|it| WRITTEN.contains(&it));
    let said = match person {
        Some(_) if !written => Vec::new(),
        Some(_) if in_public => vec![Said::InPublic],
        Some(_) => said(it),
        None => Vec::new(),
    };
    let came = said.into_iter().enumerate().map(|(nth, said)| Came {
        channel: DISCORD,
        address: person.unwrap_or_default().to_string(),
        id: if nth == 0 { id.to_string() } else { format!("{id}.{nth}") },
        said,
        language: None,
    });
    Some(Message { id, dm, person, came: came.collect() })
}

/// What stands in a message of a person's.
fn said(it: &Value) -> Vec<Said> {
    let words = it["content"].as_str().unwrap_or_default();
    let caption = (!words.trim().is_empty()).then(|| words.to_owned());
    let files = it["attachments"].as_array().map_or(&[][..], Vec::as_slice);
    let voice = it["flags"].as_u64().is_some_and(|it| it & IS_VOICE != 0);
    let mut said: Vec<_> = files.iter().take(FILES_MAX).map(|it| file(it, voice)).collect();
    let other = OTHERS.iter().any(|name| it[*name].as_array().is_some_and(|it| !it.is_empty()))
        || it["poll"].is_object();
    match (caption, said.first_mut()) {
        (Some(words), None) => {
            let incoming = Incoming::Words(words.clone());
            said.push(Said::Incoming { incoming, line: Some(words) });
        }
        (words, Some(Said::Media { caption, .. })) => *caption = words,
        (None, None) if other => {
            said.push(Said::Media { kind: Media::File, file: String::new(), caption: None });
        }
        _ => {}
    }
    said
}

fn file(it: &Value, voice: bool) -> Said {
    let kind = it["content_type"].as_str().unwrap_or_default();
    let kind = match () {
        () if voice => Media::Voice,
        () if kind.starts_with("image/") => Media::Photo,
        () => Media::File,
    };
    Said::Media { kind, file: it["id"].as_str().unwrap_or_default().to_owned(), caption: None }
}

/// Reads a command, a tap, a form or what is being typed.
pub fn interaction(it: &Value, commands: &[Command]) -> Option<Interaction> {
    let (id, application) = (number(&it["id"])?, number(&it["application_id"])?);
    let token = it["token"].as_str()?.to_owned();
    // In a server she is a member.
    let user = if it["user"].is_object() { &it["user"] } else { &it["member"]["user"] };
    let person = number(&user["id"])?;
    let language = language(it);
    let private = it["guild_id"].is_null()
        && it["member"].is_null()
        && it["context"].as_u64().is_none_or(|it| it == WITH_BOT);
    let dm = number(&it["channel_id"]).filter(|_| private);
    let data = &it["data"];
    let (came, answer) = match it["type"].as_u64()? {
        TYPING if private => (None, Answer::Suggest(completes(commands, data))),
        TYPING => (None, Answer::Suggest(Completes::With(Vec::new()))),
        COMMAND | BUTTON | FORM if !private => (Some(Said::InPublic), Answer::InPublic),
        COMMAND => command(commands, data, language.as_deref()),
        FORM => match filled(commands, data) {
            Some(words) => (Some(typed(words)), Answer::Taken),
            None => (None, Answer::NoButton),
        },
        BUTTON => tapped(it),
        _ => return None,
    };
    let came = came.map(|said| Came {
        channel: DISCORD,
        address: person.to_string(),
        id: id.to_string(),
        said,
        language: language.clone(),
    });
    Some(Interaction { id, token, application, person, dm, language, came, answer })
}

fn command(commands: &[Command], data: &Value, language: Option<&str>) -> (Option<Said>, Answer) {
    match meant(commands, data, language) {
        Some(Meant::Words(words)) => (Some(typed(words)), Answer::Taken),
        Some(Meant::Link(code)) => (Some(Said::Link(code)), Answer::Taken),
        Some(Meant::Form(form)) => (None, Answer::Form(form)),
        // One that was offered before and is no more.
        None => (None, Answer::NoButton),
    }
}

fn typed(words: String) -> Said {
    Said::Incoming { incoming: Incoming::Words(words.clone()), line: Some(words) }
}

fn tapped(it: &Value) -> (Option<Said>, Answer) {
    let data = it["data"]["custom_id"].as_str().unwrap_or_default();
    let Some((question, choice)) = tap::decode(data) else { return (None, Answer::NoButton) };
    let incoming = Incoming::Tap { question, choice, with: Default::default() };
    (Some(Said::Incoming { incoming, line: label(it, data) }), Answer::Tapped)
}

/// What the tapped button reads.
fn label(it: &Value, data: &str) -> Option<String> {
    let rows = it["message"]["components"].as_array()?;
    let mut buttons = rows.iter().filter_map(|it| it["components"].as_array()).flatten();
    let tapped = buttons.find(|it| it["custom_id"].as_str() == Some(data))?;
    tapped["label"].as_str().map(str::to_owned)
}

/// `es` of `es-419`.
fn language(it: &Value) -> Option<String> {
    let code = it["locale"].as_str()?.split('-').next()?.to_ascii_lowercase();
    let fine = (2..=3).contains(&code.len()) && code.chars().all(|it| it.is_ascii_alphabetic());
    fine.then_some(code)
}

/// A number of Discord's, which it writes as text.
pub(super) fn number(it: &Value) -> Option<u64> {
    it.as_str()?.parse().ok().filter(|it| *it > 0)
}
