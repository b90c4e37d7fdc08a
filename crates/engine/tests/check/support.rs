//! The tidy flow that the checker's tests break, and how they break it.

use std::sync::OnceLock;

use mendline_engine::catalog::Catalog;
use mendline_engine::check::Finding;
use mendline_engine::load::{Loaded, Source, load};

/// A flow without a single finding.
pub const BASE: &str = include_str!("base.yaml");
/// Its Spanish words.
pub const SPANISH: &str = include_str!("base.es.yaml");
const CATALOG: &str = include_str!("catalog.json");

/// What the flow may name.
pub fn catalog() -> &'static Catalog {
    static CATALOG_READ: OnceLock<Catalog> = OnceLock::new();
    CATALOG_READ.get_or_init(|| serde_json::from_str(CATALOG).expect("the fixture is a catalog"))
}

/// Replaces `old` by `new` in the flow. `es: old` replaces in the Spanish words; `es: *` takes
/// them away. An `old` of a whole line takes the line's end along.
pub type Patch = (&'static str, &'static str);

/// Loads the base flow with the patches put in.
pub fn broken(patches: &[Patch]) -> Loaded {
    let (mut flow, mut spanish) = (BASE.to_owned(), Some(SPANISH.to_owned()));
    for (old, new) in patches {
        match old.strip_prefix("es: ") {
            Some("*") => spanish = None,
            Some(old) => {
                put(spanish.as_mut().expect("the Spanish words are still there"), old, new)
            }
            None => put(&mut flow, old, new),
        }
    }
    load_texts(&flow, spanish.as_deref())
}

/// Loads a flow with its Spanish words.
pub fn load_texts(flow: &str, spanish: Option<&str>) -> Loaded {
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let spanish: Vec<Source> = spanish.iter().map(|it| source("flow.es.yaml", it)).collect();
    let others = ["refill", "gather_information", "approval"].map(str::to_owned);
    load(&source("flow.yaml", flow), &spanish, catalog(), &others)
}

fn put(text: &mut String, old: &str, new: &str) {
    assert!(text.contains(old), "the base flow does not say {old:?}");
    *text = text.replacen(old, new, 1);
}

/// The codes, each once, in order.
pub fn codes(findings: &[Finding]) -> Vec<&str> {
    let mut codes: Vec<&str> = findings.iter().map(|it| it.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
