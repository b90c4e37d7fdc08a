//! Every step and every text of a flow, with what stands around it.

use crate::surface::{At, Choices, Decide, Flow, NoAnswer, Step, Text, Verb, Wait};
use crate::text::source_hash;

/// A step, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'a> {
    /// The step.
    pub step: &'a Step,
    /// The decision whose choice it belongs to, if any.
    pub choice_of: Option<&'a str>,
    /// Whether it stands under something that tests or chooses.
    pub guard: Option<Guard<'a>>,
}

/// The nearest condition above a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard<'a> {
    /// As written.
    pub source: &'a str,
    /// Whether the step runs when it holds, or when it does not.
    pub holds: bool,
}

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// `say`, `tell`.
    Say,
    /// `ask`.
    Ask,
    /// The card of a `decide`.
    Card,
    /// `keep_informed`.
    Progress,
    /// The closing of an outcome.
    Closing,
    /// `help`, `not_understood`.
    Interrupt,
}

/// A text, and to whom.
#[derive(Clone, Debug)]
pub(super) struct Said<'a> {
    /// As [`crate::text::Wording::key`].
    pub key: String,
    /// The text.
    pub text: &'a Text,
    /// The party; `None` is the one the flow is for.
    pub party: Option<&'a str>,
    /// What for.
    pub used: Use,
    /// The choices under it, keys and labels.
    pub choices: Vec<(&'a At<String>, &'a At<String>)>,
}

/// Every step of the flow, outer before inner, in the order of the file.
pub(super) fn sites(flow: &Flow) -> Vec<Site<'_>> {
    let mut all = Vec::new();
    block(&flow.steps, None, None, &mut all);
    if let Some(cancel) = &flow.interrupts.cancel {
        one(&cancel.then, None, None, &mut all);
    }
    all
}

fn block<'a>(
    steps: &'a [Step],
    choice_of: Option<&'a str>,
    guard: Option<Guard<'a>>,
    all: &mut Vec<Site<'a>>,
) {
    for step in steps {
        one(step, choice_of, guard, all);
    }
}

fn one<'a>(
    step: &'a Step,
    choice_of: Option<&'a str>,
    guard: Option<Guard<'a>>,
    all: &mut Vec<Site<'a>>,
) {
    all.push(Site { step, choice_of, guard });
    match &step.verb {
        Verb::Ask(ask) => match &ask.no_answer {
            Some(NoAnswer::Remind { then, .. } | NoAnswer::Then { then, .. }) => {
                one(then, choice_of, guard, all);
            }
            Some(NoAnswer::Take { .. }) | None => {}
        },
        Verb::Do(call) => {
            call.if_fails.iter().for_each(|it| one(it, choice_of, guard, all));
        }
        Verb::Decide(decide) => {
            for choice in &decide.choices {
                block(&choice.steps, Some(&decide.field.it), guard, all);
            }
            decide.nobody_decided.iter().for_each(|it| one(it, choice_of, guard, all));
        }
        Verb::Choose(choose) => {
            choose.cases.iter().for_each(|(_, steps)| block(steps, choice_of, guard, all));
        }
        Verb::When { condition, steps, otherwise } => {
            let source = condition.it.as_str();
            block(steps, choice_of, Some(Guard { source, holds: true }), all);
            block(otherwise, choice_of, Some(Guard { source, holds: false }), all);
        }
        Verb::Wait(Wait::Event { otherwise, .. }) => block(otherwise, choice_of, guard, all),
        Verb::Say(_)
        | Verb::Tell { .. }
        | Verb::Wait(_)
        | Verb::Remind { .. }
        | Verb::Run(_)
        | Verb::Handoff(_)
        | Verb::Set(_)
        | Verb::End(_)
        | Verb::AskAgain(_) => {}
    }
}

/// Every text of the flow.
pub(super) fn said<'a>(flow: &'a Flow, sites: &[Site<'a>]) -> Vec<Said<'a>> {
    let mut all = Vec::new();
    for site in sites {
        match &site.step.verb {
            Verb::Say(text) => all.push(plain(key_of(site.step, text), text, None, Use::Say)),
            Verb::Tell { party, say } => {
                all.push(plain(key_of(site.step, say), say, Some(&party.it), Use::Say));
            }
            Verb::Ask(ask) => {
                let anchor = &ask.field;
                let party = ask.party.as_ref().map(|it| it.it.as_str());
                let mut said = plain(format!("{}.say", anchor.it), &ask.say, party, Use::Ask);
                if let Some(Choices::Keys(keys)) = &ask.choices {
                    said.choices = keys.iter().map(|(key, label)| (key, label)).collect();
                }
                all.push(said);
            }
            Verb::Decide(decide) => of_decide(decide, &mut all),
            _ => {}
        }
    }
    for outcome in &flow.outcomes {
        let key = format!("outcomes.{}", outcome.name.it);
        all.extend(outcome.say.iter().map(|it| plain(key.clone(), it, None, Use::Closing)));
    }
    let (help, lost) = (&flow.interrupts.help, &flow.interrupts.not_understood);
    let named = [("interrupts.help", help), ("interrupts.not_understood", lost)];
    for (key, text) in named {
        all.extend(text.iter().map(|it| plain(key.to_owned(), it, None, Use::Interrupt)));
    }
    all
}

fn of_decide<'a>(decide: &'a Decide, all: &mut Vec<Said<'a>>) {
    let anchor = &decide.field.it;
    let mut card = plain(format!("{anchor}.say"), &decide.say, Some(&decide.ask.it), Use::Card);
    card.choices = decide.choices.iter().map(|it| (&it.key, &it.label)).collect();
    all.push(card);
    for (nth, note) in decide.keep_informed.iter().enumerate() {
        let key = format!("{anchor}.keep_informed.{nth}");
        all.push(plain(key, &note.say, Some(&note.party.it), Use::Progress));
    }
}

fn plain<'a>(key: String, text: &'a Text, party: Option<&'a str>, used: Use) -> Said<'a> {
    Said { key, text, party, used, choices: Vec::new() }
}

/// The key of a text whose step never rests: its name, where it has one.
fn key_of(step: &Step, text: &Text) -> String {
    match &step.name {
        Some(name) => format!("{}.say", name.it),
        None => format!("say:{}", source_hash(&text.text.it)),
    }
}

/// The name that the flow gives a step. Where it gives none, lowering makes one that is free.
pub(super) fn anchor(step: &Step) -> Option<&At<String>> {
    match &step.verb {
        Verb::Ask(ask) => Some(&ask.field),
        Verb::Decide(decide) => Some(&decide.field),
        Verb::Do(call) => step.name.as_ref().or(call.save.as_ref()),
        Verb::Run(it) => step.name.as_ref().or(it.save.as_ref()),
        _ => step.name.as_ref(),
    }
}
