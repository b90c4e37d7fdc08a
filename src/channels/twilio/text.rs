//! A text as it goes out: in the small alphabet where that loses no meaning, with its choices as
//! numbers, in as few requests as it needs.

use std::borrow::Cow;

use super::segments::{self, Encoding};

/// Longest body that Twilio takes in one request, in characters (Message resource, `Body`). UTF-16
/// units are counted, which is never less.
pub const BODY_UNITS_MAX: usize = 1_600;

/// Characters of typesetting, and what a typewriter has for them. Only those that mean the same:
/// a fraction is not here, since "1½" would become "11/2", and no letter is.
const TYPESET: &[(char, &str)] = &[
    ('‘', "'"),
    ('’', "'"),
    ('‚', "'"),
    ('‛', "'"),
    ('′', "'"),
    ('“', "\""),
    ('”', "\""),
    ('„', "\""),
    ('‟', "\""),
    ('«', "\""),
    ('»', "\""),
    ('″', "\""),
    ('‐', "-"),
    ('‑', "-"),
    ('‒', "-"),
    ('–', "-"),
    ('—', "-"),
    ('−', "-"),
    ('…', "..."),
    ('•', "-"),
    ('→', "->"),
    ('\t', " "),
    ('\u{a0}', " "),
    ('\u{2002}', " "),
    ('\u{2003}', " "),
    ('\u{2009}', " "),
    ('\u{202f}', " "),
    ('\u{ad}', ""),
    ('\u{200b}', ""),
    ('\u{2060}', ""),
    ('\u{feff}', ""),
];

/// The text in the 7-bit alphabet, if plainer signs are all that it takes; otherwise as it is,
/// since a text that travels in UCS-2 anyway may as well be well set. Spanish á, í, ó and ú stay
/// what they are, and cost what they cost.
pub fn plainer(text: &str) -> Cow<'_, str> {
    if segments::encoding(text) == Encoding::Gsm7 {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for it in text.chars() {
        match TYPESET.iter().find(|(from, _)| *from == it) {
            Some((_, to)) => plain.push_str(to),
            None if segments::in_gsm(it) => plain.push(it),
            None => return Cow::Borrowed(text),
        }
    }
    Cow::Owned(plain)
}

/// Choices as a numbered list: "Reply 1 for Yes", and the others under it.
pub fn menu<'a>(choices: impl Iterator<Item = (u32, &'a str)>, language: &str) -> String {
    let (reply, named) = match language.split('-').next() {
        Some("es") => ("Responda", "para"),
        _ => ("Reply", "for"),
    };
    let lines = choices.map(|(number, label)| format!("{number} {named} {}", label.trim()));
    let lines = lines.collect::<Vec<_>>().join("\n");
    if lines.is_empty() { lines } else { format!("{reply} {lines}") }
}

/// The same from a first number on.
pub fn menu_from(labels: &[&str], first: u32, language: &str) -> String {
    menu((first..).zip(labels.iter().copied()), language)
}

/// Cuts a text into parts of at most so many UTF-16 units: where a paragraph ends, else a
/// sentence, else a word; inside a word only if there is no other way.
pub fn parts(text: &str, units_max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while rest.encode_utf16().count() > units_max {
        let window = head(rest, units_max);
        let at = border(rest, window);
        let part = rest[..at].trim_end();
        if !part.is_empty() {
            parts.push(part);
        }
        rest = rest[at..].trim_start();
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(rest);
    }
    parts
}

/// How many bytes of a text fit, at least one character.
fn head(text: &str, units_max: usize) -> usize {
    let mut units = 0;
    for (at, it) in text.char_indices() {
        units += it.len_utf16();
        if units > units_max && at > 0 {
            return at;
        }
    }
    text.len()
}

/// Where to cut a text of which `window` bytes fit. A border in the first half would make a stub
/// of a part; a coarser border in the second half wins over a finer one.
fn border(text: &str, window: usize) -> usize {
    let fits = &text[..window];
    // What follows the window may be the white space that ends its last sentence.
    let next_is_space = text[window..].starts_with(char::is_whitespace);
    let worth = |it: &usize| *it * 2 >= window;
    let paragraph = fits.rfind("\n\n").map(|it| it + 2).filter(worth);
    let ends = |it: char| matches!(it, '.' | '!' | '?' | '…' | '\n');
    let whole = next_is_space && fits.trim_end_matches(['"', ')', '\'', '”']).ends_with(ends);
    let sentence = || {
        let borders = fits.char_indices().filter(|(_, it)| it.is_whitespace());
        let mut borders = borders.filter(|(at, it)| {
            *it == '\n' || fits[..*at].trim_end_matches(['"', ')', '\'', '”']).ends_with(ends)
        });
        borders.next_back().map(|(at, it)| at + it.len_utf8()).filter(worth)
    };
    let word = || fits.rfind(char::is_whitespace).filter(|it| *it > 0);
    paragraph
        .or(whole.then_some(window))
        .or_else(sentence)
        .or(next_is_space.then_some(window))
        .or_else(word)
        .unwrap_or_else(|| unjoined(text, window))
}

/// The last place at or before `at` that tears no joined sign apart: an accent from its letter, a
/// skin from its hand. Where all of it is joined, `at` itself.
fn unjoined(text: &str, at: usize) -> usize {
    let joins = |it: char| matches!(it, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20e3}');
    let mut cut = at;
    while cut > 0 {
        let torn = text[cut..].starts_with(joins) || text[..cut].ends_with('\u{200d}');
        if !torn {
            return cut;
        }
        cut = text[..cut].char_indices().next_back().map_or(0, |(it, _)| it);
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn typeset_signs_become_plain_where_that_is_all_it_takes() {
        assert_eq!(plainer("It’s “covered” – ask…"), "It's \"covered\" - ask...");
        assert_eq!(plainer("plain already"), "plain already");
    }

    #[test]
    fn a_text_that_stays_wide_keeps_its_signs() {
        assert_eq!(plainer("Está “cubierta” – pregunte"), "Está “cubierta” – pregunte");
        assert_eq!(plainer("1½ tablets"), "1½ tablets");
    }

    #[test]
    fn choices_are_numbered_in_the_readers_language() {
        assert_eq!(
            menu_from(&["Yes, I am waiting", "No"], 1, "en"),
            "Reply 1 for Yes, I am waiting\n2 for No"
        );
        assert_eq!(menu_from(&["Sí", "No"], 4, "es-US"), "Responda 4 para Sí\n5 para No");
        assert_eq!(menu_from(&[], 1, "en"), "");
    }

    #[test]
    fn a_long_text_is_cut_where_a_sentence_ends() {
        let text = "One two three. Four five six. Seven eight.";
        assert_eq!(parts(text, 30), ["One two three. Four five six.", "Seven eight."]);
        assert_eq!(parts(text, 29), ["One two three. Four five six.", "Seven eight."]);
        assert_eq!(parts(text, 100), [text]);
        assert_eq!(parts("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(parts("aaaa bbbb cccc", 9), ["aaaa bbbb", "cccc"]);
        assert_eq!(parts("", 9), [""]);
    }

    #[test]
    fn a_joined_sign_stays_whole() {
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(parts(&format!("abc{family}"), 8), ["abc", family]);
    }

    proptest! {
        #[test]
        fn no_part_is_too_long_and_no_word_is_lost(
            text in prop_oneof![any::<String>(), "[a-z.!? \n]{0,900}", "[á🙂 .]{0,400}"],
            most in 2..200usize,
        ) {
            let parts = parts(&text, most);
            for part in &parts {
                prop_assert!(part.encode_utf16().count() <= most);
                prop_assert!(parts.len() == 1 || !part.is_empty());
            }
            let bare = |it: &str| it.chars().filter(|it| !it.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&parts.concat()), bare(&text));
        }

        #[test]
        fn plainer_is_never_longer_on_the_air(text in any::<String>()) {
            let before = segments::segments(&text).count;
            prop_assert!(segments::segments(&plainer(&text)).count <= before);
        }
    }
}
