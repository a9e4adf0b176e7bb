/**
 * The set of ARC fields for mail that we pass on (RFC 8617 §5.1): what we found when it came, and that it is what came. Whoever
 * trusts us can then believe it although our hop broke SPF.
 */

import type { ArcData, ArcSet, Headers } from 'mailauth/lib/dkim/dkim-verifier.js';
import { EMPTY, latin1 } from '../base/bytes.ts';
import type { CheckedMessage } from './check.ts';
import { type HeaderRow, headerRows } from './header-rows.ts';
import { resultsValue } from './results-field.ts';
import { bearsName } from './results-filter.ts';
import { withoutComments } from './results-words.ts';
import type { SigningKey } from './sign.ts';
import { SIGNED_FIELDS } from './sign.ts';
import { isChainReadable } from './signatures.ts';

export interface SealSettings {
  readonly hostname: string;
  readonly key: SigningKey;
  readonly nowMs: number;
}

/** RFC 8617 §4.1.2: not the fields of ARC, nor Authentication-Results. */
const SEALED_FIELDS = [...SIGNED_FIELDS, 'DKIM-Signature'].join(':');

/**
 * Three fields with line ends, to stand in front of the message as it came. Empty when there is nothing to seal: a chain that has
 * failed for good, one of fifty sets, a message that could not be read or has no From.
 */
export async function sealFields(
  { results, signatures }: CheckedMessage,
  settings: SealSettings,
): Promise<string> {
  if (signatures === undefined) return '';
  const { headers, chain, bodyHash, arc } = signatures;
  const said = resultsValue(settings.hostname, results);
  return seal({ headers, chain, bodyHash, said, status: arc.status.result }, settings);
}

/**
 * The same for a message that was checked when it came and leaves later: `header` has the results field that was written then, under the
 * name of `hostname` and above all trace fields; what it says is sealed. `bodyHash`: of the whole body, relaxed, in base64. Empty also when there is no such field, as
 * nobody knows then what was found.
 */
export async function sealHeader(header: Buffer, bodyHash: string, settings: SealSettings): Promise<string> {
  const rows = headerRows(header);
  const own = ownRow(rows, settings.hostname);
  if (rows === undefined || own === undefined || !isChainReadable(rows)) return '';
  const headers: Headers = { parsed: rows, original: EMPTY };
  const said = latin1(own.line, own.line.indexOf(0x3a) + 1).trim();
  const chain = await chainOf(headers);
  const found = /;\s*arc\s*=\s*(pass|fail)\b/i.exec(withoutComments(said))?.[1]?.toLowerCase();
  const status = chain === 'none' ? 'none' : found;
  if (status === undefined) return '';
  return seal(
    { headers, chain: { chain: typeof chain === 'string' ? false : chain }, bodyHash, said, status },
    settings,
  );
}

/** The header of what came in here says, in our name, that DMARC has proved its author. */
export function saysDmarcPass(header: Buffer, hostname: string): boolean {
  const line = ownResults(header, hostname);
  if (line === undefined) return false;
  const said = withoutComments(latin1(line, line.indexOf(0x3a) + 1)).replace(/"(?:[^"\\]|\\.)*"/gs, '""');
  return /;\s*dmarc\s*=\s*pass\b/i.test(said);
}

/** The results field that was written when a message came in here, without its last line end; undefined when there is none. */
export function ownResults(header: Buffer, hostname: string): Buffer | undefined {
  return ownRow(headerRows(header), hostname)?.line;
}

function ownRow(rows: readonly HeaderRow[] | undefined, hostname: string): HeaderRow | undefined {
  // What stands below the first trace field was there when the message came, whoever wrote it.
  const first = rows?.find(({ key }) => key === 'received' || key === 'authentication-results');
  return first !== undefined && isOurs(first, hostname) ? first : undefined;
}

function isOurs({ key, line }: HeaderRow, hostname: string): boolean {
  return key === 'authentication-results' && bearsName(line, [hostname]);
}

async function chainOf(headers: Headers): Promise<readonly ArcSet[] | 'none' | 'broken'> {
  const { default: arc } = await import('mailauth/lib/arc/index.js');
  try {
    return arc.getARChain(headers, { strict: true }) || 'none';
  } catch {
    return 'broken';
  }
}

interface Sealed {
  readonly headers: Headers;
  readonly chain: ArcData;
  readonly bodyHash: string;
  /** What was found out, as the field has it. */
  readonly said: string;
  /** `none`, `pass`, `fail`: of the chain so far. */
  readonly status: string;
}

async function seal(
  { headers, chain, bodyHash, said, status }: Sealed,
  { key, nowMs }: SealSettings,
): Promise<string> {
  const { default: arc } = await import('mailauth/lib/arc/index.js');
  const { headers: fields } = await arc.createSeal(false, {
    headers,
    arc: chain,
    seal: {
      signingDomain: key.domain,
      selector: key.selector,
      privateKey: String(key.key.export({ type: 'pkcs8', format: 'pem' })),
      cv: status,
      bodyHash,
      authResults: said,
      signTime: new Date(nowMs),
      headerList: SEALED_FIELDS,
    },
    strict: true,
  });
  return fields.map((field) => `${field}\r\n`).join('');
}
