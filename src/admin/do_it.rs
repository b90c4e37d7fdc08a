//! The changes themselves.

use std::collections::BTreeMap;

use super::{Answer, NewAccount, Office, Waits};
use crate::store::reach::Whose;
use crate::store::{
    Account, Became, LegalHold, Pause, PauseKind, PauseRef, Person, StoreError, Waiting,
};

/// Messages withheld in one go.
const DROP_MAX: u32 = 256;
/// How alike a name must be to be meant.
const LIKE: f64 = 0.6;
/// The person of an account that was closed: nobody's.
const NOBODY: &str = "(closed)";

impl Office<'_> {
    pub(super) async fn pause(
        &self,
        of: PauseRef,
        proactive: bool,
        why: String,
    ) -> Result<Answer, StoreError> {
        if let Some(unknown) = self.unknown(&of) {
            return Ok(Answer::Refused(unknown));
        }
        let said = format!("Paused: {of}.");
        self.audit(of.payer.as_deref().unwrap_or_default(), format!("pause {of}")).await?;
        let pause = Pause { of, proactive, since: self.now, who: self.who.clone(), why };
        self.store.care().pause(&pause).await?;
        self.changed();
        Ok(Answer::Done(format!(
            "{said} Help in danger and people's own words still leave; `mendline paused` shows \
             what waits."
        )))
    }

    /// Why there is nothing of that name, where that can be known.
    fn unknown(&self, of: &PauseRef) -> Option<String> {
        let house = self.house?;
        let known: Vec<String> = match of.kind {
            PauseKind::Flow => house.flows.all().iter().map(|it| it.flow.clone()).collect(),
            PauseKind::Channel => house.channels.keys().map(|it| (*it).to_owned()).collect(),
            PauseKind::Payer => return None,
        };
        if known.contains(&of.name) {
            return None;
        }
        let likeness = |it: &String| strsim::normalized_damerau_levenshtein(it, &of.name);
        let near = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let hint = match near.filter(|it| likeness(it) >= LIKE) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are: {}", known.join(", ")),
        };
        Some(format!("there is no {} {}; {hint}", of.kind.name(), of.name))
    }

    pub(super) async fn resume(
        &self,
        of: PauseRef,
        waits: Option<Waits>,
    ) -> Result<Answer, StoreError> {
        let of = match self.find(of).await? {
            Ok(of) => of,
            Err(refused) => return Ok(Answer::Refused(refused)),
        };
        let waiting = self.store.care().waiting().await?;
        let waiting: Vec<Waiting> = waiting.into_iter().filter(|it| it.of == of).collect();
        let messages: u32 = waiting.iter().map(|it| it.messages).sum();
        if messages > 0 && waits.is_none() {
            return Ok(Answer::Refused(format!(
                "messages that wait under the pause of {of}: {messages} (`mendline paused` shows \
                 them by flow); say --release to send them now, or --drop to withhold them"
            )));
        }
        let payer = of.payer.as_deref().unwrap_or_default();
        let how = if waits == Some(Waits::Drop) { ", dropped" } else { "" };
        self.audit(payer, format!("resume {of}{how}")).await?;
        let mut dropped = 0;
        if waits == Some(Waits::Drop) {
            dropped = self.withhold(&of).await?;
        }
        let released = self.store.care().resume(&of, self.now).await?;
        self.changed();
        let dropped = if dropped > 0 { format!(" Withheld: {dropped}.") } else { String::new() };
        Ok(Answer::Done(format!("Resumed: {of}.{dropped} Messages that leave now: {released}.")))
    }

    /// The pause that is meant.
    async fn find(&self, of: PauseRef) -> Result<Result<PauseRef, String>, StoreError> {
        let pauses = self.store.care().pauses().await?;
        if pauses.iter().any(|it| it.of == of) {
            return Ok(Ok(of));
        }
        let same =
            |it: &&Pause| of.payer.is_none() && (it.of.kind, &it.of.name) == (of.kind, &of.name);
        let meant: Vec<&Pause> = pauses.iter().filter(same).collect();
        Ok(match meant.as_slice() {
            [] => Err(format!("{of} is not paused")),
            [one] => Ok(one.of.clone()),
            many => {
                let payers: Vec<_> = many.iter().filter_map(|it| it.of.payer.clone()).collect();
                Err(format!("{of} is paused for {}; name one with --payer", payers.join(", ")))
            }
        })
    }

    async fn withhold(&self, of: &PauseRef) -> Result<u32, StoreError> {
        let mut dropped = 0;
        loop {
            let parked = self.store.care().parked(of, DROP_MAX).await?;
            if parked.is_empty() {
                return Ok(dropped);
            }
            for key in parked {
                // One that somebody else released meanwhile goes on.
                self.store.settle_message(&key, Became::Dropped, self.now).await?;
                dropped += 1;
            }
        }
    }

    pub(super) async fn paused(&self) -> Result<Answer, StoreError> {
        let pauses = self.store.care().pauses().await?;
        let waiting = self.store.care().waiting().await?;
        Ok(Answer::Paused { pauses, waiting })
    }

    pub(super) async fn forget(
        &self,
        payer: String,
        person: String,
        open_too: bool,
    ) -> Result<Answer, StoreError> {
        let matters = self.store.conversations_of(&payer, &person, u32::MAX).await?;
        let known = self.store.person(&payer, &person).await?.is_some();
        if !known && matters.is_empty() {
            return Ok(Answer::Refused(format!(
                "nobody called {person} is known to {payer}, or is forgotten already"
            )));
        }
        let open = matters.iter().filter(|it| it.state.outcome.is_none()).count();
        if open > 0 && !open_too {
            return Ok(Answer::Refused(format!(
                "open matters of {person}: {open}; end them first, or add --open-too, and nobody \
                 will hear how they end"
            )));
        }
        match self.store.forget(&payer, &person).await {
            Err(StoreError::Held) => {
                self.audit(&payer, format!("forget {person}, refused: legal hold")).await?;
                return Ok(Answer::Refused(format!(
                    "a legal hold keeps {person}; `mendline hold list` says why"
                )));
            }
            done => done?,
        }
        self.audit(&payer, format!("forget {person}")).await?;
        Ok(Answer::Done(format!(
            "Forgotten: {person} of {payer}. The key is destroyed here; copies in older backups \
             go when those are destroyed (docs/operate.md)."
        )))
    }

    pub(super) async fn hold(
        &self,
        payer: String,
        person: String,
        why: String,
    ) -> Result<Answer, StoreError> {
        let hold = LegalHold { payer, person, since: self.now, who: self.who.clone(), why };
        let (payer, person) = (&hold.payer, &hold.person);
        match self.store.care().hold(&hold).await {
            Err(StoreError::Forgotten) => {
                return Ok(Answer::Refused(format!("{person} is forgotten already")));
            }
            Err(StoreError::Unreadable(why)) => {
                return Ok(Answer::Refused(format!("{person} of {payer}: {why}")));
            }
            done => done?,
        }
        self.audit(payer, format!("hold {person}")).await?;
        Ok(Answer::Done(format!("Held: nothing forgets {person} of {payer} until it is lifted.")))
    }

    pub(super) async fn lift(&self, payer: &str, person: &str) -> Result<Answer, StoreError> {
        if !self.store.care().lift(payer, person).await? {
            return Ok(Answer::Refused(format!("there is no legal hold on {person} of {payer}")));
        }
        self.audit(payer, format!("lift {person}")).await?;
        Ok(Answer::Done(format!("Lifted: {person} of {payer} may be forgotten again.")))
    }

    pub(super) async fn account(&self, it: NewAccount) -> Result<Answer, StoreError> {
        let found = self.store.account(&it.login).await?;
        if found.is_some_and(|found| found.person != NOBODY) && !it.replace {
            return Ok(Answer::Refused(format!(
                "there is an account {}; add --replace to give it this password and these roles",
                it.login
            )));
        }
        if self.store.person(&it.payer, &it.person).await?.is_none() {
            self.store.know(&as_person(&it)).await?;
        }
        let account = Account {
            login: it.login.clone(),
            payer: it.payer.clone(),
            person: it.person.clone(),
            password: it.hash,
            roles: it.roles,
            demo: false,
        };
        self.audit(&it.payer, format!("account {}", it.person)).await?;
        self.store.put_account(&account).await?;
        Ok(Answer::Done(format!("{} may log in at /desk.", it.login)))
    }

    pub(super) async fn close_account(&self, login: &str) -> Result<Answer, StoreError> {
        let open = self.store.account(login).await?.filter(|it| it.person != NOBODY);
        let Some(account) = open else {
            return Ok(Answer::Refused(format!("there is no account {login}")));
        };
        self.audit(&account.payer, format!("close account {}", account.person)).await?;
        // A password that is no hash fits nothing, and a session of another person ends.
        let closed =
            Account { person: NOBODY.into(), password: "!".into(), roles: Vec::new(), ..account };
        self.store.put_account(&closed).await?;
        Ok(Answer::Done(format!("{login} may log in no more, and is logged out.")))
    }

    pub(super) async fn reset_factor(&self, login: &str) -> Result<Answer, StoreError> {
        let Some(account) = self.store.account(login).await?.filter(|it| it.person != NOBODY)
        else {
            return Ok(Answer::Refused(format!("there is no account {login}")));
        };
        let whose = Whose { payer: account.payer, person: account.person };
        if !self.store.entry().drop_factor(&whose).await? {
            return Ok(Answer::Refused(format!("{login} has no second factor")));
        }
        self.audit(&whose.payer, format!("reset factor {}", whose.person)).await?;
        self.store.entry().end_sessions(&whose, None).await?;
        Ok(Answer::Done(format!(
            "{login} has no second factor any more, is logged out, and may set up another."
        )))
    }

    pub(super) async fn unbind(&self, payer: String, person: String) -> Result<Answer, StoreError> {
        let whose = Whose { payer, person };
        let Some(login) = self.store.entry().unbind(&whose).await? else {
            let Whose { payer, person } = whose;
            return Ok(Answer::Refused(format!("nobody signs in as {person} of {payer}")));
        };
        self.audit(&whose.payer, format!("unbind {}", whose.person)).await?;
        if let Some(account) = self.store.account(&login).await? {
            let closed = Account { person: NOBODY.into(), roles: Vec::new(), ..account };
            self.store.put_account(&closed).await?;
        }
        self.store.entry().end_sessions(&whose, None).await?;
        Ok(Answer::Done(format!(
            "{} of {} is logged out; whoever the provider names so next is that person.",
            whose.person, whose.payer
        )))
    }

    /// Whoever runs here reads pauses anew, and looks for what may leave now.
    fn changed(&self) {
        if let Some(house) = self.house {
            house.pauses.changed();
            house.wake.work();
        }
    }
}

fn as_person(it: &NewAccount) -> Person {
    Person {
        payer: it.payer.clone(),
        person: it.person.clone(),
        role: it.role.clone(),
        first_name: it.name.split(' ').next().unwrap_or(&it.name).into(),
        name: it.name.clone(),
        language: "en".into(),
        zone: it.zone.clone(),
        office: Some("us-office".into()),
        addresses: BTreeMap::from([("desk".into(), it.person.clone())]),
        opted_out: Vec::new(),
        consents: Default::default(),
        at: None,
    }
}
