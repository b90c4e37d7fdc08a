//! YAML as a tree in which every node knows its place. The one module that names the YAML
//! library. It refuses what a flow has no use for: anchors and aliases, duplicate keys, and
//! files so large or deep that reading them would be an attack.

use std::borrow::Cow;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput};

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
    let options = granit_parser::options! { emit_comments: false };
    let events = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { text, events, depth: 0, nodes: 0 };
    match reader.file() {
        Ok(node) => Some(node),
        Err(stop) => {
            stop.tell(report);
            None
        }
    }
}

const START: Span = Span { line: 1, column: 1, length: 1 };

/// Why a file is not read any further.
enum Stop {
    /// The library cannot read it.
    Broken(ScanError),
    /// A key stands twice in one map.
    Twice(At<String>),
    /// There is something in it that a flow has no use for.
    Useless(Span),
}

impl Stop {
    fn tell(self, report: &mut Report) {
        match self {
            Stop::Twice(key) => {
                let message = format!("'{}' stands here twice", key.it);
                let help = "keep one of them, or give one another name";
                report.error("Y002", key.at, message, help);
            }
            Stop::Useless(at) => {
                let message = "the file is too deep, too long, or uses anchors or tags".to_owned();
                let help = "write it flat, without '&', '*', '!' and '---'";
                report.error("Y003", at, message, help);
            }
            Stop::Broken(error) if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) => {
                Stop::Useless(START).tell(report);
            }
            Stop::Broken(error) => {
                let mark = error.marker();
                let (line, column) = (number(mark.line()).max(1), number(mark.col()) + 1);
                let said = error.info();
                let said = said.lines().next().unwrap_or_default();
                let message = format!("this is not YAML that can be read: {said}");
                let help = "look at the indentation, and put texts with ': ' or '#' into quotes";
                report.error("Y001", Span { line, column, length: 1 }, message, help);
            }
        }
    }
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Stop {
        Stop::Broken(error)
    }
}

/// An event and its place.
type Said<'t> = (Event<'t>, granit_parser::Span);

/// Puts the library's events together.
struct Reader<'t> {
    /// For places, and for how a scalar was written.
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    depth: usize,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn file(&mut self) -> Result<Node, Stop> {
        let mut event = self.next()?;
        while matches!(event.0, Event::StreamStart | Event::DocumentStart(..)) {
            event = self.next()?;
        }
        if matches!(event.0, Event::StreamEnd) {
            // Nothing but comments.
            return Ok(Node { at: START, kind: Kind::Scalar(String::new()) });
        }
        let node = self.node(event)?;
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(node),
                (_, span) => return Err(Stop::Useless(self.place(&span).0)),
            }
        }
    }

    fn next(&mut self) -> Result<Said<'t>, Stop> {
        match self.events.next_event() {
            Some(event) => Ok(event?),
            None => Ok((Event::StreamEnd, granit_parser::Span::default())),
        }
    }

    fn node(&mut self, (event, span): Said<'t>) -> Result<Node, Stop> {
        let (at, written) = self.place(&span);
        self.nodes += 1;
        if self.nodes > NODES_MAX || self.depth > DEPTH_MAX {
            return Err(Stop::Useless(at));
        }
        self.depth += 1;
        let kind = match event {
            Event::Scalar(text, style, 0, None) => {
                self.depth -= 1;
                return Ok(scalar(text, style, at, written));
            }
            Event::SequenceStart(_, 0, None) => Kind::Seq(self.items()?),
            Event::MappingStart(_, 0, None) => Kind::Map(self.entries()?),
            _ => return Err(Stop::Useless(at)),
        };
        self.depth -= 1;
        Ok(Node { at, kind })
    }

    fn items(&mut self) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                event => items.push(self.node(event)?),
            }
        }
    }

    fn entries(&mut self) -> Result<Vec<(At<String>, Node)>, Stop> {
        let mut entries: Vec<(At<String>, Node)> = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.0, Event::MappingEnd) {
                return Ok(entries);
            }
            let key = self.node(event)?;
            let key = match key.kind {
                Kind::Scalar(it) => At { it, at: key.at },
                Kind::Seq(_) | Kind::Map(_) => At { it: String::new(), at: key.at },
            };
            // Maps have few keys: looking at each is quicker than a set of them.
            if entries.iter().any(|(other, _)| other.it == key.it) {
                return Err(Stop::Twice(key));
            }
            let event = self.next()?;
            entries.push((key, self.node(event)?));
        }
    }

    /// The place of a node on its first line, and how the whole of it was written.
    fn place(&self, span: &granit_parser::Span) -> (Span, &'t str) {
        let written = span.slice(self.text).unwrap_or_default().trim_end();
        let on_line = written.lines().next().unwrap_or_default().trim_end().chars().count();
        let (line, column) = (number(span.start.line()), number(span.start.col()) + 1);
        (Span { line, column, length: number(on_line).max(1) }, written)
    }
}

/// A scalar, and the place of what lies between its quotes.
fn scalar(text: Cow<'_, str>, style: ScalarStyle, at: Span, written: &str) -> Node {
    let plain = matches!(style, ScalarStyle::Plain);
    let nothing = plain && matches!(&*text, "~" | "null" | "Null" | "NULL");
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)
        && !written.contains('\n');
    let at = match quoted && at.length > 2 {
        true => Span { column: at.column + 1, length: at.length - 2, ..at },
        false => at,
    };
    Node { at, kind: Kind::Scalar(if nothing { String::new() } else { text.into_owned() }) }
}

fn number(it: usize) -> u32 {
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
