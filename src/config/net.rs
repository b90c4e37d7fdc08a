//! An address or a network: `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`.

use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;

/// A network; an address alone is the network of that one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    /// Whether an address is in it. An IPv4 address that came in over an IPv6 socket counts as
    /// what it is.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                same(u128::from(ours.to_bits()), u128::from(theirs.to_bits()), 32 - self.bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                same(ours.to_bits(), theirs.to_bits(), 128 - self.bits)
            }
            _ => false,
        }
    }
}

/// Whether two addresses are the same but for their last bits.
fn same(one: u128, other: u128, but: u8) -> bool {
    (one ^ other).checked_shr(u32::from(but)).unwrap_or(0) == 0
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Net, String> {
        let wrong = || format!("'{text}' is no address like 10.1.2.3 or network like 10.0.0.0/8");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |it| it.parse().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Net { address, bits }) }
    }
}

impl TryFrom<String> for Net {
    type Error = String;

    fn try_from(text: String) -> Result<Net, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_and_nobody_else() {
        let holds = |net: &str, it: &str| net.parse::<Net>().unwrap().holds(it.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.200.1.2") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"), "an IPv6 socket writes it so");
        assert!(holds("fd00::/8", "fdff::1") && !holds("fd00::/8", "fe00::1"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "fe80::1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in ["", "proxy", "10.0.0.0/33", "10.0.0.0/x", "::/129", "10.0.0.0/8/8"] {
            assert!(wrong.parse::<Net>().is_err(), "{wrong}");
        }
    }
}
