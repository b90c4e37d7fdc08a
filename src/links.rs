//! Links that bring a person to her secure chat, and the codes that bring her from there to
//! another channel. A link locates a person, nothing more (rule 14).

use std::sync::OnceLock;

use mendline_engine::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::house::House;
use crate::store::reach::{NewCode, Whose};
use crate::store::{AuditEntry, EffectRef, StoreError};
use crate::vault::{Vault, digest_token, random_token};

/// How long a link can be used: long enough for a weekend away from the phone.
pub const INVITE_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// How long a code that links another channel counts: she has both devices in her hands.
pub const CODE_MS: i64 = 15 * 60 * 1_000;
/// What the vault signs an invitation for.
pub const INVITATION: &str = "invite";

/// Characters of what makes a link the only one of its kind, 6 bits each: it is signed, so it must
/// not be guessed, only not come twice. A text message pays for each.
const NONCE_CHARS: usize = 12;

/// What a link says; on its way a list, which is half as long as with names.
#[derive(Clone, Debug, PartialEq)]
pub struct Invite {
    /// The payer.
    pub payer: String,
    /// The person.
    pub person: String,
    /// Until when.
    pub exp_ms: i64,
    /// What is spent.
    pub nonce: String,
}

impl Invite {
    /// Reads what a link's token carries.
    pub fn read(payload: Value) -> Option<Invite> {
        let (payer, person, exp_ms, nonce) = serde_json::from_value(payload).ok()?;
        Some(Invite { payer, person, exp_ms, nonce })
    }
}

/// A channel on which somebody may go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Elsewhere {
    /// The channel.
    pub channel: String,
    /// As people call it: `Telegram`.
    pub name: String,
    /// The link that is opened there, with `{code}` where the code goes. Without it she writes
    /// `LINK` and the code.
    pub link: String,
}

/// How one person links one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct There {
    /// The link that she opens.
    pub link: String,
    /// What she writes there, where no link can carry it.
    pub write: Option<String>,
}

/// Whose messages these are, as people know it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// What the first text message and HELP call it. On a phone others may read it: nothing about
    /// health, no employer.
    pub name: String,
    /// Whom to call.
    #[serde(default)]
    pub phone: Option<String>,
}

impl Default for Programme {
    fn default() -> Programme {
        Programme { name: "Mendline".into(), phone: None }
    }
}

/// Where people reach the doors, and where they may go on from there.
#[derive(Default)]
pub struct Links {
    base: OnceLock<String>,
    elsewhere: OnceLock<Vec<Elsewhere>>,
    programme: OnceLock<Programme>,
}

impl Links {
    /// Says the address; the first word counts.
    pub fn begin(&self, base: &str) {
        // Said twice only by a mistake in the order of starting, and then the same.
        let _ = self.base.set(base.to_owned());
    }

    /// Says where people may go on; the first word counts.
    pub fn offer(&self, elsewhere: Vec<Elsewhere>) {
        // As above.
        let _ = self.elsewhere.set(elsewhere);
    }

    /// Says whose messages these are; the first word counts.
    pub fn call_it(&self, programme: Programme) {
        // As above.
        let _ = self.programme.set(programme);
    }

    /// Whose messages these are.
    pub fn programme(&self) -> Programme {
        self.programme.get().cloned().unwrap_or_default()
    }

    /// Where people may go on.
    pub fn elsewhere(&self) -> &[Elsewhere] {
        self.elsewhere.get().map_or(&[], Vec::as_slice)
    }

    /// The name under which the doors are reached, as browsers compare it.
    pub fn host(&self) -> Option<String> {
        let (_, rest) = self.base.get()?.split_once("://")?;
        let host = rest.split(['/', '?']).next()?;
        let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        Some(name.map_or(host, |(name, _)| name).to_owned())
    }

    /// A link to the desk, to what waits there: staff log in before they see it.
    pub fn desk(&self, question: Option<&EffectRef>) -> Option<String> {
        let base = self.base.get()?.trim_end_matches('/');
        Some(match question {
            Some(it) => format!("{base}/desk/card/{}/{}", it.conversation, it.key),
            None => format!("{base}/desk"),
        })
    }

    /// A link to a person's chat, for a message on a channel that may not carry its words; none
    /// where the house was not told its address.
    pub fn chat(&self, vault: &Vault, now: Timestamp, whose: &Whose) -> Option<String> {
        let base = self.base.get()?;
        Some(link(vault, now, &whose.payer, &whose.person, base))
    }
}

/// A link for a person, as text messages and the demo give it: `{base_url}/chat?invite=…`.
pub fn link(vault: &Vault, now: Timestamp, payer: &str, person: &str, base_url: &str) -> String {
    let mut nonce = random_token();
    nonce.truncate(NONCE_CHARS);
    let token = vault.sign(INVITATION, &json!([payer, person, now.0 + INVITE_MS, nonce]));
    format!("{}/chat?invite={token}", base_url.trim_end_matches('/'))
}

/// The link by which a verified person links a channel, with a fresh code; it is noted who asked.
pub async fn there(house: &House, whose: &Whose, to: &Elsewhere) -> Result<There, StoreError> {
    let code = code_for(house, whose, &to.channel).await?;
    let entry = AuditEntry {
        payer: whose.payer.clone(),
        who: whose.person.clone(),
        what: format!("link to {}", to.channel),
        conversation: None,
        at: house.clock.now(),
    };
    house.store.audit(&entry).await?;
    let write = (!to.link.contains("{code}")).then(|| format!("LINK {code}"));
    Ok(There { link: to.link.replace("{code}", &code), write })
}

/// A code by which a verified person links a channel: opened there, it proves that the address is
/// hers. Short enough for a link's parameter (Telegram allows 64 characters,
/// <https://core.telegram.org/bots/features#deep-linking>).
pub async fn code_for(house: &House, whose: &Whose, channel: &str) -> Result<String, StoreError> {
    let (code, now) = (random_token(), house.clock.now());
    let kept = NewCode {
        digest: digest_token(&code),
        whose: whose.clone(),
        channel: channel.to_owned(),
        expires: Timestamp(now.0 + CODE_MS),
    };
    house.store.reach().put_code(&kept, now).await?;
    Ok(code)
}
