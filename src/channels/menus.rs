//! Numbers in the place of buttons: which number means which choice, for one address.
//!
//! Where a channel shows no buttons, a person answers "2". That number must mean one thing only,
//! so numbers are not used again while an older menu can still be answered (DESIGN rule 4), nor in
//! the menu that comes right after one that was closed: whoever sends "1" twice out of impatience
//! has not answered the next question with it.
//!
//! Nothing here knows time or looks anything up. Whoever keeps a person's addresses keeps one
//! [`Menus`] an address, as JSON.

use serde::{Deserialize, Serialize};

use crate::store::EffectRef;

/// Menus of one address that can be answered at once. A person with more open questions than this
/// finds the oldest by its link or by words; numbers stay short enough to type.
const OPEN_MAX: usize = 20;
/// Closed menus that are still known, to say "that is over" rather than "what?".
const CLOSED_MAX: usize = 20;

/// Words that a carrier or the house takes as an opt-out when they come alone. Twilio's own list
/// (help.twilio.com, "Twilio support for opt-out keywords"), the FCC's (47 CFR 64.1200(a)(10)) and
/// the house's Spanish ones (domain facts 4.3); folded, so "Opt-out!" counts too.
const STOPS: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "quit",
    "end",
    "revoke",
    "opt out",
    "optout",
    "cancel",
    "unsubscribe",
    "alto",
    "parar",
    "cancelar",
    "no más",
    "no mas",
    "baja",
];
/// Words that a carrier answers by itself, so that ours would be a second answer.
const ANSWERED: &[&str] = &["help", "info", "ayuda", "start", "unstop"];

/// The numbered menus of one address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menus {
    /// Those that can be answered, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    open: Vec<Menu>,
    /// Those that were closed and whose numbers rest, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    closed: Vec<Closed>,
    /// Counts what happened, to tell what came after what.
    #[serde(default)]
    step: u64,
}

/// One question with its choices, numbered from `first` on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Menu {
    question: EffectRef,
    first: u32,
    choices: Vec<String>,
    offered: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    menu: Menu,
    at: u64,
}

/// What a number means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A choice of an open question.
    Choice {
        /// Which question.
        question: EffectRef,
        /// Which choice, by its key.
        choice: String,
    },
    /// A choice of a question that is over; she is told so.
    Over {
        /// Which question it was.
        question: EffectRef,
    },
    /// No menu has it. It may answer a question that asks for a number.
    Nothing,
}

impl Menus {
    /// Offers a question's choices; answers the number of each, in order, without a gap. The same
    /// question offered again, with the same choices, keeps its numbers: a message that is sent a
    /// second time reads the same.
    pub fn offered(&mut self, question: &EffectRef, choices: &[String]) -> Vec<u32> {
        if let Some(known) = self.open.iter().find(|it| it.question == *question) {
            if known.choices == choices {
                return known.numbers().collect();
            }
            self.close(question);
        }
        if choices.is_empty() {
            return Vec::new();
        }
        if self.open.len() == OPEN_MAX {
            let oldest = self.open[0].question.clone();
            self.close(&oldest);
        }
        self.step += 1;
        let first = self.free(choices.len());
        let menu = Menu {
            question: question.clone(),
            first,
            choices: choices.to_vec(),
            offered: self.step,
        };
        let numbers = menu.numbers().collect();
        self.open.push(menu);
        numbers
    }

    /// What a number means now.
    pub fn answer(&self, number: u32) -> Answer {
        if let Some((menu, choice)) =
            self.open.iter().find_map(|it| it.choice(number).map(|choice| (it, choice)))
        {
            return Answer::Choice { question: menu.question.clone(), choice: choice.to_owned() };
        }
        let over = self.closed.iter().find(|it| it.menu.choice(number).is_some());
        match over {
            Some(it) => Answer::Over { question: it.menu.question.clone() },
            None => Answer::Nothing,
        }
    }

    /// The question cannot be answered any more. Its numbers rest until a menu that was offered
    /// after that is closed too.
    pub fn close(&mut self, question: &EffectRef) {
        let Some(at) = self.open.iter().position(|it| it.question == *question) else { return };
        let menu = self.open.remove(at);
        self.step += 1;
        self.closed.retain(|it| it.at > menu.offered);
        if self.closed.len() == CLOSED_MAX {
            self.closed.remove(0);
        }
        self.closed.push(Closed { menu, at: self.step });
    }

    /// The questions that can be answered, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &EffectRef> {
        self.open.iter().map(|it| &it.question)
    }

    /// The smallest number from which on so many are free.
    fn free(&self, many: usize) -> u32 {
        let many = u32::try_from(many).unwrap_or(u32::MAX);
        let mut taken: Vec<_> = self
            .open
            .iter()
            .chain(self.closed.iter().map(|it| &it.menu))
            .map(|it| (it.first, it.after()))
            .collect();
        taken.sort_unstable();
        let mut first = 1;
        for (from, after) in taken {
            if first + many <= from {
                break;
            }
            first = first.max(after);
        }
        first
    }
}

impl Menu {
    fn numbers(&self) -> std::ops::Range<u32> {
        self.first..self.after()
    }

    fn after(&self) -> u32 {
        self.first + u32::try_from(self.choices.len()).unwrap_or(u32::MAX)
    }

    fn choice(&self, number: u32) -> Option<&str> {
        let at = number.checked_sub(self.first)?;
        self.choices.get(usize::try_from(at).ok()?).map(String::as_str)
    }
}

/// Why words must not stand as a choice where a person answers by writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// Whoever writes them opts out: the carrier blocks the number from then on.
    Stops,
    /// The carrier answers them itself.
    Answered,
}

/// Whether a choice's label, sent back alone, would be taken for something else by the carrier.
pub fn forbidden(label: &str) -> Option<Forbidden> {
    let folded = fold(label);
    let is = |words: &[&str]| words.contains(&folded.as_str());
    match () {
        () if is(STOPS) => Some(Forbidden::Stops),
        () if is(ANSWERED) => Some(Forbidden::Answered),
        () => None,
    }
}

/// Lower case; letters and digits; single spaces.
fn fold(label: &str) -> String {
    let lower = label.to_lowercase();
    let words = lower.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
