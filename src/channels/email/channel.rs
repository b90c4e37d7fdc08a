//! Sends. One attempt at each mail.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use mendline_engine::time::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{error, info, warn};

use super::answer::{Answer, Trouble};
use super::digest::{self, Time};
use super::letter::{Sender, TEXT_CHARS_MAX, letter};
use super::settings::Settings;
use super::smtp::Smtp;
use super::{EMAIL, address, bounce};
use crate::channels::inward::Gate;
use crate::channels::{Channel, Outgoing, Profile, SendError, Sent};
use crate::store::MessageRef;
use crate::vault::Vault;

/// Lines to the server at once. Providers of submission allow ten and more.
const LINES: usize = 4;
/// How long a mail waits for a line of its own before it says that it is too much at once.
const LINE_PATIENCE: Duration = Duration::from_millis(300);
/// When to come again then.
const LINE_BUSY_MS: i64 = 2_000;

/// The channel.
pub struct EmailChannel {
    sender: Sender,
    smtp: Smtp,
    lines: Semaphore,
    pace: DefaultDirectRateLimiter,
    /// Who is told that an address is gone.
    gate: OnceLock<Arc<dyn Gate>>,
    digests: Vec<Time>,
    /// What was told to operators and is not mended yet.
    told: Mutex<BTreeSet<Trouble>>,
}

impl EmailChannel {
    /// A channel over this server. `vault` makes the ids of mails.
    pub fn new(settings: &Settings, vault: Arc<Vault>) -> anyhow::Result<EmailChannel> {
        settings.check()?;
        let sender = Sender { from: settings.from.clone(), name: settings.name.clone(), vault };
        Ok(EmailChannel {
            sender,
            smtp: Smtp::new(settings)?,
            lines: Semaphore::new(LINES),
            pace: RateLimiter::direct(Quota::per_minute(settings.per_minute)),
            gate: OnceLock::new(),
            digests: settings.digests.clone(),
            told: Mutex::default(),
        })
    }

    /// Says where to tell that an address is gone; the first word counts.
    pub fn meet(&self, gate: Arc<dyn Gate>) {
        // Said twice only by a mistake in the order of starting, and then the same.
        let _ = self.gate.set(gate);
    }

    /// What only a person can mend, for the desk and `doctor`; nothing while all is well.
    pub fn troubles(&self) -> Vec<Trouble> {
        self.told().iter().copied().collect()
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeSet<Trouble>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what only a person can mend, once until it is mended.
    fn tell(&self, trouble: Trouble) {
        if self.told().insert(trouble) {
            error!(
                channel = EMAIL,
                "an incident: {}: no mail leaves until a person mends it",
                trouble.name()
            );
        }
    }

    fn mended(&self) {
        let told = std::mem::take(&mut *self.told());
        if !told.is_empty() {
            info!(channel = EMAIL, "mails leave again");
        }
    }

    /// Hands in that nothing reaches an address any more. Nobody waits for it: were it lost, the
    /// next mail would find out again.
    fn gone(&self, key: &MessageRef, to: &str) {
        let Some(gate) = self.gate.get().cloned() else { return };
        let gone = bounce::gone(key, address::mailbox(to));
        tokio::spawn(async move {
            if gate.came(gone).await.is_err() {
                warn!(channel = EMAIL, "that an address is gone is not on disk yet");
            }
        });
    }
}

#[async_trait]
impl Channel for EmailChannel {
    fn profile(&self) -> Profile {
        Profile {
            name: EMAIL,
            text_chars_max: TEXT_CHARS_MAX,
            // They are read as words to answer with; whoever decides does it at the desk.
            buttons: true,
            // Mailboxes are shared and forwarded, and who runs them signed nothing (domain facts
            // 4.2).
            level: 1,
            intrudes: true,
        }
    }

    fn gathers(&self, said: Timestamp, zone: &str) -> Option<Timestamp> {
        digest::next(said, zone, &self.digests)
    }

    async fn send(&self, it: &Outgoing) -> Result<Sent, SendError> {
        let letter = letter(&self.sender, it).map_err(|why| SendError::Never(why.to_string()))?;
        if let Err(not_until) = self.pace.check() {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            return Err(SendError::Busy(
                i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1),
            ));
        }
        let line = timeout(LINE_PATIENCE, self.lines.acquire()).await;
        let Ok(Ok(_line)) = line else { return Err(SendError::Busy(LINE_BUSY_MS)) };
        match self.smtp.deliver(&letter).await {
            Ok(()) => {
                self.mended();
                // No mailbox says that a mail was read. Taken is as near as it comes; a bounce says
                // later that it was not.
                Ok(Sent::as_shown())
            }
            Err(Answer::Failed(why)) => Err(why),
            Err(Answer::Trouble(trouble)) => {
                self.tell(trouble);
                Err(SendError::Later(trouble.name().into()))
            }
            Err(Answer::Gone) => {
                self.gone(&it.key, &it.to);
                // The next way, or a person, as for whoever left a channel herself.
                Err(SendError::OptedOut)
            }
        }
    }
}
