//! Who was told what, when and where: read back from what left, for whoever must account for it. The
//! words themselves only for a reason, which is audited like every look.

use mendline_engine::clearance::{channels, level_needed};
use mendline_engine::message::MessageKind;
use mendline_engine::render::{Form, render_form};
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, Office};
use crate::store::disclosure::Told;
use crate::store::reach::Whose;
use crate::store::{MessageRow, StoreError};
use crate::vault::digest_token;

/// About whom, and how much of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The payer.
    pub payer: String,
    /// To this person.
    pub person: Option<String>,
    /// To whoever had this address.
    pub address: Option<String>,
    /// The words too, for this reason.
    pub words: Option<String>,
}

/// Something that somebody was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disclosure {
    /// When.
    pub at: Timestamp,
    /// Whom.
    pub person: String,
    /// Over which channel.
    pub channel: String,
    /// `sent`, `shown`; `maybe` where nobody knows whether it arrived.
    pub status: String,
    /// In which conversation; `person/…` outside any.
    pub conversation: String,
    /// Which of its messages.
    pub message: String,
    /// What lay under the key of somebody who was forgotten is not known any more.
    pub what: Option<What>,
}

/// What it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct What {
    /// The full words, the flow's private form, "there is an update", or "there is a message".
    pub form: Form,
    /// The level of what was said, 0 to 3.
    pub level: u8,
    /// The kinds of private in it.
    pub labels: String,
    /// Whose words: the flow's place or a built-in text.
    pub template: String,
    /// The SHA-256 of the words as they left, in hex.
    pub digest: String,
    /// A person's words, and not the bot's.
    pub by_a_person: bool,
    /// The words, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl Office<'_> {
    pub(super) async fn disclosures(&self, look: Look) -> Result<Answer, StoreError> {
        let whom = match (&look.person, &look.address) {
            (Some(person), None) => person.clone(),
            (None, Some(_)) => "an address".to_owned(),
            _ => return Ok(Answer::Refused("name either a person or an address".into())),
        };
        let why = look.words.as_deref().map(str::trim);
        if why == Some("") {
            return Ok(Answer::Refused("the words are shown for a reason only; give one".into()));
        }
        let words = why.map(|why| format!(", with words: {why}")).unwrap_or_default();
        self.audit(&look.payer, format!("disclosures to {whom}{words}")).await?;
        let mut all = Vec::new();
        match (look.person, look.address) {
            (Some(person), _) => {
                let whose = Whose { payer: look.payer, person };
                all.extend(self.store.reach().told(&whose).await?);
            }
            (None, address) => {
                let address = address.unwrap_or_default();
                for channel in channels() {
                    all.extend(self.at_address(&look.payer, channel, &address).await?);
                }
            }
        }
        all.sort_by_key(|it| it.at);
        let all = all.into_iter().map(|it| disclosure(it, why.is_some())).collect();
        Ok(Answer::Disclosures(all))
    }

    /// What went there while it was somebody's.
    async fn at_address(
        &self,
        payer: &str,
        channel: &str,
        address: &str,
    ) -> Result<Vec<Told>, StoreError> {
        let held = self.store.reach().held(channel, address).await?;
        let held: Vec<_> = held.into_iter().filter(|it| it.whose.payer == payer).collect();
        let mut people: Vec<_> = held.iter().map(|it| it.whose.clone()).collect();
        people.sort_by(|a, b| a.person.cmp(&b.person));
        people.dedup();
        let mut all = Vec::new();
        for whose in people {
            let told = self.store.reach().told(&whose).await?;
            all.extend(told.into_iter().filter(|it| {
                let had = held.iter().filter(|held| held.whose == whose);
                let then = |since: Timestamp, until: Option<Timestamp>| {
                    since <= it.at && until.is_none_or(|until| it.at <= until)
                };
                it.channel == channel && had.into_iter().any(|held| then(held.since, held.until))
            }));
        }
        Ok(all)
    }
}

fn disclosure(told: Told, with_words: bool) -> Disclosure {
    let Told { person, conversation, effect, channel, status, at, what } = told;
    let what = what.and_then(|it| what_of(&it, with_words));
    Disclosure { at, person, channel, status, conversation, message: effect, what }
}

fn what_of(row: &MessageRow, with_words: bool) -> Option<What> {
    let frozen = row.frozen.as_ref()?;
    let form = form(row, &frozen.text, &frozen.language, frozen.private);
    let wording = &row.message.wording;
    let (level, labels) = match form {
        Form::Full => (level_needed(wording.labels), wording.labels.to_string()),
        Form::Private => (level_needed(wording.private_labels), wording.private_labels.to_string()),
        Form::Update => (1, "public".to_owned()),
        Form::Hint => (0, "public".to_owned()),
    };
    Some(What {
        form,
        level,
        labels,
        template: wording.key.clone(),
        digest: digest_token(&frozen.text),
        by_a_person: row.message.kind == MessageKind::Person,
        words: with_words.then(|| frozen.text.clone()),
    })
}

/// The form is not kept beside the bytes; a private one is known by its words.
fn form(row: &MessageRow, text: &str, language: &str, private: bool) -> Form {
    if !private {
        return Form::Full;
    }
    let said = |form, link: Option<&str>| {
        let words = render_form(&row.message, form, language, "UTC", link).text;
        !words.is_empty() && text.contains(words.trim())
    };
    // The built-in words are other ones where a link follows; it is cut off here with its space.
    let is = |form| said(form, None) || said(form, Some(""));
    let built_in = [Form::Update, Form::Hint].into_iter().find(|form| is(*form));
    built_in.unwrap_or(Form::Private)
}
