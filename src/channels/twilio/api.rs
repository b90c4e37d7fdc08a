//! The line to Twilio. It asks and reads, and sorts only whether a request can have arrived.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::answer::Response;
use super::file::Files;
use super::outgoing::Fields;
use super::settings::Settings;
use crate::config::Secret;

/// How long a connection may take. A request that has none has certainly not arrived.
const CONNECT_PATIENCE: Duration = Duration::from_secs(4);
/// How long a request may take. Twilio answers in well under a second; and a turn that is waited
/// for, a request and a look for it are to end before dispatch gives up on the channel.
const PATIENCE: Duration = Duration::from_secs(6);
/// How much of an answer is read: a list of a hundred messages with the longest texts.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// Latest messages that are looked through.
const LIST_MAX: usize = 100;

/// A client for one account.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) agent: ureq::Agent,
    url: String,
    pub(super) files: Files,
    pub(super) authorization: Zeroizing<String>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing has arrived there.
    NotThere,
    /// It may have arrived.
    Maybe,
}

impl Api {
    pub fn new(settings: &Settings, token: &Secret) -> Api {
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_PATIENCE))
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            // Whoever stands in for Twilio cannot send us, and our token, to another place.
            .max_redirects(0)
            .max_redirects_will_error(false);
        let config = match settings.api_url {
            Some(_) => config.proxy(None),
            None => config.https_only(true),
        };
        let pair = Zeroizing::new(format!("{}:{}", settings.account_sid, token.expose()));
        let authorization = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        Api {
            agent: config.build().new_agent(),
            url: settings.messages_url(),
            files: Files::of(settings),
            authorization,
        }
    }

    /// Makes a message.
    pub async fn make(&self, fields: Fields) -> Result<Response, Silence> {
        let api = self.clone();
        apart(move || {
            let request = api.agent.post(&api.url);
            let request = request.header("Authorization", api.authorization.as_str());
            read(request.send_form(fields.iter().map(|(name, value)| (*name, value.as_str()))))
        })
        .await
    }

    /// The latest messages of the account; of one number alone, if there is one. The address asked
    /// for is not in the request, because clients write addresses into their logs.
    pub async fn latest(&self, from: Option<String>) -> Result<Response, Silence> {
        let api = self.clone();
        apart(move || {
            let request = api.agent.get(&api.url);
            let request = request.header("Authorization", api.authorization.as_str());
            let request = request.query("PageSize", LIST_MAX.to_string());
            read(match from {
                Some(from) => request.query("From", from).call(),
                None => request.call(),
            })
        })
        .await
    }
}

/// On a thread of its own: the client waits where it stands.
async fn apart(
    ask: impl FnOnce() -> Result<Response, Silence> + Send + 'static,
) -> Result<Response, Silence> {
    tokio::task::spawn_blocking(ask).await.unwrap_or(Err(Silence::Maybe))
}

fn read(got: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Response, Silence> {
    let mut response = got.map_err(|it| silence(&it))?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.and_then(|it| it.to_str().ok()).map(str::to_owned);
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true);
    // A body that breaks off is none: the status still says what became of the request.
    let body = body.read_to_string().unwrap_or_default();
    Ok(Response { status, retry_after, body })
}

fn silence(error: &ureq::Error) -> Silence {
    use ureq::{Error, Timeout};
    match error {
        Error::HostNotFound
        | Error::ConnectionFailed
        | Error::ConnectProxyFailed(_)
        | Error::InvalidProxyUrl
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::RequireHttpsOnly(_)
        | Error::Tls(_)
        | Error::TlsRequired
        | Error::Timeout(Timeout::Resolve | Timeout::Connect) => Silence::NotThere,
        Error::Io(it) if it.kind() == std::io::ErrorKind::ConnectionRefused => Silence::NotThere,
        _ => Silence::Maybe,
    }
}
