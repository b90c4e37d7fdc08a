//! Staff accounts: passwords, roles, and the ones that exist only in the demo.
//!
//! A login that does not exist costs as much time as one with a wrong password, and both get the
//! same answer. A demo account is refused outside the demo, whatever its password.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use crate::house::House;
use crate::store::{Account, Person, Store, StoreError};
use crate::vault::random_token;

/// Memory of one hash, in KiB. OWASP Password Storage Cheat Sheet, Argon2id: m=19456 (19 MiB),
/// t=2, p=1.
const MEMORY_KIB: u32 = 19_456;
/// Passes over it (same source).
const PASSES: u32 = 2;
/// Lanes (same source).
const LANES: u32 = 1;
/// Longest password, in bytes; hashing longer ones would only heat the room.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// The password of every demo account. It opens nothing but fictional claims.
pub const DEMO_PASSWORD: &str = "fictional-desk";

/// Checked when there is no account, so that the answer takes as long.
static DECOY: LazyLock<String> = LazyLock::new(|| hash(&random_token()));

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("OWASP's numbers are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// A password as it is kept: an Argon2id hash in PHC form, with its own salt.
pub fn hash(password: &str) -> String {
    let hashed: PasswordHash = argon2().hash_password(password.as_bytes()).expect("the salt fits");
    hashed.to_string()
}

/// Whether a password is the one behind a hash.
pub fn verify(password: &str, phc: &str) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else { return false };
    argon2().verify_password(password.as_bytes(), &hash).is_ok()
}

/// The account, if login and password are right and it may be used in this house.
pub async fn check(
    house: &House,
    login: &str,
    password: &str,
) -> Result<Option<Account>, StoreError> {
    let found = house.store.account(&normal(login)).await?;
    let account = found.filter(|it| !it.demo || house.demo);
    let phc = account.as_ref().map(|it| it.password.clone());
    let fits = password.len() <= PASSWORD_BYTES_MAX;
    let password = if fits { password.to_owned() } else { String::new() };
    let check = move || verify(&password, phc.as_ref().unwrap_or(&DECOY));
    let right = tokio::task::spawn_blocking(check).await.unwrap_or(false);
    Ok(account.filter(|_| right && fits))
}

/// A login as it is kept.
pub fn normal(login: &str) -> String {
    login.trim().to_lowercase()
}

/// The desks that an account serves.
pub fn desks(roles: &[String]) -> Vec<String> {
    roles.iter().filter_map(|it| it.strip_prefix("desk:")).map(str::to_owned).collect()
}

/// Whether an account's person reads a language. Everybody at the desk reads English.
pub fn speaks(roles: &[String], language: &str) -> bool {
    let named = roles.iter().filter_map(|it| it.strip_prefix("speaks:"));
    language == super::words::DESK_LANGUAGE || named.into_iter().any(|it| it == language)
}

/// A login of the demo, to be printed when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoLogin {
    /// What to type.
    pub login: &'static str,
    /// Who it is.
    pub name: &'static str,
    /// The payer.
    pub payer: &'static str,
    /// What they do.
    pub what: &'static str,
}

struct Demo {
    login: DemoLogin,
    role: &'static str,
    roles: &'static [&'static str],
    zone: &'static str,
}

const NORTHWIND: &str = "northwind-mutual-demo";
const CEDAR: &str = "cedar-casualty-demo";
const AGENT: &[&str] = &["desk:pharmacy_desk", "desk:claims_desk"];
const AGENT_ES: &[&str] = &["desk:pharmacy_desk", "desk:claims_desk", "speaks:es"];

/// The people of the demo's desks. All of them are invented.
const DEMO: &[Demo] = &[
    Demo {
        login: who("dana", "Dana Whitfield", NORTHWIND, "claims adjuster"),
        role: "adjuster",
        roles: &["adjuster"],
        zone: "America/Los_Angeles",
    },
    Demo {
        login: who("sam", "Sam Okafor", NORTHWIND, "supervisor"),
        role: "supervisor",
        roles: &["supervisor"],
        zone: "America/Los_Angeles",
    },
    Demo {
        login: who("robin", "Robin Placeholder", NORTHWIND, "pharmacy and claims desk"),
        role: "agent",
        roles: AGENT,
        zone: "America/Los_Angeles",
    },
    Demo {
        login: who("morgan", "Morgan Cedarling", CEDAR, "claims adjuster of the other payer"),
        role: "adjuster",
        roles: &["adjuster"],
        zone: "America/New_York",
    },
    Demo {
        login: who("jordan", "Jordan Standby", CEDAR, "desks of the other payer, reads Spanish"),
        role: "agent",
        roles: AGENT_ES,
        zone: "America/New_York",
    },
];

const fn who(
    login: &'static str,
    name: &'static str,
    payer: &'static str,
    what: &'static str,
) -> DemoLogin {
    DemoLogin { login, name, payer, what }
}

/// Puts the demo's accounts and people in place; answers with the logins to print. Their
/// password is [`DEMO_PASSWORD`].
pub async fn seed_demo(store: &dyn Store) -> Result<Vec<DemoLogin>, StoreError> {
    let password = hash(DEMO_PASSWORD);
    for it in DEMO {
        let DemoLogin { login, name, payer, .. } = it.login;
        let account = Account {
            login: login.into(),
            payer: payer.into(),
            person: login.into(),
            password: password.clone(),
            roles: it.roles.iter().map(|&it| it.into()).collect(),
            demo: true,
        };
        store.put_account(&account).await?;
        let first_name = name.split(' ').next().unwrap_or(name);
        let person = Person {
            payer: payer.into(),
            person: login.into(),
            role: it.role.into(),
            first_name: first_name.into(),
            name: name.into(),
            language: super::words::DESK_LANGUAGE.into(),
            zone: it.zone.into(),
            office: Some("us-office".into()),
            addresses: BTreeMap::from([("desk".into(), login.into())]),
            opted_out: Vec::new(),
            consents: Default::default(),
            at: None,
        };
        store.know(&person).await?;
    }
    Ok(DEMO.iter().map(|it| it.login).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_its_own_hash_and_no_other() {
        let kept = hash("correct horse");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse", &kept));
        assert!(!verify("correct hors", &kept));
        assert!(!verify("correct horse", "no hash at all"));
        assert_ne!(kept, hash("correct horse"), "every hash has its own salt");
    }

    #[test]
    fn roles_say_which_desks_and_languages() {
        let roles: Vec<String> = AGENT_ES.iter().map(|&it| it.into()).collect();
        assert_eq!(desks(&roles), ["pharmacy_desk", "claims_desk"]);
        assert!(speaks(&roles, "es") && speaks(&roles, "en") && !speaks(&roles, "fr"));
        assert!(!speaks(&[], "es"));
    }
}
