/**
 * What the sender of a refused message reads when the reason is in words that a reply of SMTP cannot carry (RFC 5429 §2.2.1): a
 * notification of disposition (RFC 8098 §3) with the reason, and the header of the message.
 */
import { createHash } from 'node:crypto';
import { formatRfc5322 } from '../mail/date.ts';
import type { Delivery } from '../mailbox/disposition.ts';
import type { RejectEffect } from '../sieve/effects.ts';
import { encodedField } from '../sieve/message/header-edit.ts';
import { textEntity } from '../sieve/message/rewrite.ts';

export interface Refusal {
  readonly effect: RejectEffect;
  readonly delivery: Delivery;
  readonly nowMs: number;
  readonly hostname: string;
}

/** Of the header that came. */
const MAX_RETURNED_BYTES = 64 * 1024;

export function refusalNotice({ effect, delivery, nowMs, hostname }: Refusal): Buffer {
  const { account, address, envelopeFrom, message } = delivery;
  const owner = account.record.address;
  const about = [owner, envelopeFrom, effect.reason, message.facts.messageId ?? '', String(nowMs)];
  const id = createHash('sha256').update(JSON.stringify(about)).digest('base64url').slice(0, 24);
  const boundary = `=_${id}`;
  const header = [
    encodedField('From', owner),
    encodedField('To', envelopeFrom),
    encodedField('Subject', `Rejected: ${message.facts.subject}`.slice(0, 200)),
    encodedField('Date', formatRfc5322(Math.floor(nowMs / 1000))),
    encodedField('Message-ID', `<refusal.${id}@${hostname}>`),
    encodedField('Auto-Submitted', 'auto-replied (rejected)'),
    encodedField('MIME-Version', '1.0'),
    Buffer.from(
      `Content-Type: multipart/report; report-type=disposition-notification;\r\n\tboundary="${boundary}"\r\n\r\n`,
    ),
  ];
  const words = textEntity(
    [
      "The message was refused by the recipient's mail filtering program.",
      'The reason given was as follows:',
      '',
      ...effect.reason.split(/\r\n|\r|\n/),
      '',
    ].join('\r\n'),
  );
  const delimiter = (type: string): Buffer => Buffer.from(`\r\n--${boundary}\r\n${type}`);
  return Buffer.concat([
    ...header,
    Buffer.from(`--${boundary}\r\n`),
    words.header,
    words.content,
    delimiter('Content-Type: message/disposition-notification\r\n\r\n'),
    disposition({ owner, address, hostname, messageId: message.facts.messageId }),
    delimiter('Content-Type: text/rfc822-headers\r\n'),
    returned(message.header.bytes),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

interface About {
  readonly owner: string;
  /** As the sender wrote it. */
  readonly address: string;
  readonly hostname: string;
  readonly messageId: string | undefined;
}

/** RFC 8098 §3.2: `deleted`, by a rule and without anybody's doing (RFC 5429 §2.2.1). */
function disposition({ owner, address, hostname, messageId }: About): Buffer {
  const type = (text: string): string => (/^[\x20-\x7e]*$/.test(text) ? 'rfc822' : 'utf-8');
  const fields = [
    `Reporting-UA: ${hostname}; Brevduva`,
    ...(address === owner ? [] : [`Original-Recipient: ${type(address)}; ${oneLine(address)}`]),
    `Final-Recipient: ${type(owner)}; ${oneLine(owner)}`,
    ...(messageId === undefined ? [] : [`Original-Message-ID: ${oneLine(messageId)}`]),
    'Disposition: automatic-action/MDN-sent-automatically; deleted',
  ];
  return Buffer.from(`${fields.join('\r\n')}\r\n`);
}

function returned(header: Buffer): Buffer {
  const shown = header.subarray(0, MAX_RETURNED_BYTES);
  const isPlain = shown.every((octet) => octet < 0x80);
  return Buffer.concat([
    Buffer.from(isPlain ? '\r\n' : 'Content-Transfer-Encoding: 8bit\r\n\r\n'),
    // Bare CR and LF would not survive the way.
    Buffer.from(shown.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n'), 'latin1'),
  ]);
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
}
