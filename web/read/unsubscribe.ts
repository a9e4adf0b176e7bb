/**
 * How one gets off the list that a mail came by (RFC 2369 §3.2, RFC 8058): by one request that the server makes, by a mail, or at a page of
 * the list. One request only where a signature that our server found good covers the fields (RFC 8058 §4): else whoever passed
 * the mail on could have put them there.
 */
import { type AuthResults, readAuthResults } from './auth-results.ts';

export interface ListFields {
  readonly 'header:List-Unsubscribe:asURLs': readonly string[] | null;
  readonly 'header:List-Unsubscribe-Post:asText': string | null;
  readonly 'header:DKIM-Signature:asText:all': readonly string[] | null;
}

export const LIST_PROPERTIES: readonly (keyof ListFields)[] = [
  'header:List-Unsubscribe:asURLs',
  'header:List-Unsubscribe-Post:asText',
  'header:DKIM-Signature:asText:all',
];

export type WayOut =
  | { readonly kind: 'request' }
  /** For a mail that is prepared: what stands behind `/write`. */
  | { readonly kind: 'mail'; readonly to: string; readonly parameters: string }
  | { readonly kind: 'page'; readonly url: string };

export interface OwnResults {
  /** All fields of the name Authentication-Results. */
  readonly results: readonly string[];
  readonly hostname: string | undefined;
}

/** The best first; the others are for when it fails. */
export function waysOut(fields: ListFields, own: OwnResults): WayOut[] {
  const urls = fields['header:List-Unsubscribe:asURLs'] ?? [];
  const page = urls.find((url) => /^https:\/\//i.test(url));
  const mail = urls.flatMap((url) => mailOf(url) ?? [])[0];
  const isPromised = /^\s*List-Unsubscribe\s*=\s*One-Click\s*$/i.test(
    fields['header:List-Unsubscribe-Post:asText'] ?? '',
  );
  const isOneRequest = page !== undefined && isPromised && areCovered(fields, own);
  return [
    ...(isOneRequest ? [{ kind: 'request' } as const] : []),
    ...(mail === undefined ? [] : [mail]),
    ...(page === undefined ? [] : [{ kind: 'page', url: page } as const]),
  ];
}

function areCovered(
  { 'header:DKIM-Signature:asText:all': signatures }: ListFields,
  own: OwnResults,
): boolean {
  const ours = own.results
    .map(readAuthResults)
    .find((read): read is AuthResults => read !== undefined && read.by === own.hostname?.toLowerCase());
  const good = (ours?.results ?? [])
    .filter(({ method, result }) => method === 'dkim' && result === 'pass')
    .map(({ properties }) => properties.get('header.d')?.toLowerCase());
  return (signatures ?? []).some((signature) => {
    const tags = tagsOf(signature);
    const names = (tags.get('h') ?? '').toLowerCase().split(/\s*:\s*/);
    return (
      good.includes(tags.get('d')?.toLowerCase()) &&
      names.includes('list-unsubscribe') &&
      names.includes('list-unsubscribe-post')
    );
  });
}

/** RFC 6376 §3.2. */
function tagsOf(signature: string): ReadonlyMap<string, string> {
  return new Map(
    signature.split(';').map((tag): [string, string] => {
      const at = tag.indexOf('=');
      return [tag.slice(0, at).trim(), tag.slice(at + 1).trim()];
    }),
  );
}

/** RFC 6068, as far as a list needs it: to whom, about what, saying what. */
function mailOf(url: string): WayOut | undefined {
  const match = /^mailto:([^?]+)(?:\?(.*))?$/i.exec(url);
  if (match === null) return undefined;
  try {
    const to = decodeURIComponent(match[1] ?? '');
    // A plus is a plus here, not a space.
    const said = new URLSearchParams((match[2] ?? '').replaceAll('+', '%2B'));
    const subject = said.get('subject') ?? 'unsubscribe';
    const query = new URLSearchParams({ to, subject, body: said.get('body') ?? 'unsubscribe' });
    return { kind: 'mail', to, parameters: `?${query}` };
  } catch {
    return undefined;
  }
}
