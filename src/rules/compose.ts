/** Messages that rules write: replies of who is away (RFC 5230 §5), notifications (RFC 5436 §2). All octets are ASCII. */
import { createHash } from 'node:crypto';
import { formatRfc5322 } from '../mail/date.ts';
import { downgradeField } from '../mail/downgrade/field.ts';
import type { NotifyEffect, VacationEffect } from '../sieve/effects.ts';
import { encodedField, headerPieces, joinPieces } from '../sieve/message/header-edit.ts';
import { entityOf, textEntity } from '../sieve/message/rewrite.ts';

interface From<Effect> {
  readonly effect: Effect;
  readonly owner: string;
  readonly nowMs: number;
  readonly hostname: string;
}

const END = Buffer.from('\r\n');
const MIME = encodedField('MIME-Version', '1.0');

export function reply({ effect, owner, nowMs, hostname }: From<VacationEffect>): Buffer {
  const { to, from = owner, subject, inReplyTo, references, reason, isMime } = effect;
  const header = [
    addressField('From', from),
    addressField('To', to),
    encodedField('Subject', subject),
    encodedField('Date', formatRfc5322(Math.floor(nowMs / 1000))),
    encodedField('Message-ID', messageId('away', [to, owner, subject, reason, String(nowMs)], hostname)),
    ...(inReplyTo === undefined ? [] : [encodedField('In-Reply-To', inReplyTo)]),
    ...(references === '' ? [] : [encodedField('References', references)]),
    // RFC 3834 §5; the other two are for whoever does not know it.
    encodedField('Auto-Submitted', 'auto-replied (vacation)'),
    encodedField('X-Auto-Response-Suppress', 'All'),
    encodedField('Precedence', 'bulk'),
    MIME,
  ];
  return Buffer.concat([...header, ...(isMime ? entityIn(reason) : textOf(reason))]);
}

/** RFC 5230 §4.7: it says how its content is to be read; whom the reply is from and to is not its matter. */
function entityIn(reason: string): Buffer[] {
  const { header, content } = entityOf(inLines(reason), true);
  const { fields, end } = headerPieces(header);
  return [
    joinPieces(
      fields.filter(({ name }) => name.startsWith('content-')),
      end,
    ),
    content,
  ];
}

export function notification({ effect, owner, nowMs, hostname }: From<NotifyEffect>): Buffer {
  const { to, cc, from = owner, subject, body, importance, fields } = effect;
  const id = messageId('notice', [...to, ...cc, owner, subject, body, String(nowMs)], hostname);
  const header = [
    addressField('From', from),
    ...(to.length === 0 ? [] : [addressField('To', to.join(', '))]),
    ...(cc.length === 0 ? [] : [addressField('Cc', cc.join(', '))]),
    encodedField('Subject', subject),
    encodedField('Date', formatRfc5322(Math.floor(nowMs / 1000))),
    encodedField('Message-ID', id),
    // RFC 5436 §2.7.1.
    encodedField('Auto-Submitted', `auto-notified; owner-email="${owner.replace(/["\\\p{Cc}]/gu, '')}"`),
    ...(importance === 2 ? [] : [encodedField('Importance', importance === 1 ? 'High' : 'Low')]),
    ...fields.map(([name, value]) => encodedField(name, value)),
    MIME,
  ];
  return Buffer.concat([...header, ...textOf(body)]);
}

function textOf(text: string): Buffer[] {
  const { header, content } = textEntity(inLines(text));
  return [header, content, END];
}

/** With CRLF everywhere: what leaves has no other line ends. */
function inLines(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}

/** Names of people become encoded words, addresses stay. */
function addressField(name: string, value: string): Buffer {
  const clean = value.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return downgradeField(Buffer.from(`${name}: ${clean}\r\n`));
}

function messageId(kind: string, about: readonly string[], hostname: string): string {
  const hash = createHash('sha256').update(JSON.stringify(about)).digest('base64url').slice(0, 24);
  return `<${kind}.${hash}@${hostname}>`;
}
