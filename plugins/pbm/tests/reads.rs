//! Reads: what is said, and above all what is not said.

mod support;

use mendline_pbm::example_call;
use mendline_plugin::Call;
use serde_json::{Value, json};
use support::{CEDAR, about, call, code, data, look, pbm, run};

#[tokio::test]
async fn a_worker_with_two_open_claims_is_given_both_the_older_first() {
    let claims = look(&pbm().await, "open_claims", json!({ "person": "theo" })).await;
    let numbers: Vec<_> = claims.as_array().unwrap().iter().map(|it| &it["number"]).collect();
    assert_eq!(numbers, ["DEMO-TX-000201", "DEMO-TX-000202"]);
}

#[tokio::test]
async fn a_denied_claim_says_why_only_after_its_letter() {
    let pbm = pbm().await;
    let told = look(&pbm, "claim_status", json!({ "claim": "DEMO-TN-000501" })).await;
    assert_eq!(told["letter_sent"], true);
    assert_eq!(told["reason"]["code"], "LETTER_NOT_WORK_RELATED");
    assert!(told["reason"]["words"]["es"].is_string());

    let silent = look(&pbm, "claim_status", json!({ "claim": "DEMO-AZ-000601" })).await;
    assert_eq!(silent["state"], "denied");
    assert_eq!(silent["letter_sent"], false);
    assert_eq!((&silent["letter_date"], &silent["reason"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_wrong_pair_of_numbers_looks_like_a_right_one_with_nothing_in_it() {
    let pbm = pbm().await;
    let ask = |number, rx| json!({ "number": number, "rx": rx });
    let found = look(&pbm, "prescription_by_rx", ask("DEMO-CA-000123", "7700001")).await;
    let half = look(&pbm, "prescription_by_rx", ask("DEMO-CA-000123", "0000000")).await;
    let none = look(&pbm, "prescription_by_rx", ask("DEMO-XX-000000", "0000000")).await;
    assert_eq!(half, none);
    let members = |it: &Value| it.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&found), members(&none));
}

#[tokio::test]
async fn only_the_person_is_recognised() {
    let pbm = pbm().await;
    for (person, number, born, zip, matches) in [
        (Some("ana"), "0123", "1984-03-12", None, true),
        (Some("ana"), "DEMO-CA-000123", "1984-03-12", None, true),
        (Some("ana"), "0123", "1984-03-12", Some("90012"), true),
        (Some("ana"), "0123", "1984-03-12", Some("90013"), false),
        (Some("ana"), "0124", "1984-03-12", None, false),
        (Some("ana"), "", "1984-03-12", None, false),
        (Some("ana"), "0123", "", None, false),
        (Some("theo"), "0202", "1979-11-02", None, true),
        (Some("lucia"), "0123", "1984-03-12", None, false),
        (Some("dana"), "0123", "1984-03-12", None, false),
        (Some("nobody"), "XXXX", "----------", None, false),
        (None, "DEMO-CA-000123", "1984-03-12", Some("90012"), true),
        (None, "DEMO-CA-000123", "1984-03-12", Some("90013"), false),
        (None, "DEMO-CA-000123", "1984-03-12", None, false),
        (None, "0123", "1984-03-12", Some("90012"), true),
        (None, "0123", "1984-03-12", Some("90013"), false),
        (None, "0123", "1984-03-12", None, false),
        (None, "123", "1984-03-12", Some("90012"), false),
        (None, "none-xx-xxxxxx", "----------", Some("-----"), false),
    ] {
        let input = json!({ "person": person, "claim_number": number, "born": born, "zip": zip });
        let said = look(&pbm, "verify_identity", input.clone()).await;
        assert_eq!(said["matches"], matches, "{input}");
        assert_eq!(said["person"].is_string(), matches, "{input}");
    }
}

#[tokio::test]
async fn the_days_opioids_are_added_up_over_the_claim() {
    let pbm = pbm().await;
    // Tramadol 50 mg, four a day, with nothing else: 200 mg x 0.2.
    let alone = look(&pbm, "check_coverage", about(&pbm, "DEMO-TX-000203", "7700013").await).await;
    assert_eq!(alone["mme"], 40.0);
    // The same with oxycodone 10 mg, two a day, of which half a supply is left: 30 more.
    let both = look(&pbm, "check_coverage", about(&pbm, "DEMO-PA-000901", "7700027").await).await;
    assert_eq!(both["mme"], 70.0);
    // Another eighteen days, and that supply is used up.
    let asked = about(&pbm, "DEMO-PA-000901", "7700027").await;
    let later = run(&pbm, &call("look", 18), "check_coverage", asked).await.unwrap();
    assert_eq!(later["mme"], 40.0);
    let none = look(&pbm, "check_coverage", about(&pbm, "DEMO-TX-000203", "7700012").await).await;
    assert_eq!(none["mme"], Value::Null);
}

#[tokio::test]
async fn what_blocks_is_the_claim_before_the_medicine() {
    let pbm = pbm().await;
    for (number, rx, code) in [
        ("DEMO-CA-000125", "7700006", "69"),
        ("DEMO-TN-000501", "7700018", "65"),
        ("DEMO-CA-000123", "7700001", "75"),
        ("DEMO-TX-000203", "7700013", "88"),
    ] {
        let found = look(&pbm, "check_coverage", about(&pbm, number, rx).await).await;
        assert_eq!(found["reject_code"], code, "{number}");
        assert_eq!(found["status"], "needs_approval");
    }
}

#[tokio::test]
async fn time_comes_only_from_the_call() {
    let pbm = pbm().await;
    let asked = about(&pbm, "DEMO-CA-000123", "7700003").await;
    for (day, status) in [(0, "too_soon"), (5, "too_soon"), (6, "covered")] {
        let found = run(&pbm, &call("look", day), "check_coverage", asked.clone()).await.unwrap();
        assert_eq!(found["status"], status, "day {day}");
    }
}

#[tokio::test]
async fn an_unknown_claim_medicine_or_payer_is_refused_in_words_without_content() {
    let pbm = pbm().await;
    let ask = |claim: &str, rx: &str| json!({ "claim": claim, "drug": rx });
    for (input, wanted) in [
        (ask("DEMO-CA-999999", "7700001"), "unknown_claim"),
        (ask("DEMO-CA-000123", "9999999"), "unknown_prescription"),
    ] {
        let result = run(&pbm, &call("look", 0), "check_coverage", input).await;
        assert!(!result.clone().unwrap_err().to_string().contains("999999"), "{result:?}");
        assert_eq!(code(result), wanted);
    }
    let stranger = Call { payer: "nobody-demo".into(), ..example_call() };
    let result = run(&pbm, &stranger, "check_coverage", ask("DEMO-CA-000123", "7700001")).await;
    assert_eq!(code(result), "unknown_claim");
}

#[tokio::test]
async fn every_seeded_claim_answers_every_read() {
    let pbm = pbm().await;
    for claim in data("claims.json") {
        let call = Call { payer: claim["payer"].as_str().unwrap().into(), ..example_call() };
        let number = json!({ "number": claim["number"] });
        let record = run(&pbm, &call, "claim", number).await.unwrap();
        run(&pbm, &call, "claim_status", json!({ "claim": record })).await.unwrap();
        let parties =
            run(&pbm, &call, "parties_of_claim", json!({ "claim": record })).await.unwrap();
        assert!(parties["parties"].as_array().unwrap().len() >= 3, "{}", claim["number"]);
        for drug in record["medications"].as_array().unwrap() {
            let asked = json!({ "claim": record, "drug": drug });
            let coverage = run(&pbm, &call, "check_coverage", asked).await.unwrap();
            let too_soon = coverage["status"] == "too_soon";
            assert_eq!(too_soon, coverage["next_fill_date"].is_string());
            assert!(coverage["reason"]["words"]["es"].is_string());
        }
    }
    assert_ne!(CEDAR, example_call().payer);
}
