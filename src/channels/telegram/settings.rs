//! What an operator says about the bot, under `[telegram]` in `mendline.toml`.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::Api;
use crate::config::Secret;

/// The bot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The token that @BotFather gave; from the environment alone.
    #[serde(default)]
    pub token: Option<Secret>,
    /// The file that holds it.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The bot's name as it stands in links, without `@`; with it people can come from their chat.
    #[serde(default)]
    pub username: Option<String>,
    /// Another server that speaks the Bot API: one's own, or a test's. Default: Telegram's. Where
    /// it is set, Telegram's own is never called.
    #[serde(default)]
    pub api_url: Option<String>,
    /// What Telegram says with each update, so that we know it; from the environment alone. Where
    /// it or its file is set, Telegram calls `/webhooks/telegram`; else we poll.
    #[serde(default)]
    pub webhook_secret: Option<Secret>,
    /// The file that holds it.
    #[serde(default)]
    pub webhook_secret_file: Option<PathBuf>,
}

impl Settings {
    /// The token, from wherever it was given.
    pub fn token(&self) -> anyhow::Result<Secret> {
        let found = one("token", self.token.as_ref(), self.token_file.as_deref())?;
        let token = found.context(
            "`telegram` needs the bot's token: put it into a file of its own and name that in \
             `telegram.token_file`; @BotFather gives one",
        )?;
        ensure!(is_token(token.expose()), "`telegram.token` is not what @BotFather gives");
        Ok(token)
    }

    /// What Telegram says with each update, if it is to call us.
    pub fn webhook_secret(&self) -> anyhow::Result<Option<Secret>> {
        let (given, file) = (self.webhook_secret.as_ref(), self.webhook_secret_file.as_deref());
        let found = one("webhook_secret", given, file)?;
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let is_fine = |it: &str| (1..=256).contains(&it.len()) && it.chars().all(fine);
        ensure!(
            found.as_ref().is_none_or(|it| is_fine(it.expose())),
            "`telegram.webhook_secret` is 1 to 256 of A-Z, a-z, 0-9, _ and - (Bot API, setWebhook)"
        );
        Ok(found)
    }

    /// The link that begins a chat with the bot, with `{code}` where the code goes (Telegram, "Deep
    /// linking").
    pub fn link(&self) -> anyhow::Result<Option<String>> {
        let Some(name) = &self.username else { return Ok(None) };
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
        ensure!(
            (5..=32).contains(&name.len()) && name.chars().all(fine),
            "`telegram.username` is the bot's name without @, 5 to 32 of A-Z, a-z, 0-9 and _; found \
             {name:?}"
        );
        Ok(Some(format!("https://t.me/{name}?start={{code}}")))
    }

    /// The line to Telegram.
    pub fn api(&self) -> anyhow::Result<Api> {
        Api::new(&self.token()?, self.api_url.as_deref())
    }
}

fn one(name: &str, given: Option<&Secret>, file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    match (given, file) {
        (Some(_), Some(_)) => {
            anyhow::bail!("`telegram.{name}` and `telegram.{name}_file` are both set; keep one")
        }
        (Some(it), None) => Ok(Some(it.clone())),
        (None, Some(file)) => {
            Secret::of_file(file).with_context(|| format!("`telegram.{name}_file`")).map(Some)
        }
        (None, None) => Ok(None),
    }
}

/// `123456:ABC…`, and nothing that could step out of the address that it becomes part of.
fn is_token(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.split_once(':').is_some_and(|(bot, key)| {
        !bot.is_empty()
            && bot.chars().all(|it| it.is_ascii_digit())
            && !key.is_empty()
            && key.chars().all(fine)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Settings, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(of("tokn = '1:a'").is_err());
        assert!(of("token = '1:a'\napi_url = 'http://127.0.0.1:1'").is_ok());
    }

    #[test]
    fn without_a_token_there_is_no_line() {
        let none = of("").unwrap().api().unwrap_err();
        assert!(none.to_string().contains("telegram.token_file"), "{none}");
        for token in ["", "abc", "1:", "1:../x", "x:a", "1:a b"] {
            let said = of(&format!("token = '{token}'")).unwrap().api().unwrap_err().to_string();
            assert!(said.contains("@BotFather") && (token.is_empty() || !said.contains(token)));
        }
        assert!(of("token = '1:a_B-9'").unwrap().api().is_ok());
    }

    #[test]
    fn a_secret_given_twice_is_refused() {
        let twice = of("token = '1:a'\ntoken_file = 'x'").unwrap().token().unwrap_err();
        assert!(twice.to_string().contains("both set"));
    }

    #[test]
    fn the_webhooks_secret_is_what_telegram_takes() {
        assert_eq!(of("").unwrap().webhook_secret().unwrap(), None);
        assert!(of("webhook_secret = 'a b'").unwrap().webhook_secret().is_err());
        assert!(of("webhook_secret = 'a_B-9'").unwrap().webhook_secret().unwrap().is_some());
    }

    #[test]
    fn the_link_names_the_bot_and_nothing_else() {
        let link = of("username = 'mendline_demo_bot'").unwrap().link().unwrap();
        assert_eq!(link.as_deref(), Some("https://t.me/mendline_demo_bot?start={code}"));
        assert_eq!(of("").unwrap().link().unwrap(), None);
        for name in ["@bot_of_ours", "bot", "a/b?c=d", "ein_böt"] {
            assert!(of(&format!("username = '{name}'")).unwrap().link().is_err(), "{name}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let shown = format!("{:?}", of("token = '1:abc'\nwebhook_secret = 'def'").unwrap());
        assert!(!shown.contains("abc") && !shown.contains("def"), "{shown}");
    }
}
