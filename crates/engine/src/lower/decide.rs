//! `decide` as one core step.

use super::build::{Body, Builder, Exit};
use super::types::{FEWER, need_type};
use crate::condition::{Expr, inner};
use crate::core::{Core, Decide, DecideChoice, KeepInformed, Need, Rung, RungDoes, Within};
use crate::surface::{self, At, Span};
use crate::text::Path;
use crate::types::Type;

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
        let need = |(name, word): &(At<String>, Option<At<String>>)| {
            let (ty, list) = need_type(name, word.as_ref(), self.catalog, self.report);
            let below = word.as_ref().and_then(|it| self.below(it));
            Need { name: name.it.clone(), ty, list, below }
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

    /// The number in `fewer than NUMBER`.
    fn below(&mut self, word: &At<String>) -> Option<Expr> {
        let number = word.it.strip_prefix(FEWER)?;
        let lead = word.it.len() - number.len();
        let at = inner(word, lead, number.chars().count());
        let expr = self.expr(&At { it: number.to_owned(), at });
        if expr.ty != Type::Integer {
            let message = format!("a whole number is wanted here, and this is {}", expr.ty);
            self.report.error("D103", at, message, "name a field or a member that is a number");
        }
        Some(expr)
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
