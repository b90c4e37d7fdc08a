-- What people sent that is not words: pictures, recordings, papers. Sealed like everything of theirs;
-- kept until they are forgotten.
create table media (
    payer   text not null,
    person  text not null,
    id      text not null,
    channel text not null,
    mime    text not null,
    -- Of the file, unsealed.
    bytes   bigint not null,
    at      bigint not null,
    file_ct bytea not null,
    primary key (payer, person, id)
);
create index media_at on media (payer, person, at);
