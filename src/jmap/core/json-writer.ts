/**
 * Values as JSON in UTF-8, piece by piece, so that an answer of many megabytes holds nobody up. `JSON.stringify` writes what is
 * small; long lists and what is around them are walked here.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { isList, isObject, type Json } from './json.ts';

/** How deep the large lists of answers lie. */
const DEPTH = 4;
const PIECE = 64 * 1024;

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
  for (const piece of pieces(value, DEPTH)) {
    text += piece;
    if (text.length < PIECE) continue;
    flush();
    if (left < 0) return undefined;
    if (slice.isSpent) await slice.next();
  }
  flush();
  return left < 0 ? undefined : out;
}

function* pieces(value: Json, depth: number): Generator<string> {
  if (depth > 0 && isList(value)) {
    yield '[';
    let isFirst = true;
    for (const one of value) {
      if (!isFirst) yield ',';
      isFirst = false;
      yield* pieces(one, depth - 1);
    }
    yield ']';
  } else if (depth > 0 && isObject(value)) {
    yield '{';
    let isFirst = true;
    for (const [name, one] of Object.entries(value)) {
      if (one === undefined) continue;
      yield `${isFirst ? '' : ','}${JSON.stringify(name)}:`;
      isFirst = false;
      yield* pieces(one, depth - 1);
    }
    yield '}';
  } else yield JSON.stringify(value);
}
