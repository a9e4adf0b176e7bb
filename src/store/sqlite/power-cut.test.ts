/**
 * Cuts the power: a workload's every write and sync is recorded, the record is cut at random points, and what may be on
 * the disk then is opened by the store. Every acknowledged batch must be there with its bytes, nothing half, nothing
 * twice, nothing broken. Four ways to break the store on purpose must each be noticed, or the test itself is broken.
 *
 * POWER_CUTS sets the number of cuts, POWER_CUT_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { entry } from '../../../test/kit/entry.ts';
import { UNSYNCED } from '../../../test/kit/unsynced.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import type { MailStore } from '../../mailbox/port/store.ts';
import { INBOX } from '../fixtures.ts';
import { Database } from './database.ts';
import { inspectShard } from './inspection.ts';
import { openSqliteStore } from './open.ts';
import { BATCHES_PER_ROUND, type Expected, expectedOf, randomOf, type Side } from './power-cut/ledger.ts';
import { CUT_MODES, type CutMode, Disk, parseTrace, type TraceEvent } from './power-cut/trace.ts';
import { ACCOUNTS, ROUNDS } from './power-cut/workload.ts';

const CUTS = Number(process.env.POWER_CUTS ?? 60);
/** A broken store is noticed long before that. */
const CONTROL_CUTS = 120;
const SEED = Number(process.env.POWER_CUT_SEED ?? Date.now() % 1_000_000);
const HERE = fileURLToPath(new URL('./power-cut/', import.meta.url));
const hasCompiler = spawnSync('gcc', ['--version']).status === 0;

describe('power cut', { skip: hasCompiler ? false : 'needs gcc' }, () => {
  let work = '';
  const expectations = new Map<string, Expected>();

  before(() => {
    work = mkdtempSync(join(UNSYNCED, 'brevduva-power-cut-'));
    execFileSync('gcc', [
      '-shared',
      '-fPIC',
      '-O1',
      '-o',
      join(work, 'recorder.so'),
      join(HERE, 'recorder.c'),
      '-ldl',
      '-lpthread',
    ]);
  });
  after(() => rmSync(work, { recursive: true, force: true }));

  it(`loses nothing that was acknowledged (${CUTS} cuts, POWER_CUT_SEED=${SEED})`, async () => {
    const recorded = record(work, 'none');
    const { failures, cuts } = await cutOften(recorded, CUTS, Number.POSITIVE_INFINITY);
    assert.deepEqual(failures, []);
    assert.equal(cuts, CUTS);
    const acknowledged = acknowledgedIn(recorded.events);
    for (const account of ACCOUNTS) {
      const told = acknowledged.get(`${account}`);
      assert.equal(told, ROUNDS * BATCHES_PER_ROUND, `account ${account} came to the workload's end`);
    }
    const has = (kind: TraceEvent['kind'], ending: string) =>
      recorded.events.some((event) => event.kind === kind && event.bytes.toString().endsWith(ending));
    assert.ok(has('open', '.seg') && has('unlink', '.seg'), 'the workload makes and deletes segments');
    assert.ok(has('rename', '.pk') && has('unlink', '.pk'), 'the workload makes and deletes packs');
    assert.ok(has('unlink', '-wal'), 'the workload closes the store');
  });

  it(`loses nothing but the last changes of flags when these are delayed (seed ${SEED})`, async () => {
    const recorded = record(work, 'delayed-flags');
    const { failures } = await cutOften(recorded, CUTS / 2, Number.POSITIVE_INFINITY);
    assert.deepEqual(failures, []);
    const wrote = recorded.events.some((it) => it.kind === 'write' && it.bytes.includes('"expect"'));
    assert.ok(wrote, 'the workload uses the journal');
  });

  for (const fault of ['acknowledges-before-sync', 'synchronous-off', 'stale-log', 'packs-unsynced']) {
    it(`notices a store that is broken on purpose: ${fault}`, async () => {
      const { failures } = await cutOften(record(work, fault), CONTROL_CUTS, 1);
      assert.ok(failures.length > 0, `${CONTROL_CUTS} cuts did not show it (seed ${SEED})`);
    });
  }

  interface Recorded {
    readonly root: string;
    readonly events: readonly TraceEvent[];
  }

  function record(directory: string, fault: string): Recorded {
    const root = join(directory, fault);
    mkdirSync(root);
    const acks = join(directory, `${fault}.acks`);
    const trace = join(directory, `${fault}.trace`);
    const env = {
      ...process.env,
      LD_PRELOAD: join(directory, 'recorder.so'),
      POWER_CUT_ROOT: root,
      POWER_CUT_ACKS: acks,
      POWER_CUT_TRACE: trace,
      UV_USE_IO_URING: '0',
    };
    const run = (killAfter: number) =>
      spawnSync(process.execPath, [entry('src/store/sqlite/power-cut/workload.ts'), root, acks, fault], {
        env: { ...env, POWER_CUT_KILL_AFTER: `${killAfter}` },
        encoding: 'utf8',
      });
    // Killed in the second round and again soon after the restart; the third process comes to the end.
    for (const killAfter of [220, 30]) {
      const killed = run(killAfter);
      assert.equal(killed.signal, 'SIGKILL', killed.stderr);
    }
    const ended = run(0);
    assert.equal(ended.status, 0, ended.stderr);
    const events = parseTrace(readFileSync(trace));
    rmSync(trace);
    return { root, events };
  }

  /** Cuts at sorted points, so that the record is played once. */
  async function cutOften({ root, events }: Recorded, count: number, enough: number) {
    const random = randomOf(SEED);
    const points = pointsIn(events, count, random);
    const disk = new Disk(root);
    const acknowledged = new Map<string, number>();
    const failures: string[] = [];
    let at = 0;
    let cuts = 0;
    for (const point of points) {
      for (; at < point; at++) {
        const event = events[at] as TraceEvent;
        disk.play(event);
        if (event.kind === 'ack') noteAcks(event, acknowledged);
      }
      const mode = CUT_MODES[cuts % CUT_MODES.length] as CutMode;
      const directory = join(work, 'cut');
      mkdirSync(directory);
      disk.cut(mode, random, directory);
      for (const what of await judge(directory, acknowledged))
        failures.push(`event ${point}, kept ${mode}: ${what}`);
      rmSync(directory, { recursive: true });
      cuts++;
      if (failures.length >= enough) break;
    }
    return { failures, cuts };
  }

  /** Half of them right after an acknowledgement, where a lie is easiest to see. */
  function pointsIn(events: readonly TraceEvent[], count: number, random: () => number): readonly number[] {
    const acks = events.flatMap((event, i) => (event.kind === 'ack' ? [i + 1] : []));
    const points = Array.from({ length: count }, (_, i) =>
      i % 2 ? (acks[Math.floor(random() * acks.length)] as number) : 1 + Math.floor(random() * events.length),
    );
    return points.sort((a, b) => a - b);
  }

  async function judge(
    directory: string,
    acknowledged: ReadonlyMap<string, number>,
  ): Promise<readonly string[]> {
    const wrong: string[] = [];
    let store: MailStore | undefined;
    try {
      store = await openSqliteStore({ directory });
      for (const account of ACCOUNTS) wrong.push(...(await judgeAccount(store, account, acknowledged)));
      const accounts = (await store.directory.list()).length;
      if (accounts < (acknowledged.get('directory') ?? 0))
        wrong.push(`the directory has ${accounts} accounts`);
      await store.close();
      const shard = join(directory, 'shard-00');
      const db = new Database(join(shard, 'meta.db'));
      const { complaints, problems, repairable } = inspectShard(db, {
        segments: join(shard, 'segments'),
        packs: join(shard, 'packs'),
      });
      db.close();
      wrong.push(...complaints, ...problems.map(({ what }) => what));
      wrong.push(...repairable.map(({ problem, repair }) => problem?.what ?? repair.kind));
    } catch (error) {
      wrong.push((error as Error).message);
    } finally {
      await store?.close();
    }
    return wrong;
  }

  async function judgeAccount(
    store: MailStore,
    account: AccountId,
    acknowledged: ReadonlyMap<string, number>,
  ): Promise<readonly string[]> {
    const found = (await store.loadAccount(account))?.row.usedMessages ?? 0;
    const told = acknowledged.get(`${account}`) ?? 0;
    if (found < told) return [`account ${account}: ${told} batches were acknowledged, ${found} are there`];
    if (found > ROUNDS * BATCHES_PER_ROUND) return [`account ${account}: ${found} batches are there`];
    const expected = expectation(account, found);
    const emails = await store.listEmails(account, 0, 10_000);
    const expunged = await store.loadExpunged(account, INBOX, 0 as never, 10_000);
    const state = {
      chunk: `${(await store.loadLastChunk(account, INBOX))?.records ?? ''}`,
      emails: new Map(emails.map((it) => [it.id, it.references])),
      expunged: expunged.map((it) => it.modseq as number),
      sides: await sidesOf(store, account),
    };
    const wanted = {
      chunk: expected.chunk,
      emails: new Map([...expected.emails].map(([id, it]) => [id, it.references])),
      expunged: expected.expunged,
      sides: expected.sides,
    };
    const wrong: string[] = [];
    try {
      assert.deepEqual(state, wanted);
    } catch {
      wrong.push(`account ${account}: not the state after ${found} batches`);
    }
    const ranges = emails.map((it) => ({ email: it.id, start: 0, end: it.sizeBytes }));
    for (const [i, bytes] of (await store.readRanges(ranges)).entries()) {
      const id = emails[i]?.id;
      if (id === undefined || !expected.emails.get(id)?.bytes.equals(bytes ?? Buffer.from('missing'))) {
        wrong.push(`account ${account}: wrong bytes in email ${id}`);
      }
    }
    return wrong;
  }

  function expectation(account: AccountId, count: number): Expected {
    const key = `${account} ${count}`;
    let expected = expectations.get(key);
    if (expected === undefined) {
      expected = expectedOf(account, count);
      expectations.set(key, expected);
    }
    return expected;
  }
});

async function sidesOf(store: MailStore, account: AccountId): Promise<readonly Side[]> {
  const there = (await store.loadAccount(account))?.mailboxes.map(({ id }) => id) ?? [];
  const buried = (await store.loadBuried(account)).map(({ id }) => id);
  const sides = [...there.filter((id) => id !== INBOX), ...buried].sort((a, b) => a - b);
  return Promise.all(
    sides.map(async (mailbox) => {
      const chunk = `${(await store.loadLastChunk(account, mailbox))?.records ?? ''}`;
      return { mailbox, isBuried: buried.includes(mailbox), chunk };
    }),
  );
}

function acknowledgedIn(events: readonly TraceEvent[]): ReadonlyMap<string, number> {
  const acknowledged = new Map<string, number>();
  for (const event of events) if (event.kind === 'ack') noteAcks(event, acknowledged);
  return acknowledged;
}

function noteAcks(event: TraceEvent, acknowledged: Map<string, number>): void {
  for (const line of event.bytes.toString().split('\n')) {
    const [key, count] = line.split(' ');
    if (key && count) acknowledged.set(key, Number(count));
  }
}
