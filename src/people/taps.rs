//! What a tap means: a choice at a question, or one of the ways out that are always in reach.

use std::collections::BTreeMap;

use mendline_engine::event::{Event, Repair};
use mendline_engine::message::MessageKind;

use super::{PERSON_FLOW, Router};
use crate::channels::desk::DESK;
use crate::phrases;
use crate::store::{EffectRef, PersonCommit, StoreError};

impl Router<'_> {
    pub(super) async fn tap(
        &self,
        question: EffectRef,
        choice: String,
        with: BTreeMap<String, serde_json::Value>,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        if self.needs_the_desk(&question).await? {
            commit.says.push(self.say(phrases::AT_THE_DESK, MessageKind::Reply));
            return Ok(());
        }
        let event = Event::Tapped { actor: self.actor(), question: question.key, choice, with };
        self.to_known(question.conversation, event, commit);
        Ok(())
    }

    /// Whether the decision needs a second factor, and this is no place to show one.
    async fn needs_the_desk(&self, question: &EffectRef) -> Result<bool, StoreError> {
        let (ways, it) = (self.house.sign_in.ways(), self.arrival);
        if it.source == DESK || !ways.may_need_step_up() {
            return Ok(false);
        }
        let row = self.house.store.question(&it.payer, question, Some(&it.person)).await?;
        let open = row.filter(|it| it.closed.is_none());
        Ok(open.and_then(|it| it.message.card).is_some_and(|it| ways.needs_step_up(&it)))
    }

    pub(super) async fn repair(
        &self,
        repair: Repair,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        if let Some(focus) = self.focus().cloned() {
            let event = Event::Repair { party: focus.party.clone(), repair };
            commit.events.push((focus.question.conversation, event));
            return Ok(());
        }
        if let Some(open) = self.open().into_iter().next() {
            let party = self.party(&open).await?;
            commit.events.push((open.id, Event::Repair { party, repair }));
            return Ok(());
        }
        match (repair, self.house.flows.current(PERSON_FLOW)) {
            (Repair::Human, Some(program)) => {
                commit.begins.push(self.begin(&program, BTreeMap::new(), None));
            }
            _ => commit.says.push(self.nothing_open(&self.flows()).await?),
        }
        Ok(())
    }
}
