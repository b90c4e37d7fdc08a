//! `decide` as one core step.

use super::build::{Body, Builder, Exit};
use super::types::need_type;
use crate::core::{Core, Decide, DecideChoice, KeepInformed, Need, Rung, RungDoes, Within};
use crate::surface::{self, Span};
use crate::text::Path;

impl<'a> Builder<'a, '_> {
    pub(super) fn decide(&mut self, at: Span, decide: &'a surface::Decide) {
        let field = decide.field.it.clone();
        let wording = self.anchored(&decide.say, &field, format!("{field}.say"));
        let choices = decide.choices.iter().map(|it| self.decide_choice(&field, it)).collect();
        let notes = decide.keep_informed.iter().enumerate();
        let keep_informed = notes
            .map(|(index, it)| KeepInformed {
                party: it.party.it.clone(),
                every: it.every.it,
                wording: self.note(&field, index, &it.say),
            })
            .collect();
        let core = Decide {
            anchor: self.anchor(&field),
            party: decide.ask.it.clone(),
            wording,
            choices,
            authority: decide.authority.as_ref().map(|it| it.it.clone()),
            within: decide.within.as_ref().map(within),
            escalate: decide.escalate.iter().map(|it| self.rung(it)).collect(),
            keep_informed,
            nobody_decided: None,
        };
        let pc = self.push(at, Core::Decide(Box::new(core)));
        for (index, choice) in decide.choices.iter().enumerate() {
            if !choice.steps.is_empty() {
                self.later(Body::Many(&choice.steps), pc, Exit::Choice(index), pc + 1);
            }
        }
        if let Some(step) = &decide.nobody_decided {
            self.later(Body::One(step), pc, Exit::Nobody, pc + 1);
        }
    }

    fn decide_choice(&mut self, anchor: &str, choice: &surface::DecideChoice) -> DecideChoice {
        let need = |(name, word): &(surface::At<String>, Option<surface::At<String>>)| {
            let (ty, list) = need_type(name, word.as_ref(), self.catalog, self.report);
            Need { name: name.it.clone(), ty, list }
        };
        let needs = choice.needs.iter().map(need).collect();
        let languages = &self.flow.languages;
        DecideChoice {
            key: choice.key.it.clone(),
            label: self.words.label(anchor, &choice.key.it, &choice.label.it, languages),
            needs,
            set: self.exprs(&choice.set),
            steps: None,
        }
    }

    fn note(&mut self, anchor: &str, index: usize, text: &surface::Text) -> crate::text::Wording {
        let source = self.words.note(anchor, index);
        let key = format!("{anchor}.keep_informed.{index}");
        self.words.wording(text, key, &source, &self.flow.languages, self.report)
    }

    fn rung(&mut self, rung: &surface::Rung) -> Rung {
        let (does, party) = match &rung.does {
            surface::RungDoes::Remind(party) => (RungDoes::Remind, party),
            surface::RungDoes::AlsoAsk(party) => (RungDoes::AlsoAsk, party),
        };
        let when = rung.when.as_ref().map(|it| self.expr(it));
        Rung { after: rung.after.it, when, does, party: party.it.clone() }
    }
}

fn within(within: &surface::Within) -> Within {
    Within {
        rule: within.rule.as_ref().map(|it| it.it.clone()),
        fallback: within.fallback.as_ref().map(|it| it.it),
        from: within.from.as_ref().map(|it| Path(it.it.clone())),
    }
}
