//! Puts the figures into a page that is otherwise written by hand, and the picture beside it.

use std::path::Path;

use anyhow::Context;

/// Between these lines everything is ours.
const BEGIN: &str = "<!-- figures -->";
const END: &str = "<!-- /figures -->";

/// Replaces what stands between the marks.
pub(super) fn put(page: &Path, figures: &str, picture: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(page)
        .with_context(|| format!("reading {}, which has the marks", page.display()))?;
    let text = between(&text, figures)
        .with_context(|| format!("{} has no {BEGIN} and {END}", page.display()))?;
    std::fs::write(page, text).with_context(|| format!("writing {}", page.display()))?;
    let beside = page.with_extension("svg");
    std::fs::write(&beside, picture).with_context(|| format!("writing {}", beside.display()))
}

fn between(text: &str, figures: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_by_hand_stays() {
        let page = "# Fast\n<!-- figures -->\nold\n<!-- /figures -->\nwhy\n";
        let first = between(page, "| new |\n").unwrap();
        assert_eq!(first, "# Fast\n<!-- figures -->\n\n| new |\n\n<!-- /figures -->\nwhy\n");
        assert_eq!(between(&first, "| new |").unwrap(), first);
        assert_eq!(between("no marks", "x"), None);
    }
}
