//! The few words that render has of its own, in the languages we ship.

use super::{Form, Rendered, clean};

/// The language of what has no words in the reader's.
pub(super) const FIRST: &str = "en";

/// Words of one language.
pub(super) struct Own {
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    pub(super) months: [&'static str; 12],
    pub(super) months_short: [&'static str; 12],
    /// From Monday.
    pub(super) weekdays: [&'static str; 7],
    pub(super) am: &'static str,
    pub(super) pm: &'static str,
    hint: &'static str,
    hint_link: &'static str,
    update: &'static str,
    update_link: &'static str,
}

const ENGLISH: Own = Own {
    yes: "yes",
    no: "no",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    months_short: [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    am: "AM",
    pm: "PM",
    hint: "There is a message for you. Please sign in to read it.",
    hint_link: "There is a message for you. Please read it here:",
    update: "There is an update on your request. Please sign in to read it.",
    update_link: "There is an update on your request. Details:",
};

const SPANISH: Own = Own {
    yes: "sí",
    no: "no",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    months_short: [
        "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic",
    ],
    weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    am: "a. m.",
    pm: "p. m.",
    hint: "Tiene un mensaje. Inicie sesión para leerlo.",
    hint_link: "Tiene un mensaje. Puede leerlo aquí:",
    update: "Hay novedades sobre su solicitud. Inicie sesión para leerlas.",
    update_link: "Hay novedades sobre su solicitud. Detalles:",
};

/// Whether the words of `language` are Spanish. Dates, times and lists go by it.
pub(super) fn is_spanish(language: &str) -> bool {
    language.split(['-', '_']).next() == Some("es")
}

/// Our words for a reader.
pub(super) fn own(language: &str) -> &'static Own {
    if is_spanish(language) { &SPANISH } else { &ENGLISH }
}

/// A built-in form, with the link where there is one.
pub(super) fn notice(form: Form, language: &str, link: Option<&str>) -> Rendered {
    let own = own(language);
    let (with_link, without) = match form {
        Form::Update => (own.update_link, own.update),
        _ => (own.hint_link, own.hint),
    };
    let text = link.map_or_else(|| without.to_owned(), |link| format!("{with_link} {link}"));
    let language = if is_spanish(language) { "es" } else { FIRST };
    Rendered { text: clean(&text), buttons: Vec::new(), language: language.to_owned() }
}
