//! A store that is watched: somebody may look at, hold up or refuse every use of it. A test kills
//! a house with it ([`super::crashing`]), and the simulation has it pause, lose answers, go away.

mod care;
mod watch;

use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;

use super::rows::*;
use super::{Care, Shared, Store, StoreError};

pub use watch::{Kind, Use, Watch};

fn read(method: &'static str) -> Use {
    Use { method, kind: Kind::Read }
}

fn write(method: &'static str) -> Use {
    Use { method, kind: Kind::Write }
}

/// A store and who watches it.
pub struct Watched<W> {
    inner: Arc<dyn Store>,
    /// Who watches.
    pub watch: W,
}

impl<W: Watch> Watched<W> {
    /// This store, under this watch.
    pub fn over(inner: Arc<dyn Store>, watch: W) -> Watched<W> {
        Watched { inner, watch }
    }

    /// What was carried is a person turn and turns, for whoever watches.
    fn watch_carried(&self, carry: &Carry, result: &Result<Carried, StoreError>) {
        let Ok(carried) = result else { return };
        if carried.accepted.duplicate {
            return;
        }
        self.watch.routed(&PersonCommit { seq: carried.accepted.seq, ..carry.person.clone() });
        if carried.turned {
            let mut went: Vec<_> = carry.turns.iter().map(|_| Ok(())).collect();
            self.watch.turned(&carry.turns, &mut went);
        }
    }

    /// Whether what was to be dropped still waited.
    async fn is_withheld(&self, key: &MessageRef) -> Result<bool, StoreError> {
        let of = key.effect.conversation.as_str();
        let lane = if of.starts_with("person/") { "" } else { of };
        let rows = self.inner.messages(&key.payer, lane).await?;
        Ok(rows.iter().any(|it| it.key == *key && it.status == "withheld"))
    }

    async fn around<T>(
        &self,
        it: Use,
        doing: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let number = self.watch.before(it).await?;
        let done = doing.await;
        self.watch.after(it, number).await?;
        done
    }
}

#[async_trait]
impl<W: Watch> Store for Watched<W> {
    async fn accept(&self, arrival: &NewArrival) -> Result<Accepted, StoreError> {
        let mut arrival = arrival.clone();
        if let Some(answer) = self.watch.arrival(&mut arrival) {
            return Ok(answer);
        }
        self.around(write("accept"), self.inner.accept(&arrival)).await
    }

    async fn unrouted(&self, limit: u32) -> Result<Vec<Unrouted>, StoreError> {
        self.around(read("unrouted"), self.inner.unrouted(limit)).await
    }

    async fn look(&self, asks: &[Ask]) -> Result<Vec<Look>, StoreError> {
        let looking = async {
            let mut looks = self.inner.look(asks).await?;
            looks.iter_mut().for_each(|look| self.watch.met(&mut look.person));
            Ok(looks)
        };
        self.around(read("look"), looking).await
    }

    async fn carry(&self, carries: Vec<Carry>) -> Vec<Result<Carried, StoreError>> {
        let many = carries.len();
        let carrying = async {
            let (mut passed, mut answers) = (Vec::new(), Vec::new());
            for mut carry in carries {
                let answered = self.watch.arrival(&mut carry.arrival);
                answers.push(answered);
                if answered.is_none() {
                    self.watch.turns(&mut carry.turns);
                    passed.push(carry);
                }
            }
            let results = self.inner.carry(passed.clone()).await;
            let mut results = passed.into_iter().zip(results).map(|(carry, result)| {
                self.watch_carried(&carry, &result);
                result
            });
            let results: Vec<_> = answers
                .into_iter()
                .map(|answered| match answered {
                    Some(accepted) => Ok(Carried { accepted, turned: false }),
                    None => results.next().unwrap_or(Err(StoreError::Conflict)),
                })
                .collect();
            Ok(results)
        };
        match self.around(Use { method: "carry", kind: Kind::Turns }, carrying).await {
            Ok(results) => results,
            Err(error) => (0..many).map(|_| Err(StoreError::Away(error.to_string()))).collect(),
        }
    }

    async fn commit_person(&self, commit: PersonCommit) -> Result<(), StoreError> {
        let watched = commit.clone();
        let doing = async {
            self.inner.commit_person(commit).await?;
            self.watch.routed(&watched);
            Ok(())
        };
        self.around(write("commit_person"), doing).await
    }

    async fn settled(&self, payer: &str, seq: i64) -> Result<Option<Settled>, StoreError> {
        self.around(read("settled"), self.inner.settled(payer, seq)).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
        events_max: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        let claiming = self.inner.claim(now, lease_ms, limit, events_max);
        let mut claimed = self.around(read("claim"), claiming).await?;
        self.watch.claimed(&mut claimed);
        Ok(claimed)
    }

    async fn commit(&self, mut commits: Vec<TurnCommit>) -> Vec<Result<(), StoreError>> {
        let many = commits.len();
        self.watch.turns(&mut commits);
        let committing = async {
            let watched = commits.clone();
            let mut results = self.inner.commit(commits).await;
            self.watch.turned(&watched, &mut results);
            Ok(results)
        };
        let it = Use { method: "commit", kind: Kind::Turns };
        match self.around(it, committing).await {
            Ok(results) => results,
            Err(error) => (0..many).map(|_| Err(StoreError::Away(error.to_string()))).collect(),
        }
    }

    async fn conversation(
        &self,
        payer: &str,
        id: &str,
    ) -> Result<Option<Conversation>, StoreError> {
        self.around(read("conversation"), self.inner.conversation(payer, id)).await
    }

    async fn conversations_of(
        &self,
        payer: &str,
        person: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        self.around(read("conversations_of"), self.inner.conversations_of(payer, person, limit))
            .await
    }

    async fn conversations_about(
        &self,
        payer: &str,
        identifier: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        self.around(
            read("conversations_about"),
            self.inner.conversations_about(payer, identifier, limit),
        )
        .await
    }

    async fn lease_outbox(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.around(read("lease_outbox"), self.inner.lease_outbox(now, lease_ms, limit)).await
    }

    async fn freeze(&self, key: &MessageRef, frozen: &Frozen) -> Result<(), StoreError> {
        if !self.watch.freezes(key) {
            return Ok(());
        }
        self.around(write("freeze"), self.inner.freeze(key, frozen)).await
    }

    async fn settle_message(
        &self,
        key: &MessageRef,
        became: Became,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !self.watch.settles(key, &became) {
            return Ok(());
        }
        let doing = async {
            self.inner.settle_message(key, became.clone(), now).await?;
            if became != Became::Dropped || self.is_withheld(key).await? {
                self.watch.settled(key, &became);
            }
            Ok(())
        };
        self.around(write("settle_message"), doing).await
    }

    async fn dead_letters(&self, payer: &str, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.around(read("dead_letters"), self.inner.dead_letters(payer, limit)).await
    }

    async fn lease_calls(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<CallRow>, StoreError> {
        self.around(read("lease_calls"), self.inner.lease_calls(now, lease_ms, limit)).await
    }

    async fn begin_call(&self, call: &CallRow) -> Result<(), StoreError> {
        self.around(write("begin_call"), self.inner.begin_call(call)).await
    }

    async fn settle_call(
        &self,
        payer: &str,
        key: &EffectRef,
        became: CallBecame,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !self.watch.returns(key, &became) {
            return Ok(());
        }
        self.around(write("settle_call"), self.inner.settle_call(payer, key, became, now)).await
    }

    async fn fire_due(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.around(read("fire_due"), self.inner.fire_due(now, limit)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.around(read("next_due"), self.inner.next_due()).await
    }

    async fn know(&self, person: &Person) -> Result<(), StoreError> {
        self.around(read("know"), self.inner.know(person)).await
    }

    async fn person(&self, payer: &str, person: &str) -> Result<Option<Person>, StoreError> {
        // What was met was met when it was read, however long the answer is on its way.
        let reading = async {
            let mut found = self.inner.person(payer, person).await?;
            self.watch.met(&mut found);
            Ok(found)
        };
        self.around(read("person"), reading).await
    }

    async fn people(&self, who: &[(String, String)]) -> Result<Vec<Option<Person>>, StoreError> {
        let reading = async {
            let mut people = self.inner.people(who).await?;
            people.iter_mut().for_each(|it| self.watch.met(it));
            Ok(people)
        };
        self.around(read("people"), reading).await
    }

    async fn focus(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
    ) -> Result<Option<QuestionRow>, StoreError> {
        self.around(read("focus"), self.inner.focus(payer, person, channel)).await
    }

    async fn lines_after(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        self.around(read("lines_after"), self.inner.lines_after(payer, person, channel, seq, limit))
            .await
    }

    async fn append_line(&self, line: &NewLine) -> Result<i64, StoreError> {
        let appending = async {
            let seq = self.inner.append_line(line).await?;
            self.watch.lined(line);
            Ok(seq)
        };
        self.around(write("append_line"), appending).await
    }

    async fn acknowledge(
        &self,
        payer: &str,
        person: &str,
        channel: &str,
        seq: i64,
    ) -> Result<Vec<MessageRef>, StoreError> {
        self.around(write("acknowledge"), self.inner.acknowledge(payer, person, channel, seq)).await
    }

    async fn spend(
        &self,
        payer: &str,
        token_digest: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.around(write("spend"), self.inner.spend(payer, token_digest, now)).await
    }

    async fn cards(&self, payer: &str, person: &str) -> Result<Vec<QuestionRow>, StoreError> {
        self.around(read("cards"), self.inner.cards(payer, person)).await
    }

    async fn question(
        &self,
        payer: &str,
        question: &EffectRef,
        person: Option<&str>,
    ) -> Result<Option<QuestionRow>, StoreError> {
        self.around(read("question"), self.inner.question(payer, question, person)).await
    }

    async fn handoffs(&self, payer: &str, desks: &[String]) -> Result<Vec<HandoffRow>, StoreError> {
        self.around(read("handoffs"), self.inner.handoffs(payer, desks)).await
    }

    async fn handoff(
        &self,
        payer: &str,
        handoff: &EffectRef,
    ) -> Result<Option<HandoffRow>, StoreError> {
        self.around(read("handoff"), self.inner.handoff(payer, handoff)).await
    }

    async fn record(&self, payer: &str, conversation: &str) -> Result<Vec<RecordRow>, StoreError> {
        self.around(read("record"), self.inner.record(payer, conversation)).await
    }

    async fn messages(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Vec<MessageRow>, StoreError> {
        self.around(read("messages"), self.inner.messages(payer, conversation)).await
    }

    async fn note_read(&self, read: &StaffRead) -> Result<(), StoreError> {
        self.around(write("note_read"), self.inner.note_read(read)).await
    }

    async fn reads(&self, payer: &str, conversation: &str) -> Result<Vec<StaffRead>, StoreError> {
        self.around(read("reads"), self.inner.reads(payer, conversation)).await
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.around(write("audit"), self.inner.audit(entry)).await
    }

    async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        self.around(read("account"), self.inner.account(login)).await
    }

    async fn put_account(&self, account: &Account) -> Result<(), StoreError> {
        self.around(write("put_account"), self.inner.put_account(account)).await
    }

    async fn put_session(&self, digest: &str, session: &Session) -> Result<(), StoreError> {
        self.around(write("put_session"), self.inner.put_session(digest, session)).await
    }

    async fn session(
        &self,
        digest: &str,
        now: Timestamp,
        idle_ms: i64,
    ) -> Result<Option<Session>, StoreError> {
        self.around(read("session"), self.inner.session(digest, now, idle_ms)).await
    }

    async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        self.around(write("end_session"), self.inner.end_session(digest)).await
    }

    async fn keep_flow(&self, flow: &KeptFlow) -> Result<(), StoreError> {
        self.around(read("keep_flow"), self.inner.keep_flow(flow)).await
    }

    async fn kept_flow(&self, hash: &str) -> Result<Option<KeptFlow>, StoreError> {
        self.around(read("kept_flow"), self.inner.kept_flow(hash)).await
    }

    fn health(&self) -> &dyn crate::store::health::Health {
        self.inner.health()
    }

    async fn counts(&self, now: Timestamp) -> Result<Value, StoreError> {
        self.around(read("counts"), self.inner.counts(now)).await
    }

    async fn verify_chain(
        &self,
        payer: &str,
        conversation: &str,
    ) -> Result<Option<i64>, StoreError> {
        self.around(read("verify_chain"), self.inner.verify_chain(payer, conversation)).await
    }

    fn care(&self) -> &dyn Care {
        self
    }

    fn standing(&self) -> &dyn super::standing::Standing {
        self.inner.standing()
    }

    fn reach(&self) -> &dyn super::reach::Reach {
        self.inner.reach()
    }

    fn files(&self) -> &dyn super::Files {
        self.inner.files()
    }

    fn entry(&self) -> &dyn super::Entry {
        self.inner.entry()
    }

    fn shared(&self) -> &dyn Shared {
        self.inner.shared()
    }

    async fn forget(&self, payer: &str, person: &str) -> Result<(), StoreError> {
        self.around(write("forget"), self.inner.forget(payer, person)).await
    }
}
