//! Calling the pack as dispatch does.
#![allow(dead_code, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "tests")]

use mendline_pbm::{Pbm, example_call};
use mendline_plugin::{ActionError, Call, Plugin};
use serde_json::{Value, json};

pub const NORTHWIND: &str = "northwind-mutual-demo";
pub const CEDAR: &str = "cedar-casualty-demo";

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

pub async fn pbm() -> Pbm {
    Pbm::open(None).await.unwrap()
}

/// A call of Northwind's under this key, so many days after the examples' now.
pub fn call(key: &str, days: i64) -> Call {
    let call = example_call();
    Call { key: key.into(), now_ms: call.now_ms + days * DAY_MS, ..call }
}

pub async fn run(pbm: &Pbm, call: &Call, action: &str, input: Value) -> Result<Value, ActionError> {
    let actions = pbm.actions();
    let action = actions.iter().find(|it| it.name() == action).expect("a known action");
    action.run(call, input).await
}

/// What Northwind sees on the examples' day.
pub async fn look(pbm: &Pbm, action: &str, input: Value) -> Value {
    run(pbm, &call("look", 0), action, input).await.unwrap()
}

pub async fn claim(pbm: &Pbm, number: &str) -> Value {
    look(pbm, "claim", json!({ "number": number })).await
}

/// The refusal's code.
pub fn code(result: Result<Value, ActionError>) -> String {
    match result {
        Err(ActionError::Refused { code, .. }) => code,
        other => panic!("not refused: {other:?}"),
    }
}

/// A claim and one medicine of it, as a flow passes them.
pub async fn about(pbm: &Pbm, number: &str, rx: &str) -> Value {
    let claim = claim(pbm, number).await;
    let drugs = claim["medications"].as_array().unwrap().clone();
    let drug = drugs.into_iter().find(|it| it["rx_number"] == rx).expect("on the claim");
    json!({ "claim": claim, "drug": drug })
}

/// `about`, with more arguments.
pub fn with(mut input: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(more);
    input
}

/// The seeded rows, as written in the data files.
pub fn data(file: &str) -> Vec<Value> {
    let path = format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
