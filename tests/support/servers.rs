//! The built binary: once on a file, or several times on one PostgreSQL. Each can be killed
//! without notice and started again, as a machine that loses power would.
//!
//! Several share a folder too: in it lie the operator's key and the claims of the reference pack,
//! which stands for the one claim system that replicas would ask.

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mendline::clock::{Clock as _, System};
use mendline::links::link;
use mendline::vault::Vault;
use tempfile::TempDir;

/// How long a server may take to be ready. A busy machine with an unoptimised build needs a few
/// seconds.
const START_PATIENCE: Duration = Duration::from_secs(90);
/// The last things that `demo` and `serve` print before they do.
const READY: [&str; 2] = ["Stop with", "Mendline serves"];

pub struct Servers {
    folder: TempDir,
    runs: Runs,
    pub ports: Vec<u16>,
    running: Vec<Option<Child>>,
}

enum Runs {
    /// Over this database; `None`: a file in the folder.
    Demo(Option<String>),
    /// With these lines in the configuration, beside what every server needs.
    Serve(String),
}

impl Servers {
    /// Starts the demo so many times, one after the other.
    pub fn start(database: Option<&str>, how_many: usize) -> Servers {
        Servers::run(Runs::Demo(database.map(str::to_owned)), how_many)
    }

    /// Starts `mendline serve` so many times, with these settings.
    pub fn serve(settings: &str, how_many: usize) -> Servers {
        Servers::run(Runs::Serve(settings.to_owned()), how_many)
    }

    fn run(runs: Runs, how_many: usize) -> Servers {
        let folder = tempfile::tempdir().unwrap();
        let ports = (0..how_many).map(|_| free_port()).collect();
        let running = (0..how_many).map(|_| None).collect();
        let mut servers = Servers { folder, runs, ports, running };
        if let Runs::Serve(settings) = &servers.runs {
            let text = format!(
                "{settings}\npublic_url = 'http://localhost'\ndata = '{}'\n\
                 [payers.northwind-mutual-demo]\n",
                servers.data().display()
            );
            std::fs::write(servers.config(), text).unwrap();
        }
        (0..how_many).for_each(|nth| servers.start_again(nth));
        servers
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("mendline.toml")
    }

    fn command(&self, nth: usize) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mendline"));
        match &self.runs {
            Runs::Demo(database) => command
                .args(["demo", "--port", &self.ports[nth].to_string()])
                .args(database.iter().flat_map(|it| ["--database", it]))
                .arg("--data")
                .arg(self.data()),
            Runs::Serve(_) => command
                .args(["serve", "--config"])
                .arg(self.config())
                .env("MENDLINE_LISTEN", format!("127.0.0.1:{}", self.ports[nth])),
        };
        command
    }

    /// Lets an adjuster in at the desk of a server that has no demo's accounts.
    pub fn let_in(&self, login: &str, password: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mendline"));
        command.args(["account", "add", login, "--payer", "northwind-mutual-demo"]);
        command.args(["--name", "Dana Whitfield", "--role", "adjuster"]);
        command.env("MENDLINE_CONFIG", self.config()).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Starts one that was killed, and waits until it serves.
    pub fn start_again(&mut self, nth: usize) {
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        let mut child = self
            .command(nth)
            .env("RUST_LOG", "info,sqlx=warn")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        self.running[nth] = Some(child);
        let (ready, heard) = mpsc::channel();
        // Reads on after the start too, so that the server never waits for a full pipe.
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if READY.iter().any(|it| line.contains(it)) {
                    let _ = ready.send(());
                }
            }
        });
        assert!(heard.recv_timeout(START_PATIENCE).is_ok(), "it did not start:\n{}", self.log());
    }

    /// Ends one as a power cut would: nothing is flushed, nobody is told.
    pub fn kill(&mut self, nth: usize) {
        if let Some(mut child) = self.running[nth].take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn vault(&self) -> Vault {
        Vault::load_or_create(&self.data().join("operator.key")).unwrap()
    }

    /// A worker's link, as a text message would bring it.
    pub fn invite(&self, (payer, person): (&str, &str)) -> String {
        let link = link(&self.vault(), System.now(), payer, person, "");
        link.split_once("invite=").unwrap().1.to_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What the servers logged, for a test that fails.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        (0..self.running.len()).for_each(|nth| self.kill(nth));
        if std::thread::panicking() {
            eprintln!("the servers' log:\n{}", self.log());
        }
    }
}

/// A port that was free a moment ago. The server takes it at once.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
