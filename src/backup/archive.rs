//! The file itself: a tar that any `tar` can list, the manifest first.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};

use super::{FORMAT, Kept, MANIFEST, Manifest};

/// Longest manifest, in bytes: a handful of files.
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;

/// Length and digest of a file.
pub(super) fn measure(file: &Path) -> anyhow::Result<Kept> {
    let mut from = File::open(file).with_context(|| format!("reading {}", file.display()))?;
    let (bytes, sha256) = pour(&mut from, &mut io::sink())?;
    Ok(Kept { bytes, sha256 })
}

/// Pours one into the other, and says how much it was and its digest.
fn pour(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<(u64, String)> {
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; 1024 * 1024];
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            let hex = digest.finalize().iter().map(|it| format!("{it:02x}")).collect();
            return Ok((bytes, hex));
        }
        digest.update(&piece[..read]);
        to.write_all(&piece[..read])?;
        bytes += read as u64;
    }
}

/// Writes the manifest and its files from `folder` to `to`, whole or not at all.
pub(super) fn write(folder: &Path, manifest: &Manifest, to: &Path) -> anyhow::Result<()> {
    let draft = folder.join("whole.tar");
    let mut tar = tar::Builder::new(private(&draft)?);
    let text = serde_json::to_vec_pretty(manifest)?;
    tar.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
    for (name, kept) in &manifest.files {
        let file = File::open(folder.join(name))?;
        tar.append_data(&mut header(kept.bytes), name, file)?;
    }
    tar.into_inner()?.sync_all()?;
    // A link fails where a name is taken, so that nothing is ever replaced.
    std::fs::hard_link(&draft, to).with_context(|| format!("writing {}", to.display()))?;
    let beside = to.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(beside)?.sync_all()?;
    Ok(())
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// What a backup says of itself.
pub(super) fn manifest(file: &Path) -> anyhow::Result<Manifest> {
    let mut tar = open(file)?;
    let first = tar.entries()?.next().context("it is empty")?;
    let first = first.context("it is no backup of a house")?;
    ensure!(first.path()?.to_str() == Some(MANIFEST), "it is no backup of a house");
    let mut text = String::new();
    first.take(MANIFEST_BYTES_MAX).read_to_string(&mut text)?;
    let manifest: Manifest = serde_json::from_str(&text).context("what it says of itself")?;
    ensure!(
        manifest.format <= FORMAT,
        "it was made by a newer mendline ({}); use that one",
        manifest.version
    );
    Ok(manifest)
}

/// Unpacks the files that the manifest names, and nothing else, and compares their digests.
pub(super) fn unpack(file: &Path, manifest: &Manifest, folder: &Path) -> anyhow::Result<()> {
    let mut unpacked = Vec::new();
    for entry in open(file)?.entries()?.skip(1) {
        let mut entry = entry?;
        let name = entry.path()?.to_str().map(str::to_owned).unwrap_or_default();
        let Some(kept) = manifest.files.get(&name).filter(|_| is_plain(&name)) else {
            bail!("it holds something that it does not speak of");
        };
        let mut to = private(&folder.join(&name))?;
        let (bytes, sha256) = pour(&mut entry, &mut to)?;
        ensure!(
            (bytes, &sha256) == (kept.bytes, &kept.sha256),
            "{name} is not as it was written: the backup is damaged"
        );
        to.sync_all()?;
        unpacked.push(name);
    }
    let missing = manifest.files.keys().find(|it| !unpacked.contains(it));
    ensure!(missing.is_none(), "{} is missing in it", missing.map_or("", |it| it));
    Ok(())
}

/// A name without a folder before it.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
}

fn open(file: &Path) -> anyhow::Result<tar::Archive<File>> {
    let file = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    Ok(tar::Archive::new(file))
}
