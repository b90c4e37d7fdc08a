//! Authority, looked at a second time (rule 11): a write that carries out somebody's decision
//! leaves only if that person still holds the authority on the claim.
//!
//! Before the first attempt only. Once an attempt was begun nobody can say that nothing was
//! changed, so the same key is repeated until it is known how it ended. That it begins is on disk
//! before it does; having had the call and never having begun is no attempt.

use mendline_engine::core::Core;
use mendline_engine::event::CallResult;
use tracing::warn;

use crate::directory::{self, Met};
use crate::house::House;
use crate::store::CallRow;
use crate::turns;

/// Why the write may not leave, as the result that its conversation gets: a person comes.
pub(super) async fn gone(house: &House, row: &CallRow) -> Option<CallResult> {
    if !row.write || row.attempts > 0 {
        return None;
    }
    let (code, message) = match all_hold(house, row).await {
        Ok(true) => return None,
        Ok(false) => ("authority_gone", "who decided may not decide on this claim any more"),
        Err(error) => {
            warn!(call = %row.key, "nobody can say who may decide: {error:#}");
            ("authority_unknown", "it could not be looked up whether who decided still may")
        }
    };
    Some(CallResult::Refused { code: code.into(), message: message.into() })
}

/// Whether everyone whose decision stands in the conversation still holds the authority that it
/// was taken under. A rule that decided is nobody.
async fn all_hold(house: &House, row: &CallRow) -> anyhow::Result<bool> {
    let Some(it) = house.store.conversation(&row.payer, &row.key.conversation).await? else {
        return Ok(true);
    };
    let program = turns::version(house, &it.flow_hash).await?;
    let mut wanted = Vec::new();
    for anchor in it.state.decided.keys() {
        let step = program.anchors.get(anchor).and_then(|pc| program.steps.get(*pc));
        let by = it.state.fields.get(anchor).and_then(|it| it["by_person"].as_str());
        if let (Some(Core::Decide(decide)), Some(by)) = (step, by)
            && let Some(authority) = &decide.authority
        {
            wanted.push((by, authority));
        }
    }
    if wanted.is_empty() {
        return Ok(true);
    }
    let fields = &it.state.fields;
    let directory =
        directory::look_up(house, &Met::default(), &row.payer, &it.principal, &program, fields)
            .await?;
    Ok(wanted.into_iter().all(|(by, authority)| directory.authorities(by).contains(authority)))
}
