//! The ear against a server.

use std::sync::Arc;
use std::time::Duration;

use mendline::channels::inward::{Ear, Gate, Place, Said};
use mendline::channels::telegram::{Command, TelegramEar, Waits};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fake::{Kept, Shelf, Telegram};

struct Listening {
    until: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Listening {
    fn begin(telegram: &Telegram, gate: &Kept, place: &Shelf) -> Listening {
        let help = Command {
            name: "help".into(),
            about: [("en", "What can I do here?"), ("es", "¿Qué puedo hacer aquí?")]
                .map(|(of, it)| (of.to_owned(), it.to_owned()))
                .into(),
        };
        let short = Duration::from_millis(1);
        let waits = Waits { poll: Duration::from_secs(25), first: short, most: short };
        let ear = TelegramEar::new(telegram.api(), &[help]).unwrap().waiting(waits);
        let until = CancellationToken::new();
        let (gate, place): (Arc<dyn Gate>, Arc<dyn Place>) =
            (Arc::new(gate.clone()), Arc::new(place.clone()));
        let stop = until.clone();
        let task = tokio::spawn(async move { ear.listen(gate, place, stop).await });
        Listening { until, task }
    }

    async fn stop(self) {
        self.until.cancel();
        self.task.await.unwrap().unwrap();
    }
}

fn words(id: i64, text: &str) -> Value {
    let chat = json!({ "id": 5550101, "type": "private", "first_name": "Ana" });
    let from = json!({ "id": 5550101, "is_bot": false, "first_name": "Ana" });
    let message = json!({ "message_id": id, "date": 0, "chat": chat, "from": from, "text": text });
    json!({ "update_id": id, "message": message })
}

fn ids(gate: &Kept) -> Vec<String> {
    gate.came().iter().map(|it| it.id.clone()).collect()
}

#[tokio::test]
async fn what_comes_is_handed_in_and_then_confirmed() {
    let (telegram, gate, place) = (Telegram::begin().await, Kept::default(), Shelf::default());
    telegram.fake.has_webhook();
    telegram.fake.brings(words(700, "hello"));
    let listening = Listening::begin(&telegram, &gate, &place);
    gate.until(1).await;
    place.until("701").await;
    telegram.fake.was_asked("getUpdates", 2).await;
    listening.stop().await;
    let polls = telegram.fake.asked("getUpdates");
    assert_eq!(polls[0]["allowed_updates"], json!(["message", "callback_query", "my_chat_member"]));
    assert_eq!((&polls[0]["offset"], &polls[1]["offset"]), (&Value::Null, &json!(701)));
    assert_eq!(telegram.fake.methods()[0], "deleteWebhook", "or everything would go there");
}

#[tokio::test]
async fn commands_are_offered_in_each_language() {
    let (telegram, gate, place) = (Telegram::begin().await, Kept::default(), Shelf::default());
    let listening = Listening::begin(&telegram, &gate, &place);
    telegram.fake.was_asked("setMyCommands", 2).await;
    listening.stop().await;
    let offered = telegram.fake.asked("setMyCommands");
    let said = |nth: usize| offered[nth]["commands"][0]["description"].as_str().unwrap().to_owned();
    assert_eq!(
        (said(0).as_str(), &offered[0]["language_code"]),
        ("What can I do here?", &Value::Null)
    );
    assert_eq!(
        (said(1).as_str(), &offered[1]["language_code"]),
        ("¿Qué puedo hacer aquí?", &json!("es"))
    );
    assert_eq!(offered[0]["scope"], json!({ "type": "all_private_chats" }));
}

#[tokio::test]
async fn what_is_not_on_disk_is_asked_for_again() {
    let (telegram, gate, place) = (Telegram::begin().await, Kept::default(), Shelf::default());
    for id in 700..703 {
        telegram.fake.brings(words(id, "hello"));
    }
    gate.refuses(3);
    let listening = Listening::begin(&telegram, &gate, &place);
    gate.until(3).await;
    place.until("703").await;
    listening.stop().await;
    assert_eq!(ids(&gate), ["700.700", "701.701", "702.702"], "in their order, each once");
    let polls = telegram.fake.asked("getUpdates");
    assert!(polls[..4].iter().all(|it| it["offset"].is_null()), "three times from the same place");
}

#[tokio::test]
async fn whoever_listens_next_begins_where_the_last_one_ended() {
    let (telegram, gate, place) = (Telegram::begin().await, Kept::default(), Shelf::default());
    telegram.fake.brings(words(700, "one"));
    let first = Listening::begin(&telegram, &gate, &place);
    place.until("701").await;
    first.stop().await;
    telegram.fake.brings(words(701, "two"));
    let polls = telegram.fake.asked("getUpdates").len();
    let second = Listening::begin(&telegram, &gate, &place);
    gate.until(2).await;
    second.stop().await;
    assert_eq!(telegram.fake.asked("getUpdates")[polls]["offset"], json!(701));
    assert_eq!(ids(&gate), ["700.700", "701.701"]);
}

#[tokio::test]
async fn who_lost_the_place_stops_by_itself() {
    let (telegram, gate, place) = (Telegram::begin().await, Kept::default(), Shelf::default());
    place.lose();
    telegram.fake.brings(words(700, "hello"));
    let listening = Listening::begin(&telegram, &gate, &place);
    listening.task.await.unwrap().unwrap();
    assert_eq!(place.place(), None);
    let confirmed = telegram.fake.asked("getUpdates").iter().any(|it| !it["offset"].is_null());
    assert!(!confirmed, "the other one is brought it too");
}

#[tokio::test]
async fn what_nobody_understands_holds_up_nothing() {
    let (telegram, gate, place) = (Telegram::begin().await, Kept::default(), Shelf::default());
    telegram.fake.brings(json!({ "update_id": 700, "telepathy": { "from": 1 } }));
    telegram.fake.brings(json!({ "update_id": 701, "message": "no object" }));
    telegram.fake.brings(words(702, "hello"));
    let listening = Listening::begin(&telegram, &gate, &place);
    place.until("703").await;
    listening.stop().await;
    assert_eq!(ids(&gate), ["702.702"]);
}

#[tokio::test]
async fn a_tap_is_answered_with_what_became_of_it() {
    let (telegram, place) = (Telegram::begin().await, Shelf::default());
    let gate = Kept::saying("Decided by Sam");
    let mut tap = serde_json::from_str::<Value>(include_str!("updates/tap.json")).unwrap();
    telegram.fake.brings(tap["update"].take());
    let listening = Listening::begin(&telegram, &gate, &place);
    telegram.fake.was_asked("answerCallbackQuery", 1).await;
    listening.stop().await;
    assert!(matches!(gate.came()[0].said, Said::Incoming { .. }));
    let expected = json!({ "callback_query_id": "4382bfdwdsb323b2d9", "text": "Decided by Sam" });
    assert_eq!(telegram.fake.asked("answerCallbackQuery"), [expected]);
}

#[tokio::test]
async fn a_server_in_trouble_is_waited_for() {
    let (telegram, gate, place) = (Telegram::begin().await, Kept::default(), Shelf::default());
    use super::fake::Instead;
    telegram.fake.once("deleteWebhook", Instead::Says(502, "<html>".into()));
    telegram.fake.once("getUpdates", Instead::Says(500, "<html>".into()));
    telegram.fake.once("getUpdates", Instead::Nothing);
    telegram.fake.refuses_once("getUpdates", 429, "Too Many Requests", json!({ "retry_after": 0 }));
    telegram.fake.once("getUpdates", Instead::Says(200, "[]".into()));
    telegram.fake.brings(words(700, "hello"));
    let listening = Listening::begin(&telegram, &gate, &place);
    gate.until(1).await;
    listening.stop().await;
}

#[tokio::test]
async fn a_revoked_token_and_a_second_listener_are_told_to_operators() {
    for (code, why) in
        [(401, "Unauthorized"), (409, "Conflict: terminated by other getUpdates request")]
    {
        let (telegram, gate, place) = (Telegram::begin().await, Kept::default(), Shelf::default());
        telegram.fake.refuses_once("getUpdates", code, why, json!({}));
        let listening = Listening::begin(&telegram, &gate, &place);
        let ended = listening.task.await.unwrap();
        assert!(ended.is_err(), "{code}");
    }
}

#[tokio::test]
async fn where_telegram_is_to_call_it_is_told_so_once() {
    let telegram = Telegram::begin().await;
    let ear = TelegramEar::new(telegram.api(), &[]).unwrap();
    let secret = mendline::config::Secret::from("s3cret".to_owned());
    ear.be_called("https://care.example.com/", &secret).await.unwrap();
    let expected = json!({
        "url": "https://care.example.com/webhooks/telegram", "secret_token": "s3cret",
        "allowed_updates": ["message", "callback_query", "my_chat_member"],
    });
    assert_eq!(telegram.fake.asked("setWebhook"), [expected]);
}
