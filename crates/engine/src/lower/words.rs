//! Texts in every language they exist in.

use std::collections::{BTreeMap, HashMap};

use crate::condition::{Problem, inner};
use crate::label::Labels;
use crate::report::Report;
use crate::surface::{At, Text, TranslatedAnchor, Translation};
use crate::template;
use crate::text::{Template, Wording, source_hash};
use crate::types::{Lang, Words};

/// Translations, found by anchor or by the words they translate.
pub(super) struct Translations<'a> {
    all: Vec<Indexed<'a>>,
    /// What is wrong with their texts: which translation, and what.
    problems: Vec<(usize, Problem)>,
}

struct Indexed<'a> {
    language: &'a Lang,
    anchors: HashMap<&'a str, &'a TranslatedAnchor>,
    says: HashMap<String, &'a Text>,
}

/// The same text in each translation that has it.
pub(super) type Found<'a> = Vec<Option<&'a Text>>;

impl<'a> Translations<'a> {
    pub(super) fn new(all: impl Iterator<Item = &'a Translation>) -> Translations<'a> {
        let index = |it: &'a Translation| Indexed {
            language: &it.language.it,
            anchors: it.anchors.iter().map(|it| (it.anchor.it.as_str(), it)).collect(),
            says: it.says.iter().map(|it| (source_hash(&it.of.it), &it.say)).collect(),
        };
        Translations { all: all.map(index).collect(), problems: Vec::new() }
    }

    /// What is wrong, by translation.
    pub(super) fn into_problems(self) -> Vec<(usize, Problem)> {
        self.problems
    }

    /// The `say:` of an anchor.
    pub(super) fn anchored(&self, anchor: &str) -> Found<'a> {
        let say = |it: &Indexed<'a>| it.anchors.get(anchor).and_then(|it| it.say.as_ref());
        self.all.iter().map(say).collect()
    }

    /// A progress note of an anchor.
    pub(super) fn note(&self, anchor: &str, index: usize) -> Found<'a> {
        let note =
            |it: &Indexed<'a>| it.anchors.get(anchor).and_then(|it| it.keep_informed.get(index));
        self.all.iter().map(note).collect()
    }

    /// A text by the hash of its source words.
    pub(super) fn said(&self, hash: &str) -> Found<'a> {
        self.all.iter().map(|it| it.says.get(hash).copied()).collect()
    }

    /// The label of a choice in every language.
    pub(super) fn label(
        &self,
        anchor: &str,
        key: &str,
        source: &str,
        languages: &[At<Lang>],
    ) -> Words {
        let mut words = Words::new();
        for it in &self.all {
            let choices = it.anchors.get(anchor).map(|it| it.choices.as_slice());
            let choice = choices.unwrap_or_default().iter().find(|(it, _)| it.it == key);
            if let Some((_, label)) = choice {
                words.insert(it.language.clone(), label.it.clone());
            }
        }
        words.insert(first(languages), source.to_owned());
        words
    }

    /// A text with its translations. Labels come later, when all is known.
    pub(super) fn wording(
        &mut self,
        text: &Text,
        key: String,
        found: &Found<'a>,
        languages: &[At<Lang>],
        report: &mut Report,
    ) -> Wording {
        let (mut words, mut private) = (BTreeMap::new(), BTreeMap::new());
        let mut own = |at: &At<String>| parsed(at, |problem| report.problem(problem));
        words.insert(first(languages), own(&text.text));
        if let Some(it) = &text.private {
            private.insert(first(languages), own(it));
        }
        for (index, text) in found.iter().enumerate() {
            let (Some(text), Some(it)) = (text, self.all.get(index)) else { continue };
            let problems = &mut self.problems;
            let mut theirs = |at: &At<String>| parsed(at, |it| problems.push((index, it)));
            words.insert(it.language.clone(), theirs(&text.text));
            if let Some(at) = &text.private {
                private.insert(it.language.clone(), theirs(at));
            }
        }
        let labels: Labels = text.privacy.iter().map(|it| it.it).collect();
        Wording { key, words, private, labels, private_labels: Labels::NONE }
    }
}

fn first(languages: &[At<Lang>]) -> Lang {
    languages.first().map_or_else(|| "en".to_owned(), |it| it.it.clone())
}

fn parsed(source: &At<String>, wrong: impl FnOnce(Problem)) -> Template {
    template::parse(&source.it).unwrap_or_else(|error| {
        let at = inner(source, error.from, error.length);
        let help = "a value is written {field} or {field | format}".to_owned();
        wrong(Problem { code: "Y011", at, message: error.message, help });
        Template { source: source.it.clone(), parts: Vec::new() }
    })
}
