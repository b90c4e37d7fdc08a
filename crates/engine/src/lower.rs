//! From a flow as written to the flat program that the turn runs.
//!
//! The friendly nested form is resolved here, once: branches become jumps, single steps in odd
//! places become blocks out of line, sources become a lookup and perhaps a question. Lowering
//! always gives a program, so that the checker can speak about the rest of a flow of which one
//! condition is wrong; it reports only what cannot be read: conditions, types, texts.

mod blocks;
mod build;
mod decide;
mod labels;
mod sources;
mod steps;
mod types;
mod words;

use std::collections::BTreeMap;

use build::Builder;
pub use types::type_of;

use crate::catalog::Catalog;
use crate::core::{FieldSpec, InterruptSpec, OutcomeSpec, PartySpec, Program, Triggers};
use crate::report::Report;
use crate::surface::{Flow, Translation, Trigger};
use crate::types::Lang;

/// A translation and the report about its file.
pub struct Translated<'a> {
    /// The words.
    pub translation: &'a Translation,
    /// What is found in them.
    pub report: &'a mut Report,
}

/// Lowers a flow. `hash` names the sources it came from.
pub fn lower(
    flow: &Flow,
    translated: &mut [Translated<'_>],
    catalog: &Catalog,
    hash: String,
    report: &mut Report,
) -> Program {
    let types = types::field_types(flow, catalog, report);
    let scope = types::scope(flow, &types, catalog);
    let words = words::Translations::new(translated.iter().map(|it| it.translation));
    let mut builder = Builder::new(flow, catalog, scope, words, report);
    builder.choice_members();
    sources::prologue(&mut builder);
    builder.block(&flow.steps);
    builder.close_open_end();
    let interrupts = interrupts(&mut builder);
    let outcomes = outcomes(&mut builder);
    builder.pending_blocks();
    let Builder { steps, spans, contexts, anchors, scope, words, .. } = builder;
    for (index, error) in words.into_problems() {
        if let Some(it) = translated.get_mut(index) {
            it.report.problem(error);
        }
    }
    let mut program = Program {
        flow: flow.name.it.clone(),
        version: flow.version.it,
        hash,
        languages: flow.languages.iter().map(|it| it.it.clone()).collect(),
        identity: flow.identity.it,
        purpose: flow.purpose.as_ref().map(|it| it.it.clone()),
        parties: parties(flow),
        principal: principal(flow),
        fields: fields(&scope, &types),
        outcomes,
        start_when: triggers(flow, translated),
        steps,
        spans,
        anchors,
        derived: BTreeMap::new(),
        interrupts,
        moved: flow.moved.iter().map(|(old, new)| (old.it.clone(), new.it.clone())).collect(),
    };
    labels::settle(&mut program, scope, &contexts);
    program
}

/// The party that the flow is for.
fn principal(flow: &Flow) -> String {
    let mut names = flow.parties.iter().map(|it| &it.name.it);
    let worker = names.clone().find(|it| *it == "worker");
    worker.or_else(|| names.next()).cloned().unwrap_or_else(|| "worker".to_owned())
}

fn parties(flow: &Flow) -> BTreeMap<String, PartySpec> {
    let spec = |it: &crate::surface::Party| {
        let of = it.of.as_ref().map(|it| it.it.clone());
        (it.name.it.clone(), PartySpec { role: it.role.it.clone(), of, optional: it.optional })
    };
    flow.parties.iter().map(spec).collect()
}

fn fields(scope: &crate::scope::Scope<'_>, types: &types::Types) -> BTreeMap<String, FieldSpec> {
    let spec = |(name, field): (&String, &crate::scope::ScopeField)| {
        let ty = types.get(name).map_or_else(|| field.shape.ty(), |it| it.ty.clone());
        let spoken = name.replace('_', " ").trim().to_owned();
        (name.clone(), FieldSpec { ty, labels: field.declared, spoken })
    };
    scope.fields.iter().map(spec).collect()
}

fn triggers(flow: &Flow, translated: &[Translated<'_>]) -> Triggers {
    let mut all = Triggers::default();
    let first: Lang = flow.languages.first().map_or_else(|| "en".to_owned(), |it| it.it.clone());
    for trigger in &flow.start_when {
        match &trigger.it {
            Trigger::Says(words) => {
                let says = all.says.entry(first.clone()).or_default();
                says.extend(words.iter().map(|it| it.it.clone()));
            }
            Trigger::Command(name) => all.commands.push(name.clone()),
            Trigger::Event(name) => all.events.push(name.clone()),
        }
    }
    for it in translated {
        let words = it.translation.start_when.iter().map(|it| it.it.clone());
        let says = all.says.entry(it.translation.language.it.clone()).or_default();
        says.extend(words);
    }
    all.says.retain(|_, words| !words.is_empty());
    all
}

fn outcomes(builder: &mut Builder<'_, '_>) -> BTreeMap<String, OutcomeSpec> {
    let mut outcomes = BTreeMap::new();
    for outcome in &builder.flow.outcomes {
        let key = format!("outcomes.{}", outcome.name.it);
        let say = outcome.say.as_ref().map(|it| builder.anchored(it, &key, key.clone()));
        outcomes.insert(outcome.name.it.clone(), OutcomeSpec { kind: outcome.kind.it, say });
    }
    outcomes
}

fn interrupts(builder: &mut Builder<'_, '_>) -> InterruptSpec {
    let flow = builder.flow;
    let said = &flow.interrupts;
    let correct = match &said.correct {
        Some(fields) => fields.iter().map(|it| it.it.clone()).collect(),
        None => builder.asked_fields(),
    };
    let mut text = |text: &Option<crate::surface::Text>, key: &str| {
        text.as_ref().map(|it| builder.anchored(it, key, key.to_owned()))
    };
    let help = text(&said.help, "interrupts.help");
    let not_understood = text(&said.not_understood, "interrupts.not_understood");
    let cancel = said.cancel.as_ref().map(|it| builder.cancel_block(&it.then));
    InterruptSpec {
        correct,
        cancel,
        cancel_asks: said.cancel.as_ref().is_some_and(|it| it.ask_first),
        human: said.human.as_ref().map(|it| it.it.clone()),
        help,
        not_understood,
    }
}
