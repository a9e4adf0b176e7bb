/**
 * The report in a message that brings one: its attachment, unpacked. A stranger has packed it: nothing is unpacked to more than so much,
 * whatever it says of itself, and of an archive one file.
 */
import { promisify } from 'node:util';
import { gunzip, inflateRaw } from 'node:zlib';
import { HeaderBlock } from '../mail/header.ts';
import type { Part } from '../mail/part.ts';
import { scanParts } from '../mail/part.ts';
import { decodeTransfer } from '../mail/transfer-encoding.ts';
import type { Kind } from './ledger.ts';

/** Of the message; larger ones are not looked into. */
export const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
export const MAX_XML_BYTES = 8 * 1024 * 1024;
export const MAX_JSON_BYTES = 512 * 1024;
/** Parts of the message that are looked at. */
const MAX_PARTS = 20;
const ZIP = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const ZIP_HEADER_BYTES = 30;
const [unzip, inflate] = [promisify(gunzip), promisify(inflateRaw)];

export interface Unpacked {
  readonly kind: Kind;
  readonly octets: Buffer;
}

/** By its header it may bring one: so little has to be known of every message. */
export function mayBringReport(header: HeaderBlock): boolean {
  const type = header.text('content-type') ?? '';
  if (/^\s*multipart\/report\b.*tlsrpt/is.test(type)) return true;
  if (/^\s*application\/(?:gzip|x-gzip|zip|x-zip-compressed|tlsrpt\+(?:gzip|json))\b/i.test(type))
    return true;
  return /^\s*multipart\/mixed\b/i.test(type) && /report[ _-]domain/i.test(header.text('subject') ?? '');
}

/** Undefined when there is none. Throws what is no archive, or unpacks to too much. */
export async function unpackReport(message: Buffer): Promise<Unpacked | undefined> {
  for (const part of leavesOf(scanParts(message)).slice(0, MAX_PARTS)) {
    const header = new HeaderBlock(message.subarray(part.headerStart, part.bodyStart));
    const form = formOf(header);
    if (form === undefined) continue;
    const body = decodeTransfer(message.subarray(part.bodyStart, part.end), part.encoding);
    if (body === undefined) continue;
    const most = form.kind === 'dmarc' ? MAX_XML_BYTES : MAX_JSON_BYTES;
    return { kind: form.kind, octets: await opened(body, most) };
  }
  return undefined;
}

function leavesOf(part: Part): readonly Part[] {
  return part.kind === 'multipart' ? part.children.flatMap(leavesOf) : [part];
}

/** By its type, or by the name of the file where the type says nothing. */
function formOf(header: HeaderBlock): { readonly kind: Kind } | undefined {
  const type = header.text('content-type') ?? '';
  const name = `${type} ${header.text('content-disposition') ?? ''}`;
  if (/application\/tlsrpt\+/i.test(type) || /\.json(?:\.gz)?\b/i.test(name)) return { kind: 'tls' };
  if (/\.xml(?:\.gz|\.gzip)?\b|\.zip\b/i.test(name)) return { kind: 'dmarc' };
  return /^\s*(?:application\/(?:gzip|x-gzip|zip|x-zip-compressed)|text\/xml)\b/i.test(type)
    ? { kind: 'dmarc' }
    : undefined;
}

async function opened(body: Buffer, maxOutputLength: number): Promise<Buffer> {
  if (body[0] === 0x1f && body[1] === 0x8b) return unzip(body, { maxOutputLength });
  if (body.length > ZIP_HEADER_BYTES && body.readUInt32LE(0) === ZIP) return firstFile(body, maxOutputLength);
  if (body.length > maxOutputLength) throw new RangeError('the report is too large');
  return body;
}

/** The first file of an archive. What its directory says is not needed, nor believed. */
function firstFile(archive: Buffer, maxOutputLength: number): Promise<Buffer> | Buffer {
  const [flags, method] = [archive.readUInt16LE(6), archive.readUInt16LE(8)];
  const from = ZIP_HEADER_BYTES + archive.readUInt16LE(26) + archive.readUInt16LE(28);
  if ((flags & 1) !== 0) throw new TypeError('the archive has a password');
  if (method === DEFLATED) return inflate(archive.subarray(from), { maxOutputLength });
  const length = archive.readUInt32LE(18);
  if (method !== STORED || length > maxOutputLength) throw new TypeError('the archive cannot be opened');
  return archive.subarray(from, from + length);
}
