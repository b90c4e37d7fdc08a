//! A person takes over, and gives it back.

use axum::http::StatusCode;
use mendline::clearance::Setting;

use crate::house::{Answer, Place, place};

async fn send(
    place: &Place,
    cookie: &str,
    page: &Answer,
    path: &str,
    more: &[(&str, &str)],
) -> Answer {
    let csrf = page.field("csrf");
    let nonce = format!("{}-{}", page.field("nonce"), more[0].1);
    let mut form = vec![("csrf", csrf.as_str()), ("nonce", nonce.as_str())];
    form.extend_from_slice(more);
    place.post(path, cookie, &form).await
}

async fn robin_opens(place: &Place, worker: &str) -> (String, String, Answer) {
    place.worker(worker, "my prescription was rejected").await;
    place.worker(worker, "I want to talk to a person").await;
    let robin = place.login("robin").await;
    let path = place.get("/desk", &robin).await.link("/desk/handoff/");
    let page = place.get(&path, &robin).await;
    (robin, path, page)
}

#[tokio::test]
async fn rule_10_a_person_takes_it_writes_and_gives_it_back() {
    let place = place().await;
    let (robin, path, page) = robin_opens(&place, "ana").await;
    page.says("Asked for a person.");
    page.says("verified");
    let taken = send(&place, &robin, &page, &path, &[("do", "take")]).await;
    assert_eq!(taken.status, StatusCode::OK);
    taken.says("(you)");
    let reply = [("do", "reply"), ("words", "Hello Ana, this is Robin."), ("language", "en")];
    let replied = send(&place, &robin, &taken, &path, &reply).await;
    assert_eq!(replied.status, StatusCode::OK);
    assert!(place.sees("ana").await.contains("this is Robin"));
    let back = [("do", "give_back"), ("how", "continue")];
    send(&place, &robin, &replied, &path, &back).await.says("You gave it back");
    place.get("/desk", &robin).await.says("Nothing waits for you");
    assert_eq!(place.get(&path, &robin).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn whoever_writes_is_told_first_where_it_will_be_read() {
    let place = place().await;
    let (robin, path, page) = robin_opens(&place, "ana").await;
    page.says("Ana reads them, word for word, on the secure page.");
    let lowered = Setting { level: Some(0), ..Setting::default() };
    place.house.clearance.set([("web".to_owned(), lowered)].into());
    let page = place.get(&path, &robin).await;
    page.says("may not carry a medicine, a claim or anything about health");
    // And so it is: what she gets there is a link, not the words.
    let taken = send(&place, &robin, &page, &path, &[("do", "take")]).await;
    let reply = [("do", "reply"), ("words", "Your tramadol is ready."), ("language", "en")];
    send(&place, &robin, &taken, &path, &reply).await;
    assert!(!place.sees("ana").await.contains("tramadol"));
}

#[tokio::test]
async fn a_desk_person_who_does_not_read_spanish_is_told_to_use_an_interpreter() {
    let place = place().await;
    let (_, _, page) = robin_opens(&place, "lucia").await;
    page.says("reads Spanish: use an interpreter, or offer a call back.");
}

#[tokio::test]
async fn empty_words_are_not_sent_and_a_way_back_must_be_chosen() {
    let place = place().await;
    let (robin, path, page) = robin_opens(&place, "ana").await;
    for form in [[("do", "reply"), ("words", "  ")], [("do", "give_back"), ("how", "outcome:won")]]
    {
        let answer = send(&place, &robin, &page, &path, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn an_adjuster_does_not_see_what_waits_at_a_desk_she_does_not_serve() {
    let place = place().await;
    let (_, path, _) = robin_opens(&place, "ana").await;
    let dana = place.login("dana").await;
    assert_eq!(place.get(&path, &dana).await.status, StatusCode::NOT_FOUND);
}
