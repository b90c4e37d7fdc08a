-- Addresses that people proved to be theirs: whose a message is that comes from one, and where a
-- person can be reached. Found by a keyed index, before a payer is known.
create table addresses (
    channel    text not null,
    idx        text not null,
    payer      text not null,
    person     text not null,
    address_ct bytea not null,
    how        text not null,
    since      bigint not null,
    -- The numbered menus of an address that shows no buttons, and how often they changed.
    menus_ct   bytea,
    menus_rev  bigint not null default 0,
    primary key (channel, idx)
);
create index addresses_person on addresses (payer, person);

-- Codes and links that prove an address, by their digest. One that was used stays until it lapses,
-- so that the same address may come twice.
create table codes (
    digest  text not null primary key,
    payer   text not null,
    person  text not null,
    channel text not null,
    expires bigint not null,
    used_by text
);
create index codes_expires on codes (expires);

-- When an address last wrote, where a channel lets us answer only for a while after that.
create table heard (
    channel text not null,
    idx     text not null,
    at      bigint not null,
    primary key (channel, idx)
);

-- The channel that a person used last: she is answered there.
alter table people add column at_channel text;
