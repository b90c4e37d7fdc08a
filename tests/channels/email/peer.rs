//! With a mail server that we did not write, when `tests/peers/email/run` gives its place: PyPI's
//! `aiosmtpd` with a login, over both kinds of safe line.

use std::path::PathBuf;

use mendline::channels::email::EmailChannel;
use mendline::channels::email::answer::Trouble;
use mendline::channels::email::letter::letter;
use mendline::channels::{Channel, Outgoing, SendError};
use serde_json::json;

use super::support::*;

/// Where it listens, and where it puts what it took.
struct Peer {
    implicit: u16,
    starttls: u16,
    authority: PathBuf,
    taken: PathBuf,
}

fn peer() -> Option<Peer> {
    let of = |name: &str| std::env::var(format!("MENDLINE_EMAIL_{name}")).ok();
    Some(Peer {
        implicit: of("IMPLICIT")?.parse().unwrap(),
        starttls: of("STARTTLS")?.parse().unwrap(),
        authority: of("AUTHORITY")?.into(),
        taken: of("TAKEN")?.into(),
    })
}

impl Peer {
    fn channel(&self, tls: &str, password: &str) -> EmailChannel {
        let port = if tls == "implicit" { self.implicit } else { self.starttls };
        let more = json!({
            "host": "localhost",
            "port": port,
            "tls": tls,
            "ca_file": self.authority,
            "username": "care",
            "password": password,
        });
        EmailChannel::new(&settings(more), vault()).unwrap()
    }

    /// The mails whose plain text says this.
    fn taken(&self, words: &str) -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(&self.taken).unwrap();
        let mails = files.map(|it| std::fs::read(it.unwrap().path()).unwrap());
        mails.filter(|it| text(it).contains(words)).collect()
    }
}

fn text(mail: &[u8]) -> String {
    let mail = mail_parser::MessageParser::default().parse(mail).unwrap();
    mail.body_text(0).unwrap_or_default().into_owned()
}

const PASSWORD: &str = "peer-password";

fn to(address: &str, effect: &str, words: &str) -> Outgoing {
    Outgoing { to: address.into(), ..outgoing(effect, words) }
}

#[tokio::test]
async fn a_mail_arrives_over_both_kinds_of_safe_line() {
    let Some(peer) = peer() else { return };
    for (tls, effect) in [("implicit", "p1/1.0"), ("starttls", "p1/2.0")] {
        let words = format!("Over {tls}: ¿está allí? 🙂");
        let message = to(ANA, effect, &words);
        peer.channel(tls, PASSWORD).send(&message).await.unwrap();
        let [mail] = peer.taken(&words).try_into().unwrap();
        let written = letter(&sender(), &message).unwrap();
        assert_eq!(text(&mail), text(&written.bytes));
    }
}

#[tokio::test]
async fn a_server_says_no_in_its_own_words() {
    let Some(peer) = peer() else { return };
    let channel = peer.channel("implicit", PASSWORD);
    let sent = async |address: &str| {
        channel.send(&to(address, "p2/1.0", "No.")).await.map_err(|why| match why {
            SendError::Later(_) => "later",
            SendError::Never(_) => "never",
            SendError::OptedOut => "gone",
            SendError::Maybe(_) => "maybe",
            SendError::Busy(_) | SendError::Stopped => "busy",
        })
    };
    assert_eq!(sent("nobody@example.net").await.unwrap_err(), "gone");
    assert_eq!(sent("grey@example.net").await.unwrap_err(), "later");
    assert_eq!(sent("policy@example.net").await.unwrap_err(), "never");
    assert_eq!(sent("spam@example.net").await.unwrap_err(), "never");
    assert_eq!(sent("silent@example.net").await.unwrap_err(), "maybe");
    assert!(sent(ANA).await.is_ok());
    assert!(channel.troubles().is_empty());
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_certificate_are_told() {
    let Some(peer) = peer() else { return };
    for tls in ["implicit", "starttls"] {
        let wrong = peer.channel(tls, "wrong");
        assert!(matches!(wrong.send(&outgoing("p3/1.0", "No.")).await, Err(SendError::Later(_))));
        assert_eq!(wrong.troubles(), [Trouble::Login], "{tls}");
        let port = if tls == "implicit" { peer.implicit } else { peer.starttls };
        let unknown = json!({ "host": "localhost", "port": port, "tls": tls });
        let unknown = EmailChannel::new(&settings(unknown), vault()).unwrap();
        assert!(matches!(unknown.send(&outgoing("p3/2.0", "No.")).await, Err(SendError::Later(_))));
        assert_eq!(unknown.troubles(), [Trouble::Tls], "{tls}");
    }
    assert!(peer.taken("No.").iter().all(|it| {
        let mail = mail_parser::MessageParser::default().parse(it).unwrap();
        mail.to().unwrap().first().unwrap().address() == Some(ANA)
    }));
}
