//! What became of a mail of ours, as a mail server reports it (RFC 3464). Pure.
//!
//! Anybody can write such a report. One counts that names the id of a mail that went to the very
//! address it speaks of: nobody else can make that id.

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use mendline_engine::event::Receipt;

use super::{EMAIL, address, ids};
use crate::channels::inward::{Came, Said};
use crate::store::MessageRef;
use crate::vault::Vault;

/// Reports in one mail. We write to one address at a time.
const RECIPIENTS_MAX: usize = 10;
/// Status codes that mean: nothing will ever arrive there. No such mailbox, no such host, no such
/// syntax, moved without a word, no mail taken at all, switched off (RFC 3463, 3.2 and 3.3; 7505).
const GONE: &[&str] = &["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];

/// What became of one mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounce {
    /// Of which message.
    pub key: MessageRef,
    /// What.
    pub receipt: Receipt,
    /// Said of the address itself, where nothing can be delivered there any more.
    pub gone: Option<Came>,
}

/// Whether a status means that nothing will ever arrive.
pub fn is_gone(status: &str) -> bool {
    GONE.contains(&status)
}

/// Whether a mail is a report of a mail server, whatever it says.
pub fn is_report(mail: &Message<'_>) -> bool {
    mail.content_type().is_some_and(|it| {
        it.ctype().eq_ignore_ascii_case("multipart")
            && it.subtype().is_some_and(|it| it.eq_ignore_ascii_case("report"))
    })
}

/// The mails of ours that a report says are lost.
pub fn bounces(mail: &Message<'_>, vault: &Vault) -> Vec<Bounce> {
    let returned = returned(mail);
    let status = mail.parts.iter().find(|it| it.is_content_type("message", "delivery-status"));
    let Some(status) = status else { return Vec::new() };
    let status = String::from_utf8_lossy(status.contents());
    let recipients = groups(&status).into_iter().filter(|it| it.get("final-recipient").is_some());
    recipients.take(RECIPIENTS_MAX).filter_map(|it| lost(&it, &returned, vault)).collect()
}

fn lost(said: &Group<'_>, returned: &Returned, vault: &Vault) -> Option<Bounce> {
    if !said.get("action")?.eq_ignore_ascii_case("failed") {
        return None;
    }
    let named = ["original-recipient", "final-recipient"].into_iter().filter_map(|it| {
        // "rfc822; ana@example.com"
        let (_, to) = said.get(it)?.split_once(';')?;
        address::normal(to)
    });
    // A mail that was passed on fails at an address that we never wrote to.
    let mut to = named.chain(returned.to.iter().cloned());
    let (to, key) = to.find_map(|to| {
        let key = returned.ids.iter().find_map(|id| ids::message(vault, id, &to))?;
        Some((to, key))
    })?;
    let status = said.get("status").and_then(|it| it.split_whitespace().next());
    let gone = status.is_some_and(is_gone).then(|| gone(&key, &to));
    Some(Bounce { key, receipt: Receipt::Failed, gone })
}

/// That nothing reaches an address any more, as a message to it showed.
pub(super) fn gone(key: &MessageRef, to: &str) -> Came {
    Came {
        channel: EMAIL,
        address: to.to_owned(),
        id: ids::name(&["gone", &key.payer, &key.effect.to_string(), to]),
        said: Said::Gone,
        language: None,
    }
}

/// What a report gives back of the mail.
#[derive(Default)]
struct Returned {
    ids: Vec<String>,
    to: Vec<String>,
}

fn returned(mail: &Message<'_>) -> Returned {
    let mut returned = Returned::default();
    for part in &mail.parts {
        match &part.body {
            PartType::Message(it) => returned.add(it),
            PartType::Text(text) if is_headers(part) => {
                if let Some(it) = MessageParser::default().parse_headers(text.as_bytes()) {
                    returned.add(&it);
                }
            }
            PartType::Binary(bytes) if is_headers(part) => {
                if let Some(it) = MessageParser::default().parse_headers(bytes.as_ref()) {
                    returned.add(&it);
                }
            }
            _ => {}
        }
    }
    // Some servers give nothing back and answer to it.
    for id in [mail.in_reply_to(), mail.references()] {
        let one = id.as_text().into_iter().map(str::to_owned);
        let many = id.as_text_list().into_iter().flatten().map(|it| it.to_string());
        returned.ids.extend(one.chain(many));
    }
    returned
}

fn is_headers(part: &MessagePart<'_>) -> bool {
    part.is_content_type("text", "rfc822-headers")
        || part.is_content_type("message", "rfc822-headers")
        || part.is_content_type("message", "rfc822")
}

impl Returned {
    fn add(&mut self, mail: &Message<'_>) {
        self.ids.extend(mail.message_id().map(str::to_owned));
        let to = mail.to().into_iter().flat_map(|it| it.iter());
        self.to.extend(to.filter_map(|it| address::normal(it.address()?)));
    }
}

/// Fields that belong together: `name: value`, names in small letters.
#[derive(Default)]
struct Group<'a>(Vec<(String, &'a str)>);

impl Group<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| *value)
    }
}

/// The groups of a status, which blank lines separate. A field that goes on in the next line ends
/// here with the first: what we read is short.
fn groups(status: &str) -> Vec<Group<'_>> {
    let mut groups = vec![Group::default()];
    for line in status.lines() {
        if line.trim().is_empty() {
            groups.push(Group::default());
        } else if let (Some((name, value)), Some(group)) = (line.split_once(':'), groups.last_mut())
        {
            group.0.push((name.trim().to_ascii_lowercase(), value.trim()));
        }
    }
    groups
}
