//! The socket beside the database through which commands reach the running server. One line of
//! JSON asks, one answers. Only the server's own user (and root) may open it: the file's mode says
//! so, and the system says who asks.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Answer, Ask, Office, operator};
use crate::house::House;
use crate::vault::random_token;

/// The file's name, beside the database.
const NAME: &str = "mendline.sock";
/// Longest question, in bytes. A reason for a hold is the longest thing anyone writes.
const ASK_BYTES_MAX: u64 = 64 * 1024;
/// Longest answer, in bytes: some ten thousand legal holds.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long somebody may take to ask: a program does.
const ASK_PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer may take: dropping thousands of messages takes seconds.
const ANSWER_PATIENCE: Duration = Duration::from_secs(120);

/// The socket of the server on this database.
pub fn beside(database: &Path) -> PathBuf {
    match database.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.join(NAME),
        _ => NAME.into(),
    }
}

/// The socket of a server on a database that several may share, who may share this folder too.
pub fn by_port(data: &Path, port: u16) -> PathBuf {
    data.join(format!("mendline-{port}.sock"))
}

/// The sockets of [`by_port`] in a folder behind which somebody listens.
pub async fn listening(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.flatten().map(|it| it.path()) {
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        let port = name.strip_prefix("mendline-").and_then(|it| it.strip_suffix(".sock"));
        let is_port = port.is_some_and(|it| it.parse::<u16>().is_ok());
        if is_port && UnixStream::connect(&path).await.is_ok() {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Nobody listens there: no server runs on this database.
    #[error("no server listens at {}", .0.display())]
    NotThere(PathBuf),
    /// A server runs, and not for us.
    #[error("the server's socket {} is not yours to open: run this as the server's user", .0.display())]
    NotYours(PathBuf),
    /// It does not speak.
    #[error("the server at {} does not answer: {why}", path.display())]
    Silent {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// An open socket; its file goes with it.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Err(why) = std::fs::remove_file(&self.path) {
            warn!("the admin socket's file stays: {why}");
        }
    }
}

impl Socket {
    /// Opens it. Whoever calls this holds the database's lock, or the port that stands in the name,
    /// so a file that is there already is left over from a server that died.
    pub fn bind(path: PathBuf) -> io::Result<Socket> {
        // It gets its name once nobody else can open it.
        let draft = path.with_file_name(format!(".{}", &random_token()[..8]));
        let listener = UnixListener::bind(&draft)?;
        std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o600))
            .and_then(|()| std::fs::rename(&draft, &path))
            .inspect_err(|_| drop(std::fs::remove_file(&draft)))?;
        Ok(Socket { listener, path })
    }

    /// Answers until told to stop.
    pub async fn serve(self, house: Arc<House>, shutdown: CancellationToken) {
        loop {
            let came = tokio::select! {
                came = self.listener.accept() => came,
                () = shutdown.cancelled() => return,
            };
            match came {
                Ok((stream, _)) => {
                    let house = house.clone();
                    tokio::spawn(async move {
                        if let Err(why) = answer(&house, stream).await {
                            warn!("an operator's command was not answered: {why}");
                        }
                    });
                }
                Err(why) => {
                    warn!("the admin socket: {why}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

async fn answer(house: &House, stream: UnixStream) -> io::Result<()> {
    let who = operator(stream.peer_cred()?.uid());
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(ASK_BYTES_MAX));
    tokio::time::timeout(ASK_PATIENCE, read.read_line(&mut line)).await??;
    let answer = match serde_json::from_str::<Ask>(&line) {
        Ok(ask) => {
            let what = name(&ask);
            let (store, now) = (house.store.as_ref(), house.clock.now());
            let office = Office { store, house: Some(house), now, who: who.clone() };
            let answer = office.perform(ask).await;
            info!(who, what, "an operator's command");
            answer.unwrap_or_else(|why| Answer::Refused(why.to_string()))
        }
        // Another version's command, most likely.
        Err(_) => Answer::Refused(format!(
            "the running server ({}) does not know this command; use its own version",
            env!("CARGO_PKG_VERSION")
        )),
    };
    let mut text = serde_json::to_string(&answer).map_err(io::Error::other)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await
}

/// What is asked, for the log: without names.
fn name(ask: &Ask) -> String {
    let ask = serde_json::to_value(ask).unwrap_or_default();
    ask["ask"].as_str().unwrap_or("?").to_owned()
}

/// Asks the server behind a socket.
pub async fn ask(path: &Path, ask: &Ask) -> Result<Answer, NoAnswer> {
    let silent =
        |why: &dyn std::fmt::Display| NoAnswer::Silent { path: path.into(), why: why.to_string() };
    let stream = UnixStream::connect(path).await.map_err(|why| match why.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            NoAnswer::NotThere(path.into())
        }
        io::ErrorKind::PermissionDenied => NoAnswer::NotYours(path.into()),
        _ => silent(&why),
    })?;
    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_string(ask).map_err(|why| silent(&why))?;
    line.push('\n');
    write.write_all(line.as_bytes()).await.map_err(|why| silent(&why))?;
    let mut answer = String::new();
    let mut read = BufReader::new(read.take(ANSWER_BYTES_MAX));
    tokio::time::timeout(ANSWER_PATIENCE, read.read_line(&mut answer))
        .await
        .map_err(|why| silent(&why))?
        .map_err(|why| silent(&why))?;
    serde_json::from_str(&answer).map_err(|_| silent(&"it went away before it answered"))
}
