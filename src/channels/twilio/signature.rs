//! Whether a webhook comes from Twilio: `X-Twilio-Signature` is an HMAC-SHA1, under the account's
//! token, of the address as Twilio called it and everything in the form (twilio.com/docs/usage/
//! security). It carries no time: a request that is replayed is recognised by its message's id.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The header.
pub const HEADER: &str = "x-twilio-signature";

/// Whether the signature is one that Twilio makes for this form at this address. Like the vendor's
/// own validator, takes it with and without the scheme's port, since Twilio signs either. The
/// comparison takes as long for a wrong signature as for a right one.
pub fn is_genuine(token: &str, url: &str, form: &[(String, String)], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature.trim()) else { return false };
    let rest = rest(form);
    let mut genuine = false;
    for url in variants(url) {
        genuine |= mac(token, &url, &rest).verify_slice(&signature).is_ok();
    }
    genuine
}

/// The signature, as the header carries it.
pub fn sign(token: &str, url: &str, form: &[(String, String)]) -> String {
    STANDARD.encode(mac(token, url, &rest(form)).finalize().into_bytes())
}

fn mac(token: &str, url: &str, rest: &str) -> Hmac<Sha1> {
    let mac = Hmac::<Sha1>::new_from_slice(token.as_bytes());
    mac.expect("HMAC takes any key").chain_update(url).chain_update(rest)
}

/// The form as it is signed: names in order, each with its value; a pair that comes twice, once.
fn rest(form: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = form.iter().collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect()
}

/// The address without a port, and with one.
fn variants(url: &str) -> [String; 2] {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let port = host.rfind(':').filter(|at| host[at + 1..].bytes().all(|it| it.is_ascii_digit()));
    let (bare, with) = match port {
        Some(at) => (&host[..at], host.to_owned()),
        None => (host, format!("{host}:{}", if scheme == "http" { 80 } else { 443 })),
    };
    [format!("{scheme}://{bare}{path}"), format!("{scheme}://{with}{path}")]
}
