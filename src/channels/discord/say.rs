//! From our messages to Discord's. Pure: no clock, no network, no store.
//!
//! Discord reads markup in every text. What we say is words, so whatever would be read as markup is
//! escaped, in the text but not in the links in it; nobody is called by a mention, and no link is
//! opened by Discord's servers for a preview (rule 14).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use serenity::builder::{CreateActionRow, CreateAllowedMentions, CreateButton, CreateMessage};
use serenity::model::application::ButtonStyle;
use serenity::model::channel::{MessageFlags, Nonce};
use sha2::{Digest as _, Sha256};

use crate::channels::parts::{parts, shortened, units};
use crate::channels::{Outgoing, tap};
use crate::store::standing::Stands;
use crate::store::{EffectRef, MessageRef};

/// Longest text of one message (Discord, "Create Message": "content … up to 2000 characters").
pub const TEXT_UNITS_MAX: usize = 2_000;
/// Longest label of a button (Discord, "Button": "max 80 characters"). Phones show about 38.
pub const LABEL_UNITS_MAX: usize = 80;
/// Longest data of a button (Discord, "Component": "custom_id … 1-100 characters").
pub const DATA_BYTES_MAX: usize = 100;
/// Most buttons in a row (Discord, "Action Row": "Up to 5 contextually grouped button components").
pub const ROW_MAX: usize = 5;
/// Most rows under one message ("Message": "Up to 5 action rows").
pub const ROWS_MAX: usize = 5;
/// Longest address of a button that is a link (Discord, "Button": "url … max 512 characters").
const LINK_CHARS_MAX: usize = 512;
/// Bytes of the digest that makes a message the same message: 24 characters, of 25 that Discord
/// takes ("Create Message": "nonce … up to 25 characters").
const NONCE_BYTES: usize = 18;

/// Characters that begin or end markup anywhere: emphasis, code, spoilers, links, mentions.
const MARKS: &[char] = &['\\', '*', '_', '~', '`', '|', '[', ']', '<'];
/// Characters that begin it at the head of a line: headings, quotes, lists, small print.
const HEADS: &[char] = &['#', '>', '-', '+'];

/// Why a message cannot be put into requests, whoever tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// There is nothing in it.
    #[error("no words")]
    NoWords,
    /// More or larger buttons than one message holds.
    #[error("too many buttons")]
    Buttons,
}

/// The messages that say a message, in order; buttons stand under the last one.
pub fn messages(outgoing: &Outgoing) -> Result<Vec<Value>, Unsayable> {
    let frozen = &outgoing.frozen;
    let (text, link) = match linked(&frozen.text) {
        Some((words, link)) if frozen.private => (words, Some(link)),
        _ => (frozen.text.trim(), None),
    };
    if text.is_empty() {
        return Err(Unsayable::NoWords);
    }
    let text = match &outgoing.speaker {
        Some(name) => format!("{name}: {text}"),
        None => text.to_owned(),
    };
    let mut buttons = Vec::new();
    if let Some(question) = &outgoing.question {
        let all = frozen.buttons.iter().map(|it| button(question, it));
        buttons = all.collect::<Result<_, _>>()?;
    }
    if let Some(link) = link {
        let open = if frozen.language.starts_with("es") { "Abrir" } else { "Open" };
        buttons.push(CreateButton::new_link(link).label(open));
    }
    let rows = rows(buttons)?;
    let pieces = pieces(&text, TEXT_UNITS_MAX);
    let last = pieces.len() - 1;
    let said = pieces.into_iter().enumerate().map(|(nth, piece)| {
        let rows = if nth == last { rows.clone() } else { Vec::new() };
        message(&outgoing.key, nth, piece, rows)
    });
    Ok(said.collect())
}

fn message(key: &MessageRef, nth: usize, piece: String, rows: Vec<CreateActionRow>) -> Value {
    let message = CreateMessage::new()
        .content(piece)
        .flags(MessageFlags::SUPPRESS_EMBEDS)
        .allowed_mentions(CreateAllowedMentions::new())
        .nonce(Nonce::String(nonce(key, nth)))
        .enforce_nonce(true);
    let message = if rows.is_empty() { message } else { message.components(rows) };
    serde_json::to_value(message).expect("words, numbers and lists are JSON")
}

/// What a message is changed to that asks nothing any more: these words, and no buttons. One that
/// was said in several parts only loses the buttons under its last.
pub fn closing(stands: &Stands) -> Value {
    let mut change = json!({ "components": [], "allowed_mentions": { "parse": [] } });
    if let [words] = pieces(&stands.text, TEXT_UNITS_MAX).as_slice() {
        change["content"] = words.as_str().into();
        change["flags"] = MessageFlags::SUPPRESS_EMBEDS.bits().into();
    }
    change
}

/// What makes a second try the same message: for a few minutes Discord answers it with the first.
fn nonce(key: &MessageRef, nth: usize) -> String {
    let MessageRef { payer, effect } = key;
    let whole = Sha256::digest(format!("{payer}\n{effect}\n{nth}").as_bytes());
    BASE64.encode(&whole[..NONCE_BYTES])
}

fn button(
    question: &EffectRef,
    (key, label): &(String, String),
) -> Result<CreateButton, Unsayable> {
    let data = tap::encode(question, key, DATA_BYTES_MAX).ok_or(Unsayable::Buttons)?;
    let label = Some(label.trim()).filter(|it| !it.is_empty()).unwrap_or("•");
    let label = shortened(label, LABEL_UNITS_MAX);
    Ok(CreateButton::new(data).label(label).style(ButtonStyle::Secondary))
}

/// One button a row while there are rows, because labels are sentences; five a row after that.
fn rows(buttons: Vec<CreateButton>) -> Result<Vec<CreateActionRow>, Unsayable> {
    if buttons.len() > ROW_MAX * ROWS_MAX {
        return Err(Unsayable::Buttons);
    }
    let a_row = if buttons.len() <= ROWS_MAX { 1 } else { ROW_MAX };
    let rows = buttons.chunks(a_row).map(|it| CreateActionRow::Buttons(it.to_vec()));
    Ok(rows.collect())
}

/// The words of a private form, and the link that stands behind them; nothing where there is none
/// that could be a button.
fn linked(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_end();
    let at = text.rfind(char::is_whitespace)?;
    let (words, link) = (text[..at].trim(), text[at..].trim());
    let host = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"))?;
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    // Discord makes no button of a name without a dot, such as a machine's own.
    let fine = host.contains('.') && link.len() <= LINK_CHARS_MAX && link.is_ascii();
    (fine && !words.is_empty()).then_some((words, link))
}

/// The text in pieces that fit, escaped.
fn pieces(text: &str, max: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    for part in parts(text, max) {
        let plain = plain(part);
        if units(&plain) <= TEXT_UNITS_MAX {
            pieces.push(plain);
        } else {
            // It ends: escaping at most doubles a text.
            pieces.extend(self::pieces(part, (max * 3 / 4).max(TEXT_UNITS_MAX / 2)));
        }
    }
    pieces
}

/// A text that reads as it is written.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 16);
    for (nth, line) in text.split('\n').enumerate() {
        if nth > 0 {
            plain.push('\n');
        }
        let mut at_head = true;
        for word in line.split_inclusive(char::is_whitespace) {
            if word.starts_with("https://") || word.starts_with("http://") {
                plain.push_str(word);
                at_head = false;
                continue;
            }
            for it in word.chars() {
                if MARKS.contains(&it) || (at_head && HEADS.contains(&it)) {
                    plain.push('\\');
                }
                plain.push(it);
                at_head &= it.is_whitespace();
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_look_like_markup_are_words() {
        for (said, shown) in [
            ("2*3*4", r"2\*3\*4"),
            ("a_b ||c|| `d`", r"a\_b \|\|c\|\| \`d\`"),
            ("# no heading\n  - no list #5", "\\# no heading\n  \\- no list #5"),
            ("<@123> @everyone [here](x)", r"\<@123> @everyone \[here\](x)"),
            (r"a\b", r"a\\b"),
            ("see https://a.example/x_y_z?q=*1 _now_", r"see https://a.example/x_y_z?q=*1 \_now\_"),
            ("-# small\n>>> all", "\\-# small\n\\>>> all"),
        ] {
            assert_eq!(plain(said), shown);
        }
    }

    #[test]
    fn a_text_of_nothing_but_marks_is_cut_and_whole() {
        let all = "*".repeat(4_500);
        let pieces = pieces(&all, TEXT_UNITS_MAX);
        assert!(pieces.iter().all(|it| units(it) <= TEXT_UNITS_MAX && it.ends_with(r"\*")));
        assert_eq!(pieces.concat(), r"\*".repeat(4_500));
    }

    #[test]
    fn the_link_of_a_private_form_is_found_behind_its_words() {
        let found = linked("There is a message for you. Please read it here: https://a.example/x");
        let (words, link) = found.unwrap();
        assert!(words.ends_with("here:"));
        assert_eq!(link, "https://a.example/x");
        for none in ["", "https://a.example/x", "words", "here: http://localhost:8080/x"] {
            assert_eq!(linked(none), None, "{none}");
        }
    }
}
