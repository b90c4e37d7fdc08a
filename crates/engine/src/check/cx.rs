//! What every family of checks has at hand, and where its findings go.

use super::walk::{Said, Site, said, sites};
use super::{Finding, codes};
use crate::catalog::Catalog;
use crate::core::Program;
use crate::rules::RulePacks;
use crate::scope::{Scope, Unknown};
use crate::surface::{Flow, Span, Translation};
use crate::text::Path;
use crate::types::Type;

/// One run of the checker over one flow.
pub(super) struct Cx<'a> {
    /// As written.
    pub flow: &'a Flow,
    /// As it runs.
    pub program: &'a Program,
    /// Its other languages.
    pub translations: &'a [Translation],
    /// What it may name.
    pub catalog: &'a Catalog,
    /// The flows it may run.
    pub others: &'a [String],
    /// Law.
    pub rules: &'a RulePacks,
    /// Every step, however deep.
    pub sites: Vec<Site<'a>>,
    /// Every text.
    pub said: Vec<Said<'a>>,
    /// What its paths stand for.
    scope: Scope<'a>,
    found: Vec<Finding>,
}

impl<'a> Cx<'a> {
    pub fn new(
        flow: &'a Flow,
        program: &'a Program,
        translations: &'a [Translation],
        catalog: &'a Catalog,
        others: &'a [String],
        rules: &'a RulePacks,
    ) -> Cx<'a> {
        let sites = sites(flow);
        let said = said(flow, &sites);
        let scope = Scope::of_program(program, catalog);
        Cx {
            flow,
            program,
            translations,
            catalog,
            others,
            rules,
            sites,
            said,
            scope,
            found: Vec::new(),
        }
    }

    /// Reports something about the flow.
    pub fn report(&mut self, code: &'static str, at: Span, message: String, help: &str) {
        self.report_in("", code, at, message, help);
    }

    /// Reports something about the translation into `language`.
    pub fn report_in(
        &mut self,
        language: &str,
        code: &'static str,
        at: Span,
        message: String,
        help: &str,
    ) {
        let (.., severity) = *codes::row(code).expect("every reported code is in the table");
        self.found.push(Finding {
            code: code.to_owned(),
            severity,
            file: language.to_owned(),
            at,
            message,
            help: help.to_owned(),
        });
    }

    /// Everything found, in the order of the file, each thing once.
    pub fn findings(mut self) -> Vec<Finding> {
        let place = |it: &Finding| (it.file.clone(), it.at.line, it.at.column, it.code.clone());
        self.found.sort_by_cached_key(place);
        self.found.dedup();
        self.found
    }

    /// Whether a party of this name is declared.
    pub fn has_party(&self, name: &str) -> bool {
        self.program.parties.contains_key(name)
    }

    /// What a path is.
    pub fn type_of(&self, path: &Path) -> Result<Type, Unknown> {
        self.scope.resolve(path).map(|(shape, _)| shape.ty())
    }

    /// The place of a wording, by its key; `near` is the place of its step.
    pub fn place(&self, key: &str, near: Span) -> Span {
        let here = self.said.iter().filter(|it| it.key == key).map(|it| it.text.text.at);
        let after = |it: &Span| (it.line, it.column) >= (near.line, near.column);
        here.clone().find(after).or_else(|| here.clone().next()).unwrap_or(near)
    }
}

/// Members that every decision has. `reason`, `days` and the like come from its choices.
pub(super) const DECISION_MEMBERS: [&str; 7] =
    ["choice", "by", "by_person", "holder", "at", "about", "digest"];
