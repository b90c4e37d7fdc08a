//! The demo's people are invented, and there is something of everything to talk about.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{CEDAR, NORTHWIND, data};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn every_row_says_that_it_is_a_demo() {
    for file in ["payers.json", "people.json", "claims.json"] {
        for row in data(file) {
            assert_eq!(row["is_demo"], true, "{file}: {row}");
        }
    }
}

#[test]
fn nobody_can_be_reached_by_accident() {
    for person in data("people.json") {
        let phone = text(&person["phone"]);
        let (head, line) = phone.split_at(8);
        assert!(head.starts_with("+1") && head.ends_with("555"), "{phone}");
        assert!(("0100".."0200").contains(&line) && line.len() == 4, "{phone}");
        let email = &person["email"];
        assert!(email.is_null() || text(email).ends_with("@example.com"), "{email}");
        for (member, _) in person.as_object().unwrap() {
            assert!(!["ssn", "npi", "street"].contains(&member.as_str()));
        }
    }
}

#[test]
fn claims_employers_and_people_are_plainly_invented() {
    for claim in data("claims.json") {
        let number = format!("DEMO-{}-", text(&claim["jurisdiction"]));
        assert!(text(&claim["number"]).starts_with(&number));
        assert!(text(&claim["employer"]).starts_with("Example "));
    }
}

#[test]
fn every_name_belongs_to_one_payer() {
    let of = |payer: &str| -> BTreeSet<String> {
        let people = data("people.json");
        let people = people.iter().filter(|it| it["payer"] == payer);
        people.flat_map(|it| [text(&it["id"]).to_owned(), text(&it["name"]).to_owned()]).collect()
    };
    assert!(of(NORTHWIND).is_disjoint(&of(CEDAR)));
}

#[test]
fn there_is_something_of_everything() {
    let claims = data("claims.json");
    assert!(claims.len() >= 24);
    let of =
        |member: &str| -> BTreeSet<&str> { claims.iter().map(|it| text(&it[member])).collect() };
    let jurisdictions = ["CA", "TX", "NY", "FL", "TN", "AZ", "OH", "WA", "PA", "KY", "FECA", "IA"];
    assert!(jurisdictions.iter().all(|it| of("jurisdiction").contains(it)));
    let states = [
        "reported",
        "under_investigation",
        "accepted",
        "accepted_partial",
        "denied",
        "litigated",
        "closed",
        "settled",
        "reopened",
    ];
    assert_eq!(of("status"), states.into());
    assert!(claims.iter().any(|it| it["pharmacy"].is_null()));
    assert!(claims.iter().any(|it| it["status"] == "denied" && it["letter_days_ago"].is_null()));
    assert!(
        claims.iter().filter(|it| it["prescriptions"].as_array().unwrap().len() > 1).count() > 5
    );
    assert!(claims.iter().any(|it| it["owner"] != it["adjuster"]));
    let people = data("people.json");
    assert!(people.iter().any(|it| it["role"] == "injured_worker" && it["language"] == "es"));
}
