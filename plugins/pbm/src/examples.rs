//! The people and medicines that the examples are about, as flows pass them.

use mendline_plugin::Call;
use serde_json::{Value, json};

/// 2026-11-16T17:00:00Z, a Monday morning in California.
const EXAMPLE_NOW_MS: i64 = 1_794_848_400_000;

/// Who asks, and when, in the examples: give it to `check_examples`.
pub fn example_call() -> Call {
    Call { payer: "northwind-mutual-demo".into(), key: "example/1".into(), now_ms: EXAMPLE_NOW_MS }
}

/// Ana's claim.
pub(crate) fn ana() -> Value {
    json!({
        "number": "DEMO-CA-000123", "jurisdiction": "CA", "status": "accepted",
        "employer": "Example Foundry", "injured_on": "2026-06-29", "body_parts": ["lower back"],
        "worker": "ana", "worker_name": "Ana Example", "worker_born": "1984-03-12",
        "adjuster": "dana", "supervisor": "sam", "pharmacy": "example-street-pharmacy",
        "prescriber": "dr-sample",
        "medications": [gabapentin(), ibuprofen(), cyclobenzaprine()],
    })
}

/// On Ana's claim; it needs an OK.
pub(crate) fn gabapentin() -> Value {
    json!({
        "name": "gabapentin", "strength": "300 mg", "form": "capsule", "rx_number": "7700001",
        "days_supply": 30, "quantity": 90, "prescriber": "dr-sample",
    })
}

/// On Ana's claim; it may be filled.
pub(crate) fn ibuprofen() -> Value {
    json!({
        "name": "ibuprofen", "strength": "800 mg", "form": "tablet", "rx_number": "7700002",
        "days_supply": 30, "quantity": 90, "prescriber": "dr-sample",
    })
}

/// On Ana's claim; it was filled five days ago.
pub(crate) fn cyclobenzaprine() -> Value {
    json!({
        "name": "cyclobenzaprine", "strength": "10 mg", "form": "tablet", "rx_number": "7700003",
        "days_supply": 14, "quantity": 42, "prescriber": "dr-sample",
    })
}

/// June's claim, reported two days ago.
pub(crate) fn june() -> Value {
    json!({
        "number": "DEMO-CA-000126", "jurisdiction": "CA", "status": "reported",
        "employer": "Example Warehouse", "injured_on": "2026-11-13", "body_parts": ["left ankle"],
        "worker": "june", "worker_name": "June Mockupton", "worker_born": "1997-05-25",
        "adjuster": "dana", "supervisor": "sam", "pharmacy": null, "prescriber": "dr-sample",
        "medications": [naproxen()],
    })
}

/// On June's claim; her first fill.
pub(crate) fn naproxen() -> Value {
    json!({
        "name": "naproxen", "strength": "500 mg", "form": "tablet", "rx_number": "7700007",
        "days_supply": 7, "quantity": 14, "prescriber": "dr-sample",
    })
}

/// Hugo's claim: it lies with Dana and is Priya's.
pub(crate) fn hugo() -> Value {
    json!({
        "number": "DEMO-TX-000203", "jurisdiction": "TX", "status": "accepted",
        "employer": "Example Millworks", "injured_on": "2026-08-13", "body_parts": ["left hand"],
        "worker": "hugo", "worker_name": "Hugo Dummyson", "worker_born": "1983-07-07",
        "adjuster": "dana", "supervisor": "sam", "pharmacy": "sample-square-drugs",
        "prescriber": "dr-sample", "medications": [],
    })
}

/// The adjuster who is not on Ana's claim.
pub(crate) fn priya() -> Value {
    json!({
        "id": "priya", "role": "adjuster", "name": "Priya Demoson", "first_name": "Priya",
        "language": "en", "zone": "America/Chicago", "office": "us-office",
        "email": "priya@example.com", "phone": "+15125550102",
    })
}

/// Everyone on June's claim.
pub(crate) fn parties_of_june() -> Value {
    let zone = "America/Los_Angeles";
    json!([
        {
            "id": "june", "role": "injured_worker", "name": "June Mockupton",
            "first_name": "June", "language": "en", "zone": zone, "office": null,
            "email": "june@example.com", "phone": "+12135550125",
        },
        {
            "id": "dana", "role": "adjuster", "name": "Dana Whitfield", "first_name": "Dana",
            "language": "en", "zone": zone, "office": "us-office",
            "email": "dana@example.com", "phone": "+12135550101",
        },
        {
            "id": "sam", "role": "supervisor", "name": "Sam Okafor", "first_name": "Sam",
            "language": "en", "zone": zone, "office": "us-office",
            "email": "sam@example.com", "phone": "+12135550104",
        },
        {
            "id": "dr-sample", "role": "prescriber", "name": "Dr. Inez Sample",
            "first_name": "Inez", "language": "en", "zone": zone, "office": "us-office",
            "email": "dr-sample@example.com", "phone": "+12135550108",
        },
    ])
}
