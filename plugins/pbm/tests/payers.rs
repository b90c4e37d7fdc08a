//! The payer is a boundary: no row of another comes out, whatever is asked.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use mendline_pbm::{Pbm, example_call};
use mendline_plugin::{ActionError, Call, Plugin};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{CEDAR, NORTHWIND, data, pbm, run};

/// Every word that would give a payer's row away: numbers, ids, names, addresses, employers.
fn marks(payer: &str) -> BTreeSet<String> {
    let mut marks = BTreeSet::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for claim in data("claims.json").iter().filter(|it| it["payer"] == payer) {
        marks.extend([text(&claim["number"]), text(&claim["worker"]), text(&claim["employer"])]);
        marks.extend(
            claim["prescriptions"].as_array().unwrap().iter().map(|it| text(&it["rx_number"])),
        );
    }
    for person in data("people.json").iter().filter(|it| it["payer"] == payer) {
        marks.extend([text(&person["id"]), text(&person["name"]), text(&person["born"])]);
        marks.extend([text(&person["email"]), text(&person["phone"])]);
    }
    marks.remove("");
    marks
}

/// The marks that only one of the two has: "Example Foundry" may employ anybody.
fn marks_of_the_other(payer: &str) -> BTreeSet<String> {
    let other = if payer == NORTHWIND { CEDAR } else { NORTHWIND };
    marks(other).difference(&marks(payer)).cloned().collect()
}

/// Everything that a string in the answer, or in the words of a refusal, gives away.
fn leaks(result: &Result<Value, ActionError>, foreign: &BTreeSet<String>) -> Vec<String> {
    fn walk(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::String(text) => out.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|it| walk(it, out)),
            Value::Object(members) => members.values().for_each(|it| walk(it, out)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut words = vec![];
    match result {
        Ok(value) => walk(value, &mut words),
        Err(error) => words.extend(error.to_string().split_whitespace().map(str::to_owned)),
    }
    words.retain(|it| foreign.contains(it));
    words
}

/// The input that each action takes, about whatever is named.
fn input(action: &str, claim: &str, person: &str, rx: &str, born: &str, zip: &str) -> Value {
    let record = json!({ "number": claim, "adjuster": person });
    let drug = json!({ "rx_number": rx });
    match action {
        "open_claims" | "person" => json!({ "person": person }),
        "claim" => json!({ "number": claim }),
        "prescription_by_rx" => json!({ "number": claim, "rx": rx }),
        "claim_status" | "parties_of_claim" | "reassign" => json!({ "claim": record }),
        "check_coverage" | "inquire_authorization" | "mark_dispensed" => {
            json!({ "claim": record, "drug": drug })
        }
        "authorize" => json!({ "claim": record, "drug": drug, "days": 5, "by": "somebody" }),
        "verify_identity" if person.len().is_multiple_of(2) => {
            json!({ "claim_number": claim, "born": born, "zip": zip })
        }
        "verify_identity" => json!({ "person": person, "claim_number": claim, "born": born }),
        other => panic!("{other} is new: say here what it takes"),
    }
}

async fn ask_everything(
    pbm: &Pbm,
    payer: &str,
    key: &str,
    about: (&str, &str, &str, &str, &str),
) -> Vec<String> {
    let foreign = marks_of_the_other(payer);
    let (claim, person, rx, born, zip) = about;
    let mut found = vec![];
    for action in pbm.actions() {
        let name = action.name();
        let call = Call { payer: payer.into(), key: format!("{key}/{name}"), ..example_call() };
        let result = action.run(&call, input(name, claim, person, rx, born, zip)).await;
        assert!(!matches!(result, Err(ActionError::Input(_))), "{name}: {result:?}");
        found.extend(leaks(&result, &foreign).into_iter().map(|it| format!("{name}: {it}")));
    }
    found
}

#[tokio::test]
async fn no_row_of_another_payer_comes_out_of_any_action() {
    let pbm = pbm().await;
    let people = data("people.json");
    for (payer, other) in [(NORTHWIND, CEDAR), (CEDAR, NORTHWIND)] {
        for (i, claim) in data("claims.json").iter().filter(|it| it["payer"] == other).enumerate() {
            let worker = people
                .iter()
                .find(|it| it["payer"] == other && it["id"] == claim["worker"])
                .unwrap();
            for rx in claim["prescriptions"].as_array().unwrap() {
                let text = |value: &'_ Value| value.as_str().unwrap().to_owned();
                let about = (
                    &*text(&claim["number"]),
                    &*text(&claim["worker"]),
                    &*text(&rx["rx_number"]),
                    &*text(&worker["born"]),
                    &*text(&worker["zip"]),
                );
                let key = format!("{payer}/{i}/{}", about.2);
                assert_eq!(ask_everything(&pbm, payer, &key, about).await, Vec::<String>::new());
            }
        }
    }
}

#[tokio::test]
async fn each_payer_finds_its_own_so_the_test_above_can_fail() {
    let pbm = pbm().await;
    for (payer, claim, person, rx) in [
        (NORTHWIND, "DEMO-CA-000123", "ana", "7700001"),
        (CEDAR, "DEMO-CA-000150", "abel", "8800001"),
    ] {
        let own = marks(payer);
        for action in ["open_claims", "claim", "prescription_by_rx", "parties_of_claim"] {
            let call = Call { payer: payer.into(), ..example_call() };
            let result = run(&pbm, &call, action, input(action, claim, person, rx, "", "")).await;
            assert!(!leaks(&result, &own).is_empty(), "{payer} {action}: {result:?}");
        }
    }
}

#[tokio::test]
async fn a_write_of_one_payer_is_not_seen_by_the_other_not_even_in_its_key_or_its_numbers() {
    let pbm = pbm().await;
    let of = |payer: &str| Call { payer: payer.into(), key: "c/1.0".into(), ..example_call() };
    let ana = input("authorize", "DEMO-CA-000123", "dana", "7700001", "", "");
    let abel = input("authorize", "DEMO-CA-000150", "morgan", "8800001", "", "");
    let first = run(&pbm, &of(NORTHWIND), "authorize", ana).await.unwrap();
    let second = run(&pbm, &of(CEDAR), "authorize", abel).await.unwrap();
    // Each counts by itself: a number says nothing of how busy the other is.
    assert_eq!((&first["number"], &second["number"]), (&json!("PA-100001"), &json!("PA-100001")));
    assert_eq!(second["until"], "2026-11-30", "the other payer's own window");
}

#[tokio::test]
async fn each_payer_waits_its_own_share_of_a_supply() {
    let pbm = pbm().await;
    // Filled 23 days ago, for 30: 75 % is reached, 80 % is not.
    let call = Call { payer: CEDAR.into(), ..example_call() };
    let asked = input("check_coverage", "DEMO-CA-000150", "abel", "8800002", "", "");
    let found = run(&pbm, &call, "check_coverage", asked).await.unwrap();
    assert_eq!(found["status"], "too_soon");
    assert_eq!(found["next_fill_date"], "2026-11-17");
}

/// Anything that one might type, and anything that is on file at either payer.
fn words(pick: Vec<String>) -> impl Strategy<Value = String> {
    prop_oneof![3 => proptest::sample::select(pick), 1 => "[ -~]{0,20}", 1 => "[%_'\"; ]{1,6}"]
}

fn all(file: &str, of: impl Fn(&Value) -> Vec<String>) -> Vec<String> {
    data(file).iter().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_mixture_of_words_brings_another_payers_row_out(
        cedar in any::<bool>(),
        claim in words(all("claims.json", |it| vec![it["number"].as_str().unwrap().into()])),
        person in words(all("people.json", |it| vec![it["id"].as_str().unwrap().into()])),
        rx in words(all("claims.json", |it| {
            let rx = it["prescriptions"].as_array().unwrap();
            rx.iter().map(|it| it["rx_number"].as_str().unwrap().into()).collect()
        })),
        born in words(all("people.json", |it| {
            it["born"].as_str().map(String::from).into_iter().collect()
        })),
    ) {
        let payer = if cedar { CEDAR } else { NORTHWIND };
        let own = marks(payer);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async {
            let about = (&*claim, &*person, &*rx, &*born, "90012");
            ask_everything(&pbm().await, payer, "p", about).await
        });
        prop_assert!(found.is_empty(), "{found:?} ({} marks of its own)", own.len());
    }
}
