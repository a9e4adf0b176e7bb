/**
 * SEARCH and UID SEARCH (RFC 9051 §6.4.4, §6.4.9), with RETURN (RFC 4731) and SAVE (RFC 5182). What the keys mean is in
 * `search-criteria.ts`, who finds is `mailbox/search/search.ts`.
 *
 * The saved result is kept as UIDs, so that it means the same messages whatever is expunged. It is emptied when a search
 * that was to fill it fails with NO, and left alone by a BAD one (RFC 5182 §2.1); therefore a fault of the keys that is a
 * NO (BADCHARSET) is kept until it is known whether SAVE was asked for.
 */
import { searchMessages } from '../../mailbox/search/search.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call } from '../context.ts';
import type { Tables } from '../item.ts';
import { done, limitOf, searchCut, searchWithin } from '../message-limit.ts';
import { bad, type Completion } from '../replies.ts';
import { lasting, writeNoUpdate } from '../search-contexts.ts';
import { observe } from '../updates.ts';
import type { Cursor } from '../wire/cursor.ts';
import { sp } from '../wire/grammar.ts';
import { NumSet } from '../wire/numset.ts';
import { maybeSearchReturn } from '../wire/search-keys.ts';
import { expandedKeys } from './expanded-keys.ts';
import { writeEsearch, writeSearch } from './search-answer.ts';
import { asksForModSeq, criterionOf } from './search-criteria.ts';
import { type Keys, programToEnd } from './search-program.ts';
import {
  highest,
  named,
  ONLY_ALL,
  returnsOf,
  type SearchReturns,
  savedSet,
  wantedOf,
} from './search-returns.ts';
import { requireFuzzy, scoresOf } from './search-scores.ts';
import { isUpdated, keepUpdated } from './search-updates.ts';

interface SearchArgs {
  /** Undefined: the form without RETURN. */
  readonly returns: SearchReturns | undefined;
  readonly charset: string | undefined;
  readonly key: Keys;
}

export const searchCommand: Command = searchLike('SEARCH', false);
export const uidSearchCommand: Command = searchLike('UID SEARCH', true);

function searchLike(name: string, isUid: boolean): Command {
  return defineCommand<SearchArgs, 'selected'>({
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

function parse(c: Cursor, tables: Tables): SearchArgs {
  const options = maybeSearchReturn(c, tables.searchReturns);
  const returns = options && returnsOf(options);
  sp(c);
  return { returns, ...programToEnd(c, tables) };
}

async function run(
  call: Call<'selected'>,
  { returns, charset, key: asked }: SearchArgs,
  isUid: boolean,
): Promise<Completion> {
  const { session, state, tag } = call;
  const { selected } = state;
  // RFC 6855 §3: such a client has said once and for all what its strings are in.
  if (charset !== undefined && session.modes.utf8) return bad('CHARSET is not possible with UTF8=ACCEPT');
  const isSaved = returns?.save === true;
  if (returns?.update !== undefined && isUpdated(call, tag)) return bad('Tag reuse');
  try {
    const key = await expandedKeys(call, asked);
    observe(selected);
    const kept = lasting(key, selected);
    if (returns?.relevancy === true) requireFuzzy(key);
    const asksModSeq = asksForModSeq(key);
    if (asksModSeq) enableCondstore(call);
    const wants = returns?.update === undefined ? wantedOf(returns) : 'all';
    const criterion = criterionOf(key, selected, session.domain.clock.nowMs());
    const cut = searchCut(selected.view, criterion, limitOf(session.settings));
    const found = await searchMessages(session.domain, selected.account, selected.mailbox, {
      criterion: searchWithin(criterion, cut),
      collation: session.modes.comparator.collation,
      upTo: selected.view.highestUid,
      wants,
      pause: () => session.breathe(),
      reached: (done, goal) => session.reached(done, goal),
    });
    if (isSaved) selected.saved = savedSet(named(found.uids, returns));
    const hits = {
      numbers: isUid ? found.uids : selected.view.seqsOf(found.uids),
      modSeq: asksModSeq ? highest(named(found.modseqs, returns)) : undefined,
    };
    const scores = returns?.relevancy === true ? await scoresOf(call, key, selected, found.uids) : undefined;
    const answered = returns ?? (session.modes.rev2 ? ONLY_ALL : undefined);
    if (answered === undefined) await writeSearch(session, hits);
    else if (hasAnswer(answered)) writeEsearch(session, tag, isUid, answered, { ...hits, scores });
    if (returns?.update !== undefined && cut !== undefined)
      writeNoUpdate(session, tag, 'So many messages are not kept up to date');
    else if (returns?.update !== undefined)
      keepUpdated(call, { ...{ tag, isUid }, key: kept, returns }, found.uids);
    return done(session, isUid ? 'UID SEARCH' : 'SEARCH', cut);
  } catch (error) {
    if (isSaved) selected.saved = NumSet.of('uid', []);
    throw error;
  }
}

function hasAnswer({ min, max, all, count, partial, relevancy }: SearchReturns): boolean {
  return min || max || all || count || relevancy || partial !== undefined;
}
