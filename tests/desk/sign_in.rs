//! Signing in through an identity provider: who comes in, as whom, and what is refused.

use axum::http::StatusCode;
use mendline::desk::accounts::DEMO_PASSWORD;
use mendline::signin::{Settings, Ways};
use mendline_engine::time::Timestamp;
use serde_json::{Value, json};

use crate::house::{Answer, PAYER, Place, START, place};
use crate::idp::{Asked, CLIENT, Idp, Lie, PUBLIC_URL, SECRET};

pub const TRIP: &str = "mendline_sign_in";
pub const DESK: &str = "mendline_desk";
const MINUTE_MS: i64 = 60_000;

/// A house with a provider, and what its operator says beside.
pub async fn with_provider(more: &str) -> (Place, Idp) {
    let place = place().await;
    let idp = Idp::start(place.clock.clone()).await;
    let settings = format!(
        r#"
        issuer = "{}"
        client_id = "{CLIENT}"
        client_secret = "{SECRET}"
        name = "Example Mutual"
        {more}
        [[groups]]
        group = "adjusters"
        payer = "{PAYER}"
        role = "adjuster"
        [[groups]]
        group = "desk"
        payer = "{PAYER}"
        role = "agent"
        desks = ["pharmacy_desk", "claims_desk"]
        "#,
        idp.issuer
    );
    begin(&place, &settings);
    (place, idp)
}

pub fn begin(place: &Place, settings: &str) {
    let settings: Settings = toml::from_str(settings).unwrap();
    settings.check([PAYER.to_owned()].iter()).unwrap();
    place.house.sign_in.begin(Ways::of(Some(&settings), PUBLIC_URL).unwrap());
}

/// A browser is sent away; answers where to, and what it carries.
pub async fn sent(place: &Place, path: &str, cookie: &str) -> (String, String) {
    let gone = place.get(path, cookie).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    (gone.header("location").to_owned(), gone.cookie(TRIP).unwrap())
}

/// Somebody goes to the provider and comes back.
pub async fn comes(place: &Place, idp: &Idp, subject: &str, claims: Value) -> Answer {
    let (way, trip) = sent(place, "/desk/sign-in", "").await;
    place.get(&idp.lets_on(&way, subject, claims), &trip).await
}

/// Dana, as the provider knows her, with her id in the claim system.
pub fn dana() -> Value {
    json!({ "groups": ["adjusters"], "employee_id": "dana", "name": "Dana Whitfield" })
}

pub async fn is_in(place: &Place, idp: &Idp, subject: &str, claims: Value) -> String {
    let came = comes(place, idp, subject, claims).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    came.says("You are signed in");
    came.cookie(DESK).unwrap()
}

#[track_caller]
fn is_refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    answer.says("That did not work, and nothing was changed");
    assert_eq!(answer.cookie(DESK), None);
}

async fn noted(place: &Place, payer: &str, what: &str) -> Vec<String> {
    let found = place.house.store.entry().lately(payer, what, Timestamp(0), 9).await.unwrap();
    found.into_iter().map(|it| it.0).collect()
}

fn later(place: &Place, minutes: i64) {
    place.clock.set(Timestamp::parse(START).unwrap().plus_ms(minutes * MINUTE_MS));
}

#[tokio::test]
async fn a_first_sign_in_makes_somebody_with_the_roles_of_her_groups() {
    let (place, idp) = with_provider("").await;
    place.get("/desk/login", "").await.says("Sign in with Example Mutual");
    let claims = json!({ "groups": ["desk", "lunch"], "name": "Kim Placeholder" });
    let kim = is_in(&place, &idp, "kim-1", claims.clone()).await;
    place.get("/desk", &kim).await.says("Kim Placeholder");
    assert_eq!(noted(&place, PAYER, "sign_in").await.len(), 1);
    // The same subject is the same person, whatever her name.
    let again = json!({ "groups": ["desk"], "name": "Kim Newname" });
    let same = is_in(&place, &idp, "kim-1", again).await;
    place.get("/desk", &same).await.says("Kim Placeholder");
    assert_eq!(noted(&place, PAYER, "sign_in").await[0], noted(&place, PAYER, "sign_in").await[1]);
}

#[tokio::test]
async fn an_id_in_the_claim_system_brings_her_cards() {
    let (place, idp) = with_provider("person_claim = 'employee_id'").await;
    place.ana_at_the_counter().await;
    let dana = is_in(&place, &idp, "d-1", dana()).await;
    let card = place.get("/desk", &dana).await.link("/desk/card/");
    place.get(&card, &dana).await.says("Your decision");
}

#[tokio::test]
async fn nobody_is_somebody_by_an_equal_email_or_name() {
    let (place, idp) = with_provider("").await;
    place.ana_at_the_counter().await;
    let claims = json!({
        "groups": ["adjusters"], "name": "Dana Whitfield", "email": "dana@example.com",
        "email_verified": true, "preferred_username": "dana", "employee_id": "dana",
    });
    let stranger = is_in(&place, &idp, "x-1", claims).await;
    place.get("/desk", &stranger).await.says("Nothing waits for you");
}

#[tokio::test]
async fn a_person_is_one_subjects_until_an_operator_says_otherwise() {
    let (place, idp) = with_provider("person_claim = 'employee_id'").await;
    is_in(&place, &idp, "d-1", dana()).await;
    is_refused(&comes(&place, &idp, "d-2", dana()).await);
    assert_eq!(noted(&place, "", "sign_in_refused: taken").await, ["unknown"]);
    // Nor does a subject become somebody else.
    let mut sam = dana();
    sam["employee_id"] = json!("sam");
    is_refused(&comes(&place, &idp, "d-1", sam).await);
    let whose = mendline::store::reach::Whose { payer: PAYER.into(), person: "dana".into() };
    assert!(place.house.store.entry().unbind(&whose).await.unwrap().is_some());
    is_in(&place, &idp, "d-2", dana()).await;
}

#[tokio::test]
async fn a_worker_does_not_come_in_at_the_desk() {
    let (place, idp) = with_provider("person_claim = 'employee_id'").await;
    let mut ana = dana();
    ana["employee_id"] = json!("ana");
    is_refused(&comes(&place, &idp, "a-1", ana).await);
    assert_eq!(noted(&place, "", "sign_in_refused: no_person").await.len(), 1);
}

#[tokio::test]
async fn what_another_browser_asked_for_is_refused() {
    let (place, idp) = with_provider("person_claim = 'employee_id'").await;
    let (way, trip) = sent(&place, "/desk/sign-in", "").await;
    let back = idp.lets_on(&way, "d-1", dana());
    // Without what this browser carries, or with what another does.
    is_refused(&place.get(&back, "").await);
    let (_, other) = sent(&place, "/desk/sign-in", "").await;
    is_refused(&place.get(&back, &other).await);
    is_refused(&place.get(&back, &format!("{trip}x")).await);
    is_refused(&place.get(&back.replace("state=", "state=x"), &trip).await);
    assert_eq!(noted(&place, "", "sign_in_failed: state").await.len(), 4);
    // It was none of these that used it up.
    let came = place.get(&back, &trip).await;
    assert!(came.cookie(DESK).is_some(), "{}", came.body);
    // And it is used once.
    is_refused(&place.get(&back, &trip).await);
    assert_eq!(noted(&place, "", "sign_in_failed: used").await.len(), 1);
}

#[tokio::test]
async fn a_trip_ends_after_ten_minutes() {
    let (place, idp) = with_provider("").await;
    let (way, trip) = sent(&place, "/desk/sign-in", "").await;
    later(&place, 11);
    is_refused(&place.get(&idp.lets_on(&way, "d-1", dana()), &trip).await);
}

#[tokio::test]
async fn another_providers_answer_is_refused() {
    let (place, idp) = with_provider("").await;
    let (way, trip) = sent(&place, "/desk/sign-in", "").await;
    let back = idp.lets_on(&way, "d-1", dana());
    let (head, _) = back.split_once("&iss=").unwrap();
    is_refused(&place.get(&format!("{head}&iss=https%3A%2F%2Fevil.example"), &trip).await);
    assert_eq!(noted(&place, "", "sign_in_failed: issuer").await.len(), 1);
}

#[tokio::test]
async fn a_code_is_used_once_and_by_who_began() {
    let (place, idp) = with_provider("").await;
    let (way, trip) = sent(&place, "/desk/sign-in", "").await;
    let back = idp.lets_on(&way, "d-1", dana());
    let code = Asked::of(&back).get("code").to_owned();
    // Somebody's code in another one's trip: the proof does not fit, and the code is gone.
    let (way, other) = sent(&place, "/desk/sign-in", "").await;
    let theirs = idp.lets_on(&way, "x-1", dana());
    let swapped = theirs.replace(Asked::of(&theirs).get("code"), &code);
    is_refused(&place.get(&swapped, &other).await);
    is_refused(&place.get(&back, &trip).await);
    assert_eq!(noted(&place, "", "sign_in_failed: code_refused").await.len(), 2);
}

#[tokio::test]
async fn a_token_that_is_not_for_this_house_this_trip_and_this_hour_is_refused() {
    for (lie, why) in [
        (Lie::Nonce, "nonce"),
        (Lie::NoNonce, "nonce"),
        (Lie::Audience, "audience"),
        (Lie::SecondAudience, "audience"),
        (Lie::AuthorizedParty, "audience"),
        (Lie::Issuer, "issuer"),
        (Lie::Expired, "expired"),
        (Lie::FromTheFuture, "expired"),
        (Lie::AlgorithmNone, "algorithm"),
        (Lie::SharedSecret, "algorithm"),
        (Lie::ForeignKey, "signature"),
        (Lie::Signature, "signature"),
        (Lie::NoToken, "no_id_token"),
    ] {
        let (place, idp) = with_provider("").await;
        idp.lies(lie);
        is_refused(&comes(&place, &idp, "d-1", dana()).await);
        let noted = noted(&place, "", &format!("sign_in_failed: {why}")).await;
        assert_eq!(noted, ["unknown"], "{lie:?}");
        idp.lies(Lie::None);
        is_in(&place, &idp, "d-1", dana()).await;
    }
}

#[tokio::test]
async fn a_provider_may_change_its_keys() {
    let (place, idp) = with_provider("").await;
    is_in(&place, &idp, "d-1", dana()).await;
    idp.rotates_keys("second");
    is_in(&place, &idp, "d-1", dana()).await;
}

#[tokio::test]
async fn who_has_no_group_here_is_told_no_more_than_others() {
    let (place, idp) = with_provider("").await;
    let (way, trip) = sent(&place, "/desk/sign-in", "").await;
    let wrong = place.get("/desk/sign-in/back?state=x&code=y", "").await;
    for claims in [json!({}), json!({ "groups": [] }), json!({ "groups": ["lunch"] })] {
        let came = comes(&place, &idp, "k-1", claims).await;
        is_refused(&came);
        assert_eq!(came.body, wrong.body);
    }
    assert_eq!(noted(&place, "", "sign_in_refused: no_group").await.len(), 3);
    let no = place.get(&idp.turns_away(&way, "access_denied"), &trip).await;
    is_refused(&no);
    assert_eq!(no.body, wrong.body);
}

#[tokio::test]
async fn groups_that_are_said_apart_are_asked_for() {
    let (place, idp) = with_provider("person_claim = 'employee_id'").await;
    idp.says_apart(vec!["groups", "employee_id", "name"]);
    is_in(&place, &idp, "d-1", dana()).await;
}

#[tokio::test]
async fn a_group_that_is_taken_away_ends_her_sessions() {
    let (place, idp) = with_provider("").await;
    let both = json!({ "groups": ["adjusters", "desk"], "name": "Kim" });
    let kim = is_in(&place, &idp, "k-1", both).await;
    assert_eq!(place.get("/desk", &kim).await.status, StatusCode::OK);
    let less = is_in(&place, &idp, "k-1", json!({ "groups": ["desk"], "name": "Kim" })).await;
    assert_eq!(place.get("/desk", &kim).await.header("location"), "/desk/login");
    assert_eq!(place.get("/desk", &less).await.status, StatusCode::OK);
    is_refused(&comes(&place, &idp, "k-1", json!({ "groups": [] })).await);
    assert_eq!(place.get("/desk", &less).await.header("location"), "/desk/login");
    // Given back, she is who she was.
    is_in(&place, &idp, "k-1", json!({ "groups": ["desk"] })).await;
    assert_eq!(noted(&place, PAYER, "sign_in_refused: no_group").await.len(), 1);
}

/// She works on, with a look every few minutes.
async fn works_until(place: &Place, cookie: &str, from: i64, to: i64) {
    for minute in (from..=to).step_by(10) {
        later(place, minute);
        assert_eq!(place.get("/desk", cookie).await.status, StatusCode::OK, "{minute}");
    }
}

#[tokio::test]
async fn the_provider_is_asked_again_each_hour_and_nobody_notices() {
    let (place, idp) = with_provider("").await;
    let kim = is_in(&place, &idp, "k-1", json!({ "groups": ["desk"] })).await;
    works_until(&place, &kim, 10, 60).await;
    later(&place, 61);
    let (way, trip) = sent(&place, "/desk/search?claim=x", &kim).await;
    assert_eq!(Asked::of(&way).get("prompt"), "none");
    let back = idp.lets_on(&way, "k-1", json!({ "groups": ["desk"] }));
    let came = place.get(&back, &format!("{trip}; {kim}")).await;
    assert_eq!(came.link("/desk/search"), "/desk/search?claim=x");
    assert_eq!(place.get("/desk", &kim).await.status, StatusCode::OK);
    // What refreshes itself, and forms, are not sent away.
    works_until(&place, &kim, 71, 121).await;
    later(&place, 122);
    assert_eq!(place.get("/desk/queue", &kim).await.status, StatusCode::OK);
    // Somebody else at the provider vouches for nobody here.
    let (way, trip) = sent(&place, "/desk", &kim).await;
    is_refused(&place.get(&idp.lets_on(&way, "x-1", json!({ "groups": ["desk"] })), &trip).await);
    let (way, trip) = sent(&place, "/desk", &kim).await;
    let ended = place.get(&idp.turns_away(&way, "login_required"), &trip).await;
    ended.says("Your sign-in has ended");
    assert_eq!(place.get("/desk", &kim).await.header("location"), "/desk/login");
}

#[tokio::test]
async fn who_was_let_go_is_out_within_the_hour_and_a_quarter() {
    let (place, idp) = with_provider("").await;
    let kim = is_in(&place, &idp, "k-1", json!({ "groups": ["desk"] })).await;
    works_until(&place, &kim, 10, 60).await;
    later(&place, 61);
    let (way, trip) = sent(&place, "/desk", &kim).await;
    is_refused(&place.get(&idp.lets_on(&way, "k-1", json!({ "groups": [] })), &trip).await);
    assert_eq!(place.get("/desk", &kim).await.header("location"), "/desk/login");
    // While the provider is away she goes on, and not for ever.
    let kim = is_in(&place, &idp, "k-2", json!({ "groups": ["desk"] })).await;
    idp.goes_down().await;
    works_until(&place, &kim, 71, 131).await;
    later(&place, 137);
    assert_eq!(place.get("/desk", &kim).await.header("location"), "/desk/login");
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_and_the_emergency_way_is_noted_and_shown() {
    let (place, idp) = with_provider("").await;
    let robin = {
        let (way, trip) = sent(&place, "/desk/sign-in", "").await;
        let back = idp.lets_on(&way, "r-1", json!({ "groups": ["desk"], "name": "Robin" }));
        let robin = place.get(&back, &trip).await.cookie(DESK).unwrap();
        let (way, trip) = sent(&place, "/desk/sign-in", "").await;
        let back = idp.lets_on(&way, "r-1", json!({ "groups": ["desk"] }));
        idp.goes_down().await;
        let away = place.get(&back, &trip).await;
        assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
        away.says("does not answer at the moment");
        away.says("Emergency account");
        robin
    };
    let entered = place.try_login("dana", DEMO_PASSWORD).await;
    assert!(entered.cookie(DESK).is_some());
    assert_eq!(noted(&place, PAYER, "emergency_login").await, ["dana"]);
    place.get("/desk", &robin).await.says("Dana Whitfield came in by an emergency account");
}

#[tokio::test]
async fn a_closed_way_is_closed_to_the_right_password_too() {
    let (place, _idp) = with_provider("local = 'closed'").await;
    let right = place.try_login("dana", DEMO_PASSWORD).await;
    let wrong = place.try_login("dana", "not it").await;
    assert_eq!((right.cookie(DESK), right.body), (None, wrong.body));
    assert_eq!(noted(&place, PAYER, "login_closed").await, ["dana"]);
    place.get("/desk/login", "").await.says_not("Password");
}

#[tokio::test]
async fn logging_out_here_leads_to_logging_out_there() {
    let (place, idp) = with_provider("").await;
    let kim = is_in(&place, &idp, "k-1", json!({ "groups": ["desk"] })).await;
    let csrf = place.get("/desk", &kim).await.field("csrf");
    let left = place.post("/desk/logout", &kim, &[("csrf", &csrf)]).await;
    let out = left.link(&format!("{}/out", idp.issuer));
    let asked = Asked::of(&out.replace("&amp;", "&").replace("&#38;", "&"));
    assert_eq!(asked.get("post_logout_redirect_uri"), "http://localhost:8080/desk/login");
    assert_eq!(asked.get("id_token_hint").split('.').count(), 3);
    assert_eq!(place.get("/desk", &kim).await.header("location"), "/desk/login");
}

#[tokio::test]
async fn nobody_types_her_way_into_a_providers_account() {
    let (place, idp) = with_provider("local = 'open'").await;
    is_in(&place, &idp, "k-1", json!({ "groups": ["desk"] })).await;
    for login in ["k-1", "oidc/k-1", "oidc-", ""] {
        for password in ["", "!"] {
            assert_eq!(place.try_login(login, password).await.cookie(DESK), None, "{login}");
        }
    }
}
