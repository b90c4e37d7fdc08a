//! A mail as what somebody did, or as what became of a mail of ours. Pure.
//!
//! What a program wrote by itself is never answered, or two programs would write to each other for
//! ever. What cannot be read is set aside for a person, and never lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::decoders::html::html_to_text;
use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use sha2::{Digest as _, Sha256};

use super::bounce::{self, Bounce};
use super::{EMAIL, address, ids, proof, reply};
use crate::channels::Incoming;
use crate::channels::inward::{Came, Media, Said};
use crate::understand;
use crate::vault::{Vault, hex};

/// Files of one mail that are handed in.
const FILES_MAX: usize = 10;
/// How a mail without words reads: the house says that it does not understand it, instead of
/// nothing.
const NO_WORDS: &str = "✉";
/// The word before a code that links an address.
const LINK: &str = "LINK";
/// Longest thing that is no code, behind that word; codes are longer.
const CODE_CHARS_MIN: usize = 20;
/// Boxes that programs write from.
const PROGRAMS: &[&str] = &[
    "mailer-daemon",
    "postmaster",
    "no-reply",
    "noreply",
    "no_reply",
    "do-not-reply",
    "donotreply",
    "bounce",
    "bounces",
];
/// How mails begin that say that somebody is away, in small letters.
const AWAY: &[&str] = &[
    "automatic reply",
    "auto reply",
    "autoreply",
    "out of office",
    "out of the office",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
];
/// Parts that are nobody's file: signatures, cards, invitations.
const NO_FILES: &[&str] =
    &["pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "calendar", "vcard", "x-vcard"];

/// What is needed to read a mail.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Our own address.
    pub own: &'a str,
    /// The mail server whose word on a sender counts.
    pub host: &'a str,
    /// What knows our ids.
    pub vault: &'a Vault,
}

/// What a mail is.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// What somebody did, in order.
    Came(Vec<Came>),
    /// What became of mails of ours.
    Bounced(Vec<Bounce>),
    /// Nothing to us, and why.
    Nothing(&'static str),
    /// Something that a person must look at, and why.
    Aside(&'static str),
}

/// Reads a mail.
pub fn read(bytes: &[u8], reader: Reader<'_>) -> Read {
    // A mail that fells the parser must not take the ear along.
    let reading = AssertUnwindSafe(|| {
        let mail = MessageParser::default().parse(bytes)?;
        Some(meaning(&mail, bytes, reader))
    });
    match catch_unwind(reading) {
        Ok(Some(read)) => read,
        Ok(None) => Read::Aside("it is no mail"),
        Err(_) => Read::Aside("it fells the parser"),
    }
}

fn meaning(mail: &Message<'_>, bytes: &[u8], reader: Reader<'_>) -> Read {
    if bounce::is_report(mail) {
        let bounces = bounce::bounces(mail, reader.vault);
        let none = bounces.is_empty();
        return if none { Read::Nothing("a report") } else { Read::Bounced(bounces) };
    }
    let Some(from) = sender(mail) else { return Read::Aside("it has no single sender") };
    if from == reader.own {
        return Read::Nothing("our own");
    }
    let subject = mail.subject().unwrap_or_default().trim();
    // Programs write this for people who tap "unsubscribe", and it always counts.
    let stops = understand::opts_out(subject);
    if !stops && is_automatic(mail, &from) {
        return Read::Nothing("a program's");
    }
    let words = if stops { subject.to_owned() } else { words(mail, subject) };
    // Whoever wants no more mail need not prove who she is: at worst somebody is asked back.
    let proved = understand::opts_out(&words) || is_proved(mail, reader.host, &from);
    let words = if proved { words } else { codeless(words) };
    let files = if stops { Vec::new() } else { files(mail) };
    let id = ids::name(&["mail", &from, &name(mail, bytes)]);
    let came = |id: String, said: Said| Came {
        channel: EMAIL,
        address: if proved { from.clone() } else { address::unproved(&from) },
        id,
        said,
        language: language(mail),
    };
    if files.is_empty() {
        return Read::Came(vec![came(id, said(words))]);
    }
    let files = files.into_iter().enumerate().map(|(at, kind)| {
        // The words stand beside the first alone.
        let caption = Some(words.clone()).filter(|it| at == 0 && !it.is_empty());
        let own = if at == 0 { id.clone() } else { format!("{id}/{at}") };
        came(own, Said::Media { kind, file: format!("{id}/{at}"), caption })
    });
    Read::Came(files.collect())
}

fn said(words: String) -> Said {
    if let Some(code) = code(&words) {
        return Said::Link(code.to_owned());
    }
    let words = if words.is_empty() { NO_WORDS.to_owned() } else { words };
    Said::Incoming { incoming: Incoming::Words(words.clone()), line: Some(words) }
}

/// The one address that a mail says it is from.
fn sender(mail: &Message<'_>) -> Option<String> {
    let mut headers = mail.header_values(HeaderName::From).filter_map(|it| it.as_address());
    let (from, more) = (headers.next()?, headers.next());
    let mut addresses = from.iter();
    let (one, other) = (addresses.next()?, addresses.next());
    (more.is_none() && other.is_none()).then(|| address::normal(one.address()?)).flatten()
}

fn is_proved(mail: &Message<'_>, host: &str, from: &str) -> bool {
    let results =
        mail.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("Authentication-Results"));
    proof::proves(results.map(|(_, it)| it), host, address::domain(from))
}

/// Whether a program wrote it by itself, or a list passed it on (RFC 3834, 2; 2369; 2919).
fn is_automatic(mail: &Message<'_>, from: &str) -> bool {
    let box_of = from.split('@').next().unwrap_or_default();
    if PROGRAMS.contains(&box_of.split('+').next().unwrap_or(box_of)) {
        return true;
    }
    let subject = mail.subject().unwrap_or_default().trim().to_lowercase();
    if AWAY.iter().any(|it| subject.starts_with(it)) {
        return true;
    }
    mail.headers_raw().any(|(name, value)| {
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_ascii_lowercase());
        match name.as_str() {
            "auto-submitted" => value.split([';', ' ', '(']).next() != Some("no"),
            "precedence" => ["bulk", "list", "junk", "auto_reply"].contains(&value.as_str()),
            "return-path" => value.is_empty() || value == "<>",
            "x-autoreply" | "x-autorespond" | "x-autoresponder" => true,
            name => name.starts_with("list-"),
        }
    })
}

/// Her own words. A subject belongs to them where she began; in an answer it is ours.
fn words(mail: &Message<'_>, subject: &str) -> String {
    let own = reply::own_words(&text(mail));
    let answers = !mail.in_reply_to().is_empty()
        || !mail.references().is_empty()
        || ["re:", "rv:", "aw:"].iter().any(|it| begins(subject, it));
    // Words that mean something alone must stay alone.
    let alone = code(&own).is_some()
        || understand::opts_out(&own)
        || understand::opts_in(&own)
        || understand::is_somebody_else(&own);
    let same = understand::fold(&own) == understand::fold(subject);
    match (own.is_empty(), answers || alone || same || subject.is_empty()) {
        (true, _) if answers => String::new(),
        (true, _) => subject.to_owned(),
        (false, true) => own,
        (false, false) => format!("{subject}\n{own}"),
    }
}

fn begins(text: &str, with: &str) -> bool {
    text.get(..with.len()).is_some_and(|it| it.eq_ignore_ascii_case(with))
}

fn text(mail: &Message<'_>) -> String {
    let written = |part: &MessagePart<'_>| match &part.body {
        PartType::Text(text) => text.to_string(),
        PartType::Html(page) => html_to_text(reply::own_part(page)),
        _ => String::new(),
    };
    let mut text: Vec<String> = mail.text_bodies().map(written).collect();
    if text.is_empty() {
        // Where the parts are not as the head says, the words lie beside them.
        text = mail.attachments().filter(|it| !is_attached(it)).map(written).collect();
    }
    text.retain(|it| !it.trim().is_empty());
    text.join("\n")
}

fn is_attached(part: &MessagePart<'_>) -> bool {
    part.content_disposition().is_some_and(|it| it.is_attachment())
}

/// The code in words that link an address, as the link to a mail writes them: `LINK …`.
fn code(words: &str) -> Option<&str> {
    let (verb, code) = words.trim().split_once(char::is_whitespace)?;
    let code = code.trim();
    let fine = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    let is_code = code.len() >= CODE_CHARS_MIN && code.chars().all(fine);
    (verb.eq_ignore_ascii_case(LINK) && is_code).then_some(code)
}

/// Words without a code: whoever cannot prove where she writes from links nothing.
fn codeless(words: String) -> String {
    if code(&words).is_some() { LINK.to_owned() } else { words }
}

/// Files that somebody put into it; a picture inside a page is part of the page.
fn files(mail: &Message<'_>) -> Vec<Media> {
    mail.attachments().filter_map(file).take(FILES_MAX).collect()
}

fn file(part: &MessagePart<'_>) -> Option<Media> {
    let attached = is_attached(part);
    let kind = part.content_type();
    let is = |name: &str| kind.is_some_and(|it| it.ctype().eq_ignore_ascii_case(name));
    let subtype = kind.and_then(|it| it.subtype()).unwrap_or_default().to_ascii_lowercase();
    let inside = match &part.body {
        PartType::Text(_) | PartType::Html(_) => !attached,
        PartType::Binary(_) | PartType::InlineBinary(_) => !attached && part.content_id().is_some(),
        PartType::Message(_) => false,
        PartType::Multipart(_) => true,
    };
    if inside || NO_FILES.contains(&subtype.as_str()) {
        return None;
    }
    Some(match (is("image"), is("audio")) {
        (true, _) => Media::Photo,
        (_, true) => Media::Voice,
        _ => Media::File,
    })
}

/// What tells a mail from any other of its sender.
fn name(mail: &Message<'_>, bytes: &[u8]) -> String {
    let id = mail.message_id().map(str::trim).filter(|it| !it.is_empty());
    id.map_or_else(|| hex(&Sha256::digest(bytes)), str::to_owned)
}

/// `es` of `es-MX`.
fn language(mail: &Message<'_>) -> Option<String> {
    let said = mail.header_raw(HeaderName::ContentLanguage)?;
    let code = said.trim().split(['-', ',', '_']).next()?.trim().to_ascii_lowercase();
    let fine = (2..=3).contains(&code.len()) && code.chars().all(|it| it.is_ascii_alphabetic());
    fine.then_some(code)
}
