//! Says what is wrong with a configuration, by the setting's name and with the nearest right one.
//! The value of a secret is in no message.

use figment::error::{Error, Kind};

/// How alike two names must be for one to be meant: one slip in a short word, a few in a long one.
const LIKE: f64 = 0.7;

/// Every fault, one a line.
pub(super) fn plainly(error: &Error) -> anyhow::Error {
    let lines: Vec<String> = error.clone().into_iter().map(|it| one(&it)).collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}

fn one(error: &Error) -> String {
    let path = error.path.join(".");
    let section = |name: &str| {
        // The path of an unknown name may or may not end in it.
        let within = path.strip_suffix(name).unwrap_or(&path).trim_end_matches('.');
        if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") }
    };
    let place = error.metadata.as_ref().map(|it| it.name.as_ref()).unwrap_or_default();
    let place = if place == "the environment" { " (from the environment)" } else { "" };
    match &error.kind {
        Kind::UnknownField(name, known) => {
            let near = near(name, known);
            format!("there is no setting `{}`{place}; {near}", section(name))
        }
        Kind::MissingField(name) => format!("`{}` is not set", section(name)),
        Kind::InvalidType(_, expected) => {
            format!("`{path}`{place} should be {expected}, and is something else")
        }
        // Our own types say what they found themselves.
        Kind::Message(why) => format!("`{path}`{place}: {why}"),
        kind if path.is_empty() => format!("{kind}"),
        kind => format!("`{path}`{place}: {kind}"),
    }
}

fn near(name: &str, known: &[&str]) -> String {
    let likeness = |it: &&&str| (strsim::normalized_damerau_levenshtein(name, it) * 1e6) as i64;
    let best = known.iter().max_by_key(likeness);
    match best {
        Some(it) if strsim::normalized_damerau_levenshtein(name, it) >= LIKE => {
            format!("did you mean `{it}`?")
        }
        _ => format!("here one may set: {}", known.join(", ")),
    }
}
