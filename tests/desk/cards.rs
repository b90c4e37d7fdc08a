//! From a queue to a committed decision, and what else can happen to a card.

use axum::http::StatusCode;
use mendline_engine::time::Timestamp;

use crate::house::{Answer, Place, START, place};

async fn send(
    place: &Place,
    cookie: &str,
    page: &Answer,
    path: &str,
    more: &[(&str, &str)],
) -> Answer {
    let (csrf, nonce) = (page.field("csrf"), page.field("nonce"));
    let mut form = vec![("csrf", csrf.as_str()), ("nonce", nonce.as_str())];
    form.extend_from_slice(more);
    place.post(path, cookie, &form).await
}

async fn dana_opens(place: &Place) -> (String, String, Answer) {
    place.ana_at_the_counter().await;
    let dana = place.login("dana").await;
    let path = place.get("/desk", &dana).await.link("/desk/card/");
    let card = place.get(&path, &dana).await;
    (dana, path, card)
}

#[tokio::test]
async fn an_adjuster_approves_in_two_clicks_and_the_worker_is_told() {
    let place = place().await;
    place.ana_at_the_counter().await;
    let dana = place.login("dana").await;
    let queue = place.get("/desk", &dana).await;
    queue.says("Ana, claim DEMO-CA-000123");
    queue.says("gabapentin 300 mg");
    queue.says("Waiting at the counter");
    let path = queue.link("/desk/card/");
    let card = place.get(&path, &dana).await;
    card.says("Stopped because");
    card.says("182.40");
    let done = send(&place, &dana, &card, &path, &[("choice", "approve")]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    done.says("You chose “Approve”. It is done");
    assert!(place.sees("ana").await.contains("approved for 30 days"));
    place.get("/desk", &dana).await.says("Nothing waits for you");
    let again = place.get(&path, &dana).await;
    assert_eq!(again.status, StatusCode::GONE);
    again.says("Dana Whitfield decided this: Approve.");
}

#[tokio::test]
async fn a_form_sent_twice_is_one_decision_with_one_answer() {
    let place = place().await;
    let (dana, path, card) = dana_opens(&place).await;
    let first = send(&place, &dana, &card, &path, &[("choice", "approve")]).await;
    let second = send(&place, &dana, &card, &path, &[("choice", "approve")]).await;
    assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::OK));
    let lines =
        place.house.store.lines_after(crate::house::PAYER, "ana", "web", 0, 99).await.unwrap();
    let told = lines.iter().filter(|it| it.body.to_string().contains("approved for 30 days"));
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn rule_05_of_two_deciders_the_first_wins_and_the_second_is_told_who() {
    let place = place().await;
    let (dana, _, _) = dana_opens(&place).await;
    place.clock.set(Timestamp::parse(START).unwrap().plus_ms(21 * 60_000));
    mendline::pump::until_idle(&place.house).await.unwrap();
    let sam = place.login("sam").await;
    let dana = if place.get("/desk", &dana).await.status == StatusCode::OK {
        dana
    } else {
        place.login("dana").await
    };
    let sams = place.get("/desk", &sam).await.link("/desk/card/");
    let danas = place.get("/desk", &dana).await.link("/desk/card/");
    let (sam_card, dana_card) = (place.get(&sams, &sam).await, place.get(&danas, &dana).await);
    send(&place, &sam, &sam_card, &sams, &[("choice", "approve")]).await.says("It is done");
    let reason = [("choice", "deny"), ("need.reason", "DENY_BODY_PART")];
    let late = send(&place, &dana, &dana_card, &danas, &reason).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says("Sam Okafor decided this at 09:21: Approve. Nothing was changed.");
}

#[tokio::test]
async fn what_a_choice_needs_is_asked_for_and_nothing_typed_is_lost() {
    let place = place().await;
    let (dana, path, card) = dana_opens(&place).await;
    let typed = [
        ("choice", "period"),
        ("need.from", "2026-12-01"),
        ("need.until", ""),
        ("need.refills", "2"),
        ("need.days", "900"),
    ];
    let back = send(&place, &dana, &card, &path, &typed).await;
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    back.says("value=\"2026-12-01\"");
    back.says("Please fill this in.");
    back.says("This number is not possible here.");
    let typed = [("choice", "deny"), ("need.reason", "DENY_MEDICAL_NECESSITY")];
    let refused = send(&place, &dana, &back, &path, &typed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    place.get("/desk", &dana).await.says("gabapentin");
}

#[tokio::test]
async fn a_medical_no_is_offered_to_no_adjuster_and_each_no_shows_what_the_worker_reads() {
    let place = place().await;
    let (_, _, card) = dana_opens(&place).await;
    card.says_not("Not medically necessary");
    card.says("Not for the accepted injury");
    card.says("was not approved: this medicine is not for the part of the body");
}

#[tokio::test]
async fn a_preview_decides_nothing_and_shows_the_filled_in_words() {
    let place = place().await;
    let (dana, path, card) = dana_opens(&place).await;
    let typed = [("choice", "shorter"), ("need.days", "14"), ("preview", "yes")];
    let page = send(&place, &dana, &card, &path, &typed).await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("is approved for 14 days");
    place.get(&path, &dana).await.says("Your decision");
}

#[tokio::test]
async fn a_worker_who_reads_spanish_is_previewed_in_spanish_with_english_beside_it() {
    let place = place().await;
    place.asks_for("lucia", "lidocaine 5 %", "No").await;
    let dana = place.login("dana").await;
    let path = place.get("/desk", &dana).await.link("/desk/card/");
    let card = place.get(&path, &dana).await;
    card.says("will read (Spanish)");
    card.says("<blockquote lang=\"es\">");
    card.says("In English:");
}

#[tokio::test]
async fn the_timeline_says_who_was_told_what_and_what_comes_next() {
    let place = place().await;
    let (dana, path, card) = dana_opens(&place).await;
    let timeline = card.link("/desk/conversation/");
    let open = place.get(&timeline, &dana).await;
    open.says("The bot is waiting for the decision of Dana Whitfield");
    open.says("Ana Example was asked by web");
    open.says("Shown ");
    send(&place, &dana, &card, &path, &[("choice", "approve")]).await;
    let over = place.get(&timeline, &dana).await;
    over.says("Dana Whitfield decided: approve.");
    over.says("It is over: approved.");
}

#[tokio::test]
async fn rule_04_a_command_decides_only_when_it_names_the_request() {
    let place = place().await;
    let (dana, ..) = dana_opens(&place).await;
    let queue = place.get("/desk", &dana).await;
    let shown = queue.field("shown");
    let bare = [("command", "approve"), ("shown", shown.as_str())];
    let answer = send(&place, &dana, &queue, "/desk/command", &bare).await;
    answer.says("Nothing was changed");
    place.get("/desk", &dana).await.says("gabapentin");
    let named = [("command", "/approve 1"), ("shown", shown.as_str())];
    let answer = send(&place, &dana, &queue, "/desk/command", &named).await;
    answer.says("You chose “Approve”. It is done");
    place.get("/desk", &dana).await.says("Nothing waits for you");
}
