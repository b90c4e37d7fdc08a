//! What the writer of a mail wrote herself: without what she answers to, and without the lines that
//! her program puts under everything. In English and Spanish. Pure.
//!
//! Where it is not sure it keeps a line: a signature among her words costs a question back, a lost
//! word may be the one that counts.

/// Lines over which "On …, Ana <ana@example.com> wrote:" may be broken.
const ATTRIBUTION_LINES_MAX: usize = 3;
/// Lines of a quoted head ("From:", "Sent:", "To:", "Subject:") that are looked at.
const HEAD_LINES: usize = 5;
/// Underscores that separate, at least, as Outlook draws them.
const RULE_SIGNS_MIN: usize = 20;

/// Lines with which a program signs, in small letters.
const SIGNED_BY_PROGRAMS: &[&str] = &[
    "sent from my ",
    "sent from outlook",
    "sent from yahoo",
    "sent from mail for",
    "get outlook for",
    "enviado desde mi ",
    "enviado desde outlook",
    "enviado desde yahoo",
    "enviado desde correo para",
    "obtener outlook para",
    "obtenga outlook para",
];

/// What stands between dashes over a mail that is passed on or answered, in small letters.
const PASSED_ON: &[&str] = &[
    "original message",
    "mensaje original",
    "forwarded message",
    "mensaje reenviado",
    "begin forwarded message",
    "inicio del mensaje reenviado",
];

/// How an answer begins in a mail that is a page, in small letters.
const QUOTES_IN_PAGES: &[&str] = &[
    "<blockquote",
    "class=\"gmail_quote",
    "class=\"gmail_signature",
    "class=\"yahoo_quoted",
    "id=\"appendonsend\"",
    "id=\"divrplyfwdmsg\"",
    "id=\"mail-editor-reference-message-container\"",
];

/// What somebody wrote herself in a text.
pub fn own_words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut own: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if ends_it(&lines[at..]) {
            break;
        }
        if let Some(length) = attribution(&lines[at..]) {
            let after = &lines[at + length..];
            let quoted = after.iter().find(|it| !it.is_empty()).is_some_and(|it| is_quoted(it));
            // Without marks nobody can say where the quotation ends.
            if !quoted {
                break;
            }
            at += length;
            continue;
        }
        let second_blank = line.is_empty() && own.last().is_none_or(|it| it.is_empty());
        if !is_quoted(line) && !second_blank {
            own.push(line);
        }
        at += 1;
    }
    own.join("\n").trim().to_owned()
}

/// A page up to where the answered mail begins.
pub fn own_part(page: &str) -> &str {
    let small = page.to_ascii_lowercase();
    let marks = QUOTES_IN_PAGES.iter().filter_map(|it| small.find(it));
    let Some(mark) = marks.min() else { return page };
    // An attribute stands inside its tag.
    let tag = small[..=mark].rfind('<').unwrap_or(mark);
    &page[..tag]
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// Whether nothing that follows is hers.
fn ends_it(lines: &[&str]) -> bool {
    let Some(line) = lines.first() else { return true };
    let small = line.trim().to_lowercase();
    // "-- " begins a signature (RFC 3676, 4.3); the space behind it was trimmed.
    *line == "--"
        || SIGNED_BY_PROGRAMS.iter().any(|it| small.starts_with(it))
        || is_passed_on(&small)
        || (is_rule(&small) && lines.get(1..).is_some_and(is_head))
        || is_head(lines)
}

fn is_passed_on(small: &str) -> bool {
    let inside = small.trim_matches(['-', ' ', ':']);
    let marked = small.starts_with("--") || small.ends_with(':');
    marked && PASSED_ON.contains(&inside)
}

fn is_rule(line: &str) -> bool {
    line.len() >= RULE_SIGNS_MIN && line.bytes().all(|it| it == b'_' || it == b'-')
}

/// The head of an answered mail, as Outlook writes it.
fn is_head(lines: &[&str]) -> bool {
    let head = lines.iter().filter(|it| !it.is_empty()).take(HEAD_LINES);
    let names: Vec<String> = head
        .map(|it| it.trim_start_matches('*').split_once(':').map_or("", |(name, _)| name))
        .map(|it| it.trim_matches(['*', ' ']).to_lowercase())
        .collect();
    let has = |all: &[&str]| names.iter().any(|it| all.contains(&it.as_str()));
    let begins = names.first().is_some_and(|it| ["from", "de"].contains(&it.as_str()));
    begins
        && has(&["sent", "date", "enviado", "fecha"])
        && has(&["to", "para", "subject", "asunto"])
}

/// How many lines "On …, … wrote:" takes, if it begins here.
fn attribution(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?.trim_start();
    let begins = ["On ", "El "].iter().any(|it| first.starts_with(it));
    let names_mailbox = first.contains('@');
    if !(begins || names_mailbox) {
        return None;
    }
    let ends = |it: &str| {
        let small = it.trim_end().to_lowercase();
        ["wrote:", "escribió:", "escribio:"].iter().any(|end| small.ends_with(end))
    };
    let within = lines.iter().take(ATTRIBUTION_LINES_MAX).take_while(|it| !it.is_empty());
    within.enumerate().find(|(_, it)| ends(it)).map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_over_a_quotation_is_what_was_written_over_it() {
        for text in [
            "Yes, I am waiting\n\nOn Mon, Nov 23, 2026 at 9:00 AM Care <care@example.com> wrote:\n> Are you\n> there?\n",
            "Yes, I am waiting\r\n\r\nOn Mon, Nov 23, 2026 at 9:00 AM Care\r\n<care@example.com> wrote:\r\n\r\n> Are you there?\r\n",
            "Yes, I am waiting\n\nEl lun, 23 nov 2026 a las 9:00, Care (<care@example.com>) escribió:\n\nAre you there?\n",
            "Yes, I am waiting\n\nSent from my iPhone\n\n> On Nov 23, 2026, at 9:00 AM, Care wrote:\n> \n> Are you there?",
            "Yes, I am waiting\n\n________________________________\nFrom: Care <care@example.com>\nSent: Monday, November 23, 2026 9:00 AM\nTo: Ana\nSubject: Request\n\nAre you there?",
            "Yes, I am waiting\n\nDe: Care <care@example.com>\nEnviado: lunes, 23 de noviembre de 2026 9:00\nPara: Ana\nAsunto: Solicitud\n\n¿Está allí?",
            "Yes, I am waiting\n\n-----Mensaje original-----\nDe: Care",
            "Yes, I am waiting\n-- \nAna Example\n555-0100",
            "> Are you there?\n\nYes, I am waiting",
        ] {
            assert_eq!(own_words(text), "Yes, I am waiting", "{text}");
        }
    }

    #[test]
    fn what_is_written_between_and_under_quotations_stays() {
        let text = "On Monday Care wrote:\n> Which one?\nThe blue one.\n> Since when?\nMonday.\n";
        assert_eq!(own_words(text), "The blue one.\nMonday.");
    }

    #[test]
    fn what_only_looks_like_one_is_hers() {
        for text in [
            "On Monday I wrote to you.",
            "El lunes le escribí.\nNo contestó.",
            "From: my pharmacy, I heard nothing.",
            "I sent it from my phone - did it arrive?",
            "My mail is ana@example.com",
            "a - b\n---\nc",
        ] {
            assert_eq!(own_words(text), text);
        }
    }

    #[test]
    fn a_page_ends_where_the_answered_mail_begins() {
        let page = "<p>Yes</p><div class=\"gmail_quote\">On … <blockquote>old</blockquote></div>";
        assert_eq!(own_part(page), "<p>Yes</p>");
        assert_eq!(own_part("<p>Sí</p><BLOCKQUOTE type=\"cite\">viejo"), "<p>Sí</p>");
        assert_eq!(own_part("<p>á</p>"), "<p>á</p>");
    }
}
