//! An adjuster at her desk, with the forms of her pages and no script. Like her browser she sends
//! the same form again when no answer came, under the nonce that it had.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a page may take. A server that dies closes the connection much sooner.
const PAGE_PATIENCE: Duration = Duration::from_secs(10);
/// How long she looks away between two looks at her queue.
const LOOKS_AWAY: Duration = Duration::from_millis(150);

pub struct Desk {
    login: &'static str,
    password: &'static str,
    port: u16,
    cookie: Option<String>,
    /// A form whose answer never came.
    unanswered: Option<(String, Vec<(String, String)>)>,
    /// How many forms were answered.
    pub decided: usize,
}

impl Desk {
    pub fn new(login: &'static str, password: &'static str, port: u16) -> Desk {
        Desk { login, password, port, cookie: None, unanswered: None, decided: 0 }
    }

    /// Approves whatever comes before her, until it is over or the moment comes.
    pub async fn approve_all(mut self, over: Arc<AtomicBool>, until: Instant) -> Desk {
        while !over.load(Ordering::SeqCst) && Instant::now() < until {
            self = tokio::task::spawn_blocking(|| {
                // `None`: the server went away in the middle.
                let _ = self.look();
                self
            })
            .await
            .unwrap();
            sleep(LOOKS_AWAY).await;
        }
        self
    }

    fn look(&mut self) -> Option<()> {
        let cookie = match self.cookie.clone() {
            Some(cookie) => cookie,
            None => self.log_in()?,
        };
        if let Some((path, fields)) = self.unanswered.clone() {
            let (status, _, page) = self.send(&path, &cookie, &fields)?;
            assert_eq!(status, 200, "{page}");
            self.unanswered = None;
            self.decided += 1;
        }
        let queue = self.page("/desk", &cookie)?;
        let Some(at) = between(&queue, "href=\"/desk/card/", "\"") else { return Some(()) };
        let path = format!("/desk/card/{at}");
        let card = self.page(&path, &cookie)?;
        let hidden = |name: &str| between(&card, &format!("name=\"{name}\" value=\""), "\"");
        // A card that somebody else decided has no form.
        let (Some(csrf), Some(nonce)) = (hidden("csrf"), hidden("nonce")) else {
            return Some(());
        };
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![field("csrf", csrf), field("nonce", nonce), field("choice", "approve")];
        self.unanswered = Some((path, fields));
        Some(())
    }

    fn log_in(&mut self) -> Option<String> {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = [field("login", self.login), field("password", self.password)];
        let (_, cookie, page) = self.send("/desk/login", "", &fields)?;
        assert!(!cookie.is_empty(), "{} was not let in: {page}", self.login);
        self.cookie = Some(cookie.clone());
        Some(cookie)
    }

    fn page(&self, path: &str, cookie: &str) -> Option<String> {
        let (status, _, page) = read(agent().get(self.url(path)).header("cookie", cookie).call())?;
        assert_eq!(status, 200, "{path}: {page}");
        Some(page)
    }

    fn send(
        &self,
        path: &str,
        cookie: &str,
        fields: &[(String, String)],
    ) -> Option<(u16, String, String)> {
        let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        read(agent().post(self.url(path)).header("cookie", cookie).send_form(fields))
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(PAGE_PATIENCE)).build().into()
}

/// Status, cookie, page; `None` if no whole answer came.
fn read(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Option<(u16, String, String)> {
    let mut answer = answer.ok()?;
    let cookie = answer.headers().get("set-cookie").and_then(|it| it.to_str().ok());
    let cookie = cookie.and_then(|it| it.split(';').next()).unwrap_or_default().to_owned();
    let status = answer.status().as_u16();
    Some((status, cookie, answer.body_mut().read_to_string().ok()?))
}

/// What stands between two marks.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}
