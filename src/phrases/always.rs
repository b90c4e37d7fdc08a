//! What is always in reach, in words: a call that is promised, and who can see what she writes.
//!
//! Who sees what is read from the table that the screen reads ([`mendline_engine::clearance`]), so
//! that the answer and the screen cannot differ.

use std::collections::BTreeMap;

use mendline_engine::clearance::{Level, level_needed, reads};
use mendline_engine::label::{Label, Labels};
use mendline_engine::message::{Message, MessageKind};
use mendline_engine::template;
use mendline_engine::text::{Path, Template, Typed};
use mendline_engine::time::Timestamp;
use mendline_engine::types::Type;
use serde_json::Value;

use super::{Phrase, worded};
use crate::channels::inward::NoFile;

/// A call is promised already.
pub const CALL_KNOWN: Phrase = (
    "call_known",
    "You asked for a call already, and a person has it. They will call the number on file.",
    "Ya pidió una llamada y una persona la tiene pendiente. Le llamarán al número registrado.",
);

/// There is no number to call.
pub const NO_NUMBER: Phrase = (
    "no_number",
    "I have no phone number of yours on file, so nobody can call you yet. A person will ask you \
     here how to reach you.",
    "No tengo un número de teléfono suyo, así que todavía nadie puede llamarle. Una persona le \
     preguntará aquí cómo comunicarse con usted.",
);

/// What she sent is with somebody who talks with her.
pub const FILE_PASSED: Phrase = (
    "file_passed",
    "Thank you. I cannot read pictures or papers, or listen to recordings. The person who helps \
     you has it.",
    "Gracias. No puedo leer imágenes ni documentos, ni escuchar grabaciones. La persona que le \
     ayuda ya lo tiene.",
);

const FILE_EMPTY: Phrase = (
    "file_empty",
    "What you sent arrived empty. Please send it again.",
    "Lo que envió llegó vacío. Por favor envíelo otra vez.",
);

const FILE_TOO_LARGE: Phrase = (
    "file_too_large",
    "What you sent is too large: I can take up to 8 MB. Please send a smaller picture, or one page \
     at a time.",
    "Lo que envió es demasiado grande: puedo recibir hasta 8 MB. Por favor envíe una imagen más \
     pequeña, o una página a la vez.",
);

const FILE_OTHER_KIND: Phrase = (
    "file_other_kind",
    "I can take pictures, PDF papers and voice recordings, and this was something else. It was not \
     kept.",
    "Puedo recibir imágenes, documentos PDF y grabaciones de voz, y esto era otra cosa. No se \
     guardó.",
);

const FILE_TOO_MUCH: Phrase = (
    "file_too_much",
    "That is more than I can take in one day. What came before is kept. Write “a person” if you \
     need to send more.",
    "Es más de lo que puedo recibir en un día. Lo anterior está guardado. Escriba “una persona” si \
     necesita enviar más.",
);

const FILE_NOT_FETCHED: Phrase = (
    "file_not_fetched",
    "I could not get what you sent, so nobody has it. Please send it again, or open your secure \
     chat and send it there.",
    "No pude recibir lo que envió, así que nadie lo tiene. Por favor envíelo otra vez, o abra su \
     chat seguro y envíelo ahí.",
);

/// Why a file was not kept, for whoever sent it.
pub fn no_file(why: NoFile) -> Phrase {
    match why {
        NoFile::NotHere => super::NOT_WORDS,
        NoFile::Empty => FILE_EMPTY,
        NoFile::TooLarge => FILE_TOO_LARGE,
        NoFile::OtherKind => FILE_OTHER_KIND,
        NoFile::TooMuch => FILE_TOO_MUCH,
        NoFile::NotFetched => FILE_NOT_FETCHED,
    }
}

/// Staff are called by nobody here.
pub const NO_CALL: Phrase = (
    "no_call",
    "Calls are for workers. Ask a colleague at the desk.",
    "Las llamadas son para los trabajadores. Pregunte a un colega en el escritorio.",
);

/// How many of a number's digits are said: enough to know whether it is the right one, too few to
/// call it.
const DIGITS_SHOWN: usize = 2;

/// A promised call. The last digits stay where a claim may be spoken of.
pub fn promised(phone: &str, by: Timestamp) -> Message {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    let ending: String = digits[digits.len().saturating_sub(DIGITS_SHOWN)..].iter().collect();
    let mut message = worded(
        "promised_call",
        "worker",
        MessageKind::Reply,
        "A person will call you at the number on file, which ends in {ending}, by {when | long}. \
         You do not need to do anything. If that is not your number, write: a person."
            .into(),
        "Una persona le llamará al número registrado, que termina en {ending}, a más tardar: \
         {when | long}. No necesita hacer nada. Si ese no es su número, escriba: una persona."
            .into(),
    );
    let private = [
        ("en", "A person will call you, by {when | long}. You do not need to do anything."),
        ("es", "Una persona le llamará, a más tardar: {when | long}. No necesita hacer nada."),
    ];
    message.wording.private = private.map(|(tag, it)| (tag.to_owned(), with_values(it))).into();
    for it in message.wording.words.values_mut() {
        *it = with_values(&it.source);
    }
    message.wording.labels = Labels::NONE.with(Label::Claim);
    let value = |value: Value, ty| Typed { value, ty };
    message.values = [
        (Path("ending".into()), value(ending.into(), Type::Text)),
        (Path("when".into()), value(by.to_string().into(), Type::Instant)),
    ]
    .into();
    message
}

fn with_values(words: &str) -> Template {
    template::parse(words).expect("a test parses these")
}

/// What labels are called before a worker. Reserves and investigations are nothing that she
/// writes, so that is not spoken of.
const NAMED: [(Label, &str, &str); 4] = [
    (Label::Claim, "your claim and how it stands", "su reclamo y cómo va"),
    (Label::Health, "your medicines and your health", "sus medicinas y su salud"),
    (Label::Survey, "your answers to surveys", "sus respuestas a encuestas"),
    (
        Label::Safety,
        "what you say when you may be in danger",
        "lo que diga cuando pueda estar en peligro",
    ),
];

/// What roles are called before a worker.
const ROLES: [(&str, &str, &str); 13] = [
    ("injured_worker", "You", "Usted"),
    ("representative", "Your representative on file", "Su representante registrado"),
    ("adjuster", "Your claims adjuster", "Su ajustador de reclamos"),
    ("supervisor", "The adjuster's supervisor", "El supervisor del ajustador"),
    ("nurse", "Your nurse case manager", "Su enfermera de caso"),
    ("pharmacy", "Your pharmacy", "Su farmacia"),
    ("pharmacist", "The pharmacist who reviews it", "El farmacéutico que lo revisa"),
    ("ur_physician", "The doctor who reviews it", "El médico que lo revisa"),
    ("prescriber", "Your doctor who prescribes", "Su médico que receta"),
    ("attorney", "Your attorney on file", "Su abogado registrado"),
    ("pbm_agent", "The pharmacy program's staff", "El personal del programa de farmacia"),
    ("safety_responder", "Whoever helps in an emergency", "Quien ayuda en una emergencia"),
    ("employer", "Your employer", "Su empleador"),
];

/// Asked about in every flow, because everybody wants to know.
const ALWAYS_NAMED: &str = "employer";

/// Who may see what: her, the roles of a flow, and her employer. Nobody's name is in it. `level` is
/// the most that any channel here may carry to a role.
pub fn who_sees(roles: &[String], level: impl Fn(&str) -> Level) -> Message {
    let others = roles.iter().map(String::as_str).filter(|it| *it != ALWAYS_NAMED);
    let named: Vec<&str> =
        std::iter::once("injured_worker").chain(others).chain([ALWAYS_NAMED]).collect();
    let mut message = worded(
        "who_sees",
        "worker",
        MessageKind::Reply,
        text(&named, &level, English),
        text(&named, &level, Spanish),
    );
    // That there is a claim at all is said only where it may be.
    message.wording.labels = Labels::NONE.with(Label::Claim);
    let private = [
        ("en", "What is private I show only in your secure chat. Ask me there who can see it."),
        ("es", "Lo privado solo lo muestro en su chat seguro. Pregúnteme ahí quién puede verlo."),
    ];
    let literal = |it: &str| mendline_engine::phrases::literal(it);
    message.wording.private = private
        .map(|(tag, it)| (tag.to_owned(), literal(it)))
        .into_iter()
        .collect::<BTreeMap<_, _>>();
    message
}

#[derive(Clone, Copy)]
enum Tongue {
    English,
    Spanish,
}
use Tongue::{English, Spanish};

fn text(roles: &[&str], level: &dyn Fn(&str) -> Level, tongue: Tongue) -> String {
    let reads = |role: &str| {
        let may = |it: &Label| level_needed(Labels::NONE.with(*it)) <= level(role);
        reads(role).iter().filter(may).collect::<Labels>()
    };
    let pick = |english, spanish| match tongue {
        English => english,
        Spanish => spanish,
    };
    let begins =
        pick("Of what we speak about here, these may see:", "De lo que hablamos aquí pueden ver:");
    let mut lines = vec![begins.to_owned()];
    for role in roles {
        let Some((_, english, spanish)) = ROLES.iter().find(|it| it.0 == *role) else { continue };
        let seen = listed(reads(role), tongue);
        let seen = seen.unwrap_or_else(|| pick("nothing", "nada").to_owned());
        lines.push(format!("• {}: {seen}.", pick(*english, *spanish)));
    }
    let others = roles.iter().filter(|it| **it != "injured_worker").map(|it| reads(it));
    let theirs = others.fold(Labels::NONE, Labels::join);
    let hidden: Labels = NAMED.iter().map(|it| it.0).filter(|it| !theirs.has(*it)).collect();
    if let Some(hidden) = listed(hidden, tongue) {
        lines.push(match tongue {
            English => format!("None of them but you: {hidden}."),
            Spanish => format!("Ninguno de ellos fuera de usted: {hidden}."),
        });
    }
    lines.push(
        pick(
            "If you ask for a person, somebody at our desk reads this talk to help you, and each \
             look is noted. Other apps and text messages carry less; what they leave out you read here.",
            "Si pide hablar con una persona, alguien de nuestro equipo lee esta conversación para \
             ayudarle, y cada lectura queda anotada. Otras aplicaciones y los mensajes de texto \
             llevan menos; lo que falta lo lee aquí.",
        )
        .to_owned(),
    );
    lines.join("\n")
}

/// The labels in words; nothing where there are none that she knows.
fn listed(labels: Labels, tongue: Tongue) -> Option<String> {
    let named = NAMED.iter().filter(|it| labels.has(it.0));
    let named: Vec<&str> = named
        .map(|(_, english, spanish)| match tongue {
            English => *english,
            Spanish => *spanish,
        })
        .collect();
    (!named.is_empty()).then(|| named.join(", "))
}

#[cfg(test)]
mod tests {
    use mendline_engine::clearance::{LEVEL_FULL, roles};
    use mendline_engine::render::{Form, render_form};
    use mendline_engine::screen::{Way, form};
    use mendline_engine::surface::Identity;

    use super::*;

    fn way(role: &str, level: u8) -> Way {
        Way {
            level,
            role: role.into(),
            scope: None,
            identity: Identity::Verified,
            opted_out: false,
            consents: None,
            waking: None,
            zone: String::new(),
        }
    }

    /// A message that carries this and nothing else.
    fn carrying(label: Label) -> Message {
        let mut message = super::super::message(CALL_KNOWN, "worker", MessageKind::Reply);
        message.wording.labels = Labels::NONE.with(label);
        message
    }

    #[test]
    fn whoever_the_answer_names_may_read_it_and_the_screen_refuses_everybody_else() {
        for tongue in [English, Spanish] {
            for role in roles() {
                let (_, english, spanish) = ROLES.iter().find(|it| it.0 == role).expect(role);
                let said = text(&[role], &|_| LEVEL_FULL, tongue);
                let name = if matches!(tongue, English) { english } else { spanish };
                let line = said.lines().find(|it| it.starts_with(&format!("• {name}:")));
                let line = line.unwrap_or_else(|| panic!("{role}: {said}"));
                for (label, english, spanish) in NAMED {
                    let words = if matches!(tongue, English) { english } else { spanish };
                    let shown = form(&carrying(label), &way(role, LEVEL_FULL));
                    let may = shown == Some(Form::Full);
                    assert_eq!(line.contains(words), may, "{role}, {label:?}: {line}");
                }
            }
        }
    }

    #[test]
    fn what_nobody_else_may_see_is_said_to_be_hers_alone() {
        let said =
            text(&["injured_worker", "adjuster", "pharmacy", "employer"], &|_| LEVEL_FULL, English);
        assert!(said.contains("Your employer: nothing."), "{said}");
        let alone = said.lines().find(|it| it.starts_with("None of them")).unwrap();
        assert!(alone.contains("surveys") && alone.contains("danger"), "{alone}");
        let helped = text(&["injured_worker", "safety_responder"], &|_| LEVEL_FULL, English);
        assert!(!helped.lines().any(|it| it.starts_with("None") && it.contains("danger")));
    }

    #[test]
    fn what_an_operator_keeps_from_a_role_is_not_said_to_be_seen_by_it() {
        let level = |role: &str| if role == "pharmacy" { 2 } else { LEVEL_FULL };
        let said = text(&["adjuster", "pharmacy"], &level, English);
        let line = |name: &str| said.lines().find(|it| it.contains(name)).unwrap().to_owned();
        assert_ne!(line("adjuster").contains("medicine"), line("pharmacy").contains("medicine"));
    }

    #[test]
    fn a_channel_that_may_not_know_of_a_claim_is_told_neither_digits_nor_roles() {
        let calls = promised("+12135550107", Timestamp(1_795_014_000_000));
        let sees = who_sees(&["adjuster".into()], |_| LEVEL_FULL);
        for level in [0, 1] {
            for (message, kept) in [(&calls, "07"), (&sees, "adjuster")] {
                let form = form(message, &way("injured_worker", level)).unwrap();
                for language in ["en", "es"] {
                    let zone = "America/Chicago";
                    let text = render_form(message, form, language, zone, None).text;
                    assert!(!text.contains(kept) && !text.contains('{'), "{level}: {text}");
                }
            }
        }
        let full = render_form(&calls, Form::Full, "en", "America/Chicago", None).text;
        assert!(full.contains("ends in 07") && !full.contains("0107"), "{full}");
    }
}
