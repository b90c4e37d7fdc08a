//! Words by which people take their consent back. Carriers and chat programs bind us to them, so
//! that everything that must know them reads this one list.

/// The purpose of a consent that was given for everything that a person is told on a channel.
pub const EVERYTHING: &str = "*";

/// The purpose under which a person agreed, warned of the risk, that more than "there is an update"
/// may go over a channel that others can read on its way (domain facts 4.2).
pub const DETAILS: &str = "details";

/// Words that, sent alone, end a channel (CTIA and carrier opt-out words and their Spanish
/// relatives; domain facts 4.3). Lower case, without punctuation.
pub const OPT_OUT: [&str; 15] = [
    "stop",
    "stopall",
    "quit",
    "end",
    "revoke",
    "opt out",
    "optout",
    "cancel",
    "unsubscribe",
    "alto",
    "parar",
    "cancelar",
    "no más",
    "no mas",
    "baja",
];
