//! Every kind of finding: its code, its family, its title, how bad it is.
//!
//! A code is never reused and never changes its meaning: people search for it. Each has a page,
//! `docs/findings/CODE.md`. Codes that begin with `Y` are the parser's and stand elsewhere.

use super::Severity::{self, Error, Warning};

/// Code, family, title, severity.
pub type Row = (&'static str, &'static str, &'static str, Severity);

/// The kinds, in the order of their codes.
pub const CODES: &[Row] = &[
    ("C701", "channels", "a word that ends SMS is offered as an answer", Error),
    ("C702", "channels", "a choice label is longer than a button", Error),
    ("C703", "consent", "a flow speaks first without a purpose", Warning),
    ("C704", "channels", "a text takes too many SMS segments", Warning),
    ("C705", "channels", "more choices than a message has buttons", Error),
    ("C707", "channels", "a text holds a raw link", Warning),
    ("D101", "data", "a condition names a field that does not exist", Error),
    ("D102", "data", "a condition names a member that does not exist", Error),
    ("D103", "data", "a condition compares what cannot be compared", Error),
    ("D104", "data", "a condition can never hold", Error),
    ("D106", "data", "a condition calls a function that does not exist", Error),
    ("D107", "data", "a condition cannot be read", Error),
    ("D201", "data", "a value is used before it is known on some path", Error),
    ("D202", "data", "a field is never used", Warning),
    ("D203", "data", "a field is never filled", Error),
    ("D204", "data", "a text names something that does not exist", Error),
    ("D205", "data", "a text names a member that does not exist", Error),
    ("D206", "data", "a format does not exist", Error),
    ("D207", "data", "a format does not fit the value", Error),
    ("D208", "data", "a value has no case", Error),
    ("D209", "data", "a case can never happen", Error),
    ("D210", "data", "choose looks at something that is no choice", Error),
    ("D212", "data", "a condition is not true or false", Error),
    ("D213", "data", "an argument is missing", Error),
    ("D214", "data", "an argument does not exist", Error),
    ("D215", "data", "an action does not exist", Error),
    ("D216", "data", "an argument has the wrong type", Error),
    ("D217", "data", "a result is saved in a field of another type", Error),
    ("D218", "data", "silence takes a value that is no choice", Error),
    ("D219", "data", "choices come from something that is no list", Error),
    ("D220", "data", "correct names a field that no question fills", Error),
    ("D221", "data", "a field and a party share a name", Error),
    ("D222", "data", "a lookup is not kept", Warning),
    ("D223", "data", "a question whose answer cannot be read from words", Error),
    ("D224", "data", "a list of reasons does not exist", Error),
    ("D225", "data", "a wait or reminder looks at something that is no time", Error),
    ("D226", "data", "a decision keeps a value under a name that is taken", Error),
    ("D227", "data", "a field is set to a value of another type", Error),
    ("E801", "effects", "a write has no business key", Error),
    ("E802", "effects", "nobody hears when a write fails", Warning),
    ("E803", "effects", "a correctable question comes after a write", Warning),
    ("E804", "effects", "the same write twice on one path", Warning),
    ("E805", "effects", "a business key names no argument", Error),
    ("L601", "language", "a language has no translation", Error),
    ("L602", "language", "a text is not translated", Error),
    ("L603", "language", "a translation is older than its text", Warning),
    ("L604", "language", "a translation of something that is not there", Error),
    ("L605", "language", "a translation has other values in it", Error),
    ("L606", "language", "translated choices are not the flow's", Error),
    ("L607", "language", "two choices read the same", Error),
    ("L608", "language", "a text is hard to read", Warning),
    ("L609", "language", "a verdict is said before there is one", Warning),
    ("L610", "language", "a translation into a language that is not declared", Error),
    ("L611", "language", "a translation repeats the source", Warning),
    ("L612", "language", "a translation of another flow", Error),
    ("L613", "language", "a private form is not translated", Error),
    ("L614", "language", "a text is empty", Error),
    ("L615", "language", "a text shouts", Warning),
    ("M901", "migration", "a moved anchor does not exist", Error),
    ("M902", "migration", "a moved anchor is still there", Error),
    ("M903", "migration", "a step is gone while people wait there", Error),
    ("M904", "migration", "a stored choice is gone", Error),
    ("M905", "migration", "a field changed its type", Error),
    ("M906", "migration", "the flow changed and its version did not", Error),
    ("P401", "people", "a party is never spoken to", Warning),
    ("P402", "people", "a party does not exist", Error),
    ("P403", "people", "a role does not exist", Error),
    ("P404", "people", "an optional party must answer", Error),
    ("P405", "people", "the one who asks would decide", Error),
    ("P406", "people", "a decision without an authority", Error),
    ("P407", "people", "an authority does not exist", Error),
    ("P408", "people", "the card goes to someone who holds it", Error),
    ("P409", "people", "a desk does not exist", Error),
    ("P410", "people", "a reminder to someone who does not hold the card", Warning),
    ("P411", "people", "somebody would not hear how it ended", Warning),
    ("P412", "people", "a party is found through nothing", Error),
    ("P413", "people", "the one who waits hears nothing meanwhile", Warning),
    ("P414", "people", "what must be read goes to somebody who may be missing", Warning),
    ("S101", "structure", "a step can never be reached", Error),
    ("S102", "structure", "a path has no end", Error),
    ("S103", "structure", "an outcome is not declared", Error),
    ("S104", "structure", "an outcome is never used", Warning),
    ("S105", "structure", "flows run each other in a circle", Error),
    ("S106", "structure", "a step with nothing in it", Warning),
    ("S107", "structure", "two steps share a name", Error),
    ("S108", "structure", "ask_again outside a choice", Error),
    ("S109", "structure", "ask_again of another decision", Error),
    ("S110", "structure", "a choice with steps does not ask again", Error),
    ("S111", "structure", "a choice sets a value and throws it away", Warning),
    ("S112", "structure", "no choice decides", Error),
    ("S113", "structure", "a flow to run does not exist", Error),
    ("S114", "structure", "the same start twice", Warning),
    ("S115", "structure", "stopping leads nowhere", Error),
    ("T301", "time", "a question without an answer for silence", Error),
    ("T302", "time", "a decision without a limit", Error),
    ("T303", "time", "a limit without a length of its own", Error),
    ("T304", "time", "a rung comes after the limit", Error),
    ("T305", "time", "a ladder goes down", Warning),
    ("T306", "time", "a wait that may never end", Error),
    ("T307", "time", "progress notes too often", Warning),
    ("T308", "time", "nothing happens when nobody decides", Error),
    ("T309", "time", "a rule does not exist", Error),
    ("T310", "time", "a length of nothing", Error),
    ("T311", "time", "too many reminders", Warning),
    ("T312", "time", "a length beyond reason", Warning),
    ("T313", "time", "a decision that one silent person can block", Warning),
    ("T314", "time", "a rung comes after a legal limit", Warning),
    ("T315", "time", "the next channel comes too soon", Warning),
    ("V501", "privacy", "a party would read what its role may not", Error),
    ("V502", "privacy", "health details are said first without a private form", Warning),
    ("V503", "privacy", "a private form is not private", Error),
    ("V504", "privacy", "free words are kept without a label", Error),
    ("V505", "privacy", "a plugin would see what it was not granted", Error),
    ("V506", "privacy", "private values are shown before the person is verified", Error),
    ("V507", "privacy", "an outside event is kept without a label", Warning),
];

/// The row of a code.
pub fn row(code: &str) -> Option<&'static Row> {
    CODES.binary_search_by(|(it, ..)| it.cmp(&code)).ok().map(|at| &CODES[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_none_comes_twice() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_code_is_the_letter_of_its_family_and_three_digits() {
        for (code, family, ..) in CODES {
            let family = if *family == "consent" { "channels" } else { family };
            let letter = match family {
                "privacy" => 'V',
                other => other.chars().next().unwrap().to_ascii_uppercase(),
            };
            assert!(code.starts_with(letter), "{code} in {family}");
            assert!(code[1..].len() == 3 && code[1..].bytes().all(|it| it.is_ascii_digit()));
        }
    }
}
