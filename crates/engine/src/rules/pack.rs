//! Rule packs: one YAML file per jurisdiction, read once.

use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use super::{Confidence, CountsFrom, LapseEffect, RulePacks, RuleRow, RuleUnit, Tolling};
use crate::time::zone::known;

/// A pack that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum PackError {
    /// It is no YAML, or not of this shape.
    #[error("rule pack cannot be read: {0}")]
    Unreadable(String),
    /// A row contradicts itself.
    #[error("rule '{name}' of {jurisdiction}: {why}")]
    BadRow {
        /// Whose.
        jurisdiction: String,
        /// Which.
        name: String,
        /// What is wrong.
        why: String,
    },
}

/// The packs that come with the engine.
pub(super) static EMBEDDED: LazyLock<RulePacks> = LazyLock::new(|| {
    let mut packs = RulePacks::default();
    for text in FILES {
        packs.add(text).expect("the embedded packs are tested");
    }
    packs
});

const FILES: [&str; 11] = [
    include_str!("../../data/rules/az.yaml"),
    include_str!("../../data/rules/ca.yaml"),
    include_str!("../../data/rules/feca.yaml"),
    include_str!("../../data/rules/fl.yaml"),
    include_str!("../../data/rules/ky.yaml"),
    include_str!("../../data/rules/ny.yaml"),
    include_str!("../../data/rules/oh.yaml"),
    include_str!("../../data/rules/pa.yaml"),
    include_str!("../../data/rules/tn.yaml"),
    include_str!("../../data/rules/tx.yaml"),
    include_str!("../../data/rules/wa.yaml"),
];

/// A pack as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    jurisdiction: String,
    #[expect(dead_code, reason = "for the reader of the file")]
    about: String,
    zone: String,
    verified_on: NaiveDate,
    rules: Vec<Row>,
}

/// A row as it is written: what does not apply is left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    value: Value,
    unit: Option<RuleUnit>,
    #[serde(default)]
    counts_from: CountsFrom,
    receipt_cutoff: Option<String>,
    holiday_calendar: Option<String>,
    #[serde(default)]
    tolling: Tolling,
    #[serde(default)]
    lapse_effect: LapseEffect,
    lapse_confidence: Option<Confidence>,
    citation: String,
    source_url: Option<String>,
    effective_from: Option<NaiveDate>,
    effective_to: Option<NaiveDate>,
    confidence: Confidence,
    note: Option<String>,
}

/// Reads a pack and refuses what could be misread later.
pub(super) fn read(yaml: &str) -> Result<(String, Vec<RuleRow>), PackError> {
    let file: File =
        serde_saphyr::from_str(yaml).map_err(|error| PackError::Unreadable(error.to_string()))?;
    let File { jurisdiction, zone, verified_on, rules, .. } = file;
    let rows = rules
        .into_iter()
        .map(|row| checked(row_of(row, &jurisdiction, &zone, verified_on)))
        .collect::<Result<_, _>>()?;
    Ok((jurisdiction, rows))
}

fn row_of(row: Row, jurisdiction: &str, zone: &str, read_on: NaiveDate) -> RuleRow {
    RuleRow {
        jurisdiction: jurisdiction.to_owned(),
        name: row.name,
        value: row.value,
        unit: row.unit,
        counts_from: row.counts_from,
        receipt_cutoff: row.receipt_cutoff,
        holiday_calendar: row.holiday_calendar,
        zone: zone.to_owned(),
        tolling: row.tolling,
        lapse_effect: row.lapse_effect,
        lapse_confidence: row.lapse_confidence.unwrap_or(Confidence::Unverified),
        citation: row.citation,
        source_url: row.source_url,
        verified_on: (row.confidence == Confidence::Verified).then_some(read_on),
        effective_from: row.effective_from,
        effective_to: row.effective_to,
        confidence: row.confidence,
        note: row.note,
    }
}

fn checked(row: RuleRow) -> Result<RuleRow, PackError> {
    let why = if row.unit.is_some() && row.number().is_none() {
        "it has a unit but no whole number"
    } else if row.acts() && row.source_url.is_none() {
        "it is verified but says not where it was read"
    } else if row.receipt_cutoff.is_some() && row.cutoff().is_none() {
        "its receipt_cutoff is not like '17:30 America/Los_Angeles'"
    } else if known(&row.zone).is_none() {
        "its zone is unknown"
    } else if matches!((row.effective_from, row.effective_to), (Some(a), Some(b)) if a > b) {
        "it ends before it begins"
    } else {
        return Ok(row);
    };
    Err(PackError::BadRow { jurisdiction: row.jurisdiction, name: row.name, why: why.to_owned() })
}
