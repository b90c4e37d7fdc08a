// Bot Framework SDK 4: a waterfall of prompts, with a storage adapter over SQLite as its own
// documentation asks for one: read, write with eTags, each write a commit with synchronous=FULL.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import core from 'botbuilder-core';
import dialogs from 'botbuilder-dialogs';
import { eligible, measure } from './closed-loop.mjs';

const { ActivityTypes, BotAdapter, ConversationState, TurnContext } = core;
const { DialogSet, TextPrompt, WaterfallDialog, DialogTurnStatus } = dialogs;

class SqliteStorage {
  constructor(file) {
    this.db = new Database(file);
    this.db.pragma('journal_mode = wal');
    this.db.pragma('synchronous = full');
    this.db.exec('create table items (id text primary key, body text not null, tag integer not null) without rowid');
    this.get = this.db.prepare('select body, tag from items where id = ?');
    this.put = this.db.prepare(`insert into items (id, body, tag) values (@id, @body, 1)
      on conflict (id) do update set body = excluded.body, tag = tag + 1
      where @tag = '*' or tag = @tag`);
    this.drop = this.db.prepare('delete from items where id = ?');
    this.writeAll = this.db.transaction((changes) => {
      for (const [key, item] of Object.entries(changes)) {
        const { eTag, ...body } = item;
        const written = this.put.run({ id: key, body: JSON.stringify(body), tag: eTag ?? '*' });
        if (written.changes === 0) throw new Error(`${key} was changed meanwhile`);
      }
    });
  }

  async read(keys) {
    const found = {};
    for (const key of keys) {
      const row = this.get.get(key);
      if (row) found[key] = { ...JSON.parse(row.body), eTag: String(row.tag) };
    }
    return found;
  }

  async write(changes) {
    this.writeAll(changes);
  }

  async delete(keys) {
    keys.forEach((key) => this.drop.run(key));
  }
}

class Said extends BotAdapter {
  async sendActivities(context, activities) {
    context.turnState.get('said').push(...activities.map((it) => it.text));
    return activities.map((_, nth) => ({ id: String(nth) }));
  }
}

const ask = (text) => (step) => step.prompt('text', { prompt: text(step) });
const keep = (name, next) => (step) => {
  step.values[name] = step.result;
  return next(step);
};

await measure((folder) => {
  const state = new ConversationState(new SqliteStorage(join(folder, 'bot.db')));
  const set = new DialogSet(state.createProperty('dialog'));
  set.add(new TextPrompt('text'));
  set.add(new WaterfallDialog('approval', [
    ask(() => 'Which medicine do you need?'),
    keep('drug', ask((step) => `Which strength of ${step.result}?`)),
    keep('strength', ask(() => 'Which pharmacy do you use?')),
    keep('pharmacy', async (step) => {
      if (eligible().state !== 'accepted') return step.endDialog();
      const { drug, strength } = step.values;
      return ask(() => `${drug} ${strength} needs an approval. Shall I ask your adjuster?`)(step);
    }),
    async (step) => {
      const { drug, strength, pharmacy } = step.values;
      step.values.request = { drug, strength, pharmacy, asked: 'adjuster' };
      await step.context.sendActivity(`to adjuster: Ana needs ${drug} ${strength} from ${pharmacy}.`);
      return ask(() => 'I have asked your adjuster.')(step);
    },
    ask((step) => `${step.values.drug} is approved. How did we do?`),
    keep('rating', async (step) => {
      await step.context.sendActivity('Thank you. Goodbye.');
      return step.endDialog(step.values);
    }),
  ]));
  const adapter = new Said();
  const turn = async (conversation, who, words) => {
    const context = new TurnContext(adapter, {
      type: ActivityTypes.Message,
      text: words,
      channelId: 'bench',
      conversation: { id: conversation },
      from: { id: who },
      recipient: { id: 'bot' },
    });
    const said = [];
    context.turnState.set('said', said);
    await adapter.runMiddleware(context, async () => {
      const dialog = await set.createContext(context);
      const went = await dialog.continueDialog();
      if (went.status === DialogTurnStatus.empty) await dialog.beginDialog('approval');
      await state.saveChanges(context);
    });
    return said;
  };
  return { turn };
});
