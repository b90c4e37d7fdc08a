//! Words by which people take their consent back. Carriers and chat programs bind us to them, so
//! that everything that must know them reads this one list.

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
