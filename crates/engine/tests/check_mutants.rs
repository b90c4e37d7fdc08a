//! How many of the mistakes that authors make does loading find? Each mutant is the tidy flow
//! with one thing wrong; it is found when loading says something it did not say before.

#[path = "check/support.rs"]
#[expect(dead_code, reason = "this test breaks the flow in its own ways")]
mod support;

use std::collections::BTreeSet;

use support::{BASE, SPANISH, load_texts};

/// The least share of mutants that must be found, in hundredths.
const FOUND_AT_LEAST: usize = 95;

/// The least number of mutants, so that the share means something.
const MUTANTS_AT_LEAST: usize = 60;

/// A slip of the keyboard or of the mind: wherever the first stands, the second might.
const SLIPS: &[(&str, &str)] = &[
    // Names that are misspelled.
    ("- end: ", "- end: x"),
    ("then: end ", "then: end x"),
    ("handoff ", "handoff x"),
    ("do: pbm.", "do: pbm.x"),
    ("run: ", "run: x"),
    ("tell: ", "tell: x"),
    ("remind: adj", "remind: dja"),
    ("also_ask: s", "also_ask: xs"),
    ("ask: adjuster", "ask: adjustor"),
    ("ask_again: decision", "ask_again: decison"),
    ("party: worker", "party: wroker"),
    ("for: claim", "for: clam"),
    ("role: ", "role: x"),
    ("from: worker", "from: wroker"),
    ("at: check.", "at: check.x"),
    ("choose: check.", "choose: check.x"),
    ("choices: claim.medications", "choices: claim.medication"),
    ("take: later", "take: latr"),
    ("authority: approve", "authority: aprove"),
    ("rules.decision", "rules.decison"),
    ("pbm.denial_reasons", "pbm.denial_reason"),
    ("human: pharmacy", "human: pharmcy"),
    ("correct: [drug]", "correct: [durg]"),
    ("save: check", "save: chekc"),
    ("save: auth", "save: aut"),
    ("- ask: drug", "- ask: durg"),
    ("- ask: at_counter", "- ask: at_countr"),
    ("type: pbm.", "type: pbm.x"),
    // Values in texts.
    ("{drug}", "{durg}"),
    ("{check.", "{chekc."),
    ("{check.", "{check.x"),
    ("{decision.", "{decision.x"),
    ("{auth.", "{auth.x"),
    ("{claim.number}", "{claim.nubmer}"),
    ("| long}", "| lnog}"),
    ("{drug}", "it"),
    ("{drug", "drug"),
    // Conditions.
    ("== \"here\"", "== \"her\""),
    ("== \"stop\"", "== \"halt\""),
    ("== \"deny\"", "== \"denied\""),
    ("== \"here\"", "== 1"),
    ("when: at_counter", "when: at_countr"),
    ("decision.choice ==", "decision.choise =="),
    ("decision.choice == \"deny\"", "decision.choice == \"approve\""),
    // Arguments.
    ("drug: drug", "durg: drug"),
    ("claim: claim,", ""),
    ("days: decision.days", "days: drug"),
    ("claim: claim }", "claim: drug }"),
    // Times.
    ("after: 10 minutes", "after: 0 minutes"),
    ("after: 30 business minutes", "after: 30 business days"),
    ("after: 60 business minutes", "after: 60 business hours"),
    ("every: 1 day", "every: 1 minute"),
    (", else 2 business days", ""),
    ("next_channel: 4 hours", "next_channel: 4 minutes"),
    ("next_channel: 4 hours", "next_channel: 4000 days"),
    ("next_channel: 4 hours, ", ""),
    ("next_channel:", "next_chanel:"),
    ("hours, then: handoff pharmacy_desk", "hours, then: end left"),
    ("not_read:", "not_red:"),
    // Words.
    ("Not now", "Cancel"),
    ("Not now", "Ask now"),
    ("Are you at the pharmacy right now?", "Was it denied?"),
    ("Ahora no", "Cancelar"),
    ("Which medicine do you need?", "Which drug?"),
    ("¿Qué medicina necesita?", "Which medicine do you need?"),
    // Shapes.
    ("optional: true", "optional: maybe"),
    ("kind: neutral", "kind: fine"),
    ("identity: verified", "identity: none"),
    ("privacy: health", "privacy: helth"),
    (", needs: days", ""),
    (", needs: { reason: pbm.denial_reasons }", ""),
    (", { ask_again: decision }", ""),
    (", set: { days: check.days_supply }", ""),
    (", if_fails: handoff claims_desk", ""),
    (", es]", "]"),
    ("languages: [en, es]", "languages: [en, es, vi]"),
    ("language: es", "language: fr"),
    ("flow: approval", "flow: approvals"),
];

/// Lines that are forgotten.
const FORGOTTEN: &[&str] = &[
    "- end: ",
    "no_answer:",
    "if_fails:",
    "save:",
    "with:",
    "choices:",
    "authority:",
    "within:",
    "keep_informed:",
    "nobody_decided:",
    "needs_approval:",
    "purpose:",
    "type: ",
    "role: ",
    "kind: ",
    "say:",
    "- of:",
    "approve:",
    "not_mine:",
    "also_ask: supervisor",
];

/// Every text with the `nth` occurrence of `old` replaced.
fn slips<'a>(text: &'a str, old: &'a str, new: &'a str) -> impl Iterator<Item = String> + 'a {
    text.match_indices(old).map(move |(at, _)| {
        let rest = &text[at + old.len()..];
        format!("{}{new}{rest}", &text[..at])
    })
}

/// Every text without one of the lines that hold `part`.
fn forgotten<'a>(text: &'a str, part: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines: Vec<&str> = text.lines().collect();
    let held = (0..lines.len()).filter(|&it| lines[it].contains(part)).collect::<Vec<_>>();
    held.into_iter().map(move |skip| {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != skip);
        kept.map(|(_, line)| format!("{line}\n")).collect()
    })
}

fn said(flow: &str, spanish: &str) -> BTreeSet<(String, String)> {
    let findings = load_texts(flow, Some(spanish)).findings;
    findings.into_iter().map(|it| (it.code, it.message)).collect()
}

/// The line in which a mutant differs, for a reader.
fn difference(tidy: &str, mutant: &str) -> String {
    let pair = tidy.lines().zip(mutant.lines()).find(|(a, b)| a != b);
    pair.map_or("the end".to_owned(), |(a, b)| format!("{} → {}", a.trim(), b.trim()))
}

#[test]
fn nearly_every_seeded_mistake_is_found() {
    let before = said(BASE, SPANISH);
    let mut mutants: Vec<(String, String)> = Vec::new();
    for (old, new) in SLIPS {
        mutants.extend(slips(BASE, old, new).map(|it| (it, SPANISH.to_owned())));
        mutants.extend(slips(SPANISH, old, new).map(|it| (BASE.to_owned(), it)));
    }
    for part in FORGOTTEN {
        mutants.extend(forgotten(BASE, part).map(|it| (it, SPANISH.to_owned())));
        mutants.extend(forgotten(SPANISH, part).map(|it| (BASE.to_owned(), it)));
    }
    let missed: Vec<String> = mutants
        .iter()
        .filter(|(flow, spanish)| said(flow, spanish).is_subset(&before))
        .map(|(flow, spanish)| match flow == BASE {
            true => difference(SPANISH, spanish),
            false => difference(BASE, flow),
        })
        .collect();
    let (found, all) = (mutants.len() - missed.len(), mutants.len());
    println!("{found} of {all} seeded mistakes found; missed:\n{}", missed.join("\n"));
    assert!(all >= MUTANTS_AT_LEAST, "only {all} mutants");
    assert!(found * 100 >= all * FOUND_AT_LEAST, "{found} of {all} found");
}
