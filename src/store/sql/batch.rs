//! One transaction for everything that waits to be written: arrivals, person turns, turns,
//! receipts, results, lines.
//!
//! First what the jobs concern is looked up, all of it together; then each job becomes rows
//! ([`Writes`]), or an answer that says why not; then the rows are written, a statement a table.

use std::sync::Arc;

use mendline_engine::time::Timestamp;

use super::found::Found;
use super::going::Going;
use super::keys::Keys;
use super::writes::Writes;
use super::{calls, commit, inbox, lines, outbox, routing, settle};
use crate::store::{
    Accepted, Became, CallBecame, Carried, Carry, EffectRef, Frozen, MessageRef, NewArrival,
    NewLine, PersonCommit, StoreError, TurnCommit,
};
use crate::vault::Vault;

/// Something to write.
pub(super) enum Job {
    Accept(NewArrival),
    Carry(Box<Carry>),
    Person(Box<PersonCommit>),
    Turn(Box<TurnCommit>),
    Freeze(MessageRef, Frozen),
    Settle(MessageRef, Became, Timestamp),
    Return { payer: String, call: EffectRef, became: CallBecame, now: Timestamp },
    Line(NewLine),
}

/// What came of a job that was written.
#[derive(Clone, Debug)]
pub(super) enum Done {
    Nothing,
    Accepted(Accepted),
    Carried(Carried),
    /// The number of a line.
    Line(i64),
}

pub(super) type Outcome = Result<Done, StoreError>;

/// What the steps of a batch share.
pub(super) struct Batch<'a> {
    pub(super) vault: &'a Vault,
    pub(super) found: Found,
    pub(super) keys: Keys,
    pub(super) writes: Writes,
}

/// Writes the jobs; the answers come in their order. An error means that nothing was written, or that
/// nobody knows whether the end of the transaction was.
pub(super) async fn execute(
    mut going: Going<'_>,
    vault: &Vault,
    jobs: &[Arc<Job>],
) -> Result<Vec<Outcome>, StoreError> {
    let (found, keys) = Found::look(&mut going, vault, jobs).await?;
    let mut batch = Batch { vault, found, keys, writes: Writes::default() };
    let arrived = inbox::arrive(&mut going, &mut batch, jobs).await?;
    let mut turned = commit::advance(&mut going, &mut batch, jobs, &arrived).await?;
    let numbered = lines::number(&mut going, &mut batch, jobs, &arrived, &turned).await?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for (nth, job) in jobs.iter().enumerate() {
        let outcome = match job.as_ref() {
            Job::Accept(_) => arrived.outcome(nth).map(Done::Accepted),
            Job::Line(_) => numbered.outcome(nth).map(Done::Line),
            Job::Carry(carry) => {
                routing::carry(&mut batch, carry, arrived.outcome(nth), &mut turned, nth)
            }
            Job::Person(commit) => routing::person(&mut batch, commit).map(|()| Done::Nothing),
            Job::Turn(turn) => {
                commit::turn(&mut batch, turn, turned.take(nth, 0)).map(|()| Done::Nothing)
            }
            Job::Freeze(key, frozen) => {
                outbox::freeze(&mut batch, key, frozen).map(|()| Done::Nothing)
            }
            Job::Settle(key, became, now) => {
                settle::message(&mut batch, key, became.clone(), *now).map(|()| Done::Nothing)
            }
            Job::Return { payer, call, became, now } => {
                calls::settle(&mut batch, payer, call, became.clone(), *now).map(|()| Done::Nothing)
            }
        };
        // These wrote nothing that was refused; of the others a part may be among the rows
        // already, so the batch is taken apart.
        let alone = matches!(job.as_ref(), Job::Accept(_) | Job::Line(_));
        match outcome {
            Err(error) if !alone && !matches!(error, StoreError::Conflict) => return Err(error),
            outcome => outcomes.push(outcome),
        }
    }
    settle::finish(&mut batch);
    batch.writes.commit(going).await?;
    Ok(outcomes)
}
