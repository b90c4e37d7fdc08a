//! The catalog of the domain pack, read from its manifest, so that these tests break when the
//! flows and the pack stop fitting each other.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use mendline_engine::catalog::{ActionSpec, ActionVerb, Catalog, Input, Reason};
use mendline_engine::label::{Label, Labels};
use mendline_engine::load::{Loaded, Source, load};
use mendline_engine::lower::type_of;
use mendline_engine::types::{Member, Record, Type, Words};
use toml::{Table, Value};

/// The catalog of `plugins/pbm/plugin.toml`.
pub fn catalog() -> Catalog {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/pbm/plugin.toml");
    let manifest: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let mut catalog = Catalog::default();
    for name in table(&manifest, "records").keys() {
        let empty = Record { show: String::new(), members: BTreeMap::new() };
        catalog.records.insert(name.clone(), empty);
    }
    for (name, record) in table(&manifest, "records") {
        let members = table(record.as_table().unwrap(), "members").iter();
        let members = members.map(|(name, it)| (name.clone(), member(it, &catalog))).collect();
        let show = record["show"].as_str().unwrap().to_owned();
        catalog.records.insert(name.clone(), Record { show, members });
    }
    for (name, action) in table(&manifest, "actions") {
        let spec = action_spec(action.as_table().unwrap(), &catalog);
        catalog.actions.insert(format!("pbm.{name}"), spec);
    }
    for (name, action) in table(&manifest, "sources") {
        catalog.sources.insert(name.clone(), format!("pbm.{}", action.as_str().unwrap()));
    }
    for (name, reasons) in table(&manifest, "reasons") {
        let reasons = reasons.as_array().unwrap().iter().map(reason).collect();
        catalog.reasons.insert(name.clone(), reasons);
    }
    for (name, it) in table(&manifest, "desks") {
        catalog.desks.insert(name.clone(), words(it));
    }
    catalog.authorities = strings(manifest.get("authorities"));
    catalog.rules = vec!["decision_deadline".to_owned()];
    catalog
}

/// Loads a flow of the house, with its Spanish words.
pub fn flow(name: &str) -> Loaded {
    let source = |file: &str| {
        let file = format!("flows/{name}/{file}");
        let path = format!("{}/../../{file}", env!("CARGO_MANIFEST_DIR"));
        Source { text: std::fs::read_to_string(path).unwrap(), file }
    };
    let others = ["medication_approval", "claim_status", "refill", "gather_information"];
    let others = others.map(str::to_owned);
    load(&source("flow.yaml"), &[source("flow.es.yaml")], &catalog(), &others)
}

fn table<'t>(of: &'t Table, key: &str) -> &'t Table {
    static EMPTY: std::sync::OnceLock<Table> = std::sync::OnceLock::new();
    of.get(key).and_then(Value::as_table).unwrap_or_else(|| EMPTY.get_or_init(Table::new))
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn labels(value: Option<&Value>) -> Labels {
    strings(value).iter().map(|it| Label::from_word(it).unwrap()).collect()
}

fn words(value: &Value) -> Words {
    let table = value.as_table().unwrap().iter();
    table.map(|(language, it)| (language.clone(), it.as_str().unwrap().to_owned())).collect()
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

fn ty(value: &Value, catalog: &Catalog) -> Type {
    let word = value.as_str().unwrap();
    type_of(word, catalog).unwrap_or_else(|| panic!("{word} is no type"))
}

fn member(value: &Value, catalog: &Catalog) -> Member {
    let (ty, labels) = (ty(&value["type"], catalog), labels(value.get("labels")));
    Member { ty, labels, optional: flag(value, "optional") }
}

fn action_spec(action: &Table, catalog: &Catalog) -> ActionSpec {
    let input = |(name, it): (&String, &Value)| {
        let (ty, grants) = (ty(&it["type"], catalog), labels(it.get("grants")));
        (name.clone(), Input { ty, optional: flag(it, "optional"), grants })
    };
    let lowers = table(action, "lowers").iter();
    let whole = Value::Table(action.clone());
    ActionSpec {
        input: table(action, "input").iter().map(input).collect(),
        output: ty(&action["output"], catalog),
        labels: labels(action.get("labels")),
        lowers: lowers.map(|(name, it)| (name.clone(), labels(Some(it)))).collect(),
        verb: match action["verb"].as_str().unwrap() {
            "write" => ActionVerb::Write,
            _ => ActionVerb::Read,
        },
        fast: flag(&whole, "fast"),
        business_key: strings(action.get("business_key")),
        inquire: action.get("inquire").map(|it| format!("pbm.{}", it.as_str().unwrap())),
    }
}

fn reason(value: &Value) -> Reason {
    Reason {
        code: value["code"].as_str().unwrap().to_owned(),
        label: words(&value["label"]),
        words: words(&value["words"]),
        only_in: value.get("only_in").map(|it| strings(Some(it))),
    }
}
