//! What a path stands for: its shape and its labels.
//!
//! A flow names fields, parties and their members. This module knows the members of records,
//! of decisions, of frozen facts and of parties, and says what kind of private each is. It
//! refuses to guess: a path that it does not know is an error with the names it does know.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::core::{Core, Program};
use crate::label::{Label, Labels};
use crate::text::{Part, Path};
use crate::types::Type;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A value of a type of the language.
    Type(Type),
    /// The decision kept in this field.
    Decision(String),
    /// The frozen facts of the decision kept in this field: fields by name.
    About(String),
    /// A party.
    Party,
    /// Anything: the contents of an empty list.
    Any,
}

impl Shape {
    /// The nearest type of the language. Decisions, facts and parties are records of those names.
    pub fn ty(&self) -> Type {
        match self {
            Shape::Type(ty) => ty.clone(),
            Shape::Decision(_) => Type::Record("decision".to_owned()),
            Shape::About(_) => Type::Record("about".to_owned()),
            Shape::Party => Type::Record("party".to_owned()),
            Shape::Any => Type::Text,
        }
    }
}

/// A field, as far as paths need it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeField {
    /// What it is.
    pub shape: Shape,
    /// Labels that the author declared; no manifest lowers these.
    pub declared: Labels,
    /// All its labels, those of whatever fills it included.
    pub labels: Labels,
    /// Members whose labels the manifests of all that fills the field lower.
    pub lowered: BTreeMap<String, Labels>,
}

/// Names that expressions and texts may use.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// Record types.
    pub catalog: &'a Catalog,
    /// Fields by name.
    pub fields: BTreeMap<String, ScopeField>,
    /// Parties.
    pub parties: Vec<String>,
    /// Members of decisions beyond the built-in ones, by decision and name.
    pub decisions: BTreeMap<String, BTreeMap<String, (Type, Labels)>>,
}

/// A name that a path uses and nothing has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Whether the root is unknown, or else which member (0 is the first).
    pub member: Option<usize>,
    /// The name.
    pub name: String,
    /// What it is looked for in: `claim`, or nothing for a root.
    pub of: String,
    /// Names that would do.
    pub among: Vec<String>,
}

/// Members that every party has.
const PARTY_MEMBERS: [&str; 4] = ["person", "first_name", "name", "language"];

/// Deepest nesting of records that labels are joined over. Records of manifests nest two deep;
/// one that contains itself stops here.
const RECORD_DEPTH_MAX: u8 = 6;

impl<'a> Scope<'a> {
    /// The scope of a lowered program, for those who read it later.
    pub fn of_program(program: &Program, catalog: &'a Catalog) -> Scope<'a> {
        let fields = program.fields.iter().map(|(name, spec)| {
            let shape = shape_of(name, &spec.ty);
            let (labels, lowered) = (spec.labels, lowered_of(program, catalog, name));
            let declared = Labels::NONE;
            (name.clone(), ScopeField { shape, declared, labels, lowered })
        });
        let decisions = program.steps.iter().filter_map(|step| match step {
            Core::Decide(it) => {
                let needs = it.choices.iter().flat_map(|choice| &choice.needs);
                let needs = needs.map(|it| (it.name.clone(), (it.ty.clone(), need_labels(&it.ty))));
                let sets = it.choices.iter().flat_map(|choice| &choice.set);
                let sets = sets.map(|(name, to)| (name.clone(), (to.ty.clone(), to.labels)));
                let choice = ("choice".to_owned(), (choice_type(it), Labels::NONE));
                let mut members: BTreeMap<String, (Type, Labels)> = BTreeMap::from([choice]);
                for (name, (ty, labels)) in needs.chain(sets) {
                    // What one choice asks for, another may compute from something private.
                    let member = members.entry(name).or_insert((ty, labels));
                    member.1 = member.1.join(labels);
                }
                Some((it.anchor.clone(), members))
            }
            _ => None,
        });
        Scope {
            catalog,
            fields: fields.collect(),
            parties: program.parties.keys().cloned().collect(),
            decisions: decisions.collect(),
        }
    }

    /// The shape and labels at a path. A record that is named whole carries the labels of all
    /// its members.
    pub fn resolve(&self, path: &Path) -> Result<(Shape, Labels), Unknown> {
        let (shape, labels) = self.walk(path)?;
        let inside = self.inside(&shape, 0);
        Ok((shape, labels.join(inside)))
    }

    /// The same for a text, where a record is shown: only what its `show` names counts.
    pub fn resolve_shown(&self, path: &Path) -> Result<(Shape, Labels), Unknown> {
        let (shape, labels) = self.walk(path)?;
        let shown = self.shown(&shape, 0);
        Ok((shape, labels.join(shown)))
    }

    fn walk(&self, path: &Path) -> Result<(Shape, Labels), Unknown> {
        let root = path.root();
        let (mut shape, mut labels, mut lowered) = match self.fields.get(root) {
            Some(field) => (field.shape.clone(), field.labels, Some(field)),
            None if self.parties.iter().any(|it| it == root) => {
                (Shape::Party, Labels::NONE.with(Label::Claim), None)
            }
            None => {
                let among = self.fields.keys().filter(|it| !it.starts_with('_'));
                let among = among.chain(&self.parties).cloned().collect();
                let (name, of) = (root.to_owned(), String::new());
                return Err(Unknown { member: None, name, of, among });
            }
        };
        for (index, member) in path.members().enumerate() {
            let (next, own) = self.member(&shape, member).map_err(|among| Unknown {
                member: Some(index),
                name: member.to_owned(),
                of: shape.ty().to_string(),
                among,
            })?;
            // Only the first member under the field is what a manifest speaks of.
            labels = match lowered.take().and_then(|it| Some((it, it.lowered.get(member)?))) {
                Some((field, exactly)) => field.declared.join(*exactly),
                None => labels.join(own),
            };
            shape = next;
        }
        Ok((shape, labels))
    }

    /// One member of a shape, or the names there are.
    pub fn member(&self, shape: &Shape, name: &str) -> Result<(Shape, Labels), Vec<String>> {
        match shape {
            Shape::Any => Ok((Shape::Any, Labels::NONE)),
            Shape::Party if PARTY_MEMBERS.contains(&name) => {
                Ok((Shape::Type(Type::Text), Labels::NONE))
            }
            Shape::Party => Err(PARTY_MEMBERS.iter().map(|&it| it.to_owned()).collect()),
            Shape::Decision(field) => self.decision_member(field, name),
            Shape::About(_) => match self.fields.get(name) {
                Some(field) => Ok((field.shape.clone(), field.labels)),
                None => Err(self.fields.keys().cloned().collect()),
            },
            Shape::Type(Type::Reason) if name == "code" => {
                Ok((Shape::Type(Type::Text), Labels::NONE))
            }
            Shape::Type(Type::Reason) => Err(vec!["code".to_owned()]),
            Shape::Type(Type::Record(record)) => {
                let members = self.catalog.records.get(record).map(|it| &it.members);
                match members.and_then(|it| it.get(name)) {
                    Some(member) => Ok((Shape::Type(member.ty.clone()), member.labels)),
                    None => Err(members.into_iter().flat_map(|it| it.keys().cloned()).collect()),
                }
            }
            Shape::Type(_) => Err(Vec::new()),
        }
    }

    fn decision_member(&self, field: &str, name: &str) -> Result<(Shape, Labels), Vec<String>> {
        let own = self.decisions.get(field);
        if let Some((ty, labels)) = own.and_then(|it| it.get(name)) {
            return Ok((Shape::Type(ty.clone()), *labels));
        }
        let built_in = match name {
            "choice" => Shape::Type(Type::Choice(Vec::new())),
            "by" | "by_person" | "holder" | "digest" => Shape::Type(Type::Text),
            "at" => Shape::Type(Type::Instant),
            "about" => Shape::About(field.to_owned()),
            "reason" => Shape::Type(Type::Reason),
            _ => {
                let built_in = ["choice", "by", "holder", "at", "about"].map(str::to_owned);
                let own = own.into_iter().flat_map(|it| it.keys().cloned());
                return Err(built_in.into_iter().chain(own).collect());
            }
        };
        Ok((built_in, Labels::NONE))
    }

    /// The labels of all that lies in a value.
    fn inside(&self, shape: &Shape, depth: u8) -> Labels {
        let records = &self.catalog.records;
        match shape {
            Shape::Type(Type::List(of)) => self.inside(&Shape::Type((**of).clone()), depth),
            Shape::Type(Type::Record(name)) if depth < RECORD_DEPTH_MAX => {
                let members = records.get(name).into_iter().flat_map(|it| it.members.values());
                members.fold(Labels::NONE, |sum, member| {
                    let deeper = self.inside(&Shape::Type(member.ty.clone()), depth + 1);
                    sum.join(member.labels).join(deeper)
                })
            }
            _ => Labels::NONE,
        }
    }

    fn shown(&self, shape: &Shape, depth: u8) -> Labels {
        match shape {
            Shape::Type(Type::List(of)) => self.shown(&Shape::Type((**of).clone()), depth),
            Shape::Type(Type::Record(name)) if depth < RECORD_DEPTH_MAX => {
                let Some(record) = self.catalog.records.get(name) else { return Labels::NONE };
                let parts = crate::template::parse(&record.show).map(|it| it.parts);
                let mut sum = Labels::NONE;
                for part in parts.unwrap_or_default() {
                    let Part::Value(slot) = part else { continue };
                    let Some(member) = record.members.get(slot.path.root()) else { continue };
                    let deeper = self.shown(&Shape::Type(member.ty.clone()), depth + 1);
                    sum = sum.join(member.labels).join(deeper);
                }
                sum
            }
            // Frozen facts and decisions are never shown whole.
            _ => Labels::NONE,
        }
    }
}

/// The shape of a field of this name and type.
pub fn shape_of(name: &str, ty: &Type) -> Shape {
    match ty {
        Type::Record(record) if record == "decision" => Shape::Decision(name.to_owned()),
        ty => Shape::Type(ty.clone()),
    }
}

/// The labels of something that a decider gives with a choice: typed words are health.
pub fn need_labels(ty: &Type) -> Labels {
    match ty {
        Type::Text => Labels::NONE.with(Label::Health),
        _ => Labels::NONE.with(Label::Claim),
    }
}

fn choice_type(decide: &crate::core::Decide) -> Type {
    Type::Choice(decide.choices.iter().map(|it| it.key.clone()).collect())
}

/// The members of `field` that every call which fills it lowers, with their labels joined.
fn lowered_of(program: &Program, catalog: &Catalog, field: &str) -> BTreeMap<String, Labels> {
    let calls = program.steps.iter().filter_map(|step| match step {
        Core::Call(call) if call.save.as_deref() == Some(field) => {
            Some(catalog.actions.get(&call.action).map(|it| &it.lowers))
        }
        _ => None,
    });
    join_lowered(calls.map(|it| it.cloned().unwrap_or_default()))
}

/// What several fillings of one field lower in common.
pub fn join_lowered(
    fillings: impl Iterator<Item = BTreeMap<String, Labels>>,
) -> BTreeMap<String, Labels> {
    fillings
        .reduce(|all, one| {
            let common = all.into_iter();
            common
                .filter_map(|(name, sum)| Some((sum.join(*one.get(&name)?), name)))
                .map(|(labels, name)| (name, labels))
                .collect()
        })
        .unwrap_or_default()
}
