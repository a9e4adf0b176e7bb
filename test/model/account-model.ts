/**
 * What an account must be like, in the plainest form: names, and under each a list of messages. An operation of the
 * domain is a function on it (`semantics.ts`), written anew from what the standards and the heads of the operations
 * promise, not from how they are done.
 *
 * A copy is cheap: mailboxes are shared until one of the two changes them.
 */
import assert from 'node:assert/strict';
import { FLAG } from '../../src/mail/flags.ts';
import { parentName } from '../../src/mail/mailbox-name.ts';
import type { AccountId, MailboxId } from '../../src/mailbox/model/model.ts';
import type { OutgoingId } from '../../src/mailbox/model/outgoing.ts';
import type { Limits } from '../../src/mailbox/model/quota.ts';

/** Octets that no other message has. */
export interface Content {
  readonly id: string;
  readonly octets: Buffer;
}

export interface ModelMessage {
  readonly uid: number;
  readonly content: Content;
  readonly flags: number;
  /** Folded, sorted, with a blank between. */
  readonly keywords: string;
  readonly modseq: number;
  /** When it was put there. */
  readonly savedMs: number;
  readonly externalId?: string;
  /** Whoever is not the owner and has seen it, ascending; without them nobody. */
  readonly seenBy?: readonly AccountId[];
}

export interface DeletedMessage extends NewMessage {
  /** Its name then. */
  readonly mailbox: string;
  readonly atMs: number;
  readonly mayBeGivenUp?: true;
}

/** Mail that is put off. */
export interface ModelSnooze {
  readonly content: Content;
  /** By which the account knows it. */
  readonly email: number;
  readonly untilMs: number;
  /** Where it lay. */
  readonly from: readonly MailboxId[];
}

export type NewMessage = Omit<ModelMessage, 'uid' | 'modseq' | 'savedMs'>;

/** `unasked`: it came with the mailbox, and goes with it. */
export type Subscription = 'none' | 'unasked' | 'asked';

export class ModelMailbox {
  readonly id: MailboxId;
  readonly uidValidity: number;
  name: string;
  uidNext = 1;
  subscription: Subscription;
  /** By UID, ascending. */
  readonly messages: Map<number, ModelMessage>;
  /** Letters that somebody was given, or with `-` in front was taken. */
  readonly shares = new Map<string, string>();

  constructor(
    mailbox: Pick<ModelMailbox, 'id' | 'uidValidity' | 'name' | 'subscription'>,
    messages: Iterable<readonly [number, ModelMessage]> = [],
  ) {
    this.id = mailbox.id;
    this.uidValidity = mailbox.uidValidity;
    this.name = mailbox.name;
    this.subscription = mailbox.subscription;
    this.messages = new Map(messages);
  }

  copy(): ModelMailbox {
    const copy = new ModelMailbox(this, this.messages);
    copy.uidNext = this.uidNext;
    for (const [identity, rights] of this.shares) copy.shares.set(identity, rights);
    return copy;
  }

  /** RFC 4314 §2: what somebody is given by any of his names and is taken by none. */
  may(who: AccountId, right: string): boolean {
    const has = (sign: string) =>
      [`#${who}`, 'anyone'].some((name) => this.shares.get(sign + name)?.includes(right) === true);
    return has('') && !has('-');
  }

  mayAll(who: AccountId, rights: string): boolean {
    return [...rights].every((right) => this.may(who, right));
  }
}

/** Why an operation must be refused; any of the codes will do. */
export class Refused extends Error {
  readonly codes: readonly string[];

  constructor(codes: readonly string[]) {
    super(codes.join(' or '));
    this.codes = codes;
  }
}

export class ModelAccount {
  modseq = 0;
  /** Of the change that is being made. */
  nowMs = 0;
  usedBytes = 0;
  usedMessages = 0;
  readonly mailboxes = new Map<MailboxId, ModelMailbox>();
  /** Deleted ones, for those who still have them open. */
  readonly gone = new Map<MailboxId, ModelMailbox>();
  /** Those of them from which something is back elsewhere. */
  readonly emptied = new Set<MailboxId>();
  orphans: readonly string[] = [];
  /** Octets of each annotation, by mailbox and name. */
  readonly annotations = new Map<string, number>();
  /** What was given to the queue and not taken back. */
  readonly outgoing = new Map<OutgoingId, Content>();
  /** What was deleted, by the number of its mailbox and its UID. */
  readonly deleted = new Map<string, DeletedMessage>();
  /** By the same names what nobody can bring back any more. */
  readonly givenUp = new Set<string>();
  /** By its number. */
  readonly snoozes = new Map<number, ModelSnooze>();
  /** Whether it differs from what it was copied from. */
  isChanged = false;
  #own = new Set<ModelMailbox>();

  copy(): ModelAccount {
    const copy = new ModelAccount();
    copy.#own = new Set();
    this.#own = new Set();
    Object.assign(copy, {
      modseq: this.modseq,
      nowMs: this.nowMs,
      usedBytes: this.usedBytes,
      usedMessages: this.usedMessages,
      orphans: this.orphans,
    });
    for (const [id, mailbox] of this.mailboxes) copy.mailboxes.set(id, mailbox);
    for (const [id, mailbox] of this.gone) copy.gone.set(id, mailbox);
    for (const id of this.emptied) copy.emptied.add(id);
    for (const [key, size] of this.annotations) copy.annotations.set(key, size);
    for (const [id, content] of this.outgoing) copy.outgoing.set(id, content);
    for (const [id, snooze] of this.snoozes) copy.snoozes.set(id, snooze);
    for (const [key, message] of this.deleted) copy.deleted.set(key, message);
    for (const key of this.givenUp) copy.givenUp.add(key);
    return copy;
  }

  get names(): string[] {
    return [...this.mailboxes.values()].map(({ name }) => name).sort();
  }

  byName(name: string): ModelMailbox | undefined {
    for (const mailbox of this.mailboxes.values()) if (mailbox.name === name) return mailbox;
    return undefined;
  }

  /** To look at; also a deleted one. */
  find(id: MailboxId): ModelMailbox | undefined {
    return this.mailboxes.get(id) ?? this.gone.get(id);
  }

  /** To change; throws `nonexistent`. */
  edit(id: MailboxId): ModelMailbox {
    const mailbox = this.mailboxes.get(id);
    if (mailbox === undefined) throw new Refused(['nonexistent']);
    this.isChanged = true;
    if (this.#own.has(mailbox)) return mailbox;
    const own = mailbox.copy();
    this.#own.add(own);
    this.mailboxes.set(id, own);
    return own;
  }

  create(mailbox: ModelMailbox): void {
    for (const [id, { uidValidity }] of [...this.mailboxes, ...this.gone]) {
      assert.ok(
        mailbox.id > id,
        `mailbox ${mailbox.name} got the number ${mailbox.id}, ${id} was given before`,
      );
      assert.ok(mailbox.uidValidity > uidValidity, `UIDVALIDITY ${mailbox.uidValidity} after ${uidValidity}`);
    }
    this.isChanged = true;
    this.#own.add(mailbox);
    for (const [identity, rights] of this.byName(parentName(mailbox.name) ?? '')?.shares ?? [])
      mailbox.shares.set(identity, rights);
    this.mailboxes.set(mailbox.id, mailbox);
    this.takeOverOrphan(mailbox);
  }

  /** A name that was subscribed while it had no mailbox. */
  takeOverOrphan(mailbox: ModelMailbox): void {
    if (this.orphans.includes(mailbox.name)) mailbox.subscription = 'asked';
    this.orphans = this.orphans.filter((orphan) => orphan !== mailbox.name);
  }

  /** Returns the UIDs. */
  add(id: MailboxId, messages: readonly NewMessage[], modseq: number): number[] {
    const mailbox = this.edit(id);
    return messages.map((message) => {
      const uid = mailbox.uidNext++;
      mailbox.messages.set(uid, { ...message, uid, modseq, savedMs: this.nowMs });
      this.#count(message, 1);
      return uid;
    });
  }

  remove(id: MailboxId, uids: readonly number[]): void {
    const mailbox = this.edit(id);
    for (const uid of uids) {
      const message = mailbox.messages.get(uid);
      assert.ok(message !== undefined, `UID ${uid} of ${mailbox.name} was removed and was not there`);
      mailbox.messages.delete(uid);
      this.#count(message, -1);
    }
  }

  /** Messages that somebody may want back. */
  expunge(id: MailboxId, uids: readonly number[]): void {
    const mailbox = this.edit(id);
    const staying = new Set<string>();
    for (const { uid, content } of mailbox.messages.values())
      if (!uids.includes(uid)) staying.add(messageIdOf(content));
    for (const uid of uids) {
      const message = mailbox.messages.get(uid);
      // Of a draft that stays in another version the older one is of no use to anybody.
      this.#noteDeleted(mailbox, message, message !== undefined && staying.has(messageIdOf(message.content)));
    }
    this.remove(id, uids);
  }

  delete(id: MailboxId): void {
    const mailbox = this.edit(id);
    for (const message of mailbox.messages.values()) this.#noteDeleted(mailbox, message);
    this.mailboxes.delete(id);
    this.gone.set(id, mailbox);
    // Whoever was there by leave is there no more.
    mailbox.shares.clear();
    for (const [uid, message] of mailbox.messages) mailbox.messages.set(uid, unseen(message));
    for (const key of [...this.annotations.keys()])
      if (key.startsWith(`${id}/`)) this.annotations.delete(key);
    for (const message of mailbox.messages.values()) this.#count(message, -1);
  }

  /** Without a size there is none. */
  annotate(key: string, size: number | undefined): void {
    if (size === undefined && !this.annotations.delete(key)) return;
    if (size !== undefined) this.annotations.set(key, size);
    this.isChanged = true;
  }

  send(id: OutgoingId, content: Content): void {
    assert.ok(!this.outgoing.has(id), `outgoing mail ${id} was given twice`);
    this.isChanged = true;
    this.outgoing.set(id, content);
  }

  takeBack(id: OutgoingId): void {
    assert.ok(this.outgoing.delete(id), `outgoing mail ${id} was taken back and was not there`);
    this.isChanged = true;
  }

  /** Without `snooze` there is none of that number any more. */
  putOff(id: number, snooze: ModelSnooze | undefined): void {
    this.isChanged = true;
    if (snooze === undefined) this.snoozes.delete(id);
    else this.snoozes.set(id, snooze);
  }

  /** Messages that count: without \\Deleted. */
  placesOf(content: Content): { readonly id: MailboxId; readonly message: ModelMessage }[] {
    return [...this.mailboxes.values()].flatMap(({ id, messages }) =>
      [...messages.values()]
        .filter((message) => message.content === content && (message.flags & FLAG.Deleted) === 0)
        .map((message) => ({ id, message })),
    );
  }

  /** Drafts have a reserve. */
  hasRoomIn(role: string | undefined, limits: Limits, bytes: number, messages: number): boolean {
    if (role !== 'drafts' || this.hasRoomFor(limits, bytes, messages))
      return this.hasRoomFor(limits, bytes, messages);
    const more = {
      ...(limits.bytes !== undefined && { bytes: limits.bytes + Math.max(2 ** 20, limits.bytes / 50) }),
      ...(limits.messages !== undefined && {
        messages: limits.messages + Math.max(10, limits.messages / 50),
      }),
    };
    return this.hasRoomFor(more, bytes, messages);
  }

  hasRoomFor(limits: Limits, bytes: number, messages: number): boolean {
    const { bytes: mostBytes = Number.POSITIVE_INFINITY, messages: most = Number.POSITIVE_INFINITY } = limits;
    return this.usedBytes + bytes <= mostBytes && this.usedMessages + messages <= most;
  }

  #noteDeleted({ id, name }: ModelMailbox, message: ModelMessage | undefined, isTwice = false): void {
    if (message === undefined) return;
    const { content, flags, keywords, uid } = message;
    const atMs = this.nowMs;
    const mayBeGivenUp = isTwice ? ({ mayBeGivenUp: true } as const) : {};
    this.deleted.set(`${id} ${uid}`, { content, flags, keywords, mailbox: name, atMs, ...mayBeGivenUp });
  }

  #count({ content }: NewMessage, sign: 1 | -1): void {
    this.usedBytes += sign * content.octets.length;
    this.usedMessages += sign;
  }
}

/** By others. */
function unseen({ seenBy: _, ...message }: ModelMessage): ModelMessage {
  return message;
}

/** What was delivered to several people has one, whoever of them has it by now. */
function messageIdOf({ id }: Content): string {
  return id.split(' to ', 1)[0] as string;
}
