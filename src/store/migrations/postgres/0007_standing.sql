-- Messages that ask something, where they stand in chat apps that let us change them. `since` is
-- when the question was closed, `due` when that is to be shown there, or tried again.
create table standing (
    payer     text not null,
    message   text not null,
    question  text not null,
    person    text not null,
    channel   text not null,
    stands_ct bytea not null,
    since     bigint,
    due       bigint,
    primary key (payer, message)
);
create index standing_question on standing (payer, question) where due is null;
create index standing_due on standing (due) where due is not null;
