//! One prescription as it stands today: what was prescribed, filled and authorized.

use chrono::NaiveDate;
use mendline_plugin::{ActionError, Call};
use sqlx::SqliteConnection;

use crate::actions::refused;
use crate::coverage::{Authorized, Facts, LastFill, Verdict, judge};
use crate::day;
use crate::drugs::{self, Drug};
use crate::records;
use crate::store::{
    Authorization, ClaimRow, Fill, PayerRow, Prescription, StoreError, claim,
    covering_authorization, fills, payer, prescription,
};

/// Everything that a verdict needs.
pub(crate) struct Standing {
    pub payer: PayerRow,
    pub claim: ClaimRow,
    pub rx: Prescription,
    /// Latest first.
    pub fills: Vec<Fill>,
    /// What holds for the next fill.
    pub authorization: Option<Authorization>,
    /// The worker's day.
    pub today: NaiveDate,
}

/// The claim and its worker's day. Another payer's claim is as unknown as one that never was.
pub(crate) async fn claim_today(
    conn: &mut SqliteConnection,
    call: &Call,
    number: &str,
) -> Result<(ClaimRow, NaiveDate), ActionError> {
    let Some(claim) = claim(conn, &call.payer, number).await? else {
        return Err(refused("unknown_claim", "there is no such claim"));
    };
    let today = today(call, &claim)?;
    Ok((claim, today))
}

/// The worker's day.
pub(crate) fn today(call: &Call, claim: &ClaimRow) -> Result<NaiveDate, ActionError> {
    day::today(call.now_ms, &claim.worker_zone)
        .ok_or_else(|| StoreError::Corrupt("time zone").into())
}

impl Standing {
    pub(crate) async fn load(
        conn: &mut SqliteConnection,
        call: &Call,
        number: &str,
        rx_number: &str,
    ) -> Result<Standing, ActionError> {
        let (claim, today) = claim_today(conn, call, number).await?;
        let Some(rx) = prescription(conn, &call.payer, number, rx_number).await? else {
            return Err(refused("unknown_prescription", "it is not prescribed on this claim"));
        };
        let Some(payer) = payer(conn, &call.payer).await? else {
            return Err(refused("unknown_payer", "this payer has no settings"));
        };
        let fills = fills(conn, &call.payer, number, rx_number).await?;
        let fill = next_fill(&fills);
        let place = (number, rx_number, fill);
        let authorization =
            covering_authorization(conn, &call.payer, place, &today.to_string()).await?;
        Ok(Standing { payer, claim, rx, fills, authorization, today })
    }

    /// The number of the fill that comes next.
    pub(crate) fn next_fill(&self) -> i64 {
        next_fill(&self.fills)
    }

    /// How many were handed out.
    pub(crate) fn filled(&self) -> i64 {
        self.next_fill() - 1
    }

    /// What the pack knows of the medicine.
    pub(crate) fn drug(&self) -> Option<&'static Drug> {
        drugs::find(&self.rx.name, &self.rx.strength)
    }

    /// May it be filled today?
    pub(crate) fn verdict(&self) -> Result<Verdict, StoreError> {
        let last_fill = match self.fills.first() {
            None => None,
            Some(it) => Some(LastFill {
                filled_on: records::day(&it.filled_on)?,
                days_supply: it.days_supply,
            }),
        };
        // A medicine that the pack does not know waits as long as a controlled one.
        let refill_percent = if self.drug().is_none_or(|it| it.controlled) {
            self.payer.refill_percent_controlled
        } else {
            self.payer.refill_percent
        };
        let from = self.authorization.as_ref().map(|it| records::day(&it.from_day)).transpose()?;
        let authorized = match &self.authorization {
            None => Authorized::No,
            Some(it) if it.fill == self.next_fill() => Authorized::ThisFill,
            Some(_) => Authorized::AsRefill,
        };
        Ok(judge(&Facts {
            today: self.today,
            claim_status: &self.claim.status,
            rejects: &records::words(&self.rx.rejects)?,
            last_fill,
            refill_percent,
            authorized,
            authorized_from: from.filter(|it| *it > self.today),
        }))
    }

    /// Days and quantity of the next fill: as prescribed, or as much of it as was authorized;
    /// the quantity in proportion, rounded up.
    pub(crate) fn next_supply(&self) -> (i64, i64) {
        let prescribed = self.rx.days_supply.max(1);
        let days = self.authorization.as_ref().map_or(prescribed, |it| it.days);
        (days, (self.rx.quantity * days + prescribed - 1) / prescribed)
    }
}

fn next_fill(fills: &[Fill]) -> i64 {
    fills.first().map_or(1, |it| it.fill + 1)
}
