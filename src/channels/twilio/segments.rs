//! How many text messages a text becomes, which is what it costs and how it arrives.
//!
//! A phone's message holds 140 bytes: 160 characters of the GSM 7-bit alphabet, or 70 units of
//! UCS-2 if a single character is outside that alphabet. A longer text is sent in segments that
//! lose seven or three of them to the header that joins them again (3GPP TS 23.038 and 23.040).

use serde::Serialize;

/// The GSM 7-bit default alphabet, 3GPP TS 23.038 table 6.2.1, without its escape.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
                   ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension, table 6.2.1.1: an escape and a character, two places.
const GSM_EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// Seven bits a character, two places for those of the extension.
    #[serde(rename = "gsm-7")]
    Gsm7,
    /// Sixteen bits a unit, two units for characters beyond the basic plane.
    #[serde(rename = "ucs-2")]
    Ucs2,
}

impl Encoding {
    /// What one message holds alone, in places.
    pub const fn alone(self) -> usize {
        match self {
            Encoding::Gsm7 => 160,
            Encoding::Ucs2 => 70,
        }
    }

    /// What each segment of a longer text holds, in places.
    pub const fn joined(self) -> usize {
        match self {
            Encoding::Gsm7 => 153,
            Encoding::Ucs2 => 67,
        }
    }

    /// Places that a character takes. It is never torn apart between two segments.
    fn places(self, it: char) -> usize {
        match self {
            Encoding::Gsm7 if GSM_EXTENSION.contains(it) => 2,
            Encoding::Gsm7 => 1,
            Encoding::Ucs2 => it.len_utf16(),
        }
    }
}

/// What a text becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Segments {
    /// How it travels.
    pub encoding: Encoding,
    /// In how many messages.
    pub count: usize,
}

/// Counts a text's segments.
pub fn segments(text: &str) -> Segments {
    Segments { encoding: encoding(text), count: cut(text).len() }
}

/// How a text travels: one character outside the alphabet takes the whole text with it.
pub fn encoding(text: &str) -> Encoding {
    if text.chars().all(in_gsm) { Encoding::Gsm7 } else { Encoding::Ucs2 }
}

/// Whether a character is in the 7-bit alphabet or its extension. Of the letters of Spanish, á, í,
/// ó, ú, Á, Í, Ó and Ú are not.
pub fn in_gsm(it: char) -> bool {
    GSM.contains(it) || GSM_EXTENSION.contains(it)
}

/// The text of each segment.
pub fn cut(text: &str) -> Vec<&str> {
    let encoding = encoding(text);
    let places: usize = text.chars().map(|it| encoding.places(it)).sum();
    if places <= encoding.alone() {
        return vec![text];
    }
    let mut cut = Vec::new();
    let (mut from, mut taken) = (0, 0);
    for (at, it) in text.char_indices() {
        let needed = encoding.places(it);
        if taken + needed > encoding.joined() {
            cut.push(&text[from..at]);
            (from, taken) = (at, 0);
        }
        taken += needed;
    }
    cut.push(&text[from..]);
    cut
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counted(text: &str) -> (Encoding, usize) {
        let it = segments(text);
        (it.encoding, it.count)
    }

    #[test]
    fn the_alphabet_is_whole() {
        assert_eq!(GSM.chars().count(), 127);
        assert_eq!(GSM_EXTENSION.chars().count(), 10);
    }

    #[test]
    fn segments_end_where_the_standard_says() {
        use Encoding::{Gsm7, Ucs2};
        assert_eq!(counted(""), (Gsm7, 1));
        assert_eq!(counted(&"a".repeat(160)), (Gsm7, 1));
        assert_eq!(counted(&"a".repeat(161)), (Gsm7, 2));
        assert_eq!(counted(&"a".repeat(306)), (Gsm7, 2));
        assert_eq!(counted(&"a".repeat(307)), (Gsm7, 3));
        assert_eq!(counted(&"€".repeat(80)), (Gsm7, 1));
        assert_eq!(counted(&"€".repeat(81)), (Gsm7, 2));
        // 76 of them fill 152 of 153 places, and the escape of the next does not stand alone.
        assert_eq!(counted(&"€".repeat(153)), (Gsm7, 3));
        assert_eq!(counted(&"á".repeat(70)), (Ucs2, 1));
        assert_eq!(counted(&"á".repeat(71)), (Ucs2, 2));
        assert_eq!(counted(&"🙂".repeat(35)), (Ucs2, 1));
        assert_eq!(counted(&"🙂".repeat(67)), (Ucs2, 3));
    }

    #[test]
    fn some_spanish_letters_are_not_in_the_alphabet() {
        assert_eq!(encoding("¿Qué tal el año, señor Ibañez?"), Encoding::Gsm7);
        for letter in ['á', 'í', 'ó', 'ú', 'Á', 'Í', 'Ó', 'Ú'] {
            assert_eq!(encoding(&letter.to_string()), Encoding::Ucs2, "{letter}");
        }
    }

    proptest! {
        #[test]
        fn no_segment_is_too_long_or_begins_inside_a_character(
            text in prop_oneof![any::<String>(), "[a-z€{}~ ]{0,700}", "[a-zá🙂 ]{0,300}"],
        ) {
            let encoding = encoding(&text);
            let cut = cut(&text);
            prop_assert_eq!(cut.concat(), text.clone());
            let most = if cut.len() == 1 { encoding.alone() } else { encoding.joined() };
            for it in &cut {
                let places: usize = match encoding {
                    Encoding::Ucs2 => it.encode_utf16().count(),
                    Encoding::Gsm7 => {
                        it.chars().map(|it| if "\u{c}^{}\\[~]|€".contains(it) { 2 } else { 1 }).sum()
                    }
                };
                prop_assert!(places <= most);
                prop_assert!(cut.len() == 1 || !it.is_empty());
            }
        }
    }
}
