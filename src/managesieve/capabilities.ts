/** What the server says of itself (RFC 5804 §1.7): each a line of strings. */
import type { Editing } from '../rules/editing.ts';
import { LIST_KINDS } from '../rules/lists.ts';
import type { SaslTerms } from '../sasl/mechanism.ts';
import { offeredMechanisms } from '../sasl/mechanisms.ts';
import { line } from './wire/writer.ts';

export interface Told {
  readonly isSecure: boolean;
  readonly saslTerms: SaslTerms;
  /** Who is signed in. */
  readonly owner: string | undefined;
  readonly version: string;
  readonly editing: Editing;
}

export function capabilityLines({ isSecure, saslTerms, owner, version, editing }: Told): Buffer {
  const { canSend, language } = editing.compiler;
  const words = language.capabilities;
  const mechanisms = offeredMechanisms(saslTerms).map(({ name }) => name);
  const lines: (readonly string[])[] = [
    ['IMPLEMENTATION', `Brevduva ${version}`.trim()],
    ['SASL', owner === undefined ? mechanisms.join(' ') : ''],
    ['SIEVE', words.join(' ')],
    ...(isSecure || owner !== undefined ? [] : [['STARTTLS']]),
    ...(words.includes('extlists') ? [['EXTLISTS', LIST_KINDS.join(' ')]] : []),
    ...(words.includes('enotify') ? [['NOTIFY', 'mailto']] : []),
    ...(canSend ? [['MAXREDIRECTS', String(editing.runLimits.redirects)]] : []),
    ['LANGUAGE', 'en'],
    ...(owner === undefined ? [] : [['OWNER', owner]]),
    ['UNAUTHENTICATE'],
    ['VERSION', '1.0'],
  ];
  return Buffer.concat(lines.map((strings) => line(strings)));
}
