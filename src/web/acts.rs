//! What a worker does on her page, handed to the house: one way for forms and sockets.

use std::collections::BTreeMap;

use mendline_engine::event::Repair;
use tracing::warn;

use super::Web;
use super::protocol::{Built, FromClient, Refusal};
use super::words::{LANGUAGES, Words, words};
use crate::channels::Incoming;
use crate::channels::web::WEB;
use crate::store::{Accepted, EffectRef, Session, StoreError};
use crate::understand::When;

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// On disk.
    pub accepted: Accepted,
    /// The question that is already over, when a button of one was tapped.
    pub over: Option<String>,
}

impl Web {
    /// Puts what she did on disk. The client's id makes a second time a no-op; it is joined with
    /// her name, because ids of two clients may be alike.
    pub async fn act(
        &self,
        session: &Session,
        language: &str,
        frame: &FromClient,
    ) -> Result<Taken, Refusal> {
        frame.sound()?;
        let Session { payer, person, .. } = session;
        let mut over = None;
        let (incoming, line) = match frame {
            FromClient::Say { words, .. } => (Incoming::Words(words.clone()), Some(words.clone())),
            FromClient::Tap { question, choice, .. } => {
                let tapped = self.tapped(session, language, question, choice).await?;
                over = tapped.over.then(|| question.clone());
                (tapped.incoming, tapped.line)
            }
            FromClient::Repair { what, .. } => {
                let (incoming, label) = built(*what, words(language));
                (incoming, Some(label.to_owned()))
            }
            FromClient::Language { to, .. } if LANGUAGES.contains(&to.as_str()) => {
                (Incoming::Language(to.clone()), None)
            }
            FromClient::Language { .. } => return Err(Refusal::UnknownLanguage),
            FromClient::Hello { .. } | FromClient::Ack { .. } | FromClient::Typing => {
                return Err(Refusal::UnknownType);
            }
        };
        let id = format!("{person}:{}", frame.id().unwrap_or_default());
        let arrived = self.house.arrive(payer, WEB, &id, person, incoming, line).await;
        Ok(Taken { accepted: arrived.map_err(away)?, over })
    }

    async fn tapped(
        &self,
        session: &Session,
        language: &str,
        question: &str,
        choice: &str,
    ) -> Result<Tapped, Refusal> {
        let named: EffectRef = question.parse().map_err(|_| Refusal::UnknownQuestion)?;
        let asked = self.house.store.question(&session.payer, &named, Some(&session.person));
        let row = asked.await.map_err(away)?.ok_or(Refusal::UnknownQuestion)?;
        let button = row.message.buttons.iter().find(|it| it.key == choice);
        let label = &button.ok_or(Refusal::UnknownChoice)?.label;
        let label = label.get(language).or_else(|| label.values().next());
        let incoming =
            Incoming::Tap { question: named, choice: choice.to_owned(), with: BTreeMap::new() };
        // A late tap may be the second try of one that was taken, so it goes in all the same:
        // the inbox and the turn know. It is no line of the chat any more.
        let over = row.closed.is_some();
        let line = if over { None } else { label.cloned().or_else(|| Some(choice.to_owned())) };
        Ok(Tapped { incoming, line, over })
    }
}

struct Tapped {
    incoming: Incoming,
    line: Option<String>,
    over: bool,
}

fn built(what: Built, words: &'static Words) -> (Incoming, &'static str) {
    match what {
        Built::Help => (Incoming::Repair(Repair::Help), words.help),
        Built::Repeat => (Incoming::Repair(Repair::Repeat), words.repeat),
        Built::Human => (Incoming::Repair(Repair::Human), words.human),
        Built::Cancel => (Incoming::Repair(Repair::Cancel), words.cancel),
        Built::CallMe => (Incoming::CallMe { when: When::Now }, words.call_me),
        Built::WhoSees => (Incoming::WhoSees, words.who_sees),
    }
}

fn away(error: StoreError) -> Refusal {
    warn!("a worker's message was not kept: {error}");
    Refusal::Away
}
