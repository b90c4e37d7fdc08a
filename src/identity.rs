//! Whether somebody who comes without a link is who she says: facts that match what is on file
//! (level 1), and then a one-time code to the contact on file, never to one that she names (level 2).
//!
//! It tells nobody which part was wrong, nor whether there is such a claim: whoever asks is
//! answered the same, counted the same, and waits as long.

use std::collections::BTreeMap;

use mendline_engine::time::Timestamp;
use mendline_plugin::{ActionError, Call};
use serde_json::{Value, json};
use tracing::warn;

use crate::channels::Incoming;
use crate::directory;
use crate::house::House;
use crate::people::VISITOR;
use crate::store::reach::{NewChallenge, Whose};
use crate::store::{AuditEntry, Person, StoreError};
use crate::vault::{digest_token, random_code, random_token};

/// How long a code counts (domain facts 4.4 and NIST SP 800-63B-4, 3.1.3.2: at most 10 minutes; ours
/// is read on a phone that lies beside).
pub const CODE_MS: i64 = 5 * 60 * 1_000;
/// Tries of one identity, and from one address, in [`TRIES_MS`] (domain facts 4.4).
pub const TRIES_MAX: i64 = 3;
/// The span of [`TRIES_MAX`]; after the last one it begins anew.
pub const TRIES_MS: i64 = 15 * 60 * 1_000;
/// Longest of anything that somebody writes of herself here, in characters.
const FACT_CHARS_MAX: usize = 40;

/// As much of a claim's number as is enough.
const LAST_CHARS: usize = 4;

/// The source by which plugins compare what somebody says of herself with what is on file.
const IDENTITY: &str = "identity";
/// The source by which plugins tell who a person is, and how she is reached.
const PERSON: &str = "person";
/// The channels that a code may go over, the likeliest to be read first, with the record's member.
const CONTACTS: [(&str, &str); 2] = [("sms", "phone"), ("email", "email")];
/// The flow that brings a person.
const PERSON_FLOW: &str = "talk_to_a_person";
/// Where a code comes from: no channel of ours, so that nobody counts as being there.
const SOURCE: &str = "identity";

/// What somebody says of herself.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The claim's number, or its last four characters.
    pub claim: String,
    /// The day of birth, `1984-03-12`.
    pub born: String,
    /// The ZIP code.
    pub zip: String,
}

/// What came of asking to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// If there is such a person, a code is on its way. The token is for the asking browser alone.
    Waits(String),
    /// Too many tries, of this identity or from this address.
    Locked,
}

/// What came of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// It is she.
    Is(Whose),
    /// It was not the code, or it is too old, or was used.
    No,
    /// Too many tries.
    Locked,
}

/// Whether a code could go anywhere at all.
pub fn can_send(house: &House) -> bool {
    let known = house.catalog.sources.contains_key(IDENTITY);
    known && CONTACTS.iter().any(|(channel, _)| house.channels.contains_key(channel))
}

/// Somebody at an address says who she is. Where that matches, a code goes to the contact on file.
pub async fn say(
    house: &House,
    payers: &[String],
    facts: &Facts,
    address: &str,
) -> Result<Asked, StoreError> {
    // One identity is tried by whole numbers and by their ends.
    let claim: Vec<char> = facts.claim.trim().chars().collect();
    let end: String = claim[claim.len().saturating_sub(LAST_CHARS)..].iter().collect();
    let keys = [key(house, "identity", &end), key(house, "address", address)];
    if !may_try(house, &keys).await? {
        audit(house, None, "identity_locked").await?;
        return Ok(Asked::Locked);
    }
    let whose = matched(house, payers, facts).await;
    let what = if whose.is_some() { "identity_matched" } else { "identity_not_matched" };
    audit(house, whose.as_ref(), what).await?;
    if whose.is_some() {
        house.store.reach().tried_well(&keys[0]).await?;
    }
    challenge(house, whose).await.map(Asked::Waits)
}

/// A code for somebody who was here before on this very device, whose page was locked.
pub async fn again(house: &House, whose: &Whose, address: &str) -> Result<Asked, StoreError> {
    if !may_try(house, &[key(house, "address", address)]).await? {
        audit(house, Some(whose), "identity_locked").await?;
        return Ok(Asked::Locked);
    }
    challenge(house, Some(whose.clone())).await.map(Asked::Waits)
}

/// Somebody gives a code.
pub async fn check(
    house: &House,
    token: &str,
    code: &str,
    address: &str,
) -> Result<Given, StoreError> {
    let (digest, now) = (digest_token(token), house.clock.now());
    let reach = house.store.reach();
    let of = reach.challenged(&digest).await?;
    // One that we never made is counted by itself, as one of nobody is.
    let named =
        of.as_ref().map_or_else(|| digest.clone(), |it| format!("{}/{}", it.payer, it.person));
    let keys = [key(house, "code", &named), key(house, "code-from", address)];
    let Some(left) = tries(house, &keys).await? else {
        audit(house, of.as_ref(), "code_locked").await?;
        return Ok(Given::Locked);
    };
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let used = reach.use_challenge(&digest, &kept_code(house, &digest, &digits), now).await?;
    let Some(whose) = used else {
        audit(house, of.as_ref(), "code_failed").await?;
        if left > 0 {
            return Ok(Given::No);
        }
        audit(house, of.as_ref(), "code_locked").await?;
        if let Some(whose) = of {
            call_back(house, &whose, &digest).await?;
        }
        return Ok(Given::Locked);
    };
    for key in &keys {
        reach.tried_well(key).await?;
    }
    audit(house, Some(&whose), "code_ok").await?;
    Ok(Given::Is(whose))
}

/// A person calls somebody who could not be let in and left a number. Nobody knows who that is: she
/// is a visitor with a telephone.
pub async fn call(
    house: &House,
    payer: &str,
    phone: &str,
    address: &str,
) -> Result<(), StoreError> {
    if !may_try(house, &[key(house, "call", address)]).await? {
        // Who leaves a fourth number is told the same, and nobody is called.
        return Ok(());
    }
    let index = house.vault.index(payer, "phone", phone);
    let whose = Whose { payer: payer.to_owned(), person: format!("{VISITOR}-{index}") };
    let Whose { payer, person } = &whose;
    if house.store.person(payer, person).await?.is_none() {
        house.store.know(&caller(&whose, phone)).await?;
    }
    audit(house, Some(&whose), "call_back_asked").await?;
    // One task for a number in a quarter of an hour.
    let id = format!("{person}/{}", house.clock.now().0 / TRIES_MS);
    call_back(house, &whose, &id).await
}

fn caller(whose: &Whose, phone: &str) -> Person {
    Person {
        payer: whose.payer.clone(),
        person: whose.person.clone(),
        role: VISITOR.into(),
        first_name: "Caller".into(),
        name: format!("Somebody who could not log in, at {phone}"),
        language: "en".into(),
        zone: String::new(),
        office: None,
        addresses: BTreeMap::new(),
        opted_out: Vec::new(),
        consents: BTreeMap::new(),
        at: None,
    }
}

/// The person whose facts these are, and who has a contact on file. Every payer is asked, so that
/// the first does not answer sooner than the last.
async fn matched(house: &House, payers: &[String], facts: &Facts) -> Option<Whose> {
    let sound = [&facts.claim, &facts.born, &facts.zip]
        .iter()
        .all(|it| !it.trim().is_empty() && it.chars().count() <= FACT_CHARS_MAX);
    let born = facts.born.trim().parse::<chrono::NaiveDate>();
    let born = born.map_or_else(|_| "0001-01-01".to_owned(), |it| it.to_string());
    let mut found = Vec::new();
    for payer in payers {
        let input = json!({
            "claim_number": facts.claim.trim(), "born": born, "zip": facts.zip.trim(),
        });
        let said = read(house, payer, IDENTITY, input).await;
        let person = said.as_ref().and_then(|it| it["person"].as_str());
        found.extend(person.map(|it| Whose { payer: payer.clone(), person: it.to_owned() }));
    }
    // Two of different payers: nobody can say which is meant.
    if found.len() != 1 || !sound { None } else { found.pop() }
}

/// Makes a challenge, and sends its code if there is somebody to send it to.
async fn challenge(house: &House, whose: Option<Whose>) -> Result<String, StoreError> {
    let (token, code, now) = (random_token(), random_code(), house.clock.now());
    let digest = digest_token(&token);
    let to = match &whose {
        Some(whose) => contact(house, whose).await?,
        None => None,
    };
    let reached = whose.as_ref().filter(|_| to.is_some());
    let kept = NewChallenge {
        digest: digest.clone(),
        whose: reached.cloned(),
        code: kept_code(house, &digest, &code),
        expires: Timestamp(now.0 + CODE_MS),
    };
    house.store.reach().put_challenge(&kept, now).await?;
    match (whose, to) {
        (Some(whose), Some((channel, address))) => {
            let Whose { payer, person } = &whose;
            let send = Incoming::SendCode { channel, address, code };
            house.arrive(payer, SOURCE, &digest, person, send, None).await?;
            audit(house, Some(&whose), "code_sent").await?;
        }
        (Some(whose), None) => audit(house, Some(&whose), "code_not_sent").await?,
        (None, _) => {}
    }
    Ok(token)
}

/// The contact on file, as the claim system has it; nothing where she got too many codes.
async fn contact(house: &House, whose: &Whose) -> Result<Option<(String, String)>, StoreError> {
    let Whose { payer, person } = whose;
    if !may_try(house, &[key(house, "sends", &format!("{payer}/{person}"))]).await? {
        return Ok(None);
    }
    let known = directory::ensure_known(house, payer, person).await;
    let known = known.inspect_err(|why| warn!("who is who could not be asked: {why:#}"));
    let Ok(Some(known)) = known else { return Ok(None) };
    let record = record(house, whose).await;
    let mut ways = CONTACTS.iter().filter(|(channel, _)| {
        house.channels.contains_key(channel) && !known.opted_out.iter().any(|it| it == channel)
    });
    Ok(ways.find_map(|(channel, _)| Some(((*channel).to_owned(), listed(&record, channel)?))))
}

/// Her address on a channel, as the claim system has it.
pub async fn on_file(house: &House, whose: &Whose, channel: &str) -> Option<String> {
    listed(&record(house, whose).await, channel)
}

async fn record(house: &House, whose: &Whose) -> Option<Value> {
    read(house, &whose.payer, PERSON, json!({ "person": whose.person })).await
}

fn listed(record: &Option<Value>, channel: &str) -> Option<String> {
    let (_, member) = CONTACTS.iter().find(|(name, _)| *name == channel)?;
    let address = record.as_ref()?[member].as_str()?.trim();
    (!address.is_empty()).then(|| address.to_owned())
}

async fn read(house: &House, payer: &str, source: &str, input: Value) -> Option<Value> {
    let action = house.catalog.sources.get(source)?;
    let now_ms = house.clock.now().0;
    let call = Call { payer: payer.into(), key: format!("read/{action}"), now_ms };
    match house.read(action, &call, input).await {
        Ok(found) => Some(found),
        Err(ActionError::Refused { .. }) => None,
        Err(why) => {
            warn!(source, "could not be asked: {why}");
            None
        }
    }
}

/// A person calls whoever could not be let in.
async fn call_back(house: &House, whose: &Whose, id: &str) -> Result<(), StoreError> {
    let Whose { payer, person } = whose;
    let asks = Incoming::Start { flow: PERSON_FLOW.to_owned(), fields: BTreeMap::new() };
    house.arrive(payer, SOURCE, &format!("locked/{id}"), person, asks, None).await?;
    Ok(())
}

/// How often each of these may be tried after this time; nothing where one may not be tried at all.
/// It is counted before anything is compared.
async fn tries(house: &House, keys: &[String]) -> Result<Option<i64>, StoreError> {
    let (now, most) = (house.clock.now(), (TRIES_MAX, TRIES_MS));
    let mut fewest = Some(TRIES_MAX);
    for key in keys {
        let left = house.store.reach().try_once(key, now, most).await?;
        fewest = fewest.zip(left).map(|(a, b)| a.min(b));
    }
    Ok(fewest)
}

async fn may_try(house: &House, keys: &[String]) -> Result<bool, StoreError> {
    Ok(tries(house, keys).await?.is_some())
}

fn key(house: &House, kind: &str, value: &str) -> String {
    house.vault.index("", &format!("try/{kind}"), value)
}

/// What is kept of a code: six digits are soon tried without the operator's key.
fn kept_code(house: &House, digest: &str, code: &str) -> String {
    house.vault.index("", "code", &format!("{digest}/{code}"))
}

async fn audit(house: &House, whose: Option<&Whose>, what: &str) -> Result<(), StoreError> {
    let entry = AuditEntry {
        payer: whose.map(|it| it.payer.clone()).unwrap_or_default(),
        who: whose.map_or_else(|| "unknown".into(), |it| it.person.clone()),
        what: what.into(),
        conversation: None,
        at: house.clock.now(),
    };
    house.store.audit(&entry).await
}
