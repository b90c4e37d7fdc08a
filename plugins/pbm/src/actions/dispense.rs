//! "Done": the pharmacy handed the medicine out.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_plugin::{ActionError, Call, Example, TypedAction};
use serde::Deserialize;
use serde_json::json;

use super::{ClaimArg, DrugArg, refused};
use crate::coverage::Verdict;
use crate::examples;
use crate::records::Dispensing;
use crate::standing::Standing;
use crate::store::{Attempt, Begun, Fill, Store, insert_fill};

/// Notes a fill of today. Each fill is noted once.
pub(crate) struct MarkDispensed(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    claim: ClaimArg,
    drug: DrugArg,
    fill: Option<i64>,
}

#[async_trait]
impl TypedAction for MarkDispensed {
    const NAME: &'static str = "mark_dispensed";
    type Input = Input;
    type Output = Dispensing;

    fn examples(&self) -> Vec<Example> {
        vec![Example {
            says: "A first fill that needed nothing.",
            input: json!({ "claim": examples::june(), "drug": examples::naproxen() }),
            output: json!({ "filled_on": "2026-11-16", "fill": 1 }),
        }]
    }

    async fn run(&self, call: &Call, input: Input) -> Result<Dispensing, ActionError> {
        let (claim, rx) = (input.claim.number(), input.drug.rx_number());
        let act = format!("mark_dispensed {claim} {rx} fill {:?}", input.fill);
        match self.0.begin(call, act).await? {
            Begun::Before(result) => result,
            Begun::New(mut attempt) => {
                let result = write(&mut attempt, call, &input).await;
                attempt.finish(result).await
            }
        }
    }
}

async fn write(
    attempt: &mut Attempt,
    call: &Call,
    input: &Input,
) -> Result<Dispensing, ActionError> {
    let (claim, rx) = (input.claim.number(), input.drug.rx_number());
    let conn = &mut *attempt.tx;
    let standing = Standing::load(conn, call, claim, rx).await?;
    let today = standing.today.to_string();
    let next = standing.next_fill();
    // Without a number, a second "done" on the same day means the same fill.
    let done_today = standing.fills.first().is_some_and(|it| it.filled_on == today);
    if input.fill.map_or(done_today, |fill| fill < next) {
        return Err(refused("already_dispensed", "this fill is noted already"));
    }
    if input.fill.is_some_and(|fill| fill != next) {
        return Err(refused("not_the_next_fill", "an earlier fill is not noted yet"));
    }
    if standing.verdict()? != Verdict::Covered {
        return Err(refused("not_covered", "this fill is not covered today"));
    }
    let (days_supply, quantity) = standing.next_supply();
    let fill = Fill { fill: next, filled_on: today, days_supply, quantity };
    if !insert_fill(conn, &call.payer, claim, rx, &fill).await? {
        return Err(refused("already_dispensed", "this fill is noted already"));
    }
    Ok(Dispensing { filled_on: standing.today, fill: next })
}
