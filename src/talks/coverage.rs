//! Which steps and branches of a flow its talks have been through.

use std::collections::{BTreeMap, BTreeSet};

use mendline_engine::core::{Core, Pc, Program, SilenceThen, WaitFor};

use crate::house::House;
use crate::turns;

/// Steps and edges, by flow.
#[derive(Clone, Debug, Default)]
pub struct Visited {
    flows: BTreeMap<String, Ways>,
}

/// Steps, and the edges between them.
type Ways = (BTreeSet<Pc>, BTreeSet<(Pc, Pc)>);

/// How much of a flow was visited.
#[derive(Clone, Debug)]
pub struct Covered {
    /// The flow.
    pub flow: String,
    /// Steps visited, of how many.
    pub steps: (usize, usize),
    /// Branches taken, of how many.
    pub branches: (usize, usize),
    /// What is missing, with lines of the source.
    pub missing: Vec<String>,
}

impl Covered {
    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }
}

impl Visited {
    /// Reads the record of everything that a person's conversations went through.
    pub async fn of(house: &House, payer: &str, person: &str) -> anyhow::Result<Visited> {
        let mut visited = Visited::default();
        for conversation in house.store.conversations_of(payer, person, 50).await? {
            let program = turns::version(house, &conversation.flow_hash).await?;
            for row in house.store.record(payer, &conversation.id).await? {
                let path = row.body["path"].as_array().into_iter().flatten();
                let path = path.filter_map(|it| it.as_u64().and_then(|it| Pc::try_from(it).ok()));
                visited.walk(&program, &path.collect::<Vec<_>>());
            }
        }
        Ok(visited)
    }

    fn walk(&mut self, program: &Program, path: &[Pc]) {
        let (steps, edges) = self.flows.entry(program.flow.clone()).or_default();
        steps.extend(path);
        edges.extend(path.windows(2).map(|it| (it[0], it[1])));
    }

    /// Adds what another talk went through.
    pub fn add(&mut self, other: &Visited) {
        for (flow, (steps, edges)) in &other.flows {
            let mine = self.flows.entry(flow.clone()).or_default();
            mine.0.extend(steps);
            mine.1.extend(edges);
        }
    }

    /// How much of a flow that is.
    pub fn covered(&self, program: &Program) -> Covered {
        let nothing = Default::default();
        let (steps, edges) = self.flows.get(&program.flow).unwrap_or(&nothing);
        let mut missing = Vec::new();
        let line = |pc: Pc| program.spans.get(pc).map_or(0, |it| it.line);
        for pc in 0..program.steps.len() {
            if !steps.contains(&pc) {
                missing.push(format!(
                    "line {}: {} was never reached",
                    line(pc),
                    verb(&program.steps[pc])
                ));
            }
        }
        let branches = branches(program);
        for (pc, to, when) in &branches {
            if steps.contains(pc) && !edges.contains(&(*pc, *to)) {
                let verb = verb(&program.steps[*pc]);
                missing.push(format!("line {}: {verb} never went on by “{when}”", line(*pc)));
            }
        }
        let taken = branches.iter().filter(|(pc, to, _)| edges.contains(&(*pc, *to))).count();
        Covered {
            flow: program.flow.clone(),
            steps: (steps.len(), program.steps.len()),
            branches: (taken, branches.len()),
            missing,
        }
    }
}

/// Every way out of a step that has more than one, named for people. Ways that lead to the same
/// place count once.
fn branches(program: &Program) -> Vec<(Pc, Pc, String)> {
    let mut found = Vec::new();
    for (pc, step) in program.steps.iter().enumerate() {
        let next = pc + 1;
        let ways: Vec<(Pc, String)> = match step {
            Core::Branch { otherwise, condition } => {
                vec![(next, condition.source.clone()), (*otherwise, "otherwise".into())]
            }
            Core::Switch { cases, .. } => {
                cases.iter().map(|(value, to)| (*to, value.clone())).collect()
            }
            Core::Ask(ask) => {
                let silence = ask.silence.as_ref().and_then(|it| match &it.then {
                    SilenceThen::Go(to) => Some((*to, "no answer".to_owned())),
                    SilenceThen::Take(_) => None,
                });
                std::iter::once((next, "an answer".to_owned())).chain(silence).collect()
            }
            Core::Call(call) => {
                let fails = call.fails.map(|to| (to, "it fails".to_owned()));
                std::iter::once((next, "it works".to_owned())).chain(fails).collect()
            }
            Core::Decide(decide) => {
                let steps = decide.choices.iter();
                let steps = steps.filter_map(|it| Some((it.steps?, it.key.clone())));
                let nobody = decide.nobody_decided.map(|to| (to, "nobody decided".to_owned()));
                std::iter::once((next, "a decision".to_owned()))
                    .chain(steps)
                    .chain(nobody)
                    .collect()
            }
            Core::Wait(wait) => match &wait.until {
                WaitFor::Event { otherwise, .. } => {
                    vec![(next, "it happened".into()), (*otherwise, "it did not".into())]
                }
                WaitFor::For(_) | WaitFor::Until(_) => Vec::new(),
            },
            _ => Vec::new(),
        };
        let mut seen = BTreeSet::new();
        found.extend(
            ways.into_iter().filter(|(to, _)| seen.insert(*to)).map(|(to, when)| (pc, to, when)),
        );
    }
    found
}

fn verb(step: &Core) -> &'static str {
    match step {
        Core::Say(_) => "say",
        Core::Ask(_) => "ask",
        Core::Call(_) => "do",
        Core::Decide(_) => "decide",
        Core::Wait(_) => "wait",
        Core::Branch { .. } => "when",
        Core::Switch { .. } => "choose",
        Core::Jump(_) => "jump",
        Core::Set { .. } => "set",
        Core::Schedule { .. } => "remind",
        Core::Run(_) => "run",
        Core::Handoff(_) => "handoff",
        Core::End { .. } => "end",
        Core::AskAgain { .. } => "ask_again",
    }
}
