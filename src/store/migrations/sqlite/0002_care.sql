-- What operators keep back.

-- What does not leave until somebody says so. `payer` is empty where it holds for every payer's
-- messages; `name` is the flow or the channel, and empty for a payer.
create table pauses (
    payer     text not null,
    kind      text not null,
    name      text not null,
    proactive integer not null,
    since     integer not null,
    who       text not null,
    why       text not null,
    primary key (payer, kind, name)
) strict, without rowid;

-- People who must not be forgotten.
create table legal_holds (
    payer  text not null,
    person text not null,
    since  integer not null,
    who    text not null,
    why_ct blob not null,
    primary key (payer, person)
) strict;

-- How much of its hour a flow has taken.
create table allowances (
    payer text not null,
    flow  text not null,
    hour  integer not null,
    taken integer not null,
    primary key (payer, flow)
) strict, without rowid;

create index outbox_paused on outbox (why, seq) where status = 'paused';
