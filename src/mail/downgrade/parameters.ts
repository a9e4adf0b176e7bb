/**
 * Values with parameters (Content-Type, Content-Disposition) to ASCII: a parameter whose value is not ASCII is written as
 * RFC 2231 has it (RFC 6857 §3.1.4): `filename*=utf-8''%C3%9Cbung.pdf`. What has no such form, a name that is not ASCII, is
 * taken out (RFC 6858 §2.2).
 *
 * Promises: ASCII; parameters that are ASCII stay octet for octet, a boundary among them; `decodedParameter` gives the same
 * text before and after; linear. Strings are octets (latin1), unfolded.
 */
import {
  joinContinuations,
  type Section,
  sectionOf,
  type WrittenParameter,
  writtenParameters,
} from '../parameter.ts';
import { downgradeComments } from './structured.ts';
import { isPlain, isSendable } from './text.ts';
import { charsetOf } from './words.ts';

/** What one section has for its value, so that a line with it is a short one. */
const SECTION_LENGTH = 60;
/** With more, sections get longer instead: readers have limits, too. */
const MAX_SECTION_COUNT = 90;

export function downgradeParameters(text: string): string {
  const written = writtenParameters(text);
  const rewritten = rewrittenParameters(written);
  let out = '';
  let at = 0;
  for (const parameter of written) {
    out += downgradeGap(text.slice(at, parameter.start));
    const now = rewritten.get(parameter);
    if (now === '') out = out.replace(/;[ \t]*$/, '');
    out += now ?? text.slice(parameter.start, parameter.end);
    at = parameter.end;
  }
  return out + downgradeGap(text.slice(at));
}

/** By parameter what stands in its place, nothing for those that go; absent for those that stay. */
function rewrittenParameters(written: readonly WrittenParameter[]): Map<WrittenParameter, string> {
  const out = new Map<WrittenParameter, string>();
  const split = new Map<string, WrittenParameter[]>();
  for (const parameter of written) {
    const section = sectionOf(parameter);
    if (section !== undefined) pushTo(split, keyOf(section), parameter);
    else if (!isPlain(parameter.name)) out.set(parameter, '');
    else if (!isSendable(parameter.value)) out.set(parameter, extended(parameter));
  }
  for (const sections of split.values()) {
    if (sections.every(({ name, value }) => isPlain(name) && isSendable(value))) continue;
    for (const section of sections) out.set(section, '');
    const [joined] = joinContinuations(sections);
    const first = sections[0] as WrittenParameter;
    if (joined !== undefined && isPlain(joined.name)) out.set(first, extended(joined));
  }
  return out;
}

function keyOf({ base }: Section): string {
  return base.toLowerCase();
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

/** The form of RFC 2231 §4, in sections (§3) when it is long. The name may have its star already. */
function extended({ name, value }: { readonly name: string; readonly value: string }): string {
  const isExtended = name.endsWith('*');
  const base = isExtended ? name.slice(0, -1) : name;
  const octets = Buffer.from(value, 'latin1');
  const encoded = isExtended
    ? percentEncoded(value, /[^\w!#$&+.^`{|}~%'-]/g)
    : `${charsetOf(octets)}''${percentEncoded(value, /[^\w!#$&+.^`{|}~-]/g)}`;
  if (encoded.length <= SECTION_LENGTH) return `${base}*=${encoded}`;
  const length = Math.max(SECTION_LENGTH, Math.ceil(encoded.length / MAX_SECTION_COUNT) + 2);
  const sections: string[] = [];
  for (let at = 0; at < encoded.length; ) {
    const end = sectionEnd(encoded, at + length);
    sections.push(`${base}*${sections.length}*=${encoded.slice(at, end)}`);
    at = end;
  }
  return sections.join('; ');
}

function percentEncoded(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** At or before `end`, and not inside a `%XX`. */
function sectionEnd(encoded: string, end: number): number {
  if (end >= encoded.length) return encoded.length;
  if (encoded.charAt(end - 1) === '%') return end - 1;
  return encoded.charAt(end - 2) === '%' ? end - 2 : end;
}

/** The value before the parameters, comments, and what is no parameter: no octet above 127 in it can mean anything. */
function downgradeGap(text: string): string {
  return isPlain(text) ? text : downgradeComments(text).replace(/[\x80-\xff]/g, '-');
}
