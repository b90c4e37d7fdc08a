-- How staff sign in: through an identity provider, and with a second factor.

-- Who somebody is at the provider: the keyed index of issuer and subject. A person is one subject's.
create table identities (
    idx    text not null primary key,
    payer  text not null,
    person text not null,
    since  integer not null
) strict, without rowid;
create unique index identities_person on identities (payer, person);

-- How a session of staff came about, when the provider last vouched for her, when she last showed a
-- second factor, and what the provider wants to see when she logs out.
alter table sessions add column how text;
alter table sessions add column vouched integer;
alter table sessions add column stepped integer;
alter table sessions add column hint_ct blob;
create index sessions_person on sessions (payer, person);

-- Second factors of local accounts: the newest time step whose code was used, and wrong tries.
create table second_factors (
    payer     text not null,
    person    text not null,
    secret_ct blob not null,
    last_step integer not null,
    failed    integer not null,
    locked    integer not null,
    primary key (payer, person)
) strict, without rowid;

-- Recovery codes that were not used yet, by their digest.
create table recovery_codes (
    payer  text not null,
    person text not null,
    digest text not null,
    primary key (payer, person, digest)
) strict, without rowid;

-- What somebody had typed when she was asked for more.
create table kept_forms (
    digest  text not null primary key,
    payer   text not null,
    person  text not null,
    body_ct blob not null,
    expires integer not null
) strict, without rowid;
create index kept_forms_expires on kept_forms (expires);

-- What happened lately, by what it was: the desk shows who came in by the emergency way.
create index audit_what on audit (payer, what, at);
