//! The folder that mails are delivered to: a Maildir (<https://cr.yp.to/proto/maildir.html>). A mail
//! is in `new` until it is on our disk, then in `.taken`, and in `.aside` where a person must look.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Where mails lie that were taken.
const TAKEN: &str = ".taken/cur";
/// Where mails lie that a person must look at.
pub const ASIDE: &str = ".aside/cur";
/// Largest mail that is read, in bytes: a few pictures from a phone. Providers allow about as much.
pub const MAIL_BYTES_MAX: u64 = 25 * 1024 * 1024;

/// What a file holds.
pub(super) enum Held {
    /// A mail.
    Mail(Vec<u8>),
    /// More than is read.
    TooLarge,
    /// Something that is no file of its own: a link, a folder.
    NoFile,
    /// Nothing any more: somebody took it away.
    Gone,
}

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub fn new(root: &Path) -> Folder {
        Folder(root.to_owned())
    }

    /// What waits, oldest name first; Maildir names begin with the time. At most so many.
    pub fn waiting(&self, most: usize) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.0.join("new"))? {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                files.push(entry.path());
            }
        }
        files.sort();
        files.truncate(most);
        Ok(files)
    }

    pub fn read(&self, file: &Path) -> io::Result<Held> {
        let about = match std::fs::symlink_metadata(file) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Held::Gone),
            about => about?,
        };
        if !about.is_file() {
            return Ok(Held::NoFile);
        }
        if about.len() > MAIL_BYTES_MAX {
            return Ok(Held::TooLarge);
        }
        let mut bytes = Vec::new();
        std::fs::File::open(file)?.take(MAIL_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(Held::Mail(bytes))
    }

    /// It is on disk, or nothing to us.
    pub fn taken(&self, file: &Path) -> io::Result<()> {
        self.put(file, TAKEN)
    }

    /// A person must look at it.
    pub fn aside(&self, file: &Path) -> io::Result<()> {
        self.put(file, ASIDE)
    }

    fn put(&self, file: &Path, place: &str) -> io::Result<()> {
        let place = self.0.join(place);
        std::fs::create_dir_all(&place)?;
        let mut name = file.file_name().unwrap_or_default().to_owned();
        // "Seen", as mail programs read it.
        if !name.as_encoded_bytes().contains(&b':') {
            name.push(":2,S");
        }
        match std::fs::rename(file, place.join(name)) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
            moved => moved,
        }
    }

    /// Removes mails that were taken and are older than that.
    pub fn sweep(&self, now: SystemTime, keep: Duration) -> io::Result<()> {
        let entries = match std::fs::read_dir(self.0.join(TAKEN)) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let about = entry.metadata()?;
            let age = now.duration_since(about.modified()?).unwrap_or_default();
            if about.is_file() && age > keep {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_goes_after_its_days_and_what_is_set_aside_stays() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("new")).unwrap();
        let folder = Folder::new(root.path());
        for name in ["1.a", "2.b"] {
            std::fs::write(root.path().join("new").join(name), "From: a").unwrap();
        }
        let files = folder.waiting(10).unwrap();
        folder.taken(&files[0]).unwrap();
        folder.aside(&files[1]).unwrap();
        assert!(folder.waiting(10).unwrap().is_empty());
        let (day, now) = (Duration::from_secs(86_400), SystemTime::now());
        let left = |place: &str| std::fs::read_dir(root.path().join(place)).unwrap().count();
        folder.sweep(now, day).unwrap();
        assert_eq!(left(TAKEN), 1);
        folder.sweep(now + 2 * day, day).unwrap();
        assert_eq!((left(TAKEN), left(ASIDE)), (0, 1));
    }

    #[test]
    fn what_is_no_file_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("new/folder")).unwrap();
        let folder = Folder::new(root.path());
        let file = &folder.waiting(10).unwrap()[0];
        assert!(matches!(folder.read(file).unwrap(), Held::NoFile));
        assert!(matches!(folder.read(Path::new("/nowhere/at/all")).unwrap(), Held::Gone));
    }
}
