//! Keys: the operator's key, the per-person keys it wraps, keyed indexes, signed tokens.
//!
//! One operator key of 32 bytes; every purpose gets its own subkey through HKDF-SHA256, so that
//! a token of one purpose can never pass for another. It refuses to make up a key where one is
//! there but broken: a house that starts with the wrong key would write what nobody can read.

mod file;
mod person;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand::{Rng, RngCore};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

pub use file::KeyError;
pub use person::{Broken, PersonKey, Place, open, seal};

/// Length of every key, in bytes.
pub const KEY_BYTES: usize = 32;

/// Separates our derivations from anybody else's use of the same operator key.
const SALT: &[u8] = b"mendline/vault/1";

/// Kinds of which every character counts. In all others white space and dashes inside are
/// dropped, because people write claim and phone numbers with and without them.
const KINDS_VERBATIM: [&str; 3] = ["login", "person", "token"];

/// The operator's key and what is derived from it.
#[derive(Clone)]
pub struct Vault {
    root: Zeroizing<[u8; KEY_BYTES]>,
    index: Zeroizing<[u8; KEY_BYTES]>,
    wrap: PersonKey,
}

impl Vault {
    /// A vault over the operator's key.
    pub fn from_key(mut key: [u8; KEY_BYTES]) -> Vault {
        let root = Zeroizing::new(key);
        key.zeroize();
        let index = derive(&root, "index");
        let wrap = PersonKey::from_bytes(&derive(&root, "wrap"));
        Vault { root, index, wrap }
    }

    /// The keyed index of a value: equal for equal values of one payer and kind (`claim`,
    /// `phone`, `login`), and telling nothing to whoever has no key. White space around and
    /// letter case do not count.
    pub fn index(&self, payer: &str, kind: &str, value: &str) -> String {
        let mut mac = mac(&self.index);
        for part in [payer, kind, &normal(kind, value)] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// A token that carries `payload` in the open and cannot be forged or used for another
    /// purpose. When it expires is the caller's to put into the payload.
    pub fn sign(&self, purpose: &str, payload: &Value) -> String {
        let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
        let tag = self.tag(purpose, &payload);
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// The payload of a token that [`Vault::sign`] made for this purpose; `None` for any other.
    pub fn open_signed(&self, purpose: &str, token: &str) -> Option<Value> {
        let (payload, tag) = token.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        if !bool::from(tag.ct_eq(&self.tag(purpose, payload))) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    /// Makes a key for a person: the key, and its wrapped form for the store.
    pub fn new_person_key(&self, payer: &str, person: &str) -> (PersonKey, Vec<u8>) {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rand::rng().fill_bytes(bytes.as_mut());
        let key = PersonKey::from_bytes(&bytes);
        let wrapped = seal(&self.wrap, &wrapping(payer, person), bytes.as_ref());
        (key, wrapped)
    }

    /// Unwraps a person's key.
    pub fn unwrap(&self, payer: &str, person: &str, wrapped: &[u8]) -> Result<PersonKey, Broken> {
        let bytes = Zeroizing::new(open(&self.wrap, &wrapping(payer, person), wrapped)?);
        let bytes: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| Broken)?;
        Ok(PersonKey::from_bytes(bytes))
    }

    /// A few bytes that tell one operator key from another and reveal nothing of it, so that a
    /// store can refuse to open under the wrong one.
    pub fn fingerprint(&self) -> String {
        hex(&derive(&self.root, "fingerprint")[..8])
    }

    fn tag(&self, purpose: &str, payload: &str) -> [u8; 32] {
        let mut mac = mac(&derive(&self.root, &format!("sign/{purpose}")));
        mac.update(payload.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

/// The digest under which a token (a session, a nonce) is kept: hex SHA-256. Enough without a
/// key, because our tokens are random.
pub fn digest_token(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// A token nobody can guess: 32 random bytes, URL-safe.
pub fn random_token() -> String {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    rand::rng().fill_bytes(bytes.as_mut());
    URL_SAFE_NO_PAD.encode(bytes.as_ref())
}

/// A code that people type: six digits, each as likely as another.
pub fn random_code() -> String {
    format!("{:06}", rand::rng().random_range(0..1_000_000))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

fn wrapping<'a>(payer: &'a str, person: &'a str) -> Place<'a> {
    Place { payer, person, table: "person_keys", row: "" }
}

fn derive(root: &[u8; KEY_BYTES], purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Hkdf::<Sha256>::new(Some(SALT), root)
        .expand(purpose.as_bytes(), key.as_mut())
        .expect("32 bytes are well below the limit of HKDF");
    key
}

fn mac(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn normal(kind: &str, value: &str) -> String {
    let lower = value.trim().to_lowercase();
    if KINDS_VERBATIM.contains(&kind) {
        return lower;
    }
    lower.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '‑' | '–')).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vault() -> Vault {
        Vault::from_key([7; KEY_BYTES])
    }

    #[test]
    fn a_claim_number_matches_however_it_is_written() {
        let it = vault().index("acme", "claim", "WC-2026-0417");
        for written in [" wc-2026-0417", "WC 2026 0417", "wc20260417\n"] {
            assert_eq!(vault().index("acme", "claim", written), it, "{written:?}");
        }
    }

    #[test]
    fn an_index_tells_payers_kinds_and_keys_apart() {
        let it = vault().index("acme", "claim", "1");
        assert_ne!(vault().index("birch", "claim", "1"), it);
        assert_ne!(vault().index("acme", "phone", "1"), it);
        assert_ne!(vault().index("acmec", "laim", "1"), it);
        assert_ne!(Vault::from_key([8; KEY_BYTES]).index("acme", "claim", "1"), it);
    }

    #[test]
    fn a_dash_in_a_login_counts() {
        assert_ne!(vault().index("", "login", "ana-b"), vault().index("", "login", "anab"));
    }

    #[test]
    fn a_signed_token_opens_for_its_purpose_alone() {
        let payload = json!({"person": "ana", "until": 5});
        let token = vault().sign("invite", &payload);
        assert_eq!(vault().open_signed("invite", &token), Some(payload));
        assert_eq!(vault().open_signed("session", &token), None);
        assert_eq!(Vault::from_key([8; KEY_BYTES]).open_signed("invite", &token), None);
    }

    #[test]
    fn a_token_that_was_touched_is_refused() {
        let token = vault().sign("invite", &json!({"person": "ana"}));
        let forged = vault().sign("other", &json!({"person": "bob"}));
        let (_, tag) = token.split_once('.').unwrap();
        let (payload, _) = forged.split_once('.').unwrap();
        for bad in
            [format!("{payload}.{tag}"), payload.to_string(), format!("{token}A"), ".".into()]
        {
            assert_eq!(vault().open_signed("invite", &bad), None, "{bad}");
        }
    }

    #[test]
    fn tokens_differ_and_their_digest_is_stable() {
        assert_ne!(random_token(), random_token());
        assert_eq!(random_token().len(), 43);
        assert_eq!(digest_token("a"), digest_token("a"));
        assert_eq!(digest_token("a").len(), 64);
    }

    #[test]
    fn a_wrapped_key_belongs_to_one_person_of_one_payer() {
        let (key, wrapped) = vault().new_person_key("acme", "ana");
        let again = vault().unwrap("acme", "ana", &wrapped).unwrap();
        let place = Place { payer: "acme", person: "ana", table: "t", row: "1" };
        assert_eq!(open(&again, &place, &seal(&key, &place, b"words")).unwrap(), b"words");
        assert!(vault().unwrap("acme", "bob", &wrapped).is_err());
        assert!(vault().unwrap("birch", "ana", &wrapped).is_err());
        assert!(Vault::from_key([8; KEY_BYTES]).unwrap("acme", "ana", &wrapped).is_err());
    }
}
