/**
 * Values as JSON in UTF-8, piece by piece, so that an answer of many megabytes holds nobody up. `JSON.stringify` writes what is
 * small; what is large is walked here.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';

const PIECE = 64 * 1024;
/** Of what is written in one go: a value weighs one, and one more for each characters of these. */
const MOST_WEIGHT = 1000;
const CHARACTERS = 32;

/** Undefined when it would be more than `most` octets. */
export async function writeJson(value: Json, most: number): Promise<Buffer[] | undefined> {
  const slice = new TimeSlice();
  const out: Buffer[] = [];
  let text = '';
  let left = most;
  const flush = (): void => {
    const octets = Buffer.from(text);
    left -= octets.length;
    out.push(octets);
    text = '';
  };
  for (const piece of pieces(value)) {
    text += piece;
    if (text.length < PIECE) continue;
    flush();
    if (left < 0) return undefined;
    if (slice.isSpent) await slice.next();
  }
  flush();
  return left < 0 ? undefined : out;
}

function* pieces(value: Json): Generator<string> {
  if (lighter(value, MOST_WEIGHT) >= 0) yield JSON.stringify(value);
  else if (typeof value === 'string') yield* piecesOfString(value);
  else if (isList(value)) yield* piecesOfList(value);
  else if (isObject(value)) yield* piecesOfObject(value);
}

/** Elements that are small are written together. */
function* piecesOfList(list: readonly Json[]): Generator<string> {
  let begin = 0;
  let left = MOST_WEIGHT;
  const run = (end: number): string =>
    begin === end ? '' : `${begin === 0 ? '' : ','}${JSON.stringify(list.slice(begin, end)).slice(1, -1)}`;
  yield '[';
  for (const [index, one] of list.entries()) {
    left = lighter(one, left);
    if (left >= 0) continue;
    yield run(index);
    begin = index;
    left = lighter(one, MOST_WEIGHT);
    if (left >= 0) continue;
    if (index > 0) yield ',';
    yield* pieces(one);
    begin = index + 1;
    left = MOST_WEIGHT;
  }
  yield `${run(list.length)}]`;
}

function* piecesOfObject(object: JsonObject): Generator<string> {
  let isFirst = true;
  yield '{';
  for (const [name, one] of Object.entries(object)) {
    if (one === undefined) continue;
    if (!isFirst) yield ',';
    isFirst = false;
    yield* pieces(name);
    yield ':';
    yield* pieces(one);
  }
  yield '}';
}

/** A surrogate pair is not taken apart: half of one would be written as an escape. */
function* piecesOfString(text: string): Generator<string> {
  yield '"';
  for (let at = 0; at < text.length; ) {
    let end = at + PIECE / 4;
    if (/[\ud800-\udbff]/.test(text.charAt(end - 1))) end++;
    yield JSON.stringify(text.slice(at, end)).slice(1, -1);
    at = end;
  }
  yield '"';
}

/** What is left of a weight when this is taken off; below 0 when it is heavier, and then the rest of it is not looked at. */
function lighter(value: Json, weight: number): number {
  let left = weight - 1;
  if (typeof value === 'string') return left - Math.floor(value.length / CHARACTERS);
  if (isList(value)) {
    if (value.length > left) return -1;
    for (const one of value) if (left >= 0) left = lighter(one, left);
  } else if (isObject(value)) {
    for (const name in value) {
      if (left < 0) break;
      left = lighter(value[name] ?? null, left - Math.floor(name.length / CHARACTERS));
    }
  }
  return left;
}
