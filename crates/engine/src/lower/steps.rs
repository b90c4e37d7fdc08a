//! Each verb as core steps.

use serde_json::{Value, json};

use super::build::{Body, Builder, Exit};
use crate::core::{
    Answers, Ask, Call, ChoiceSpec, Core, Handoff, NotRead, Pc, Run, Say, Silence, SilenceThen,
    Wait, WaitFor,
};
use crate::surface::{self, At, Choices, NoAnswer, Span, Step, Verb};
use crate::text::Path;
use crate::time::{Duration, Unit};
use crate::types::Type;

/// The gap before giving up where an author wrote `remind: []`: one day, as elsewhere.
const LAST_GAP: Duration = Duration { amount: 1, unit: Unit::Day };

impl<'a> Builder<'a, '_> {
    pub(super) fn step(&mut self, step: &'a Step) {
        let at = step.at;
        let name = step.name.as_ref().map(|it| it.it.as_str());
        let not_read = step.not_read.as_ref().map(not_read);
        match &step.verb {
            Verb::Ask(ask) => self.ask(at, ask, not_read),
            Verb::Say(text) => {
                let party = super::principal(self.flow);
                self.say(at, name, (party, not_read), text);
            }
            Verb::Tell { party, say } => self.say(at, name, (party.it.clone(), not_read), say),
            Verb::Do(call) => self.call(at, name, call),
            Verb::Decide(decide) => self.decide(at, decide),
            Verb::Choose(choose) => self.choose(at, choose),
            Verb::When { condition, steps, otherwise } => {
                self.when(at, condition, steps, otherwise);
            }
            Verb::Wait(wait) => self.wait(at, name, wait),
            Verb::Remind { at: moment, run, with } => {
                let with = self.exprs(with);
                let (moment, flow) = (Path(moment.it.clone()), run.it.clone());
                self.push(at, Core::Schedule { at: moment, flow, with });
            }
            Verb::Run(surface::Run { flow, with, save, keep }) => {
                let with = self.exprs(with);
                let keep = keep.iter().map(|(ours, theirs)| (ours.it.clone(), theirs.it.clone()));
                let keep = keep.collect();
                let save = save.as_ref().map(|it| it.it.clone());
                let anchor = name.or(save.as_deref()).unwrap_or(&flow.it).to_owned();
                let anchor = self.anchor(&anchor);
                self.push(at, Core::Run(Run { anchor, flow: flow.it.clone(), with, save, keep }));
            }
            Verb::Handoff(it) => {
                let anchor = name.unwrap_or(&it.desk.it).to_owned();
                self.handoff(at, it, &anchor, None, None);
            }
            Verb::Set(pairs) => {
                for (field, to) in pairs {
                    let to = self.expr(to);
                    self.push(at, Core::Set { field: field.it.clone(), to });
                }
            }
            Verb::End(outcome) => {
                self.push(at, Core::End { outcome: outcome.it.clone() });
            }
            Verb::AskAgain(decision) => {
                self.push(at, Core::AskAgain { anchor: decision.it.clone() });
            }
        }
    }

    fn say(
        &mut self,
        at: Span,
        name: Option<&str>,
        (party, not_read): (String, Option<NotRead>),
        text: &surface::Text,
    ) {
        let wording = match name {
            Some(name) => self.anchored(text, name, format!("{name}.say")),
            None => self.said(text),
        };
        self.push(at, Core::Say(Say { party, wording, not_read }));
    }

    fn ask(&mut self, at: Span, ask: &'a surface::Ask, not_read: Option<NotRead>) {
        let field = ask.field.it.clone();
        let wording = self.anchored(&ask.say, &field, format!("{field}.say"));
        let ty = self.scope.fields.get(&field).map_or(Type::Text, |it| it.shape.ty());
        let answers = match &ask.choices {
            Some(Choices::List(path)) => Answers::List(Path(path.it.clone())),
            Some(Choices::Keys(choices)) => Answers::Keys(self.choices(&field, choices)),
            None => Answers::Type(ty.clone()),
        };
        let silence = ask.no_answer.as_ref().map(|it| silence(it, &ty));
        let party = ask.party.as_ref().map(|it| it.it.clone());
        let party = party.unwrap_or_else(|| super::principal(self.flow));
        let anchor = self.anchor(&field);
        let ask_step = Ask { anchor, field, party, wording, answers, silence, not_read };
        let pc = self.push(at, Core::Ask(ask_step));
        match &ask.no_answer {
            Some(NoAnswer::Remind { then, .. } | NoAnswer::Then { then, .. }) => {
                self.later(Body::One(then), pc, Exit::Silence, pc + 1);
            }
            Some(NoAnswer::Take { .. }) | None => {}
        }
    }

    pub(super) fn choices(
        &mut self,
        anchor: &str,
        choices: &[(At<String>, At<String>)],
    ) -> Vec<ChoiceSpec> {
        let spec = |(key, label): &(At<String>, At<String>)| ChoiceSpec {
            key: key.it.clone(),
            label: self.words.label(anchor, &key.it, &label.it, &self.flow.languages),
        };
        choices.iter().map(spec).collect()
    }

    fn call(&mut self, at: Span, name: Option<&str>, call: &'a surface::Do) {
        let with = self.exprs(&call.with);
        let save = call.save.as_ref().map(|it| it.it.clone());
        let short = call.action.it.rsplit('.').next().unwrap_or_default();
        let anchor = name.or(save.as_deref()).unwrap_or(short).to_owned();
        let anchor = self.anchor(&anchor);
        let action = call.action.it.clone();
        let pc = self.push(at, Core::Call(Call { anchor, action, with, save, fails: None }));
        if let Some(step) = &call.if_fails {
            self.later(Body::One(step), pc, Exit::Fails, pc + 1);
        }
    }

    fn wait(&mut self, at: Span, name: Option<&str>, wait: &'a surface::Wait) {
        let until = match wait {
            surface::Wait::For(duration) => WaitFor::For(duration.it),
            surface::Wait::Until(path) => WaitFor::Until(Path(path.it.clone())),
            surface::Wait::Event { name, within, save, .. } => WaitFor::Event {
                name: name.it.clone(),
                within: within.as_ref().map(|it| it.it),
                // Without `else:` silence goes on with the next step.
                otherwise: self.here() + 1,
                save: save.as_ref().map(|it| it.it.clone()),
            },
        };
        let fallback = match wait {
            surface::Wait::Event { name, .. } => name.it.replace('.', "_"),
            surface::Wait::For(_) | surface::Wait::Until(_) => "wait".to_owned(),
        };
        let anchor = self.anchor(name.unwrap_or(&fallback));
        let pc = self.push(at, Core::Wait(Wait { anchor, until }));
        if let surface::Wait::Event { otherwise, .. } = wait
            && !otherwise.is_empty()
        {
            self.later(Body::Many(otherwise), pc, Exit::Otherwise, pc + 1);
        }
    }

    /// A handoff. `save` and `retry` are what the place it stands in suggests.
    pub(super) fn handoff(
        &mut self,
        at: Span,
        handoff: &'a surface::Handoff,
        anchor: &str,
        save: Option<String>,
        retry: Option<Pc>,
    ) {
        let why = handoff.why.as_ref().map(|it| self.why(it));
        let retry = retry.or(self.last_rest).unwrap_or(self.here());
        let anchor = self.anchor(anchor);
        let own = handoff.save.as_ref().map(|it| it.it.clone());
        let closed = handoff.closed.iter().map(|it| it.it.clone()).collect();
        let desk = handoff.desk.it.clone();
        let due = handoff.due.as_ref().map(|it| Path(it.it.clone()));
        let stands_in = own.is_none() && save.is_some();
        let save = own.or(save);
        let handoff = Handoff { anchor, desk, why, save, due, stands_in, closed, retry };
        self.push(at, Core::Handoff(handoff));
    }

    fn why(&mut self, words: &At<String>) -> crate::text::Wording {
        let hash = crate::text::source_hash(&words.it);
        let source = self.words.said(&hash);
        let key = format!("say:{hash}");
        let text = surface::Text { text: words.clone(), private: None, privacy: Vec::new() };
        self.words.wording(&text, key, &source, &self.flow.languages, self.report)
    }
}

fn not_read(it: &surface::NotRead) -> NotRead {
    NotRead { within: it.next_channel.it, desk: it.then.it.clone() }
}

fn silence(no_answer: &NoAnswer, ty: &Type) -> Silence {
    match no_answer {
        NoAnswer::Remind { remind, .. } => {
            let remind: Vec<Duration> = remind.iter().map(|it| it.it).collect();
            let after = remind.last().copied().unwrap_or(LAST_GAP);
            // The goal is set when the block is written.
            Silence { remind, after, then: SilenceThen::Go(0) }
        }
        NoAnswer::Take { after, take } => {
            let then = SilenceThen::Take(taken(&take.it, ty));
            Silence { remind: Vec::new(), after: after.it, then }
        }
        NoAnswer::Then { after, .. } => {
            Silence { remind: Vec::new(), after: after.it, then: SilenceThen::Go(0) }
        }
    }
}

/// The value that silence takes, as the field keeps it.
fn taken(word: &str, ty: &Type) -> Value {
    match ty {
        Type::Integer | Type::Number | Type::Boolean => {
            serde_json::from_str(word).unwrap_or_else(|_| json!(word))
        }
        _ => json!(word),
    }
}
