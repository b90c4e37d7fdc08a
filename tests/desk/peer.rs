//! An OpenID provider that we did not write: npm's oidc-provider, which `tests/peers/oidc/run`
//! starts and names in `MENDLINE_OIDC_PEER`. Without it there is nothing to test here, and that
//! script says so loudly.

use std::collections::BTreeMap;
use std::time::SystemTime;

use axum::http::StatusCode;
use mendline_engine::time::Timestamp;

use crate::house::{Answer, PAYER, Place, place};
use crate::idp::{Asked, CLIENT, PUBLIC_URL, SECRET};
use crate::sign_in::{DESK, begin, sent};

/// Trips between two pages of a provider; more is a circle.
const REDIRECTS_MAX: usize = 12;

/// A browser at the provider: what it was told to remember.
#[derive(Default)]
struct Browser(BTreeMap<String, String>);

/// Where a browser ends up: back with us, or on a page of the provider's.
enum Ends {
    Back(String),
    There(u16, String),
}

impl Browser {
    /// Follows the provider's redirects.
    async fn follows(&mut self, way: String) -> Ends {
        let mut at = way;
        for _ in 0..REDIRECTS_MAX {
            if let Some(path) = at.strip_prefix(PUBLIC_URL) {
                return Ends::Back(path.to_owned());
            }
            let (status, location, page) = self.asks(&at).await;
            let Some(location) = location else { return Ends::There(status, page) };
            let issuer = std::env::var("MENDLINE_OIDC_PEER").unwrap();
            at = if location.starts_with('/') { format!("{issuer}{location}") } else { location };
        }
        panic!("a circle at {at}");
    }

    async fn asks(&mut self, at: &str) -> (u16, Option<String>, String) {
        let cookies: Vec<_> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (at, cookies) = (at.to_owned(), cookies.join("; "));
        let asking = tokio::task::spawn_blocking(move || {
            let config = ureq::Agent::config_builder().http_status_as_error(false);
            let agent: ureq::Agent = config.max_redirects(0).proxy(None).build().into();
            let mut answer = agent.get(at).header("cookie", cookies).call().unwrap();
            let page = answer.body_mut().read_to_string().unwrap();
            (answer, page)
        });
        let (answer, page) = asking.await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location, page)
    }

    async fn back(&mut self, way: &str, who: &str) -> String {
        match self.follows(format!("{way}&login_hint={who}")).await {
            Ends::Back(path) => path,
            Ends::There(status, page) => panic!("{status}: {page}"),
        }
    }

    async fn signs_in(&mut self, place: &Place, who: &str) -> Answer {
        let (way, trip) = sent(place, "/desk/sign-in", "").await;
        let back = self.back(&way, who).await;
        place.get(&back, &trip).await
    }
}

async fn house() -> Option<Place> {
    let issuer = std::env::var("MENDLINE_OIDC_PEER").ok()?;
    let place = place().await;
    // The provider has a clock of its own.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    place.clock.set(Timestamp(i64::try_from(now.as_millis()).unwrap()));
    begin(
        &place,
        &format!(
            r#"
            issuer = "{issuer}"
            client_id = "{CLIENT}"
            client_secret = "{SECRET}"
            scopes = ["groups"]
            person_claim = "employee_id"
            email_domains = ["example.com"]
            recheck_minutes = 5
            step_up = {{ always = true, acr_values = ["mfa"], amr = ["otp"] }}
            [[groups]]
            group = "adjusters"
            payer = "{PAYER}"
            role = "adjuster"
            "#
        ),
    );
    Some(place)
}

#[tokio::test]
async fn somebody_signs_in_and_whoever_has_no_group_does_not() {
    let Some(place) = house().await else { return };
    let came = Browser::default().signs_in(&place, "dana.pwd").await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    place.get("/desk", &came.cookie(DESK).unwrap()).await.says("Dana Whitfield");
    let refused = Browser::default().signs_in(&place, "nobody.pwd").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_code_is_for_who_began_and_for_one_use() {
    let Some(place) = house().await else { return };
    let mut dana = Browser::default();
    let (way, trip) = sent(&place, "/desk/sign-in", "").await;
    let back = dana.back(&way, "dana.pwd").await;
    let code = Asked::of(&back).get("code").to_owned();
    // In another trip its proof does not fit.
    let stolen = async |place: &Place| {
        let (way, other) = sent(place, "/desk/sign-in", "").await;
        let state = Asked::of(&way).get("state").to_owned();
        place.get(&format!("/desk/sign-in/back?code={code}&state={state}"), &other).await
    };
    assert_eq!(stolen(&place).await.status, StatusCode::FORBIDDEN);
    assert_eq!(place.get(&back, &trip).await.status, StatusCode::OK);
    assert_eq!(stolen(&place).await.status, StatusCode::FORBIDDEN);
    let noted = place.house.store.entry();
    let noted = noted.lately("", "sign_in_failed: code_refused", Timestamp(0), 9).await.unwrap();
    assert_eq!(noted.len(), 2);
}

#[tokio::test]
async fn nobody_is_sent_back_to_a_foreign_address() {
    let Some(place) = house().await else { return };
    let (way, _) = sent(&place, "/desk/sign-in", "").await;
    let foreign = way.replace("localhost%3A8080", "localhost%3A8081");
    assert_ne!(foreign, way);
    match Browser::default().follows(format!("{foreign}&login_hint=dana.pwd")).await {
        Ends::There(400, _) => {}
        Ends::There(status, page) => panic!("{status}: {page}"),
        Ends::Back(path) => panic!("{path}"),
    }
}

#[tokio::test]
async fn a_second_factor_is_shown_and_a_password_alone_is_none() {
    let Some(place) = house().await else { return };
    place.ana_at_the_counter().await;
    let mut browser = Browser::default();
    let dana = browser.signs_in(&place, "dana.pwd").await.cookie(DESK).unwrap();
    let card = place.get("/desk", &dana).await.link("/desk/card/");
    let decide = async |place: &Place| {
        let page = place.get(&card, &dana).await;
        let (csrf, nonce) = (page.field("csrf"), page.field("nonce"));
        let form = [("csrf", csrf.as_str()), ("nonce", &nonce), ("choice", "approve")];
        place.post(&card, &dana, &form).await
    };
    for (how, status) in [("dana.pwd", StatusCode::FORBIDDEN), ("dana.mfa", StatusCode::OK)] {
        let at = decide(&place).await.header("location").to_owned();
        let (way, trip) = sent(&place, &format!("{at}/go"), &dana).await;
        let back = browser.back(&way, how).await;
        let came = place.get(&back, &trip).await;
        assert_eq!(came.status, status, "{how}: {}", came.body);
    }
    decide(&place).await.says("Done");
}

#[tokio::test]
async fn she_is_vouched_for_again_without_a_question_while_she_is_signed_in_there() {
    let Some(place) = house().await else { return };
    let mut browser = Browser::default();
    let dana = browser.signs_in(&place, "dana.pwd").await.cookie(DESK).unwrap();
    place.clock.set(place.house.clock.now().plus_ms(6 * 60_000));
    let (way, trip) = sent(&place, "/desk", &dana).await;
    let asked = Browser::default().back(&way, "dana.pwd").await;
    assert_eq!(Asked::of(&asked).get("error"), "login_required", "nobody is signed in there");
    let back = browser.back(&way, "dana.pwd").await;
    let came = place.get(&back, &trip).await;
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    assert_eq!(place.get("/desk", &dana).await.status, StatusCode::OK);
}

#[tokio::test]
async fn logging_out_there_is_its_own_page() {
    let Some(place) = house().await else { return };
    let mut browser = Browser::default();
    let dana = browser.signs_in(&place, "dana.pwd").await.cookie(DESK).unwrap();
    let csrf = place.get("/desk", &dana).await.field("csrf");
    let left = place.post("/desk/logout", &dana, &[("csrf", &csrf)]).await;
    let out = left.link("http://127.0.0.1").replace("&#38;", "&").replace("&amp;", "&");
    match browser.follows(out).await {
        Ends::There(200, _) => {}
        Ends::There(status, page) => panic!("{status}: {page}"),
        Ends::Back(path) => panic!("{path}"),
    }
}
