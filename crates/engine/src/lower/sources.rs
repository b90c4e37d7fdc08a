//! `data: claim: { type: claim, from: worker.open_claim }`: what fills a field before the
//! first step. A lookup lists the candidates. None: a person looks. One: it is the one.
//! Several: the principal is asked.

use std::collections::BTreeMap;

use super::build::Builder;
use crate::core::{Answers, Ask, Call, Core, Silence, SilenceThen};
use crate::label::Labels;
use crate::scope::{ScopeField, Shape};
use crate::surface::{Field, Span};
use crate::text::{Path, Template, Wording};
use crate::time::{Duration, Unit};
use crate::types::Type;

/// How long we wait for "which claim?" before asking again, and then before a person looks.
/// A worker who is on the phone with a pharmacy answers within minutes; the rest can wait a day.
const GAP: Duration = Duration { amount: 1, unit: Unit::Day };

pub(super) fn prologue(builder: &mut Builder<'_, '_>) {
    for field in &builder.flow.data {
        if let Some(from) = &field.from {
            let Some(action) = builder.catalog.sources.get(&from.it).cloned() else {
                let known: Vec<String> = builder.catalog.sources.keys().cloned().collect();
                let help = format!("there are: {}", known.join(", "));
                let message = format!("'{}' is no source", from.it);
                builder.report.error("Y010", from.at, message, help);
                continue;
            };
            fill(builder, field, &action, from.at);
        }
    }
}

fn fill(builder: &mut Builder<'_, '_>, field: &Field, action: &str, at: Span) {
    let name = &field.name.it;
    let hidden = format!("_{name}_candidates");
    let shape = builder.scope.fields.get(name).map_or(Type::Text, |it| it.shape.ty());
    let list = ScopeField {
        shape: Shape::Type(Type::List(Box::new(shape))),
        declared: Labels::NONE,
        labels: Labels::NONE,
        lowered: BTreeMap::new(),
    };
    builder.scope.fields.insert(hidden.clone(), list);

    let unknown = builder.own_expr(&format!("!known({name})"), at);
    let start = builder.push(at, Core::Branch { condition: unknown, otherwise: 0 });
    let principal = super::principal(builder.flow);
    let person = builder.own_expr(&format!("{principal}.person"), at);
    let call = Call {
        anchor: builder.anchor(&format!("{name}.candidates")),
        action: action.to_owned(),
        with: vec![("person".to_owned(), person)],
        save: Some(hidden.clone()),
        fails: None,
    };
    let call = builder.push(at, Core::Call(call));
    let one = builder.own_expr(&format!("size({hidden}) == 1"), at);
    let one = builder.push(at, Core::Branch { condition: one, otherwise: 0 });
    let first = builder.own_expr(&format!("{hidden}[0]"), at);
    builder.push(at, Core::Set { field: name.clone(), to: first });
    let found = builder.push(at, Core::Jump(0));
    let several = builder.own_expr(&format!("size({hidden}) > 1"), at);
    let several = builder.push(at, Core::Branch { condition: several, otherwise: 0 });
    let ask = ask(builder, name, &hidden, principal);
    let ask = builder.push(at, Core::Ask(ask));
    let asked = builder.push(at, Core::Jump(0));
    builder.last_rest = Some(call);
    let none = builder.own_handoff(&format!("{name}.none"), Some(name), at);
    // A handoff later in the flow that is tried again leads to the look-up too, not to this one.
    builder.last_rest = Some(call);

    let end = builder.here();
    for (pc, goal) in [(start, end), (one, several), (several, none)] {
        if let Core::Branch { otherwise, .. } = &mut builder.steps[pc] {
            *otherwise = goal;
        }
    }
    for pc in [found, asked] {
        builder.steps[pc] = Core::Jump(end);
    }
    if let Core::Ask(Ask { silence: Some(silence), .. }) = &mut builder.steps[ask] {
        silence.then = SilenceThen::Go(none);
    }
}

fn ask(builder: &mut Builder<'_, '_>, name: &str, list: &str, party: String) -> Ask {
    let spoken = name.replace('_', " ");
    let mut words: BTreeMap<String, Template> = BTreeMap::new();
    for language in &builder.flow.languages {
        let source = match (language.it.as_str(), name) {
            ("es", "claim") => "¿De cuál de sus reclamos se trata?".to_owned(),
            ("es", _) => "¿De cuál de estos se trata?".to_owned(),
            _ => format!("Which {spoken} is this about?"),
        };
        // Our own words have no braces.
        let template = Template { parts: Vec::new(), source };
        let parsed = crate::template::parse(&template.source).unwrap_or(template);
        words.insert(language.it.clone(), parsed);
    }
    let wording = Wording {
        key: format!("{name}.say"),
        words,
        private: BTreeMap::new(),
        labels: Labels::NONE,
        private_labels: Labels::NONE,
    };
    Ask {
        anchor: builder.anchor(name),
        field: name.to_owned(),
        party,
        wording,
        answers: Answers::List(Path(list.to_owned())),
        silence: Some(Silence { remind: vec![GAP], after: GAP, then: SilenceThen::Go(0) }),
        not_read: None,
    }
}
