//! The first message to an address on a channel that carriers watch: it begins with who writes, how
//! often, what it costs, and how to ask and to end it. Once for an address, whatever comes first.

use mendline_engine::message::MessageKind;
use mendline_engine::time::Timestamp;

use crate::channels::Channel;
use crate::house::House;
use crate::identity;
use crate::people::VISITOR;
use crate::phrases;
use crate::store::reach::Whose;
use crate::store::{Frozen, OutboxRow, Person, StoreError};

/// Whether a one-time code would arrive when it does not count any more.
pub(super) fn comes_too_late(row: &OutboxRow, now: Timestamp) -> bool {
    row.message.kind == MessageKind::Code && now.0 - row.committed.0 >= identity::CODE_MS
}

/// Puts it before the words, if they are the first there; answers whether they are.
pub(super) async fn put(
    house: &House,
    row: &OutboxRow,
    person: &Person,
    (channel, to): (&dyn Channel, &str),
    frozen: &mut Frozen,
) -> Result<bool, StoreError> {
    // Help in danger, a code and what the rules ask for themselves come bare; a stranger is only
    // answered.
    let bare =
        matches!(row.message.kind, MessageKind::Safety | MessageKind::Duty | MessageKind::Code);
    if !channel.carrier_rules() || bare || person.role == VISITOR {
        return Ok(false);
    }
    let name = channel.profile().name;
    if house.store.reach().introduced(&whose(person), name, to).await? {
        return Ok(false);
    }
    let first = phrases::first(&house.links.programme(), &frozen.language);
    frozen.text = format!("{first}\n\n{}", frozen.text);
    Ok(true)
}

/// It was told there.
pub(super) async fn told(
    house: &House,
    person: &Person,
    (channel, to): (&dyn Channel, &str),
) -> Result<(), StoreError> {
    let (name, now) = (channel.profile().name, house.clock.now());
    house.store.reach().introduce(&whose(person), name, to, now).await
}

fn whose(person: &Person) -> Whose {
    Whose { payer: person.payer.clone(), person: person.person.clone() }
}
