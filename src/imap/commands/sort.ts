/**
 * SORT and UID SORT (RFC 5256 BASE.6.4.SORT), with RETURN (RFC 5267 §3.1): a search whose hits come in an order. Who finds is
 * `mailbox/search/search.ts`, who sorts `mailbox/search/sort.ts`.
 *
 * RETURN: MIN and MAX are the first and the last in the order of the sort, ALL keeps it; SAVE keeps the messages, as a
 * set (RFC 5182 §2.1).
 */

import { isTextKey } from '../../mail/sort-keys.ts';
import { searchMessages } from '../../mailbox/search/search.ts';
import { type SortCriterion, sortMessages } from '../../mailbox/search/sort.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import type { Comparator } from '../comparator.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call, SessionContext } from '../context.ts';
import type { Tables } from '../item.ts';
import { limitOf, searchCut, tooMany } from '../message-limit.ts';
import { bad, type Completion, ok } from '../replies.ts';
import { lasting, writeNoUpdate } from '../search-contexts.ts';
import type { Selected } from '../selected.ts';
import { observe } from '../updates.ts';
import type { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { label, nonEmptyList, sp } from '../wire/grammar.ts';
import { maybeSearchReturn } from '../wire/search-keys.ts';
import { expandedKeys } from './expanded-keys.ts';
import { asksForModSeq, criterionOf } from './search-criteria.ts';
import { charsetAndKeys, type Keys } from './search-program.ts';
import { highest, returnsOf, type SearchReturns, savedSet } from './search-returns.ts';
import { requireFuzzy, scoresByUid } from './search-scores.ts';
import { isUpdated, keepUpdated } from './search-updates.ts';
import { writeSorted } from './sort-answer.ts';

/** As the client names it; what scores there are is known when there are hits. */
interface AskedCriterion {
  readonly by: SortCriterion['by'];
  readonly isReverse: boolean;
}

interface SortArgs {
  readonly returns: SearchReturns | undefined;
  readonly criteria: readonly AskedCriterion[];
  readonly key: Keys;
}

/** More than there are criteria, each of which says nothing the second time. */
const MAX_CRITERIA = 20;

const CRITERIA: ReadonlyMap<string, SortCriterion['by']> = new Map<string, SortCriterion['by']>([
  ['ARRIVAL', 'arrival'],
  ['CC', 'cc'],
  ['DATE', 'date'],
  ['FROM', 'from'],
  ['SIZE', 'size'],
  ['SUBJECT', 'subject'],
  ['TO', 'to'],
  // RFC 5957 §4.
  ['DISPLAYFROM', 'displayFrom'],
  ['DISPLAYTO', 'displayTo'],
  // RFC 6203 §6.
  ['RELEVANCY', 'score'],
]);

export const sortCommand: Command = sortLike('SORT', false);
export const uidSortCommand: Command = sortLike('UID SORT', true);

function sortLike(name: string, isUid: boolean): Command {
  return defineCommand<SortArgs, 'selected'>({
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

function parse(c: Cursor, tables: Tables): SortArgs {
  const options = maybeSearchReturn(c, tables.searchReturns);
  sp(c);
  const criteria: AskedCriterion[] = [];
  nonEmptyList(c, () => {
    if (criteria.length === MAX_CRITERIA) throw new SyntaxFault('Too many sort criteria');
    criteria.push(criterion(c));
  });
  sp(c);
  const returns = options && returnsOf(options);
  return { returns, criteria, key: charsetAndKeys(c, tables) };
}

function criterion(c: Cursor): AskedCriterion {
  let name = label(c, 'a sort criterion');
  const isReverse = name === 'REVERSE';
  if (isReverse) {
    sp(c);
    name = label(c, 'a sort criterion');
  }
  const by = CRITERIA.get(name);
  if (by === undefined) throw new SyntaxFault(`Unknown sort criterion ${name.slice(0, 40)}`);
  return { by, isReverse };
}

async function run(
  call: Call<'selected'>,
  { returns, criteria, key }: SortArgs,
  isUid: boolean,
): Promise<Completion> {
  const { session, state, tag } = call;
  const { selected } = state;
  const isSaved = returns?.save === true;
  if (returns?.update !== undefined && isUpdated(call, tag)) return bad('Tag reuse');
  // Before the saved result is another, which `$` may stand for.
  const before = { view: selected.view, saved: selected.saved };
  if (isSaved) selected.saved = savedSet([]);
  const kept = lasting(await expandedKeys(call, key), before);
  const isByScore = criteria.some(({ by }) => by === 'score');
  const needsScores = isByScore || returns?.relevancy === true;
  if (needsScores) requireFuzzy(kept);
  observe(selected);
  const asksModSeq = asksForModSeq(kept);
  if (asksModSeq) enableCondstore(call);
  const pause = (): Promise<void> | undefined => session.breathe();
  const criterion = criterionOf(kept, selected, session.domain.clock.nowMs());
  const cut = searchCut(selected.view, criterion, limitOf(session.settings));
  if (cut !== undefined) return tooMany(cut.most);
  const found = await searchMessages(session.domain, selected.account, selected.mailbox, {
    criterion,
    collation: session.modes.comparator.collation,
    upTo: selected.view.highestUid,
    wants: 'all',
    pause,
    reached: (done, goal) => session.reached(done, goal),
  });
  const { account } = selected;
  const scores = needsScores ? await scoresByUid(call, kept, selected, found.uids) : NO_SCORES;
  const order = criteria.map((one) => ordering(one, session.modes.comparator, scores));
  const uids = await sortMessages(session.domain, account, selected.mailbox, found.uids, order, pause);
  if (isSaved) selected.saved = savedSet(found.uids);
  const numbers = isUid ? uids : await numbersOf(session, selected, uids);
  const modSeq = asksModSeq ? highest(found.modseqs) : undefined;
  const sorted = Array.from(uids, (uid) => scores.get(uid) ?? 1);
  await writeSorted(session, { ...{ tag, isUid, returns }, numbers, modSeq, scores: sorted });
  if (returns?.update === undefined) return done(isUid);
  // What a message scores is known of those that were found.
  if (isByScore) writeNoUpdate(session, tag, 'An order by relevancy is not kept up to date');
  else keepUpdated(call, { ...{ tag, isUid }, key: kept, returns, criteria: order }, uids);
  return done(isUid);
}

function ordering(
  { by, isReverse }: AskedCriterion,
  comparator: Comparator,
  scores: ReadonlyMap<number, number>,
): SortCriterion {
  if (by === 'score') return { by, isReverse, scores };
  if (!isTextKey(by)) return { by, isReverse };
  return { by, isReverse: isReverse !== comparator.isReverse, collation: comparator.collation };
}

const done = (isUid: boolean): Completion => ok(`${isUid ? 'UID SORT' : 'SORT'} completed`);

const NO_SCORES: ReadonlyMap<number, number> = new Map();

/** UIDs looked for between two looks at the clock, less one. */
const REST_MASK = 4095;

/** Of UIDs in any order: each is looked for by itself, which for a million takes longer than others may be held up. */
async function numbersOf(
  session: SessionContext,
  { view }: Selected,
  uids: Uint32Array,
): Promise<Uint32Array> {
  const numbers = new Uint32Array(uids.length);
  for (let i = 0; i < uids.length; i++) {
    numbers[i] = view.seqOf(uids[i] as number);
    const rest = (i & REST_MASK) === REST_MASK ? session.rest() : undefined;
    if (rest !== undefined) await rest;
  }
  return numbers;
}
