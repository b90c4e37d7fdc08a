-- Messages that ask something and were taken by a provider that reports later what became of them.
-- Where no report comes, silence begins all the same, at `due`.
create table awaited (
    payer   text not null,
    message text not null,
    due     integer not null,
    primary key (payer, message)
) strict, without rowid;
create index awaited_due on awaited (due);
