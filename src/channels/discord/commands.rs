//! The commands that Discord offers while one types `/`, and what one of them says in the words
//! that the house reads from everybody: `/deny 2 NOT_RELATED`. Pure.
//!
//! A command is nothing but a comfortable way to write: whatever its options hold, the words could
//! have been typed, and they are read by the same reader.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serenity::builder::{
    CreateActionRow, CreateCommand, CreateCommandOption, CreateInputText, CreateModal,
};
use serenity::model::application::{CommandOptionType, CommandType, InputTextStyle};

use crate::channels::inward::{Completion, Typing};
use crate::channels::parts::shortened;

/// Most commands (Discord, "Application Commands": "100 global CHAT_INPUT commands").
const COMMANDS_MAX: usize = 100;
/// Longest name of a command or an option ("1-32 character name").
const NAME_CHARS_MAX: usize = 32;
/// Longest word on what it does ("1-100 character description").
const ABOUT_CHARS_MAX: usize = 100;
/// Most suggestions to what is being typed ("Autocomplete": "max of 25 choices").
const SUGGESTIONS_MAX: usize = 25;
/// Longest suggestion, and longest value of one ("Application Command Option Choice": "1-100
/// character").
const CHOICE_UNITS_MAX: usize = 100;
/// Longest text in an option or a form: what the house takes of anybody's words.
const TEXT_CHARS_MAX: u16 = 2_000;
/// Longest single word in an option: a code of ours has 43 characters.
const WORD_CHARS_MAX: u16 = 64;
/// Longest title of a form, and label in it ("Modal": "max 45 characters").
const TITLE_UNITS_MAX: usize = 45;
/// Longest data of a form ("custom_id … 1-100 characters").
const DATA_BYTES_MAX: usize = 100;
/// What the data of a form begins with; the words so far follow.
const FORM: &str = "form:";
/// What is shown to those whose language has no words of ours.
const OTHERWISE: &str = "en";
/// What Discord calls Spanish ("Locales").
const SPANISH: [&str; 2] = ["es-ES", "es-419"];
/// In direct messages with the bot, and in servers ("Interaction Context Types").
const IN_DM: u8 = 1;
const IN_SERVER: u8 = 0;

/// The command that links an address. Its code is handed in as such, not as words.
const LINK: &str = "link";
/// The one that is offered in servers too; there it says the way to a direct message.
const HELP: &str = "help";

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Without the slash: `queue`.
    pub name: String,
    /// Its name for those who read Spanish.
    pub spanish: Option<String>,
    /// What it does, by language; English must be there.
    pub about: BTreeMap<String, String>,
    /// The words that it begins, where they are not its own name: `/show` for `card`.
    pub says: Option<&'static str>,
    /// What is given with it, in the order in which it is written.
    pub takes: Vec<Given>,
}

/// What is given with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its name.
    pub name: &'static str,
    /// Its name for those who read Spanish.
    pub spanish: &'static str,
    /// What it is, in English and Spanish.
    pub about: (&'static str, &'static str),
    /// What it may be.
    pub kind: Kind,
    /// A word that is written before it: `days` in `/approve 2 days 14`.
    pub after: Option<&'static str>,
}

/// What an option may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number in the queue; it must be there.
    Number,
    /// A number that may be left out.
    Count,
    /// One word; what is typed is completed from these.
    Word(&'static [&'static str]),
    /// One word that must be there and is nobody else's.
    Code,
    /// The code of a reason, completed from those of the request. Where it is left out, a form asks
    /// for it.
    Reason,
    /// Words. Where they are left out, a form asks for them.
    Text,
}

/// Discord would refuse the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCommand {
    /// A name is not of the form that Discord takes.
    #[error("command '{0}' is not 1 to 32 small letters, digits, _ and -")]
    Name(String),
    /// Words are missing or too long.
    #[error("command '{0}' needs 1 to 100 characters on what it does, in English at least")]
    About(String),
    /// There are too many.
    #[error("{0} commands; Discord takes 100")]
    Many(usize),
}

/// What a command means.
#[derive(Clone, Debug)]
pub enum Meant {
    /// Words, as if they had been typed.
    Words(String),
    /// The code that links an address.
    Link(String),
    /// Something is missing that a form asks for first.
    Form(Box<CreateModal>),
}

/// The whole list, as Discord takes it.
pub fn request(commands: &[Command]) -> Result<Value, BadCommand> {
    if commands.len() > COMMANDS_MAX {
        return Err(BadCommand::Many(commands.len()));
    }
    let each = commands.iter().map(|it| check(it).map(|()| offered(it)));
    each.collect::<Result<Vec<_>, _>>().map(Value::from)
}

fn check(command: &Command) -> Result<(), BadCommand> {
    let fine = |it: &str| {
        let char_fine = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || "_-".contains(c);
        (1..=NAME_CHARS_MAX).contains(&it.chars().count()) && it.chars().all(char_fine)
    };
    let name = &command.name;
    let options = command.takes.iter().flat_map(|it| [it.name, it.spanish]);
    let spanish = command.spanish.as_deref();
    if !options.chain(spanish).chain([name.as_str()]).all(fine) {
        return Err(BadCommand::Name(name.clone()));
    }
    let said = |it: &str| (1..=ABOUT_CHARS_MAX).contains(&it.chars().count());
    let options = command.takes.iter().flat_map(|it| [it.about.0, it.about.1]);
    let all = command.about.values().map(String::as_str).chain(options);
    if !command.about.contains_key(OTHERWISE) || !{ all }.all(said) {
        return Err(BadCommand::About(name.clone()));
    }
    Ok(())
}

fn offered(command: &Command) -> Value {
    let about = |of: &str| command.about.get(of).cloned();
    let mut offer = CreateCommand::new(command.name.as_str())
        .kind(CommandType::ChatInput)
        .description(about(OTHERWISE).unwrap_or_default())
        .set_options(command.takes.iter().map(option).collect());
    for locale in SPANISH {
        if let Some(name) = &command.spanish {
            offer = offer.name_localized(locale, name.as_str());
        }
        if let Some(about) = about("es") {
            offer = offer.description_localized(locale, about);
        }
    }
    let mut offer = serde_json::to_value(offer).expect("words, numbers and lists are JSON");
    // Private matters are not for servers.
    let contexts = if command.name == HELP { vec![IN_SERVER, IN_DM] } else { vec![IN_DM] };
    offer["contexts"] = json!(contexts);
    offer
}

fn option(given: &Given) -> CreateCommandOption {
    let kind = match given.kind {
        Kind::Number | Kind::Count => CommandOptionType::Integer,
        Kind::Word(_) | Kind::Code | Kind::Reason | Kind::Text => CommandOptionType::String,
    };
    let mut option = CreateCommandOption::new(kind, given.name, given.about.0)
        .required(matches!(given.kind, Kind::Number | Kind::Code));
    for locale in SPANISH {
        option = option.name_localized(locale, given.spanish);
        option = option.description_localized(locale, given.about.1);
    }
    match given.kind {
        Kind::Number => option.min_int_value(1).set_autocomplete(true),
        Kind::Count => option.min_int_value(1),
        Kind::Word(known) => option.max_length(WORD_CHARS_MAX).set_autocomplete(!known.is_empty()),
        Kind::Code => option.max_length(WORD_CHARS_MAX),
        Kind::Reason => option.max_length(TEXT_CHARS_MAX).set_autocomplete(true),
        Kind::Text => option.max_length(TEXT_CHARS_MAX),
    }
}

/// What a command means; nothing where it is none of these. `data` is the interaction's.
pub fn meant(commands: &[Command], data: &Value, language: Option<&str>) -> Option<Meant> {
    let command = commands.iter().find(|it| data["name"].as_str() == Some(&it.name))?;
    let options = data["options"].as_array().map_or(&[][..], Vec::as_slice);
    let value = |given: &Given| {
        let found = options.iter().find(|it| it["name"].as_str() == Some(given.name))?;
        let value = match &found["value"] {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!value.is_empty()).then_some(value)
    };
    if command.name == LINK {
        let code = command.takes.first().and_then(value).unwrap_or_default();
        return Some(Meant::Link(code));
    }
    let mut words = begins(command);
    for given in &command.takes {
        match value(given) {
            Some(value) => {
                let after = given.after.map(|it| format!("{it} ")).unwrap_or_default();
                words = format!("{words} {after}{value}");
            }
            None if asked_for(given) => {
                return Some(
                    form(command, given, &words, language)
                        .map_or(Meant::Words(words), |it| Meant::Form(Box::new(it))),
                );
            }
            None => {}
        }
    }
    Some(Meant::Words(words))
}

/// Whether a form asks for what is left out.
fn asked_for(given: &Given) -> bool {
    matches!(given.kind, Kind::Text | Kind::Reason)
}

/// `/deny`, or what the command says in place of its name.
fn begins(command: &Command) -> String {
    command.says.map_or_else(|| format!("/{}", command.name), str::to_owned)
}

/// A form for the words that are missing; nothing where the words so far do not fit behind it.
fn form(
    command: &Command,
    given: &Given,
    words: &str,
    language: Option<&str>,
) -> Option<CreateModal> {
    let data = format!("{FORM}{words}");
    let spanish = language.is_some_and(|it| it.starts_with("es"));
    let about = command.about.get(if spanish { "es" } else { OTHERWISE });
    let about = about.or_else(|| command.about.get(OTHERWISE))?;
    let label = if spanish { given.about.1 } else { given.about.0 };
    let input =
        CreateInputText::new(InputTextStyle::Paragraph, shortened(label, TITLE_UNITS_MAX), "words")
            .required(false)
            .max_length(TEXT_CHARS_MAX);
    let form = CreateModal::new(data.clone(), shortened(about, TITLE_UNITS_MAX))
        .components(vec![CreateActionRow::InputText(input)]);
    (data.len() <= DATA_BYTES_MAX).then_some(form)
}

/// The words that a form was sent with, behind those that opened it; nothing where it is none of
/// ours. What is forged here could as well have been typed.
pub fn filled(commands: &[Command], data: &Value) -> Option<String> {
    let words = data["custom_id"].as_str()?.strip_prefix(FORM)?;
    let verb = words.split_whitespace().next()?;
    let asks = |it: &Command| it.takes.iter().any(asked_for);
    commands.iter().find(|it| begins(it) == verb && asks(it))?;
    let rows = data["components"].as_array()?.iter();
    let mut inputs = rows.filter_map(|it| it["components"].as_array()).flatten();
    let value = inputs.find_map(|it| it["value"].as_str()).unwrap_or_default().trim();
    Some(format!("{words} {value}").trim_end().to_owned())
}

/// What completes what is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completes {
    /// These.
    With(Vec<&'static str>),
    /// What the house knows of it, as far as it begins like this.
    Asks {
        /// What is typed.
        what: Typing,
        /// How it begins.
        begun: String,
    },
}

/// What completes what is being typed.
pub fn completes(commands: &[Command], data: &Value) -> Completes {
    let nothing = || Completes::With(Vec::new());
    let options = data["options"].as_array().map_or(&[][..], Vec::as_slice);
    let Some(typed) = options.iter().find(|it| it["focused"].as_bool() == Some(true)) else {
        return nothing();
    };
    let command = commands.iter().find(|it| data["name"].as_str() == Some(&it.name));
    let given =
        command.and_then(|it| it.takes.iter().find(|it| typed["name"].as_str() == Some(it.name)));
    let Some(given) = given else { return nothing() };
    let text = match &typed["value"] {
        Value::Number(number) => number.to_string(),
        value => value.as_str().unwrap_or_default().to_owned(),
    };
    let begun = text.trim().to_lowercase();
    match given.kind {
        Kind::Word(known) => {
            let fits = known.iter().copied().filter(|it| it.starts_with(&begun));
            Completes::With(fits.take(SUGGESTIONS_MAX).collect())
        }
        Kind::Number => Completes::Asks { what: Typing::Number, begun },
        Kind::Reason => {
            let number = options.iter().find(|it| it["name"].as_str() == Some(NUMBER.name));
            let number = number.and_then(|it| it["value"].as_u64());
            match number.and_then(|it| u32::try_from(it).ok()) {
                Some(number) => Completes::Asks { what: Typing::Reason(number), begun },
                None => nothing(),
            }
        }
        Kind::Count | Kind::Code | Kind::Text => nothing(),
    }
}

/// Those of the house's answers that begin like what is typed, as Discord takes them.
pub fn choices(found: Vec<Completion>, what: Typing, begun: &str) -> Vec<(String, Value)> {
    let fits = found.into_iter().filter(|it| it.value.to_lowercase().starts_with(begun));
    let one = |it: Completion| {
        let value = match (what, it.value.parse::<u64>()) {
            (Typing::Number, Ok(number)) => json!(number),
            _ => json!(shortened(&it.value, CHOICE_UNITS_MAX)),
        };
        (shortened(&it.label, CHOICE_UNITS_MAX), value)
    };
    fits.map(one).take(SUGGESTIONS_MAX).collect()
}

const NUMBER: Given = Given {
    name: "number",
    spanish: "numero",
    about: ("Its number in your queue", "Su número en la cola"),
    kind: Kind::Number,
    after: None,
};

const fn text(
    name: &'static str,
    spanish: &'static str,
    about: (&'static str, &'static str),
) -> Given {
    Given { name, spanish, about, kind: Kind::Text, after: None }
}

const fn word(
    name: &'static str,
    spanish: &'static str,
    about: (&'static str, &'static str),
    known: &'static [&'static str],
) -> Given {
    Given { name, spanish, about, kind: Kind::Word(known), after: None }
}

const fn count(
    name: &'static str,
    spanish: &'static str,
    about: (&'static str, &'static str),
    after: Option<&'static str>,
) -> Given {
    Given { name, spanish, about, kind: Kind::Count, after }
}

/// The command by which an address is linked.
pub fn link() -> Command {
    let about = ("The code from your chat", "El código de su chat");
    let code = Given { name: "code", spanish: "codigo", about, kind: Kind::Code, after: None };
    let about =
        ("Go on here, with the code from your chat", "Seguir aquí, con el código de su chat");
    command(LINK, "vincular", about, vec![code])
}

/// The desk's commands, as its page and every chat of staff read them.
pub fn staff() -> Vec<Command> {
    let queue = command("queue", "cola", ("What waits for you", "Lo que le espera"), vec![]);
    let card = Command {
        says: Some("/show"),
        ..command(
            "card",
            "tarjeta",
            ("One of them, with its facts", "Una, con sus datos"),
            vec![NUMBER],
        )
    };
    let days = count("days", "dias", ("Fewer days", "Menos días"), Some("days"));
    let approve = command(
        "approve",
        "aprobar",
        ("Approve what was asked, or fewer days", "Aprobar lo pedido, o menos días"),
        vec![NUMBER, days],
    );
    let date = ("A date, as 2026-12-31", "Una fecha, como 2026-12-31");
    let period = command(
        "period",
        "periodo",
        ("Approve for a period", "Aprobar por un período"),
        vec![
            NUMBER,
            word("from", "desde", date, &[]),
            word("until", "hasta", date, &[]),
            count("refills", "surtidos", ("How many fills", "Cuántos surtidos"), None),
            count("days", "dias", ("Days in each", "Días en cada uno"), None),
        ],
    );
    let whom = ("Whom to ask", "A quién preguntar");
    let info = command(
        "info",
        "informacion",
        ("Ask before you decide", "Preguntar antes de decidir"),
        vec![
            NUMBER,
            word("whom", "quien", whom, &["worker", "pharmacy", "prescriber"]),
            text("question", "pregunta", ("Your question", "Su pregunta")),
        ],
    );
    let reason = ("The reason's code; empty shows them", "El código del motivo; vacío los muestra");
    let deny = command(
        "deny",
        "rechazar",
        ("Not for this claim", "No corresponde a este reclamo"),
        vec![NUMBER, Given { kind: Kind::Reason, ..text("reason", "motivo", reason) }],
    );
    let take = command("take", "tomar", ("Take a handoff", "Tomar un caso"), vec![NUMBER]);
    let words = ("Your words; es: before words in Spanish", "Sus palabras; es: si son en español");
    let reply = command(
        "reply",
        "responder",
        ("Write to the person", "Escribir a la persona"),
        vec![NUMBER, text("words", "palabras", words)],
    );
    let note = command(
        "note",
        "nota",
        ("A note for colleagues", "Una nota para colegas"),
        vec![NUMBER, text("words", "palabras", ("Your note", "Su nota"))],
    );
    let how = ("How it goes on", "Cómo sigue");
    let give_back = command(
        "giveback",
        "devolver",
        ("Give a handoff back to the bot", "Devolver un caso al bot"),
        vec![
            NUMBER,
            word("how", "como", how, &["continue", "retry", "value", "outcome:"]),
            word("value", "valor", ("The value", "El valor"), &[]),
        ],
    );
    vec![queue, card, approve, period, info, deny, take, reply, note, give_back]
}

fn command(name: &str, spanish: &str, about: (&str, &str), takes: Vec<Given>) -> Command {
    let about = [("en", about.0), ("es", about.1)].map(|(of, it)| (of.to_owned(), it.to_owned()));
    Command {
        name: name.into(),
        spanish: Some(spanish.into()),
        about: about.into(),
        says: None,
        takes,
    }
}
