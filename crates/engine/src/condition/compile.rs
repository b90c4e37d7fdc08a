//! From the words of an expression to an [`Expr`], or to what is wrong with them.

use super::eval::{Cache, Compiled};
use super::{Expr, typing};
use crate::label::Labels;
use crate::scope::{Scope, Shape, Unknown};
use crate::surface::{At, Span};
use crate::text::Path;

/// What is wrong with an expression, with its place inside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// A stable code: `D101`.
    pub code: &'static str,
    /// Where, in the file.
    pub at: Span,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Longest expression, in characters: a condition that needs more wants a step of its own.
const EXPRESSION_CHARS_MAX: usize = 500;

/// Most signs that make the parser go one level deeper (brackets, `!`, `-`, `?`). The CEL parser
/// recurses on them, and on a small stack a few hundred would end the process, not the parse.
const DEEPENING_SIGNS_MAX: usize = 10;

/// Compiles and types an expression. On problems there is no expression.
pub fn compile(source: &At<String>, scope: &Scope<'_>) -> Result<(Expr, Shape), Vec<Problem>> {
    let text = source.it.trim();
    if let Some(message) = refused(text) {
        let help = "write a short condition, for example: days > 30".to_owned();
        return Err(vec![Problem { code: "D107", at: source.at, message, help }]);
    }
    let compiled = Compiled::of(text).map_err(|errors| vec![unreadable(source, &errors)])?;
    let typed = typing::infer(&compiled, text, scope).map_err(|problems| {
        problems.into_iter().map(|it| it.into_problem(source)).collect::<Vec<_>>()
    })?;
    let labels = typed.reads.iter().filter_map(|path| scope.resolve(path).ok());
    let labels = labels.fold(Labels::NONE, |sum, (_, labels)| sum.join(labels));
    let expr = Expr {
        source: text.to_owned(),
        at: source.at,
        reads: typed.reads,
        ty: typed.shape.ty(),
        labels,
        cache: Cache::of(compiled),
    };
    Ok((expr, typed.shape))
}

/// Why an expression is not even parsed.
fn refused(text: &str) -> Option<String> {
    let deepening = text.chars().filter(|it| "([{!-?".contains(*it)).count();
    if text.is_empty() {
        Some("an expression is missing".to_owned())
    } else if text.chars().count() > EXPRESSION_CHARS_MAX {
        Some(format!("an expression is longer than {EXPRESSION_CHARS_MAX} characters"))
    } else if deepening > DEEPENING_SIGNS_MAX {
        Some(format!("an expression has more than {DEEPENING_SIGNS_MAX} brackets and signs"))
    } else {
        None
    }
}

/// A path in a place where only a path may stand (`until:`, `choices:`, a text).
pub fn unknown_path(path: &Path, unknown: &Unknown, at: Span) -> Problem {
    let (code, message) = match unknown.member {
        None => ("D101", format!("there is no field or party '{}'", unknown.name)),
        Some(_) => ("D102", format!("'{}' has no member '{}'", unknown.of, unknown.name)),
    };
    let help = match nearest(&unknown.name, &unknown.among) {
        Some(near) => format!("did you mean '{near}'?"),
        None if unknown.member.is_none() => {
            format!("declare it under 'data:', or mend '{}'", path.0)
        }
        None if unknown.among.is_empty() => "this value has no members".to_owned(),
        None => format!("it has: {}", unknown.among.join(", ")),
    };
    Problem { code, at, message, help }
}

/// The name that an author most likely meant.
pub fn nearest<'n>(name: &str, among: &'n [String]) -> Option<&'n str> {
    /// Below this Jaro-Winkler likeness a suggestion is more noise than help.
    const LIKENESS_MIN: f64 = 0.78;
    among
        .iter()
        .map(|it| (likeness(name, it), it.as_str()))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, near)| near)
}

/// How alike two names are, 0 to 1. One slip of the hand is alike even in a short word.
fn likeness(one: &str, other: &str) -> f64 {
    let slip = one.len() > 2 && strsim::osa_distance(one, other) == 1;
    strsim::jaro_winkler(one, other).max(if slip { 0.8 } else { 0.0 })
}

fn unreadable(source: &At<String>, errors: &cel::ParseErrors) -> Problem {
    let first = errors.errors.first();
    let column = first.map_or(0, |it| usize::try_from(it.pos.1).unwrap_or(1).saturating_sub(1));
    let at = inner(source, column, 1);
    let message = format!("'{}' is no condition that can be read", source.it.trim());
    let help = "write it in CEL, for example: days > 30 && choice == \"deny\"".to_owned();
    Problem { code: "D107", at, message, help }
}

/// The place of `length` characters from `from` (from 0) inside a scalar; the whole scalar where
/// the source writes it over several lines or with escapes.
pub fn inner(source: &At<String>, from: usize, length: usize) -> Span {
    let chars = source.it.chars().count();
    if source.at.length as usize != chars || from + length > chars {
        return source.at;
    }
    let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Span { column: source.at.column + number(from), length: number(length.max(1)), ..source.at }
}
