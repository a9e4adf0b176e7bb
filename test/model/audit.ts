/**
 * When all is quiet: what is true, what is in memory, what a fresh start reads, what every device has, what the checker says and
 * every octet of every message are the same; and the reaper leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { Sharing } from '../../src/identity/sharing.ts';
import { Reach } from '../../src/imap/reach.ts';
import { FLAG } from '../../src/mail/flags.ts';
import { readLinks } from '../../src/mail/message-links.ts';
import type { Domain } from '../../src/mailbox/domain.ts';
import { annotationKey } from '../../src/mailbox/model/annotations.ts';
import { MailboxError } from '../../src/mailbox/model/errors.ts';
import { type AccountId, emailId, emailNumber, type MailboxId } from '../../src/mailbox/model/model.ts';
import { recordAt, unpackRecords } from '../../src/mailbox/model/record.ts';
import { snoozesIn } from '../../src/mailbox/operations/snooze.ts';
import { loadExternalIds } from '../../src/mailbox/reading/external-ids.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import { loadList } from '../../src/mailbox/state/load.ts';
import type { MailboxState } from '../../src/mailbox/state/mailbox.ts';
import { checkMail } from '../../src/mailbox/upkeep/check.ts';
import { faultInPlaces } from '../../src/mailbox/upkeep/check-places.ts';
import { reapAccount } from '../../src/mailbox/upkeep/reaper.ts';
import type { ModelAccount, ModelMailbox, ModelMessage } from './account-model.ts';
import type { Device } from './device.ts';
import { folded } from './semantics.ts';
import { visibleTo } from './sharing.ts';
import { asSeenBy } from './truth.ts';
import { DOMAIN, RECOVER_MS, type World } from './world.ts';

const AFTER_GRACE_MS = 10 * 60_000 + RECOVER_MS;
const MOST_PASSES = 200;

export async function audit(world: World): Promise<void> {
  await world.quiet();
  for (const device of world.devices) await checkDevice(world, device);
  await compareAll(world, world.domain, 'in memory');
  await compareAll(world, world.fresh(), 'after a fresh start');
  await checkStored(world);
  for (const { id } of world.people) {
    await checkThreads(world, id);
    await checkOutgoing(world, id);
    await checkDeleted(world, id);
    await checkPutOff(world, id);
    await checkReach(world, id);
  }
}

/** Whose mailboxes a session finds, and what may be done there: those that are shared with him, and nothing else. */
async function checkReach(world: World, who: AccountId): Promise<void> {
  const domain = world.fresh();
  const sharing = new Sharing({ store: domain.store, accounts: domain.accounts });
  const reach = new Reach({
    ...{ account: await domain.accounts.open(who), accounts: domain.accounts, sharing },
    listener: { onOwnerGone: () => {} },
  });
  const found = new Map<AccountId, string[]>();
  for await (const { account, mailbox, rights } of reach.othersMailboxes())
    found.set(account.id, [...(found.get(account.id) ?? []), `${mailbox.name} ${rights}`].sort());
  reach.close();
  const own = world.people.find(({ id }) => id === who);
  for (const { id, shard } of world.people) {
    const wanted = id !== who && shard === own?.shard ? visibleTo(world.truth.of(id), who) : [];
    assert.deepEqual(found.get(id) ?? [], wanted, `what ${who} sees of ${id}`);
  }
}

/** What is put off is remembered until its time, whatever became of the mail. */
async function checkPutOff(world: World, account: AccountId): Promise<void> {
  const found = snoozesIn(await world.store.loadBelongings(account, 0, 100_000));
  const wanted = [...world.truth.of(account).snoozes].sort(([a], [b]) => a - b);
  const setOf = (from: readonly MailboxId[]) => [...new Set(from)].sort((a, b) => a - b);
  assert.deepEqual(
    found.map(({ row, email, untilMs, from }) => ({ id: row.id, email, untilMs, from: setOf(from) })),
    wanted.map(([id, { email, untilMs, from }]) => ({ id, email, untilMs, from: setOf(from) })),
    `what is put off in account ${account}`,
  );
}

/** What was deleted a while ago at most can be brought back, from the history or from its mailbox, unless it was too much. */
async function checkDeleted(world: World, account: AccountId): Promise<void> {
  const there = new Set<string>();
  const { deleted, givenUp } = world.truth.of(account);
  for (const row of await world.store.loadUnreleased(account, 1e15, 100_000, undefined, 0))
    for (const { uid } of unpackRecords(row.records ?? Buffer.alloc(0))) {
      const key = `${row.mailbox} ${uid}`;
      there.add(key);
      assert.ok(
        row.deletion === undefined || !givenUp.has(key),
        `${key} was given up and can be brought back`,
      );
    }
  for (const { id } of await world.store.loadBuried(account))
    for (const { records } of await world.store.loadChunks(account, id, 0, 100_000))
      for (const { uid } of unpackRecords(records)) there.add(`${id} ${uid}`);
  for (const [key, { atMs, content, mayBeGivenUp }] of world.recoverBytes < Number.POSITIVE_INFINITY
    ? []
    : deleted)
    if (atMs + RECOVER_MS > world.clock.nowMs() && mayBeGivenUp !== true)
      assert.ok(there.has(key), `${content.id}, deleted from ${key}, cannot be brought back`);
}

/** What was sent waits until it has left or was taken back, with its octets, whatever became of copies. */
async function checkOutgoing(world: World, account: AccountId): Promise<void> {
  const wanted = [...world.truth.of(account).outgoing].filter(([id]) => !world.left.has(id));
  const found = await world.store.outgoing.list(0, 100_000, account);
  assert.deepEqual(
    found.map(({ row }) => row.id),
    wanted.map(([id]) => id).sort((a, b) => a - b),
    `mail that is to leave account ${account}`,
  );
  for (const { row } of found) {
    const [octets] = await world.store.readRanges([{ email: row.email, start: 0, end: 1e9 }]);
    const content = world.truth.of(account).outgoing.get(row.id);
    assert.ok(content?.octets.equals(octets as Buffer), `outgoing mail ${row.id} is not ${content?.id}`);
  }
}

/** An answer is in the thread of what it answers, whatever came in the same turn; and no thread ever changes. */
async function checkThreads(world: World, account: AccountId): Promise<void> {
  const listed = await world.store.listEmails(account, 0, 100_000);
  const ids = listed.map(({ id }) => id);
  const facts = await world.store.loadEmails(ids, ['links', 'thread']);
  const threadsOf = new Map<string, Set<number>>();
  for (const [i, id] of ids.entries()) {
    const email = emailNumber(id);
    const { thread } = facts[i] ?? {};
    assert.ok(thread !== undefined && thread <= email, `email ${email} is in thread ${thread}`);
    assert.equal(world.threads.get(id) ?? thread, thread, `email ${email} has changed its thread`);
    world.threads.set(id, thread);
    const { id: own, inReplyTo } = readLinks(facts[i]?.links as Buffer);
    const answered = inReplyTo && threadsOf.get(inReplyTo.toString('hex'));
    if (answered !== undefined && world.lostReads === 0)
      assert.ok(
        answered.has(thread),
        `email ${email} is in thread ${thread}, what it answers in ${[...answered]}`,
      );
    if (own === undefined) continue;
    const key = own.toString('hex');
    threadsOf.set(key, (threadsOf.get(key) ?? new Set()).add(thread));
  }
}

/** Past the grace period nothing is kept that nobody needs. */
export async function auditAfterReaping(world: World): Promise<void> {
  await world.quiet();
  world.advance(AFTER_GRACE_MS);
  for (const { id } of world.people) {
    let passes = 0;
    for (let released = 1; released > 0; passes++) {
      assert.ok(passes < MOST_PASSES, 'the reaper never comes to an end');
      released = 0;
      world.ask({
        what: `${id} reap`,
        run: async () => {
          released = await reapAccount(world.domain, id);
        },
      });
      await world.quiet();
    }
    await checkLeftovers(world, await opened(world, world.domain, id));
  }
  await compareAll(world, world.fresh(), 'after the reaper');
  await checkStored(world);
}

async function checkLeftovers(world: World, account: AccountState): Promise<void> {
  const holdersOf = (mailbox: MailboxId) => {
    const gone = [...account.gone].find(({ id }) => id === mailbox);
    return [...((account.mailboxes.get(mailbox) ?? gone)?.viewers ?? [])];
  };
  for (const { mailbox, modseq } of await world.store.loadUnreleased(account.id, 1e15, 100_000)) {
    const isNeeded = holdersOf(mailbox).some(({ seenModseq }) => seenModseq < modseq);
    assert.ok(isNeeded, `what was expunged from mailbox ${mailbox} at modseq ${modseq} is kept for nobody`);
  }
  for (const { id: mailbox } of await world.store.loadBuried(account.id)) {
    assert.ok(holdersOf(mailbox).length > 0, `the deleted mailbox ${mailbox} is kept for nobody`);
  }
}

async function checkStored(world: World): Promise<void> {
  const problems: string[] = [];
  for await (const event of checkMail(world.fresh(), { repair: false })) {
    if (event.kind === 'problem')
      problems.push(`${event.account} ${event.mailbox} ${event.uid}: ${event.what}`);
  }
  assert.deepEqual(problems, [], 'what the checker says');
}

async function compareAll(world: World, domain: Domain, when: string): Promise<void> {
  for (const { id, address } of world.people) {
    const account = await opened(world, domain, id);
    const [record] = [await world.store.directory.get(id)];
    assert.deepEqual(account.record, record, `${address} ${when}: the entry of the directory`);
    await compare(world, domain, account, `${address} ${when}`);
    await world.follower(id).check(domain, account, `${address} ${when}`);
    assert.equal(await faultInPlaces(domain, account), undefined, `${address} ${when}`);
  }
}

/** In the domain that is judged, a new account's first mailboxes are a change like any other. */
async function opened(world: World, domain: Domain, id: AccountState['id']): Promise<AccountState> {
  let account: AccountState | undefined;
  world.ask({
    what: `${id} open`,
    run: async () => {
      account = await world.domain.accounts.open(id);
    },
  });
  await world.quiet();
  if (domain !== world.domain) return domain.accounts.open(id);
  assert.ok(account !== undefined);
  return account;
}

/** What was said last of the account counts, then what was said of its domain. */
async function compareLimits(
  { store }: World,
  { record, limits }: AccountState,
  where: string,
): Promise<void> {
  const own = await store.directory.get(record.id);
  const ofAll = (await store.directory.domains.find(DOMAIN))?.quota;
  const pairs = [
    ['bytes', own?.quotaBytes],
    ['messages', own?.quotaMessages],
    ['mailboxes', own?.quotaMailboxes],
  ] as const;
  for (const [resource, choice] of pairs) {
    const counts = choice ?? ofAll?.[resource];
    assert.equal(limits[resource], counts === 'none' ? undefined : counts, `${where}: limit of ${resource}`);
  }
}

async function compare(world: World, domain: Domain, account: AccountState, where: string): Promise<void> {
  const model = world.truth.of(account.id);
  assert.deepEqual([...account.byName.keys()].sort(), model.names, `${where}: names`);
  const { modseq, usedBytes, usedMessages } = account;
  const { modseq: m, usedBytes: b, usedMessages: n } = model;
  assert.deepEqual({ modseq, usedBytes, usedMessages }, { modseq: m, usedBytes: b, usedMessages: n }, where);
  assert.deepEqual(
    [...account.orphanSubscriptions].sort(),
    [...model.orphans].sort(),
    `${where}: subscriptions`,
  );
  await compareLimits(world, account, where);
  const annotations = [...account.annotations.values()];
  assert.deepEqual(
    new Map(annotations.map((row) => [annotationKey(row), row.sizeBytes])),
    model.annotations,
    `${where}: annotations`,
  );
  const values = await domain.store.loadAnnotations(account.id, annotations);
  for (const [i, { name, sizeBytes }] of annotations.entries())
    assert.ok(values[i]?.equals(Buffer.alloc(sizeBytes, 'x')), `${where}: the annotation ${name}`);
  for (const wanted of model.mailboxes.values()) {
    const mailbox = account.mailboxes.get(wanted.id);
    assert.ok(mailbox !== undefined, `${where}: mailbox ${wanted.id} is missing`);
    const place = `${where} ${wanted.name}`;
    assert.deepEqual(rowOf(mailbox), rowOfModel(wanted), place);
    const list = await loadList(domain, account, mailbox);
    const found = Array.from({ length: list.count }, (_, row) => recordAt(list.columns, row));
    const shown = found.map(({ uid, flags, keywordSet, size, modseq: at }) =>
      [uid, flags, folded(mailbox.keywords.namesOf(keywordSet)), size, at].join(' '),
    );
    assert.deepEqual(shown, [...wanted.messages.values()].map(shownInModel), `${place}: messages`);
    await compareOctets(domain, account, wanted, found);
    compareShares(account, wanted, place);
    const names = await loadExternalIds(domain, account, mailbox);
    assert.deepEqual(new Map(names), externalIdsOf(wanted), `${place}: names from elsewhere`);
  }
}

/** Who may do what, and what everybody but the owner has seen. */
function compareShares({ shares, seen }: AccountState, wanted: ModelMailbox, place: string): void {
  const sorted = (map: ReadonlyMap<string, string> = new Map()) => [...map].sort();
  assert.deepEqual(sorted(shares.get(wanted.id)), sorted(wanted.shares), `${place}: rights`);
  const seenBy = new Map<AccountId, number[]>();
  for (const { uid, seenBy: readers = [] } of wanted.messages.values())
    for (const reader of readers) seenBy.set(reader, [...(seenBy.get(reader) ?? []), uid]);
  const readers = new Set([...(seen.get(wanted.id)?.keys() ?? []), ...seenBy.keys()]);
  for (const reader of readers) {
    const pages = seen.get(wanted.id)?.get(reader);
    const uids = (pages?.ranges() ?? []).flatMap(([low, high]) =>
      Array.from({ length: high - low + 1 }, (_, i) => low + i),
    );
    assert.deepEqual(uids, seenBy.get(reader) ?? [], `${place}: what ${reader} has seen`);
    assert.equal(pages?.count ?? 0, uids.length, `${place}: how much ${reader} has seen`);
  }
}

const rowOf = ({
  name,
  uidValidity,
  uidNext,
  exists,
  unseen,
  firstUnseen,
  deleted,
  bytes,
  subscribed,
  isSubscribedUnasked,
}: MailboxState) => ({
  ...{
    name,
    uidValidity,
    uidNext,
    exists,
    unseen,
    firstUnseen,
    deleted,
    bytes,
    subscribed,
    isSubscribedUnasked,
  },
});

function rowOfModel({
  name,
  uidValidity,
  uidNext,
  messages,
  subscription,
}: ModelMailbox): ReturnType<typeof rowOf> {
  const all = [...messages.values()];
  const isUnseen = ({ flags }: ModelMessage): boolean => (flags & FLAG.Seen) === 0;
  return {
    name,
    uidValidity: uidValidity as MailboxState['uidValidity'],
    uidNext,
    exists: all.length,
    unseen: all.filter(isUnseen).length,
    firstUnseen: all.findIndex(isUnseen) + 1,
    deleted: all.filter(({ flags }) => (flags & FLAG.Deleted) !== 0).length,
    bytes: all.reduce((sum, { content }) => sum + content.octets.length, 0),
    subscribed: subscription !== 'none',
    isSubscribedUnasked: subscription === 'unasked',
  };
}

const shownInModel = ({ uid, flags, keywords, content, modseq }: ModelMessage): string =>
  [uid, flags, keywords, content.octets.length, modseq].join(' ');

function externalIdsOf({ messages }: ModelMailbox): Map<number, string> {
  const named = [...messages.values()].filter(({ externalId }) => externalId !== undefined);
  return new Map(named.map(({ uid, externalId }) => [uid, externalId as string]));
}

async function compareOctets(
  domain: Domain,
  account: AccountState,
  { name, messages }: ModelMailbox,
  found: readonly { readonly uid: number; readonly email: number; readonly size: number }[],
): Promise<void> {
  const ranges = found.map(({ email, size }) => ({ email: emailId(account.id, email), start: 0, end: size }));
  const octets = await domain.store.readRanges(ranges);
  for (const [i, { uid }] of found.entries()) {
    const wanted = messages.get(uid)?.content;
    assert.ok(octets[i] !== undefined, `${name} UID ${uid} (${wanted?.id}) is listed and cannot be read`);
    assert.ok(
      wanted?.octets.equals(octets[i] as Buffer),
      `${name} UID ${uid} is not ${wanted?.id}: ${octets[i]}`,
    );
  }
}

async function checkDevice(world: World, device: Device): Promise<void> {
  if (device.end !== undefined || device.mailbox === undefined) return;
  const model: ModelAccount = world.truth.of(device.account.id);
  const { mailbox } = device;
  try {
    await device.refresh();
  } catch (error) {
    // Its messages could not be read when it was opened: it is told so until it opens the mailbox anew.
    if (!(error instanceof MailboxError)) throw error;
    return device.close('its messages could not be read');
  }
  if (device.end !== undefined) return;
  const wanted = model.find(mailbox.id);
  assert.ok(wanted !== undefined, `a device has mailbox ${mailbox.id} open, which never was`);
  const has = device.list.map(({ uid, shown, modseq }) => `${uid} ${shown} ${modseq}`);
  const reader = device.guest?.person.id;
  assert.ok(
    reader === undefined || wanted.may(reader, 'r'),
    `${wanted.name} is open to ${reader}, who may not`,
  );
  const is = [...wanted.messages.values()].map(({ uid, flags, keywords, modseq, seenBy = [] }) => {
    const shown = `${flags} ${keywords}`;
    return `${uid} ${reader === undefined ? shown : asSeenBy(shown, seenBy.includes(reader))} ${modseq}`;
  });
  assert.deepEqual(has, is, `what a device that has ${wanted.name} open was told`);
}
