//! How many years of school an English text asks for.

/// The grade by Flesch and Kincaid: 0.39 words a sentence + 11.8 syllables a word - 15.59
/// (Kincaid, Fishburne, Rogers, Chissom: "Derivation of New Readability Formulas", Research
/// Branch Report 8-75, Naval Technical Training, 1975). Syllables are counted by groups of
/// vowels, so a single text may be a grade off. `None` for fewer than [`WORDS_MIN`] words,
/// where the formula says nothing.
pub fn grade(text: &str) -> Option<f64> {
    let words: Vec<&str> =
        text.split_whitespace().filter(|it| it.chars().any(char::is_alphabetic)).collect();
    if words.len() < WORDS_MIN {
        return None;
    }
    let ends = text.split(['.', '!', '?', ':', '\n']);
    let sentences = ends.filter(|it| it.chars().any(char::is_alphabetic)).count().max(1);
    let syllables: usize = words.iter().map(|it| syllables(it)).sum();
    let (words, sentences, syllables) = (words.len() as f64, sentences as f64, syllables as f64);
    Some(0.39 * words / sentences + 11.8 * syllables / words - 15.59)
}

/// Below this the grade jumps by years for one long word. Ours.
pub const WORDS_MIN: usize = 10;

fn syllables(word: &str) -> usize {
    let letters: Vec<char> = word.to_lowercase().chars().filter(|it| it.is_alphabetic()).collect();
    let vowel = |it: char| matches!(it, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let starts = (0..letters.len())
        .filter(|&at| vowel(letters[at]) && (at == 0 || !vowel(letters[at - 1])))
        .count();
    // A last e is silent, except in `-le` after a consonant (`table`).
    let silent = match letters.as_slice() {
        [.., before, 'l', 'e'] => vowel(*before),
        [_, .., before, 'e'] => !vowel(*before),
        _ => false,
    };
    (starts - usize::from(silent && starts > 1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_are_those_one_hears() {
        let said = ["the", "pharmacy", "table", "name", "medicine", "authorization", "a"];
        assert_eq!(said.map(syllables), [1, 3, 2, 1, 3, 5, 1]);
    }

    #[test]
    fn plain_words_are_for_early_grades_and_office_words_are_not() {
        let plain = grade("You can pick it up now. Your store has it. Call me if you need help.");
        assert!(plain.unwrap() < 4.0);
        let office = "Authorization documentation regarding pharmaceutical utilization must be \
                      submitted immediately following determination of compensability.";
        assert!(grade(office).unwrap() > 12.0);
    }

    #[test]
    fn a_few_words_have_no_grade() {
        assert_eq!(grade("Authorization pending."), None);
    }
}
