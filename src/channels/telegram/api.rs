//! Asks Telegram. One try, and an honest word on how it went; when to try again is not ours.
//!
//! teloxide's own client waits ten seconds on any 5xx and does not say which it was, so requests
//! go out over its [`Bot`] by our own hand. They go to the configured address alone: no redirect
//! is followed, and nothing falls back to Telegram's own servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest_of_telegram::{Error, Response, Url, redirect};
use serde::Serialize;
use serde_json::Value;
use teloxide_core::Bot;
use teloxide_core::net::default_reqwest_settings;
use teloxide_core::requests::Payload;
use tracing::{error, info};

use super::answer::{Fault, read};
use crate::config::Secret;

/// Largest answer that is read, in bytes: a hundred updates of a few kilobytes, several times.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A bot's line to Telegram.
#[derive(Clone)]
pub struct Api {
    bot: Bot,
    /// Whether the token was refused the last time, so that operators are told once.
    refused: Arc<AtomicBool>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api(…)")
    }
}

impl Api {
    /// A line for this token, to `base` if it is given and to Telegram's own servers otherwise.
    pub fn new(token: &Secret, base: Option<&str>) -> anyhow::Result<Api> {
        let mut client = default_reqwest_settings().redirect(redirect::Policy::none());
        if base.is_some() {
            // An address of one's own is reached straight, whatever the environment says.
            client = client.no_proxy();
        }
        let client = client.build().context("making a client for Telegram")?;
        let mut bot = Bot::with_client(token.expose(), client);
        if let Some(base) = base {
            bot = bot.set_api_url(base_url(base)?);
        }
        Ok(Api { bot, refused: Arc::default() })
    }

    /// Whether Telegram refused the token the last time it was asked: nothing arrives and nothing
    /// leaves until an operator gives another one.
    pub fn refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Asks once and waits so long for an answer.
    pub(super) async fn ask<P: Payload + Serialize>(
        &self,
        what: &P,
        patience: Duration,
    ) -> Result<Value, Fault> {
        let request = self.bot.client().post(self.url(P::NAME)).timeout(patience).json(what);
        let answered = match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                read(status, &body(answer).await?)
            }
            Err(why) => Err(unanswered(&why)),
        };
        self.note(&answered);
        answered
    }

    /// `…/bot<token>/sendMessage`, as the Bot API writes it.
    fn url(&self, method: &str) -> Url {
        let mut url = self.bot.api_url();
        let (first, rest) = method.split_at(1);
        let method = format!("{}{rest}", first.to_ascii_lowercase());
        let mut path =
            url.path_segments_mut().expect("`base_url` lets through only http and https");
        path.pop_if_empty().push(&format!("bot{}", self.bot.token())).push(&method);
        drop(path);
        url
    }

    fn note(&self, answered: &Result<Value, Fault>) {
        match answered {
            Err(Fault::Token) if !self.refused.swap(true, Ordering::Relaxed) => {
                error!(
                    "telegram refuses the bot's token: it was revoked or is wrong; nothing leaves or \
                     arrives there until the settings name another"
                );
            }
            Ok(_) if self.refused.swap(false, Ordering::Relaxed) => {
                info!("telegram takes the bot's token again");
            }
            _ => {}
        }
    }
}

fn base_url(text: &str) -> anyhow::Result<Url> {
    let url: Url =
        text.parse().with_context(|| format!("`telegram.api_url` is no address: {text:?}"))?;
    ensure!(
        matches!(url.scheme(), "http" | "https") && url.has_host(),
        "`telegram.api_url` begins with http:// or https://; found {text:?}"
    );
    Ok(url)
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

/// The error itself is not kept: it names the address, and with it the token.
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

    fn api(base: Option<&str>) -> anyhow::Result<Api> {
        Api::new(&Secret::from("1:abc".to_owned()), base)
    }

    #[test]
    fn a_configured_address_is_the_only_one() {
        for base in ["http://127.0.0.1:9", "http://127.0.0.1:9/"] {
            let url = api(Some(base)).unwrap().url("SendMessage");
            assert_eq!(url.as_str(), "http://127.0.0.1:9/bot1:abc/sendMessage");
        }
        let url = api(Some("https://relay.example.com/telegram")).unwrap().url("GetUpdates");
        assert_eq!(url.as_str(), "https://relay.example.com/telegram/bot1:abc/getUpdates");
        assert_eq!(api(None).unwrap().url("GetMe").host_str(), Some("api.telegram.org"));
    }

    #[test]
    fn an_address_that_is_none_is_refused_and_not_passed_over() {
        for base in ["", "telegram", "file:///tmp", "mailto:a@example.com", "http://"] {
            assert!(api(Some(base)).is_err(), "{base}");
        }
    }

    #[test]
    fn the_token_does_not_print() {
        assert_eq!(format!("{:?}", api(None).unwrap()), "Api(…)");
    }
}
