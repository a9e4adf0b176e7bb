/**
 * A message that has come whole, to those of its recipients who are kept here: into their mailboxes, or, where that is not to be or
 * cannot be now, to the queue. One outcome for each, also for one that was named twice.
 */
import { ownAuthor } from '../mail/authors.ts';
import { MailboxError, type MailboxErrorCode } from '../mailbox/model/errors.ts';
import { deliver } from '../mailbox/operations/deliver.ts';
import type { Received } from '../mailbox/operations/incoming.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Envelope, MailFrom, NamedRecipient } from './envelope.ts';
import type { Taken } from './judgement.ts';
import { goesInCircle, keepForLater, passOn } from './later.ts';
import { answerTo, type Outcome, report } from './outcomes.ts';
import type { DeliveryServices } from './services.ts';

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
  const { activity, repeats, settings } = services;
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
    report(activity, envelope, recipient, { received, ms, verdict: taken.verdict }, outcome);
  }
  return envelope.recipients.map((recipient) => {
    const outcome = byKey.get(keyOf(recipient)) ?? HAD_ALREADY;
    const { code, text } = answerTo(outcome, recipient.address, settings.overQuota);
    return { code, text: `${text}; id ${envelope.id}` };
  });
}

type Mail = Pick<Whole, 'received' | 'taken'> & { readonly sender: MailFrom };

async function outcomesOf(
  services: DeliveryServices,
  recipients: readonly NamedRecipient[],
  mail: Mail,
): Promise<Outcome[]> {
  const own = recipients.filter((one) => !isForQueue(one, mail.taken));
  const delivering = deliver(services.domain, own, mail.received, mail.sender.from, mail.taken);
  const passing = recipients.map((one) =>
    isForQueue(one, mail.taken) ? toQueue(services, one, mail) : undefined,
  );
  const delivered = new Map((await delivering).map((outcome, i) => [own[i], outcome]));
  return Promise.all(
    recipients.map(async (recipient, i) => {
      const outcome = delivered.get(recipient) ?? (await passing[i]);
      if (outcome?.kind === 'refused' || outcome?.kind === 'rejected')
        return orLater(services, recipient, mail, outcome);
      return outcome ?? HAD_ALREADY;
    }),
  );
}

/** What goes elsewhere, and what the sender wants to be told of when it has arrived: the queue writes reports. */
function isForQueue({ forwards, parameters: { notify } }: NamedRecipient, { isAuthentic }: Taken): boolean {
  return forwards !== undefined || (isAuthentic && notify?.includes('SUCCESS') === true);
}

async function toQueue(services: DeliveryServices, recipient: NamedRecipient, mail: Mail): Promise<Outcome> {
  const isForward = recipient.forwards !== undefined;
  if (isForward && mail.taken.isJunk) return { kind: 'rejected', reason: NOT_PASSED_ON };
  if (isForward && goesInCircle(recipient, mail.received)) return { kind: 'rejected', reason: IN_A_CIRCLE };
  try {
    const author = isForward ? await claimedAuthor(services, mail) : undefined;
    if (author !== undefined) return { kind: 'rejected', reason: notProven(author) };
    await (isForward ? passOn : keepForLater)(services, recipient, mail);
    return isForward ? { kind: 'passed on' } : { kind: 'queued', reason: REPORT_WANTED };
  } catch (error) {
    return refusedFor(services, error);
  }
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
async function orLater(
  services: DeliveryServices,
  recipient: NamedRecipient,
  mail: Mail,
  outcome: Outcome & { readonly kind: 'refused' | 'rejected' },
): Promise<Outcome> {
  const { isShared, isAuthentic } = mail.taken;
  const isForGood = outcome.kind === 'rejected' || FOR_GOOD.has(outcome.error.code);
  if (!isShared || isForQueue(recipient, mail.taken) || (isForGood && !isAuthentic)) return outcome;
  try {
    await keepForLater(services, recipient, mail);
    if (outcome.kind === 'refused' && !isForGood) return { kind: 'for later', error: outcome.error };
    return { kind: 'queued', reason: REPORT_DUE };
  } catch (error) {
    refusedFor(services, error);
    return outcome;
  }
}

function refusedFor({ log }: DeliveryServices, error: unknown): Outcome & { readonly kind: 'refused' } {
  if (error instanceof MailboxError) return { kind: 'refused', error };
  log.error({ err: error }, 'the queue did not take a message');
  const message = 'the server failed; try again later';
  return { kind: 'refused', error: new MailboxError('unavailable', message, { cause: error }) };
}

/** The same address twice is one delivery and two replies. */
function keyOf({ account, address, forwards }: NamedRecipient): string {
  return `${account} ${address.toLowerCase()}${forwards === undefined ? '' : ' elsewhere'}`;
}
