//! The operator's key on disk: 64 hex digits in a file that its owner alone may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rand::RngCore;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Vault, hex, random_token};

/// Why there is no vault.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key is there and is no key. It is never replaced: what it sealed would be lost.
    #[error(
        "{from} does not hold a key: expected 64 hex digits (32 bytes), found {found} characters; restore it from its backup"
    )]
    Malformed {
        /// The file, or `the given key`.
        from: String,
        /// How many characters there are.
        found: usize,
    },
    /// Everybody on the machine can read it.
    #[error("{} can be read by every user of this machine; run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// The file cannot be read or made.
    #[error("cannot use the key file {}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

impl Vault {
    /// A vault over a key written as 64 hex digits, as `openssl rand -hex 32` prints it.
    pub fn from_hex(key: &str) -> Result<Vault, KeyError> {
        parse(key, "the given key")
    }

    /// The vault whose key is in this file; where there is none, a new key is made, readable by
    /// its owner alone. Whoever loses the file loses everything private: back it up apart from
    /// the database.
    pub fn load_or_create(path: &Path) -> Result<Vault, KeyError> {
        let failed = |why| KeyError::File { path: path.into(), why };
        match fs::read_to_string(path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(failed)?;
                Vault::load_or_create(path)
            }
            Err(why) => Err(failed(why)),
            Ok(text) => {
                let text = Zeroizing::new(text);
                if exposed(path).map_err(failed)? {
                    return Err(KeyError::Exposed(path.into()));
                }
                parse(&text, &path.display().to_string())
            }
        }
    }
}

fn parse(text: &str, from: &str) -> Result<Vault, KeyError> {
    let text = text.trim();
    let malformed = || KeyError::Malformed { from: from.into(), found: text.chars().count() };
    let digits = text.as_bytes();
    if digits.len() != KEY_BYTES * 2 {
        return Err(malformed());
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or_else(malformed);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).expect("two hex digits fit a byte");
    }
    Ok(Vault::from_key(*key))
}

/// Writes a new key beside `path` and then gives it its name, so that a crash leaves either no
/// key or a whole one, and two who start at once end up with the same.
fn create(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    rand::rng().fill_bytes(key.as_mut());
    let text = Zeroizing::new(hex(key.as_ref()));
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".key-{}", random_token()));
    let made = write_private(&draft, &text).and_then(|()| match fs::hard_link(&draft, path) {
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    made?;
    File::open(folder)?.sync_all()
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(unix)]
fn exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    // A group may read it: secrets that a container platform mounts look like that.
    Ok(fs::metadata(path)?.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn exposed(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_kept_private_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/operator.key");
        let first = Vault::load_or_create(&path).unwrap();
        let again = Vault::load_or_create(&path).unwrap();
        assert_eq!(first.index("acme", "claim", "1"), again.index("acme", "claim", "1"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_that_is_broken_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.key");
        for broken in ["", "abcd", &"0".repeat(63), &"g".repeat(64), &"0".repeat(66)] {
            write_private(&path, broken).unwrap();
            let error = Vault::load_or_create(&path).unwrap_err().to_string();
            assert!(error.contains("64 hex digits"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap().trim(), broken);
            fs::remove_file(&path).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_everybody_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.key");
        Vault::load_or_create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = Vault::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}
