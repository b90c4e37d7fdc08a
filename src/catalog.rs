//! What flows may name, gathered from the plugins' manifests. Types are words there and types
//! here; a manifest that names an unknown label or type is refused before the house opens.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use mendline_engine::catalog::{ActionSpec, ActionVerb, Catalog, Input, Reason};
use mendline_engine::label::{Label, Labels};
use mendline_engine::lower::type_of;
use mendline_engine::types::{Member, Record, Type};
use mendline_plugin::Manifest;

/// Rules that `within: rules.NAME` may use, and that cards show.
const RULES: &[&str] = &["decision_deadline"];

/// The catalog of some plugins.
pub fn gather(manifests: &[Manifest]) -> anyhow::Result<Catalog> {
    let mut catalog =
        Catalog { rules: RULES.iter().map(|&it| it.into()).collect(), ..Catalog::default() };
    // Types name records, those of another plugin too, so that all must be there before one is read.
    for (name, record) in manifests.iter().flat_map(|it| &it.records) {
        let record = Record { show: record.show.clone(), members: BTreeMap::new() };
        catalog.records.insert(name.clone(), record);
    }
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
            let ty = read_type(&it.ty, catalog).with_context(|| format!("{name}.{member}"))?;
            let labels = read_labels(&it.labels)?;
            members.insert(member.clone(), Member { ty, labels, optional: it.optional });
        }
        catalog.records.insert(name.clone(), Record { show: record.show.clone(), members });
    }
    for (name, it) in &manifest.actions {
        let mut input = BTreeMap::new();
        for (argument, it) in &it.input {
            let ty = read_type(&it.ty, catalog).with_context(|| format!("{name}: {argument}"))?;
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
            output: read_type(&it.output, catalog).with_context(|| format!("{name}: output"))?,
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

/// The type that a word stands for, as in flows; but a choice that no question fills has no other
/// place for its keys.
fn read_type(word: &str, catalog: &Catalog) -> anyhow::Result<Type> {
    ensure!(word.trim() != "choice", "a choice names its keys: 'choice: covered, too_soon'");
    type_of(word, catalog).with_context(|| format!("'{word}' is no type and no record"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(more: &str) -> anyhow::Result<Catalog> {
        let text = format!("{}\n{more}", mendline_pbm::MANIFEST);
        gather(&[Manifest::read(&text).map_err(anyhow::Error::msg)?])
    }

    #[test]
    fn a_manifest_that_names_no_type_is_refused_with_the_place() {
        assert!(gathered("").is_ok());
        for word in ["medicatoin", "list of medicatoin", "choice"] {
            let more =
                format!("[records.odd]\nshow = \"{{it}}\"\nmembers.it = {{ type = \"{word}\" }}\n");
            let Err(error) = gathered(&more) else { panic!("'{word}' was taken") };
            let said = format!("{error:#}");
            assert!(said.contains("odd.it"), "{said}");
        }
    }

    #[test]
    fn records_may_name_each_other_in_any_order() {
        let more = "[records.aa]\nshow = \"{it}\"\nmembers.it = { type = \"list of zz\" }\n\
                    [records.zz]\nshow = \"{it}\"\nmembers.it = { type = \"aa\" }\n";
        let catalog = gathered(more).unwrap();
        let of = Type::List(Box::new(Type::Record("zz".into())));
        assert_eq!(catalog.records["aa"].members["it"].ty, of);
    }
}
