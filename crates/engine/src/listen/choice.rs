//! Which of the choices was meant.

use crate::listen::{denies, fold, telling};

/// Words shorter than this are not compared by their beginning: `no` begins `november`.
const PREFIX_MIN: usize = 4;

/// From this length on a word may differ in one letter and still be meant.
const TYPO_MIN: usize = 6;

/// A word of this length that stands in one choice only is enough by itself.
const ENOUGH_MIN: usize = 6;

/// One thing to choose: its key, and its label in each language.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its key.
    pub key: String,
    /// What it reads.
    pub labels: Vec<String>,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// This one, in so many words (its key, label, number, or yes and no).
    Exactly(usize),
    /// This one and no other fits.
    Likely(usize),
    /// Each of these fits.
    Several(Vec<usize>),
    /// None fits.
    Nothing,
}

/// Which of the offers the words mean.
pub fn choice(words: &str, offers: &[Offer]) -> Heard {
    let said = fold(words);
    if said.is_empty() {
        return Heard::Nothing;
    }
    let exact: Vec<usize> = indices(offers, |offer| {
        fold(&offer.key) == said || offer.labels.iter().any(|it| fold(it) == said)
    });
    if let [one] = exact[..] {
        return Heard::Exactly(one);
    }
    let by_number = ordinal(&said).filter(|it| *it < offers.len());
    if let Some(index) = by_number.or_else(|| yes_or_no(&said, offers)) {
        return Heard::Exactly(index);
    }
    let scores: Vec<f32> = offers.iter().map(|it| score(&said, it)).collect();
    let best = scores.iter().copied().fold(0.0, f32::max);
    if best == 0.0 {
        return Heard::Nothing;
    }
    let fitting: Vec<usize> = (0..offers.len()).filter(|it| scores[*it] == best).collect();
    match fitting[..] {
        [one] => Heard::Likely(one),
        _ => Heard::Several(fitting),
    }
}

/// The one offer whose label's leading word, or whole label, stands in the words. For words
/// that were not said in answer, so nothing else counts.
pub fn mentioned(words: &str, offers: &[Offer], leading: bool) -> Option<usize> {
    let said = format!(" {} ", fold(words));
    let found = indices(offers, |offer| {
        offer.labels.iter().any(|label| {
            let label = fold(label);
            let head = label.split(' ').next().unwrap_or_default().to_owned();
            let whole = !label.is_empty() && said.contains(&format!(" {label} "));
            let by_head =
                leading && head.len() >= PREFIX_MIN && said.contains(&format!(" {head} "));
            whole || by_head
        })
    });
    match found[..] {
        [one] if !denies(said.trim()) => Some(one),
        _ => None,
    }
}

fn indices(offers: &[Offer], fits: impl Fn(&Offer) -> bool) -> Vec<usize> {
    offers.iter().enumerate().filter(|(_, it)| fits(it)).map(|(index, _)| index).collect()
}

/// How well the words fit an offer: the share of telling words that its label holds.
fn score(said: &str, offer: &Offer) -> f32 {
    let telling = telling(said);
    if telling.is_empty() {
        return 0.0;
    }
    let mut best: f32 = 0.0;
    for label in &offer.labels {
        let label = fold(label);
        if denies(said) != denies(&label) {
            continue;
        }
        let words: Vec<&str> = label.split(' ').collect();
        let matched: Vec<&&str> =
            telling.iter().filter(|it| words.iter().any(|word| alike(it, word))).collect();
        let enough = matched.len() * 2 >= telling.len()
            || matched.iter().any(|it| it.chars().count() >= ENOUGH_MIN);
        if enough && !matched.is_empty() {
            // The share of words used, so that a longer fit beats a shorter one.
            #[expect(clippy::cast_precision_loss, reason = "a message has few words")]
            let share = matched.len() as f32;
            best = best.max(share);
        }
    }
    best
}

/// Whether two words are the same, one begins the other, or one letter is wrong.
fn alike(said: &str, word: &str) -> bool {
    let length = said.chars().count();
    said == word
        || (length >= PREFIX_MIN && word.starts_with(said))
        || (length >= TYPO_MIN && strsim::damerau_levenshtein(said, word) <= 1)
}

/// `2`, `second`, `the second one`, `la segunda` → 1.
fn ordinal(said: &str) -> Option<usize> {
    const NAMES: [&[&str]; 10] = [
        &["1", "first", "1st", "primero", "primera", "uno"],
        &["2", "second", "2nd", "segundo", "segunda", "dos", "two"],
        &["3", "third", "3rd", "tercero", "tercera", "tres", "three"],
        &["4", "fourth", "4th", "cuarto", "cuarta", "cuatro", "four"],
        &["5", "fifth", "5th", "quinto", "quinta", "cinco", "five"],
        &["6", "sixth", "sexto", "sexta", "seis", "six"],
        &["7", "seventh", "septimo", "septima", "siete", "seven"],
        &["8", "eighth", "octavo", "octava", "ocho", "eight"],
        &["9", "ninth", "noveno", "novena", "nueve", "nine"],
        &["10", "tenth", "decimo", "decima", "diez", "ten"],
    ];
    let telling = telling(said);
    let [word] = telling[..] else { return None };
    let word = if word == "number" { return None } else { word };
    NAMES
        .iter()
        .position(|names| names.contains(&word))
        .or_else(|| word.parse::<usize>().ok().and_then(|it| it.checked_sub(1)))
}

/// Where one label begins with yes and one with no, everything that means so.
fn yes_or_no(said: &str, offers: &[Offer]) -> Option<usize> {
    const YES: [&str; 16] = [
        "yes",
        "y",
        "yeah",
        "yep",
        "yup",
        "sure",
        "ok",
        "okay",
        "of course",
        "yes please",
        "si",
        "claro",
        "por supuesto",
        "si por favor",
        "dale",
        "correcto",
    ];
    const NO: [&str; 9] = [
        "no",
        "n",
        "nope",
        "nah",
        "no thanks",
        "no thank you",
        "not now",
        "no gracias",
        "ahora no",
    ];
    let head = |offer: &Offer, heads: &[&str]| {
        offer
            .labels
            .iter()
            .any(|label| fold(label).split(' ').next().is_some_and(|it| heads.contains(&it)))
    };
    let one = |heads: &[&str]| match indices(offers, |it| head(it, heads))[..] {
        [index] => Some(index),
        _ => None,
    };
    let (yes, no) = (one(&["yes", "si"])?, one(&["no", "not"])?);
    if YES.contains(&said) {
        return Some(yes);
    }
    NO.contains(&said).then_some(no)
}
