/** What is counted has bounds, is reported once, and is the same whoever of several writes it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { BOUNDS, type Count, Ledger, type ReceivedReport } from './ledger.ts';
import { DAY_MS, Tally } from './tally.ts';

function inFolder(run: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-ledger-'));
  try {
    run(join(folder, 'feedback.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const count = (domain: string, row: string, rest: Partial<Count> = {}): Count => ({
  ...({ kind: 'dmarc', day: 100, domain, row, about: '{}', count: 1 } as const),
  ...rest,
});
const report = (n: number): ReceivedReport => ({
  ...({ kind: 'dmarc', domain: 'example.com', organization: 'receiver.example' } as const),
  ...{ reportId: String(n), beginMs: n, endMs: n + 1, summary: '{}' },
});

describe('the ledger', () => {
  test('adds up what two of them write, in days and domains', () =>
    inFolder((path) => {
      const [one, other] = [new Ledger(path), new Ledger(path)];
      one.add([count('a.example', 'x'), count('a.example', 'y')]);
      other.add([count('a.example', 'x', { count: 4, about: '"new"' }), count('b.example', 'x')]);
      one.add([count('a.example', 'x', { day: 101 }), count('a.example', 'x', { kind: 'tls' })]);
      assert.deepEqual(one.days('dmarc', 102), [100, 101]);
      assert.deepEqual(
        other.due('dmarc', 100, '', 10).map(({ domain }) => domain),
        ['a.example', 'b.example'],
      );
      assert.deepEqual(other.counted('dmarc', 100, 'a.example'), [
        { row: 'x', count: 5 },
        { row: 'y', count: 1 },
      ]);
      one.done('dmarc', 100, 'a.example');
      assert.deepEqual(
        other.due('dmarc', 100, '', 10).map(({ domain }) => domain),
        ['b.example'],
      );
      other.add([count('a.example', 'late')]);
      assert.deepEqual(one.counted('dmarc', 100, 'a.example'), [], 'what is told is not told twice');
      one.forget(101 + BOUNDS.keptDays);
      assert.deepEqual(one.days('dmarc', 200), [101]);
      one.close();
      other.close();
    }));

  test('has room for so much of a day, and so much of a domain', () =>
    inFolder((path) => {
      const ledger = new Ledger(path, {
        ...BOUNDS,
        domainsADay: 2,
        rowsADomain: 3,
        rowsADay: 5,
        reportsADomain: 2,
      });
      const rows = ['1', '2', '3', '4'];
      for (const domain of ['a.example', 'b.example', 'c.example'])
        ledger.add(rows.map((row) => count(domain, row)));
      ledger.add([count('a.example', '1')]);
      const of = (domain: string) =>
        ledger.counted('dmarc', 100, domain).map((one) => `${one.row}x${one.count}`);
      assert.deepEqual(of('a.example'), ['1x2', '2x1', '3x1'], 'what is known is counted all the same');
      assert.deepEqual(of('b.example'), ['1x1', '2x1']);
      assert.deepEqual(of('c.example'), []);
      assert.deepEqual(
        [1, 2, 3, 3].map((n) => ledger.keep(report(n))),
        [true, true, true, false],
      );
      assert.deepEqual(
        ledger.received('example.com', 0, 10).map(({ reportId }) => reportId),
        ['3', '2'],
      );
      assert.deepEqual(ledger.received('example.com', 3, 10).length, 1);
      ledger.close();
    }));
});

describe('the tally', () => {
  test('counts what is alike once, keeps what the ledger does not take, and cuts what is endless', () => {
    let isBusy = true;
    const added: Count[] = [];
    const first = (): Count | undefined => added[0];
    const ledger = {
      add(counts: readonly Count[]) {
        if (isBusy) throw new Error('busy');
        added.push(...counts);
      },
    };
    const tally = new Tally({ ledger, log: silentLog, nowMs: () => 100 * DAY_MS });
    const seen = (domain: string) => ({
      ...{ domain, published: { adkim: 'r', aspf: 'r', p: 'none', sp: 'none' } },
      ...{ sourceAddress: '192.0.2.1', disposition: 'none', isDkimAligned: true, isSpfAligned: false },
      ...{
        headerFrom: domain,
        envelopeFrom: '',
        spf: { domain: 'x'.repeat(9999), scope: 'helo', result: 'none' },
      },
      dkim: Array.from({ length: 99 }, (_, n) => ({ domain, selector: `s${n}`, result: 'pass' })),
    });
    for (let n = 0; n < 3; n++) tally.message(seen('a.example') as Parameters<Tally['message']>[0]);
    tally.flush();
    assert.deepEqual(added, []);
    isBusy = false;
    tally.flush();
    const { kind, day, domain, count: times } = first() as Count;
    assert.deepEqual([kind, day, domain, times, added.length], ['dmarc', 100, 'a.example', 3, 1]);
    assert.ok((first()?.row.length ?? 9999) < 2000);
  });
});
