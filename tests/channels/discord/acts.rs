//! Commands, taps and forms against a server: each is answered in time, beside what was done, and
//! for nobody else to see.

use std::sync::Arc;

use async_trait::async_trait;
use mendline::channels::Incoming;
use mendline::channels::inward::{Came, Entered, Gate, NotTaken, Said};
use mendline::store::MessageRef;
use mendline_engine::event::Receipt;
use serde_json::{Value, json};

use super::fake::{APPLICATION, DM, Discord, Fake, act};
use crate::telegram::fake::{Kept, Shelf};

const TAP: &str = "uAZCjwnsefMOdby8fSw2aEQ17.3:approve";

/// What an ear answered to something, and what it handed in.
async fn answered(gate: Kept, it: Value) -> (Value, Vec<Came>) {
    let discord = Discord::begin().await;
    let listening = discord.listen(&gate, &Shelf::default());
    discord.fake.is_heard().await;
    discord.fake.brings("INTERACTION_CREATE", it);
    discord.fake.until(|it| !it.asked("POST", "/interactions").is_empty()).await;
    listening.stop().await;
    let mut answers = discord.fake.asked("POST", "/interactions");
    assert_eq!(answers.len(), 1);
    let path = discord.fake.requests().into_iter().find(|it| it.contains("/interactions"));
    assert_eq!(path.unwrap(), "POST /interactions/800/canary-token-800/callback");
    (answers.remove(0), gate.came())
}

fn words(came: &[Came]) -> Option<&str> {
    match &came.first()?.said {
        Said::Incoming { incoming: Incoming::Words(words), .. } => Some(words),
        _ => None,
    }
}

fn is_for_nobody_else(answer: &Value) {
    assert_eq!(answer["data"]["flags"], 64, "{answer}");
}

#[tokio::test]
async fn a_tap_is_seen_and_says_what_became_of_it() {
    let (answer, came) =
        answered(Kept::default(), act(800, 3, json!({ "custom_id": TAP, "component_type": 2 })))
            .await;
    assert_eq!(answer["type"], 6, "seen, and nothing to read");
    let Said::Incoming { incoming: Incoming::Tap { question, choice, .. }, .. } = &came[0].said
    else {
        panic!("a tap")
    };
    assert_eq!(question.to_string(), "0190a3c2-7b1e-7cc3-9d6f-2f1f4b0d9a11/17.3");
    assert_eq!((choice.as_str(), came[0].id.as_str()), ("approve", "800"));
    let gate = Kept::saying("Decided by Sam");
    let (answer, _) = answered(gate, act(800, 3, json!({ "custom_id": TAP }))).await;
    assert_eq!(
        (&answer["type"], &answer["data"]["content"]),
        (&json!(4), &json!("Decided by Sam"))
    );
    is_for_nobody_else(&answer);
}

#[tokio::test]
async fn a_forged_button_is_no_tap() {
    for forged in ["", "approve", "u----------------------1.1:approve", "c99:x1.1:a"] {
        let (answer, came) =
            answered(Kept::default(), act(800, 3, json!({ "custom_id": forged }))).await;
        assert_eq!((answer["type"].as_u64(), came.len()), (Some(4), 0), "{forged}");
        is_for_nobody_else(&answer);
    }
}

#[tokio::test]
async fn a_command_is_the_words_that_could_have_been_typed() {
    let data = json!({
        "name": "approve", "type": 1,
        "options": [{ "name": "days", "type": 4, "value": 14 }, { "name": "number", "type": 4, "value": 2 }],
    });
    let (answer, came) = answered(Kept::default(), act(800, 2, data)).await;
    assert_eq!(words(&came), Some("/approve 2 days 14"));
    assert_eq!(answer["type"], 4);
    is_for_nobody_else(&answer);
}

#[tokio::test]
async fn a_code_given_as_a_command_links() {
    let data =
        json!({ "name": "link", "options": [{ "name": "code", "type": 3, "value": " C0de " }] });
    let (_, came) = answered(Kept::default(), act(800, 2, data)).await;
    assert_eq!(came[0].said, Said::Link("C0de".into()));
}

#[tokio::test]
async fn a_reason_that_is_missing_is_asked_for_in_a_form_and_nothing_is_said_before() {
    let data = json!({ "name": "deny", "options": [{ "name": "number", "type": 4, "value": 2 }] });
    let (form, came) = answered(Kept::default(), act(800, 2, data)).await;
    assert_eq!((form["type"].as_u64(), came.len()), (Some(9), 0));
    let rows =
        json!([{ "type": 1, "components": [{ "custom_id": "words", "value": " TOO_EARLY" }] }]);
    let sent = json!({ "custom_id": form["data"]["custom_id"], "components": rows });
    let (_, came) = answered(Kept::default(), act(800, 5, sent)).await;
    assert_eq!(words(&came), Some("/deny 2 TOO_EARLY"));
    for forged in ["", "form:", "form:/nuke 1", "form:queue", "words"] {
        let sent = json!({ "custom_id": forged, "components": rows });
        let (_, came) = answered(Kept::default(), act(800, 5, sent)).await;
        assert!(came.is_empty(), "{forged}");
    }
}

#[tokio::test]
async fn what_is_typed_is_completed_in_a_direct_message_alone() {
    let options = json!([
        { "name": "number", "type": 4, "value": 2 },
        { "name": "how", "type": 3, "value": "re", "focused": true },
    ]);
    let typing = act(800, 4, json!({ "name": "giveback", "options": options }));
    let (answer, came) = answered(Kept::default(), typing.clone()).await;
    assert_eq!((answer["type"].as_u64(), came.len()), (Some(8), 0));
    let choices = answer["data"]["choices"].as_array().unwrap();
    assert_eq!((choices.len(), &choices[0]["value"]), (1, &json!("retry")));
    let (answer, _) = answered(Kept::default(), in_server(typing)).await;
    assert_eq!(answer["data"]["choices"], json!([]));
}

fn in_server(mut it: Value) -> Value {
    it["guild_id"] = json!("4242");
    it["context"] = json!(0);
    it["member"] = json!({ "user": it["user"].take() });
    it
}

#[tokio::test]
async fn in_a_server_only_the_way_to_a_direct_message_is_said() {
    let queue = act(800, 2, json!({ "name": "queue" }));
    let tap = act(800, 3, json!({ "custom_id": TAP }));
    let link =
        act(800, 2, json!({ "name": "link", "options": [{ "name": "code", "value": "C0de" }] }));
    let mut with_friends = queue.clone();
    with_friends["context"] = json!(2);
    for it in [in_server(queue), in_server(tap), in_server(link), with_friends] {
        let (answer, came) = answered(Kept::saying("Decided by Sam"), it).await;
        assert_eq!(came[0].said, Said::InPublic);
        assert!(answer["data"]["content"].as_str().unwrap().contains("direct messages"));
        is_for_nobody_else(&answer);
    }
}

#[tokio::test]
async fn what_is_not_on_disk_is_said_to_be_so() {
    let gate = Kept::default();
    gate.refuses(1);
    let mut stop = act(800, 2, json!({ "name": "queue" }));
    stop["locale"] = json!("es-419");
    let (answer, came) = answered(gate, stop).await;
    assert!(came.is_empty());
    assert!(answer["data"]["content"].as_str().unwrap().contains("No se cambió nada"));
}

/// A gate that takes its time: until Discord was told that it takes longer.
struct Slow(Kept, Fake);

#[async_trait]
impl Gate for Slow {
    async fn came(&self, it: Came) -> Result<Entered, NotTaken> {
        self.1.until(|it| !it.asked("POST", "/interactions").is_empty()).await;
        Gate::came(&self.0, it).await
    }

    async fn reported(&self, _key: &MessageRef, _receipt: Receipt) -> Result<(), NotTaken> {
        Ok(())
    }
}

#[tokio::test]
async fn what_takes_longer_is_acknowledged_first_and_answered_in_its_place() {
    for (kind, data, first, path) in [
        (2, json!({ "name": "queue" }), 5, "/messages/@original"),
        (3, json!({ "custom_id": TAP }), 6, ""),
    ] {
        let (discord, kept) = (Discord::begin().await, Kept::saying("Decided by Sam"));
        let listening = discord
            .listen_to(Arc::new(Slow(kept.clone(), discord.fake.clone())), &Shelf::default());
        discord.fake.is_heard().await;
        discord.fake.brings("INTERACTION_CREATE", act(800, kind, data));
        discord.fake.until(|it| it.requests().iter().any(|it| it.contains("/webhooks"))).await;
        listening.stop().await;
        assert_eq!(discord.fake.asked("POST", "/interactions")[0]["type"], first);
        let late = discord.fake.requests().into_iter().find(|it| it.contains("/webhooks")).unwrap();
        assert!(
            late.ends_with(&format!("/webhooks/{APPLICATION}/canary-token-800{path}")),
            "{late}"
        );
        assert_eq!(kept.came().len(), 1);
    }
}

#[tokio::test]
async fn a_direct_message_in_which_only_commands_were_given_is_looked_at_too() {
    let (discord, gate, place) = (Discord::begin().await, Kept::default(), Shelf::default());
    let first = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    discord.fake.brings("INTERACTION_CREATE", act(800, 2, json!({ "name": "queue" })));
    let kept = format!("\"{DM}\":800");
    discord.fake.until(|_| place.place().is_some_and(|it| it.contains(&kept))).await;
    first.stop().await;
    discord.fake.forgets();
    discord.fake.written(DM, super::fake::words(801, "meanwhile"));
    let second = discord.listen(&gate, &place);
    gate.until(2).await;
    second.stop().await;
    assert_eq!(words(&gate.came()[1..]), Some("meanwhile"));
}
