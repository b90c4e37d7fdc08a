//! Claims: which ones a worker has, what one holds, how it stands, and who asks by Rx number.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_plugin::{ActionError, Call, Example, TypedAction};
use serde::Deserialize;
use serde_json::json;
use sqlx::SqliteConnection;

use super::{ClaimArg, refused};
use crate::examples;
use crate::records::{Claim, ClaimStatus, Found, Medication, day, words};
use crate::rejects::letter_reason;
use crate::standing::{claim_today, today};
use crate::store::{
    ClaimRow, Store, claim_by_number_and_rx, covering_authorization, fills, open_claims, person,
    prescriptions,
};

async fn whole(
    conn: &mut SqliteConnection,
    call: &Call,
    row: ClaimRow,
) -> Result<Claim, ActionError> {
    let rx = prescriptions(conn, &call.payer, &row.number).await?;
    Ok(Claim::new(row, rx)?)
}

/// The worker's open claims, oldest injury first. Also the source `worker.open_claim`.
pub(crate) struct OpenClaims(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenClaimsInput {
    person: String,
}

#[async_trait]
impl TypedAction for OpenClaims {
    const NAME: &'static str = "open_claims";
    type Input = OpenClaimsInput;
    type Output = Vec<Claim>;

    fn examples(&self) -> Vec<Example> {
        vec![
            Example {
                says: "A worker with one open claim.",
                input: json!({ "person": "june" }),
                output: json!([examples::june()]),
            },
            Example {
                says: "A worker whose only claim is settled.",
                input: json!({ "person": "olive" }),
                output: json!([]),
            },
            Example {
                says: "A stranger has none.",
                input: json!({ "person": "nobody" }),
                output: json!([]),
            },
        ]
    }

    async fn run(&self, call: &Call, input: OpenClaimsInput) -> Result<Vec<Claim>, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let mut claims = vec![];
        for row in open_claims(&mut conn, &call.payer, &input.person).await? {
            claims.push(whole(&mut conn, call, row).await?);
        }
        Ok(claims)
    }
}

/// One claim by its number.
pub(crate) struct ByNumber(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByNumberInput {
    number: String,
}

#[async_trait]
impl TypedAction for ByNumber {
    const NAME: &'static str = "claim";
    type Input = ByNumberInput;
    type Output = Claim;

    fn examples(&self) -> Vec<Example> {
        vec![Example {
            says: "A claim without a pharmacy yet.",
            input: json!({ "number": "DEMO-CA-000126" }),
            output: examples::june(),
        }]
    }

    async fn run(&self, call: &Call, input: ByNumberInput) -> Result<Claim, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let (row, _) = claim_today(&mut conn, call, &input.number).await?;
        whole(&mut conn, call, row).await
    }
}

/// How a claim stands. Why it was denied is told as the letter tells it, and not before the day
/// of the letter.
pub(crate) struct Status(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusInput {
    claim: ClaimArg,
}

#[async_trait]
impl TypedAction for Status {
    const NAME: &'static str = "claim_status";
    type Input = StatusInput;
    type Output = ClaimStatus;

    fn examples(&self) -> Vec<Example> {
        vec![Example {
            says: "An accepted claim, and whom to call.",
            input: json!({ "claim": examples::ana() }),
            output: json!({
                "state": "accepted", "since": "2026-07-29", "body_parts": ["lower back"],
                "letter_sent": false, "letter_date": null, "reason": null,
                "adjuster_name": "Dana Whitfield", "adjuster_phone": "+12135550101",
            }),
        }]
    }

    async fn run(&self, call: &Call, input: StatusInput) -> Result<ClaimStatus, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let (row, today) = claim_today(&mut conn, call, input.claim.number()).await?;
        let adjuster = person(&mut conn, &call.payer, &row.adjuster).await?;
        let (adjuster_name, adjuster_phone) =
            adjuster.map_or_else(Default::default, |it| (it.name, it.phone.unwrap_or_default()));
        let letter_date = row.letter_date.as_deref().map(day).transpose()?;
        let letter_date = letter_date.filter(|it| *it <= today);
        Ok(ClaimStatus {
            since: day(&row.since)?,
            body_parts: words(&row.body_parts)?,
            letter_sent: letter_date.is_some(),
            letter_date,
            reason: letter_date.and(row.letter_reason.as_deref()).and_then(letter_reason),
            state: row.status,
            adjuster_name,
            adjuster_phone,
        })
    }
}

/// For a pharmacy that has a claim number and an Rx number. The two together are found or not: a
/// right claim number with a wrong Rx number gives what two wrong ones give.
pub(crate) struct ByRx(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByRxInput {
    number: String,
    rx: String,
}

#[async_trait]
impl TypedAction for ByRx {
    const NAME: &'static str = "prescription_by_rx";
    type Input = ByRxInput;
    type Output = Found;

    fn examples(&self) -> Vec<Example> {
        let nothing = json!({ "found": false, "claim": null, "drug": null, "authorization": null });
        vec![
            Example {
                says: "Both numbers are right.",
                input: json!({ "number": "DEMO-CA-000123", "rx": "7700001" }),
                output: json!({
                    "found": true, "claim": examples::ana(), "drug": examples::gabapentin(),
                    "authorization": null,
                }),
            },
            Example {
                says: "The prescription is on another claim.",
                input: json!({ "number": "DEMO-CA-000123", "rx": "7700009" }),
                output: nothing.clone(),
            },
            Example {
                says: "There is no such claim.",
                input: json!({ "number": "DEMO-CA-999999", "rx": "7700001" }),
                output: nothing,
            },
        ]
    }

    async fn run(&self, call: &Call, input: ByRxInput) -> Result<Found, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let (number, rx) = (input.number.trim(), input.rx.trim());
        let Some(row) = claim_by_number_and_rx(&mut conn, &call.payer, number, rx).await? else {
            return Ok(Found::default());
        };
        let fill =
            fills(&mut conn, &call.payer, number, rx).await?.first().map_or(1, |it| it.fill + 1);
        let day = today(call, &row)?.to_string();
        let held = covering_authorization(&mut conn, &call.payer, (number, rx, fill), &day).await?;
        let held = held.filter(|it| it.from_day <= day);
        let claim = whole(&mut conn, call, row).await?;
        let drug: Option<Medication> =
            claim.medications.iter().find(|it| it.rx_number == rx).cloned();
        if drug.is_none() {
            return Err(refused("unknown_prescription", "it left the claim just now"));
        }
        Ok(Found { found: true, claim: Some(claim), drug, authorization: held.map(|it| it.number) })
    }
}
