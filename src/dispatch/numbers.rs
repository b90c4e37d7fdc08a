//! Numbers for the buttons of a message, where a channel shows none: `1`, `2`. Which number means
//! what is kept with the address, so that none means two things (rule 4).

use crate::channels::menus::Menus;
use crate::house::House;
use crate::store::reach::Whose;
use crate::store::{EffectRef, Frozen, OutboxRow, Person, StoreError};

/// Messages to one address that are frozen in the same moment are few; this bounds a mistake.
const TRIES_MAX: usize = 8;

/// Numbers the buttons of a question.
pub(super) async fn put(
    house: &House,
    row: &OutboxRow,
    person: &Person,
    frozen: &mut Frozen,
) -> Result<(), StoreError> {
    let Some(key) = row.message.question else { return Ok(()) };
    let shows = house.channels.get(frozen.channel.as_str()).is_none_or(|it| it.profile().buttons);
    if shows || frozen.buttons.is_empty() {
        return Ok(());
    }
    let conversation = row.key.effect.conversation.clone();
    let question = EffectRef { conversation, key };
    let choices: Vec<_> = frozen.buttons.iter().map(|(key, _)| key.clone()).collect();
    let whose = Whose { payer: person.payer.clone(), person: person.person.clone() };
    for _ in 0..TRIES_MAX {
        let reach = house.store.reach();
        // Who proved no address there answers by words.
        let Some((kept, rev)) = reach.menus(&whose, &frozen.channel).await? else { return Ok(()) };
        let mut menus: Menus = read(kept);
        drop_closed(house, &whose, &mut menus).await?;
        let numbers = menus.offered(&question, &choices);
        if reach.keep_menus(&whose, &frozen.channel, rev, &serde_json::json!(menus)).await? {
            frozen.numbers = numbers;
            return Ok(());
        }
    }
    Err(StoreError::Conflict)
}

/// What was kept; what this version cannot read any more begins anew.
pub fn read(kept: Option<serde_json::Value>) -> Menus {
    kept.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default()
}

/// Questions that were closed meanwhile: their numbers rest, and are free again later.
async fn drop_closed(house: &House, whose: &Whose, menus: &mut Menus) -> Result<(), StoreError> {
    let open: Vec<_> = menus.open().cloned().collect();
    for question in open {
        let row = house.store.question(&whose.payer, &question, Some(&whose.person)).await?;
        if row.is_none_or(|it| it.closed.is_some()) {
            menus.close(&question);
        }
    }
    Ok(())
}
