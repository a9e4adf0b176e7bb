import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { actingAs, type Domain } from '../domain.ts';
import { type Author, THE_SERVER } from '../model/author.ts';
import { MailboxError } from '../model/errors.ts';
import { type AccountRecord, asAccountId, asModSeq } from '../model/model.ts';
import { unpackRecords } from '../model/record.ts';
import { type AccountBatch, type ChunkRow, type RowChangeOf, StoreError } from '../port/store.ts';
import { WritableAccount } from '../state/account.ts';
import { Follower } from '../state/follower.ts';
import { type MailboxState, Viewer, WritableMailbox } from '../state/mailbox.ts';
import { WritableMessageList } from '../state/message-list.ts';
import type { AccountChange } from './account-change.ts';
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

type RowOf<Kind extends 'mailbox' | 'chunk' | 'history'> = RowChangeOf<Kind>['row'];

/** The rows of one kind. */
function rowsIn<Kind extends 'mailbox' | 'chunk' | 'history'>(
  batch: AccountBatch | undefined,
  kind: Kind,
): RowOf<Kind>[] {
  return (batch?.changes ?? []).flatMap((change) =>
    change.kind === kind ? [change.row as RowOf<Kind>] : [],
  );
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function anAccount(id: number): WritableAccount {
  const record: AccountRecord = {
    id: asAccountId(id),
    address: `alice${id}@example.com`,
    credentials: [],
    createdMs: 0,
    shard: 0,
    settings: {},
  };
  const row = {
    modseq: asModSeq(0),
    nextMailbox: 1,
    nextEmail: 1,
    nextUidValidity: 100,
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
  return new WritableAccount(record, { row, mailboxes: [], scripts: [], annotations: [] });
}

const ALICE_ON_HER_PHONE: Author = { service: 'imap', id: 'a', client: 'a phone' };

async function withInbox(journal: Journal, turns: Turns, id = 1) {
  const account = anAccount(id);
  const made = turns.run({ account, run: (change) => change.mailboxes.create('INBOX', undefined) });
  await turn();
  journal.commitAll();
  const inbox = WritableMailbox.of(await made);
  inbox.list = new WritableMessageList(true, 0);
  return { account, inbox };
}

const anArrival = { email: 1, flags: 0, traits: 0, keywordSet: 0, internalDate: 0, size: 10, saveDate: 0 };
const clock = { nowMs: () => 1_000_000 };

test('operations of one turn become one call and one batch per account, each with its own modseq', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const both = Promise.all(
    [1, 2].map(() => turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') })),
  );
  await turn();
  assert.equal(journal.calls.length, 1);
  const [batch] = journal.calls[0]?.batches ?? [];
  assert.equal(batch?.expect, 1);
  assert.equal(batch?.row.modseq, 3);
  assert.equal(rowsIn(batch, 'chunk').length, 1, 'both arrivals are one write of one chunk');
  journal.commitAll();
  assert.deepEqual(await both, [[1], [2]]);
});

/** A session that has the mailbox open. */
function watch(mailbox: MailboxState, onHint: () => void, onInvalid = () => {}): Viewer {
  return new Viewer(mailbox, false, { onHint, onInvalid });
}

test('nobody is answered or woken before the turn is durable', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const told: string[] = [];
  watch(inbox, () => told.push('hint'));
  const done = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
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
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const before = { ...inbox.toRow() };
  let wasInvalidated = false;
  const refused = [1, 2].map(() =>
    turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival, anArrival], 'new') }),
  );
  await turn();
  watch(
    inbox,
    () => {},
    () => {
      wasInvalidated = true;
    },
  );
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
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const failing = turns.run({
    account,
    run: (change) => {
      change.addMessages(inbox, [anArrival, anArrival], 'new');
      throw new MailboxError('over-quota', 'full');
    },
  });
  const standing = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
  await assert.rejects(failing, MailboxError);
  journal.commitAll();
  assert.deepEqual(await standing, [1], 'the UIDs of the failed one are given again: nobody saw them');
  assert.equal(inbox.exists, 1);
});

test('while a turn is not applied, the next operations of that account wait and those of others do not', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const alice = await withInbox(journal, turns, 1);
  const bob = await withInbox(journal, turns, 2);
  const first = turns.run({
    account: alice.account,
    run: (change) => change.addMessages(alice.inbox, [anArrival], 'new'),
  });
  await turn();
  const second = turns.run({
    account: alice.account,
    run: (change) => change.addMessages(alice.inbox, [anArrival], 'new'),
  });
  const other = turns.run({
    account: bob.account,
    run: (change) => change.addMessages(bob.inbox, [anArrival], 'new'),
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
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const slow = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
  await turn();
  journal.calls[0]?.commit([undefined]);
  await turn();
  const quick = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
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
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  let wasInvalidated = false;
  const session = watch(
    inbox,
    () => {},
    () => {
      wasInvalidated = true;
    },
  );
  const refused = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
  await turn();
  session.readModseq = inbox.modseq;
  journal.commitAll(new StoreError('conflict', 'moved'));
  await assert.rejects(refused, { code: 'conflict' });
  assert.ok(wasInvalidated);
  assert.ok(account.isStale, 'whoever opens it next gets it from the store');
});

async function withMailboxes(journal: Journal, turns: Turns, names: readonly string[]) {
  const account = anAccount(1);
  const made = names.map((name) =>
    turns.run({ account, run: (change) => change.mailboxes.create(name, undefined) }),
  );
  await turn();
  journal.commitAll();
  const mailboxes = (await Promise.all(made)).map((mailbox) => WritableMailbox.of(mailbox));
  for (const mailbox of mailboxes) mailbox.list = new WritableMessageList(true, 0);
  return { account, mailboxes };
}

/** What the store's rows say is in a mailbox. */
function emailsIn(batches: readonly AccountBatch[], mailbox: MailboxState): number[] {
  const rows = new Map<number, ChunkRow>();
  for (const change of batches.flatMap(({ changes }) => changes)) {
    if (change.kind === 'chunk-dropped' && change.mailbox === mailbox.id) rows.delete(change.first);
    if (change.kind === 'chunk' && change.row.mailbox === mailbox.id) rows.set(change.row.first, change.row);
  }
  return [...rows.values()].flatMap((row) => unpackRecords(row.records).map(({ email }) => email));
}

test('a mailbox that is deleted in the turn in which mail left it keeps in the store only what was in it at the end', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, mailboxes } = await withMailboxes(journal, turns, ['X', 'Y']);
  const [x, y] = mailboxes as [WritableMailbox, WritableMailbox];
  const batches: AccountBatch[] = [];
  const write = async (...runs: ((change: AccountChange) => unknown)[]) => {
    const done = Promise.all(runs.map((run) => turns.run({ account, run })));
    await turn();
    batches.push(...journal.calls.flatMap((call) => call.batches));
    journal.commitAll();
    await done;
  };
  await write((change) =>
    change.addMessages(
      x,
      [1, 2, 3, 4].map((email) => ({ ...anArrival, email })),
      'new',
    ),
  );
  await write(
    (change) => change.addMessages(y, change.takeForMove(x, [0, 1]), 'moved'),
    (change) => change.expunge(x, [0]),
    (change) => change.addMessages(x, [{ ...anArrival, email: 5 }], 'new'),
    (change) => change.mailboxes.remove(x),
  );
  assert.deepEqual(emailsIn(batches, y), [1, 2]);
  assert.deepEqual(
    emailsIn(batches, x),
    [4, 5],
    'the reaper finds these, and the expunged one in the history',
  );
  const kept = batches
    .flatMap((batch) => rowsIn(batch, 'history'))
    .filter(({ records }) => records !== undefined);
  assert.deepEqual(
    kept.flatMap(({ records }) => unpackRecords(records as Buffer).map(({ email }) => email)),
    [3],
  );
});

test('an operation that cannot be undone takes its account along, and nobody else', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const { account: other, inbox: otherInbox } = await withInbox(journal, turns, 2);
  const evicted: string[] = [];
  account.listeners.add({ onEvicted: (reason) => evicted.push(reason) });
  const add = () => turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
  const breaking = () => {
    Object.freeze(account.row);
    throw new MailboxError('limit', 'too many');
  };
  const all = Promise.allSettled([
    add(),
    turns.run({ account, run: breaking }),
    add(),
    turns.run({ account: other, run: (change) => change.addMessages(otherInbox, [anArrival], 'new') }),
  ]);
  await turn();
  assert.deepEqual(
    journal.calls.flatMap(({ batches }) => batches.map((batch) => batch.account)),
    [other.id],
  );
  journal.commitAll();
  const outcomes = (await all).map((one) => (one.status === 'rejected' ? one.reason.code : one.value));
  assert.deepEqual(outcomes, ['unavailable', 'limit', 'conflict', [1]]);
  assert.deepEqual(evicted, ['the server made a mistake; sign in again']);
  assert.equal(account.operations, 0);
});

test('an operation that throws takes the rows of the mailboxes it touched with it', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const half = turns.run({
    account,
    run: (change) => {
      change.mailboxes.create('p', undefined);
      throw new MailboxError('limit', 'no more');
    },
  });
  const whole = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
  await assert.rejects(half, { code: 'limit' });
  const [batch] = journal.calls[0]?.batches ?? [];
  assert.deepEqual(
    rowsIn(batch, 'mailbox').map(({ name }) => name),
    ['INBOX'],
  );
  journal.commitAll();
  await whole;
  const alone = turns.run({
    account,
    run: (change) => {
      change.mailboxes.create('q', undefined);
      throw new MailboxError('limit', 'no more');
    },
  });
  await assert.rejects(alone, { code: 'limit' });
  assert.deepEqual(journal.calls, [], 'there is nothing to write');
});

test('a refused append is undone in the list that has become of the tail meanwhile', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const tail = new WritableMessageList(false, 0);
  Object.assign(inbox, { list: undefined, tail });
  const refused = turns.run({
    account,
    run: (change) => change.addMessages(inbox, [anArrival, anArrival], 'new'),
  });
  await turn();
  const list = new WritableMessageList(true, 0);
  list.adoptTail(tail);
  Object.assign(inbox, { list, tail: undefined });
  journal.commitAll(new StoreError('full', 'no space left'));
  await assert.rejects(refused, { code: 'unavailable' });
  assert.equal(list.count, 0);
  const next = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
  await turn();
  journal.commitAll();
  assert.deepEqual(await next, [1]);
});

test('a long expunge is one change, in rows that the reaper can write anew one by one', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const added = turns.run({
    account,
    run: (change) => change.addMessages(inbox, new Array(2500).fill(anArrival), 'new'),
  });
  await turn();
  journal.commitAll();
  const rows = (await added).map((_, row) => row);
  const session = watch(inbox, () => {});
  const { modseq } = inbox;
  const gone = turns.run({ account, run: (change) => change.expunge(inbox, rows) });
  await turn();
  const [batch] = journal.calls[0]?.batches ?? [];
  assert.deepEqual(
    rowsIn(batch, 'history').map(({ uids }) => uids.length / 4),
    [1000, 1000, 500],
  );
  assert.deepEqual(
    rowsIn(batch, 'history').map((row) => row.modseq - modseq),
    [1, 2, 3],
  );
  assert.equal(batch?.row.modseq, inbox.modseq);
  journal.commitAll();
  await gone;
  assert.deepEqual(
    inbox.log.after(session.readModseq)?.map(({ uids }) => uids.length),
    [1000, 1000, 500],
  );
});

test('what cannot be known to be kept is answered neither as done nor as undone, and the sessions go', async () => {
  const committed = Promise.resolve([undefined]);
  const durable = Promise.reject(new StoreError('io', 'a sync failed'));
  durable.catch(() => {});
  const account = anAccount(1);
  const reasons: string[] = [];
  account.listeners.add({ onEvicted: (reason) => reasons.push(reason) });
  const turns = new Turns({ write: () => ({ committed, durable }) }, clock, silentLog);
  const made = turns.run({ account, run: (change) => change.mailboxes.create('INBOX', undefined) });
  await assert.rejects(made, { code: 'unavailable', message: /not known whether/ });
  assert.equal(reasons.length, 1);
  await assert.rejects(turns.run({ account, run: () => {} }), { code: 'conflict' });
});

test('thousands of sessions are told in slices, with turns for everybody else in between', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  let told = 0;
  const sessions = Array.from({ length: 1000 }, () => watch(inbox, () => told++));
  const added = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
  await turn();
  journal.commitAll();
  await added;
  assert.ok(told > 0 && told < 1000, `${told} at once`);
  sessions.at(-1)?.close();
  for (let i = 0; i < 20; i++) await turn();
  assert.equal(told, 999, 'all that are still open, each once');
});

test('the change log keeps what somebody has not read, and nothing else', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const add = async (times: number) => {
    for (let i = 0; i < times; i++) {
      const added = turns.run({ account, run: (change) => change.addMessages(inbox, [anArrival], 'new') });
      await turn();
      journal.commitAll();
      await added;
    }
  };
  await add(100);
  assert.equal(inbox.log.size, 0, 'nobody looks');
  const quick = watch(inbox, () => {});
  const slow = watch(inbox, () => {});
  await add(200);
  quick.readModseq = inbox.modseq;
  assert.equal(inbox.log.after(slow.readModseq)?.length, 200);
  slow.readModseq = inbox.modseq;
  for (let i = 0; i < 30; i++) {
    await add(10);
    quick.readModseq = slow.readModseq = inbox.modseq;
  }
  assert.ok(inbox.log.size < 64, `${inbox.log.size} records that everybody has read`);
  await add(10);
  slow.close();
  quick.close();
  assert.equal(inbox.log.size, 0);
});

test('whoever follows an account reads what happened, to which emails, and who did it', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account, inbox } = await withInbox(journal, turns);
  const domain = actingAs({ turns } as unknown as Domain, ALICE_ON_HER_PHONE);
  const write = async (
    by: Pick<Turns, 'run'>,
    run: (change: AccountChange) => unknown,
    refusal?: StoreError,
  ) => {
    const done = by.run({ account, run });
    done.catch(() => {});
    await turn();
    journal.commitAll(refusal);
    await done.catch(() => {});
  };
  await write(turns, (change) => change.addMessages(inbox, [anArrival], 'new'));
  assert.equal(account.log.size, 0, 'nobody follows');
  let hints = 0;
  let invalid = 0;
  const follower = new Follower(account, { onHint: () => hints++, onInvalid: () => invalid++ });
  await write(domain.turns, (change) => change.addMessages(inbox, [{ ...anArrival, email: 7 }], 'new'));
  await write(turns, (change) => change.expunge(inbox, [1]), new StoreError('full', 'no space left'));
  await write(turns, (change) => change.mailboxes.create('Other', undefined));
  await write(turns, (change) => change.expunge(inbox, [1]));
  assert.equal(hints, 3);
  const seen = account.log.after(follower.readModseq) ?? [];
  assert.deepEqual(
    seen.map((change) => [change.kind, change.mailbox, 'emails' in change && change.emails, change.by]),
    [
      ['added', inbox.id, [7], ALICE_ON_HER_PHONE],
      ['made', account.byName.get('Other')?.id, false, THE_SERVER],
      ['expunged', inbox.id, [7], THE_SERVER],
    ],
  );
  assert.equal(invalid, 0);
  follower.close();
  assert.equal(account.log.size, 0);
  const hasty = new Follower(account, { onHint: () => hints++, onInvalid: () => invalid++ });
  const refused = turns.run({ account, run: (change) => change.mailboxes.create('Third', undefined) });
  refused.catch(() => {});
  await turn();
  hasty.readModseq = account.modseq;
  journal.commitAll(new StoreError('full', 'no space left'));
  await assert.rejects(refused);
  assert.deepEqual([hints, invalid], [3, 1], 'what it has read is not so');
});

test('a mailbox whose making was refused takes nothing any more, and its number is given again', async () => {
  const journal = new Journal();
  const turns = new Turns(journal, clock, silentLog);
  const { account } = await withInbox(journal, turns);
  const making = turns.run({ account, run: (change) => change.mailboxes.create('Short', undefined) });
  await turn();
  const found = WritableMailbox.of(account.byName.get('Short') as MailboxState);
  found.list = new WritableMessageList(true, 0);
  const late = turns.run({ account, run: (change) => change.addMessages(found, [anArrival], 'new') });
  journal.commitAll(new StoreError('full', 'no space left'));
  await assert.rejects(making, { code: 'unavailable' });
  await assert.rejects(late, { code: 'nonexistent' });
  const again = turns.run({ account, run: (change) => change.mailboxes.create('Other', undefined) });
  await turn();
  journal.commitAll();
  assert.equal((await again).id, found.id);
  assert.deepEqual([...account.byName.keys()], ['INBOX', 'Other']);
});
