/**
 * `npm run bench [-- row ...] [--scale 0.2] [--repeat 3] [--peer NAME] [--profile FOLDER]`: the same work on our server and, where it is installed, on
 * Dovecot, in alternation on this machine: the server's processes on the first core, the load on the second. Prints
 * a table with our figure, theirs and the ratio. Absolute figures move with the machine; ratios of one run hold.
 *
 * `npm run bench -- cores [--workers 2]`: rows of their own, on one worker, on several, and on Dovecot, all of them and the load
 * on all cores.
 *
 * `npm run bench -- mail`: mail that comes from the world and leaves, beside Postfix and Dovecot.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { record, startDns } from '../test/kit/dns.ts';
import { Bystander } from './bystander.ts';
import { printCores } from './cores-table.ts';
import { hardwareLimits } from './limits.ts';
import { printMail } from './mail-table.ts';
import { brevduva } from './peers/brevduva.ts';
import { dovecot } from './peers/dovecot.ts';
import type { Peer, Running } from './peers/peer.ts';
import { postfix } from './peers/postfix.ts';
import { cpuMs, diskBytes, memoryKb } from './process-tree.ts';
import { MailSink } from './sink.ts';
import { type Measured, printIdle, printLimits, printRooms, printTable, type Room } from './table.ts';
import { arriving, MANY, manyPeople } from './workloads/arriving.ts';
import { backingUp } from './workloads/backing-up.ts';
import { bodies } from './workloads/bodies.ts';
import { compressing } from './workloads/compressing.ts';
import { contexts } from './workloads/contexts.ts';
import { cores, coresIdle } from './workloads/cores.ts';
import { filling } from './workloads/filling.ts';
import { flags } from './workloads/flags.ts';
import { type IdleMemory, type IdleRow, idleMemory, idleRows, usersFor } from './workloads/idle.ts';
import { jmap } from './workloads/jmap.ts';
import { large } from './workloads/large.ts';
import { listing } from './workloads/listing.ts';
import { mixing } from './workloads/mixed.ts';
import { moving } from './workloads/moving.ts';
import { notifying } from './workloads/notifying.ts';
import { opening } from './workloads/opening.ts';
import { packing } from './workloads/packing.ts';
import { paging } from './workloads/paging.ts';
import { pop3 } from './workloads/pop3.ts';
import { scripting } from './workloads/scripting.ts';
import { searching } from './workloads/searching.ts';
import { sending } from './workloads/sending.ts';
import { sorting } from './workloads/sorting.ts';
import { ROW_USERS, Scale, TEXT_USER, type Workload } from './workloads/workload.ts';
import { writing } from './workloads/writing.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    repeat: { type: 'string', default: '3' },
    peer: { type: 'string', multiple: true },
    idle: { type: 'string', default: '1000' },
    profile: { type: 'string' },
    workers: { type: 'string', default: '2' },
  },
});
const scale = new Scale(Number(values.scale));
const repeat = Number(values.repeat);
const idleConnections = Number(values.idle);

/** What these rows compare is not the same as for all others. */
const isOfCores = positionals.some((name) => name.startsWith('cores'));
const isOfMail = positionals.some((name) => name.startsWith('mail'));
const everyCore = `0-${cpus().length - 1}`;
const manyWorkers = Number(values.workers);

function everything(): readonly Workload[] {
  if (isOfCores) return cores;
  if (isOfMail) return [...arriving, ...scripting, ...sending];
  return [
    ...[...writing, ...sorting, ...opening, ...listing, ...paging, ...bodies, ...compressing, ...packing],
    ...[...backingUp, ...searching, ...flags, ...moving, ...notifying, ...contexts, ...mixing, ...pop3],
    ...[...jmap, ...large],
  ];
}

const all = everything();
const isChosen = ({ name }: { readonly name: string }): boolean =>
  positionals.length === 0 || positionals.some((p) => name.startsWith(p));
const chosen = all.filter(isChosen);
const needed = new Set(chosen.map((workload) => workload.needs));
const fills = filling.filter((workload) => isChosen(workload) || needed.has(workload.fills));
const chosenIdle = (isOfCores ? coresIdle : idleRows).filter(isChosen);

/** Of the domain that mail from the world is from: what its senders are asked for. */
const ZONE = [
  record('example.org', 'TXT', 'v=spf1 ip4:127.0.0.1 -all'),
  record('_dmarc.example.org', 'TXT', 'v=DMARC1; p=none'),
];

/** A CPU profile of ours, for those who look where its time goes. */
const profiling = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const nodeFlags = profiling;
/** What mail for elsewhere goes to, and what is asked where mail from elsewhere is from. */
const sink = isOfMail ? await MailSink.start() : undefined;
const dns = isOfMail ? await startDns({ zone: ZONE }) : undefined;
const DEFAULTS: readonly Peer[] = defaults();

function defaults(): readonly Peer[] {
  if (isOfCores)
    return [
      ...[1, manyWorkers].map((workers) => brevduva({ nodeFlags, workers, cores: everyCore })),
      dovecot({ cores: everyCore }),
    ];
  if (sink !== undefined && dns !== undefined)
    return [brevduva({ nodeFlags, mail: { sink, dnsPort: dns.port } }), postfix(sink)];
  return [brevduva({ nodeFlags }), dovecot()];
}

/** The other promise for flags, of each; for the rows that change them. */
const OTHER_PROMISES: readonly Peer[] = [brevduva({ flags: 'delayed' }), dovecot({ fsync: 'always' })];

/** What less room there costs is told of rows that pack. */
const COMPRESSED: Peer = dovecot({ isCompressed: true });

/** Not counted, but before what is about a cold start: a server runs for weeks, and ours compiles as it goes. */
const WARM_UP_ROUNDS = 2;

const isOther = (name: string): boolean => OTHER_PROMISES.some((peer) => peer.name === name);
const isCompressed = (name: string): boolean => name === COMPRESSED.name;

function users(): number {
  const establishing = chosen.some(({ name }) => name === 'idle.establish') ? scale.times(200) : 0;
  const started = needed.has('accounts') ? scale.accounts : 0;
  const many = chosen.some(({ name }) => name === MANY) ? TEXT_USER + 1 + manyPeople(scale) : 0;
  return Math.max(ROW_USERS, usersFor(chosenIdle, idleConnections), establishing, started, many);
}

async function startPeers(folder: string, running: Map<string, Running>): Promise<void> {
  const isUsual = !isOfCores && !isOfMail;
  const others = isUsual && chosen.some((workload) => workload.changesFlags) ? OTHER_PROMISES : [];
  const compressed = isUsual && chosen.some((workload) => workload.isPacking) ? [COMPRESSED] : [];
  for (const peer of [...DEFAULTS, ...others, ...compressed]) {
    if (values.peer !== undefined && !values.peer.includes(peer.name)) continue;
    const missing = peer.missing();
    if (missing !== undefined) console.log(`${peer.name}: left out, ${missing}`);
    else running.set(peer.name, await peer.start(mkdtempSync(join(folder, 'peer-')), users()));
  }
}

async function measure(workload: Workload, server: Running): Promise<Measured> {
  const bystander = new Bystander(server);
  await server.longestBlockMs();
  const cpuBefore = cpuMs(server.pids);
  const start = performance.now();
  const outcome = await workload.run(server, scale);
  const wallMs = performance.now() - start;
  // What a process that ends now has spent is nowhere for a moment: not its own any more, and not yet its parent's.
  await pause(100);
  const cpu = cpuMs(server.pids) - cpuBefore;
  return {
    wallMs,
    cpuMs: cpu,
    ...outcome,
    longestBlockMs: await server.longestBlockMs(),
    bystanderMs: await bystander.latenciesMs(),
  };
}

class Bench {
  readonly #running: Map<string, Running>;
  readonly results = new Map<string, Map<string, Measured[]>>();
  readonly idle: { server: string; memory: IdleMemory }[] = [];
  readonly rooms: Room[] = [];
  readonly #peakKb = new Map<string, number>();
  /** By server. */
  readonly #prepared = new Map<string, Set<unknown>>();
  /** What the mailboxes were filled with, and what that takes. */
  readonly #filled = new Map<string, { readonly bytes: number; readonly diskBytes: number }>();

  #isStopped = false;

  constructor(running: Map<string, Running>) {
    this.#running = running;
  }

  /** After the row at hand: what was measured is printed. */
  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    for (const workload of fills) await told(workload, () => this.#fill(workload));
    for (const workload of chosen) if (!this.#isStopped) await told(workload, () => this.#row(workload));
    for (const row of chosenIdle) await this.#idleRow(row);
    for (const [server, kb] of this.#peakKb) {
      const value = `${(kb / 1024).toFixed(0)} MB`;
      this.rooms.push({ server, what: 'memory, the most that was seen (PSS, files left out)', value });
    }
  }

  async #fill(workload: Workload): Promise<void> {
    for (const [name, server] of this.#running) {
      const before = diskBytes(server.mailFolder);
      const measured = await measure(workload, server);
      if (!isOther(name) && !isCompressed(name)) this.#keep(workload, name, measured);
      await pause(2000);
      if (measured.bytes === undefined || isOther(name)) continue;
      const taken = diskBytes(server.mailFolder) - before;
      const { bytes, diskBytes: had } = this.#filled.get(name) ?? { bytes: 0, diskBytes: 0 };
      this.#filled.set(name, { bytes: bytes + measured.bytes, diskBytes: had + taken });
      this.#room(name, workload, taken / measured.bytes);
    }
  }

  async #row(workload: Workload): Promise<void> {
    for (let round = firstRound(workload); round < (workload.isOnce === true ? 1 : repeat); round++) {
      for (const [name, server] of this.#running) {
        if (isCompressed(name) || (isOther(name) && workload.changesFlags !== true)) continue;
        if (workload.isOursAlone === true && name !== 'brevduva') continue;
        if (workload.isCold === true) await restart(server);
        const before = diskBytes(server.mailFolder);
        const measured = await this.#watched(server, () => measure(workload, server));
        if (workload.isPacking === true) await this.#packed(name, workload, before);
        if (round >= 0) this.#keep(workload, name, measured);
      }
    }
  }

  /** What all that the mailboxes were filled with takes now, the log of the database left out. */
  async #packed(name: string, workload: Workload, before: number): Promise<void> {
    const server = this.#running.get(name) as Running;
    const filled = this.#filled.get(name);
    await restart(server);
    if (filled === undefined) return;
    const less = before - diskBytes(server.mailFolder);
    this.#room(name, workload, (filled.diskBytes - less) / filled.bytes);
  }

  #room(server: string, workload: Workload, ratio: number): void {
    this.rooms.push({
      server,
      what: `disk per octet of mail, ${workload.name}`,
      value: ratio.toFixed(2),
    });
  }

  /** How much memory it takes meanwhile. */
  async #watched<T>(server: Running, work: () => Promise<T>): Promise<T> {
    const look = (): void => {
      const kb = Math.max(this.#peakKb.get(server.name) ?? 0, memoryKb(server.pids));
      this.#peakKb.set(server.name, kb);
    };
    const timer = setInterval(look, 1000);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  #keep({ name: row }: Workload, server: string, measured: Measured): void {
    const rows = this.results.get(row) ?? new Map<string, Measured[]>();
    this.results.set(row, rows);
    rows.set(server, [...(rows.get(server) ?? []), measured]);
  }

  async #idleRow(row: IdleRow): Promise<void> {
    for (const [name, server] of this.#running) {
      if (isOther(name) || isCompressed(name)) continue;
      if (row.isOursAlone === true && name !== 'brevduva') continue;
      await this.#prepareOnce(row, server);
      await restart(server);
      this.idle.push({ server: name, memory: await idleMemory(server, idleConnections, row) });
    }
  }

  /** Rows may need the same. */
  async #prepareOnce({ prepare }: IdleRow, server: Running): Promise<void> {
    const done = this.#prepared.get(server.name) ?? new Set();
    if (prepare === undefined || done.has(prepare)) return;
    this.#prepared.set(server.name, done.add(prepare));
    await prepare(server, idleConnections);
  }
}

/** Below zero: rounds that do not count. */
function firstRound({ isCold, isOnce }: Workload): number {
  return isCold === true || isOnce === true ? 0 : -WARM_UP_ROUNDS;
}

/** A line of what takes long: rows of all servers and rounds together. */
async function told({ name }: Workload, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await work();
  process.stderr.write(`${name} ${Math.round((performance.now() - start) / 1000)} s\n`);
}

async function restart(server: Running): Promise<void> {
  await server.stop();
  await server.start();
}

async function main(): Promise<void> {
  if (!isOfCores) pinLoad();
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-bench-'));
  // Dovecot's mail processes are another user.
  chmodSync(folder, 0o755);
  const running = new Map<string, Running>();
  const bench = new Bench(running);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => bench.stop());
  try {
    await startPeers(folder, running);
    await bench.run();
  } finally {
    process.stderr.write('\n');
    await Promise.all([...running.values()].map((server) => server.remove?.() ?? server.stop()));
    sink?.stop();
    await dns?.close();
    const limits = await hardwareLimits(folder);
    rmSync(folder, { recursive: true, force: true });
    console.log(
      `${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, ${repeat} repetitions, scale ${scale.factor}; medians\n`,
    );
    printResults(bench);
    printLimits(limits);
    if (bench.rooms.length > 0) printRooms(bench.rooms);
    if (bench.idle.length > 0) printIdle(bench.idle);
  }
}

function printResults({ results }: Bench): void {
  const servers = DEFAULTS.map(({ name }) => name);
  if (isOfCores) printCores(chosen, results, servers);
  else if (isOfMail) printMail(chosen, results);
  else printTable([...fills, ...chosen], results);
}

/** The load must not take the server's core. */
function pinLoad(): void {
  if (cpus().length > 1) execFileSync('taskset', ['-acp', '1', String(process.pid)], { stdio: 'ignore' });
}

await main();
