//! Messages that ask something and stand in a chat app: when it is over, that is shown there; and
//! where nobody reports that one was shown, silence begins all the same.

use futures::future::join_all;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{LEASE_MS, RETRY_FIRST_MS};
use crate::channels::SendError;
use crate::house::House;
use crate::phrases;
use crate::store::standing::{Over, Stands};
use crate::store::{Became, StoreError};
use crate::wake::Loop;

/// Changed at once.
const AT_ONCE: u32 = 32;
/// How long a provider's report is waited for. Carriers report within minutes, and some never do.
pub(super) const REPORTED_WITHIN_MS: i64 = 60 * 60 * 1_000;
/// How long it is tried. Whoever taps later is told that it is over all the same.
const TRIED_FOR_MS: i64 = 24 * 60 * 60 * 1_000;

/// Closes what is over where it stands, and ends the wait for reports that do not come; answers
/// how many were looked at.
pub async fn close(house: &House) -> Result<usize, StoreError> {
    let store = house.store.standing();
    let silent = store.unreported(house.clock.now(), AT_ONCE).await?;
    for key in &silent {
        house.store.settle_message(key, Became::Unreported, house.clock.now()).await?;
        store.awaited_enough(key).await?;
        house.wake.work_for(&[Loop::Turns]);
    }
    let over = store.standing_over(house.clock.now(), LEASE_MS, AT_ONCE).await?;
    let closing = join_all(over.iter().map(|it| close_one(house, it))).await;
    closing.into_iter().collect::<Result<Vec<()>, _>>()?;
    Ok(silent.len() + over.len())
}

async fn close_one(house: &House, over: &Over) -> Result<(), StoreError> {
    let (store, now) = (house.store.standing(), house.clock.now());
    let (key, name) = (&over.message.key, over.message.channel.as_str());
    let Some(channel) = house.channels.get(name) else { return store.closed_there(key).await };
    if let Some(until) = house.circuits.open_until(channel.profile().name, now) {
        return store.close_later(key, until).await;
    }
    let words = if over.elsewhere { phrases::ELSEWHERE } else { phrases::OVER };
    let words = phrases::words(words);
    let stands = &over.message.stands;
    let words = words.get(&stands.language).or_else(|| words.get("en")).cloned();
    let text = format!("{}\n\n{}", stands.text, words.unwrap_or_default());
    let closed = Stands { text, ..stands.clone() };
    let answer = timeout(house.seams.send_patience, channel.close(&closed)).await;
    let again = match answer {
        Ok(Ok(())) => None,
        Ok(Err(SendError::Busy(wait_ms))) => Some(wait_ms),
        Ok(Err(SendError::Later(_) | SendError::Maybe(_))) | Err(_) => Some(RETRY_FIRST_MS),
        // It is gone, or too old to be changed.
        Ok(Err(why)) => {
            info!(message = %key.effect, "left as it stands: {why}");
            None
        }
    };
    match again {
        Some(_) if now.0 - over.since.0 > TRIED_FOR_MS => {
            warn!(message = %key.effect, "left as it stands: its channel did not answer for a day");
            store.closed_there(key).await
        }
        Some(wait_ms) => store.close_later(key, now.plus_ms(wait_ms.max(RETRY_FIRST_MS))).await,
        None => store.closed_there(key).await,
    }
}
