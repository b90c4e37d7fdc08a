//! What staff read in a chat app about what they did there: nothing private, which request it was,
//! and how to go on. Who decided what, on whose claim and why, stands at the desk.

use std::collections::BTreeMap;

use mendline_engine::effect::VerdictKind;
use mendline_engine::label::{Label, Labels};
use mendline_engine::message::{Message, MessageKind};
use mendline_engine::text::{Part, Template};

use super::{requests, worded};

/// The party of what is said to staff outside any conversation.
const STAFF: &str = "adjuster";

/// Words in English and in Spanish.
pub type Both = (String, String);

/// An answer to a command: these words, and where a channel may carry them the `full` ones of the
/// desk's own page.
pub fn answer(full: Option<String>, (english, spanish): Both) -> Message {
    let mut message = worded("staff_answer", STAFF, MessageKind::Reply, english, spanish);
    if let Some(full) = full {
        let template = Template { parts: vec![Part::Words(full.clone())], source: full };
        let words = BTreeMap::from([("en".to_owned(), template)]);
        message.wording.private = std::mem::replace(&mut message.wording.words, words);
        message.wording.labels = Labels::NONE.with(Label::Claim).with(Label::Health);
    }
    message
}

/// What somebody did, as far as its answer differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// She took a choice of a card.
    Chose,
    /// She took it a second time: she had decided so before.
    ChoseAgain,
    /// She answered a question; the conversation itself goes on with her.
    Answered,
    /// She did something with a handoff.
    Handed,
}

/// What became of a tap or a command; nothing where the conversation says it itself.
pub fn verdict(
    kind: &VerdictKind,
    did: Did,
    conversation: &str,
    link: Option<String>,
) -> Option<Message> {
    let number = requests::number(conversation).unwrap_or_default();
    let (english, spanish) = match (kind, did) {
        // What is missing is asked for by the conversation.
        (VerdictKind::Done, Did::Answered) | (VerdictKind::Needs { .. }, Did::Chose) => {
            return None;
        }
        (VerdictKind::Needs { .. }, _) => (
            format!(
                "Something is missing or does not fit for request {number}. Nothing was changed. \
                 Please go on at the desk."
            ),
            format!(
                "Falta algo o algo no corresponde en la solicitud {number}. No se cambió nada. \
                 Siga en el escritorio, por favor."
            ),
        ),
        (VerdictKind::Done, Did::Chose) => (
            format!("Request {number}: it is done, and everyone concerned is told."),
            format!("Solicitud {number}: está hecho, y se avisa a todos los interesados."),
        ),
        (VerdictKind::Done, Did::ChoseAgain) => (
            format!("Request {number}: you decided so already. Nothing was changed."),
            format!("Solicitud {number}: usted ya lo decidió así. No se cambió nada."),
        ),
        (VerdictKind::Done, Did::Handed) => {
            (format!("Request {number}: it is done."), format!("Solicitud {number}: está hecho."))
        }
        (VerdictKind::AlreadyDecided { .. }, _) => (
            format!("Request {number} was decided before. Nothing was changed. Who and how:"),
            format!("La solicitud {number} ya se decidió antes. No se cambió nada. Quién y cómo:"),
        ),
        (VerdictKind::Changed, _) => (
            format!(
                "The facts of request {number} changed meanwhile. Nothing was decided; there is a \
                 new card."
            ),
            format!(
                "Los datos de la solicitud {number} cambiaron. No se decidió nada; hay una tarjeta \
                 nueva."
            ),
        ),
        (VerdictKind::Over, _) => (
            format!("Request {number} is over. Nothing was changed."),
            format!("La solicitud {number} ya terminó. No se cambió nada."),
        ),
        (VerdictKind::NotAllowed, _) => (
            format!(
                "You may not decide on request {number}. Nothing was changed, and this was noted. \
                 What is yours waits at the desk."
            ),
            format!(
                "Usted no puede decidir sobre la solicitud {number}. No se cambió nada y quedó \
                 anotado. Lo suyo espera en el escritorio."
            ),
        ),
        (VerdictKind::NoSuchChoice, _) => return Some(no_such_choice(link)),
        (VerdictKind::HeldBy { .. }, _) => (
            format!("Somebody else has taken request {number}. Nothing was changed. Who:"),
            format!("Otra persona ya tomó la solicitud {number}. No se cambió nada. Quién:"),
        ),
    };
    let goes_on = !matches!(kind, VerdictKind::Done | VerdictKind::Over);
    Some(with_link((english, spanish), link.filter(|_| goes_on)))
}

/// A tap or number that leads nowhere: made up, forwarded, or of a request that is long gone.
pub fn no_such_choice(link: Option<String>) -> Message {
    let english = "That is not possible here. Nothing was changed. Write /queue to see what waits \
                   for you.";
    let spanish = "Eso no es posible aquí. No se cambió nada. Escriba /queue para ver lo que le \
                   espera.";
    with_link((english.to_owned(), spanish.to_owned()), link)
}

/// The decision needs a second factor, and this is no place to show one.
pub fn needs_proof(conversation: &str, link: Option<String>) -> Message {
    let number = requests::number(conversation).unwrap_or_default();
    let english = format!(
        "Request {number} needs one more proof that it is you. Nothing was decided. Please decide \
         it at your desk:"
    );
    let spanish = format!(
        "La solicitud {number} necesita otra prueba de que es usted. No se decidió nada. Decídala \
         en su escritorio, por favor:"
    );
    with_link((english, spanish), link)
}

/// What she wrote names somebody, a claim or a medicine, and this app may not carry that.
pub fn too_private(link: Option<String>) -> Message {
    let english = "These words name something private, and this app may not carry that. Nothing \
                   was sent or changed. Please write them at your desk, and delete them here:";
    let spanish = "Estas palabras nombran algo privado, y esta aplicación no puede llevarlo. No se \
                   envió ni se cambió nada. Escríbalas en su escritorio, por favor, y bórrelas \
                   aquí:";
    with_link((english.to_owned(), spanish.to_owned()), link)
}

fn with_link((mut english, mut spanish): Both, link: Option<String>) -> Message {
    if let Some(link) = link {
        english = format!("{english}\n{link}");
        spanish = format!("{spanish}\n{link}");
    }
    answer(None, (english, spanish))
}

#[cfg(test)]
mod tests {
    use mendline_engine::time::Timestamp;

    use super::*;

    fn said(kind: &VerdictKind, did: Did) -> Option<(String, bool)> {
        let link = Some("https://care.example.test/desk".to_owned());
        let message = verdict(kind, did, "c1", link)?;
        assert!(message.wording.labels.is_public());
        let english = message.wording.words["en"].source.clone();
        assert!(message.wording.words.contains_key("es"));
        Some((english.clone(), english.contains("/desk")))
    }

    #[test]
    fn whatever_becomes_of_it_names_nobody_and_says_how_to_go_on() {
        let by = "Sam Okafor".to_owned();
        let already =
            VerdictKind::AlreadyDecided { by: by.clone(), choice: "deny".into(), at: Timestamp(0) };
        for kind in [already, VerdictKind::HeldBy { name: by }, VerdictKind::NotAllowed] {
            let (english, links) = said(&kind, Did::Chose).unwrap();
            assert!(!english.contains("Sam") && !english.contains("deny"), "{english}");
            assert!(links && english.contains("Nothing was changed"), "{english}");
        }
        let (english, links) = said(&VerdictKind::Done, Did::Chose).unwrap();
        assert!(!links && english.contains(&requests::number("c1").unwrap()), "{english}");
    }

    #[test]
    fn what_the_conversation_says_itself_is_not_said_twice() {
        let needs = VerdictKind::Needs { missing: BTreeMap::new() };
        assert_eq!(said(&needs, Did::Chose), None);
        assert_eq!(said(&VerdictKind::Done, Did::Answered), None);
        assert!(said(&needs, Did::Handed).is_some());
    }
}
