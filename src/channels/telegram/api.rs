//! Asks Telegram. One try, and an honest word on how it went; when to try again is not ours.
//!
//! teloxide's own client waits ten seconds on any 5xx and does not say which it was, so requests
//! go out over its [`Bot`] by our own hand. They go to the configured address alone: no redirect
//! is followed, and nothing falls back to Telegram's own servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest_of_bots::{Error, Response, Url, redirect};
use serde::Serialize;
use serde_json::Value;
use teloxide_core::Bot;
use teloxide_core::net::default_reqwest_settings;
use teloxide_core::payloads::GetFile;
use teloxide_core::requests::Payload;
use teloxide_core::types::FileId;
use tracing::{error, info};

use super::answer::{Fault, read};
use crate::channels::inward::NoFile;
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

    /// Brings a file: asks where it lies, then for its bytes, from the same server (Bot API,
    /// "getFile": `…/file/bot<token>/<file_path>`).
    pub(super) async fn file(
        &self,
        id: &str,
        bytes_max: usize,
        patience: Duration,
    ) -> Result<Vec<u8>, NoFile> {
        let asked = self.ask(&GetFile::new(FileId(id.to_owned())), patience).await;
        let found = asked.map_err(|_| NoFile::NotFetched)?;
        if found["file_size"].as_u64().is_some_and(|it| it > bytes_max as u64) {
            return Err(NoFile::TooLarge);
        }
        let path = found["file_path"].as_str().unwrap_or_default();
        let url = self.file_url(path).ok_or(NoFile::NotFetched)?;
        let asked = self.bot.client().get(url).timeout(patience).send().await;
        // The error itself is not kept: it names the address, and with it the token.
        let answer = asked.map_err(|_| NoFile::NotFetched)?;
        if !answer.status().is_success() {
            return Err(NoFile::NotFetched);
        }
        read_up_to(answer, bytes_max).await.map_err(|broken| match broken {
            Broken::TooLarge => NoFile::TooLarge,
            Broken::Off => NoFile::NotFetched,
        })
    }

    /// Nothing for a path that leads elsewhere.
    fn file_url(&self, path: &str) -> Option<Url> {
        let plain = |it: &str| !matches!(it, "" | "." | "..");
        if !path.split('/').all(plain) {
            return None;
        }
        let mut url = self.bot.api_url();
        let mut segments =
            url.path_segments_mut().expect("`base_url` lets through only http and https");
        segments.pop_if_empty().push("file").push(&format!("bot{}", self.bot.token()));
        segments.extend(path.split('/'));
        drop(segments);
        Some(url)
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

async fn body(answer: Response) -> Result<Vec<u8>, Fault> {
    read_up_to(answer, ANSWER_BYTES_MAX).await.map_err(|broken| match broken {
        Broken::TooLarge => Fault::Unclear("too large"),
        Broken::Off => Fault::Unclear("broken off"),
    })
}

/// Why a body is not whole.
enum Broken {
    TooLarge,
    Off,
}

async fn read_up_to(mut answer: Response, bytes_max: usize) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(more)) if body.len() + more.len() <= bytes_max => {
                body.extend_from_slice(&more);
            }
            Ok(Some(_)) => return Err(Broken::TooLarge),
            Ok(None) => return Ok(body),
            Err(_) => return Err(Broken::Off),
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
    fn a_file_is_asked_for_where_the_bot_is_and_nowhere_else() {
        let api = api(Some("http://127.0.0.1:9/here")).unwrap();
        let url = api.file_url("photos/file 1.jpg").unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:9/here/file/bot1:abc/photos/file%201.jpg");
        for odd in ["", "/etc/passwd", "../getMe", "photos/../../x", "a//b", "."] {
            assert!(api.file_url(odd).is_none(), "{odd}");
        }
        let odd =
            api.file_url("http:/example.com/x?y#z").map(|it| it.host_str() == Some("127.0.0.1"));
        assert_ne!(odd, Some(false));
    }

    #[test]
    fn the_token_does_not_print() {
        assert_eq!(format!("{:?}", api(None).unwrap()), "Api(…)");
    }
}
