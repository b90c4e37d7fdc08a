// The workers of the benchmark, for a peer: each plays the seven messages again and again, the
// next as soon as the one before is answered. Prints the figures that `mendline bench --beside`
// reads. A peer is `open(folder)`, which answers { turn(conversation, who, words), also(), close() }:
// `turn` ends when the state and what is said are on disk, and answers what was said; `also` gives the
// processor time (ms) and memory (MB) of its other processes.
import { readFileSync } from 'node:fs';

// Who writes what, and how the answer begins: a peer that does not do the work is no peer.
const ACTS = [
  ['worker', 'hi', 'Which medicine'],
  ['worker', 'ibuprofen', 'Which strength'],
  ['worker', '600 mg', 'Which pharmacy'],
  ['worker', 'Corner Pharmacy', 'ibuprofen 600 mg needs'],
  ['worker', 'yes', 'I have asked'],
  ['adjuster', 'approve', 'ibuprofen is approved'],
  ['worker', '5', 'Thank you'],
];

const given = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};

const own = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** What the claim system says of a worker: an in-process look-up. */
export const eligible = () => ({ state: 'accepted', letter_sent: false });

/** Processor time (ms) and most memory (MB) of another process, as Linux tells it. */
export const processOf = (id) => {
  const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(')').pop().trim().split(' ');
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'));
  return { cpu: (Number(fields[11]) + Number(fields[12])) * 10, memory: Number(peak[1]) / 1024 };
};

export async function measure(open) {
  const users = Number(given('users', 32));
  const seconds = Number(given('seconds', 5));
  const peer = await open(given('folder', '.'));
  const took = [];
  let over = false;
  const play = async (user) => {
    for (let round = 0; !over; round += 1) {
      for (const [who, words, answer] of ACTS) {
        const began = performance.now();
        const said = await peer.turn(`${user}-${round}`, who, words);
        took.push(performance.now() - began);
        if (!said.some((it) => it.startsWith(answer))) throw new Error(`after ${words}: ${said}`);
        // Somebody else's turn.
        await new Promise(setImmediate);
        if (over) return;
      }
    }
  };
  const also = peer.also ?? (() => ({ cpu: 0, memory: 0 }));
  const began = performance.now();
  const cpu = own() + also().cpu;
  setTimeout(() => { over = true; }, seconds * 1000);
  await Promise.all(Array.from({ length: users }, (_, user) => play(user)));
  const lasted = (performance.now() - began) / 1000;
  const spent = own() + also().cpu - cpu;
  took.sort((one, other) => one - other);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))];
  const figures = {
    turns_a_second: took.length / lasted,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    cpu_ms: spent / took.length,
    memory_mb: process.resourceUsage().maxRSS / 1024 + also().memory,
  };
  await peer.close?.();
  console.log(JSON.stringify(figures));
  process.exit(0);
}
