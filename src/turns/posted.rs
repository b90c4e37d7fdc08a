//! Messages that leave with the turn that says them.

use async_trait::async_trait;
use mendline_engine::core::Program;
use mendline_engine::event::{Event, Receipt};
use mendline_engine::message::EffectKey;

use super::Work;
use crate::house::House;
use crate::store::{NewMessage, Posted, StoreError, TurnCommit};

/// Who says what may leave with a turn.
#[async_trait]
pub trait Poster: Send + Sync {
    /// Whether messages to this person are asked about at all.
    fn is_for(&self, person: &str) -> bool;

    /// The line that a message is; nothing, if it has to be sent. `flow` is its name and the hash
    /// of its version.
    async fn post(
        &self,
        turn: &TurnCommit,
        flow: (&str, &str),
        new: &NewMessage,
    ) -> Result<Option<Posted>, StoreError>;
}

impl Work<'_> {
    /// Asks about each message. What is seen by that, the conversation hears at once.
    pub(super) async fn post(
        &mut self,
        house: &House,
        program: &Program,
        poster: &dyn Poster,
    ) -> anyhow::Result<()> {
        let flow = (self.conversation.flow.as_str(), self.conversation.flow_hash.as_str());
        let (mut at, mut seen) = (0, Vec::new());
        while let Some(new) = self.commit.messages.get(at) {
            let over = |it: &EffectKey| self.commit.closed.iter().any(|(closed, _)| closed == it);
            if poster.is_for(&new.person) {
                let is_over = new.message.question.as_ref().is_some_and(over);
                let posted = poster.post(&self.commit, flow, new).await?;
                // What comes after it keeps its place.
                let Some(posted) = posted.filter(|_| !is_over) else { break };
                let waited_for = new.message.question.is_some() || new.message.notice.is_some();
                if posted.shown && waited_for {
                    seen.push(new.key);
                }
                self.commit.messages[at].posted = Some(Box::new(posted));
            }
            at += 1;
        }
        for message in seen {
            let event = Event::Receipt { message, receipt: Receipt::Shown };
            self.apply(house, program, event, "dispatch").await?;
        }
        Ok(())
    }
}
