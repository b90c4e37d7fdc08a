-- What servers that share a database agree on.

-- Who holds what only one may hold. `token` grows with every change of holder.
create table holders (
    name  text not null primary key,
    who   text not null,
    token integer not null,
    until integer not null,
    place text
) strict;

-- Servers that run, and the newest format of a state that each can read.
create table readers (
    who   text not null primary key,
    reads integer not null,
    until integer not null
) strict;
