//! "Not my claim": giving a claim to whom it belongs.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_plugin::{ActionError, Call, Example, TypedAction};
use serde::Deserialize;
use serde_json::json;

use super::{ClaimArg, refused};
use crate::examples;
use crate::records::Person;
use crate::standing::claim_today;
use crate::store::{Attempt, Begun, Store, decline, declined, person, set_adjuster};

/// Gives the claim to the one that the payer's claim system names, or, where that one has said "not
/// mine", to the supervisor; never back to somebody who has said so. The record that was shown says
/// who had it then: if somebody moved it meanwhile, nothing is changed and the one who has it now
/// is the answer.
pub(crate) struct Reassign(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    claim: ClaimArg,
}

#[async_trait]
impl TypedAction for Reassign {
    const NAME: &'static str = "reassign";
    type Input = Input;
    type Output = Person;

    fn examples(&self) -> Vec<Example> {
        vec![Example {
            says: "The claim system names somebody else.",
            input: json!({ "claim": examples::hugo() }),
            output: examples::priya(),
        }]
    }

    async fn run(&self, call: &Call, input: Input) -> Result<Person, ActionError> {
        let act = format!("reassign {} from {:?}", input.claim.number(), input.claim.adjuster());
        match self.0.begin(call, act).await? {
            Begun::Before(result) => result,
            Begun::New(mut attempt) => {
                let result = write(&mut attempt, call, &input.claim).await;
                attempt.finish(result).await
            }
        }
    }
}

async fn write(
    attempt: &mut Attempt,
    call: &Call,
    claim: &ClaimArg,
) -> Result<Person, ActionError> {
    let conn = &mut *attempt.tx;
    let (row, _) = claim_today(conn, call, claim.number()).await?;
    let from = claim.adjuster().unwrap_or(&row.adjuster);
    let to = if from == row.adjuster {
        let mut declined = declined(conn, &call.payer, &row.number).await?;
        declined.push(from.to_owned());
        let to = [&row.owner, &row.supervisor].into_iter().find(|it| !declined.contains(it));
        let Some(to) = to else {
            return Err(refused("nobody_else", "everyone it could belong to has said no"));
        };
        decline(conn, &call.payer, &row.number, from).await?;
        if !set_adjuster(conn, &call.payer, &row.number, from, to).await? {
            return Err(ActionError::Unavailable("the claim moved meanwhile".into()));
        }
        to
    } else {
        &row.adjuster
    };
    let Some(person) = person(conn, &call.payer, to).await? else {
        return Err(refused("nobody_else", "the one it belongs to is not on file"));
    };
    // Whoever holds the claim is its adjuster, a supervisor too.
    Ok(Person { role: "adjuster".into(), ..Person::from(person) })
}
