//! Conditions and computed values: CEL, typed by us.
//!
//! An expression is compiled once, at load. It reads fields and nothing else: no clock, no
//! randomness, no functions of ours but `known(field)`. A field without a value is an error,
//! never false, so that a flow cannot decide anything by forgetting to ask.

mod compile;
mod eval;
mod read;
mod typing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use compile::{Problem, compile, inner, nearest, unknown_path};
pub use eval::{Cache, ExprError};

use crate::label::Labels;
use crate::surface::Span;
use crate::text::Path;
use crate::types::Type;

/// A CEL expression of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// As written.
    pub source: String,
    /// Where.
    pub at: Span,
    /// The fields and members it reads.
    pub reads: Vec<Path>,
    /// What it gives.
    #[serde(rename = "type")]
    pub ty: Type,
    /// The labels of what it reads, joined.
    pub labels: Labels,
    /// The compiled form, made on first use. Every value is as good as [`Cache::default`].
    #[serde(skip)]
    pub cache: Cache,
}

impl Expr {
    /// The path, where the expression is nothing but a field or a member of one.
    pub fn path(&self) -> Option<&Path> {
        match self.reads.as_slice() {
            [path] if path.0 == self.source.trim() => Some(path),
            _ => None,
        }
    }

    /// Computes the value over `fields`. Parties stand among them as records, where the
    /// expression may name them (`worker.person`).
    pub fn eval(&self, fields: &BTreeMap<String, Value>) -> Result<Value, ExprError> {
        self.eval_with(|name| fields.get(name))
    }

    /// Computes the value; `look` finds a field or a party by its name. A JSON null is no value.
    pub fn eval_with<'a>(
        &self,
        look: impl Fn(&str) -> Option<&'a Value>,
    ) -> Result<Value, ExprError> {
        eval::eval(self.cache.compiled(&self.source)?, &look)
    }
}
