//! Values on their way into texts: found by path, with their type, records already shown.

use serde_json::{Value, json};

use crate::core::{Core, Decide};
use crate::render::show_record;
use crate::state::{Position, Rest};
use crate::text::{Part, Path, Slot, Template, Typed, Values, Wording};
use crate::turn::Fault;
use crate::turn::cx::Cx;
use crate::types::Type;

/// Every place for a value in a wording: all languages, the private form included.
pub(super) fn slots(wording: &Wording) -> impl Iterator<Item = &Slot> {
    let templates = wording.words.values().chain(wording.private.values());
    templates.flat_map(|it: &Template| &it.parts).filter_map(|part| match part {
        Part::Value(slot) => Some(slot),
        Part::Words(_) => None,
    })
}

impl Cx<'_> {
    /// The values of a wording, frozen. A field that is not known is a fault; a member that
    /// is not there is empty, as the record says it may be.
    pub(super) fn values(&self, wording: &Wording) -> Result<Values, Fault> {
        let mut values = Values::new();
        for slot in slots(wording) {
            if !values.contains_key(&slot.path) {
                let typed =
                    self.typed(&slot.path).ok_or_else(|| Fault::Unknown(slot.path.0.clone()))?;
                values.insert(slot.path.clone(), typed);
            }
        }
        Ok(values)
    }

    /// The value at a path, with its type. `None` if its root is not known.
    pub(super) fn typed(&self, path: &Path) -> Option<Typed> {
        if let Some(holders) = self.holder_names(path) {
            return Some(Typed { value: json!(holders), ty: Type::List(Box::new(Type::Text)) });
        }
        let value = self.value_at(path)?;
        let ty = self.type_of(path);
        Some(self.shown(value, ty))
    }

    /// The raw value at a path: null for a member that is not there.
    pub(super) fn value_at(&self, path: &Path) -> Option<Value> {
        let record;
        let root = match self.state.fields.get(path.root()) {
            Some(value) => value,
            None => {
                record = self.party_record(path.root())?;
                &record
            }
        };
        let mut at = root;
        for member in path.members() {
            match at.get(member) {
                Some(next) => at = next,
                None => return Some(Value::Null),
            }
        }
        Some(at.clone())
    }

    /// `decision.holder` while the decision is open: the names of those who hold its card.
    fn holder_names(&self, path: &Path) -> Option<Vec<String>> {
        if path.members().collect::<Vec<_>>() != ["holder"] {
            return None;
        }
        let Position::At { anchor, rest: Rest::Deciding(open) } = &self.state.position else {
            return None;
        };
        let names = || open.holders.iter().map(|it| self.party_name(it)).collect();
        (anchor == path.root()).then(names)
    }

    /// The type of what stands at a path. What the catalog does not know is text.
    pub(super) fn type_of(&self, path: &Path) -> Type {
        let Some(field) = self.program.fields.get(path.root()) else { return Type::Text };
        let mut ty = field.ty.clone();
        for member in path.members() {
            ty = match &ty {
                Type::Record(name) if name == "decision" => {
                    self.decision_member(path.root(), member)
                }
                Type::Record(name) => {
                    let record = self.env.catalog.records.get(name);
                    record
                        .and_then(|it| it.members.get(member))
                        .map_or(Type::Text, |it| it.ty.clone())
                }
                _ => Type::Text,
            };
        }
        ty
    }

    /// The type of a member of a decision: what its needs and sets say, else the built-in ones.
    fn decision_member(&self, field: &str, member: &str) -> Type {
        if let Some(decide) = self.decide_of(field) {
            for choice in &decide.choices {
                if let Some(need) = choice.needs.iter().find(|it| it.name == member) {
                    return need.ty.clone();
                }
                if let Some((_, expr)) = choice.set.iter().find(|(name, _)| name == member) {
                    return expr.ty.clone();
                }
            }
        }
        match member {
            "at" => Type::Instant,
            "reason" => Type::Reason,
            "choice" => Type::Choice(Vec::new()),
            _ => Type::Text,
        }
    }

    /// The decide step of a decision field.
    pub(super) fn decide_of(&self, field: &str) -> Option<&Decide> {
        match self.core(self.pc_of(field).ok()?).ok()? {
            Core::Decide(decide) => Some(decide),
            _ => None,
        }
    }

    /// A value as texts take it: records shown, lists of records as lists of texts.
    pub(super) fn shown(&self, value: Value, ty: Type) -> Typed {
        match (&ty, &value) {
            (Type::Record(_), Value::Object(_)) => {
                Typed { value: json!(show_record(self.env.catalog, &ty, &value)), ty: Type::Text }
            }
            (Type::List(of), Value::Array(members)) => match of.as_ref() {
                Type::Record(_) => {
                    let texts: Vec<String> =
                        members.iter().map(|it| show_record(self.env.catalog, of, it)).collect();
                    Typed { value: json!(texts), ty: Type::List(Box::new(Type::Text)) }
                }
                _ => Typed { value, ty },
            },
            _ => Typed { value, ty },
        }
    }
}
