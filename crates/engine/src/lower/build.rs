//! The program while it is built: steps with their places, anchors, and blocks out of line.

use std::collections::BTreeMap;

use super::types::{each_step, need_type};
use super::words::Translations;
use crate::catalog::Catalog;
use crate::condition::{self, Cache, Expr};
use crate::core::{Core, Handoff, Pc};
use crate::label::Labels;
use crate::report::Report;
use crate::scope::{Scope, need_labels};
use crate::surface::{At, Flow, Span, Step, Text, Verb};
use crate::text::{Path, Wording};
use crate::types::Type;

pub(super) struct Builder<'a, 'r> {
    pub(super) flow: &'a Flow,
    pub(super) catalog: &'a Catalog,
    pub(super) scope: Scope<'a>,
    pub(super) words: Translations<'a>,
    pub(super) report: &'r mut Report,
    pub(super) steps: Vec<Core>,
    pub(super) spans: Vec<Span>,
    /// For each step, what the branches read that it stands in.
    pub(super) contexts: Vec<Vec<Path>>,
    pub(super) anchors: BTreeMap<String, Pc>,
    /// What the branches read that the next step stands in.
    pub(super) inside: Vec<Path>,
    /// Blocks that are written after the main line.
    pub(super) pending: Vec<Pending<'a>>,
    /// Where a person's `retry` leads: the last step that rested.
    pub(super) last_rest: Option<Pc>,
}

/// A block out of line.
pub(super) struct Pending<'a> {
    pub(super) steps: Body<'a>,
    /// The step it belongs to, and which of its exits leads here.
    pub(super) owner: Pc,
    pub(super) exit: Exit,
    /// Where it goes on if it does not end.
    pub(super) after: Pc,
    pub(super) inside: Vec<Path>,
}

/// The steps of a block.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    One(&'a Step),
    Many(&'a [Step]),
}

/// How a step leaves the main line.
pub(super) enum Exit {
    Fails,
    Silence,
    Nobody,
    Otherwise,
    /// The choice of this place.
    Choice(usize),
}

impl<'a, 'r> Builder<'a, 'r> {
    pub(super) fn new(
        flow: &'a Flow,
        catalog: &'a Catalog,
        scope: Scope<'a>,
        words: Translations<'a>,
        report: &'r mut Report,
    ) -> Builder<'a, 'r> {
        Builder {
            flow,
            catalog,
            scope,
            words,
            report,
            steps: Vec::new(),
            spans: Vec::new(),
            contexts: Vec::new(),
            anchors: BTreeMap::new(),
            inside: Vec::new(),
            pending: Vec::new(),
            last_rest: None,
        }
    }

    /// Where the next step will stand.
    pub(super) fn here(&self) -> Pc {
        self.steps.len()
    }

    pub(super) fn push(&mut self, at: Span, step: Core) -> Pc {
        self.steps.push(step);
        self.spans.push(at);
        self.contexts.push(self.inside.clone());
        self.steps.len() - 1
    }

    /// An anchor for the step that is pushed next. Where the name is taken, a number makes it
    /// another; the checker says that two steps share a name.
    pub(super) fn anchor(&mut self, name: &str) -> String {
        let mut anchor = name.to_owned();
        let mut count = 2;
        while self.anchors.contains_key(&anchor) {
            anchor = format!("{name}_{count}");
            count += 1;
        }
        self.anchors.insert(anchor.clone(), self.here());
        self.last_rest = Some(self.here());
        anchor
    }

    /// Compiles an expression. What is wrong with it is reported, and something harmless stands
    /// in its place, in a program that never runs.
    pub(super) fn expr(&mut self, source: &At<String>) -> Expr {
        match condition::compile(source, &self.scope) {
            Ok((expr, _)) => expr,
            Err(problems) => {
                problems.into_iter().for_each(|it| self.report.problem(it));
                Expr {
                    source: "true".to_owned(),
                    at: source.at,
                    reads: Vec::new(),
                    ty: Type::Boolean,
                    labels: Labels::NONE,
                    cache: Cache::default(),
                }
            }
        }
    }

    /// An expression of ours.
    pub(super) fn own_expr(&mut self, source: &str, at: Span) -> Expr {
        self.expr(&At { it: source.to_owned(), at })
    }

    pub(super) fn exprs(&mut self, pairs: &[(At<String>, At<String>)]) -> Vec<(String, Expr)> {
        pairs.iter().map(|(name, to)| (name.it.clone(), self.expr(to))).collect()
    }

    /// The words of a text that belongs to an anchor; `part` is its key.
    pub(super) fn anchored(&mut self, text: &Text, anchor: &str, part: String) -> Wording {
        let source = self.words.anchored(anchor);
        self.words.wording(text, part, &source, &self.flow.languages, self.report)
    }

    /// The words of a text of a step without an anchor.
    pub(super) fn said(&mut self, text: &Text) -> Wording {
        let hash = crate::text::source_hash(&text.text.it);
        let source = self.words.said(&hash);
        let key = format!("say:{hash}");
        self.words.wording(text, key, &source, &self.flow.languages, self.report)
    }

    /// The desk for "a person".
    pub(super) fn human(&self) -> String {
        let said = self.flow.interrupts.human.as_ref().map(|it| it.it.clone());
        said.or_else(|| self.catalog.desks.keys().next().cloned())
            .unwrap_or_else(|| "desk".to_owned())
    }

    /// A handoff that no author wrote.
    pub(super) fn own_handoff(&mut self, name: &str, save: Option<&str>, at: Span) -> Pc {
        let retry = self.last_rest.unwrap_or(self.here());
        let (anchor, desk) = (self.anchor(name), self.human());
        let save = save.map(str::to_owned);
        self.push(
            at,
            Core::Handoff(Handoff {
                anchor,
                desk,
                why: None,
                stands_in: save.is_some(),
                save,
                due: None,
                closed: Vec::new(),
                retry,
            }),
        )
    }

    /// Members of decisions, so that conditions after them (and texts before them) are typed.
    pub(super) fn choice_members(&mut self) {
        let mut decides = Vec::new();
        each_step(&self.flow.steps, &mut |step| {
            if let Verb::Decide(it) = &step.verb {
                decides.push(&**it);
            }
        });
        for decide in decides {
            let mut members: BTreeMap<String, (Type, Labels)> = BTreeMap::new();
            let keys = decide.choices.iter().map(|it| it.key.it.clone()).collect();
            members.insert("choice".to_owned(), (Type::Choice(keys), Labels::NONE));
            for (name, word) in decide.choices.iter().flat_map(|it| &it.needs) {
                // Reported when the choice itself is lowered.
                let mut quiet = Report::new("");
                let (ty, _) = need_type(name, word.as_ref(), self.catalog, &mut quiet);
                let labels = need_labels(&ty);
                members.entry(name.it.clone()).or_insert((ty, labels));
            }
            for (name, to) in decide.choices.iter().flat_map(|it| &it.set) {
                if let Ok((expr, _)) = condition::compile(to, &self.scope) {
                    members.entry(name.it.clone()).or_insert((expr.ty, Labels::NONE));
                }
            }
            self.scope.decisions.insert(decide.field.it.clone(), members);
        }
    }

    /// The fields that questions fill.
    pub(super) fn asked_fields(&self) -> Vec<String> {
        let mut fields: Vec<String> = Vec::new();
        let mut add = |field: &str| {
            if !fields.iter().any(|it| it == field) {
                fields.push(field.to_owned());
            }
        };
        each_step(&self.flow.steps, &mut |step| {
            if let Verb::Ask(it) = &step.verb {
                add(&it.field.it);
            }
        });
        fields
    }
}
