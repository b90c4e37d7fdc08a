//! What a server does because it may not be the only one on its database: it says that it runs
//! and what it can read, calls to the others when something changed for a person, and passes on
//! to its own open pages what the others call.
//!
//! Calls are hints, bundled for a moment and made after the commit. Where there is no direct line
//! (behind a pooler), open pages look every [`LOOK_EVERY`] instead; nothing else changes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mendline_engine::state::STATE_FORMAT;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::house::House;
use crate::store::StoreError;
use crate::store::shared::{CALL_BYTES_MAX, Ear, Wire};
use crate::wake::News;

/// How often a server says that it runs.
const NOTE_EVERY: Duration = Duration::from_secs(5);
/// How long the others believe it: several notes may be lost before it counts as gone.
const BELIEVED_MS: i64 = 20_000;
/// News is gathered for so long before it is called: a turn tells several people at once.
const GATHER: Duration = Duration::from_millis(5);
/// Work is called so long after it came up. Whoever has it has usually done it by then; only
/// what a busy server leaves lying is worth the others' look.
const GATHER_WORK: Duration = Duration::from_millis(50);
/// How often open pages look where no server can call.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Before a line that was cut is taken up again.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What one server calls to the others.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Call {
    /// Who calls, so that nobody listens to itself.
    from: String,
    /// There may be work that the caller does not get to.
    #[serde(default)]
    work: bool,
    /// Payer and person; nobody for everyone at the payer's desks.
    #[serde(default)]
    news: BTreeSet<(String, Option<String>)>,
    /// More changed than a call can say.
    #[serde(default)]
    all: bool,
}

/// This server among those on its database.
pub struct Replica {
    house: Arc<House>,
    /// One run of one server.
    who: String,
}

impl Replica {
    /// Says that this server runs. Refused where it could not read what the others have written.
    pub async fn join(house: Arc<House>) -> Result<Replica, StoreError> {
        let who = uuid::Uuid::now_v7().to_string();
        let replica = Replica { house, who };
        replica.note().await?;
        Ok(replica)
    }

    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let (house, who) = (&*self.house, self.who.as_str());
        let shared = house.store.shared();
        if !shared.has_others() {
            return;
        }
        let live = async {
            match shared.wire() {
                Some(wire) => {
                    tokio::join!(
                        call_news(house, wire.as_ref(), who),
                        call_work(house, wire.as_ref(), who),
                        listen(house, wire.as_ref(), who),
                    );
                }
                None => look(house).await,
            }
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(self.keep_noting(), live) } => {}
            () = shutdown.cancelled() => {}
        }
        if let Err(why) = shared.forget_reader(who).await {
            info!("the others learn later that this server is gone: {why}");
        }
    }

    async fn note(&self) -> Result<(), StoreError> {
        let shared = self.house.store.shared();
        // Whoever is alone ends what those before it noted.
        let believed_ms = if shared.has_others() { BELIEVED_MS } else { 0 };
        let now = self.house.clock.now();
        shared.note_reader(&self.who, STATE_FORMAT, now, believed_ms).await?;
        Ok(())
    }

    /// Says again and again that this server runs. One that could not read any more what is
    /// written must go.
    async fn keep_noting(&self) {
        loop {
            tokio::time::sleep(NOTE_EVERY).await;
            match self.note().await {
                Ok(()) => {}
                Err(StoreError::Unreadable(why)) => {
                    error!("this server stops: {why}");
                    self.house.stopping.cancel();
                    return;
                }
                Err(why) => warn!("the others may take this server for gone: {why}"),
            }
        }
    }
}

async fn look(house: &House) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        house.wake.tell_here(News::of_all());
    }
}

async fn call_news(house: &House, wire: &dyn Wire, who: &str) {
    let mut told = house.wake.listen_for_others();
    loop {
        let mut call = Call { from: who.into(), ..Call::default() };
        match told.recv().await {
            Ok(news) => call.hear_of(news),
            Err(RecvError::Lagged(_)) => call.all = true,
            Err(RecvError::Closed) => return,
        }
        tokio::time::sleep(GATHER).await;
        while let Ok(news) = told.try_recv() {
            call.hear_of(news);
        }
        send(wire, call).await;
    }
}

async fn call_work(house: &House, wire: &dyn Wire, who: &str) {
    loop {
        house.wake.wait_for_worked().await;
        tokio::time::sleep(GATHER_WORK).await;
        send(wire, Call { from: who.into(), work: true, ..Call::default() }).await;
    }
}

async fn send(wire: &dyn Wire, call: Call) {
    if let Err(why) = wire.call(&call.words()).await {
        warn!("the others were not called, and find it by looking: {why}");
    }
}

async fn listen(house: &House, wire: &dyn Wire, who: &str) {
    loop {
        let cut = match wire.listen().await {
            Ok(mut ear) => {
                // Whatever was called before.
                house.wake.tell_here(News::of_all());
                house.wake.work_here();
                hear(house, ear.as_mut(), who).await
            }
            Err(why) => why,
        };
        warn!("the others are not heard for a moment: {cut}");
        tokio::time::sleep(LISTEN_AGAIN_AFTER).await;
    }
}

async fn hear(house: &House, ear: &mut dyn Ear, who: &str) -> StoreError {
    loop {
        let words = match ear.hear().await {
            Ok(words) => words,
            Err(why) => return why,
        };
        // What a newer server calls and we cannot read is no reason to miss it.
        let unread = Call { work: true, all: true, ..Call::default() };
        let call: Call = serde_json::from_str(&words).unwrap_or(unread);
        if call.from == who {
            continue;
        }
        if call.work {
            house.wake.work_here();
        }
        if call.all {
            house.wake.tell_here(News::of_all());
        }
        for (payer, person) in call.news {
            house.wake.tell_here(News { payer, person });
        }
    }
}

impl Call {
    fn hear_of(&mut self, news: News) {
        self.news.insert((news.payer, news.person));
    }

    fn words(mut self) -> String {
        let words = serde_json::to_string(&self).expect("texts are JSON");
        if words.len() <= CALL_BYTES_MAX {
            return words;
        }
        self.news.clear();
        self.all = true;
        serde_json::to_string(&self).expect("texts are JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_would_be_too_long_says_that_everybody_looks() {
        let mut call = Call { from: "a".into(), ..Call::default() };
        call.hear_of(News { payer: "acme".into(), person: Some("ana".into()) });
        let said: Call = serde_json::from_str(&call.words()).unwrap();
        assert_eq!((said.news.len(), said.all), (1, false));
        let mut call = Call { from: "a".into(), ..Call::default() };
        for number in 0..1000 {
            call.hear_of(News { payer: "acme".into(), person: Some(format!("person {number}")) });
        }
        let words = call.words();
        assert!(words.len() <= CALL_BYTES_MAX);
        let said: Call = serde_json::from_str(&words).unwrap();
        assert_eq!((said.news.len(), said.all), (0, true));
    }
}
