//! A PgBouncer of the tests' own before a PostgreSQL of theirs, in `pool_mode = transaction`: every
//! transaction may get another connection, and there are fewer of them than the servers hold.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::postgres::{Base, somebody};

/// The first release that keeps prepared statements apart in `pool_mode = transaction`.
const RELEASE_MIN: (u32, u32) = (1, 21);
/// Its connections to the database. Each server alone holds more to the pooler.
const CONNECTIONS: u32 = 3;
/// How long it may take to open its port.
const PATIENCE: Duration = Duration::from_secs(20);
/// Ends it however this process ends, killed included.
const WATCHDOG: &str = r#"
"$1" -q "$2/pgbouncer.ini" 2>"$2/log" & pooler=$!
echo started
read -r _
kill $pooler; wait $pooler
rm -rf "$2"
"#;

pub struct Pooler {
    folder: PathBuf,
    watchdog: Child,
    port: u16,
    database: String,
}

impl Pooler {
    /// One before this database. `None` where none is installed: said loudly, and a failure in
    /// CI, unless `MENDLINE_NO_POOLER=true` says that none could be installed there.
    pub fn before(base: &Base) -> Option<Pooler> {
        let program = match find() {
            Ok(program) => program,
            Err(why) => return missing(&why),
        };
        let folder = TempDir::with_prefix("mendline-pooler-").unwrap().keep();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = base.url.split("host=").nth(1).unwrap().split('&').next().unwrap();
        let settings = format!(
            "[databases]\n* = host={host} user=mendline\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             max_prepared_statements = 200\ndefault_pool_size = {CONNECTIONS}\n\
             ignore_startup_parameters = extra_float_digits\n"
        );
        std::fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        let mut watchdog = Command::new("/bin/sh");
        watchdog.args(["-c", WATCHDOG, "watchdog"]).arg(program).arg(&folder);
        watchdog.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        // It refuses to run as root.
        if std::fs::metadata(&folder).unwrap().uid() == 0 {
            let (user, group) = somebody();
            chown(&folder, Some(user), Some(group)).unwrap();
            watchdog.uid(user).gid(group);
        }
        let mut watchdog = watchdog.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(watchdog.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let pooler = Pooler { folder, watchdog, port, database: base.name.clone() };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the pooler does not open its port: {}", pooler.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pooler)
    }

    pub fn url(&self) -> String {
        format!("postgres://mendline@127.0.0.1:{}/{}", self.port, self.database)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the pooler's log:\n{}", self.log());
        }
        // Its end of the pipe closes with it.
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// The newest one that is installed.
fn find() -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/local/sbin", "/usr/sbin", "/opt/homebrew/bin"].map(PathBuf::from);
    let places = std::env::split_paths(&path).chain(usual).map(|it| it.join("pgbouncer"));
    let found = places.filter_map(|program| Some((release(&program)?, program)));
    match found.max_by_key(|it| it.0) {
        Some((release, program)) if release >= RELEASE_MIN => Ok(program),
        Some(((major, minor), program)) => {
            Err(format!("{} is release {major}.{minor}, too old", program.display()))
        }
        None => Err("it is not installed".into()),
    }
}

/// `PgBouncer 1.24.1`.
fn release(program: &Path) -> Option<(u32, u32)> {
    let said = Command::new(program).arg("--version").output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    let mut numbers = said.split_whitespace().nth(1)?.split('.').map(|it| it.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn missing<T>(why: &str) -> Option<T> {
    let (major, minor) = RELEASE_MIN;
    let said = format!(
        "\n!! PgBouncer: {why}. NOTHING IS TESTED BEHIND A POOLER HERE.\n\
         !! Install release {major}.{minor} or later (.ci/pgbouncer does it on Debian; macOS: \
         brew install pgbouncer) and run the tests again.\n\n"
    );
    std::io::stderr().write_all(said.as_bytes()).unwrap();
    let is = |name| std::env::var(name).is_ok_and(|it| it == "true");
    let excused = is("MENDLINE_NO_POOLER");
    assert!(excused || !is("CI"), "in CI the suite must run behind a pooler too");
    None
}
