//! What people sent that is not words: pictures, recordings, papers.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;

use super::StoreError;
use super::reach::Whose;

/// A file on its way to disk.
#[derive(Clone, PartialEq)]
pub struct NewFile {
    /// Whose it is.
    pub whose: Whose,
    /// Its id among hers; a second time changes nothing.
    pub id: String,
    /// The channel that it came on.
    pub channel: String,
    /// What it is, as its bytes say: `image/jpeg`.
    pub mime: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// Without the bytes, so that no log ever holds them.
impl std::fmt::Debug for NewFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewFile({}, {} bytes)", self.mime, self.bytes.len())
    }
}

/// A file that is kept, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// Its id among the person's.
    pub id: String,
    /// The channel that it came on.
    pub channel: String,
    /// What it is.
    pub mime: String,
    /// How large.
    pub bytes: u64,
    /// When it came.
    pub at: Timestamp,
}

/// How much of one person's is taken within a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Since when what came counts.
    pub since: Timestamp,
    /// Files.
    pub files: u32,
    /// Bytes of all of them together.
    pub bytes: u64,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// It is on disk, now or since before.
    Kept,
    /// It is more than her share.
    TooMuch,
}

/// The part of the store that keeps files.
#[async_trait]
pub trait Files: Send + Sync {
    /// Keeps a file, sealed under its person's key, if it is within her share.
    async fn keep(&self, file: &NewFile, share: Share) -> Result<Took, StoreError>;

    /// A person's files, the latest first.
    async fn of(&self, whose: &Whose, limit: u32) -> Result<Vec<KeptFile>, StoreError>;

    /// One of her files with its bytes; nothing where there is none or she was forgotten.
    async fn open(
        &self,
        whose: &Whose,
        id: &str,
    ) -> Result<Option<(KeptFile, Vec<u8>)>, StoreError>;
}
