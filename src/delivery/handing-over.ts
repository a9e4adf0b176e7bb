/**
 * A message that has come whole, to those of its recipients who are kept here: into their mailboxes, or, where that is not to be or
 * cannot be now, to the queue. One outcome for each, also for one that was named twice.
 */
import type { ArrivedMessage } from '../feedback/received.ts';
import { ownAuthor } from '../mail/authors.ts';
import type { MailboxErrorCode } from '../mailbox/model/errors.ts';
import { deliver, type Recipient } from '../mailbox/operations/deliver.ts';
import type { Received } from '../mailbox/operations/incoming.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Envelope, MailFrom, NamedRecipient } from './envelope.ts';
import type { Taken } from './judgement.ts';
import { goesInCircle, tellArrival } from './later.ts';
import { answerTo, report as note, type Outcome } from './outcomes.ts';
import { asMailboxError, giveToQueue } from './queueing.ts';
import type { DeliveryServices } from './services.ts';
import { wishesOf } from './wishes.ts';

export interface Whole {
  readonly received: Received;
  readonly taken: Taken;
  readonly startMs: number;
}

const IN_A_CIRCLE = 'this address has passed it on before';
const NOT_PASSED_ON = 'mail that its domain asks to set apart is not passed on';
const REPORT_WANTED = 'the sender wants a report';
const REPORT_DUE = 'the sender gets a report of the refusal';
const notProven = (author: string): string =>
  `it is in the name of ${author}, which nothing proves, so it is not passed on`;
/** The queue keeps the header for a report. Who has a larger one is told nothing of what arrives. */
const MAX_REPORTED_HEADER_BYTES = 64 * 1024;
/** Each of them is a row and a report of its own: one message cannot ask for more. */
const MAX_REPORTED_ACCOUNTS = 50;
/** Nothing makes them better. */
const FOR_GOOD: ReadonlySet<MailboxErrorCode> = new Set(['too-big', 'nonexistent']);
/** When it was brought before. */
const HAD_ALREADY: Outcome = { kind: 'delivered', copies: [] };

/** In the order of the recipients. */
export async function handOver(
  services: DeliveryServices,
  envelope: Envelope,
  { received, taken, startMs }: Whole,
): Promise<Reply[]> {
  const { activity, repeats, settings, reports } = services;
  // Whoever brings a report about us has to be who he says he is.
  const report = taken.isAuthorKnown ? await reports?.octetsOf(arrived(received)) : undefined;
  const repeat = taken.isShared ? repeats.keyOf(envelope.from, received) : undefined;
  const distinct = new Map(envelope.recipients.map((recipient) => [keyOf(recipient), recipient]));
  if (repeat !== undefined)
    for (const key of distinct.keys()) if (repeats.hasHad(repeat, key)) distinct.delete(key);
  const outcomes = await outcomesOf(services, [...distinct.values()], {
    sender: envelope,
    received,
    taken,
  });
  const byKey = new Map([...distinct.keys()].map((key, index) => [key, outcomes[index] as Outcome]));
  const ms = Math.round(performance.now() - startMs);
  for (const [key, outcome] of byKey) {
    const isKept = outcome.kind !== 'refused' && outcome.kind !== 'rejected';
    if (repeat !== undefined && isKept) repeats.remember(repeat, key);
    const recipient = distinct.get(key) as NamedRecipient;
    note(activity, envelope, recipient, { received, ms, verdict: taken.verdict }, outcome);
  }
  const isTaken = [...byKey.values()].some(({ kind }) => kind === 'delivered');
  if (report !== undefined && isTaken) void reports?.take(report);
  return envelope.recipients.map((recipient) => {
    const outcome = byKey.get(keyOf(recipient)) ?? HAD_ALREADY;
    const { code, text } = answerTo(outcome, recipient.address, settings.overQuota);
    return { code, text: `${text}; id ${envelope.id}` };
  });
}

function arrived({ header, facts, blob }: Received): ArrivedMessage {
  return { header, sizeBytes: facts.sizeBytes, read: (from, to) => blob.read(from, to) };
}

type Mail = Pick<Whole, 'received' | 'taken'> & { readonly sender: MailFrom };

async function outcomesOf(
  services: DeliveryServices,
  recipients: readonly NamedRecipient[],
  mail: Mail,
): Promise<Outcome[]> {
  const isForQueue = queueFilter(recipients, mail);
  const [own, others] = [recipients.filter((one) => !isForQueue(one)), recipients.filter(isForQueue)];
  const [delivered, queued] = await Promise.all([
    deliver(
      services.domain,
      own.map((one) => withWishes(one, mail, services.domain.clock.nowMs())),
      mail.received,
      mail.sender.from,
      mail.taken,
    ),
    toQueue(services, others, mail),
  ]);
  const outcomes = new Map<NamedRecipient, Outcome>(queued);
  for (const [i, one] of own.entries()) outcomes.set(one, delivered[i] ?? HAD_ALREADY);
  const later = own.filter((one) => isForLater(outcomes.get(one), mail.taken));
  const errors = await giveToQueue(services, later, mail);
  for (const one of later) if (!errors.has(one)) outcomes.set(one, whenKept(outcomes.get(one)));
  await tellArrivals(services, recipients, mail, outcomes);
  return recipients.map((one) => outcomes.get(one) ?? HAD_ALREADY);
}

function withWishes(
  { account, address, parameters }: NamedRecipient,
  { sender }: Mail,
  nowMs: number,
): Recipient {
  const wishes = wishesOf(sender.parameters, parameters, nowMs);
  return { account, address, ...(wishes && { wishes }) };
}

/** What goes elsewhere, and what the sender wants to be told of when it has arrived: the queue writes reports. */
function queueFilter(recipients: readonly NamedRecipient[], mail: Mail) {
  const wantsReport = ({ forwards, parameters }: NamedRecipient): boolean =>
    forwards === undefined &&
    parameters.arrival === undefined &&
    parameters.notify?.includes('SUCCESS') === true;
  const accounts = new Set(recipients.filter(wantsReport).map(({ account }) => account));
  const isReported = mayBeReported(mail) && accounts.size <= MAX_REPORTED_ACCOUNTS;
  return (one: NamedRecipient): boolean => one.forwards !== undefined || (isReported && wantsReport(one));
}

function mayBeReported({ received, taken }: Mail): boolean {
  return taken.isAuthentic && received.facts.headerBytes <= MAX_REPORTED_HEADER_BYTES;
}

/** Of addresses that lead elsewhere or to several: once for each of them (RFC 3461 §5.2.7.3), whoever and however many get it. */
async function tellArrivals(
  services: DeliveryServices,
  recipients: readonly NamedRecipient[],
  mail: Mail,
  outcomes: ReadonlyMap<NamedRecipient, Outcome>,
): Promise<void> {
  if (!mayBeReported(mail)) return;
  const arrived = recipients.filter((one) => {
    const { arrival } = one.parameters;
    const kind = outcomes.get(one)?.kind ?? 'delivered';
    return (arrival ?? 'untold') !== 'untold' && kind !== 'refused' && kind !== 'rejected';
  });
  for (const one of arrived.slice(0, MAX_REPORTED_ACCOUNTS)) {
    try {
      await tellArrival(services, one, mail);
    } catch (err) {
      // Everybody has it: what is missing is a report, for which nobody sends it again.
      services.log.warn({ err }, 'a sender is not told that his message has arrived');
    }
  }
}

async function toQueue(
  services: DeliveryServices,
  recipients: readonly NamedRecipient[],
  mail: Mail,
): Promise<ReadonlyMap<NamedRecipient, Outcome>> {
  const outcomes = new Map<NamedRecipient, Outcome>();
  const forwards = recipients.filter((one) => one.forwards !== undefined);
  try {
    const author = forwards.length > 0 ? await claimedAuthor(services, mail) : undefined;
    for (const one of forwards) {
      const reason = whyNotPassedOn(one, mail, author);
      if (reason !== undefined) outcomes.set(one, { kind: 'rejected', reason });
    }
  } catch (error) {
    const refused = { kind: 'refused', error: asMailboxError(services, error) } as const;
    for (const one of forwards) outcomes.set(one, refused);
  }
  const rest = recipients.filter((one) => !outcomes.has(one));
  const errors = await giveToQueue(services, rest, mail);
  for (const one of rest) {
    const error = errors.get(one);
    if (error !== undefined) outcomes.set(one, { kind: 'refused', error });
    else if (one.forwards !== undefined) outcomes.set(one, { kind: 'passed on' });
    else outcomes.set(one, { kind: 'queued', reason: REPORT_WANTED });
  }
  return outcomes;
}

/** Undefined: it is. */
function whyNotPassedOn(
  recipient: NamedRecipient,
  { received, taken }: Mail,
  author: string | undefined,
): string | undefined {
  if (taken.isJunk) return NOT_PASSED_ON;
  if (goesInCircle(recipient, received)) return IN_A_CIRCLE;
  return author && notProven(author);
}

/** What we pass on leaves by a sender of ours, so that whoever gets it would believe what we do not. */
async function claimedAuthor({ recipients }: DeliveryServices, { received, taken }: Mail) {
  if (taken.isAuthorKnown) return undefined;
  return ownAuthor(received.header, (name) => recipients.isOurs(name));
}

/**
 * There is one reply for several recipients: who cannot take it now keeps nobody else from having it. Nor does who does not want it
 * or can never have it: the queue will be told the same, and tells the sender, if it is his.
 */
function isForLater(outcome: Outcome | undefined, { isShared, isAuthentic }: Taken): boolean {
  if (outcome?.kind !== 'refused' && outcome?.kind !== 'rejected') return false;
  return isShared && (isAuthentic || !isForGood(outcome));
}

function whenKept(outcome: Outcome | undefined): Outcome {
  if (outcome?.kind !== 'refused' || isForGood(outcome)) return { kind: 'queued', reason: REPORT_DUE };
  return { kind: 'for later', error: outcome.error };
}

function isForGood(outcome: Outcome & { readonly kind: 'refused' | 'rejected' }): boolean {
  return outcome.kind === 'rejected' || FOR_GOOD.has(outcome.error.code);
}

/** The same address twice is one delivery and two replies. */
function keyOf({ account, address, forwards }: NamedRecipient): string {
  return `${account} ${address.toLowerCase()}${forwards === undefined ? '' : ' elsewhere'}`;
}
