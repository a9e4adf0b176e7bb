/** The steps of people who share: rights given and taken, and what somebody does in the mailboxes of others, as his sessions do it. */
import assert from 'node:assert/strict';
import { setImmediate as rest } from 'node:timers/promises';
import { copyTo, moveTo } from '../../src/imap/commands/transfer.ts';
import type { SessionContext } from '../../src/imap/context.ts';
import type { Selected } from '../../src/imap/selected.ts';
import { FLAG } from '../../src/mail/flags.ts';
import { MailboxError } from '../../src/mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../../src/mailbox/model/model.ts';
import { type Rights, readRights } from '../../src/mailbox/model/rights.ts';
import { ANYONE, accountIdentity, NEGATIVE, type Person } from '../../src/mailbox/model/shares.ts';
import { appendMessages } from '../../src/mailbox/operations/append.ts';
import { expungeMessages } from '../../src/mailbox/operations/expunge.ts';
import { changeFlags, type FlagChange } from '../../src/mailbox/operations/flags.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { changeShares } from '../../src/mailbox/operations/shares.ts';
import { Place } from '../../src/mailbox/operations/visiting.ts';
import type { AccountListener, AccountState } from '../../src/mailbox/state/account.ts';
import type { MailboxState } from '../../src/mailbox/state/mailbox.ts';
import type { ModelMailbox, NewMessage } from './account-model.ts';
import { Device } from './device.ts';
import * as is from './semantics.ts';
import * as shared from './sharing.ts';
import { holding, SLICE, type Step, sliced, stateOf } from './step.ts';
import type { World } from './world.ts';

/** To look, to keep what one has seen, to work with it, to have it as one's own, to put into it, to look without working. */
const USUAL = ['lr', 'lrs', 'lrswite', 'lrswipkxtea', 'li', 'lrsw', 'i', 'r', ''];
const MOST_DEVICES = 8;
const MOST_TRIES = 6;

export const personOf = (id: AccountId): Person => ({
  id,
  identities: new Set([accountIdentity(id), ANYONE]),
});

/** What is refused to whom it is not to be seen, or who may not. */
const NOT_HIS = ['forbidden', 'nonexistent'];

export function grant(step: Step): void {
  const { world, random, record } = step;
  const mailbox = step.mailbox();
  if (mailbox === undefined) return;
  const others = world.people.filter((one) => one.id !== record.id && one.shard === record.shard);
  if (others.length === 0) return;
  const other = random.pick(others);
  const name = random.chance(0.15) ? ANYONE : accountIdentity(other.id);
  const identity = random.chance(0.1) ? NEGATIVE + name : name;
  const mode = random.pick(['replace', 'replace', 'add', 'remove'] as const);
  const letters = random.chance(0.8)
    ? random.pick(USUAL)
    : [...'lrswipkxtea'].filter(() => random.chance(0.5)).join('');
  const { rights } = readRights(letters) as { rights: Rights };
  const { judge, hold } = holding(shared.grant({ mailbox: mailbox.id, identity, mode, letters }));
  world.ask({
    what: step.what(`grant ${mode} "${letters}" in ${mailbox.name} to ${identity}`),
    judge: (model, seen) => (seen.account.id === record.id ? judge : shared.noted)(model, seen),
    isPartial: true,
    run: async () => {
      const account = await step.open();
      const state = stateOf(account, mailbox);
      if (state !== undefined)
        await changeShares(world.domain, account, hold(state), identity, { mode, rights });
    },
  });
}

/** Somebody else, and a mailbox of the step's account, one that is shared rather than one that is not. */
function guestIn(step: Step): { readonly guest: AccountRecord; readonly mailbox: ModelMailbox } | undefined {
  const { world, random, record } = step;
  // Who is kept elsewhere shares nothing.
  const guests = world.people.filter((one) => one.id !== record.id && one.shard === record.shard);
  if (guests.length === 0) return undefined;
  const guest = random.pick(guests);
  const open = [...step.model.mailboxes.values()].filter((one) => one.may(guest.id, 'r'));
  const mailbox = open.length > 0 && random.chance(0.85) ? random.pick(open) : step.mailbox();
  return mailbox && { guest, mailbox };
}

const placeOf = (account: AccountState, mailbox: MailboxState, guest: AccountRecord): Place =>
  new Place(account, mailbox, { person: personOf(guest.id) });

/** Sometimes he tries what he may not, as when it was taken since he was asked. */
function triesAnyway({ random }: Step): boolean {
  return random.chance(0.2);
}

export function appendAsGuest(step: Step): void {
  const { world } = step;
  const found = guestIn(step);
  if (found === undefined) return;
  const { guest, mailbox } = found;
  const wanted = { flags: step.bits(), keywords: is.folded(step.keywords()) };
  const content = step.content();
  let message: NewMessage | undefined;
  const visit = { who: guest.id, mailbox: mailbox.id, rights: () => 'i' };
  const put: is.Semantic = (model, seen) => {
    assert.ok(message !== undefined, 'a change before it was asked for');
    is.append(mailbox.id, [message])(model, seen);
  };
  const { judge, hold } = holding(shared.asVisitor([visit], put));
  const isBold = triesAnyway(step);
  world.ask({
    what: step.what(`guest-append ${content.id} to ${mailbox.name} by ${guest.id}`),
    judge,
    mayRefuse: ['nonexistent'],
    run: async () => {
      const account = await step.open();
      const state = stateOf(account, mailbox);
      const received = await receive(world.domain.store, [account.id], 1e9, content.octets);
      if (state === undefined) return;
      const place = placeOf(account, hold(state), guest);
      if (!place.may('i') && !isBold) return;
      const words = wanted.keywords.split(' ').filter((word) => word !== '');
      const allowed = place.allowed({ flags: wanted.flags, keywords: words });
      const marks = { flags: allowed.flags, keywords: is.folded(allowed.keywords) };
      assert.deepEqual(marks, shared.allowedIn(account, state, guest.id, wanted), 'flags that he may set');
      message = shared.putBy(guest.id, { content, ...marks });
      const incoming = { ...received, ...allowed, internalDate: undefined };
      const options = { reader: guest.id };
      await appendMessages(place.acting(world.domain, 'i'), account, state, [incoming], options);
    },
  });
}

/** As STORE does: those of the flags that he may change. */
export function flagAsGuest(step: Step): void {
  const { world, random } = step;
  const found = guestIn(step);
  if (found === undefined) return;
  const { guest, mailbox } = found;
  const uids = step.uids(mailbox);
  const mode = random.pick(['replace', 'add', 'add', 'remove'] as const);
  const flags = random.chance(0.5) ? FLAG.Seen : step.bits();
  const since = random.chance(0.2) ? { unchangedSince: random.integer(0, step.model.modseq) } : {};
  let wanted: FlagChange | undefined;
  let rights = '';
  const visit = { who: guest.id, mailbox: mailbox.id, rights: () => `r${rights}` };
  const change = sliced(uids, SLICE, (slice) => (model, seen) => {
    assert.ok(wanted !== undefined, 'a change before it was asked for');
    is.flags(mailbox.id, slice, wanted)(model, seen);
  });
  const { judge, hold } = holding(shared.asVisitor([visit], change));
  const keywords = step.keywords();
  world.ask({
    what: step.what(`guest-flags ${mode} ${flags} ${keywords} of ${uids} in ${mailbox.name} by ${guest.id}`),
    judge,
    run: async () => {
      const account = await step.open();
      const state = stateOf(account, mailbox);
      if (state === undefined) return;
      const place = placeOf(account, hold(state), guest);
      const his = (['s', 't', 'w'] as const).filter((right) => place.may(right));
      const { reader } = place;
      if (!place.may('r') || his.length === 0 || reader === undefined) return;
      rights = his.join('');
      wanted = { mode, flags, keywords, ...since, reader };
      await changeFlags(place.acting(world.domain, 'r', ...his), account, state, uids, wanted);
    },
  });
}

export function expungeAsGuest(step: Step): void {
  const { world, random } = step;
  const found = guestIn(step);
  if (found === undefined) return;
  const { guest, mailbox } = found;
  const uids = step.uids(mailbox);
  const wants = random.chance(0.5) ? () => true : (uid: number) => uids.includes(uid);
  const visit = { who: guest.id, mailbox: mailbox.id, rights: () => 'e' };
  const { judge, hold } = holding(shared.asVisitor([visit], is.expungeMarked(mailbox.id, wants)));
  const isBold = triesAnyway(step);
  world.ask({
    what: step.what(`guest-expunge what is marked in ${mailbox.name} by ${guest.id}`),
    judge,
    run: async () => {
      const account = await step.open();
      const state = stateOf(account, mailbox);
      if (state === undefined) return;
      const place = placeOf(account, hold(state), guest);
      if (!isBold && !(place.may('r') && place.may('e'))) return;
      await expungeMessages(place.acting(world.domain, 'e'), account, state, { marked: wants });
    },
  });
}

interface End {
  readonly owner: AccountRecord;
  readonly mailbox: ModelMailbox;
  readonly isOwn: boolean;
}

/** Of the guest himself, or of somebody who shares it with him; as a source one with messages. */
function endFor(step: Step, guest: AccountRecord, isSource: boolean): End | undefined {
  const { world, random } = step;
  const near = world.people.filter(({ shard }) => shard === guest.shard);
  const all = near.flatMap((owner) => {
    const isOwn = owner.id === guest.id;
    const { mailboxes } = world.truth.of(owner.id);
    return [...mailboxes.values()].map((mailbox) => ({ owner, mailbox, isOwn }));
  });
  const right = isSource ? 'r' : 'i';
  const usable = all.filter(
    ({ mailbox, isOwn }) =>
      (isOwn || mailbox.may(guest.id, right)) && (!isSource || mailbox.messages.size > 0),
  );
  const others = usable.filter(({ isOwn }) => !isOwn);
  if (others.length > 0 && random.chance(0.6)) return random.pick(others);
  const some = random.chance(0.9) ? usable : all;
  return some.length === 0 ? undefined : random.pick(some);
}

const SESSION = (domain: World['domain']): SessionContext =>
  ({
    domain,
    breathe: () => (domain.clock.nowMs() % 2 === 0 ? rest() : undefined),
  }) as unknown as SessionContext;

/** COPY and MOVE of somebody who has the source open: within an account of another, out of it, into it, or from one to another. */
export function transferAsGuest(step: Step): void {
  const { world, random } = step;
  let found: Pick<Transfer, 'guest' | 'from' | 'to'> | undefined;
  for (let tries = 0; tries < MOST_TRIES && found === undefined; tries++) {
    const guest = random.pick(world.people);
    const from = endFor(step, guest, true);
    const to = endFor(step, guest, false);
    if (from !== undefined && to !== undefined && !(from.isOwn && to.isOwn)) found = { guest, from, to };
  }
  if (found === undefined) return;
  const { guest, from, to } = found;
  const isMove = random.chance(0.5);
  const isOfAll = random.chance(0.5);
  const uids = step.uids(from.mailbox);
  const transfer = { from, to, guest, uids, isMove, isOfAll };
  if (from.owner.id === to.owner.id) transferInside(step, transfer);
  else transferAcross(step, transfer);
}

interface Transfer {
  readonly from: End;
  readonly to: End;
  readonly guest: AccountRecord;
  readonly uids: readonly number[];
  readonly isMove: boolean;
  readonly isOfAll: boolean;
}

const wordsFor = ({ from, to, guest, uids, isMove }: Transfer): string =>
  `guest-${isMove ? 'move' : 'copy'} ${uids} from ${from.mailbox.name} of ${from.owner.id} to ${to.mailbox.name} of ${to.owner.id} by ${guest.id}`;

function transferInside(step: Step, transfer: Transfer): void {
  const { world } = step;
  const { from, to, guest, uids, isMove, isOfAll } = transfer;
  const who = guest.id;
  let kept: is.Kept | undefined;
  const source = { who, mailbox: from.mailbox.id, rights: () => (isMove ? 'rte' : 'r') };
  const target = { who, mailbox: to.mailbox.id, rights: () => 'i' };
  const copying = (): is.Copying => ({
    ...{ source: from.mailbox.id, target: to.mailbox.id, uids, isOfAll },
    ...(kept && { kept }),
  });
  let copy: is.Semantic | undefined;
  const copied: is.Semantic = (model, seen) => {
    copy ??= is.copy(copying(), SLICE);
    copy(model, seen);
  };
  const moved = sliced(
    uids,
    SLICE,
    (slice) => (model, seen) => is.move(from.mailbox.id, slice, to.mailbox.id, kept)(model, seen),
  );
  // In the order in which they are asked for.
  const visits = isMove ? [source, target] : [target, source];
  const judged = isMove ? shared.asVisitor(visits, moved) : shared.copyAsVisitor(visits, copied);
  const { judge, hold } = holding(judged);
  world.ask({
    what: step.what(wordsFor(transfer)),
    judge,
    mayRefuse: ['over-quota', ...NOT_HIS],
    run: async () => {
      const account = await world.domain.accounts.open(from.owner.id);
      const [source, target] = [stateOf(account, from.mailbox), stateOf(account, to.mailbox)];
      if (source === undefined || target === undefined) return;
      const opened = openedAt(placeOf(account, hold(source), guest));
      const place = placeOf(account, hold(target), guest);
      if (!opened.place.may('r') || !place.may('i')) return;
      kept = place.kept;
      const session = SESSION(world.domain);
      if (!isMove) return copyTo(session, opened, uids, place, isOfAll);
      const { failure } = await moveTo(session, opened, uids, place);
      if (failure !== undefined) throw failure;
    },
  });
}

/** The mailbox as a session has it open, as far as it matters to what goes elsewhere. */
function openedAt(place: Place): Selected {
  const { account, mailbox } = place;
  const opened = {
    place,
    account,
    mailbox,
    get readModseq() {
      return mailbox.modseq;
    },
  };
  return opened as unknown as Selected;
}

/** Says of each message how it is to be marked where it goes. */
class ComposingPlace extends Place {
  uid = 0;
  override flagsOf(uid: number, flags: number): number {
    this.uid = uid;
    return super.flagsOf(uid, flags);
  }
}

function transferAcross(step: Step, transfer: Transfer): void {
  const { world } = step;
  const { from, to, guest, uids, isMove, isOfAll } = transfer;
  const who = guest.id;
  const by = (end: End): { by?: AccountId } => (end.isOwn ? {} : { by: who });
  let source: MailboxState | undefined;
  let account: AccountState | undefined;
  const across = new shared.Across(
    { account: from.owner.id, mailbox: from.mailbox.id, ...by(from) },
    { account: to.owner.id, mailbox: to.mailbox.id, ...by(to) },
    (uid) => world.truth.contentOf(from.owner.id, from.mailbox.id, uid),
    (right) =>
      source?.isGone === false && account !== undefined && shared.mayNow(account, source.id, who, right),
  );
  const held = { source: holding(across.judge), target: holding(across.judge) };
  world.ask({
    what: step.what(wordsFor(transfer)),
    judge: (model, seen) => held[seen.account.id === from.owner.id ? 'source' : 'target'].judge(model, seen),
    mayRefuse: ['over-quota', ...NOT_HIS, ...(isOfAll ? ['conflict'] : [])],
    run: async () => {
      const accounts = await Promise.all([from, to].map(({ owner }) => world.domain.accounts.open(owner.id)));
      account = accounts[0] as AccountState;
      const other = accounts[1] as AccountState;
      source = stateOf(account, from.mailbox);
      const target = stateOf(other, to.mailbox);
      if (source === undefined || target === undefined) return;
      held.source.hold(source);
      const visitor = { person: personOf(who) };
      const left = new ComposingPlace(account, source, from.isOwn ? undefined : visitor);
      const right = new Place(other, held.target.hold(target), to.isOwn ? undefined : visitor);
      const allowed = right.allowed.bind(right);
      right.allowed = (marks) => {
        const given = allowed(marks);
        const { flags, keywords } = { ...given, keywords: is.folded(given.keywords) };
        const wanted = { flags: marks.flags, keywords: is.folded(marks.keywords) };
        const expected = to.isOwn ? wanted : shared.allowedIn(other, target, who, wanted);
        assert.deepEqual({ flags, keywords }, expected, 'flags that he may set');
        across.compose(left.uid, { flags, keywords });
        return given;
      };
      if (!left.may('r') || !right.may('i')) return;
      const session = SESSION(world.domain);
      const work = () =>
        isMove
          ? moveTo(session, openedAt(left), uids, right)
          : copyTo(session, openedAt(left), uids, right, isOfAll);
      await heldInMemory([account, other], async () => {
        // A number that may be given to another is told to nobody.
        while (account?.unsettled !== undefined) await account.unsettled.catch(() => {});
        await transferred(world, { ...transfer, across }, work);
      });
    },
  });
}

/** As a session holds its own account and those that it reaches. */
async function heldInMemory(accounts: readonly AccountState[], work: () => Promise<void>): Promise<void> {
  const listener: AccountListener = { onEvicted: () => {} };
  for (const account of accounts) account.listeners.add(listener);
  try {
    await work();
  } finally {
    for (const account of accounts) account.listeners.delete(listener);
  }
}

/** What became of it is compared with what is told. */
async function transferred(
  world: World,
  { to, isMove, across }: Transfer & { readonly across: shared.Across },
  work: () => Promise<{ from: readonly number[]; to: readonly number[]; failure?: MailboxError }>,
): Promise<void> {
  const isThere = (uid: number): boolean => world.truth.isThere(to.owner.id, to.mailbox.id, uid);
  let failure: unknown;
  let told: { from: readonly number[]; to: readonly number[] } = { from: [], to: [] };
  try {
    const result = await work();
    told = result;
    failure = result.failure;
    world.successes.set('across', (world.successes.get('across') ?? 0) + told.from.length);
  } catch (error) {
    failure = error;
  }
  const words = failure instanceof MailboxError ? failure.message : '';
  if (failure === undefined || failure instanceof MailboxError)
    world.truth.check(() => across.verify(isMove, told, words, isThere));
  if (failure !== undefined) throw failure;
}

/** Somebody opens a mailbox of another. */
export function openAsGuest(step: Step): void {
  const { world, random } = step;
  const found = guestIn(step);
  if (found === undefined || world.devices.size >= MOST_DEVICES) return;
  const { guest, mailbox } = found;
  const waits = random.chance(0.5);
  const hasQresync = random.chance(0.5);
  world.ask({
    what: step.what(`guest-select ${mailbox.name} by ${guest.id}`),
    mayRefuse: NOT_HIS,
    run: async () => {
      const { domain, truth } = world;
      const guestOf = { person: personOf(guest.id) };
      const device = new Device({ domain, truth, account: await step.open(), hasQresync, guest: guestOf });
      await device.join();
      world.devices.add(device);
      await device.open(mailbox.name, waits);
    },
  });
}
