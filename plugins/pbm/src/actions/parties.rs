//! Who holds a role on a claim: the directory that the house resolves parties with.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_plugin::{ActionError, Call, Example, TypedAction};
use serde::Deserialize;
use serde_json::json;

use super::{ClaimArg, refused};
use crate::examples;
use crate::records::{Parties, Person};
use crate::store::{Store, parties, person};

/// Everyone on a claim, the worker first. An unknown claim has nobody.
pub(crate) struct PartiesOfClaim(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    claim: ClaimArg,
}

#[async_trait]
impl TypedAction for PartiesOfClaim {
    const NAME: &'static str = "parties_of_claim";
    type Input = Input;
    type Output = Parties;

    fn examples(&self) -> Vec<Example> {
        vec![Example {
            says: "A claim without a pharmacy yet.",
            input: json!({ "claim": examples::june() }),
            output: json!({ "parties": examples::parties_of_june() }),
        }]
    }

    async fn run(&self, call: &Call, input: Input) -> Result<Parties, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let rows = parties(&mut conn, &call.payer, input.claim.number()).await?;
        Ok(Parties { parties: rows.into_iter().map(Person::from).collect() })
    }
}

/// One person, whatever claims they have or had. The house meets a worker by her link, before
/// any claim is spoken of.
pub(crate) struct OnePerson(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonInput {
    person: String,
}

#[async_trait]
impl TypedAction for OnePerson {
    const NAME: &'static str = "person";
    type Input = PersonInput;
    type Output = Person;

    fn examples(&self) -> Vec<Example> {
        vec![Example {
            says: "A worker, by her id.",
            input: json!({ "person": "june" }),
            output: examples::parties_of_june()[0].clone(),
        }]
    }

    async fn run(&self, call: &Call, input: PersonInput) -> Result<Person, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let row = person(&mut conn, &call.payer, &input.person).await?;
        row.map(Person::from).ok_or_else(|| refused("unknown_person", "nobody has this id"))
    }
}
