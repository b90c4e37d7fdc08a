//! Turns after a bad end ([`crate::watch::careful`]): each attempt is counted on disk before it is
//! made, so that an event that fells the process every time is known by its count, and goes to a
//! person without being tried again.

use std::collections::BTreeMap;

use mendline_engine::env::PartyEnv;
use mendline_engine::time::Timestamp;
use tracing::error;

use super::{Work, identify, version};
use crate::directory::{Directory, Met};
use crate::house::House;
use crate::store::{Claimed, StoreError, TurnCommit};
use crate::watch::careful::TRIES_MAX;

/// Conversations and events at a time while going carefully: what is tried is what is counted.
pub(super) const ONE_BY_ONE: (u32, u32) = (1, 1);

/// How often events were tried, by inbox number; empty while nobody counts.
#[derive(Default)]
pub(super) struct Tried(BTreeMap<i64, u32>);

impl Tried {
    /// Counts an attempt at each of these, if the house goes carefully.
    pub(super) async fn count(house: &House, claimed: &[Claimed]) -> Result<Tried, StoreError> {
        if !house.watch.careful.is_on() {
            return Ok(Tried::default());
        }
        let seqs: Vec<_> = claimed.iter().flat_map(seqs).collect();
        Ok(Tried(house.store.health().begin_tries(&seqs).await?))
    }

    /// Whether one of these felled the process too often.
    pub(super) fn too_often(&self, claimed: &Claimed) -> bool {
        seqs(claimed).any(|it| self.0.get(&it).is_some_and(|tries| *tries > TRIES_MAX))
    }

    /// The attempts ended, well or not: what did not fell us is not counted.
    pub(super) async fn ended(&self, house: &House) {
        let seqs: Vec<_> = self.0.keys().copied().collect();
        if !seqs.is_empty()
            && let Err(why) = house.store.health().end_tries(&seqs).await
        {
            error!("an attempt that did not fell us stays counted: {why}");
        }
    }
}

fn seqs(claimed: &Claimed) -> impl Iterator<Item = i64> {
    claimed.events.iter().map(|it| it.0)
}

/// What is committed in place of the turn, without running anything that may have felled us.
pub(super) async fn aside(
    house: &House,
    claimed: Claimed,
    now: Timestamp,
) -> anyhow::Result<TurnCommit> {
    let Claimed { conversation, events } = claimed;
    error!(conversation = conversation.id, "an event felled the process; it is set aside");
    let program = version(house, &conversation.flow_hash).await?;
    let mut directory = Directory::default();
    let person = house.store.person(&conversation.payer, &conversation.principal).await?;
    if let Some(it) = person {
        let party = PartyEnv {
            person: it.person,
            first_name: String::new(),
            name: it.name,
            language: it.language,
            zone: it.zone,
            office: None,
            reachable: true,
        };
        directory.parties.insert(program.principal.clone(), party);
    }
    let met = Met::default();
    let mut work = Work::new(&conversation, &met, now);
    for (seq, event, source, _received) in events {
        let event = identify(event, &directory);
        let (_, answer) = work.keep(house, &program, &directory, &event, &source, None);
        work.commit.done.push((seq, answer));
    }
    work.finish(house, &program).await
}
