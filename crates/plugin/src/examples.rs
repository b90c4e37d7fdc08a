//! Holding a plugin to its word, for authors' tests.
//!
//! The examples are the documentation, so they must be true; the manifest is what the house
//! reads, so it must name what is there. Nothing here is needed while a house runs.

use serde_json::Value;

use crate::kind::{misfits, record_of};
use crate::manifest::{ActionToml, Manifest};
use crate::{Action, Call, Plugin};

/// Everything that is wrong with a plugin, one sentence each; empty when it keeps its word:
///
/// - the manifest reads, and names exactly the actions that the plugin has;
/// - every write has a business key made of its arguments, and every `inquire` is a read;
/// - every action has examples, their inputs and outputs are of the declared types, and
///   running them gives what they say;
/// - a write that is called twice under one key answers twice the same.
///
/// `call` says who asks and when. Its key is extended, so that no two examples share one.
/// Examples run in order, on the one plugin: those of a write see what earlier ones did.
///
/// ```
/// use mendline_plugin::{Action, Call, Plugin, check_examples};
///
/// struct Empty;
///
/// impl Plugin for Empty {
///     fn manifest(&self) -> &'static str {
///         "name = 'empty'\nversion = '0.1.0'\nsummary = 'Promises too much.'\n\
///          actions.add = { verb = 'write', output = 'integer' }"
///     }
///     fn actions(&self) -> Vec<Box<dyn Action>> {
///         vec![]
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let call = Call { payer: "acme-demo".into(), key: "example/1".into(), now_ms: 0 };
/// let wrong = check_examples(&Empty, &call).await;
/// assert_eq!(wrong[0], "add: a write needs a business key");
/// assert_eq!(wrong[1], "add: in plugin.toml, but not in the plugin");
/// # }
/// ```
pub async fn check_examples(plugin: &dyn Plugin, call: &Call) -> Vec<String> {
    let manifest = match Manifest::read(plugin.manifest()) {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("plugin.toml cannot be read: {error}")],
    };
    let actions = plugin.actions();
    let mut wrong = check_manifest(&manifest);
    for name in manifest.actions.keys() {
        if !actions.iter().any(|it| it.name() == name) {
            wrong.push(format!("{name}: in plugin.toml, but not in the plugin"));
        }
    }
    for action in &actions {
        match manifest.actions.get(action.name()) {
            Some(spec) => {
                wrong.extend(check_action(&manifest, spec, action.as_ref(), call).await);
            }
            None => {
                wrong.push(format!("{}: in the plugin, but not in plugin.toml", action.name()));
            }
        }
    }
    wrong
}

/// What can be said of a manifest without running anything.
fn check_manifest(manifest: &Manifest) -> Vec<String> {
    let mut wrong = vec![];
    for (name, action) in &manifest.actions {
        match action.verb.as_str() {
            "read" if !action.business_key.is_empty() => {
                wrong.push(format!("{name}: a read needs no business key"));
            }
            "write" if action.business_key.is_empty() => {
                wrong.push(format!("{name}: a write needs a business key"));
            }
            "write" if action.fast => wrong.push(format!("{name}: a write is never fast")),
            "read" | "write" => {}
            other => wrong.push(format!("{name}: the verb is read or write, not '{other}'")),
        }
        for key in action.business_key.iter().filter(|it| !action.input.contains_key(*it)) {
            wrong.push(format!("{name}: the business key names '{key}', which is no argument"));
        }
        let inquire = action
            .inquire
            .as_ref()
            .filter(|it| manifest.actions.get(*it).is_none_or(|asked| asked.verb != "read"));
        if let Some(inquire) = inquire {
            wrong.push(format!("{name}: inquires '{inquire}', which is no read of this plugin"));
        }
        for member in action.lowers.keys() {
            let record = record_of(&action.output).and_then(|it| manifest.records.get(it));
            if record.is_none_or(|it| !it.members.contains_key(member)) {
                wrong.push(format!("{name}: lowers '{member}', which its output does not have"));
            }
        }
    }
    for (source, action) in &manifest.sources {
        if manifest.actions.get(action).is_none_or(|it| it.verb != "read" || !it.fast) {
            wrong.push(format!("{source}: '{action}' is no fast read of this plugin"));
        }
    }
    wrong.extend(check_types(manifest));
    wrong
}

/// Every record that a type names is there.
fn check_types(manifest: &Manifest) -> Vec<String> {
    let inputs = manifest.actions.iter().flat_map(|(name, action)| {
        let output = (format!("{name} (output)"), &action.output);
        let inputs = action.input.iter().map(move |(arg, it)| (format!("{name}({arg})"), &it.ty));
        inputs.chain([output])
    });
    let members = manifest.records.iter().flat_map(|(name, record)| {
        record.members.iter().map(move |(member, it)| (format!("{name}.{member}"), &it.ty))
    });
    inputs
        .chain(members)
        .filter_map(|(place, word)| record_of(word).map(|record| (place, record)))
        .filter(|(_, record)| !manifest.records.contains_key(*record))
        .map(|(place, record)| format!("{place}: no record '{record}' in this manifest"))
        .collect()
}

async fn check_action(
    manifest: &Manifest,
    spec: &ActionToml,
    action: &dyn Action,
    call: &Call,
) -> Vec<String> {
    let name = action.name();
    let examples = action.examples();
    if examples.is_empty() {
        return vec![format!("{name}: an action without examples does not exist")];
    }
    let mut wrong = vec![];
    for (i, example) in examples.into_iter().enumerate() {
        let place = format!("{name}, \"{}\"", example.says);
        wrong.extend(check_input(manifest, spec, &example.input, &place));
        wrong.extend(misfits(manifest, &spec.output, &example.output, &place));
        let call = Call { key: format!("{}/{name}.{i}", call.key), ..call.clone() };
        let attempts = if spec.verb == "write" { 2 } else { 1 };
        for attempt in 1..=attempts {
            match action.run(&call, example.input.clone()).await {
                Ok(given) if given == example.output => {}
                Ok(given) => wrong.push(format!("{place}: attempt {attempt} gives {given}")),
                Err(error) => wrong.push(format!("{place}: attempt {attempt}: {error}")),
            }
        }
    }
    wrong
}

fn check_input(manifest: &Manifest, spec: &ActionToml, input: &Value, place: &str) -> Vec<String> {
    let Some(arguments) = input.as_object() else {
        return vec![format!("{place}: the input is no object")];
    };
    let mut wrong = vec![];
    for (name, argument) in &spec.input {
        match arguments.get(name).filter(|it| !it.is_null()) {
            Some(value) => {
                wrong.extend(misfits(manifest, &argument.ty, value, &format!("{place}: {name}")));
            }
            None if argument.optional => {}
            None => wrong.push(format!("{place}: {name} is missing, and not optional")),
        }
    }
    let undeclared = arguments.keys().filter(|it| !spec.input.contains_key(*it));
    wrong.extend(undeclared.map(|it| format!("{place}: '{it}' is no argument of this action")));
    wrong
}
