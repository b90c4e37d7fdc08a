//! Her link to the secure chat, sent where she is on file: never to an address that somebody names,
//! and never to one who has not agreed to be written to there.

use mendline_engine::consent::EVERYTHING;

use crate::channels::Incoming;
use crate::directory;
use crate::house::House;
use crate::identity::on_file;
use crate::store::StoreError;
use crate::store::reach::Whose;
use crate::vault::random_token;

/// Where such a link comes from: no channel of ours, so that nobody counts as being there.
const SOURCE: &str = "invitation";

/// Why no invitation leaves, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// This house cannot write there.
    #[error("this server does not write over {0}: set it up first (docs/channels.md)")]
    NoChannel(String),
    /// Nobody of that name.
    #[error("the claim system knows nobody of that name; nothing was sent")]
    Nobody,
    /// It has no such contact.
    #[error("no address for {0} is on file with the claim system; nothing was sent")]
    NoContact(String),
    /// She ended it.
    #[error("she ended messages over {0}, and only she can begin them again; nothing was sent")]
    OptedOut(String),
    /// She never agreed.
    #[error(
        "she has not agreed to messages over {0}; where she did elsewhere, note it with `mendline \
         consent add --channel {0} --why …` and send again"
    )]
    NotAgreed(String),
}

/// Has her link sent over this channel. It leaves in her waking hours, as everything that we begin.
pub async fn send(
    house: &House,
    whose: &Whose,
    channel: &str,
) -> Result<Result<(), NotSent>, StoreError> {
    let named = || channel.to_owned();
    if !house.channels.contains_key(channel) {
        return Ok(Err(NotSent::NoChannel(named())));
    }
    let known = directory::ensure_known(house, &whose.payer, &whose.person).await;
    let Ok(Some(known)) = known else { return Ok(Err(NotSent::Nobody)) };
    let Some(address) = on_file(house, whose, channel).await else {
        return Ok(Err(NotSent::NoContact(named())));
    };
    if known.opted_out.iter().any(|it| it == channel) {
        return Ok(Err(NotSent::OptedOut(named())));
    }
    let agreed = known.consents.get(channel);
    if !agreed.is_some_and(|all| all.iter().any(|it| it == EVERYTHING)) {
        return Ok(Err(NotSent::NotAgreed(named())));
    }
    let invite = Incoming::SendInvitation { channel: named(), address };
    let Whose { payer, person } = whose;
    house.arrive(payer, SOURCE, &random_token(), person, invite, None).await?;
    Ok(Ok(()))
}
