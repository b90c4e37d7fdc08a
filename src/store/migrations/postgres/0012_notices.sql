-- What must be read: the message that says it first. Others of the same are copies, one a channel.
alter table outbox add column notice text;
create index outbox_notice on outbox (payer, notice) where notice is not null;

-- Whether what stands in a chat app is over because its reader went on elsewhere.
alter table standing add column elsewhere bigint not null default 0;
