//! The types of an expression, from its tree. CEL itself only notices a clash when it runs,
//! and then on a real claim; an author should read of it at the desk.

use cel::Program;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr as Node, IdedExpr, LiteralValue};

use super::compile::{Problem, inner, nearest, unknown_path};
use super::eval::{Compiled, known_path, path_of};
use super::read;
use crate::scope::{Scope, Shape};
use crate::surface::At;
use crate::text::Path;
use crate::types::Type;

/// What was found out about an expression.
pub(super) struct Typed {
    /// What it gives.
    pub(super) shape: Shape,
    /// What it reads, `known` arguments included.
    pub(super) reads: Vec<Path>,
}

/// A problem at a place inside the expression, in characters.
pub(super) struct Inside {
    code: &'static str,
    from: usize,
    length: usize,
    message: String,
    help: String,
}

impl Inside {
    pub(super) fn into_problem(self, source: &At<String>) -> Problem {
        let lead = source.it.chars().take_while(|it| it.is_whitespace()).count();
        let at = inner(source, lead + self.from, self.length);
        Problem { code: self.code, at, message: self.message, help: self.help }
    }
}

/// Types `compiled`, which `text` was read into.
pub(super) fn infer(
    compiled: &Compiled,
    text: &str,
    scope: &Scope<'_>,
) -> Result<Typed, Vec<Inside>> {
    match compiled {
        Compiled::Path(parts) => {
            let path = Path(parts.join("."));
            match scope.resolve(&path) {
                Ok((shape, _)) => Ok(Typed { shape, reads: vec![path] }),
                Err(unknown) => {
                    let before = unknown.member.map_or(0, |it| it + 1);
                    let from = parts.iter().take(before).map(|it| it.len() + 1).sum();
                    let problem = unknown_path(&path, &unknown, crate::surface::Span::default());
                    let length = unknown.name.chars().count();
                    let Problem { code, message, help, .. } = problem;
                    Err(vec![Inside { code, from, length, message, help }])
                }
            }
        }
        Compiled::Cel(cel) => Typing::of(&cel.tree, None, scope).or_else(|without_places| {
            // Only now does anybody ask where in the text a node was written.
            match read::with_places(text) {
                Ok(program) => Typing::of(program.expression(), Some(&program), scope),
                Err(_) => Err(without_places),
            }
        }),
    }
}

struct Typing<'p, 's> {
    /// The same tree with the places of its nodes; without it every problem is at the start.
    program: Option<&'p Program>,
    scope: &'s Scope<'s>,
    /// Variables of `all`, `exists`, `map`, innermost last.
    bound: Vec<(String, Shape)>,
    reads: Vec<Path>,
    problems: Vec<Inside>,
}

const BOOLEAN: Shape = Shape::Type(Type::Boolean);
const INTEGER: Shape = Shape::Type(Type::Integer);
const TEXT: Shape = Shape::Type(Type::Text);

impl<'p, 's> Typing<'p, 's> {
    fn of(
        tree: &IdedExpr,
        program: Option<&'p Program>,
        scope: &'s Scope<'s>,
    ) -> Result<Typed, Vec<Inside>> {
        let (bound, reads, problems) = (Vec::new(), Vec::new(), Vec::new());
        let mut typing = Typing { program, scope, bound, reads, problems };
        let shape = typing.node(tree);
        if !typing.problems.is_empty() {
            return Err(typing.problems);
        }
        typing.reads.sort();
        typing.reads.dedup();
        Ok(Typed { shape, reads: typing.reads })
    }

    fn node(&mut self, node: &IdedExpr) -> Shape {
        match &node.expr {
            Node::Unspecified => Shape::Any,
            Node::Literal(it) => self.literal(node, it),
            Node::Ident(_) | Node::Select(_) => self.path(node),
            Node::Call(call) => self.call(node, call),
            Node::Comprehension(it) => self.comprehension(it),
            Node::List(list) => {
                let of = list.elements.iter().map(|it| self.node(it)).last();
                Shape::Type(Type::List(Box::new(of.map_or(Type::Text, |it| it.ty()))))
            }
            Node::Map(_) | Node::Struct(_) => {
                let help = "set one field at a time";
                self.found(node, "D103", "a condition cannot make records".to_owned(), help);
                Shape::Any
            }
        }
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Shape {
        match literal {
            LiteralValue::Boolean(_) => BOOLEAN,
            LiteralValue::Int(_) => INTEGER,
            LiteralValue::Double(_) => Shape::Type(Type::Number),
            LiteralValue::String(_) => TEXT,
            LiteralValue::Null => {
                let message = "nothing equals null here".to_owned();
                self.found(node, "D103", message, "ask known(field) whether a field has a value");
                Shape::Any
            }
            LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
                let message = "this kind of value is not used in flows".to_owned();
                self.found(node, "D103", message, "write a whole number or a text");
                Shape::Any
            }
        }
    }

    fn path(&mut self, node: &IdedExpr) -> Shape {
        let (tested, node) = match &node.expr {
            Node::Select(select) if select.test => (Some(select.field.clone()), &*select.operand),
            _ => (None, node),
        };
        let Some(mut parts) = path_of(node) else { return self.member_of(node, tested) };
        if let Some((_, shape)) = self.bound.iter().rev().find(|(name, _)| *name == parts[0]) {
            let shape = shape.clone();
            return parts[1..].iter().fold(shape, |shape, name| self.member(node, &shape, name));
        }
        let has = tested.is_some();
        parts.extend(tested);
        let path = Path(parts.join("."));
        match self.scope.resolve(&path) {
            Ok((shape, _)) => {
                self.reads.push(path);
                if has { BOOLEAN } else { shape }
            }
            Err(unknown) => {
                let (start, _) = self.range(node);
                let before = unknown.member.map_or(0, |it| it + 1);
                let lead: usize = parts.iter().take(before).map(|it| it.len() + 1).sum();
                let problem = unknown_path(&path, &unknown, crate::surface::Span::default());
                let length = unknown.name.chars().count();
                let Problem { code, message, help, .. } = problem;
                self.problems.push(Inside { code, from: start + lead, length, message, help });
                Shape::Any
            }
        }
    }

    /// A member of something that is no path: `list[0].name`.
    fn member_of(&mut self, node: &IdedExpr, tested: Option<String>) -> Shape {
        let shape = match &node.expr {
            Node::Select(select) => {
                let inner = self.node(&select.operand);
                self.member(node, &inner, &select.field)
            }
            _ => self.node(node),
        };
        match tested {
            Some(name) => {
                self.member(node, &shape, &name);
                BOOLEAN
            }
            None => shape,
        }
    }

    fn member(&mut self, node: &IdedExpr, of: &Shape, name: &str) -> Shape {
        match self.scope.member(of, name) {
            Ok((shape, _)) => shape,
            Err(among) => {
                let help = match nearest(name, &among) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("it has: {}", among.join(", ")),
                };
                let message = format!("'{}' has no member '{name}'", of.ty());
                self.found(node, "D102", message, &help);
                Shape::Any
            }
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Shape {
        if call.func_name == "known" {
            let Some(path) = known_path(call) else {
                let message = "known() takes a field".to_owned();
                self.found(node, "D103", message, "write known(field) or known(field.member)");
                return BOOLEAN;
            };
            self.path(&call.args[0]);
            self.reads.push(Path(path.join(".")));
            return BOOLEAN;
        }
        let of: Vec<_> = call.target.iter().map(|it| &**it).chain(&call.args).collect();
        let shapes: Vec<_> = of.iter().map(|it| self.node(it)).collect();
        match (call.func_name.as_str(), shapes.as_slice()) {
            (op::EQUALS | op::NOT_EQUALS, [one, other]) => {
                if !self.impossible(of[0], one, of[1]) && !self.impossible(of[1], other, of[0]) {
                    self.same(node, one, other);
                }
                BOOLEAN
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [one, other]) => {
                self.ordered(node, one, other);
                BOOLEAN
            }
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT, shapes) => {
                for (node, shape) in of.iter().zip(shapes) {
                    self.must_be(node, shape, &BOOLEAN);
                }
                BOOLEAN
            }
            (op::NOT_STRICTLY_FALSE, [_]) => BOOLEAN,
            (op::ADD, [one, other]) if kind(one) == Kind::Text || kind(other) == Kind::Text => {
                self.must_be(of[0], one, &TEXT);
                self.must_be(of[1], other, &TEXT);
                TEXT
            }
            (op::ADD, [Shape::Type(Type::List(_)) | Shape::Any, list]) => list.clone(),
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, [one, other]) => {
                self.must_be(of[0], one, &INTEGER);
                self.must_be(of[1], other, &INTEGER);
                INTEGER
            }
            (op::NEGATE, [one]) => {
                self.must_be(of[0], one, &INTEGER);
                INTEGER
            }
            (op::CONDITIONAL, [condition, one, other]) => {
                self.must_be(of[0], condition, &BOOLEAN);
                self.same(node, one, other);
                one.clone()
            }
            (op::IN, [one, list]) => {
                let element = self.element(of[1], list);
                self.same(node, one, &element);
                BOOLEAN
            }
            (op::INDEX, [list, index]) => {
                self.must_be(of[1], index, &INTEGER);
                self.element(of[0], list)
            }
            (name, shapes) => self.function(node, name, &of, shapes),
        }
    }

    fn function(
        &mut self,
        node: &IdedExpr,
        name: &str,
        of: &[&IdedExpr],
        shapes: &[Shape],
    ) -> Shape {
        match (name, shapes) {
            ("size", [Shape::Type(Type::List(_) | Type::Text) | Shape::Any]) => INTEGER,
            ("contains" | "startsWith" | "endsWith" | "matches", [text, part]) => {
                self.must_be(of[0], text, &TEXT);
                self.must_be(of[1], part, &TEXT);
                BOOLEAN
            }
            _ => {
                let known = ["known", "has", "size", "contains", "startsWith", "endsWith"];
                let known = known.map(str::to_owned);
                let message = format!("'{name}' cannot be used like this in a flow");
                let help = match nearest(name, &known) {
                    Some(near) if near != name => format!("did you mean '{near}'?"),
                    _ => format!("there are: {}, matches, all, exists", known.join(", ")),
                };
                self.found(node, "D106", message, &help);
                self.underline_name(name);
                Shape::Any
            }
        }
    }

    /// Moves the last caret from a call's bracket to its name.
    fn underline_name(&mut self, name: &str) {
        let Some(program) = self.program else { return };
        let source: Vec<char> = program.source_info().source.chars().collect();
        let length = name.chars().count();
        let Some(last) = self.problems.last_mut() else { return };
        let Some(start) = last.from.checked_sub(length) else { return };
        if source[start..last.from].iter().collect::<String>() == name {
            (last.from, last.length) = (start, length);
        }
    }

    fn comprehension(&mut self, it: &ComprehensionExpr) -> Shape {
        let list = self.node(&it.iter_range);
        let element = self.element(&it.iter_range, &list);
        let start = match &it.accu_init.expr {
            Node::List(_) => Shape::Any,
            _ => self.node(&it.accu_init),
        };
        let depth = self.bound.len();
        self.bound.push((it.iter_var.clone(), element));
        self.bound.push((it.accu_var.clone(), start));
        let step = self.node(&it.loop_step);
        if let Some((_, accumulated)) = self.bound.last_mut() {
            *accumulated = step;
        }
        let result = self.node(&it.result);
        self.bound.truncate(depth);
        result
    }

    fn element(&mut self, node: &IdedExpr, list: &Shape) -> Shape {
        match list {
            Shape::Type(Type::List(of)) => Shape::Type((**of).clone()),
            Shape::Any => Shape::Any,
            other => {
                let message = format!("a list is wanted here, and this is {}", other.ty());
                self.found(node, "D103", message, "name a list, or compare with ==");
                Shape::Any
            }
        }
    }

    /// Whether a choice is compared with a key that it never has.
    fn impossible(&mut self, place: &IdedExpr, one: &Shape, other: &IdedExpr) -> bool {
        let Shape::Type(Type::Choice(keys)) = one else { return false };
        let Node::Literal(LiteralValue::String(word)) = &other.expr else { return false };
        let word = word.inner();
        if keys.is_empty() || keys.iter().any(|it| it == word) {
            return false;
        }
        let name = path_of(place).map_or_else(|| "this".to_owned(), |it| it.join("."));
        let help = match nearest(word, keys) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("it is one of: {}", keys.join(", ")),
        };
        self.found(other, "D104", format!("'{name}' is never '{word}'"), &help);
        true
    }

    fn same(&mut self, node: &IdedExpr, one: &Shape, other: &Shape) {
        let (a, b) = (kind(one), kind(other));
        if a != b && a != Kind::Any && b != Kind::Any {
            self.clash(node, one, other);
        }
    }

    fn ordered(&mut self, node: &IdedExpr, one: &Shape, other: &Shape) {
        // Dates and moments are written so that their order as text is their order in time.
        let timed = |it: &Shape| matches!(it, Shape::Type(Type::Date | Type::Instant));
        let (a, b) = (kind(one), kind(other));
        let days = a == Kind::Text && b == Kind::Text && (timed(one) || timed(other));
        let numbers = [a, b].iter().all(|it| matches!(it, Kind::Number | Kind::Any));
        if !days && !numbers {
            self.clash(node, one, other);
        }
    }

    fn must_be(&mut self, node: &IdedExpr, is: &Shape, wanted: &Shape) {
        let number = matches!(is, Shape::Type(Type::Number)) && *wanted == INTEGER;
        let (a, b) = (kind(is), kind(wanted));
        if number || (a != b && a != Kind::Any) {
            let message = format!("{} is wanted here, and this is {}", wanted.ty(), is.ty());
            let help = match number {
                true => "reckon in whole numbers; numbers may only be compared",
                false => "compare it with == first, or name another field",
            };
            self.found(node, "D103", message, help);
        }
    }

    fn clash(&mut self, node: &IdedExpr, one: &Shape, other: &Shape) {
        let message = format!("{} cannot be compared with {}", one.ty(), other.ty());
        let help = match (one, other) {
            (Shape::Type(Type::Reason), _) | (_, Shape::Type(Type::Reason)) => {
                "compare the reason's code: reason.code == \"…\""
            }
            (Shape::Type(Type::Integer), Shape::Type(Type::Text)) => {
                "write the number without quotes"
            }
            _ => "compare values of one type",
        };
        self.found(node, "D103", message, help);
    }

    fn found(&mut self, node: &IdedExpr, code: &'static str, message: String, help: &str) {
        let (from, to) = self.range(node);
        let help = help.to_owned();
        self.problems.push(Inside { code, from, length: (to - from).max(1), message, help });
    }

    /// The characters that a node and all below it were written with.
    fn range(&self, node: &IdedExpr) -> (usize, usize) {
        let Some(program) = self.program else { return (0, 1) };
        let places = program.source_info();
        let mut range: Option<(usize, usize)> = None;
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if let Some((start, stop)) = places.offset_for(node.id) {
                let (start, stop) = (start as usize, stop as usize + 1);
                range = Some(range.map_or((start, stop), |it| (it.0.min(start), it.1.max(stop))));
            }
            match &node.expr {
                Node::Call(call) => {
                    open.extend(call.target.iter().map(|it| &**it).chain(&call.args));
                }
                Node::Select(select) => open.push(&select.operand),
                _ => {}
            }
        }
        let (start, stop) = range.unwrap_or((0, 1));
        // The parser counts bytes; people count characters.
        let bytes = places.source.as_bytes();
        let chars = |to: usize| {
            let before = &bytes[..to.min(bytes.len())];
            before.iter().filter(|it| **it & 0b1100_0000 != 0b1000_0000).count()
        };
        (chars(start), chars(stop))
    }
}

/// Types that compare with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Boolean,
    Reason,
    List,
    Record,
    Any,
}

fn kind(shape: &Shape) -> Kind {
    match shape {
        Shape::Any => Kind::Any,
        Shape::Decision(_) | Shape::About(_) | Shape::Party => Kind::Record,
        Shape::Type(ty) => match ty {
            Type::Text | Type::Money | Type::Date | Type::Instant | Type::Choice(_) => Kind::Text,
            Type::Integer | Type::Number => Kind::Number,
            Type::Boolean => Kind::Boolean,
            Type::Reason => Kind::Reason,
            Type::List(_) => Kind::List,
            Type::Record(_) => Kind::Record,
        },
    }
}
