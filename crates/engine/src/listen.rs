//! From words to an answer or a repair, the same way every time and without a model.
//!
//! It proposes what was meant; the turn decides whether that may happen now. It refuses to
//! guess: with two candidates it says so, and a negation never fits a label without one.

mod choice;
mod repair;
mod value;

pub use choice::{Heard, Offer, choice, mentioned};
pub use repair::{Spoken, named, repair};
pub use value::value;

/// Words without case, accents and punctuation, white space folded. `¿Cuál?` → `cual`.
pub fn fold(words: &str) -> String {
    let plain: String = words.to_lowercase().chars().map(plain).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A letter without its accent; what is neither letter nor digit is space. An apostrophe
/// within a word is dropped by [`fold`]'s table of negations, which spells both forms.
fn plain(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        it if it.is_alphanumeric() => it,
        _ => ' ',
    }
}

/// Words that carry no meaning of their own in an answer.
const EMPTY: [&str; 44] = [
    "a", "an", "the", "my", "me", "i", "it", "is", "its", "am", "to", "of", "for", "and", "please",
    "need", "want", "would", "like", "one", "that", "this", "s", "m", "ll", "el", "la", "los",
    "las", "un", "una", "mi", "es", "de", "para", "por", "favor", "necesito", "quiero", "lo", "al",
    "que", "y", "en",
];

/// Words that turn a sentence round.
const NEGATIONS: [&str; 13] = [
    "not", "no", "never", "don", "dont", "doesn", "isn", "cannot", "can t", "nunca", "ni",
    "tampoco", "nada",
];

/// The words of a folded text that carry meaning.
fn telling(folded: &str) -> Vec<&str> {
    folded.split(' ').filter(|it| !it.is_empty() && !EMPTY.contains(it)).collect()
}

/// Whether a folded text denies something.
fn denies(folded: &str) -> bool {
    folded.split(' ').any(|it| NEGATIONS.contains(&it))
}
