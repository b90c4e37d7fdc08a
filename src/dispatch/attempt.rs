//! One attempt to hand a message to a channel, and what its answer means.

use mendline_engine::message::{Card, MessageKind};
use mendline_engine::time::Timestamp;
use tokio::time::timeout;
use tracing::warn;

use super::{RETRY_FIRST_MS, SEND_ATTEMPTS_MAX, over};
use crate::channels::{Channel, Deciding, Outgoing, SendError};
use crate::house::House;
use crate::store::standing::{StandingMessage, Stands};
use crate::store::{Became, EffectRef, Frozen, OutboxRow, Person};

/// Why a channel did not take a message, of which nothing left there by this attempt.
#[derive(Debug)]
pub(super) enum Refused {
    /// It was paused or settled since it was looked at: whoever looks next sees why.
    Stopped,
    /// Its reader opted out there, at the carrier.
    OptedOut,
    /// It will never succeed there.
    Never(String),
}

/// One attempt on one channel.
pub(super) async fn hand_over(
    house: &House,
    channel: &dyn Channel,
    row: &OutboxRow,
    person: &Person,
    to: String,
    frozen: Frozen,
) -> Result<Became, Refused> {
    let mut outgoing = outgoing(house, row, person, to, frozen);
    if let Some(window_ms) = channel.window_ms() {
        let Ok(heard) = house.store.reach().heard(channel.profile().name, &outgoing.to).await
        else {
            return Ok(Became::NotTried(Timestamp(outgoing.now_ms + RETRY_FIRST_MS)));
        };
        outgoing.window_open = heard.is_some_and(|it| outgoing.now_ms - it.0 < window_ms);
    }
    let now = Timestamp(outgoing.now_ms);
    let name = channel.profile().name;
    // Lines of our own database are away with everything else, and back with it.
    let ours = channel.keeps_lines();
    if let Some(until) = house.circuits.open_until(name, now).filter(|_| !ours) {
        return Ok(Became::NotTried(until));
    }
    let sending = house.watch.metrics.sending(name);
    let sent = match timeout(house.seams.send_patience, channel.send(&outgoing)).await {
        Ok(sent) => sent,
        // It may have arrived; where it is a line of our own, asking again says whether it did.
        Err(_) if ours => Err(SendError::Later("no answer in time".into())),
        Err(_) => Err(SendError::Maybe("no answer in time".into())),
    };
    drop(sending);
    if !ours {
        house.circuits.told(name, &sent, now);
    }
    match sent {
        Ok(sent) => {
            if let Some(id) = sent.id {
                stands(house, row, &outgoing, (name, id)).await;
            }
            // Our own pages say what was shown, however late; a provider may never.
            if !sent.shown && !ours && outgoing.question.is_some() {
                let until = now.plus_ms(over::REPORTED_WITHIN_MS);
                if house.store.standing().await_report(&outgoing.key, until).await.is_err() {
                    return Ok(Became::Maybe);
                }
            }
            Ok(Became::Sent { shown: sent.shown })
        }
        Err(SendError::Stopped) => Err(Refused::Stopped),
        Err(SendError::Later(why)) => Ok(match retry_at(row.attempts, SEND_ATTEMPTS_MAX, now.0) {
            Some(at) => Became::Later(at),
            None => Became::Dead(why),
        }),
        Err(SendError::Busy(wait_ms)) => Ok(Became::NotTried(now.plus_ms(wait_ms))),
        Err(SendError::Maybe(_)) => Ok(Became::Maybe),
        Err(SendError::Never(why)) => Err(Refused::Never(why)),
        Err(SendError::OptedOut) => Err(Refused::OptedOut),
    }
}

/// Keeps where a message stands that asks something or must be read, so that it can be closed there. Where that fails it stays as it
/// is: whoever taps it later is told that it is over.
async fn stands(
    house: &House,
    row: &OutboxRow,
    outgoing: &Outgoing,
    (channel, id): (&str, String),
) {
    let Some(question) = outgoing.question.clone().or_else(|| notice(row)) else { return };
    let frozen = &outgoing.frozen;
    let message = StandingMessage {
        key: outgoing.key.clone(),
        question,
        person: outgoing.person.clone(),
        channel: channel.to_owned(),
        stands: Stands {
            to: outgoing.to.clone(),
            id,
            text: frozen.text.clone(),
            language: frozen.language.clone(),
        },
    };
    if let Err(why) = house.store.standing().keep_standing(&message).await {
        warn!(message = %outgoing.key.effect, "it will stand open: {why}");
    }
}

/// What a message says that must be read, by the message that said it first.
pub(super) fn notice(row: &OutboxRow) -> Option<EffectRef> {
    let conversation = row.key.effect.conversation.clone();
    row.message.notice.map(|key| EffectRef { conversation, key })
}

/// Who writes a person's words, as the turn put it beside them.
fn speaker(row: &OutboxRow) -> Option<String> {
    let value = row.message.values.iter().find(|(path, _)| path.0 == "speaker");
    value.and_then(|(_, it)| it.value.as_str()).map(str::to_owned)
}

/// When to try again after `attempts` failures, doubling; `None` when it is enough.
pub(super) fn retry_at(attempts: u32, attempts_max: u32, now_ms: i64) -> Option<Timestamp> {
    let wait_ms = RETRY_FIRST_MS << attempts.min(12);
    (attempts + 1 < attempts_max).then_some(Timestamp(now_ms + wait_ms))
}

pub(super) fn outgoing(
    house: &House,
    row: &OutboxRow,
    person: &Person,
    to: String,
    frozen: Frozen,
) -> Outgoing {
    let conversation = row.key.effect.conversation.clone();
    let speaker = (row.message.kind == MessageKind::Person).then(|| speaker(row)).flatten();
    Outgoing {
        key: row.key.clone(),
        person: person.person.clone(),
        to,
        frozen,
        question: row.message.question.map(|key| EffectRef { conversation, key }),
        deciding: row.message.card.as_ref().map(deciding),
        speaker,
        zone: person.zone.clone(),
        leaving: row.leaving(),
        window_open: true,
        now_ms: house.clock.now().0,
    }
}

fn deciding(card: &Card) -> Deciding {
    Deciding { due_ms: card.due.map(|it| it.0) }
}
