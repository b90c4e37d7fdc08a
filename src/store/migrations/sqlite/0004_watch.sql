-- What is watched.

-- Attempts at an event that began and of which nobody knows how they ended; counted only after a
-- bad end.
alter table inbox add column tries integer not null default 0;

-- The place in its trace of what left, as a W3C traceparent; written only where somebody looks.
create table traces (
    payer  text not null,
    effect text not null,
    trace  text not null,
    at     integer not null,
    primary key (payer, effect)
) strict, without rowid;
create index traces_at on traces (at);
