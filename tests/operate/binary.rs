//! The built program: a server in a folder of its own, and commands beside it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to open its doors, and to close them.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a configuration, and perhaps a server in it.
pub struct Site {
    pub folder: TempDir,
    pub port: u16,
    /// Settings beside the file.
    pub given: Vec<(&'static str, String)>,
    server: Option<Child>,
}

impl Site {
    pub fn new() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let text = format!(
            "listen = '127.0.0.1:{port}'\npublic_url = 'http://localhost:{port}'\n\
             data = '{}'\ndrain_within_s = 10\n[payers.northwind-mutual-demo]\n",
            folder.path().join("data").display()
        );
        std::fs::write(folder.path().join("mendline.toml"), text).unwrap();
        Site { folder, port, given: Vec::new(), server: None }
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("mendline.toml")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mendline"));
        command.args(args).current_dir(self.folder.path()).env("MENDLINE_CONFIG", self.config());
        // What is set for the tests themselves (`MENDLINE_AXE`) is no setting of a server's.
        for (name, _) in std::env::vars_os() {
            let is_ours = name.to_str().is_some_and(|it| it.starts_with("MENDLINE_"));
            if is_ours && name != "MENDLINE_CONFIG" {
                command.env_remove(name);
            }
        }
        command.env_remove("NOTIFY_SOCKET").envs(self.given.clone());
        command
    }

    /// Starts the server and waits for its doors.
    pub fn start(&mut self) {
        let mut command = self.command(&["serve"]);
        let log = self.folder.path().join("server.log");
        command.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
        let mut server = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let logged = || std::fs::read_to_string(&log).unwrap_or_default();
        assert!(said.contains("Mendline serves"), "it says “{said}”:\n{}", logged());
        self.server = Some(server);
        // It is ready when it answers; a socket's file may be left over from another.
        let until = Instant::now() + PATIENCE;
        let sockets = [
            self.data().join("mendline.sock"),
            self.data().join(format!("mendline-{}.sock", self.port)),
        ];
        while sockets.iter().all(|it| std::os::unix::net::UnixStream::connect(it).is_err()) {
            assert!(Instant::now() < until, "the doors stay closed:\n{}", logged());
            std::thread::yield_now();
        }
    }

    /// Sends the signal that a service manager sends.
    pub fn terminate(&self) {
        let pid = self.server.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for the server's end, which it bounds itself; whether it went well.
    pub fn ended_well(&mut self) -> bool {
        self.server.take().unwrap().wait().unwrap().success()
    }

    /// Ends the server without notice.
    pub fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command that must work; what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", errors(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must not work; what it said.
    pub fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?} worked");
        errors(&output)
    }

    /// Runs a command with something on its standard input.
    pub fn fed(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(args);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // It may be gone already.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The mode of a file: who may do what with it.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
