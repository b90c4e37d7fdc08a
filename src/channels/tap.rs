//! What a button carries: the question and the choice, in the few bytes that a chat app gives. Pure.
//!
//! `u`, 16 bytes of the conversation's UUID in base64url, `turn.index`, `:`, the choice. A
//! conversation that is no UUID stands as it is behind `c`, its length and `:`. A choice that does
//! not fit goes as `#` and a digest of its key, which [`choice_of`] finds again among the buttons
//! of the question: by what it is, not by where it stands, because a private form shows fewer
//! buttons and a list may have moved.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use mendline_engine::message::EffectKey;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::store::EffectRef;

/// 16 bytes in base64url without padding.
const UUID_CHARS: usize = 22;
/// Bytes of a digest that stands for a choice: among the few buttons of one question, 48 bits do
/// not meet by chance, and whoever could make them meet writes the flow.
const DIGEST_BYTES: usize = 6;
/// What a digest begins with.
const DIGEST: char = '#';

/// The data of one button, in at most so many bytes; nothing where even the question alone does not
/// fit.
pub fn encode(question: &EffectRef, choice: &str, bytes_max: usize) -> Option<String> {
    let of = &question.conversation;
    let conversation = match Uuid::parse_str(of) {
        Ok(id) if id.to_string() == *of => format!("u{}", BASE64.encode(id.as_bytes())),
        _ => format!("c{}:{of}", of.len()),
    };
    let head = format!("{conversation}{}:", question.key);
    let fits = |it: &String| it.len() <= bytes_max;
    let plain = !choice.is_empty() && !choice.starts_with(DIGEST);
    let whole = plain.then(|| format!("{head}{choice}")).filter(fits);
    whole.or_else(|| Some(format!("{head}{}", digest(choice))).filter(fits))
}

/// The question and the choice of a button's data; nothing, if it is none of ours.
pub fn decode(data: &str) -> Option<(EffectRef, String)> {
    let (conversation, rest) = if let Some(rest) = data.strip_prefix('u') {
        let (id, rest) = rest.split_at_checked(UUID_CHARS)?;
        let id: [u8; 16] = BASE64.decode(id).ok()?.try_into().ok()?;
        (Uuid::from_bytes(id).to_string(), rest)
    } else {
        let (bytes, rest) = data.strip_prefix('c')?.split_once(':')?;
        let (of, rest) = rest.split_at_checked(bytes.parse().ok()?)?;
        (of.to_owned(), rest)
    };
    let (key, choice) = rest.split_once(':')?;
    let key: EffectKey = key.parse().ok()?;
    Some((EffectRef { conversation, key }, choice.to_owned()))
}

/// The key that a decoded choice means, among the keys of the question's buttons. What is no
/// digest means itself, whether it is offered or not: the engine answers that.
pub fn choice_of<'a>(choice: &'a str, keys: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if !choice.starts_with(DIGEST) {
        return Some(choice);
    }
    keys.into_iter().find(|key| digest(key) == choice)
}

fn digest(choice: &str) -> String {
    let whole = Sha256::digest(choice.as_bytes());
    format!("{DIGEST}{}", BASE64.encode(&whole[..DIGEST_BYTES]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As little as Telegram gives.
    const BYTES: usize = 64;

    fn question(text: &str) -> EffectRef {
        text.parse().unwrap()
    }

    #[test]
    fn a_tap_names_its_question_and_its_choice() {
        for of in ["0190a3c2-7b1e-7cc3-9d6f-2f1f4b0d9a11/17.3", "c1/0.0", "person/ana/7/0.1"] {
            for choice in ["send", "a:b/c.d", "número", ""] {
                let data = encode(&question(of), choice, BYTES).unwrap();
                assert!(data.len() <= BYTES, "{data}");
                let (named, said) = decode(&data).unwrap();
                assert_eq!(named, question(of));
                assert_eq!(choice_of(&said, ["x", choice, "y"]), Some(choice));
            }
        }
    }

    #[test]
    fn a_choice_that_does_not_fit_is_found_among_the_buttons() {
        let long = "gabapentin 300 mg capsules, ninety of them";
        let last = question("0190a3c2-7b1e-7cc3-9d6f-2f1f4b0d9a11/4294967295.4294967295");
        let data = encode(&last, long, BYTES);
        let (_, choice) = decode(&data.unwrap()).unwrap();
        assert!(choice.starts_with('#'));
        assert_eq!(choice_of(&choice, ["other", long]), Some(long));
        assert_eq!(choice_of(&choice, ["other"]), None, "it is not offered any more");
        assert_eq!(choice_of("send", ["other"]), Some("send"));
        let roomier = encode(&last, long, 100).unwrap();
        assert_eq!(decode(&roomier).unwrap().1, long, "where there is more room it goes whole");
    }

    #[test]
    fn a_key_that_looks_like_a_digest_is_none() {
        let (_, choice) = decode(&encode(&question("c1/3.0"), "#1", BYTES).unwrap()).unwrap();
        assert_ne!(choice, "#1");
        assert_eq!(choice_of(&choice, ["#1", "#2"]), Some("#1"));
    }

    #[test]
    fn a_conversation_that_fits_no_button_has_none() {
        assert_eq!(encode(&question(&format!("{}/0.0", "x".repeat(60))), "a", BYTES), None);
    }

    #[test]
    fn data_of_others_is_no_tap() {
        for data in ["", "u", "c", "c9:c10.0:a", "u----------------------1.1:a", "c2:é1.1:a", "yes"]
        {
            assert_eq!(decode(data).filter(|_| data != "c2:é1.1:a"), None, "{data}");
        }
        assert_eq!(decode("c1:é1.1:a"), None, "inside a letter");
    }
}
