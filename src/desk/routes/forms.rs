//! Handing an act to the house and waiting for what became of it. One way for forms and
//! commands.

use mendline_engine::effect::VerdictKind;

use super::{Desk, Failed, Fields, PATIENCE};
use crate::channels::Incoming;
use crate::channels::desk::DESK;
use crate::desk::session::Staff;

/// Longest id of a form, in characters. A UUID has 36.
const NONCE_CHARS_MAX: usize = 64;

/// What became of an act.
pub(super) enum Became {
    /// The turn said so.
    Verdict(VerdictKind),
    /// The turn is committed and had nothing to say.
    Kept,
    /// It is on disk, and its turn is not taken yet.
    Waiting,
}

impl Became {
    pub(super) fn verdict(&self) -> Option<&VerdictKind> {
        match self {
            Became::Verdict(verdict) => Some(verdict),
            Became::Kept | Became::Waiting => None,
        }
    }
}

impl Desk {
    /// Puts an act on disk under the form's id and waits for its turn. The same form sent twice
    /// is one act, and gets the same answer.
    pub(super) async fn hand_in(
        &self,
        staff: &Staff,
        form: &Fields,
        incoming: Incoming,
    ) -> Result<Became, Failed> {
        let nonce = form.get("nonce").filter(|it| !it.is_empty()).ok_or(Failed::Stale)?;
        if nonce.chars().count() > NONCE_CHARS_MAX {
            return Err(Failed::Stale);
        }
        let (payer, person) = (&staff.account.payer, &staff.account.person);
        // The person stands in the id, so that nobody can use up another's.
        let id = format!("{person}/{nonce}");
        let accepted = self.house.arrive(payer, DESK, &id, person, incoming, None).await?;
        let Some(settled) = self.house.settled(payer, accepted, PATIENCE).await? else {
            return Ok(Became::Waiting);
        };
        let verdict = settled.answer.and_then(|it| serde_json::from_value(it).ok());
        if verdict == Some(VerdictKind::NotAllowed) {
            self.audit(staff, "not_allowed", settled.conversation.as_deref()).await?;
        }
        Ok(verdict.map_or(Became::Kept, Became::Verdict))
    }
}
