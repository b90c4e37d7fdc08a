//! May this medicine be filled today, and if not, why?

use std::sync::Arc;

use async_trait::async_trait;
use mendline_plugin::{ActionError, Call, Example, TypedAction};
use serde::Deserialize;
use serde_json::json;
use sqlx::SqliteConnection;

use super::{ClaimArg, DrugArg};
use crate::coverage::{LastFill, Verdict, runs_out};
use crate::drugs;
use crate::examples;
use crate::records::{Coverage, CoverageStatus, day};
use crate::rejects::{PAID, TOO_EARLY, reject_reason};
use crate::standing::Standing;
use crate::store::{Fill, Store, StoreError, fills, prescriptions};

/// How many fills a card shows: enough to see a rhythm, few enough to read at a glance.
const HISTORY_MAX: usize = 3;

/// What the pharmacy would be told now.
pub(crate) struct CheckCoverage(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    claim: ClaimArg,
    drug: DrugArg,
}

#[async_trait]
impl TypedAction for CheckCoverage {
    const NAME: &'static str = "check_coverage";
    type Input = Input;
    type Output = Coverage;

    fn examples(&self) -> Vec<Example> {
        let input = |drug| json!({ "claim": examples::ana(), "drug": drug });
        vec![
            Example {
                says: "It needs an OK.",
                input: input(examples::gabapentin()),
                output: json!({
                    "status": "needs_approval", "days_supply": 30, "quantity": 90,
                    "price": "182.40 USD", "reason": reject_reason("75"),
                    "next_fill_date": null, "reject_code": "75", "history": [], "mme": null,
                }),
            },
            Example {
                says: "Three quarters of the last supply are used up.",
                input: input(examples::ibuprofen()),
                output: json!({
                    "status": "covered", "days_supply": 30, "quantity": 90,
                    "price": "21.75 USD", "reason": reject_reason(PAID),
                    "next_fill_date": null, "reject_code": "", "mme": null,
                    "history": [
                        "2026-10-20, quantity 90, 30 days", "2026-09-20, quantity 90, 30 days",
                    ],
                }),
            },
            Example {
                says: "Two weeks' supply, five days ago.",
                input: input(examples::cyclobenzaprine()),
                output: json!({
                    "status": "too_soon", "days_supply": 14, "quantity": 42,
                    "price": "18.20 USD", "reason": reject_reason(TOO_EARLY),
                    "next_fill_date": "2026-11-22", "reject_code": "79", "mme": null,
                    "history": ["2026-11-11, quantity 42, 14 days"],
                }),
            },
        ]
    }

    async fn run(&self, call: &Call, input: Input) -> Result<Coverage, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let (claim, drug) = (input.claim.number(), input.drug.rx_number());
        let standing = Standing::load(&mut conn, call, claim, drug).await?;
        let mme = mme(&mut conn, call, &standing).await?;
        let (status, code, next_fill_date) = match standing.verdict()? {
            Verdict::Covered => (CoverageStatus::Covered, String::new(), None),
            Verdict::TooSoon(day) => (CoverageStatus::TooSoon, TOO_EARLY.into(), Some(day)),
            Verdict::NeedsApproval(code) => (CoverageStatus::NeedsApproval, code, None),
        };
        let (days_supply, quantity) = standing.next_supply();
        Ok(Coverage {
            status,
            days_supply,
            quantity,
            price: format!("{} USD", standing.rx.price),
            reason: reject_reason(if code.is_empty() { PAID } else { &code }),
            next_fill_date,
            reject_code: code,
            history: standing.fills.iter().take(HISTORY_MAX).map(line).collect(),
            mme,
        })
    }
}

fn line(fill: &Fill) -> String {
    format!("{}, quantity {}, {} days", fill.filled_on, fill.quantity, fill.days_supply)
}

/// The opioids a day if this one is filled: it, and every other whose last supply still lasts.
/// Nothing for a medicine that is no opioid.
async fn mme(
    conn: &mut SqliteConnection,
    call: &Call,
    standing: &Standing,
) -> Result<Option<f64>, StoreError> {
    let this = &standing.rx;
    let Some(mut sum) = standing.drug().and_then(|it| it.mme(this.quantity, this.days_supply))
    else {
        return Ok(None);
    };
    for rx in prescriptions(conn, &call.payer, &standing.claim.number).await? {
        let Some(drug) = drugs::find(&rx.name, &rx.strength) else { continue };
        if rx.rx_number == this.rx_number {
            continue;
        }
        for fill in fills(conn, &call.payer, &standing.claim.number, &rx.rx_number).await? {
            let last = LastFill { filled_on: day(&fill.filled_on)?, days_supply: fill.days_supply };
            if runs_out(last) > standing.today {
                sum += drug.mme(fill.quantity, fill.days_supply).unwrap_or(0.0);
            }
        }
    }
    Ok(Some((sum * 10.0).round() / 10.0))
}
