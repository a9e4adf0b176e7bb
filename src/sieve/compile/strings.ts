/**
 * What stands in a string for something else: encoded characters (RFC 5228 §2.4.2.4), which the compiler replaces, and references to
 * variables (RFC 5229 §3), which it turns into pieces. Encoded characters come first (RFC 5229 §3.1).
 */
import { type Place, ScriptError } from '../syntax/fault.ts';
import type { Reference, Text } from './script.ts';

const ENCODED =
  /\$\{(?:hex:[ \t\r\n]*([0-9a-f]{1,2}(?:[ \t\r\n]+[0-9a-f]{1,2})*)|unicode:[ \t\r\n]*([0-9a-f]+(?:[ \t\r\n]+[0-9a-f]+)*))[ \t\r\n]*\}/gi;
const VARIABLE = /\$\{((?:[a-z_]\w*\.(?:\w+\.)*)?)([a-z_]\w*|\d+)\}/gi;

/** What match variables there can be: RFC 5229 §6 asks for 9. */
export const MAX_MATCH_VARIABLE = 32;
const MAX_NAME = 128;

/** Octets of `${hex:}` that are no UTF-8 become U+FFFD, those of neighbours are taken together. */
export function decodeCharacters(text: string, place: Place): string {
  if (!/\$\{(?:hex|unicode):/i.test(text)) return text;
  const pieces: Buffer[] = [];
  let from = 0;
  for (const match of text.matchAll(ENCODED)) {
    const [whole, octets, characters] = match;
    pieces.push(Buffer.from(text.slice(from, match.index)));
    if (octets !== undefined)
      pieces.push(Buffer.from(octets.split(/[ \t\r\n]+/).map((pair) => Number.parseInt(pair, 16))));
    for (const code of characters?.split(/[ \t\r\n]+/) ?? [])
      pieces.push(Buffer.from(characterOf(Number.parseInt(code, 16), place)));
    from = match.index + whole.length;
  }
  pieces.push(Buffer.from(text.slice(from)));
  return Buffer.concat(pieces).toString('utf8');
}

/** The namespaces that may be named are those of what the script requires (RFC 5229 §3). */
export function readReferences(text: string, namespaces: readonly string[], place: Place): Text {
  if (!text.includes('${')) return text;
  const pieces: (string | Reference)[] = [];
  let from = 0;
  for (const match of text.matchAll(VARIABLE)) {
    const [whole, namespace = '', name = ''] = match;
    if (match.index > from) pieces.push(text.slice(from, match.index));
    pieces.push(reference(namespace.toLowerCase(), name.toLowerCase(), { namespaces, place }));
    from = match.index + whole.length;
  }
  if (pieces.length === 0) return text;
  if (from < text.length) pieces.push(text.slice(from));
  return { pieces };
}

/** The name of a variable that can be set, in lower case; undefined when it is none. */
export function variableName(text: string): string | undefined {
  return /^[a-z_]\w*$/i.test(text) && text.length <= MAX_NAME ? text.toLowerCase() : undefined;
}

interface Context {
  readonly namespaces: readonly string[];
  readonly place: Place;
}

function reference(namespace: string, name: string, { namespaces, place }: Context): Reference {
  if (name.length > MAX_NAME)
    throw new ScriptError(`the name of a variable is longer than ${MAX_NAME} letters`, place);
  if (namespace !== '') {
    if (namespaces.includes(namespace.slice(0, -1)) && variableName(name) !== undefined)
      return { kind: 'global', name };
    throw new ScriptError(
      `there are no variables "${namespace}${name}"; "require" what they belong to`,
      place,
    );
  }
  if (!/^\d/.test(name)) return { kind: 'variable', name };
  const index = Number(name);
  if (index > MAX_MATCH_VARIABLE)
    throw new ScriptError(`there are no match variables above \${${MAX_MATCH_VARIABLE}}`, place);
  return { kind: 'match', index };
}

function characterOf(code: number, place: Place): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
    throw new ScriptError(`U+${code.toString(16).toUpperCase()} is no character of Unicode`, place);
  return String.fromCodePoint(code);
}
