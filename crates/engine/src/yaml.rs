//! YAML as a tree in which every node knows its place. The one module that names the YAML
//! library. It refuses what a flow has no use for: anchors and aliases, duplicate keys, and
//! files so large or deep that reading them would be an attack.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::report::Report;
use crate::surface::{At, Span};

/// A node and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands; for a quoted scalar on one line, what lies between the quotes.
    pub at: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A text, number or truth value, as written. Nothing at all is the empty text.
    Scalar(String),
    /// A list.
    Seq(Vec<Node>),
    /// Keys and values in the order of the file.
    Map(Vec<(At<String>, Node)>),
}

/// Largest file, in bytes. The longest flow we know has 12 KB; a hundred times its readers'
/// patience is enough.
const FILE_BYTES_MAX: usize = 512 * 1024;

/// Deepest nesting of lists and maps. Each step inside another takes three.
const DEPTH_MAX: usize = 40;

/// Most nodes of one file; a flow of 1,000 steps stays below.
const NODES_MAX: usize = 50_000;

/// Reads a file. What is wrong with it goes to the report.
pub fn read(text: &str, report: &mut Report) -> Option<Node> {
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file is larger than {} KB", FILE_BYTES_MAX / 1024);
        report.error("Y003", START, message, "split it into several flows that run each other");
        return None;
    }
    if text.trim().is_empty() {
        report.error("Y001", START, "the file is empty".to_owned(), "begin with 'flow: NAME'");
        return None;
    }
    match serde_saphyr::from_str_with_options::<Raw>(text, options()) {
        Ok(raw) => Some(Source::new(text).node(raw)),
        Err(error) => {
            refused(&error, report);
            None
        }
    }
}

const START: Span = Span { line: 1, column: 1, length: 1 };

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
        },
        with_snippet: false,
    }
}

fn refused(error: &serde_saphyr::Error, report: &mut Report) {
    let at = error.location().map_or(START, |it| Span {
        line: number(it.line()).max(1),
        column: number(it.column()).max(1),
        length: 1,
    });
    let said = error.to_string();
    match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            let at = Span { length: number(key.chars().count() as u64).max(1), ..at };
            let message = format!("'{key}' stands here twice");
            report.error("Y002", at, message, "keep one of them, or give one another name");
        }
        // The scanner has a limit of its own on nesting, and only says so in words.
        it if matches!(it, serde_saphyr::Error::Budget { .. })
            || said.contains("recursion limit") =>
        {
            let message = "the file is too deep, too long, or uses anchors".to_owned();
            report.error("Y003", at, message, "write it flat, without '&' and '*'");
        }
        _ => {
            let said = said.lines().next().unwrap_or_default();
            let said = said.split(" at line ").next().unwrap_or_default();
            let message = format!("this is not YAML that can be read: {said}");
            let help = "look at the indentation, and put texts with ': ' or '#' into quotes";
            report.error("Y001", at, message, help);
        }
    }
}

/// A node as the library gives it.
struct Raw(Spanned<Any>);

enum Any {
    Text(String),
    /// A number or truth value: its text stands in the source.
    Plain,
    Nothing,
    Seq(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        Spanned::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Any, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list or a map")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Any, E> {
        Ok(Any::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Any, E> {
        Ok(Any::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Any, E> {
        Ok(Any::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Any, E> {
        Ok(Any::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Any, E> {
        Ok(Any::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Any, E> {
        Ok(Any::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Any, E> {
        Ok(Any::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Any, E> {
        Ok(Any::Nothing)
    }

    fn visit_none<E>(self) -> Result<Any, E> {
        Ok(Any::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Any, D::Error> {
        Any::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Any, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Any::Seq(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Any::Map(entries))
    }
}

/// The text of the file, for places and for scalars as they were written.
struct Source<'t> {
    text: &'t str,
}

impl<'t> Source<'t> {
    fn new(text: &'t str) -> Source<'t> {
        Source { text }
    }

    fn node(&self, raw: Raw) -> Node {
        let place = raw.0.referenced;
        let (at, written) = self.place(&place);
        let kind = match raw.0.value {
            Any::Text(text) => return self.scalar(text, at, written),
            Any::Plain => Kind::Scalar(written.to_owned()),
            Any::Nothing => Kind::Scalar(String::new()),
            Any::Seq(items) => Kind::Seq(items.into_iter().map(|it| self.node(it)).collect()),
            Any::Map(entries) => {
                let entries = entries.into_iter();
                Kind::Map(entries.map(|(key, value)| (self.key(key), self.node(value))).collect())
            }
        };
        Node { at, kind }
    }

    fn key(&self, raw: Raw) -> At<String> {
        let node = self.node(raw);
        let it = match node.kind {
            Kind::Scalar(it) => it,
            Kind::Seq(_) | Kind::Map(_) => String::new(),
        };
        At { it, at: node.at }
    }

    /// A text, and the place of what lies between its quotes.
    fn scalar(&self, text: String, at: Span, written: &str) -> Node {
        let quoted = written.starts_with(['"', '\'']) && !written.contains('\n');
        let at = match quoted && at.length > 2 {
            true => Span { column: at.column + 1, length: at.length - 2, ..at },
            false => at,
        };
        Node { at, kind: Kind::Scalar(text) }
    }

    /// The place of a node on its first line, and how the whole of it was written.
    fn place(&self, place: &serde_saphyr::Location) -> (Span, &'t str) {
        let span = place.span();
        let start = span.byte_offset().map_or(0, |it| usize::try_from(it).unwrap_or(0));
        let rest = self.text.get(start..).unwrap_or_default();
        let chars = usize::try_from(span.len()).unwrap_or(0);
        let end = rest.char_indices().nth(chars).map_or(rest.len(), |(at, _)| at);
        let written = rest[..end].trim_end();
        let on_line = written.lines().next().unwrap_or_default().trim_end().chars().count();
        let (line, column) = (number(place.line()), number(place.column()));
        (Span { line, column, length: number(on_line as u64).max(1) }, written)
    }
}

fn number(it: u64) -> u32 {
    u32::try_from(it).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        let mut report = Report::new("f");
        let node = read(text, &mut report);
        node.unwrap_or_else(|| panic!("{:?}", report.into_findings()))
    }

    fn places(node: &Node, found: &mut Vec<(String, u32, u32, u32)>) {
        match &node.kind {
            Kind::Scalar(it) => {
                found.push((it.clone(), node.at.line, node.at.column, node.at.length));
            }
            Kind::Seq(items) => items.iter().for_each(|it| places(it, found)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    found.push((key.it.clone(), key.at.line, key.at.column, key.at.length));
                    places(value, found);
                }
            }
        }
    }

    #[test]
    fn every_scalar_knows_its_place_in_characters() {
        let text = "ñandú: \"año {x}\"\nlist: [no, 1.10, 'q', ~]\nk: { yes: plain words }\n";
        let mut found = Vec::new();
        places(&node(text), &mut found);
        let want = [
            ("ñandú", 1, 1, 5),
            ("año {x}", 1, 9, 7),
            ("list", 2, 1, 4),
            ("no", 2, 8, 2),
            ("1.10", 2, 12, 4),
            ("q", 2, 19, 1),
            ("", 2, 23, 1),
            ("k", 3, 1, 1),
            ("yes", 3, 6, 3),
            ("plain words", 3, 11, 11),
        ];
        let want: Vec<_> = want.iter().map(|it| (it.0.to_owned(), it.1, it.2, it.3)).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn what_a_flow_has_no_use_for_is_refused() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let large = format!("a: {}", "x".repeat(FILE_BYTES_MAX));
        let many = format!("a: [{}]", "x,".repeat(NODES_MAX));
        let cases = [
            ("a: 1\na: 2\n", "Y002", 2, 1),
            ("a: [1\n", "Y001", 1, 0),
            ("a: &x 1\nb: *x\n", "Y003", 1, 7),
            ("", "Y001", 1, 1),
            (&deep, "Y003", 1, 0),
            (&large, "Y003", 1, 1),
            (&many, "Y003", 1, 0),
        ];
        for (text, code, line, column) in cases {
            let mut report = Report::new("f");
            assert!(read(text, &mut report).is_none(), "{code}");
            let findings = report.into_findings();
            let head: String = text.chars().take(30).collect();
            assert_eq!((findings[0].code.as_str(), findings[0].at.line), (code, line), "{head}");
            if column > 0 {
                assert_eq!(findings[0].at.column, column, "{head}");
            }
        }
    }
}
