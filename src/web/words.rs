//! The page's own words. What the bot says comes from flows; these are the labels around it.

/// Languages that the page speaks.
pub const LANGUAGES: [&str; 2] = ["en", "es"];

/// Labels in one language.
pub struct Words {
    /// Title of the chat.
    pub title: &'static str,
    /// Beside her name.
    pub hello: &'static str,
    /// Before anything was said.
    pub empty: &'static str,
    /// Examples of what to say first.
    pub examples: [&'static str; 3],
    /// Label of the composer.
    pub write: &'static str,
    /// Hint under it.
    pub write_hint: &'static str,
    /// Send.
    pub send: &'static str,
    /// The built-in buttons.
    pub human: &'static str,
    /// What can I do here?
    pub help: &'static str,
    /// Say that again.
    pub repeat: &'static str,
    /// Stop this.
    pub cancel: &'static str,
    /// Call me.
    pub call_me: &'static str,
    /// Who can see this?
    pub who_sees: &'static str,
    /// A file, in her own lines.
    pub sent_file: &'static str,
    /// Opens the form for one.
    pub attach: &'static str,
    /// Its label.
    pub attach_what: &'static str,
    /// What becomes of it.
    pub attach_hint: &'static str,
    /// It is on its way.
    pub attach_going: &'static str,
    /// It did not arrive.
    pub attach_failed: &'static str,
    /// Opens the card for the counter.
    pub show_pharmacist: &'static str,
    /// More to do.
    pub more: &'static str,
    /// Ends the session.
    pub leave: &'static str,
    /// The other language, in itself.
    pub other_language: &'static str,
    /// Its tag.
    pub other_tag: &'static str,
    /// The worker's own lines, for listeners.
    pub you: &'static str,
    /// The bot's lines.
    pub bot: &'static str,
    /// A desk person's lines, after the name.
    pub at_the_desk: &'static str,
    /// The log's name.
    pub log: &'static str,
    /// For those without script.
    pub look_again: &'static str,
    /// States of the connection.
    pub connected: &'static str,
    /// Not connected; what happens.
    pub connecting: &'static str,
    /// No way out at the moment.
    pub offline: &'static str,
    /// Unsent words.
    pub sending: &'static str,
    /// An answer is being made.
    pub typing: &'static str,
    /// The session is locked.
    pub locked: &'static str,
    /// What to do about it.
    pub locked_next: &'static str,
    /// Too many pages are open.
    pub too_many: &'static str,
    /// Load the page.
    pub reload: &'static str,
    /// In danger.
    pub danger: &'static str,
    /// Go on in another app, before its name.
    pub elsewhere: &'static str,
    /// How that works.
    pub elsewhere_how: &'static str,
    /// Open it, before its name.
    pub elsewhere_open: &'static str,
    /// What to do where the link cannot carry the code.
    pub elsewhere_write: &'static str,
    /// What is shown there and what is not.
    pub elsewhere_private: &'static str,
    /// How to end it.
    pub elsewhere_stop: &'static str,
    /// Back to the chat.
    pub elsewhere_back: &'static str,
}

const EN: Words = Words {
    title: "Your chat",
    hello: "Hello",
    empty: "I am Mendline, a bot that helps with your prescriptions. A person can join any time. Write what you need, for example:",
    examples: [
        "The pharmacy turned me away",
        "Is my medicine approved?",
        "What is happening with my claim?",
    ],
    write: "Write to Mendline",
    write_hint: "Enter sends. Shift and Enter make a new line.",
    send: "Send",
    human: "A person, please",
    help: "What can I do here?",
    repeat: "Say that again",
    cancel: "Stop this",
    call_me: "Call me",
    who_sees: "Who can see this?",
    sent_file: "(sent a file)",
    attach: "Send a picture",
    attach_what: "A picture, a paper (PDF) or a voice recording",
    attach_hint: "Up to 8 MB. I cannot read it myself: a person looks at it.",
    attach_going: "Sending …",
    attach_failed: "It was not sent. Please try again when you are connected.",
    show_pharmacist: "Show the pharmacist",
    more: "More",
    leave: "Leave and lock this page",
    other_language: "Español",
    other_tag: "es",
    you: "You",
    bot: "Mendline",
    at_the_desk: "at the desk",
    log: "Messages",
    look_again: "Look for an answer",
    connected: "Connected",
    connecting: "Not connected. Trying again. What you write is kept here.",
    offline: "You are offline. What you write is kept here and sent later.",
    sending: "Not sent yet",
    typing: "Mendline is writing",
    locked: "This page is locked",
    locked_next: "Nobody used it for 15 minutes, so your messages were put away. Open your link again to go on.",
    too_many: "Your chat is open on too many pages. Close one, then load this page again.",
    reload: "Load the page again",
    danger: "In danger or very unwell? Call 911.",
    elsewhere: "Go on in",
    elsewhere_how: "Open this link on the phone or computer where you use it. It works once, for 15 minutes. Please do not pass it on.",
    elsewhere_open: "Open",
    elsewhere_write: "Then write this there, in a direct message to me:",
    elsewhere_private: "There I tell you when something is new. Your medicine and your claim I show only here; each message brings you here with one tap.",
    elsewhere_stop: "To end it, write STOP there.",
    elsewhere_back: "Back to your chat",
};

const ES: Words = Words {
    title: "Su chat",
    hello: "Hola",
    empty: "Soy Mendline, un bot que ayuda con sus recetas. Una persona puede unirse cuando quiera. Escriba lo que necesita, por ejemplo:",
    examples: [
        "La farmacia no me dio mi medicina",
        "¿Está aprobada mi medicina?",
        "¿Qué pasa con mi reclamo?",
    ],
    write: "Escriba a Mendline",
    write_hint: "Intro envía. Mayús e Intro hacen una línea nueva.",
    send: "Enviar",
    human: "Una persona, por favor",
    help: "¿Qué puedo hacer aquí?",
    repeat: "Dígalo otra vez",
    cancel: "Dejar esto",
    call_me: "Llámenme",
    who_sees: "¿Quién puede ver esto?",
    sent_file: "(envió un archivo)",
    attach: "Enviar una foto",
    attach_what: "Una foto, un documento (PDF) o una grabación de voz",
    attach_hint: "Hasta 8 MB. Yo no puedo leerlo: lo ve una persona.",
    attach_going: "Enviando …",
    attach_failed: "No se envió. Inténtelo de nuevo cuando tenga conexión.",
    show_pharmacist: "Mostrar esto en la farmacia",
    more: "Más",
    leave: "Salir y cerrar esta página",
    other_language: "English",
    other_tag: "en",
    you: "Usted",
    bot: "Mendline",
    at_the_desk: "en la mesa",
    log: "Mensajes",
    look_again: "Ver si hay respuesta",
    connected: "Con conexión",
    connecting: "Sin conexión. Se intenta de nuevo. Lo que escriba queda aquí.",
    offline: "No tiene internet. Lo que escriba queda aquí y se envía después.",
    sending: "Aún no enviado",
    typing: "Mendline está escribiendo",
    locked: "Esta página está cerrada",
    locked_next: "Nadie la usó durante 15 minutos, así que guardamos sus mensajes. Abra su enlace otra vez para seguir.",
    too_many: "Su chat está abierto en demasiadas páginas. Cierre una y cargue esta de nuevo.",
    reload: "Cargar la página de nuevo",
    danger: "¿En peligro o muy mal? Llame al 911.",
    elsewhere: "Seguir en",
    elsewhere_how: "Abra este enlace en el teléfono o la computadora donde la usa. Sirve una vez, durante 15 minutos. Por favor no lo comparta.",
    elsewhere_open: "Abrir",
    elsewhere_write: "Luego escriba esto allí, en un mensaje directo a mí:",
    elsewhere_private: "Allí le aviso cuando hay algo nuevo. Su medicina y su reclamo solo los muestro aquí; cada mensaje le trae aquí con un toque.",
    elsewhere_stop: "Para terminar, escriba STOP allí.",
    elsewhere_back: "Volver a su chat",
};

/// The words of a language; English for one that the page does not speak.
pub fn words(language: &str) -> &'static Words {
    if language == "es" { &ES } else { &EN }
}
