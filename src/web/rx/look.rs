//! Looking a prescription up by the pair of numbers that the counter holds.

use mendline_engine::time::Timestamp;
use mendline_plugin::{ActionError, Call};
use serde_json::{Value, json};
use tracing::warn;

use super::state::{Stage, is_about, stage};
use crate::house::House;
use crate::store::{Conversation, StoreError};

/// Conversations about one claim that are looked through. A claim has a handful of open ones.
const CONVERSATIONS_MAX: u32 = 50;
/// The read that knows prescriptions.
const BY_RX: &str = "pbm.prescription_by_rx";

/// A prescription that the right pair of numbers found.
#[derive(Clone, Debug, PartialEq)]
pub struct DoorState {
    /// Whose claim.
    pub payer: String,
    /// The claim, as the claim system tells it. Only its number is shown.
    pub claim: Value,
    /// The medicine.
    pub drug: Value,
    /// Where it stands.
    pub stage: Stage,
    /// The conversation about it, and whose it is.
    pub conversation: Option<(String, String)>,
    /// The worker's zone, in which moments are said: most often also the counter's.
    pub zone: String,
}

impl DoorState {
    /// The claim's number.
    pub fn claim_number(&self) -> &str {
        self.claim["number"].as_str().unwrap_or_default()
    }

    /// The prescription's number.
    pub fn rx_number(&self) -> &str {
        self.drug["rx_number"].as_str().unwrap_or_default()
    }

    /// `gabapentin 300 mg`.
    pub fn drug_words(&self) -> String {
        let part = |it: &str| self.drug[it].as_str().unwrap_or_default().to_owned();
        format!("{} {}", part("name"), part("strength")).trim().to_owned()
    }

    /// The authorization's number.
    pub fn number(&self) -> Option<&str> {
        match &self.stage {
            Stage::Approved { number } => number.as_deref(),
            _ => None,
        }
    }
}

/// Where the prescription of this pair stands, over the payers of this house; `None` when the
/// pair is not one. A wrong prescription number on a right claim is no different from two wrong
/// numbers.
pub async fn state_of(
    house: &House,
    payers: &[String],
    claim: &str,
    rx: &str,
) -> Result<Option<DoorState>, StoreError> {
    let mut found = None;
    for payer in payers {
        // Every payer is asked every time, so that the answer takes as long for each.
        let read = by_rx(house, payer, claim, rx).await;
        if read["found"] == json!(true) && found.is_none() {
            found = Some((payer.clone(), read));
        }
    }
    let Some((payer, mut read)) = found else { return Ok(None) };
    let (claim, drug) = (read["claim"].take(), read["drug"].take());
    let number = claim["number"].as_str().unwrap_or_default().to_owned();
    let rx = drug["rx_number"].as_str().unwrap_or(rx).to_owned();
    let about = house.store.conversations_about(&payer, &number, CONVERSATIONS_MAX).await?;
    let conversation = newest(about, &number, &rx);
    let held = read["authorization"].as_str().map(str::to_owned);
    let stage = match &conversation {
        Some(it) => with_held(stage(&it.state), held),
        None if held.is_some() => Stage::Approved { number: held },
        None => Stage::NoRequest,
    };
    let conversation = conversation.map(|it| (it.id, it.principal));
    let worker = claim["worker"].as_str().unwrap_or_default();
    let person = house.store.person(&payer, worker).await?;
    let zone = person.map(|it| it.zone).unwrap_or_default();
    Ok(Some(DoorState { payer, claim, drug, stage, conversation, zone }))
}

/// What the claim system holds wins over a conversation that ended without it: the number
/// works at the counter, whoever wrote it.
fn with_held(stage: Stage, held: Option<String>) -> Stage {
    match (stage, held) {
        (Stage::Approved { number: None } | Stage::Closed | Stage::Approving, Some(held)) => {
            Stage::Approved { number: Some(held) }
        }
        // A number that covers no fill any more would only reject again.
        (Stage::Approved { number: Some(_) }, None) => Stage::UsedUp,
        (stage, _) => stage,
    }
}

/// The open one about this prescription, else the last one that ended.
fn newest(about: Vec<Conversation>, claim: &str, rx: &str) -> Option<Conversation> {
    let mut about: Vec<_> = about.into_iter().filter(|it| is_about(&it.state, claim, rx)).collect();
    let open = about.iter().position(|it| it.state.outcome.is_none());
    if about.is_empty() { None } else { Some(about.swap_remove(open.unwrap_or(0))) }
}

async fn by_rx(house: &House, payer: &str, claim: &str, rx: &str) -> Value {
    let call = call(payer, "door".into(), house.clock.now());
    match house.host.run(BY_RX, &call, json!({ "number": claim, "rx": rx })).await {
        Ok(value) => value,
        Err(ActionError::Input(_) | ActionError::Refused { .. }) => Value::Null,
        Err(error) => {
            warn!("a prescription could not be looked up: {}", kind(&error));
            Value::Null
        }
    }
}

/// The worker's own prescription that is at issue, for the card that she shows: the newest
/// conversation of hers that names one.
pub async fn state_for(
    house: &House,
    payer: &str,
    person: &str,
) -> Result<Option<DoorState>, StoreError> {
    let mine = house.store.conversations_of(payer, person, CONVERSATIONS_MAX).await?;
    let names = |it: &&Conversation| {
        let has = |field: &str, member: &str| {
            it.state.fields.get(field).is_some_and(|value| value[member].is_string())
        };
        has("claim", "number") && has("drug", "rx_number")
    };
    let open = mine.iter().filter(|it| it.state.outcome.is_none()).find(names);
    let Some(it) = open.or_else(|| mine.iter().find(names)) else { return Ok(None) };
    let text = |field: &str, member: &str| {
        it.state.fields[field][member].as_str().unwrap_or_default().to_owned()
    };
    let (claim, rx) = (text("claim", "number"), text("drug", "rx_number"));
    state_of(house, &[payer.to_owned()], &claim, &rx).await
}

/// A call of the door's.
pub fn call(payer: &str, key: String, now: Timestamp) -> Call {
    Call { payer: payer.to_owned(), key, now_ms: now.0 }
}

/// What kind of failure, for the log: messages of plugins may hold anything.
pub fn kind(error: &ActionError) -> &'static str {
    match error {
        ActionError::Input(_) => "input",
        ActionError::Refused { .. } => "refused",
        ActionError::Unavailable(_) => "unavailable",
        ActionError::Unknown(_) => "unknown",
    }
}
