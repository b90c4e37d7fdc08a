//! Two payers with the same numbers do not notice one another.

use serde_json::json;

use super::*;
use crate::store::TWIN;

const NORTHWIND: &str = "northwind-mutual-demo";

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Asks everything about everything that Northwind has on file, and gives back every answer.
async fn ask_everything(pbm: &Pbm, payer: &str, day: i64) -> Vec<String> {
    let claims: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../data/claims.json")).unwrap();
    let mut answers = vec![];
    for claim in claims.iter().filter(|it| it["payer"] == NORTHWIND) {
        let (number, person) = (&claim["number"], &claim["worker"]);
        for rx in claim["prescriptions"].as_array().unwrap() {
            let rx = &rx["rx_number"];
            let about = json!({ "claim": number, "drug": rx });
            let other = json!({ "claim": number, "drug": "TWIN-RX" });
            for (action, input) in [
                ("open_claims", json!({ "person": person })),
                ("claim", json!({ "number": number })),
                ("claim_status", json!({ "claim": number })),
                ("prescription_by_rx", json!({ "number": number, "rx": rx })),
                ("parties_of_claim", json!({ "claim": number })),
                ("check_coverage", about.clone()),
                (
                    "verify_identity",
                    json!({ "person": person, "claim_number": number, "born": "1984-03-12" }),
                ),
                (
                    "verify_identity",
                    json!({ "person": person, "claim_number": number, "born": "1900-01-01" }),
                ),
                ("authorize", json!({ "claim": number, "drug": rx, "days": 1, "by": "somebody" })),
                ("inquire_authorization", about.clone()),
                ("prescription_by_rx", json!({ "number": number, "rx": rx })),
                // Fills wait: a yes of the twin's must still hold when it is asked again.
                ("mark_dispensed", if payer == TWIN { other.clone() } else { about.clone() }),
                ("check_coverage", other.clone()),
                ("prescription_by_rx", json!({ "number": number, "rx": "TWIN-RX" })),
                ("reassign", json!({ "claim": number })),
                ("check_coverage", about),
                ("parties_of_claim", json!({ "claim": number })),
            ] {
                let call = mendline_plugin::Call {
                    payer: payer.into(),
                    key: format!("{action}/{number}/{rx}/{day}"),
                    now_ms: example_call().now_ms + day * DAY_MS,
                };
                let actions = pbm.actions();
                let found = actions.iter().find(|it| it.name() == action).unwrap();
                let answer = found.run(&call, input).await;
                answers.push(format!("{action} {number} {rx} on day {day}: {answer:?}"));
            }
        }
    }
    answers
}

async fn with_twin() -> Pbm {
    let pbm = Pbm::open(None).await.unwrap();
    pbm.store.add_twin(NORTHWIND, example_call().now_ms).await.unwrap();
    pbm
}

fn assert_same(alone: &[String], beside: &[String]) {
    for (alone, beside) in alone.iter().zip(beside) {
        assert_eq!(alone, beside);
    }
    assert_eq!(alone.len(), beside.len());
}

#[tokio::test]
async fn a_payer_hears_the_same_whatever_another_with_the_same_numbers_does() {
    let beside = with_twin().await;
    let mut twin = ask_everything(&beside, TWIN, 0).await;
    let mut northwind = ask_everything(&beside, NORTHWIND, 0).await;
    northwind.extend(ask_everything(&beside, NORTHWIND, 40).await);
    twin.extend(ask_everything(&beside, TWIN, 1).await);

    let alone = Pbm::open(None).await.unwrap();
    let mut northwind_alone = ask_everything(&alone, NORTHWIND, 0).await;
    northwind_alone.extend(ask_everything(&alone, NORTHWIND, 40).await);
    assert_same(&northwind_alone, &northwind);

    let alone = with_twin().await;
    let mut twin_alone = ask_everything(&alone, TWIN, 0).await;
    twin_alone.extend(ask_everything(&alone, TWIN, 1).await);
    assert_same(&twin_alone, &twin);
    assert!(twin.iter().any(|it| it.contains("authorize") && it.contains("PA-")), "it acts");
}
