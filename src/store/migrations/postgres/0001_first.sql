-- The first schema. See README.md beside this file for the column types and the order of changes.
-- `*_ct` is sealed under the key of the person in `key_person` (or in the column named so).

create table house (
    name  text not null primary key,
    value text not null
);

-- One key a person, wrapped by the operator's key. A destroyed key keeps its row, so that
-- nobody gets a new one by the way.
create table person_keys (
    payer   text not null,
    person  text not null,
    wrapped bytea,
    primary key (payer, person)
);

create table people (
    payer    text not null,
    person   text not null,
    language text not null,
    chosen   bigint not null default 0,
    body_ct  bytea not null,
    primary key (payer, person)
);

create table opt_outs (
    payer   text not null,
    person  text not null,
    channel text not null,
    primary key (payer, person, channel)
);

-- Everything that happens. An arrival has part 0; the events that its person turn makes of it
-- have parts from 1 and name it in `origin`.
create table inbox (
    seq          bigint generated always as identity primary key,
    payer        text not null,
    source       text not null,
    id           text not null,
    part         bigint not null,
    origin       bigint,
    conversation text,
    person       text not null,
    key_person   text not null,
    body_ct      bytea not null,
    received     bigint not null,
    done_at      bigint,
    answer_ct    bytea,
    unique (payer, source, id, part)
);
create index inbox_open on inbox (payer, conversation, seq) where done_at is null;
create index inbox_origin on inbox (origin) where origin is not null;

create table conversations (
    payer        text not null,
    id           text not null,
    principal    text not null,
    flow         text not null,
    flow_hash    text not null,
    parent       text,
    turn         bigint not null,
    state_ct     bytea not null,
    began        bigint not null,
    turned       bigint not null,
    leased_until bigint,
    ended        bigint not null default 0,
    record_seq   bigint not null default 0,
    record_hash  text not null default '',
    primary key (payer, id)
);
create index conversations_principal on conversations (payer, principal, began);
create index conversations_open on conversations (payer, principal, began) where ended = 0;

create table starts (
    payer        text not null,
    conversation text not null,
    due          bigint not null,
    event_ct     bytea not null,
    primary key (payer, conversation)
);
create index starts_due on starts (due);

create table identifiers (
    payer        text not null,
    idx          text not null,
    conversation text not null,
    primary key (payer, idx, conversation)
);

create table timers (
    payer        text not null,
    conversation text not null,
    name         text not null,
    generation   bigint not null,
    due          bigint not null,
    primary key (payer, conversation, name)
);
create index timers_due on timers (due);

-- `lane` is the conversation, or empty for what is said outside any: order holds within it.
create table outbox (
    seq           bigint generated always as identity primary key,
    payer         text not null,
    effect        text not null,
    lane          text not null,
    person        text not null,
    key_person    text not null,
    question      text,
    focuses       bigint not null,
    urgent        bigint not null,
    message_ct    bytea not null,
    channel       text,
    frozen_ct     bytea,
    status        text not null,
    why           text,
    due           bigint not null,
    leased_until  bigint,
    attempts      bigint not null default 0,
    committed     bigint not null,
    changed       bigint not null,
    settled_at    bigint,
    unique (payer, effect)
);
create index outbox_open on outbox (payer, lane, person, seq) where settled_at is null;
create index outbox_due on outbox (due) where settled_at is null;
create index outbox_lane on outbox (payer, lane, seq);
create index outbox_dead on outbox (payer, changed) where status = 'dead';
create index outbox_maybe on outbox (payer, changed) where status = 'maybe';

create table calls (
    payer        text not null,
    effect       text not null,
    conversation text not null,
    key_person   text not null,
    action       text not null,
    is_write     bigint not null,
    input_ct     bytea not null,
    due          bigint not null,
    leased_until bigint,
    attempts     bigint not null default 0,
    settled_at   bigint,
    primary key (payer, effect)
);
create index calls_due on calls (due) where settled_at is null;

create table questions (
    payer        text not null,
    question     text not null,
    person       text not null,
    conversation text not null,
    key_person   text not null,
    party        text not null,
    is_decide    bigint not null,
    message_ct   bytea not null,
    opened       bigint not null,
    due          bigint,
    shown        bigint,
    closed_at    bigint,
    closed_ct    bytea,
    primary key (payer, question, person)
);
create index questions_held on questions (payer, person, is_decide) where closed_at is null;

create table focus (
    payer    text not null,
    person   text not null,
    channel  text not null,
    question text not null,
    primary key (payer, person, channel)
);
create index focus_question on focus (payer, question);

create table handoffs (
    payer         text not null,
    handoff       text not null,
    conversation  text not null,
    key_person    text not null,
    desk          text not null,
    person        text,
    open_ct       bytea not null,
    holder_person text,
    holder_ct     bytea,
    opened        bigint not null,
    closed        bigint,
    primary key (payer, handoff)
);
create index handoffs_open on handoffs (payer, desk, opened) where closed is null;

create table drafts (
    payer      text not null,
    handoff    text not null,
    seq        bigint not null,
    key_person text not null,
    draft_ct   bytea not null,
    primary key (payer, handoff, seq)
);

create table record (
    payer        text not null,
    conversation text not null,
    seq          bigint not null,
    at           bigint not null,
    body_ct      bytea not null,
    hash         text not null,
    primary key (payer, conversation, seq)
);
create function record_is_immutable() returns trigger language plpgsql as $$
begin
    raise exception 'the record is immutable';
end
$$;
create trigger record_stays before update or delete on record
    for each row execute function record_is_immutable();
create trigger record_remains before truncate on record
    for each statement execute function record_is_immutable();

create table chats (
    payer    text not null,
    person   text not null,
    channel  text not null,
    last_seq bigint not null,
    acked    bigint not null default 0,
    primary key (payer, person, channel)
);

create table lines (
    payer      text not null,
    person     text not null,
    channel    text not null,
    seq        bigint not null,
    key        text not null,
    message    text,
    question   text,
    key_person text not null,
    body_ct    bytea not null,
    at         bigint not null,
    reported   bigint not null default 0,
    primary key (payer, person, channel, seq),
    unique (payer, person, channel, key)
);
create index lines_unreported on lines (payer, person, channel, seq)
    where message is not null and reported = 0;
create index lines_message on lines (payer, message) where message is not null;

create table spent (
    payer  text not null,
    digest text not null,
    at     bigint not null,
    primary key (payer, digest)
);

create table staff_reads (
    payer        text not null,
    conversation text not null,
    seq          bigint not null,
    staff        text not null,
    what         text not null,
    at           bigint not null,
    primary key (payer, conversation, seq)
);

create table audit (
    seq          bigint generated always as identity primary key,
    payer        text not null,
    who          text not null,
    what         text not null,
    conversation text,
    at           bigint not null
);

create table accounts (
    login_idx text not null primary key,
    payer     text not null,
    person    text not null,
    password  text not null,
    roles     text not null,
    demo      bigint not null
);

create table sessions (
    digest    text not null primary key,
    payer     text not null,
    person    text not null,
    kind      text not null,
    csrf      text not null,
    began     bigint not null,
    last_seen bigint not null
);

create table flows (
    hash    text not null primary key,
    flow    text not null,
    sources text not null,
    program text not null
);
