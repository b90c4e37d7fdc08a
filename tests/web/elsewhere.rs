//! From the verified chat to another channel, by a link that is opened there.

use axum::http::StatusCode;
use mendline::links::Elsewhere;
use mendline::vault::digest_token;

use crate::house::{Place, place};

async fn with_telegram() -> Place {
    let place = place(true).await;
    let elsewhere = vec![Elsewhere {
        channel: "telegram".into(),
        name: "Telegram".into(),
        link: "https://t.me/example_bot?start={code}".into(),
    }];
    place.house.links.offer(elsewhere);
    place
}

#[tokio::test]
async fn a_chat_without_other_channels_offers_none() {
    let place = place(true).await;
    let cookie = place.enter("ana").await;
    let page = place.get_as("/chat", &cookie).await;
    assert!(!page.says("/chat/elsewhere"));
    let csrf = page.field("csrf");
    let form = [("csrf", csrf.as_str()), ("channel", "telegram")];
    let answer = place.post("/chat/elsewhere", &cookie, &form).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn rule_14_a_link_to_another_channel_carries_a_code_that_is_hers_and_kept_as_a_digest() {
    let place = with_telegram().await;
    let cookie = place.enter("ana").await;
    let page = place.get_as("/chat", &cookie).await;
    assert!(page.says("Go on in Telegram"));
    let csrf = page.field("csrf");
    let form = [("csrf", csrf.as_str()), ("channel", "telegram")];
    let answer = place.post("/chat/elsewhere", &cookie, &form).await;
    assert_eq!(answer.status, StatusCode::OK);
    let (_, code) = answer.body.split_once("https://t.me/example_bot?start=").unwrap();
    let code = code.split('"').next().unwrap();
    assert!(code.len() <= 64, "Telegram allows no longer one");
    let now = place.house.clock.now();
    let reach = place.house.store.reach();
    let whose = reach.use_code(&digest_token(code), "telegram", "777", now).await.unwrap().unwrap();
    assert_eq!(whose.person, "ana");
}

#[tokio::test]
async fn nobody_gets_a_code_without_her_session_and_our_own_form() {
    let place = with_telegram().await;
    let cookie = place.enter("ana").await;
    let form = [("csrf", "forged"), ("channel", "telegram")];
    let forged = place.post("/chat/elsewhere", &cookie, &form).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let nobody = place.post("/chat/elsewhere", "", &form).await;
    assert_eq!(nobody.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn where_no_link_can_carry_the_code_she_is_told_what_to_write() {
    let place = place(true).await;
    place.house.links.offer(vec![Elsewhere {
        channel: "discord".into(),
        name: "Discord".into(),
        link: "https://discord.gg/example".into(),
    }]);
    let cookie = place.enter("ana").await;
    let csrf = place.get_as("/chat", &cookie).await.field("csrf");
    let form = [("csrf", csrf.as_str()), ("channel", "discord")];
    let answer = place.post("/chat/elsewhere", &cookie, &form).await;
    assert!(answer.says("href=\"https://discord.gg/example\""));
    let (_, code) = answer.body.split_once("<code>LINK ").unwrap();
    let code = code.split('<').next().unwrap();
    let (now, reach) = (place.house.clock.now(), place.house.store.reach());
    let whose = reach.use_code(&digest_token(code), "discord", "777", now).await.unwrap().unwrap();
    assert_eq!(whose.person, "ana");
}
