//! The ear against a gateway.

use serde_json::{Value, json};

use super::fake::{DM, Discord, Instead, words};
use crate::telegram::fake::{Kept, Shelf};

async fn begin() -> (Discord, Kept, Shelf) {
    (Discord::begin().await, Kept::default(), Shelf::default())
}

fn ids(gate: &Kept) -> Vec<String> {
    gate.came().iter().map(|it| it.id.clone()).collect()
}

/// Waits until the place says that a message is behind us.
async fn reached(discord: &Discord, place: &Shelf, id: u64) {
    let kept = format!("\"{DM}\":{id}");
    discord.fake.until(|_| place.place().is_some_and(|it| it.contains(&kept))).await;
}

#[tokio::test]
async fn what_comes_is_handed_in_and_then_kept() {
    let (discord, gate, place) = begin().await;
    let listening = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    discord.fake.brings("MESSAGE_CREATE", words(700, "hello"));
    gate.until(1).await;
    reached(&discord, &place, 700).await;
    listening.stop().await;
    let began = &discord.fake.heard(2)[0];
    assert_eq!(began["intents"], 1 << 12, "what others write in servers is not asked for");
    let kept: Value = serde_json::from_str(&place.place().unwrap()).unwrap();
    assert_eq!((&kept["session"]["id"], &kept["session"]["seq"]), (&json!("session-1"), &json!(2)));
}

#[tokio::test]
async fn a_line_that_broke_is_gone_on_with_and_nothing_is_lost() {
    let (discord, gate, place) = begin().await;
    let listening = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    for (id, code) in [(700, 1006), (701, 4000), (702, 1001)] {
        discord.fake.brings("MESSAGE_CREATE", words(id, "hello"));
        gate.until(usize::try_from(id).unwrap() - 699).await;
        discord.fake.closes(code);
        discord.fake.brings("MESSAGE_CREATE", words(id + 50, "meanwhile"));
        discord.fake.is_heard().await;
    }
    gate.until(6).await;
    listening.stop().await;
    let came = ids(&gate);
    assert_eq!(came, ["700", "750", "701", "751", "702", "752"], "in their order, each once");
    assert_eq!((discord.fake.heard(2).len(), discord.fake.heard(6).len()), (1, 3));
    let asked = discord.fake.asked("GET", "/channels");
    assert_eq!(asked, Vec::<Value>::new(), "the gateway brought it all");
}

#[tokio::test]
async fn a_gateway_that_asks_for_it_is_come_back_to() {
    let (discord, gate, place) = begin().await;
    let listening = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    for word in [json!({ "op": 7 }), json!({ "op": 9, "d": true })] {
        let before = discord.fake.heard(6).len();
        discord.fake.says(word);
        discord.fake.until(|it| it.heard(6).len() > before).await;
    }
    discord.fake.brings("MESSAGE_CREATE", words(700, "hello"));
    gate.until(1).await;
    listening.stop().await;
    assert_eq!(discord.fake.heard(2).len(), 1);
}

#[tokio::test]
async fn whoever_listens_next_goes_on_where_the_last_one_ended() {
    let (discord, gate, place) = begin().await;
    let first = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    discord.fake.brings("MESSAGE_CREATE", words(700, "one"));
    reached(&discord, &place, 700).await;
    first.stop().await;
    discord.fake.brings("MESSAGE_CREATE", words(701, "two"));
    let second = discord.listen(&gate, &place);
    gate.until(2).await;
    second.stop().await;
    assert_eq!(ids(&gate), ["700", "701"]);
    assert_eq!(discord.fake.heard(6)[0]["session_id"], "session-1");
    assert_eq!(discord.fake.heard(6)[0]["seq"], 2);
}

#[tokio::test]
async fn what_was_written_while_nobody_listened_is_fetched_once() {
    let (discord, gate, place) = begin().await;
    let first = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    discord.fake.brings("MESSAGE_CREATE", words(700, "before"));
    reached(&discord, &place, 700).await;
    first.stop().await;
    discord.fake.forgets();
    for id in 701..=880 {
        discord.fake.written(DM, words(id, "meanwhile"));
    }
    let mut own = words(881, "ours");
    own["author"]["bot"] = json!(true);
    discord.fake.written(DM, own);
    let slow = json!({ "message": "slow", "retry_after": 0.01 }).to_string();
    discord.fake.once("/channels", Instead::Says(429, Vec::new(), slow));
    discord.fake.once("/channels", Instead::Says(502, Vec::new(), "<html>".into()));
    let second = discord.listen(&gate, &place);
    reached(&discord, &place, 881).await;
    discord.fake.brings("MESSAGE_CREATE", words(880, "meanwhile"));
    discord.fake.brings("MESSAGE_CREATE", words(882, "after"));
    reached(&discord, &place, 882).await;
    second.stop().await;
    let expected: Vec<_> = (700..=880).chain([882]).map(|it| it.to_string()).collect();
    assert_eq!(ids(&gate), expected);
    let asked: Vec<_> = discord.fake.requests().into_iter().filter(|it| it.contains('?')).collect();
    let page = |after: u64| format!("GET /channels/{DM}/messages?after={after}&limit=100");
    assert_eq!(asked, [page(700), page(700), page(700), page(800)]);
    assert_eq!((discord.fake.heard(6).len(), discord.fake.heard(2).len()), (1, 2));
}

#[tokio::test]
async fn a_search_that_was_broken_off_is_taken_up_again() {
    let (discord, gate, place) = begin().await;
    let first = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    discord.fake.brings("MESSAGE_CREATE", words(700, "before"));
    reached(&discord, &place, 700).await;
    first.stop().await;
    discord.fake.forgets();
    discord.fake.written(DM, words(701, "meanwhile"));
    gate.refuses(u32::MAX);
    let second = discord.listen(&gate, &place);
    discord.fake.until(|it| !it.asked("GET", "/channels").is_empty()).await;
    second.stop().await;
    gate.refuses(0);
    let third = discord.listen(&gate, &place);
    gate.until(2).await;
    third.stop().await;
    assert_eq!(ids(&gate), ["700", "701"]);
}

#[tokio::test]
async fn a_direct_message_that_is_gone_holds_up_nothing() {
    let (discord, gate, place) = begin().await;
    let first = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    let mut other = words(690, "before");
    other["channel_id"] = json!("4242");
    discord.fake.brings("MESSAGE_CREATE", words(689, "before"));
    discord.fake.brings("MESSAGE_CREATE", other);
    gate.until(2).await;
    discord.fake.until(|_| place.place().is_some_and(|it| it.contains("4242"))).await;
    first.stop().await;
    discord.fake.forgets();
    discord.fake.refuses_once("/channels/4242", 404, 10_003);
    discord.fake.written(DM, words(701, "meanwhile"));
    let second = discord.listen(&gate, &place);
    reached(&discord, &place, 701).await;
    second.stop().await;
    assert!(!place.place().unwrap().contains("4242"));
}

#[tokio::test]
async fn what_is_not_on_disk_is_tried_until_it_is() {
    let (discord, gate, place) = begin().await;
    gate.refuses(3);
    let listening = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    for id in 700..703 {
        discord.fake.brings("MESSAGE_CREATE", words(id, "hello"));
    }
    gate.until(3).await;
    reached(&discord, &place, 702).await;
    listening.stop().await;
    assert_eq!(ids(&gate), ["700", "701", "702"], "in their order, each once");
}

#[tokio::test]
async fn who_lost_the_place_stops_by_itself() {
    let (discord, gate, place) = begin().await;
    place.lose();
    let listening = discord.listen(&gate, &place);
    listening.task.await.unwrap().unwrap();
    assert_eq!(place.place(), None);
}

#[tokio::test]
async fn what_nobody_understands_holds_up_nothing() {
    let (discord, gate, place) = begin().await;
    let listening = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    discord.fake.says(json!({ "op": 77, "d": "telepathy" }));
    discord.fake.says(json!("no object"));
    discord.fake.says(json!({ "op": 0, "t": "TELEPATHY", "d": 1 }));
    discord.fake.brings("TELEPATHY", json!({ "from": 1 }));
    discord.fake.brings("INTERACTION_CREATE", json!([]));
    discord.fake.brings("MESSAGE_CREATE", words(702, "hello"));
    reached(&discord, &place, 702).await;
    listening.stop().await;
    assert_eq!((ids(&gate), discord.fake.heard(2).len()), (vec!["702".to_owned()], 1));
}

#[tokio::test]
async fn where_a_gateway_is_configured_no_other_is_ever_gone_to() {
    let (discord, gate, place) = begin().await;
    let decoy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    discord.fake.names_gateway(format!("ws://{}", decoy.local_addr().unwrap()));
    discord.fake.once("/gateway", Instead::Says(500, Vec::new(), "<html>".into()));
    let listening = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    discord.fake.closes(4000);
    discord.fake.until(|it| it.heard(6).len() == 1).await;
    discord.fake.is_heard().await;
    discord.fake.forgets();
    discord.fake.closes(4009);
    discord.fake.until(|it| it.heard(2).len() == 2).await;
    listening.stop().await;
    assert!(!discord.fake.requests().iter().any(|it| it.contains("gateway")));
    let called = tokio::time::timeout(std::time::Duration::ZERO, decoy.accept()).await;
    assert!(called.is_err(), "not even where the session itself says to go on");
}

#[tokio::test]
async fn a_line_on_which_nobody_answers_is_left() {
    let (discord, gate, place) = begin().await;
    discord.fake.is_deaf(100);
    let listening = discord.listen(&gate, &place);
    discord.fake.until(|it| it.heard(6).len() == 2).await;
    listening.stop().await;
}

#[tokio::test]
async fn a_revoked_token_is_told_to_operators() {
    for code in [4004, 4014] {
        let (discord, gate, place) = begin().await;
        discord.fake.turns_away(code);
        let listening = discord.listen(&gate, &place);
        let ended = listening.task.await.unwrap().unwrap_err().to_string();
        assert!(!ended.contains("canary"), "{ended}");
    }
}

#[tokio::test]
async fn commands_are_offered_once_in_both_languages() {
    let (discord, gate, place) = begin().await;
    let listening = discord.listen(&gate, &place);
    discord.fake.until(|it| it.asked("PUT", "/applications").len() == 1).await;
    discord.fake.forgets();
    discord.fake.is_heard().await;
    discord.fake.closes(4009);
    discord.fake.until(|it| it.heard(2).len() == 2).await;
    discord.fake.brings("MESSAGE_CREATE", words(700, "hello"));
    gate.until(1).await;
    listening.stop().await;
    let offered = discord.fake.asked("PUT", "/applications/1100000000000000042/commands");
    assert_eq!(offered.len(), 1);
    let deny = offered[0].as_array().unwrap().iter().find(|it| it["name"] == "deny").unwrap();
    assert_eq!(deny["name_localizations"]["es-419"], "rechazar");
    assert_eq!(deny["contexts"], json!([1]), "private matters are not for servers");
    assert_eq!(deny["options"][0]["required"], true);
    let back = offered[0].as_array().unwrap().iter().find(|it| it["name"] == "giveback").unwrap();
    assert_eq!(back["options"][1]["autocomplete"], true);
}
