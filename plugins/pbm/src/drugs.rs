//! The medicines that the pack knows, and the daily opioid dose.
//!
//! A dose is added up to watch a total, never to convert one opioid to another. An RxCUI stands in
//! the table only with evidence: an empty one is correct, a guessed one is a bug.

use std::sync::LazyLock;

use serde::Deserialize;

/// One medicine at one strength.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drug {
    /// The generic name.
    pub name: String,
    /// `300 mg`.
    pub strength: String,
    /// `capsule`.
    pub form: String,
    /// The RxNorm concept, where it was checked.
    #[cfg_attr(not(test), expect(dead_code, reason = "for importers; the tests check it"))]
    pub rxcui: Option<String>,
    /// How it was checked.
    #[cfg_attr(not(test), expect(dead_code, reason = "for importers; the tests check it"))]
    pub evidence: Option<String>,
    /// `NSAID`.
    #[cfg_attr(not(test), expect(dead_code, reason = "for importers; the tests check it"))]
    pub class: String,
    /// The schedule of the Controlled Substances Act.
    pub dea: Option<String>,
    /// Milligrams of opioid in one unit. Only the opioid part of a combination counts.
    pub opioid_mg: Option<f64>,
    /// Milligrams of morphine per milligram of it: CDC Clinical Practice Guideline for Prescribing
    /// Opioids for Pain, MMWR Recomm Rep 2022;71(3), Table.
    pub mme_factor: Option<f64>,
    /// Whether the payer's stricter refill threshold applies.
    pub controlled: bool,
}

/// Every medicine that the pack knows.
pub(crate) static DRUGS: LazyLock<Vec<Drug>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/drugs.json"))
        .expect("the data files are read by a test")
});

/// The medicine of that name and strength.
pub(crate) fn find(name: &str, strength: &str) -> Option<&'static Drug> {
    DRUGS.iter().find(|it| it.name == name && it.strength == strength)
}

impl Drug {
    /// Morphine milligram equivalents a day of `quantity` units over `days`; nothing for a
    /// medicine that is no opioid.
    pub(crate) fn mme(&self, quantity: i64, days: i64) -> Option<f64> {
        daily_mme(self.opioid_mg?, self.mme_factor?, quantity, days)
    }
}

/// `mg` a unit times units a day times factor. Nothing for a supply of no days: an unknown dose
/// must not look safe.
#[expect(clippy::cast_precision_loss, reason = "quantities and days are small")]
fn daily_mme(mg: f64, factor: f64, quantity: i64, days: i64) -> Option<f64> {
    (days > 0).then(|| mg * quantity as f64 / days as f64 * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daily_doses_are_those_of_the_guideline_and_its_examples() {
        for (mg, factor, quantity, days, mme) in [
            (5.0, 1.0, 120, 30, 20.0),  // hydrocodone
            (10.0, 1.5, 60, 30, 30.0),  // oxycodone
            (50.0, 0.2, 120, 30, 40.0), // tramadol
            (5.0, 4.7, 60, 30, 47.0),   // methadone
        ] {
            let found = daily_mme(mg, factor, quantity, days).unwrap();
            assert!((found - mme).abs() < 1e-9, "{mg} mg x {factor}: {found}");
        }
        assert_eq!(daily_mme(5.0, 1.0, 120, 0), None);
    }

    #[test]
    fn a_code_stands_only_with_evidence() {
        for drug in DRUGS.iter() {
            assert_eq!(drug.rxcui.is_some(), drug.evidence.is_some(), "{}", drug.name);
            assert!(!drug.class.is_empty());
        }
    }

    #[test]
    fn every_opioid_has_its_factor_and_is_controlled() {
        for drug in DRUGS.iter() {
            let opioid = drug.class.starts_with("opioid");
            assert_eq!(opioid, drug.mme(1, 1).is_some(), "{}", drug.name);
            assert!(!opioid || (drug.controlled && drug.dea.is_some()), "{}", drug.name);
        }
    }

    #[test]
    fn no_medicine_stands_twice() {
        for drug in DRUGS.iter() {
            let same =
                DRUGS.iter().filter(|it| it.name == drug.name && it.strength == drug.strength);
            assert_eq!(same.count(), 1, "{} {}", drug.name, drug.strength);
        }
    }
}
