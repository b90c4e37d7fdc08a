//! Calls to plugins: leased, attempted under one key, and their results brought back in.

use std::time::SystemTime;

use mendline_engine::event::CallResult;
use mendline_plugin::{ActionError, Call};
use tracing::warn;

use super::attempt::retry_at;
use super::{LEASE_MAX, LEASE_MS, Lease, authority};
use crate::house::House;
use crate::store::{CallBecame, CallRow, StoreError};
use crate::trace;

/// Attempts before a call is given up: with doubling waits, about two minutes. Somebody waits.
const CALL_ATTEMPTS_MAX: u32 = 6;

/// Makes the calls that are due; answers how many.
pub async fn call(house: &House) -> Result<usize, StoreError> {
    let lease = Lease::begin(house);
    let rows = house.store.lease_calls(lease.since, LEASE_MS, LEASE_MAX).await?;
    let made = rows.len();
    for (at, row) in rows.iter().enumerate() {
        if house.leaving.is_cancelled() {
            let left: Vec<_> =
                rows[at..].iter().map(|it| (it.payer.clone(), it.key.clone())).collect();
            if !lease.lapsed(house) {
                house.store.care().release_calls(&left).await?;
            }
            return Ok(at);
        }
        house.watch.loops.beat("calls");
        let began = SystemTime::now();
        let Some(became) = call_one(house, row, lease).await? else { continue };
        let result = house.watch.metrics.called(row, &became);
        trace::thread::called(house, row, result, began).await;
        if let CallBecame::Returned(CallResult::Unknown) = &became {
            warn!(call = %row.key, action = row.action, "nobody knows whether this was done");
        }
        house.store.settle_call(&row.payer, &row.key, became, house.clock.now()).await?;
    }
    Ok(made)
}

/// One attempt; nothing, if the call may be somebody else's now.
async fn call_one(
    house: &House,
    row: &CallRow,
    lease: Lease,
) -> Result<Option<CallBecame>, StoreError> {
    let refused = authority::gone(house, row).await;
    if lease.lapsed(house) {
        return Ok(None);
    }
    if let Some(refused) = refused {
        return Ok(Some(CallBecame::Refused { attempt: row.attempts, result: refused }));
    }
    if row.write {
        // From here on nobody can say that nothing was changed.
        match house.store.begin_call(row).await {
            Err(StoreError::Conflict) => return Ok(None),
            begun => begun?,
        }
        if lease.lapsed(house) {
            return Ok(None);
        }
    }
    Ok(Some(match attempt(house, row).await {
        // Only as long as nobody tried again while this one slept.
        CallBecame::Returned(result @ CallResult::Refused { .. }) if row.write => {
            CallBecame::Refused { attempt: row.attempts + 1, result }
        }
        became => became,
    }))
}

async fn attempt(house: &House, row: &CallRow) -> CallBecame {
    let now_ms = house.clock.now().0;
    let call = Call { payer: row.payer.clone(), key: row.key.to_string(), now_ms };
    let calling = house.watch.metrics.calling(&row.action);
    let running = house.host.run(&row.action, &call, row.input.clone());
    let answered = tokio::time::timeout(house.seams.call_patience, running).await;
    drop(calling);
    let result = match answered {
        Ok(result) => result,
        Err(_) if row.write => Err(ActionError::Unknown("no answer in time".into())),
        Err(_) => Err(ActionError::Unavailable("no answer in time".into())),
    };
    let refused = |code: &str, message: String| {
        CallBecame::Returned(CallResult::Refused { code: code.into(), message })
    };
    match result {
        Ok(value) => CallBecame::Returned(CallResult::Done(value)),
        Err(ActionError::Refused { code, message }) => refused(&code, message),
        Err(ActionError::Input(message)) => refused("bad_input", message),
        Err(ActionError::Unavailable(message)) => {
            match retry_at(row.attempts, CALL_ATTEMPTS_MAX, now_ms) {
                Some(at) => CallBecame::Later(at),
                // This attempt changed nothing; an earlier one may have, whose answer was lost.
                None if row.write => inquire(house, row, &call).await,
                None => refused("unavailable", message),
            }
        }
        Err(ActionError::Unknown(_)) => match retry_at(row.attempts, CALL_ATTEMPTS_MAX, now_ms) {
            Some(at) => CallBecame::Later(at),
            None => inquire(house, row, &call).await,
        },
    }
}

/// The same key did not help: ask the action's own `inquire`, with the same arguments.
async fn inquire(house: &House, row: &CallRow, call: &Call) -> CallBecame {
    let spec = house.catalog.actions.get(&row.action);
    let Some(inquire) = spec.and_then(|it| it.inquire.as_deref()) else {
        return CallBecame::Returned(CallResult::Unknown);
    };
    let running = house.host.run(inquire, call, row.input.clone());
    match tokio::time::timeout(house.seams.call_patience, running).await {
        Ok(Ok(value)) => CallBecame::Returned(CallResult::Done(value)),
        _ => CallBecame::Returned(CallResult::Unknown),
    }
}
