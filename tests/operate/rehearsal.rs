//! docs/operate.md played from a bare folder: its own commands, in its order, read out of the page,
//! with nothing but the binary (no compiler is on the path). What belongs to root and to systemd is
//! played here: users are not made, owners not changed, and the unit's command is started as
//! `Type=notify` says.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::binary::errors;

const PAGE: &str = include_str!("../../docs/operate.md");
const UNIT: &str = include_str!("../../docs/mendline.service");
/// Sections whose commands are played, in the page's order.
const PLAYED: [&str; 4] =
    ["1. A healthy server in 15 minutes", "Pauses", "4. Backup and restore", "6. Upgrades"];
/// Sections with commands that are not, because they ask at a terminal, or are about people, whom a
/// bare server does not know; tests of their own do it.
const NOT_PLAYED: [&str; 4] = [
    "Forgetting, keeping, and legal holds",
    "Who acts for whom",
    "Who was told what",
    "What people agreed to",
];
/// What the page promises.
const PROMISED: Duration = Duration::from_secs(15 * 60);
/// How long the service may take to be ready and to stop, as the unit says.
const PATIENCE: Duration = Duration::from_secs(120);
const PASSWORD: &str = "a password of the tests";

/// A machine of a test's own, whose root is a folder.
struct Machine {
    root: TempDir,
    port: u16,
    environment: BTreeMap<String, String>,
    service: Option<Child>,
}

/// A command of the page and what it says it prints.
struct Step {
    command: String,
    prints: Vec<String>,
}

#[test]
fn the_page_leads_from_a_bare_folder_to_a_healthy_server_and_on() {
    let began = Instant::now();
    let mut machine = Machine::bare();
    for (section, steps) in sections() {
        if !PLAYED.contains(&section.as_str()) {
            assert!(NOT_PLAYED.contains(&section.as_str()), "nobody plays “{section}”");
            continue;
        }
        for step in steps {
            machine.play(&step);
        }
        println!("{section}: {:.1} s from the start", began.elapsed().as_secs_f64());
    }
    machine.stop();
    assert!(began.elapsed() < PROMISED);
}

#[test]
fn the_unit_is_one_that_systemd_understands() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("mendline.service");
    // The program itself is not on this machine.
    let program = UNIT.replace("/usr/local/bin/mendline", env!("CARGO_BIN_EXE_mendline"));
    std::fs::write(&unit, program).unwrap();
    let mut verify = Command::new("systemd-analyze");
    let Ok(said) = verify.args(["verify", "--man=no"]).arg(&unit).output() else {
        eprintln!(
            "\n!! systemd-analyze is not installed: NOBODY READ docs/mendline.service HERE.\n"
        );
        let ci = std::env::var("CI").is_ok_and(|it| it == "true");
        assert!(!ci, "in CI it must be read");
        return;
    };
    let said = errors(&said);
    let ours: Vec<&str> = said.lines().filter(|it| it.contains("mendline")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

/// The page's commands by section: those with `#` are root's, those with `$` anybody's. What wants
/// PostgreSQL is left to the tests that have one.
fn sections() -> Vec<(String, Vec<Step>)> {
    let mut found: Vec<(String, Vec<Step>)> = Vec::new();
    let (mut section, mut inside) = (String::new(), false);
    for line in PAGE.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            inside = fence == "console";
        } else if !inside {
            if let Some(title) = line.strip_prefix("##") {
                section = title.trim_start_matches('#').trim().to_owned();
            }
        } else if let Some(command) = line.strip_prefix("# ").or(line.strip_prefix("$ ")) {
            if found.last().is_none_or(|it| it.0 != section) {
                found.push((section.clone(), Vec::new()));
            }
            let step = Step { command: command.to_owned(), prints: Vec::new() };
            found.last_mut().unwrap().1.push(step);
        } else {
            let step = found.last_mut().unwrap().1.last_mut().unwrap();
            step.prints.push(line.to_owned());
        }
    }
    let postgres = |it: &Step| it.command.contains("pg_dump") || it.command.contains("createdb");
    found.iter_mut().for_each(|(_, steps)| steps.retain(|it| !postgres(it)));
    found
}

impl Machine {
    /// A folder in which whoever brought the binary put it down, with the unit beside it.
    fn bare() -> Machine {
        let root = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let machine = Machine { root, port, environment: BTreeMap::new(), service: None };
        for folder in ["usr/local/bin", "var/lib", "etc/systemd/system", "home"] {
            std::fs::create_dir_all(machine.root.path().join(folder)).unwrap();
        }
        for name in ["mendline", "mendline.new"] {
            std::fs::copy(env!("CARGO_BIN_EXE_mendline"), machine.home().join(name)).unwrap();
        }
        std::fs::write(machine.home().join("mendline.service"), UNIT).unwrap();
        machine
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// What stands at the machine's root stands in our folder.
    fn here(&self, text: &str) -> String {
        let root = self.root.path().display();
        let places =
            ["/usr/local/bin", "/var/lib/mendline", "/etc/mendline", "/etc/systemd/system"];
        let text = places
            .iter()
            .fold(text.to_owned(), |text, it| text.replace(it, &format!("{root}{it}")));
        text.replace("127.0.0.1:8080", &format!("127.0.0.1:{}", self.port))
    }

    fn play(&mut self, step: &Step) {
        let words: Vec<&str> = step.command.split_whitespace().collect();
        let said = match words.as_slice() {
            // Who runs it, and whose files are whose, is root's to say.
            ["useradd", ..] => return,
            ["export", given] => {
                let (name, value) = given.split_once('=').unwrap();
                self.environment.insert(name.into(), self.here(value));
                return;
            }
            ["systemctl", order @ ..] => return self.systemctl(order),
            ["curl", "-s", url] => {
                ureq::get(&self.here(url)).call().unwrap().body_mut().read_to_string().unwrap()
            }
            _ => self.run(&step.command),
        };
        if step.command.contains("mendline config >") {
            self.edit();
        }
        self.fits(step, &said);
        if step.command.contains("backup --to") {
            // Whoever restores has the backup and the key before her.
            for name in ["house-2026-11-23.backup", "operator.key"] {
                let from = self.root.path().join("var/lib/mendline").join(name);
                // The second backup has another name.
                let _ = std::fs::copy(from, self.home().join(name));
            }
        }
    }

    /// Runs a command as the page has it, with a password for whoever asks for one.
    fn run(&self, command: &str) -> String {
        let command = command.replace("runuser -u mendline -- ", "");
        let command = command.replace("-o mendline -g mendline ", "");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-euc", &self.here(&command)]).current_dir(self.home()).env_clear();
        let bin = self.root.path().join("usr/local/bin");
        shell.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).envs(&self.environment);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        // Most ask nothing and are gone before they could read it.
        let _ = std::io::Write::write_all(
            &mut child.stdin.take().unwrap(),
            format!("{PASSWORD}\n").as_bytes(),
        );
        let said: Output = child.wait_with_output().unwrap();
        assert!(said.status.success(), "{command}: {}{}", text(&said.stdout), errors(&said));
        text(&said.stdout)
    }

    /// What the page tells its reader to set, and where this machine's doors and folders are.
    fn edit(&self) {
        let file = self.root.path().join("etc/mendline/mendline.toml");
        let settings = std::fs::read_to_string(&file).unwrap();
        let settings =
            self.here(&settings).replace("payers.northwind]", "payers.northwind-mutual-demo]");
        std::fs::write(file, settings).unwrap();
    }

    /// What was printed is what the page says, but for numbers and what it leaves out.
    fn fits(&self, step: &Step, said: &str) {
        let masked = |it: &str| {
            let digits = it.chars().map(|it| if it.is_ascii_digit() { '0' } else { it });
            let mut masked: String = digits.collect();
            while masked.contains("00") {
                masked = masked.replace("00", "0");
            }
            masked
        };
        let said: Vec<String> = said.lines().map(masked).collect();
        for line in &step.prints {
            // Asked at a terminal alone; and messages that no worker of ours was sent.
            if ["Password:", "Again:"].contains(&line.as_str()) || line.starts_with("    ") {
                continue;
            }
            let expected = masked(&self.here(line.split('…').next().unwrap()));
            let expected = expected.split("uid-0").next().unwrap();
            let there = said.iter().any(|it| it.starts_with(expected));
            assert!(there, "{}: no line like {expected:?} in {said:#?}", step.command);
        }
    }

    /// What systemd does with the unit.
    fn systemctl(&mut self, order: &[&str]) {
        match order {
            ["daemon-reload"] => {}
            ["enable", "--now", "mendline"] => self.start(),
            ["restart", "mendline"] => {
                self.stop();
                self.start();
            }
            other => panic!("systemctl {other:?}"),
        }
    }

    fn start(&mut self) {
        let unit =
            std::fs::read_to_string(self.root.path().join("etc/systemd/system/mendline.service"));
        let unit = self.here(&unit.unwrap());
        let set = |name: &str| unit.lines().find_map(|it| it.strip_prefix(name)).unwrap();
        assert_eq!(set("Type="), "notify");
        let socket = self.root.path().join("notify");
        let _ = std::fs::remove_file(&socket);
        let manager = UnixDatagram::bind(&socket).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut words = set("ExecStart=").split_whitespace();
        let mut service = Command::new(words.next().unwrap());
        service.args(words).current_dir(set("WorkingDirectory=")).env_clear();
        let log = std::fs::File::create(self.root.path().join("log")).unwrap();
        service.env("NOTIFY_SOCKET", &socket).stdout(Stdio::null()).stderr(log);
        self.service = Some(service.spawn().unwrap());
        let mut word = [0; 64];
        let heard = manager.recv(&mut word).map(|many| text(&word[..many]));
        assert_eq!(heard.unwrap_or_else(|why| panic!("{why}: {}", self.log())), "READY=1");
    }

    fn stop(&mut self) {
        let mut service = self.service.take().expect("it runs");
        let pid = service.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(service.wait().unwrap().success(), "{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(mut service) = self.service.take() {
            // It may be gone already.
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
