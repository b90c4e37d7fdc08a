//! Mails as what somebody did, from the files in `fixtures`.

use mendline::channels::Incoming;
use mendline::channels::email::bounce::Bounce;
use mendline::channels::email::read::{Read, Reader, read};
use mendline::channels::email::{address, ids};
use mendline::channels::inward::{Came, Media, Said};
use mendline::store::MessageRef;
use mendline_engine::event::Receipt;

use super::support::*;

const CODE: &str = "0123456789abcdefghijABCDEFGHIJ0123456789_-x";

fn of(bytes: &[u8]) -> Read {
    let vault = vault();
    read(bytes, Reader { own: OWN, host: HOST, vault: &vault })
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/channels/email/fixtures/{name}.eml")).unwrap()
}

/// What came of a file: who, and what. Both kinds of line ends mean the same.
fn came(name: &str) -> Vec<Came> {
    let bytes = file(name);
    let text = String::from_utf8_lossy(&bytes).replace('\n', "\r\n");
    let (Read::Came(came), Read::Came(same)) = (of(&bytes), of(text.as_bytes())) else {
        panic!("{name}: {:?}", of(&bytes))
    };
    let what = |it: &[Came]| it.iter().map(|it| it.said.clone()).collect::<Vec<_>>();
    assert_eq!(what(&came), what(&same), "{name}");
    came
}

#[track_caller]
fn says(name: &str, words: &str) -> Came {
    let mut all = came(name);
    let one = all.remove(0);
    assert!(all.is_empty(), "{name}");
    let said = Said::Incoming { incoming: Incoming::Words(words.into()), line: Some(words.into()) };
    assert_eq!(one.said, said, "{name}");
    one
}

#[test]
fn what_people_write_is_what_they_wrote_themselves() {
    for (name, words) in [
        ("begins", "my prescription was rejected\nThe pharmacy turned me away this morning."),
        ("begins_with_a_subject_alone", "my prescription was rejected"),
        ("answers", "Yes, I am waiting"),
        ("answers_in_spanish", "Sí, estoy esperando"),
        ("answers_as_a_page", "Yes, I am waiting"),
        ("answers_with_a_page_beside", "Not now"),
        ("not_me", "This is not me."),
        ("picture_of_a_signature", "Thank you"),
        ("no_words", "✉"),
        ("right_to_left_and_emoji", "نعم 🙂"),
    ] {
        let came = says(name, words);
        assert_eq!((came.channel, came.address.as_str()), ("email", ANA), "{name}");
    }
    assert_eq!(says("answers_in_spanish", "Sí, estoy esperando").language.as_deref(), Some("es"));
}

#[test]
fn a_mail_is_known_by_its_id_however_often_it_is_delivered() {
    let id = |bytes: &[u8]| match of(bytes) {
        Read::Came(it) => it[0].id.clone(),
        other => panic!("{other:?}"),
    };
    let once = file("answers");
    let text = String::from_utf8(once.clone()).unwrap();
    let twice = format!("Received: by another.example.com\n{text}");
    assert_eq!(id(&once), id(twice.as_bytes()));
    assert_ne!(id(&once), id(&file("begins")));
    // Somebody else's mail under the same id is another one.
    let eve = text.replace("Ana@Example.net", "eve@example.net");
    assert_ne!(id(&once), id(eve.as_bytes()));
    let without = text.replace("Message-ID", "X-Was");
    assert_eq!(id(without.as_bytes()), id(without.as_bytes()));
}

#[test]
fn a_sender_that_nothing_proves_is_a_stranger_and_links_nothing() {
    let stranger = says("not_proved", "status\nWhat is the status of my claim?");
    assert_eq!(stranger.address, address::unproved(ANA));
    assert_eq!(says("links_without_proof", "LINK").address, address::unproved(ANA));
    let linked = came("links");
    assert_eq!((linked[0].address.as_str(), &linked[0].said), (ANA, &Said::Link(CODE.into())));
}

#[test]
fn stop_counts_from_whoever_writes_it_and_by_the_tap_on_unsubscribe() {
    assert_eq!(says("stops", "STOP").address, ANA);
    assert_eq!(says("stops_by_a_tap", "STOP").address, ANA);
}

#[test]
fn files_are_handed_in_each_by_itself_and_the_words_with_the_first() {
    let all = came("photo_with_words");
    let kinds: Vec<_> = all
        .iter()
        .map(|it| match &it.said {
            Said::Media { kind, caption, .. } => (*kind, caption.as_deref()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, [(Media::Photo, Some("This is what they gave me")), (Media::Voice, None)]);
    assert_ne!(all[0].id, all[1].id);
}

#[test]
fn what_a_program_wrote_is_never_answered() {
    for name in ["away", "away_without_a_header", "list", "own", "daemon", "receipt_of_a_program"] {
        assert!(matches!(of(&file(name)), Read::Nothing(_)), "{name}: {:?}", of(&file(name)));
    }
    // Our own mails, too, should they come back from somewhere.
    let ours = mendline::channels::email::letter::letter(&sender(), &outgoing("c1/3.0", "Hi."));
    let ours = String::from_utf8(ours.unwrap().bytes).unwrap();
    for from in ["care@example.com", "other@example.net"] {
        let echo = ours.replace("care@example.com", from);
        assert!(matches!(of(echo.as_bytes()), Read::Nothing(_)), "{from}");
    }
}

#[test]
fn what_cannot_be_read_is_set_aside_and_what_is_only_odd_is_not() {
    for name in ["two_senders", "two_from_lines", "no_sender", "no_mail"] {
        assert!(matches!(of(&file(name)), Read::Aside(_)), "{name}: {:?}", of(&file(name)));
    }
    says("broken", "hello\nNo border comes.");
}

/// A report on a mail of ours, as mail servers write it.
fn report(id: &str, recipient: &str, to: &str, action: &str, status: &str) -> Vec<u8> {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nTo: {OWN}\nSubject: Undelivered\n\
         Message-ID: <report@mx.example.com>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nYour mail could not be delivered.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n\
         Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status} (no such user)\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nFrom: {OWN}\nTo: {to}\nSubject: Request\n\
         Message-ID: <{id}>\n\n--b--\n"
    )
    .into_bytes()
}

fn ours() -> (MessageRef, String) {
    let key = outgoing("c1/3.0", "").key;
    let id = ids::message_id(&vault(), "example.com", &key, ANA);
    (key, id)
}

#[test]
fn a_bounce_says_which_message_failed_and_that_the_address_is_gone() {
    let (key, id) = ours();
    let Read::Bounced(all) = of(&report(&id, ANA, ANA, "failed", "5.1.1")) else { panic!() };
    let [Bounce { key: of_it, receipt, gone }] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((of_it, receipt), (&key, &Receipt::Failed));
    let gone = gone.as_ref().unwrap();
    assert_eq!((gone.address.as_str(), &gone.said), (ANA, &Said::Gone));
    // A full mailbox is still hers, and one that passed it on fails under another name.
    for (recipient, status) in [(ANA, "5.2.2"), ("ana.e@elsewhere.example", "5.7.1")] {
        let Read::Bounced(all) = of(&report(&id, recipient, ANA, "failed", status)) else {
            panic!("{status}")
        };
        assert_eq!((&all[0].key, &all[0].gone), (&key, &None), "{status}");
    }
}

#[test]
fn a_bounce_that_is_forged_or_only_late_says_nothing() {
    let (key, id) = ours();
    let other = mendline::vault::Vault::from_key([8; 32]);
    let forged = ids::message_id(&other, "example.com", &key, ANA);
    for (name, bytes) in [
        ("late", report(&id, ANA, ANA, "delayed", "4.4.1")),
        ("delivered", report(&id, ANA, ANA, "delivered", "2.0.0")),
        ("forged", report(&forged, ANA, ANA, "failed", "5.1.1")),
        ("another's", report(&id, "eve@example.net", "eve@example.net", "failed", "5.1.1")),
        ("no id", report("", ANA, ANA, "failed", "5.1.1")),
    ] {
        assert!(matches!(of(&bytes), Read::Nothing(_)), "{name}");
    }
}
