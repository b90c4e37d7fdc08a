//! Links that bring a worker to her chat. A link locates a person, nothing more; looking at it
//! consumes nothing, because previews and scanners look too. Entering spends it (rule 14).

use crate::house::House;
use crate::links::INVITATION;
pub use crate::links::{INVITE_MS, Invite, link};
use crate::store::StoreError;
use crate::store::reach::Whose;
use crate::vault::digest_token;

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

/// Reads a link's token without spending it.
pub fn look(house: &House, token: &str) -> Result<Invite, NoEntry> {
    let payload = house.vault.open_signed(INVITATION, token).ok_or(NoEntry::Unknown)?;
    let invite = Invite::read(payload).ok_or(NoEntry::Unknown)?;
    if house.clock.now().0 > invite.exp_ms {
        return Err(NoEntry::Expired);
    }
    Ok(invite)
}

/// Spends it. The demo's links can be used again: there is nobody to send a new one.
pub async fn spend(house: &House, invite: &Invite) -> Result<Result<(), NoEntry>, StoreError> {
    let whose = Whose { payer: invite.payer.clone(), person: invite.person.clone() };
    let from = house.store.reach().links_from(&whose).await?;
    // Somebody else may hold what was sent before she was said to be another.
    if from.is_some_and(|it| invite.exp_ms - INVITE_MS <= it.0) {
        return Ok(Err(NoEntry::Spent));
    }
    let digest = digest_token(&invite.nonce);
    let first = house.store.spend(&invite.payer, &digest, house.clock.now()).await?;
    Ok(if first || house.demo { Ok(()) } else { Err(NoEntry::Spent) })
}
