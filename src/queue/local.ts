/**
 * Mail for people who are here: out of the queue and into their mailboxes, once. A key that is written with the message says that it was
 * delivered; it is forgotten when the queue has written that down as well.
 *
 * An address can lead to several people, here and elsewhere. Who has the message has it; for those who could not have it now, all of the
 * address is tried again. Elsewhere it goes at the first try, whatever becomes of those who are here, and never again.
 */
import { createHash } from 'node:crypto';
import { EMPTY } from '../base/bytes.ts';
import { report } from '../delivery/outcomes.ts';
import { MAX_HOPS, queuedField } from '../delivery/trace.ts';
import type { Activity } from '../identity/activity.ts';
import type { Recipients, ResolvedDelivery } from '../identity/recipients.ts';
import { HeaderBlock } from '../mail/header.ts';
import type { SenderWishes } from '../mailbox/disposition.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import {
  NOTIFY,
  type OutgoingId,
  type OutgoingRecipient,
  type OutgoingRow,
  outgoingText,
} from '../mailbox/model/outgoing.ts';
import { type DeliveryOutcome, deliver } from '../mailbox/operations/deliver.ts';
import { openIncoming, type Received } from '../mailbox/operations/incoming.ts';
import { ownResults, saysDmarcPass } from '../message-auth/seal.ts';
import { saysJunk } from '../message-auth/verdict-field.ts';
import { FULL_FOR_NOW, fullInWords, REPLY } from '../smtp/replies.ts';
import type { Outcome } from './attempt.ts';
import type { DepartingMessage } from './message.ts';

export interface PassedOn {
  readonly holder: string;
  readonly from: string;
  readonly address: string;
  readonly once: Buffer;
  /** Of this hop, whole lines. */
  readonly fields: Buffer;
  readonly isJunk: boolean;
  readonly isAuthentic: boolean;
  readonly isAuthorKnown: boolean;
  readonly wishes: SenderWishes;
  readonly message: DepartingMessage;
}

export interface LocalOptions {
  readonly domain: Domain;
  readonly recipients: Pick<Recipients, 'resolve'>;
  readonly hostname: string;
  readonly activity: Activity;
  /** To the process that holds the account; its reply. */
  readonly passOn?: (passed: PassedOn) => Promise<{ readonly code: number; readonly text: string }>;
  /** A message waits for room in a mailbox. */
  readonly onFull?: (account: AccountId, id: OutgoingId) => void;
}

export interface LocalOutcome extends Omit<Outcome, 'kind'> {
  readonly kind: 'delivered' | 'failed' | 'deferred';
  /** It is not for here: it goes by the DNS. */
  readonly isForeign?: boolean;
  /** Addresses elsewhere that it leads to as well and is to be passed on to now. */
  readonly forwards: readonly string[];
  /** It leads to one address elsewhere and to nobody else: what its sender wants to be told goes along (RFC 3461 §5.2.7.2). */
  readonly isAlias?: boolean;
  /** Whose key can be forgotten once the outcome is written down. */
  readonly keys: readonly { readonly account: AccountId; readonly key: Buffer }[];
}

/** RFC 3463: the system is not there to take it; of a process of ours that has ended or not begun. */
export const NOBODY_HOLDS_IT = '4.3.2';

/** Recipients of a message, and octets of its copies in the staging. */
const MOST_AT_ONCE = 50;
const BYTES_AT_ONCE = 4 * 1024 * 1024;

type Said = Pick<Outcome, 'status' | 'text'> & { readonly kind: LocalOutcome['kind'] };

export class LocalRoute {
  readonly #options: LocalOptions;

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  /** In the order of the recipients. Throws what the store throws when the message cannot be read. */
  async deliver(
    row: OutgoingRow,
    recipients: readonly OutgoingRecipient[],
    message: DepartingMessage,
  ): Promise<LocalOutcome[]> {
    const outcomes: LocalOutcome[] = [];
    // Those of a turn share its sync.
    const atOnce = Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(BYTES_AT_ONCE / message.sizeBytes)));
    for (let at = 0; at < recipients.length; at += atOnce) {
      const some = recipients.slice(at, at + atOnce);
      const settled = await Promise.allSettled(some.map((one) => this.#deliverTo(row, one, message)));
      const failed = settled.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      for (const one of settled) if (one.status === 'fulfilled') outcomes.push(one.value);
    }
    return outcomes;
  }

  async #deliverTo(
    row: OutgoingRow,
    recipient: OutgoingRecipient,
    message: DepartingMessage,
  ): Promise<LocalOutcome> {
    const base = { recipient, host: '', isReply: false, hasDsn: false, forwards: [], keys: [] };
    if (new HeaderBlock(message.header).all('received').length >= MAX_HOPS)
      return { ...base, kind: 'failed', status: '5.4.6', text: 'the message goes in a circle' };
    try {
      const resolution = await this.#options.recipients.resolve(recipient.address);
      if (resolution.kind === 'foreign')
        return { ...base, isForeign: true, kind: 'deferred', status: '4.4.0', text: 'it goes elsewhere' };
      if (resolution.kind === 'unknown')
        return { ...base, kind: 'failed', status: '5.1.1', text: `nobody here has this address` };
      const { deliveries, forwards } = resolution;
      const key = keyOf(row, recipient);
      const said = await this.#toAll(deliveries, { row, recipient, message, key }).catch(refused);
      const keys = deliveries.map(({ account }) => ({ account, key }));
      const isNew = recipient.route !== 'mailboxes';
      const arrived = arrivalAt(row, deliveries.length, forwards.length);
      return { ...base, ...decisive(said, forwards), ...arrived, forwards: isNew ? forwards : [], keys };
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      return { ...base, ...saidOf(error) };
    }
  }

  async #toAll(
    deliveries: readonly ResolvedDelivery[],
    what: {
      readonly row: OutgoingRow;
      readonly recipient: OutgoingRecipient;
      readonly message: DepartingMessage;
      readonly key: Buffer;
    },
  ): Promise<Said[]> {
    const { domain, passOn, hostname, onFull } = this.#options;
    const { row, recipient, message, key: once } = what;
    const beganMs = performance.now();
    const fields = this.#fieldsOf(row, recipient, message);
    const isJunk = isSetApart(row);
    // What becomes of mail that was passed on is told to whoever passed it on, by a report.
    const isAuthentic = row.kind === 'retry' ? recipient.notify !== NOTIFY.Never : row.kind === 'sent';
    const isAuthorKnown = row.kind !== 'retry' || saysDmarcPass(message.header, hostname);
    const said: Said[] = [];
    const here: ResolvedDelivery[] = [];
    const holders = new Map<string, AccountId[]>();
    for (const delivery of deliveries) {
      const place = domain.placement.locate(delivery.account);
      if (place.kind === 'here') here.push(delivery);
      else if (place.kind === 'elsewhere' && passOn !== undefined)
        holders.set(place.holder, [...(holders.get(place.holder) ?? []), delivery.account]);
      else
        said.push({
          kind: 'deferred',
          status: NOBODY_HOLDS_IT,
          text: 'nobody holds the account at this moment',
        });
    }
    for (const [holder, accounts] of holders) {
      const reply = await passOn?.({
        ...{ holder, from: row.sender, address: recipient.address },
        ...{ once, fields, isJunk, isAuthentic, isAuthorKnown, message },
        wishes: wishesOf(row, recipient),
      });
      if (reply === undefined) continue;
      const isGone = reply.code === REPLY.holderGone.code && reply.text === REPLY.holderGone.text;
      const outcome: Said = isGone
        ? { kind: 'deferred', status: NOBODY_HOLDS_IT, text: reply.text }
        : saidInReply(reply);
      if (outcome.status === FULL_FOR_NOW) for (const account of accounts) onFull?.(account, row.id);
      said.push(outcome);
    }
    if (here.length === 0) return said;
    const { address } = recipient;
    const wishes = wishesOf(row, recipient);
    const to = here.map(({ account }) => ({ account, address, wishes }));
    const accounts = here.map(({ account }) => account);
    const { received, release } = await this.#read(accounts, message);
    try {
      const arrived = { fields, isJunk, isAuthentic, isAuthorKnown, once };
      const outcomes = await deliver(domain, to, received, row.sender, arrived);
      this.#note(row, recipient, here, { outcomes, received, ms: Math.round(performance.now() - beganMs) });
      return [...said, ...outcomes.map(saidIn)];
    } finally {
      release();
    }
  }

  /** In the accounts' activity; and who has no room is noted for when there is some. */
  #note(
    row: OutgoingRow,
    { address }: OutgoingRecipient,
    here: readonly ResolvedDelivery[],
    what: { readonly outcomes: readonly DeliveryOutcome[]; readonly received: Received; readonly ms: number },
  ): void {
    const { activity, onFull } = this.#options;
    const { outcomes, received, ms } = what;
    const names = { id: outgoingText(row.id), session: 'queue', service: 'queue', remote: 'queue' };
    const how = { received, ms, verdict: undefined };
    for (const [i, { account, name }] of here.entries()) {
      const outcome = outcomes[i] as DeliveryOutcome;
      if (outcome.kind === 'refused' && outcome.error.code === 'over-quota') onFull?.(account, row.id);
      report(activity, { ...names, from: row.sender }, { name, address }, how, outcome);
    }
  }

  /** This hop, and above it what was found out when the message came: only what is above all hops is taken for ours. */
  #fieldsOf(row: OutgoingRow, { address }: OutgoingRecipient, { header }: DepartingMessage): Buffer {
    const { domain, hostname } = this.#options;
    // The hop that took it is the one that it is delivered by.
    if (row.kind === 'retry') return EMPTY;
    const results = ownResults(header, hostname);
    const by = { hostname, id: outgoingText(row.id), recipient: address, nowMs: domain.clock.nowMs() };
    return Buffer.concat([...(results === undefined ? [] : [results, Buffer.from('\r\n')]), queuedField(by)]);
  }

  /** Into the store's staging, for those accounts. */
  async #read(
    accounts: readonly AccountId[],
    message: DepartingMessage,
  ): Promise<{ received: Received; release: () => void }> {
    const { domain } = this.#options;
    const { messageBytes } = domain.limits;
    const incoming = openIncoming(domain, accounts, messageBytes, message.sizeBytes);
    try {
      for await (const piece of message.octets()) await incoming.write(piece);
      return { received: await incoming.finish(), release: () => incoming.abort() };
    } catch (error) {
      incoming.abort();
      throw error;
    }
  }
}

function wishesOf(
  { ret, envid, deliverBy, requiresTls }: OutgoingRow,
  { notify, orcpt }: OutgoingRecipient,
): SenderWishes {
  return {
    ...((notify & NOTIFY.Unsaid) === 0 && { notify }),
    ...(requiresTls && { requiresTls }),
    ...(orcpt !== undefined && { orcpt }),
    ...(ret !== undefined && { ret }),
    ...(envid !== undefined && { envid }),
    ...(deliverBy !== undefined && { deliverBy }),
  };
}

/**
 * RFC 3461 §5.2.7: who has sent it to an address that leads to one other is told by whoever takes it there. One that leads to several was
 * passed on, and so was what leads elsewhere and is none of our business there.
 */
function arrivalAt(
  { kind, sender }: OutgoingRow,
  here: number,
  elsewhere: number,
): Pick<LocalOutcome, 'arrival' | 'isAlias' | 'hasDsn'> {
  if (here + elsewhere > 1) return { hasDsn: false, arrival: 'expanded' };
  if (elsewhere === 0) return { hasDsn: false };
  const isOfOurs = kind === 'sent' || sender === '';
  return isOfOurs ? { hasDsn: true, isAlias: true } : { hasDsn: false, arrival: 'relayed' };
}

/** What came in here and could not be had then was judged when it came. */
function isSetApart({ kind, header }: OutgoingRow): boolean {
  return kind === 'retry' && header !== undefined && saysJunk(new HeaderBlock(header));
}

/** Of this recipient of this message, and of no other. */
function keyOf({ id }: OutgoingRow, { n }: OutgoingRecipient): Buffer {
  return createHash('sha256').update(`outgoing ${id} ${n}`).digest().subarray(0, 16);
}

function saidIn(outcome: DeliveryOutcome): Said {
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'delivered', status: '2.0.0', text: 'in the mailbox' };
    case 'rejected':
      return { kind: 'failed', status: '5.7.1', text: outcome.reason };
    case 'refused':
      return saidOf(outcome.error);
  }
}

function saidOf(error: MailboxError): Said {
  const { code, message: text } = error;
  switch (code) {
    case 'over-quota': {
      // How full it is the sender need not know.
      const { isForGood, status, text: words } = fullInWords(error);
      return { kind: isForGood ? 'failed' : 'deferred', status, text: words };
    }
    case 'too-big':
      return { kind: 'failed', status: '5.3.4', text };
    case 'nonexistent':
      return { kind: 'failed', status: '5.1.1', text };
    case 'limit':
      return { kind: 'failed', status: '5.4.6', text };
    default:
      return { kind: 'deferred', status: '4.3.0', text };
  }
}

/** All of them, before it came to any of them. Throws what is no refusal. */
function refused(error: unknown): Said[] {
  if (error instanceof MailboxError) return [saidOf(error)];
  throw error;
}

function saidInReply({ code, text }: { readonly code: number; readonly text: string }): Said {
  const kind = code < 300 ? 'delivered' : code >= 500 ? 'failed' : 'deferred';
  const [, status = `${Math.floor(code / 100)}.0.0`, words = text] = /^(\d\.\d+\.\d+) (.*)$/.exec(text) ?? [];
  return { kind, status, text: words };
}

/** One that is for later is tried again with all; who cannot have it is passed over beside one who has it. */
function decisive(said: readonly Said[], forwards: readonly string[]): Said {
  const deferred = said.find(({ kind }) => kind === 'deferred');
  if (deferred !== undefined) return deferred;
  const delivered = said.find(({ kind }) => kind === 'delivered');
  if (delivered !== undefined) return delivered;
  if (forwards.length > 0) return { kind: 'delivered', status: '2.1.5', text: 'passed on' };
  return said[0] ?? { kind: 'failed', status: '5.1.1', text: 'nobody here has this address' };
}
