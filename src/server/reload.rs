//! Flows that change on disk while the server runs. A flow with errors says so and stays as it
//! is; people who are in the middle of a flow stay on their version whatever is saved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mendline_engine::check::{Finding, Severity, explain};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::house::House;
use crate::library::{self, Shelf};

/// How often changed flow files are looked for.
const EVERY: Duration = Duration::from_secs(2);

/// Every file under some folders, with the time of its last change and its size. The newest time
/// alone would miss a file that is put back with its old date, or taken away.
type Files = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Folders of flows, as they were when they were looked at last.
pub struct Watched {
    folders: Vec<PathBuf>,
    seen: Files,
}

impl Watched {
    /// Looks at some folders for the first time. What is in them is published already.
    pub fn new(folders: Vec<PathBuf>) -> Watched {
        let seen = files(&folders);
        Watched { folders, seen }
    }

    /// Publishes what can be published, if anything changed since the last look. Answers with
    /// what was found in the flows then.
    pub async fn look(&mut self, house: &House) -> anyhow::Result<Option<Vec<Finding>>> {
        let now = files(&self.folders);
        if now == self.seen || now.is_empty() {
            return Ok(None);
        }
        self.seen = now;
        let mut shelf = library::shelve(library::find(&self.folders)?, &house.catalog);
        let current = |flow: &str| house.flows.current(flow);
        let moves = library::migrations(&shelf, current);
        shelf.flows.retain(|it| current(&it.program.flow).is_none_or(|now| now.hash != it.hash));
        library::publish(house, &shelf).await?;
        info!(flows = shelf.flows.len(), "changed flows were published");
        tell(&shelf, &moves);
        shelf.findings.extend(moves);
        Ok(Some(shelf.findings))
    }
}

/// To whoever saved the file, at the terminal or in the log of the service.
fn tell(shelf: &Shelf, moves: &[Finding]) {
    for finding in shelf.findings.iter().chain(moves) {
        eprintln!("{}", explain(finding, shelf.text_of(&finding.file).unwrap_or_default()));
    }
    if shelf.has_errors() {
        warn!("a flow with errors stays as it was");
    }
    if moves.iter().any(|it| it.severity == Severity::Error) {
        warn!("a flow changed under those who are in the middle of it; they stay on their version");
    }
}

/// Looks again and again until told to stop.
pub(super) async fn run(house: Arc<House>, folders: Vec<PathBuf>, shutdown: CancellationToken) {
    let mut watched = Watched::new(folders);
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        if let Err(error) = watched.look(&house).await {
            warn!("flows stay as they are: {error:#}");
        }
    }
}

fn files(folders: &[PathBuf]) -> Files {
    let mut found = Files::new();
    folders.iter().for_each(|it| collect(it, &mut found));
    found
}

fn collect(folder: &Path, found: &mut Files) {
    // A folder that is away for a moment (an editor, a deploy) is looked at again soon.
    let Ok(listing) = std::fs::read_dir(folder) else { return };
    for path in listing.flatten().map(|it| it.path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(about) = path.metadata() {
            found.insert(path, (about.modified().ok(), about.len()));
        }
    }
}
