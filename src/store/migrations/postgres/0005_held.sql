-- What is held for the morning and asks a question, to release it when the question closes. Without
-- this every closed question was looked for among all that was ever said.
create index outbox_held on outbox (payer, question) where status = 'held';
