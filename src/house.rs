//! The assembled runtime: what every room needs, in one place to pass around.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use mendline_engine::catalog::Catalog;
use mendline_engine::rules::RulePacks;
use mendline_engine::time::calendar::Calendars;
use mendline_plugin::{ActionError, Call};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::carry;
use crate::channels::{Channel, Incoming};
use crate::clearance::Clearance;
use crate::clock::Clock;
use crate::dispatch::Circuits;
use crate::flows::Flows;
use crate::host::Host;
use crate::intake::Intake;
use crate::links::Links;
use crate::pauses::Pauses;
use crate::seams::Seams;
use crate::signin::SignIn;
use crate::store::{Accepted, InboxBody, NewArrival, Settled, Store, StoreError};
use crate::trace;
use crate::vault::Vault;
use crate::wake::Wake;
use crate::watch::Watch;

/// A look without being told whether a turn is committed: another server may have taken it.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(250);

/// Everything that is running.
pub struct House {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Flows that can be started, and every version in use.
    pub flows: Flows,
    /// Plugins.
    pub host: Host,
    /// What flows may name.
    pub catalog: Catalog,
    /// Holidays and office hours.
    pub calendars: Calendars,
    /// Law.
    pub rules: RulePacks,
    /// Ways of reaching people, by name.
    pub channels: BTreeMap<&'static str, Arc<dyn Channel>>,
    /// Keys: signed links, keyed indexes, ciphers.
    pub vault: Arc<Vault>,
    /// Hints; shared, because channels tap open pages too.
    pub wake: Arc<Wake>,
    /// Whether this is the demo (fictional claims, demo logins allowed, banner shown).
    pub demo: bool,
    /// What does not leave.
    pub pauses: Pauses,
    /// Channels that do not answer at the moment.
    pub circuits: Circuits,
    /// How private the channels may be, as the operator has it.
    pub clearance: Clearance,
    /// Where the doors are, for links.
    pub links: Links,
    /// How staff sign in.
    pub sign_in: SignIn,
    /// Cancelled when somebody said stop: nobody is let in any more, what is in hand is finished.
    pub stopping: CancellationToken,
    /// Cancelled when the loops must end: what they leased and have not begun they give back.
    pub leaving: CancellationToken,
    /// Where what people do waits to be carried.
    pub intake: Intake,
    /// Names for what begins, and how long plugins are waited for.
    pub seams: Seams,
    /// Numbers, traces, signs of life: what operators watch.
    pub watch: Watch,
}

impl House {
    /// Puts what a person did on disk, and wakes the loops. `id` is the channel's own id of it:
    /// a second time is a no-op. `line` is how it reads in the person's own chat.
    pub async fn arrive(
        &self,
        payer: &str,
        source: &str,
        id: &str,
        person: &str,
        incoming: Incoming,
        line: Option<String>,
    ) -> Result<Accepted, StoreError> {
        let arrival = NewArrival {
            payer: payer.into(),
            source: source.into(),
            id: id.into(),
            person: Some(person.into()),
            body: InboxBody::Arrival(incoming),
            received: self.clock.now(),
            line,
        };
        let began = SystemTime::now();
        let carried = match self.intake.take(arrival).await {
            Ok(answer) => answer,
            Err(arrival) => carry::carry(self, vec![arrival]).await.remove(0),
        };
        if let Ok(accepted) = &carried {
            self.watch.metrics.arrived(payer, source, accepted.duplicate);
            trace::thread::arrived(self, payer, source, id, began);
        }
        carried
    }

    /// A fast read. One that hangs must not hold up everybody else's turns.
    pub async fn read(
        &self,
        action: &str,
        call: &Call,
        input: Value,
    ) -> Result<Value, ActionError> {
        let running = self.host.run(action, call, input);
        match tokio::time::timeout(self.seams.read_patience, running).await {
            Ok(result) => result,
            Err(_) => Err(ActionError::Unavailable("no answer in time".into())),
        }
    }

    /// Waits until an arrival's turn is committed and answers what became of it; `None` when it
    /// took longer than `patience`. Needs the loops (or [`crate::pump`]) to run.
    pub async fn settled(
        &self,
        payer: &str,
        accepted: Accepted,
        patience: std::time::Duration,
    ) -> Result<Option<Settled>, StoreError> {
        let mut news = self.wake.listen();
        let until = tokio::time::Instant::now() + patience;
        loop {
            if let Some(settled) = self.store.settled(payer, accepted.seq).await? {
                return Ok(Some(settled));
            }
            if tokio::time::Instant::now() >= until {
                return Ok(None);
            }
            let look = until.min(tokio::time::Instant::now() + LOOK_EVERY);
            let _ = tokio::time::timeout_at(look, news.recv()).await;
        }
    }
}
