//! What a mail server replied, sorted by what to do about it. Pure. Nothing that it wrote is passed
//! on: its words may quote the address.

use super::bounce::is_gone;
use crate::channels::SendError;

/// How far the talk with the server was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Until it had greeted us, over a line that nobody reads along.
    Greeting,
    /// It was told who we are.
    Login,
    /// It was told whose mail it is.
    Sender,
    /// It was told to whom it goes.
    Recipient,
    /// It was asked to take it.
    Data,
    /// It was given the mail.
    Mail,
}

/// What a refusal means.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was not taken, and what follows for the message.
    Failed(SendError),
    /// Nothing will ever arrive at the address.
    Gone,
    /// It was not taken because of how we are set up; a person must mend that.
    Trouble(Trouble),
}

/// What only a person can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The name or password is wrong, or none is set where one is asked for.
    Login,
    /// The line cannot be made safe: no TLS, or a certificate that is not the server's.
    Tls,
    /// The server does not let us write from our address.
    Sender,
}

impl Trouble {
    /// What is wrong, for operators.
    pub const fn name(self) -> &'static str {
        match self {
            Trouble::Login => "the mail server refuses our name and password",
            Trouble::Tls => "the line to the mail server cannot be made safe",
            Trouble::Sender => "the mail server refuses our own address",
        }
    }
}

/// Sorts a refusal: its code, and the text behind it (RFC 5321, 4.2; RFC 3463).
pub fn sorted(stage: Stage, code: u16, text: &str) -> Answer {
    let later = |why: &str| Answer::Failed(SendError::Later(why.to_owned()));
    let never = |why: String| Answer::Failed(SendError::Never(why));
    match (stage, code) {
        // "Authentication required", wherever it is said (RFC 4954, 6).
        (_, 530) => Answer::Trouble(Trouble::Login),
        // Busy, closing, a mailbox that is locked or full, a server that wants to be asked twice
        // before it believes a stranger: all of them pass.
        (_, 400..=499) => later("the mail server asks to come again"),
        (Stage::Login, _) => Answer::Trouble(Trouble::Login),
        (Stage::Sender, 500..=599) => Answer::Trouble(Trouble::Sender),
        (Stage::Recipient, 500..=599) if status(text).is_some_and(is_gone) => Answer::Gone,
        // Without a status that says so nobody knows whether it is the mailbox or a rule.
        (Stage::Recipient, 500..=599) => never(format!("the recipient is refused with {code}")),
        (Stage::Data | Stage::Mail, 500..=599) => never(format!("the mail is refused with {code}")),
        (Stage::Greeting, 500..=599) => later("the mail server refuses to talk"),
        // Nothing of SMTP.
        (Stage::Mail, _) => Answer::Failed(SendError::Maybe("an answer that is none".into())),
        _ => later("an answer that is none"),
    }
}

/// The status before the words: `5.1.1` (RFC 2034, 4).
fn status(text: &str) -> Option<&str> {
    let first = text.split_whitespace().next()?;
    let number = |it: &str| (1..=3).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
    let parts = first.split('.');
    (parts.clone().count() == 3 && parts.clone().all(number)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_that_is_not_there_is_gone_and_what_is_not_said_is_not_guessed() {
        for text in ["5.1.1 <ana@example.net>: User unknown", "5.2.1 disabled", "5.1.10 null MX"] {
            assert_eq!(sorted(Stage::Recipient, 550, text), Answer::Gone, "{text}");
        }
        for text in ["No such user", "5.7.1 policy", "", "5.1.1", "x.y.z", "5.7.1 5.1.1"] {
            let gone = sorted(Stage::Recipient, 550, text) == Answer::Gone;
            assert_eq!(gone, text == "5.1.1", "{text}");
        }
        // Of the mail itself nothing follows for the address.
        assert_ne!(sorted(Stage::Mail, 550, "5.1.1 unknown"), Answer::Gone);
    }

    #[test]
    fn what_passes_is_tried_again_and_a_rule_is_not() {
        for stage in [Stage::Greeting, Stage::Login, Stage::Sender, Stage::Recipient, Stage::Mail] {
            for code in [421, 450, 451, 452, 454] {
                let answer = sorted(stage, code, "4.7.1 Greylisted");
                assert!(matches!(answer, Answer::Failed(SendError::Later(_))), "{stage:?} {code}");
            }
        }
        for stage in [Stage::Recipient, Stage::Data, Stage::Mail] {
            let answer = sorted(stage, 554, "5.7.1 not here");
            assert!(matches!(answer, Answer::Failed(SendError::Never(_))), "{stage:?}");
        }
    }

    #[test]
    fn a_login_that_is_refused_is_a_persons_to_mend() {
        for (stage, code) in [(Stage::Login, 535), (Stage::Login, 504), (Stage::Sender, 530)] {
            assert_eq!(sorted(stage, code, "5.7.8 no"), Answer::Trouble(Trouble::Login));
        }
        assert_eq!(sorted(Stage::Sender, 553, "5.7.1"), Answer::Trouble(Trouble::Sender));
    }

    #[test]
    fn no_word_of_the_server_is_passed_on() {
        for stage in [Stage::Greeting, Stage::Recipient, Stage::Data, Stage::Mail] {
            for code in [250, 421, 450, 550, 554, 999] {
                let answer = sorted(stage, code, "5.7.1 <ana@example.net> canary");
                assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
            }
        }
    }
}
