//! The commands that Telegram offers while one types `/`, in each language. Pure.

use std::collections::{BTreeMap, BTreeSet};

use teloxide_core::payloads::{SetMyCommands, SetMyCommandsSetters as _};
use teloxide_core::types::{BotCommand, BotCommandScope};

/// Most commands (Bot API, setMyCommands: "At most 100 commands can be specified").
const COMMANDS_MAX: usize = 100;
/// Longest name of a command (Bot API, BotCommand: "1-32 characters").
const NAME_CHARS_MAX: usize = 32;
/// Longest word on what it does (Bot API, BotCommand: "1-256 characters").
const ABOUT_CHARS_MAX: usize = 256;
/// What is shown to those whose language has no words of ours.
const OTHERWISE: &str = "en";

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Without the slash: `queue`.
    pub name: String,
    /// What it does, by language; English must be there.
    pub about: BTreeMap<String, String>,
}

/// Telegram would refuse the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCommand {
    /// A name is not of the form that Telegram takes.
    #[error("command '{0}' is not 1 to 32 of a-z, 0-9 and _")]
    Name(String),
    /// Words are missing or too long.
    #[error("command '{0}' needs 1 to 256 characters on what it does, in English at least")]
    About(String),
    /// There are too many.
    #[error("{0} commands; Telegram takes 100")]
    Many(usize),
}

/// The requests that register them: one without a language, and one for each other language.
/// Groups are shown none: private matters are not for them.
pub(super) fn requests(commands: &[Command]) -> Result<Vec<SetMyCommands>, BadCommand> {
    if commands.len() > COMMANDS_MAX {
        return Err(BadCommand::Many(commands.len()));
    }
    commands.iter().try_for_each(check)?;
    let languages: BTreeSet<&str> =
        commands.iter().flat_map(|it| it.about.keys()).map(String::as_str).collect();
    let others = languages.into_iter().filter(|it| *it != OTHERWISE).map(Some);
    Ok([None].into_iter().chain(others).map(|language| request(commands, language)).collect())
}

fn check(command: &Command) -> Result<(), BadCommand> {
    let name = &command.name;
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !(1..=NAME_CHARS_MAX).contains(&name.len()) || !name.chars().all(fine) {
        return Err(BadCommand::Name(name.clone()));
    }
    let said = |it: &String| (1..=ABOUT_CHARS_MAX).contains(&it.chars().count());
    if !command.about.contains_key(OTHERWISE) || !command.about.values().all(said) {
        return Err(BadCommand::About(name.clone()));
    }
    Ok(())
}

fn request(commands: &[Command], language: Option<&str>) -> SetMyCommands {
    let list = commands.iter().map(|it| {
        let about = it.about.get(language.unwrap_or(OTHERWISE));
        let about = about.or_else(|| it.about.get(OTHERWISE)).cloned().unwrap_or_default();
        BotCommand::new(it.name.clone(), about)
    });
    let request = SetMyCommands::new(list).scope(BotCommandScope::AllPrivateChats);
    match language {
        Some(language) => request.language_code(language),
        None => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, about: &[(&str, &str)]) -> Command {
        let about = about.iter().map(|(of, it)| ((*of).into(), (*it).into())).collect();
        Command { name: name.into(), about }
    }

    #[test]
    fn each_language_gets_its_words_and_english_where_they_are_missing() {
        let both = command("help", &[("en", "What can I do here?"), ("es", "¿Qué puedo hacer?")]);
        let found = requests(&[both, command("queue", &[("en", "What waits")])]).unwrap();
        let list = |nth: usize| -> Vec<_> {
            found[nth].commands.iter().map(|it| it.description.as_str()).collect()
        };
        assert_eq!(found.len(), 2);
        assert_eq!(
            (&found[0].language_code, list(0)),
            (&None, vec!["What can I do here?", "What waits"])
        );
        assert_eq!(found[1].language_code.as_deref(), Some("es"));
        assert_eq!(list(1), ["¿Qué puedo hacer?", "What waits"]);
        assert!(found.iter().all(|it| it.scope == Some(BotCommandScope::AllPrivateChats)));
    }

    #[test]
    fn what_telegram_would_refuse_is_refused_by_name() {
        for name in ["", "Queue", "give-back", &"x".repeat(33)] {
            let bad = requests(&[command(name, &[("en", "x")])]);
            assert_eq!(bad, Err(BadCommand::Name(name.into())));
        }
        assert_eq!(requests(&[command("a", &[("es", "x")])]), Err(BadCommand::About("a".into())));
        assert_eq!(requests(&[command("a", &[("en", "")])]), Err(BadCommand::About("a".into())));
        let many = vec![command("a", &[("en", "x")]); 101];
        assert_eq!(requests(&many), Err(BadCommand::Many(101)));
    }
}
