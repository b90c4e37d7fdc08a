//! For every kind of finding: what one changes in the tidy flow to get it, what else that
//! brings, and a change near it that is fine. Read each row as "this, and not that".

use super::support::Patch;

/// One kind of finding.
pub struct Case {
    /// Its code.
    pub code: &'static str,
    /// The mistake.
    pub bad: &'static [Patch],
    /// What the mistake also brings.
    pub also: &'static [&'static str],
    /// The near thing that is right.
    pub good: &'static [Patch],
}

/// A mistake that brings nothing else.
pub const fn case(code: &'static str, bad: &'static [Patch], good: &'static [Patch]) -> Case {
    Case { code, bad, also: &[], good }
}

/// A mistake that brings more.
pub const fn with(
    code: &'static str,
    bad: &'static [Patch],
    also: &'static [&'static str],
    good: &'static [Patch],
) -> Case {
    Case { code, bad, also, good }
}

/// Before the decision, where everything but the decision is known.
const BEFORE: &str = "  - decide: decision\n";
/// The last words to the worker, and the end.
const LAST: &str = "  - end: approved\n";

/// Channels and consent.
pub const CHANNELS: &[Case] = &[
    case("C701", &[("stop: Not now", "stop: Cancel")], &[("stop: Not now", "stop: Cancel it")]),
    case(
        "C701",
        &[("es: stop: Ahora no", "stop: Cancelar")],
        &[("es: stop: Ahora no", "stop: No")],
    ),
    case(
        "C702",
        &[(
            "send: Ask now",
            "send: \"Ask my claims adjuster to look at it today and to write to me as soon as it is done\"",
        )],
        &[("send: Ask now", "send: Ask my claims adjuster to look at it today")],
    ),
    case(
        "C703",
        &[("purpose: claim_updates\n", "")],
        &[("purpose: claim_updates\n", ""), ("  - event: pharmacy.claim_rejected\n", "")],
    ),
    // One letter that a phone's alphabet does not have more than doubles the messages.
    case(
        "C704",
        &[(
            "es: text: ¿Qué medicina necesita?",
            "text: \"¿Qué medicina necesita? Tómese su tiempo, mire la etiqueta: el nombre está arriba y la dosis al lado. Si tiene más de una, diga cuál no le dieron. Si no sabe el nombre, dígame para qué es. Si no está seguro, dígalo: lo buscaré con usted. También puede pedir hablar con una persona, que leerá lo que escribió.\"",
        )],
        &[("es: text: ¿Qué medicina necesita?", "text: ¿Qué medicina?")],
    ),
    with(
        "C704",
        &[
            ("es: text: ¿Qué medicina necesita?", "text: ¿Qué medicina?"),
            (
                "text: Which medicine do you need?",
                "text: \"Which medicine do you need? Take your time. You can look at the label. It is on the side. The name is at the top. The strength is next to it. If you have more than one, pick the one that you could not get. If you do not know the name, tell me what it is for. If you are not sure, say so. I can look it up with you. You can also ask a person. Just write human. A person will read what you wrote. That can take a while in the evening. On a weekend it takes till Monday. We will not forget you. You do not need to write again. We have your number. We will write to you here. If it is urgent, call your store. They can help you too.\"",
            ),
        ],
        &[],
        &[(
            "text: Which medicine do you need?",
            "text: \"Which medicine do you need? It is on the label.\"",
        )],
    ),
    case(
        "C707",
        &[(
            "say: Are you at the pharmacy right now?",
            "say: \"Are you there? https://example.org/map\"",
        )],
        &[(
            "say: Are you at the pharmacy right now?",
            "say: \"Are you there? I mean the web page.\"",
        )],
    ),
];

/// Data.
pub const DATA: &[Case] = &[
    case(
        "D101",
        &[("when: at_counter == \"here\", remind", "when: at_countr == \"here\", remind")],
        &[],
    ),
    case(
        "D102",
        &[("when: at_counter == \"here\", remind", "when: check.state == \"covered\", remind")],
        &[("when: at_counter == \"here\", remind", "when: check.status == \"covered\", remind")],
    ),
    with(
        "D103",
        &[(
            BEFORE,
            "  - when: check.days_supply == \"30\"\n    steps: [{ say: Hello. }]\n  - decide: decision\n",
        )],
        &["L602"],
        &[(
            "after: 30 business minutes, remind",
            "after: 30 business minutes, when: check.days_supply > 30, remind",
        )],
    ),
    case(
        "D104",
        &[("when: at_counter == \"here\", remind", "when: at_counter == \"her\", remind")],
        &[],
    ),
    with(
        "D106",
        &[("when: at_counter == \"here\", remind", "when: upperCase(at_counter), remind")],
        &[],
        &[],
    ),
    case("D107", &[("when: at_counter == \"here\", remind", "when: at_counter ==, remind")], &[]),
    // A value from a path that did not get it.
    case(
        "D201",
        &[
            ("text: Which medicine do you need?", "text: \"Which one, besides {drug}?\""),
            ("es: ¿Qué medicina necesita?", "\"¿Cuál, además de {drug}?\""),
        ],
        &[],
    ),
    case(
        "D201",
        &[(
            "deny:     { label: Not for this claim, needs: { reason: pbm.denial_reasons } }",
            "deny:     { label: Not for this claim }",
        )],
        &[(
            "    if_fails: handoff pharmacy_desk\n  - tell",
            "    if_fails: handoff claims_desk\n  - tell",
        )],
    ),
    case(
        "D201",
        &[(
            "- when: decision.choice == \"deny\"\n    steps:\n      - say: { text: \"{drug} was not approved: {decision.reason}.\"",
            "- when: decision.choice != \"approve\"\n    steps:\n      - say: { text: \"{drug} was not approved: {decision.reason}.\"",
        )],
        &[("- when: decision.choice == \"deny\"", "- when: decision.choice in [\"deny\"]")],
    ),
    case(
        "D201",
        &[
            (
                "say: { text: \"Still waiting about {drug}. {decision.holder} has it.\"",
                "say: { text: \"Still waiting about {drug}. {decision.holder} has it. {decision.by}\"",
            ),
            ("es: Lo tiene {decision.holder}.", "Lo tiene {decision.holder}. {decision.by}"),
        ],
        &[],
    ),
    with(
        "D201",
        &[
            (
                "left:      { kind: failure, say: \"I have closed this for now.\" }",
                "left:      { kind: failure, say: \"I have closed this for now: {drug}.\" }",
            ),
            ("es: say: He cerrado esto por ahora.", "say: \"He cerrado esto por ahora: {drug}.\""),
        ],
        &["V502"],
        &[],
    ),
    case("D202", &[("  auth:       {", "  spare:      { type: integer }\n  auth:       {")], &[]),
    with(
        "D203",
        &[
            ("  auth:       {", "  spare:      { type: integer }\n  auth:       {"),
            (
                "after: 30 business minutes, remind",
                "after: 30 business minutes, when: spare > 1, remind",
            ),
        ],
        &["D201"],
        &[],
    ),
    with(
        "D204",
        &[("\"{drug} is covered. Your", "\"{durg} is covered. Your")],
        &["L602", "L604"],
        &[],
    ),
    with(
        "D205",
        &[("{check.next_fill_date | long}.\"", "{check.next_date | long}.\"")],
        &["L602", "L604"],
        &[],
    ),
    with(
        "D206",
        &[("{check.next_fill_date | long}.\"", "{check.next_fill_date | lnog}.\"")],
        &["L602", "L604"],
        &[
            ("{check.next_fill_date | long}.\"", "{check.next_fill_date | short}.\""),
            (
                "es: of: \"You can fill {drug} from {check.next_fill_date | long}.\"",
                "of: \"You can fill {drug} from {check.next_fill_date | short}.\"",
            ),
        ],
    ),
    with(
        "D207",
        &[("{check.next_fill_date | long}.\"", "{check.next_fill_date | list}.\"")],
        &["L602", "L604"],
        &[],
    ),
    with("D208", &[("      needs_approval: continue\n", "")], &["S101"], &[]),
    case(
        "D209",
        &[(
            "      needs_approval: continue\n",
            "      needs_approval: continue\n      gone: continue\n",
        )],
        &[],
    ),
    with("D210", &[("- choose: check.status", "- choose: check.days_supply")], &[], &[]),
    with(
        "D212",
        &[("when: at_counter == \"here\", remind", "when: at_counter, remind")],
        &[],
        &[("when: at_counter == \"here\", remind", "when: known(at_counter), remind")],
    ),
    case(
        "D213",
        &[(
            "with: { claim: claim, drug: drug }\n    save: check",
            "with: { claim: claim }\n    save: check",
        )],
        &[],
    ),
    case(
        "D214",
        &[(
            "with: { claim: claim, drug: drug }\n    save: check",
            "with: { claim: claim, drug: drug, dose: drug }\n    save: check",
        )],
        &[],
    ),
    with("D215", &[("do: pbm.check_coverage", "do: pbm.check_coverge")], &[], &[]),
    with(
        "D216",
        &[("days: decision.days, by", "days: claim.number, by")],
        &[],
        &[("days: decision.days, by", "days: check.days_supply, by")],
    ),
    with(
        "D217",
        &[(
            "auth:       { type: pbm.authorization, privacy: claim }",
            "auth:       { type: pbm.person, privacy: claim }",
        )],
        &["D205", "D102"],
        &[],
    ),
    with("D218", &[("take: later }", "take: latr }")], &[], &[("take: later }", "take: here }")]),
    with("D219", &[("choices: claim.medications", "choices: claim.number")], &[], &[]),
    case(
        "D220",
        &[("correct: [drug]", "correct: [check]")],
        &[("correct: [drug]", "correct: [drug, at_counter]")],
    ),
    with(
        "D221",
        &[("  auth:       {", "  worker:     { type: text }\n  auth:       {")],
        &["D202", "D201", "D203", "D102"],
        &[],
    ),
    with(
        "D222",
        &[(
            LAST,
            "  - do: pbm.check_coverage\n    name: again\n    with: { claim: claim, drug: drug }\n  - end: approved\n",
        )],
        &["P411"],
        &[],
    ),
    with("D223", &[("    choices: claim.medications\n", "")], &[], &[]),
    with("D224", &[("pbm.denial_reasons", "pbm.denial_reason")], &[], &[]),
    with(
        "D225",
        &[("at: check.next_fill_date, run", "at: check.price, run")],
        &[],
        &[("at: check.next_fill_date, run", "at: claim.injured_on, run")],
    ),
    with(
        "D226",
        &[(
            "set: { days: check.days_supply }",
            "set: { days: check.days_supply, about: claim.number }",
        )],
        &[],
        &[("set: { days: check.days_supply }", "set: { days: check.days_supply, quantity: 3 }")],
    ),
    with(
        "D227",
        &[
            ("  auth:       {", "  count:      { type: integer }\n  auth:       {"),
            (
                LAST,
                "  - set: { count: claim.number }\n  - when: count > 1\n    steps: [{ end: approved }]\n  - end: approved\n",
            ),
        ],
        &[],
        &[
            ("  auth:       {", "  count:      { type: integer }\n  auth:       {"),
            (
                LAST,
                "  - set: { count: decision.days }\n  - when: count > 1\n    steps: [{ end: approved }]\n  - end: approved\n",
            ),
        ],
    ),
];

/// Effects.
pub const EFFECTS: &[Case] = &[
    case(
        "E801",
        &[(
            "  - tell: pharmacy\n",
            "  - do: pbm.note\n    name: noting\n    with: { claim: claim }\n    if_fails: handoff claims_desk\n  - tell: pharmacy\n",
        )],
        &[(
            "  - tell: pharmacy\n",
            "  - do: pbm.reassign\n    name: moving\n    with: { claim: claim }\n    if_fails: handoff claims_desk\n  - tell: pharmacy\n",
        )],
    ),
    case(
        "E802",
        &[("    save: auth\n    if_fails: handoff pharmacy_desk\n", "    save: auth\n")],
        &[],
    ),
    with(
        "E803",
        &[
            (
                "  - ask: at_counter\n",
                "  - do: pbm.reassign\n    name: moving\n    with: { claim: claim }\n    if_fails: handoff claims_desk\n  - ask: at_counter\n",
            ),
            ("correct: [drug]", "correct: [drug, at_counter]"),
        ],
        &["E804"],
        &[("correct: [drug]", "correct: [drug, at_counter]")],
    ),
    with(
        "E804",
        &[(
            "  - tell: pharmacy\n",
            "  - do: pbm.authorize\n    name: twice\n    with: { claim: claim, drug: drug, days: decision.days, by: decision.by }\n    if_fails: handoff claims_desk\n  - tell: pharmacy\n",
        )],
        &[],
        &[(
            "  - tell: pharmacy\n",
            "  - do: pbm.authorize\n    name: twice\n    with: { claim: claim, drug: drug, days: 1, by: decision.by }\n    if_fails: handoff claims_desk\n  - tell: pharmacy\n",
        )],
    ),
    with(
        "E805",
        &[(
            "  - tell: pharmacy\n",
            "  - do: pbm.letter\n    name: writing\n    with: { claim: claim }\n    if_fails: handoff claims_desk\n  - tell: pharmacy\n",
        )],
        &[],
        &[],
    ),
];
