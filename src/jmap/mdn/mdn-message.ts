/**
 * A notification of disposition as a message (RFC 8098 §3; RFC 6533 §5 where an address is not in ASCII): words for people, fields for
 * programs, and the message it is about when its owner wants that. Nothing that is put in can become another field or part.
 */
import { randomBytes } from 'node:crypto';
import { fieldOctets, plainField } from '../../mail/compose/field.ts';
import { textEntity } from '../../sieve/message/rewrite.ts';
import type { Disposition } from './mdn-value.ts';

export interface MdnParts {
  readonly from: { readonly name: string | null; readonly email: string };
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly nowMs: number;
  readonly idDomain: string;
  /** Fields of the machine's part, in this order; each value is one line. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly disposition: Disposition;
  /** In angle brackets. */
  readonly originalMessageId: string | undefined;
  readonly original:
    | { readonly octets: Buffer; readonly isEightBit: boolean; readonly isUtf8: boolean }
    | undefined;
}

export interface MdnMessage {
  readonly octets: Buffer;
  readonly isUtf8: boolean;
  readonly isEightBit: boolean;
}

const NOT_ASCII = /[^\0-\x7f]/;

export function mdnMessage(parts: MdnParts): MdnMessage {
  const { from, to, original, fields } = parts;
  const isUtf8Fields = fields.some(([, value]) => NOT_ASCII.test(value));
  const isUtf8 =
    isUtf8Fields || [from.email, ...to].some((one) => NOT_ASCII.test(one)) || original?.isUtf8 === true;
  const isEightBit = isUtf8 || original?.isEightBit === true;
  const boundary = `=_${randomBytes(12).toString('hex')}`;
  const delimiter = (type: string, isEight: boolean): Buffer =>
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${type}\r\n${isEight ? 'Content-Transfer-Encoding: 8bit\r\n' : ''}\r\n`,
    );
  const words = textEntity(parts.text.replace(/\r\n|\r|\n/g, '\r\n'));
  const pieces = [
    headerOf(parts, boundary, isEightBit),
    Buffer.from(`--${boundary}\r\n`),
    words.header,
    words.content,
    delimiter(`message/${isUtf8Fields ? 'global-' : ''}disposition-notification`, isUtf8Fields),
    Buffer.from(fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')),
  ];
  if (original !== undefined)
    pieces.push(
      delimiter(
        original.isUtf8 ? 'message/global' : 'message/rfc822',
        original.isEightBit || original.isUtf8,
      ),
      original.octets,
    );
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`));
  return { octets: Buffer.concat(pieces), isUtf8, isEightBit };
}

function headerOf(parts: MdnParts, boundary: string, isEightBit: boolean): Buffer {
  const { from, to, subject, nowMs, idDomain, disposition, originalMessageId: about } = parts;
  return Buffer.concat([
    fieldOctets({ name: 'From', value: { form: 'addresses', addresses: [from] } }),
    fieldOctets({
      name: 'To',
      value: { form: 'addresses', addresses: to.map((email) => ({ name: null, email })) },
    }),
    fieldOctets({ name: 'Subject', value: { form: 'text', text: subject } }),
    fieldOctets({ name: 'Date', value: { form: 'date', seconds: Math.floor(nowMs / 1000), zoneMinutes: 0 } }),
    plainField('Message-ID', `<${randomBytes(16).toString('hex')}@${idDomain}>`),
    ...(about === undefined ? [] : [plainField('In-Reply-To', about), plainField('References', about)]),
    // Whoever read it and said so is no machine.
    ...(disposition.sendingMode === 'mdn-sent-manually'
      ? []
      : [plainField('Auto-Submitted', 'auto-replied')]),
    plainField('MIME-Version', '1.0'),
    Buffer.from(
      `Content-Type: multipart/report; report-type=disposition-notification;\r\n\tboundary="${boundary}"\r\n${
        isEightBit ? 'Content-Transfer-Encoding: 8bit\r\n' : ''
      }\r\n`,
    ),
  ]);
}
