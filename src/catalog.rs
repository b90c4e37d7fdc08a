//! What flows may name, gathered from the plugins' manifests. Types are words there and types
//! here; a manifest that names an unknown label or type is refused before the house opens.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use mendline_engine::catalog::{ActionSpec, ActionVerb, Catalog, Input, Reason};
use mendline_engine::label::{Label, Labels};
use mendline_engine::types::{Member, Record, Type};
use mendline_plugin::Manifest;

/// Rules that `within: rules.NAME` may use, and that cards show.
const RULES: &[&str] = &["decision_deadline"];

/// The catalog of some plugins.
pub fn gather(manifests: &[Manifest]) -> anyhow::Result<Catalog> {
    let mut catalog =
        Catalog { rules: RULES.iter().map(|&it| it.into()).collect(), ..Catalog::default() };
    for manifest in manifests {
        add(&mut catalog, manifest)
            .with_context(|| format!("reading the manifest of plugin '{}'", manifest.name))?;
    }
    Ok(catalog)
}

fn add(catalog: &mut Catalog, manifest: &Manifest) -> anyhow::Result<()> {
    let full = |name: &str| format!("{}.{name}", manifest.name);
    for (name, record) in &manifest.records {
        let mut members = BTreeMap::new();
        for (member, it) in &record.members {
            let ty = read_type(&it.ty).with_context(|| format!("{name}.{member}"))?;
            let labels = read_labels(&it.labels)?;
            members.insert(member.clone(), Member { ty, labels, optional: it.optional });
        }
        catalog.records.insert(name.clone(), Record { show: record.show.clone(), members });
    }
    for (name, it) in &manifest.actions {
        let mut input = BTreeMap::new();
        for (argument, it) in &it.input {
            let ty = read_type(&it.ty).with_context(|| format!("{name}: {argument}"))?;
            let grants = read_labels(&it.grants)?;
            input.insert(argument.clone(), Input { ty, optional: it.optional, grants });
        }
        let verb = match it.verb.as_str() {
            "read" => ActionVerb::Read,
            "write" => ActionVerb::Write,
            other => bail!("{name}: verb is 'read' or 'write', not '{other}'"),
        };
        let mut lowers = BTreeMap::new();
        for (member, labels) in &it.lowers {
            lowers.insert(member.clone(), read_labels(labels)?);
        }
        let spec = ActionSpec {
            input,
            output: read_type(&it.output)?,
            labels: read_labels(&it.labels)?,
            lowers,
            verb,
            fast: it.fast,
            business_key: it.business_key.clone(),
            inquire: it.inquire.as_deref().map(full),
        };
        catalog.actions.insert(full(name), spec);
    }
    for (source, action) in &manifest.sources {
        catalog.sources.insert(source.clone(), full(action));
    }
    for (list, reasons) in &manifest.reasons {
        let reasons = reasons.iter().map(|it| Reason {
            code: it.code.clone(),
            label: it.label.clone(),
            words: it.words.clone(),
            only_in: it.only_in.clone(),
        });
        catalog.reasons.insert(list.clone(), reasons.collect());
    }
    catalog.desks.extend(manifest.desks.clone());
    catalog.authorities.extend(manifest.authorities.clone());
    Ok(())
}

fn read_labels(words: &[String]) -> anyhow::Result<Labels> {
    words
        .iter()
        .map(|word| Label::from_word(word).with_context(|| format!("'{word}' is no label")))
        .collect()
}

fn read_type(word: &str) -> anyhow::Result<Type> {
    if let Some(of) = word.strip_prefix("list of ") {
        return Ok(Type::List(Box::new(read_type(of)?)));
    }
    if let Some(keys) = word.strip_prefix("choice:") {
        return Ok(Type::Choice(keys.split(',').map(|key| key.trim().to_owned()).collect()));
    }
    Ok(match word {
        "text" => Type::Text,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        "money" => Type::Money,
        "date" => Type::Date,
        "instant" => Type::Instant,
        "reason" => Type::Reason,
        "choice" => bail!("a choice names its keys: 'choice: covered, too_soon'"),
        name => Type::Record(name.to_owned()),
    })
}
