//! Who holds which role on a claim, and what that person may decide. The claim system knows;
//! we ask it (a fast read) whenever a party is addressed or somebody decides, and keep nothing
//! but what the person told us herself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use mendline_engine::core::Program;
use mendline_engine::env::PartyEnv;
use mendline_engine::state::Fields;
use mendline_plugin::{ActionError, Call};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::house::House;
use crate::store::reach::Whose;
use crate::store::representative::{Representative, Standing};
use crate::store::{Person, StoreError};

/// The source by which plugins list who is who on a claim.
const PARTIES: &str = "claim.parties";
/// The source by which plugins tell who a person is.
const PERSON: &str = "person";
/// The source by which plugins list the open claims of a worker.
const CLAIMS: &str = "worker.open_claim";
/// The role of whoever acts for a worker.
pub const REPRESENTATIVE: &str = "representative";
/// Roles that log in at the desk.
const STAFF: &[&str] = &["adjuster", "supervisor", "agent"];
/// Roles that decide: whoever holds one of them on a claim holds the catalog's authorities there.
const DECIDING_ROLES: &[&str] = &["adjuster", "supervisor"];

/// Whether people of a role work at the desk.
pub fn is_staff(role: &str) -> bool {
    STAFF.contains(&role)
}

/// Someone on a claim, as the claim system tells it.
#[derive(Clone, Debug, Deserialize)]
struct Listed {
    id: String,
    role: String,
    name: String,
    first_name: String,
    language: String,
    zone: String,
    #[serde(default)]
    office: Option<String>,
}

/// Who is who in one conversation, as of now.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Party to person.
    pub parties: BTreeMap<String, PartyEnv>,
    /// The claim's jurisdiction.
    pub jurisdiction: Option<String>,
    /// The claim's number, to find the conversation by.
    pub claim: Option<String>,
    /// Person to name and authorities on this claim.
    deciders: BTreeMap<String, (String, Vec<String>)>,
    /// The reads that this was built from, for the record.
    pub reads: Vec<Value>,
}

impl Directory {
    /// The authorities that a person holds on this claim.
    pub fn authorities(&self, person: &str) -> Vec<String> {
        self.deciders.get(person).map(|(_, held)| held.clone()).unwrap_or_default()
    }

    /// The party that a person plays.
    pub fn party_of(&self, person: &str) -> Option<String> {
        let found = self.parties.iter().find(|(_, it)| it.person == person);
        found.map(|(party, _)| party.clone())
    }
}

/// People who were read already: of turns that are taken together, each is read once.
#[derive(Default)]
pub struct Met(Mutex<BTreeMap<(String, String), Person>>);

impl Met {
    /// Somebody who was just read.
    pub fn add(&self, person: &Person) {
        let whose = (person.payer.clone(), person.person.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(whose, person.clone());
    }

    async fn person(
        &self,
        house: &House,
        payer: &str,
        person: &str,
    ) -> Result<Option<Person>, StoreError> {
        let whose = (payer.to_owned(), person.to_owned());
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&whose).cloned();
        if met.is_some() {
            return Ok(met);
        }
        let row = house.store.person(payer, person).await?;
        row.iter().for_each(|it| self.add(it));
        Ok(row)
    }
}

/// Looks up everyone whom a conversation may address.
pub async fn look_up(
    house: &House,
    met: &Met,
    payer: &str,
    principal: &str,
    program: &Program,
    fields: &Fields,
) -> anyhow::Result<Directory> {
    let mut directory = Directory::default();
    let principal_row = ensure_met(house, met, payer, principal).await?;
    if let Some(row) = principal_row {
        let mut env = party_env(house, &row, true);
        if let Some(acts) = acts_for(house, &row).await? {
            mark(house, met, payer, &acts.person, &mut env).await?;
        }
        directory.parties.insert(program.principal.clone(), env);
    }
    let Some(claim) = claim_of(program, fields) else { return Ok(directory) };
    directory.jurisdiction = claim["jurisdiction"].as_str().map(str::to_owned);
    directory.claim = claim["number"].as_str().map(str::to_owned);
    let listed = list_parties(house, payer, claim).await?;
    directory.reads.push(json!({ "read": PARTIES, "people": listed.len() }));
    for (party, spec) in &program.parties {
        if *party == program.principal {
            continue;
        }
        if spec.role == REPRESENTATIVE {
            let worker = claim["worker"].as_str().unwrap_or_default();
            if let Some(row) = representative_of(house, met, payer, worker).await? {
                directory.parties.insert(party.clone(), party_env(house, &row, false));
            }
        }
        if let Some(it) = listed.iter().find(|it| it.role == spec.role) {
            let row = know(house, met, payer, it).await?;
            directory.parties.insert(party.clone(), party_env(house, &row, false));
        }
    }
    for it in listed.iter().filter(|it| DECIDING_ROLES.contains(&it.role.as_str())) {
        let held = (it.name.clone(), house.catalog.authorities.clone());
        directory.deciders.insert(it.id.clone(), held);
    }
    Ok(directory)
}

/// For whom somebody acts now, if she is a representative of anybody.
pub async fn acts_for(house: &House, row: &Person) -> Result<Option<Standing>, StoreError> {
    if row.role != REPRESENTATIVE {
        return Ok(None);
    }
    let who = Whose { payer: row.payer.clone(), person: row.person.clone() };
    house.store.reach().acts_for(&who, house.clock.now()).await
}

/// Whoever reads a representative's name reads for whom she acts.
async fn mark(
    house: &House,
    met: &Met,
    payer: &str,
    person: &str,
    env: &mut PartyEnv,
) -> anyhow::Result<()> {
    let worker = ensure_met(house, met, payer, person).await?;
    let (first, name) = worker.map(|it| (it.first_name, it.name)).unwrap_or_default();
    env.first_name = format!("{} (for {first})", env.first_name);
    env.name = format!("{}, for {name}", env.name);
    Ok(())
}

/// Whoever acts for a worker now; the newest, where there are several.
async fn representative_of(
    house: &House,
    met: &Met,
    payer: &str,
    worker: &str,
) -> Result<Option<Person>, StoreError> {
    let now = house.clock.now();
    let all = house.store.reach().representatives(payer, Some(worker)).await?;
    let stands = |it: &&Representative| it.ended.is_none() && it.since <= now && now < it.until;
    match all.iter().rev().find(stands) {
        Some(it) => met.person(house, payer, &it.representative).await,
        None => Ok(None),
    }
}

/// What an action is asked: a representative's claims are those of whom she acts for, and nobody's
/// once she does not.
pub async fn in_whose_place(
    house: &House,
    payer: &str,
    principal: &str,
    action: &str,
    mut input: Value,
) -> Result<Value, StoreError> {
    let asks = house.catalog.sources.get(CLAIMS).is_some_and(|it| it == action);
    if !asks || input["person"] != principal {
        return Ok(input);
    }
    let row = house.store.person(payer, principal).await?;
    if let Some(row) = row.filter(|it| it.role == REPRESENTATIVE) {
        let acts = acts_for(house, &row).await?;
        input["person"] = json!(acts.map(|it| it.person).unwrap_or_default());
    }
    Ok(input)
}

/// The claim that the parties of a flow are on, once its field is known.
pub fn claim_of<'f>(program: &Program, fields: &'f Fields) -> Option<&'f Value> {
    let claims = program.parties.values().filter_map(|it| it.of.as_deref());
    claims.filter_map(|field| fields.get(field)).find(|it| it.is_object())
}

/// The person's row; when nobody has met this person yet, the claim system is asked.
pub async fn ensure_known(
    house: &House,
    payer: &str,
    person: &str,
) -> anyhow::Result<Option<Person>> {
    ensure_met(house, &Met::default(), payer, person).await
}

async fn ensure_met(
    house: &House,
    met: &Met,
    payer: &str,
    person: &str,
) -> anyhow::Result<Option<Person>> {
    if let Some(row) = met.person(house, payer, person).await? {
        return Ok(Some(row));
    }
    let Some(action) = house.catalog.sources.get(PERSON) else { return Ok(None) };
    let call = read_call(house, payer, action);
    match house.read(action, &call, json!({ "person": person })).await {
        Ok(found) => {
            let listed = serde_json::from_value(found).context("reading who a person is")?;
            know(house, met, payer, &listed).await.map(Some)
        }
        // Whoever the claim system does not know is not known here either.
        Err(ActionError::Refused { .. }) => Ok(None),
        Err(error) => Err(error).context("asking who a person is"),
    }
}

/// The phone number that the claim system has for a person.
pub async fn phone(house: &House, payer: &str, person: &str) -> anyhow::Result<Option<String>> {
    let Some(action) = house.catalog.sources.get(PERSON) else { return Ok(None) };
    let call = read_call(house, payer, action);
    match house.read(action, &call, json!({ "person": person })).await {
        Ok(found) => {
            let phone = found["phone"].as_str().filter(|it| !it.trim().is_empty());
            Ok(phone.map(str::to_owned))
        }
        Err(ActionError::Refused { .. }) => Ok(None),
        Err(error) => Err(error).context("asking for a number"),
    }
}

async fn list_parties(house: &House, payer: &str, claim: &Value) -> anyhow::Result<Vec<Listed>> {
    let Some(action) = house.catalog.sources.get(PARTIES) else { return Ok(Vec::new()) };
    let mut answer = read(house, payer, action, json!({ "claim": claim })).await?;
    serde_json::from_value(answer["parties"].take()).context("reading who is who on a claim")
}

async fn read(house: &House, payer: &str, action: &str, input: Value) -> anyhow::Result<Value> {
    let call = read_call(house, payer, action);
    house.read(action, &call, input).await.with_context(|| format!("reading {action}"))
}

fn read_call(house: &House, payer: &str, action: &str) -> Call {
    let now_ms = house.clock.now().0;
    Call { payer: payer.into(), key: format!("read/{action}"), now_ms }
}

async fn know(house: &House, met: &Met, payer: &str, listed: &Listed) -> anyhow::Result<Person> {
    if let Some(row) = met.person(house, payer, &listed.id).await?
        && row.name == listed.name
        && row.role == listed.role
    {
        return Ok(row);
    }
    let home = home_channel(&listed.role);
    let person = Person {
        payer: payer.into(),
        person: listed.id.clone(),
        role: listed.role.clone(),
        first_name: listed.first_name.clone(),
        name: listed.name.clone(),
        language: listed.language.clone(),
        zone: listed.zone.clone(),
        office: listed.office.clone(),
        addresses: home.into_iter().map(|it| (it.to_owned(), listed.id.clone())).collect(),
        opted_out: Vec::new(),
        consents: Default::default(),
        at: None,
    };
    house.store.know(&person).await?;
    let row = house.store.person(payer, &listed.id).await?.unwrap_or(person);
    met.add(&row);
    Ok(row)
}

/// Where a role is reached when nothing else is on file. Pharmacies and prescribers have no
/// channel of ours yet: what must be told to them becomes a phone or fax task at the desk.
fn home_channel(role: &str) -> Option<&'static str> {
    match role {
        "injured_worker" => Some("web"),
        "adjuster" | "supervisor" | "agent" => Some("desk"),
        _ => None,
    }
}

fn party_env(house: &House, row: &Person, principal: bool) -> PartyEnv {
    PartyEnv {
        person: row.person.clone(),
        first_name: row.first_name.clone(),
        name: row.name.clone(),
        language: row.language.clone(),
        zone: row.zone.clone(),
        office: if principal { None } else { row.office.clone() },
        reachable: row.addresses.keys().any(|it| house.channels.contains_key(it.as_str())),
    }
}
