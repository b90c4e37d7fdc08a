//! Messages as mails.

use mail_parser::{Message, MessageParser};
use mendline::channels::email::letter::{Unsayable, letter};
use mendline::channels::{Deciding, Outgoing};
use mendline_engine::message::MessageKind;

use super::support::*;

fn mail(it: &Outgoing) -> Vec<u8> {
    letter(&sender(), it).unwrap().bytes
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn header(bytes: &[u8], name: &str) -> String {
    let mail = parsed(bytes);
    let mut found = mail.headers_raw().filter(|(it, _)| it.eq_ignore_ascii_case(name));
    let (_, value) = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(found.next().is_none(), "{name} twice");
    value.trim().to_owned()
}

#[test]
fn a_message_is_a_mail_in_plain_text_and_the_same_as_a_page() {
    let text = "There is an update on your request. Details: https://care.example.com/chat?invite=a&b.\n\n¿Está allí? <b>5 > 3</b>";
    let bytes = mail(&outgoing("c1/3.0", text));
    let mail = parsed(&bytes);
    let plain = mail.body_text(0).unwrap().replace("\r\n", "\n");
    assert!(plain.contains(text), "{plain}");
    assert!(plain.contains("STOP"), "how to end it");
    let page = mail.body_html(0).unwrap();
    let link = "<a href=\"https://care.example.com/chat?invite=a&amp;b\">https://care.example.com/chat?invite=a&amp;b</a>.";
    assert!(page.contains(link), "{page}");
    assert!(page.contains("&lt;b&gt;5 &gt; 3&lt;/b&gt;"), "{page}");
    for loads in ["<img", "<script", "<link", "<iframe", "url(", "src="] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert_eq!(mail.from().unwrap().first().unwrap().address(), Some(OWN));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some(ANA));
    assert_eq!(header(&bytes, "List-Unsubscribe"), "<mailto:care@example.com?subject=STOP>");
    assert!(bytes.is_ascii() && bytes.split(|it| *it == b'\n').all(|it| it.len() <= 998));
}

#[test]
fn programs_are_told_that_a_program_wrote_it() {
    let mut message = outgoing("c1/3.0", "Hello.");
    assert_eq!(header(&mail(&message), "Auto-Submitted"), "auto-generated");
    message.leaving.kind = MessageKind::Reply;
    assert_eq!(header(&mail(&message), "Auto-Submitted"), "auto-replied");
    assert_eq!(header(&mail(&message), "X-Auto-Response-Suppress"), "All");
}

#[test]
fn a_second_try_is_the_same_mail_and_a_request_is_one_thread() {
    let message = outgoing("c1/3.0", "Hello.");
    let again = Outgoing { now_ms: NOW_MS + 60_000, ..message.clone() };
    let id = |it: &Outgoing| header(&mail(it), "Message-ID");
    assert_eq!(id(&message), id(&again));
    let without_date = |it: &Outgoing| {
        let text = String::from_utf8(mail(it)).unwrap();
        text.lines().filter(|it| !it.starts_with("Date:")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(without_date(&message), without_date(&again));
    let later = outgoing("c1/9.2", "Hello again.");
    assert_ne!(id(&message), id(&later));
    let thread = |it: &Outgoing| header(&mail(it), "References");
    assert_eq!(thread(&message), thread(&later));
    assert_eq!(header(&mail(&message), "In-Reply-To"), thread(&message));
    assert_ne!(thread(&message), thread(&outgoing("c2/3.0", "Hello.")));
}

#[test]
fn a_subject_says_which_request_and_by_when_and_nothing_of_it() {
    let message = outgoing("c1/3.0", "Ana Example, claim DEMO-CA-000123: gabapentin 300 mg");
    let subject = |it: &Outgoing| parsed(&mail(it)).subject().unwrap().to_owned();
    let plain = subject(&message);
    let (word, number) = plain.split_once(' ').unwrap();
    assert_eq!((word, number.len()), ("Request", 9), "{plain}");
    // 2026-11-24 17:00 in Los Angeles.
    let deciding = Some(Deciding { due_ms: Some(NOW_MS + 24 * 60 * 60 * 1_000) });
    let card = Outgoing { deciding, ..message.clone() };
    assert_eq!(subject(&card), format!("Request {number}, due Nov 24, 5:00 PM"));
    let mut spanish = card.clone();
    spanish.frozen.language = "es".into();
    assert_eq!(subject(&spanish), format!("Solicitud {number}, para el 24 nov, 5:00 p. m."));
    assert_eq!(subject(&outgoing("person/ana/7/0.0", "Hello.")), "A message for you");
}

#[test]
fn a_question_says_how_to_answer_and_a_card_does_not() {
    let mut message = outgoing("c1/3.0", "Are you at the pharmacy right now?");
    message.question = Some(message.key.effect.clone());
    message.frozen.buttons =
        vec![("here".into(), "Yes, I am waiting".into()), ("later".into(), "No".into())];
    let text = |it: &Outgoing| parsed(&mail(it)).body_text(0).unwrap().replace("\r\n", "\n");
    assert!(
        text(&message).contains("one of these:\n- Yes, I am waiting\n- No"),
        "{}",
        text(&message)
    );
    message.deciding = Some(Deciding { due_ms: None });
    assert!(!text(&message).contains("- Yes"), "nobody decides by mail");
    message.speaker = Some("Robin Placeholder".into());
    assert!(text(&message).starts_with("Robin Placeholder:\nAre you"), "{}", text(&message));
}

#[test]
fn who_cannot_be_written_to_and_what_says_nothing_is_no_mail() {
    let to = |to: &str| letter(&sender(), &Outgoing { to: to.into(), ..outgoing("c1/3.0", "Hi.") });
    assert_eq!(to("ana@example.net\r\nBcc: eve@example.net"), Err(Unsayable::NoAddress));
    assert_eq!(to("+15555550123"), Err(Unsayable::NoAddress));
    assert_eq!(to("unproved:ana@example.net").unwrap().to.to_string(), ANA);
    assert_eq!(letter(&sender(), &outgoing("c1/3.0", " \n")), Err(Unsayable::NoWords));
    let long = outgoing("c1/3.0", &"a".repeat(20_000));
    assert_eq!(letter(&sender(), &long), Err(Unsayable::TooLong));
}
