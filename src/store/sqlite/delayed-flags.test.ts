import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { asModSeq } from '../../mailbox/model/model.ts';
import type { AccountBatch, HistoryRow, MailStore, StoreError } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, aChunk, aMailbox, anExpunge, aRow, BOB, commit, INBOX } from '../fixtures.ts';
import { Database } from './database.ts';
import { asFlagBatch } from './delayed-flags.ts';
import { type FlagBatch, FlagJournal, readFlagJournal } from './flag-journal.ts';
import { MODSEQ_JUMP } from './lifecycle.ts';
import { LINEAGE_MODSEQ_JUMP } from './lineage.ts';
import { openSqliteStore } from './open.ts';

const JOURNAL = join('shard-00', 'flags.journal');
const WAL = join('shard-00', 'meta.db-wal');

const flags = (expect: number, text: string, account = ALICE): AccountBatch =>
  aBatch(expect, {
    account,
    row: aRow({ modseq: expect + 1 }),
    mailboxes: [aMailbox({ modseq: asModSeq(expect + 1) })],
    chunks: [aChunk(1, text)],
    deferrable: true,
  });

/** Two accounts with a chunk each, and flags that are delayed. */
async function inStore(work: (store: MailStore, directory: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'brevduva-delayed-'));
  try {
    await inStoreAt(root, work);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function inStoreAt(
  root: string,
  work: (store: MailStore, directory: string) => Promise<void>,
): Promise<void> {
  const directory = join(root, 'live');
  const store = await openSqliteStore({ directory, flags: 'delayed' });
  try {
    await commit(store, aBatch(0, { mailboxes: [aMailbox()], chunks: [aChunk(1, 'new')] }));
    await commit(store, aBatch(0, { account: BOB, mailboxes: [aMailbox()], chunks: [aChunk(1, 'new')] }));
    await work(store, directory);
  } finally {
    await store.close();
  }
}

/** What a killed process leaves behind. */
function killed(directory: string, name = 'killed'): string {
  const copy = join(directory, '..', name);
  execFileSync('cp', ['-r', directory, copy]);
  return copy;
}

async function stateOf(directory: string, account = ALICE): Promise<string> {
  const store = await openSqliteStore({ directory });
  const modseq = (await store.loadAccount(account))?.row.modseq as number;
  const text = await textIn(store, account);
  await store.close();
  assert.equal(existsSync(join(directory, JOURNAL)), false, 'nothing waits after a clean stop');
  return `${modseq % MODSEQ_JUMP} ${text}`;
}

const textIn = async (store: MailStore, account = ALICE): Promise<string> =>
  `${(await store.loadLastChunk(account, INBOX))?.records}`;

describe('delayed flags', () => {
  // However slow the machine is, nothing is written before a test wants it.
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('are answered without a transaction, and there for whoever reads', () =>
    inStore(async (store, directory) => {
      const logBefore = readFileSync(join(directory, WAL));
      await commit(store, flags(1, 'one'));
      await commit(store, flags(2, 'two'), flags(1, 'one', BOB));
      assert.ok(readFileSync(join(directory, WAL)).equals(logBefore), 'nothing was written to the database');
      assert.equal(await textIn(store), 'two');
      assert.equal((await store.loadAccount(ALICE))?.row.modseq, 3);
      assert.equal(await textIn(store, BOB), 'one');
    }));

  it('go into the database by themselves', () =>
    inStore(async (store, directory) => {
      const logBefore = readFileSync(join(directory, WAL));
      await commit(store, flags(1, 'one'));
      mock.timers.tick(49);
      assert.ok(readFileSync(join(directory, WAL)).equals(logBefore));
      mock.timers.tick(1);
      assert.ok(!readFileSync(join(directory, WAL)).equals(logBefore));
      const copy = killed(directory);
      rmSync(join(copy, JOURNAL));
      assert.equal(await stateOf(copy), '2 one');
    }));

  it('survive a killed process, each and in order', () =>
    inStore(async (store, directory) => {
      for (let n = 1; n <= 300; n++) await commit(store, flags(n, `change ${n}`));
      await commit(store, flags(1, 'his', BOB));
      const copy = killed(directory);
      assert.equal(await stateOf(copy), '301 change 300');
      assert.equal(await stateOf(copy, BOB), '2 his');
    }));

  it('carry what the history says of messages that are marked as deleted', () =>
    inStore(async (store, directory) => {
      const logBefore = readFileSync(join(directory, WAL));
      const row = { kind: 'hidden', uids: Buffer.alloc(0), records: undefined } as const;
      const [hidden, shown] = [anExpunge(2, row), anExpunge(3, { ...row, kind: 'shown' })];
      const remembered = (batch: AccountBatch, history: HistoryRow): AccountBatch => {
        return { ...batch, changes: [...batch.changes, { kind: 'history', row: history }] };
      };
      await commit(store, remembered(flags(1, 'marked'), hidden));
      await commit(store, remembered(flags(2, 'not marked'), shown));
      assert.ok(readFileSync(join(directory, WAL)).equals(logBefore), 'nothing was written to the database');
      const again = await openSqliteStore({ directory: killed(directory) });
      const history = await again.loadHistory(ALICE, asModSeq(0), 9);
      await again.close();
      assert.deepEqual(
        history,
        [hidden, shown].map(({ uids: _, records: __, ...rest }) => ({ ...rest, isHeld: false })),
      );
      assert.deepEqual(await store.loadHistory(ALICE, asModSeq(0), 9), history);
    }));

  it('are before whatever is written after them', () =>
    inStore(async (store, directory) => {
      await commit(store, flags(1, 'one'));
      await commit(store, aBatch(2, { chunks: [aChunk(1, 'two')] }));
      await commit(store, flags(3, 'three'));
      assert.equal(await stateOf(killed(directory)), '4 three');
      assert.equal((await store.write([flags(2, 'late')]).committed)[0]?.code, 'conflict');
      assert.equal(await textIn(store), 'three');
    }));

  it('that a power cut tore are lost from the tear on, and nothing else', () =>
    inStore(async (store, directory) => {
      for (let n = 1; n <= 5; n++) await commit(store, flags(n, `change ${n}`));
      const dead = killed(directory);
      const whole = readFileSync(join(dead, JOURNAL));
      for (const [i, length] of [0, 7, whole.length - 1, Math.floor(whole.length * 0.5)].entries()) {
        const copy = killed(dead, `torn ${i}`);
        truncateSync(join(copy, JOURNAL), length);
        const [modseq = '', ...text] = (await stateOf(copy)).split(' ');
        assert.equal(text.join(' '), modseq === '1' ? 'new' : `change ${Number(modseq) - 1}`);
        assert.ok(Number(modseq) < 6 && (length < 10 || Number(modseq) > 1));
      }
      const noisy = killed(dead, 'noisy');
      appendFileSync(join(noisy, JOURNAL), Buffer.alloc(5000, 0xee));
      assert.equal(await stateOf(noisy), '6 change 5');
      const hollow = killed(dead, 'hollow');
      writeFileSync(join(hollow, JOURNAL), Buffer.from(whole).fill(0, 0, 300));
      assert.equal(await stateOf(hollow), '1 new');
      const flipped = killed(dead, 'flipped');
      writeFileSync(join(flipped, JOURNAL), whole.with(40, (whole[40] as number) ^ 1));
      assert.equal(await stateOf(flipped), '1 new');
    }));

  it('are not applied a second time', () =>
    inStore(async (store, directory) => {
      await commit(store, flags(1, 'one'));
      const old = readFileSync(join(directory, JOURNAL));
      await commit(store, flags(2, 'two'));
      await commit(store, aBatch(3, { chunks: [aChunk(1, 'three')] }));
      const copy = killed(directory);
      writeFileSync(join(copy, JOURNAL), old);
      assert.equal(await stateOf(copy), '4 three');
    }));

  it('do not grow without end while nobody reads', () =>
    inStore(async (store, directory) => {
      const large = 'x'.repeat(100_000);
      for (let n = 1; n <= 200; n++) await commit(store, flags(n, `${large} ${n}`));
      assert.ok(readFileSync(join(directory, JOURNAL)).length < 10_000_000);
      assert.equal(await textIn(store), `${large} 200`);
    }));
});

/** Overwrites the page of Alice's chunk, in a database whose log is empty. */
function breakAlice(directory: string): void {
  const path = join(directory, 'shard-00', 'meta.db');
  const db = new Database(path);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  const file = readFileSync(path);
  const page = Math.floor(file.lastIndexOf("alice's page") / 4096);
  writeFileSync(path, file.fill(0xee, page * 4096, (page + 1) * 4096));
}

describe('delayed flags in a damaged database', () => {
  const fill = (text: string) => text.padEnd(3800, '.');
  const chunk = (text: string) => ({ mailboxes: [aMailbox()], chunks: [aChunk(1, fill(text))] });

  async function inDamaged(work: (store: MailStore, troubles: string[]) => Promise<void>, waiting = false) {
    const root = mkdtempSync(join(tmpdir(), 'brevduva-delayed-'));
    try {
      const live = join(root, 'live');
      const store = await openSqliteStore({ directory: live, flags: 'delayed' });
      await commit(
        store,
        aBatch(0, chunk("alice's page")),
        aBatch(0, { account: BOB, ...chunk("bob's page") }),
      );
      if (waiting) await commit(store, flags(1, fill('a')), flags(1, fill('b'), BOB));
      const directory = waiting ? killed(live) : live;
      await store.close();
      breakAlice(directory);
      const troubles: string[] = [];
      const log = {
        ...silentLog,
        error: (_: unknown, text: string) => troubles.push(text),
      } as typeof silentLog;
      const damaged = await openSqliteStore({ directory, flags: 'delayed', log });
      await work(damaged, troubles);
      await damaged.close();
    } finally {
      rmSync(root, { recursive: true });
    }
  }

  it('cost nobody else theirs', () =>
    inDamaged(async (store, troubles) => {
      await commit(store, flags(1, fill('a')));
      await commit(store, flags(1, fill('b'), BOB));
      assert.equal(await textIn(store, BOB), fill('b'));
      assert.ok(troubles.length > 0);
      assert.equal((await store.write([flags(2, fill('a'))]).committed)[0]?.code, 'conflict');
      await commit(store, flags(2, fill('c'), BOB));
      assert.equal(await textIn(store, BOB), fill('c'));
    }));

  it('do not keep the store from opening', () =>
    inDamaged(async (store, troubles) => {
      assert.ok(troubles.length > 0);
      assert.equal((await store.loadAccount(BOB))?.row.modseq, 2 + MODSEQ_JUMP + LINEAGE_MODSEQ_JUMP);
      assert.equal(await textIn(store, BOB), fill('b'));
    }, true));
});

const isRoot = process.getuid?.() === 0;

describe('delayed flags on a full disk', { skip: isRoot ? false : 'needs root, to mount one' }, () => {
  it('are refused when they cannot be kept, and stored when there is room', async () => {
    const root = mkdtempSync(join(tmpdir(), 'brevduva-delayed-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', root]);
    try {
      await inStoreAt(root, async (store, directory) => {
        const ballast = join(root, 'ballast');
        assert.throws(() => writeFileSync(ballast, Buffer.alloc(4_000_000)), { code: 'ENOSPC' });
        const text = (n: number) => `${'x'.repeat(30_000)} ${n}`;
        let kept = 0;
        let refusal: StoreError | undefined;
        while (refusal === undefined && kept < 1000) {
          [refusal] = await store.write([flags(kept + 1, text(kept + 1))]).committed;
          if (refusal === undefined) kept++;
        }
        assert.equal(refusal?.code, 'full');
        rmSync(ballast);
        assert.equal(await textIn(store), kept === 0 ? 'new' : text(kept));
        await commit(store, flags(kept + 1, 'there is room'));
        assert.equal(await textIn(store), 'there is room');
        await store.close();
        assert.equal(await stateOf(directory), `${kept + 2} there is room`);
      });
    } finally {
      execFileSync('umount', ['-l', root]);
      rmSync(root, { recursive: true });
    }
  });
});

const record = (n: number, text: string): FlagBatch => asFlagBatch(flags(n, text)) as FlagBatch;

describe('the journal of flags', () => {
  it('gives back what was appended since it began anew', () => {
    const directory = mkdtempSync(join(tmpdir(), 'brevduva-journal-'));
    try {
      const path = join(directory, 'j');
      assert.deepEqual(readFlagJournal(path), []);
      const texts = () =>
        readFlagJournal(path).map(({ expect, changes }) => {
          const chunk = changes.find(({ kind }) => kind === 'chunk')?.row;
          return `${expect} ${chunk !== undefined && 'records' in chunk ? chunk.records : ''}`;
        });
      const journal = new FlagJournal(path);
      journal.append([record(1, 'a long one, which the next ones do not cover'), record(2, 'b')]);
      journal.append([record(3, 'c')]);
      assert.deepEqual(texts(), ['1 a long one, which the next ones do not cover', '2 b', '3 c']);
      journal.restart();
      journal.append([record(4, 'd')]);
      assert.deepEqual(texts(), ['4 d']);
      journal.close();
      const next = new FlagJournal(path);
      next.append([record(5, 'e')]);
      assert.deepEqual(texts(), ['5 e']);
      next.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
