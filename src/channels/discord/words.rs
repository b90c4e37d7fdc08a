//! What stands beside a command or a tap, until the answer is in the direct message. It says
//! nothing of anybody: in a server others may look over one's shoulder.

/// Words in one language.
pub(super) struct Words {
    /// A command was taken.
    pub taken: &'static str,
    /// It was not: our disk is away.
    pub not_taken: &'static str,
    /// It was given where others read along.
    pub in_public: &'static str,
    /// The button is from something else.
    pub no_button: &'static str,
}

const ENGLISH: Words = Words {
    taken: "I have it. If there is an answer, it comes here in a moment.",
    not_taken: "That did not get through. Nothing was changed. Please try again in a minute.",
    in_public: "For your privacy I talk in direct messages only. Please write to me there: tap my \
                name, then “Message”.",
    no_button: "This button is out of date. Nothing was changed.",
};

const SPANISH: Words = Words {
    taken: "Lo tengo. Si hay una respuesta, llega aquí en un momento.",
    not_taken: "Eso no llegó. No se cambió nada. Inténtelo otra vez en un minuto, por favor.",
    in_public: "Para su privacidad solo hablo por mensajes directos. Escríbame allí, por favor: \
                toque mi nombre y luego «Mensaje».",
    no_button: "Este botón ya no sirve. No se cambió nada.",
};

/// The words for a language, English where we have none.
pub(super) fn words(language: Option<&str>) -> &'static Words {
    if language.is_some_and(|it| it.starts_with("es")) { &SPANISH } else { &ENGLISH }
}
