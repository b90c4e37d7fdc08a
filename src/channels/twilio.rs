//! SMS and WhatsApp through Twilio: two channels, one account.
//!
//! Pure: [`incoming`] and [`status`] read what Twilio posts, [`outgoing`] writes what we post,
//! [`answer`] sorts what came back, [`segments`] and [`text`] know what a text message is,
//! [`signature`] knows whose a webhook is. Thin: [`TwilioChannel`] sends, [`webhooks`] are the
//! doors. None of them knows a person, remembers a menu or tries again: what they need to know
//! they ask through [`House`].

pub mod answer;
mod api;
mod channel;
mod doors;
pub mod incoming;
pub mod outgoing;
mod pace;
pub mod segments;
mod settings;
pub mod signature;
pub mod status;
pub mod text;

use async_trait::async_trait;

pub use channel::TwilioChannel;
pub use doors::webhooks;
pub use settings::{Sender, Settings, Template};

use super::Outgoing;
use crate::store::EffectRef;

/// The name of text messages as a channel.
pub const SMS: &str = "sms";
/// The name of WhatsApp as a channel.
pub const WHATSAPP: &str = "whatsapp";

/// What Twilio puts before an address on WhatsApp.
const WHATSAPP_PREFIX: &str = "whatsapp:";
/// How long after a person's last message WhatsApp lets us write freely (Meta, "customer service
/// window"), less a minute for the way there.
const WINDOW_MS: i64 = (24 * 60 - 1) * 60 * 1_000;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Text messages.
    Sms,
    /// WhatsApp.
    WhatsApp,
}

impl Kind {
    /// The channel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Sms => SMS,
            Kind::WhatsApp => WHATSAPP,
        }
    }

    /// A phone number as Twilio writes it on this channel.
    fn address(self, phone: &str) -> String {
        match self {
            Kind::Sms => phone.to_owned(),
            Kind::WhatsApp => format!("{WHATSAPP_PREFIX}{phone}"),
        }
    }
}

/// What sending needs to know of the house.
#[async_trait]
pub trait House: Send + Sync {
    /// The purpose that a message serves, as consent and senders name it.
    async fn purpose(&self, outgoing: &Outgoing) -> Option<String>;

    /// When the person of this address last wrote on WhatsApp, in milliseconds since the Unix
    /// epoch. `None` if never, or nobody knows.
    async fn heard_at_ms(&self, address: &str) -> Option<i64>;

    /// The number of each of these choices, by their keys, in order and without a gap: what
    /// [`super::menus::Menus::offered`] answers, on disk before this does, so that the same
    /// message has the same numbers when it is sent again. `None`: not now.
    async fn numbers(&self, address: &str, ask: &EffectRef, keys: &[String]) -> Option<Vec<u32>>;
}

/// Whether WhatsApp lets us write freely now.
pub fn window_is_open(heard_at_ms: Option<i64>, now_ms: i64) -> bool {
    heard_at_ms.is_some_and(|it| now_ms - it < WINDOW_MS)
}

/// A whole phone number, E.164: a plus and 7 to 15 digits. A short code or a sender's name is none.
pub fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+');
    digits
        .is_some_and(|it| (7..=15).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit()))
}
