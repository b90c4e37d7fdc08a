//! What an operator says about Twilio: the section `[twilio]` of `mendline.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::{Kind, is_phone};
use crate::config::Secret;

/// Where Twilio's REST API is, unless a test stands in for it.
const API: &str = "https://api.twilio.com";
/// Message segments a second that a US long code may send, which is also the least that any
/// number may (help.twilio.com, "Understanding Twilio Rate Limits and Message Queues").
const PER_SECOND: NonZeroU32 = NonZeroU32::new(1).expect("1 is not 0");

/// The account, and the numbers that people know us by.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `AC…`; a subaccount that is flagged for HIPAA, where claims are real.
    pub account_sid: String,
    /// What requests and webhooks are signed with; from the environment alone.
    #[serde(default)]
    pub auth_token: Option<Secret>,
    /// A file that holds it.
    #[serde(default)]
    pub auth_token_file: Option<PathBuf>,
    /// The address that Twilio calls, if it is not the server's `public_url`.
    #[serde(default)]
    pub public_url: Option<String>,
    /// Another API in Twilio's place, for tests. Then the real one is never called.
    #[serde(default)]
    pub api_url: Option<String>,
    /// Who speaks in text messages.
    #[serde(default)]
    pub sms: Vec<Sender>,
    /// Who speaks on WhatsApp.
    #[serde(default)]
    pub whatsapp: Vec<Sender>,
    /// What may begin a talk on WhatsApp, or go on after a day: an approved template a language.
    #[serde(default)]
    pub templates: BTreeMap<String, Template>,
}

/// One number or messaging service.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// `+15555550123`.
    #[serde(default)]
    pub number: Option<String>,
    /// `MG…`: Twilio picks a number from its pool.
    #[serde(default)]
    pub messaging_service: Option<String>,
    /// The payer whose people it writes to; without one, those whose payer has none of its own.
    #[serde(default)]
    pub payer: Option<String>,
    /// The purpose it writes for, as flows name it; without one, those that have none.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Message segments a second (on WhatsApp: messages).
    #[serde(default = "per_second")]
    pub per_second: NonZeroU32,
}

/// An approved WhatsApp template.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// `HX…`.
    pub content_sid: String,
    /// The variable that carries our text.
    #[serde(default = "first_variable")]
    pub variable: String,
}

fn per_second() -> NonZeroU32 {
    PER_SECOND
}

fn first_variable() -> String {
    "1".into()
}

impl Settings {
    /// Says what the types cannot: what is missing, malformed or doubled.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(is_sid(&self.account_sid, "AC"), "`twilio.account_sid` is AC and 32 hex digits");
        ensure!(
            self.auth_token.is_some() != self.auth_token_file.is_some(),
            "set either `twilio.auth_token_file` or MENDLINE_TWILIO__AUTH_TOKEN"
        );
        ensure!(
            !self.sms.is_empty() || !self.whatsapp.is_empty(),
            "`twilio` needs a sender: [[twilio.sms]] or [[twilio.whatsapp]]"
        );
        for kind in [Kind::Sms, Kind::WhatsApp] {
            let mut served = BTreeSet::new();
            for sender in self.senders(kind) {
                sender.check(kind)?;
                ensure!(
                    served.insert((&sender.payer, &sender.purpose)),
                    "two senders in [[twilio.{}]] are for the same payer and purpose",
                    kind.name()
                );
            }
        }
        for (language, it) in &self.templates {
            let fine = is_sid(&it.content_sid, "HX") && !it.variable.is_empty();
            ensure!(fine, "`twilio.templates.{language}.content_sid` is HX and 32 hex digits");
        }
        if let Some(url) = &self.api_url {
            ensure!(is_safe(url), "`twilio.api_url` is https://…, or http:// on this machine");
        }
        if let Some(url) = &self.public_url {
            let fine = url.starts_with("https://") || url.starts_with("http://");
            ensure!(fine, "`twilio.public_url` is what Twilio calls, such as https://…");
        }
        Ok(())
    }

    /// The account's token.
    pub fn token(&self) -> anyhow::Result<Secret> {
        match (&self.auth_token, &self.auth_token_file) {
            (Some(it), _) => Ok(it.clone()),
            (None, Some(file)) => Secret::of_file(file).context("`twilio.auth_token_file`"),
            (None, None) => anyhow::bail!("neither `twilio.auth_token_file` nor a token is set"),
        }
    }

    /// Where the account's messages are made.
    pub fn messages_url(&self) -> String {
        let api = self.api_url.as_deref().unwrap_or(API).trim_end_matches('/');
        format!("{api}/2010-04-01/Accounts/{}/Messages.json", self.account_sid)
    }

    /// Below which the account's files lie.
    pub fn files_url(&self) -> String {
        let api = self.api_url.as_deref().unwrap_or(API).trim_end_matches('/');
        format!("{api}/2010-04-01/Accounts/{}/", self.account_sid)
    }

    /// The senders of a channel.
    pub fn senders(&self, kind: Kind) -> &[Sender] {
        match kind {
            Kind::Sms => &self.sms,
            Kind::WhatsApp => &self.whatsapp,
        }
    }

    /// Who speaks to this payer's people for this purpose: whoever is meant most exactly. One
    /// payer's sender never speaks for another, and one purpose's never for another.
    pub fn sender(&self, kind: Kind, payer: &str, purpose: Option<&str>) -> Option<&Sender> {
        let fits = |it: &&Sender| {
            it.payer.as_deref().is_none_or(|it| it == payer)
                && it.purpose.as_deref().is_none_or(|it| Some(it) == purpose)
        };
        let exact = |it: &&Sender| (it.payer.is_some(), it.purpose.is_some());
        self.senders(kind).iter().filter(fits).max_by_key(exact)
    }
}

impl Sender {
    fn check(&self, kind: Kind) -> anyhow::Result<()> {
        let name = kind.name();
        ensure!(
            self.number.is_some() != self.messaging_service.is_some(),
            "a sender in [[twilio.{name}]] has either a `number` or a `messaging_service`"
        );
        if let Some(it) = &self.number {
            ensure!(is_phone(it), "`number` in [[twilio.{name}]] is like +15555550123");
        }
        if let Some(it) = &self.messaging_service {
            let fine = is_sid(it, "MG");
            ensure!(fine, "`messaging_service` in [[twilio.{name}]] is MG and 32 hex digits");
        }
        Ok(())
    }

    /// Its name, for counting.
    pub fn id(&self) -> &str {
        self.number.as_deref().or(self.messaging_service.as_deref()).unwrap_or_default()
    }
}

/// Twilio's ids: two letters and 32 hex digits.
fn is_sid(text: &str, prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix);
    digits.is_some_and(|it| it.len() == 32 && it.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// Whether the token may go there: encrypted, or not off this machine.
fn is_safe(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let host = rest.split('/').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(it) => it.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(host, _)| host),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Settings> {
        let settings: Settings = toml::from_str(text)?;
        settings.check()?;
        Ok(settings)
    }

    fn with(more: &str) -> String {
        let sid = "a".repeat(32);
        format!("account_sid = \"AC{sid}\"\nauth_token_file = \"/etc/mendline/twilio\"\n{more}")
    }

    #[test]
    fn whoever_is_meant_most_exactly_speaks() {
        let it = read(&with(
            "[[sms]]\nnumber = \"+15555550100\"\n\
             [[sms]]\nnumber = \"+15555550101\"\npurpose = \"refills\"\n\
             [[sms]]\nnumber = \"+15555550102\"\npayer = \"northwind\"\n\
             [[sms]]\nnumber = \"+15555550103\"\npayer = \"northwind\"\npurpose = \"refills\"\n",
        ))
        .unwrap();
        let number = |payer: &str, purpose: Option<&str>| {
            it.sender(Kind::Sms, payer, purpose).unwrap().number.as_deref().unwrap().to_owned()
        };
        assert_eq!(number("bayside", None), "+15555550100");
        assert_eq!(number("bayside", Some("refills")), "+15555550101");
        assert_eq!(number("northwind", Some("surveys")), "+15555550102");
        assert_eq!(number("northwind", Some("refills")), "+15555550103");
    }

    #[test]
    fn a_payers_sender_speaks_for_no_other_payer() {
        let it =
            read(&with("[[sms]]\nnumber = \"+15555550102\"\npayer = \"northwind\"\n")).unwrap();
        assert!(it.sender(Kind::Sms, "bayside", None).is_none());
        assert!(it.sender(Kind::WhatsApp, "northwind", None).is_none());
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let sender = "[[sms]]\nnumber = \"+15555550100\"\n";
        assert!(read(&with(sender)).is_ok());
        for wrong in [
            String::new(),
            "[[sms]]\nnumber = \"555-0100\"\n".into(),
            "[[sms]]\npurpose = \"refills\"\n".into(),
            format!("{sender}{sender}"),
            format!("{sender}colour = \"red\"\n"),
            format!("api_url = \"http://api.example.com\"\n{sender}"),
            format!("[[sms]]\nmessaging_service = \"MG1\"\n{sender}"),
            format!("{sender}[templates.en]\ncontent_sid = \"HX1\"\n"),
            format!("{sender}per_second = 0\n"),
        ] {
            assert!(read(&with(&wrong)).is_err(), "{wrong}");
        }
        assert!(read("account_sid = \"AC1\"").is_err());
    }

    #[test]
    fn the_token_leaves_this_machine_only_encrypted() {
        for fine in [
            "https://twilio.example",
            "http://127.0.0.1:4010",
            "http://[::1]:4",
            "http://localhost",
        ] {
            assert!(is_safe(fine), "{fine}");
        }
        for wrong in [
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "ftp://localhost",
            "http://a@localhost",
        ] {
            assert!(!is_safe(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_token_is_not_printed() {
        let mut it = read(&with("[[sms]]\nnumber = \"+15555550100\"\n")).unwrap();
        it.auth_token = Some(Secret::from("s3cret".to_owned()));
        assert!(!format!("{it:?}").contains("s3cret"));
    }
}
