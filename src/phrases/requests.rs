//! How people call a request where nothing private may stand: by a number that they can say on the
//! phone, and by when it is due. Pure.

use mendline_engine::render::{Reader, write_value};
use mendline_engine::time::Timestamp;
use mendline_engine::time::zone::zone;
use mendline_engine::types::Type;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// What begins the lane of what is said outside any conversation (`EffectRef`).
const OUTSIDE: &str = "person/";
/// Letters and digits that nobody mistakes for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Signs of a request's number, 5 bits each. It is for people: links and commands name the
/// conversation itself.
const NUMBER_SIGNS: usize = 8;

/// The conversation, if it is one: what is said outside any is no request.
pub fn request(conversation: &str) -> Option<&str> {
    Some(conversation).filter(|it| !it.starts_with(OUTSIDE))
}

/// The number of the request that a conversation is: `7K4M-92QP`.
pub fn number(conversation: &str) -> Option<String> {
    let digest = Sha256::digest(request(conversation)?.as_bytes());
    let bits = digest.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let sign = |at: usize| char::from(ALPHABET[(bits >> (5 * at)) as usize % ALPHABET.len()]);
    let signs: String = (0..NUMBER_SIGNS).map(sign).collect();
    let (first, last) = signs.split_at(NUMBER_SIGNS / 2);
    Some(format!("{first}-{last}"))
}

/// `Request 7K4M-92QP, due Nov 24, 5:00 PM`, in the reader's own language and zone.
pub fn heading(
    conversation: &str,
    due: Option<Timestamp>,
    language: &str,
    zone_name: &str,
) -> Option<String> {
    let number = number(conversation)?;
    let spanish = is_spanish(language);
    let request = if spanish { "Solicitud" } else { "Request" };
    let due = due.map(|it| {
        let reader = Reader { language, zone: zone(zone_name) };
        let due = write_value(&json!(it.0), &Type::Instant, Some("short"), reader);
        format!(", {} {due}", if spanish { "para el" } else { "due" })
    });
    Some(format!("{request} {number}{}", due.unwrap_or_default()))
}

/// Whether words in this language are our Spanish ones.
pub fn is_spanish(language: &str) -> bool {
    language.split(['-', '_']).next() == Some("es")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_says_which_request_and_by_when_in_each_language() {
        let due = Timestamp::parse("2026-11-25T01:00:00Z");
        let number = number("c1").unwrap();
        let english = heading("c1", due, "en", "America/Los_Angeles").unwrap();
        assert!(english.starts_with(&format!("Request {number}, due ")), "{english}");
        assert!(english.contains("5:00"), "in the reader's zone: {english}");
        let spanish = heading("c1", None, "es-MX", "America/Los_Angeles").unwrap();
        assert_eq!(spanish, format!("Solicitud {number}"));
        assert_eq!(heading("person/dana/7", due, "en", ""), None, "that is no request");
    }
}
