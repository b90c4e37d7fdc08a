//! Names of mails: an id that a second try has again, one thread a request, and a number that
//! people can say on the phone. Pure.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::phrases::requests;
use crate::store::MessageRef;
use crate::vault::{Vault, hex};

/// Bytes of a digest that name a thread or a border: more than will ever meet by chance.
const NAME_BYTES: usize = 16;

/// The id of a message's mail, without brackets. The same message to the same address has the
/// same one at every attempt; nobody else can make one, so that a bounce that names it is about
/// that mail.
pub fn message_id(vault: &Vault, domain: &str, key: &MessageRef, to: &str) -> String {
    let token = vault.sign(&purpose(to), &json!([key.payer, key.effect.to_string()]));
    format!("{token}@{domain}")
}

/// The message whose mail to this address has this id, if it is one of ours.
pub fn message(vault: &Vault, id: &str, to: &str) -> Option<MessageRef> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let (token, _) = id.rsplit_once('@')?;
    let payload = vault.open_signed(&purpose(to), token)?;
    let (payer, effect): (String, String) = serde_json::from_value(payload).ok()?;
    Some(MessageRef { payer, effect: effect.parse().ok()? })
}

fn purpose(to: &str) -> String {
    format!("email/{to}")
}

/// The id of the thread that a message belongs to: all of one conversation refer to it, and no
/// mail has it itself. None for what is said outside any conversation.
pub fn thread_id(domain: &str, key: &MessageRef) -> Option<String> {
    let conversation = requests::request(&key.effect.conversation)?;
    Some(format!("{}@{domain}", name(&["thread", &key.payer, conversation])))
}

/// The number of the request that a message is about: `7K4M-92QP`.
pub fn number(key: &MessageRef) -> Option<String> {
    requests::number(&key.effect.conversation)
}

/// What separates the parts of a mail. It is the same at every attempt, too.
pub fn border(message_id: &str) -> String {
    format!("mendline-{}", name(&["border", message_id]))
}

/// A digest that says which, and not what.
pub fn name(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    hex(&digest.finalize()[..NAME_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(effect: &str) -> MessageRef {
        MessageRef { payer: "northwind".into(), effect: effect.parse().unwrap() }
    }

    #[test]
    fn a_second_try_has_the_same_id_and_nobody_else_can_make_it() {
        let vault = Vault::from_key([7; 32]);
        let id = message_id(&vault, "example.com", &key("c1/3.0"), "ana@example.net");
        assert_eq!(id, message_id(&vault, "example.com", &key("c1/3.0"), "ana@example.net"));
        assert_ne!(id, message_id(&vault, "example.com", &key("c1/3.1"), "ana@example.net"));
        assert_eq!(message(&vault, &format!("<{id}>"), "ana@example.net"), Some(key("c1/3.0")));
        assert_eq!(message(&vault, &id, "eve@example.net"), None, "it went to somebody else");
        let other = Vault::from_key([8; 32]);
        let forged = message_id(&other, "example.com", &key("c1/3.0"), "ana@example.net");
        assert_eq!(message(&vault, &forged, "ana@example.net"), None);
        assert_eq!(message(&vault, "<>", "ana@example.net"), None);
    }

    #[test]
    fn a_request_is_one_thread_and_one_number() {
        let (one, same, other) = (key("c1/3.0"), key("c1/9.2"), key("c2/3.0"));
        assert_eq!(thread_id("a.example", &one), thread_id("a.example", &same));
        assert_ne!(thread_id("a.example", &one), thread_id("a.example", &other));
        assert_eq!(number(&one), number(&same));
        assert_ne!(number(&one), number(&other));
        assert_eq!(number(&one).map(|it| it.len()), Some(9));
        let outside = key("person/ana/7/0.0");
        assert_eq!((thread_id("a.example", &outside), number(&outside)), (None, None));
    }
}
