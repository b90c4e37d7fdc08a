//! A throw-away PostgreSQL with its own habits unchanged: every commit is synced, as a server's is.
//! It listens on a socket in its own folder alone, and goes away with the one who started it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// Who owns its databases.
const OWNER: &str = "mendline";

/// Starts it, and stops it at once when nobody holds this one's input any more, however they ended.
const KEEPER: &str = r#"
"$1" -D "$2/data" -k "$2" -h '' -c dynamic_shared_memory_type=mmap >/dev/null 2>"$2/log" </dev/null &
echo $!
read -r _
kill -QUIT $!
wait $!
rm -rf "$2"/*
"#;

/// A running PostgreSQL.
pub(super) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    /// Under whom it runs when we are root, which it refuses.
    user: user::User,
    keeper: Child,
    server: u32,
    databases: AtomicU32,
}

impl Cluster {
    /// Starts one in a folder of this one.
    pub(super) fn start(within: &Path) -> anyhow::Result<Cluster> {
        let programs = programs()?;
        let within = within.canonicalize().context("the folder for PostgreSQL")?;
        let folder = TempDir::with_prefix_in("mendline-pg-", within)?;
        let user = user::owner(folder.path())?;
        let data = folder.path().join("data");
        let made = of(&programs, "initdb", user)
            .arg("-D")
            .arg(&data)
            .args(["-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions"])
            .current_dir("/")
            .output()
            .context("starting initdb")?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut keeper = of(Path::new(""), "/bin/sh", user)
            .args(["-c", KEEPER, "keeper"])
            .arg(programs.join("postgres"))
            .arg(folder.path())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting postgres")?;
        let mut line = String::new();
        let said = keeper.stdout.take().context("what the keeper says")?;
        BufReader::new(said).read_line(&mut line)?;
        let server = line.trim().parse().context("postgres has no number")?;
        let databases = AtomicU32::new(0);
        let mut cluster = Cluster { folder, programs, user, keeper, server, databases };
        cluster.await_ready()?;
        Ok(cluster)
    }

    fn await_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let mut ready = of(&self.programs, "pg_isready", self.user);
            ready.args(["-q", "-d", "postgres", "-h"]).arg(self.folder.path()).current_dir("/");
            if ready.status().context("starting pg_isready")?.success() {
                return Ok(());
            }
            ensure!(self.keeper.try_wait()?.is_none(), "PostgreSQL ended:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("PostgreSQL is not ready:\n{}", self.log())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A database with nothing in it; answers its address.
    pub(super) fn database(&self) -> anyhow::Result<String> {
        let name = format!("bench_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        let folder = self.folder.path();
        let made = of(&self.programs, "createdb", self.user)
            .args(["-U", OWNER, "-h"])
            .arg(folder)
            .arg(&name)
            .current_dir("/")
            .output()
            .context("starting createdb")?;
        ensure!(made.status.success(), "createdb: {}", String::from_utf8_lossy(&made.stderr));
        Ok(format!("postgres:///{name}?host={}&user={OWNER}", folder.display()))
    }

    /// The process under which all of its others run.
    pub(super) fn process(&self) -> u32 {
        self.server
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn of(programs: &Path, name: &str, user: user::User) -> Command {
    let here = programs.join(name);
    let mut command = Command::new(if here.is_file() { here } else { name.into() });
    user::run_as(&mut command, user);
    command
}

/// The folder of the installed programs.
fn programs() -> anyhow::Result<PathBuf> {
    let asked = Command::new("pg_config").arg("--bindir").output();
    let asked = asked.ok().and_then(|it| String::from_utf8(it.stdout).ok());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places =
        asked.iter().map(|it| PathBuf::from(it.trim())).chain(std::env::split_paths(&path));
    places
        .find(|it| ["initdb", "postgres"].iter().all(|name| it.join(name).is_file()))
        .context("PostgreSQL is not installed; name one that runs with --database")
}

/// PostgreSQL refuses to run as root.
#[cfg(unix)]
mod user {
    use std::fs::{metadata, set_permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
    use std::os::unix::process::CommandExt as _;
    use std::path::Path;
    use std::process::Command;

    use anyhow::Context;

    /// Somebody else, where we are root.
    pub(super) type User = Option<(u32, u32)>;

    /// Gives the folder to the one under whom it runs.
    pub(super) fn owner(folder: &Path) -> anyhow::Result<User> {
        set_permissions(folder, PermissionsExt::from_mode(0o755))?;
        if metadata(folder)?.uid() != 0 {
            return Ok(None);
        }
        let (user, group) = somebody()?;
        chown(folder, Some(user), Some(group))?;
        Ok(Some((user, group)))
    }

    /// In a group of its own: what ends us from a terminal does not end it before it has tidied up.
    pub(super) fn run_as(command: &mut Command, user: User) {
        command.process_group(0);
        if let Some((user, group)) = user {
            command.uid(user).gid(group);
        }
    }

    fn somebody() -> anyhow::Result<(u32, u32)> {
        let users = std::fs::read_to_string("/etc/passwd").context("who else is here")?;
        let of = |name: &str| {
            let line = users.lines().find(|it| it.split(':').next() == Some(name))?;
            let mut ids = line.split(':').skip(2).map(|it| it.parse().ok());
            Some((ids.next()??, ids.next()??))
        };
        of("postgres").or_else(|| of("nobody")).context("nobody but root is here to run PostgreSQL")
    }
}

#[cfg(not(unix))]
mod user {
    pub(super) type User = ();

    pub(super) fn owner(_folder: &std::path::Path) -> anyhow::Result<User> {
        Ok(())
    }

    pub(super) fn run_as(_command: &mut std::process::Command, (): User) {}
}
