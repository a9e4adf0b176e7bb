/** Messages that can be told apart by every octet they have. */
import type { Content } from './account-model.ts';

export function writeContent(n: number, sizeBytes: number): Content {
  const id = `m${n}`;
  const answered = answeredBy(n);
  const link = answered === undefined ? '' : `In-Reply-To: <m${answered}@example.org>\r\n`;
  const head = `From: sender@example.org\r\nSubject: ${id}\r\nMessage-ID: <${id}@example.org>\r\n${link}\r\n`;
  const line = `${id} is carried by a pigeon\r\n`;
  const lines = Math.max(1, Math.ceil((sizeBytes - head.length) / line.length));
  return { id, octets: Buffer.from(head + line.repeat(lines), 'latin1') };
}

/** Numbers are a hundred times that of the step: the message before it in the step, or one of a step just before. */
function answeredBy(n: number): number | undefined {
  if (n % 7 === 0) return undefined;
  return n % 100 === 0 ? n - 100 * (1 + ((n / 100) % 3)) : n - 1;
}

/** As it is in the mailbox of one recipient. */
export function delivered({ id, octets }: Content, envelopeFrom: string, address: string): Content {
  const trace = `Return-Path: <${envelopeFrom}>\r\nDelivered-To: ${address}\r\n`;
  return { id: `${id} to ${address}`, octets: Buffer.concat([Buffer.from(trace), octets]) };
}
