//! Who gets in, and what is theirs.

use axum::http::StatusCode;
use mendline::desk::accounts::DEMO_PASSWORD;
use mendline_engine::time::Timestamp;

use crate::house::{PAYER, START, place, place_as};

#[tokio::test]
async fn a_wrong_password_and_a_wrong_name_get_the_same_answer() {
    let place = place().await;
    let wrong = place.try_login("dana", "not it").await;
    let unknown = place.try_login("dano", "not it").await;
    assert_eq!(wrong.status, StatusCode::OK);
    let typed = |name| format!("value=\"{name}\"");
    assert_eq!(wrong.body.replace(&typed("dana"), ""), unknown.body.replace(&typed("dano"), ""));
    assert_eq!(wrong.header("set-cookie"), "");
}

#[tokio::test]
async fn after_some_tries_even_the_right_password_must_wait() {
    let place = place().await;
    for _ in 0..5 {
        place.try_login("dana", "guess").await.says("did not work");
    }
    let limited = place.try_login("dana", DEMO_PASSWORD).await;
    assert_eq!(limited.status, StatusCode::OK);
    assert_eq!(limited.header("set-cookie"), "");
    assert_eq!(place.try_login("sam", DEMO_PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn demo_accounts_are_refused_outside_the_demo() {
    let place = place_as(false).await;
    let refused = place.try_login("dana", DEMO_PASSWORD).await;
    assert_eq!(refused.header("set-cookie"), "");
    refused.says("did not work");
}

#[tokio::test]
async fn nobody_without_a_login_sees_anything() {
    let place = place().await;
    place.ana_at_the_counter().await;
    for path in ["/desk", "/desk/card/x/1.1", "/desk/conversation/x", "/desk/search?claim=x"] {
        let answer = place.get(path, "mendline_desk=made-up").await;
        assert_eq!(answer.header("location"), "/desk/login", "{path}");
        answer.says_not("gabapentin");
    }
    for path in ["/desk/queue", "/desk/events"] {
        assert_eq!(place.get(path, "").await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_quiet_desk_locks_even_when_its_page_refreshes_itself() {
    let place = place().await;
    let dana = place.login("dana").await;
    let start = Timestamp::parse(START).unwrap();
    for minutes in [5, 10, 14] {
        place.clock.set(start.plus_ms(minutes * 60_000));
        assert_eq!(place.get("/desk/queue", &dana).await.status, StatusCode::OK);
    }
    place.clock.set(start.plus_ms(16 * 60_000));
    assert_eq!(place.get("/desk/queue", &dana).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_desk_in_use_stays_open_but_not_for_ever() {
    let place = place().await;
    let dana = place.login("dana").await;
    let start = Timestamp::parse(START).unwrap();
    for quarter in 1..=51 {
        place.clock.set(start.plus_ms(quarter * 14 * 60_000));
        assert_eq!(place.get("/desk", &dana).await.status, StatusCode::OK, "{quarter}");
    }
    place.clock.set(start.plus_ms(52 * 14 * 60_000));
    assert_eq!(place.get("/desk", &dana).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let place = place().await;
    place.ana_at_the_counter().await;
    let dana = place.login("dana").await;
    let card = place.get("/desk", &dana).await.link("/desk/card/");
    let form = [("csrf", "stolen"), ("nonce", "n"), ("choice", "approve")];
    assert_eq!(place.post(&card, &dana, &form).await.status, StatusCode::FORBIDDEN);
    place.get(&card, &dana).await.says("Your decision");
}

#[tokio::test]
async fn logging_out_ends_the_session_itself() {
    let place = place().await;
    let dana = place.login("dana").await;
    let csrf = place.get("/desk", &dana).await.field("csrf");
    place.post("/desk/logout", &dana, &[("csrf", &csrf)]).await;
    assert_eq!(place.get("/desk", &dana).await.header("location"), "/desk/login");
}

#[tokio::test]
async fn rule_10_what_is_another_payers_and_what_does_not_exist_are_the_same() {
    let place = place().await;
    place.ana_at_the_counter().await;
    let dana = place.login("dana").await;
    let card = place.get("/desk", &dana).await.link("/desk/card/");
    let timeline = place.get(&card, &dana).await.link("/desk/conversation/");
    for login in ["morgan", "jordan"] {
        let stranger = place.login(login).await;
        place.get("/desk", &stranger).await.says("Nothing waits for you");
        for path in [card.as_str(), timeline.as_str()] {
            let theirs = place.get(path, &stranger).await;
            let made_up = place.get(&path.replace('1', "2"), &stranger).await;
            assert_eq!(theirs.status, StatusCode::NOT_FOUND);
            assert_eq!(theirs.body, made_up.body);
        }
        let search = place.get("/desk/search?claim=DEMO-CA-000123", &stranger).await;
        search.says("Nothing was found");
        search.says_not("Ana");
    }
}

#[tokio::test]
async fn a_colleague_without_the_card_cannot_open_it_by_its_address() {
    let place = place().await;
    place.ana_at_the_counter().await;
    let dana = place.login("dana").await;
    let card = place.get("/desk", &dana).await.link("/desk/card/");
    let robin = place.login("robin").await;
    assert_eq!(place.get(&card, &robin).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_look_at_a_conversation_is_noted() {
    let place = place().await;
    place.ana_at_the_counter().await;
    let dana = place.login("dana").await;
    let card = place.get("/desk", &dana).await.link("/desk/card/");
    let timeline = place.get(&card, &dana).await.link("/desk/conversation/");
    place.get(&timeline, &dana).await.says("Every look is noted");
    let id = timeline.rsplit('/').next().unwrap();
    let reads = place.house.store.reads(PAYER, id).await.unwrap();
    let what: Vec<_> = reads.iter().map(|it| (it.staff.as_str(), it.what.as_str())).collect();
    assert_eq!(what, [("dana", "card"), ("dana", "timeline")]);
}

#[tokio::test]
async fn search_takes_the_whole_claim_number_only() {
    let place = place().await;
    place.ana_at_the_counter().await;
    let dana = place.login("dana").await;
    let found = place.get("/desk/search?claim=DEMO-CA-000123", &dana).await;
    assert!(found.header("location").starts_with("/desk/conversation/"));
    for part in ["DEMO-CA", "000123", "Ana", ""] {
        let path = format!("/desk/search?claim={part}");
        place.get(&path, &dana).await.says("Nothing was found");
    }
}
