//! Long texts, cut where a reader would pause, and labels that end in `…`. Pure.
//!
//! Lengths are in UTF-16 units, as Telegram counts; whoever counts characters never counts more.

/// A paragraph's end, a line's, a sentence's, a word's: the first that is there is taken.
const BORDERS: &[&str] = &["\n\n", "\n", ". ", " "];

/// The parts of a text, none longer than `max` units, none blank. A blank text has no parts.
pub fn parts(text: &str, max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(cut(rest, max));
        parts.push(part.trim_end());
        rest = after.trim_start();
    }
    parts
}

/// How much of a text the first part takes, in bytes; at least one character.
fn cut(text: &str, max: usize) -> usize {
    let mut units = 0;
    let too_long = text.char_indices().find(|(_, it)| {
        units += it.len_utf16();
        units > max
    });
    let Some((fits, _)) = too_long else { return text.len() };
    let window = &text[..fits];
    // A border in the first half would leave a stub of a message.
    let late = |border: &&str| {
        window.rfind(*border).filter(|at| *at >= fits / 2).map(|at| at + border.len())
    };
    let cut = BORDERS.iter().find_map(late).unwrap_or(fits);
    cut.max(text.chars().next().map_or(0, char::len_utf8))
}

/// At most so many units, the last an ellipsis where something is missing.
pub fn shortened(text: &str, max: usize) -> String {
    if units(text) <= max {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut left = max - 1;
    for it in text.chars() {
        if it.len_utf16() > left {
            break;
        }
        left -= it.len_utf16();
        kept.push(it);
    }
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

/// Length in UTF-16 units.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_one_part_and_a_blank_one_none() {
        assert_eq!(parts(" Hello. ", 10), ["Hello."]);
        assert!(parts(" \n ", 10).is_empty());
    }

    #[test]
    fn a_long_text_is_cut_at_the_last_paragraph_that_fits() {
        assert_eq!(parts("aaaa bb\n\ncccc dd\n\neeee", 18), ["aaaa bb\n\ncccc dd", "eeee"]);
        assert_eq!(parts("aaaa aa. bbbb cc", 13), ["aaaa aa.", "bbbb cc"]);
    }

    #[test]
    fn one_long_word_is_cut_between_characters() {
        assert_eq!(parts("💊💊💊", 3), ["💊", "💊", "💊"], "a pair counts two and stays whole");
        assert_eq!(parts("مرحبا", 3), ["مرح", "با"]);
    }
    #[test]
    fn what_is_shortened_says_so() {
        assert_eq!(shortened("Approve", 7), "Approve");
        assert_eq!(shortened("Approve it", 9), "Approve…");
        assert_eq!(shortened("💊💊", 3), "💊…");
    }
}
