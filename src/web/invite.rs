//! Links that bring a worker to her chat. A link locates a person, nothing more; looking at it
//! consumes nothing, because previews and scanners look too. Entering spends it (rule 14).

use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::house::House;
use crate::store::StoreError;
use crate::vault::{Vault, digest_token, random_token};

/// How long a link can be used: long enough for a weekend away from the phone.
pub const INVITE_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// What the vault signs such a token for.
const PURPOSE: &str = "invite";

/// What a link says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Why a link does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEntry {
    /// We did not make it.
    Unknown,
    /// It is too old.
    Expired,
    /// It was used.
    Spent,
}

/// A link for a person, as text messages and the demo give it: `{base_url}/chat?invite=…`.
pub fn invite_link(house: &House, payer: &str, person: &str, base_url: &str) -> String {
    link(&house.vault, house.clock.now(), payer, person, base_url)
}

/// The same, made without a house around it.
pub fn link(vault: &Vault, now: Timestamp, payer: &str, person: &str, base_url: &str) -> String {
    let invite = Invite {
        payer: payer.into(),
        person: person.into(),
        exp_ms: now.0 + INVITE_MS,
        nonce: random_token(),
    };
    let token = vault.sign(PURPOSE, &json!(invite));
    format!("{}/chat?invite={token}", base_url.trim_end_matches('/'))
}

/// Reads a link's token without spending it.
pub fn look(house: &House, token: &str) -> Result<Invite, NoEntry> {
    let payload = house.vault.open_signed(PURPOSE, token).ok_or(NoEntry::Unknown)?;
    let invite: Invite = serde_json::from_value(payload).map_err(|_| NoEntry::Unknown)?;
    if house.clock.now().0 > invite.exp_ms {
        return Err(NoEntry::Expired);
    }
    Ok(invite)
}

/// Spends it. The demo's links can be used again: there is nobody to send a new one.
pub async fn spend(house: &House, invite: &Invite) -> Result<Result<(), NoEntry>, StoreError> {
    let digest = digest_token(&invite.nonce);
    let first = house.store.spend(&invite.payer, &digest, house.clock.now()).await?;
    Ok(if first || house.demo { Ok(()) } else { Err(NoEntry::Spent) })
}
