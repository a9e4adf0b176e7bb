/** Messages that can be told apart: the Message-ID names one, a hash of all its octets proves it whole. */
import { createHash } from 'node:crypto';
import type { Random } from './random.ts';

export interface Mail {
  readonly id: string;
  readonly sizeBytes: number;
  readonly hash: string;
}

const LINE = 'The quick pigeon carries this line over the hills and is home before the evening.\r\n';

/** From this size on a message has an attachment that some others have as well. */
const WITH_ATTACHMENT_BYTES = 60_000;

function attachmentOf(id: string): string {
  const bytes = Buffer.alloc(15_000, `attachment ${(id.length + id.charCodeAt(id.length - 1)) % 3} `);
  return bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');
}

/** About `sizeBytes` octets; every line of the text differs, so that bytes of two messages cannot be mistaken for each other. */
export function writeMail(id: string, sizeBytes: number): Buffer {
  const head = [
    `From: Sender <sender@example.org>`,
    `To: somebody@example.com`,
    `Subject: message ${id}`,
    'Date: Mon, 05 Jan 2026 10:00:00 +0000',
    `Message-ID: <${id}@example.org>`,
  ];
  const lines = [`${head.join('\r\n')}\r\n\r\n`];
  if (sizeBytes >= WITH_ATTACHMENT_BYTES) lines.push(`${attachmentOf(id)}\r\n`);
  for (let size = lines.join('').length, n = 0; size < sizeBytes; n++) {
    const line = `${id} ${n} ${LINE}`;
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.join(''), 'latin1');
}

export function mailOf(id: string, bytes: Buffer): Mail {
  return { id, sizeBytes: bytes.length, hash: hashOf(bytes) };
}

export function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

export function idOf(bytes: Buffer): string {
  return /^Message-ID: <([^@>]+)@/m.exec(bytes.toString('latin1', 0, 4096))?.[1] ?? 'no Message-ID';
}

/** A delivery puts lines in front; the rest is what was sent. */
export function isWhole(mail: Mail, stored: Buffer): boolean {
  return hashOf(stored.subarray(Math.max(0, stored.length - mail.sizeBytes))) === mail.hash;
}

/** Mostly small, some around the size from which messages are kept in files, some well above. */
export function someSize(random: Random): number {
  if (random.chance(0.8)) return random.integer(300, 4000);
  return random.chance(0.5) ? random.integer(63_000, 68_000) : random.integer(70_000, 300_000);
}
