//! What somebody agreed to, as operators note it and look at it.

use super::{Answer, NewConsent, Office};
use crate::store::StoreError;
use crate::store::consent::{Act, Consent, Evidence, Method};
use crate::store::reach::Whose;

impl Office<'_> {
    pub(super) async fn consent(&self, it: NewConsent) -> Result<Answer, StoreError> {
        let NewConsent { payer, person, channel, purpose, given, language, why } = it;
        let Some(known) = self.store.person(&payer, &person).await? else {
            return Ok(Answer::Refused(format!("nobody called {person} is known to {payer}")));
        };
        let what = if given { "consent" } else { "consent revoked" };
        self.audit(&payer, format!("{what} {person}: {purpose} on {channel}")).await?;
        let said = format!("Kept: {person} of {payer}, {purpose} on {channel}.");
        let evidence =
            Evidence { address: known.addresses.get(&channel).cloned(), words: Some(why) };
        let consent = Consent {
            channel,
            purpose,
            act: if given { Act::Given } else { Act::Revoked },
            wording: String::new(),
            method: Method::Staff,
            language,
            evidence,
        };
        let whose = Whose { payer, person };
        self.store.reach().agree(&whose, &consent, self.now).await?;
        Ok(Answer::Done(said))
    }

    pub(super) async fn consents(
        &self,
        payer: String,
        person: String,
    ) -> Result<Answer, StoreError> {
        self.audit(&payer, format!("consents of {person} read")).await?;
        Ok(Answer::Consents(self.store.reach().consents(&Whose { payer, person }).await?))
    }
}
