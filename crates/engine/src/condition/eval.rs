//! The value of an expression, over JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use cel::common::ast::{CallExpr, EntryExpr, Expr as Node, IdedExpr};
use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, ParseErrors};
use serde_json::Value;
use thiserror::Error;

use super::read;

/// Why an expression has no value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExprError {
    /// It reads a field that has no value (yet).
    #[error("'{0}' has no value")]
    Missing(String),
    /// It does not parse. The checker finds these first.
    #[error("'{0}' is no expression")]
    Unreadable(String),
    /// The values do not fit: their types, or a division by zero. Names no values, which may
    /// be private.
    #[error("the values do not fit ({0})")]
    Unfit(&'static str),
}

/// The compiled form of an expression: made once, shared by every clone, equal to any other.
#[derive(Clone, Default)]
pub struct Cache(Arc<OnceLock<Compiled>>);

impl Cache {
    /// A cache that is full already.
    pub(super) fn of(compiled: Compiled) -> Cache {
        let cell = OnceLock::new();
        // The cell is new, so nobody can have been faster.
        let _ = cell.set(compiled);
        Cache(Arc::new(cell))
    }

    /// The compiled form of `source`, which is always the same one for a cache.
    pub(super) fn compiled(&self, source: &str) -> Result<&Compiled, ExprError> {
        if let Some(compiled) = self.0.get() {
            return Ok(compiled);
        }
        let compiled =
            Compiled::of(source).map_err(|_| ExprError::Unreadable(source.to_owned()))?;
        Ok(self.0.get_or_init(|| compiled))
    }
}

impl PartialEq for Cache {
    fn eq(&self, _: &Cache) -> bool {
        true
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

/// An expression, ready to run.
pub(super) enum Compiled {
    /// `check.next_fill_date`: most expressions are no more than this and need no CEL.
    Path(Vec<String>),
    /// Anything else.
    Cel(Box<Cel>),
}

/// A CEL expression in which every `known(path)` became a variable of its own.
pub(super) struct Cel {
    /// As parsed, for the types.
    pub(super) tree: IdedExpr,
    /// With variables for `known`.
    runnable: IdedExpr,
    /// Fields and parties that it names.
    roots: Vec<String>,
    /// Variable to the path it asks about.
    known: BTreeMap<String, Vec<String>>,
}

impl Compiled {
    pub(super) fn of(source: &str) -> Result<Compiled, ParseErrors> {
        if let Some(path) = plain_path(source) {
            return Ok(Compiled::Path(path));
        }
        let tree = read::tree(source)?;
        let roots = tree.references().variables().iter().map(|it| (*it).to_owned()).collect();
        let (mut runnable, mut known) = (tree.clone(), BTreeMap::new());
        replace_known(&mut runnable, &mut known);
        Ok(Compiled::Cel(Box::new(Cel { tree, runnable, roots, known })))
    }
}

/// The standard functions; the checker allows fewer.
pub(super) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// The segments of `source` if it is a field or party with members and nothing else.
pub(super) fn plain_path(source: &str) -> Option<Vec<String>> {
    let parts: Vec<_> = source.trim().split('.').map(str::to_owned).collect();
    let named = parts.iter().all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !matches!(part.as_str(), "true" | "false" | "null" | "in")
    });
    named.then_some(parts)
}

/// The segments of a path in the tree.
pub(super) fn path_of(node: &IdedExpr) -> Option<Vec<String>> {
    match &node.expr {
        Node::Ident(name) => Some(vec![name.clone()]),
        Node::Select(select) if !select.test => {
            let mut path = path_of(&select.operand)?;
            path.push(select.field.clone());
            Some(path)
        }
        _ => None,
    }
}

/// The path that a call of `known` asks about.
pub(super) fn known_path(call: &CallExpr) -> Option<Vec<String>> {
    match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
        ("known", None, [one]) => path_of(one),
        _ => None,
    }
}

fn replace_known(node: &mut IdedExpr, known: &mut BTreeMap<String, Vec<String>>) {
    if let Node::Call(call) = &node.expr
        && let Some(path) = known_path(call)
    {
        // No name in CEL has a colon, so the variable cannot clash with a field.
        let name = format!("known:{}", path.join("."));
        known.insert(name.clone(), path);
        node.expr = Node::Ident(name);
        return;
    }
    for child in children_mut(&mut node.expr) {
        replace_known(child, known);
    }
}

pub(super) fn children_mut(node: &mut Node) -> Vec<&mut IdedExpr> {
    match node {
        Node::Unspecified | Node::Ident(_) | Node::Literal(_) => Vec::new(),
        Node::Call(call) => {
            call.target.as_deref_mut().into_iter().chain(call.args.iter_mut()).collect()
        }
        Node::Comprehension(it) => vec![
            &mut it.iter_range,
            &mut it.accu_init,
            &mut it.loop_cond,
            &mut it.loop_step,
            &mut it.result,
        ],
        Node::List(list) => list.elements.iter_mut().collect(),
        Node::Map(map) => map.entries.iter_mut().flat_map(|it| entry_mut(&mut it.expr)).collect(),
        Node::Struct(it) => it.entries.iter_mut().flat_map(|it| entry_mut(&mut it.expr)).collect(),
        Node::Select(select) => vec![&mut select.operand],
    }
}

fn entry_mut(entry: &mut EntryExpr) -> Vec<&mut IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&mut field.value],
        EntryExpr::MapEntry(entry) => vec![&mut entry.key, &mut entry.value],
    }
}

pub(super) fn eval<'a>(
    compiled: &Compiled,
    look: &impl Fn(&str) -> Option<&'a Value>,
) -> Result<Value, ExprError> {
    let cel = match compiled {
        Compiled::Path(path) => {
            return find(path, look).cloned().ok_or_else(|| ExprError::Missing(path.join(".")));
        }
        Compiled::Cel(cel) => cel,
    };
    let mut context = Context::with_env(Arc::clone(&ENV));
    for root in &cel.roots {
        if let Some(value) = look(root).filter(|it| !it.is_null()) {
            context.add_variable_from_value(root.as_str(), to_cel(value));
        }
    }
    for (name, path) in &cel.known {
        context.add_variable_from_value(name.as_str(), find(path, look).is_some());
    }
    let value = context.resolve(&cel.runnable).map_err(|error| why(&error))?;
    value.json().map_err(|_| ExprError::Unfit("the result is no JSON value"))
}

fn find<'a>(path: &[String], look: &impl Fn(&str) -> Option<&'a Value>) -> Option<&'a Value> {
    let (root, members) = path.split_first()?;
    let mut value = look(root)?;
    for member in members {
        value = value.get(member)?;
    }
    Some(value).filter(|it| !it.is_null())
}

fn why(error: &ExecutionError) -> ExprError {
    match error {
        ExecutionError::UndeclaredReference(name) | ExecutionError::NoSuchKey(name) => {
            ExprError::Missing(name.to_string())
        }
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnexpectedType { .. } => ExprError::Unfit("type clash"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            ExprError::Unfit("division by zero")
        }
        ExecutionError::Overflow(..) => ExprError::Unfit("a number too large"),
        ExecutionError::IndexOutOfBounds(_) => ExprError::Unfit("no such place in the list"),
        _ => ExprError::Unfit("it cannot be computed"),
    }
}

/// JSON as CEL sees it. Whole numbers are `int`, so that `days + 1` works; null members are
/// left out, so that `has()` and an error tell the truth about them.
fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(it) => cel::Value::Bool(*it),
        Value::Number(it) => match it.as_i64() {
            Some(whole) => cel::Value::Int(whole),
            None => cel::Value::Float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(it) => cel::Value::String(Arc::new(it.clone())),
        Value::Array(it) => cel::Value::List(Arc::new(it.iter().map(to_cel).collect())),
        Value::Object(it) => {
            let members = it.iter().filter(|(_, value)| !value.is_null());
            let map = members
                .map(|(name, value)| (Key::String(Arc::new(name.clone())), to_cel(value)))
                .collect();
            cel::Value::Map(Map { map: Arc::new(map) })
        }
    }
}
