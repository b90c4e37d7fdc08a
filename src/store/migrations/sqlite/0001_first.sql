-- The first schema. See README.md beside this file for the column types and the order of changes.
-- `*_ct` is sealed under the key of the person in `key_person` (or in the column named so).
-- Tables of small rows are `without rowid`; those that hold sealed bodies are not, because a
-- long row in a key tree makes the tree deep.

create table house (
    name  text not null primary key,
    value text not null
) strict;

-- One key a person, wrapped by the operator's key. A destroyed key keeps its row, so that
-- nobody gets a new one by the way.
create table person_keys (
    payer   text not null,
    person  text not null,
    wrapped blob,
    primary key (payer, person)
) strict, without rowid;

create table people (
    payer    text not null,
    person   text not null,
    language text not null,
    chosen   integer not null default 0,
    body_ct  blob not null,
    primary key (payer, person)
) strict;

create table opt_outs (
    payer   text not null,
    person  text not null,
    channel text not null,
    primary key (payer, person, channel)
) strict, without rowid;

-- Everything that happens. An arrival has part 0; the events that its person turn makes of it
-- have parts from 1 and name it in `origin`.
create table inbox (
    seq          integer primary key autoincrement,
    payer        text not null,
    source       text not null,
    id           text not null,
    part         integer not null,
    origin       integer,
    conversation text,
    person       text not null,
    key_person   text not null,
    body_ct      blob not null,
    received     integer not null,
    done_at      integer,
    answer_ct    blob,
    unique (payer, source, id, part)
) strict;
create index inbox_open on inbox (payer, conversation, seq) where done_at is null;
create index inbox_origin on inbox (origin) where origin is not null;

create table conversations (
    payer        text not null,
    id           text not null,
    principal    text not null,
    flow         text not null,
    flow_hash    text not null,
    parent       text,
    turn         integer not null,
    state_ct     blob not null,
    began        integer not null,
    turned       integer not null,
    leased_until integer,
    ended        integer not null default 0,
    record_seq   integer not null default 0,
    record_hash  text not null default '',
    primary key (payer, id)
) strict;
create index conversations_principal on conversations (payer, principal, began);
create index conversations_open on conversations (payer, principal, began) where ended = 0;

create table starts (
    payer        text not null,
    conversation text not null,
    due          integer not null,
    event_ct     blob not null,
    primary key (payer, conversation)
) strict;
create index starts_due on starts (due);

create table identifiers (
    payer        text not null,
    idx          text not null,
    conversation text not null,
    primary key (payer, idx, conversation)
) strict, without rowid;

create table timers (
    payer        text not null,
    conversation text not null,
    name         text not null,
    generation   integer not null,
    due          integer not null,
    primary key (payer, conversation, name)
) strict, without rowid;
create index timers_due on timers (due);

-- `lane` is the conversation, or empty for what is said outside any: order holds within it.
create table outbox (
    seq           integer primary key autoincrement,
    payer         text not null,
    effect        text not null,
    lane          text not null,
    person        text not null,
    key_person    text not null,
    question      text,
    focuses       integer not null,
    urgent        integer not null,
    message_ct    blob not null,
    channel       text,
    frozen_ct     blob,
    status        text not null,
    why           text,
    due           integer not null,
    leased_until  integer,
    attempts      integer not null default 0,
    committed     integer not null,
    changed       integer not null,
    settled_at    integer,
    unique (payer, effect)
) strict;
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
    is_write     integer not null,
    input_ct     blob not null,
    due          integer not null,
    leased_until integer,
    attempts     integer not null default 0,
    settled_at   integer,
    primary key (payer, effect)
) strict;
create index calls_due on calls (due) where settled_at is null;

create table questions (
    payer        text not null,
    question     text not null,
    person       text not null,
    conversation text not null,
    key_person   text not null,
    party        text not null,
    is_decide    integer not null,
    message_ct   blob not null,
    opened       integer not null,
    due          integer,
    shown        integer,
    closed_at    integer,
    closed_ct    blob,
    primary key (payer, question, person)
) strict;
create index questions_held on questions (payer, person, is_decide) where closed_at is null;

create table focus (
    payer    text not null,
    person   text not null,
    channel  text not null,
    question text not null,
    primary key (payer, person, channel)
) strict, without rowid;
create index focus_question on focus (payer, question);

create table handoffs (
    payer         text not null,
    handoff       text not null,
    conversation  text not null,
    key_person    text not null,
    desk          text not null,
    person        text,
    open_ct       blob not null,
    holder_person text,
    holder_ct     blob,
    opened        integer not null,
    closed        integer,
    primary key (payer, handoff)
) strict;
create index handoffs_open on handoffs (payer, desk, opened) where closed is null;

create table drafts (
    payer      text not null,
    handoff    text not null,
    seq        integer not null,
    key_person text not null,
    draft_ct   blob not null,
    primary key (payer, handoff, seq)
) strict;

create table record (
    payer        text not null,
    conversation text not null,
    seq          integer not null,
    at           integer not null,
    body_ct      blob not null,
    hash         text not null,
    primary key (payer, conversation, seq)
) strict;
create trigger record_stays before update on record
begin
    select raise(abort, 'the record is immutable');
end;
-- `insert or replace` deletes without the trigger below.
create trigger record_once before insert on record
when exists (select 1 from record r
             where r.payer = new.payer and r.conversation = new.conversation and r.seq = new.seq)
begin
    select raise(abort, 'the record is immutable');
end;
create trigger record_remains before delete on record
begin
    select raise(abort, 'the record is immutable');
end;

create table chats (
    payer    text not null,
    person   text not null,
    channel  text not null,
    last_seq integer not null,
    acked    integer not null default 0,
    primary key (payer, person, channel)
) strict, without rowid;

create table lines (
    payer      text not null,
    person     text not null,
    channel    text not null,
    seq        integer not null,
    key        text not null,
    message    text,
    question   text,
    key_person text not null,
    body_ct    blob not null,
    at         integer not null,
    reported   integer not null default 0,
    primary key (payer, person, channel, seq),
    unique (payer, person, channel, key)
) strict;
create index lines_unreported on lines (payer, person, channel, seq)
    where message is not null and reported = 0;
create index lines_message on lines (payer, message) where message is not null;

create table spent (
    payer  text not null,
    digest text not null,
    at     integer not null,
    primary key (payer, digest)
) strict, without rowid;

create table staff_reads (
    payer        text not null,
    conversation text not null,
    seq          integer not null,
    staff        text not null,
    what         text not null,
    at           integer not null,
    primary key (payer, conversation, seq)
) strict, without rowid;

create table audit (
    seq          integer primary key autoincrement,
    payer        text not null,
    who          text not null,
    what         text not null,
    conversation text,
    at           integer not null
) strict;

create table accounts (
    login_idx text not null primary key,
    payer     text not null,
    person    text not null,
    password  text not null,
    roles     text not null,
    demo      integer not null
) strict, without rowid;

create table sessions (
    digest    text not null primary key,
    payer     text not null,
    person    text not null,
    kind      text not null,
    csrf      text not null,
    began     integer not null,
    last_seen integer not null
) strict, without rowid;

create table flows (
    hash    text not null primary key,
    flow    text not null,
    sources text not null,
    program text not null
) strict;
