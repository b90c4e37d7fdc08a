//! The built-in words: there in every language, with the same values, and short.

use mendline_engine::phrases::{Phrase, wording};
use mendline_engine::text::Part;

const ALL: [Phrase; 50] = [
    Phrase::Help,
    Phrase::HelpNothingOpen,
    Phrase::Again,
    Phrase::NotUnderstood,
    Phrase::WhichOne,
    Phrase::CancelQuestion,
    Phrase::CancelYes,
    Phrase::CancelNo,
    Phrase::CancelledNot,
    Phrase::OnlyPrincipalCancels,
    Phrase::CannotChangeNow,
    Phrase::ChangeWhat,
    Phrase::Yes,
    Phrase::No,
    Phrase::ClosedSuccess,
    Phrase::ClosedNeutral,
    Phrase::ClosedFailure,
    Phrase::ClosedForOthers,
    Phrase::HandoffTold,
    Phrase::CallBack,
    Phrase::HandoffReturned,
    Phrase::PersonKnows,
    Phrase::CardChanged,
    Phrase::CardHandled,
    Phrase::DecidedBy,
    Phrase::CardNeedsTap,
    Phrase::StillWaiting,
    Phrase::WaitingForDecision,
    Phrase::Ended,
    Phrase::Working,
    Phrase::LanguageSet,
    Phrase::NeedInteger,
    Phrase::NeedDate,
    Phrase::NeedReason,
    Phrase::NeedText,
    Phrase::NeedOther,
    Phrase::VerdictDone,
    Phrase::VerdictAlready,
    Phrase::VerdictChanged,
    Phrase::VerdictOver,
    Phrase::VerdictNotAllowed,
    Phrase::VerdictNeeds,
    Phrase::VerdictNoSuchChoice,
    Phrase::VerdictHeldBy,
    Phrase::NextAsks,
    Phrase::NextRetries,
    Phrase::NextGoesOn,
    Phrase::NextNothing,
    Phrase::OperationOfRule,
    Phrase::NextWaitsForDecision,
];

#[test]
fn every_phrase_says_the_same_in_both_languages() {
    for phrase in ALL {
        let wording = wording(phrase);
        let slots = |language: &str| -> Vec<String> {
            let parts = wording.words[language].parts.iter();
            let mut slots: Vec<String> = parts
                .filter_map(|it| match it {
                    Part::Value(slot) => Some(slot.path.0.clone()),
                    Part::Words(_) => None,
                })
                .collect();
            slots.sort();
            slots
        };
        assert_eq!(slots("en"), slots("es"), "{phrase:?}");
        assert_ne!(wording.words["es"].source, "", "{phrase:?}");
    }
}

#[test]
fn no_phrase_is_a_letter_and_none_promises_or_denies() {
    for phrase in ALL {
        for template in wording(phrase).words.values() {
            assert!(template.source.chars().count() <= 250, "{phrase:?}");
            assert!(!template.source.contains("denied"), "{phrase:?}");
        }
    }
}
