//! Writes: once a key, once a business act, and nothing after a refusal.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use mendline_pbm::Pbm;
use mendline_plugin::ActionError;
use serde_json::{Value, json};
use support::{about, call, claim, code, look, pbm, run, with};

const ANA: &str = "DEMO-CA-000123";
const GABAPENTIN: &str = "7700001";
const IBUPROFEN: &str = "7700002";

async fn yes(pbm: &Pbm) -> Value {
    let more = json!({ "days": 30, "by": "Dana Whitfield" });
    with(about(pbm, ANA, GABAPENTIN).await, more)
}

#[tokio::test]
async fn rule_02_the_same_key_gets_the_same_answer_and_changes_nothing() {
    let pbm = pbm().await;
    let input = yes(&pbm).await;
    let first = run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    let again = run(&pbm, &call("c/1.0", 3), "authorize", input).await.unwrap();
    assert_eq!(first, again);
}

#[tokio::test]
async fn rule_02_a_second_yes_to_the_same_fill_is_refused_with_the_number_of_the_first() {
    let pbm = pbm().await;
    let input = yes(&pbm).await;
    let first = run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    let second = run(&pbm, &call("c/2.0", 0), "authorize", input.clone()).await;
    let number = first["number"].as_str().unwrap();
    let says = second.clone().unwrap_err().to_string();
    assert!(says.contains(number), "{says}");
    assert_eq!(code(second), "already_authorized");

    // The refusal is that key's answer for good.
    assert_eq!(code(run(&pbm, &call("c/2.0", 90), "authorize", input).await), "already_authorized");
}

#[tokio::test]
async fn rule_02_naming_the_fill_or_not_is_the_same_business_act() {
    let pbm = pbm().await;
    let input = yes(&pbm).await;
    run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    let named = with(input, json!({ "fill": 1 }));
    let second = run(&pbm, &call("c/2.0", 0), "authorize", named).await;
    assert_eq!(code(second), "already_authorized");
}

#[tokio::test]
async fn rule_02_the_same_key_with_another_act_is_a_mistake() {
    let pbm = pbm().await;
    let input = yes(&pbm).await;
    run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    let other = with(input, json!({ "days": 7 }));
    let result = run(&pbm, &call("c/1.0", 0), "authorize", other).await;
    assert!(matches!(result, Err(ActionError::Input(_))), "{result:?}");
}

/// Two people decide at once, on a file as on a server, each under a key of her own.
async fn race(pbm: Pbm) {
    let pbm = Arc::new(pbm);
    let input = yes(&pbm).await;
    let tasks: Vec<_> = (0..8)
        .map(|i| {
            let (pbm, input) = (Arc::clone(&pbm), input.clone());
            tokio::spawn(async move {
                run(&pbm, &call(&format!("c/{i}.0"), 0), "authorize", input).await
            })
        })
        .collect();
    let mut done = vec![];
    let mut refused = vec![];
    for task in tasks {
        match task.await.unwrap() {
            Ok(authorized) => done.push(authorized["number"].as_str().unwrap().to_owned()),
            Err(error) => refused.push(error.to_string()),
        }
    }
    assert_eq!((done.len(), refused.len()), (1, 7), "{done:?} {refused:?}");
    assert!(refused.iter().all(|it| it.contains(&done[0])), "{refused:?}");
    let asked = look(&pbm, "inquire_authorization", about(&pbm, ANA, GABAPENTIN).await).await;
    assert_eq!(asked["number"], done[0].as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_02_of_two_people_who_decide_at_once_one_wins_in_memory() {
    race(pbm().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_02_of_two_people_who_decide_at_once_one_wins_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    race(Pbm::open(Some(&folder.path().join("deep/pbm.db"))).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_02_of_two_houses_on_one_file_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pbm.db");
    let one = Pbm::open(Some(&file)).await.unwrap();
    let other = Pbm::open(Some(&file)).await.unwrap();
    let input = yes(&one).await;
    let (here, there) = (call("c/1.0", 0), call("d/1.0", 0));
    let (a, b) = tokio::join!(
        run(&one, &here, "authorize", input.clone()),
        run(&other, &there, "authorize", input.clone()),
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
}

#[tokio::test]
async fn what_was_written_is_there_after_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pbm.db");
    let input = {
        let pbm = Pbm::open(Some(&file)).await.unwrap();
        let input = yes(&pbm).await;
        run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
        input
    };
    let pbm = Pbm::open(Some(&file)).await.unwrap();
    let again = run(&pbm, &call("c/1.0", 1), "authorize", input).await.unwrap();
    assert_eq!(again["number"], "PA-100001");
    assert_eq!(claim(&pbm, ANA).await["injured_on"], "2026-06-29", "seeded once");
}

#[tokio::test]
async fn rule_02_inquire_says_what_was_written_and_refuses_when_nothing_was() {
    let pbm = pbm().await;
    let input = yes(&pbm).await;
    let before = run(&pbm, &call("q", 0), "inquire_authorization", input.clone()).await;
    assert_eq!(code(before), "not_authorized");
    let written = run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    assert_eq!(look(&pbm, "inquire_authorization", input).await, written);
}

#[tokio::test]
async fn a_yes_covers_the_fill_and_a_used_one_no_more() {
    let pbm = pbm().await;
    let input = yes(&pbm).await;
    let asked = about(&pbm, ANA, GABAPENTIN).await;
    run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    assert_eq!(look(&pbm, "check_coverage", asked.clone()).await["status"], "covered");
    let filled = run(&pbm, &call("c/2.0", 0), "mark_dispensed", asked.clone()).await.unwrap();
    assert_eq!(filled, json!({ "filled_on": "2026-11-16", "fill": 1 }));

    let used = with(asked.clone(), json!({ "fill": 1 }));
    assert_eq!(look(&pbm, "inquire_authorization", used).await["status"], "used");
    assert_eq!(look(&pbm, "check_coverage", asked.clone()).await["status"], "needs_approval");

    // The next fill is another business act.
    let second = run(&pbm, &call("c/3.0", 30), "authorize", input).await.unwrap();
    assert_eq!(second["number"], "PA-100002");
}

#[tokio::test]
async fn a_yes_that_nobody_used_lapses_and_makes_room_for_a_new_one() {
    let pbm = pbm().await;
    let input = yes(&pbm).await;
    run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    let at_the_end = run(&pbm, &call("c/2.0", 30), "authorize", input.clone()).await;
    assert_eq!(code(at_the_end), "already_authorized");
    let after = run(&pbm, &call("c/3.0", 31), "authorize", input).await.unwrap();
    assert_eq!(after["number"], "PA-100002");
}

#[tokio::test]
async fn a_yes_with_refills_holds_for_them_but_each_waits_its_time() {
    let pbm = pbm().await;
    let asked = about(&pbm, ANA, GABAPENTIN).await;
    let input = with(yes(&pbm).await, json!({ "refills": 2 }));
    let authorized = run(&pbm, &call("c/1.0", 0), "authorize", input).await.unwrap();
    assert_eq!(authorized["until"], "2027-02-14", "three times thirty days");
    run(&pbm, &call("c/2.0", 0), "mark_dispensed", asked.clone()).await.unwrap();
    for (day, status) in [(22, "too_soon"), (23, "covered")] {
        let found = run(&pbm, &call("look", day), "check_coverage", asked.clone()).await.unwrap();
        assert_eq!(found["status"], status, "day {day}");
    }
    let again = run(&pbm, &call("c/3.0", 24), "authorize", yes(&pbm).await).await;
    assert_eq!(code(again), "already_authorized");
}

/// What Dana gives with "approve for a period".
fn a_period(from: &str, until: &str) -> Value {
    json!({ "days": 30, "by": "Dana Whitfield", "refills": 2, "from": from, "until": until })
}

async fn status_on(pbm: &Pbm, asked: &Value, day: i64) -> Value {
    run(pbm, &call("look", day), "check_coverage", asked.clone()).await.unwrap()
}

#[tokio::test]
async fn a_yes_for_a_period_covers_its_fills_inside_its_dates_and_nothing_after() {
    let pbm = pbm().await;
    let asked = about(&pbm, ANA, GABAPENTIN).await;
    let input = with(asked.clone(), a_period("2026-11-16", "2027-01-10"));
    let authorized = run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    assert_eq!(
        (&authorized["from"], &authorized["until"], &authorized["refills"]),
        (&json!("2026-11-16"), &json!("2027-01-10"), &json!(2)),
    );
    assert_eq!(look(&pbm, "inquire_authorization", input).await, authorized);
    run(&pbm, &call("c/2.0", 0), "mark_dispensed", asked.clone()).await.unwrap();
    let second = status_on(&pbm, &asked, 25).await;
    assert_eq!((&second["status"], &second["reason"]["code"]), (&json!("covered"), &json!("PAID")));
    run(&pbm, &call("c/3.0", 25), "mark_dispensed", asked.clone()).await.unwrap();
    assert_eq!(status_on(&pbm, &asked, 55).await["status"], "covered", "its last day");
    assert_eq!(status_on(&pbm, &asked, 56).await["status"], "needs_approval", "the day after");
}

#[tokio::test]
async fn a_yes_for_a_period_covers_no_fill_beyond_its_refills() {
    let pbm = pbm().await;
    let asked = about(&pbm, ANA, GABAPENTIN).await;
    let more = json!({ "days": 30, "by": "dana", "refills": 1, "until": "2027-06-01" });
    run(&pbm, &call("c/1.0", 0), "authorize", with(asked.clone(), more)).await.unwrap();
    for (key, day) in [("c/2.0", 0), ("c/3.0", 25)] {
        run(&pbm, &call(key, day), "mark_dispensed", asked.clone()).await.unwrap();
    }
    assert_eq!(status_on(&pbm, &asked, 60).await["status"], "needs_approval");
}

#[tokio::test]
async fn a_yes_for_a_period_gives_no_more_days_a_fill_than_it_says() {
    let pbm = pbm().await;
    let asked = about(&pbm, ANA, GABAPENTIN).await;
    let more = json!({ "days": 14, "by": "dana", "refills": 2, "until": "2027-01-10" });
    run(&pbm, &call("c/1.0", 0), "authorize", with(asked.clone(), more)).await.unwrap();
    let coverage = look(&pbm, "check_coverage", asked).await;
    assert_eq!((&coverage["days_supply"], &coverage["quantity"]), (&json!(14), &json!(42)));
}

#[tokio::test]
async fn a_period_that_begins_later_covers_nothing_before_and_needs_no_second_yes() {
    let pbm = pbm().await;
    let asked = about(&pbm, ANA, GABAPENTIN).await;
    let input = with(asked.clone(), a_period("2026-12-01", "2027-02-14"));
    run(&pbm, &call("c/1.0", 0), "authorize", input.clone()).await.unwrap();
    let before = status_on(&pbm, &asked, 14).await;
    assert_eq!(before["status"], "too_soon");
    assert_eq!(before["next_fill_date"], "2026-12-01");
    let early = run(&pbm, &call("c/2.0", 14), "mark_dispensed", asked.clone()).await;
    assert_eq!(code(early), "not_covered");
    let found = json!({ "number": ANA, "rx": GABAPENTIN });
    assert_eq!(look(&pbm, "prescription_by_rx", found).await["authorization"], Value::Null);
    assert_eq!(code(run(&pbm, &call("c/3.0", 14), "authorize", input).await), "already_authorized");
    assert_eq!(status_on(&pbm, &asked, 15).await["status"], "covered");
}

#[tokio::test]
async fn rule_02_the_same_key_with_another_period_is_a_mistake() {
    let pbm = pbm().await;
    let asked = about(&pbm, ANA, GABAPENTIN).await;
    let one = with(asked.clone(), a_period("2026-11-16", "2027-01-10"));
    run(&pbm, &call("c/1.0", 0), "authorize", one).await.unwrap();
    let other = with(asked, a_period("2026-11-16", "2027-01-11"));
    let result = run(&pbm, &call("c/1.0", 0), "authorize", other).await;
    assert!(matches!(result, Err(ActionError::Input(_))), "{result:?}");
}

#[tokio::test]
async fn what_may_not_be_authorized_is_refused_and_changes_nothing() {
    let pbm = pbm().await;
    for (number, rx, more, wanted) in [
        (ANA, GABAPENTIN, json!({ "days": 31, "by": "dana" }), "days_out_of_range"),
        (ANA, GABAPENTIN, json!({ "days": 0, "by": "dana" }), "days_out_of_range"),
        (ANA, GABAPENTIN, json!({ "days": 30, "by": " " }), "not_by_requester"),
        (ANA, GABAPENTIN, json!({ "days": 30, "by": "ana" }), "not_by_requester"),
        (ANA, GABAPENTIN, json!({ "days": 30, "by": "Ana Example" }), "not_by_requester"),
        (ANA, GABAPENTIN, json!({ "days": 30, "by": "dana", "fill": 2 }), "not_the_next_fill"),
        (ANA, IBUPROFEN, json!({ "days": 30, "by": "dana", "fill": 2 }), "not_the_next_fill"),
        (
            ANA,
            GABAPENTIN,
            json!({ "days": 30, "by": "dana", "refills": 9 }),
            "refills_out_of_range",
        ),
        (
            ANA,
            GABAPENTIN,
            json!({ "days": 30, "by": "dana", "refills": -1 }),
            "refills_out_of_range",
        ),
        // Schedule II has no refills.
        (
            "DEMO-TX-000201",
            "7700008",
            json!({ "days": 15, "by": "priya", "refills": 1 }),
            "no_refills",
        ),
        ("DEMO-CA-000125", "7700006", json!({ "days": 30, "by": "dana" }), "claim_closed"),
        (ANA, GABAPENTIN, a_period("2026-12-01", "2026-11-30"), "until_before_from"),
        (ANA, GABAPENTIN, a_period("2026-10-01", "2026-11-15"), "period_is_over"),
        (ANA, GABAPENTIN, a_period("2026-11-16", "2027-11-17"), "period_too_long"),
    ] {
        let asked = about(&pbm, number, rx).await;
        let key = format!("c/{rx}/{more}");
        let result = run(&pbm, &call(&key, 0), "authorize", with(asked.clone(), more)).await;
        assert_eq!(code(result), wanted);
        let written = run(&pbm, &call("q", 0), "inquire_authorization", asked).await;
        assert_eq!(code(written), "not_authorized");
    }
}

#[tokio::test]
async fn a_claim_that_is_not_hers_goes_to_its_owner_then_to_the_supervisor_then_to_nobody() {
    let pbm = pbm().await;
    for (key, holder) in [("c/1.0", "priya"), ("c/2.0", "sam")] {
        let record = claim(&pbm, "DEMO-TX-000203").await;
        let input = json!({ "claim": record });
        let given = run(&pbm, &call(key, 0), "reassign", input.clone()).await.unwrap();
        assert_eq!((&given["id"], &given["role"]), (&json!(holder), &json!("adjuster")));
        assert_eq!(claim(&pbm, "DEMO-TX-000203").await["adjuster"], holder);
        assert_eq!(run(&pbm, &call(key, 0), "reassign", input).await.unwrap(), given, "same key");
    }
    let input = json!({ "claim": claim(&pbm, "DEMO-TX-000203").await });
    assert_eq!(code(run(&pbm, &call("c/3.0", 0), "reassign", input).await), "nobody_else");

    let parties = look(&pbm, "parties_of_claim", json!({ "claim": "DEMO-TX-000203" })).await;
    let roles: Vec<_> = parties["parties"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["id"] == "sam")
        .map(|it| it["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["adjuster", "supervisor"]);
}

#[tokio::test]
async fn two_cards_that_both_say_not_mine_move_the_claim_once() {
    let pbm = pbm().await;
    let shown = json!({ "claim": claim(&pbm, "DEMO-TX-000203").await });
    let first = run(&pbm, &call("c/1.0", 0), "reassign", shown.clone()).await.unwrap();
    let second = run(&pbm, &call("d/1.0", 0), "reassign", shown).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(claim(&pbm, "DEMO-TX-000203").await["adjuster"], "priya");
}

#[tokio::test]
async fn a_fill_is_noted_once_and_only_when_it_is_covered() {
    let pbm = pbm().await;
    let not_yet = about(&pbm, ANA, GABAPENTIN).await;
    let result = run(&pbm, &call("c/0.0", 0), "mark_dispensed", not_yet).await;
    assert_eq!(code(result), "not_covered");

    let asked = about(&pbm, ANA, IBUPROFEN).await;
    let first = run(&pbm, &call("c/1.0", 0), "mark_dispensed", asked.clone()).await.unwrap();
    assert_eq!(first["fill"], 3);
    let again = run(&pbm, &call("c/1.0", 0), "mark_dispensed", asked.clone()).await.unwrap();
    assert_eq!(again, first);
    for (key, more) in [("c/2.0", json!({})), ("c/3.0", json!({ "fill": 3 }))] {
        let input = with(asked.clone(), more);
        let result = run(&pbm, &call(key, 0), "mark_dispensed", input).await;
        assert_eq!(code(result), "already_dispensed");
    }
    let skipped = with(asked, json!({ "fill": 5 }));
    let result = run(&pbm, &call("c/4.0", 40), "mark_dispensed", skipped).await;
    assert_eq!(code(result), "not_the_next_fill");
}

#[tokio::test]
async fn fewer_days_are_handed_out_in_proportion() {
    let pbm = pbm().await;
    let asked = about(&pbm, ANA, GABAPENTIN).await;
    let input = with(asked.clone(), json!({ "days": 14, "by": "dana" }));
    run(&pbm, &call("c/1.0", 0), "authorize", input).await.unwrap();
    run(&pbm, &call("c/2.0", 0), "mark_dispensed", asked.clone()).await.unwrap();
    let coverage = look(&pbm, "check_coverage", asked).await;
    assert_eq!(coverage["history"], json!(["2026-11-16, quantity 42, 14 days"]));
}
