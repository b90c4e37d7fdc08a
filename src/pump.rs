//! Keeps the house moving: route, turn, call, send, fire. Every stage is safe to run at any
//! moment and as often as one likes; what it needs to know is on disk.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::house::House;
use crate::store::StoreError;
use crate::wake::Loop;
use crate::{dispatch, intake, people, turns};

/// Due timers turned into events in one pass.
const FIRE_MAX: u32 = 256;
/// Longest sleep between looks. A hint usually comes first; this is for timers and lost hints.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Pause after the database was away, so as not to hammer it.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// Passes in one [`until_idle`]; a house that is still busy then runs in circles.
const PASSES_MAX: usize = 10_000;

/// One pass through every stage; answers whether anything moved.
pub async fn pass(house: &House) -> Result<bool, StoreError> {
    let fired = house.store.fire_due(house.clock.now(), FIRE_MAX).await?;
    house.watch.metrics.fired(fired);
    let routed = people::route(house).await?;
    let turned = turns::take(house).await?;
    let called = dispatch::call(house).await?;
    let sent = dispatch::send(house).await?;
    Ok(fired > 0 || routed + turned + called + sent > 0)
}

/// Passes until nothing moves.
pub async fn until_idle(house: &House) -> Result<(), StoreError> {
    for _ in 0..PASSES_MAX {
        if !pass(house).await? {
            return Ok(());
        }
    }
    Err(StoreError::Away("the house runs in circles".into()))
}

/// Runs until `shutdown`: turns in one task, calls and sends in their own, so that a slow
/// plugin or provider holds nobody else up.
pub async fn run(house: std::sync::Arc<House>, shutdown: CancellationToken) {
    let turning = {
        let (house, shutdown) = (house.clone(), shutdown.clone());
        tokio::spawn(async move {
            repeat(&house, &shutdown, Loop::Turns).await;
        })
    };
    let calling = {
        let (house, shutdown) = (house.clone(), shutdown.clone());
        tokio::spawn(async move {
            repeat(&house, &shutdown, Loop::Calls).await;
        })
    };
    let carrying = {
        let (house, shutdown) = (house.clone(), shutdown.clone());
        tokio::spawn(async move { intake::run(&house, &shutdown).await })
    };
    repeat(&house, &shutdown, Loop::Sends).await;
    for task in [turning, calling, carrying] {
        if let Err(error) = task.await {
            warn!("a loop ended badly: {error}");
        }
    }
}

/// How a loop is called where it is watched.
fn name(of: Loop) -> &'static str {
    match of {
        Loop::Turns => "turns",
        Loop::Calls => "calls",
        Loop::Sends => "sends",
    }
}

async fn repeat(house: &House, shutdown: &CancellationToken, of: Loop) {
    while !shutdown.is_cancelled() {
        house.watch.loops.beat(name(of));
        let moved = match of {
            Loop::Turns => turns_pass(house).await,
            Loop::Calls => dispatch::call(house).await.map(|it| it > 0),
            Loop::Sends => dispatch::send(house).await.map(|it| it > 0),
        };
        match moved {
            Ok(true) => house.wake.work(),
            Ok(false) => {
                tokio::select! {
                    () = house.wake.wait_for_work(of) => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = shutdown.cancelled() => {}
                }
            }
            Err(error) => {
                warn!("{error}");
                house.watch.metrics.stumbled(name(of));
                tokio::select! {
                    () = tokio::time::sleep(PAUSE_AFTER_ERROR) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
    }
}

async fn turns_pass(house: &House) -> Result<bool, StoreError> {
    let fired = house.store.fire_due(house.clock.now(), FIRE_MAX).await?;
    house.watch.metrics.fired(fired);
    let routed = people::route(house).await?;
    let turned = turns::take(house).await?;
    Ok(fired > 0 || routed + turned > 0)
}
