/**
 * What is not put into a mailbox now but given to the queue, and durable with it: mail for a recipient who cannot take it now while
 * others can, and mail that an address passes on to others elsewhere. The queue delivers, rewrites and signs.
 *
 * A report of its failure goes only to somebody who has to do with the message (`isAuthentic`): nobody else hears of it.
 */
import { MailboxError } from '../mailbox/model/errors.ts';
import { type NewRecipient, NOTIFY, NOTIFY_DEFAULT, notifyOfForward } from '../mailbox/model/outgoing.ts';
import type { Received } from '../mailbox/operations/incoming.ts';
import { acceptOutgoing } from '../mailbox/operations/outgoing.ts';
import type { Notification } from '../smtp/parameters.ts';
import { decodeXtext } from '../smtp/xtext.ts';
import type { MailFrom, NamedRecipient } from './envelope.ts';
import type { Taken } from './judgement.ts';
import type { DeliveryServices } from './services.ts';

type Services = Pick<DeliveryServices, 'domain' | 'settings' | 'recipients'>;

export interface ForLater {
  readonly sender: MailFrom;
  readonly received: Received;
  readonly taken: Taken;
}

/** As deliveries write it too. */
const MARK = 'Delivered-To';
const NOT_ASCII = /[^\0-\x7f]/;

/** Of a recipient who cannot take it now. Throws as `acceptOutgoing` does, and what the directory throws. */
export async function keepForLater(
  services: Services,
  recipient: NamedRecipient,
  mail: ForLater,
): Promise<void> {
  return give(services, recipient, [await addressOf(services, recipient)], 'retry', mail);
}

/** To where the recipient's address leads elsewhere, with a mark by which it is known when it comes back. Throws as `acceptOutgoing` does. */
export function passOn(services: Services, recipient: NamedRecipient, mail: ForLater): Promise<void> {
  const fields = Buffer.concat([
    Buffer.from(`${MARK}: ${oneLine(recipient.address)}\r\n`),
    mail.taken.fields,
  ]);
  const marked = { ...mail, taken: { ...mail.taken, fields } };
  return give(services, recipient, recipient.forwards ?? [], 'forward', marked);
}

/** It was passed on from this address before, and what it leads to has led back. */
export function goesInCircle({ address }: NamedRecipient, { header }: Received): boolean {
  const own = oneLine(address).toLowerCase();
  return header.all(MARK.toLowerCase()).some((value) => value.toString('utf8').trim().toLowerCase() === own);
}

function oneLine(address: string): string {
  return address.replace(/\p{Cc}/gu, '');
}

async function give(
  { domain, settings }: Services,
  { account: id, address: original, parameters }: NamedRecipient,
  addresses: readonly string[],
  kind: 'retry' | 'forward',
  { sender: { from: sender, parameters: wishes }, received, taken }: ForLater,
): Promise<void> {
  const { header, facts } = received;
  if (header.bytes.length !== facts.headerBytes)
    throw new MailboxError('limit', 'the header is too large to be kept for later');
  const wanted = taken.isAuthentic ? bitsOf(parameters.notify) : NOTIFY.Never;
  const notify = kind === 'forward' ? notifyOfForward(wanted) : wanted;
  const orcpt = originalOf(parameters.orcpt, original);
  const recipients = addresses.map((address): NewRecipient => ({ address, route: 'local', notify, orcpt }));
  await acceptOutgoing(domain, await domain.accounts.open(id), received, {
    envelope: {
      ...{ kind, sender },
      isUtf8: [sender, ...addresses].some((address) => NOT_ASCII.test(address)),
      isEightBit: true,
      requiresTls: wishes.requireTls === true,
      isTlsOptional: false,
      expiresMs: domain.clock.nowMs() + settings.giveUpMs,
      ...(wishes.envid === undefined ? {} : { envid: decodeXtext(wishes.envid) ?? '' }),
      ...(wishes.ret === undefined ? {} : { ret: wishes.ret === 'FULL' ? 'full' : 'headers' }),
    },
    recipients,
    header: Buffer.concat([taken.fields, header.bytes]),
    bodyFrom: facts.headerBytes,
  });
}

/** RFC 3461 §4.1. */
function bitsOf(notify: readonly Notification[] | undefined): number {
  if (notify === undefined) return NOTIFY_DEFAULT;
  const bits = { SUCCESS: NOTIFY.Success, FAILURE: NOTIFY.Failure, DELAY: NOTIFY.Delay };
  return notify.reduce((sum, one) => sum | bits[one], NOTIFY.Never as number);
}

/** Decoded. Whoever did not say has meant the address that was named (RFC 3461 §5.2.1). */
function originalOf(orcpt: string | undefined, address: string): string {
  if (orcpt === undefined) return `${NOT_ASCII.test(address) ? 'utf-8' : 'rfc822'};${address}`;
  const at = orcpt.indexOf(';') + 1;
  return orcpt.slice(0, at) + (decodeXtext(orcpt.slice(at)) ?? orcpt.slice(at));
}

/** As the sender wrote it where it leads to this account alone; a list would lead to everybody else as well. */
async function addressOf(
  { recipients }: Services,
  { account, name, address }: NamedRecipient,
): Promise<string> {
  const found = await recipients.resolve(address);
  if (found.kind !== 'local' || found.deliveries.length + found.forwards.length !== 1) return name;
  return found.deliveries[0]?.account === account ? address : name;
}
