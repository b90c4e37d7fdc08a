//! What an operator says about how staff sign in, under `[sign_in]` in `mendline.toml`.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::Deserialize;
use url::{Host, Url};

use super::amount::Amount;
use crate::config::Secret;

/// How long the provider's word counts before it is asked again, in minutes: somebody who was let
/// go at noon is not at the desk at two.
const RECHECK_MINUTES: u32 = 60;
/// The least and the most of it: less would send everybody away all day, more than a working day
/// (`desk::session::SESSION_MS`) would never happen.
const RECHECK_RANGE: std::ops::RangeInclusive<u32> = 5..=720;
/// How long a second factor counts, in minutes: as long as a desk stays unlocked.
const STEP_UP_LASTS: u32 = 15;
/// The least and the most of it.
const STEP_UP_RANGE: std::ops::RangeInclusive<u32> = 1..=480;
/// Claims that people choose or share: who has the same is not the same person.
const SHARED_CLAIMS: &[&str] = &[
    "email",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "phone_number",
    "preferred_username",
    "unique_name",
    "upn",
];

/// How staff sign in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The identity provider, as it names itself: `https://login.example.com/realms/care`.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Who we are there.
    #[serde(default)]
    pub client_id: Option<String>,
    /// What proves it; from the environment alone.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// The file that holds it.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What people call the provider: it stands on the button.
    #[serde(default)]
    pub name: Option<String>,
    /// What is asked for beside `openid profile email`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim that lists somebody's groups; a path where it lies deeper.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// The claim with somebody's id in the claim system. Without it everybody gets an id of ours.
    #[serde(default)]
    pub person_claim: Option<String>,
    /// Domains of verified emails that are let in; none named, all are.
    #[serde(default)]
    pub email_domains: Vec<String>,
    /// What groups mean here.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// What passwords of this house are for.
    #[serde(default)]
    pub local: Option<Local>,
    /// Minutes after which the provider is asked about somebody again.
    #[serde(default = "recheck_minutes")]
    pub recheck_minutes: u32,
    /// When a second factor is asked for.
    #[serde(default)]
    pub step_up: StepUp,
}

/// What a group means here.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// As the provider lists it.
    pub group: String,
    /// Whose claims they work on.
    pub payer: String,
    /// What they do.
    pub role: Role,
    /// Desks that they serve.
    #[serde(default)]
    pub desks: Vec<String>,
    /// Languages beside English that they read.
    #[serde(default)]
    pub speaks: Vec<String>,
    /// Their time zone.
    #[serde(default)]
    pub zone: Option<chrono_tz::Tz>,
}

/// What somebody at the desk does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes what is handed over.
    Agent,
    /// Decides.
    Adjuster,
    /// Decides in an adjuster's place.
    Supervisor,
}

impl Role {
    /// As the rest of the house names it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::Adjuster => "adjuster",
            Role::Supervisor => "supervisor",
        }
    }
}

/// What passwords of this house are for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Local {
    /// For everybody who has one.
    Open,
    /// For emergencies: each use is audited by that name and shown at the desk.
    Emergency,
    /// For nobody.
    Closed,
}

/// When a second factor is asked for.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StepUp {
    /// For every decision.
    #[serde(default)]
    pub always: bool,
    /// For decisions about more money than this.
    #[serde(default)]
    pub above: Option<Amount>,
    /// Minutes for which it counts.
    #[serde(default = "lasts_minutes")]
    pub lasts_minutes: u32,
    /// Authentication contexts that the provider is asked for, each of which is one.
    #[serde(default)]
    pub acr_values: Vec<String>,
    /// Authentication methods of which the provider names at least one.
    #[serde(default)]
    pub amr: Vec<String>,
}

impl Default for StepUp {
    fn default() -> StepUp {
        let (acr_values, amr) = (Vec::new(), Vec::new());
        StepUp { always: false, above: None, lasts_minutes: STEP_UP_LASTS, acr_values, amr }
    }
}

fn groups_claim() -> String {
    "groups".into()
}

fn recheck_minutes() -> u32 {
    RECHECK_MINUTES
}

fn lasts_minutes() -> u32 {
    STEP_UP_LASTS
}

impl Settings {
    /// What passwords of this house are for. Beside a provider they are for emergencies, unless
    /// an operator says otherwise.
    pub fn local(&self) -> Local {
        let usual = if self.issuer.is_some() { Local::Emergency } else { Local::Open };
        self.local.unwrap_or(usual)
    }

    /// What the types cannot say. `payers` are those of the configuration.
    pub fn check<'a>(&self, payers: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
        ensure!(
            STEP_UP_RANGE.contains(&self.step_up.lasts_minutes),
            "`sign_in.step_up.lasts_minutes` is from 1 to 480"
        );
        let Some(issuer) = &self.issuer else {
            ensure!(
                self.local() != Local::Closed,
                "`sign_in.local` is closed and there is no `sign_in.issuer`: nobody could sign in"
            );
            ensure!(
                self.groups.is_empty() && self.client_id.is_none(),
                "`sign_in.issuer` is not set"
            );
            return Ok(());
        };
        trusted(issuer).context("`sign_in.issuer`")?;
        ensure!(
            RECHECK_RANGE.contains(&self.recheck_minutes),
            "`sign_in.recheck_minutes` is from 5 to 720"
        );
        ensure!(
            !self.groups.is_empty(),
            "`sign_in.groups` is empty: nobody who signs in would be anything here"
        );
        let payers: Vec<_> = payers.collect();
        for it in &self.groups {
            ensure!(
                payers.contains(&&it.payer),
                "`sign_in.groups` names payer {:?}, and there is no section [payers.{}]",
                it.payer,
                it.payer
            );
        }
        if let Some(claim) = &self.person_claim {
            ensure!(
                !SHARED_CLAIMS.contains(&claim.as_str()),
                "`sign_in.person_claim` is {claim:?}, which people choose or share: an equal one \
                 does not make two people one. Name a claim that your provider alone sets"
            );
        }
        let StepUp { always, above, acr_values, amr, .. } = &self.step_up;
        ensure!(
            (!always && above.is_none()) || !acr_values.is_empty() || !amr.is_empty(),
            "`sign_in.step_up` needs `acr_values` or `amr`: without either nobody could tell a \
             second factor of the provider's from its password"
        );
        Ok(())
    }

    /// The secret, from wherever it was given.
    pub fn client_secret(&self) -> anyhow::Result<Secret> {
        match (&self.client_secret, &self.client_secret_file) {
            (Some(_), Some(_)) => anyhow::bail!(
                "`sign_in.client_secret` and `sign_in.client_secret_file` are both set; keep one"
            ),
            (Some(it), None) => Ok(it.clone()),
            (None, Some(file)) => Secret::of_file(file).context("`sign_in.client_secret_file`"),
            (None, None) => anyhow::bail!(
                "the provider's secret for us is missing: put it into a file of its own and name \
                 that in `sign_in.client_secret_file`"
            ),
        }
    }
}

/// An address that a provider's words may come from: nobody on the way reads or changes them.
pub fn trusted(text: &str) -> anyhow::Result<Url> {
    let url: Url = text.parse().with_context(|| format!("{text:?} is no address"))?;
    ensure!(
        url.scheme() == "https" || (url.scheme() == "http" && is_here(&url)),
        "{text:?} does not begin with https://; http:// is for this machine alone"
    );
    ensure!(url.username().is_empty() && url.password().is_none(), "a login stands in it");
    Ok(url)
}

/// Whether an address is this machine's own.
pub fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(it)) => IpAddr::V4(it).is_loopback(),
        Some(Host::Ipv6(it)) => IpAddr::V6(it).is_loopback(),
        Some(Host::Domain(it)) => it == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        issuer = "https://login.example.com"
        client_id = "mendline"
        [[groups]]
        group = "adjusters"
        payer = "northwind"
        role = "adjuster"
    "#;

    fn said(text: &str) -> Result<(), String> {
        let settings: Settings = toml::from_str(text).map_err(|it| it.to_string())?;
        let payers = ["northwind".to_owned()];
        settings.check(payers.iter()).map_err(|it| format!("{it:#}"))
    }

    #[test]
    fn a_provider_is_named_whole_or_not_at_all() {
        assert_eq!(said(WHOLE), Ok(()));
        assert_eq!(said(""), Ok(()));
        assert!(said("client_id = 'mendline'").unwrap_err().contains("issuer"));
        let nothing = said("issuer = 'https://login.example.com'").unwrap_err();
        assert!(nothing.contains("groups"), "{nothing}");
        let foreign = said(&WHOLE.replace("northwind", "cedar")).unwrap_err();
        assert!(foreign.contains("[payers.cedar]"), "{foreign}");
        assert!(said("local = 'closed'").unwrap_err().contains("nobody"));
    }

    #[test]
    fn words_that_others_could_read_or_change_are_refused() {
        let with = |issuer: &str| said(&WHOLE.replace("https://login.example.com", issuer));
        for issuer in ["http://login.example.com", "http://127.0.0.1.example.com", "ftp://a", "a"] {
            assert!(with(issuer).unwrap_err().contains("issuer"), "{issuer}");
        }
        assert!(with("https://u:p@login.example.com").is_err());
        for issuer in ["http://127.0.0.1:7801", "http://localhost:7801", "http://[::1]:7801/x"] {
            assert_eq!(with(issuer), Ok(()), "{issuer}");
        }
    }

    #[test]
    fn nobody_is_known_by_what_people_choose_or_share() {
        for claim in SHARED_CLAIMS {
            let refused = said(&format!("person_claim = '{claim}'\n{WHOLE}")).unwrap_err();
            assert!(refused.contains("person_claim"), "{refused}");
        }
        assert_eq!(said(&format!("person_claim = 'employee_id'\n{WHOLE}")), Ok(()));
    }

    #[test]
    fn a_second_factor_that_nobody_could_tell_is_refused() {
        let step_up = |more: &str| said(&format!("{WHOLE}\n[step_up]\nalways = true\n{more}"));
        assert!(step_up("").unwrap_err().contains("acr_values"));
        assert_eq!(step_up("amr = ['mfa']"), Ok(()));
        assert_eq!(said("[step_up]\nabove = '500.00 USD'"), Ok(()), "passwords have their own");
        assert!(said("[step_up]\nabove = '500'").is_err());
        assert!(said("[step_up]\nlasts_minutes = 0").unwrap_err().contains("lasts_minutes"));
    }

    #[test]
    fn beside_a_provider_passwords_are_for_emergencies() {
        let local = |text: &str| toml::from_str::<Settings>(text).unwrap().local();
        assert_eq!(local(""), Local::Open);
        assert_eq!(local(WHOLE), Local::Emergency);
        assert_eq!(local(&format!("local = 'open'\n{WHOLE}")), Local::Open);
    }
}
