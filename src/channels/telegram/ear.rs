//! Listens by long poll. An update is Telegram's until it is on our disk: the next poll begins
//! behind the last one that the gate took, and whoever listens next begins where this one ended.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use serde_json::Value;
use teloxide_core::payloads::{
    DeleteWebhook, GetUpdates, GetUpdatesSetters as _, SetMyCommands, SetWebhook,
    SetWebhookSetters as _,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::answer::{Fault, Why};
use super::commands::{self, BadCommand, Command};
use super::translate::{ALLOWED, Read, aloud, answer, read, update_id};
use super::{Api, TELEGRAM};
use crate::channels::inward::{Ear, Gate, NotTaken, Place};
use crate::config::Secret;

/// How long an answer may take beyond the poll itself.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// Updates in one answer (Bot API, getUpdates: "1-100").
const UPDATES_MAX: u8 = 100;

/// How long the ear waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// For something to come, in one poll.
    pub poll: Duration,
    /// After the first failure; it doubles.
    pub first: Duration,
    /// At most between two attempts.
    pub most: Duration,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits {
            // Proxies close what is silent for half a minute.
            poll: Duration::from_secs(25),
            first: Duration::from_secs(1),
            most: Duration::from_secs(30),
        }
    }
}

/// The ear.
#[derive(Clone, Debug)]
pub struct TelegramEar {
    api: Api,
    /// The lists of commands, one a language.
    offers: Vec<SetMyCommands>,
    waits: Waits,
}

/// Why listening went no further for now.
enum Stopped {
    /// Somebody else listens.
    Lost,
    /// Try again, in so many seconds at least.
    Again(u64),
    /// An operator must look.
    Ended(anyhow::Error),
}

impl TelegramEar {
    /// An ear that offers these commands.
    pub fn new(api: Api, commands: &[Command]) -> Result<TelegramEar, BadCommand> {
        Ok(TelegramEar { api, offers: commands::requests(commands)?, waits: Waits::default() })
    }

    /// The same with other waits.
    pub fn waiting(self, waits: Waits) -> TelegramEar {
        TelegramEar { waits, ..self }
    }

    /// In the place of listening: tells Telegram to call `/webhooks/telegram` under `public_url`,
    /// and offers the commands.
    pub async fn be_called(&self, public_url: &str, secret: &Secret) -> anyhow::Result<()> {
        let url = format!("{}/webhooks/telegram", public_url.trim_end_matches('/'));
        let url = url.parse().context("`public_url` is no address that Telegram could call")?;
        let hook = SetWebhook::new(url).secret_token(secret.expose()).allowed_updates(ALLOWED);
        self.api.ask(&hook, ANSWER_PATIENCE).await.context("telling Telegram where to call")?;
        self.offer().await;
        Ok(())
    }

    async fn offer(&self) {
        for offer in &self.offers {
            // Without them everything works; one types.
            if let Err(why) = self.api.ask(offer, ANSWER_PATIENCE).await {
                warn!(%why, "telegram did not take the list of commands");
            }
        }
    }

    /// One poll, and everything that it brought.
    async fn poll(
        &self,
        gate: &dyn Gate,
        place: &dyn Place,
        from: &mut Option<i64>,
    ) -> Result<(), Stopped> {
        let asked = GetUpdates {
            offset: from.and_then(|it| i32::try_from(it).ok()),
            ..GetUpdates::new()
                .limit(UPDATES_MAX)
                .timeout(u32::try_from(self.waits.poll.as_secs()).unwrap_or(0))
                .allowed_updates(ALLOWED)
        };
        let patience = self.waits.poll + ANSWER_PATIENCE;
        let began = Instant::now();
        let came = self.api.ask(&asked, patience).await.map_err(stopped)?;
        let updates = came.as_array().cloned().unwrap_or_default();
        if updates.is_empty() && began.elapsed() < self.waits.first {
            // It should have held the line. Whatever it is, we do not ask without end.
            tokio::time::sleep(self.waits.first).await;
        }
        let before = *from;
        let mut taken = Ok(());
        for update in &updates {
            taken = self.take(gate, update, from).await;
            if taken.is_err() {
                break;
            }
        }
        if *from != before {
            let reached = from.unwrap_or_default().to_string();
            match place.keep(&reached).await {
                Ok(true) => {}
                Ok(false) => return Err(Stopped::Lost),
                // What was taken is known by its id; it may come once more.
                Err(why) => {
                    *from = before;
                    return Err(not_taken(&why));
                }
            }
        } else if !updates.is_empty() && taken.is_ok() {
            warn!("telegram sent updates without a number");
            return Err(Stopped::Again(0));
        }
        taken.map_err(|why| not_taken(&why))
    }

    async fn take(
        &self,
        gate: &dyn Gate,
        update: &Value,
        from: &mut Option<i64>,
    ) -> Result<(), NotTaken> {
        let Some(id) = update_id(update) else { return Ok(()) };
        let Read { came, tapped, in_group } = read(update);
        let entered = match came {
            Some(came) => gate.came(came).await?,
            None => Default::default(),
        };
        *from = Some(id + 1);
        if let Some(tapped) = tapped {
            // Only the button's own sign of life: nobody waits for it, and nothing is lost with it.
            let (api, said) = (self.api.clone(), answer(&tapped, &entered));
            tokio::spawn(async move { api.ask(&said, ANSWER_PATIENCE).await });
        }
        if let Some(said) = in_group.and_then(|it| aloud(it, &entered)) {
            let api = self.api.clone();
            tokio::spawn(async move { api.ask(&said, ANSWER_PATIENCE).await });
        }
        Ok(())
    }

    async fn begin(&self, place: &dyn Place) -> Result<Option<i64>, Stopped> {
        // A webhook that is still set would take everything away.
        self.api.ask(&DeleteWebhook::new(), ANSWER_PATIENCE).await.map_err(stopped)?;
        let last = place.last().await.map_err(|why| not_taken(&why))?;
        self.offer().await;
        Ok(last.and_then(|it| it.parse().ok()))
    }

    async fn listen_on(&self, gate: &dyn Gate, place: &dyn Place) -> anyhow::Result<()> {
        let mut wait = self.waits.first;
        let mut from = None;
        let mut begun = false;
        loop {
            let went = if begun {
                self.poll(gate, place, &mut from).await
            } else {
                self.begin(place).await.map(|it| {
                    from = it;
                    begun = true;
                })
            };
            match went {
                Ok(()) => wait = self.waits.first,
                Err(Stopped::Lost) => return Ok(()),
                Err(Stopped::Ended(why)) => return Err(why),
                Err(Stopped::Again(least_s)) => {
                    tokio::time::sleep(wait.max(Duration::from_secs(least_s))).await;
                    wait = (wait * 2).min(self.waits.most);
                }
            }
        }
    }
}

fn stopped(fault: Fault) -> Stopped {
    match fault {
        Fault::Token => Stopped::Ended(fault.into()),
        Fault::Refused { why: Why::OtherListener, .. } => {
            let said = "another program listens with the same token; stop it, or take another bot";
            Stopped::Ended(anyhow::Error::from(fault).context(said))
        }
        Fault::TooMany(seconds) => Stopped::Again(seconds),
        Fault::NotReached(_) | Fault::Unclear(_) | Fault::Refused { .. } => {
            warn!(why = %fault, "telegram cannot be heard for now");
            Stopped::Again(0)
        }
    }
}

fn not_taken(why: &NotTaken) -> Stopped {
    let NotTaken::Later(_) = why;
    warn!("what telegram brought is not on disk yet");
    Stopped::Again(0)
}

#[async_trait]
impl Ear for TelegramEar {
    fn name(&self) -> &'static str {
        TELEGRAM
    }

    async fn listen(
        &self,
        gate: Arc<dyn Gate>,
        place: Arc<dyn Place>,
        until: CancellationToken,
    ) -> anyhow::Result<()> {
        let listening = self.listen_on(gate.as_ref(), place.as_ref());
        match until.run_until_cancelled(listening).await {
            None => Ok(()),
            Some(ended) => ended,
        }
    }
}
