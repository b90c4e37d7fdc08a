-- The reference store of the domain pack. Every key begins with the payer: nothing crosses.
-- Days are text (2026-11-18), lists are JSON text, money is text (182.40).

CREATE TABLE IF NOT EXISTS payers (
    id                        TEXT PRIMARY KEY,
    name                      TEXT NOT NULL,
    refill_percent            INTEGER NOT NULL,
    refill_percent_controlled INTEGER NOT NULL,
    refill_source             TEXT NOT NULL,
    refill_confidence         TEXT NOT NULL,
    authorization_days        INTEGER NOT NULL,
    is_demo                   INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS people (
    payer      TEXT NOT NULL,
    id         TEXT NOT NULL,
    role       TEXT NOT NULL,
    name       TEXT NOT NULL,
    first_name TEXT NOT NULL,
    language   TEXT NOT NULL,
    zone       TEXT NOT NULL,
    office     TEXT,
    email      TEXT,
    phone      TEXT,
    born       TEXT,
    zip        TEXT,
    is_demo    INTEGER NOT NULL,
    PRIMARY KEY (payer, id)
) STRICT;

-- `adjuster` is whom we write to; `owner` is whom the payer's claim system names.
CREATE TABLE IF NOT EXISTS claims (
    payer         TEXT NOT NULL,
    number        TEXT NOT NULL,
    jurisdiction  TEXT NOT NULL,
    status        TEXT NOT NULL,
    since         TEXT NOT NULL,
    employer      TEXT NOT NULL,
    injured_on    TEXT NOT NULL,
    body_parts    TEXT NOT NULL,
    worker        TEXT NOT NULL,
    adjuster      TEXT NOT NULL,
    owner         TEXT NOT NULL,
    supervisor    TEXT NOT NULL,
    pharmacy      TEXT,
    prescriber    TEXT,
    letter_date   TEXT,
    letter_reason TEXT,
    is_demo       INTEGER NOT NULL,
    PRIMARY KEY (payer, number)
) STRICT;
CREATE INDEX IF NOT EXISTS claims_by_worker ON claims (payer, worker);

-- Who said "not my claim": it does not come back to them in a circle.
CREATE TABLE IF NOT EXISTS declined (
    payer  TEXT NOT NULL,
    claim  TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (payer, claim, person)
) STRICT;

CREATE TABLE IF NOT EXISTS prescriptions (
    payer       TEXT NOT NULL,
    claim       TEXT NOT NULL,
    rx_number   TEXT NOT NULL,
    name        TEXT NOT NULL,
    strength    TEXT NOT NULL,
    form        TEXT NOT NULL,
    days_supply INTEGER NOT NULL,
    quantity    INTEGER NOT NULL,
    prescriber  TEXT NOT NULL,
    price       TEXT NOT NULL,
    rejects     TEXT NOT NULL,
    refills     INTEGER NOT NULL,
    is_demo     INTEGER NOT NULL,
    PRIMARY KEY (payer, claim, rx_number)
) STRICT;

CREATE TABLE IF NOT EXISTS fills (
    payer       TEXT NOT NULL,
    claim       TEXT NOT NULL,
    rx_number   TEXT NOT NULL,
    fill        INTEGER NOT NULL,
    filled_on   TEXT NOT NULL,
    days_supply INTEGER NOT NULL,
    quantity    INTEGER NOT NULL,
    PRIMARY KEY (payer, claim, rx_number, fill)
) STRICT;

CREATE TABLE IF NOT EXISTS authorizations (
    payer     TEXT NOT NULL,
    number    TEXT NOT NULL,
    claim     TEXT NOT NULL,
    rx_number TEXT NOT NULL,
    fill      INTEGER NOT NULL,
    from_day  TEXT NOT NULL,
    until_day TEXT NOT NULL,
    refills   INTEGER NOT NULL,
    days      INTEGER NOT NULL,
    decided_by TEXT NOT NULL,
    made_at_ms INTEGER NOT NULL,
    lapsed    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (payer, number)
) STRICT;
-- The business key: whoever decides second, under whatever key, meets this index.
CREATE UNIQUE INDEX IF NOT EXISTS one_authorization_a_fill
    ON authorizations (payer, claim, rx_number, fill) WHERE lapsed = 0;

-- What each write answered, so that the same key gets the same answer.
CREATE TABLE IF NOT EXISTS answers (
    payer  TEXT NOT NULL,
    key    TEXT NOT NULL,
    act    TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (payer, key)
) STRICT;
