//! What is private is sealed under the key of the person whom it concerns, and bound to its
//! place: a row moved to another payer, person, table or row does not open there.

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use rand::RngCore;
use zeroize::Zeroizing;

use super::KEY_BYTES;

/// Length of an XChaCha20 nonce, in bytes: long enough to draw at random for every row.
const NONCE_BYTES: usize = 24;

/// A person's key, unwrapped. It leaves memory clean.
#[derive(Clone)]
pub struct PersonKey(Zeroizing<[u8; KEY_BYTES]>);

impl PersonKey {
    pub(super) fn from_bytes(bytes: &[u8; KEY_BYTES]) -> PersonKey {
        PersonKey(Zeroizing::new(*bytes))
    }
}

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonKey(…)")
    }
}

/// Where something sealed lies.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The payer.
    pub payer: &'a str,
    /// Under whose key.
    pub person: &'a str,
    /// The table and column.
    pub table: &'a str,
    /// The row.
    pub row: &'a str,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.payer, self.person, self.table, self.row] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }
}

/// It does not open: the wrong key, the wrong place, or somebody touched it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed under another key, moved, or broken")]
pub struct Broken;

/// Seals: nonce, then ciphertext with its tag.
pub fn seal(key: &PersonKey, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    rand::rng().fill_bytes(&mut nonce);
    let payload = Payload { msg: plain, aad: &place.bytes() };
    let sealed = cipher(key)
        .encrypt(&nonce.into(), payload)
        .expect("nothing of ours comes near the 256 GiB that one nonce can seal");
    [nonce.as_slice(), &sealed].concat()
}

/// Opens what [`seal`] sealed in the same place under the same key.
pub fn open(key: &PersonKey, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Broken> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Broken)?;
    let payload = Payload { msg: sealed, aad: &place.bytes() };
    cipher(key).decrypt(nonce.into(), payload).map_err(|_| Broken)
}

fn cipher(key: &PersonKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> =
        Place { payer: "acme", person: "ana", table: "messages.body", row: "7" };

    fn key() -> PersonKey {
        PersonKey::from_bytes(&[3; KEY_BYTES])
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let sealed = seal(&key(), &PLACE, b"gabapentin");
        assert_eq!(open(&key(), &PLACE, &sealed).unwrap(), b"gabapentin");
        for elsewhere in [
            Place { payer: "birch", ..PLACE },
            Place { person: "bob", ..PLACE },
            Place { table: "lines.body", ..PLACE },
            Place { row: "8", ..PLACE },
        ] {
            assert_eq!(open(&key(), &elsewhere, &sealed), Err(Broken), "{elsewhere:?}");
        }
    }

    #[test]
    fn the_same_words_never_look_the_same() {
        assert_ne!(seal(&key(), &PLACE, b"yes"), seal(&key(), &PLACE, b"yes"));
    }

    #[test]
    fn what_was_touched_or_cut_does_not_open() {
        let sealed = seal(&key(), &PLACE, b"yes");
        let mut touched = sealed.clone();
        *touched.last_mut().unwrap() ^= 1;
        assert_eq!(open(&key(), &PLACE, &touched), Err(Broken));
        assert_eq!(open(&key(), &PLACE, &sealed[..10]), Err(Broken));
    }
}
