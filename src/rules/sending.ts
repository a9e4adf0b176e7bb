/**
 * What rules send, as the domain takes it: messages that are passed on, replies, notifications. Nothing has left when a change is
 * durable; it is in rows that the queue works on (`mailbox/operations/outgoing.ts`), in the same change as the mail that caused it.
 */
import { isAscii } from 'node:buffer';
import { saysTlsIsOptional } from '../mail/tls-required.ts';
import type { Content, Copy, Delivery, Departure, Form } from '../mailbox/disposition.ts';
import {
  type DeliverBy,
  type NewRecipient,
  NOTIFY,
  NOTIFY_DEFAULT,
  type OutgoingEnvelope,
  type OutgoingRoute,
  type ReturnedContent,
} from '../mailbox/model/outgoing.ts';
import type {
  NotifyEffect,
  RedirectEffect,
  RedirectOptions,
  RejectEffect,
  VacationEffect,
} from '../sieve/effects.ts';
import { encodedField } from '../sieve/message/header-edit.ts';
import { notification, reply } from './compose.ts';
import type { Forms } from './forms.ts';
import { parseNotify } from './notify-words.ts';
import { placeOf } from './place.ts';
import { refusalNotice } from './refusal-notice.ts';

export interface Sending {
  /** From whom what is passed on comes, so that bounces find the way; undefined: it cannot be passed on. */
  forwardSender(sender: string): string | undefined;
  /** Whether what proves that mail is from us could be taken for a proof that it is from this domain. */
  isOurs(domain: string): Promise<boolean>;
  routeOf(address: string): Promise<OutgoingRoute>;
  readonly giveUpMs: number;
}

export interface SendingAbout {
  readonly delivery: Delivery;
  readonly forms: Forms;
  readonly sending: Sending;
  readonly nowMs: number;
  readonly hostname: string;
}

export interface Sent {
  readonly departure: Departure;
  /** For the sender's own mailboxes. */
  readonly copy?: Copy;
}

/** Undefined: it cannot go; then the message is kept. */
export async function passedOn(effect: RedirectEffect, about: SendingAbout): Promise<Sent | undefined> {
  const { delivery, forms, sending } = about;
  const { notify: words = '', ret } = effect.options;
  const deliverBy = deliverByOf(effect.options, about.nowMs);
  // It would come back before it has left.
  if (deliverBy?.mode === 'return' && deliverBy.atMs <= about.nowMs) return undefined;
  const { members = [effect.address] } = effect;
  // RFC 6009 §4: what the script says, and not what the sender said, who has written to somebody else.
  const notify = parseNotify(words) ?? NOTIFY_DEFAULT;
  const recipients: NewRecipient[] = [];
  for (const address of members) recipients.push(await recipientOf(address, notify, sending));
  const sender = sending.forwardSender(delivery.envelopeFrom);
  if (sender === undefined) return undefined;
  const form = await forms.of(effect.edition);
  const loop = encodedField('X-Loop', delivery.account.record.address);
  // What came is untouched below this (RFC 5228 §4.2); how it came here the next host may want to know.
  const fields = Buffer.concat([loop, delivery.fields, form?.fields ?? Buffer.alloc(0)]);
  const octets: Form = { ...form, fields, hasNoTrace: true };
  return {
    departure: {
      form: octets,
      envelope: envelopeOf('forward', about, {
        sender,
        addresses: [sender, ...members],
        isEightBit: !isAscii(fields) || !(await isPlain(form?.content ?? delivery.message)),
        ret: ret === undefined ? undefined : ret === 'FULL' ? 'full' : 'headers',
        deliverBy,
      }),
      recipients,
    },
  };
}

/** RFC 5230 §5: from nobody, so that nothing answers it. */
export async function replied(effect: VacationEffect, about: SendingAbout): Promise<Sent> {
  const { delivery, forms, nowMs, hostname, sending } = about;
  const octets = reply({ effect, owner: delivery.account.record.address, nowMs, hostname });
  const form = await forms.written(octets);
  return {
    departure: {
      form,
      envelope: envelopeOf('notice', about, { addresses: [effect.to], isEightBit: !isAscii(octets) }),
      recipients: [await recipientOf(effect.to, NOTIFY.Never, sending)],
    },
    ...(effect.fileCopy !== undefined && { copy: { ...placeOf(effect.fileCopy), form } }),
  };
}

/** RFC 5429 §2.2.1: from nobody, too. */
export async function refused(effect: RejectEffect, about: SendingAbout): Promise<Sent> {
  const { delivery, forms, nowMs, hostname, sending } = about;
  const octets = refusalNotice({ effect, delivery, nowMs, hostname });
  const to = delivery.envelopeFrom;
  return {
    departure: {
      form: await forms.written(octets),
      envelope: envelopeOf('notice', about, { addresses: [to], isEightBit: !isAscii(octets) }),
      recipients: [await recipientOf(to, NOTIFY.Never, sending)],
    },
  };
}

export async function notified(effect: NotifyEffect, about: SendingAbout): Promise<Sent> {
  const { delivery, forms, nowMs, hostname, sending } = about;
  const owner = delivery.account.record.address;
  const octets = notification({ effect, owner, nowMs, hostname });
  const form = await forms.written(octets);
  const addresses = [...new Set([...effect.to, ...effect.cc])];
  const recipients: NewRecipient[] = [];
  for (const address of addresses) recipients.push(await recipientOf(address, NOTIFY.Never, sending));
  return {
    departure: {
      form,
      envelope: envelopeOf('notice', about, { addresses, isEightBit: !isAscii(octets) }),
      recipients,
    },
    ...(effect.fileCopy !== undefined && { copy: { ...placeOf(effect.fileCopy), form } }),
  };
}

interface Enveloped {
  readonly sender?: string;
  readonly addresses: readonly string[];
  readonly isEightBit: boolean;
  readonly ret?: ReturnedContent | undefined;
  readonly deliverBy?: DeliverBy | undefined;
}

function envelopeOf(
  kind: OutgoingEnvelope['kind'],
  { nowMs, sending, delivery }: SendingAbout,
  { sender = '', addresses, isEightBit, ret, deliverBy }: Enveloped,
): OutgoingEnvelope {
  const expiresMs = nowMs + sending.giveUpMs;
  const requiresTls = delivery.wishes?.requiresTls === true;
  return {
    kind,
    sender,
    isUtf8: addresses.some((address) => /[^\x20-\x7e]/.test(address)),
    isEightBit,
    // RFC 8689 §6: what came so goes on so, and so does what is written because of it.
    requiresTls,
    isTlsOptional: !requiresTls && saysTlsIsOptional(delivery.message.header),
    expiresMs: deliverBy?.mode === 'return' ? Math.min(expiresMs, deliverBy.atMs) : expiresMs,
    ...(ret !== undefined && { ret }),
    ...(deliverBy !== undefined && { deliverBy }),
  };
}

/** RFC 2852 §4: what BY can say. */
const MOST_SECONDS = 999_999_999;

/** RFC 6009 §6: nobody is returned anything unless the script says so. */
function deliverByOf(
  { byTime, byMode, byTrace = false }: RedirectOptions,
  nowMs: number,
): DeliverBy | undefined {
  if (byTime === undefined) return undefined;
  const atMs = 'at' in byTime ? Date.parse(byTime.at) : nowMs + byTime.seconds * 1000;
  return {
    atMs: Math.min(atMs, nowMs + MOST_SECONDS * 1000),
    mode: byMode === 'RETURN' ? 'return' : 'notify',
    isTraced: byTrace,
  };
}

const SLICE_BYTES = 256 * 1024;

/** Not every host that mail is brought to takes octets above 127 (RFC 6152). */
async function isPlain({ blob }: Content): Promise<boolean> {
  for (let at = 0; at < blob.sizeBytes; at += SLICE_BYTES)
    if (!isAscii(await blob.read(at, at + SLICE_BYTES))) return false;
  return true;
}

async function recipientOf(address: string, notify: number, { routeOf }: Sending): Promise<NewRecipient> {
  return { address, route: await routeOf(address), notify };
}
