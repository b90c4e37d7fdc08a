//! Types from their words, and the scope that conditions are typed in.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::condition::nearest;
use crate::label::{Label, Labels};
use crate::report::Report;
use crate::scope::{Scope, ScopeField, shape_of};
use crate::surface::{At, Choices, Flow, Step, Verb};
use crate::types::Type;

/// The declared fields: type and declared labels.
pub(super) type Types = BTreeMap<String, Declared>;

/// A declared field.
pub(super) struct Declared {
    pub(super) ty: Type,
    pub(super) privacy: Labels,
}

/// The words for types that need no catalog.
const PLAIN: [(&str, Type); 10] = [
    ("text", Type::Text),
    ("integer", Type::Integer),
    ("number", Type::Number),
    ("boolean", Type::Boolean),
    ("money", Type::Money),
    ("date", Type::Date),
    ("instant", Type::Instant),
    ("reason", Type::Reason),
    ("choice", Type::Choice(Vec::new())),
    ("question", Type::Text),
];

/// The type that a word stands for. Records are those of the catalog, and `decision`.
pub fn type_of(word: &str, catalog: &Catalog) -> Option<Type> {
    let word = word.trim();
    if let Some(of) = word.strip_prefix("list of ") {
        return type_of(of, catalog).map(|it| Type::List(Box::new(it)));
    }
    if let Some(keys) = word.strip_prefix("choice:") {
        return Some(Type::Choice(keys.split(',').map(|it| it.trim().to_owned()).collect()));
    }
    if let Some((_, ty)) = PLAIN.iter().find(|(name, _)| *name == word) {
        return Some(ty.clone());
    }
    let record = word == "decision" || catalog.records.contains_key(word);
    record.then(|| Type::Record(word.to_owned()))
}

/// The same, with a finding where the word stands for nothing.
pub(super) fn type_at(word: &At<String>, catalog: &Catalog, report: &mut Report) -> Type {
    type_of(&word.it, catalog).unwrap_or_else(|| {
        let plain = PLAIN.into_iter().map(|(name, _)| name.to_owned());
        let known: Vec<String> =
            plain.chain(["decision".to_owned()]).chain(catalog.records.keys().cloned()).collect();
        let help = match nearest(&word.it, &known) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("there are: {}, and 'list of' each of them", known.join(", ")),
        };
        report.error("Y012", word.at, format!("'{}' is no type", word.it), help);
        Type::Text
    })
}

/// The declared fields; choices get their keys from the questions that fill them.
pub(super) fn field_types(flow: &Flow, catalog: &Catalog, report: &mut Report) -> Types {
    let mut types = Types::new();
    for field in &flow.data {
        let ty = type_at(&field.ty, catalog, report);
        let privacy = field.privacy.iter().map(|it| it.it).collect();
        types.insert(field.name.it.clone(), Declared { ty, privacy });
    }
    keys_from(&flow.steps, &mut types);
    types
}

fn keys_from(steps: &[Step], types: &mut Types) {
    each_step(steps, &mut |step| {
        let Verb::Ask(ask) = &step.verb else { return };
        let Some(Choices::Keys(choices)) = &ask.choices else { return };
        if let Some(Declared { ty: Type::Choice(keys), .. }) = types.get_mut(&ask.field.it) {
            for (key, _) in choices {
                if !keys.contains(&key.it) {
                    keys.push(key.it.clone());
                }
            }
        }
    });
}

/// Calls `each` for every step, those inside others included.
pub(super) fn each_step<'s>(steps: &'s [Step], each: &mut impl FnMut(&'s Step)) {
    for step in steps {
        each(step);
        match &step.verb {
            Verb::When { steps, otherwise, .. } => {
                each_step(steps, each);
                each_step(otherwise, each);
            }
            Verb::Choose(it) => it.cases.iter().for_each(|(_, steps)| each_step(steps, each)),
            Verb::Decide(it) => it.choices.iter().for_each(|it| each_step(&it.steps, each)),
            Verb::Wait(crate::surface::Wait::Event { otherwise, .. }) => each_step(otherwise, each),
            _ => {}
        }
    }
}

/// Before the number that a need must be less than.
pub(super) const FEWER: &str = "fewer than ";

/// The type and the list of something that a choice needs.
pub(super) fn need_type(
    name: &At<String>,
    word: Option<&At<String>>,
    catalog: &Catalog,
    report: &mut Report,
) -> (Type, Option<String>) {
    let Some(word) = word else {
        let ty = match name.it.as_str() {
            "days" | "refills" | "quantity" => Type::Integer,
            "from" | "until" => Type::Date,
            "reason" => Type::Reason,
            _ => Type::Text,
        };
        return (ty, None);
    };
    if word.it.starts_with(FEWER) {
        return (Type::Integer, None);
    }
    // A list of reasons has a dot in its name, and types with a dot are records.
    if catalog.reasons.contains_key(&word.it) {
        return (Type::Reason, Some(word.it.clone()));
    }
    let record = catalog.records.contains_key(&word.it);
    if name.it == "reason" && !record && type_of(&word.it, catalog).is_none() {
        return (Type::Reason, Some(word.it.clone()));
    }
    (type_at(word, catalog, report), None)
}

/// The names that conditions may use, with the labels that are declared.
pub(super) fn scope<'c>(flow: &Flow, types: &Types, catalog: &'c Catalog) -> Scope<'c> {
    let field = |(name, it): (&String, &Declared)| {
        let decision = matches!(&it.ty, Type::Record(record) if record == "decision");
        let declared = if decision { it.privacy.with(Label::Claim) } else { it.privacy };
        let shape = shape_of(name, &it.ty);
        let lowered = BTreeMap::new();
        (name.clone(), ScopeField { shape, declared, labels: declared, lowered })
    };
    Scope {
        catalog,
        fields: types.iter().map(field).collect(),
        parties: flow.parties.iter().map(|it| it.name.it.clone()).collect(),
        decisions: BTreeMap::new(),
    }
}
