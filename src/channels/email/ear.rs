//! Listens: looks into the folder, hands in what is there, and moves a mail away only when what it
//! said is on disk. A server that dies in between hands it in once more, under the same id.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::EMAIL;
use super::folder::{Folder, Held};
use super::read::{Read, Reader, read};
use super::settings::Settings;
use crate::channels::inward::{Ear, Gate, NotTaken, Place};
use crate::vault::Vault;

/// How often the folder is looked into. Mail takes seconds on its way anyway.
pub const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Longest wait while nothing can be put on disk.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(60);
/// Mails taken in one look, so that a stop is heard.
const MAILS_MAX: usize = 100;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Looks between two sweeps: about an hour.
const LOOKS_A_SWEEP: u32 = 1_200;

/// The ear.
#[derive(Clone)]
pub struct EmailEar {
    folder: Folder,
    shown: String,
    own: String,
    host: String,
    vault: Arc<Vault>,
    keep: Duration,
    every: Duration,
}

impl EmailEar {
    /// An ear at the folder of these settings.
    pub fn new(settings: &Settings, vault: Arc<Vault>) -> EmailEar {
        EmailEar {
            folder: Folder::new(&settings.drop),
            shown: settings.drop.display().to_string(),
            own: settings.from.clone(),
            host: settings.authserv.clone(),
            vault,
            keep: DAY * settings.keep_days,
            every: LOOK_EVERY,
        }
    }

    /// The same, looking as often as that.
    pub fn every(self, every: Duration) -> EmailEar {
        EmailEar { every, ..self }
    }

    /// Takes what waits; answers whether there may be more.
    async fn look(&self, gate: &dyn Gate) -> Result<bool, Stopped> {
        let folder = self.folder.clone();
        let files = apart(move || folder.waiting(MAILS_MAX)).await?;
        for file in &files {
            self.take(gate, file).await?;
        }
        Ok(files.len() == MAILS_MAX)
    }

    async fn take(&self, gate: &dyn Gate, file: &Path) -> Result<(), Stopped> {
        let read = match self.read(file.to_owned()).await? {
            Some(read) => read,
            None => return Ok(()),
        };
        let aside = match read {
            Read::Came(all) => {
                for came in all {
                    gate.came(came).await.map_err(Stopped::NotTaken)?;
                }
                None
            }
            Read::Bounced(all) => {
                info!(channel = EMAIL, mails = all.len(), "a mail server reports mails as lost");
                for it in all {
                    gate.reported(&it.key, it.receipt).await.map_err(Stopped::NotTaken)?;
                    if let Some(gone) = it.gone {
                        gate.came(gone).await.map_err(Stopped::NotTaken)?;
                    }
                }
                None
            }
            Read::Nothing(_) => None,
            Read::Aside(why) => Some(why),
        };
        if let Some(why) = aside {
            warn!(channel = EMAIL, "a mail is set aside for a person, in .aside: {why}");
        }
        let (folder, file) = (self.folder.clone(), file.to_owned());
        let moved = move || match aside {
            Some(_) => folder.aside(&file),
            None => folder.taken(&file),
        };
        apart(moved).await
    }

    /// What a file is; nothing where it is gone meanwhile.
    async fn read(&self, file: PathBuf) -> Result<Option<Read>, Stopped> {
        let it = self.clone();
        apart(move || {
            Ok(match it.folder.read(&file)? {
                Held::Mail(bytes) => {
                    let reader = Reader { own: &it.own, host: &it.host, vault: &it.vault };
                    Some(read(&bytes, reader))
                }
                Held::TooLarge => Some(Read::Aside("it is too large")),
                Held::NoFile => Some(Read::Aside("it is no file")),
                Held::Gone => None,
            })
        })
        .await
    }

    async fn sweep(&self) {
        let (folder, keep) = (self.folder.clone(), self.keep);
        if apart(move || folder.sweep(SystemTime::now(), keep)).await.is_err() {
            warn!(channel = EMAIL, "old mails cannot be removed from .taken");
        }
    }

    async fn listen_on(&self, gate: &dyn Gate) -> anyhow::Result<()> {
        let mut wait = self.every;
        for looks in (0..LOOKS_A_SWEEP).cycle() {
            if looks == 0 {
                self.sweep().await;
            }
            match self.look(gate).await {
                Ok(true) => continue,
                Ok(false) => wait = self.every,
                Err(Stopped::NotTaken(NotTaken::Later(_))) => {
                    warn!(channel = EMAIL, "what came by mail is not on disk yet");
                    wait = (wait * 2).min(LOOK_AT_LEAST_EVERY);
                }
                Err(Stopped::Folder(why)) => {
                    let said = format!("the folder of `email.drop`, {}", self.shown);
                    return Err(why).context(said);
                }
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }
}

/// Why a look went no further.
enum Stopped {
    /// The house could not take it.
    NotTaken(NotTaken),
    /// The folder cannot be read, or nothing moved in it.
    Folder(std::io::Error),
}

/// On a thread of its own: disks make one wait.
async fn apart<T: Send + 'static>(
    it: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Stopped> {
    let done = tokio::task::spawn_blocking(it).await;
    done.unwrap_or_else(|why| Err(std::io::Error::other(why))).map_err(Stopped::Folder)
}

#[async_trait]
impl Ear for EmailEar {
    fn name(&self) -> &'static str {
        EMAIL
    }

    async fn listen(
        &self,
        gate: Arc<dyn Gate>,
        _place: Arc<dyn Place>,
        until: CancellationToken,
    ) -> anyhow::Result<()> {
        // The folder itself is the place: what was taken is not in it any more.
        let listening = self.listen_on(gate.as_ref());
        match until.run_until_cancelled(listening).await {
            None => Ok(()),
            Some(ended) => ended,
        }
    }
}
