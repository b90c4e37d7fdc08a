//! What an operator says about mail: the section `[email]` of `mendline.toml`.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::address;
use super::digest::Time;
use crate::config::Secret;

/// Mails a minute, unless set otherwise: one a second, which no provider of submission calls too
/// many, and more than a house of ten thousand claims writes.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not 0");
/// Days for which mails lie in the folder after they were taken, unless set otherwise: long enough
/// to look at one when somebody asks, and no longer.
const KEEP_DAYS: u32 = 7;

/// How the line to the mail server is made safe.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// From the first byte on (port 465; RFC 8314 prefers it).
    #[default]
    Implicit,
    /// After a word in the open (port 587).
    Starttls,
    /// Not at all: on this machine alone.
    None,
}

/// The mailbox, how mails leave, and where answers are found.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address that people see, answer to, and that bounces come back to.
    pub from: String,
    /// The name before it, such as the claims office's.
    #[serde(default)]
    pub name: Option<String>,
    /// The server that takes mails from us.
    pub host: String,
    /// Its port; default 465, 587 with `starttls`, 25 with `none`.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the line to it is made safe.
    #[serde(default)]
    pub tls: Tls,
    /// A file with the certificate of an authority of one's own, as PEM, if the server's is from one.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The name to log in with. Without one nobody logs in.
    #[serde(default)]
    pub username: Option<String>,
    /// The password; from the environment alone.
    #[serde(default)]
    pub password: Option<Secret>,
    /// A file that holds it.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The Maildir that the operator's mail server delivers `from`'s mail to.
    pub drop: PathBuf,
    /// The name under which that server says, in `Authentication-Results`, whether a sender is who
    /// it says.
    pub authserv: String,
    /// Mails a minute, at most.
    #[serde(default = "per_minute")]
    pub per_minute: NonZeroU32,
    /// Days for which taken mails stay in the folder.
    #[serde(default = "keep_days")]
    pub keep_days: u32,
    /// Times of day, on their own clocks, at which mails to staff leave that can wait. Without any
    /// all leave at once.
    #[serde(default)]
    pub digests: Vec<Time>,
}

fn per_minute() -> NonZeroU32 {
    PER_MINUTE
}

fn keep_days() -> u32 {
    KEEP_DAYS
}

impl Settings {
    /// Says what the types cannot: what is missing, malformed or not safe.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            address::normal(&self.from).as_deref() == Some(&self.from),
            "`email.from` is the address that people answer to, in small letters, such as \
             care@example.com; found {:?}",
            self.from
        );
        ensure!(
            self.name.as_ref().is_none_or(|it| !it.chars().any(char::is_control)),
            "`email.name` is one line"
        );
        ensure!(
            is_host(&self.host),
            "`email.host` is a name such as smtp.example.com, or an address; found {:?}",
            self.host
        );
        ensure!(
            self.tls != Tls::None || is_here(&self.host),
            "`email.tls` may be \"none\" only where `email.host` is this machine: mails and the \
             password would travel in the open"
        );
        ensure!(
            self.password.is_none() || self.password_file.is_none(),
            "`email.password_file` and MENDLINE_EMAIL__PASSWORD are both set; keep one"
        );
        let has_password = self.password.is_some() || self.password_file.is_some();
        ensure!(
            self.username.is_some() == has_password,
            "`email.username` and its password belong together: name the password's file in \
             `email.password_file`, or set MENDLINE_EMAIL__PASSWORD"
        );
        ensure!(
            address::is_domain(&self.authserv),
            "`email.authserv` is the name that your mail server puts first in \
             Authentication-Results, such as mx.example.com; found {:?}",
            self.authserv
        );
        Ok(())
    }

    /// The port, as set or as usual.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        })
    }

    /// Name and password, if the server asks for them.
    pub fn login(&self) -> anyhow::Result<Option<(String, Secret)>> {
        let Some(name) = self.username.clone() else { return Ok(None) };
        let password = match (&self.password, &self.password_file) {
            (Some(it), _) => it.clone(),
            (None, Some(file)) => Secret::of_file(file).context("`email.password_file`")?,
            (None, None) => anyhow::bail!("neither `email.password_file` nor a password is set"),
        };
        Ok(Some((name, password)))
    }
}

fn is_host(text: &str) -> bool {
    text == "localhost" || text.parse::<IpAddr>().is_ok() || address::is_domain(text)
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "from = 'care@example.com'\nhost = 'smtp.example.com'\n\
                         drop = '/var/mail/care'\nauthserv = 'mx.example.com'\n";

    fn read(more: &str) -> anyhow::Result<Settings> {
        // What is said later counts.
        let mut all: toml::Table = LEAST.parse()?;
        all.extend(more.parse::<toml::Table>()?);
        let settings: Settings = toml::Value::Table(all).try_into()?;
        settings.check()?;
        Ok(settings)
    }

    #[test]
    fn mails_leave_over_a_safe_line_unless_the_server_is_here() {
        assert_eq!(read("").unwrap().port(), 465);
        assert_eq!(read("tls = 'starttls'").unwrap().port(), 587);
        assert!(read("tls = 'none'").is_err());
        for here in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(read(&format!("tls = 'none'\nhost = '{here}'")).unwrap().port(), 25);
        }
        for there in ["10.0.0.1", "localhost.example.com", "127.0.0.1.example.com"] {
            assert!(read(&format!("tls = 'none'\nhost = '{there}'")).is_err(), "{there}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for wrong in [
            "from = 'Care <care@example.com>'",
            "from = 'Care@example.com'",
            "from = 'care'",
            "name = \"Care\\nBcc: eve@example.com\"",
            "host = ''",
            "host = 'smtp example'",
            "username = 'care'",
            "password_file = 'x'",
            "authserv = ''",
            "authserv = 'mx example'",
            "tls = 'perhaps'",
            "per_minute = 0",
            "digests = ['9am']",
            "colour = 'red'",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let both = "username = 'care'\npassword = 'a'\npassword_file = 'x'";
        assert!(read(both).unwrap_err().to_string().contains("keep one"));
    }

    #[test]
    fn the_password_is_not_printed() {
        let it = read("username = 'care'\npassword = 's3cret'").unwrap();
        assert!(!format!("{it:?}").contains("s3cret"));
        assert_eq!(it.login().unwrap().unwrap().1.expose(), "s3cret");
    }
}
