//! From the words of an expression to its tree. The CEL library has two parsers: one that is
//! quick and one that says what is wrong and where every node was written. Nearly every expression
//! is right, so the slow one is asked only about those that are not.

use cel::common::ast::IdedExpr;
use cel::parser::PrattParser;
use cel::{ParseErrors, Program};

use super::eval::ENV;

/// The tree of an expression. Ids of nodes mean nothing outside it.
pub(super) fn tree(text: &str) -> Result<IdedExpr, ParseErrors> {
    match quick(text) {
        Some(tree) => Ok(tree),
        // What it does not take, the other may; and its words about what is wrong are the ones
        // that authors read.
        None => with_places(text).map(|program| program.expression().clone()),
    }
}

/// The tree, where the quick parser takes the text and the other would too.
fn quick(text: &str) -> Option<IdedExpr> {
    let mut signs = text.chars().filter(|it| !it.is_whitespace());
    let mut last = signs.next();
    // CEL has no `!-x`; only the quick parser reads it.
    let mixed =
        signs.any(|it| matches!((last.replace(it), it), (Some('!'), '-') | (Some('-'), '!')));
    if mixed { None } else { PrattParser::new().parse(text).ok() }
}

/// The tree again, with the place of each node.
pub(super) fn with_places(text: &str) -> Result<Program, ParseErrors> {
    ENV.compile(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::condition::eval::children_mut;

    /// The tree without ids: the parsers count nodes in orders of their own.
    fn bare(mut tree: IdedExpr) -> IdedExpr {
        fn forget(node: &mut IdedExpr) {
            node.id = 0;
            children_mut(&mut node.expr).into_iter().for_each(forget);
        }
        forget(&mut tree);
        tree
    }

    /// Pieces of which expressions are made, and some of which they are not.
    const PIECES: [&str; 44] = [
        "days",
        "claim",
        ".number",
        ".parts",
        "size(",
        "known(",
        "has(",
        ")",
        "[",
        "]",
        "0",
        "1",
        "30",
        "2.5",
        "-",
        "!",
        " + ",
        " * ",
        " % ",
        "/",
        " == ",
        " != ",
        " < ",
        " <= ",
        " > ",
        " >= ",
        " && ",
        " || ",
        " ? ",
        " : ",
        " in ",
        "true",
        "null",
        "'stop'",
        "\"deny\"",
        "'ñandú'",
        "r'\\d'",
        "'a\\'b'",
        ".exists(p, p == 'x')",
        ".all(p, ",
        ",",
        "(",
        "{",
        "in",
    ];

    fn same(text: &str) -> Result<(), TestCaseError> {
        let Some(quick) = quick(text) else { return Ok(()) };
        let slow = with_places(text).map(|it| bare(it.expression().clone()));
        let slow =
            slow.map_err(|it| TestCaseError::fail(format!("only one takes {text:?}: {it}")))?;
        prop_assert_eq!(bare(quick), slow, "{}", text);
        Ok(())
    }

    #[test]
    fn the_quick_parser_takes_what_flows_say() {
        let said = [
            "!known(claim)",
            "size(_claim_candidates) == 1",
            "_claim_candidates[0]",
            "decision.choice == \"deny\" && days > 30 || !(at_counter == 'here')",
            "claim.parts.exists(p, p == 'knee') ? days + 1 : -3",
            "check.status in ['covered', 'too_soon']",
        ];
        for text in said {
            let quick = quick(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                bare(quick),
                bare(with_places(text).unwrap().expression().clone()),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn both_parsers_read_the_same(pieces in prop::collection::vec(0..PIECES.len(), 1..12)) {
            same(&pieces.into_iter().map(|it| PIECES[it]).collect::<String>())?;
        }

        #[test]
        fn no_text_fells_the_quick_parser(text in "\\PC{0,40}") {
            same(&text)?;
        }
    }
}
