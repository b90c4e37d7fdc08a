-- What servers that share a database agree on.

-- Who holds what only one may hold. `token` grows with every change of holder.
create table holders (
    name  text not null primary key,
    who   text not null,
    token bigint not null,
    until bigint not null,
    place text
);

-- Servers that run, and the newest format of a state that each can read.
create table readers (
    who   text not null primary key,
    reads bigint not null,
    until bigint not null
);
