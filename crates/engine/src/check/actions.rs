//! Actions: their arguments, their results, what a plugin may see, and what a write needs.

use super::cx::Cx;
use super::data::fits;
use super::names::did_you_mean;
use crate::catalog::{ActionSpec, ActionVerb};
use crate::core::{Call, Core};
use crate::surface::{Do, Span, Verb};
use crate::types::Type;

pub(super) fn check(cx: &mut Cx<'_>) {
    for site in cx.sites.clone() {
        let Verb::Do(call) = &site.step.verb else { continue };
        let catalog = cx.catalog;
        let Some(spec) = catalog.actions.get(&call.action.it) else {
            let names = catalog.actions.keys();
            let help = did_you_mean(&call.action.it, names, "no plugin that is loaded offers it");
            let message = format!("there is no action '{}'", call.action.it);
            cx.report("D215", call.action.at, message, &help);
            continue;
        };
        arguments(cx, call, spec);
        result(cx, call, spec);
        write(cx, call, spec);
        if let Some(core) = lowered(cx, call, site.step.at) {
            values(cx, call, core, spec);
        }
    }
}

/// The core step of a `do`.
fn lowered<'a>(cx: &Cx<'a>, call: &Do, at: Span) -> Option<&'a Call> {
    let program = cx.program;
    program.steps.iter().zip(&program.spans).find_map(|(step, span)| match step {
        Core::Call(it) if *span == at && it.action == call.action.it => Some(it),
        _ => None,
    })
}

fn arguments(cx: &mut Cx<'_>, call: &Do, spec: &ActionSpec) {
    let given = |name: &str| call.with.iter().any(|(it, _)| it.it == name);
    for (name, _) in spec.input.iter().filter(|(name, it)| !it.optional && !given(name)) {
        let message = format!("{} needs '{name}'", call.action.it);
        let help = format!("add `{name}:` under `with:`");
        cx.report("D213", call.action.at, message, &help);
    }
    for (name, _) in call.with.iter().filter(|(it, _)| !spec.input.contains_key(&it.it)) {
        let names: Vec<_> = spec.input.keys().map(String::as_str).collect();
        let help = did_you_mean(&name.it, &names, &format!("it takes {}", names.join(", ")));
        let message = format!("{} takes no '{}'", call.action.it, name.it);
        cx.report("D214", name.at, message, &help);
    }
}

fn values(cx: &mut Cx<'_>, call: &Do, core: &Call, spec: &ActionSpec) {
    for (name, expr) in &core.with {
        let Some(input) = spec.input.get(name) else { continue };
        let written = call.with.iter().find(|(it, _)| it.it == *name);
        let at = written.map_or(call.action.at, |(_, it)| it.at);
        if !fits(&expr.ty, &input.ty) {
            let message = format!("'{name}' takes {}, and this is {}", input.ty, expr.ty);
            cx.report("D216", at, message, "pass a value of that type");
        }
        let beyond = expr.labels.beyond(input.grants);
        if !beyond.is_public() {
            let message =
                format!("'{name}' would carry {beyond}, which {} may not see", call.action.it);
            let help = "pass less, or let the operator grant the label in plugin.toml";
            cx.report("V505", at, message, help);
        }
    }
}

fn result(cx: &mut Cx<'_>, call: &Do, spec: &ActionSpec) {
    let Some(save) = &call.save else {
        if spec.verb == ActionVerb::Read {
            let message = format!("{} looks something up and nobody keeps it", call.action.it);
            cx.report("D222", call.action.at, message, "add `save: FIELD`, or drop the step");
        }
        return;
    };
    let Some(field) = cx.program.fields.get(&save.it) else { return };
    if !fits(&spec.output, &field.ty) && field.ty != Type::Choice(Vec::new()) {
        let message =
            format!("'{}' is {}, and {} gives {}", save.it, field.ty, call.action.it, spec.output);
        let help = format!("declare `{}: {{ type: {} }}`", save.it, spec.output);
        cx.report("D217", save.at, message, &help);
    }
}

fn write(cx: &mut Cx<'_>, call: &Do, spec: &ActionSpec) {
    if spec.verb != ActionVerb::Write {
        return;
    }
    if spec.business_key.is_empty() {
        let message =
            format!("{} writes, and nothing tells one act from its repetition", call.action.it);
        let help = "name the arguments that make the act unique in plugin.toml: `business_key`";
        cx.report("E801", call.action.at, message, help);
    }
    for name in spec.business_key.iter().filter(|it| !spec.input.contains_key(*it)) {
        let message = format!(
            "the business key of {} names '{name}', which it does not take",
            call.action.it
        );
        cx.report(
            "E805",
            call.action.at,
            message,
            "name an argument in plugin.toml: `business_key`",
        );
    }
    if call.if_fails.is_none() {
        let message = format!("when {} fails, this flow says nothing about it", call.action.it);
        cx.report("E802", call.action.at, message, "add for example `if_fails: handoff DESK`");
    }
}
