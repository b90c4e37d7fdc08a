//! What a tap means: a choice at a question, or one of the ways out that are always in reach.

use std::collections::BTreeMap;

use mendline_engine::event::{Event, Repair};

use super::{PERSON_FLOW, Router};
use crate::channels::desk::DESK;
use crate::store::{EffectRef, PersonCommit, PersonFact};

/// What becomes of a tap on a conversation that does not exist, or is another payer's.
pub(super) const NO_SUCH_CHOICE: &str = "no_such_choice";

impl Router<'_> {
    pub(super) async fn tap(
        &self,
        question: EffectRef,
        choice: String,
        with: BTreeMap<String, serde_json::Value>,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        if !self.is_known(&question.conversation) {
            self.nothing_there(commit);
            commit.settled = Some(NO_SUCH_CHOICE.into());
            return Ok(());
        }
        self.tapped(question, choice, with, commit).await
    }

    /// A tap on a question of a conversation that there is.
    pub(super) async fn tapped(
        &self,
        question: EffectRef,
        choice: String,
        with: BTreeMap<String, serde_json::Value>,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        let (ways, it) = (self.house.sign_in.ways(), self.arrival);
        let in_chat = self.is_staff_in_chat();
        if it.source != DESK && (in_chat || ways.may_need_step_up()) {
            let store = &self.house.store;
            let hers = store.question(&it.payer, &question, Some(&it.person)).await?;
            // Whoever has authority and was not asked finds out here that one more proof is wanted.
            let row = match &hers {
                Some(row) => Some(row.clone()),
                None => store.question(&it.payer, &question, None).await?,
            };
            let row = row.filter(|it| it.message.card.is_some());
            if in_chat && row.is_some() && (hers.is_none() || !self.has_account().await?) {
                return Ok(self.refuse(&question, commit).await?);
            }
            let open = row.filter(|it| it.closed.is_none());
            let card = open.as_ref().and_then(|it| it.message.card.as_ref());
            if card.is_some_and(|it| ways.needs_step_up(it)) {
                // This is no place to show a second factor.
                commit.says.push(self.needs_proof(&question));
                return Ok(());
            }
            if in_chat && card.is_some() {
                // What the choice still needs is asked for here, and answered in words (rule 4).
                let (channel, question) = (it.source.clone(), Some(question.clone()));
                commit.facts.push(PersonFact::Focus { channel, question });
            }
        }
        let event = Event::Tapped { actor: self.actor(), question: question.key, choice, with };
        commit.events.push((question.conversation, event));
        Ok(())
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
