//! A PostgreSQL of the tests' own, thrown away afterwards: started from the installed programs,
//! one server a test program, one database a test.
//!
//! Databases whose test is over are dropped when the next is made, so that a whole run asks for the
//! disk of a few.
//!
//! A watchdog (a shell that reads a pipe of ours until it ends) stops the server and removes its
//! folder however this process ends, killed included. Nothing of a PostgreSQL that runs on this
//! machine anyway is touched: ours listens on a socket in its own folder alone.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use mendline::store::postgres::PostgresStore;
use mendline::vault::Vault;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The oldest release whose SQL we write for.
const MAJOR_MIN: u32 = 15;
/// A database with the schema in it, which the databases of tests are copies of.
const TEMPLATE: &str = "migrated";
/// How many databases whose test is over are dropped in one go.
const LEFT_MAX: usize = 20;
/// How much of its log is shown when it does not do what a test needs.
const LOG_LINES: usize = 60;
/// What the watchdog does. It is told the programs' folder and ours, and what may differ.
const WATCHDOG: &str = r#"
bin=$1; dir=$2; connections=$3
serve() {
    "$bin/postgres" -D "$dir/data" -k "$dir" -h '' -c fsync=off -c full_page_writes=off \
        -c max_connections="$connections" -c dynamic_shared_memory_type=mmap -c autovacuum=off \
        -c wal_level=minimal -c max_wal_senders=0 -c min_wal_size=32MB -c max_wal_size=64MB \
        -c log_checkpoints=off >>"$dir/log" 2>&1 &
    server=$!
}
answer() {
    for i in $(seq 600); do
        if "$bin/pg_isready" -q -h "$dir" -d postgres; then echo ready; return; fi
        kill -0 $server 2>/dev/null || break
        sleep 0.05
    done
    echo failed
}
"$bin/initdb" -D "$dir/data" -U mendline -A trust -E UTF8 --locale=C --no-sync --no-instructions \
    >"$dir/log" 2>&1 || { echo failed; read -r _; rm -rf "$dir"; exit 1; }
serve; answer
while read -r order; do
    case $order in
        stop) kill -QUIT $server; wait $server; echo stopped;;
        start) serve; answer;;
        restart) kill -QUIT $server; wait $server; serve; answer;;
    esac
done
kill -QUIT $server 2>/dev/null; wait $server
rm -rf "$dir"
"#;

/// A server of this test program's own.
pub struct Cluster {
    folder: PathBuf,
    watchdog: Mutex<Child>,
    template: OnceCell<()>,
    databases: AtomicU32,
    /// The databases whose test is over.
    left: Mutex<Vec<String>>,
}

/// A database of a test's own, until this is dropped.
pub struct Base {
    pub url: String,
    pub name: String,
    of: &'static Cluster,
}

/// A database with a store open in it.
pub struct PgPlace {
    pub base: Base,
    pub store: PostgresStore,
}

impl PgPlace {
    /// `None`, having said so, where PostgreSQL is not installed.
    pub async fn new() -> Option<PgPlace> {
        let base = Base::new().await?;
        let vault = Arc::new(Vault::from_key([42; 32]));
        let store = PostgresStore::open(&base.url, vault).await.unwrap();
        Some(PgPlace { base, store })
    }
}

impl Base {
    /// A copy of the migrated database.
    pub async fn new() -> Option<Base> {
        let cluster = Cluster::shared()?;
        cluster.template.get_or_init(|| cluster.migrate_template()).await;
        Some(cluster.base(&format!("template {TEMPLATE}")).await)
    }

    /// One with nothing in it.
    pub async fn empty(cluster: &'static Cluster) -> Base {
        cluster.base("").await
    }

    /// A connection past the store, as a shell has it.
    pub async fn shell(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        self.of.left.lock().unwrap().push(std::mem::take(&mut self.name));
    }
}

impl Cluster {
    /// The server of this test program, started when it is first asked for. `None` where no
    /// PostgreSQL is installed: said loudly, and a failure in CI.
    pub fn shared() -> Option<&'static Cluster> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(|| Cluster::start(100)).as_ref()
    }

    /// One more, for a test that stops it, starts it again, or lets it run out of connections.
    pub fn of_its_own(connections: u32) -> Option<&'static Cluster> {
        Cluster::start(connections).map(|it| &*Box::leak(Box::new(it)))
    }

    fn start(connections: u32) -> Option<Cluster> {
        let bin = match find() {
            Ok(bin) => bin,
            Err(why) => return missing(&why),
        };
        let folder = TempDir::with_prefix("mendline-pg-").unwrap().keep();
        let mut watchdog = Command::new("/bin/sh");
        watchdog.args(["-c", WATCHDOG, "watchdog"]).arg(&bin).arg(&folder);
        watchdog.arg(connections.to_string());
        // Another process group: what ends the tests from a terminal does not end it before them.
        watchdog.process_group(0).current_dir("/");
        watchdog.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        // PostgreSQL refuses to run as root.
        if std::fs::metadata(&folder).unwrap().uid() == 0 {
            let (user, group) = somebody();
            chown(&folder, Some(user), Some(group)).unwrap();
            watchdog.uid(user).gid(group);
        }
        let watchdog = watchdog.spawn().unwrap();
        let cluster = Cluster {
            folder,
            watchdog: watchdog.into(),
            template: OnceCell::new(),
            databases: AtomicU32::new(0),
            left: Mutex::new(Vec::new()),
        };
        cluster.expect("ready");
        Some(cluster)
    }

    fn order(&self, order: &str, answer: &str) {
        writeln!(self.watchdog.lock().unwrap().stdin.as_mut().unwrap(), "{order}").unwrap();
        self.expect(answer);
    }

    fn expect(&self, answer: &str) {
        let mut watchdog = self.watchdog.lock().unwrap();
        let mut heard = String::new();
        let mut byte = [0];
        while !heard.ends_with('\n')
            && watchdog.stdout.as_mut().unwrap().read(&mut byte).unwrap() > 0
        {
            heard.push(char::from(byte[0]));
        }
        assert_eq!(heard.trim(), answer, "PostgreSQL says:\n{}", self.log());
    }

    /// The end of what it wrote about itself.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// Stops it at once, as a crash would.
    pub fn stop(&self) {
        self.order("stop", "stopped");
    }

    /// Starts it after [`Cluster::stop`].
    pub fn start_again(&self) {
        self.order("start", "ready");
    }

    /// A crash and a start.
    pub fn restart(&self) {
        self.order("restart", "ready");
    }

    /// The address of a database in it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=mendline", self.folder.display())
    }

    async fn migrate_template(&self) {
        self.shell(&[format!("create database {TEMPLATE}")]).await;
        PostgresStore::migrate(&self.url(TEMPLATE)).await.unwrap();
    }

    async fn base(&'static self, of: &str) -> Base {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let left = {
            let mut left = self.left.lock().unwrap();
            if left.len() < LEFT_MAX { Vec::new() } else { std::mem::take(&mut *left) }
        };
        let drops = left.iter().map(|it| format!("drop database if exists {it} with (force)"));
        let make = format!("create database {name} {of}");
        self.shell(&drops.chain([make]).collect::<Vec<_>>()).await;
        Base { url: self.url(&name), name, of: self }
    }

    /// Does these in order. One that cannot be done fails the test with what the server wrote.
    async fn shell(&self, orders: &[String]) {
        let all = async {
            let mut shell = PgConnection::connect(&self.url("postgres")).await?;
            for order in orders {
                sqlx::query(AssertSqlSafe(order.as_str())).execute(&mut shell).await?;
            }
            shell.close().await
        };
        if let Err(error) = all.await {
            panic!("{error}; PostgreSQL says:\n{}", self.log());
        }
    }
}

/// The folder of the newest installed programs.
fn find() -> Result<PathBuf, String> {
    let asked = Command::new("pg_config").arg("--bindir").output().ok();
    let asked = asked.and_then(|it| String::from_utf8(it.stdout).ok());
    let mut places: Vec<PathBuf> = asked.iter().map(|it| PathBuf::from(it.trim())).collect();
    if let Some(path) = std::env::var_os("PATH") {
        places.extend(std::env::split_paths(&path));
    }
    for root in ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"] {
        let versions = std::fs::read_dir(root).into_iter().flatten().flatten();
        places.extend(versions.map(|it| it.path().join("bin")));
    }
    let all = ["postgres", "initdb", "pg_isready"];
    let whole = |bin: &&PathBuf| all.iter().all(|it| bin.join(it).is_file());
    let found = places.iter().filter(whole).filter_map(|bin| Some((major(bin)?, bin)));
    match found.max_by_key(|it| it.0) {
        Some((major, bin)) if major >= MAJOR_MIN => Ok(bin.clone()),
        Some((major, bin)) => {
            Err(format!("{} is release {major}, too old: {MAJOR_MIN} is needed", bin.display()))
        }
        None => Err("it is not installed".into()),
    }
}

/// `postgres (PostgreSQL) 15.8 (Debian …)`.
fn major(bin: &Path) -> Option<u32> {
    let said = Command::new(bin.join("postgres")).arg("--version").output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    let number = said.split_whitespace().find(|it| it.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The user and group under which it runs when we are root.
pub fn somebody() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let line = users.lines().find(|it| it.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(|it| it.parse().ok());
        Some((ids.next()??, ids.next()??))
    };
    of("postgres").or_else(|| of("nobody")).expect("there is a user who is not root")
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn missing<T>(why: &str) -> Option<T> {
    let said = format!(
        "\n!! PostgreSQL: {why}. NOTHING OF THE STORE ON POSTGRESQL IS TESTED HERE.\n\
         !! Install release {MAJOR_MIN} or later (Debian: apt-get install postgresql; \
         macOS: brew install postgresql) and run the tests again.\n\n"
    );
    std::io::stderr().write_all(said.as_bytes()).unwrap();
    let ci = std::env::var("CI").is_ok_and(|it| it == "true");
    assert!(!ci, "in CI the suite must run on PostgreSQL too");
    None
}
