//! The pharmacist's door.

use axum::http::StatusCode;
use serde_json::json;

use crate::house::{ANA, PAYER, Place, place};

const RIGHT: [(&str, &str); 2] = [("claim", "DEMO-CA-000123"), ("rx", "7700001")];

async fn look(place: &Place, claim: &str, rx: &str) -> crate::house::Answer {
    place.post("/rx", "", &[("claim", claim), ("rx", rx)]).await
}

#[tokio::test]
async fn the_right_pair_shows_where_it_stands_and_whose_move_it_is() {
    let place = place(true).await;
    let answer = place.post("/rx", "", &RIGHT).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.says("No request for approval has been made yet"));
    assert!(answer.says("Whose move") && answer.says("gabapentin 300 mg"));
}

#[tokio::test]
async fn rule_12_a_wrong_pair_reads_exactly_like_an_unknown_one() {
    let place = place(false).await;
    let wrong = look(&place, "DEMO-CA-000123", "1111111").await;
    let unknown = look(&place, "DEMO-XX-999999", "1111111").await;
    let blank = |answer: &crate::house::Answer, claim: &str| answer.body.replace(claim, "");
    assert_eq!(wrong.status, unknown.status);
    assert_eq!(blank(&wrong, "DEMO-CA-000123"), blank(&unknown, "DEMO-XX-999999"));
    assert!(!wrong.says("gabapentin") && !wrong.says("name=\"token\""));
}

#[tokio::test]
async fn the_door_never_says_who_or_why() {
    let answer = place(true).await.post("/rx", "", &RIGHT).await;
    for private in ["Ana", "Example Foundry", "lower back", "Dana", "formulary"] {
        assert!(!answer.says(private), "says {private}");
    }
}

#[tokio::test]
async fn the_eleventh_look_in_a_minute_waits() {
    let place = place(true).await;
    for _ in 0..10 {
        assert_eq!(look(&place, "DEMO-XX-1", "1").await.status, StatusCode::OK);
    }
    let answer = look(&place, "DEMO-XX-1", "1").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "60");
    assert!(answer.says("Please wait a minute"));
}

#[tokio::test]
async fn an_approval_shows_its_number_and_a_fill_is_noted_once() {
    let place = place(true).await;
    authorize(&place).await;
    let answer = place.post("/rx", "", &RIGHT).await;
    assert!(answer.says("Approved. Run it again now.") && answer.says("Authorization number"));
    let token = answer.field("token");
    for _ in 0..2 {
        let done = place.post("/rx/done", "", &[("token", &token)]).await;
        assert_eq!(done.status, StatusCode::OK);
        assert!(done.says("We noted that it was filled"));
    }
    let read = run(&place, "pbm.check_coverage", "cover").await;
    assert_eq!(read["history"].as_array().unwrap().len(), 1, "{read}");
}

async fn authorize(place: &Place) {
    let input = pair(place).await;
    let input = json!({ "claim": input["claim"], "drug": input["drug"], "days": 30, "by": "Dana" });
    place.house.host.run("pbm.authorize", &call("a"), input).await.unwrap();
}

async fn run(place: &Place, action: &str, key: &str) -> serde_json::Value {
    let input = pair(place).await;
    let input = json!({ "claim": input["claim"], "drug": input["drug"] });
    place.house.host.run(action, &call(key), input).await.unwrap()
}

async fn pair(place: &Place) -> serde_json::Value {
    let input = json!({ "number": "DEMO-CA-000123", "rx": "7700001" });
    place.house.host.run("pbm.prescription_by_rx", &call("p"), input).await.unwrap()
}

fn call(key: &str) -> mendline_plugin::Call {
    let now_ms = crate::house::START_MS;
    mendline_plugin::Call { payer: PAYER.into(), key: key.into(), now_ms }
}

#[tokio::test]
async fn a_page_that_did_not_come_from_a_right_pair_does_nothing() {
    let place = place(true).await;
    for path in ["/rx/again", "/rx/done", "/rx/still", "/rx/call"] {
        let answer = place.post(path, "", &[("token", "forged"), ("phone", "2135550100")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
    }
}

#[tokio::test]
async fn a_call_back_needs_a_number_and_then_stands_before_the_desk_once() {
    let place = place(true).await;
    place.publish("pharmacy-asks").await;
    let token = place.post("/rx", "", &RIGHT).await.field("token");
    let without = place.post("/rx/call", "", &[("token", &token), ("phone", "soon")]).await;
    assert!(without.says("a phone number with its area code"));
    for _ in 0..2 {
        let form = [("token", token.as_str()), ("phone", "213 555 0100")];
        assert!(place.post("/rx/call", "", &form).await.says("will call"));
    }
    place.idle().await;
    let tasks = place.house.store.handoffs(PAYER, &["pharmacy_desk".into()]).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert!(serde_json::to_string(&tasks[0].open).unwrap().contains("213 555 0100"));
    assert_eq!(tasks[0].person, None, "nobody is held for it");
    let lines = place.house.store.lines_after(PAYER, ANA, "web", 0, 10).await.unwrap();
    assert!(lines.is_empty(), "it is no matter of the worker's chat");
}

#[tokio::test]
async fn still_rejecting_stands_before_the_desk() {
    let place = place(true).await;
    place.publish("pharmacy-asks").await;
    let token = place.post("/rx", "", &RIGHT).await.field("token");
    assert!(place.post("/rx/still", "", &[("token", &token)]).await.says("still rejects"));
    place.idle().await;
    let tasks = place.house.store.handoffs(PAYER, &["pharmacy_desk".into()]).await.unwrap();
    assert_eq!(tasks.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_passed_on_is_not_said_to_be() {
    let place = place(true).await;
    let token = place.post("/rx", "", &RIGHT).await.field("token");
    let answer = place.post("/rx/still", "", &[("token", &token)]).await;
    assert!(answer.says("cannot pass this on") && !answer.says("Thank you"));
}

#[tokio::test]
async fn the_card_is_for_the_worker_herself_alone() {
    let place = place(true).await;
    let stranger = place.get("/chat/pharmacist-card").await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
    let cookie = place.enter(ANA).await;
    let card = place.get_as("/chat/pharmacist-card", &cookie).await;
    assert!(card.says("For the pharmacist") && card.says("DEMO-CA-000123"));
}
