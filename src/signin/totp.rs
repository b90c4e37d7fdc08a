//! A second factor for passwords of this house: codes that change with the time (RFC 6238), and
//! recovery codes for a lost phone. Pure but for chance.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use rand::RngCore;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use totp_rs::{Algorithm, TOTP};
use zeroize::Zeroizing;

use crate::store::entry::Lockout;
use crate::vault::digest_token;
use mendline_engine::time::Timestamp;

/// Bytes of a secret: as long as the hash (RFC 4226, section 4, R6).
const SECRET_BYTES: usize = 20;
/// Digits of a code, and seconds for which it is shown: what every authenticator app takes.
const DIGITS: usize = 6;
const STEP_S: u64 = 30;
/// Steps before and after now that count: a clock may be off, and typing takes time (RFC 6238,
/// section 5.2).
const SKEW: i64 = 1;
/// Recovery codes that somebody gets.
const RECOVERY_CODES: usize = 10;
/// Characters of one, 5 bits each: nobody guesses 50 bits in five tries.
const RECOVERY_CHARS: usize = 10;
/// Letters and digits that nobody confuses (Crockford's base 32).
const RECOVERY_LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Five tries at a million codes, then a quarter of an hour of nothing: as with passwords.
pub const LOCKOUT: Lockout = Lockout { tries_max: 5, lock_ms: 15 * 60 * 1_000 };
/// Who the codes are for, as authenticator apps show it.
const ISSUER: &str = "Mendline";

/// A secret that codes are made from.
pub struct Secret(Zeroizing<Vec<u8>>);

/// What somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A code that changes with the time.
    Code(String),
    /// A recovery code, as its digest.
    Recovery(String),
    /// Neither.
    Nothing,
}

impl Secret {
    /// A new one.
    pub fn new() -> Secret {
        let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES]);
        rand::rng().fill_bytes(&mut bytes);
        Secret(bytes)
    }

    /// One that was kept.
    pub fn of(bytes: Vec<u8>) -> Secret {
        Secret(Zeroizing::new(bytes))
    }

    /// Its bytes, to be kept sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As somebody types it who cannot take a picture, in groups of four.
    pub fn spelled(&self) -> String {
        let spelled = self.totp().get_secret_base32();
        let groups = spelled.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(" ")
    }

    /// The step of time whose code this is, if it is one of now.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let (totp, here) = (self.totp(), now.0.div_euclid(1_000 * STEP_S as i64));
        let mut found = 0;
        let mut any = Choice::from(0);
        for step in here - SKEW..=here + SKEW {
            let Ok(at) = u64::try_from(step) else { continue };
            let same = totp.generate(at * STEP_S).as_bytes().ct_eq(code.as_bytes());
            found.conditional_assign(&step, same);
            any |= same;
        }
        bool::from(any).then_some(found)
    }

    /// The code of a moment; for tests and demonstrations.
    pub fn code_at(&self, now: Timestamp) -> String {
        self.totp().generate(u64::try_from(now.0 / 1_000).unwrap_or_default())
    }

    /// The picture that an authenticator app reads, as SVG for a page; and the same as a link.
    pub fn picture(&self, login: &str) -> (String, String) {
        // What stands in the address of a code may not be anything.
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let login: String = login.chars().filter(|it| fine(*it)).collect();
        let secret = self.totp().get_secret_base32();
        let link = format!(
            "otpauth://totp/{ISSUER}:{login}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
        );
        let picture = QrCode::with_error_correction_level(&link, EcLevel::M).map(|code| {
            code.render::<svg::Color<'_>>().quiet_zone(true).min_dimensions(200, 200).build()
        });
        let picture = picture.unwrap_or_default();
        // A page has its own first line.
        let picture = picture.find("<svg").map_or_else(String::new, |at| picture[at..].to_owned());
        (picture, link)
    }

    fn totp(&self) -> TOTP {
        TOTP::new_unchecked(Algorithm::SHA1, DIGITS, 1, STEP_S, self.0.to_vec())
    }
}

impl Default for Secret {
    fn default() -> Secret {
        Secret::new()
    }
}

/// Recovery codes: as they are shown once, and their digests.
pub fn recovery() -> (Vec<String>, Vec<String>) {
    let code = || {
        let mut bytes = [0; RECOVERY_CHARS];
        rand::rng().fill_bytes(&mut bytes);
        let letters = bytes.map(|it| char::from(RECOVERY_LETTERS[usize::from(it % 32)]));
        let code: String = letters.iter().collect();
        format!("{}-{}", &code[..RECOVERY_CHARS / 2], &code[RECOVERY_CHARS / 2..])
    };
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| code()).collect();
    let digests = codes.iter().map(|it| digest_of(it)).collect();
    (codes, digests)
}

/// What somebody typed: codes are written with and without spaces and dashes, and letters that
/// look alike are the same.
pub fn read(typed: &str) -> Typed {
    let code: String = typed.chars().filter(|it| !it.is_whitespace() && *it != '-').collect();
    if code.len() == DIGITS && code.bytes().all(|it| it.is_ascii_digit()) {
        return Typed::Code(code);
    }
    let fine = code.len() == RECOVERY_CHARS && code.bytes().all(|it| it.is_ascii_alphanumeric());
    if fine { Typed::Recovery(digest_of(&code)) } else { Typed::Nothing }
}

fn digest_of(code: &str) -> String {
    let plain = code.to_lowercase().replace('-', "");
    digest_token(&plain.replace('o', "0").replace(['i', 'l'], "1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the secret of its SHA-1 rows.
    fn of_the_standard() -> Secret {
        Secret::of(b"12345678901234567890".to_vec())
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (at_s, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let now = Timestamp(at_s * 1_000);
            assert_eq!(of_the_standard().step_of(code, now), Some(at_s / 30), "{at_s}");
            assert_eq!(of_the_standard().code_at(now), code);
        }
    }

    #[test]
    fn a_code_counts_half_a_minute_before_and_after_and_no_longer() {
        let secret = Secret::new();
        let now = Timestamp(1_800_000_000_000);
        let code = secret.code_at(now);
        let step = now.0 / 30_000;
        assert_eq!(secret.step_of(&code, now.plus_ms(30_000)), Some(step));
        assert_eq!(secret.step_of(&code, now.plus_ms(-30_000)), Some(step));
        let later: Vec<_> = (2..200).map(|it| now.plus_ms(30_000 * it)).collect();
        let passes = later.iter().filter(|it| secret.step_of(&code, **it).is_some()).count();
        assert!(passes <= 2, "by chance alone: {passes}");
        for wrong in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(secret.step_of(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_typed_is_read_as_people_write_it() {
        assert_eq!(read(" 123 456 "), Typed::Code("123456".into()));
        let (codes, digests) = recovery();
        assert_eq!((codes.len(), digests.len()), (10, 10));
        assert_eq!(read(&codes[0]), Typed::Recovery(digests[0].clone()));
        assert_eq!(read(&codes[0].to_uppercase().replace('-', " ")), read(&codes[0]));
        assert_eq!(read("o1l-i0-00000"), read("01110-00000"));
        for nothing in ["", "12345", "1234567", "abc", "12345-6789ä", &"a".repeat(99)] {
            assert_eq!(read(nothing), Typed::Nothing, "{nothing}");
        }
    }

    #[test]
    fn the_picture_is_for_a_page_and_carries_nothing_else() {
        let (picture, link) = Secret::new().picture("dana\"><script>?x=1");
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>"), "{picture}");
        assert!(!picture.contains("script") && !picture.contains("style"), "{picture}");
        assert!(link.starts_with("otpauth://totp/Mendline:danascriptx1?secret="), "{link}");
    }

    #[test]
    fn a_secret_is_spelled_in_groups() {
        assert_eq!(of_the_standard().spelled(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }
}
