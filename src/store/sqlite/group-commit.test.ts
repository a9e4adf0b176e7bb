import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { StoreError } from '../../mailbox/port/store.ts';
import { Database } from './database.ts';
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts';
import type { Work } from './transactions.ts';
import { WalSync } from './wal-sync.ts';

let directory = '';
let db: Database;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'brevduva-turns-'));
  db = new Database(join(directory, 'x.db'));
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE t (v TEXT UNIQUE);
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
  `);
});
afterEach(() => {
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A sync that ends when the test says so. */
class HeldSync {
  readonly failure: StoreError | undefined = undefined;
  readonly begun: PromiseWithResolvers<void>[] = [];

  sync(): Promise<void> {
    const held = Promise.withResolvers<void>();
    this.begun.push(held);
    return held.promise;
  }
}

const insert = (v: string, rest: Partial<Work> = {}): Work => ({
  apply: () => void db.prepare('INSERT INTO t VALUES (?)').run(v),
  ...rest,
});
const values = () =>
  db
    .prepare('SELECT v FROM t ORDER BY rowid')
    .all()
    .map((row) => row[0]);

function turns(
  sync: ConstructorParameters<typeof GroupCommit>[1],
  options: Partial<GroupCommitOptions> = {},
) {
  return new GroupCommit(db, sync, {
    onFatal: assert.fail,
    onTrouble: assert.fail,
    onCommit: () => {},
    overwrite: () => {},
    ...options,
  });
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  await turnOfTheLoop();
  return settled;
}

describe('turns', () => {
  it('are committed at once and durable after a sync that began later', async () => {
    const sync = new HeldSync();
    const { committed, durable } = turns(sync).submit([insert('a'), insert('b')]);
    assert.deepEqual(values(), ['a', 'b']);
    assert.deepEqual(await committed, [undefined, undefined]);
    assert.equal(await isSettled(durable), false);
    assert.equal(sync.begun.length, 1);
    sync.begun[0]?.resolve();
    await durable;
  });

  it('keep what succeeded when one piece fails, and tell that piece to undo', async () => {
    const undone: string[] = [];
    const piece = (v: string) =>
      insert(v, { undo: () => undone.push(v), done: () => undone.push(`${v} done`) });
    const { committed } = turns(new HeldSync()).submit([piece('a'), piece('a'), piece('b')]);
    const outcomes = await committed;
    assert.deepEqual([outcomes[0], outcomes[1]?.code, outcomes[2]], [undefined, 'io', undefined]);
    assert.deepEqual(values(), ['a', 'b']);
    assert.deepEqual(undone, ['a', 'a done', 'b done']);
  });

  it('take back everything when the COMMIT fails', async () => {
    const undone: string[] = [];
    const commits = turns(new HeldSync());
    const orphan: Work = {
      apply: () => void db.prepare('INSERT INTO child VALUES (7)').run(),
      undo: () => undone.push('child'),
    };
    const { committed, durable } = commits.submit([insert('a', { undo: () => undone.push('a') }), orphan]);
    assert.deepEqual(
      (await committed).map((it) => it?.code),
      ['io', 'io'],
    );
    await durable;
    assert.deepEqual(undone, ['child', 'a']);
    assert.deepEqual(values(), []);
    commits.submit([insert('goes on')]);
    assert.deepEqual(values(), ['goes on']);
  });

  it('stay committed whatever goes wrong behind the COMMIT, and those behind them run', async () => {
    const troubles: string[] = [];
    const commits = turns(new HeldSync(), {
      onTrouble: (error) => troubles.push(error.message),
      onCommit: () => {
        throw new Error('the log cannot be measured');
      },
    });
    const throwing = insert('a', {
      done: () => {
        throw new Error('a page is broken');
      },
    });
    const gate = Promise.withResolvers<void>();
    const pause = commits.paused(() => gate.promise);
    await turnOfTheLoop();
    const queued = [commits.submit([throwing, insert('b')]), commits.submit([insert('c')])];
    gate.resolve();
    await pause;
    for (const { committed } of queued) for (const error of await committed) assert.equal(error, undefined);
    assert.deepEqual(await commits.submit([insert('d')]).committed, [undefined]);
    assert.deepEqual(values(), ['a', 'b', 'c', 'd']);
    const measured = 'the log cannot be measured';
    assert.deepEqual(troubles, ['a page is broken', measured, measured, measured]);
  });

  it('that changed nothing wait for no sync', async () => {
    const sync = new HeldSync();
    const commits = turns(sync);
    const refuse: Work = {
      apply: () => {
        throw new StoreError('conflict', 'no');
      },
    };
    await commits.submit([refuse, refuse]).durable;
    await commits.submit([]).durable;
    assert.equal(sync.begun.length, 0);
  });

  it('queue while paused and run in order afterwards', async () => {
    const sync = new HeldSync();
    const commits = turns(sync);
    const gate = Promise.withResolvers<void>();
    const pause = commits.paused(() => gate.promise);
    await turnOfTheLoop();
    const submitted = ['a', 'b', 'a'].map((v) => commits.submit([insert(v)]));
    await turnOfTheLoop();
    assert.deepEqual(values(), []);
    gate.resolve();
    await pause;
    assert.deepEqual(values(), ['a', 'b']);
    const outcomes = await Promise.all(submitted.map((turn) => turn.committed));
    assert.deepEqual(
      outcomes.flat().map((it) => it?.code),
      [undefined, undefined, 'io'],
    );
    for (const held of sync.begun) held.resolve();
    await Promise.all(submitted.map((turn) => turn.durable));
  });

  it('begin with what has to go first, and fall with it', async () => {
    const told: string[] = [];
    let first: string | undefined = 'first';
    const before = () =>
      first === undefined
        ? []
        : [insert(first, { undo: () => told.push('undone'), done: () => told.push('done') })];
    const sync = new HeldSync();
    const commits = turns(sync, { before });
    assert.deepEqual(await commits.submit([insert('a')]).committed, [undefined]);
    assert.deepEqual(values(), ['first', 'a']);
    // It is there already: what it was to go before is refused, too.
    assert.equal((await commits.submit([insert('b')]).committed)[0]?.code, 'io');
    assert.deepEqual(
      [values(), told],
      [
        ['first', 'a'],
        ['done', 'undone'],
      ],
    );
    first = undefined;
    assert.deepEqual(await commits.submit([insert('b')]).committed, [undefined]);
    // What fails behind it leaves it standing.
    first = 'second';
    assert.equal((await commits.submit([insert('b')]).committed)[0]?.code, 'io');
    assert.deepEqual(values(), ['first', 'a', 'b', 'second']);
    assert.equal(sync.begun.length, 3);
  });

  it('that meet broken pages are taken apart: only what needs them fails', async () => {
    const log: string[] = [];
    const broken = (name: string): Work => ({
      apply: () => {
        log.push(name);
        // As SQLite says it: SQLITE_CORRUPT.
        throw new StoreError('damaged', name, { cause: Object.assign(new Error(name), { errcode: 11 }) });
      },
    });
    const commits = turns(new HeldSync(), { before: () => [insert('first'), broken('lost first')] });
    const { committed } = commits.submit([insert('a'), broken('lost'), insert('b')]);
    assert.deepEqual(
      (await committed).map((it) => it?.code),
      [undefined, 'damaged', undefined],
    );
    assert.deepEqual(values(), ['first', 'a', 'b']);
    assert.deepEqual(log, ['lost first', 'lost first', 'lost']);
  });

  describe('with a large piece', () => {
    const large = (vs: readonly string[], rest: Partial<Work> = {}): Work => ({
      apply: assert.fail,
      pieces: function* () {
        for (const v of vs) {
          db.prepare('INSERT INTO t VALUES (?)').run(v);
          const until = performance.now() + 5;
          while (performance.now() < until);
          yield;
        }
      },
      ...rest,
    });
    const codes = async (submitted: readonly { committed: Promise<readonly (StoreError | undefined)[]> }[]) =>
      (await Promise.all(submitted.map(({ committed }) => committed))).map((them) =>
        them.map((it) => it?.code),
      );

    it('are committed in order, while the event loop runs', async () => {
      const sync = new HeldSync();
      const commits = turns(sync);
      let ticks = 0;
      const ticking = setInterval(() => ticks++, 1);
      const submitted = [
        commits.submit([insert('a'), large(['b', 'c', 'd', 'e']), insert('f')]),
        commits.submit([insert('g')]),
        commits.submit([large(['h', 'i'])]),
        commits.submit([insert('j')]),
      ];
      assert.deepEqual(values(), []);
      assert.ok(commits.isPaused);
      assert.deepEqual(await codes(submitted), [
        [undefined, undefined, undefined],
        [undefined],
        [undefined],
        [undefined],
      ]);
      clearInterval(ticking);
      assert.deepEqual(values().join(''), 'afbcdeghij');
      assert.ok(ticks > 3);
      assert.equal(commits.unfinished, undefined);
      assert.equal(await isSettled((submitted[0] as { durable: Promise<void> }).durable), false);
      for (const held of sync.begun) held.resolve();
      await Promise.all(submitted.map(({ durable }) => durable));
      commits.submit([insert('k')]);
      assert.equal(values().at(-1), 'k');
    });

    it('take it back whole when it fails, and nothing else', async () => {
      const undone: string[] = [];
      const commits = turns(new HeldSync());
      const submitted = [
        commits.submit([insert('a'), large(['b', 'c', 'a'], { undo: () => undone.push('large') })]),
        commits.submit([insert('b')]),
      ];
      assert.deepEqual(await codes(submitted), [[undefined, 'io'], [undefined]]);
      assert.deepEqual([values(), undone], [['a', 'b'], ['large']]);
    });

    it('begin with what has to go first, and fall with it', async () => {
      let first = 'first';
      const commits = turns(new HeldSync(), { before: () => (first === '' ? [] : [insert(first)]) });
      const begun = commits.submit([large(['a'])]);
      setImmediate(() => {
        first = '';
      });
      assert.deepEqual(await begun.committed, [undefined]);
      assert.deepEqual(values(), ['first', 'a']);
      first = 'first';
      assert.deepEqual(await codes([commits.submit([large(['b'])])]), [['io']]);
      assert.deepEqual(values(), ['first', 'a']);
    });

    it('let a pause come before and behind them', async () => {
      const commits = turns(new HeldSync());
      const seen: string[] = [];
      const pause = () => commits.paused(async () => void seen.push(values().join('')));
      const paused = [pause()];
      const submitted = [commits.submit([large(['a', 'b'])])];
      paused.push(pause());
      submitted.push(commits.submit([insert('c')]), commits.submit([large(['d'])]));
      await Promise.all(paused);
      assert.deepEqual((await codes(submitted)).flat(), [undefined, undefined, undefined]);
      assert.deepEqual(values().join(''), 'abcd');
      assert.deepEqual(seen, ['', 'abc']);
    });
  });

  it('are refused once the store is closed', async () => {
    const commits = turns(new HeldSync());
    commits.close();
    assert.equal((await commits.submit([insert('a')]).committed)[0]?.code, 'closed');
    assert.deepEqual(values(), []);
  });
});

describe('the sync of the log', () => {
  it('covers many callers and can be asked again', async () => {
    const wal = new WalSync(db.path, assert.fail);
    await Promise.all(Array.from({ length: 200 }, () => wal.sync()));
    await wal.sync();
    await wal.close();
  });

  it('that fails is fatal, is told to all who wait, and is never tried again', async () => {
    const path = join(directory, 'broken');
    symlinkSync('/dev/full', `${path}-wal`); // a device that cannot be synced
    const fatal: Error[] = [];
    const wal = new WalSync(path, (error) => fatal.push(error));
    const results = await Promise.allSettled([wal.sync(), wal.sync(), wal.sync()]);
    assert.deepEqual(new Set(results.map((it) => it.status)), new Set(['rejected']));
    await assert.rejects(wal.sync(), { code: 'io' });
    assert.equal(fatal.length, 1);
    const refused = turns(wal).submit([insert('a')]);
    assert.equal((await refused.committed)[0]?.code, 'io');
    assert.deepEqual(values(), []);
    await wal.close();
  });
});
