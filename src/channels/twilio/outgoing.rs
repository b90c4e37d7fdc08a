//! A message as the requests that send it.

use std::collections::BTreeMap;

use serde_json::json;

use super::status::{self, Part};
use super::text::{self, BODY_UNITS_MAX};
use super::{Kind, Sender, Template, is_phone, segments};
use crate::channels::{Outgoing, SendError};

/// Longest text in a template's variable, in UTF-16 units. WhatsApp's own limit for a whole
/// template is 1,024 (Meta, "Template components"), and its fixed words need some.
const VARIABLE_UNITS_MAX: usize = 900;
/// Requests for one message. A flow's text is a few hundred characters; this bounds mistakes.
const PARTS_MAX: usize = 5;

/// The fields of a request, in order.
pub type Fields = Vec<(&'static str, String)>;

/// All that a message's requests depend on.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// The message.
    pub message: &'a Outgoing,
    /// Which channel.
    pub kind: Kind,
    /// Who speaks.
    pub sender: &'a Sender,
    /// What may be sent on WhatsApp while it does not let us write freely: a template a language.
    pub templates: &'a BTreeMap<String, Template>,
    /// Where Twilio says what became of it.
    pub public_url: &'a str,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its form.
    pub fields: Fields,
    /// What it costs of the sender's rate: segments of a text message, else one.
    pub cost: u32,
}

/// The requests that send a message, in order.
pub fn requests(draft: &Draft) -> Result<Vec<Request>, SendError> {
    if !is_phone(&draft.message.to) {
        return Err(SendError::Never("the address is no phone number".into()));
    }
    let text = whole(draft);
    if draft.kind == Kind::WhatsApp && !draft.message.window_open {
        return Ok(vec![templated(draft, &text)?]);
    }
    let text = match draft.kind {
        Kind::Sms => text::plainer(&text),
        Kind::WhatsApp => text.as_str().into(),
    };
    let parts = text::parts(&text, BODY_UNITS_MAX);
    if parts.len() > PARTS_MAX {
        return Err(SendError::Never("the text is too long for the channel".into()));
    }
    let of = parts.len();
    let request = |(at, part): (usize, &&str)| {
        let cost = match draft.kind {
            Kind::Sms => u32::try_from(segments::segments(part).count).unwrap_or(u32::MAX),
            Kind::WhatsApp => 1,
        };
        let mut fields = addressed(draft, at + 1, of);
        fields.insert(2, ("Body", (*part).to_owned()));
        Request { fields, cost }
    };
    Ok(parts.iter().enumerate().map(request).collect())
}

/// The whole text: who speaks, what is said, what can be answered.
fn whole(draft: &Draft) -> String {
    let frozen = &draft.message.frozen;
    let mut text = frozen.text.trim().to_owned();
    if let Some(name) = &draft.message.speaker {
        text = format!("{name}: {text}");
    }
    let choices = frozen.numbers.iter().copied();
    let choices = choices.zip(frozen.buttons.iter().map(|(_, label)| label.as_str()));
    let menu = text::menu(choices, &frozen.language);
    if !menu.is_empty() {
        text = format!("{text}\n\n{menu}");
    }
    text
}

/// The fields that every request has.
fn addressed(draft: &Draft, number: usize, of: usize) -> Fields {
    let part = Part { key: draft.message.key.clone(), number, of };
    let from = match (&draft.sender.number, &draft.sender.messaging_service) {
        (Some(number), _) => ("From", draft.kind.address(number)),
        (None, service) => ("MessagingServiceSid", service.clone().unwrap_or_default()),
    };
    vec![
        ("To", draft.kind.address(&draft.message.to)),
        from,
        ("StatusCallback", status::url(draft.public_url, &part)),
    ]
}

/// What may be sent when the window is closed: the approved template of her language with our text
/// in it. A variable takes no line break and no run of spaces (Meta error 132018).
fn templated(draft: &Draft, text: &str) -> Result<Request, SendError> {
    let language = &draft.message.frozen.language;
    let bare = language.split('-').next().unwrap_or(language);
    let template = draft.templates.get(language).or_else(|| draft.templates.get(bare));
    let Some(template) = template else {
        return Err(SendError::Never(
            "no template for the language, and the window is closed".into(),
        ));
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.encode_utf16().count() > VARIABLE_UNITS_MAX {
        return Err(SendError::Never("the text is too long for a template".into()));
    }
    let mut fields = addressed(draft, 1, 1);
    fields.insert(2, ("ContentSid", template.content_sid.clone()));
    let variables = json!({ &template.variable: text }).to_string();
    fields.insert(3, ("ContentVariables", variables));
    Ok(Request { fields, cost: 1 })
}
