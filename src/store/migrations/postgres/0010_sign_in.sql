-- How staff sign in: through an identity provider, and with a second factor.

-- Who somebody is at the provider: the keyed index of issuer and subject. A person is one subject's.
create table identities (
    idx    text not null primary key,
    payer  text not null,
    person text not null,
    since  bigint not null
);
create unique index identities_person on identities (payer, person);

-- How a session of staff came about, when the provider last vouched for her, when she last showed a
-- second factor, and what the provider wants to see when she logs out.
alter table sessions add column how text;
alter table sessions add column vouched bigint;
alter table sessions add column stepped bigint;
alter table sessions add column hint_ct bytea;
create index sessions_person on sessions (payer, person);

-- Second factors of local accounts: the newest time step whose code was used, and wrong tries.
create table second_factors (
    payer     text not null,
    person    text not null,
    secret_ct bytea not null,
    last_step bigint not null,
    failed    bigint not null,
    locked    bigint not null,
    primary key (payer, person)
);

-- Recovery codes that were not used yet, by their digest.
create table recovery_codes (
    payer  text not null,
    person text not null,
    digest text not null,
    primary key (payer, person, digest)
);

-- What somebody had typed when she was asked for more.
create table kept_forms (
    digest  text not null primary key,
    payer   text not null,
    person  text not null,
    body_ct bytea not null,
    expires bigint not null
);
create index kept_forms_expires on kept_forms (expires);

-- What happened lately, by what it was: the desk shows who came in by the emergency way.
create index audit_what on audit (payer, what, at);
