/** What a script may ask about a delivery and its account, answered from what is in memory, but for octets of large messages. */
import { decodeParts } from '../mail/part-codec.ts';
import type { Delivery, SenderWishes } from '../mailbox/disposition.ts';
import { ROLES, type Role } from '../mailbox/model/model.ts';
import { mailboxObjectId } from '../mailbox/model/object-ids.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Envelope, Environment, Mailboxes, Memory, Message } from '../sieve/environment.ts';
import { findingsOf } from './findings.ts';
import { repliedKey, seenKey } from './memory-keys.ts';
import { notifyWords } from './notify-words.ts';

export interface Surroundings {
  readonly delivery: Delivery;
  /** Lower case. */
  readonly addresses: readonly string[];
  readonly detailSeparators: string;
  readonly memories: ReadonlyMap<string, number>;
  readonly nowMs: number;
  readonly items: ReadonlyMap<string, string>;
  readonly include: Environment['include'];
  readonly lists: Environment['lists'];
  readonly trace?: Environment['trace'];
  /** Undefined where mail is delivered: what somebody has done to a message that is in a mailbox (RFC 6785). */
  readonly event?: EventSurroundings;
  readonly annotations: Pick<Mailboxes, 'metadata' | 'serverMetadata'>;
  readonly claimedAuthor: (isChanged: boolean) => Promise<string | undefined>;
}

export interface EventSurroundings {
  /** `imap.cause` and its like. */
  readonly items: ReadonlyMap<string, string>;
  /** Of the message, after what was done. */
  readonly flags: readonly string[];
}

export function environmentOf(about: Surroundings): Environment {
  const { delivery, addresses, detailSeparators, nowMs, items, include, claimedAuthor, lists, trace } = about;
  const { annotations, event } = about;
  return {
    message: messageOf(delivery.message),
    envelope:
      event === undefined
        ? { from: delivery.envelopeFrom, to: delivery.address, ...wishedFor(delivery.wishes) }
        : undefined,
    ...(event && { flags: event.flags }),
    addresses,
    detailSeparators,
    nowMs,
    zoneMinutes: -new Date(nowMs).getTimezoneOffset(),
    items: event === undefined ? items : new Map([...items, ...event.items]),
    mailboxes: { ...mailboxesOf(delivery.account), ...annotations },
    lists,
    memory: memoryOf(about),
    verdict: { isJunk: delivery.isJunk, filtered: () => findingsOf(delivery), claimedAuthor },
    include,
    ...(trace && { trace }),
  };
}

/** RFC 6009 §3, §5: in the words of SMTP, and those of `redirect`. */
function wishedFor({ notify, orcpt, ret, envid, deliverBy }: SenderWishes = {}): Partial<Envelope> {
  return {
    ...(notify !== undefined && { notify: notifyWords(notify) }),
    ...(orcpt !== undefined && { orcpt }),
    ...(ret !== undefined && { ret: ret === 'full' ? 'FULL' : 'HDRS' }),
    ...(envid !== undefined && { envid }),
    ...(deliverBy !== undefined && {
      byTime: { untilMs: deliverBy.atMs, mode: deliverBy.mode, isTraced: deliverBy.isTraced },
    }),
  };
}

function messageOf({ blob, facts, header }: Delivery['message']): Message {
  return {
    sizeBytes: facts.sizeBytes,
    header,
    parts: () => decodeParts(facts.parts),
    read: (from, to) => blob.read(from, to),
  };
}

function memoryOf({ memories, nowMs }: Surroundings): Memory {
  const isThere = (key: string): boolean => (memories.get(key) ?? 0) > nowMs;
  return {
    hasSeen: (handle, id) => isThere(seenKey(handle, id)),
    hasReplied: (memory) => isThere(repliedKey(memory)),
  };
}

/** A script may ask a hundred thousand times, of ten thousand mailboxes. */
function mailboxesOf(account: AccountState): Omit<Mailboxes, 'metadata' | 'serverMetadata'> {
  let known: { readonly ids: Map<string, string>; readonly roles: Map<Role, string> } | undefined;
  const all = () => {
    if (known === undefined) {
      known = { ids: new Map(), roles: new Map() };
      for (const { id, name, role } of account.mailboxes.values()) {
        known.ids.set(mailboxObjectId(id), name);
        if (role !== undefined) known.roles.set(role, name);
      }
    }
    return known;
  };
  return {
    exists: (mailbox) => account.byName.has(mailbox),
    withId: (id) => all().ids.get(id),
    withSpecialUse: (attribute) => {
      const role = roleOf(attribute);
      return role && all().roles.get(role);
    },
    hasSpecialUse: (mailbox, attribute) => {
      const role = roleOf(attribute);
      return role !== undefined && account.byName.get(mailbox)?.role === role;
    },
  };
}

/** `\Junk` in any case. */
export function roleOf(attribute: string): Role | undefined {
  const name = attribute.toLowerCase();
  return ROLES.find((role) => `\\${role}` === name);
}
