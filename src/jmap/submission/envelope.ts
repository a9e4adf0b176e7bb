/**
 * Who gets a message and who has sent it (RFC 8621 §7, Envelope): as the client says with parameters of SMTP (RFC 3461, RFC 4865, RFC
 * 8689), or as the header of the message says.
 */
import { isGroupMarker, parseAddressList } from '../../mail/address.ts';
import type { HeaderBlock } from '../../mail/header.ts';
import { type DeliverBy, NOTIFY, NOTIFY_DEFAULT } from '../../mailbox/model/outgoing.ts';
import { CommandFault } from '../../smtp/command.ts';
import { encodedAddress } from '../../smtp/original-recipient.ts';
import { MAX_ENVID, MAX_ORCPT, mailParameters } from '../../smtp/parameters.ts';
import { encodeXtext } from '../../smtp/xtext.ts';
import { deliverByOf } from '../../submission/deliver-by.ts';
import { isList, isObject, type Json, type JsonObject } from '../core/json.ts';
import { MAX_DELAY_SECONDS } from './capability.ts';

export interface EnvelopeRecipient {
  readonly email: string;
  /** Bits of `NOTIFY`. */
  readonly notify: number;
  readonly orcpt?: string;
  readonly parameters: JsonObject | null;
}

export interface Envelope {
  readonly mailFrom: string;
  readonly parameters: JsonObject | null;
  readonly holdUntilMs?: number;
  readonly ret?: 'full' | 'headers';
  readonly envid?: string;
  readonly requiresTls: boolean;
  readonly priority?: number;
  readonly deliverBy?: DeliverBy;
  readonly recipients: readonly EnvelopeRecipient[];
}

/** Clocks differ a little, and the client read the limit a moment ago. */
const GRACE_MS = 60_000;
const WISHES = new Set(['DELIVERBY', 'MT-PRIORITY'] as const);
const NOTIFY_WORDS: Readonly<Record<string, number>> = {
  NEVER: NOTIFY.Never,
  SUCCESS: NOTIFY.Success,
  FAILURE: NOTIFY.Failure,
  DELAY: NOTIFY.Delay,
};

/** A text: what is wrong with it. Addresses are looked at later. */
export function givenEnvelope(value: JsonObject, nowMs: number): Envelope | string {
  const { mailFrom, rcptTo, ...more } = value;
  if (Object.keys(more).length > 0) return 'an envelope has mailFrom and rcptTo';
  if (!isObject(mailFrom) || !isList(rcptTo)) return 'an envelope has mailFrom and rcptTo';
  const from = addressIn(mailFrom);
  if (typeof from === 'string') return from;
  const sender = senderParameters(from.parameters ?? {}, nowMs);
  if (typeof sender === 'string') return sender;
  const recipients = new Map<string, EnvelopeRecipient>();
  for (const one of rcptTo) {
    const to = isObject(one) ? addressIn(one) : 'expected an address';
    if (typeof to === 'string') return to;
    const told = recipientParameters(to.parameters ?? {});
    if (typeof told === 'string') return told;
    if (!recipients.has(to.email)) recipients.set(to.email, { ...to, ...told });
  }
  const all = [...recipients.values()];
  return { mailFrom: from.email, parameters: from.parameters, recipients: all, ...sender };
}

/** RFC 8621 §7: the first address of the last Sender or From; whoever stands in To, Cc and Bcc, each once. */
export function envelopeOf(header: HeaderBlock): Envelope {
  const senders = header.all('sender');
  const [from] = addressesIn(senders.at(-1) ?? header.all('from').at(-1) ?? Buffer.alloc(0));
  const all = ['to', 'cc', 'bcc'].flatMap((name) => header.all(name).flatMap(addressesIn));
  const recipients = [...new Set(all)].map((email) => ({ email, notify: NOTIFY_DEFAULT, parameters: null }));
  return { mailFrom: from ?? '', parameters: null, requiresTls: false, recipients };
}

/** As it is shown. */
export function envelopeObject({ mailFrom, parameters, recipients }: Envelope): JsonObject {
  const rcptTo = recipients.map((one) => ({ email: one.email, parameters: one.parameters }));
  return { mailFrom: { email: mailFrom, parameters }, rcptTo };
}

function addressesIn(value: Buffer): readonly string[] {
  return parseAddressList(value)
    .filter((one) => !isGroupMarker(one))
    .map(({ mailbox = '', host = '' }) => {
      const local = /[\s"(),:;<>@[\\\]]/.test(mailbox) ? `"${mailbox.replace(/["\\]/g, '\\$&')}"` : mailbox;
      return Buffer.from(host === '' ? local : `${local}@${host}`, 'latin1').toString();
    });
}

function addressIn({
  email,
  parameters = null,
  ...more
}: JsonObject): Pick<EnvelopeRecipient, 'email' | 'parameters'> | string {
  if (typeof email !== 'string' || Object.keys(more).length > 0)
    return 'an address has an email and parameters';
  if (parameters !== null && !isObject(parameters)) return 'parameters are an object or null';
  return { email, parameters };
}

type SenderParameters = Pick<
  Envelope,
  'holdUntilMs' | 'ret' | 'envid' | 'requiresTls' | 'priority' | 'deliverBy'
>;

function senderParameters(parameters: JsonObject, nowMs: number): SenderParameters | string {
  const read: { -readonly [K in keyof SenderParameters]: SenderParameters[K] } = { requiresTls: false };
  for (const [raw, value = null] of Object.entries(parameters)) {
    const name = raw.toUpperCase();
    if (name === 'HOLDFOR' || name === 'HOLDUNTIL') {
      const untilMs = name === 'HOLDFOR' ? holdFor(value, nowMs) : holdUntil(value);
      if (untilMs === undefined) return `${name} says no time`;
      if (untilMs > nowMs + MAX_DELAY_SECONDS * 1000 + GRACE_MS)
        return `a message can wait ${MAX_DELAY_SECONDS} seconds`;
      if (read.holdUntilMs !== undefined) return 'HOLDFOR and HOLDUNTIL exclude each other';
      read.holdUntilMs = untilMs;
    } else if (name === 'RET' && (value === 'FULL' || value === 'HDRS'))
      read.ret = value === 'FULL' ? 'full' : 'headers';
    else if (name === 'ENVID' && typeof value === 'string' && isEnvid(value)) read.envid = value;
    else if (name === 'REQUIRETLS' && value === null) read.requiresTls = true;
    else if (name === 'BY' || name === 'MT-PRIORITY') {
      const wish = wishOf(name, value, nowMs);
      if (typeof wish === 'string') return wish;
      Object.assign(read, wish);
    }
    // What they say is known here, whatever the client thinks.
    else if (!['SIZE', 'BODY', 'SMTPUTF8'].includes(name))
      return `${name.slice(0, 50)} is not known, or not so`;
  }
  const { deliverBy, holdUntilMs = 0 } = read;
  if (deliverBy?.mode === 'return' && holdUntilMs >= deliverBy.atMs)
    return 'the message would be held for longer than it has time';
  return read;
}

/** RFC 2852, RFC 6710: as SMTP writes them. */
function wishOf(
  name: string,
  value: Json,
  nowMs: number,
): Pick<SenderParameters, 'priority' | 'deliverBy'> | string {
  try {
    const parameters = mailParameters(new Map([[name, String(value)]]), WISHES);
    const deliverBy = deliverByOf(parameters, nowMs);
    const { priority = 0 } = parameters;
    return { ...(priority !== 0 && { priority }), ...(deliverBy !== undefined && { deliverBy }) };
  } catch (error) {
    if (error instanceof CommandFault) return error.reply.text.replace(/^[\d.]+ /, '');
    throw error;
  }
}

function recipientParameters(parameters: JsonObject): Pick<EnvelopeRecipient, 'notify' | 'orcpt'> | string {
  let notify = NOTIFY_DEFAULT;
  let orcpt: string | undefined;
  for (const [raw, value] of Object.entries(parameters)) {
    const name = raw.toUpperCase();
    if (name === 'NOTIFY' && typeof value === 'string') {
      const words = value.toUpperCase().split(',');
      if (words.some((word) => NOTIFY_WORDS[word] === undefined)) return 'NOTIFY is not so';
      if (words.includes('NEVER') && words.length > 1) return 'NOTIFY is not so';
      notify = words.reduce((bits, word) => bits | (NOTIFY_WORDS[word] as number), 0);
    } else if (name === 'ORCPT' && typeof value === 'string' && isOrcpt(value)) orcpt = value;
    else return `${name.slice(0, 50)} is not known, or not so`;
  }
  return { notify, ...(orcpt === undefined ? {} : { orcpt }) };
}

/** RFC 3461 §4.4: as SMTP writes it, it is to be no longer than that. */
function isEnvid(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value) && encodeXtext(value).length <= MAX_ENVID;
}

/** RFC 3461 §4.2. */
function isOrcpt(value: string): boolean {
  const isTyped = /^[a-z0-9-]{1,20};\P{Cc}+$/iu.test(value);
  return isTyped && encodedAddress(value, false).length <= MAX_ORCPT;
}

function holdFor(value: Json, nowMs: number): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  return seconds === undefined ? undefined : nowMs + seconds * 1000;
}

function holdUntil(value: Json): number | undefined {
  const ms = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
