//! Why a pharmacy was turned away: bare codes, our own words, and which code matters most.
//!
//! A claim can carry several codes. A person hears one: the one that must be settled before any
//! other can be. The words stand in `plugin.toml`; the codes' original labels are not ours to
//! print. A reject code never means "not approved": only a committed decision does.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mendline_plugin::Manifest;
use serde::{Deserialize, Serialize};

/// The code of a medicine that needs nothing.
pub(crate) const PAID: &str = "PAID";
/// Too early since the last fill.
pub(crate) const TOO_EARLY: &str = "79";
/// The person is not covered by the claim.
pub(crate) const NOT_COVERED: &str = "65";
/// The claim's coverage has ended.
pub(crate) const COVERAGE_ENDED: &str = "69";

/// What kind of obstacle a code is, in the order in which obstacles block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    /// The claim does not pay at all.
    Eligibility,
    /// Something was mistyped; the pharmacy corrects it.
    ClaimData,
    /// This pharmacy or prescriber cannot be paid.
    Network,
    /// A pharmacist looks first.
    Safety,
    /// Somebody must say yes.
    Approval,
    /// Too much at once, or too dear.
    Limit,
    /// Time will settle it.
    TooEarly,
    /// Nothing is known; try again.
    System,
}

/// A code that the table does not have is put before a person.
fn obstacle(code: &str) -> Obstacle {
    match code {
        "65" | "67" | "68" | "69" => Obstacle::Eligibility,
        "07" | "09" | "CA" | "CB" | "21" | "77" | "19" | "E7" | "17" => Obstacle::ClaimData,
        "40" | "50" | "71" => Obstacle::Network,
        "88" => Obstacle::Safety,
        "76" | "78" => Obstacle::Limit,
        TOO_EARLY => Obstacle::TooEarly,
        "92" | "99" => Obstacle::System,
        _ => Obstacle::Approval, // 70, 75, 3W, 3T, 3X, 3Y, 3R, and what nobody knows
    }
}

/// The code that blocks: the one to explain, and to settle first.
pub(crate) fn blocking<'a>(codes: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    codes.into_iter().min_by_key(|code| obstacle(code))
}

/// A code, with our words for it in each language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub code: String,
    pub words: BTreeMap<String, String>,
}

/// The pack's own manifest, which holds every wording once.
static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    Manifest::read(crate::MANIFEST)
        .expect("plugin.toml is part of the program, and a test reads it")
});

/// The words for a reject code. One that we have no words for gets those of "it needs an OK":
/// true of whatever stops a fill, and a person looks.
pub(crate) fn reject_reason(code: &str) -> Reason {
    let words = words("pbm.reject_codes", code).or_else(|| words("pbm.reject_codes", "75"));
    Reason { code: code.into(), words: words.unwrap_or_default() }
}

/// The words for the reason that a claim's letter gives.
pub(crate) fn letter_reason(code: &str) -> Option<Reason> {
    words("pbm.letter_reasons", code).map(|words| Reason { code: code.into(), words })
}

fn words(list: &str, code: &str) -> Option<BTreeMap<String, String>> {
    let reasons = MANIFEST.reasons.get(list)?;
    Some(reasons.iter().find(|it| it.code == code)?.words.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocking_code_is_the_one_to_settle_first() {
        for (codes, blocks) in [
            (vec!["79", "75", "65"], Some("65")),
            (vec!["79", "76", "75"], Some("75")),
            (vec!["75", "88"], Some("88")),
            (vec!["88", "40"], Some("40")),
            (vec!["40", "09"], Some("09")),
            (vec!["79", "76"], Some("76")),
            (vec!["99", "79"], Some("79")),
            (vec!["79", "ZZ"], Some("ZZ")),
            (vec!["70", "75"], Some("70")),
            (vec![], None),
        ] {
            assert_eq!(blocking(codes.iter().copied()), blocks, "{codes:?}");
        }
    }

    #[test]
    fn every_code_has_words_in_both_languages_and_no_other_code_has_the_same() {
        let codes = &MANIFEST.reasons["pbm.reject_codes"];
        for code in codes {
            for language in ["en", "es"] {
                assert!(!code.words[language].is_empty() && !code.label[language].is_empty());
                let same = codes.iter().filter(|it| it.words[language] == code.words[language]);
                assert_eq!(same.count(), 1, "{}", code.code);
            }
        }
    }

    #[test]
    fn every_administrative_no_says_what_comes_next_and_the_medical_one_is_offered_nowhere() {
        let reasons = &MANIFEST.reasons["pbm.denial_reasons"];
        for reason in reasons {
            assert!(reason.words["en"].contains(". "), "{}: what next?", reason.code);
            assert!(reason.words.contains_key("es") && reason.label.contains_key("es"));
            let nowhere = reason.only_in.as_ref().is_some_and(Vec::is_empty);
            assert_eq!(nowhere, reason.code == "DENY_MEDICAL_NECESSITY", "{}", reason.code);
        }
    }

    #[test]
    fn a_code_without_words_still_gets_words() {
        assert_eq!(reject_reason("ZZ").words, reject_reason("75").words);
        assert_eq!(reject_reason("ZZ").code, "ZZ");
    }
}
