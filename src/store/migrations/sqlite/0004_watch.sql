-- What is watched.

-- Attempts at an event that began and of which nobody knows how they ended; counted only after a
-- bad end.
alter table inbox add column tries integer not null default 0;
-- The turn's place in its trace, as a W3C traceparent; null where nobody looks.
alter table outbox add column trace text;
alter table calls add column trace text;
