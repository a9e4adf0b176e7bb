/**
 * Delivery: one message that has come in, to each of its recipients. What is to become of it is asked for each of them
 * (`disposition.ts`): INBOX, other mailboxes, nothing, or a refusal. The bytes are stored once; every recipient's copies have
 * trace fields of their own in front of them (RFC 5321 §4.4), and the body is what was received.
 *
 * Each recipient's outcome is its own (RFC 2033 §4.2): neither a full mailbox nor one whose rows cannot be read, nor a bug
 * of ours, touches the others. `deliver` never throws: it would make the sender's server deliver again to those who have
 * their copy. What is done for one recipient is one change: all of it or nothing. An outcome `delivered` is durable. An answer that
 * cannot be had, or carried out, is INBOX. Changes run together, so that they share transactions and a sync.
 */

import { EMPTY } from '../../base/bytes.ts';
import type { AccountChange } from '../change/account-change.ts';
import {
  type Copy,
  type Delivery,
  type Departure,
  type Disposition,
  implicitKeep,
  type SenderWishes,
} from '../disposition.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadMemories } from '../state/memories.ts';
import type { IncomingMessage } from './append.ts';
import { askForContact } from './correspondents.ts';
import { type Filed, fileParcels, type Parcel } from './filing.ts';
import type { Received } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';
import { requireRoomForOutgoing } from './outgoing.ts';
import { refusedForRoom } from './room.ts';

export interface Recipient {
  readonly account: AccountId;
  /** As the sender wrote it, tag and all. */
  readonly address: string;
  readonly wishes?: SenderWishes;
}

export type DeliveryOutcome =
  /** Where its copies are; none when the recipient wants it thrown away. */
  | { readonly kind: 'delivered'; readonly copies: readonly Filed[] }
  /** It could not be stored. */
  | { readonly kind: 'refused'; readonly error: MailboxError }
  /** The recipient does not want it, and wants the sender to know. */
  | { readonly kind: 'rejected'; readonly reason: string };

/** Others that come in at the same time may change the answer so often. */
const MOST_TIMES = 10;

/** What the answer rests on has changed. */
class Outdated extends MailboxError {
  constructor() {
    super('conflict', 'another message came first');
  }
}

/** Recipients at once: a few milliseconds of the event loop. */
const SLICE = 100;

/** What is known of a message beside its octets and its sender. */
export interface Arrived extends Pick<Delivery, 'fields' | 'isJunk' | 'isAuthentic' | 'isAuthorKnown'> {
  /** Sixteen octets: who has had a message with this key does not get it again. It is forgotten when it is told to be. */
  readonly once?: Buffer;
}

const NOTHING_KNOWN: Arrived = Object.freeze({ fields: EMPTY, isJunk: false, isAuthorKnown: false });

/** Outcomes in the order of the recipients. `envelopeFrom` is empty for bounces. */
export async function deliver(
  domain: Domain,
  recipients: readonly Recipient[],
  received: Received,
  envelopeFrom: string,
  arrived: Arrived = NOTHING_KNOWN,
): Promise<DeliveryOutcome[]> {
  const outcomes: DeliveryOutcome[] = [];
  for (let at = 0; at < recipients.length; at += SLICE) {
    const slice = recipients.slice(at, at + SLICE);
    outcomes.push(
      ...(await Promise.all(
        slice.map((one) => deliverOne(domain, one, received, { envelopeFrom, ...arrived })),
      )),
    );
  }
  return outcomes;
}

type Brought = Arrived & Pick<Delivery, 'envelopeFrom'>;

/** What is to come once may be brought again while it is still on its way into the account: by a queue that was tired of waiting. */
function deliverOne(
  domain: Domain,
  recipient: Recipient,
  message: Received,
  arrived: Brought,
): Promise<DeliveryOutcome> {
  const put = () => putOne(domain, recipient, message, arrived);
  const { once } = arrived;
  if (once === undefined) return put();
  return domain.accounts.onceOnly.run(`${recipient.account} ${once.toString('hex')}`, put);
}

async function putOne(
  domain: Domain,
  { account: id, address, wishes }: Recipient,
  message: Received,
  arrived: Brought,
): Promise<DeliveryOutcome> {
  try {
    const account = await domain.accounts.open(id);
    if (arrived.once !== undefined && (await hasIt(domain, account, arrived.once)))
      return { kind: 'delivered', copies: [] };
    const delivery = { account, address, message, ...arrived, ...(wishes && { wishes }) };
    for (let times = 1; ; times++) {
      const asked = times > MOST_TIMES ? undefined : domain.dispositions.of(delivery);
      if (asked === undefined) return await carryOut(domain, delivery, implicitKeep(delivery));
      const outcome = await asDisposed(domain, delivery, asked);
      if (outcome !== 'outdated') return outcome;
    }
  } catch (error) {
    if (error instanceof MailboxError) return { kind: 'refused', error: await inWords(domain, id, error) };
    domain.log.error({ err: error, accountId: id }, 'a delivery failed');
    const words = 'the mailbox cannot be opened; try again later';
    return { kind: 'refused', error: new MailboxError('unavailable', words, { cause: error }) };
  }
}

/** Of what found no room it is written down, and said whether it is worth trying again. */
async function inWords(domain: Domain, id: AccountId, error: MailboxError): Promise<MailboxError> {
  const account = domain.accounts.peek(id);
  return account === undefined ? error : refusedForRoom(domain, account, error);
}

/** Kept with INBOX, wherever the message went. */
async function hasIt(domain: Domain, account: AccountState, key: Buffer): Promise<boolean> {
  const { id } = mailboxOf(account, 'INBOX');
  return (await domain.store.whichImported(account.id, id, [key]))[0] === true;
}

/** For one recipient. */
export type Asking = Delivery & Pick<Arrived, 'once'>;

async function asDisposed(
  domain: Domain,
  asking: Asking,
  asked: Promise<Disposition>,
): Promise<DeliveryOutcome | 'outdated'> {
  const disposition = await asked.catch((error: unknown) => inInbox(domain, asking, error));
  try {
    // It may have left memory meanwhile.
    const delivery = { ...asking, account: await domain.accounts.open(asking.account.id) };
    return await carryOut(domain, delivery, disposition);
  } catch (error) {
    if (error instanceof Outdated) return 'outdated';
    // The store took nothing, or cannot say whether it did: the sender has the message, and tries again.
    if (error instanceof MailboxError && ['unavailable', 'conflict'].includes(error.code)) throw error;
    const account = await domain.accounts.open(asking.account.id);
    return await carryOut(domain, { ...asking, account }, inInbox(domain, asking, error));
  } finally {
    disposition.end?.();
  }
}

/** Whatever the recipient wants beside it, having the message comes first. */
function inInbox({ log }: Domain, delivery: Delivery, error: unknown): Disposition {
  const accountId = delivery.account.id;
  const words = 'what is to become of a message cannot be done';
  if (!(error instanceof MailboxError)) log.warn({ err: error, accountId }, words);
  // No fault, and INBOX is as full: whoever brings the message is told.
  else if (error.code !== 'over-quota') log.warn({ why: error.message, accountId }, words);
  return implicitKeep(delivery);
}

/** Durable when it resolves. Throws MailboxError, and `Outdated` when what its memories rest on has changed; then nothing is done. */
export async function carryOut(
  domain: Domain,
  delivery: Asking,
  { copies, departures = [], refusal, memories = [], note }: Disposition,
): Promise<DeliveryOutcome> {
  const { account } = delivery;
  const leaving = departures.reduce((sum, { recipients }) => sum + recipients.length, 0);
  const octets = departures.length * delivery.message.facts.sizeBytes;
  if (leaving > 0) await requireRoomForOutgoing(domain, account, leaving, octets);
  if (memories.length > 0) await loadMemories(domain, account);
  const also = (change: AccountChange): void => {
    const { rules } = change;
    if (memories.some(({ key, mustBeNew }) => mustBeNew && rules.isRemembered(key))) throw new Outdated();
    for (const { key, untilMs } of memories) rules.remember({ key, untilMs });
    if (note !== undefined) rules.note(note);
    if (delivery.once !== undefined && refusal === undefined)
      change.rememberImport(mailboxOf(account, 'INBOX'), delivery.once);
  };
  const parcels = parcelsOf(delivery, refusal === undefined ? copies : [], departures);
  const isNothing = parcels.length === 0 && memories.length === 0 && note === undefined;
  const filed = isNothing ? [] : await file(domain, delivery, parcels, also);
  if (refusal !== undefined) return { kind: 'rejected', reason: refusal };
  return { kind: 'delivered', copies: filed };
}

/** With what is known of its author at that moment. */
async function file(
  domain: Domain,
  { account, message }: Delivery,
  parcels: readonly Parcel[],
  also: (change: AccountChange) => void,
): Promise<readonly Filed[]> {
  const contact = await askForContact(domain, account, message.facts.envelope);
  try {
    return await fileParcels(domain, account, parcels, (change) => {
      also(change);
      return contact.traitsIn(change);
    });
  } finally {
    contact.close();
  }
}

/** One for the message as it came, one for each other form of it. */
function parcelsOf(delivery: Delivery, copies: readonly Copy[], departures: readonly Departure[]): Parcel[] {
  const trace = Buffer.concat([traceFields(delivery.envelopeFrom, delivery.address), delivery.fields]);
  const forms = new Set([...copies, ...departures].map(({ form }) => form));
  return Array.from(forms, (form) => {
    const { content = delivery.message, fields = EMPTY, hasNoTrace } = form ?? {};
    const prefix = hasNoTrace ? fields : fields.length > 0 ? Buffer.concat([trace, fields]) : trace;
    return {
      message: incoming({ ...content, ...(prefix.length > 0 && { prefix }) }),
      copies: copies.filter((copy) => copy.form === form),
      departures: departures.filter((departure) => departure.form === form),
      isOwn: hasNoTrace === true,
    };
  });
}

function incoming(message: Pick<IncomingMessage, 'blob' | 'facts' | 'prefix'>): IncomingMessage {
  return { ...message, flags: 0, keywords: [], internalDate: undefined };
}

/** RFC 5321 §4.4 for Return-Path; Delivered-To is how people find out which of their addresses a message came to. */
function traceFields(envelopeFrom: string, address: string): Buffer {
  return Buffer.from(
    `Return-Path: <${oneLine(envelopeFrom)}>\r\nDelivered-To: ${oneLine(address)}\r\n`,
    'utf8',
  );
}

/** An address with a line break in it would write header fields of its own. */
function oneLine(address: string): string {
  return address.replace(/\p{Cc}/gu, '');
}
