//! Who watches a store, and what a use of it is.

use async_trait::async_trait;

use crate::store::care::{Allowance, Pause, PauseRef};
use crate::store::rows::*;
use crate::store::{Accepted, StoreError};

/// One use of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The method.
    pub method: &'static str,
    /// What it does.
    pub kind: Kind,
}

/// What a use of a store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing, or, for a lease, nothing that the next write does not change again.
    Read,
    /// Changes something.
    Write,
    /// Commits turns.
    Turns,
}

/// Who watches. An error takes the place of the answer: before, nothing of it is done; after,
/// all of it is, and the caller never learns it.
#[async_trait]
pub trait Watch: Send + Sync {
    /// Something is to be done; answers with a number for [`Watch::after`].
    async fn before(&self, it: Use) -> Result<u64, StoreError>;

    /// It is done.
    async fn after(&self, it: Use, number: u64) -> Result<(), StoreError>;

    /// An arrival on its way in. `Some` answers in the store's place.
    fn arrival(&self, _arrival: &mut NewArrival) -> Option<Accepted> {
        None
    }

    /// Conversations on their way to be turned.
    fn claimed(&self, _claimed: &mut Vec<Claimed>) {}

    /// Turns on their way in.
    fn turns(&self, _commits: &mut Vec<TurnCommit>) {}

    /// What became of turns.
    fn turned(&self, _commits: &[TurnCommit], _results: &mut [Result<(), StoreError>]) {}

    /// A person turn was committed.
    fn routed(&self, _commit: &PersonCommit) {}

    /// A person was read.
    fn met(&self, _person: &mut Option<Person>) {}

    /// Whether bytes are to be frozen.
    fn freezes(&self, _key: &MessageRef) -> bool {
        true
    }

    /// Whether what became of a message is to be written.
    fn settles(&self, _key: &MessageRef, _became: &Became) -> bool {
        true
    }

    /// What became of a message was written.
    fn settled(&self, _key: &MessageRef, _became: &Became) {}

    /// Whether what became of a call is to be written.
    fn returns(&self, _key: &EffectRef, _became: &CallBecame) -> bool {
        true
    }

    /// A line was put into a chat.
    fn lined(&self, _line: &NewLine) {}

    /// Something was paused.
    fn paused(&self, _pause: &Pause) {}

    /// Pauses were read.
    fn read_pauses(&self, _pauses: &mut Vec<Pause>) {}

    /// A pause ended.
    fn resumed(&self, _of: &PauseRef) {}

    /// Whether a message is to be put aside; `Some` says what becomes of it instead.
    fn parks(&self, _key: &MessageRef, _under: &PauseRef) -> Option<Became> {
        None
    }

    /// A flow asks for more of its hour. `Some` answers in the store's place.
    fn asks(&self, _it: &Allowance<'_>) -> Option<bool> {
        None
    }

    /// A piece of a flow's hour was taken.
    fn allowed(&self, _it: &Allowance<'_>) {}
}
