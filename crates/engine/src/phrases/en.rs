//! The built-in words in English. Short, calm, and saying what happens next.

use crate::phrases::Phrase;

pub(super) fn words(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::Help => {
            "You can tap a choice or answer in your own words. You can also write: repeat, \
             change my answer, cancel, or a person."
        }
        Phrase::HelpNothingOpen => {
            "You do not need to do anything now. I write when there is news. You can always \
             write: cancel, or a person."
        }
        Phrase::Again => "Of course.",
        Phrase::NotUnderstood => "Sorry, I did not understand that.",
        Phrase::WhichOne => "Which one do you mean?",
        Phrase::CancelQuestion => "Shall I stop here? Nothing more will be done then.",
        Phrase::CancelYes => "Yes, stop",
        Phrase::CancelNo => "No, go on",
        Phrase::CancelledNot => "Good, we go on.",
        Phrase::OnlyPrincipalCancels => {
            "Only the person whose request this is can stop it. If something is wrong, write: \
             a person."
        }
        Phrase::CannotChangeNow => {
            "This is already under way, so I am asking a person to look at your change."
        }
        Phrase::ChangeWhat => "What would you like to change? You can write: change {fields}.",
        Phrase::Yes => "Yes",
        Phrase::No => "No",
        Phrase::ClosedSuccess => "That is done. Write to me any time.",
        Phrase::ClosedNeutral => "This is finished for now. Write to me any time.",
        Phrase::ClosedFailure => {
            "I have closed this for now. Write to me when you want to go on, and I will help."
        }
        Phrase::ClosedForOthers => "This request is closed. You do not need to do anything more.",
        Phrase::HandoffTold => {
            "I am giving this to a person on our team, who will write to you here."
        }
        Phrase::CallBack => {
            "I am giving this to a person on our team. The office is closed now. They will get \
             back to you after it opens, {when | long}."
        }
        Phrase::HandoffReturned => "Thank you for waiting. I am with you again.",
        Phrase::PersonKnows => "A person on our team has been told and will write to you here.",
        Phrase::CardChanged => "This request has changed. The earlier card is closed.",
        Phrase::CardHandled => "{by} answered: {choice}. Your copy of the card is closed for now.",
        Phrase::DecidedBy => "This was decided by {by}: {choice}. You do not need to do anything.",
        Phrase::CardNeedsTap => {
            "I cannot take a decision from words. Please use the choices under the card."
        }
        Phrase::StillWaiting => {
            "I am still on it, and I write as soon as there is news. You do not need to do \
             anything. If you want a person, write: a person."
        }
        Phrase::WaitingForDecision => "This is still waiting for your decision.",
        Phrase::Ended => "This request is closed. Tell me what you need, and we start afresh.",
        Phrase::Working => "One moment, I am looking.",
        Phrase::LanguageSet => "From now on I write to you in English.",
        Phrase::NeedInteger => "Please write a whole number from 1 to 365.",
        Phrase::NeedDate => "Please write a date, for example 2026-11-18.",
        Phrase::NeedReason => "Please choose one of the reasons.",
        Phrase::NeedText => "Please write it in a few words.",
        Phrase::NeedOther => "Please write what is missing.",
        Phrase::VerdictDone => "Thank you, it is done.",
        Phrase::VerdictAlready => "This was already decided by {by}: {choice}.",
        Phrase::VerdictChanged => "This request has changed. Here is the new card.",
        Phrase::VerdictOver => "This is over. Nothing was changed.",
        Phrase::VerdictNotAllowed => {
            "You do not have the authority to decide this. Nothing was changed."
        }
        Phrase::VerdictNeeds => "Something is missing before this can be done.",
        Phrase::VerdictNoSuchChoice => "There is no such choice here.",
        Phrase::VerdictHeldBy => "{by} is taking care of this already.",
        Phrase::OperationOfRule => "operation of rule",
        Phrase::NextAsks => "Puts its open question again.",
        Phrase::NextRetries => "Tries the failed step again.",
        Phrase::NextGoesOn => "Goes on with the next step.",
        Phrase::NextNothing => "Nothing: this is a task for a person only.",
        Phrase::NextWaitsForDecision => "Goes on waiting for the decision.",
    }
}
