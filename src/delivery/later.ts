/**
 * What is not put into a mailbox now but given to the queue, and durable with it: mail for a recipient who cannot take it now while
 * others can, and mail that an address passes on to others elsewhere. The queue delivers, rewrites and signs.
 *
 * A report of its failure goes only to somebody who has to do with the message (`isAuthentic`): nobody else hears of it.
 */

import { saysTlsIsOptional } from '../mail/tls-required.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import {
  type Arrival,
  type NewRecipient,
  NOTIFY,
  NOTIFY_DEFAULT,
  notifyOfForward,
} from '../mailbox/model/outgoing.ts';
import type { Received } from '../mailbox/operations/incoming.ts';
import { acceptUnshown } from '../mailbox/operations/outgoing.ts';
import { decodedAddress, originalOf } from '../smtp/original-recipient.ts';
import { decodeXtext } from '../smtp/xtext.ts';
import type { MailFrom, NamedRecipient } from './envelope.ts';
import type { Taken } from './judgement.ts';
import type { DeliveryServices, DeliverySettings } from './services.ts';
import { notifyBits } from './wishes.ts';

type Services = Pick<DeliveryServices, 'domain' | 'recipients'> & {
  readonly settings: Pick<DeliverySettings, 'giveUpMs'>;
};

export interface ForLater {
  readonly sender: MailFrom;
  readonly received: Received;
  readonly taken: Taken;
}

/** As deliveries write it too. */
const MARK = 'Delivered-To';
const NOT_ASCII = /[^\0-\x7f]/;

type Recipients = readonly [NamedRecipient, ...NamedRecipient[]];

/** Of addresses of one account, which cannot take it now. Room was asked for. Throws as `acceptUnshown` does, and what the directory throws. */
export async function keepForLater(services: Services, all: Recipients, mail: ForLater): Promise<void> {
  const recipients: NewRecipient[] = [];
  for (const one of all)
    recipients.push({ address: await addressOf(services, one), route: 'local', ...wishesOf(one, mail) });
  return give(services, all[0].account, recipients, 'retry', mail);
}

/**
 * Of addresses that lead to the same ones elsewhere, to which it goes once, with a mark of each address by which it is known when it
 * comes back. Room was asked for. Throws as `acceptUnshown` does.
 */
export function passOn(services: Services, all: Recipients, mail: ForLater): Promise<void> {
  const marks = all.map(({ address }) => `${MARK}: ${oneLine(address)}\r\n`).join('');
  const fields = Buffer.concat([Buffer.from(marks), mail.taken.fields]);
  const marked = { ...mail, taken: { ...mail.taken, fields } };
  const [first] = all;
  const { notify, orcpt = originalOf(first.address) } = wishesOf(first, mail);
  const recipients = (first.forwards ?? []).map((address): NewRecipient => {
    return { address, route: 'local', notify: notifyOfForward(notify), orcpt };
  });
  return give(services, first.account, recipients, 'forward', marked);
}

/** It has arrived at all that the address leads to, by deliveries of their own: there is a row only for the queue to tell its sender so. */
export function tellArrival(services: Services, one: NamedRecipient, mail: ForLater): Promise<void> {
  const arrival: Arrival = one.parameters.arrival === 'relayed' ? 'relayed' : 'expanded';
  const { orcpt } = wishesOf(one, mail);
  const recipient = { address: one.address, route: 'local', notify: NOTIFY.Success, state: arrival } as const;
  return give(
    services,
    one.account,
    [{ ...recipient, ...(orcpt !== undefined && { orcpt }) }],
    'retry',
    mail,
  );
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
  account: AccountId,
  recipients: readonly NewRecipient[],
  kind: 'retry' | 'forward',
  { sender: { from: sender, parameters: wishes }, received, taken }: ForLater,
): Promise<void> {
  const { header, facts } = received;
  if (header.bytes.length !== facts.headerBytes)
    throw new MailboxError('limit', 'the header is too large to be kept for later');
  await acceptUnshown(domain, await domain.accounts.open(account), received, {
    envelope: {
      ...{ kind, sender },
      isUtf8: NOT_ASCII.test(sender) || recipients.some(({ address }) => NOT_ASCII.test(address)),
      isEightBit: true,
      requiresTls: wishes.requireTls === true,
      isTlsOptional: wishes.requireTls !== true && saysTlsIsOptional(header),
      expiresMs: domain.clock.nowMs() + settings.giveUpMs,
      ...(wishes.envid === undefined ? {} : { envid: decodeXtext(wishes.envid) ?? '' }),
      ...(wishes.ret === undefined ? {} : { ret: wishes.ret === 'FULL' ? 'full' : 'headers' }),
    },
    recipients,
    header: Buffer.concat([taken.fields, header.bytes]),
    bodyFrom: facts.headerBytes,
  });
}

function wishesOf(
  { parameters: { notify: said, orcpt, arrival } }: NamedRecipient,
  { taken }: ForLater,
): Pick<NewRecipient, 'notify' | 'orcpt'> {
  const wanted = said === undefined ? NOTIFY_DEFAULT : notifyBits(said);
  const told = arrival === undefined ? wanted : notifyOfForward(wanted);
  const notify = taken.isAuthentic ? told : NOTIFY.Never;
  return { notify, ...(orcpt !== undefined && { orcpt: decodedAddress(orcpt) }) };
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
