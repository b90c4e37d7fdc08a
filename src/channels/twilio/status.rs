//! What became of a message: the address that Twilio calls about it, and what it says there.
//!
//! The message's key stands in the address's query. Nobody else can put one there, because the
//! signature covers the whole address.

use mendline_engine::event::Receipt;

use super::incoming::Form;
use super::{Kind, WHATSAPP_PREFIX, is_phone};
use crate::channels::inward::{Came, Said};
use crate::store::MessageRef;

/// The door, below the public address.
pub const PATH: &str = "/webhooks/status";

/// Which part of which message a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The message.
    pub key: MessageRef,
    /// Which part, from 1 on.
    pub number: usize,
    /// Of how many.
    pub of: usize,
}

/// What was reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Of which message.
    pub key: MessageRef,
    /// What became of it; nothing, if it is still on its way.
    pub receipt: Option<Receipt>,
    /// Twilio's error code, if there is one.
    pub code: Option<u32>,
    /// Said of the address itself, where nothing can be delivered there any more.
    pub gone: Option<Came>,
}

/// Codes that mean: nothing will ever arrive there. Unknown handset; landline or unreachable
/// carrier; not a valid number of WhatsApp (twilio.com/docs/api/errors).
const GONE: &[u32] = &[30005, 30006, 63003, 63024];
/// The person has opted out at the carrier (21610) or on WhatsApp (63050).
const OPTED_OUT: &[u32] = &[21610, 63050];

/// The address that Twilio calls about one part of a message.
pub fn url(public_url: &str, part: &Part) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("payer", &part.key.payer)
        .append_pair("message", &part.key.effect.to_string())
        .append_pair("part", &part.number.to_string())
        .append_pair("of", &part.of.to_string())
        .finish();
    format!("{}{PATH}?{query}", public_url.trim_end_matches('/'))
}

/// Reads that address's query.
pub fn part(query: &str) -> Option<Part> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let form = Form(&pairs);
    let key = MessageRef {
        payer: form.text("payer")?.to_owned(),
        effect: form.text("message")?.parse().ok()?,
    };
    let (number, of) = (form.number("part")?, form.number("of")?);
    (1..=of).contains(&number).then_some(Part { key, number, of })
}

/// Reads what Twilio says there. Of a message in several parts the last one that is delivered
/// shows it, and any that is not fails it.
pub fn report(query: &str, form: &[(String, String)]) -> Option<Report> {
    let part = part(query)?;
    let form = Form(form);
    let code = form.number("ErrorCode").and_then(|it| u32::try_from(it).ok());
    let is = |codes: &[u32]| code.is_some_and(|it| codes.contains(&it));
    let receipt = match form.text("MessageStatus").or_else(|| form.text("SmsStatus"))? {
        // Phones need not tell when a text was read, and WhatsApp's users may turn that off, so
        // delivered is as near as the channel can tell; "read" after it changes nothing.
        "delivered" | "read" if part.number == part.of => Some(Receipt::Shown),
        "undelivered" | "failed" | "canceled" if is(OPTED_OUT) => {
            Some(Receipt::Withheld("opted_out".into()))
        }
        "undelivered" | "failed" | "canceled" => Some(Receipt::Failed),
        _ => None,
    };
    let lost = matches!(receipt, Some(Receipt::Failed));
    let gone = (lost && is(GONE)).then(|| gone(&form)).flatten();
    Some(Report { key: part.key, receipt, code, gone })
}

/// Nothing reaches the address that the message was for.
fn gone(form: &Form) -> Option<Came> {
    let to = form.text("To")?;
    let (kind, phone) = match to.strip_prefix(WHATSAPP_PREFIX) {
        Some(phone) => (Kind::WhatsApp, phone),
        None => (Kind::Sms, to),
    };
    let sid = form.text("MessageSid")?;
    is_phone(phone).then(|| Came {
        channel: kind.name(),
        address: phone.to_owned(),
        id: format!("{sid}/gone"),
        said: Said::Gone,
        language: None,
    })
}
