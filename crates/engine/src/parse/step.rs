//! One sentence of a flow.

use super::fields::{
    Keys, duration, duration_of, name, one_of, pairs, scalar, scalars, wrong_shape,
};
use super::{decide, text};
use crate::report::Report;
use crate::surface::{
    Ask, At, Choices, Choose, Do, Handoff, NoAnswer, NotRead, Run, Span, Step, Verb, Wait,
};
use crate::yaml::{Kind, Node};

/// The verbs, in the order in which they claim a step: `decide` has an `ask:` and a `say:`.
const VERBS: [&str; 14] = [
    "decide",
    "ask",
    "tell",
    "do",
    "choose",
    "when",
    "wait",
    "remind",
    "run",
    "handoff",
    "set",
    "end",
    "ask_again",
    "say",
];

/// Steps: a list of them, one alone, or `continue`, which is none.
pub(super) fn steps(node: &Node, report: &mut Report) -> Vec<Step> {
    match &node.kind {
        Kind::Seq(items) => items.iter().filter_map(|it| continued(it, report)).collect(),
        _ => continued(node, report).into_iter().collect(),
    }
}

fn continued(node: &Node, report: &mut Report) -> Option<Step> {
    match &node.kind {
        Kind::Scalar(word) if word == "continue" => None,
        _ => one(node, report),
    }
}

/// One step, as a map or in one line: `end left`.
pub(super) fn one(node: &Node, report: &mut Report) -> Option<Step> {
    match &node.kind {
        Kind::Scalar(line) if !line.is_empty() => one_line(line, node.at, report),
        Kind::Seq(items) if items.len() == 1 => one(&items[0], report),
        Kind::Map(entries) => {
            let verb =
                VERBS.into_iter().find(|verb| entries.iter().any(|(key, _)| key.it == *verb));
            // Much else has a `say:` too; a step is a 'say' only where that stands first.
            let first = entries.iter().map(|(key, _)| key.it.as_str()).find(|it| *it != "name");
            match verb.filter(|it| *it != "say" || first == Some("say")) {
                Some(verb) => step(node, verb, report),
                None => {
                    unknown_verb(node, entries, report);
                    None
                }
            }
        }
        _ => {
            wrong_shape(node, "a step", "a verb and what belongs to it", report);
            None
        }
    }
}

fn unknown_verb(node: &Node, entries: &[(At<String>, Node)], report: &mut Report) {
    let first = entries.iter().map(|(key, _)| key).find(|it| it.it != "name");
    let (word, at) = first.map_or(("", node.at), |it| (it.it.as_str(), it.at));
    let known = VERBS.map(str::to_owned);
    let help = match crate::condition::nearest(word, &known) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("there are: {}", known.join(", ")),
    };
    report.error("Y005", at, format!("'{word}' is no verb"), help);
}

fn one_line(line: &str, at: Span, report: &mut Report) -> Option<Step> {
    let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let lead = line.chars().count() - rest.trim_start().chars().count();
    let lead = u32::try_from(lead).unwrap_or_default();
    let length = at.length.saturating_sub(lead).max(1);
    let word =
        At { it: rest.trim().to_owned(), at: Span { column: at.column + lead, length, ..at } };
    let needs_word = || word.it.split_whitespace().count() == 1;
    let verb = match verb {
        "end" if needs_word() => Verb::End(word),
        "ask_again" if needs_word() => Verb::AskAgain(word),
        "run" if needs_word() => {
            Verb::Run(Run { flow: word, with: Vec::new(), save: None, keep: Vec::new() })
        }
        "handoff" if needs_word() => Verb::Handoff(handoff_to(word)),
        _ => {
            let message = format!("'{line}' is no step in one line");
            let help =
                "in one line there are: end OUTCOME, handoff DESK, run FLOW, ask_again DECISION";
            report.error("Y005", at, message, help);
            return None;
        }
    };
    Some(Step { at, name: None, not_read: None, verb })
}

fn handoff_to(desk: At<String>) -> Handoff {
    Handoff { desk, why: None, save: None, due: None, closed: Vec::new() }
}

fn step(node: &Node, verb: &'static str, report: &mut Report) -> Option<Step> {
    let article = if "aeiou".contains(&verb[..1]) { "an" } else { "a" };
    let mut keys = Keys::of(node, &format!("{article} '{verb}'"), report)?;
    let step_name = keys.word("name", report);
    if let Some(it) = &step_name {
        name(it, "a step", report);
    }
    let at = match &node.kind {
        Kind::Map(entries) => entries.iter().find(|(key, _)| key.it == verb).map(|(key, _)| key.at),
        _ => None,
    };
    let parsed = match verb {
        "decide" => decide::decide(&mut keys, report).map(|it| Verb::Decide(Box::new(it))),
        "ask" => ask(&mut keys, report).map(Verb::Ask),
        "say" => keys.must("say", report).and_then(|it| text(it, report)).map(Verb::Say),
        "tell" => tell(&mut keys, report),
        "do" => call(&mut keys, report).map(Verb::Do),
        "choose" => choose(&mut keys, report).map(Verb::Choose),
        "when" => when(&mut keys, report),
        "wait" => keys.must("wait", report).and_then(|it| wait(it, report)).map(Verb::Wait),
        "remind" => keys.must("remind", report).and_then(|it| remind(it, report)),
        "run" => run(&mut keys, report),
        "handoff" => handoff(&mut keys, report).map(Verb::Handoff),
        "set" => keys.must("set", report).map(|it| Verb::Set(pairs(it, "'set'", report))),
        "end" => keys.must_word("end", report).map(Verb::End),
        _ => keys.must_word("ask_again", report).map(Verb::AskAgain),
    };
    let not_read = match verb {
        "ask" | "say" | "tell" => keys.take("not_read").and_then(|it| not_read(it, report)),
        _ => None,
    };
    keys.finish(report);
    Some(Step { at: at.unwrap_or(node.at), name: step_name, not_read, verb: parsed? })
}

fn not_read(node: &Node, report: &mut Report) -> Option<NotRead> {
    let before = report.count();
    let mut keys = Keys::of(node, "'not_read'", report)?;
    let next = keys.take("next_channel").and_then(|it| duration(it, "'next_channel'", report));
    let then = keys.take("then").and_then(|it| one(it, report));
    keys.finish(report);
    // Whoever says it goes on meanwhile, so there is nothing to put in its place but a person.
    let desk = then.and_then(|it| match it.verb {
        Verb::Handoff(it) if it == handoff_to(it.desk.clone()) => Some(it.desk),
        _ => None,
    });
    match (next, desk) {
        (Some(next_channel), Some(then)) => Some(NotRead { next_channel, then }),
        _ if report.count() > before => None,
        _ => {
            let message = "'not_read' does not say what happens then".to_owned();
            let help = "write { next_channel: 4 hours, then: handoff DESK }";
            report.error("Y007", node.at, message, help);
            None
        }
    }
}

fn tell(keys: &mut Keys<'_>, report: &mut Report) -> Option<Verb> {
    let party = keys.must_word("tell", report);
    let say = keys.must("say", report).and_then(|it| text(it, report));
    Some(Verb::Tell { party: party?, say: say? })
}

fn ask(keys: &mut Keys<'_>, report: &mut Report) -> Option<Ask> {
    let field = keys.must_word("ask", report);
    let party = keys.word("party", report);
    let say = keys.must("say", report).and_then(|it| text(it, report));
    let choices = keys.take("choices").and_then(|it| match &it.kind {
        Kind::Map(_) => Some(Choices::Keys(pairs(it, "'choices'", report))),
        _ => scalar(it, "'choices'", report).map(Choices::List),
    });
    let no_answer = keys.take("no_answer").and_then(|it| no_answer(it, report));
    Some(Ask { field: field?, party, say: say?, choices, no_answer })
}

fn no_answer(node: &Node, report: &mut Report) -> Option<NoAnswer> {
    let before = report.count();
    let mut keys = Keys::of(node, "'no_answer'", report)?;
    let remind = keys.take("remind").map(|it| {
        let words = scalars(it, "'remind'", report);
        words.iter().filter_map(|it| duration_of(it, report)).collect::<Vec<_>>()
    });
    let after = keys.take("after").and_then(|it| duration(it, "'after'", report));
    let take = keys.word("take", report);
    let then = keys.take("then").and_then(|it| one(it, report)).map(Box::new);
    keys.finish(report);
    let at = node.at;
    match (remind, after, take, then) {
        (Some(remind), None, None, Some(then)) => Some(NoAnswer::Remind { remind, then, at }),
        (None, Some(after), Some(take), None) => Some(NoAnswer::Take { after, take }),
        (None, Some(after), None, Some(then)) => Some(NoAnswer::Then { after, then }),
        _ if report.count() > before => None,
        _ => {
            let message = "'no_answer' does not say what silence means".to_owned();
            let help = "write { remind: [2 hours], then: end X }, { after: 10 minutes, take: KEY } \
                        or { after: 1 day, then: end X }";
            report.error("Y007", at, message, help);
            None
        }
    }
}

fn call(keys: &mut Keys<'_>, report: &mut Report) -> Option<Do> {
    let action = keys.must_word("do", report);
    let with = keys.take("with").map(|it| pairs(it, "'with'", report)).unwrap_or_default();
    let save = keys.word("save", report);
    let if_fails = keys.take("if_fails").and_then(|it| one(it, report)).map(Box::new);
    Some(Do { action: action?, with, save, if_fails })
}

fn choose(keys: &mut Keys<'_>, report: &mut Report) -> Option<Choose> {
    let field = keys.must_word("choose", report);
    let node = keys.must("cases", report)?;
    let cases = super::entries(node, "'cases'", report);
    let cases = cases.iter().map(|(key, it)| (key.clone(), steps(it, report))).collect();
    Some(Choose { field: field?, cases })
}

fn when(keys: &mut Keys<'_>, report: &mut Report) -> Option<Verb> {
    let condition = keys.must_word("when", report);
    let inside = keys.must("steps", report).map(|it| steps(it, report));
    let otherwise = keys.take("else").map(|it| steps(it, report)).unwrap_or_default();
    Some(Verb::When { condition: condition?, steps: inside?, otherwise })
}

fn wait(node: &Node, report: &mut Report) -> Option<Wait> {
    if matches!(node.kind, Kind::Scalar(_)) {
        return duration(node, "'wait'", report).map(Wait::For);
    }
    let before = report.count();
    let mut keys = Keys::of(node, "'wait'", report)?;
    let until = keys.word("until", report);
    let event = keys.word("event", report);
    let within = keys.take("within").and_then(|it| duration(it, "'within'", report));
    let otherwise = keys.take("else").map(|it| steps(it, report)).unwrap_or_default();
    let save = keys.word("save", report);
    keys.finish(report);
    match (until, event) {
        (Some(until), None) => Some(Wait::Until(until)),
        (None, Some(name)) => Some(Wait::Event { name, within, otherwise, save }),
        _ if report.count() > before => None,
        _ => {
            let message = "'wait' does not say what it waits for".to_owned();
            let help = "write wait: 2 days, { until: FIELD } or { event: NAME, within: 2 days, else: […] }";
            report.error("Y007", node.at, message, help);
            None
        }
    }
}

fn remind(node: &Node, report: &mut Report) -> Option<Verb> {
    let mut keys = Keys::of(node, "a 'remind'", report)?;
    let at = keys.must_word("at", report);
    let run = keys.must_word("run", report);
    let with = keys.take("with").map(|it| pairs(it, "'with'", report)).unwrap_or_default();
    keys.finish(report);
    Some(Verb::Remind { at: at?, run: run?, with })
}

fn run(keys: &mut Keys<'_>, report: &mut Report) -> Option<Verb> {
    let node = keys.must("run", report)?;
    if matches!(node.kind, Kind::Map(_)) {
        let mut inner = Keys::of(node, "a 'run'", report)?;
        let verb = run_keys(&mut inner, "flow", report);
        inner.finish(report);
        return verb;
    }
    run_keys(keys, "run", report)
}

fn run_keys(keys: &mut Keys<'_>, flow: &'static str, report: &mut Report) -> Option<Verb> {
    let flow = keys.must_word(flow, report);
    let with = keys.take("with").map(|it| pairs(it, "'with'", report)).unwrap_or_default();
    let save = keys.word("save", report);
    let keep = keys.take("keep").map(|it| pairs(it, "'keep'", report)).unwrap_or_default();
    Some(Verb::Run(Run { flow: flow?, with, save, keep }))
}

fn handoff(keys: &mut Keys<'_>, report: &mut Report) -> Option<Handoff> {
    let node = keys.must("handoff", report)?;
    if !matches!(node.kind, Kind::Map(_)) {
        return handoff_keys(keys, "handoff", report);
    }
    let mut inner = Keys::of(node, "a 'handoff'", report)?;
    let handoff = handoff_keys(&mut inner, "desk", report);
    inner.finish(report);
    handoff
}

fn handoff_keys(keys: &mut Keys<'_>, desk: &'static str, report: &mut Report) -> Option<Handoff> {
    let desk = keys.must_word(desk, report);
    let why = keys.word("why", report);
    let save = keys.word("save", report);
    let due = keys.word("due", report);
    let closed = keys.take("closed").map(|it| scalars(it, "'closed'", report));
    Some(Handoff { desk: desk?, why, save, due, closed: closed.unwrap_or_default() })
}

/// Says that `word` is none of the built-in words for `what`.
pub(super) fn not_among(word: &At<String>, what: &str, known: &[&str], report: &mut Report) {
    let known: Vec<String> = known.iter().map(|&it| it.to_owned()).collect();
    one_of(word, what, &known, report);
}
