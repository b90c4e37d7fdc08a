//! What somebody may be here, by what the provider says of her groups. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::settings::{Group, Settings};

/// Longest name that is kept, in characters. It is shown, never matched.
const NAME_CHARS_MAX: usize = 80;
/// Longest id of a person, in characters.
const PERSON_CHARS_MAX: usize = 64;
/// What stands for somebody without a name.
const NAMELESS: &str = "Staff member";
/// Where somebody is of whom nothing is known: as `mendline account add` has it.
const ZONE: chrono_tz::Tz = chrono_tz::America::New_York;

/// What a token says, by claim.
pub type Claims = Map<String, Value>;

/// What somebody is here.
#[derive(Clone, Debug, PartialEq)]
pub struct Entitled {
    /// Whose claims she works on.
    pub payer: String,
    /// The role of the person.
    pub role: &'static str,
    /// The roles of the account: `adjuster`, `desk:pharmacy_desk`, `speaks:es`.
    pub roles: Vec<String>,
    /// Her id in the claim system, where the provider names one.
    pub person: Option<String>,
    /// Her name.
    pub name: String,
    /// Where she is.
    pub zone: chrono_tz::Tz,
}

/// Why somebody is nothing here; a code for the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// None of her groups means anything here.
    NoGroup,
    /// Her groups are of several payers: one sign-in is for one.
    SeveralPayers,
    /// Her email is not verified, or of another domain.
    Email,
    /// The provider names no id for her in the claim system, or one that cannot be.
    NoPerson,
    /// Somebody else is this person already, or she was somebody else before.
    Taken,
    /// She is forgotten here.
    Forgotten,
}

impl Denied {
    /// As it stands in the audit.
    pub fn code(self) -> &'static str {
        match self {
            Denied::NoGroup => "no_group",
            Denied::SeveralPayers => "several_payers",
            Denied::Email => "email",
            Denied::NoPerson => "no_person",
            Denied::Taken => "taken",
            Denied::Forgotten => "forgotten",
        }
    }
}

/// What somebody is here.
pub fn entitled(settings: &Settings, claims: &Claims) -> Result<Entitled, Denied> {
    if !is_of_ours(&settings.email_domains, claims) {
        return Err(Denied::Email);
    }
    let theirs = listed(claims, &settings.groups_claim);
    let matched: Vec<&Group> =
        settings.groups.iter().filter(|it| theirs.contains(it.group.as_str())).collect();
    let Some(first) = matched.first() else { return Err(Denied::NoGroup) };
    if matched.iter().any(|it| it.payer != first.payer) {
        return Err(Denied::SeveralPayers);
    }
    let person = match &settings.person_claim {
        None => None,
        Some(claim) => Some(person(find(claims, claim)).ok_or(Denied::NoPerson)?),
    };
    let role = matched.iter().map(|it| it.role).max().unwrap_or(first.role).name();
    let zone = matched.iter().find_map(|it| it.zone).or_else(|| their_zone(claims));
    Ok(Entitled {
        payer: first.payer.clone(),
        role,
        roles: roles(&matched),
        person,
        name: name(claims),
        zone: zone.unwrap_or(ZONE),
    })
}

fn roles(matched: &[&Group]) -> Vec<String> {
    let mut roles = BTreeSet::new();
    for it in matched {
        // As with accounts of this house: that somebody serves desks is said by the desks.
        if it.role.name() != "agent" {
            roles.insert(it.role.name().to_owned());
        }
        roles.extend(it.desks.iter().map(|it| format!("desk:{it}")));
        roles.extend(it.speaks.iter().map(|it| format!("speaks:{it}")));
    }
    roles.into_iter().collect()
}

fn is_of_ours(domains: &[String], claims: &Claims) -> bool {
    if domains.is_empty() {
        return true;
    }
    let verified = claims.get("email_verified").is_some_and(|it| it == true);
    let email = claims.get("email").and_then(Value::as_str).unwrap_or_default();
    let domain = email.rsplit_once('@').map_or("", |it| it.1);
    verified && domains.iter().any(|it| it.eq_ignore_ascii_case(domain))
}

/// A claim by its name, or by the path to it: `realm_access.roles`.
pub fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(found) = claims.get(name) {
        return Some(found);
    }
    let (first, rest) = name.split_once('.')?;
    rest.split('.').try_fold(claims.get(first)?, |value, part| value.get(part))
}

fn listed<'a>(claims: &'a Claims, name: &str) -> BTreeSet<&'a str> {
    match find(claims, name) {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => BTreeSet::from([one.as_str()]),
        _ => BTreeSet::new(),
    }
}

/// An id that can be one: it stands in addresses and in the record.
fn person(claim: Option<&Value>) -> Option<String> {
    let id = match claim? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = (1..=PERSON_CHARS_MAX).contains(&id.len()) && id.chars().all(fine);
    // Ids of ours and of visitors begin so; nobody comes in as one of them.
    let ours = id.starts_with(super::enter::OURS) || id.starts_with(crate::people::VISITOR);
    (fits && !ours).then_some(id)
}

fn name(claims: &Claims) -> String {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim);
    let parts = [text("given_name"), text("family_name")].into_iter().flatten();
    let joined = parts.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    let name = text("name").filter(|it| !it.is_empty()).map_or(joined, str::to_owned);
    let shown: String = name.chars().filter(|it| !it.is_control()).take(NAME_CHARS_MAX).collect();
    if shown.trim().is_empty() { NAMELESS.into() } else { shown }
}

fn their_zone(claims: &Claims) -> Option<chrono_tz::Tz> {
    claims.get("zoneinfo")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(more: &str) -> Settings {
        toml::from_str(&format!(
            r#"
            issuer = "https://login.example.com"
            {more}
            [[groups]]
            group = "adjusters"
            payer = "northwind"
            role = "adjuster"
            [[groups]]
            group = "desk"
            payer = "northwind"
            role = "agent"
            desks = ["pharmacy_desk"]
            speaks = ["es"]
            zone = "America/Los_Angeles"
            [[groups]]
            group = "cedar"
            payer = "cedar"
            role = "supervisor"
            "#
        ))
        .unwrap()
    }

    fn is(more: &str, claims: Value) -> Result<Entitled, Denied> {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        entitled(&settings(more), &claims)
    }

    #[test]
    fn groups_say_whose_claims_and_what_one_does() {
        let found = is("", json!({ "groups": ["desk", "adjusters", "x"], "name": "Dana W." }));
        let found = found.unwrap();
        assert_eq!((found.payer.as_str(), found.role), ("northwind", "adjuster"));
        assert_eq!(found.roles, ["adjuster", "desk:pharmacy_desk", "speaks:es"]);
        assert_eq!((found.name.as_str(), found.person), ("Dana W.", None));
        assert_eq!(found.zone, chrono_tz::America::Los_Angeles);
        assert_eq!(is("", json!({ "groups": "adjusters" })).unwrap().roles, ["adjuster"]);
    }

    #[test]
    fn who_has_no_group_is_nothing_here() {
        for claims in [
            json!({}),
            json!({ "groups": [] }),
            json!({ "groups": ["Adjusters"] }),
            json!({ "groups": { "adjusters": true } }),
            json!({ "groups": [["adjusters"]] }),
            json!({ "roles": ["adjusters"] }),
        ] {
            assert_eq!(is("", claims.clone()), Err(Denied::NoGroup), "{claims}");
        }
    }

    #[test]
    fn rule_10_nobody_is_at_two_payers_at_once() {
        let both = json!({ "groups": ["adjusters", "cedar"] });
        assert_eq!(is("", both), Err(Denied::SeveralPayers));
        assert_eq!(is("", json!({ "groups": ["cedar"] })).unwrap().payer, "cedar");
    }

    #[test]
    fn groups_may_lie_deeper() {
        let claims = json!({ "realm_access": { "roles": ["adjusters"] } });
        assert!(is("groups_claim = 'realm_access.roles'", claims).is_ok());
        let named = json!({ "https://example.com/groups": ["adjusters"] });
        assert!(is("groups_claim = 'https://example.com/groups'", named).is_ok());
    }

    #[test]
    fn an_email_counts_only_verified_and_of_a_named_domain() {
        let domains = "email_domains = ['example.com']";
        let with = |email: &str, verified: Value| {
            is(domains, json!({ "groups": "desk", "email": email, "email_verified": verified }))
        };
        assert!(with("dana@Example.com", json!(true)).is_ok());
        for (email, verified) in [
            ("dana@example.com", json!(false)),
            ("dana@example.com", json!("true")),
            ("dana@example.com.evil.test", json!(true)),
            ("dana@sub.example.com", json!(true)),
            ("example.com", json!(true)),
        ] {
            assert_eq!(with(email, verified), Err(Denied::Email), "{email}");
        }
    }

    #[test]
    fn an_id_in_the_claim_system_is_the_providers_word_or_none() {
        let with = |id: Value| {
            is("person_claim = 'employee_id'", json!({ "groups": "desk", "employee_id": id }))
        };
        assert_eq!(with(json!("dana")).unwrap().person.as_deref(), Some("dana"));
        assert_eq!(with(json!(4711)).unwrap().person.as_deref(), Some("4711"));
        for id in ["", "a/b", "visitor-x", "oidc-x", "dana whitfield", &"x".repeat(65)] {
            assert_eq!(with(json!(id)), Err(Denied::NoPerson), "{id}");
        }
        assert_eq!(with(json!(["dana"])), Err(Denied::NoPerson));
    }

    #[test]
    fn a_name_is_shown_as_one() {
        let named = |claims: Value| match claims {
            Value::Object(claims) => name(&claims),
            _ => String::new(),
        };
        assert_eq!(named(json!({ "given_name": "Dana", "family_name": "W" })), "Dana W");
        assert_eq!(named(json!({ "name": " \u{7}" })), NAMELESS);
        assert_eq!(named(json!({})), NAMELESS);
    }
}
