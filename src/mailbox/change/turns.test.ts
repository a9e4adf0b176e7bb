import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MailboxError } from '../model/errors.ts';
import { type AccountRecord, asAccountId, asModSeq } from '../model/model.ts';
import { type AccountBatch, StoreError } from '../port/store.ts';
import { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { MessageList } from '../state/message-list.ts';
import { Turns } from './turns.ts';

/** The store's side of a turn, held in the test's hand: when it commits, when it is durable, what it refuses. */
class Journal {
  readonly calls: {
    batches: readonly AccountBatch[];
    commit: (outcomes: readonly (StoreError | undefined)[]) => void;
    sync: () => void;
  }[] = [];

  write(batches: readonly AccountBatch[]) {
    const committed = Promise.withResolvers<readonly (StoreError | undefined)[]>();
    const durable = Promise.withResolvers<void>();
    this.calls.push({ batches, commit: committed.resolve, sync: durable.resolve });
    return { committed: committed.promise, durable: durable.promise };
  }

  commitAll(outcome?: StoreError): void {
    for (const call of this.calls.splice(0)) {
      call.commit(call.batches.map(() => outcome));
      call.sync();
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function anAccount(id: number): AccountState {
  const record: AccountRecord = {
    id: asAccountId(id),
    address: `alice${id}@example.com`,
    passwordHash: '',
    createdMs: 0,
    settings: {},
  };
  const row = {
    modseq: asModSeq(0),
    nextMailbox: 1,
    nextEmail: 1,
    nextUidValidity: 100,
    usedBytes: 0,
    usedMessages: 0,
    orphanSubscriptions: [],
  };
  return new AccountState(record, row, []);
}

async function withInbox(journal: Journal, turns: Turns, id = 1) {
  const account = anAccount(id);
  const made = turns.run({ account, run: (change) => change.createMailbox('INBOX', undefined) });
  await turn();
  journal.commitAll();
  const inbox = await made;
  inbox.list = new MessageList(true, 0);
  return { account, inbox };
}

const anArrival = { email: 1, flags: 0, traits: 0, keywordSet: 0, internalDate: 0, size: 10, saveDate: 0 };
const clock = { nowMs: () => 1_000_000 };

test('operations of one turn become one call and one batch per account, each with its own modseq', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock);
  const { account, inbox } = await withInbox(journal, turns);
  const both = Promise.all(
    [1, 2].map(() => turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival]) })),
  );
  await turn();
  assert.equal(journal.calls.length, 1);
  const [batch] = journal.calls[0]?.batches ?? [];
  assert.equal(batch?.expect, 1);
  assert.equal(batch?.row.modseq, 3);
  assert.equal(batch?.chunks.length, 1, 'both arrivals are one write of one chunk');
  journal.commitAll();
  assert.deepEqual(await both, [[1], [2]]);
});

const watching = ({ modseq }: MailboxState) => ({ seenModseq: modseq, readModseq: modseq });

test('nobody is answered or woken before the turn is durable', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock);
  const { account, inbox } = await withInbox(journal, turns);
  const told: string[] = [];
  inbox.viewers.add({ ...watching(inbox), hint: () => told.push('hint'), invalidate: () => {} });
  const done = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival]) });
  void done.then(() => told.push('answer'));
  await turn();
  const [call] = journal.calls;
  call?.commit([undefined]);
  await turn();
  assert.deepEqual(told, []);
  assert.notEqual(account.unsettled, undefined, 'readers know that they must wait');
  call?.sync();
  await done;
  await turn();
  assert.deepEqual(told.sort(), ['answer', 'hint']);
  assert.equal(account.unsettled, undefined);
});

test('what the store refuses is undone in memory, and a session that has seen it is sent away', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock);
  const { account, inbox } = await withInbox(journal, turns);
  const before = { ...inbox.toRow() };
  let wasInvalidated = false;
  const refused = [1, 2].map(() =>
    turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival, anArrival]) }),
  );
  await turn();
  inbox.viewers.add({ ...watching(inbox), hint: () => {}, invalidate: () => (wasInvalidated = true) });
  journal.commitAll(new StoreError('full', 'no space left'));
  for (const one of refused) {
    await assert.rejects(one, (error) => error instanceof MailboxError && error.code === 'unavailable');
  }
  assert.deepEqual(inbox.toRow(), before);
  assert.equal(inbox.list?.count, 0);
  assert.equal(account.usedBytes, 0);
  assert.ok(wasInvalidated);
});

test('an operation that throws leaves nothing of itself, and the others of its turn stand', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock);
  const { account, inbox } = await withInbox(journal, turns);
  const failing = turns.run({
    account,
    run: (change) => {
      change.addMessages(inbox, [anArrival, anArrival]);
      throw new MailboxError('over-quota', 'full');
    },
  });
  const standing = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival]) });
  await assert.rejects(failing, MailboxError);
  journal.commitAll();
  assert.deepEqual(await standing, [1], 'the UIDs of the failed one are given again: nobody saw them');
  assert.equal(inbox.exists, 1);
});

test('while a turn is not applied, the next operations of that account wait and those of others do not', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock);
  const alice = await withInbox(journal, turns, 1);
  const bob = await withInbox(journal, turns, 2);
  const first = turns.run({
    account: alice.account,
    run: (change) => change.addMessages(alice.inbox, [anArrival]),
  });
  await turn();
  const second = turns.run({
    account: alice.account,
    run: (change) => change.addMessages(alice.inbox, [anArrival]),
  });
  const other = turns.run({
    account: bob.account,
    run: (change) => change.addMessages(bob.inbox, [anArrival]),
  });
  await turn();
  assert.deepEqual(
    journal.calls.map((call) => call.batches.map((batch) => batch.account)),
    [[1], [2]],
  );
  journal.commitAll();
  await Promise.all([first, other]);
  await turn();
  journal.commitAll();
  assert.deepEqual(await second, [2]);
});

test('a turn that is durable at once settles nothing of the one before it', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock);
  const { account, inbox } = await withInbox(journal, turns);
  const slow = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival]) });
  await turn();
  journal.calls[0]?.commit([undefined]);
  await turn();
  const quick = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival]) });
  await turn();
  journal.calls[1]?.commit([undefined]);
  journal.calls[1]?.sync();
  assert.deepEqual(await quick, [2]);
  await turn();
  assert.notEqual(account.unsettled, undefined, 'what it stands on may still be lost');
  journal.calls[0]?.sync();
  assert.deepEqual(await slow, [1]);
  await turn();
  assert.equal(account.unsettled, undefined);
});

test('a session that has only read what is taken back is sent away, too', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock);
  const { account, inbox } = await withInbox(journal, turns);
  const { modseq } = inbox;
  let wasInvalidated = false;
  const refused = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival]) });
  await turn();
  inbox.viewers.add({
    seenModseq: modseq,
    readModseq: inbox.modseq,
    hint: () => {},
    invalidate: () => (wasInvalidated = true),
  });
  journal.commitAll(new StoreError('conflict', 'moved'));
  await assert.rejects(refused, { code: 'conflict' });
  assert.ok(wasInvalidated);
  assert.ok(account.isStale, 'whoever opens it next gets it from the store');
});
