/**
 * UIDBATCHES (draft-ietf-mailmaint-imap-uidbatches): which ranges of UIDs have so many messages each, the newest first, for a client
 * that fetches a mailbox in portions and knows no message numbers. The ranges leave no gap, and the last one goes down to 1.
 */
import { type Command, defineCommand, SELECTED } from '../command.ts';
import type { Call } from '../context.ts';
import { defineExtension } from '../extension.ts';
import { bad, type Completion, no, ok } from '../replies.ts';
import type { Cursor } from '../wire/cursor.ts';
import { END } from '../wire/cursor.ts';
import { end, isTrailingSpace, nzNumber, sp } from '../wire/grammar.ts';

export interface BatchesArgs {
  readonly size: number;
  /** Which batches, counted from 1, ends included; undefined: all. */
  readonly range: readonly [first: number, last: number] | undefined;
}

const COLON = 0x3a;
/** Fewer would be better asked for one by one. */
const MIN_SIZE = 500;
/** Ranges between two looks at the clock, less one. */
const BREATH_MASK = 63;

/** `SP batch-size [SP batch-range]`. */
export function batchesArgs(c: Cursor): BatchesArgs {
  sp(c);
  const size = nzNumber(c);
  if (c.peek() === END || isTrailingSpace(c)) return { size, range: undefined };
  sp(c);
  const first = nzNumber(c);
  c.expectByte(COLON, ':');
  return { size, range: [first, nzNumber(c)] };
}

const uidBatchesCommand: Command = defineCommand<BatchesArgs, 'selected'>({
  name: 'UIDBATCHES',
  states: SELECTED,
  parse(c) {
    const args = batchesArgs(c);
    end(c);
    return args;
  },
  run,
});

async function run(
  { session, state, tag }: Call<'selected'>,
  { size, range }: BatchesArgs,
): Promise<Completion> {
  if (size < MIN_SIZE) return no(`A batch has at least ${MIN_SIZE} messages`, 'TOOSMALL');
  const [first, last] = range ?? [1, Number.POSITIVE_INFINITY];
  if (first > last) return bad('The first batch comes before the last', 'CLIENTBUG');
  const { out } = session;
  const { view } = state.selected;
  out.ascii('* UIDBATCHES (TAG ').string(tag).ascii(')');
  let told = 0;
  for (const [high, low] of batchesOf({ uid: view.uids, count: view.count }, size, [first, last])) {
    out
      .ascii(told++ === 0 ? ' ' : ',')
      .number(high)
      .ascii(':')
      .number(low);
    const rest = (told & BREATH_MASK) === 0 ? session.rest() : undefined;
    if (rest !== undefined) await rest;
  }
  out.crlf();
  return ok('UIDBATCHES completed');
}

/** The batches of this range, from the newest on, each from its highest UID down. `uid` ascends. */
export function* batchesOf(
  { uid, count }: { readonly uid: ArrayLike<number>; readonly count: number },
  size: number,
  [first, last]: readonly [first: number, last: number],
): Generator<readonly [high: number, low: number]> {
  const most = Math.min(last, Math.ceil(count / size));
  for (let batch = first; batch <= most; batch++) {
    const high = uid[count - (batch - 1) * size - 1] as number;
    const next = count - batch * size - 1;
    yield [high, next < 0 ? 1 : (uid[next] as number) + 1];
  }
}

export const uidBatches = defineExtension({
  rfc: 'draft-ietf-mailmaint-imap-uidbatches UIDBATCHES',
  capabilities: () => ['UIDBATCHES'],
  commands: [uidBatchesCommand],
});
