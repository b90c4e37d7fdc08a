//! Asks Discord. One try, and an honest word on how it went; when to try again is not ours.
//!
//! Requests go to the configured address alone: no redirect is followed, and nothing falls back to
//! Discord's own servers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest_of_bots::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest_of_bots::{Client, Error, Response, Url, redirect};
use serde_json::Value;
use tracing::{error, info};

use super::answer::{Fault, milliseconds, read};
use super::calls::{Call, Method};
use crate::config::Secret;

/// Where Discord is, unless the settings say otherwise.
const DISCORDS_OWN: &str = "https://discord.com/api";
/// The version that we speak.
const VERSION: &str = "v10";
/// Discord turns away who does not say what it is (Discord, "User Agent").
const WHO: &str = concat!("DiscordBot (mendline, ", env!("CARGO_PKG_VERSION"), ")");
/// Largest answer that is read, in bytes: a hundred messages of a few kilobytes, several times.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Direct messages that are remembered before all are forgotten; they are asked for again.
const DMS_MAX: usize = 10_000;

/// A bot's line to Discord.
#[derive(Clone)]
pub struct Api {
    client: Client,
    /// `https://discord.com/api/v10`.
    base: String,
    gateway: Option<String>,
    token: Secret,
    inside: Arc<Inside>,
}

#[derive(Default)]
struct Inside {
    /// Whether the token was refused the last time, so that operators are told once.
    refused: AtomicBool,
    /// A person's number to that of the direct message with her.
    dms: Mutex<HashMap<u64, u64>>,
}

/// An answer, and what Discord says of those after it.
pub(super) struct Answered {
    /// What was asked, or why not.
    pub it: Result<Value, Fault>,
    /// That this was the last for so many milliseconds.
    pub last_for_ms: Option<i64>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api(…)")
    }
}

impl Api {
    /// A line for this token. `elsewhere` is another address of the API and another gateway's, in
    /// the place of Discord's own, which are then never called.
    pub fn new(token: &Secret, elsewhere: Option<(&str, &str)>) -> anyhow::Result<Api> {
        let mut client = Client::builder().redirect(redirect::Policy::none());
        if elsewhere.is_some() {
            // An address of one's own is reached straight, whatever the environment says.
            client = client.no_proxy();
        }
        let client = client.build().context("making a client for Discord")?;
        let (base, gateway) = match elsewhere {
            None => (DISCORDS_OWN, None),
            Some((api, gateway)) => {
                is_address("api_url", api, &["http", "https"])?;
                is_address("gateway_url", gateway, &["ws", "wss"])?;
                (api, Some(gateway.to_owned()))
            }
        };
        let base = format!("{}/{VERSION}", base.trim_end_matches('/'));
        Ok(Api { client, base, gateway, token: token.clone(), inside: Arc::default() })
    }

    /// Whether Discord refused the token the last time it was asked: nothing arrives and nothing
    /// leaves until an operator gives another one.
    pub fn refused(&self) -> bool {
        self.inside.refused.load(Ordering::Relaxed)
    }

    /// The gateway that the settings name; then no other is asked for, and none is gone to.
    pub(super) fn gateway(&self) -> Option<&str> {
        self.gateway.as_deref()
    }

    pub(super) fn token(&self) -> &str {
        self.token.expose()
    }

    /// The direct message with a person, where it is known.
    pub(super) fn dm_of(&self, person: u64) -> Option<u64> {
        self.dms().get(&person).copied()
    }

    /// Remembers the direct message with a person.
    pub(super) fn know_dm(&self, person: u64, channel: u64) {
        let mut dms = self.dms();
        if dms.len() >= DMS_MAX {
            dms.clear();
        }
        dms.insert(person, channel);
    }

    /// It is not there any more.
    pub(super) fn forget_dm(&self, person: u64) {
        self.dms().remove(&person);
    }

    fn dms(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        // A map that is put into or taken from in one step is never half done.
        self.inside.dms.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Asks once and waits so long for an answer.
    pub(super) async fn ask(&self, call: &Call, patience: Duration) -> Result<Value, Fault> {
        self.answered(call, patience).await.it
    }

    /// The same, with what Discord says of the next ones.
    pub(super) async fn answered(&self, call: &Call, patience: Duration) -> Answered {
        let answered = match self.try_once(call, patience).await {
            Ok(answered) => answered,
            Err(fault) => Answered { it: Err(fault), last_for_ms: None },
        };
        match &answered.it {
            Err(Fault::Token) => self.token_refused(),
            Ok(_) => self.token_taken(),
            Err(_) => {}
        }
        answered
    }

    async fn try_once(&self, call: &Call, patience: Duration) -> Result<Answered, Fault> {
        let url: Url = format!("{}{}", self.base, call.path)
            .parse()
            .map_err(|_| Fault::NotReached("no address"))?;
        let mut bot = HeaderValue::from_str(&format!("Bot {}", self.token()))
            .map_err(|_| Fault::NotReached("no header"))?;
        bot.set_sensitive(true);
        let request = match call.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
            Method::Put => self.client.put(url),
            Method::Patch => self.client.patch(url),
        };
        let mut request =
            request.timeout(patience).header(AUTHORIZATION, bot).header(USER_AGENT, WHO);
        if call.body != Value::Null {
            let body = call.body.to_string();
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let answer = request.send().await.map_err(|why| unanswered(&why))?;
        let status = answer.status().as_u16();
        let header = |name: &str| text(answer.headers(), name);
        let retry_after = header("retry-after");
        let is_last = header("x-ratelimit-remaining").as_deref() == Some("0");
        let reset = header("x-ratelimit-reset-after").filter(|_| is_last);
        let last_for_ms = reset.and_then(|it| milliseconds(it.parse().ok()?));
        let it = read(status, retry_after.as_deref(), &body(answer).await?);
        Ok(Answered { it, last_for_ms })
    }

    /// Operators are told once.
    pub(super) fn token_refused(&self) {
        if !self.inside.refused.swap(true, Ordering::Relaxed) {
            error!(
                "discord refuses the bot's token: it was revoked or is wrong; nothing leaves or \
                 arrives there until the settings name another"
            );
        }
    }

    /// All is well again.
    pub(super) fn token_taken(&self) {
        if self.inside.refused.swap(false, Ordering::Relaxed) {
            info!("discord takes the bot's token again");
        }
    }
}

fn is_address(name: &str, text: &str, schemes: &[&str]) -> anyhow::Result<()> {
    let url: Url =
        text.parse().with_context(|| format!("`discord.{name}` is no address: {text:?}"))?;
    ensure!(
        schemes.contains(&url.scheme()) && url.has_host() && url.query().is_none(),
        "`discord.{name}` begins with {}:// and has no query; found {text:?}",
        schemes.join(":// or ")
    );
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    ensure!(
        here || url.scheme().ends_with('s'),
        "`discord.{name}` begins with {}:// unless it is on this machine: the token goes along",
        schemes[1]
    );
    Ok(())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

async fn body(mut answer: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(more)) if body.len() + more.len() <= ANSWER_BYTES_MAX => {
                body.extend_from_slice(&more);
            }
            Ok(Some(_)) => return Err(Fault::Unclear("too large")),
            Ok(None) => return Ok(body),
            Err(_) => return Err(Fault::Unclear("broken off")),
        }
    }
}

/// The error itself is not kept: it names the address, which may carry a secret of Discord's.
fn unanswered(why: &Error) -> Fault {
    if why.is_connect() {
        Fault::NotReached("no connection")
    } else if why.is_builder() {
        Fault::NotReached("no request")
    } else if why.is_timeout() {
        Fault::Unclear("no answer in time")
    } else {
        Fault::Unclear("broken off")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(elsewhere: Option<(&str, &str)>) -> anyhow::Result<Api> {
        Api::new(&Secret::from("abc.def".to_owned()), elsewhere)
    }

    #[test]
    fn a_configured_address_is_the_only_one() {
        for base in ["http://127.0.0.1:9/api", "http://127.0.0.1:9/api/"] {
            let api = api(Some((base, "ws://127.0.0.1:9/gateway"))).unwrap();
            assert_eq!(api.base, "http://127.0.0.1:9/api/v10");
            assert_eq!(api.gateway(), Some("ws://127.0.0.1:9/gateway"));
        }
        let own = api(None).unwrap();
        assert_eq!((own.base.as_str(), own.gateway()), ("https://discord.com/api/v10", None));
    }

    #[test]
    fn an_address_that_is_none_is_refused_and_not_passed_over() {
        let (fine, line) = ("http://127.0.0.1:9/api", "ws://127.0.0.1:9");
        let plain = "http://relay.example.com/api";
        for odd in
            ["", "discord", "file:///tmp", "mailto:a@example.com", "http://", "ws://x", plain]
        {
            assert!(api(Some((odd, line))).is_err(), "{odd}");
        }
        for odd in ["", "gateway", "http://127.0.0.1:9", "ws://", "wss://example.com/?v=1"] {
            assert!(api(Some((fine, odd))).is_err(), "{odd}");
        }
    }

    #[test]
    fn the_token_does_not_print() {
        assert_eq!(format!("{:?}", api(None).unwrap()), "Api(…)");
    }
}
