//! What can wait for a channel that gathers: mails to staff, which leave at times of the day that
//! the operator names. Whatever somebody waits for leaves at once.

use mendline_engine::message::MessageKind;
use mendline_engine::time::Timestamp;

use super::ways::STAFF;
use crate::channels::Channel;
use crate::house::House;
use crate::store::{OutboxRow, Person, StoreError};

/// What must be left of the time to decide when a card is read, so that it can wait until then:
/// half a working day.
const LEFT_MS: i64 = 4 * 60 * 60 * 1_000;

/// Until when a message waits for others, if it does. It stands at the desk meanwhile, and no
/// clock of its conversation waits for it.
pub(super) async fn until(
    house: &House,
    channel: &dyn Channel,
    row: &OutboxRow,
    person: &Person,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let is_staff = STAFF.contains(&person.role.as_str());
    let answers = match row.message.kind {
        MessageKind::Reply
        | MessageKind::Safety
        | MessageKind::Person
        | MessageKind::Duty
        | MessageKind::Code => true,
        MessageKind::Proactive | MessageKind::Closing => false,
    };
    if !is_staff || answers || row.frozen.is_some() {
        return Ok(None);
    }
    let Some(at) = channel.gathers(row.committed, &person.zone).filter(|it| *it > now) else {
        return Ok(None);
    };
    let due = row.message.card.as_ref().and_then(|it| it.due);
    if due.is_some_and(|it| it < at.plus_ms(LEFT_MS)) || at_counter(house, row).await? {
        return Ok(None);
    }
    Ok(Some(at))
}

/// Whether somebody waits at a counter for what the message is about.
async fn at_counter(house: &House, row: &OutboxRow) -> Result<bool, StoreError> {
    let (payer, id) = (&row.key.payer, &row.key.effect.conversation);
    let conversation = house.store.conversation(payer, id).await?;
    Ok(conversation.is_some_and(|it| crate::desk::queue::at_counter(&it.state.fields)))
}
