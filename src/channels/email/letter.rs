//! A message as a mail: plain text and the same as a sober page, in one thread a request. Pure.
//!
//! Whatever a text holds, it is text: nothing in it ends a header, makes markup or loads anything.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use mendline_engine::message::MessageKind;

use super::{address, ids, words};
use crate::channels::Outgoing;
use crate::vault::Vault;

/// Longest text, in characters. A card is a few hundred; this only bounds mistakes.
pub const TEXT_CHARS_MAX: usize = 16_000;

/// Who writes.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address that people see and answer to.
    pub from: String,
    /// The name before it.
    pub name: Option<String>,
    /// What signs ids.
    pub vault: Arc<Vault>,
}

/// A mail, ready to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Whose address bounces go to: our own.
    pub from: Address,
    /// To whom.
    pub to: Address,
    /// The mail, with its headers.
    pub bytes: Vec<u8>,
}

/// Why a message cannot be put into a mail, whoever tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// The address is none.
    #[error("no address")]
    NoAddress,
    /// There is nothing in it.
    #[error("no words")]
    NoWords,
    /// It is longer than any message.
    #[error("the text is too long for the channel")]
    TooLong,
    /// The headers cannot be written.
    #[error("no mail can be made of it")]
    NoMail,
}

/// The mail that says a message.
pub fn letter(sender: &Sender, it: &Outgoing) -> Result<Letter, Unsayable> {
    let to = address::normal(address::mailbox(&it.to)).ok_or(Unsayable::NoAddress)?;
    if it.frozen.text.trim().is_empty() {
        return Err(Unsayable::NoWords);
    }
    let text = words::text(it);
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Unsayable::TooLong);
    }
    let (from, subject) = (&sender.from, words::subject(it));
    let domain = address::domain(from);
    let id = ids::message_id(&sender.vault, domain, &it.key, &to);
    let at_ms = u64::try_from(it.now_ms).unwrap_or(0);
    let from: Address = from.parse().map_err(|_| Unsayable::NoMail)?;
    let to: Address = to.parse().map_err(|_| Unsayable::NoAddress)?;
    let name = sender.name.as_deref().map(one_line).filter(|it| !it.is_empty());
    let mut mail = Message::builder()
        .from(Mailbox::new(name, from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(one_line(&subject))
        .date(UNIX_EPOCH + Duration::from_millis(at_ms))
        .message_id(Some(format!("<{id}>")));
    if let Some(thread) = ids::thread_id(domain, &it.key) {
        mail = mail.in_reply_to(format!("<{thread}>")).references(format!("<{thread}>"));
    }
    for (name, value) in habits(it, &sender.from) {
        let name = HeaderName::new_from_ascii_str(name);
        mail = mail.raw_header(HeaderValue::new(name, one_line(&value)));
    }
    let mail = mail.multipart(body(it, &subject, &text, &id)).map_err(|_| Unsayable::NoMail)?;
    Ok(Letter { from, to, bytes: mail.formatted() })
}

/// What tells programs that a program wrote this: they do not answer, and people can end it.
fn habits(it: &Outgoing, from: &str) -> [(&'static str, String); 4] {
    // A person's own words, and answers, are still sent by a program (RFC 3834, 5).
    let automatic = match it.leaving.kind {
        MessageKind::Reply | MessageKind::Safety | MessageKind::Duty | MessageKind::Code => {
            "auto-replied"
        }
        MessageKind::Proactive | MessageKind::Closing | MessageKind::Person => "auto-generated",
    };
    [
        ("Auto-Submitted", automatic.to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("List-Unsubscribe", format!("<mailto:{}?subject=STOP>", address::in_link(from))),
        ("Content-Language", it.frozen.language.clone()),
    ]
}

fn body(it: &Outgoing, subject: &str, text: &str, id: &str) -> MultiPart {
    let language = it.frozen.language.as_str();
    let stop = words::stop(language);
    let plain = clean(&format!("{text}\n\n-- \n{stop}\n"));
    let part = |kind: ContentType, body: String| {
        SinglePart::builder()
            .header(kind)
            // Neither long lines nor letters outside ASCII are anybody's problem on the way.
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body)
    };
    MultiPart::alternative()
        .boundary(ids::border(id))
        .singlepart(part(ContentType::TEXT_PLAIN, plain))
        .singlepart(part(ContentType::TEXT_HTML, page(language, subject, text, stop)))
}

/// The text as a page: paragraphs, links, nothing that is fetched.
fn page(language: &str, subject: &str, text: &str, stop: &str) -> String {
    let paragraphs = text.split("\n\n").filter(|it| !it.trim().is_empty());
    let paragraphs: String =
        paragraphs.map(|it| format!("<p>{}</p>\n", lines(it.trim()))).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
         <body style=\"font: 16px/1.5 sans-serif; max-width: 36em; margin: 1em\">\n\
         {paragraphs}<p style=\"font-size: 14px\">{}</p>\n</body>\n</html>\n",
        escaped(language),
        escaped(subject),
        escaped(stop),
    )
}

fn lines(text: &str) -> String {
    let line = |it: &str| {
        let words = it.split(' ').map(word);
        words.collect::<Vec<_>>().join(" ")
    };
    clean(text).split('\n').map(line).collect::<Vec<_>>().join("<br>\n")
}

/// A word, or the link that it is. A full stop behind it is no part of it.
fn word(text: &str) -> String {
    let is_link = text.starts_with("https://") || text.starts_with("http://");
    if !is_link {
        return escaped(text);
    }
    let link = text.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"']);
    let (link, rest) = (escaped(link), escaped(&text[link.len()..]));
    format!("<a href=\"{link}\">{link}</a>{rest}")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for it in clean(text).chars() {
        match it {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            it => safe.push(it),
        }
    }
    safe
}

/// Without what no reader can see, but for the ends of lines.
fn clean(text: &str) -> String {
    text.chars().filter(|it| *it == '\n' || !it.is_control()).collect()
}

/// What stands in a header, on one line.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
