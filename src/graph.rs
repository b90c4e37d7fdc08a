//! A flow as a picture that somebody who never read YAML understands: who is asked what, what
//! can happen, how it can end.

mod layout;
mod svg;

use mendline_engine::core::{
    Answers, Core, Decide, NotRead, Pc, Program, RungDoes, SilenceThen, WaitFor,
};
use mendline_engine::surface::OutcomeKind;
use mendline_engine::text::Wording;
use mendline_engine::types::Words;

pub use svg::svg;

/// A box of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The step it stands for.
    pub pc: Pc,
    /// How it looks.
    pub look: Look,
    /// Who or what: `Ask the worker`.
    pub head: String,
    /// The words, or the details.
    pub body: Vec<String>,
}

/// How a box looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Somebody is asked.
    Ask,
    /// Somebody decides.
    Decide,
    /// Something is said.
    Say,
    /// The machine does something, waits, or looks where to go.
    Do,
    /// A person takes it.
    Person,
    /// It ends well.
    Good,
    /// It ends otherwise.
    End,
}

/// An arrow of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// From this step.
    pub from: Pc,
    /// To that one.
    pub to: Pc,
    /// When.
    pub label: String,
}

/// The boxes and arrows of a flow, jumps followed.
pub fn picture(program: &Program) -> (Vec<Node>, Vec<Edge>) {
    let mut nodes = Vec::new();
    let mut edges = Vec::new();
    let mut waiting = vec![land(program, 0)];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(pc) = waiting.pop() {
        if pc >= program.steps.len() || !seen.insert(pc) {
            continue;
        }
        nodes.push(node(program, pc));
        let mut ways = ways(program, pc);
        for (to, _) in &mut ways {
            *to = land(program, *to);
        }
        waiting.extend(ways.iter().rev().map(|(to, _)| *to));
        edges.extend(ways.into_iter().map(|(to, label)| Edge { from: pc, to, label }));
    }
    nodes.sort_by_key(|it| it.pc);
    edges.retain(|it| it.to < program.steps.len());
    (nodes, edges)
}

/// Where a step really lands: jumps followed, and what only fetches a field passed over.
fn land(program: &Program, mut pc: Pc) -> Pc {
    // A jump to itself would never land; a flow has no more jumps than steps.
    for _ in 0..program.steps.len() {
        match program.steps.get(pc) {
            Some(Core::Jump(to)) => pc = *to,
            Some(Core::Branch { condition, .. }) if condition.source.starts_with("!known(") => {
                pc += 1;
            }
            Some(Core::Set { to, .. }) if to.reads.iter().any(|it| it.0.starts_with('_')) => {
                pc += 1;
            }
            Some(Core::AskAgain { anchor }) => match program.anchors.get(anchor) {
                Some(to) => pc = *to,
                None => return pc,
            },
            _ => return pc,
        }
    }
    pc
}

fn ways(program: &Program, pc: Pc) -> Vec<(Pc, String)> {
    let next = pc + 1;
    match &program.steps[pc] {
        Core::Branch { otherwise, .. } => {
            vec![(next, "yes".into()), (*otherwise, "no".into())]
        }
        Core::Switch { cases, .. } => {
            cases.iter().map(|(value, to)| (*to, spoken(value))).collect()
        }
        Core::Ask(ask) => {
            let mut ways = vec![(next, String::new())];
            if let Some(silence) = &ask.silence
                && let SilenceThen::Go(to) = silence.then
            {
                ways.push((to, "no answer".into()));
            }
            ways
        }
        Core::Call(call) => {
            let fails = call.fails.map(|to| (to, "it fails".to_owned()));
            std::iter::once((next, String::new())).chain(fails).collect()
        }
        Core::Decide(decide) => {
            let mut ways = vec![(next, "decided".to_owned())];
            let steps = decide.choices.iter();
            ways.extend(steps.filter_map(|it| Some((it.steps?, english(&it.label)))));
            ways.extend(decide.nobody_decided.map(|to| (to, "nobody decided".to_owned())));
            ways
        }
        Core::Wait(wait) => match &wait.until {
            WaitFor::Event { otherwise, .. } => {
                vec![(next, "it happened".into()), (*otherwise, "it did not".into())]
            }
            WaitFor::For(_) | WaitFor::Until(_) => vec![(next, String::new())],
        },
        Core::End { .. } | Core::AskAgain { .. } => Vec::new(),
        Core::Jump(to) => vec![(*to, String::new())],
        Core::Say(_)
        | Core::Set { .. }
        | Core::Schedule { .. }
        | Core::Run(_)
        | Core::Handoff(_) => {
            vec![(next, String::new())]
        }
    }
}

fn node(program: &Program, pc: Pc) -> Node {
    let (look, head, body) = match &program.steps[pc] {
        Core::Ask(ask) => {
            let mut body = vec![words(&ask.wording)];
            if let Answers::Keys(keys) = &ask.answers {
                let labels: Vec<_> = keys.iter().map(|it| english(&it.label)).collect();
                body.push(labels.join(" · "));
            }
            if let Some(silence) = &ask.silence {
                body.push(format!("waits {}", silence.after));
            }
            body.extend(ask.not_read.as_ref().map(not_read));
            (Look::Ask, format!("Ask the {}", ask.party), body)
        }
        Core::Say(say) => {
            let mut body = vec![words(&say.wording)];
            body.extend(say.not_read.as_ref().map(not_read));
            (Look::Say, format!("Tell the {}", say.party), body)
        }
        Core::Decide(decide) => {
            (Look::Decide, format!("The {} decides", decide.party), decided(decide))
        }
        Core::Call(call) => {
            let action = call.action.rsplit('.').next().unwrap_or_default();
            let from = call.action.split('.').next().unwrap_or_default();
            (Look::Do, capital(&spoken(action)), vec![format!("with {from}")])
        }
        Core::Wait(wait) => {
            let until = match &wait.until {
                WaitFor::For(duration) => duration.to_string(),
                WaitFor::Until(path) => format!("until {}", spoken(&path.0)),
                WaitFor::Event { name, .. } => format!("for {}", spoken(name)),
            };
            (Look::Do, "Wait".into(), vec![until])
        }
        Core::Branch { condition, .. } => (Look::Do, question(&condition.source), Vec::new()),
        Core::Switch { path, .. } => (Look::Do, "Which is it?".into(), vec![spoken(&path.0)]),
        Core::Set { field, .. } => (Look::Do, "Note".into(), vec![spoken(field)]),
        Core::Schedule { at, flow, .. } => {
            let body = format!("{}, at {}", spoken(flow), spoken(&at.0));
            (Look::Do, "Remind later".into(), vec![body])
        }
        Core::Run(run) => (Look::Do, "Meanwhile".into(), vec![spoken(&run.flow)]),
        Core::Handoff(handoff) => {
            (Look::Person, "A person takes over".into(), vec![spoken(&handoff.desk)])
        }
        Core::End { outcome } => {
            let good = program.outcomes.get(outcome).map(|it| it.kind);
            let look = if good == Some(OutcomeKind::Success) { Look::Good } else { Look::End };
            (look, format!("End: {}", spoken(outcome)), Vec::new())
        }
        Core::Jump(_) | Core::AskAgain { .. } => (Look::Do, String::new(), Vec::new()),
    };
    Node { pc, look, head, body }
}

fn not_read(it: &NotRead) -> String {
    format!("not read in {}: the next channel, then {}", it.within, spoken(&it.desk))
}

fn decided(decide: &Decide) -> Vec<String> {
    let labels: Vec<_> = decide.choices.iter().map(|it| english(&it.label)).collect();
    let mut body = vec![labels.join(" · ")];
    for rung in &decide.escalate {
        let what = match rung.does {
            RungDoes::Remind => "remind the",
            RungDoes::AlsoAsk => "also ask the",
        };
        let when = rung.when.as_ref().map(|it| question(&it.source).to_lowercase());
        let when = when.map_or(String::new(), |it| format!(" (if {})", it.trim_end_matches('?')));
        body.push(format!("after {}: {what} {}{when}", rung.after, rung.party));
    }
    body
}

fn words(wording: &Wording) -> String {
    let template = wording.words.get("en").or_else(|| wording.words.values().next());
    template.map(|it| it.source.clone()).unwrap_or_default()
}

fn english(label: &Words) -> String {
    label.get("en").or_else(|| label.values().next()).cloned().unwrap_or_default()
}

/// A condition as a question. Ours about candidates are counted in words.
fn question(source: &str) -> String {
    if source.contains("_candidates)") {
        let one = source.ends_with("== 1");
        return if one { "Is there just one?".into() } else { "Are there several?".into() };
    }
    let plain = source.replace("==", "is").replace("!=", "is not").replace('"', "");
    format!("{}?", capital(&spoken(&plain)))
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

/// A name as people say it.
fn spoken(name: &str) -> String {
    name.replace(['_', '.'], " ")
}

/// The flow for tools that draw Mermaid.
pub fn mermaid(program: &Program) -> String {
    let (nodes, edges) = picture(program);
    let mut out = String::from("flowchart TD\n");
    for node in nodes {
        let text = std::iter::once(&node.head).chain(&node.body).cloned().collect::<Vec<_>>();
        let text = text.join("<br/>").replace('"', "#quot;");
        out += &format!("  s{}[\"{text}\"]\n", node.pc);
    }
    for Edge { from, to, label } in edges {
        let label = if label.is_empty() { String::new() } else { format!("|\"{label}\"|") };
        out += &format!("  s{from} -->{label} s{to}\n");
    }
    out
}
