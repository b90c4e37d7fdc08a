//! The same answers where nothing private may stand: the request's number, what kind of thing it is,
//! since when and by when. No name, no claim, no medicine, no reason in words. Pure.
//!
//! Whoever wants more opens it at the desk.

use mendline_engine::render::{Reader, write_value};
use mendline_engine::time::Timestamp;
use mendline_engine::time::zone::zone;
use mendline_engine::types::Type;
use serde_json::json;

use super::commands::{Said, Seen, could_mean, keys, ways_back};
use super::queue::{Item, Row, Waiting};
use super::words;
use crate::phrases::requests;
use crate::phrases::staff::Both;

/// An answer to a command, in English and in Spanish.
pub fn answer(said: &Said<'_>, seen: Seen<'_>) -> Both {
    (Teller { seen, spanish: false }.say(said), Teller { seen, spanish: true }.say(said))
}

/// Whether the page's words for it are the page's alone.
pub fn is_private(said: &Said<'_>) -> bool {
    match said {
        Said::Queue | Said::Which(_) | Said::Shown(_) | Said::Wanted { .. } => true,
        Said::Help
        | Said::NoNumber(_)
        | Said::Over(_)
        | Said::IsHandoff(_)
        | Said::IsCard(_)
        | Said::NoSuchChoice(_)
        | Said::TooLong
        | Said::SayWhat(_)
        | Said::Nobody
        | Said::NotBack { .. } => false,
    }
}

/// How one thing reads beside its number, where it is chosen from a list.
pub fn label(item: &Item, seen: Seen<'_>, spanish: bool) -> String {
    Teller { seen, spanish }.about(item)
}

#[derive(Clone, Copy)]
struct Teller<'a> {
    seen: Seen<'a>,
    spanish: bool,
}

impl Teller<'_> {
    fn one_of<'t>(self, english: &'t str, spanish: &'t str) -> &'t str {
        if self.spanish { spanish } else { english }
    }

    fn say(self, said: &Said<'_>) -> String {
        match said {
            Said::Queue => self.queue(),
            Said::Help => self.help().to_owned(),
            Said::Which(verb) => self.which(verb),
            Said::Shown(item) => self.shown(item),
            Said::Wanted { button, number, wrong } => {
                let mut lines = vec![match self.spanish {
                    true => format!("Todavía no se decidió nada. El número {number} necesita:"),
                    false => format!("Nothing was decided yet. Number {number} needs:"),
                }];
                for open in button.needs.iter().filter(|it| wrong.contains_key(&it.need.name)) {
                    let code = &wrong[&open.need.name];
                    let what =
                        if self.spanish { wrong_in_spanish(code) } else { words::wrong(code) };
                    lines.push(format!("  {}: {what}", words::spoken(&open.need.name)));
                    // The codes alone: their words speak of health.
                    let codes: Vec<_> = open.reasons.iter().map(|it| it.code.as_str()).collect();
                    lines.extend((!codes.is_empty()).then(|| format!("    {}", codes.join(", "))));
                }
                lines.join("\n")
            }
            Said::NoNumber(_)
            | Said::Over(_)
            | Said::IsHandoff(_)
            | Said::IsCard(_)
            | Said::NoSuchChoice(_)
            | Said::TooLong
            | Said::SayWhat(_)
            | Said::Nobody
            | Said::NotBack { .. } => self.refused(said),
        }
    }

    /// What is about nothing private.
    fn refused(self, said: &Said<'_>) -> String {
        let text = match (said, self.spanish) {
            (Said::NoNumber(number), true) => {
                format!("No hay ningún número {number} en su cola. Escriba /queue para verla.")
            }
            (Said::Over(number), true) => {
                format!("El número {number} ya no está abierto. No se cambió nada. Escriba /queue.")
            }
            (Said::IsHandoff(number), true) => {
                format!("El número {number} es un caso para una persona. Pruebe /take {number}.")
            }
            (Said::IsCard(number), true) => {
                format!("El número {number} es una decisión. Pruebe /card {number}.")
            }
            (Said::IsCard(number), false) => {
                format!("Number {number} is a decision. Try /card {number}.")
            }
            (Said::NoSuchChoice(buttons), true) => {
                format!("Esta solicitud no tiene esa opción. Tiene: {}.", keys(buttons))
            }
            (Said::TooLong, true) => "Es demasiado largo. Envíelo en partes, por favor.".into(),
            (Said::SayWhat(verb), true) => {
                format!("Escriba lo que quiere decir: /{verb} 1 sus palabras")
            }
            (Said::Nobody, true) => "No hay nadie a quien escribir.".into(),
            (Said::NotBack { row, .. }, true) => {
                format!("Así no se puede devolver. Maneras: {}.", ways_back(row))
            }
            // It reads as on the page.
            (said, _) => super::commands::text(said, self.seen),
        };
        text.trim().to_owned()
    }

    fn queue(self) -> String {
        if self.seen.rows.is_empty() {
            let english = "Nothing waits for you. New requests are announced here by themselves.";
            let spanish = "Nada le espera. Las solicitudes nuevas se anuncian aquí por sí solas.";
            return self.one_of(english, spanish).into();
        }
        let lines = self.lines(|_| true, |row, about| format!("{}. {about}", row.number));
        let english = "/card and a number shows one; /help says what else. Names, claims and \
                       medicines are at the desk:";
        let spanish = "/card y un número muestra una; /help dice qué más. Nombres, reclamos y \
                       medicinas están en el escritorio:";
        format!("{lines}\n{}", self.one_of(english, spanish))
    }

    fn which(self, verb: &str) -> String {
        let open = |row: &Row| could_mean(verb, &row.token);
        if !self.seen.rows.iter().any(open) {
            let english = "Nothing is open for that. Nothing was changed.";
            let spanish = "No hay nada abierto para eso. No se cambió nada.";
            return self.one_of(english, spanish).into();
        }
        let lines = self.lines(open, |row, about| format!("/{verb} {}   {about}", row.number));
        let first = match self.spanish {
            true => format!("¿Cuál? No se cambió nada. Escriba /{verb} y su número:"),
            false => format!("Which one? Nothing was changed. Write /{verb} and its number:"),
        };
        format!("{first}\n{lines}")
    }

    fn lines(self, wanted: impl Fn(&Row) -> bool, line: impl Fn(&Row, &str) -> String) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut more = 0;
        for row in self.seen.rows.iter().filter(|it| wanted(it)) {
            let item = self.seen.items.iter().find(|it| it.token() == row.token);
            match item.filter(|_| row.number > 0) {
                Some(item) => lines.push(line(row, &self.about(item))),
                None => more += 1,
            }
        }
        if more > 0 {
            lines.push(format!("+ {more}"));
        }
        lines.join("\n")
    }

    /// `7K4M-92QP: a decision, due Nov 18, 5:00 PM, since Nov 18, 9:00 AM`.
    fn about(self, item: &Item) -> String {
        let (conversation, due, opened) = match &item.waiting {
            Waiting::Card(row) => {
                let card = row.message.card.as_ref();
                let due = row.due.or_else(|| card.and_then(|it| it.due));
                (&row.question.conversation, due, card.map_or(row.opened, |it| it.opened))
            }
            Waiting::Handoff(row) => (&row.handoff.conversation, row.open.due, row.opened),
        };
        let number = requests::number(conversation).unwrap_or_default();
        let mut parts = vec![self.kind(item).to_owned()];
        if let Some(due) = due {
            parts.push(format!("{} {}", self.one_of("due", "para el"), self.moment(due)));
        }
        parts.push(format!("{} {}", self.one_of("since", "desde el"), self.moment(opened)));
        if let Waiting::Handoff(row) = &item.waiting
            && row.holder.is_some()
        {
            parts.push(self.one_of("somebody has it", "alguien ya la tiene").into());
        }
        format!("{number}: {}", parts.join(", "))
    }

    /// What kind of thing it is. That it presses is said, and not why.
    fn kind(self, item: &Item) -> &'static str {
        let kinds = match &item.waiting {
            Waiting::Card(_) if item.counter => ("an urgent decision", "una decisión urgente"),
            Waiting::Card(_) => ("a decision", "una decisión"),
            Waiting::Handoff(row) if row.open.why == "danger" => {
                ("a person is needed at once", "hace falta una persona de inmediato")
            }
            Waiting::Handoff(_) => ("a person is needed", "hace falta una persona"),
        };
        if self.spanish { kinds.1 } else { kinds.0 }
    }

    fn moment(self, at: Timestamp) -> String {
        let language = self.one_of("en", "es");
        let reader = Reader { language, zone: zone(self.seen.zone) };
        write_value(&json!(at.0), &Type::Instant, Some("short"), reader)
    }

    fn shown(self, item: &Item) -> String {
        let about = self.about(item);
        match &item.waiting {
            Waiting::Card(row) => {
                let choices = self.one_of("Choices", "Opciones");
                format!("{about}\n{choices}: {}.", keys(&row.message.buttons))
            }
            Waiting::Handoff(row) => {
                let back = self.one_of("Ways to give it back", "Maneras de devolverlo");
                format!("{about}\n{back}: {}.", ways_back(row))
            }
        }
    }

    fn help(self) -> &'static str {
        if self.spanish {
            "/queue: lo que le espera\n\
             /card N: una, con sus botones\n\
             /approve N: aprobar lo pedido; /approve N days 14: menos días\n\
             /period N DESDE HASTA SURTIDOS DÍAS: aprobar por un período (fechas como 2026-12-31)\n\
             /info N A-QUIÉN su pregunta: preguntar antes de decidir\n\
             /deny N CÓDIGO: no corresponde a este reclamo; sin código se muestran los códigos\n\
             /take N: tomar un caso; /note N y /reply N con sus palabras; /giveback N\n\
             /stop: no escribirle más por aquí\n\
             N es el número de la cola. Nada privado cabe aquí: nombres, reclamos y medicinas van en \
             el escritorio."
        } else {
            "/queue: what waits for you\n\
             /card N: one of them, with its buttons\n\
             /approve N: approve what was asked; /approve N days 14: fewer days\n\
             /period N FROM UNTIL REFILLS DAYS: approve for a period (dates as 2026-12-31)\n\
             /info N WHOM your question: ask before you decide\n\
             /deny N CODE: not for this claim; without a code, the codes are listed\n\
             /take N: take a handoff; /note N and /reply N with your words; /giveback N\n\
             /stop: do not write to you here any more\n\
             N is the number in the queue. Nothing private fits here: names, claims and medicines \
             belong to the desk."
        }
    }
}

fn wrong_in_spanish(code: &str) -> &'static str {
    match code {
        "missing" => "falta.",
        "not_a_date" => "escriba una fecha.",
        "out_of_range" => "este número no es posible aquí.",
        "not_fewer" => "tiene que ser menos de lo pedido.",
        "unknown_reason" => "elija un código de la lista.",
        _ => "revíselo otra vez.",
    }
}
