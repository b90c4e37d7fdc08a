//! Where words would go if they were said now: for whoever is about to say them at a desk.

use mendline_engine::message::{EffectKey, Message};
use mendline_engine::screen::{Verdict, screen};
use mendline_engine::time::Timestamp;

use super::ways::{purpose, scope, way, ways};
use crate::channels::Ahead;
use crate::house::House;
use crate::store::{EffectRef, MessageRef, OutboxRow, Person, StoreError};

impl House {
    /// Looks ahead, over the ways and in the order that dispatch would try.
    pub async fn ahead(
        &self,
        person: &Person,
        message: Message,
        flow_hash: Option<&str>,
    ) -> Result<Ahead, StoreError> {
        let house = self;
        let now = house.clock.now();
        let effect =
            EffectRef { conversation: String::new(), key: EffectKey { turn: 0, index: 0 } };
        let row = OutboxRow {
            key: MessageRef { payer: person.payer.clone(), effect },
            flow: None,
            flow_hash: flow_hash.map(str::to_owned),
            behind: None,
            person: person.person.clone(),
            message,
            frozen: None,
            over: false,
            attempts: 0,
            committed: now,
        };
        let (purpose, scope) = (purpose(house, &row), scope(house, person).await?);
        let mut held: Option<Timestamp> = None;
        for (name, _) in ways(house, &row, person) {
            let Some(channel) = house.channels.get(name.as_str()) else { continue };
            let way = way(house, channel.as_ref(), person, scope);
            match screen(&row.message, &way, purpose.as_deref(), now) {
                Verdict::Full => return Ok(Ahead::Full(name)),
                Verdict::Private => return Ok(Ahead::Link(name)),
                Verdict::HoldUntil(until) => held = Some(held.map_or(until, |it| it.min(until))),
                Verdict::Withhold(_) => {}
            }
        }
        Ok(held.map_or(Ahead::Nowhere, Ahead::Waits))
    }
}
