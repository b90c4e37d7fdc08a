//! A slip of paper that brings a worker to her chat: what it is for, how to come in, how to stop.

use anyhow::Context;
use askama::Template;
use mendline_engine::time::Timestamp;
use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};

/// Smallest picture, in pixels of its own; it is drawn as large as the page has it.
const PIXELS_MIN: u32 = 240;

/// A link as a square to photograph. A seventh of it may be creased or stained.
pub(super) fn square(link: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::M).context("drawing the link")?;
    let mut picture = code.render::<Color<'_>>();
    Ok(picture.min_dimensions(PIXELS_MIN, PIXELS_MIN).build())
}

/// The words of a slip.
struct Words {
    tag: &'static str,
    title: &'static str,
    what: &'static str,
    steps: [&'static str; 2],
    until: &'static str,
    yours: &'static str,
    stop: &'static str,
    danger: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        tag: "en",
        title: "Your secure chat",
        what: "Here you can ask how your request stands and what comes next. A bot answers at once, in English or Spanish, and a person can join any time.",
        steps: [
            "Point your phone's camera at the square, or type the address below it.",
            "Tap “Continue”. Nobody asks you for a number or a password.",
        ],
        until: "It works once, until",
        yours: "It is for you alone: please do not pass it on.",
        stop: "You do not have to use it. To stop, choose “Leave and lock this page” in the chat; messages on your phone end when you answer STOP.",
        danger: "In danger or very unwell? Call 911.",
    },
    Words {
        tag: "es",
        title: "Su chat seguro",
        what: "Aquí puede preguntar cómo va su solicitud y qué sigue. Un bot responde enseguida, en español o inglés, y una persona puede unirse cuando quiera.",
        steps: [
            "Apunte la cámara de su teléfono al cuadro, o escriba la dirección de abajo.",
            "Toque “Continuar”. Nadie le pide un número ni una contraseña.",
        ],
        until: "Sirve una vez, hasta el",
        yours: "Es solo para usted: por favor no lo comparta.",
        stop: "No está obligado a usarlo. Para terminar, elija “Salir y cerrar esta página” en el chat; los mensajes a su teléfono terminan cuando responde STOP.",
        danger: "¿En peligro o muy mal? Llame al 911.",
    },
];

#[derive(Template)]
#[template(path = "slip.html")]
struct Slip<'a> {
    words: Vec<&'static Words>,
    square: &'a str,
    link: &'a str,
    /// ISO, which both languages' readers know from forms.
    until: String,
    demo: bool,
}

/// A page to print, in her language; in both where nobody knows it.
pub(super) fn page(
    link: &str,
    language: Option<&str>,
    until: Timestamp,
    demo: bool,
) -> anyhow::Result<String> {
    let hers = WORDS.iter().filter(|it| language.is_none_or(|tag| tag == it.tag));
    let mut words: Vec<_> = hers.collect();
    if words.is_empty() {
        words = WORDS.iter().collect();
    }
    let square = square(link)?;
    // Inside a page it is no document of its own.
    let square = square.find("<svg").map_or(square.as_str(), |at| &square[at..]);
    let until = until.utc().format("%Y-%m-%d").to_string();
    Slip { words, square, link, until, demo }.render().context("writing the slip")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://care.example.test/chat?invite=WyJub3J0aHdpbmQiLCJhbmEiXQ.abc";
    const UNTIL: Timestamp = Timestamp(1_795_014_000_000);

    #[test]
    fn a_slip_is_in_her_language_or_in_both_and_hints_at_nothing() {
        for (language, english, spanish) in [
            (Some("en"), true, false),
            (Some("es"), false, true),
            (None, true, true),
            (Some("fr"), true, true),
        ] {
            let page = page(LINK, language, UNTIL, false).unwrap();
            assert_eq!(page.contains("Your secure chat"), english, "{language:?}");
            assert_eq!(page.contains("Su chat seguro"), spanish, "{language:?}");
            assert!(page.contains(LINK) && page.contains("2026-11-18") && page.contains("STOP"));
            let read = page.split("</svg>").last().unwrap().to_lowercase();
            for hint in [
                "medic", "pharmac", "farmac", "claim", "reclamo", "injur", "recet", "prescri",
                "doctor",
            ] {
                assert!(!read.contains(hint), "{hint}");
            }
            assert!(!page.contains("Fictional"));
        }
        assert!(page(LINK, None, UNTIL, true).unwrap().contains("Fictional data. Demo."));
    }

    #[test]
    fn a_link_becomes_one_square() {
        let drawn = square(LINK).unwrap();
        assert!(drawn.contains("<svg") && drawn.trim_end().ends_with("</svg>"));
        assert_ne!(drawn, square(&format!("{LINK}x")).unwrap());
    }
}
