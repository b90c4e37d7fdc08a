//! The built binary, running the demo over a folder of its own. It can be killed without notice
//! and started again on the same data and port, as a machine that loses power would.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// How long the server may take to be ready. A busy machine with an unoptimised build needs a
/// few seconds.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// The last thing that the demo prints before it serves.
const READY: &str = "Stop with";

pub struct Demo {
    child: Child,
    folder: TempDir,
    pub port: u16,
    /// The worker's link, as printed.
    pub invite: String,
    /// What it said when it started.
    said: Vec<String>,
}

impl Demo {
    pub fn start() -> Demo {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let (child, said) = spawn(&folder, port);
        let mut invite = said.iter().flat_map(|it| it.split_whitespace());
        let invite = invite.rfind(|it| it.contains("/chat?invite="));
        let invite = invite.unwrap_or_else(|| panic!("no invite link in {said:#?}")).to_owned();
        Demo { child, folder, port, invite, said }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// The login of the first person who does this, and the password, as printed.
    pub fn login(&self, what: &str) -> (String, String) {
        let said = &self.said;
        let line = said.iter().find(|it| it.contains(what) && !it.contains("http"));
        let line = line.unwrap_or_else(|| panic!("no {what} in {said:#?}"));
        let password = said.iter().find_map(|it| it.trim().strip_prefix("password for everyone: "));
        let password = password.unwrap_or_else(|| panic!("no password in {said:#?}"));
        (line.split_whitespace().next().unwrap().to_owned(), password.to_owned())
    }

    /// Ends the process as a power cut would: nothing is flushed, nobody is told.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.child = spawn(&self.folder, self.port).0;
    }

    /// What the server logged, for a test that fails.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// A port that was free a moment ago. The demo takes it at once.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts the binary and waits until it says that it is ready; answers with what it said.
#[expect(clippy::zombie_processes, reason = "`Demo` waits for it when it is dropped")]
fn spawn(folder: &TempDir, port: u16) -> (Child, Vec<String>) {
    let log = File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mendline"))
        .args(["demo", "--port", &port.to_string(), "--data"])
        .arg(folder.path().join("data"))
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let (hand, lines) = mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    // Reads on after the start too, so that the server never waits for a full pipe.
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = hand.send(line);
        }
    });
    let mut said = Vec::new();
    loop {
        let Ok(line) = lines.recv_timeout(START_PATIENCE) else {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            panic!("the demo did not start; it said {said:#?} and logged:\n{log}");
        };
        let ready = line.contains(READY);
        said.push(line);
        if ready {
            return (child, said);
        }
    }
}
