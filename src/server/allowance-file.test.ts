/** How much accounts have sent, over a restart; many accounts are written in pieces. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { asAccountId } from '../mailbox/model/model.ts';
import { Allowances } from '../submission/allowance.ts';
import { AllowanceFile } from './allowance-file.ts';

const LIMITS = { messagesPerHour: 3, recipientsPerHour: 0, messagesPerDay: 0, recipientsPerDay: 0 };

describe('how much was sent, on the disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-sent-'));
  after(() => rmSync(folder, { recursive: true }));
  const open = (allowances: Allowances) =>
    new AllowanceFile(allowances, { folder, worker: undefined, clock: systemClock, log: silentLog });

  test('comes back, with what is counted while it is written', async () => {
    const before = new Allowances();
    const nowMs = systemClock.nowMs();
    for (let n = 1; n <= 50_000; n++) before.spend(asAccountId(n), LIMITS, 1, nowMs);
    const file = open(before);
    before.spend(asAccountId(1), LIMITS, 1, nowMs);
    let turns = 0;
    const written = file.write();
    let isWritten = false;
    void written.then(() => {
      isWritten = true;
    });
    while (!isWritten) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      if (turns++ === 0) before.spend(asAccountId(2), LIMITS, 2, nowMs);
    }
    assert.ok(turns > 20, `${turns} turns of the event loop`);
    await file.close();
    assert.deepEqual(readdirSync(folder), ['sent-counts.json']);
    const after = new Allowances();
    await open(after).close();
    for (const [account, isOver] of [
      [1, false],
      [50_000, false],
      [50_001, false],
    ] as const)
      assert.equal(after.limitFor(asAccountId(account), LIMITS, 1, nowMs) !== undefined, isOver);
    after.spend(asAccountId(1), LIMITS, 1, nowMs);
    after.spend(asAccountId(2), LIMITS, 1, nowMs);
    for (const account of [1, 2])
      assert.equal(after.limitFor(asAccountId(account), LIMITS, 1, nowMs)?.limit, 3, String(account));
  });

  test('a broken file is nothing', async () => {
    writeFileSync(join(folder, 'sent-counts.json'), '[[1,');
    await open(new Allowances()).close();
  });
});
