/**
 * What each change of the domain must do to an account: applied to the model at the moment the domain applies its own, and
 * compared with what the domain says it has done. `Refused` says that the domain must refuse.
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { FLAG } from '../../src/mail/flags.ts';
import { ancestors, isChildOf } from '../../src/mail/mailbox-name.ts';
import { FIRST_MAILBOXES } from '../../src/mailbox/accounts.ts';
import { type Copy, IN_INBOX } from '../../src/mailbox/disposition.ts';
import { annotationKey, NO_MAILBOX } from '../../src/mailbox/model/annotations.ts';
import type { AccountId, MailboxId, Role } from '../../src/mailbox/model/model.ts';
import { type OutgoingId, outgoingId } from '../../src/mailbox/model/outgoing.ts';
import { owedLevel } from '../../src/mailbox/model/room.ts';
import type { AppendResult } from '../../src/mailbox/operations/append.ts';
import type { EmailOutcome } from '../../src/mailbox/operations/change-emails.ts';
import type { Filed } from '../../src/mailbox/operations/filing.ts';
import type { FlagChange, FlagSlice } from '../../src/mailbox/operations/flags.ts';
import type { GivenUp } from '../../src/mailbox/operations/forget-deleted.ts';
import type { EmailRefusal } from '../../src/mailbox/operations/place.ts';
import type { CameBack } from '../../src/mailbox/operations/recover.ts';
import { snoozesIn } from '../../src/mailbox/operations/snooze.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import type { MailboxState } from '../../src/mailbox/state/mailbox.ts';
import {
  type Content,
  type ModelAccount,
  ModelMailbox,
  type ModelMessage,
  type NewMessage,
  Refused,
} from './account-model.ts';

/** What is known of a change once the domain has made it in memory. */
export interface Seen {
  readonly account: AccountState;
  /** The account's after the change. */
  readonly modseq: number;
  /** What it returned; undefined when it was refused. */
  readonly value: unknown;
  readonly isThrown: boolean;
  /** What became of the changes before it of the same operation. */
  readonly fates: readonly Fate[];
}

export type Fate = 'made' | 'thrown' | 'refused' | 'applied';

export type Semantic = (model: ModelAccount, seen: Seen) => void;

/** Throws when there is anything against it. */
function refuse(...against: readonly (string | false)[]): void {
  const codes = against.filter((code) => code !== false);
  if (codes.length > 0) throw new Refused(codes);
}

const bytesOf = (messages: readonly NewMessage[]): number =>
  messages.reduce((sum, { content }) => sum + content.octets.length, 0);

/** An account nobody has used yet gets its mailboxes. */
export const firstMailboxes: Semantic = (model, { account }) => {
  for (const { name } of FIRST_MAILBOXES) model.create(made(account, name));
};

export function append(target: MailboxId, messages: readonly NewMessage[]): Semantic {
  return (model, { account, modseq, value }) => {
    const role = account.mailboxes.get(target)?.role;
    const isFull = !model.hasRoomIn(role, account.limits, bytesOf(messages), messages.length);
    refuse(isFull && 'over-quota', !model.mailboxes.has(target) && 'nonexistent');
    const { uids } = (value ?? { uids: [] }) as Pick<AppendResult, 'uids'>;
    assert.deepEqual(uids, model.add(target, messages, modseq));
  };
}

/** The owner is told what he was not told yet, whatever the quota says; or nothing is owed any more. */
export function tell(inbox: MailboxId, notice: () => NewMessage | undefined): Semantic {
  return (model, { account, modseq, value, isThrown }) => {
    if (isThrown) throw new Refused(['conflict', 'nonexistent']);
    const message = notice();
    if (value === undefined || message === undefined) return;
    const { uids } = value as Pick<AppendResult, 'uids'>;
    assert.deepEqual(uids, model.add(inbox, [message], modseq));
    assert.equal(owedLevel(account), undefined, 'what was told is owed still');
  };
}

export interface Filing {
  readonly copies: readonly Copy[];
  readonly content: Content;
  readonly mostMailboxes: number;
  /** Something could not be read, so INBOX is right as well. */
  readonly mayBeInbox?: () => boolean;
}

/** Copies by name, all or none; where that is refused for good, INBOX is tried. */
export function file(filing: Filing): Semantic {
  const inInbox = { ...filing, copies: IN_INBOX.copies };
  let conflicts = 0;
  let isInbox = false;
  return (model, seen) => {
    // That there was no room for it is written down; nobody sees that in the account.
    if (!seen.isThrown && seen.value === undefined) {
      const { refusedSinceMs, refusedBytes } = seen.account;
      assert.ok(refusedSinceMs > 0 && refusedBytes >= filing.content.octets.length, 'how much found no room');
      return;
    }
    isInbox ||= seen.fates.includes('refused');
    if (!isInbox && filing.mayBeInbox?.() === true && isBareInInbox(seen))
      isInbox = isDeepStrictEqual(seen.value, filed(inInbox, model.copy(), seen, 3));
    try {
      const expected = filed(isInbox ? inInbox : filing, model, seen, conflicts);
      assert.deepEqual(seen.value, expected);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.codes.includes('conflict')) conflicts++;
      else isInbox = true;
      const isLost = filing.mayBeInbox?.() === true;
      throw isLost ? new Refused([...error.codes, ...refusalOf(inInbox, model, seen)]) : error;
    }
  };
}

function refusalOf(filing: Filing, model: ModelAccount, seen: Seen): Refused['codes'] {
  try {
    filed(filing, model.copy(), seen, 3);
    return [];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.codes;
  }
}

/** It is there without any flag. */
function isBareInInbox({ account, value }: Seen): boolean {
  const inbox = account.byName.get('INBOX');
  const list = inbox?.list ?? inbox?.tail;
  const [last] = (value ?? []) as readonly Filed[];
  if (list === undefined || last?.mailbox !== 'INBOX') return false;
  const row = list.count - 1;
  return list.columns.flags[row] === 0 && list.columns.keywordSet[row] === 0;
}

/** The Trash and the drafts, of which two may be more than there is room for; one of several that are made at once. */
function beyondQuota(isVital: boolean, made: number): number {
  if (!isVital) return 0;
  return made === 1 ? 2 : 1;
}

function filed(
  { copies, content, mostMailboxes }: Filing,
  model: ModelAccount,
  { account, modseq }: Seen,
  conflicts: number,
): Filed[] {
  const places = new Map<string, Copy>();
  // Made once it is known that there is room: when all of it is refused they are not there to be looked at.
  const planned = new Set<string>();
  for (const copy of copies) {
    const { mailbox: name, makes } = copy;
    const isMissing = (one: string) => model.byName(one) === undefined && !planned.has(one);
    const missing = [...ancestors(name), name].filter(isMissing);
    const mailboxes = model.mailboxes.size + planned.size + missing.length;
    const { mailboxes: most = mailboxes } = account.limits;
    const hasRoom =
      missing.length === 0 || mailboxes <= most + beyondQuota(isNeeded(account, name), missing.length);
    if (makes !== undefined && mailboxes <= mostMailboxes && hasRoom)
      for (const one of missing) planned.add(one);
    const isNew = planned.has(name);
    const target = account.byName.get(isMissing(name) ? 'INBOX' : name);
    const isLoaded =
      isNew || target?.list !== undefined || target?.tail !== undefined || target?.uidNext === 1;
    if (!isLoaded && conflicts < 2) throw new Refused(['conflict']);
    const place = isLoaded ? (target?.name ?? name) : 'INBOX';
    places.delete(place);
    places.set(place, copy);
  }
  const messages = [...places].map(([name, { flags: bits, keywords }]) => {
    return { name, message: { content, flags: bits, keywords: folded(keywords) } };
  });
  const bytes = bytesOf(messages.map(({ message }) => message));
  refuse(!model.hasRoomFor(account.limits, bytes, messages.length) && 'over-quota');
  for (const one of planned) model.create(made(account, one));
  return messages.map(({ name, message }) => {
    const id = model.byName(name)?.id as MailboxId;
    // Each further copy has a row of history and with it a modseq; the mailbox says which.
    const state = account.mailboxes.get(id);
    const [uid] = model.add(id, [message], state?.modseq ?? modseq);
    return { mailbox: name, uid: uid as Filed['uid'] };
  });
}

/** With a copy in a mailbox, or without one. */
export function send(target: MailboxId | undefined, message: NewMessage): Semantic {
  return (model, seen) => {
    if (target !== undefined) append(target, [message])(model, seen);
    // Its number is the last that the account has given.
    model.send(outgoingId(seen.account.id, seen.account.nextEmail - 1), message.content);
  };
}

/** It is a draft again, moved from where what is sent lies; it stays where its owner has put it elsewhere. However full the account is. */
export function cancel(id: OutgoingId, drafts: MailboxId): Semantic {
  return (model, { account, modseq, value }) => {
    const content = model.outgoing.get(id);
    assert.ok(content !== undefined, `outgoing mail ${id} is not there to be taken back`);
    refuse(!model.mailboxes.has(drafts) && 'nonexistent');
    // What it needs was dropped from memory: it is asked for again.
    if (value === undefined) throw new Refused(['unavailable']);
    const draft = FLAG.Draft | FLAG.Seen;
    const visible = model.placesOf(content);
    if (visible.length === 0) model.add(drafts, [{ content, flags: draft, keywords: '' }], modseq);
    else draftAgain(model, account, visible, drafts, draft);
    model.takeBack(id);
  };
}

function draftAgain(
  model: ModelAccount,
  account: AccountState,
  visible: ReturnType<ModelAccount['placesOf']>,
  drafts: MailboxId,
  draft: number,
): void {
  const isLeft = (id: MailboxId): boolean =>
    ['sent', 'scheduled'].includes(account.mailboxes.get(id)?.role ?? '');
  if (!visible.some(({ id }) => isLeft(id))) return;
  const leaving = visible.filter(({ id }) => isLeft(id) && id !== drafts);
  const staying = visible.filter((one) => !leaving.includes(one));
  for (const { id, message } of leaving) model.remove(id, [message.uid]);
  for (const { id, message } of staying) {
    const flags = message.flags | draft;
    if (flags === message.flags) continue;
    const modseq = modseqAt(account, id, message.uid);
    model.edit(id).messages.set(message.uid, { ...message, flags, modseq });
  }
  const [first] = leaving;
  if (first === undefined || staying.some(({ id }) => id === drafts)) return;
  const { content, flags, keywords } = first.message;
  const uid = model.find(drafts)?.uidNext ?? 0;
  const seenBy = seenOf(model, account, { target: drafts, uid }, visible);
  model.add(drafts, [{ content, flags: flags | draft, keywords, ...seenBy }], modseqAt(account, drafts, uid));
}

/** What guests have seen of an email goes to where anybody may read it, of one of its copies: the domain says which. */
export function seenOf(
  model: ModelAccount,
  account: AccountState,
  { target, uid }: { readonly target: MailboxId; readonly uid: number },
  copies: ReturnType<ModelAccount['placesOf']>,
): Pick<NewMessage, 'seenBy'> {
  const readers = [...(account.seen.get(target) ?? [])].filter(([, seen]) => seen.has(uid));
  const seenBy = readers.map(([reader]) => reader).sort((a, b) => a - b);
  const isShared = (model.mailboxes.get(target)?.shares.size ?? 0) > 0;
  const isOfOne = copies.some(({ message }) =>
    isDeepStrictEqual(isShared ? (message.seenBy ?? []) : [], seenBy),
  );
  assert.ok(isOfOne, `UID ${uid} was seen by ${seenBy}, as no copy of it was`);
  return seenBy.length > 0 ? { seenBy } : {};
}

/** One comes and another one goes; the quota sees the difference. */
export function replace(source: MailboxId, uid: number, target: MailboxId, message: NewMessage): Semantic {
  return (model, { account, modseq, value }) => {
    const [old] = present(model, source, [uid]);
    const isThere = old !== undefined && model.mailboxes.has(source) && model.mailboxes.has(target);
    const bytes = bytesOf([message]) - bytesOf(old === undefined ? [] : [old]);
    const isFull =
      old !== undefined && !model.hasRoomIn(account.mailboxes.get(target)?.role, account.limits, bytes, 0);
    refuse(!isThere && 'nonexistent', isFull && 'over-quota');
    const { uids } = (value ?? { uids: [] }) as Pick<AppendResult, 'uids'>;
    assert.deepEqual(uids, model.add(target, [message], modseq));
    if ((old?.flags ?? 0) & FLAG.Draft) model.remove(source, [uid]);
    else model.expunge(source, [uid]);
  };
}

export interface Copying {
  readonly source: MailboxId;
  readonly uids: readonly number[];
  readonly target: MailboxId;
  /** Of all or of none. */
  readonly isOfAll: boolean;
  readonly kept?: Kept;
}

/** What of a message goes along with somebody who may not do everything in the target. */
export interface Kept {
  readonly flags: number;
  readonly keepsKeywords: boolean;
  /** He may not say there that he has seen it. */
  readonly unseenBy?: AccountId | undefined;
}

/** Those that are there, in slices; when one of these fails, those before it are taken back. */
export function copy({ source, uids, target, isOfAll, kept }: Copying, sliceSize: number): Semantic {
  let next = 0;
  const done: { readonly fate: number; readonly to: readonly number[] }[] = [];
  let doomed: number[] | undefined;
  return (model, seen) => {
    const { fates, modseq, value } = seen;
    if (next > 0 && fates.some((fate) => fate === 'refused' || fate === 'thrown')) {
      doomed ??= done.filter(({ fate }) => fates[fate] === 'applied').flatMap(({ to }) => to);
      const found = present(model, target, doomed.splice(0, sliceSize)).map(({ uid }) => uid);
      refuse(found.length > 0 && !model.mailboxes.has(target) && 'nonexistent');
      if (found.length > 0) model.remove(target, found);
      assert.deepEqual(value, found);
      return;
    }
    const slice = uids.slice(next, next + sliceSize);
    next += sliceSize;
    const found = present(model, source, slice);
    const isGone = found.length > 0 && !model.mailboxes.has(target);
    refuse(
      isOfAll && found.length < slice.length && 'conflict',
      !mayCopy(model, seen, { source, target, found }) && 'over-quota',
      (isGone || !isReadable(model, seen, source)) && 'nonexistent',
    );
    const to = found.length === 0 ? [] : model.add(target, transferred(model, found, target, kept), modseq);
    done.push({ fate: fates.length, to });
    assert.deepEqual(value, { from: found.map(({ uid }) => uid), to });
  };
}

/** A deleted mailbox is, as long as somebody has it open and nobody has brought it back. */
function isReadable(model: ModelAccount, { account }: Seen, mailbox: MailboxId): boolean {
  const gone = [...account.gone].find(({ id }) => id === mailbox);
  const isHeld = gone !== undefined && gone.viewers.size > 0 && !model.emptied.has(mailbox);
  return model.mailboxes.has(mailbox) || isHeld;
}

/** Copying to the Trash may exceed the quota, up to twice of it with all that there is. */
function mayCopy(
  model: ModelAccount,
  { account: { limits, mailboxes, gone } }: Seen,
  copying: { source: MailboxId; target: MailboxId; found: readonly ModelMessage[] },
): boolean {
  const { source, target, found } = copying;
  const bytes = bytesOf(found);
  if (model.hasRoomFor(limits, bytes, found.length)) return true;
  const state = mailboxes.get(target) ?? [...gone].find(({ id }) => id === target);
  if (state?.role !== 'trash' || source === target) return false;
  const { bytes: mostBytes = Number.POSITIVE_INFINITY, messages: most = Number.POSITIVE_INFINITY } = limits;
  return model.usedBytes + bytes <= 2 * mostBytes && model.usedMessages + found.length <= 2 * most;
}

export function move(source: MailboxId, uids: readonly number[], target: MailboxId, kept?: Kept): Semantic {
  return (model, { modseq, value }) => {
    const found = present(model, source, uids);
    const isGone = !model.mailboxes.has(target) || (found.length > 0 && !model.mailboxes.has(source));
    refuse(isGone && 'nonexistent');
    const from = found.map(({ uid }) => uid);
    const moved = transferred(model, found, target, kept);
    if (found.length > 0) model.remove(source, from);
    const to = found.length === 0 ? [] : model.add(target, moved, modseq);
    assert.deepEqual(value, { from, to });
  };
}

export interface Placing {
  /** Of the email; known when the change is asked for. */
  readonly content: Content;
  readonly target: MailboxId;
  readonly flags: number;
  readonly keywords: readonly string[];
}

/** An email is in one mailbox and marked so, whichever mailboxes had it; messages with \\Deleted are not there. */
export function place(placing: () => Placing | undefined): Semantic {
  return (model, { account, value }) => {
    const wanted = placing();
    assert.ok(wanted !== undefined, 'a change before it was asked for');
    // What it needs was dropped from memory: it is asked for again.
    if (value === undefined) throw new Refused(['unavailable']);
    const [refusal] = value as readonly (EmailRefusal | undefined)[];
    const { content, target, flags: bits, keywords } = wanted;
    const visible = model.placesOf(content);
    const why = visible.length === 0 ? 'not-found' : model.mailboxes.has(target) ? undefined : 'mailboxes';
    assert.equal(refusal?.why, why);
    if (why !== undefined) return;
    const is = { flags: bits, keywords: folded(keywords.map((one) => one.toLowerCase())) };
    const staying = visible.filter(({ id }) => id === target);
    for (const { id, message } of visible) if (id !== target) model.remove(id, [message.uid]);
    for (const { message } of staying) {
      if (message.flags === is.flags && message.keywords === is.keywords) continue;
      const modseq = modseqAt(account, target, message.uid);
      model.edit(target).messages.set(message.uid, { ...message, ...is, modseq });
    }
    if (staying.length > 0) return;
    const uid = model.find(target)?.uidNext ?? 0;
    const seenBy = seenOf(model, account, { target, uid }, visible);
    model.add(target, [{ content, ...is, ...seenBy }], modseqAt(account, target, uid));
  };
}

export interface SavedAnew {
  /** Of the email that goes; known when the change is asked for. */
  readonly old: Content;
  readonly target: MailboxId;
  readonly message: NewMessage;
}

/** One email comes and another one goes, all its copies, each whatever becomes of the other; what goes makes room. */
export function saveAnew(saving: () => SavedAnew | undefined): Semantic {
  return (model, { account, value }) => {
    const wanted = saving();
    assert.ok(wanted !== undefined, 'a change before it was asked for');
    // What it needs was dropped from memory: it is asked for again.
    if (value === undefined) throw new Refused(['unavailable']);
    const { created, destroyed } = value as Pick<EmailOutcome, 'created' | 'destroyed'>;
    const { old, target, message } = wanted;
    const copies = [...model.mailboxes.values()].flatMap(({ id, messages }) =>
      [...messages.values()].filter(({ content }) => content === old).map((copy) => ({ id, copy })),
    );
    const isThere = copies.some(({ copy }) => (copy.flags & FLAG.Deleted) === 0);
    assert.equal(destroyed[0]?.why, isThere ? undefined : 'not-found');
    const going = isThere ? copies : [];
    const bytes = bytesOf([message]) - bytesOf(going.map(({ copy }) => copy));
    const role = account.mailboxes.get(target)?.role;
    const isFull = !model.hasRoomIn(role, account.limits, bytes, 1 - going.length);
    const why = model.mailboxes.has(target) ? (isFull ? 'refused' : undefined) : 'mailboxes';
    const [made] = created;
    assert.equal(made !== undefined && 'why' in made ? made.why : undefined, why);
    if (why === undefined) {
      const uid = model.find(target)?.uidNext ?? 0;
      model.add(target, [message], modseqAt(account, target, uid));
    }
    // A draft that was saved anew is of no use to anybody.
    const isSaved = why === undefined && (message.flags & FLAG.Draft) !== 0;
    for (const { id, copy } of going) {
      if (isSaved && copy.flags & FLAG.Draft) model.remove(id, [copy.uid]);
      else model.expunge(id, [copy.uid]);
    }
  };
}

/** What leaves a mailbox gives a change more than one, and each message has that of what was done to it. */
export function modseqAt(account: AccountState, mailbox: MailboxId, uid: number): number {
  const state = account.mailboxes.get(mailbox);
  const list = state?.list ?? state?.tail;
  const row = list?.indexOf(uid) ?? -1;
  assert.ok(list !== undefined && row >= 0, `UID ${uid} is not where it was put`);
  const modseq = list.columns.modseq[row] as number;
  assert.ok(modseq <= account.modseq);
  return modseq;
}

/** Those that were there at a moment between the request and the change: the domain says which. */
export function moveSome(source: MailboxId, target: MailboxId): Semantic {
  return (model, seen) => {
    const { from = [] } = (seen.value ?? {}) as { readonly from?: readonly number[] };
    const there = model.find(source)?.messages;
    for (const uid of from) assert.ok(there?.has(uid), `UID ${uid} was moved and was not there`);
    // When it was refused nothing is known of them, but what stands against any.
    const some = seen.value === undefined ? [...(there?.keys() ?? [])] : from;
    move(source, some, target)(model, seen);
  };
}

/** Exactly the named ones that are there. */
export function expungeNamed(mailbox: MailboxId, uids: readonly number[]): Semantic {
  return (model, { value }) => {
    const found = present(model, mailbox, uids).map(({ uid }) => uid);
    refuse(found.length > 0 && !model.mailboxes.has(mailbox) && 'nonexistent');
    if (found.length > 0) model.expunge(mailbox, found);
    assert.deepEqual(value, found);
  };
}

/** Marked ones that are there and still marked. */
export function expungeMarked(mailbox: MailboxId, wants: (uid: number) => boolean): Semantic {
  return (model, { value }) => {
    const there = model.find(mailbox)?.messages;
    if (value === undefined) refuse(!model.mailboxes.has(mailbox) && 'nonexistent');
    const removed = value as readonly number[];
    for (const uid of removed) {
      const flags = there?.get(uid)?.flags ?? 0;
      assert.ok((flags & FLAG.Deleted) !== 0 && wants(uid), `UID ${uid} was expunged and was not marked`);
    }
    if (removed.length > 0) model.expunge(mailbox, removed);
  };
}

/**
 * Some of what was deleted comes back, all of it under new UIDs and none of it twice. Why it does not is not asked: what is left of the
 * quota depends on what it began with.
 */
export function recover(isUnsure: () => boolean): Semantic {
  return (model, { account, value }) => {
    if (value === undefined) throw new Refused(['over-quota', 'limit', 'unavailable', 'nonexistent']);
    const { target, mailbox, from, to } = value as CameBack;
    const state = account.mailboxes.get(target);
    assert.ok(state !== undefined, `mailbox ${target} has got mail back and is not there`);
    for (const name of [...ancestors(state.name), state.name])
      if (model.byName(name) === undefined) model.create(made(account, name));
    const messages = from.map((uid) => {
      const key = `${mailbox} ${uid}`;
      const deleted = model.deleted.get(key);
      assert.ok(deleted !== undefined, `UID ${uid} of mailbox ${mailbox} came back and was not deleted`);
      const { mailbox: name, atMs: _, ...message } = deleted;
      assert.ok(state.name.startsWith(name), `mail of ${name} came back into ${state.name}`);
      model.deleted.delete(key);
      return { ...message, flags: message.flags & ~FLAG.Deleted };
    });
    // What the mailbox called its keywords was lost to damage.
    const keywordsOf = (uid: number) => folded(keywordsAt(state, uid));
    const known = messages.map((one, i) =>
      isUnsure() ? { ...one, keywords: keywordsOf(to[i] as number) } : one,
    );
    if (known.length > 0) assert.deepEqual(to, model.add(target, known, state.modseq));
    if (state.role === 'snoozed')
      dueAgain(
        model,
        account,
        known.map(({ content }, i) => ({ content, email: emailAt(state, to[i] as number) })),
      );
    if (known.length > 0 && model.gone.has(mailbox)) model.emptied.add(mailbox);
    const edited = model.edit(target);
    if (state.subscribed && !state.isSubscribedUnasked) edited.subscription = 'asked';
  };
}

/** What came back to where mail is put off waits until then, or is due now where nobody knows until when. */
function dueAgain(
  model: ModelAccount,
  { belongings }: AccountState,
  came: readonly { readonly content: Content; readonly email: number }[],
): void {
  const waiting = new Set([...model.snoozes.values()].map(({ email }) => email));
  for (const { content, email } of came) {
    if (waiting.has(email)) continue;
    waiting.add(email);
    const due = snoozesIn(belongings?.values() ?? []).find(
      (one) => one.email === email && !model.snoozes.has(one.row.id),
    );
    assert.ok(due !== undefined, `${content.id} came back and lies there for ever`);
    assert.ok(due.untilMs <= model.nowMs, `${content.id} came back and is not due`);
    model.putOff(due.row.id, { content, email, untilMs: due.untilMs, from: [] });
  }
}

function emailAt({ list, tail }: MailboxState, uid: number): number {
  const messages = list ?? tail;
  return messages?.columns.email[messages.indexOf(uid)] as number;
}

/** What is given up was deleted and is not back; of a mailbox, whatever was in it. */
export const giveUp: Semantic = (model, { value }) => {
  if (value === undefined) throw new Refused(['unavailable']);
  const { mailbox, uids } = value as GivenUp;
  for (const uid of uids ?? []) {
    const key = `${mailbox} ${uid}`;
    assert.ok(model.deleted.delete(key), `UID ${uid} of mailbox ${mailbox} is given up and was not deleted`);
    model.givenUp.add(key);
  }
  if (uids !== undefined) return;
  for (const [key, message] of model.deleted)
    if (key.startsWith(`${mailbox} `)) model.deleted.set(key, { ...message, mayBeGivenUp: true });
};

export function keywordsAt({ list, tail, keywords }: MailboxState, uid: number): readonly string[] {
  const loaded = list ?? tail;
  const row = loaded?.indexOf(uid) ?? -1;
  return keywords.namesOf(loaded?.columns.keywordSet[row] ?? 0);
}

/** Of a mailbox whose mail goes by itself, what has been there for so long. */
export function expungeOld(retentionMs: number): Semantic {
  return (model, { account, modseq, value }) => {
    if (value === undefined) throw new Refused(['nonexistent']);
    const removed = value as readonly number[];
    if (removed.length === 0) return;
    // Its last row of history has the last number.
    const state = [...account.mailboxes.values()].find((one) => one.modseq === modseq);
    assert.ok(state !== undefined && ['trash', 'junk'].includes(state.role ?? ''), `mail of ${state?.name}`);
    const there = model.mailboxes.get(state.id)?.messages;
    for (const uid of removed) {
      const { savedMs = model.nowMs } = there?.get(uid) ?? {};
      assert.ok(savedMs + retentionMs < model.nowMs + 1000, `UID ${uid} of ${state.name} was not due`);
    }
    model.expunge(state.id, removed);
  };
}

export function flags(mailbox: MailboxId, uids: readonly number[], wanted: FlagChange): Semantic {
  return (model, { modseq, value }) => {
    const since = wanted.unchangedSince ?? Number.POSITIVE_INFINITY;
    const found = present(model, mailbox, uids);
    const modified = found.filter((message) => message.modseq > since).map(({ uid }) => uid);
    const changed = found
      .filter((message) => message.modseq <= since)
      .map((message) => [message, flagged(message, wanted)] as const)
      .filter(([was, is]) => shown(was) !== shown(is));
    refuse(changed.length > 0 && !model.mailboxes.has(mailbox) && 'nonexistent');
    for (const [{ uid }, is] of changed) model.edit(mailbox).messages.set(uid, { ...is, modseq });
    const slice = value as FlagSlice;
    assert.deepEqual([slice.changed, slice.modified], [changed.map(([{ uid }]) => uid), modified]);
    assert.equal(slice.modseq, changed.length === 0 ? undefined : modseq);
  };
}

const shown = ({ flags: bits, keywords, seenBy = [] }: ModelMessage): string =>
  [bits, keywords, ...seenBy].join(' ');

export function create(name: string, mostMailboxes: number): Semantic {
  return (model, { account }) => {
    const parents = ancestors(name).filter((parent) => model.byName(parent) === undefined);
    const size = model.mailboxes.size + parents.length + 1;
    const { mailboxes: most = size } = account.limits;
    const isFull = size > most + beyondQuota(isNeeded(account, name), parents.length + 1);
    refuse(
      model.byName(name) !== undefined && 'exists',
      size > mostMailboxes && 'limit',
      isFull && 'over-quota',
    );
    for (const one of [...parents, name]) model.create(made(account, one));
  };
}

/** It would be the mailbox for what is deleted, or for what is being written. */
function isNeeded({ mailboxes }: AccountState, name: string): boolean {
  const role = NEEDED.get(name);
  const others = [...mailboxes.values()].filter((one) => one.name !== name);
  return role !== undefined && others.every((one) => one.role !== role);
}

const NEEDED: ReadonlyMap<string, Role> = new Map([
  ['Trash', 'trash'],
  ['Drafts', 'drafts'],
]);

export function remove(name: string): Semantic {
  return (model) => {
    const mailbox = model.byName(name);
    if (mailbox === undefined) throw new Refused(['nonexistent']);
    const hasChildren = model.names.some((other) => isChildOf(other, name));
    refuse(name === 'INBOX' && 'cannot', hasChildren && 'has-children');
    model.delete(mailbox.id);
    if (mailbox.subscription === 'asked') model.orphans = [...model.orphans, name];
  };
}

export function rename(from: string, to: string, mostMailboxes: number): Semantic {
  return (model, { account }) => {
    refuse(model.byName(from) === undefined && 'nonexistent', isChildOf(to, from) && 'cannot');
    const moving = [...model.mailboxes.values()].filter(({ name }) => name === from || isChildOf(name, from));
    const targets = moving.map(({ name }) => to + name.slice(from.length));
    const parents = ancestors(to).filter((parent) => model.byName(parent) === undefined);
    refuse(
      targets.some((target) => model.byName(target) !== undefined) && 'exists',
      parents.length > 0 && model.mailboxes.size + parents.length > mostMailboxes && 'limit',
      parents.length > 0 &&
        model.mailboxes.size + parents.length > (account.limits.mailboxes ?? 1e9) &&
        'over-quota',
    );
    for (const parent of parents) model.create(made(account, parent));
    moving.forEach(({ id }, i) => {
      const mailbox = model.edit(id);
      mailbox.name = targets[i] as string;
      model.takeOverOrphan(mailbox);
    });
  };
}

/** Of a mailbox, or, with 0, of the account; without a size there is to be none. */
export function annotate(
  mailbox: MailboxId,
  annotations: readonly (readonly [name: string, size: number | undefined])[],
): Semantic {
  return (model) => {
    refuse(mailbox !== NO_MAILBOX && !model.mailboxes.has(mailbox) && 'nonexistent');
    for (const [name, size] of annotations) model.annotate(annotationKey({ mailbox, name }), size);
  };
}

/** As those of another mailbox were a moment ago: the domain says how. */
export function annotateAlike(mailbox: MailboxId): Semantic {
  return (model, { account }) => {
    refuse(!model.mailboxes.has(mailbox) && 'nonexistent');
    for (const row of account.annotations.values())
      if (row.mailbox === mailbox) model.annotate(annotationKey(row), row.sizeBytes);
  };
}

export function subscribe(name: string, isSubscribed: boolean): Semantic {
  return (model) => {
    const mailbox = model.byName(name);
    const isOrphan = model.orphans.includes(name);
    refuse(mailbox === undefined && isSubscribed && !isOrphan && 'nonexistent');
    const wanted = isSubscribed ? 'asked' : 'none';
    if (mailbox !== undefined && mailbox.subscription !== wanted) {
      model.edit(mailbox.id).subscription = wanted;
    }
    if (mailbox !== undefined || isSubscribed || !isOrphan) return;
    model.orphans = model.orphans.filter((orphan) => orphan !== name);
    model.isChanged = true;
  };
}

/** What nobody sees. */
export const nothing: Semantic = () => {};

function present(model: ModelAccount, mailbox: MailboxId, uids: readonly number[]): ModelMessage[] {
  const messages = model.find(mailbox)?.messages;
  return uids.map((uid) => messages?.get(uid)).filter((message) => message !== undefined);
}

/** A name from another server belongs to a message in its place. What others have seen goes to where anybody may read it. */
function transferred(
  model: ModelAccount,
  messages: readonly ModelMessage[],
  target: MailboxId,
  { flags: mask, keepsKeywords, unseenBy }: Kept = { flags: -1, keepsKeywords: true },
): NewMessage[] {
  const isShared = (model.mailboxes.get(target)?.shares.size ?? 0) > 0;
  return messages.map(({ content, flags: bits, keywords, seenBy = [] }) => {
    const readers = isShared ? seenBy.filter((reader) => reader !== unseenBy) : [];
    return {
      ...{ content, flags: bits & mask, keywords: keepsKeywords ? keywords : '' },
      ...(readers.length > 0 && { seenBy: readers }),
    };
  });
}

/** Somebody who is not the owner changes what he may, and has seen it for himself (RFC 4314 §4). */
function flagged(message: ModelMessage, { mode, flags: bits, keywords, reader }: FlagChange): ModelMessage {
  const may = reader === undefined ? -1 : reader.flags & ~FLAG.Seen;
  const changed = (was: number): number => {
    if (mode === 'replace') return (was & ~may) | (bits & may);
    return mode === 'add' ? was | (bits & may) : was & ~(bits & may);
  };
  const is = { ...message, flags: changed(message.flags) };
  const said = reader?.mayChangeKeywords === false ? is : { ...is, keywords: named(is, mode, keywords) };
  if (reader === undefined || (reader.flags & FLAG.Seen) === 0) return said;
  return seenAs(said, reader.id, mode, (bits & FLAG.Seen) !== 0);
}

function named({ keywords }: ModelMessage, mode: FlagChange['mode'], words: readonly string[]): string {
  const asked = words.map((keyword) => keyword.toLowerCase());
  const had = keywords.split(' ').filter((keyword) => keyword !== '');
  if (mode === 'replace') return folded(asked);
  return folded(mode === 'add' ? [...had, ...asked] : had.filter((keyword) => !asked.includes(keyword)));
}

function seenAs(
  message: ModelMessage,
  reader: AccountId,
  mode: FlagChange['mode'],
  isNamed: boolean,
): ModelMessage {
  if (mode !== 'replace' && !isNamed) return message;
  const others = (message.seenBy ?? []).filter((one) => one !== reader);
  const isSeen = mode === 'replace' ? isNamed : mode === 'add';
  return { ...message, seenBy: isSeen ? [...others, reader].sort((a, b) => a - b) : others };
}

export function folded(keywords: Iterable<string>): string {
  return [...new Set([...keywords].map((keyword) => keyword.toLowerCase()))].sort().join(' ');
}

function made(account: AccountState, name: string): ModelMailbox {
  const state = account.byName.get(name);
  assert.ok(state !== undefined, `"${name}" was to be made`);
  const { id, uidValidity } = state;
  return new ModelMailbox({ id, uidValidity, name, subscription: 'unasked' });
}
