//! One more proof before a decision: asked for above a limit, lost by nobody, counted once.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use mendline::channels::Incoming;
use mendline::desk::accounts::DEMO_PASSWORD;
use mendline::signin::totp::Secret;
use mendline::store::reach::Whose;
use mendline_engine::time::Timestamp;
use serde_json::{Value, json};

use crate::house::{Answer, PAYER, Place, START, place};
use crate::idp::{Asked, Idp};
use crate::sign_in::{begin, dana, is_in, sent, with_provider};

/// Gabapentin costs 182.40.
const ABOVE: &str = "[step_up]\nabove = '100.00 USD'";
const MINUTE_MS: i64 = 60_000;

fn later(place: &Place, ms: i64) {
    place.clock.set(Timestamp::parse(START).unwrap().plus_ms(ms));
}

fn whose(person: &str) -> Whose {
    Whose { payer: PAYER.into(), person: person.into() }
}

/// A house in which Ana's medicine costs more than the limit, and Dana's card.
async fn above(settings: &str) -> (Place, String, String) {
    let place = place().await;
    begin(&place, settings);
    place.ana_at_the_counter().await;
    let dana = place.login("dana").await;
    let card = place.get("/desk", &dana).await.link("/desk/card/");
    (place, dana, card)
}

/// Dana has a second factor.
async fn with_factor(place: &Place) -> Secret {
    let secret = Secret::of(b"12345678901234567890".to_vec());
    let entry = place.house.store.entry();
    let digests = mendline::signin::totp::recovery().1;
    entry.put_factor(&whose("dana"), secret.bytes(), &digests, 0).await.unwrap();
    secret
}

async fn decides(place: &Place, card: &str, cookie: &str, more: &[(&str, &str)]) -> Answer {
    let page = place.get(card, cookie).await;
    let (csrf, nonce) = (page.field("csrf"), page.field("nonce"));
    let form = [("csrf", csrf.as_str()), ("nonce", nonce.as_str())];
    place.post(card, cookie, &[&form, more].concat()).await
}

/// Types a code where a decision asks for one.
async fn shows(place: &Place, at: &str, cookie: &str, code: &str) -> Answer {
    let csrf = place.get(at, cookie).await.field("csrf");
    place.post(at, cookie, &[("csrf", &csrf), ("code", code)]).await
}

#[track_caller]
fn asks_for_more(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let at = answer.header("location").to_owned();
    assert!(at.starts_with("/desk/step-up/"), "{at}");
    at
}

async fn is_open(place: &Place, card: &str, cookie: &str) {
    place.get(card, cookie).await.says("Your decision");
}

#[tokio::test]
async fn nothing_typed_is_lost_on_the_way_through_a_code() {
    let (place, dana, card) = above(ABOVE).await;
    let secret = with_factor(&place).await;
    let typed = [("choice", "shorter"), ("need.days", "14")];
    let at = asks_for_more(&decides(&place, &card, &dana, &typed).await);
    let page = place.get(&at, &dana).await;
    page.says("Nothing was decided yet");
    is_open(&place, &card, &dana).await;
    let right = secret.code_at(place.house.clock.now());
    let back = shows(&place, &at, &dana, &right).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
    let back = back.header("location").to_owned();
    assert!(back.starts_with(&format!("{card}?kept=")), "{back}");
    let page = place.get(&back, &dana).await;
    page.says("Nothing was decided yet: what you typed is back in its place");
    page.says("name=\"need.days\" value=\"14\"");
    decides(&place, &card, &dana, &typed).await.says("Done");
}

#[tokio::test]
async fn what_costs_less_asks_for_nothing() {
    let (place, dana, card) = above("[step_up]\nabove = '182.40 USD'").await;
    decides(&place, &card, &dana, &[("choice", "approve")]).await.says("Done");
}

#[tokio::test]
async fn always_is_always_and_a_look_is_no_decision() {
    let (place, dana, card) = above("[step_up]\nalways = true").await;
    let look = [("choice", "shorter"), ("need.days", "14"), ("preview", "yes")];
    let looked = decides(&place, &card, &dana, &look).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
    asks_for_more(&decides(&place, &card, &dana, &[("choice", "approve")]).await);
}

#[tokio::test]
async fn a_proof_counts_for_a_quarter_of_an_hour() {
    let (place, dana, card) = above(ABOVE).await;
    let secret = with_factor(&place).await;
    let approve = [("choice", "approve")];
    let at = asks_for_more(&decides(&place, &card, &dana, &approve).await);
    let code = secret.code_at(place.house.clock.now());
    shows(&place, &at, &dana, &code).await;
    later(&place, 10 * MINUTE_MS);
    is_open(&place, &card, &dana).await;
    later(&place, 15 * MINUTE_MS + 1);
    asks_for_more(&decides(&place, &card, &dana, &approve).await);
}

#[tokio::test]
async fn a_code_counts_once_and_too_many_wrong_ones_lock() {
    let (place, dana, card) = above(ABOVE).await;
    let secret = with_factor(&place).await;
    let at = asks_for_more(&decides(&place, &card, &dana, &[("choice", "approve")]).await);
    let code = secret.code_at(place.house.clock.now());
    assert_eq!(shows(&place, &at, &dana, &code).await.status, StatusCode::SEE_OTHER);
    let again = shows(&place, &at, &dana, &code).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    again.says("was used before");
    // The one before it counts no more either.
    let before = secret.code_at(place.house.clock.now().plus_ms(-30_000));
    shows(&place, &at, &dana, &before).await.says("was used before");
    for _ in 0..3 {
        shows(&place, &at, &dana, "000000").await.says("not right");
    }
    later(&place, 60_000);
    let fresh = secret.code_at(place.house.clock.now());
    shows(&place, &at, &dana, &fresh).await.says("Wait 15 minutes");
    later(&place, 8 * MINUTE_MS);
    is_open(&place, &card, &dana).await;
    later(&place, 16 * MINUTE_MS);
    let at = asks_for_more(&decides(&place, &card, &dana, &[("choice", "approve")]).await);
    let fresh = secret.code_at(place.house.clock.now());
    assert_eq!(shows(&place, &at, &dana, &fresh).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_has_no_factor_sets_one_up_and_comes_back_to_her_card() {
    let (place, dana, card) = above(ABOVE).await;
    let typed = [("choice", "shorter"), ("need.days", "14")];
    let at = asks_for_more(&decides(&place, &card, &dana, &typed).await);
    let door = place.get(&at, &dana).await.link("/desk/second-factor?kept=");
    let page = place.get(&door, &dana).await;
    let (csrf, kept) = (page.field("csrf"), page.field("kept"));
    let begin = |password: &'static str| {
        let form = [("csrf", csrf.clone()), ("kept", kept.clone()), ("password", password.into())];
        let place = &place;
        let dana = &dana;
        async move {
            let form: Vec<_> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
            place.post("/desk/second-factor", dana, &form).await
        }
    };
    begin("not it").await.says("That did not work");
    let page = begin(DEMO_PASSWORD).await;
    page.says("<svg");
    let id = page.field("setting_up");
    let spelled = page.body.split("into the app: <code>").nth(1).unwrap();
    let spelled = spelled.split('<').next().unwrap().replace(' ', "");
    let secret = Secret::of(unspelled(&spelled));
    let form = |code: &str| {
        [
            ("csrf", csrf.clone()),
            ("kept", kept.clone()),
            ("setting_up", id.clone()),
            ("code", code.into()),
        ]
    };
    let send = async |code: String| {
        let form = form(&code);
        let form: Vec<_> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
        place.post("/desk/second-factor", &dana, &form).await
    };
    send("000000".into()).await.says("This code is not right");
    let done = send(secret.code_at(place.house.clock.now())).await;
    done.says("recovery codes");
    let back = done.link(&format!("{card}?kept="));
    place.get(&back, &dana).await.says("name=\"need.days\" value=\"14\"");
    decides(&place, &card, &dana, &typed).await.says("Done");
    // Another in its place takes the one that is there: a session alone changes neither.
    let page = begin(DEMO_PASSWORD).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.says_not("<svg");
}

/// Base 32 (RFC 4648), read.
fn unspelled(text: &str) -> Vec<u8> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = letters.iter().position(|it| *it == letter).unwrap();
        bits = bits << 5 | u32::try_from(value).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

#[tokio::test]
async fn a_recovery_code_counts_once() {
    let (place, dana, card) = above(ABOVE).await;
    let (codes, digests) = mendline::signin::totp::recovery();
    let entry = place.house.store.entry();
    entry.put_factor(&whose("dana"), &[7; 20], &digests, 0).await.unwrap();
    let at = asks_for_more(&decides(&place, &card, &dana, &[("choice", "approve")]).await);
    assert_eq!(shows(&place, &at, &dana, &codes[3]).await.status, StatusCode::SEE_OTHER);
    shows(&place, &at, &dana, &codes[3]).await.says("was used before");
    assert_eq!(shows(&place, &at, &dana, &codes[4]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_command_asks_for_the_same_proof() {
    let (place, dana, card) = above(ABOVE).await;
    let secret = with_factor(&place).await;
    let page = place.get("/desk", &dana).await;
    let token = card.strip_prefix("/desk/card/").unwrap();
    let shown = format!("c:{token}");
    let (csrf, nonce) = (page.field("csrf"), page.field("nonce"));
    let form = [("csrf", csrf.as_str()), ("nonce", &nonce), ("shown", &shown)];
    let form = [&form[..], &[("command", "/approve 1 days 14")]].concat();
    let at = asks_for_more(&place.post("/desk/command", &dana, &form).await);
    let code = secret.code_at(place.house.clock.now());
    let back = shows(&place, &at, &dana, &code).await.header("location").to_owned();
    place.get(&back, &dana).await.says("name=\"need.days\" value=\"14\"");
    is_open(&place, &card, &dana).await;
}

#[tokio::test]
async fn a_tap_elsewhere_decides_nothing_that_needs_a_proof() {
    for (settings, decided) in [(ABOVE, false), ("[step_up]\nabove = '900.00 USD'", true)] {
        let (place, dana, card) = above(settings).await;
        let token = card.strip_prefix("/desk/card/").unwrap();
        let question = token.parse().unwrap();
        let tap = Incoming::Tap { question, choice: "approve".into(), with: BTreeMap::new() };
        place.house.arrive(PAYER, "telegram", "t-1", "dana", tap, None).await.unwrap();
        mendline::pump::until_idle(&place.house).await.unwrap();
        let gone = place.get(&card, &dana).await.status == StatusCode::GONE;
        assert_eq!(gone, decided, "{settings}");
    }
}

#[tokio::test]
async fn what_somebody_typed_is_nobody_elses() {
    let (place, dana, card) = above(ABOVE).await;
    let typed = [("choice", "shorter"), ("need.days", "14")];
    let at = asks_for_more(&decides(&place, &card, &dana, &typed).await);
    let sam = place.login("sam").await;
    assert_eq!(place.get(&at, &sam).await.status, StatusCode::NOT_FOUND);
    let id = at.rsplit('/').next().unwrap();
    place.get(&format!("{card}?kept={id}"), &sam).await.says_not("value=\"14\"");
    later(&place, 14 * MINUTE_MS);
    is_open(&place, &card, &dana).await;
    later(&place, 28 * MINUTE_MS);
    is_open(&place, &card, &dana).await;
    later(&place, 31 * MINUTE_MS);
    assert_eq!(place.get(&at, &dana).await.status, StatusCode::NOT_FOUND, "not overnight");
}

/// A house whose provider has second factors, and Dana who came by it.
async fn by_provider(step_up: &str) -> (Place, Idp, String, String) {
    // What stands before the groups must not open a section.
    let (place, idp) =
        with_provider(&format!("person_claim = 'employee_id'\nstep_up = {{ {step_up} }}")).await;
    place.ana_at_the_counter().await;
    let dana = is_in(&place, &idp, "d-1", dana()).await;
    let card = place.get("/desk", &dana).await.link("/desk/card/");
    (place, idp, dana, card)
}

fn dana_with(more: Value) -> Value {
    let mut claims = dana();
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn nothing_typed_is_lost_on_the_way_through_the_provider() {
    let limits = "above = '100.00 USD', acr_values = ['mfa'], amr = ['otp', 'hwk']";
    let (place, idp, dana_here, card) = by_provider(limits).await;
    let typed = [("choice", "shorter"), ("need.days", "14")];
    let at = asks_for_more(&decides(&place, &card, &dana_here, &typed).await);
    let door = place.get(&at, &dana_here).await.link("/desk/step-up/");
    let (way, trip) = sent(&place, &door, &dana_here).await;
    let asked = Asked::of(&way);
    assert_eq!((asked.get("prompt"), asked.get("acr_values")), ("login", "mfa"));
    assert!(!asked.get("max_age").is_empty());
    let claims = dana_with(json!({ "acr": "mfa", "amr": ["pwd", "otp"] }));
    let came = place.get(&idp.lets_on(&way, "d-1", claims), &trip).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    let back = came.link(&card);
    place.get(&back, &dana_here).await.says("name=\"need.days\" value=\"14\"");
    decides(&place, &card, &dana_here, &typed).await.says("Done");
}

#[tokio::test]
async fn a_password_at_the_provider_is_no_second_factor() {
    let limits = "always = true, acr_values = ['mfa'], amr = ['otp', 'hwk']";
    let (place, idp, dana_here, card) = by_provider(limits).await;
    let now_s = place.house.clock.now().0 / 1_000;
    for (subject, more) in [
        ("d-1", json!({})),
        ("d-1", json!({ "acr": "mfa", "amr": ["pwd"] })),
        ("d-1", json!({ "acr": "pwd", "amr": ["otp"] })),
        ("d-1", json!({ "acr": "mfa", "amr": ["otp"], "auth_time": now_s - 120 })),
        ("d-1", json!({ "acr": "mfa", "amr": ["otp"], "auth_time": null })),
        ("d-2", json!({ "acr": "mfa", "amr": ["otp"], "employee_id": "sam" })),
    ] {
        let at = asks_for_more(&decides(&place, &card, &dana_here, &[("choice", "approve")]).await);
        let (way, trip) = sent(&place, &format!("{at}/go"), &dana_here).await;
        let claims = dana_with(more.clone());
        let came = place.get(&idp.lets_on(&way, subject, claims), &trip).await;
        assert_eq!(came.status, StatusCode::FORBIDDEN, "{subject} {more}");
        // She is still there, and has still to prove it.
        is_open(&place, &card, &dana_here).await;
    }
}

#[tokio::test]
async fn a_code_of_this_house_is_no_proof_in_a_providers_session() {
    let (place, _idp, dana_here, card) = by_provider("always = true, amr = ['otp']").await;
    let secret = with_factor(&place).await;
    let at = asks_for_more(&decides(&place, &card, &dana_here, &[("choice", "approve")]).await);
    let csrf = place.get(&at, &dana_here).await.field("csrf");
    let code = secret.code_at(place.house.clock.now());
    let shown = place.post(&at, &dana_here, &[("csrf", &csrf), ("code", &code)]).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
}
