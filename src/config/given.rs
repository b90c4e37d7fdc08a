//! Settings from the environment: `MENDLINE_PUBLIC_URL`, `MENDLINE_PROXY__TRUSTED`.

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

/// What our variables begin with.
pub(super) const PREFIX: &str = "MENDLINE_";
/// Variables with our prefix that are not settings: where the file is, and what tests read.
const NOT_SETTINGS: &[&str] = &["CONFIG", "KILLS", "SEED", "SEEDS"];
/// Settings that are secret. They are taken as text and named in no message with their value.
const SECRETS: &[&str] = &[
    "OPERATOR_KEY",
    "DATABASE",
    "DISCORD__TOKEN",
    "EMAIL__PASSWORD",
    "SIGN_IN__CLIENT_SECRET",
    "TELEGRAM__TOKEN",
    "TELEGRAM__WEBHOOK_SECRET",
    "TWILIO__AUTH_TOKEN",
];

/// Settings that never stand in the configuration file. An address of a database may, if there is
/// no password in it.
pub(super) fn kept_out() -> impl Iterator<Item = String> {
    SECRETS.iter().filter(|it| **it != "DATABASE").map(|it| setting(it))
}

/// A variable's name without its prefix, as the file names it.
pub(super) fn setting(name: &str) -> String {
    name.to_lowercase().replace("__", ".")
}

/// Whether a variable holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|it| SECRETS.contains(&it))
}

/// Variables, as settings. Two underscores step into a section.
pub(super) struct Given(pub(super) Vec<(String, String)>);

impl Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut all = Dict::new();
        for (name, value) in &self.0 {
            let Some(name) = name.strip_prefix(PREFIX) else { continue };
            if NOT_SETTINGS.contains(&name) {
                continue;
            }
            let path: Vec<String> = name.to_lowercase().split("__").map(str::to_owned).collect();
            put(&mut all, &path, read(value));
        }
        Ok(Profile::Default.collect(all))
    }
}

/// `8080`, `true` and `["a", "b"]` are what they look like; everything else is text.
fn read(text: &str) -> Value {
    match text.parse() {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

fn put(dict: &mut Dict, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        dict.insert(first.clone(), value);
        return;
    }
    let section = dict.entry(first.clone()).or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = section {
        put(inner, rest, value);
    }
}
