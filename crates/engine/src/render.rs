//! Words for one reader on one channel: the values filled in, one pass, in her language.
//!
//! A value is never looked at again after it is in: braces in it are braces. Control characters
//! go, long texts stay whole; escaping for a page and splitting for a channel are theirs.

mod date;
mod format;
mod number;
mod show;
mod words;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::message::{Button, Message};
use crate::text::{Part, Template, Values, Wording};
use crate::time::zone::zone;
use crate::types::{Lang, Words};

pub use format::{FORMATS, FormatError, FormatSpec, check_format, write_value};
pub use show::{show_record, show_record_in};

/// What stands where a value is not known: in previews, where it is still to be given.
pub const OPEN: &str = "…";

/// What was rendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Key and label of each button, in order.
    pub buttons: Vec<(String, String)>,
    /// The language it came out in (the flow's first, where the reader's is missing).
    pub language: Lang,
}

/// Which words of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The full words.
    Full,
    /// The flow's own words for channels that may not carry the full ones.
    Private,
    /// Built in: there is an update, and the link (level 1).
    Update,
    /// Built in: there is a message, and the link (level 0: no hint of health or of a claim).
    Hint,
}

/// Whom the words are for.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The language of the words.
    pub language: &'a str,
    /// The zone for times of day.
    pub zone: Tz,
}

/// Renders the full words, or the private form. `link` is the secure link for a private form
/// that has no words of its own; `zone` is the reader's, for times of day.
///
/// Without knowing the channel, a private form with labels of its own is not used: the built-in
/// one goes anywhere. [`render_form`] with [`crate::screen::form`] uses it where it fits.
pub fn render(
    message: &Message,
    private: bool,
    language: &str,
    zone: &str,
    link: Option<&str>,
) -> Rendered {
    let own = !message.wording.private.is_empty() && message.wording.private_labels.is_public();
    let form = match (private, own) {
        (false, _) => Form::Full,
        (true, true) => Form::Private,
        (true, false) => Form::Hint,
    };
    render_form(message, form, language, zone, link)
}

/// Renders one form of a message. A private form keeps the buttons that stand for nothing but
/// their own words; a built-in one has none, for the answer belongs behind the link.
pub fn render_form(
    message: &Message,
    form: Form,
    language: &str,
    zone_name: &str,
    link: Option<&str>,
) -> Rendered {
    let wording = &message.wording;
    let templates = match form {
        Form::Full => &wording.words,
        Form::Private => &wording.private,
        Form::Update | Form::Hint => return words::notice(form, language, link),
    };
    let Some((lang, template)) = pick(templates, language) else {
        return words::notice(Form::Hint, language, link);
    };
    let reader = Reader { language: lang, zone: zone(zone_name) };
    let shown = |button: &&Button| form == Form::Full || button.value.is_null();
    let buttons = message.buttons.iter().filter(shown);
    let text = clean(&fill(template, &message.values, &message.buttons, reader));
    Rendered {
        // What a private form leaves out stands behind the link.
        text: match link.filter(|_| form == Form::Private) {
            Some(link) => format!("{text}\n{link}"),
            None => text,
        },
        buttons: buttons.map(|it| (it.key.clone(), label(it, lang))).collect(),
        language: lang.clone(),
    }
}

/// Renders a wording by itself, for previews. What is not known yet reads [`OPEN`].
pub fn render_text(wording: &Wording, values: &Values, language: &str, zone_name: &str) -> String {
    let Some((lang, template)) = pick(&wording.words, language) else { return String::new() };
    clean(&fill(template, values, &[], Reader { language: lang, zone: zone(zone_name) }))
}

/// The words in a language, else in its plain form (`es` for `es-MX`), else in the first.
/// A map of languages keeps no order, so English is the first where it is there.
pub fn pick<'a, T>(words: &'a BTreeMap<Lang, T>, language: &str) -> Option<(&'a Lang, &'a T)> {
    let plain = language.split(['-', '_']).next().unwrap_or(language);
    [language, plain, words::FIRST]
        .iter()
        .find_map(|it| words.get_key_value(*it))
        .or_else(|| words.iter().next())
}

fn fill(template: &Template, values: &Values, buttons: &[Button], reader: Reader<'_>) -> String {
    let mut text = String::new();
    for part in &template.parts {
        match part {
            Part::Words(words) => text.push_str(words),
            Part::Value(slot) => match values.get(&slot.path) {
                Some(typed) => {
                    let named = buttons.iter().find(|it| typed.value == it.key.as_str());
                    let written = match (named, slot.format.as_deref()) {
                        (Some(button), None) => label(button, reader.language),
                        (_, format) => write_value(&typed.value, &typed.ty, format, reader),
                    };
                    text.push_str(&written);
                }
                None => text.push_str(OPEN),
            },
        }
    }
    text
}

fn label(button: &Button, language: &str) -> String {
    clean(&say(&button.label, language).unwrap_or_else(|| button.key.replace('_', " ")))
}

/// Words in a language, or the nearest to it.
fn say(words: &Words, language: &str) -> Option<String> {
    pick(words, language).map(|(_, it)| it.clone())
}

/// Drops what no reader can see and what turns the direction of letters around; keeps new lines.
fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| *c == '\n' || !(c.is_control() || turns(*c))).collect()
}
