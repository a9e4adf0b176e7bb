/** The URIs of `mailto` (RFC 6068) as notifications use them (RFC 5436 §2). */
import { isFieldName, oneLine, readAddress, writtenAddress } from '../message/fields.ts';

export interface MailtoUri {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string | undefined;
  readonly body: string | undefined;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const MAX_RECIPIENTS = 10;
const MAX_FIELDS = 16;
/** They say who sent it, when, how it came and what it is; none of that is the URI's to say (RFC 5436 §2.7). */
const UNSAFE =
  /^(?:from|sender|reply-to|bcc|date|message-id|received|return-path|auto-submitted|mime-version|content-.*|resent-.*|list-.*|dkim-.*|arc-.*|authentication-results|in-reply-to|references|delivered-to|errors-to|x-loop)$/i;

/** Undefined for anything that is no mailto URI with at least one recipient. */
export function readMailto(uri: string): MailtoUri | undefined {
  const match = /^mailto:([^?#]*)(?:\?([^#]*))?$/i.exec(uri);
  if (match === null) return undefined;
  const [, path = '', query = ''] = match;
  const lists: Record<'to' | 'cc', string[]> = { to: split(path), cc: [] };
  const fields: [string, string][] = [];
  let subject: string | undefined;
  let body: string | undefined;
  for (const pair of query.split('&').filter((one) => one !== '')) {
    const at = pair.indexOf('=');
    const name = at < 0 ? undefined : decoded(pair.slice(0, at))?.toLowerCase();
    const value = at < 0 ? undefined : decoded(pair.slice(at + 1));
    if (name === undefined || value === undefined || !isFieldName(name)) return undefined;
    if (name === 'to' || name === 'cc') lists[name].push(...split(pair.slice(at + 1)));
    else if (name === 'subject') subject = value;
    else if (name === 'body') body = value;
    else if (!UNSAFE.test(name) && fields.length < MAX_FIELDS) fields.push([name, oneLine(value)]);
  }
  const [to, cc] = [addresses(lists.to), addresses(lists.cc)];
  if (to === undefined || cc === undefined || to.length === 0 || to.length + cc.length > MAX_RECIPIENTS)
    return undefined;
  return { to, cc, subject, body, fields };
}

/** Commas separate addresses where they are not encoded. */
function split(text: string): string[] {
  return text.split(',').filter((one) => one !== '');
}

function addresses(encoded: readonly string[]): string[] | undefined {
  const out: string[] = [];
  for (const one of encoded) {
    const address = readAddress(decoded(one) ?? '');
    if (address === undefined) return undefined;
    out.push(writtenAddress(address));
  }
  return out;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
