//! The worker's page without a script.

use axum::http::StatusCode;
use mendline::web::session::IDLE_MS;
use mendline_engine::time::Timestamp;

use crate::house::{ANA, PAYER, START_MS, place};

#[tokio::test]
async fn rule_14_looking_at_a_link_consumes_nothing_and_shows_nothing() {
    let place = place(false).await;
    place.bot_says("your gabapentin").await;
    let token = place.token(ANA);
    for _ in 0..3 {
        let seen = place.get(&format!("/chat?invite={token}")).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.says("You were invited"));
        assert!(!seen.says("gabapentin") && !seen.says("Ana"));
        assert_eq!(seen.header("set-cookie"), "");
    }
    let entered = place.post("/chat/enter", "", &[("invite", &token)]).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn rule_14_a_link_opens_the_chat_once_and_in_the_demo_as_often_as_one_likes() {
    for (demo, second) in [(false, StatusCode::GONE), (true, StatusCode::SEE_OTHER)] {
        let place = place(demo).await;
        let token = place.token(ANA);
        let enter = [("invite", token.as_str())];
        assert_eq!(place.post("/chat/enter", "", &enter).await.status, StatusCode::SEE_OTHER);
        assert_eq!(place.post("/chat/enter", "", &enter).await.status, second);
    }
}

#[tokio::test]
async fn a_forged_or_old_link_opens_nothing() {
    let place = place(false).await;
    let token = place.token(ANA);
    let forged = place.post("/chat/enter", "", &[("invite", &format!("{token}x"))]).await;
    assert!(forged.says("opens with a link") && forged.header("set-cookie").is_empty());
    place.clock.set(Timestamp(START_MS + mendline::web::invite::INVITE_MS + 1));
    let old = place.post("/chat/enter", "", &[("invite", &token)]).await;
    assert_eq!(old.status, StatusCode::GONE);
    assert!(old.says("too old"));
}

#[tokio::test]
async fn without_a_link_nothing_is_shown_and_the_way_in_is_said() {
    let place = place(false).await;
    let answer = place.get("/chat").await;
    assert!(answer.says("We send the link"));
    assert!(!answer.says("/chat?invite="));
}

#[tokio::test]
async fn the_demo_offers_its_links() {
    let answer = place(true).await.get("/chat").await;
    assert!(answer.says("/chat?invite=") && answer.says("Ana Example"));
}

#[tokio::test]
async fn what_she_writes_is_answered_on_the_next_page() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    let page = place.get_as("/chat", &cookie).await;
    let form = [
        ("csrf", page.field("csrf")),
        ("id", page.field("id")),
        ("words", "hello <b>there</b>".to_owned()),
    ];
    let form: Vec<_> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let house = place.house.clone();
    let (sent, ()) = tokio::join!(place.post("/chat/say", &cookie, &form), async move {
        mendline::pump::until_idle(&house).await.unwrap();
    });
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    place.idle().await;
    let page = place.get_as("/chat", &cookie).await;
    assert!(page.says("hello &#60;b&#62;there") && !page.says("<b>there"));
    assert!(page.body.matches("class=\"line bot\"").count() >= 1);
}

#[tokio::test]
async fn a_form_sent_twice_says_it_once() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    let page = place.get_as("/chat", &cookie).await;
    let (csrf, id) = (page.field("csrf"), page.field("id"));
    for _ in 0..2 {
        let form = [("csrf", csrf.as_str()), ("id", &id), ("words", "only once")];
        place.post("/chat/say", &cookie, &form).await;
    }
    let lines = place.house.store.lines_after(PAYER, ANA, "web", 0, 10).await.unwrap();
    assert_eq!(lines.len(), 1);
}

#[tokio::test]
async fn a_form_without_the_pages_token_changes_nothing() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    let form = [("csrf", "guessed"), ("id", "1"), ("words", "forged")];
    assert_eq!(place.post("/chat/say", &cookie, &form).await.status, StatusCode::FORBIDDEN);
    assert!(place.house.store.lines_after(PAYER, ANA, "web", 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn words_that_are_too_long_stay_in_the_composer() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    let page = place.get_as("/chat", &cookie).await;
    let words = "w".repeat(2_001);
    let form = [("csrf", page.field("csrf")), ("id", page.field("id")), ("words", words.clone())];
    let form: Vec<_> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let answer = place.post("/chat/say", &cookie, &form).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.says(&words) && answer.says("shorter pieces"));
}

#[tokio::test]
async fn rule_07_a_page_that_was_rendered_is_a_line_that_was_shown() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    place.ana_writes("hello").await;
    place.idle().await;
    assert_eq!(place.receipts_owed().await, 1);
    place.get_as("/chat", &cookie).await;
    assert_eq!(place.receipts_owed().await, 0);
}

#[tokio::test]
async fn a_page_that_nobody_used_for_a_quarter_of_an_hour_is_locked() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    place.bot_says("about your gabapentin").await;
    place.clock.set(Timestamp(START_MS + IDLE_MS - 1_000));
    assert!(place.get_as("/chat", &cookie).await.says("gabapentin"));
    place.clock.set(Timestamp(START_MS + 2 * IDLE_MS + 1_000));
    let locked = place.get_as("/chat", &cookie).await;
    assert!(locked.says("locked") && !locked.says("gabapentin"));
}

#[tokio::test]
async fn leaving_locks_the_page_at_once() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    let csrf = place.get_as("/chat", &cookie).await.field("csrf");
    place.post("/chat/leave", &cookie, &[("csrf", &csrf)]).await;
    assert!(place.get_as("/chat", &cookie).await.says("locked"));
}

#[tokio::test]
async fn she_reads_the_page_in_her_own_language() {
    let place = place(true).await;
    let cookie = place.enter("lucia").await;
    let page = place.get_as("/chat", &cookie).await;
    assert!(page.says("<html lang=\"es\"") && page.says("Una persona, por favor"));
}

#[tokio::test]
async fn she_changes_the_language_with_a_plain_form() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    let page = place.get_as("/chat", &cookie).await;
    let form = [("csrf", page.field("csrf")), ("id", page.field("id")), ("to", "es".into())];
    let form: Vec<_> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
    place.post("/chat/language", &cookie, &form).await;
    place.idle().await;
    assert!(place.get_as("/chat", &cookie).await.says("<html lang=\"es\""));
}

#[tokio::test]
async fn the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites() {
    let place = place(true).await;
    let entered = place.post("/chat/enter", "", &[("invite", &place.token(ANA))]).await;
    let cookie = entered.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
}

#[tokio::test]
async fn a_closed_browser_finds_its_way_back_for_no_longer_than_a_session() {
    let place = place(true).await;
    let entered = place.post("/chat/enter", "", &[("invite", &place.token(ANA))]).await;
    assert!(entered.header("set-cookie").contains("Max-Age=43200"), "12 hours");
}
