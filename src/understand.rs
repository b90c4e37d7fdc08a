//! What words mean before any conversation hears them: danger, "stop writing to me", and which
//! flow a person wants. Deterministic; nothing here decides anything about a claim.
//!
//! The lexicons are small on purpose and err toward a person: a false alarm costs a kind
//! question, a miss costs more.

mod always;

use std::sync::Arc;

use mendline_engine::consent::OPT_OUT;
use mendline_engine::core::Program;

pub use always::{When, asks_who_sees, wants_call};

/// Words that mean danger, folded. Emergency first, whatever the language of the talk
/// (domain facts 4.6).
const DANGER: &[&str] = &[
    "kill myself",
    "end my life",
    "want to die",
    "don't want to be here anymore",
    "can't take this anymore i'll end it",
    "i'll end it",
    "suicide",
    "hurt myself",
    "took too many",
    "overdose",
    "won't wake up",
    "blue lips",
    "can't breathe",
    "trouble breathing",
    "chest pain",
    "no quiero vivir",
    "matarme",
    "suicid",
    "tomé demasiadas",
    "tome demasiadas",
    "no puedo respirar",
    "no despierta",
];

/// Words that, alone, open it again.
const OPT_IN: &[&str] = &["start", "unstop", "si", "sí"];

/// How alike words and an example must be (0 to 1) for a flow to start. Below it we ask.
const ALIKE_MIN: f64 = 0.55;

/// Lower case, quotes made plain, punctuation dropped, white space folded.
pub fn fold(words: &str) -> String {
    let plain = words.to_lowercase().replace(['’', '‘'], "'");
    let kept: String =
        plain.chars().map(|it| if it.is_alphanumeric() || it == '\'' { it } else { ' ' }).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether somebody may be in danger.
pub fn is_danger(words: &str) -> bool {
    let folded = fold(words);
    DANGER.iter().any(|it| folded.contains(it))
}

/// Whether these words, alone, end the channel they came on. They bind where we write first.
pub fn opts_out(words: &str) -> bool {
    let folded = fold(words);
    OPT_OUT.iter().any(|it| *it == folded)
}

/// Whether these words, alone, open the channel again.
pub fn opts_in(words: &str) -> bool {
    let folded = fold(words);
    OPT_IN.iter().any(|it| *it == folded)
}

/// Words that, alone, ask on a phone who writes there (CTIA; domain facts 4.3).
const WHO_WRITES: &[&str] = &["help", "info", "ayuda"];

/// Whether these words, alone, ask who writes and how to end it.
pub fn asks_who_writes(words: &str) -> bool {
    let folded = fold(words);
    WHO_WRITES.iter().any(|it| *it == folded)
}

/// Words, folded, by which somebody says that our messages reach the wrong one.
const SOMEBODY_ELSE: &[&str] = &[
    "not me",
    "this is not me",
    "this isn't me",
    "that is not me",
    "that's not me",
    "wrong number",
    "wrong person",
    "no soy yo",
    "esta no soy yo",
    "este no soy yo",
    "número equivocado",
    "numero equivocado",
    "persona equivocada",
];

/// Whether these words, alone, say that the writer is somebody else than we think.
pub fn is_somebody_else(words: &str) -> bool {
    let folded = fold(words);
    SOMEBODY_ELSE.iter().any(|it| *it == folded)
}

/// The flow that words ask for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which.
    pub program: Arc<Program>,
    /// Whether the words say so plainly (a whole example, or a command), so that they may
    /// interrupt an open question.
    pub plain: bool,
}

/// Finds the flow that words ask for, by its examples and commands.
pub fn wanted(words: &str, flows: &[Arc<Program>]) -> Option<Wanted> {
    let folded = fold(words);
    if let Some(command) = words.trim().strip_prefix('/') {
        let program = flows.iter().find(|it| it.start_when.commands.iter().any(|c| c == command));
        return program.map(|it| Wanted { program: it.clone(), plain: true });
    }
    let mut best: Option<(f64, &Arc<Program>)> = None;
    for program in flows {
        for example in program.start_when.says.values().flatten() {
            let score = alike(&folded, &fold(example));
            if best.is_none_or(|(so_far, _)| score > so_far) {
                best = Some((score, program));
            }
        }
    }
    let (score, program) = best?;
    (score >= ALIKE_MIN).then(|| Wanted { program: program.clone(), plain: score > 0.9 })
}

/// How alike two folded texts are: the whole example inside the words counts as one; else the
/// share of the words that they have in common (Dice), small words left out.
fn alike(words: &str, example: &str) -> f64 {
    if example.is_empty() {
        return 0.0;
    }
    if format!(" {words} ").contains(&format!(" {example} ")) {
        return 1.0;
    }
    let (ours, theirs) = (telling(words), telling(example));
    if ours.is_empty() || theirs.is_empty() {
        return 0.0;
    }
    let common = ours.iter().filter(|it| theirs.iter().any(|other| same(it, other))).count();
    2.0 * common as f64 / (ours.len() + theirs.len()) as f64
}

/// Words of three letters or more, and "no".
fn telling(words: &str) -> Vec<&str> {
    const SMALL: &[&str] =
        &["the", "and", "for", "you", "was", "que", "los", "las", "una", "por", "mis", "please"];
    words
        .split(' ')
        .filter(|it| (it.chars().count() > 2 && !SMALL.contains(it)) || *it == "no")
        .collect()
}

/// Letters in which two words must begin alike to count as one with another ending.
const STEM_MIN: usize = 6;

/// Alike but for an ending or one slip of the finger.
fn same(one: &str, other: &str) -> bool {
    let alike = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let slip = one.len().min(other.len()) >= 5 && strsim::osa_distance(one, other) <= 1;
    one == other || alike >= STEM_MIN || slip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danger_is_heard_in_both_languages_and_a_figure_of_speech_is_not() {
        assert!(is_danger("I took too many of them"));
        assert!(is_danger("No quiero vivir así"));
        assert!(!is_danger("this wait is killing me"));
    }

    #[test]
    fn only_the_bare_word_opts_out() {
        assert!(opts_out(" STOP. "));
        assert!(opts_out("No más"));
        assert!(opts_out("END") && opts_out("cancel") && opts_out("Baja."));
        assert!(!opts_out("should I stop taking it?"));
        assert!(!opts_out("stop taking it?"));
    }
}
