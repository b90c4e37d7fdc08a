//! Writing down that somebody said yes, and asking whether it was written.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use mendline_plugin::{ActionError, Call, Example, TypedAction};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ClaimArg, DrugArg, refused};
use crate::examples;
use crate::records::Authorized;
use crate::standing::Standing;
use crate::store::{
    Attempt, Authorization, Begun, Store, insert_authorization, lapse_authorizations,
    latest_authorization,
};

/// The longest that one authorization may last, in days. The widest window that a formulary was
/// seen to allow is a year (New York, medication requests).
const LASTS_MAX_DAYS: i64 = 365;

/// Lets a prescription be filled. There is one authorization a fill, whoever asks for it and
/// however often.
pub(crate) struct Authorize(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    claim: ClaimArg,
    drug: DrugArg,
    days: i64,
    by: String,
    fill: Option<i64>,
    refills: Option<i64>,
    /// The first day of a period. Without one: today.
    from: Option<NaiveDate>,
    /// The last day of a period. Without one: as long as the payer's settings say.
    until: Option<NaiveDate>,
}

#[async_trait]
impl TypedAction for Authorize {
    const NAME: &'static str = "authorize";
    type Input = Input;
    type Output = Authorized;

    fn examples(&self) -> Vec<Example> {
        vec![
            Example {
                says: "The adjuster said yes to fourteen of thirty days.",
                input: json!({
                    "claim": examples::ana(), "drug": examples::gabapentin(), "days": 14,
                    "by": "Dana Whitfield",
                }),
                output: example_output(),
            },
            Example {
                says: "The adjuster said yes for two months: this fill and one more.",
                input: json!({
                    "claim": examples::ana(), "drug": examples::cyclobenzaprine(), "days": 14,
                    "by": "Dana Whitfield", "refills": 1, "from": "2026-11-16",
                    "until": "2027-01-15",
                }),
                output: json!({
                    "number": "PA-100002", "from": "2026-11-16", "until": "2027-01-15",
                    "refills": 1, "days": 14, "status": "active",
                }),
            },
        ]
    }

    async fn run(&self, call: &Call, input: Input) -> Result<Authorized, ActionError> {
        match self.0.begin(call, act(&input)).await? {
            Begun::Before(result) => result,
            Begun::New(mut attempt) => {
                let result = write(&mut attempt, call, &input).await;
                attempt.finish(result).await
            }
        }
    }
}

/// What is to be done, in one line: the same key must never come with another.
fn act(it: &Input) -> String {
    let (claim, rx) = (it.claim.number(), it.drug.rx_number());
    let mut act = format!(
        "authorize {claim} {rx} fill {:?} days {} refills {:?} by {}",
        it.fill, it.days, it.refills, it.by
    );
    // Said only where it is there, so that a key from before there were periods still fits.
    for (name, day) in [("from", it.from), ("until", it.until)] {
        if let Some(day) = day {
            act += &format!(" {name} {day}");
        }
    }
    act
}

async fn write(
    attempt: &mut Attempt,
    call: &Call,
    input: &Input,
) -> Result<Authorized, ActionError> {
    let (claim, rx) = (input.claim.number(), input.drug.rx_number());
    let conn = &mut *attempt.tx;
    let standing = Standing::load(conn, call, claim, rx).await?;
    let new = authorization(&standing, input)?;
    if let Some(held) = &standing.authorization {
        return Err(already(&held.number));
    }
    lapse_authorizations(conn, &call.payer, claim, rx, &standing.today.to_string()).await?;
    let number = insert_authorization(conn, &call.payer, &new, &input.by, call.now_ms).await?;
    // The index is the last word, should the look before have missed a holder.
    let number = number.ok_or_else(|| already("unknown"))?;
    Ok(Authorized::new(&Authorization { number, ..new }, standing.today, standing.filled())?)
}

fn already(number: &str) -> ActionError {
    refused("already_authorized", format!("this fill is authorized already, as {number}"))
}

/// The authorization to make, if it may be made.
fn authorization(standing: &Standing, input: &Input) -> Result<Authorization, ActionError> {
    let fill = input.fill.unwrap_or(standing.next_fill());
    let refills = input.refills.unwrap_or(0);
    if matches!(standing.claim.status.as_str(), "closed" | "settled") {
        return Err(refused("claim_closed", "a closed claim pays for no medicine"));
    }
    let by = input.by.trim();
    if by.is_empty() || by == standing.claim.worker || by == standing.claim.worker_name {
        return Err(refused("not_by_requester", "nobody says yes to a request of one's own"));
    }
    if fill != standing.next_fill() {
        return Err(refused("not_the_next_fill", "that fill was handed out, or is not due yet"));
    }
    if !(1..=standing.rx.days_supply).contains(&input.days) {
        return Err(refused("days_out_of_range", "at least one day, at most what was prescribed"));
    }
    refills_allowed(standing, fill, refills)?;
    let (from, until) = period(standing, input, refills)?;
    Ok(Authorization {
        number: String::new(), // given when it is written
        claim: standing.claim.number.clone(),
        rx_number: standing.rx.rx_number.clone(),
        fill,
        from_day: from.to_string(),
        until_day: until.to_string(),
        refills,
        days: input.days,
    })
}

/// Whether so many more fills may follow this one.
fn refills_allowed(standing: &Standing, fill: i64, refills: i64) -> Result<(), ActionError> {
    // No refills of schedule II: 21 CFR 1306.12. A medicine that the pack does not know might be.
    let scheduled = standing.drug().is_none_or(|it| it.dea.as_deref() == Some("II"));
    if scheduled && refills > 0 {
        return Err(refused("no_refills", "schedule II, or of an unknown schedule: no refills"));
    }
    let refills_left = (standing.rx.refills + 1 - fill).max(0);
    if !(0..=refills_left).contains(&refills) {
        return Err(refused("refills_out_of_range", "more refills than the prescription allows"));
    }
    Ok(())
}

/// The first and the last day: as given, else from today for as long as the payer's settings say.
fn period(
    standing: &Standing,
    input: &Input,
    refills: i64,
) -> Result<(NaiveDate, NaiveDate), ActionError> {
    let from = input.from.unwrap_or(standing.today);
    let lasts = standing.payer.authorization_days.max(input.days * (refills + 1));
    let until = input.until.unwrap_or_else(|| last_day(from, lasts.min(LASTS_MAX_DAYS)));
    if until < from {
        return Err(refused("until_before_from", "the period would end before it begins"));
    }
    if until < standing.today {
        return Err(refused("period_is_over", "the last day of the period has passed"));
    }
    if until > last_day(from, LASTS_MAX_DAYS) {
        return Err(refused("period_too_long", "no authorization lasts longer than a year"));
    }
    Ok((from, until))
}

fn last_day(from: NaiveDate, lasts: i64) -> NaiveDate {
    from + Days::new(u64::try_from(lasts).unwrap_or(0))
}

/// Says whether a fill is authorized: what to ask when nobody knows how [`Authorize`] ended. Takes
/// the same arguments; who decided and for how long are not compared.
pub(crate) struct Inquire(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InquireInput {
    claim: ClaimArg,
    drug: DrugArg,
    #[serde(rename = "days")]
    _days: Option<i64>,
    #[serde(rename = "by")]
    _by: Option<String>,
    fill: Option<i64>,
    #[serde(rename = "refills")]
    _refills: Option<i64>,
    #[serde(rename = "from")]
    _from: Option<NaiveDate>,
    #[serde(rename = "until")]
    _until: Option<NaiveDate>,
}

#[async_trait]
impl TypedAction for Inquire {
    const NAME: &'static str = "inquire_authorization";
    type Input = InquireInput;
    type Output = Authorized;

    fn examples(&self) -> Vec<Example> {
        vec![Example {
            says: "It was written.",
            input: json!({
                "claim": examples::ana(), "drug": examples::gabapentin(), "days": 14,
                "by": "Dana Whitfield",
            }),
            output: example_output(),
        }]
    }

    async fn run(&self, call: &Call, input: InquireInput) -> Result<Authorized, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let (claim, rx) = (input.claim.number(), input.drug.rx_number());
        let standing = Standing::load(&mut conn, call, claim, rx).await?;
        let fill = input.fill.unwrap_or(standing.next_fill());
        let held = latest_authorization(&mut conn, &call.payer, claim, rx, Some(fill)).await?;
        let Some(held) = held else {
            return Err(refused("not_authorized", "no authorization was written for this fill"));
        };
        Ok(Authorized::new(&held, standing.today, standing.filled())?)
    }
}

fn example_output() -> Value {
    json!({
        "number": "PA-100001", "from": "2026-11-16", "until": "2026-12-16", "refills": 0,
        "days": 14, "status": "active",
    })
}
