//! Who may act for somebody else: noted with a scope and an end, ended, listed.

use std::collections::BTreeMap;

use mendline_engine::clearance::reads;
use mendline_engine::label::Labels;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, Office};
use crate::directory::REPRESENTATIVE;
use crate::store::reach::Whose;
use crate::store::representative::Representative;
use crate::store::{Person, StoreError};

/// Somebody who may act for somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRepresentative {
    /// The payer.
    pub payer: String,
    /// For whom.
    pub person: String,
    /// Who acts, by an id of ours.
    pub representative: String,
    /// `Luis Example`.
    pub name: String,
    /// The language this person reads.
    pub language: String,
    /// IANA zone.
    pub zone: String,
    /// What may be told, and no more.
    pub scope: Labels,
    /// Until when.
    pub until: Timestamp,
    /// As whom and why. Kept sealed.
    pub why: String,
}

impl Office<'_> {
    pub(super) async fn represent(&self, it: NewRepresentative) -> Result<Answer, StoreError> {
        let (payer, person) = (it.payer.clone(), it.person.clone());
        if self.store.person(&payer, &person).await?.is_none() {
            return Ok(Answer::Refused(format!(
                "nobody called {person} is known to {payer} yet; a person is known once she was \
                 invited and came"
            )));
        }
        if it.until <= self.now {
            return Ok(Answer::Refused("`--until` is over already".into()));
        }
        let beyond = it.scope.beyond(reads(REPRESENTATIVE));
        if it.scope.is_public() || !beyond.is_public() {
            let may = reads(REPRESENTATIVE);
            return Ok(Answer::Refused(format!(
                "a representative may be told of {may}, and of something at least; not {}",
                if beyond.is_public() { "nothing".to_owned() } else { beyond.to_string() }
            )));
        }
        let known = self.store.person(&payer, &it.representative).await?;
        if let Some(other) = known.as_ref().filter(|it| it.role != REPRESENTATIVE) {
            return Ok(Answer::Refused(format!(
                "{} is known to {payer} as {} already; give the representative another id",
                it.representative, other.role
            )));
        }
        self.store.know(&as_person(&it)).await?;
        let NewRepresentative { representative, scope, until, why, .. } = it;
        self.audit(
            &payer,
            format!("representative {representative} of {person}: {scope} until {}", until.0),
        )
        .await?;
        let said = format!(
            "Kept: {representative} may act for {person} of {payer} ({scope}). `mendline invite \
             --payer {payer} --person {representative}` makes the link."
        );
        let it = Representative {
            payer,
            person,
            representative,
            scope,
            since: self.now,
            until,
            ended: None,
            who: self.who.clone(),
            why,
        };
        self.store.reach().represent(&it, self.now).await?;
        Ok(Answer::Done(said))
    }

    pub(super) async fn end_representation(
        &self,
        payer: String,
        person: String,
        representative: &str,
    ) -> Result<Answer, StoreError> {
        let whose = Whose { payer, person };
        if !self.store.reach().end_representation(&whose, representative, self.now).await? {
            return Ok(Answer::Refused(format!(
                "{representative} does not act for {} of {}",
                whose.person, whose.payer
            )));
        }
        let what = format!("representative {representative} of {}, ended", whose.person);
        self.audit(&whose.payer, what).await?;
        Ok(Answer::Done(format!("Ended: {representative} acts for {} no more.", whose.person)))
    }
}

fn as_person(it: &NewRepresentative) -> Person {
    Person {
        payer: it.payer.clone(),
        person: it.representative.clone(),
        role: REPRESENTATIVE.into(),
        first_name: it.name.split(' ').next().unwrap_or(&it.name).into(),
        name: it.name.clone(),
        language: it.language.clone(),
        zone: it.zone.clone(),
        office: None,
        addresses: BTreeMap::from([("web".into(), it.representative.clone())]),
        opted_out: Vec::new(),
        consents: BTreeMap::new(),
        at: None,
    }
}
