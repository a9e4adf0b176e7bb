/** MDN/parse (RFC 9007 §2.2): what a notification of disposition says. Which email it is about is left to the client to find. */
import { decodeCharset } from '../../mail/charset.ts';
import { HeaderBlock } from '../../mail/header.ts';
import { findParameter } from '../../mail/parameter.ts';
import { type Part, PartScanner } from '../../mail/part.ts';
import { decodeTransfer } from '../../mail/transfer-encoding.ts';
import type { BlobFinder } from '../blobs/find-blob.ts';
import { inPieces } from '../blobs/held-octets.ts';
import { isMessage } from '../blobs/nested-blob.ts';
import { PARSE_ARGUMENTS, parseBlobs } from '../blobs/parse-blobs.ts';
import { readArguments } from '../core/arguments.ts';
import type { JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import { textForm } from '../mail/header-text-form.ts';
import { MDN } from './capability.ts';

const MOST_TEXT_BYTES = 256 * 1024;
const MOST_FIELDS_BYTES = 64 * 1024;

const DISPOSITION =
  /^(manual-action|automatic-action)\s*\/\s*(mdn-sent-manually|mdn-sent-automatically)\s*;\s*(deleted|dispatched|displayed|processed)\b/;
const KNOWN = new Set([
  ...['reporting-ua', 'mdn-gateway', 'original-recipient', 'final-recipient', 'original-message-id'],
  ...['disposition', 'error'],
]);

export function mdnParse(findBlob: BlobFinder): Method {
  return {
    name: 'MDN/parse',
    capability: MDN,
    async run(raw, call) {
      const { accountId, blobIds } = readArguments(raw, PARSE_ARGUMENTS);
      const account = await call.account(accountId);
      return { accountId, ...(await parseBlobs(findBlob, call, account, blobIds, parsedMdn)) };
    },
  };
}

/** Undefined when it is none (RFC 8098 §3). */
async function parsedMdn(octets: Buffer): Promise<JsonObject | undefined> {
  if (!isMessage(octets)) return undefined;
  const { root, header } = await scanned(octets);
  const report = findParameter(root.fields.parameters, 'report-type')?.toLowerCase();
  if (root.fields.mediaType !== 'multipart/report' || report !== 'disposition-notification') return undefined;
  const [words, machine, original] = root.children;
  if (words === undefined || machine === undefined) return undefined;
  if (!/^message\/(?:global-)?disposition-notification$/.test(machine.fields.mediaType)) return undefined;
  const fields = fieldsOf(octets, machine);
  const disposition = DISPOSITION.exec((fields.get('disposition')?.[0] ?? '').trim().toLowerCase());
  if (disposition === null) return undefined;
  const one = (name: string): string | null => fields.get(name)?.[0] ?? null;
  const extensions = [...fields]
    .filter(([name]) => !KNOWN.has(name))
    .map(([name, [value = '']]) => [name, value]);
  const subject = header.find('subject');
  return {
    forEmailId: null,
    subject: subject === undefined ? null : textForm(subject),
    textBody: textOf(octets, words),
    includeOriginalMessage: original?.kind === 'message',
    reportingUA: one('reporting-ua'),
    disposition: {
      actionMode: disposition[1] as string,
      sendingMode: disposition[2] as string,
      type: disposition[3] as string,
    },
    mdnGateway: one('mdn-gateway'),
    originalRecipient: one('original-recipient'),
    finalRecipient: one('final-recipient'),
    originalMessageId: one('original-message-id'),
    error: fields.get('error') ?? null,
    extensionFields: extensions.length === 0 ? null : Object.fromEntries(extensions),
  };
}

/** By name in lower case, unfolded, in the order in which they stand. */
function fieldsOf(octets: Buffer, part: Part): ReadonlyMap<string, readonly string[]> {
  const end = Math.min(part.end, part.bodyStart + MOST_FIELDS_BYTES);
  const encoded = octets.subarray(part.bodyStart, end);
  const block = new HeaderBlock(decodeTransfer(encoded, part.encoding) ?? encoded);
  const fields = new Map<string, string[]>();
  for (let i = 0; i < block.count; i++) {
    const { start, end: last, nameEnd } = block.linesAt(i);
    const name = block.bytes.toString('latin1', start, nameEnd).toLowerCase();
    const value = block.bytes.toString('utf8', block.bytes.indexOf(0x3a, nameEnd) + 1, last);
    const known = fields.get(name) ?? [];
    fields.set(name, known);
    known.push(value.replace(/\s*\r?\n\s*/g, ' ').trim());
  }
  return fields;
}

function textOf(octets: Buffer, part: Part): string | null {
  if (part.fields.type.toLowerCase() !== 'text') return null;
  const encoded = octets.subarray(part.bodyStart, Math.min(part.end, part.bodyStart + MOST_TEXT_BYTES));
  const decoded = decodeTransfer(encoded, part.encoding) ?? encoded;
  const charset = findParameter(part.fields.parameters, 'charset') ?? 'us-ascii';
  return decodeCharset(decoded, charset).replaceAll('\r\n', '\n').toWellFormed();
}

async function scanned(octets: Buffer): Promise<{ readonly root: Part; readonly header: HeaderBlock }> {
  const scanner = new PartScanner();
  await inPieces(octets, (piece) => scanner.write(piece));
  const root = scanner.end();
  return { root, header: scanner.rootHeader };
}
