-- What operators keep back.

-- What does not leave until somebody says so. `payer` is empty where it holds for every payer's
-- messages; `name` is the flow or the channel, and empty for a payer.
create table pauses (
    payer     text not null,
    kind      text not null,
    name      text not null,
    proactive bigint not null,
    since     bigint not null,
    who       text not null,
    why       text not null,
    primary key (payer, kind, name)
);

-- People who must not be forgotten.
create table legal_holds (
    payer  text not null,
    person text not null,
    since  bigint not null,
    who    text not null,
    why_ct bytea not null,
    primary key (payer, person)
);

-- How much of its hour a flow has taken.
create table allowances (
    payer text not null,
    flow  text not null,
    hour  bigint not null,
    taken bigint not null,
    primary key (payer, flow)
);

create index outbox_paused on outbox (why, seq) where status = 'paused';
