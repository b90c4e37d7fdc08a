//! Between Telegram's words and ours. Pure: no clock, no network, no store.
//!
//! Updates are read field by field, and only the fields that are needed: an update with something
//! new in it (a kind of entity, a kind of chat) is still understood as far as it goes. What is not
//! understood at all is nothing, never an error: an error would be brought again for ever.

use serde_json::Value;
use teloxide_core::payloads::{
    AnswerCallbackQuery, EditMessageReplyMarkup, EditMessageText, EditMessageTextSetters as _,
    SendMessage, SendMessageSetters as _,
};
use teloxide_core::types::{
    AllowedUpdate, CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup,
    LinkPreviewOptions, MessageId, Recipient,
};

use super::TELEGRAM;
use crate::channels::inward::{Came, Entered, Media, Said};
use crate::channels::parts::{parts, shortened};
use crate::channels::{Incoming, Outgoing, tap};
use crate::store::EffectRef;
use crate::store::standing::Stands;

/// Kinds of updates that we ask for; Telegram sends no others.
pub const ALLOWED: [AllowedUpdate; 3] =
    [AllowedUpdate::Message, AllowedUpdate::CallbackQuery, AllowedUpdate::MyChatMember];
/// Longest text of one message, in UTF-16 units (Bot API, sendMessage: "1-4096 characters after
/// entities parsing"; Telegram counts in UTF-16, MessageEntity: "in UTF-16 code units").
pub const TEXT_UNITS_MAX: usize = 4_096;
/// Longest data of a button, in bytes (Bot API, InlineKeyboardButton: "callback_data … 1-64 bytes").
pub const DATA_BYTES_MAX: usize = 64;
/// Longest answer to a tap, in UTF-16 units (Bot API, answerCallbackQuery: "0-200 characters").
pub const NOTICE_UNITS_MAX: usize = 200;
/// Longest label of a button, in UTF-16 units. The Bot API documents no limit
/// (InlineKeyboardButton: "text … Label text on the button"); clients cut what the screen does not
/// show, at about 40 on a phone, so this is ours, and what is longer ends in `…`.
pub const LABEL_UNITS_MAX: usize = 64;
/// Most buttons under one message. Undocumented; more are answered with "reply markup is too long"
/// (<https://github.com/tginfo/Telegram-Limits/issues/228>).
pub const BUTTONS_MAX: usize = 100;
/// Largest keyboard, in bytes of JSON. Undocumented
/// (<https://github.com/tginfo/Telegram-Limits/issues/187>).
pub const KEYBOARD_BYTES_MAX: usize = 10_000;

/// Things with a file that are not words, in the order in which they are looked for: an animation
/// is also sent as a document.
const FILES: &[(&str, Media)] = &[
    ("voice", Media::Voice),
    ("audio", Media::File),
    ("video", Media::File),
    ("video_note", Media::File),
    ("document", Media::File),
    ("sticker", Media::File),
];
/// Things that are neither words nor a file. They are answered like files, with no name.
const OTHERS: &[&str] =
    &["contact", "location", "venue", "poll", "dice", "story", "game", "checklist", "paid_media"];

/// What an update is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// What to hand in, if it is anything to us.
    pub came: Option<Came>,
    /// The tap that waits for an answer, by Telegram's id of it. Every tap does, ours or not.
    pub tapped: Option<String>,
    /// The group in which a command was given: it is told the way to a private chat.
    pub in_group: Option<i64>,
}

/// The number of an update. They grow, and the next poll names the one to begin with.
pub fn update_id(update: &Value) -> Option<i64> {
    update["update_id"].as_i64()
}

/// Reads an update.
pub fn read(update: &Value) -> Read {
    let Some(id) = update_id(update) else { return Read::default() };
    let tapped = update["callback_query"]["id"].as_str().map(str::to_owned);
    let found = message(&update["message"])
        .or_else(|| tap_on(&update["callback_query"]))
        .or_else(|| left(&update["my_chat_member"]));
    let came = found.map(|it| Came {
        channel: TELEGRAM,
        address: it.chat.to_string(),
        // Numbers begin anew at random after a week without updates (Bot API, Update), so the
        // number alone might one day meet an old one.
        id: format!("{id}.{}", it.own),
        said: it.said,
        language: language(it.from),
    });
    let in_group = came.as_ref().and_then(|it| command_in_group(&it.said, &update["message"]));
    Read { came, tapped, in_group }
}

/// The group in which somebody gave us a command. What else is said there is not for us.
fn command_in_group(said: &Said, message: &Value) -> Option<i64> {
    let commands = message["text"].as_str()?.starts_with('/');
    let group = message["chat"]["id"].as_i64()?;
    (*said == Said::InPublic && commands).then_some(group)
}

/// What is said in a group to whoever gave a command there.
pub fn aloud(group: i64, entered: &Entered) -> Option<SendMessage> {
    let words = entered.notice.as_deref().filter(|it| !it.trim().is_empty())?;
    Some(SendMessage::new(Recipient::Id(ChatId(group)), shortened(words, TEXT_UNITS_MAX)))
}

/// What to say to a tap.
pub fn answer(tapped: &str, entered: &Entered) -> AnswerCallbackQuery {
    let text = entered.notice.as_deref().map(|it| shortened(it, NOTICE_UNITS_MAX));
    AnswerCallbackQuery {
        text: text.filter(|it| !it.is_empty()),
        ..AnswerCallbackQuery::new(CallbackQueryId(tapped.to_owned()))
    }
}

struct Found<'a> {
    chat: i64,
    own: String,
    said: Said,
    from: &'a Value,
}

fn message(it: &Value) -> Option<Found<'_>> {
    let (chat, from) = (&it["chat"], &it["from"]);
    if from["is_bot"].as_bool() == Some(true) {
        return None;
    }
    let own = it["message_id"].as_i64()?.to_string();
    let said = said(it)?;
    match chat["type"].as_str()? {
        "private" => Some(Found { chat: chat["id"].as_i64()?, own, said, from }),
        "group" | "supergroup" => in_public(own, from),
        _ => None,
    }
}

/// Where others read along, only who it was is kept: her private chat has her own number.
fn in_public(own: String, from: &Value) -> Option<Found<'_>> {
    Some(Found { chat: from["id"].as_i64()?, own, said: Said::InPublic, from })
}

fn said(message: &Value) -> Option<Said> {
    if let Some(text) = message["text"].as_str() {
        return Some(words(text));
    }
    let caption = message["caption"].as_str().map(str::to_owned);
    // The same picture in several sizes, the largest last.
    let photo = message["photo"].as_array().and_then(|it| it.last());
    if let Some(size) = photo {
        return Some(Said::Media { kind: Media::Photo, file: file(size), caption });
    }
    let found = FILES.iter().find(|(name, _)| message[*name].is_object());
    if let Some((name, kind)) = found {
        return Some(Said::Media { kind: *kind, file: file(&message[*name]), caption });
    }
    let other = OTHERS.iter().any(|name| message[*name].is_object());
    other.then(|| Said::Media { kind: Media::File, file: String::new(), caption })
}

fn file(it: &Value) -> String {
    it["file_id"].as_str().unwrap_or_default().to_owned()
}

/// Words, a command, or the token of a link (`https://t.me/NAME?start=TOKEN`).
fn words(text: &str) -> Said {
    let words = plain_command(text);
    let token = words.strip_prefix("/start").and_then(|it| it.strip_prefix(char::is_whitespace));
    if let Some(token) = token.map(str::trim).filter(|it| is_token(it)) {
        return Said::Link(token.to_owned());
    }
    Said::Incoming { incoming: Incoming::Words(words), line: Some(text.to_owned()) }
}

/// A command without the bot's name in it: `/queue@our_bot 2` is `/queue 2`.
fn plain_command(text: &str) -> String {
    let (head, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    match head.split_once('@') {
        Some((command, _)) if command.starts_with('/') => format!("{command}{rest}"),
        _ => text.to_owned(),
    }
}

/// What a link may carry (Telegram, deep linking: "A-Z, a-z, 0-9, _ and -", up to 64).
fn is_token(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (1..=64).contains(&text.len()) && text.chars().all(fine)
}

fn tap_on(it: &Value) -> Option<Found<'_>> {
    let (message, from) = (&it["message"], &it["from"]);
    let own = it["id"].as_str()?.to_owned();
    if message["chat"]["type"].as_str()? != "private" {
        return in_public(own, from);
    }
    let data = it["data"].as_str()?;
    let (question, choice) = tap::decode(data)?;
    let incoming = Incoming::Tap { question, choice, with: Default::default() };
    let said = Said::Incoming { incoming, line: label(message, data) };
    Some(Found { chat: message["chat"]["id"].as_i64()?, own, said, from })
}

/// What the tapped button reads, where Telegram still shows us the message.
fn label(message: &Value, data: &str) -> Option<String> {
    let rows = message["reply_markup"]["inline_keyboard"].as_array()?;
    let mut buttons = rows.iter().filter_map(Value::as_array).flatten();
    let tapped = buttons.find(|it| it["callback_data"].as_str() == Some(data))?;
    tapped["text"].as_str().map(str::to_owned)
}

/// She blocked the bot.
fn left(it: &Value) -> Option<Found<'_>> {
    let (chat, from) = (&it["chat"], &it["from"]);
    let blocked = it["new_chat_member"]["status"].as_str()? == "kicked";
    let own = it["date"].as_i64()?.to_string();
    let private = chat["type"].as_str()? == "private";
    let chat = chat["id"].as_i64()?;
    (blocked && private).then_some(Found { chat, own, said: Said::Gone, from })
}

/// `es` of `es-419`.
fn language(from: &Value) -> Option<String> {
    let code = from["language_code"].as_str()?.split('-').next()?.to_ascii_lowercase();
    let fine = (2..=3).contains(&code.len()) && code.chars().all(|it| it.is_ascii_alphabetic());
    fine.then_some(code)
}

/// Why a message cannot be put into requests, whoever tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// The address is no number of a chat.
    #[error("no chat")]
    NoChat,
    /// There is nothing in it.
    #[error("no words")]
    NoWords,
    /// More or larger buttons than one message holds.
    #[error("too many buttons")]
    Buttons,
}

/// The requests that say a message, in order; buttons stand under the last one.
pub fn requests(outgoing: &Outgoing) -> Result<Vec<SendMessage>, Unsayable> {
    let chat: i64 = outgoing.to.parse().map_err(|_| Unsayable::NoChat)?;
    let frozen = &outgoing.frozen;
    let text = match &outgoing.speaker {
        Some(name) => format!("{name}: {}", frozen.text.trim()),
        None => frozen.text.clone(),
    };
    if frozen.text.trim().is_empty() {
        return Err(Unsayable::NoWords);
    }
    let request = |part: &str| {
        // No parse_mode: what looks like markup is words, and broken markup cannot exist.
        SendMessage::new(Recipient::Id(ChatId(chat)), part).link_preview_options(no_preview())
    };
    let mut requests: Vec<_> = parts(&text, TEXT_UNITS_MAX).into_iter().map(request).collect();
    if let (Some(question), Some(last)) = (&outgoing.question, requests.last_mut())
        && !frozen.buttons.is_empty()
    {
        last.reply_markup = Some(keyboard(question, &frozen.buttons)?.into());
    }
    Ok(requests)
}

/// How a message that asks nothing any more is changed where it stands.
pub enum Closing {
    /// It reads differently and has no buttons.
    Words(EditMessageText),
    /// It was said in several parts: the last loses its buttons.
    Buttons(EditMessageReplyMarkup),
}

/// The request that closes a message.
pub fn closing(stands: &Stands) -> Result<Closing, Unsayable> {
    let chat: i64 = stands.to.parse().map_err(|_| Unsayable::NoChat)?;
    let id: i32 = stands.id.parse().map_err(|_| Unsayable::NoChat)?;
    let (chat, id) = (Recipient::Id(ChatId(chat)), MessageId(id));
    Ok(match parts(&stands.text, TEXT_UNITS_MAX).len() {
        1 => {
            let words = EditMessageText::new(chat, id, stands.text.as_str());
            Closing::Words(words.link_preview_options(no_preview()))
        }
        _ => Closing::Buttons(EditMessageReplyMarkup::new(chat, id)),
    })
}

/// Telegram's servers would open a link that is meant for her (rule 14).
fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

/// One button a row: labels are sentences, and thumbs are wide.
fn keyboard(
    question: &EffectRef,
    buttons: &[(String, String)],
) -> Result<InlineKeyboardMarkup, Unsayable> {
    let button = |(key, label): &(String, String)| {
        let data = tap::encode(question, key, DATA_BYTES_MAX).ok_or(Unsayable::Buttons)?;
        let label = Some(label.trim()).filter(|it| !it.is_empty()).unwrap_or("•");
        let label = shortened(label, LABEL_UNITS_MAX);
        Ok(vec![InlineKeyboardButton::callback(label, data)])
    };
    let rows: Vec<_> = buttons.iter().map(button).collect::<Result<_, _>>()?;
    let keyboard = InlineKeyboardMarkup::new(rows);
    let bytes = serde_json::to_vec(&keyboard).map_or(usize::MAX, |it| it.len());
    if buttons.len() > BUTTONS_MAX || bytes > KEYBOARD_BYTES_MAX {
        return Err(Unsayable::Buttons);
    }
    Ok(keyboard)
}
