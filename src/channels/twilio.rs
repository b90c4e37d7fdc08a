//! SMS and WhatsApp through Twilio: two channels, one account.
//!
//! Pure: [`incoming`] and [`status`] read what Twilio posts, [`outgoing`] writes what we post,
//! [`answer`] sorts what came back, [`segments`] and [`text`] know what a text message is,
//! [`signature`] knows whose a webhook is. Thin: [`TwilioChannel`] sends, [`webhooks`] are the
//! doors. None of them knows a person, remembers a menu or tries again.

pub mod answer;
mod api;
mod channel;
mod doors;
mod file;
pub mod incoming;
pub mod outgoing;
mod pace;
pub mod segments;
mod settings;
pub mod signature;
pub mod status;
pub mod text;

use std::sync::Arc;

pub use channel::TwilioChannel;
pub use doors::webhooks;
pub use settings::{Sender, Settings, Template};

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

/// The purpose that a flow's messages serve, as consent and senders name it.
pub type Purposes = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A whole phone number, E.164: a plus and 7 to 15 digits. A short code or a sender's name is none.
pub fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+');
    digits
        .is_some_and(|it| (7..=15).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit()))
}
