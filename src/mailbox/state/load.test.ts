import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import {
  type AccountRecord,
  asAccountId,
  asMailboxId,
  asModSeq,
  asUid,
  asUidValidity,
} from '../model/model.ts';
import { packRecords } from '../model/record.ts';
import type { ChunkRow } from '../port/store.ts';
import { WritableAccount } from './account.ts';
import { loadList } from './load.ts';
import { WritableMailbox } from './mailbox.ts';

const record: AccountRecord = {
  id: asAccountId(1),
  address: 'alice@example.com',
  credentials: [],
  createdMs: 0,
  shard: 0,
  settings: {},
};
const row = {
  modseq: asModSeq(1),
  nextMailbox: 2,
  nextEmail: 1,
  nextUidValidity: 2,
  usedBytes: 0,
  usedMessages: 0,
  roomTold: 0,
  refusedSinceMs: 0,
  refusedBytes: 0,
  factsVersion: 2,
  historyFloor: asModSeq(0),
  changesFloor: asModSeq(0),
  emailModseq: asModSeq(0),
  mailboxModseq: asModSeq(0),
  unthreaded: 0,
  orphanSubscriptions: [],
};
const message = {
  ...{ uid: 1, email: 1, modseq: 2, flags: 0, traits: 0, keywordSet: 0 },
  ...{ internalDate: 0, size: 10, saveDate: 0 },
};

test('a first message that comes while an empty mailbox is read is there once', async () => {
  const mailbox = WritableMailbox.empty({
    id: asMailboxId(1),
    uidValidity: asUidValidity(1),
    name: 'INBOX',
    role: undefined,
    modseq: asModSeq(1),
  });
  const reading = Promise.withResolvers<readonly ChunkRow[]>();
  const asked = Promise.withResolvers<void>();
  const store = {
    loadLastChunk: async () => undefined,
    loadChunks: async () => {
      asked.resolve();
      return reading.promise;
    },
  };
  const account = new WritableAccount(record, { row, mailboxes: [], scripts: [], annotations: [] });
  const loading = loadList({ store, clock: { nowMs: () => 0 }, log: silentLog }, account, mailbox);
  await asked.promise;
  // It is delivered, and the store has it, before the answer is made.
  mailbox.loaded?.append(message);
  mailbox.fields.exists = 1;
  const records = packRecords([message]);
  reading.resolve([{ mailbox: mailbox.id, first: asUid(1), count: 1, maxModseq: asModSeq(2), records }]);
  const list = await loading;
  assert.deepEqual([list.count, list.columns.uid[0]], [1, 1]);
});
