//! The records that flows see, as `plugin.toml` declares them.
//!
//! An optional member that has no value is `null`, never absent: what a record looks like gives
//! nothing away.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::rejects::Reason;
use crate::store::{Authorization, ClaimRow, PersonRow, Prescription, StoreError};

/// `claim`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub number: String,
    pub jurisdiction: String,
    pub status: String,
    pub employer: String,
    pub injured_on: NaiveDate,
    pub body_parts: Vec<String>,
    pub worker: String,
    pub worker_name: String,
    pub worker_born: NaiveDate,
    pub adjuster: String,
    pub supervisor: String,
    pub pharmacy: Option<String>,
    pub prescriber: Option<String>,
    pub medications: Vec<Medication>,
}

impl Claim {
    pub(crate) fn new(row: ClaimRow, rx: Vec<Prescription>) -> Result<Claim, StoreError> {
        Ok(Claim {
            injured_on: day(&row.injured_on)?,
            body_parts: words(&row.body_parts)?,
            worker_born: day(&row.worker_born)?,
            medications: rx.into_iter().map(Medication::from).collect(),
            number: row.number,
            jurisdiction: row.jurisdiction,
            status: row.status,
            employer: row.employer,
            worker: row.worker,
            worker_name: row.worker_name,
            adjuster: row.adjuster,
            supervisor: row.supervisor,
            pharmacy: row.pharmacy,
            prescriber: row.prescriber,
        })
    }
}

/// `medication`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Medication {
    pub name: String,
    pub strength: String,
    pub form: String,
    pub rx_number: String,
    pub days_supply: i64,
    pub quantity: i64,
    pub prescriber: String,
}

impl From<Prescription> for Medication {
    fn from(rx: Prescription) -> Medication {
        Medication {
            name: rx.name,
            strength: rx.strength,
            form: rx.form,
            rx_number: rx.rx_number,
            days_supply: rx.days_supply,
            quantity: rx.quantity,
            prescriber: rx.prescriber,
        }
    }
}

/// `pbm.coverage`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Coverage {
    pub status: CoverageStatus,
    pub days_supply: i64,
    pub quantity: i64,
    /// `182.40 USD`.
    pub price: String,
    pub reason: Reason,
    pub next_fill_date: Option<NaiveDate>,
    /// Empty when nothing was rejected.
    pub reject_code: String,
    pub history: Vec<String>,
    /// All the opioids that the claim's worker would take on this day, to one decimal.
    pub mme: Option<f64>,
}

/// Whether it may be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CoverageStatus {
    Covered,
    TooSoon,
    NeedsApproval,
}

/// `pbm.authorization`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Authorized {
    pub number: String,
    pub from: NaiveDate,
    pub until: NaiveDate,
    pub refills: i64,
    pub days: i64,
    pub status: AuthorizationStatus,
}

impl Authorized {
    /// As it stands on `today`, when `filled` fills have been handed out.
    pub(crate) fn new(
        row: &Authorization,
        today: NaiveDate,
        filled: i64,
    ) -> Result<Authorized, StoreError> {
        let until = day(&row.until_day)?;
        let status = if filled >= row.fill + row.refills {
            AuthorizationStatus::Used
        } else if until < today {
            AuthorizationStatus::Expired
        } else {
            AuthorizationStatus::Active
        };
        Ok(Authorized {
            number: row.number.clone(),
            from: day(&row.from_day)?,
            until,
            refills: row.refills,
            days: row.days,
            status,
        })
    }
}

/// What an authorization is still good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthorizationStatus {
    Active,
    Used,
    Expired,
}

/// `pbm.claim_status`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ClaimStatus {
    pub state: String,
    pub since: NaiveDate,
    pub body_parts: Vec<String>,
    pub letter_sent: bool,
    pub letter_date: Option<NaiveDate>,
    /// As in the letter; absent until the letter's day has come.
    pub reason: Option<Reason>,
    pub adjuster_name: String,
    pub adjuster_phone: String,
}

/// `pbm.prescription`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Found {
    pub found: bool,
    pub claim: Option<Claim>,
    pub drug: Option<Medication>,
    /// The number of the authorization that holds today.
    pub authorization: Option<String>,
}

/// `pbm.person`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub id: String,
    pub role: String,
    pub name: String,
    pub first_name: String,
    pub language: String,
    pub zone: String,
    pub office: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Person {
        Person {
            id: row.id,
            role: row.role,
            name: row.name,
            first_name: row.first_name,
            language: row.language,
            zone: row.zone,
            office: row.office,
            email: row.email,
            phone: row.phone,
        }
    }
}

/// `pbm.parties`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Parties {
    pub parties: Vec<Person>,
}

/// `pbm.identity`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Identity {
    pub matches: bool,
    pub person: Option<String>,
}

/// `pbm.dispensing`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dispensing {
    pub filled_on: NaiveDate,
    pub fill: i64,
}

/// A stored day.
pub(crate) fn day(text: &str) -> Result<NaiveDate, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt("day"))
}

/// A stored list of words.
pub(crate) fn words(json: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::Corrupt("list"))
}
