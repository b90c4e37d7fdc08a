//! Language: words that a tired person understands at once.

use super::cx::Cx;
use super::reading::grade;
use super::texts::{without_values, words};

/// The highest school grade of a worker's text. Health-literacy guidance asks for sixth to
/// eighth grade (AHRQ Health Literacy Universal Precautions Toolkit; NIH "Clear
/// Communication"); the upper end, because drug names and `authorization` cannot be avoided.
const GRADE_MAX: f64 = 8.0;

/// Capital letters in a row that read as an abbreviation (`MME`, `FECA`) and not as shouting.
const ABBREVIATION_MAX: usize = 5;

pub(super) fn check(cx: &mut Cx<'_>) {
    empty_or_loud(cx);
    same_labels(cx);
    reading_level(cx);
}

fn empty_or_loud(cx: &mut Cx<'_>) {
    for said in cx.said.clone() {
        for text in words(&said).chain(said.choices.iter().map(|(_, it)| *it)) {
            if text.it.trim().is_empty() {
                let message = "this text has no words".to_owned();
                cx.report("L614", text.at, message, "say something, or remove the step");
            }
            if shouts(&without_values(&text.it, "")) {
                let message = "this text is written in capitals".to_owned();
                cx.report("L615", text.at, message, "write it as one would say it calmly");
            }
        }
    }
}

fn shouts(text: &str) -> bool {
    let loud = |it: &&str| {
        let letters = it.chars().filter(|it| it.is_alphabetic());
        letters.clone().count() > 1 && letters.clone().all(char::is_uppercase)
    };
    let words: Vec<&str> = text.split_whitespace().filter(loud).collect();
    words.len() > 2 || words.iter().any(|it| it.chars().count() > ABBREVIATION_MAX)
}

fn same_labels(cx: &mut Cx<'_>) {
    for said in cx.said.clone() {
        for (nth, (key, label)) in said.choices.iter().enumerate() {
            let same =
                |(_, it): &&(_, &crate::surface::At<String>)| folded(&it.it) == folded(&label.it);
            if let Some((first, _)) = said.choices[..nth].iter().find(same) {
                let message = format!("'{}' and '{}' read the same", first.it, key.it);
                cx.report("L607", label.at, message, "word one of them differently");
            }
        }
    }
}

/// As a reader sees it: case and blanks do not make a difference.
pub(super) fn folded(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn reading_level(cx: &mut Cx<'_>) {
    if cx.flow.languages.first().is_some_and(|it| it.it != "en") {
        return;
    }
    let principal = cx.program.principal.clone();
    for said in cx.said.clone() {
        if said.party.is_some_and(|it| it != principal) {
            continue;
        }
        for text in words(&said) {
            // A value is somebody's word, not ours: one short word stands for it.
            let Some(grade) = grade(&without_values(&text.it, "it")) else { continue };
            if grade > GRADE_MAX {
                let message = format!("this takes {grade:.0} years of school to read");
                cx.report("L608", text.at, message, "shorter sentences, shorter words");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_no_shouting() {
        assert!(!shouts("Your MME is high"));
        assert!(shouts("WARNING: call us"));
        assert!(shouts("Do it NOW OR GO"));
        assert!(!shouts("I am A B"));
    }
}
