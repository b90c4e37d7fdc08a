//! Setting up a second factor for a password of this house. It asks for the password again, and
//! for the factor that is there already; recovery codes are shown once.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::step_up::Shown;
use super::{Answer, Desk, Failed, Fields, Frame, queue::answer};
use crate::desk::accounts;
use crate::desk::session::Staff;
use crate::signin::MINUTE_MS;
use crate::signin::totp::{Secret, Typed, read, recovery};
use crate::store::entry::How;
use crate::vault::{digest_token, random_token};
use crate::web::limits::address;
use crate::web::pages::{Page, html};

/// How long somebody may take to find her phone and an app for it.
const SETTING_UP_MS: i64 = 30 * MINUTE_MS;

const WRONG_PASSWORD: &str = "That did not work. Check what you typed. After several tries, wait \
                              15 minutes before the next one.";
const WRONG_CODE: &str = "This code is not right. Look whether the clock of your phone is, and \
                          type the code that is shown now.";

#[derive(Template)]
#[template(path = "desk_factor.html")]
struct FactorPage {
    page: Page,
    frame: Frame,
    /// Whether it is the provider's matter.
    providers: bool,
    has_factor: bool,
    wrong: Option<&'static str>,
    /// What is set up now: the form's id, the picture, and the same in letters.
    setting_up: Option<(String, String, String)>,
    /// Shown once.
    codes: Vec<String>,
    /// What was interrupted by this, if anything.
    kept: String,
    /// Where one goes on afterwards.
    on: String,
}

/// `GET /desk/second-factor`.
pub async fn page(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        let page = desk.factor_page(&staff, &query).await?;
        Ok(html(StatusCode::OK, &page))
    })
    .await
}

/// `POST /desk/second-factor`.
pub async fn set_up(
    State(desk): State<Desk>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<Fields>,
) -> Response {
    answer(async {
        let staff = desk.who_sends(&headers, &form).await?;
        if staff.footing.how == How::Provider {
            return Err(Failed::NotFound);
        }
        match form.get("setting_up").map(String::as_str) {
            Some(id) => desk.confirm(&staff, &form, id).await,
            None => desk.begin_factor(&staff, &form, &extensions).await,
        }
    })
    .await
}

impl Desk {
    async fn factor_page(&self, staff: &Staff, form: &Fields) -> Result<FactorPage, Failed> {
        let has_factor = self.house.store.entry().factor(&staff.whose()).await?.is_some();
        let (page, frame) = self.frame(staff, "Your second factor", false);
        let fine =
            |it: &&String| it.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c));
        Ok(FactorPage {
            page,
            frame,
            providers: staff.footing.how == How::Provider,
            has_factor,
            wrong: None,
            setting_up: None,
            codes: Vec::new(),
            on: "/desk".into(),
            kept: form.get("kept").filter(fine).cloned().unwrap_or_default(),
        })
    }

    /// The password again, and the factor that is there: a session alone changes neither.
    async fn begin_factor(&self, staff: &Staff, form: &Fields, extensions: &Extensions) -> Answer {
        let mut page = self.factor_page(staff, form).await?;
        let login = &staff.account.login;
        let allowed = self.limits.allow(login, address(extensions));
        let password = form.get("password").map(String::as_str).unwrap_or_default();
        let known = match allowed {
            true => accounts::check(&self.house, login, password).await?.is_some(),
            false => false,
        };
        let typed = form.get("code").map(String::as_str).unwrap_or_default();
        let proved = known
            && (!page.has_factor || matches!(self.show_factor(staff, typed).await?, Shown::Right));
        if !proved {
            self.audit(staff, "second_factor_failed", None).await?;
            page.wrong = Some(WRONG_PASSWORD);
            return Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
        let (id, secret) = (random_token(), Secret::new());
        let body = json!({ "secret": URL_SAFE_NO_PAD.encode(secret.bytes()) });
        let (entry, now) = (self.house.store.entry(), self.house.clock.now());
        entry.keep_form(&digest_token(&id), &staff.whose(), &body, now, SETTING_UP_MS).await?;
        page.setting_up = Some(shown(id, &secret, login));
        Ok(html(StatusCode::OK, &page))
    }

    /// A code from the new factor shows that it works; from then on it counts.
    async fn confirm(&self, staff: &Staff, form: &Fields, id: &str) -> Answer {
        let mut page = self.factor_page(staff, form).await?;
        let (entry, now) = (self.house.store.entry(), self.house.clock.now());
        let kept = entry.kept_form(&digest_token(id), &staff.whose(), now).await?;
        let secret = kept.as_ref().and_then(|it| it["secret"].as_str());
        let secret = secret.and_then(|it| URL_SAFE_NO_PAD.decode(it).ok()).ok_or(Failed::Stale)?;
        let secret = Secret::of(secret);
        let step = match read(form.get("code").map(String::as_str).unwrap_or_default()) {
            Typed::Code(code) => secret.step_of(&code, now),
            Typed::Recovery(_) | Typed::Nothing => None,
        };
        let Some(step) = step else {
            page.wrong = Some(WRONG_CODE);
            page.setting_up = Some(shown(id.to_owned(), &secret, &staff.account.login));
            return Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page));
        };
        let (codes, digests) = recovery();
        entry.put_factor(&staff.whose(), secret.bytes(), &digests, step).await?;
        self.step(staff).await?;
        self.audit(staff, "second_factor_set_up", None).await?;
        if let Some((card, _)) = self.kept(staff, &page.kept).await? {
            page.on = format!("{card}?kept={}", page.kept);
        }
        page.codes = codes;
        page.has_factor = true;
        Ok(html(StatusCode::OK, &page))
    }
}

fn shown(id: String, secret: &Secret, login: &str) -> (String, String, String) {
    (id, secret.picture(login).0, secret.spelled())
}
