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
    let closed = dispatch::close(house).await?;
    Ok(fired > 0 || routed + turned + called + sent + closed > 0)
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
            repeat(&house, &shutdown, Passes::Turns).await;
        })
    };
    let calling = {
        let (house, shutdown) = (house.clone(), shutdown.clone());
        tokio::spawn(async move {
            repeat(&house, &shutdown, Passes::Calls).await;
        })
    };
    let carrying = {
        let (house, shutdown) = (house.clone(), shutdown.clone());
        tokio::spawn(async move { intake::run(&house, &shutdown).await })
    };
    let closing = {
        let (house, shutdown) = (house.clone(), shutdown.clone());
        tokio::spawn(async move { closes(&house, &shutdown).await })
    };
    sends(&house, &shutdown).await;
    for task in [turning, calling, carrying, closing] {
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

/// Loops that do one pass after the other.
#[derive(Clone, Copy)]
enum Passes {
    Turns,
    Calls,
}

async fn repeat(house: &House, shutdown: &CancellationToken, of: Passes) {
    let its = match of {
        Passes::Turns => Loop::Turns,
        Passes::Calls => Loop::Calls,
    };
    while !shutdown.is_cancelled() {
        house.watch.loops.beat(name(its));
        let moved = match of {
            Passes::Turns => turns_pass(house).await,
            Passes::Calls => dispatch::call(house).await.map(|it| it > 0),
        };
        match moved {
            Ok(true) => house.wake.work(),
            Ok(false) => {
                tokio::select! {
                    () = house.wake.wait_for_work(its) => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = shutdown.cancelled() => {}
                }
            }
            Err(error) => {
                warn!("{error}");
                house.watch.metrics.stumbled(name(its));
                tokio::select! {
                    () = tokio::time::sleep(PAUSE_AFTER_ERROR) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
    }
}

/// Lets messages go as they fall due. Each is on its way by itself, so that a channel that hangs
/// keeps nobody else's message waiting.
async fn sends(house: &std::sync::Arc<House>, shutdown: &CancellationToken) {
    let mut sending = dispatch::Sending::default();
    while !shutdown.is_cancelled() {
        house.watch.loops.beat(name(Loop::Sends));
        let moved = match sending.more(house).await {
            // A lane goes on when what was before has gone.
            Ok(false) => tokio::select! {
                went = sending.one_went() => went,
                () = house.wake.wait_for_work(Loop::Sends) => Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => Ok(()),
                () = shutdown.cancelled() => Ok(()),
            },
            moved => moved.map(|_| ()),
        };
        if let Err(error) = moved {
            warn!("{error}");
            house.watch.metrics.stumbled(name(Loop::Sends));
            tokio::select! {
                () = tokio::time::sleep(PAUSE_AFTER_ERROR) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }
    sending.all_went().await;
}

/// Closes what is over where it stands. Nobody waits for it, so nobody is woken for it.
async fn closes(house: &House, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        let wait = match dispatch::close(house).await {
            Ok(0) => LOOK_EVERY,
            Ok(_) => continue,
            Err(error) => {
                warn!("{error}");
                PAUSE_AFTER_ERROR
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shutdown.cancelled() => {}
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
