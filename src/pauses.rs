//! What does not leave: pauses that an operator set, and the hourly limit of what a flow may begin
//! by itself, which ends in a pause that a person must lift.
//!
//! Pauses lie in the database; this keeps what was read of them for a quarter of a second, so that
//! every server obeys within a second and a busy one asks four times in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use mendline_engine::time::Timestamp;
use tokio::time::Instant;
use tracing::warn;

use crate::config::Outbound;
use crate::store::{
    Allowance, AuditEntry, OutboxRow, Pause, PauseKind, PauseRef, Store, StoreError,
};

/// How long what was read counts as right.
const FRESH: Duration = Duration::from_millis(250);
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// An hour's allowance is taken in so many handfuls, so that a busy flow asks the database rarely.
/// What a crash leaves in the hand is lost until the next hour: a twentieth.
const HANDFULS: u32 = 20;
/// Who is named where no person said so.
pub const BY_ITSELF: &str = "mendline";

/// What this server knows of pauses and allowances.
#[derive(Default)]
pub struct Pauses {
    limits: OnceLock<Outbound>,
    fresh: OnceLock<Duration>,
    read: Mutex<Option<(Instant, Arc<Vec<Pause>>)>>,
    /// By payer and flow: the hour, and what is left in the hand.
    in_hand: Mutex<HashMap<(String, String), (i64, u32)>>,
    /// Held while a handful is taken: many messages leave side by side, and a handful for each of
    /// them would be the whole hour.
    taking: tokio::sync::Mutex<()>,
}

impl Pauses {
    /// Says how much flows may begin by themselves; the first word counts.
    pub fn limit(&self, outbound: Outbound) {
        // Said twice only by a mistake in the order of starting, and then the same.
        let _ = self.limits.set(outbound);
    }

    /// Reads pauses again whenever somebody asks: a simulation's seed must play the same run
    /// however fast the machine is.
    #[doc(hidden)]
    pub fn keep_nothing(&self) {
        let _ = self.fresh.set(Duration::ZERO);
    }

    /// What is paused now.
    pub async fn now(&self, store: &dyn Store) -> Result<Arc<Vec<Pause>>, StoreError> {
        let kept = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, pauses)) = kept
            && at.elapsed() < *self.fresh.get_or_init(|| FRESH)
        {
            return Ok(pauses);
        }
        let pauses = Arc::new(store.care().pauses().await?);
        let read = (Instant::now(), pauses.clone());
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
        Ok(pauses)
    }

    /// Something was paused or resumed: what was read counts no more, and allowances are asked
    /// for anew.
    pub fn changed(&self) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether one more message that a flow begins by itself is within its hour. Where it is not,
    /// the flow's proactive messages are paused for this payer, and the pause is answered.
    pub async fn allow(
        &self,
        store: &dyn Store,
        row: &OutboxRow,
        now: Timestamp,
    ) -> Result<Option<Pause>, StoreError> {
        let Some(flow) = row.flow.as_deref().filter(|_| row.leaving().begins()) else {
            return Ok(None);
        };
        let limit = self.limits.get_or_init(Outbound::default).limit(flow);
        let (hour, of) = (now.0.div_euclid(HOUR_MS), (row.key.payer.clone(), flow.to_owned()));
        if self.take(&of, hour) {
            return Ok(None);
        }
        let _taking = self.taking.lock().await;
        // Whoever was here before may have taken enough for both.
        if self.take(&of, hour) {
            return Ok(None);
        }
        let mut handful =
            Allowance { payer: &row.key.payer, flow, hour, want: (limit / HANDFULS).max(1), limit };
        let mut granted = store.care().allow(&handful).await?;
        if !granted && handful.want > 1 {
            // Other servers may have left less than a handful.
            handful.want = 1;
            granted = store.care().allow(&handful).await?;
        }
        if granted {
            let mut hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
            hand.insert(of, (hour, handful.want - 1));
            return Ok(None);
        }
        let pause = too_many(&row.key.payer, flow, limit, now);
        self.stop(store, &pause).await?;
        Ok(Some(pause))
    }

    fn take(&self, of: &(String, String), hour: i64) -> bool {
        let mut hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        match hand.get_mut(of) {
            Some((of_hour, left)) if *of_hour == hour && *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    async fn stop(&self, store: &dyn Store, pause: &Pause) -> Result<(), StoreError> {
        store.care().pause(pause).await?;
        self.changed();
        let entry = AuditEntry {
            payer: pause.of.payer.clone().unwrap_or_default(),
            who: pause.who.clone(),
            what: format!("pause {}", pause.of),
            conversation: None,
            at: pause.since,
        };
        store.audit(&entry).await?;
        warn!(flow = pause.of.name, why = pause.why, "proactive messages wait for a person");
        Ok(())
    }
}

fn too_many(payer: &str, flow: &str, limit: u32, now: Timestamp) -> Pause {
    Pause {
        of: PauseRef { payer: Some(payer.into()), kind: PauseKind::Flow, name: flow.into() },
        proactive: true,
        since: now,
        who: BY_ITSELF.into(),
        why: format!("more than {limit} proactive messages in an hour"),
    }
}

/// The pause that stops a message on a channel; of several the widest.
pub fn stops<'p>(pauses: &'p [Pause], row: &OutboxRow, channel: &str) -> Option<&'p Pause> {
    let leaving = row.leaving();
    let concerns = |it: &&Pause| it.stops(&row.key.payer, channel, &leaving);
    pauses.iter().filter(concerns).max_by_key(|it| (it.of.kind, it.of.payer.is_none()))
}
