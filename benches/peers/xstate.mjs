// XState 5: a statechart whose snapshot is a row, read and written by hand, one turn after the
// other, each in a commit of its own with synchronous=FULL.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { assign, createActor, setup } from 'xstate';
import { eligible, measure } from './closed-loop.mjs';

const say = (words) => assign({ said: ({ context }) => [words(context)] });
const keep = (field) => assign({ [field]: ({ event }) => event.words });

const approval = setup({
  guards: { accepted: () => eligible().state === 'accepted' },
}).createMachine({
  context: { said: [] },
  initial: 'start',
  states: {
    start: { on: { worker: { target: 'drug', actions: say(() => 'Which medicine do you need?') } } },
    drug: {
      on: {
        worker: {
          target: 'strength',
          actions: [keep('drug'), say((it) => `Which strength of ${it.drug}?`)],
        },
      },
    },
    strength: {
      on: {
        worker: {
          target: 'pharmacy',
          actions: [keep('strength'), say(() => 'Which pharmacy do you use?')],
        },
      },
    },
    pharmacy: {
      on: {
        worker: [
          {
            guard: 'accepted',
            target: 'goAhead',
            actions: [
              keep('pharmacy'),
              say((it) => `${it.drug} ${it.strength} needs an approval. Shall I ask your adjuster?`),
            ],
          },
          { target: 'closed', actions: say(() => 'Your claim cannot pay for medicine now.') },
        ],
      },
    },
    goAhead: {
      on: {
        worker: {
          target: 'decision',
          actions: assign({
            said: ({ context: it }) => [
              'I have asked your adjuster.',
              `to adjuster: Ana needs ${it.drug} ${it.strength} from ${it.pharmacy}.`,
            ],
          }),
        },
      },
    },
    decision: {
      on: {
        adjuster: {
          target: 'rating',
          actions: say((it) => `${it.drug} is approved. How did we do?`),
        },
      },
    },
    rating: {
      on: {
        worker: { target: 'approved', actions: [keep('rating'), say(() => 'Thank you. Goodbye.')] },
      },
    },
    approved: { type: 'final' },
    closed: { type: 'final' },
  },
});

await measure((folder) => {
  const db = new Database(join(folder, 'xstate.db'));
  db.pragma('journal_mode = wal');
  db.pragma('synchronous = full');
  db.exec('create table snapshots (id text primary key, body text not null) without rowid');
  const read = db.prepare('select body from snapshots where id = ?');
  const write = db.prepare('insert or replace into snapshots (id, body) values (?, ?)');
  const turn = async (conversation, who, words) => {
    const row = read.get(conversation);
    const snapshot = row && JSON.parse(row.body);
    const actor = createActor(approval, { snapshot }).start();
    actor.send({ type: who, words });
    // What is said lies in the snapshot too: it is on disk with the state.
    write.run(conversation, JSON.stringify(actor.getPersistedSnapshot()));
    const { said } = actor.getSnapshot().context;
    actor.stop();
    return said;
  };
  return { turn };
});
