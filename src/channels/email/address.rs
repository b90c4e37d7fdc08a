//! Addresses: which texts are one, and how they are kept. Pure.

/// Longest address, in bytes (RFC 5321, 4.5.3.1.3: a path of 256 with its brackets).
const BYTES_MAX: usize = 254;
/// Longest part before the `@` (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest label of a domain (RFC 1035, 2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// Signs beside letters and digits that stand before the `@` without quotes (RFC 5322, 3.2.3).
const SIGNS: &[u8] = b"!#$%&'*+-/=?^_`{|}~";
/// What stands before the address of a sender that nothing proves. No address begins so, so that
/// nobody is met under it as somebody that we know.
const UNPROVED: &str = "unproved:";

/// An address as it is kept, in small letters: no mailbox of today tells `Ana@` from `ana@`.
/// `None` for what is no address, and for the kinds that people do not have (quoted, at a number,
/// outside ASCII): whoever has one is written to in another way.
pub fn normal(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let fine = text.len() <= BYTES_MAX && is_local(local) && is_domain(domain);
    fine.then(|| text.to_ascii_lowercase())
}

/// The part behind the `@`.
pub fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// How somebody is named who writes from an address that nothing proves to be hers: a stranger,
/// whoever has that address.
pub fn unproved(address: &str) -> String {
    format!("{UNPROVED}{address}")
}

/// Where to write to somebody who is named so.
pub fn mailbox(kept: &str) -> &str {
    kept.strip_prefix(UNPROVED).unwrap_or(kept)
}

/// An address as it stands in a link that begins a mail (RFC 6068, 2).
pub fn in_link(address: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b".-_+@".contains(&it);
    let sign = |it: u8| match plain(it) {
        true => char::from(it).to_string(),
        false => format!("%{it:02X}"),
    };
    address.bytes().map(sign).collect()
}

fn is_local(text: &str) -> bool {
    let fine = |it: u8| it.is_ascii_alphanumeric() || SIGNS.contains(&it);
    text.len() <= LOCAL_BYTES_MAX
        && text.split('.').all(|it| !it.is_empty() && it.bytes().all(fine))
}

/// A name with a dot in it, as the world knows them.
pub fn is_domain(text: &str) -> bool {
    let label = |it: &str| {
        (1..=LABEL_BYTES_MAX).contains(&it.len())
            && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
            && !it.starts_with('-')
            && !it.ends_with('-')
    };
    text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_small_letters() {
        assert_eq!(
            normal(" Ana.B+claims@Example.COM\n").as_deref(),
            Some("ana.b+claims@example.com")
        );
        assert_eq!(domain("ana@example.com"), "example.com");
    }

    #[test]
    fn what_could_end_a_line_or_name_two_people_is_no_address() {
        for wrong in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "ana@example",
            "ana@example..com",
            "ana@-example.com",
            ".ana@example.com",
            "a..b@example.com",
            "a b@example.com",
            "ana@example.com\r\nBcc: eve@example.com",
            "ana@example.com>,<eve@example.com",
            "ana,eve@example.com",
            "\"ana b\"@example.com",
            "ana@[192.0.2.1]",
            "añá@example.com",
            "ana@exämple.com",
            "unproved:ana@example.com",
        ] {
            assert_eq!(normal(wrong), None, "{wrong:?}");
        }
        assert_eq!(normal(&format!("{}@example.com", "a".repeat(65))), None);
        assert_eq!(normal(&format!("a@{}.com", "b.".repeat(130))), None);
    }

    #[test]
    fn nobody_is_met_as_somebody_known_under_an_address_that_nothing_proves() {
        let it = unproved("ana@example.com");
        assert_eq!(normal(&it), None);
        assert_eq!(mailbox(&it), "ana@example.com");
        assert_eq!(mailbox("ana@example.com"), "ana@example.com");
    }

    #[test]
    fn a_link_names_an_address_and_nothing_more() {
        assert_eq!(in_link("care+b.c@example.com"), "care+b.c@example.com");
        assert_eq!(in_link("a?b&c%d@example.com"), "a%3Fb%26c%25d@example.com");
    }
}
