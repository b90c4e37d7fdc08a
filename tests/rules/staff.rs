//! Adjusters in chat apps: enrolled by a code from the desk, commands over numbers that were shown,
//! the same authority and the same first winner as at the desk, and nothing private on the way.

use std::sync::Arc;

use mendline::channels::Incoming;
use mendline::channels::inward::{Said, Typing};
use mendline::gate::Doorkeeper;
use mendline::phrases;
use mendline::signin::{Settings, Ways};
use mendline::store::Account;
use serde_json::json;

use crate::chat::Chat;
use crate::enrolled::*;
use crate::support::*;

#[tokio::test]
async fn an_adjuster_is_enrolled_by_a_code_from_the_desk_that_works_once() {
    let front = front().await;
    let code = front.code("dana", "telegram").await;
    front.came("telegram", DANA, Said::Link(code.clone())).await;
    assert_eq!(front.place.telegram.texts(DANA), [phrases::STAFF_LINKED_CHAT.1]);
    assert_eq!(front.place.telegram.offered(), [(DANA.to_owned(), true)]);
    let said = front.came("telegram", STRANGER, Said::Link(code)).await;
    assert_eq!(said, None);
    assert_eq!(front.place.telegram.texts(STRANGER), [phrases::WAY_IN.1], "it was used");
    assert_eq!(front.place.telegram.offered().len(), 1);
    // A code for another app is none here.
    let code = front.code("sam", "discord").await;
    front.came("telegram", STRANGER, Said::Link(code)).await;
    assert_eq!(front.place.telegram.texts(STRANGER).len(), 2);
    front.dana("not me").await;
    assert_eq!(front.place.telegram.offered().last(), Some(&(DANA.to_owned(), false)));
}

#[tokio::test]
async fn rule_08_queue_and_card_say_which_request_and_by_when_and_nothing_of_it() {
    let front = enrolled().await;
    let number = front.number("ana").await;
    let announced = front.place.telegram.got(DANA).pop().unwrap();
    assert!(announced.frozen.text.starts_with(&format!("Request {number}, due ")));
    assert!(announced.frozen.text.contains("https://care.example.test/desk/card/"));
    let queue = front.dana("/queue").await;
    assert!(one(&queue).starts_with(&format!("1. {number}: a decision, due ")), "{queue:?}");
    assert!(one(&queue).ends_with("https://care.example.test/desk"), "{queue:?}");
    front.dana("/card 1").await;
    let card = front.place.telegram.got(DANA).pop().unwrap();
    assert_eq!(card.frozen.text, announced.frozen.text, "the same card, once more");
    assert_eq!(card.question, Some(front.card("ana").await));
    let keys: Vec<_> = card.frozen.buttons.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(keys, ["approve", "shorter", "period", "deny", "info", "not_mine"]);
    for words in ["/help", "/deny 1", "/period 1 soon", "/approve 7", "/take 1", "/nuke 1"] {
        one(&front.dana(words).await);
    }
    let reasons = front.dana("/deny 1").await;
    assert!(one(&reasons).contains("DENY_"), "codes, without their words: {reasons:?}");
    assert_eq!(front.decided("ana").await, None);
    front.nothing_private_was_said();
}

#[tokio::test]
async fn rule_04_a_number_stands_for_what_was_shown_under_it_and_outlives_a_restart() {
    let mut front = enrolled().await;
    front.dana("/queue").await;
    front.place.asks_for("bea", "gabapentin 300 mg").await;
    let guessed = front.dana("/approve 2").await;
    assert!(one(&guessed).contains("no number 2"), "it was not shown yet: {guessed:?}");
    front.dana("/queue").await;
    // Nothing of it is in memory: another server answers the same.
    let visitors = [("telegram".to_owned(), PAYER.to_owned())].into();
    front.gate = Arc::new(Doorkeeper::of(front.place.house.clone(), visitors));
    let number = front.number("ana").await;
    let done = front.dana("/approve 1").await;
    assert!(one(&done).contains(&number) && one(&done).contains("it is done"), "{done:?}");
    assert_eq!(front.decided("ana").await.unwrap()["choice"], "approve");
    assert_eq!(front.decided("bea").await, None);
    let queue = front.dana("/queue").await;
    assert!(one(&queue).starts_with("2. "), "it keeps its number: {queue:?}");
    let gone = front.dana("/approve 1").await;
    assert!(one(&gone).contains("not open any more"), "{gone:?}");
    assert_eq!(front.decided("bea").await, None);
    assert_eq!(front.authorize.calls().len(), 1);
}

#[tokio::test]
async fn rule_04_a_bare_word_lists_what_is_open_and_decides_nothing() {
    let front = enrolled().await;
    let number = front.number("ana").await;
    for words in ["approve", "Approve", "/approve", "deny", "approve 1"] {
        let said = front.dana(words).await;
        assert!(one(&said).contains("Nothing was changed"), "{words}: {said:?}");
        assert!(one(&said).contains(&number), "{words}: {said:?}");
    }
    for words in ["yes", "1", "ok approve it please"] {
        front.dana(words).await;
    }
    assert_eq!(front.decided("ana").await, None);
    front.nothing_private_was_said();
}

#[tokio::test]
async fn danger_and_stop_come_before_any_command() {
    let front = enrolled().await;
    let said = front.dana("/reply 1 I want to die").await;
    assert!(said.contains(&phrases::DANGER.1.to_owned()), "{said:?}");
    assert_eq!(front.dana("/stop").await, [phrases::OPTED_OUT.1]);
    assert!(front.dana("/queue").await.is_empty(), "she asked for silence");
}

#[tokio::test]
async fn what_a_choice_needs_is_asked_for_in_the_chat_and_goes_to_that_request() {
    let front = enrolled().await;
    front.place.asks_for("bea", "gabapentin 300 mg").await;
    let card = front.card("bea").await;
    let asked = front.taps("telegram", DANA, &card, "shorter").await;
    assert!(one(&asked).contains("whole number"), "{asked:?}");
    // A command in between is one; a bare word is an answer, unless it is the name of a choice.
    assert!(one(&front.dana("/queue").await).contains("1. "));
    assert!(one(&front.dana("approve").await).contains("Nothing was changed"));
    front.dana("14").await;
    let decided = front.decided("bea").await.unwrap();
    assert_eq!((&decided["choice"], &decided["days"]), (&json!("shorter"), &json!(14)));
    assert_eq!(front.decided("ana").await, None, "the first card was shown first, and not meant");
    // The same in one line.
    let queue = front.dana("/queue").await;
    let (number, _) = one(&queue).split_once('.').unwrap();
    front.dana(&format!("/approve {number} days 7")).await;
    assert_eq!(front.decided("ana").await.unwrap()["days"], 7);
}

#[tokio::test]
async fn a_reason_is_a_code_by_button_or_command() {
    let front = enrolled().await;
    let card = front.card("ana").await;
    front.taps("telegram", DANA, &card, "deny").await;
    let buttons = front.place.telegram.got(DANA).pop().unwrap().frozen.buttons;
    let code = buttons[0].0.clone();
    assert!(code.starts_with("DENY_"), "{buttons:?}");
    assert_eq!(front.decided("ana").await, None);
    let done = front.taps("telegram", DANA, &card, &code).await;
    assert!(one(&done).contains("it is done"), "{done:?}");
    assert_eq!(front.decided("ana").await.unwrap()["reason"]["code"], json!(code));
    front.nothing_private_was_said();
}

#[tokio::test]
async fn rule_08_free_words_that_name_something_private_belong_to_the_desk() {
    let front = enrolled().await;
    front.dana("/queue").await;
    for words in [
        "/info 1 worker Does Ana take gabapentin?",
        "/info 1 worker What of CLAIM-ana?",
        "/info 1 prescriber Is 300 mg right?",
        "/info 1 prescriber Born 1980-01-02?",
    ] {
        let said = front.dana(words).await;
        assert!(one(&said).contains("may not carry"), "{words}: {said:?}");
        assert!(one(&said).contains("/desk/card/"), "{words}: {said:?}");
    }
    // The same where the words were asked for.
    let card = front.card("ana").await;
    front.taps("telegram", DANA, &card, "info").await;
    front.dana("worker").await;
    let said = front.dana("how is the left wrist of Ana").await;
    assert!(one(&said).contains("may not carry"), "{said:?}");
    assert_eq!(front.decided("ana").await, None);
    front.nothing_private_was_said();
    let said = front.dana("When was the last visit?").await;
    assert!(said.iter().any(|it| it.contains("it is done")), "{said:?}");
    let asked = front.place.sees("ana").await;
    assert!(asked.iter().any(|it| it.contains("When was the last visit?")), "{asked:?}");
}

#[tokio::test]
async fn rule_05_who_may_not_decide_is_refused_politely_and_it_is_noted() {
    let front = enrolled().await;
    let (store, card) = (&front.place.house.store, front.card("ana").await);
    let account = store.account("dana").await.unwrap().unwrap();
    let priya = Account { login: "priya".into(), person: "priya".into(), ..account };
    store.put_account(&priya).await.unwrap();
    front.links("priya", "telegram", PRIYA).await;
    // A tap and a number that were Dana's.
    let said = front.taps("telegram", PRIYA, &card, "approve").await;
    assert!(one(&said).contains("You may not decide"), "{said:?}");
    assert!(one(&said).contains("https://care.example.test/desk"), "{said:?}");
    front.dana("/queue").await;
    let said = front.writes("telegram", PRIYA, "/approve 1").await;
    assert!(one(&said).contains("no number 1"), "{said:?}");
    // A stranger's and another's chat: whoever holds the phone is whoever proved it.
    front.came("telegram", STRANGER, tap(&card, "approve")).await;
    assert_eq!(front.place.telegram.texts(STRANGER), [phrases::WAY_IN.1]);
    assert_eq!(front.decided("ana").await, None);
    // Sam may decide on this claim, and was not asked: at the desk it is not his card either.
    let said = front.taps("discord", SAM, &card, "approve").await;
    assert!(one(&said).contains("You may not decide"), "{said:?}");
    // A question that was put to a worker.
    front.place.writes("bea", "web", "my prescription was rejected").await;
    front.place.sees("bea").await;
    let asked = store.focus(PAYER, "bea", "web").await.unwrap().unwrap().question;
    let said = front.taps("telegram", DANA, &asked, "later").await;
    assert!(one(&said).contains("You may not decide"), "{said:?}");
    let now = front.place.house.clock.now();
    for (what, who) in [("card_not_theirs", vec!["sam", "priya"]), ("not_allowed", vec!["dana"])] {
        let noted = store.entry().lately(PAYER, what, now, 9).await.unwrap();
        assert_eq!(noted.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), who, "{what}");
    }
    assert_eq!(front.decided("ana").await, None);
    front.nothing_private_was_said();
}

#[tokio::test]
async fn rule_05_one_decision_closes_every_copy_in_every_app_and_the_second_is_told() {
    let front = enrolled().await;
    let card = front.card("ana").await;
    front.place.later(60 * MINUTE_MS).await;
    assert!(front.place.discord.got(SAM).iter().any(|it| it.question == Some(card.clone())));
    front.taps("discord", SAM, &card, "approve").await;
    assert_eq!(front.decided("ana").await.unwrap()["by_person"], "sam");
    front.place.later(MINUTE_MS).await;
    let closed = |it: &Chat, to: &str| it.closed().iter().filter(|it| it.to == to).count();
    assert!(closed(&front.place.telegram, DANA) > 0, "Dana's copy");
    assert!(closed(&front.place.discord, SAM) > 0, "Sam's own");
    let late = front.taps("telegram", DANA, &card, "deny").await;
    assert!(one(&late).contains("was decided before. Nothing was changed"), "{late:?}");
    assert_eq!(front.decided("ana").await.unwrap()["choice"], "approve");
    front.nothing_private_was_said();
}

#[tokio::test]
async fn rule_03_doubled_replayed_expired_and_made_up_taps_change_nothing() {
    for (channel, who, address) in [("telegram", "dana", DANA), ("discord", "dana", SAM)] {
        let front = front().await;
        front.links(who, channel, address).await;
        front.place.asks_for("ana", "gabapentin 300 mg").await;
        let card = front.card("ana").await;
        // Brought twice by the provider: one act, one answer.
        let before = front.chat(channel).texts(address).len();
        for _ in 0..2 {
            front.came_as("once", channel, address, tap(&card, "approve")).await;
        }
        let said = front.chat(channel).texts(address).split_off(before);
        assert!(one(&said).contains("it is done"), "{said:?}");
        // Tapped twice by her.
        let said = front.taps(channel, address, &card, "approve").await;
        assert!(one(&said).contains("you decided so already"), "{said:?}");
        let said = front.taps(channel, address, &card, "deny").await;
        assert!(one(&said).contains("was decided before"), "{said:?}");
        assert_eq!(front.authorize.calls().len(), 1, "{channel}");
        // A request that ended without a decision.
        front.place.asks_for("bea", "gabapentin 300 mg").await;
        let expired = front.card("bea").await;
        front.place.writes("bea", "web", "cancel").await;
        front.place.sees("bea").await;
        front.place.writes("bea", "web", "Yes, stop").await;
        let said = front.taps(channel, address, &expired, "approve").await;
        assert!(one(&said).contains("is over. Nothing was changed"), "{said:?}");
        // Of a conversation that never was.
        let made_up = "0190a3c2-7b1e-7cc3-9d6f-2f1f4b0d9a11/3.1".parse().unwrap();
        let said = front.taps(channel, address, &made_up, "approve").await;
        assert!(one(&said).contains("not possible here. Nothing was changed"), "{said:?}");
        assert_eq!(front.authorize.calls().len(), 1, "{channel}");
        front.nothing_private_was_said();
    }
}

#[tokio::test]
async fn above_the_limit_a_decision_takes_one_more_proof_at_the_desk_by_tap_and_by_command() {
    let front = enrolled().await;
    let settings: Settings = toml::from_str("[step_up]\nabove = '100.00 USD'").unwrap();
    let ways = Ways::of(Some(&settings), "https://care.example.test").unwrap();
    front.place.house.sign_in.begin(ways);
    let card = front.card("ana").await;
    front.dana("/queue").await;
    for said in [
        front.taps("telegram", DANA, &card, "approve").await,
        front.dana("/approve 1").await,
        front.dana("/approve 1 days 14").await,
    ] {
        assert!(one(&said).contains("one more proof"), "{said:?}");
        let link = format!("https://care.example.test/desk/card/{}", card);
        assert!(one(&said).ends_with(&link), "the way to go on: {said:?}");
    }
    assert_eq!(front.decided("ana").await, None);
}

#[tokio::test]
async fn a_handoff_is_taken_answered_and_given_back_from_a_chat() {
    let front = front().await;
    front.links("robin", "discord", ROBIN).await;
    front.place.writes("ana", "web", "a person").await;
    front.place.sees("ana").await;
    let queue = front.writes("discord", ROBIN, "/queue").await;
    assert!(one(&queue).contains("a person is needed"), "{queue:?}");
    assert!(one(&front.writes("discord", ROBIN, "/take 1").await).contains("it is done"));
    let said = front.writes("discord", ROBIN, "/reply 1 Ana, is it the gabapentin?").await;
    assert!(one(&said).contains("may not carry"), "{said:?}");
    front.writes("discord", ROBIN, "/reply 1 Hello, how can I help?").await;
    let seen = front.place.sees("ana").await;
    assert!(seen.iter().any(|it| it.contains("how can I help")), "{seen:?}");
    assert!(!seen.iter().any(|it| it.contains("is it the")), "{seen:?}");
    let said = front.writes("discord", ROBIN, "/approve 1").await;
    assert!(one(&said).contains("is a handoff"), "{said:?}");
    front.nothing_private_was_said();
}

#[tokio::test]
async fn whoever_has_no_account_any_more_does_nothing_from_a_chat() {
    let front = enrolled().await;
    front.dana("/queue").await;
    let store = &front.place.house.store;
    let account = store.account("dana").await.unwrap().unwrap();
    store.put_account(&Account { roles: Vec::new(), ..account }).await.unwrap();
    for words in ["/queue", "/approve 1"] {
        let said = front.dana(words).await;
        assert!(said.iter().all(|it| !it.contains(", due ") && !it.contains("done")), "{said:?}");
    }
    let card = front.card("ana").await;
    let said = front.taps("telegram", DANA, &card, "approve").await;
    assert!(one(&said).contains("You may not decide"), "{said:?}");
    assert_eq!(front.gate.completes("telegram", DANA, (Typing::Number, "")).await, []);
    assert_eq!(front.decided("ana").await, None);
}

#[tokio::test]
async fn where_others_read_along_only_the_way_to_a_private_chat_is_said() {
    let front = enrolled().await;
    let before = front.place.telegram.all().len();
    let notice = front.came("telegram", DANA, Said::InPublic).await;
    assert_eq!(notice.as_deref(), Some(phrases::IN_PUBLIC.1));
    let stranger = front.came("telegram", STRANGER, Said::InPublic).await;
    assert_eq!(stranger, notice, "whoever it is");
    assert_eq!(front.place.telegram.all().len(), before);
}

#[tokio::test]
async fn numbers_and_codes_are_completed_for_staff_alone() {
    let front = enrolled().await;
    let number = front.number("ana").await;
    let found = front.gate.completes("telegram", DANA, (Typing::Number, "")).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].value, "1");
    assert!(found[0].label.starts_with(&format!("1. {number}: a decision")), "{found:?}");
    // What was in the list was shown; a list that is narrowed down shows nothing new.
    front.place.asks_for("bea", "gabapentin 300 mg").await;
    let narrow = front.gate.completes("telegram", DANA, (Typing::Number, "2")).await;
    assert_eq!(narrow.len(), 1, "{narrow:?}");
    assert!(one(&front.dana("/approve 2").await).contains("no number 2"));
    let codes = front.gate.completes("telegram", DANA, (Typing::Reason(1), "")).await;
    assert!(codes.iter().all(|it| it.value.starts_with("DENY_") && it.label == it.value));
    assert!(!codes.is_empty());
    assert_eq!(front.gate.completes("telegram", DANA, (Typing::Reason(7), "")).await, []);
    assert_eq!(front.gate.completes("telegram", STRANGER, (Typing::Number, "")).await, []);
    front.links("lucia", "telegram", PRIYA).await;
    assert_eq!(front.gate.completes("telegram", PRIYA, (Typing::Number, "")).await, []);
    assert!(one(&front.dana("/approve 1").await).contains("it is done"));
}

#[tokio::test]
async fn staff_are_answered_in_their_language() {
    let front = enrolled().await;
    let spanish = Said::Incoming { incoming: Incoming::Language("es".into()), line: None };
    front.came("telegram", DANA, spanish).await;
    let queue = front.dana("/queue").await;
    assert!(one(&queue).contains("una decisión, para el"), "{queue:?}");
    assert!(one(&front.dana("/help").await).contains("lo que le espera"));
    let done = front.dana("/approve 1").await;
    assert!(one(&done).contains("está hecho"), "{done:?}");
    front.nothing_private_was_said();
}

#[tokio::test]
async fn a_worker_in_the_same_app_gives_no_commands() {
    let front = enrolled().await;
    front.links("bea", "telegram", ROBIN).await;
    for words in ["/queue", "/approve 1", "approve"] {
        let said = front.writes("telegram", ROBIN, words).await;
        assert!(said.iter().all(|it| !it.contains("/approve") && !it.contains("a decision")));
    }
    assert_eq!(front.decided("ana").await, None);
}
