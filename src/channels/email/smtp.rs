//! The line to the mail server that takes mails from us. One mail a line: a house writes few, and a
//! line that was kept may be dead without anybody knowing.
//!
//! It says how far it came. SMTP takes no key under which a second mail would be the same, so what
//! was given to the server and not answered may have arrived.

use std::error::Error as _;
use std::time::Duration;

use anyhow::Context;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::address;
use super::answer::{Answer, Stage, Trouble, sorted};
use super::letter::Letter;
use super::settings::{Settings, Tls};
use crate::channels::SendError;

/// How long the server may take to connect.
const CONNECT_PATIENCE: Duration = Duration::from_secs(4);
/// How long everything may take before the mail itself is given to it.
const TALK_PATIENCE: Duration = Duration::from_secs(6);
/// How long it may take over the mail. With what comes before it is less than the 15 s for which
/// dispatch waits, so that it is we who say how far it came.
const MAIL_PATIENCE: Duration = Duration::from_secs(8);
/// How long we say goodbye. The mail is taken already.
const GOODBYE_PATIENCE: Duration = Duration::from_millis(500);

/// A way to the server.
pub(super) struct Smtp {
    host: String,
    port: u16,
    mode: Tls,
    tls: Option<TlsParameters>,
    login: Option<Credentials>,
    hello: ClientId,
}

impl Smtp {
    pub fn new(settings: &Settings) -> anyhow::Result<Smtp> {
        let tls = match settings.tls {
            Tls::None => None,
            Tls::Implicit | Tls::Starttls => Some(tls(settings)?),
        };
        let login = settings.login()?;
        Ok(Smtp {
            host: settings.host.clone(),
            port: settings.port(),
            mode: settings.tls,
            tls,
            login: login.map(|(name, it)| Credentials::new(name, it.expose().to_owned())),
            hello: ClientId::Domain(address::domain(&settings.from).to_owned()),
        })
    }

    /// Hands over one mail.
    pub async fn deliver(&self, letter: &Letter) -> Result<(), Answer> {
        let silent = || Answer::Failed(SendError::Later("no answer in time".into()));
        let talked = timeout(TALK_PATIENCE, self.until_mail(letter)).await;
        let mut line = talked.map_err(|_| silent())??;
        // From here on it may have arrived.
        match timeout(MAIL_PATIENCE, line.message(&letter.bytes)).await {
            Ok(Ok(_)) => {
                // Whether it hears our goodbye is all the same.
                let _ = timeout(GOODBYE_PATIENCE, line.quit()).await;
                Ok(())
            }
            Ok(Err(why)) => Err(failed(Stage::Mail, &why)),
            Err(_) => Err(Answer::Failed(SendError::Maybe("no answer in time".into()))),
        }
    }

    async fn until_mail(&self, letter: &Letter) -> Result<AsyncSmtpConnection, Answer> {
        let at = |stage: Stage| move |why: Error| failed(stage, &why);
        let mut line = self.connect().await?;
        if let Some(login) = &self.login {
            line.auth(DEFAULT_MECHANISMS, login).await.map_err(at(Stage::Login))?;
        }
        let from = Mail::new(Some(letter.from.clone()), Vec::new());
        line.command(from).await.map_err(at(Stage::Sender))?;
        let to = Rcpt::new(letter.to.clone(), Vec::new());
        line.command(to).await.map_err(at(Stage::Recipient))?;
        line.command(Data).await.map_err(at(Stage::Data))?;
        Ok(line)
    }

    /// A line that is as safe as the settings ask for, or none: nothing falls back to the open.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Answer> {
        let server = (self.host.as_str(), self.port);
        let at_once = self.tls.clone().filter(|_| self.mode == Tls::Implicit);
        let line = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(CONNECT_PATIENCE),
            &self.hello,
            at_once,
            None,
        );
        let mut line = line.await.map_err(|why| failed(Stage::Greeting, &why))?;
        if let Some(tls) = self.tls.clone().filter(|_| self.mode == Tls::Starttls) {
            if !line.can_starttls() {
                return Err(Answer::Trouble(Trouble::Tls));
            }
            line.starttls(tls, &self.hello).await.map_err(|why| failed(Stage::Greeting, &why))?;
        }
        Ok(line)
    }
}

fn tls(settings: &Settings) -> anyhow::Result<TlsParameters> {
    let mut tls = TlsParameters::builder(settings.host.clone())
        .certificate_store(CertificateStore::WebpkiRoots);
    if let Some(file) = &settings.ca_file {
        let pem = std::fs::read(file)
            .with_context(|| format!("`email.ca_file`: reading {}", file.display()))?;
        let authority = Certificate::from_pem(&pem).context("`email.ca_file` is no PEM")?;
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(authority);
    }
    tls.build_rustls().context("making a safe line for mail")
}

/// What went wrong, without a word of the server's.
fn failed(stage: Stage, why: &Error) -> Answer {
    if let Some(code) = why.status() {
        let text = why.source().map(ToString::to_string).unwrap_or_default();
        return sorted(stage, code.into(), &text);
    }
    if is_unsafe(why) {
        return Answer::Trouble(Trouble::Tls);
    }
    // The server names no way to log in that we know.
    if stage == Stage::Login && why.is_client() {
        return Answer::Trouble(Trouble::Login);
    }
    Answer::Failed(match stage {
        Stage::Mail => SendError::Maybe("the line broke".into()),
        _ => SendError::Later("the line broke".into()),
    })
}

/// Whether the line failed because it could not be made safe: a wrong certificate, no TLS at all.
fn is_unsafe(why: &Error) -> bool {
    let mut cause = why.source();
    while let Some(it) = cause {
        if let Some(io) = it.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::InvalidData;
        }
        cause = it.source();
    }
    why.is_tls()
}
