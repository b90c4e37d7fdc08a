//! What an operator asks of a house, and what is done about it: pauses, holds, forgetting,
//! accounts, the end. Every change is audited with who asked.
//!
//! It is asked through a running server's socket ([`socket`]), so that the server knows at once,
//! or done on the database itself where no server holds it. It decides nothing about what people
//! are told.

mod acting;
mod do_it;
mod known;
#[cfg(unix)]
pub mod socket;
mod told;

pub use acting::NewRepresentative;
pub use told::{Disclosure, Look};

use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::house::House;
use crate::invitations;
use crate::store::consent::Kept;
use crate::store::reach::Whose;
use crate::store::representative::Representative;
use crate::store::{AuditEntry, LegalHold, Pause, PauseRef, Store, StoreError, Waiting};

/// Said where only a running server can do it.
const NO_SERVER: &str = "no server is running on this database";

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Keep this back from now on.
    Pause {
        /// What.
        of: PauseRef,
        /// Only what we begin ourselves.
        proactive: bool,
        /// Why.
        why: String,
    },
    /// End a pause.
    Resume {
        /// Which; without a payer, the only one of that name.
        of: PauseRef,
        /// What becomes of what waits; must be said if anything does.
        waits: Option<Waits>,
    },
    /// What is paused, and what waits.
    Paused,
    /// Destroy a person's key.
    Forget {
        /// The payer.
        payer: String,
        /// The person.
        person: String,
        /// Also while a matter of hers is open.
        open_too: bool,
    },
    /// Keep a person from being forgotten.
    Hold {
        /// The payer.
        payer: String,
        /// The person.
        person: String,
        /// Why.
        why: String,
    },
    /// End a legal hold.
    Lift {
        /// The payer.
        payer: String,
        /// The person.
        person: String,
    },
    /// Which legal holds there are.
    Holds {
        /// Of one payer only.
        payer: Option<String>,
    },
    /// Let somebody in at the desk.
    Account(NewAccount),
    /// Let somebody in no more.
    CloseAccount {
        /// Who.
        login: String,
    },
    /// Take somebody's second factor away, so that she may set up another.
    ResetFactor {
        /// Who.
        login: String,
    },
    /// Let another subject of the identity provider be this person.
    Unbind {
        /// The payer.
        payer: String,
        /// The person.
        person: String,
    },
    /// Note that somebody agreed to something elsewhere, or took it back.
    Consent(NewConsent),
    /// What somebody agreed to and took back.
    Consents {
        /// The payer.
        payer: String,
        /// The person.
        person: String,
    },
    /// Who was told what, when and where.
    Disclosures(Look),
    /// Let somebody act for somebody.
    Represent(NewRepresentative),
    /// Let somebody act no more.
    EndRepresentation {
        /// The payer.
        payer: String,
        /// For whom.
        person: String,
        /// Who acted.
        representative: String,
    },
    /// Who acts for whom.
    Representatives {
        /// The payer.
        payer: String,
        /// For one person only.
        person: Option<String>,
    },
    /// Note that a link was made for somebody.
    Invited {
        /// The payer.
        payer: String,
        /// The person.
        person: String,
    },
    /// Send somebody her link, to the contact on file.
    Invite {
        /// The payer.
        payer: String,
        /// The person.
        person: String,
        /// Over which channel.
        channel: String,
    },
    /// Finish what is in hand and stop.
    Drain,
}

impl Ask {
    /// Whether it changes nothing, so that it may look beside a server that is just starting.
    pub fn only_looks(&self) -> bool {
        matches!(self, Ask::Paused | Ask::Holds { .. })
    }
}

/// What becomes of what waits when a pause ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// It is sent, in its order.
    Release,
    /// It is withheld, and every conversation hears so.
    Drop,
}

/// Somebody at the desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// What to type.
    pub login: String,
    /// The payer.
    pub payer: String,
    /// The person's id in the claim system.
    pub person: String,
    /// `Dana Whitfield`.
    pub name: String,
    /// `adjuster`, `supervisor` or `agent`.
    pub role: String,
    /// `adjuster`, `supervisor`, `desk:pharmacy_desk`, `speaks:es`.
    pub roles: Vec<String>,
    /// IANA zone.
    pub zone: String,
    /// The Argon2id hash; the password itself stays with whoever typed it.
    pub hash: String,
    /// Whether an account of that login is replaced.
    pub replace: bool,
}

/// What a member of staff noted that somebody agreed to, or took back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// The payer.
    pub payer: String,
    /// The person.
    pub person: String,
    /// The channel.
    pub channel: String,
    /// For what.
    pub purpose: String,
    /// Whether it was given or taken back.
    pub given: bool,
    /// The language of what was read or said.
    pub language: String,
    /// Why this is known. Kept sealed.
    pub why: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was done; what to say.
    Done(String),
    /// What is paused, and what waits.
    Paused {
        /// The pauses.
        pauses: Vec<Pause>,
        /// What waits.
        waiting: Vec<Waiting>,
    },
    /// It was noted that somebody is invited.
    Invited {
        /// What she reads, where that is known.
        language: Option<String>,
    },
    /// Legal holds.
    Holds(Vec<LegalHold>),
    /// What somebody agreed to and took back.
    Consents(Vec<Kept>),
    /// What somebody was told.
    Disclosures(Vec<Disclosure>),
    /// Who acts for whom.
    Representatives(Vec<Representative>),
    /// It was not done, and why.
    Refused(String),
}

/// Where it is done, and for whom.
pub struct Office<'a> {
    /// What is remembered.
    pub store: &'a dyn Store,
    /// The running house, if this is one: it knows flows and channels, and is told at once.
    pub house: Option<&'a House>,
    /// Now.
    pub now: Timestamp,
    /// Who asks: `operator/uid-1000`.
    pub who: String,
}

impl Office<'_> {
    /// Does what is asked.
    pub async fn perform(&self, ask: Ask) -> Result<Answer, StoreError> {
        match ask {
            Ask::Pause { of, proactive, why } => self.pause(of, proactive, why).await,
            Ask::Resume { of, waits } => self.resume(of, waits).await,
            Ask::Paused => self.paused().await,
            Ask::Forget { payer, person, open_too } => self.forget(payer, person, open_too).await,
            Ask::Hold { payer, person, why } => self.hold(payer, person, why).await,
            Ask::Lift { payer, person } => self.lift(&payer, &person).await,
            Ask::Holds { payer } => {
                Ok(Answer::Holds(self.store.care().holds(payer.as_deref()).await?))
            }
            Ask::Account(it) => self.account(it).await,
            Ask::CloseAccount { login } => self.close_account(&login).await,
            Ask::ResetFactor { login } => self.reset_factor(&login).await,
            Ask::Unbind { payer, person } => self.unbind(payer, person).await,
            Ask::Consent(it) => self.consent(it).await,
            Ask::Consents { payer, person } => self.consents(payer, person).await,
            Ask::Disclosures(look) => self.disclosures(look).await,
            Ask::Represent(it) => self.represent(it).await,
            Ask::EndRepresentation { payer, person, representative } => {
                self.end_representation(payer, person, &representative).await
            }
            Ask::Representatives { payer, person } => {
                let all = self.store.reach().representatives(&payer, person.as_deref()).await?;
                Ok(Answer::Representatives(all))
            }
            Ask::Invited { payer, person } => {
                self.audit(&payer, format!("invite {person}")).await?;
                let known = self.store.person(&payer, &person).await?;
                Ok(Answer::Invited { language: known.map(|it| it.language) })
            }
            Ask::Invite { payer, person, channel } => {
                self.invite(Whose { payer, person }, &channel).await
            }
            Ask::Drain => self.drain().await,
        }
    }

    async fn audit(&self, payer: &str, what: String) -> Result<(), StoreError> {
        let entry = AuditEntry {
            payer: payer.into(),
            who: self.who.clone(),
            what,
            conversation: None,
            at: self.now,
        };
        self.store.audit(&entry).await
    }

    async fn invite(&self, whose: Whose, channel: &str) -> Result<Answer, StoreError> {
        let Some(house) = self.house else {
            return Ok(Answer::Refused(NO_SERVER.into()));
        };
        self.audit(&whose.payer, format!("invite {} over {channel}", whose.person)).await?;
        Ok(match invitations::send(house, &whose, channel).await? {
            Ok(()) => Answer::Done(format!(
                "Her link goes out over {channel} to the contact on file, in her waking hours."
            )),
            Err(why) => Answer::Refused(why.to_string()),
        })
    }

    async fn drain(&self) -> Result<Answer, StoreError> {
        let Some(house) = self.house else {
            return Ok(Answer::Refused(NO_SERVER.into()));
        };
        self.audit("", "drain".into()).await?;
        house.stopping.cancel();
        Ok(Answer::Done("The server finishes what it has in hand and stops.".into()))
    }
}

/// Who asks, as it stands in the audit.
pub fn operator(uid: u32) -> String {
    format!("operator/uid-{uid}")
}
