//! Pictures, recordings and papers that people send: what is taken, and how much. Nothing here reads
//! them. They are kept sealed under the sender's key, until she is forgotten, for a person to look at.

use mendline_engine::time::Timestamp;
use tracing::info;

use crate::channels::Channel;
use crate::channels::inward::NoFile;
use crate::house::House;
use crate::store::StoreError;
use crate::store::media::{NewFile, Share, Took};
use crate::store::reach::Whose;
use crate::vault::digest_token;

/// Largest file, in bytes: a phone's photograph as it leaves the camera, or several minutes of
/// speech. Carriers carry less (MMS: 5 MB), our page makes pictures smaller before it sends them.
pub const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Files of one person in a day: a few papers, page by page.
const DAY_FILES_MAX: u32 = 20;
/// Bytes of one person in a day.
const DAY_BYTES_MAX: u64 = 40 * 1024 * 1024;
/// The span of both, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Characters of a digest that name a file among one person's.
const ID_CHARS: usize = 32;

/// What is taken, by what the bytes say, and the ending of its name: pictures, papers as pharmacies
/// print them, and what phones record. Nothing that runs.
const TAKEN: [(&str, &str); 15] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/heif", "heic"),
    ("application/pdf", "pdf"),
    ("audio/ogg", "ogg"),
    ("audio/opus", "opus"),
    ("audio/mpeg", "mp3"),
    ("audio/m4a", "m4a"),
    ("audio/aac", "aac"),
    ("audio/amr", "amr"),
    ("audio/x-wav", "wav"),
    // Browsers and phones put a recording of a voice into a film without pictures.
    ("video/webm", "webm"),
    ("video/mp4", "mp4"),
];

/// The ending of a name for what is of this kind.
pub fn ending(mime: &str) -> &'static str {
    TAKEN.iter().find(|it| it.0 == mime).map_or("bin", |it| it.1)
}

/// What bytes are, if that is taken. What somebody calls them does not count.
pub fn kind(bytes: &[u8]) -> Option<&'static str> {
    let found = infer::get(bytes)?.mime_type();
    TAKEN.iter().map(|it| it.0).find(|it| *it == found)
}

/// Keeps what somebody sent; answers its id among hers, or why not. `act` is the channel's own id of
/// her sending it: a second time is the same file.
pub async fn keep(
    house: &House,
    whose: &Whose,
    (channel, act): (&str, &str),
    bytes: Vec<u8>,
) -> Result<Result<String, NoFile>, StoreError> {
    if bytes.is_empty() {
        return Ok(Err(NoFile::Empty));
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Ok(Err(NoFile::TooLarge));
    }
    let Some(mime) = kind(&bytes) else { return Ok(Err(NoFile::OtherKind)) };
    let mut id = digest_token(&format!("{channel}/{act}"));
    id.truncate(ID_CHARS);
    let at = house.clock.now();
    let file = NewFile {
        whose: whose.clone(),
        id: id.clone(),
        channel: channel.to_owned(),
        mime: mime.to_owned(),
        bytes,
        at,
    };
    let share =
        Share { since: Timestamp(at.0 - DAY_MS), files: DAY_FILES_MAX, bytes: DAY_BYTES_MAX };
    Ok(match house.store.files().keep(&file, share).await? {
        Took::Kept => Ok(id),
        Took::TooMuch => Err(NoFile::TooMuch),
    })
}

/// Fetches a file from whoever runs the channel, and keeps it.
pub async fn fetch(
    house: &House,
    whose: &Whose,
    (channel, act): (&dyn Channel, &str),
    file: &str,
) -> Result<Result<String, NoFile>, StoreError> {
    let name = channel.profile().name;
    match channel.fetch(file, FILE_BYTES_MAX).await {
        Ok(bytes) => keep(house, whose, (name, act), bytes).await,
        Err(why) => {
            info!(channel = name, %why, "a file that somebody sent is not kept");
            Ok(Err(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_its_bytes_say_and_what_could_run_is_not_taken() {
        for (bytes, wanted) in [
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0".as_slice(), Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some("image/png")),
            (b"%PDF-1.7\n", Some("application/pdf")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("audio/x-wav")),
            (b"#!AMR\n\x3c\x91\x17\x16\xbe\x66", Some("audio/amr")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
            (b"<!doctype html><script>1</script>", None),
            (b"MZ\x90\0\x03\0\0\0", None),
            (b"PK\x03\x04\x14\0", None),
            (b"\x7fELF\x02\x01\x01", None),
            (b"words", None),
            (b"", None),
        ] {
            assert_eq!(kind(bytes), wanted, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn every_kind_has_an_ending() {
        for (mime, it) in TAKEN {
            assert_eq!(ending(mime), it);
        }
        assert_eq!(ending("text/html"), "bin");
    }
}
