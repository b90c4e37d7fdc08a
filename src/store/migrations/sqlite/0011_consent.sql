-- How sure we are of a person, and what she agreed to.

-- What people agreed to and took back, a row an act, never changed but for the moment at which an
-- agreement ended. The purpose '*' is everything. What was said or shown there is sealed; the rows
-- stay when a person is forgotten. `opt_outs` holds what follows from them for a channel.
create table consents (
    payer       text not null,
    person      text not null,
    channel     text not null,
    purpose     text not null,
    at          integer not null,
    act         text not null,
    wording     text not null,
    method      text not null,
    language    text not null,
    idx         text,
    evidence_ct blob,
    ended       integer,
    primary key (payer, person, channel, purpose, at, act)
) strict;
create index consents_standing on consents (payer, person)
    where act = 'given' and ended is null;
create index consents_address on consents (channel, idx) where idx is not null;

-- Addresses that were told once who writes there, how often, what it costs and how to end it.
create table introduced (
    payer   text not null,
    person  text not null,
    channel text not null,
    idx     text not null,
    at      integer not null,
    primary key (payer, person, channel, idx)
) strict, without rowid;

-- One-time codes that were asked for, by the digest of a token that only the asking browser has. The
-- code itself is here as a keyed digest. Where nobody was found there is a row all the same, with no
-- person and no code: nobody can tell the two apart from outside.
create table challenges (
    digest  text not null primary key,
    payer   text not null,
    person  text not null,
    code    text not null,
    sent    integer not null,
    expires integer not null,
    used    integer
) strict, without rowid;
create index challenges_expires on challenges (expires);
create index challenges_person on challenges (payer, person);

-- Tries to be known, by the keyed index of an identity or of the address that they came from.
create table tries (
    idx   text not null primary key,
    since integer not null,
    count integer not null
) strict, without rowid;
create index tries_since on tries (since);

-- Who may act for somebody, how far and until when. Why and as whom is sealed for the person.
create table representatives (
    payer          text not null,
    person         text not null,
    representative text not null,
    scope          text not null,
    since          integer not null,
    until          integer not null,
    ended          integer,
    who            text not null,
    why_ct         blob not null,
    primary key (payer, person, representative, since)
) strict, without rowid;
create index representatives_standing on representatives (payer, representative)
    where ended is null;

-- Since when links to her chat count: those that were made before somebody said not to be her do not.
alter table people add column links_from integer;
