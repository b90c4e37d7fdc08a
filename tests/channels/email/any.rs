//! Anything may come, and anything may be said.

use mail_parser::MessageParser;
use mendline::channels::Deciding;
use mendline::channels::email::letter::{Sender, letter};
use mendline::channels::email::read::{Read, Reader, read};
use mendline::channels::email::{address, proof, reply};
use proptest::collection::vec;
use proptest::prelude::*;

use super::support::*;

/// Lines that are looked at, so that chance comes past the first door.
const LINES: &[&str] = &[
    "From: Ana <ana@example.net>",
    "From: eve@example.net, ana@example.net",
    "To: care@example.com",
    "Subject: Re: Request",
    "Subject: STOP",
    "Message-ID: <a@example.net>",
    "In-Reply-To: <b@example.com>",
    "Authentication-Results: mx.example.com; dmarc=pass header.from=example.net",
    "Auto-Submitted: auto-replied",
    "Content-Type: multipart/mixed; boundary=x",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
    "Content-Type: message/delivery-status",
    "Content-Type: text/html; charset=iso-8859-1",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    "Content-Disposition: attachment; filename=a.png",
    "Final-Recipient: rfc822; ana@example.net",
    "Action: failed",
    "Status: 5.1.1",
    "--x",
    "--x--",
    "",
    "> quoted",
    "On Monday, Care wrote:",
    "El lunes, Care escribió:",
    "-----Original Message-----",
    "-- ",
    "________________________________",
    "From: Care",
    "Sent: Monday",
    "To: Ana",
    "<blockquote>",
    "Yes, I am waiting",
    "LINK 0123456789012345678901234567890123456789012",
    "=C3=A1",
];

fn any_mail() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => prop::sample::select(LINES).prop_map(|it| it.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..40),
        1 => ".{0,30}".prop_map(String::into_bytes),
    ];
    let end = prop_oneof![Just(&b"\n"[..]), Just(&b"\r\n"[..])];
    (vec(line, 0..40), end).prop_map(|(lines, end)| lines.join(end))
}

proptest! {
    #[test]
    fn whatever_comes_is_read_and_is_from_one_address(
        bytes in prop_oneof![any_mail(), vec(any::<u8>(), 0..300)]
    ) {
        let vault = vault();
        let reader = Reader { own: OWN, host: HOST, vault: &vault };
        if let Read::Came(all) = read(&bytes, reader) {
            prop_assert!(!all.is_empty());
            for came in all {
                prop_assert!(!came.id.is_empty());
                let mailbox = address::mailbox(&came.address);
                prop_assert_eq!(address::normal(mailbox), Some(mailbox.to_owned()));
            }
        }
    }

    #[test]
    fn own_words_are_lines_of_the_text_and_never_a_quotation(
        lines in vec(prop_oneof![prop::sample::select(LINES).prop_map(str::to_owned), any::<String>()], 0..30)
    ) {
        let text = lines.join("\n");
        let own = reply::own_words(&text);
        prop_assert!(own.len() <= text.len());
        for line in own.lines() {
            prop_assert!(!line.trim_start().starts_with('>'));
            prop_assert!(text.contains(line.trim()));
        }
        let page = reply::own_part(&text);
        prop_assert!(text.starts_with(page));
    }

    #[test]
    fn plain_words_stay_whole(text in "[a-zA-Záéíóúñ¿?¡!., ]{0,200}(\n[a-z ]{1,40}){0,5}") {
        prop_assume!(!text.to_lowercase().contains("sent from"));
        let squeezed = |it: &str| it.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(squeezed(&reply::own_words(&text)), squeezed(&text));
    }

    #[test]
    fn no_header_proves_what_the_host_did_not_say(header in ".{0,120}", domain in "[a-z]{1,8}\\.(net|com)") {
        let forged = format!("mx.other.example; dmarc=pass header.from={domain}; {header}");
        prop_assert!(!proof::proves([forged.as_str()].into_iter(), HOST, &domain));
        let _ = proof::proves([header.as_str()].into_iter(), HOST, &domain);
    }

    #[test]
    fn nothing_that_is_said_ends_a_header_or_makes_another_mail(
        text in prop_oneof![".{1,400}", "(?s).{1,400}", "[a-z\r\n:<>@. -]{1,400}"],
        name in prop::option::of("(?s).{0,60}"),
        speaker in prop::option::of("(?s).{0,60}"),
        label in "(?s).{0,60}",
        language in prop_oneof![Just("en".to_owned()), Just("es-MX".to_owned()), "(?s).{0,20}"],
        zone in "(?s).{0,20}",
        due_ms in prop::option::of(any::<i64>()),
        to in prop_oneof![Just(ANA.to_owned()), "[a-z\r\n@.,<>]{0,40}", "(?s).{0,40}"],
        now_ms in any::<i64>(),
    ) {
        let mut message = outgoing("c1/3.0", &text);
        message.question = Some(message.key.effect.clone());
        message.deciding = due_ms.map(|it| Deciding { due_ms: Some(it) });
        message.speaker = speaker;
        message.frozen.buttons = vec![("a".into(), label)];
        message.frozen.language = language;
        (message.zone, message.to, message.now_ms) = (zone, to, now_ms.rem_euclid(200_000_000_000_000));
        let sender = Sender { name, ..sender() };
        let Ok(letter) = letter(&sender, &message) else { return Ok(()) };
        let mail = MessageParser::default().parse(&letter.bytes).unwrap();
        let mut names: Vec<String> =
            mail.headers_raw().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        prop_assert_eq!(names, [
            "auto-submitted", "content-language", "content-type", "date", "from", "in-reply-to",
            "list-unsubscribe", "message-id", "mime-version", "references", "subject", "to",
            "x-auto-response-suppress",
        ]);
        prop_assert_eq!(mail.text_body_count(), 1);
        prop_assert_eq!(mail.attachment_count(), 0);
        let from = mail.from().unwrap();
        prop_assert_eq!(from.iter().count(), 1);
        prop_assert_eq!(from.first().unwrap().address(), Some(OWN));
        prop_assert_eq!(mail.to().unwrap().iter().count(), 1);
        prop_assert!(letter.bytes.is_ascii());
    }
}
