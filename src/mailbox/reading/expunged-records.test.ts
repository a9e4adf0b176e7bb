/** A million messages may have left a mailbox since a session was told: nobody else waits until they are read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { asMailboxId, asModSeq, asUid, type ModSeq } from '../model/model.ts';
import { type MessageRecord, packRecords, packUids } from '../model/record.ts';
import { openMailbox } from '../operations/mailboxes.ts';
import type { HistoryRow } from '../port/store.ts';
import { ExpungedRecords } from './expunged-records.ts';

const ROWS = 100;
const PER_ROW = 1000;

function rowOf(n: number, base: number): HistoryRow {
  const records = Array.from({ length: PER_ROW }, (_, i): MessageRecord => {
    const one = { uid: n * PER_ROW + i + 1, email: 1, modseq: base, flags: 0, traits: 0 };
    return { ...one, keywordSet: 0, internalDate: 0, size: 1, saveDate: 0 };
  });
  const uids = packUids(records.map(({ uid }) => uid));
  return {
    mailbox: asMailboxId(1),
    modseq: asModSeq(base + n + 1),
    kind: 'expunged',
    uids,
    emails: Buffer.alloc(0),
    numbers: uids.length / 4,
    records: packRecords(records),
    atMs: 0,
  };
}

test('others have their turns while many records are read', async (t) => {
  const kit = await openTestDomain();
  t.after(() => kit.close());
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  const account = await kit.domain.accounts.open(id);
  const events = { onHint: () => {}, onInvalid: () => {} };
  const viewer = await openMailbox(kit.domain, account, 'INBOX', true, events);
  const base = viewer.seenModseq;
  const expunged = Array.from({ length: ROWS }, (_, n) => rowOf(n, base));
  const loadExpunged = async (_account: unknown, _mailbox: unknown, after: ModSeq, limit: number) =>
    expunged.filter(({ modseq }) => modseq > after).slice(0, limit);
  const store = Object.assign(Object.create(kit.domain.store), { loadExpunged });
  const records = new ExpungedRecords({ store }, account, viewer);
  await kit.domain.turns.run({
    account,
    run: (change) =>
      change.mailboxes.adoptUids(viewer.mailbox, viewer.mailbox.uidValidity, asUid(viewer.mailbox.uidNext)),
  });
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  assert.equal((await records.find(ROWS * PER_ROW))?.uid, ROWS * PER_ROW);
  isOver = true;
  assert.ok(turns >= ROWS / 20, `${turns} turns`);
  viewer.close();
});
