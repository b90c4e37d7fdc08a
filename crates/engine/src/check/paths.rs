//! What holds on every path: values known before use, people told before the end, words that
//! wait for a verdict, writes that come once.

mod bits;
mod walk;

use std::collections::BTreeSet;

use super::cx::{Cx, DECISION_MEMBERS};
use super::decisions::gives;
use super::scan::asks_whether_known;
use super::texts::without_values;
use crate::condition::Expr;
use crate::core::{Answers, Call, Core, Decide, Pc, WaitFor};
use crate::label::{Label, Labels};
use crate::surface::Span;
use crate::text::{Part, Path, Wording};
use walk::{State, Walk};

/// Words of a verdict, by language. A worker who reads one before there is a verdict believes it.
const VERDICTS: [(&str, &[&str]); 2] = [
    ("en", &["denied", "denial", "approved", "declined", "rejected"]),
    ("es", &["denegad", "negado", "negada", "aprobad", "rechazad"]),
];

/// A use of a value.
struct Use<'a> {
    path: &'a Path,
    at: Span,
    /// Whether only the field must have a value, and the member named may be missing.
    member_may_lack: bool,
}

impl<'a> Use<'a> {
    fn of(path: &'a Path, at: Span) -> Use<'a> {
        Use { path, at, member_may_lack: false }
    }
}

pub(super) fn check(cx: &mut Cx<'_>) {
    let verbs: Vec<_> = cx.sites.iter().map(|it| &it.step.verb).collect();
    let walk = Walk::new(cx.flow, &verbs, cx.program, cx.catalog);
    for pc in 0..cx.program.steps.len() {
        let Some(state) = walk.states[pc].as_ref() else { continue };
        used_before_known(cx, &walk, pc, state);
        parties_found(cx, &walk, pc, state);
        ends(cx, &walk, pc, state);
        said_first(cx, pc, state);
        verdicts(cx, pc, state);
        effects(cx, pc, state);
    }
}

fn used_before_known(cx: &mut Cx<'_>, walk: &Walk<'_>, pc: Pc, state: &State) {
    let mut said = BTreeSet::new();
    for Use { path, at, member_may_lack } in uses(cx, pc) {
        let root = Path(path.root().to_owned());
        let needed = if member_may_lack { &root } else { path };
        let Some(why) = missing(cx, walk, pc, state, needed) else { continue };
        if said.insert((path.clone(), at.line, at.column)) {
            let help =
                "ask or look it up on every path that leads here, or test it with `known(…)`";
            cx.report("D201", at, why, help);
        }
    }
}

/// Why the value may be missing here.
fn missing(cx: &Cx<'_>, walk: &Walk<'_>, pc: Pc, state: &State, path: &Path) -> Option<String> {
    let root = path.root();
    let field = walk.field(root).filter(|_| !root.starts_with('_'))?;
    let member = path.members().next();
    if let Core::Decide(decide) = &cx.program.steps[pc]
        && decide.anchor == root
    {
        // While it is open a decision has a holder, and what a choice sets is computed at the end.
        let open = matches!(member, Some("holder" | "at"));
        return (!open).then(|| format!("'{}' is not known before the decision", path.0));
    }
    if !state.known.has(field) {
        return Some(format!("'{root}' may have no value here"));
    }
    let (nth, decide) = *walk.decides.get(root)?;
    let member = member.filter(|it| !DECISION_MEMBERS.contains(it))?;
    let without = |&at: &usize| !gives(&decide.choices[at], member);
    let choice = state.chosen[nth].iter().find(without)?;
    let key = &decide.choices[choice].key;
    Some(format!("after choice '{key}' there is no '{}'", path.0))
}

/// Every value that a step reads.
fn uses<'a>(cx: &Cx<'a>, pc: Pc) -> Vec<Use<'a>> {
    let (program, mut all) = (cx.program, Vec::new());
    let near = program.spans.get(pc).copied().unwrap_or_default();
    match &program.steps[pc] {
        Core::Say(it) => in_words(cx, &it.wording, near, &mut all),
        Core::Ask(it) => {
            in_words(cx, &it.wording, near, &mut all);
            if let Answers::List(path) = &it.answers {
                all.push(Use::of(path, near));
            }
        }
        Core::Call(it) => in_call(cx, it, near, &mut all),
        Core::Run(it) => it.with.iter().for_each(|(_, expr)| in_expr(expr, near, &mut all)),
        Core::Schedule { at, with, .. } => {
            all.push(Use::of(at, near));
            with.iter().for_each(|(_, expr)| in_expr(expr, near, &mut all));
        }
        Core::Set { to, .. } => in_expr(to, near, &mut all),
        Core::Branch { condition, .. } => in_expr(condition, near, &mut all),
        Core::Switch { path, .. } => all.push(Use::of(path, near)),
        Core::Wait(it) => {
            if let WaitFor::Until(path) = &it.until {
                all.push(Use::of(path, near));
            }
        }
        Core::Handoff(it) => {
            it.why.iter().for_each(|it| in_words(cx, it, near, &mut all));
            all.extend(it.due.iter().map(|path| Use::of(path, near)));
        }
        Core::Decide(it) => in_decide(cx, it, near, &mut all),
        Core::End { outcome } => {
            let say = program.outcomes.get(outcome).and_then(|it| it.say.as_ref());
            // The place is the end and not the closing: it is this path that lacks the value.
            say.iter().for_each(|it| all.extend(paths(it).map(|path| Use::of(path, near))));
        }
        Core::Jump(_) | Core::AskAgain { .. } => {}
    }
    all
}

fn in_decide<'a>(cx: &Cx<'a>, decide: &'a Decide, near: Span, all: &mut Vec<Use<'a>>) {
    in_words(cx, &decide.wording, near, all);
    decide.keep_informed.iter().for_each(|it| in_words(cx, &it.wording, near, all));
    decide.escalate.iter().filter_map(|it| it.when.as_ref()).for_each(|it| in_expr(it, near, all));
    for (_, expr) in decide.choices.iter().flat_map(|it| &it.set) {
        in_expr(expr, near, all);
    }
    let from = decide.within.as_ref().and_then(|it| it.from.as_ref());
    all.extend(from.map(|path| Use::of(path, near)));
}

/// An optional argument that only names a member is left out where the member has no value.
fn in_call<'a>(cx: &Cx<'a>, call: &'a Call, near: Span, all: &mut Vec<Use<'a>>) {
    let spec = cx.catalog.actions.get(&call.action);
    for (name, expr) in &call.with {
        let optional = spec.and_then(|it| it.input.get(name)).is_some_and(|it| it.optional);
        let first = all.len();
        in_expr(expr, near, all);
        if optional && expr.path().is_some() {
            all[first..].iter_mut().for_each(|it| it.member_may_lack = true);
        }
    }
}

fn in_words<'a>(cx: &Cx<'a>, wording: &'a Wording, near: Span, all: &mut Vec<Use<'a>>) {
    let at = cx.place(&wording.key, near);
    all.extend(paths(wording).map(|path| Use::of(path, at)));
}

/// The values in a wording, in whatever language.
fn paths(wording: &Wording) -> impl Iterator<Item = &Path> {
    let forms = wording.words.values().chain(wording.private.values());
    forms.flat_map(|it| &it.parts).filter_map(|part| match part {
        Part::Value(slot) => Some(&slot.path),
        Part::Words(_) => None,
    })
}

fn in_expr<'a>(expr: &'a Expr, near: Span, all: &mut Vec<Use<'a>>) {
    let asked: Vec<&str> = asks_whether_known(&expr.source).collect();
    let at = if expr.at.line == 0 { near } else { expr.at };
    let read = expr.reads.iter().filter(|path| !asked.contains(&path.root()));
    all.extend(read.map(|path| Use::of(path, at)));
}

/// A party that a field names cannot be found before the field has a value.
fn parties_found(cx: &mut Cx<'_>, walk: &Walk<'_>, pc: Pc, state: &State) {
    let party = match &cx.program.steps[pc] {
        Core::Say(it) => &it.party,
        Core::Ask(it) => &it.party,
        Core::Decide(it) => &it.party,
        _ => return,
    };
    let of = cx.program.parties.get(party).and_then(|it| it.of.as_deref());
    let Some(field) = of.and_then(|it| walk.field(it)) else { return };
    if !state.known.has(field) {
        let at = cx.program.spans.get(pc).copied().unwrap_or_default();
        let message = format!(
            "'{party}' is found through '{}', which may have no value here",
            walk.fields[field]
        );
        cx.report("D201", at, message, "fill the field before this party is spoken to");
    }
}

fn ends(cx: &mut Cx<'_>, walk: &Walk<'_>, pc: Pc, state: &State) {
    let Core::End { outcome } = &cx.program.steps[pc] else { return };
    let Some(spec) = cx.program.outcomes.get(outcome) else { return };
    let at = cx.program.spans.get(pc).copied().unwrap_or_default();
    if spec.say.is_some() {
        return; // It closes toward whoever has not heard the end, whichever party it is.
    }
    for party in state.owed.iter().map(|it| walk.parties[it]) {
        let message = format!("'{party}' may only hear the built-in words for '{outcome}'");
        let help = format!("tell '{party}' how it ended, or give the outcome a `say:`");
        cx.report("P411", at, message, &help);
    }
}

/// What goes out by itself may arrive where others read along.
fn said_first(cx: &mut Cx<'_>, pc: Pc, state: &State) {
    let near = cx.program.spans.get(pc).copied().unwrap_or_default();
    let principal = cx.program.principal.as_str();
    let mut first = Vec::new();
    match &cx.program.steps[pc] {
        Core::Say(it) if it.party == principal && state.unprompted => first.push(&it.wording),
        Core::Ask(it) if it.party == principal && state.unprompted => first.push(&it.wording),
        Core::Decide(it) => {
            let notes = it.keep_informed.iter().filter(|it| it.party == principal);
            first.extend(notes.map(|it| &it.wording));
        }
        _ => {}
    }
    for wording in first {
        let beyond = wording.labels.beyond(Labels::NONE.with(Label::Claim));
        // The question after several candidates is ours, and its author cannot mend it.
        let authored = cx.said.iter().any(|it| it.key == wording.key);
        if authored && wording.private.is_empty() && !beyond.is_public() {
            let at = cx.place(&wording.key, near);
            let message = format!("we say this first, and it carries {beyond}");
            let help = "write `say: { text: …, private: … }`: the private form goes where others may read along";
            cx.report("V502", at, message, help);
        }
    }
}

fn verdicts(cx: &mut Cx<'_>, pc: Pc, state: &State) {
    let principal = &cx.program.principal;
    let wording = match &cx.program.steps[pc] {
        Core::Say(it) if it.party == *principal => &it.wording,
        Core::Ask(it) if it.party == *principal => &it.wording,
        _ => return,
    };
    let decides = cx.program.steps.iter().any(|it| matches!(it, Core::Decide(_)));
    if !state.undecided || !decides {
        return;
    }
    let near = cx.program.spans.get(pc).copied().unwrap_or_default();
    let Some(language) = cx.program.languages.first() else { return };
    let Some((_, verdicts)) = VERDICTS.iter().find(|(it, _)| it == language) else { return };
    let forms = [wording.words.get(language), wording.private.get(language)];
    for form in forms.into_iter().flatten() {
        let text = without_values(&form.source, " ").to_lowercase();
        let mut words = text.split(|it: char| !it.is_alphabetic());
        if let Some(word) = words.find(|it| verdicts.iter().any(|verdict| it.starts_with(verdict)))
        {
            let at = cx.place(&wording.key, near);
            let message = format!("'{word}' is said before anybody decided");
            cx.report(
                "L609",
                at,
                message,
                "say what happened instead, for example \"the pharmacy could not fill it\"",
            );
        }
    }
}

fn effects(cx: &mut Cx<'_>, pc: Pc, state: &State) {
    let at = cx.program.spans.get(pc).copied().unwrap_or_default();
    let program = cx.program;
    let earlier =
        state.writes.iter().filter(|&it| it != pc).filter_map(|it| match &program.steps[it] {
            Core::Call(call) => Some(call),
            _ => None,
        });
    match &program.steps[pc] {
        Core::Ask(ask) if program.interrupts.correct.contains(&ask.field) => {
            for write in earlier.take(1) {
                let message = format!(
                    "'{}' can be corrected, and {} was sent before it",
                    ask.field, write.action
                );
                cx.report(
                    "E803",
                    at,
                    message,
                    "ask before the write, or leave it out of `correct:`",
                );
            }
        }
        Core::Call(call) if state.writes.iter().next().is_some() => {
            for write in earlier.filter(|it| same(it, call)).take(1) {
                let message = format!("{} was already sent with the same arguments", write.action);
                cx.report("E804", at, message, "send it once");
            }
        }
        _ => {}
    }
}

fn same(a: &Call, b: &Call) -> bool {
    let sources = |it: &Call| {
        it.with.iter().map(|(name, it)| (name.clone(), it.source.clone())).collect::<BTreeSet<_>>()
    };
    a.action == b.action && sources(a) == sources(b)
}
