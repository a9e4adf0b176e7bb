/** Messages that can be told apart by every octet they have. */
import type { Content } from './account-model.ts';

export function writeContent(n: number, sizeBytes: number): Content {
  const id = `m${n}`;
  const head = `From: sender@example.org\r\nSubject: ${id}\r\n\r\n`;
  const line = `${id} is carried by a pigeon\r\n`;
  const lines = Math.max(1, Math.ceil((sizeBytes - head.length) / line.length));
  return { id, octets: Buffer.from(head + line.repeat(lines), 'latin1') };
}

/** As it is in the mailbox of one recipient. */
export function delivered({ id, octets }: Content, envelopeFrom: string, address: string): Content {
  const trace = `Return-Path: <${envelopeFrom}>\r\nDelivered-To: ${address}\r\n`;
  return { id: `${id} to ${address}`, octets: Buffer.concat([Buffer.from(trace), octets]) };
}
