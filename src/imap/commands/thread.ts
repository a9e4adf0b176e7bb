/**
 * THREAD and UID THREAD (RFC 5256 BASE.6.4.THREAD): a search whose hits come as conversations. Who finds is
 * `mailbox/search/search.ts`, who puts together `mailbox/search/thread.ts`.
 */

import { BEGIN, END } from '../../mailbox/search/conversation.ts';
import { searchMessages } from '../../mailbox/search/search.ts';
import { type ThreadAlgorithm, threadsInRow } from '../../mailbox/search/thread.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call, SessionContext } from '../context.ts';
import type { Tables } from '../item.ts';
import { limitOf, searchCut, tooMany } from '../message-limit.ts';
import { type Completion, ok } from '../replies.ts';
import { observe } from '../updates.ts';
import type { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { label, sp } from '../wire/grammar.ts';
import { expandedKeys } from './expanded-keys.ts';
import { asksForModSeq, criterionOf } from './search-criteria.ts';
import { charsetAndKeys, type Keys } from './search-program.ts';

interface ThreadArgs {
  readonly algorithm: ThreadAlgorithm;
  readonly key: Keys;
}

const ALGORITHMS: ReadonlyMap<string, ThreadAlgorithm> = new Map<string, ThreadAlgorithm>([
  ['ORDEREDSUBJECT', 'ordered-subject'],
  ['REFERENCES', 'references'],
  ['REFS', 'refs'],
]);

export const threadCommand: Command = threadLike('THREAD', false);
export const uidThreadCommand: Command = threadLike('UID THREAD', true);

function threadLike(name: string, isUid: boolean): Command {
  return defineCommand<ThreadArgs, 'selected'>({
    name,
    states: SELECTED,
    takesNumbers: !isUid,
    mayExpunge: isUid,
    gathers: true,
    mayTakeLong: true,
    parse,
    run: (call, args) => run(call, args, isUid),
  });
}

function parse(c: Cursor, tables: Tables): ThreadArgs {
  sp(c);
  const name = label(c, 'a threading algorithm');
  const algorithm = ALGORITHMS.get(name);
  if (algorithm === undefined) throw new SyntaxFault(`Unknown threading algorithm ${name.slice(0, 40)}`);
  sp(c);
  return { algorithm, key: charsetAndKeys(c, tables) };
}

async function run(
  call: Call<'selected'>,
  { algorithm, key: asked }: ThreadArgs,
  isUid: boolean,
): Promise<Completion> {
  const { session, state } = call;
  const { selected } = state;
  const { account } = selected;
  const key = await expandedKeys(call, asked);
  observe(selected);
  if (asksForModSeq(key)) enableCondstore(call);
  const pause = (): Promise<void> | undefined => session.breathe();
  const { domain, modes } = session;
  const { collation } = modes.comparator;
  const criterion = criterionOf(key, selected, domain.clock.nowMs());
  const cut = searchCut(selected.view, criterion, limitOf(session.settings));
  if (cut !== undefined) return tooMany(cut.most);
  const found = await searchMessages(domain, account, selected.mailbox, {
    criterion,
    collation,
    upTo: selected.view.highestUid,
    wants: 'all',
    pause,
    reached: (done, goal) => session.reached(done, goal),
  });
  const { uids } = found;
  const threads = await threadsInRow(domain, account, selected.mailbox, uids, algorithm, pause, collation);
  const numberOf = isUid ? (uid: number): number => uid : (uid: number): number => selected.view.seqOf(uid);
  await writeThreads(session, threads, numberOf);
  return ok(`${isUid ? 'UID THREAD' : 'THREAD'} completed`);
}

/** Messages between two looks at the clock, less one. */
const REST_MASK = 1023;

async function writeThreads(
  session: SessionContext,
  threads: Uint32Array,
  numberOf: (uid: number) => number,
): Promise<void> {
  const { out } = session;
  out.ascii('* THREAD');
  if (threads.length > 0) out.sp();
  let isBehindNumber = false;
  for (let i = 0; i < threads.length; i++) {
    const next = threads[i] as number;
    if (next === END) out.close();
    else {
      if (isBehindNumber) out.sp();
      if (next === BEGIN) out.open();
      else out.number(numberOf(next));
    }
    isBehindNumber = next !== BEGIN && next !== END;
    const rest = (i & REST_MASK) === REST_MASK ? session.rest() : undefined;
    if (rest !== undefined) await rest;
  }
  out.crlf();
}
