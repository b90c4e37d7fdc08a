//! What stands beside a command or a tap at once. Pure. Discord waits three seconds for the first
//! answer ("Responding to an Interaction": "within 3 seconds"); whatever takes longer is said
//! later, in its place.
//!
//! Nothing here says anything of a claim, and nobody but the one who gave the command sees it.

use serde_json::{Value, json};
use serenity::builder::{
    AutocompleteChoice, CreateAllowedMentions, CreateAutocompleteResponse,
    CreateInteractionResponse, CreateInteractionResponseMessage, CreateModal,
};

use super::calls::Call;
use super::commands::Completes;
use super::say::{TEXT_UNITS_MAX, plain};
use super::words::words;
use crate::channels::inward::{Came, Entered};
use crate::channels::parts::shortened;

/// The flag of what only one sees (Discord, "Message Flags": EPHEMERAL, 1 << 6).
const EPHEMERAL: u64 = 1 << 6;

/// A command, a tap, a form, or what is being typed.
#[derive(Clone, Debug)]
pub struct Interaction {
    /// Its own number.
    pub id: u64,
    /// What lets us answer it, for a quarter of an hour; a secret.
    pub token: String,
    /// Ours.
    pub application: u64,
    /// Who it is.
    pub person: u64,
    /// The direct message with the bot that it was done in; nothing, where others read along.
    pub dm: Option<u64>,
    /// Her language.
    pub language: Option<String>,
    /// What to hand in, before it is answered.
    pub came: Option<Came>,
    /// What the answer is.
    pub answer: Answer,
}

/// What an interaction is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A command was taken.
    Taken,
    /// A button: what became of the tap, or nothing more than that it was seen.
    Tapped,
    /// The way to a direct message.
    InPublic,
    /// It is from something else, or from long ago.
    NoButton,
    /// A form to fill in.
    Form(Box<CreateModal>),
    /// What may be typed.
    Suggest(Completes),
}

impl Interaction {
    /// The answer, once it is on disk.
    pub fn taken(&self, entered: &Entered) -> Call {
        let words = words(self.language.as_deref());
        let answer = match (&self.answer, &entered.notice) {
            (Answer::Taken | Answer::Tapped, Some(notice)) => said(notice),
            (Answer::Taken, None) => said(words.taken),
            (Answer::Tapped, None) => CreateInteractionResponse::Acknowledge,
            (Answer::InPublic, _) => said(words.in_public),
            (Answer::NoButton, _) => said(words.no_button),
            (Answer::Form(form), _) => CreateInteractionResponse::Modal((**form).clone()),
            (Answer::Suggest(Completes::With(known)), _) => {
                suggestion(known.iter().map(|it| ((*it).to_owned(), (*it).into())))
            }
            // Whoever was not asked knows nothing.
            (Answer::Suggest(Completes::Asks { .. }), _) => suggestion([]),
        };
        self.call(answer)
    }

    /// What may be typed, as the house knows it.
    pub fn suggested(&self, known: Vec<(String, Value)>) -> Call {
        self.call(suggestion(known))
    }

    /// The answer where it could not be put on disk.
    pub fn not_taken(&self) -> Call {
        self.call(said(words(self.language.as_deref()).not_taken))
    }

    /// The sign that an answer takes longer.
    pub fn wait(&self) -> Call {
        self.call(match self.answer {
            Answer::Tapped => CreateInteractionResponse::Acknowledge,
            _ => CreateInteractionResponse::Defer(
                CreateInteractionResponseMessage::new().ephemeral(true),
            ),
        })
    }

    /// What is said behind that sign; nothing where the sign is enough.
    pub fn late(&self, entered: Option<&Entered>) -> Option<Call> {
        let words = words(self.language.as_deref());
        let text = match (entered, &self.answer) {
            (None, _) => words.not_taken,
            (Some(Entered { notice: Some(notice) }), _) => notice,
            (Some(_), Answer::Tapped) => return None,
            (Some(_), Answer::InPublic) => words.in_public,
            (Some(_), _) => words.taken,
        };
        let mut message = json!({ "content": fitting(text), "allowed_mentions": { "parse": [] } });
        Some(match self.answer {
            Answer::Tapped => {
                message["flags"] = EPHEMERAL.into();
                Call::answer_more(self.application, &self.token, message)
            }
            _ => Call::answer_late(self.application, &self.token, message),
        })
    }

    fn call(&self, answer: CreateInteractionResponse) -> Call {
        let answer: Value =
            serde_json::to_value(answer).expect("words, numbers and lists are JSON");
        Call::answer(self.id, &self.token, answer)
    }
}

fn suggestion(known: impl IntoIterator<Item = (String, Value)>) -> CreateInteractionResponse {
    let one = |(label, value): (String, Value)| AutocompleteChoice::new(label, value);
    let choices = known.into_iter().map(one).collect();
    CreateInteractionResponse::Autocomplete(CreateAutocompleteResponse::new().set_choices(choices))
}

fn said(text: &str) -> CreateInteractionResponse {
    let message = CreateInteractionResponseMessage::new()
        .content(fitting(text))
        .allowed_mentions(CreateAllowedMentions::new())
        .ephemeral(true);
    CreateInteractionResponse::Message(message)
}

/// A notice as it is written. One that would be too long, escaped, ends early.
fn fitting(text: &str) -> String {
    plain(&shortened(text, TEXT_UNITS_MAX / 2))
}
