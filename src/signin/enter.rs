//! Somebody whom the provider vouches for comes in: who she is here, and what she may do. The
//! first time makes her; each time reads her groups anew.

use std::collections::BTreeMap;

use super::groups::{Denied, Entitled, entitled};
use super::provider::Proven;
use super::settings::Settings;
use crate::house::House;
use crate::store::entry::Known;
use crate::store::reach::Whose;
use crate::store::{Account, Person, StoreError};

/// Before the id of somebody of whom the claim system knows nothing.
pub const OURS: &str = "oidc-";
/// Characters of such an id after that: 64 bits of a digest, so that no two are the same.
const ID_CHARS: usize = 16;
/// A password that is no hash fits nothing.
const NO_PASSWORD: &str = "!";
/// The person of an account that may do nothing any more: nobody's.
const NOBODY: &str = "(closed)";
/// Roles of people who sit at a desk.
const STAFF: [&str; 3] = ["adjuster", "supervisor", "agent"];
/// What staff read.
const LANGUAGE: &str = "en";
/// The office whose hours staff keep.
const OFFICE: &str = "us-office";

/// What came of it.
pub enum Came {
    /// She is in.
    In(Box<Account>),
    /// She is nothing here; and who she was, if she was somebody.
    Denied(Denied, Option<Whose>),
}

/// Lets somebody in. Roles that were taken away end her other sessions; with all of them gone, all
/// of them.
pub async fn enter(
    house: &House,
    settings: &Settings,
    proven: &Proven,
) -> Result<Came, StoreError> {
    let entry = house.store.entry();
    let known = entry.known(&proven.subject).await?;
    let entitled = match entitled(settings, &proven.claims) {
        Ok(entitled) => entitled,
        Err(denied) => return close(house, denied, known).await,
    };
    let whose = Whose {
        payer: entitled.payer.clone(),
        person: entitled.person.clone().unwrap_or_else(|| id(&proven.subject)),
    };
    if known.as_ref().is_some_and(|it| it.whose != whose) {
        return close(house, Denied::Taken, known).await;
    }
    match meet(house, &whose, &entitled).await {
        Err(StoreError::Forgotten) => return Ok(Came::Denied(Denied::Forgotten, None)),
        Ok(false) => return close(house, Denied::NoPerson, known).await,
        met => drop(met?),
    }
    let known = match entry.bind(&proven.subject, &whose, house.clock.now()).await {
        Err(StoreError::Conflict) => return Ok(Came::Denied(Denied::Taken, None)),
        bound => bound?,
    };
    let before = house.store.account(&known.login).await?.map(|it| it.roles).unwrap_or_default();
    let account = Account {
        login: known.login,
        payer: whose.payer.clone(),
        person: whose.person.clone(),
        password: NO_PASSWORD.into(),
        roles: entitled.roles,
        demo: false,
    };
    house.store.put_account(&account).await?;
    if before.iter().any(|it| !account.roles.contains(it)) {
        entry.end_sessions(&whose, None).await?;
    }
    Ok(Came::In(Box::new(account)))
}

/// Somebody who is nothing here any more is logged out everywhere.
async fn close(house: &House, denied: Denied, known: Option<Known>) -> Result<Came, StoreError> {
    let Some(known) = known else { return Ok(Came::Denied(denied, None)) };
    shut(house, &known.login).await?;
    house.store.entry().end_sessions(&known.whose, None).await?;
    Ok(Came::Denied(denied, Some(known.whose)))
}

/// Nobody comes in by this account.
async fn shut(house: &House, login: &str) -> Result<(), StoreError> {
    let Some(account) = house.store.account(login).await? else { return Ok(()) };
    let closed = Account { person: NOBODY.into(), roles: Vec::new(), ..account };
    house.store.put_account(&closed).await
}

/// Makes her known where nobody knows her; `false` where she is known and is no staff. What the
/// claim system says of a person stays.
async fn meet(house: &House, whose: &Whose, it: &Entitled) -> Result<bool, StoreError> {
    let known = crate::directory::ensure_known(house, &whose.payer, &whose.person).await;
    match known {
        Ok(Some(known)) => return Ok(STAFF.contains(&known.role.as_str())),
        Ok(None) => {}
        Err(error) => match error.downcast::<StoreError>() {
            Ok(store) => return Err(store),
            Err(why) => return Err(StoreError::Away(format!("who a person is: {why:#}"))),
        },
    }
    let person = Person {
        payer: whose.payer.clone(),
        person: whose.person.clone(),
        role: it.role.into(),
        first_name: it.name.split(' ').next().unwrap_or(&it.name).into(),
        name: it.name.clone(),
        language: LANGUAGE.into(),
        zone: it.zone.name().into(),
        office: Some(OFFICE.into()),
        addresses: BTreeMap::from([("desk".into(), whose.person.clone())]),
        opted_out: Vec::new(),
        consents: BTreeMap::new(),
        at: None,
    };
    house.store.know(&person).await.map(|()| true)
}

fn id(subject: &str) -> String {
    format!("{OURS}{}", &subject[..ID_CHARS.min(subject.len())])
}
