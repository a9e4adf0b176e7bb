/**
 * The steps of a run. Each is made from a seed of its own and the state it meets, so a run from which steps are taken out is
 * still a run; that is how a failure is made small (`shrink.ts`).
 */
import { setImmediate } from 'node:timers';
import { setImmediate as rest } from 'node:timers/promises';
import { FLAG } from '../../src/mail/flags.ts';
import type { AccountChange } from '../../src/mailbox/change/account-change.ts';
import { type Copy, IN_INBOX } from '../../src/mailbox/disposition.ts';
import { NO_MAILBOX } from '../../src/mailbox/model/annotations.ts';
import { MailboxError } from '../../src/mailbox/model/errors.ts';
import { asModSeq } from '../../src/mailbox/model/model.ts';
import { asOwnChanges, type LimitChoice } from '../../src/mailbox/model/quota.ts';
import { setAnnotations } from '../../src/mailbox/operations/annotations.ts';
import { appendMessages, type IncomingMessage } from '../../src/mailbox/operations/append.ts';
import { cancelOutgoing } from '../../src/mailbox/operations/cancel-outgoing.ts';
import { changeEmails } from '../../src/mailbox/operations/change-emails.ts';
import { copyMessages, moveMessages } from '../../src/mailbox/operations/copy.ts';
import { deliver } from '../../src/mailbox/operations/deliver.ts';
import { makeMailbox } from '../../src/mailbox/operations/edit-mailbox.ts';
import { expungeMessages } from '../../src/mailbox/operations/expunge.ts';
import { changeFlags, type FlagChange } from '../../src/mailbox/operations/flags.ts';
import {
  createMailbox,
  deleteMailbox,
  renameMailbox,
  setSubscribed,
} from '../../src/mailbox/operations/folders.ts';
import { forgetDeleted } from '../../src/mailbox/operations/forget-deleted.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { acceptOutgoing, type OutgoingMail } from '../../src/mailbox/operations/outgoing.ts';
import { setQuota } from '../../src/mailbox/operations/quota.ts';
import { recoverMail } from '../../src/mailbox/operations/recover.ts';
import { snoozeEmail, takeBackSnooze } from '../../src/mailbox/operations/snooze.ts';
import { listDeleted } from '../../src/mailbox/reading/deleted-mail.ts';
import { loadList, loadTail } from '../../src/mailbox/state/load.ts';
import { reapAccount } from '../../src/mailbox/upkeep/reaper.ts';
import { retainAccount } from '../../src/mailbox/upkeep/retain.ts';
import { tellRoom } from '../../src/mailbox/upkeep/room-notices.ts';
import { wakeAccount } from '../../src/mailbox/upkeep/waker.ts';
import { Random } from '../crash/random.ts';
import { CALM } from '../kit/unreliable-store.ts';
import { type ModelMailbox, type NewMessage, Refused } from './account-model.ts';
import { Device } from './device.ts';
import { Drop } from './drop.ts';
import { delivered } from './mail.ts';
import { nextTurn } from './pace.ts';
import * as later from './put-off.ts';
import * as is from './semantics.ts';
import { type Climate, holding, NAMES, SLICE, Step, sliced, stateOf } from './step.ts';
import * as visits from './visits.ts';
import { DOMAIN, RECOVER_MS, RETENTION_MS, type World } from './world.ts';

/** As POP3's QUIT does. */
const AT_ONCE = 5000;
const MOST_DEVICES = 8;

function append(step: Step): void {
  const { world, random } = step;
  const target = step.mailbox();
  if (target === undefined) return void openAccount(step);
  const count = random.chance(0.3) ? random.integer(2, 4) : 1;
  const messages: NewMessage[] = Array.from({ length: count }, (_, k) => {
    const content = step.content(k);
    const externalId = random.chance(0.15) ? { externalId: content.id } : {};
    return { content, flags: step.bits(), keywords: is.folded(step.keywords()), ...externalId };
  });
  const { judge, hold } = holding(is.append(target.id, messages));
  world.ask({
    what: step.what(`append ${messages.map(({ content }) => content.id)} to ${target.name}`),
    judge,
    mayRefuse: ['nonexistent'],
    run: async () => {
      const account = await step.open();
      const incoming: IncomingMessage[] = [];
      for (const { content, flags, keywords, externalId } of messages) {
        const received = await receive(world.domain.store, [account.id], 1e9, content.octets);
        const named = externalId === undefined ? {} : { externalId };
        const words = keywords.split(' ').filter((word) => word !== '');
        incoming.push({ ...received, flags, keywords: words, internalDate: undefined, ...named });
      }
      const mailbox = stateOf(account, target);
      if (mailbox !== undefined) await appendMessages(world.domain, account, hold(mailbox), incoming);
    },
  });
}

function replace(step: Step): void {
  const { world, random } = step;
  const source = step.source();
  const target = random.chance(0.6) ? source : step.mailbox();
  if (source === undefined || target === undefined) return;
  const uid = step.uids(source)[0] ?? 1;
  const message: NewMessage = {
    content: step.content(),
    flags: step.bits(),
    keywords: is.folded(step.keywords()),
  };
  const { judge, hold } = holding(is.replace(source.id, uid, target.id, message));
  world.ask({
    what: step.what(`replace ${uid} of ${source.name} by ${message.content.id} in ${target.name}`),
    judge,
    mayRefuse: ['nonexistent'],
    run: async () => {
      const account = await step.open();
      const received = await receive(world.domain.store, [account.id], 1e9, message.content.octets);
      const keywords = message.keywords.split(' ').filter((word) => word !== '');
      const [from, to] = [stateOf(account, source), stateOf(account, target)];
      if (from === undefined || to === undefined) return;
      hold(from);
      hold(to);
      const incoming = { ...received, flags: message.flags, keywords, internalDate: undefined };
      await appendMessages(world.domain, account, to, [incoming], { replaced: { mailbox: from, uid } });
    },
  });
}

function deliverToSome(step: Step): void {
  const { world, random } = step;
  const recipients = random.sample(world.people, random.chance(0.5) ? 1 : world.people.length);
  const content = step.content();
  const from = random.chance(0.2) ? '' : 'sender@example.org';
  world.ask({
    what: step.what(`deliver ${content.id} to ${recipients.map(({ id }) => id)}`),
    judge: (model, seen) => {
      const { address } = seen.account.record;
      const { mailboxesPerAccount: mostMailboxes } = world.limits;
      is.file({ copies: IN_INBOX.copies, content: delivered(content, from, address), mostMailboxes })(
        model,
        seen,
      );
    },
    isPartial: true,
    mayRefuse: ['over-quota'],
    run: async () => {
      const { domain } = world;
      const received = await receive(
        domain.store,
        recipients.map(({ id }) => id),
        1e9,
        content.octets,
      );
      const named = recipients.map(({ id, address }) => ({ account: id, address }));
      for (const outcome of await deliver(domain, named, received, from)) {
        if (outcome.kind === 'refused') throw outcome.error;
      }
    },
  });
}

/** One recipient has rules. */
function sort(step: Step): void {
  const { world, random, record } = step;
  const content = step.content();
  const copies: Copy[] = Array.from({ length: random.integer(0, 3) }, () => ({
    mailbox: step.name(),
    ...(random.chance(0.4) ? { makes: {} } : {}),
    flags: step.bits(),
    keywords: step.keywords(),
  }));
  const { failures } = world.store;
  const isLost = random.chance(0.1);
  const wanted = isLost ? IN_INBOX.copies : copies;
  const { mailboxesPerAccount: mostMailboxes } = world.limits;
  const stored = delivered(content, 'sender@example.org', record.address);
  const mayBeInbox = (): boolean => world.store.failures > failures;
  world.ask({
    what: step.what(`sort ${content.id} to ${wanted.map(({ mailbox }) => mailbox)}`),
    judge: is.file({ copies: wanted, content: stored, mostMailboxes, mayBeInbox }),
    isPartial: true,
    mayRefuse: ['over-quota'],
    run: async () => {
      const { domain } = world;
      const received = await receive(domain.store, [record.id], 1e9, content.octets);
      const waits = random.integer(0, 3);
      world.wishes.set(received, async () => {
        for (let turns = 0; turns < waits; turns++) await rest();
        if (isLost) throw new Error('made up');
        return { copies };
      });
      const to = [{ account: record.id, address: record.address }];
      const [outcome] = await deliver(domain, to, received, 'sender@example.org');
      if (outcome?.kind === 'refused') throw outcome.error;
    },
  });
}

const ENVELOPE: OutgoingMail['envelope'] = {
  kind: 'sent',
  sender: 'alice@example.com',
  isUtf8: false,
  isEightBit: false,
  requiresTls: false,
  isTlsOptional: false,
  expiresMs: 1e15,
};

function send(step: Step): void {
  const { world, random } = step;
  const target = random.chance(0.6) ? step.mailbox() : undefined;
  const message: NewMessage = { content: step.content(), flags: FLAG.Seen, keywords: '' };
  const recipients = Array.from({ length: random.integer(1, 2) }, (_, n) => {
    return { address: `${n}@example.org`, route: 'remote', notify: 0 } as const;
  });
  const { judge, hold } = holding(is.send(target?.id, message));
  world.ask({
    what: step.what(`send ${message.content.id} with a copy in ${target?.name ?? 'nothing'}`),
    judge,
    mayRefuse: ['nonexistent', 'limit'],
    run: async () => {
      const account = await step.open();
      const received = await receive(world.domain.store, [account.id], 1e9, message.content.octets);
      const mailbox = target && stateOf(account, target);
      if (target !== undefined && mailbox === undefined) return;
      const copy = mailbox && { mailbox: hold(mailbox), flags: message.flags, keywords: [] };
      await acceptOutgoing(world.domain, account, received, { envelope: ENVELOPE, recipients }, copy);
    },
  });
}

/** As whoever sends does: what it has claimed leaves. */
function leave(step: Step): void {
  const { world, random, record } = step;
  world.ask({
    what: step.what('leave'),
    run: async () => {
      const { outgoing } = world.domain.store;
      const all = await outgoing.list(0, 100, record.id);
      const chosen = random.sample([...all], 1)[0];
      if (chosen === undefined) return;
      const { id } = chosen.row;
      const owner = `leave ${step.n}`;
      if ((await outgoing.claim([id], owner, Date.now() + 60_000)).length === 0) return;
      const changes = chosen.recipients.map(({ n }) => ({ outgoing: id, n, become: 'ended' }) as const);
      const outcomes = await outgoing.settle(changes);
      if (outcomes.includes(true)) world.left.add(id);
      outgoing.giveBack([id], owner);
    },
  });
}

function cancel(step: Step): void {
  const { world, random } = step;
  const drafts = step.mailbox();
  const id = random.sample([...step.model.outgoing.keys()], 1)[0];
  if (drafts === undefined || id === undefined) return;
  const { judge, hold } = holding(is.cancel(id, drafts.id));
  world.ask({
    what: step.what(`cancel ${id} to ${drafts.name}`),
    judge,
    mayRefuse: ['nonexistent'],
    run: async () => {
      const account = await step.open();
      const mailbox = stateOf(account, drafts);
      if (mailbox !== undefined) await cancelOutgoing(world.domain, account, id, { drafts: hold(mailbox) });
    },
  });
}

function transfer(step: Step, verb: 'copy' | 'move'): void {
  const { world, random } = step;
  const source = step.source();
  const target = step.mailbox();
  if (source === undefined || target === undefined) return;
  const uids = step.uids(source);
  const isOfAll = random.chance(0.5);
  const copying = { source: source.id, uids, target: target.id, isOfAll };
  const moving = sliced(uids, SLICE, (slice) => is.move(source.id, slice, target.id));
  const { judge, hold } = holding(verb === 'copy' ? is.copy(copying, SLICE) : moving);
  world.ask({
    what: step.what(`${verb} ${uids} from ${source.name} to ${target.name}`),
    judge,
    mayRefuse: ['over-quota'],
    run: async () => {
      const account = await step.open();
      const [from, to] = [stateOf(account, source), stateOf(account, target)];
      if (from === undefined || to === undefined) return;
      hold(from);
      hold(to);
      if (verb === 'copy') return copyMessages(world.domain, account, from, uids, to, { isOfAll });
      const { failure } = await moveMessages(world.domain, account, from, uids, to);
      if (failure !== undefined) throw failure;
    },
  });
}

/** An email to one mailbox, by its number, as JMAP does it. */
function placeOne(step: Step): void {
  const { world, random, record } = step;
  const source = step.source();
  const target = step.mailbox();
  const uid = random.sample([...(source?.messages.keys() ?? [])], 1)[0];
  if (source === undefined || target === undefined || uid === undefined) return;
  const flags = random.chance(0.5) ? FLAG.Seen : FLAG.Flagged;
  const keywords = random.chance(0.5) ? ['$One'] : [];
  let placing: is.Placing | undefined;
  const { judge, hold } = holding(is.place(() => placing));
  world.ask({
    what: step.what(`place ${uid} of ${source.name} in ${target.name}`),
    judge,
    run: async () => {
      const account = await step.open();
      const [from, to] = [stateOf(account, source), stateOf(account, target)];
      if (from === undefined || to === undefined) return;
      const list = await loadList(world.domain, account, hold(from));
      hold(to);
      // A number that may be given to another is told to nobody.
      while (account.unsettled !== undefined) await account.unsettled.catch(() => {});
      const row = from.list === list ? list.indexOf(uid) : -1;
      const content = world.truth.of(record.id).find(source.id)?.messages.get(uid)?.content;
      if (row < 0 || content === undefined || from.isGone) return;
      placing = { content, target: target.id, flags, keywords };
      const none = { flags: 0, keywords: [] };
      const marks = { whole: { flags, keywords }, adds: none, removes: none };
      const mailboxes = { whole: new Set([target.id]), adds: new Set<never>(), removes: new Set<never>() };
      const updates = [{ email: list.columns.email[row] as number, mailboxes, marks }];
      await changeEmails(world.domain, account, { creates: [], updates, destroys: [] });
    },
  });
}

/** A draft, as JMAP does it: the new one comes and the one before goes in one change. */
function saveAnew(step: Step): void {
  const { world, random, record } = step;
  const source = step.source();
  const target = random.chance(0.6) ? source : step.mailbox();
  const uid = random.sample([...(source?.messages.keys() ?? [])], 1)[0];
  if (source === undefined || target === undefined || uid === undefined) return;
  const message: NewMessage = {
    content: step.content(),
    flags: FLAG.Draft | FLAG.Seen,
    keywords: is.folded(step.keywords()),
  };
  let saving: is.SavedAnew | undefined;
  const { judge, hold } = holding(is.saveAnew(() => saving));
  world.ask({
    what: step.what(`save ${uid} of ${source.name} anew as ${message.content.id} in ${target.name}`),
    judge,
    run: async () => {
      const account = await step.open();
      const [from, to] = [stateOf(account, source), stateOf(account, target)];
      if (from === undefined || to === undefined) return;
      const received = await receive(world.domain.store, [account.id], 1e9, message.content.octets);
      const list = await loadList(world.domain, account, hold(from));
      hold(to);
      // A number that may be given to another is told to nobody.
      while (account.unsettled !== undefined) await account.unsettled.catch(() => {});
      const row = from.list === list ? list.indexOf(uid) : -1;
      const old = world.truth.of(record.id).find(source.id)?.messages.get(uid)?.content;
      if (row < 0 || old === undefined || from.isGone) return;
      saving = { old, target: target.id, message };
      const marks = {
        flags: message.flags,
        keywords: message.keywords.split(' ').filter((word) => word !== ''),
      };
      const incoming = { ...received, ...marks, internalDate: undefined };
      const creates = [{ ...marks, message: incoming, mailboxes: new Set([target.id]) }];
      const destroys = [list.columns.email[row] as number];
      await changeEmails(world.domain, account, { creates, updates: [], destroys });
    },
  });
}

/** A mail until some minutes from now, or until now. */
function snooze(step: Step): void {
  const { world, random, record } = step;
  const source = step.source();
  const uid = random.sample([...(source?.messages.keys() ?? [])], 1)[0];
  const inMemory = world.domain.accounts.peek(record.id);
  if (inMemory !== undefined && later.placeFor(inMemory) === undefined) return void makeSnoozed(step);
  if (source === undefined || uid === undefined) return;
  const untilMs = world.clock.nowMs() + random.integer(0, 30) * 60_000;
  let asked: later.PuttingOff | undefined;
  world.ask({
    what: step.what(`snooze ${uid} of ${source.name}`),
    judge: later.putOff(() => asked),
    mayRefuse: ['cannot'],
    run: async () => {
      const account = await step.open();
      const from = stateOf(account, source);
      if (from === undefined) return;
      const list = await loadList(world.domain, account, from);
      // A number that may be given to another is told to nobody.
      while (account.unsettled !== undefined) await account.unsettled.catch(() => {});
      const row = from.list === list ? list.indexOf(uid) : -1;
      const content = world.truth.of(record.id).find(source.id)?.messages.get(uid)?.content;
      if (row < 0 || content === undefined || from.isGone) return;
      const email = list.columns.email[row] as number;
      asked = { content, email, untilMs };
      await snoozeEmail(world.domain, account, email, untilMs);
    },
  });
}

function makeSnoozed(step: Step): void {
  const { world } = step;
  world.ask({
    what: step.what('make the mailbox for what is put off'),
    judge: later.makePlace(world.limits.mailboxesPerAccount),
    run: async () => makeMailbox(world.domain, await step.open(), { name: later.SNOOZED, role: 'snoozed' }),
  });
}

function unsnooze(step: Step): void {
  const { world, random } = step;
  const id = random.sample([...step.model.snoozes.keys()], 1)[0];
  if (id === undefined) return;
  world.ask({
    what: step.what(`unsnooze ${id}`),
    judge: later.takeBack(id),
    mayRefuse: ['nonexistent'],
    run: async () => takeBackSnooze(world.domain, await step.open(), id),
  });
}

/** As the server does when it hears the alarm. */
function wake(step: Step): void {
  const { world, random, record } = step;
  const minutes = random.chance(0.5) ? 12 : 0;
  world.ask({
    what: step.what('wake'),
    judge: later.wake,
    mayRefuse: ['nonexistent'],
    run: async () => {
      await world.pass(minutes * 60_000);
      const woken = await wakeAccount(world.domain, record.id);
      world.successes.set('woken', (world.successes.get('woken') ?? 0) + woken);
    },
  });
}

function expunge(step: Step): void {
  const { world, random } = step;
  const source = step.source();
  if (source === undefined) return;
  const uids = step.uids(source);
  const isNamed = random.chance(0.4);
  const wants = random.chance(0.5) ? () => true : (uid: number) => uids.includes(uid);
  // Of later ones any.
  const isStill = world.underWay === 0;
  const { refusals } = world.truth;
  const atLeast = [...source.messages.values()].filter(
    ({ uid, flags }) => isStill && flags & FLAG.Deleted && wants(uid),
  );
  world.ask({
    what: step.what(`expunge ${isNamed ? uids : 'what is marked'} in ${source.name}`),
    judge: isNamed
      ? sliced(uids, SLICE, (slice) => is.expungeNamed(source.id, slice))
      : is.expungeMarked(source.id, wants),
    run: async () => {
      const account = await step.open();
      const mailbox = stateOf(account, source);
      if (mailbox === undefined) return;
      await expungeMessages(world.domain, account, mailbox, isNamed ? { uids } : { marked: wants });
      // Who looked when a change was there that is taken back hears that: the answer is not told.
      if (world.truth.refusals > refusals) return;
      const left = step.model.find(source.id)?.messages;
      for (const message of isNamed ? [] : atLeast)
        if (left?.get(message.uid) === message)
          throw new Error(`UID ${message.uid} is still there, and marked`);
    },
  });
}

function changeSome(step: Step, wanted: FlagChange): void {
  const { world } = step;
  const source = step.source();
  if (source === undefined) return;
  const uids = step.uids(source);
  const { mode, flags, keywords, unchangedSince } = wanted;
  world.ask({
    what: step.what(
      `flags ${mode} ${flags} ${keywords} of ${uids} in ${source.name} since ${unchangedSince}`,
    ),
    judge: sliced(uids, SLICE, (slice) => is.flags(source.id, slice, wanted)),
    run: async () => {
      const account = await step.open();
      const mailbox = stateOf(account, source);
      if (mailbox !== undefined) await changeFlags(world.domain, account, mailbox, uids, wanted);
    },
  });
}

function changeFlagsOfSome(step: Step): void {
  const { random } = step;
  const mode = random.pick(['replace', 'add', 'remove'] as const);
  const since = random.chance(0.2) ? { unchangedSince: random.integer(0, step.model.modseq) } : {};
  changeSome(step, { mode, flags: step.bits(), keywords: step.keywords(), ...since });
}

function mark(step: Step): void {
  changeSome(step, { mode: 'add', flags: FLAG.Deleted, keywords: [] });
}

function create(step: Step): void {
  const { world } = step;
  const name = step.name();
  world.ask({
    what: step.what(`create ${name}`),
    judge: is.create(name, world.limits.mailboxesPerAccount),
    run: async () => createMailbox(world.domain, await step.open(), name),
  });
}

function removeOne(step: Step): void {
  const { world } = step;
  const name = step.name();
  world.ask({
    what: step.what(`delete ${name}`),
    judge: is.remove(name),
    run: async () => deleteMailbox(world.domain, await step.open(), name),
  });
}

function rename(step: Step): void {
  const { world, random } = step;
  const to = random.pick(NAMES);
  const from = random.chance(0.15) ? 'INBOX' : step.name();
  const most = world.limits.mailboxesPerAccount;
  let target: ModelMailbox['id'] | undefined;
  const inbox: is.Semantic = (model, seen) => {
    const source = model.byName('INBOX') as ModelMailbox;
    if (target === undefined) {
      is.create(to, most)(model, seen);
      target = model.byName(to)?.id;
    } else if (seen.value === true) is.remove(model.mailboxes.get(target)?.name ?? to)(model, seen);
    else if (typeof seen.value === 'number' || (seen.value === undefined && !model.mailboxes.has(target)))
      is.annotateAlike(target)(model, seen);
    else if (seen.value !== false) is.moveSome(source.id, target)(model, seen);
  };
  world.ask({
    what: step.what(`rename ${from} to ${to}`),
    judge: from === 'INBOX' ? inbox : is.rename(from, to, most),
    run: async () => renameMailbox(world.domain, await step.open(), from, to),
  });
}

function annotate(step: Step): void {
  const { world, random } = step;
  const mailbox = random.chance(0.2) ? undefined : step.mailbox();
  const annotations = Array.from({ length: random.integer(1, 3) }, (_, i) => {
    const size = random.chance(0.25) ? undefined : random.integer(0, 300);
    return [`/private/${random.pick(['a', 'b', 'c'])}/${i}`, size] as const;
  });
  const { judge, hold } = holding(is.annotate(mailbox?.id ?? NO_MAILBOX, annotations));
  world.ask({
    what: step.what(`annotate ${mailbox?.name ?? 'the server'}`),
    judge,
    run: async () => {
      const account = await step.open();
      const state = mailbox && stateOf(account, mailbox);
      if (mailbox !== undefined && state === undefined) return;
      if (state !== undefined) hold(state);
      const values = annotations.map(([name, size]) => ({
        name,
        value: size === undefined ? undefined : Buffer.alloc(size, 'x'),
      }));
      await setAnnotations(world.domain, account, state, values);
    },
  });
}

function subscribe(step: Step): void {
  const { world, random } = step;
  const name = step.name();
  const isSubscribed = random.chance(0.5);
  world.ask({
    what: step.what(`${isSubscribed ? 'subscribe' : 'unsubscribe'} ${name}`),
    judge: is.subscribe(name, isSubscribed),
    run: async () => setSubscribed(world.domain, await step.open(), name, isSubscribed),
  });
}

function openDevice(step: Step): void {
  const { world, random } = step;
  const mailbox = step.mailbox();
  if (mailbox === undefined || world.devices.size >= MOST_DEVICES) return;
  const waits = random.chance(0.5);
  const hasQresync = random.chance(0.5);
  world.ask({
    what: step.what(`select ${mailbox.name}`),
    mayRefuse: ['nonexistent'],
    run: async () => {
      const { domain, truth } = world;
      const device = new Device({ domain, truth, account: await step.open(), hasQresync });
      await device.join();
      world.devices.add(device);
      await device.open(mailbox.name, waits);
    },
  });
}

function useDevice(step: Step): void {
  const { world, random } = step;
  const device = random.sample([...world.devices], 1)[0];
  if (device === undefined) return void openDevice(step);
  if (device.end !== undefined) world.devices.delete(device);
  const act = random.integer(0, device.guest === undefined ? 10 : 9);
  if (act === 10) copyWithDevice(step, device);
  else if (act === 0) {
    world.truth.note(step.what('hang up'));
    device.close('hung up');
    world.devices.delete(device);
  } else if (act < 4)
    world.ask({ what: step.what('fetch flags'), mayRefuse: ['nonexistent'], run: () => device.fetch() });
  else if (act < 7)
    world.ask({ what: step.what('noop'), mayRefuse: ['nonexistent'], run: () => device.refresh() });
  else readWithDevice(step, device);
}

function readWithDevice(step: Step, device: Device): void {
  const { world, random } = step;
  if (device.list.length === 0 || device.mailbox === undefined) return;
  const at = random.integer(0, device.list.length - 1);
  const { id, name } = device.mailbox;
  const { failures, lostReads } = world.store;
  const account = device.account.id;
  const isDeleted = (uid: number): boolean => world.truth.of(account).deleted.has(`${id} ${uid}`);
  const first = device.list[at]?.uid;
  const wasDeleted = first !== undefined && isDeleted(first);
  world.ask({
    what: step.what(`read ${first} of ${name}`),
    run: async () => {
      const { uid, octets } = await device.read(at);
      const isExcused = world.store.failures > failures || world.store.lostReads > lostReads;
      if (uid === undefined || device.end !== undefined || isExcused) return;
      const wanted = world.truth.contentOf(account, id, uid);
      // Whoever was not told that it is gone can read it; what was moved away or brought back is elsewhere.
      if (octets === undefined && uid === first && wasDeleted && isDeleted(uid))
        throw new Error(`UID ${uid} of ${name} was deleted, and is shown and not to be read`);
      if (octets !== undefined && wanted !== undefined && !octets.equals(wanted.octets))
        throw new Error(`UID ${uid} of ${name} is not ${wanted.id}: ${octets}`);
    },
  });
}

/** Also out of a mailbox that is deleted. */
function copyWithDevice(step: Step, device: Device): void {
  const { world, random } = step;
  const { account, mailbox } = device;
  const target = random.sample([...world.truth.of(account.id).mailboxes.values()], 1)[0];
  const uids = random.sample(device.uids, random.integer(1, 4)).sort((a, b) => a - b);
  if (mailbox === undefined || target === undefined || uids.length === 0) return;
  const isOfAll = random.chance(0.5);
  const copying = { source: mailbox.id, uids, target: target.id, isOfAll };
  const { judge, hold } = holding(is.copy(copying, SLICE));
  world.ask({
    what: step.what(`copy ${uids} of what is open, ${mailbox.name}, to ${target.name}`),
    judge,
    mayRefuse: ['over-quota'],
    run: async () => {
      const to = stateOf(account, target);
      if (to === undefined || device.end !== undefined) return;
      hold(mailbox);
      hold(to);
      await copyMessages(world.domain, account, mailbox, uids, to, { isOfAll });
    },
  });
}

function useDrop(step: Step): void {
  const { world, random, record } = step;
  const drop = world.drops.get(record.id);
  if (drop === undefined || drop.transaction === undefined) return void openDrop(step);
  const { maildrop } = drop.transaction;
  const act = random.integer(0, maildrop.count > 0 ? 10 : 3);
  if (act > 8) maildrop.markDeleted(random.integer(0, maildrop.count - 1));
  else if (act > 3) {
    const index = random.integer(0, maildrop.count - 1);
    const inbox = drop.transaction.viewer.mailbox.id;
    const wanted = world.truth.contentOf(record.id, inbox, maildrop.uidOf(index));
    world.ask({
      what: step.what(`retr ${index}`),
      run: async () => {
        const octets = await drop.read(index);
        // It reads ahead: what it has may have been read at any time since it was opened.
        if (octets === undefined || wanted === undefined || world.store.failures > drop.failuresBefore)
          return;
        if (drop.transaction === undefined) return;
        if (!octets.equals(wanted.octets)) throw new Error(`message ${index} is not ${wanted.id}: ${octets}`);
      },
    });
  } else if (act > 0) quitDrop(step, drop);
  else {
    world.truth.note(step.what('pop3 hangs up'));
    drop.close();
    world.drops.delete(record.id);
  }
}

function openDrop(step: Step): void {
  const { world, random, record } = step;
  const deletes = random.chance(0.5) ? 'trash' : 'expunge';
  world.ask({
    what: step.what(`pop3 (${deletes})`),
    run: async () => {
      const account = await step.open();
      if (world.drops.get(record.id)?.transaction !== undefined) return;
      const drop = new Drop(world.domain, account, world.store.failures);
      world.drops.get(record.id)?.close();
      world.drops.set(record.id, drop);
      await drop.open(deletes);
    },
  });
}

function quitDrop(step: Step, drop: Drop): void {
  const { world, record } = step;
  const { maildrop, settings, viewer } = drop.transaction as NonNullable<Drop['transaction']>;
  const uids = maildrop.deletedUids;
  const inbox = viewer.mailbox.id;
  world.drops.delete(record.id);
  // It is looked up now, and may be another or gone when the messages are moved.
  const { mailboxes, byName } = drop.account;
  let target = ([...mailboxes.values()].find(({ role }) => role === 'trash') ?? byName.get('Trash'))?.id;
  const moving = sliced(uids, AT_ONCE, (slice) => is.move(inbox, slice, target as ModelMailbox['id']));
  const toTrash: is.Semantic = (model, seen) => {
    if (seen.value === undefined)
      throw new Refused(['nonexistent', 'exists', 'limit', 'over-quota', 'cannot']);
    if (target === undefined) {
      is.create('Trash', world.limits.mailboxesPerAccount)(model, seen);
      target = model.byName('Trash')?.id;
    } else moving(model, seen);
  };
  const expunging = sliced(uids, AT_ONCE, (slice) => is.expungeNamed(inbox, slice));
  world.ask({
    what: step.what(`quit (${settings.delete} ${uids})`),
    judge: settings.delete === 'trash' ? toTrash : expunging,
    isPartial: true,
    run: () => drop.quit(),
  });
}

/** Somebody who keeps a copy asks what has changed. */
function follow(step: Step): void {
  const { world, random, record } = step;
  const most = random.pick([1, 3, 10, 1000]);
  const follower = world.follower(record.id);
  world.ask({
    what: step.what(`follow ${most}`),
    run: async () => {
      const account = await step.open();
      await follower.ask(world.domain, account, most).catch((error: unknown) => {
        // Dropped from memory meanwhile, and changed by somebody who has loaded it anew.
        const isStale = world.domain.accounts.peek(record.id) !== account;
        if (!isStale || !(error instanceof MailboxError) || error.code !== 'conflict') throw error;
      });
    },
  });
}

/** As the reaper does with what is too old or too much: never what still holds messages. */
function forget(step: Step): void {
  const { world } = step;
  const share = step.random.fraction();
  world.ask({
    what: step.what('forget'),
    run: async () => {
      const account = await step.open();
      while (account.unsettled !== undefined) await account.unsettled.catch(() => {});
      // What was expunged is in the store, and what is expunged meanwhile has a higher one; of a change that is not settled it would be given anew.
      const upTo = account.modseq;
      const held = await world.domain.store.loadUnreleased(account.id, 1e15, 100_000);
      const least = Math.min(upTo, ...held.map(({ modseq }) => modseq - 1));
      const run = (change: AccountChange): void => change.history.prune(asModSeq(Math.floor(share * least)));
      await world.domain.turns.run({ account, run });
    },
  });
}

function reap(step: Step): void {
  const { world, random, record } = step;
  // Past the wait for whoever has just been told, or past the time for which mail can be brought back.
  const passes = random.pick([0, 0, 70_000, 70_000, RECOVER_MS + 70_000]);
  // The server has one reaper.
  if (world.reaping.has(record.id)) return;
  world.reaping.add(record.id);
  const done = (): void => void world.reaping.delete(record.id);
  world.ask({
    what: step.what('reap'),
    run: async () => {
      await world.pass(passes);
      await reapAccount(world.domain, record.id).finally(done);
    },
  });
}

function recover(step: Step): void {
  const { world, random } = step;
  const mailbox = random.chance(0.3) ? { mailbox: step.name() } : {};
  const moments = {
    ...(random.chance(0.3) ? { sinceMs: world.clock.nowMs() - random.integer(0, 90_000) } : {}),
    ...(random.chance(0.2) ? { beforeMs: world.clock.nowMs() - random.integer(0, 90_000) } : {}),
    ...(random.chance(0.3) ? { limit: random.integer(1, 4) } : {}),
  };
  world.ask({
    what: step.what('recover'),
    judge: is.recover(() => world.lostReads > 0),
    mayRefuse: ['over-quota', 'limit'],
    run: async () => {
      const { domain } = world;
      const account = await step.open();
      const ids = new Set<string>();
      if (random.chance(0.5)) {
        const page = { position: 0, limit: 20 };
        const { messages, mailboxes } = await listDeleted(domain, account, mailbox, page);
        for (const { id } of random.sample([...messages, ...mailboxes], 3)) ids.add(id);
      }
      await recoverMail(domain, account, { ...mailbox, ...moments, ...(ids.size > 0 && { ids }) });
    },
  });
}

/** What could be brought back is given up for good, or some of it. */
function giveUp(step: Step): void {
  const { world, random } = step;
  const mailbox = random.chance(0.5) ? { mailbox: step.name() } : {};
  const before = random.chance(0.5) ? { beforeMs: world.clock.nowMs() - random.integer(0, 90_000) } : {};
  const passes = random.chance(0.3) ? 70_000 : 0;
  world.ask({
    what: step.what('give-up'),
    judge: is.giveUp,
    run: async () => {
      const { domain } = world;
      await world.pass(passes);
      const account = await step.open();
      const ids = new Set<string>();
      if (random.chance(0.6)) {
        const page = { position: 0, limit: 20 };
        const { messages, mailboxes } = await listDeleted(domain, account, mailbox, page);
        for (const { id } of random.sample([...messages, ...mailboxes], 3)) ids.add(id);
      }
      await forgetDeleted(domain, account, { ...mailbox, ...before, ...(ids.size > 0 && { ids }) });
    },
  });
}

/** What has been in Trash or Junk for long goes by itself. */
function retain(step: Step): void {
  const { world, random, record } = step;
  const minutes = random.chance(0.5) ? random.pick([20, 70]) : 0;
  world.ask({
    what: step.what('retain'),
    judge: is.expungeOld(RETENTION_MS),
    mayRefuse: ['nonexistent'],
    run: async () => {
      await world.pass(minutes * 60_000);
      const { removed } = await retainAccount(world.domain, record.id);
      world.successes.set('expire', (world.successes.get('expire') ?? 0) + removed);
    },
  });
}

/** The server's timer, which reaps as well. */
function sweep(step: Step): void {
  const { world, random } = step;
  const wanted = random.pick([0, 6, 11]);
  setImmediate(() => {
    if (world.reaping.size > 0) return;
    const minutes = world.mayMinutesPass() ? wanted : 0;
    world.truth.note(step.what(`sweep after ${minutes} minutes`));
    world.advance(minutes * 60_000);
    world.domain.accounts.sweep();
  });
}

function evict(step: Step): void {
  const { world, record } = step;
  // What was asked for and has not begun may be refused.
  world.truth.refusals++;
  world.truth.note(step.what('evict'));
  world.domain.accounts.evict(record.id, 'told to go');
}

function load(step: Step): void {
  const { world, random } = step;
  const mailbox = step.mailbox();
  if (mailbox === undefined) return;
  const whole = random.chance(0.6);
  world.ask({
    what: step.what(`load ${whole ? 'all' : 'the end'} of ${mailbox.name}`),
    run: async () => {
      const account = await step.open();
      const state = stateOf(account, mailbox);
      if (state !== undefined) await (whole ? loadList : loadTail)(world.domain, account, state);
    },
  });
}

function openAccount(step: Step): void {
  step.world.ask({ what: step.what('open'), run: () => step.open() });
}

function quota(step: Step): void {
  const { world, random, record } = step;
  const { usedBytes, usedMessages } = step.model;
  const said = (near: number): LimitChoice | undefined =>
    random.pick([undefined, 'none', Math.max(0, near), Math.max(0, near)]);
  const change = {
    bytes: said(usedBytes + random.integer(-500, 2000)),
    messages: said(Math.max(usedMessages + random.integer(-2, 9), random.chance(0.7) ? 10 : 0)),
    mailboxes: said(step.model.mailboxes.size + random.integer(-2, 4)),
  };
  const ofDomain = random.chance(0.3);
  world.ask({
    what: step.what(`quota ${ofDomain ? 'of all ' : ''}${JSON.stringify(change)}`),
    run: async () => {
      if (ofDomain) await world.domain.store.directory.domains.changeQuota(DOMAIN, change);
      else await setQuota(world.domain, record, asOwnChanges(change));
    },
  });
}

/** The server tells the owner how full it is, more than one of it at once; the administrator may have lowered a limit just before. */
function tell(step: Step): void {
  const { world, random, record } = step;
  const inbox = step.model.byName('INBOX')?.id;
  if (inbox === undefined) return;
  const lowered = random.chance(0.6)
    ? {
        quotaBytes: 'none' as const,
        quotaMessages: Math.max(10, step.model.usedMessages + random.integer(-1, 1)),
      }
    : undefined;
  for (let n = random.integer(1, 2); n > 0; n--) {
    let notice: NewMessage | undefined;
    world.ask({
      what: step.what('tell'),
      judge: is.tell(inbox, () => notice),
      isPartial: true,
      run: async () => {
        if (lowered !== undefined) await setQuota(world.domain, record, lowered);
        const told = await tellRoom(world.domain, record.id, () => {
          notice = { content: step.content(), flags: 0, keywords: '' };
          return notice.content.octets;
        });
        world.successes.set('told', (world.successes.get('told') ?? 0) + told);
      },
    });
  }
}

function writers({ world, random, climate, ...step }: Step): void {
  if (world.store.isPaused) {
    world.truth.note(`#${step.n} the writers go on`);
    world.store.resume();
  } else {
    world.truth.note(`#${step.n} the writers pause`);
    world.store.weather = random.chance(0.3) ? CALM : climate.weather;
    world.store.pause();
  }
}

function syncs({ world, random, n }: Step): void {
  const isHeld = random.chance(0.4);
  world.truth.note(`#${n} syncs ${isHeld ? 'wait' : 'go on'}`);
  if (isHeld) world.store.holdSyncs();
  else world.store.releaseSyncs();
}

function weather({ world, random, climate, n }: Step): void {
  const isCalm = random.chance(0.5);
  world.truth.note(`#${n} ${isCalm ? 'all is well' : 'the store is in trouble'}`);
  world.store.weather = isCalm ? CALM : climate.weather;
}

const ACTIONS = {
  append,
  replace,
  deliver: deliverToSome,
  sort,
  send,
  leave,
  cancel,
  copy: (step: Step) => transfer(step, 'copy'),
  move: (step: Step) => transfer(step, 'move'),
  place: placeOne,
  save: saveAnew,
  snooze,
  unsnooze,
  wake,
  expunge,
  flags: changeFlagsOfSome,
  mark,
  create,
  delete: removeOne,
  rename,
  annotate,
  subscribe,
  select: openDevice,
  device: useDevice,
  pop3: useDrop,
  grant: visits.grant,
  'guest-append': visits.appendAsGuest,
  'guest-flags': visits.flagAsGuest,
  'guest-expunge': visits.expungeAsGuest,
  'guest-transfer': visits.transferAsGuest,
  'guest-select': visits.openAsGuest,
  follow,
  forget,
  reap,
  retain,
  recover,
  'give-up': giveUp,
  sweep,
  evict,
  load,
  quota,
  tell,
  writers,
  syncs,
  weather,
} as const;

export type ActionName = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as ActionName[];

/** Enough for everything to be in everybody's way, and to come to an end. */
const MOST_UNDER_WAY = 40;

export async function runStep(
  world: World,
  climate: Climate,
  { n, seed }: { n: number; seed: number },
): Promise<void> {
  const random = new Random(seed);
  const step = new Step(world, random, climate, n);
  ACTIONS[chosen(random, climate)](step);
  if (world.underWay > MOST_UNDER_WAY) {
    world.store.resume();
    world.store.releaseSyncs();
    await turns(3);
  }
  await pause(random);
}

function chosen(random: Random, { weights }: Climate): ActionName {
  const weightOf = (name: ActionName): number => weights[name] ?? 1;
  let at = random.fraction() * ACTION_NAMES.reduce((sum, name) => sum + weightOf(name), 0);
  for (const name of ACTION_NAMES) {
    at -= weightOf(name);
    if (at < 0) return name;
  }
  return 'append';
}

/** In the same moment, in the same turn of the event loop, in the next, or some turns later. */
async function pause(random: Random): Promise<void> {
  const kind = random.fraction();
  if (kind < 0.35) return;
  if (kind < 0.65) for (let i = 0; i < 30; i++) await undefined;
  else await turns(kind < 0.9 ? 1 : 4);
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}
