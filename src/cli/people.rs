//! `mendline forget`, `hold`, `account`: who is kept, who is let in at the desk.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::place::{Place, moment, refused};
use crate::admin::{Answer, Ask, NewAccount};
use crate::desk::accounts;

/// Shortest password, in characters: NIST SP 800-63B-4 asks for 15 where it stands alone.
const PASSWORD_CHARS_MIN: usize = 15;

#[derive(Args)]
pub(super) struct Whom {
    /// The payer
    #[arg(long)]
    pub(super) payer: String,
    /// The person's id, as the claim system names her
    #[arg(long)]
    pub(super) person: String,
}

#[derive(Args)]
pub(super) struct Forget {
    #[command(flatten)]
    whom: Whom,
    /// Also while a matter of hers is open
    #[arg(long)]
    open_too: bool,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

impl Forget {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let Whom { payer, person } = self.whom;
        if !self.yes {
            ensure!(std::io::stdin().is_terminal(), "forgetting cannot be undone; add --yes");
            eprintln!("This destroys the key of {person} of {payer}. Nobody can undo it.");
            eprintln!("Type the person's id again to go on:");
            let typed = first_line()?;
            ensure!(typed.trim() == person, "that is not {person}; nothing was done");
        }
        self.place.tell(Ask::Forget { payer, person, open_too: self.open_too }).await
    }
}

#[derive(Args)]
pub(super) struct Hold {
    #[command(subcommand)]
    what: HoldWhat,
}

#[derive(Subcommand)]
enum HoldWhat {
    /// Keeps a person from being forgotten, by anybody and by retention
    Add {
        #[command(flatten)]
        whom: Whom,
        /// Why: a matter's number, a letter's date. Kept sealed
        #[arg(long)]
        why: String,
        #[command(flatten)]
        place: Place,
    },
    /// Who is held, since when, by whom and why
    List {
        /// Of one payer only
        #[arg(long)]
        payer: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Lets a person be forgotten again
    Lift {
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        place: Place,
    },
}

impl Hold {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            HoldWhat::Add { whom: Whom { payer, person }, why, place } => {
                place.tell(Ask::Hold { payer, person, why }).await
            }
            HoldWhat::Lift { whom: Whom { payer, person }, place } => {
                place.tell(Ask::Lift { payer, person }).await
            }
            HoldWhat::List { payer, place } => {
                let answer = place.find()?.ask(Ask::Holds { payer }).await?;
                let Answer::Holds(holds) = answer else { return refused(&answer) };
                if holds.is_empty() {
                    println!("Nobody is held.");
                }
                for it in holds {
                    let since = moment(it.since);
                    println!(
                        "{} of {}, since {since} by {}: {}",
                        it.person, it.payer, it.who, it.why
                    );
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

#[derive(Args)]
pub(super) struct Account {
    #[command(subcommand)]
    what: AccountWhat,
}

#[derive(Subcommand)]
enum AccountWhat {
    /// Lets somebody in at the desk; asks for the password, or reads it from standard input
    Add(Box<Add>),
    /// Takes somebody's second factor away, for a lost phone: they set up another
    ResetFactor {
        /// What they type to log in
        login: String,
        #[command(flatten)]
        place: Place,
    },
    /// Lets another subject of the identity provider be this person
    Unbind {
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        place: Place,
    },
    /// Lets somebody in no more, and logs them out
    Close {
        /// What they typed to log in
        login: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Add {
    /// What they type to log in
    login: String,
    /// The payer
    #[arg(long)]
    payer: String,
    /// Their name, as workers read it
    #[arg(long)]
    name: String,
    /// `adjuster`, `supervisor` or `agent`
    #[arg(long, value_parser = ["adjuster", "supervisor", "agent"])]
    role: String,
    /// Their id in the claim system; default the login
    #[arg(long)]
    person: Option<String>,
    /// A desk they serve: `pharmacy_desk`, `claims_desk`; may be given again
    #[arg(long)]
    desk: Vec<String>,
    /// A language beside English that they read: `es`; may be given again
    #[arg(long)]
    speaks: Vec<String>,
    /// Their time zone
    #[arg(long, default_value = "America/New_York")]
    zone: String,
    /// Give an account that exists this password and these roles
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    place: Place,
}

impl Account {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            AccountWhat::Close { login, place } => {
                place.tell(Ask::CloseAccount { login: accounts::normal(&login) }).await
            }
            AccountWhat::ResetFactor { login, place } => {
                place.tell(Ask::ResetFactor { login: accounts::normal(&login) }).await
            }
            AccountWhat::Unbind { whom: Whom { payer, person }, place } => {
                place.tell(Ask::Unbind { payer, person }).await
            }
            AccountWhat::Add(it) => it.run().await,
        }
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(
            self.zone.parse::<chrono_tz::Tz>().is_ok(),
            "'{}' is no time zone like America/Chicago",
            self.zone
        );
        let login = accounts::normal(&self.login);
        ensure!(!login.is_empty(), "a login cannot be empty");
        ensure!(!login.contains('/'), "a login has no '/' in it");
        // A place that is not there is said before anybody types a password.
        self.place.find()?;
        let password = password()?;
        let desks = self.desk.iter().map(|it| format!("desk:{it}"));
        let speaks = self.speaks.iter().map(|it| format!("speaks:{it}"));
        let decides = (self.role != "agent").then(|| self.role.clone());
        let account = NewAccount {
            person: self.person.unwrap_or_else(|| login.clone()),
            login,
            payer: self.payer,
            name: self.name,
            role: self.role,
            roles: decides.into_iter().chain(desks).chain(speaks).collect(),
            zone: self.zone,
            hash: accounts::hash(&password),
            replace: self.replace,
        };
        self.place.tell(Ask::Account(account)).await
    }
}

/// A password: typed twice without being shown, or the first line of standard input.
fn password() -> anyhow::Result<Zeroizing<String>> {
    let password = if std::io::stdin().is_terminal() {
        let typed = Zeroizing::new(rpassword::prompt_password("Password: ")?);
        let again = Zeroizing::new(rpassword::prompt_password("Again: ")?);
        ensure!(typed == again, "the two are not the same; nothing was done");
        typed
    } else {
        Zeroizing::new(first_line()?)
    };
    ensure!(
        password.chars().count() >= PASSWORD_CHARS_MIN,
        "a password has at least {PASSWORD_CHARS_MIN} characters; a few words are easy to keep"
    );
    ensure!(
        password.len() <= accounts::PASSWORD_BYTES_MAX,
        "a password has at most {} bytes",
        accounts::PASSWORD_BYTES_MAX
    );
    Ok(password)
}

fn first_line() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
