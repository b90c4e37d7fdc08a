//! What somebody wrote: the form of an incoming message, as what she did.

use super::{Kind, WHATSAPP_PREFIX, is_phone};
use crate::channels::Incoming;
use crate::channels::inward::{Came, Media, Said};

/// Digits of a menu's number, at most. Five of them are a ZIP code, and words.
const NUMBER_DIGITS_MAX: usize = 4;
/// Files in one message, at most (Twilio, "MMS limits").
const FILES_MAX: usize = 10;
/// How a place on the map, a contact or a sticker without a file reads: the house says that it
/// does not understand it, instead of nothing.
const NO_WORDS: &str = "📍";

/// Reads a form. Nothing comes of what is from nobody who could be answered (a short code, a name)
/// or has no id; several things come of a message with several files.
pub fn came(form: &[(String, String)]) -> Vec<Came> {
    let form = Form(form);
    let (Some((kind, address)), Some(id)) = (sender(&form), form.text("MessageSid")) else {
        return Vec::new();
    };
    let came = |id: String, said: Said| Came {
        channel: kind.name(),
        address: address.clone(),
        id,
        said,
        language: None,
    };
    let files = form.number("NumMedia").unwrap_or(0).min(FILES_MAX);
    if files == 0 {
        return vec![came(id.to_owned(), said(&form))];
    }
    let files = (0..files).map(|at| {
        // The first has the message's own id; the words stand beside it alone.
        let id = if at == 0 { id.to_owned() } else { format!("{id}/{at}") };
        came(id, file(&form, at))
    });
    files.collect()
}

/// Who wrote, and where.
fn sender(form: &Form) -> Option<(Kind, String)> {
    let from = form.text("From")?;
    let (kind, phone) = match from.strip_prefix(WHATSAPP_PREFIX) {
        Some(phone) => (Kind::WhatsApp, phone),
        None => (Kind::Sms, from),
    };
    // A plus that was not encoded arrives as a space.
    let phone = phone.trim();
    let phone = if phone.starts_with('+') { phone.to_owned() } else { format!("+{phone}") };
    is_phone(&phone).then_some((kind, phone))
}

fn said(form: &Form) -> Said {
    let body = form.text("Body").map(str::trim).filter(|it| !it.is_empty());
    let kept = |words: &str| Said::Incoming {
        incoming: Incoming::Words(words.to_owned()),
        line: Some(body.unwrap_or(words).to_owned()),
    };
    // What Twilio took for STOP, START or HELP, under whatever words an operator chose there, must
    // mean the same here.
    if let Some(it @ ("STOP" | "START" | "HELP")) = form.text("OptOutType") {
        return kept(it);
    }
    if let Some(number) = form.text("ButtonPayload").and_then(number) {
        return Said::Numbered(number);
    }
    let words = body.or_else(|| form.text("ButtonText").map(str::trim).filter(|it| !it.is_empty()));
    match words {
        Some(words) => number(words).map_or_else(|| kept(words), Said::Numbered),
        None => kept(NO_WORDS),
    }
}

/// `2`, `2.` or `2)`: an answer by number. `02` is not, nor is what is too long to be one.
fn number(words: &str) -> Option<u32> {
    let words = words.trim();
    let digits = words.strip_suffix(['.', ')']).unwrap_or(words);
    let fine = (1..=NUMBER_DIGITS_MAX).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|it| it.is_ascii_digit());
    fine.then(|| digits.parse().ok()).flatten()
}

fn file(form: &Form, at: usize) -> Said {
    let kind = form.text(&format!("MediaContentType{at}")).unwrap_or_default();
    let kind = match kind.split('/').next() {
        Some("image") => Media::Photo,
        Some("audio") => Media::Voice,
        _ => Media::File,
    };
    let file = form.text(&format!("MediaUrl{at}")).unwrap_or_default().to_owned();
    let caption = form.text("Body").map(str::trim).filter(|it| at == 0 && !it.is_empty());
    Said::Media { kind, file, caption: caption.map(str::to_owned) }
}

/// A form's fields, by name. The first of a name counts.
pub(super) struct Form<'a>(pub(super) &'a [(String, String)]);

impl<'a> Form<'a> {
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str()).filter(|it| !it.is_empty())
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.text(name)?.trim().parse().ok()
    }
}
