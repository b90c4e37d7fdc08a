//! Privacy: what each party may read, and whether a private form deserves its name.

use super::cx::Cx;
use crate::clearance;
use crate::core::Core;
use crate::label::{Label, Labels};
use crate::surface::{Identity, Span, Verb, Wait};
use crate::text::Wording;
use crate::types::Type;

/// What a private form may carry: that there is a claim, and the reader's own name.
fn discreet() -> Labels {
    Labels::NONE.with(Label::Claim)
}

pub(super) fn check(cx: &mut Cx<'_>) {
    for heard in heard(cx) {
        readers(cx, &heard);
        private_form(cx, &heard);
        verified(cx, &heard);
    }
    free_words(cx);
    events(cx);
}

/// A wording on its way to a party.
pub(super) struct Heard<'a> {
    pub party: &'a str,
    pub wording: &'a Wording,
    pub at: Span,
}

/// Every wording, with everyone who gets it.
fn heard<'a>(cx: &Cx<'a>) -> Vec<Heard<'a>> {
    let (program, mut all) = (cx.program, Vec::new());
    for (step, &near) in program.steps.iter().zip(&program.spans) {
        let mut add = |party: &'a str, wording: &'a Wording| {
            all.push(Heard { party, wording, at: cx.place(&wording.key, near) });
        };
        match step {
            Core::Say(it) => add(&it.party, &it.wording),
            Core::Ask(it) => add(&it.party, &it.wording),
            Core::Decide(it) => {
                add(&it.party, &it.wording);
                it.escalate.iter().for_each(|rung| add(&rung.party, &it.wording));
                it.keep_informed.iter().for_each(|note| add(&note.party, &note.wording));
            }
            _ => {}
        }
    }
    for (name, outcome) in &program.outcomes {
        if let Some(wording) = &outcome.say {
            let near = cx.flow.outcomes.iter().find(|it| it.name.it == *name).map(|it| it.name.at);
            let at = cx.place(&wording.key, near.unwrap_or_default());
            all.push(Heard { party: &program.principal, wording, at });
        }
    }
    all
}

fn readers(cx: &mut Cx<'_>, heard: &Heard<'_>) {
    let Some(party) = cx.program.parties.get(heard.party) else { return };
    let beyond = heard.wording.labels.beyond(clearance::reads(&party.role));
    if !beyond.is_public() {
        let role = party.role.replace('_', " ");
        let message = format!("'{}' would read {beyond}, which a {role} may not", heard.party);
        cx.report("V501", heard.at, message, "say less to this party, or say it to another");
    }
}

fn private_form(cx: &mut Cx<'_>, heard: &Heard<'_>) {
    let beyond = heard.wording.private_labels.beyond(discreet());
    if !heard.wording.private.is_empty() && !beyond.is_public() {
        let message = format!("the private form itself carries {beyond}");
        cx.report(
            "V503",
            heard.at,
            message,
            "say in it only that there is news, without the value",
        );
    }
}

/// Nothing about a claim is shown before the person is verified to the level that it needs.
fn verified(cx: &mut Cx<'_>, heard: &Heard<'_>) {
    let labels = heard.wording.labels;
    let needs = match labels {
        it if !it.beyond(discreet()).is_public() => Identity::Verified,
        it if it.has(Label::Claim) => Identity::Matched,
        _ => Identity::None,
    };
    if heard.party == cx.program.principal && cx.program.identity < needs {
        let message = format!("this text carries {labels}, and the flow does not ask who reads it");
        let word = if needs == Identity::Matched { "matched" } else { "verified" };
        cx.report("V506", heard.at, message, &format!("write `identity: {word}`, or say less"));
    }
}

fn free_words(cx: &mut Cx<'_>) {
    for site in cx.sites.clone() {
        let Verb::Ask(ask) = &site.step.verb else { continue };
        let flow = cx.flow;
        let Some(field) = flow.data.iter().find(|it| it.name.it == ask.field.it) else { continue };
        let ty = cx.program.fields.get(&ask.field.it).map(|it| &it.ty);
        if ask.choices.is_none() && ty == Some(&Type::Text) && field.privacy.is_empty() {
            let message =
                format!("people write anything into '{}', and it has no label", field.name.it);
            let help = "add `privacy: health`, which is how typed words are treated";
            cx.report("V504", field.name.at, message, help);
        }
    }
}

fn events(cx: &mut Cx<'_>) {
    for site in cx.sites.clone() {
        let Verb::Wait(Wait::Event { name, save: Some(save), .. }) = &site.step.verb else {
            continue;
        };
        let flow = cx.flow;
        let Some(field) = flow.data.iter().find(|it| it.name.it == save.it) else { continue };
        if field.privacy.is_empty() {
            let message =
                format!("what '{}' brings is kept in '{}' without a label", name.it, save.it);
            cx.report("V507", save.at, message, "say in `data:` what kind of private it is");
        }
    }
}
