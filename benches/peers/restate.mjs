// Restate: a virtual object a conversation behind its own server, every turn a call over HTTP that
// the server keeps in its log. It knows a call twice, keeps what is sent and its timers: the peer
// that does the most of what the house does.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { Agent, request } from 'node:http';
import { createServer as listen } from 'node:net';
import * as restate from '@restatedev/restate-sdk';
import { eligible, measure, processOf } from './closed-loop.mjs';

// The SDK wants it; Node has it from 22 on.
Promise.withResolvers ??= () => {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const QUESTIONS = {
  start: () => ['drug', 'Which medicine do you need?'],
  drug: (it) => ['strength', `Which strength of ${it.drug}?`],
  strength: () => ['pharmacy', 'Which pharmacy do you use?'],
  pharmacy: (it) => ['goAhead', `${it.drug} ${it.strength} needs an approval. Shall I ask your adjuster?`],
  goAhead: () => ['decision', 'I have asked your adjuster.'],
  decision: (it) => ['rating', `${it.drug} is approved. How did we do?`],
  rating: () => ['ended', 'Thank you. Goodbye.'],
};

const approval = restate.object({
  name: 'approval',
  handlers: {
    turn: async (ctx, { who, words }) => {
      const kept = (await ctx.get('conversation')) ?? { at: 'start' };
      if ((kept.at === 'decision') !== (who === 'adjuster')) throw new restate.TerminalError('not yours');
      if (kept.at !== 'start') kept[kept.at] = words;
      if (kept.at === 'pharmacy' && eligible().state !== 'accepted') throw new restate.TerminalError('closed');
      const [next, said] = QUESTIONS[kept.at](kept);
      const told = [said];
      if (kept.at === 'goAhead') told.push(`to adjuster: Ana needs ${kept.drug} from ${kept.pharmacy}.`);
      ctx.set('conversation', { ...kept, at: next, told });
      return told;
    },
  },
});

const agent = new Agent({ keepAlive: true });

const post = (port, path, body, headers = {}) => new Promise((resolve, reject) => {
  const asked = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers } }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; });
    answer.on('end', () => (answer.statusCode < 300 ? resolve(text) : reject(new Error(`${path}: ${answer.statusCode} ${text}`))));
  });
  asked.on('error', reject);
  asked.end(JSON.stringify(body));
});

const freePort = () => new Promise((resolve) => {
  const server = listen().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const patiently = async (what) => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await what();
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
  }
};

await measure(async (folder) => {
  const [service, ingress, admin, node] = await Promise.all([1, 2, 3, 4].map(freePort));
  await restate.serve({ services: [approval], port: service, logger: () => {} });
  const packages = createRequire(createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json'));
  const program = packages.resolve(`@restatedev/restate-server-linux-${process.arch}/bin/restate-server`);
  const server = spawn(program, ['--base-dir', folder, '--node-name', 'bench', '--no-logo'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
      RESTATE_LOG_FILTER: 'off,restate=error',
      RESTATE_DISABLE_TELEMETRY: 'true',
      DO_NOT_TRACK: '1',
    },
  });
  process.on('exit', () => server.kill('SIGKILL'));
  await patiently(() => post(admin, '/deployments', { uri: `http://127.0.0.1:${service}` }));
  const turn = async (conversation, who, words) => {
    const key = { 'idempotency-key': `${conversation}-${who}-${words}`.replaceAll(' ', '_') };
    return JSON.parse(await post(ingress, `/approval/${conversation}/turn`, { who, words }, key));
  };
  await patiently(() => turn('warm', 'worker', 'hi'));
  return { turn, also: () => processOf(server.pid) };
});
