//! Going carefully after a bad end. A process that was felled (by a bug beneath Rust, by the
//! system) may have been felled by what it was doing, and would be again by the same thing,
//! for ever. So for a while after such an end everything is put on disk before anything is worked
//! out, one event at a time, each attempt counted before it is made; what was tried too often is
//! set aside and a person comes.
//!
//! A bad end is known by a file in the data folder that a good end takes away.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

/// How long. Whoever did not hear that her words were taken sends them again within seconds.
const FOR: Duration = Duration::from_secs(300);
/// Attempts that a bad end cut short, in a row, before something is set aside: three may be an
/// unlucky evening of a machine, not of one event.
pub const TRIES_MAX: u32 = 3;
/// The file, beside the database.
const MARK: &str = "mendline.running";

/// Whether this house goes carefully.
#[derive(Default)]
pub struct Careful {
    until: Mutex<Option<Instant>>,
    mark: Mutex<Option<PathBuf>>,
}

impl Careful {
    /// A house begins over this folder; carefully, if the one before it ended badly.
    pub fn begin(&self, folder: &std::path::Path) {
        let mark = folder.join(MARK);
        if mark.exists() {
            warn!("the last run ended badly: going carefully for {} seconds", FOR.as_secs());
            self.start();
        }
        match std::fs::write(&mark, b"") {
            Ok(()) => *self.mark.lock().expect("nothing panics in here") = Some(mark),
            Err(why) => warn!("a bad end will not be noticed: {}: {why}", mark.display()),
        }
    }

    /// Goes carefully from now on, for a while.
    pub fn start(&self) {
        *self.until.lock().expect("nothing panics in here") = Some(Instant::now() + FOR);
    }

    /// This was a good end.
    pub fn end(&self) {
        if let Some(mark) = self.mark.lock().expect("nothing panics in here").take() {
            // One that stays makes the next start careful, which harms nobody.
            let _ = std::fs::remove_file(mark);
        }
    }

    /// Whether to go carefully now.
    pub fn is_on(&self) -> bool {
        let until = self.until.lock().expect("nothing panics in here");
        until.is_some_and(|it| Instant::now() < it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_end_is_known_at_the_next_start_and_a_good_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let first = Careful::default();
        first.begin(folder.path());
        assert!(!first.is_on(), "nothing ran here before");
        drop(first); // as a killed process would
        let second = Careful::default();
        second.begin(folder.path());
        assert!(second.is_on());
        second.end();
        let third = Careful::default();
        third.begin(folder.path());
        assert!(!third.is_on());
    }

    #[tokio::test(start_paused = true)]
    async fn care_ends_by_itself() {
        let it = Careful::default();
        it.start();
        assert!(it.is_on());
        tokio::time::advance(FOR).await;
        assert!(!it.is_on());
    }
}
