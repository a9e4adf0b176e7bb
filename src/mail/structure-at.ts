/**
 * The structure of one part, from the BODYSTRUCTURE of its message as it is stored (`body-structure.ts`): the octets that stand for
 * it there. Parts are numbered as in `section.ts` (RFC 9051 §6.4.5.1).
 *
 * Promises: never throws; undefined for a part that is not there, or behind damage.
 */
import type { Buffer } from 'node:buffer';

type Span = readonly [from: number, to: number];

/** Where the envelope and the body stand in a `message/rfc822` (RFC 9051 §7.5.2). */
const BODY_OF_MESSAGE = 8;

export function structureAt(structure: Buffer, path: readonly number[]): Buffer | undefined {
  const text = structure.toString('latin1');
  const end = endOf(text, 0);
  if (text[0] !== '(' || end === undefined) return undefined;
  let part: Span = [0, end];
  let isMessage = true;
  for (const number of path) {
    const next = inside(text, part, number, isMessage);
    if (next === undefined) return undefined;
    part = next;
    isMessage = false;
  }
  return structure.subarray(...part);
}

function inside(text: string, part: Span, number: number, isMessage: boolean): Span | undefined {
  const items = itemsOf(text, part);
  const firstWord = items.findIndex(([from]) => text[from] !== '(');
  if (firstWord > 0) return number <= firstWord ? items[number - 1] : undefined;
  if (isMessage) return number === 1 ? part : undefined;
  const body = items[BODY_OF_MESSAGE];
  if (body === undefined || text[body[0]] !== '(' || !isOfMessage(text, items)) return undefined;
  return inside(text, body, number, true);
}

function isOfMessage(text: string, [type, subtype]: readonly Span[]): boolean {
  const word = (span: Span | undefined): string =>
    span === undefined ? '' : text.slice(...span).toLowerCase();
  return word(type) === '"message"' && ['"rfc822"', '"global"'].includes(word(subtype));
}

/** What a list has in it. */
function itemsOf(text: string, [from, to]: Span): Span[] {
  const items: Span[] = [];
  for (let at = from + 1; at < to - 1; ) {
    if (text[at] === ' ') {
      at++;
      continue;
    }
    const end = endOf(text, at);
    if (end === undefined || end > to) break;
    items.push([at, end]);
    at = end;
  }
  return items;
}

/** Behind the word, the string or the list that begins here. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; ) {
    const c = text[at];
    if (c === '"') at = quotedEnd(text, at);
    else if (c === '{') at = literalEnd(text, at);
    else if (c === '(') {
      depth++;
      at++;
    } else if (c === ')') {
      if (depth === 0) return at > start ? at : undefined;
      depth--;
      at++;
    } else if (c === ' ' && depth === 0) return at;
    else if (c === ' ') at++;
    else while (at < text.length && !' ()"{'.includes(text.charAt(at))) at++;
    if (depth === 0 && (c === '"' || c === '{' || c === ')')) return at <= text.length ? at : undefined;
  }
  return depth === 0 ? text.length : undefined;
}

function quotedEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function literalEnd(text: string, start: number): number {
  const [whole = '{', length = '0'] = /^\{(\d+)\}\r\n/.exec(text.slice(start, start + 20)) ?? [];
  return start + whole.length + Number(length);
}
