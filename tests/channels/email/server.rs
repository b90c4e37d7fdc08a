//! A mail server on loopback: it takes mails, keeps them, and says what a test says instead.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The name and password that it takes.
pub const USER: &str = "care@example.com";
pub const PASSWORD: &str = "canary-password";
/// What stands for the mail itself among the commands.
pub const MAIL: &str = ".";

/// What a test says instead of yes.
#[derive(Clone)]
pub enum Instead {
    /// This line.
    Says(String),
    /// Nothing: the line closes.
    Closes,
}

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Got {
    pub from: String,
    pub to: String,
    pub mail: String,
}

#[derive(Default)]
struct Inside {
    instead: VecDeque<(String, Instead)>,
    said: Vec<String>,
    got: Vec<Got>,
}

/// The server.
#[derive(Clone)]
pub struct Server {
    pub port: u16,
    inside: Arc<Mutex<Inside>>,
}

impl Server {
    pub async fn begin() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Server { port, inside: Arc::default() };
        let all = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let one = all.clone();
                tokio::spawn(async move {
                    // A line that breaks is a test's own doing.
                    let _ = one.talk(stream).await;
                });
            }
        });
        server
    }

    /// The next time that a command comes, this is said instead of yes.
    pub fn once(&self, verb: &str, instead: Instead) {
        self.inside.lock().unwrap().instead.push_back((verb.to_owned(), instead));
    }

    pub fn refuses_once(&self, verb: &str, line: &str) {
        self.once(verb, Instead::Says(line.to_owned()));
    }

    pub fn got(&self) -> Vec<Got> {
        self.inside.lock().unwrap().got.clone()
    }

    /// Every command that came, without what followed it.
    pub fn said(&self) -> Vec<String> {
        self.inside.lock().unwrap().said.clone()
    }

    fn answer(&self, verb: &str, yes: &str) -> Option<String> {
        let mut inside = self.inside.lock().unwrap();
        inside.said.push(verb.to_owned());
        let at = inside.instead.iter().position(|(it, _)| it == verb);
        match at.and_then(|at| inside.instead.remove(at)) {
            Some((_, Instead::Says(line))) => Some(line),
            Some((_, Instead::Closes)) => None,
            None => Some(yes.to_owned()),
        }
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let (from_them, mut to_them) = stream.into_split();
        let mut lines = BufReader::new(from_them).lines();
        let mut got = Got { from: String::new(), to: String::new(), mail: String::new() };
        let mut verb = "CONNECT".to_owned();
        let mut yes = "220 mx.example.com ESMTP".to_owned();
        loop {
            let Some(answer) = self.answer(&verb, &yes) else { return Ok(()) };
            to_them.write_all(format!("{answer}\r\n").as_bytes()).await?;
            let refused = !answer.starts_with(['2', '3']);
            match verb.as_str() {
                MAIL if !refused => self.inside.lock().unwrap().got.push(got.clone()),
                "QUIT" => return Ok(()),
                _ => {}
            }
            if verb == "DATA" && !refused {
                got.mail = mail(&mut lines).await?;
                (verb, yes) = (MAIL.to_owned(), "250 2.0.0 taken".to_owned());
                continue;
            }
            let Some(line) = lines.next_line().await? else { return Ok(()) };
            verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            yes = match verb.as_str() {
                "EHLO" => "250-mx.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".into(),
                "AUTH" if line.ends_with(&plain()) => "235 2.7.0 welcome".into(),
                "AUTH" => "535 5.7.8 who is that".into(),
                "DATA" => "354 go on".into(),
                "QUIT" => "221 goodbye".into(),
                "MAIL" | "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    match verb.as_str() {
                        "MAIL" => got.from = address,
                        _ => got.to = address,
                    }
                    "250 2.1.0 fine".into()
                }
                _ => "502 5.5.1 what".into(),
            };
        }
    }
}

fn plain() -> String {
    STANDARD.encode(format!("\0{USER}\0{PASSWORD}"))
}

async fn mail(
    lines: &mut tokio::io::Lines<BufReader<tokio::net::tcp::OwnedReadHalf>>,
) -> std::io::Result<String> {
    let mut mail = String::new();
    while let Some(line) = lines.next_line().await? {
        if line == "." {
            break;
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        mail.push_str("\r\n");
    }
    Ok(mail)
}
