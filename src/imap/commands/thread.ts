/**
 * THREAD and UID THREAD (RFC 5256 BASE.6.4.THREAD): a search whose hits come as conversations. Who finds is
 * `mailbox/search/search.ts`, who puts together `mailbox/search/thread.ts`.
 */

import type { Thread } from '../../mailbox/search/conversation.ts';
import { searchMessages } from '../../mailbox/search/search.ts';
import { type ThreadAlgorithm, threadMessages } from '../../mailbox/search/thread.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call, SessionContext } from '../context.ts';
import type { SearchKeyItem, Tables } from '../item.ts';
import { type Completion, ok } from '../replies.ts';
import { observe } from '../updates.ts';
import type { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { label, sp } from '../wire/grammar.ts';
import type { SearchKey } from '../wire/search-tree.ts';
import { asksForModSeq, criterionOf } from './search-criteria.ts';
import { charsetAndKeys } from './sort.ts';

interface ThreadArgs {
  readonly algorithm: ThreadAlgorithm;
  readonly key: SearchKey<SearchKeyItem> | SyntaxFault;
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
    mayExpunge: isUid,
    gathers: true,
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
  { algorithm, key }: ThreadArgs,
  isUid: boolean,
): Promise<Completion> {
  const { session, state } = call;
  const { selected, account } = state;
  if (key instanceof SyntaxFault) throw key;
  observe(selected);
  if (asksForModSeq(key)) enableCondstore(call);
  const pause = (): Promise<void> | undefined => session.breathe();
  const { domain } = session;
  const found = await searchMessages(domain, account, selected.mailbox, {
    criterion: criterionOf(key, selected, domain.clock.nowMs()),
    upTo: selected.view.highestUid,
    wants: 'all',
    pause,
  });
  const threads = await threadMessages(domain, account, selected.mailbox, found.uids, algorithm, pause);
  const numberOf = isUid ? (uid: number): number => uid : (uid: number): number => selected.view.seqOf(uid);
  await writeThreads(session, threads, numberOf);
  return ok(`${isUid ? 'UID THREAD' : 'THREAD'} completed`);
}

/** Messages between two looks at the clock, less one. */
const REST_MASK = 1023;

/** Deep nesting is written from a list of its own, not from the call stack. */
async function writeThreads(
  session: SessionContext,
  threads: readonly Thread[],
  numberOf: (uid: number) => number,
): Promise<void> {
  const { out } = session;
  out.ascii('* THREAD');
  if (threads.length > 0) out.sp();
  const open: (Thread | 'begin' | 'end')[] = [];
  let needsSpace = false;
  let written = 0;
  for (const thread of threads) {
    open.push('end', thread, 'begin');
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === 'begin' || next === 'end') {
        if (next === 'begin') out.open();
        else out.close();
        needsSpace = false;
        continue;
      }
      const { message, children } = next;
      if (message !== undefined) {
        if (needsSpace) out.sp();
        out.number(numberOf(message.uid));
        needsSpace = true;
      }
      const isSplit = children.length > 1;
      if (isSplit && needsSpace) out.sp();
      for (let i = children.length - 1; i >= 0; i--) {
        if (isSplit) open.push('end', children[i] as Thread, 'begin');
        else open.push(children[i] as Thread);
      }
      const rest = (++written & REST_MASK) === 0 ? session.rest() : undefined;
      if (rest !== undefined) await rest;
    }
  }
  out.crlf();
}
