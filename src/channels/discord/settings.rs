//! What an operator says about the bot, under `[discord]` in `mendline.toml`.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use super::Api;
use crate::config::Secret;

/// The bot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The bot's token, from the developer portal; from the environment alone.
    #[serde(default)]
    pub token: Option<Secret>,
    /// The file that holds it.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The application's number, from the developer portal; with it people can come from their
    /// chat.
    #[serde(default)]
    pub application_id: Option<String>,
    /// The link by which people come to the bot, in the place of the one that adds it to their own
    /// account: an invitation to a server that it is on.
    #[serde(default)]
    pub invite_url: Option<String>,
    /// Another server that speaks Discord's API: a test's. Where it is set, Discord's own is never
    /// called, and `gateway_url` must be set too.
    #[serde(default)]
    pub api_url: Option<String>,
    /// The gateway of that server.
    #[serde(default)]
    pub gateway_url: Option<String>,
}

impl Settings {
    /// The token, from wherever it was given.
    pub fn token(&self) -> anyhow::Result<Secret> {
        let token = match (&self.token, &self.token_file) {
            (Some(_), Some(_)) => {
                bail!("`discord.token` and `discord.token_file` are both set; keep one")
            }
            (Some(it), None) => it.clone(),
            (None, Some(file)) => Secret::of_file(file).context("`discord.token_file`")?,
            (None, None) => bail!(
                "`discord` needs the bot's token: put it into a file of its own and name that in \
                 `discord.token_file`; the developer portal gives one"
            ),
        };
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let text = token.expose();
        ensure!(
            !text.is_empty() && text.chars().all(fine),
            "`discord.token` is not what the developer portal gives"
        );
        Ok(token)
    }

    /// The link by which somebody comes to the bot. It carries no code: Discord has no link that
    /// begins a message.
    pub fn link(&self) -> anyhow::Result<Option<String>> {
        if let Some(url) = &self.invite_url {
            let fine = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '{' | '}');
            ensure!(
                url.starts_with("https://") && url.chars().all(fine),
                "`discord.invite_url` is a link such as https://discord.gg/…; found {url:?}"
            );
            return Ok(Some(url.clone()));
        }
        let Some(id) = &self.application_id else { return Ok(None) };
        ensure!(
            id.len() <= 20 && id.parse::<u64>().is_ok_and(|it| it > 0),
            "`discord.application_id` is a number, as the developer portal shows it; found {id:?}"
        );
        // Adds the bot to her own account, without a server (Discord, "Installation Context").
        let to_herself = "integration_type=1&scope=applications.commands";
        Ok(Some(format!("https://discord.com/oauth2/authorize?client_id={id}&{to_herself}")))
    }

    /// The line to Discord.
    pub fn api(&self) -> anyhow::Result<Api> {
        let elsewhere = match (&self.api_url, &self.gateway_url) {
            (None, None) => None,
            (Some(api), Some(gateway)) => Some((api.as_str(), gateway.as_str())),
            // One alone would send the token to two places that do not know each other.
            _ => {
                bail!("`discord.api_url` and `discord.gateway_url` are set together or not at all")
            }
        };
        Api::new(&self.token()?, elsewhere)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Settings, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(of("tokn = 'a'").is_err());
        assert!(of("token = 'a'\napplication_id = '1'").is_ok());
    }

    #[test]
    fn without_a_token_there_is_no_line() {
        let none = of("").unwrap().api().unwrap_err();
        assert!(none.to_string().contains("discord.token_file"), "{none}");
        for token in ["", "a b", "a/../b", "Bot x"] {
            let said = of(&format!("token = '{token}'")).unwrap().api().unwrap_err().to_string();
            assert!(
                said.contains("developer portal") && (token.is_empty() || !said.contains(token))
            );
        }
        assert!(of("token = 'MTk4.Cl2FMQ.Zn_h-w'").unwrap().api().is_ok());
        let twice = of("token = 'a'\ntoken_file = 'x'").unwrap().token().unwrap_err();
        assert!(twice.to_string().contains("both set"));
    }

    #[test]
    fn an_address_of_ones_own_is_one_for_both_or_none() {
        for half in ["api_url = 'http://127.0.0.1:1/api'", "gateway_url = 'ws://127.0.0.1:1'"] {
            let said = of(&format!("token = 'a'\n{half}")).unwrap().api().unwrap_err();
            assert!(said.to_string().contains("together"), "{said}");
        }
    }

    #[test]
    fn the_link_names_the_bot_or_is_the_one_that_was_given() {
        let link = |text: &str| of(text).unwrap().link();
        assert_eq!(link("").unwrap(), None);
        let own = link("application_id = '4242'").unwrap().unwrap();
        assert!(own.starts_with("https://discord.com/oauth2/authorize?client_id=4242&"), "{own}");
        let given = link("application_id = '4242'\ninvite_url = 'https://discord.gg/demo'");
        assert_eq!(given.unwrap().as_deref(), Some("https://discord.gg/demo"));
        for odd in ["application_id = 'bot'", "application_id = '0'", "invite_url = 'http://x'"] {
            assert!(link(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let shown = format!("{:?}", of("token = 'abc'").unwrap());
        assert!(!shown.contains("abc"), "{shown}");
    }
}
