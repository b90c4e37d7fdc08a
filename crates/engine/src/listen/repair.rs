//! Words that ask for something else than an answer: help, again, a person, stop, a change.

use crate::listen::fold;

/// A repair that was heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Spoken {
    /// What can I do here?
    Help,
    /// Say that again.
    Repeat,
    /// I want a person.
    Human,
    /// Stop this.
    Cancel,
    /// That was wrong: what people called the field, and the new words, where they were given.
    Correct {
        /// As it was said: `medicine`. Absent for "no, I meant gabapentin".
        called: Option<String>,
        /// The new words.
        words: Option<String>,
    },
}

const HELP: [&str; 12] = [
    "help",
    "help me",
    "what can i do",
    "what can i say",
    "what can you do",
    "how does this work",
    "ayuda",
    "ayudame",
    "ayudeme",
    "que puedo hacer",
    "que puedo decir",
    "como funciona",
];

const REPEAT: [&str; 15] = [
    "repeat",
    "again",
    "say again",
    "say that again",
    "what did you say",
    "what was the question",
    "come again",
    "repetir",
    "repita",
    "repitalo",
    "otra vez",
    "de nuevo",
    "que dijo",
    "cual era la pregunta",
    "repeat that",
];

const HUMAN: [&str; 18] = [
    "person",
    "human",
    "agent",
    "representative",
    "operator",
    "real person",
    "nurse",
    "someone",
    "coordinator",
    "persona",
    "humano",
    "agente",
    "representante",
    "operador",
    "operadora",
    "alguien",
    "coordinador",
    "coordinadora",
];

const HUMAN_WAYS: [&str; 16] = [
    "talk to a person",
    "talk to a human",
    "talk to someone",
    "speak to a person",
    "speak with a person",
    "speak to someone",
    "speak with someone",
    "talk with someone",
    "talk to somebody",
    "call me",
    "hablar con una persona",
    "hablar con alguien",
    "hablar con un agente",
    "una persona de verdad",
    "a real person",
    "llameme",
];

const CANCEL: [&str; 18] = [
    "cancel",
    "stop",
    "stop this",
    "stop it",
    "quit",
    "never mind",
    "nevermind",
    "forget it",
    "cancel this",
    "cancel it",
    "cancelar",
    "cancelalo",
    "cancele",
    "olvidelo",
    "dejelo",
    "parar",
    "pare",
    "no importa",
];

/// What stands before the corrected words.
const MEANT: [&str; 14] = [
    "no i meant",
    "no i mean",
    "sorry i meant",
    "i meant",
    "i mean",
    "actually i meant",
    "no it is",
    "no it s",
    "no quise decir",
    "perdon quise decir",
    "quise decir",
    "quiero decir",
    "no es",
    "mas bien",
];

/// What stands before the name of what is to be changed.
const CHANGE: [&str; 16] = [
    "change the",
    "change my",
    "i want to change the",
    "i want to change my",
    "correct the",
    "correct my",
    "wrong",
    "that is the wrong",
    "that was the wrong",
    "it is the wrong",
    "cambiar el",
    "cambiar la",
    "cambiar mi",
    "quiero cambiar el",
    "quiero cambiar la",
    "quiero cambiar mi",
];

/// What people say when they do not name it.
const MISTAKE: [&str; 12] = [
    "change my answer",
    "that was wrong",
    "that is wrong",
    "i made a mistake",
    "my mistake",
    "wrong answer",
    "cambiar mi respuesta",
    "me equivoque",
    "eso esta mal",
    "respuesta equivocada",
    "go back",
    "volver atras",
];

/// The repair that the whole of the words asks for. An answer that merely contains one of
/// these words is none.
pub fn repair(words: &str) -> Option<Spoken> {
    let said = fold(words);
    let bare = polite(&said);
    if MISTAKE.contains(&bare) {
        return Some(Spoken::Correct { called: None, words: None });
    }
    if HELP.contains(&bare) {
        return Some(Spoken::Help);
    }
    if REPEAT.contains(&bare) {
        return Some(Spoken::Repeat);
    }
    if CANCEL.contains(&bare) {
        return Some(Spoken::Cancel);
    }
    let one = bare.strip_prefix("a ").or_else(|| bare.strip_prefix("una ")).unwrap_or(bare);
    let one = one.strip_prefix("an ").or_else(|| one.strip_prefix("un ")).unwrap_or(one);
    if HUMAN.contains(&one) || HUMAN_WAYS.iter().any(|it| contains(&said, it)) {
        return Some(Spoken::Human);
    }
    correction(bare)
}

/// The field whose name was said, among fields with their names.
pub fn named<'a>(called: &str, fields: &'a [(String, Vec<String>)]) -> Option<&'a str> {
    let called = fold(called);
    let fits = |name: &String| {
        let name = fold(name);
        name == called || (called.len() >= 4 && contains(&called, &name))
    };
    fields.iter().find(|(_, names)| names.iter().any(fits)).map(|(field, _)| field.as_str())
}

/// Without the words of politeness around it.
fn polite(said: &str) -> &str {
    let mut bare = said;
    for before in [
        "please ",
        "can i ",
        "i want ",
        "i need ",
        "i would like ",
        "i d like ",
        "quiero ",
        "por favor ",
        "necesito ",
        "let me ",
        "puedo ",
        "can you ",
    ] {
        // "I want to change my …" keeps its verb: only a request for a thing is bared.
        bare = bare.strip_prefix(before).filter(|it| !it.starts_with("to ")).unwrap_or(bare);
    }
    for after in [" please", " por favor", " now"] {
        bare = bare.strip_suffix(after).unwrap_or(bare);
    }
    bare
}

/// "No, I meant X", "change the F", "change the F to X", "wrong F".
fn correction(said: &str) -> Option<Spoken> {
    for before in MEANT {
        if let Some(words) = said.strip_prefix(before).and_then(|it| it.strip_prefix(' ')) {
            return Some(Spoken::Correct { called: None, words: Some(words.to_owned()) });
        }
    }
    let rest = CHANGE
        .iter()
        .filter_map(|before| said.strip_prefix(before)?.strip_prefix(' '))
        .min_by_key(|it| it.len())
        .or_else(|| said.strip_prefix("change ").or_else(|| said.strip_prefix("cambiar ")))?;
    for between in [" to ", " por ", " a "] {
        if let Some((called, words)) = rest.split_once(between) {
            let (called, words) = (Some(called.to_owned()), Some(words.to_owned()));
            return Some(Spoken::Correct { called, words });
        }
    }
    Some(Spoken::Correct { called: Some(rest.to_owned()), words: None })
}

/// Whether a folded text holds the words as whole words.
fn contains(said: &str, words: &str) -> bool {
    format!(" {said} ").contains(&format!(" {words} "))
}
