/**
 * `npm run bench [-- row ...] [--scale 0.2] [--repeat 3] [--peer NAME]`: the same work on our server and, where it is installed, on
 * Dovecot, in alternation on this machine: the server's processes on the first core, the load on the second. Prints
 * a table with our figure, theirs and the ratio. Absolute figures move with the machine; ratios of one run hold.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { brevduva } from './peers/brevduva.ts';
import { dovecot } from './peers/dovecot.ts';
import type { Peer, Running } from './peers/peer.ts';
import { cpuMs } from './process-tree.ts';
import { type Measured, printIdle, printTable } from './table.ts';
import { type IdleMemory, type IdleRow, idleMemory, idleRows, usersFor } from './workloads/idle.ts';
import { fill } from './workloads/imap-session.ts';
import { pop3 } from './workloads/pop3.ts';
import { changing, reading } from './workloads/reading.ts';
import { BIG_COUNT, BIG_USER, CORPUS_COUNT, CORPUS_USER, type Workload } from './workloads/workload.ts';
import { writing } from './workloads/writing.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    repeat: { type: 'string', default: '3' },
    peer: { type: 'string', multiple: true },
    idle: { type: 'string', default: '1000' },
  },
});
const scale = Number(values.scale);
const repeat = Number(values.repeat);
const idleConnections = Number(values.idle);

const all: readonly Workload[] = [...writing, ...reading, ...changing, ...pop3];
const isChosen = ({ name }: { readonly name: string }): boolean =>
  positionals.length === 0 || positionals.some((p) => name.startsWith(p));
const chosen = all.filter(isChosen);
const chosenIdle = idleRows.filter(isChosen);
const users = usersFor(chosenIdle, idleConnections);
const DEFAULTS: readonly Peer[] = [brevduva('synced'), dovecot('optimized')];
/** The other promise for flags, of each; for the rows that change them. */
const OTHER_PROMISES: readonly Peer[] = [brevduva('delayed'), dovecot('always')];

/** Not counted, but before what is about a cold start: a server runs for weeks, and ours compiles as it goes. */
const WARM_UP_ROUNDS = 2;

const isOther = (name: string): boolean => OTHER_PROMISES.some((peer) => peer.name === name);

async function startPeers(folder: string): Promise<Map<string, Running>> {
  const running = new Map<string, Running>();
  const peers = chosen.some((workload) => workload.changesFlags)
    ? [...DEFAULTS, ...OTHER_PROMISES]
    : DEFAULTS;
  for (const peer of peers) {
    if (values.peer !== undefined && !values.peer.includes(peer.name)) continue;
    const missing = peer.missing();
    if (missing !== undefined) console.log(`${peer.name}: left out, ${missing}`);
    else running.set(peer.name, await peer.start(mkdtempSync(join(folder, 'peer-')), users));
  }
  return running;
}

async function measure(workload: Workload, server: Running): Promise<Measured> {
  await server.longestBlockMs();
  const cpuBefore = cpuMs(server.pid);
  const start = performance.now();
  const outcome = await workload.run(server, scale);
  const wallMs = performance.now() - start;
  return {
    ...outcome,
    wallMs,
    cpuMs: cpuMs(server.pid) - cpuBefore,
    longestBlockMs: await server.longestBlockMs(),
  };
}

async function main(): Promise<void> {
  pinLoad();
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-bench-'));
  // Dovecot's mail processes are another user.
  chmodSync(folder, 0o755);
  const running = await startPeers(folder);
  const results = new Map<string, Map<string, Measured[]>>();
  const idle: { server: string; memory: IdleMemory }[] = [];
  const prepared = new Set<string>();
  try {
    for (const [name, server] of running) {
      const start = performance.now();
      await fillFor(server);
      process.stderr.write(`${name}: filled in ${Math.round((performance.now() - start) / 1000)} s\n`);
    }
    for (const workload of chosen) {
      for (let round = workload.isCold === true ? 0 : -WARM_UP_ROUNDS; round < repeat; round++) {
        for (const [name, server] of running) {
          if (isOther(name) && workload.changesFlags !== true) continue;
          const fresh = workload.isCold === true ? await server.restart() : server;
          running.set(name, fresh);
          const measured = await measure(workload, fresh);
          if (round < 0) continue;
          const rows = results.get(workload.name) ?? new Map<string, Measured[]>();
          results.set(workload.name, rows);
          rows.set(name, [...(rows.get(name) ?? []), measured]);
        }
      }
      process.stderr.write(`${workload.name} `);
    }
    for (const row of chosenIdle) {
      for (const [name, server] of running) {
        if (isOther(name)) continue;
        await prepareOnce(row, server, prepared);
        const fresh = await server.restart();
        running.set(name, fresh);
        idle.push({ server: name, memory: await idleMemory(fresh, idleConnections, row) });
      }
    }
  } finally {
    process.stderr.write('\n');
    await Promise.all([...running.values()].map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(
    `${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, ${repeat} repetitions, scale ${scale}; medians\n`,
  );
  printTable(chosen, results);
  if (idle.length > 0) printIdle(idle);
}

/** Rows that need something prepared need the same. */
async function prepareOnce(row: IdleRow, server: Running, prepared: Set<string>): Promise<void> {
  if (row.prepare === undefined || prepared.has(server.name)) return;
  prepared.add(server.name);
  await row.prepare(server, idleConnections);
}

async function fillFor(server: Running): Promise<void> {
  const needs = new Set(chosen.map((workload) => workload.needs));
  if (needs.has('big')) await fill(server, BIG_USER, 'big', BIG_COUNT);
  if (needs.has('corpus')) await fill(server, CORPUS_USER, 'corpus', CORPUS_COUNT);
}

/** The load must not take the server's core. */
function pinLoad(): void {
  if (cpus().length > 1) execFileSync('taskset', ['-acp', '1', String(process.pid)], { stdio: 'ignore' });
}

await main();
