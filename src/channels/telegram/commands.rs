//! The commands that Telegram offers while one types `/`, in each language. Pure.

use std::collections::{BTreeMap, BTreeSet};

use teloxide_core::payloads::{
    DeleteMyCommands, DeleteMyCommandsSetters as _, SetMyCommands, SetMyCommandsSetters as _,
};
use teloxide_core::types::{BotCommand, BotCommandScope, ChatId, Recipient};

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
    Ok(languages(commands).into_iter().map(|language| request(commands, language)).collect())
}

/// Nothing for those whose language has no words of its own, then each other language.
fn languages(commands: &[Command]) -> Vec<Option<&str>> {
    let all: BTreeSet<&str> =
        commands.iter().flat_map(|it| it.about.keys()).map(String::as_str).collect();
    let others = all.into_iter().filter(|it| *it != OTHERWISE).map(Some);
    [None].into_iter().chain(others).collect()
}

/// A chat's own list, in the place of everybody's; or what takes it away again.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum InChat {
    /// This list.
    Set(SetMyCommands),
    /// Everybody's.
    Delete(DeleteMyCommands),
}

/// The requests that give one private chat a list of its own, in each language.
pub(super) fn in_chat(commands: &[Command], chat: i64, own: bool) -> Vec<InChat> {
    let scope = || BotCommandScope::Chat { chat_id: Recipient::Id(ChatId(chat)) };
    let one = |language: Option<&str>| {
        if own {
            return InChat::Set(request(commands, language).scope(scope()));
        }
        let all = DeleteMyCommands::new().scope(scope());
        InChat::Delete(match language {
            Some(language) => all.language_code(language),
            None => all,
        })
    };
    languages(commands).into_iter().map(one).collect()
}

/// Checks a list as Telegram would.
pub(super) fn checked(commands: Vec<Command>) -> Result<Vec<Command>, BadCommand> {
    requests(&commands).map(|_| commands)
}

/// What staff are offered: the desk's commands, as its page and every chat of staff read them.
pub fn staff() -> Vec<Command> {
    let command = |(name, english, spanish): (&str, &str, &str)| Command {
        name: name.into(),
        about: [("en", english), ("es", spanish)]
            .map(|(of, it)| (of.to_owned(), it.to_owned()))
            .into(),
    };
    STAFF.iter().copied().map(command).collect()
}

const STAFF: &[(&str, &str, &str)] = &[
    ("queue", "What waits for you", "Lo que le espera"),
    ("card", "N: one of them, with its buttons", "N: una, con sus botones"),
    ("approve", "N: what was asked; N days 14: fewer days", "N: lo pedido; N days 14: menos días"),
    ("deny", "N CODE: not for this claim", "N CÓDIGO: no corresponde a este reclamo"),
    (
        "period",
        "N FROM UNTIL REFILLS DAYS: for a period",
        "N DESDE HASTA SURTIDOS DÍAS: por un período",
    ),
    (
        "info",
        "N WHOM your question: ask before you decide",
        "N A-QUIÉN su pregunta: preguntar antes de decidir",
    ),
    ("take", "N: take a handoff", "N: tomar un caso"),
    ("reply", "N your words: write to the person", "N sus palabras: escribir a la persona"),
    ("note", "N your words: a note for colleagues", "N sus palabras: una nota para colegas"),
    (
        "giveback",
        "N continue or retry: give it back to the bot",
        "N continue o retry: devolverlo al bot",
    ),
    ("help", "What can I do here?", "¿Qué puedo hacer aquí?"),
    ("stop", "Do not write to me here any more", "No escribirme más por aquí"),
];

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
    fn staff_have_a_list_of_their_own_in_their_chat_and_nowhere_else() {
        let all = checked(staff()).unwrap();
        let chat = BotCommandScope::Chat { chat_id: Recipient::Id(ChatId(7)) };
        let offered = in_chat(&all, 7, true);
        assert_eq!(offered.len(), 2);
        for it in &offered {
            let InChat::Set(it) = it else { panic!("a list") };
            assert_eq!(it.scope, Some(chat.clone()));
            assert!(it.commands.iter().any(|it| it.command == "approve"));
        }
        let taken = in_chat(&all, 7, false);
        let languages = taken.iter().map(|it| match it {
            InChat::Delete(it) => it.language_code.clone(),
            InChat::Set(_) => panic!("nothing is offered"),
        });
        assert_eq!(languages.collect::<Vec<_>>(), [None, Some("es".to_owned())]);
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
