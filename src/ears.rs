//! Long polls and gateways: one server at a time listens on each, by a lease that it renews. A
//! server that dies is followed by another within seconds; one that slept finds its token old.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::channels::inward::{Ear, Gate, NotTaken, Place};
use crate::house::House;
use crate::store::StoreError;
use crate::store::shared::Token;

/// How long one server is believed to listen.
const LEASE_MS: i64 = 15_000;
/// How often it says so: two in three may be lost.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How often a server that does not listen looks whether it should.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long before a provider that refused is asked again; a revoked token stays one.
const AGAIN_AFTER: Duration = Duration::from_secs(15);
/// How long an ear may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// Keeps an ear open on one of the servers, until `shutdown`.
pub async fn run(
    house: Arc<House>,
    ear: Arc<dyn Ear>,
    gate: Arc<dyn Gate>,
    shutdown: CancellationToken,
) {
    // Whoever is alone goes on at once where it stopped, and not when its last lease has lapsed.
    let alone = !house.store.shared().has_others();
    let who = if alone { "alone".into() } else { uuid::Uuid::now_v7().to_string() };
    let name = format!("ear/{}", ear.name());
    while !shutdown.is_cancelled() {
        let pause = match take(&house, &name, &who).await {
            Ok(Some(token)) => {
                let held =
                    Held { house: house.clone(), name: name.clone(), who: who.clone(), token };
                held.listen(&ear, &gate, &shutdown).await
            }
            Ok(None) => LOOK_EVERY,
            Err(why) => {
                warn!(channel = ear.name(), "nobody can say who listens: {why}");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

async fn take(house: &House, name: &str, who: &str) -> Result<Option<Token>, StoreError> {
    house.store.shared().take_hold(name, who, house.clock.now(), LEASE_MS).await
}

#[derive(Clone)]
struct Held {
    house: Arc<House>,
    name: String,
    who: String,
    token: Token,
}

impl Held {
    /// Listens while it is held; answers how long to wait before the next time.
    async fn listen(
        self,
        ear: &Arc<dyn Ear>,
        gate: &Arc<dyn Gate>,
        shutdown: &CancellationToken,
    ) -> Duration {
        let until = shutdown.child_token();
        info!(channel = ear.name(), "this server listens");
        let listening = {
            let (ear, gate, place, until) =
                (ear.clone(), gate.clone(), Arc::new(self.clone()), until.clone());
            tokio::spawn(async move { ear.listen(gate, place, until).await })
        };
        let mut listening = listening;
        let ended = tokio::select! {
            ended = &mut listening => Some(ended),
            () = self.renewed_until_lost() => None,
            () = shutdown.cancelled() => None,
        };
        until.cancel();
        let ended = match ended {
            Some(ended) => Some(ended),
            None => timeout(ENDS_WITHIN, &mut listening).await.ok(),
        };
        listening.abort();
        if let Err(why) = self.house.store.shared().let_go(&self.name, self.token).await {
            info!("another server listens later: {why}");
        }
        match ended {
            Some(Ok(Ok(()))) | None => Duration::ZERO,
            Some(Ok(Err(why))) => {
                error!(channel = ear.name(), "an incident: nobody hears this channel: {why:#}");
                AGAIN_AFTER
            }
            Some(Err(why)) => {
                error!(channel = ear.name(), "an ear ended badly: {why}");
                AGAIN_AFTER
            }
        }
    }

    /// Ends when another server holds it, or when it is not known any more whether one does.
    async fn renewed_until_lost(&self) {
        let mut since = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match take(&self.house, &self.name, &self.who).await {
                Ok(Some(token)) if token == self.token => since = tokio::time::Instant::now(),
                Ok(_) => return,
                Err(why) => {
                    warn!("the lease of {} was not renewed: {why}", self.name);
                    let lease = Duration::from_millis(LEASE_MS.unsigned_abs());
                    if since.elapsed() + RENEW_EVERY >= lease {
                        return;
                    }
                }
            }
        }
    }
}

#[async_trait]
impl Place for Held {
    async fn last(&self) -> Result<Option<String>, NotTaken> {
        let place = self.house.store.shared().place(&self.name).await;
        place.map_err(|why| NotTaken::Later(why.to_string()))
    }

    async fn keep(&self, place: &str) -> Result<bool, NotTaken> {
        let kept = self.house.store.shared().keep_place(&self.name, self.token, place).await;
        kept.map_err(|why| NotTaken::Later(why.to_string()))
    }
}
