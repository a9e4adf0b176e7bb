import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import { FLAG } from '../../mail/flags.ts';
import type { AccountChange } from '../change/account-change.ts';
import { Turns } from '../change/turns.ts';
import { asAccountId, asModSeq } from '../model/model.ts';
import { StoreError } from '../port/store.ts';
import { WritableAccount } from './account.ts';
import type { Loader } from './load.ts';
import { forgetPlaces, loadPlaces } from './load-places.ts';
import { WritableMailbox } from './mailbox.ts';
import { WritableMessageList } from './message-list.ts';

const clock = { nowMs: () => 0 };
const loader: Loader = {
  store: {
    loadChunks: () => assert.fail('all is in memory'),
    loadLastChunk: () => assert.fail('all is in memory'),
  },
  clock,
  log: silentLog,
};

/** An account over a store that says what it is told to say, when it is told to. */
async function anAccount() {
  const record = {
    id: asAccountId(1),
    address: 'alice@example.com',
    credentials: [],
    createdMs: 0,
    shard: 0,
    settings: {},
  };
  const row = {
    ...{
      modseq: asModSeq(0),
      nextMailbox: 1,
      nextEmail: 1,
      nextUidValidity: 1,
      usedBytes: 0,
      usedMessages: 0,
      roomTold: 0,
      refusedSinceMs: 0,
      refusedBytes: 0,
    },
    ...{
      factsVersion: 2,
      unthreaded: 0,
      historyFloor: asModSeq(0),
      changesFloor: asModSeq(0),
      orphanSubscriptions: [],
    },
    ...{ emailModseq: asModSeq(0), mailboxModseq: asModSeq(0) },
  };
  const account = new WritableAccount(record, { row, mailboxes: [], scripts: [], annotations: [] });
  const asked: ((outcome: StoreError | undefined) => void)[] = [];
  const write = () => {
    const { promise, resolve } = Promise.withResolvers<readonly (StoreError | undefined)[]>();
    asked.push((outcome) => resolve([outcome]));
    return { committed: promise, durable: Promise.resolve() };
  };
  const turns = new Turns({ write }, clock, silentLog);
  const decide = (outcome?: StoreError): void => {
    for (const answer of asked.splice(0)) answer(outcome);
  };
  const change = <T>(run: (change: AccountChange) => T): Promise<T> => turns.run({ account, run });
  const create = async (name: string): Promise<WritableMailbox> => {
    const made = change((it) => it.mailboxes.create(name, undefined));
    await nextTurn();
    decide();
    const mailbox = WritableMailbox.of(await made);
    mailbox.list = new WritableMessageList(true, 0);
    return mailbox;
  };
  return { account, change, decide, create };
}

const arrival = (email: number, flags = 0) => ({
  ...{ email, flags, traits: 0, keywordSet: 0, internalDate: 0, size: 1, saveDate: 0 },
});

function placed(account: WritableAccount): string[] {
  const all: string[] = [];
  for (const { id, list } of account.mailboxes.values()) {
    const { columns, count } = list as WritableMessageList;
    for (let row = 0; row < count; row++) {
      const isHidden = ((columns.flags[row] as number) & FLAG.Deleted) !== 0;
      all.push(`${columns.email[row]}: ${id} ${columns.uid[row]} ${isHidden}`);
    }
  }
  return all.sort();
}

function known(account: WritableAccount, highest: number): string[] {
  const all: string[] = [];
  for (let email = 0; email <= highest; email++) {
    for (const { mailbox, uid, isHidden } of account.placements?.placesOf(email) ?? [])
      all.push(`${email}: ${mailbox} ${uid} ${isHidden}`);
  }
  return all.sort();
}

test('places that are asked for before a change is refused are those of before it', async () => {
  const { account, change, decide, create } = await anAccount();
  const inbox = await create('INBOX');
  const added = change((it) => it.addMessages(inbox, [arrival(1), arrival(2)], 'new'));
  await nextTurn();
  decide();
  await added;
  const gone = change((it) => it.expunge(inbox, [0]));
  await nextTurn();
  await loadPlaces(loader, account);
  assert.equal(account.placements?.countOf(1), 0);
  decide(new StoreError('full', 'no space left'));
  await assert.rejects(gone);
  await loadPlaces(loader, account);
  assert.deepEqual([account.placements?.countOf(1), account.placements?.size], [1, 2]);
});

test('places that are dropped while they are made are made anew for who waits for them', async () => {
  const { account, change, decide, create } = await anAccount();
  const inbox = await create('INBOX');
  const added = change((it) => it.addMessages(inbox, [arrival(1)], 'new'));
  await nextTurn();
  decide();
  await added;
  const loading = loadPlaces(loader, account);
  forgetPlaces(account);
  await loading;
  assert.deepEqual([account.placements?.isWhole, account.placements?.countOf(1)], [true, 1]);
});

test('what is changed while places are looked up, in the middle of a mailbox, is in them', async () => {
  const COUNT = 600_000;
  const { account, change, decide, create } = await anAccount();
  const [inbox, other] = [await create('INBOX'), await create('Other')];
  for (let n = 1; n <= COUNT; n++) {
    inbox.list?.append({ ...arrival(n, n % 7 === 0 ? FLAG.Deleted : 0), uid: n, modseq: 1 });
  }
  Object.assign(inbox.fields, { exists: COUNT, uidNext: COUNT + 1, deleted: Math.floor(COUNT / 7) });
  account.row.nextEmail = COUNT + 1;
  const loading = loadPlaces(loader, account);
  let isLoading = true;
  loading.finally(() => {
    isLoading = false;
  });
  let changes = 0;
  for (let n = 0; isLoading; n++) {
    const rows = [n % 50, 20_000 + n, inbox.exists - 1 - (n % 50)];
    const done = [
      change((it) =>
        it.setFlags(inbox, { rows, flags: rows.map(() => n & FLAG.Deleted), keywordSets: [0, 0, 0] }),
      ),
      change((it) => it.addMessages(other, it.takeForMove(inbox, rows), 'moved')),
      change((it) => it.addMessages(other, [arrival(n + 1)], 'copied')),
    ];
    await nextTurn();
    decide(n % 5 === 0 ? new StoreError('full', 'no space left') : undefined);
    await Promise.allSettled(done);
    changes++;
  }
  await loading;
  assert.ok(changes > 1, 'it was looked up in slices');
  assert.deepEqual(known(account, COUNT), placed(account));
  assert.equal(account.placements?.size, inbox.exists + other.exists);
});
