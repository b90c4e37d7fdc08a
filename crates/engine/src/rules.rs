//! Law as dated data: a row has a value, a source, a date and a confidence.
//!
//! A row that is not verified may be shown to staff as what is usual. It never changes a
//! state and is never told to a worker as a right; [`RuleRow::acts`] is the one place to ask.
//! A jurisdiction that we have no pack for has no rows: nothing is guessed from a neighbour.

mod count;
mod pack;
pub mod refill;
pub mod windows;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;
use crate::time::zone::zone;

pub use pack::PackError;

/// The packs of every jurisdiction we know anything about. The default has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RulePacks {
    /// Jurisdiction (`CA`, `FECA`) to its rows.
    packs: BTreeMap<String, Vec<RuleRow>>,
}

/// How sure we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// From memory, or found nowhere twice.
    Unverified,
    /// A law firm, vendor or news page says so.
    Secondary,
    /// The rule or the agency's own text was read.
    Verified,
}

/// What a rule's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleUnit {
    /// A day on which offices work.
    BusinessDay,
    /// The same, where the law says "working day".
    WorkingDay,
    /// Every day.
    CalendarDay,
    /// Sixty minutes.
    Hour,
}

/// What is the first thing counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountsFrom {
    /// The day after receipt is day one, and the last day counts whole.
    #[default]
    DayAfterReceipt,
    /// The moment of receipt.
    ReceiptInstant,
}

/// Whether asking for information stops the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolling {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// We do not know, so it does not stop ours.
    #[default]
    Unknown,
}

/// What it means that the time ran out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LapseEffect {
    /// The request is approved.
    AutoApproved,
    /// The payer is taken to agree that it is medically necessary.
    MedicalNecessityConceded,
    /// The worker or provider may go to the agency.
    MaySeekAgencyReview,
    /// The payer may be fined; nothing is approved.
    AdministrativePenalty,
    /// Nothing.
    None,
    /// We do not know.
    #[default]
    Unknown,
}

/// One rule of one jurisdiction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleRow {
    /// `CA`, `TX`, `FECA`.
    pub jurisdiction: String,
    /// `decision_deadline`.
    pub name: String,
    /// The number, flag or list that the law gives.
    pub value: Value,
    /// What the number counts; absent where it counts no time.
    pub unit: Option<RuleUnit>,
    /// Where counting begins.
    pub counts_from: CountsFrom,
    /// What arrives later is received on the next business day: `17:30 America/Los_Angeles`.
    pub receipt_cutoff: Option<String>,
    /// The calendar of business days and holidays.
    pub holiday_calendar: Option<String>,
    /// The zone in which its days begin and end.
    pub zone: String,
    /// Whether asking for information stops the clock.
    pub tolling: Tolling,
    /// What running out means.
    pub lapse_effect: LapseEffect,
    /// How sure we are of that; it may be less sure than the number.
    pub lapse_confidence: Confidence,
    /// The section of the law.
    pub citation: String,
    /// Where it was read: an address, or the host and the page.
    pub source_url: Option<String>,
    /// When it was read.
    pub verified_on: Option<NaiveDate>,
    /// First day in force; absent where it is older than we looked.
    pub effective_from: Option<NaiveDate>,
    /// Last day in force; absent while it lasts.
    pub effective_to: Option<NaiveDate>,
    /// How sure we are.
    pub confidence: Confidence,
    /// What staff should know beside it.
    pub note: Option<String>,
}

impl RulePacks {
    /// The packs that come with the engine.
    pub fn embedded() -> RulePacks {
        pack::EMBEDDED.clone()
    }

    /// Adds a pack from its YAML, or replaces that of the same jurisdiction; gives its name.
    pub fn add(&mut self, yaml: &str) -> Result<String, PackError> {
        let (jurisdiction, rows) = pack::read(yaml)?;
        self.packs.insert(jurisdiction.clone(), rows);
        Ok(jurisdiction)
    }

    /// The row of that name that is in force at `on`. The request is judged under the rule of
    /// the moment of its receipt. A jurisdiction without a pack, or none, has no rules.
    pub fn rule(&self, jurisdiction: Option<&str>, name: &str, on: Timestamp) -> Option<RuleRow> {
        self.rows(jurisdiction?)
            .filter(|row| row.name == name && row.in_force(on))
            .max_by_key(|row| row.effective_from)
            .cloned()
    }

    /// All rows of a jurisdiction, past and coming ones included.
    pub fn rows(&self, jurisdiction: &str) -> impl Iterator<Item = &RuleRow> {
        self.packs.get(jurisdiction).into_iter().flatten()
    }

    /// The jurisdictions that have a pack.
    pub fn jurisdictions(&self) -> impl Iterator<Item = &str> {
        self.packs.keys().map(String::as_str)
    }

    /// Every name of a rule that some pack has; what `within: rules.NAME` may name.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.packs.values().flatten().map(|row| row.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl RuleRow {
    /// Whether it may change a state or be told to a worker: only what was read in the law.
    pub fn acts(&self) -> bool {
        self.confidence == Confidence::Verified
    }

    /// What running out does by itself, if it does anything and we may let it: both the number
    /// and its effect must be verified.
    pub fn acting_lapse(&self) -> Option<LapseEffect> {
        let does = matches!(
            self.lapse_effect,
            LapseEffect::AutoApproved
                | LapseEffect::MedicalNecessityConceded
                | LapseEffect::MaySeekAgencyReview
        );
        (does && self.acts() && self.lapse_confidence == Confidence::Verified)
            .then_some(self.lapse_effect)
    }

    /// Whether it was in force on the day, in its own zone, that `on` falls on.
    pub fn in_force(&self, on: Timestamp) -> bool {
        let day = on.day(zone(&self.zone));
        self.effective_from.is_none_or(|from| from <= day)
            && self.effective_to.is_none_or(|to| day <= to)
    }

    /// The number, where it is one.
    pub fn number(&self) -> Option<u32> {
        self.value.as_u64().and_then(|it| u32::try_from(it).ok())
    }

    /// The row as a value for the record and for staff.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("a row is plain data")
    }

    /// The row that [`RuleRow::to_value`] wrote.
    pub fn from_value(value: &Value) -> Option<RuleRow> {
        serde_json::from_value(value.clone()).ok()
    }
}
