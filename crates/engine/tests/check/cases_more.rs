//! The rows for language, people, structure, time and privacy.

use super::cases::{Case, case, with};

/// Before the decision, where everything but the decision is known.
const BEFORE: &str = "  - decide: decision\n";
/// The end after the last words to the worker.
const LAST: &str = "  - end: approved\n";
/// Before the last words.
const TELL: &str = "  - tell: pharmacy\n";

/// Language.
pub const LANGUAGE: &[Case] = &[
    case("L601", &[("es: *", "")], &[("es: *", ""), ("languages: [en, es]", "languages: [en]")]),
    case(
        "L602",
        &[(
            "es:   drug:\n    say: { text: ¿Qué medicina necesita?, private: Tengo una pregunta para usted. }\n",
            "",
        )],
        &[],
    ),
    case(
        "L603",
        &[("es:   drug:\n", "  drug:\n    of: \"00000000\"\n")],
        &[("es:   drug:\n", "  drug:\n    of: \"8231ecb5\"\n")],
    ),
    with("L604", &[("es:   drug:\n", "  drgu:\n")], &["L602"], &[]),
    with("L604", &[("es: of: \"{drug} is covered.", "of: \"{drug} was covered.")], &["L602"], &[]),
    case(
        "L605",
        &[("es: {drug} está cubierta. Su", "Está cubierta. Su")],
        &[("es: {drug} está cubierta. Su", "Cubierta: {drug}. Su")],
    ),
    case(
        "L605",
        &[("es: ¿Qué medicina necesita?", "\"¿Qué medicina necesita, {worker.first_name}?\"")],
        &[],
    ),
    case("L606", &[("es: , stop: Ahora no }", " }")], &[]),
    case("L606", &[("es: stop: Ahora no }", "stop: Ahora no, never: Nunca }")], &[]),
    case("L607", &[("stop: Not now", "stop: ask  now")], &[("stop: Not now", "stop: Ask later")]),
    case("L607", &[("es: stop: Ahora no", "stop: Pedirlo ahora")], &[]),
    case(
        "L608",
        &[(
            "text: Which medicine do you need?",
            "text: \"Which pharmaceutical authorization documentation, immediately following compensability determination, requires reconsideration and resubmission?\"",
        )],
        &[(
            "text: Which medicine do you need?",
            "text: \"Which medicine do you need? You can look at the label, or ask your doctor.\"",
        )],
    ),
    case(
        "L609",
        &[("say: Are you at the pharmacy right now?", "say: Was it denied at the pharmacy?")],
        &[("say: Are you at the pharmacy right now?", "say: Could the pharmacy not fill it?")],
    ),
    case("L610", &[("languages: [en, es]", "languages: [en]")], &[]),
    case("L611", &[("es: ¿Qué medicina necesita?", "Which medicine do you need?")], &[]),
    with("L612", &[("es: flow: approval", "flow: refill")], &[], &[]),
    case(
        "L613",
        &[(
            "es: say: { text: \"{drug} necesita un visto bueno. ¿Lo pido ahora?\", private: \"Algo necesita un visto bueno. ¿Lo pido ahora?\" }",
            "say: \"{drug} necesita un visto bueno. ¿Lo pido ahora?\"",
        )],
        &[],
    ),
    case("L614", &[("send: Ask now", "send: \" \"")], &[]),
    case(
        "L615",
        &[("text: Which medicine do you need?", "text: WHICH MEDICINE DO YOU NEED?")],
        &[("text: Which medicine do you need?", "text: Which medicine (see your PBM card)?")],
    ),
];

/// Migration, as far as one version shows it.
pub const MIGRATION: &[Case] = &[
    case(
        "M901",
        &[("interrupts:\n", "moved: { old_ask: drgu }\ninterrupts:\n")],
        &[("interrupts:\n", "moved: { old_ask: drug }\ninterrupts:\n")],
    ),
    case("M902", &[("interrupts:\n", "moved: { drug: go_ahead }\ninterrupts:\n")], &[]),
];

/// People.
pub const PEOPLE: &[Case] = &[
    case(
        "P401",
        &[("  pharmacy:   {", "  nurse:      { role: nurse, for: claim }\n  pharmacy:   {")],
        &[],
    ),
    with("P402", &[("- tell: pharmacy", "- tell: pharamcy")], &["P401"], &[]),
    with(
        "P403",
        &[("{ role: supervisor,", "{ role: boss,")],
        &["V501"],
        &[("{ role: supervisor,", "{ role: adjuster,")],
    ),
    with(
        "P404",
        &[("for: claim }\n  supervisor", "for: claim, optional: true }\n  supervisor")],
        &[],
        &[("{ role: supervisor, for: claim }", "{ role: supervisor, for: claim, optional: true }")],
    ),
    with(
        "P405",
        &[("    ask: adjuster\n", "    ask: worker\n")],
        &["P410", "V502", "L608"],
        &[
            ("    ask: adjuster\n", "    ask: supervisor\n"),
            ("remind: adjuster", "also_ask: adjuster"),
            ("business minutes, also_ask: supervisor", "business minutes, remind: supervisor"),
            (
                "20 minutes, when: at_counter == \"here\", also_ask: supervisor",
                "20 minutes, when: at_counter == \"here\", remind: supervisor",
            ),
        ],
    ),
    case(
        "P414",
        &[(
            "{decision.days} days.\"\n",
            "{decision.days} days.\"\n    not_read: { next_channel: 1 hour, then: handoff pharmacy_desk }\n",
        )],
        &[
            ("for: claim, optional: true }\n", "for: claim }\n"),
            (
                "{decision.days} days.\"\n",
                "{decision.days} days.\"\n    not_read: { next_channel: 1 hour, then: handoff pharmacy_desk }\n",
            ),
        ],
    ),
    case("P406", &[("    authority: approve_medication\n", "")], &[]),
    case("P407", &[("approve_medication", "approve_medicaton")], &[]),
    with(
        "P408",
        &[("business minutes, remind: adjuster", "business minutes, also_ask: adjuster")],
        &[],
        &[],
    ),
    case(
        "P409",
        &[("human: pharmacy_desk", "human: pharmcy_desk")],
        &[("human: pharmacy_desk", "human: claims_desk")],
    ),
    case(
        "P409",
        &[("nobody_decided: handoff claims_desk", "nobody_decided: handoff claim_desk")],
        &[],
    ),
    case(
        "P410",
        &[(
            "after: 10 minutes, when: at_counter == \"here\", remind: adjuster",
            "after: 10 minutes, when: at_counter == \"here\", remind: supervisor",
        )],
        &[(
            "after: 30 business minutes, remind: adjuster",
            "after: 30 business minutes, remind: supervisor",
        )],
    ),
    case(
        "P411",
        &[
            (
                "withdrawn: { kind: neutral, say: \"All right. Nothing was sent.\" }",
                "withdrawn: { kind: neutral }",
            ),
            ("es:   outcomes.withdrawn:\n    say: Muy bien. No se envió nada.\n", ""),
        ],
        &[],
    ),
    with(
        "P412",
        &[("{ role: supervisor, for: claim }", "{ role: supervisor, for: clam }")],
        &[],
        &[],
    ),
    with(
        "P412",
        &[("{ role: supervisor, for: claim }", "{ role: supervisor, for: at_counter }")],
        &["D201"],
        &[],
    ),
    with(
        "P413",
        &[("keep_informed: { party: worker", "keep_informed: { party: supervisor")],
        &["P411"],
        &[],
    ),
];

/// Structure.
pub const STRUCTURE: &[Case] = &[
    with("S101", &[(LAST, "  - end: approved\n  - end: left\n")], &[], &[]),
    with(
        "S102",
        &[(LAST, "")],
        &["S104", "E001"],
        &[(LAST, "  - handoff: claims_desk\n    name: last\n")],
    ),
    with("S103", &[(LAST, "  - end: aproved\n")], &["S104"], &[]),
    case(
        "S104",
        &[(
            "  denied:    { kind: neutral }\n",
            "  denied:    { kind: neutral }\n  partly:    { kind: success }\n",
        )],
        &[],
    ),
    with("S105", &[("run: gather_information", "run: approval")], &[], &[]),
    with(
        "S106",
        &[(
            "  - when: go_ahead == \"stop\"\n    steps:\n      - end: withdrawn\n",
            "  - when: go_ahead == \"stop\"\n    steps: []\n",
        )],
        &[],
        &[],
    ),
    with("S107", &[("name: reassigning", "name: at_counter")], &[], &[]),
    with("S108", &[(LAST, "  - ask_again: decision\n")], &["S104", "P411"], &[]),
    with(
        "S109",
        &[("gathering }, { ask_again: decision }", "gathering }, { ask_again: drug }")],
        &["E803"],
        &[],
    ),
    with(
        "S110",
        &[("name: gathering }, { ask_again: decision }]", "name: gathering }]")],
        &["D201"],
        &[],
    ),
    case(
        "S111",
        &[("needs: question, steps", "needs: question, set: { days: check.days_supply }, steps")],
        &[],
    ),
    with(
        "S112",
        &[
            (
                "approve:  { label: Approve, set: { days: check.days_supply } }",
                "approve:  { label: Approve, steps: [{ ask_again: decision }] }",
            ),
            (
                "fewer days, needs: days }",
                "fewer days, needs: days, steps: [{ ask_again: decision }] }",
            ),
            (
                "needs: { reason: pbm.denial_reasons } }",
                "needs: { reason: pbm.denial_reasons }, steps: [{ ask_again: decision }] }",
            ),
        ],
        &["S101"],
        &[],
    ),
    case("S113", &[("run: refill", "run: refil")], &[]),
    case("S114", &[("\"my prescription was rejected\"", "\"Is my medicine approved\"")], &[]),
    with(
        "S115",
        &[
            ("cancel: { ask_first: true, then: end withdrawn }", "help: Write to me."),
            ("  too_soon:  { kind: neutral }", "  too_soon:  { kind: success }"),
            ("withdrawn: { kind: neutral,", "withdrawn: { kind: failure,"),
            ("denied:    { kind: neutral }", "denied:    { kind: success }"),
        ],
        &["L602"],
        &[("  cancel: { ask_first: true, then: end withdrawn }\n", "")],
    ),
];

/// Time.
pub const TIME: &[Case] = &[
    case("T301", &[("    no_answer: { remind: [2 hours, 1 day], then: end left }\n", "")], &[]),
    case("T302", &[("    within: rules.decision_deadline, else 2 business days\n", "")], &[]),
    case(
        "T303",
        &[("rules.decision_deadline, else 2 business days", "rules.decision_deadline")],
        &[("rules.decision_deadline, else 2 business days", "2 business days")],
    ),
    with(
        "T304",
        &[("after: 60 business minutes", "after: 2 business days")],
        &["T314"],
        &[("after: 60 business minutes", "after: 7 business hours")],
    ),
    case("T305", &[("after: 30 business minutes", "after: 90 business minutes")], &[]),
    with(
        "T306",
        &[(
            TELL,
            "  - wait: { event: pharmacy.dispensed }\n    name: waiting\n  - tell: pharmacy\n",
        )],
        &[],
        &[(
            TELL,
            "  - wait: { event: pharmacy.dispensed, within: 7 days, else: [{ handoff: claims_desk, name: late }] }\n    name: waiting\n  - tell: pharmacy\n",
        )],
    ),
    case("T307", &[("every: 1 day", "every: 30 minutes")], &[("every: 1 day", "every: 4 hours")]),
    case("T308", &[("    nobody_decided: handoff claims_desk\n", "")], &[]),
    with("T309", &[("rules.decision_deadline", "rules.decision_dedline")], &[], &[]),
    with("T310", &[("after: 10 minutes, take", "after: 0 minutes, take")], &["Y009"], &[]),
    case(
        "T311",
        &[("remind: [2 hours, 1 day]", "remind: [2 hours, 2 hours, 2 hours, 1 day]")],
        &[("remind: [2 hours, 1 day]", "remind: [2 hours, 2 hours, 1 day]")],
    ),
    with(
        "T312",
        &[(TELL, "  - wait: 900 days\n    name: waiting\n  - tell: pharmacy\n")],
        &[],
        &[(TELL, "  - wait: 300 days\n    name: waiting\n  - tell: pharmacy\n")],
    ),
    with(
        "T313",
        &[
            (
                "20 minutes, when: at_counter == \"here\", also_ask: supervisor",
                "20 minutes, when: at_counter == \"here\", remind: adjuster",
            ),
            ("business minutes, also_ask: supervisor", "business minutes, remind: adjuster"),
        ],
        &["P401"],
        &[(
            "20 minutes, when: at_counter == \"here\", also_ask: supervisor",
            "20 minutes, when: at_counter == \"here\", remind: adjuster",
        )],
    ),
    case(
        "T315",
        &[("next_channel: 4 hours", "next_channel: 5 minutes")],
        &[("next_channel: 4 hours", "next_channel: 15 minutes")],
    ),
    with(
        "T314",
        &[
            ("after: 60 business minutes", "after: 9 business days"),
            ("else 2 business days", "else 10 business days"),
        ],
        &[],
        &[("after: 60 business minutes", "after: 2 hours")],
    ),
];

/// Privacy.
pub const PRIVACY: &[Case] = &[
    with(
        "V501",
        &[(
            "{ role: pharmacy, for: claim, optional: true }",
            "{ role: employer, for: claim, optional: true }",
        )],
        &[],
        &[],
    ),
    with(
        "V502",
        &[
            (
                "say: { text: \"{drug} needs an OK. Shall I ask now?\", private: \"Something needs an OK. Shall I ask now?\" }",
                "say: \"{drug} needs an OK. Shall I ask now?\"",
            ),
            (
                "es: say: { text: \"{drug} necesita un visto bueno. ¿Lo pido ahora?\", private: \"Algo necesita un visto bueno. ¿Lo pido ahora?\" }",
                "say: \"{drug} necesita un visto bueno. ¿Lo pido ahora?\"",
            ),
        ],
        &[],
        &[],
    ),
    with(
        "V503",
        &[
            ("private: \"Something needs an OK.", "private: \"{drug} needs an OK."),
            ("es: private: \"Algo necesita", "private: \"{drug} necesita"),
        ],
        &[],
        &[],
    ),
    with(
        "V504",
        &[
            ("  auth:       {", "  note:       { type: text }\n  auth:       {"),
            (
                BEFORE,
                "  - ask: note\n    say: Is there more?\n    no_answer: { after: 1 day, then: handoff claims_desk }\n  - tell: adjuster\n    say: \"{note}\"\n  - decide: decision\n",
            ),
        ],
        &["L602", "P411"],
        &[
            ("  auth:       {", "  note:       { type: text, privacy: health }\n  auth:       {"),
            (
                BEFORE,
                "  - ask: note\n    say: Is there more?\n    no_answer: { after: 1 day, then: handoff claims_desk }\n  - tell: adjuster\n    say: \"{note}\"\n  - decide: decision\n",
            ),
        ],
    ),
    with(
        "V505",
        &[(
            TELL,
            "  - do: pbm.count\n    name: counting\n    with: { text: drug.name }\n  - tell: pharmacy\n",
        )],
        &["D222"],
        &[(
            TELL,
            "  - do: pbm.count\n    name: counting\n    with: { text: '\"one\"' }\n  - tell: pharmacy\n",
        )],
    ),
    case("V506", &[("identity: verified", "identity: matched")], &[("identity: verified\n", "")]),
    with(
        "V507",
        &[
            ("  auth:       {", "  paper:      { type: text }\n  auth:       {"),
            (
                TELL,
                "  - wait: { event: lab.result, within: 2 days, save: paper, else: [{ handoff: claims_desk, name: late }] }\n  - tell: adjuster\n    say: \"{paper}\"\n  - tell: pharmacy\n",
            ),
        ],
        &["L602", "P411"],
        &[
            ("  auth:       {", "  paper:      { type: text, privacy: health }\n  auth:       {"),
            (
                TELL,
                "  - wait: { event: lab.result, within: 2 days, save: paper, else: [{ handoff: claims_desk, name: late }] }\n  - tell: adjuster\n    say: \"{paper}\"\n  - tell: pharmacy\n",
            ),
        ],
    ),
];
