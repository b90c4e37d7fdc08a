//! Reading the shape of a condition as far as the checker needs it: what it proves when it
//! holds and when it does not. A shape that is not understood proves nothing, which errs
//! toward asking the author for a guard.

/// Something that a condition proves.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fact {
    /// `known(field)` holds.
    Known(String),
    /// The path is one of these.
    OneOf(String, Vec<String>),
    /// The path is none of these.
    NoneOf(String, Vec<String>),
}

/// What holds where the condition turned out as `holds`.
pub(super) fn facts(source: &str, holds: bool) -> Vec<Fact> {
    let source = strip(source);
    // `&&` binds tighter, so the whole is first of all an either-or.
    let either = split(source, "||");
    if either.len() > 1 {
        return match holds {
            true => Vec::new(),
            false => either.into_iter().flat_map(|part| facts(part, false)).collect(),
        };
    }
    let both = split(source, "&&");
    if both.len() > 1 {
        return match holds {
            true => both.into_iter().flat_map(|part| facts(part, true)).collect(),
            false => Vec::new(),
        };
    }
    if let Some(rest) = source.strip_prefix('!').filter(|it| !it.starts_with('=')) {
        return facts(rest, !holds);
    }
    if let Some(field) = source.strip_prefix("known(").and_then(|it| it.strip_suffix(')')) {
        return if holds { vec![Fact::Known(field.trim().to_owned())] } else { Vec::new() };
    }
    comparison(source).map(|it| if holds { it } else { negated(it) }).into_iter().collect()
}

/// The fields that `known(…)` asks about, anywhere in it.
pub(super) fn asks_whether_known(source: &str) -> impl Iterator<Item = &str> {
    source.split("known(").skip(1).filter_map(|rest| rest.split(')').next()).map(str::trim)
}

fn negated(fact: Fact) -> Fact {
    match fact {
        Fact::OneOf(path, keys) => Fact::NoneOf(path, keys),
        Fact::NoneOf(path, keys) => Fact::OneOf(path, keys),
        Fact::Known(field) => Fact::Known(field),
    }
}

fn comparison(source: &str) -> Option<Fact> {
    if let Some((path, keys)) = source.split_once(" in ") {
        let keys = keys.trim().strip_prefix('[')?.strip_suffix(']')?;
        let keys = keys.split(',').map(literal).collect::<Option<Vec<_>>>()?;
        return Some(Fact::OneOf(path_of(path)?, keys));
    }
    let (equal, left, right) = match (source.split_once("=="), source.split_once("!=")) {
        (Some((left, right)), None) => (true, left, right),
        (None, Some((left, right))) => (false, left, right),
        _ => return None,
    };
    let (path, key) = match (literal(left), literal(right)) {
        (None, Some(key)) => (path_of(left)?, key),
        (Some(key), None) => (path_of(right)?, key),
        _ => return None,
    };
    Some(if equal { Fact::OneOf(path, vec![key]) } else { Fact::NoneOf(path, vec![key]) })
}

fn path_of(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = |it: char| it.is_alphanumeric() || it == '_' || it == '.';
    (!text.is_empty() && text.chars().all(plain)).then(|| text.to_owned())
}

fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then(|| inner.to_owned())
}

/// Without the blanks and the parentheses around the whole.
fn strip(source: &str) -> &str {
    let mut source = source.trim();
    while let Some(inner) = source.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        let mut depth = 0_i32;
        let whole = inner.chars().all(|it| {
            depth += i32::from(it == '(') - i32::from(it == ')');
            depth >= 0
        });
        if !whole {
            break;
        }
        source = inner.trim();
    }
    source
}

/// Splits at an operator that stands in no quotes and no brackets.
fn split<'a>(source: &'a str, operator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut from, mut depth, mut quote) = (0, 0_i32, None);
    for (at, it) in source.char_indices() {
        match (quote, it) {
            (Some(open), it) if it == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(it),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            _ if depth == 0 && at >= from && source[at..].starts_with(operator) => {
                parts.push(&source[from..at]);
                from = at + operator.len();
            }
            _ => {}
        }
    }
    parts.push(&source[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of(path: &str, keys: &[&str]) -> Fact {
        Fact::OneOf(path.into(), keys.iter().map(|&it| it.into()).collect())
    }

    #[test]
    fn a_condition_proves_what_it_says_when_it_holds() {
        let proved = facts(r#"known(a) && (b.c == "x")"#, true);
        assert_eq!(proved, [Fact::Known("a".into()), one_of("b.c", &["x"])]);
        assert_eq!(facts(r#"b in ["x", "y"]"#, true), [one_of("b", &["x", "y"])]);
    }

    #[test]
    fn an_either_or_proves_nothing_when_it_holds_and_both_when_it_does_not() {
        let source = r#"b != "x" || !known(a)"#;
        assert_eq!(facts(source, true), []);
        assert_eq!(facts(r#"known(a) && known(b) || c"#, true), []);
        assert_eq!(facts(source, false), [one_of("b", &["x"]), Fact::Known("a".into())]);
    }

    #[test]
    fn operators_inside_quotes_are_words() {
        assert_eq!(facts(r#"a == "x && y""#, true), [one_of("a", &["x && y"])]);
    }
}
