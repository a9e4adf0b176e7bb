/**
 * FETCH and UID FETCH (RFC 9051 §6.4.5, §6.4.9) with the modifiers of RFC 7162 §3.1.4.1 and §3.2.6 and of RFC 9394 §3.3. What is fetched is
 * the business of the items, how of `fetch/run.ts`.
 *
 * Of a message that somebody else has removed meanwhile everything is sent that can still be read; of one that was moved
 * away that is nothing, and the others are sent all the same.
 */
import { type Command, defineCommand, SELECTED } from '../command.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call } from '../context.ts';
import { CHANGEDSINCE, PARTIAL, VANISHED } from '../fetch/modifiers.ts';
import { planFetch } from '../fetch/plan.ts';
import { FetchRun } from '../fetch/run.ts';
import type { FetchItem, Tables } from '../item.ts';
import { cutOf, done, limitOf, noteCut, runsWithin, tooMany } from '../message-limit.ts';
import { type MessageSet, messageSet, type PositionRun, selectMessages } from '../message-set.ts';
import { bad, type Completion } from '../replies.ts';
import { observe } from '../updates.ts';
import { writeVanishedEarlier } from '../vanished.ts';
import type { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { parseFetchAtts } from '../wire/fetch-items.ts';
import { end, sp } from '../wire/grammar.ts';
import { argsOf, hasItem, maybeSpOptionList, type ParsedKeyword } from '../wire/keyword-table.ts';
import { NumSet, type UidSet } from '../wire/numset.ts';
import { indexesOf, type PartialRange } from '../wire/partial.ts';

interface FetchArgs {
  readonly set: MessageSet;
  readonly items: readonly ParsedKeyword<FetchItem>[];
  readonly changedSince: number | undefined;
  readonly wantsVanished: boolean;
  /** Of the messages that the set names. */
  readonly partial: PartialRange | undefined;
}

export const fetchCommand: Command = fetchLike('FETCH', false);
export const uidFetchCommand: Command = fetchLike('UID FETCH', true);

function fetchLike(name: string, isUid: boolean): Command {
  return defineCommand<FetchArgs, 'selected'>({
    name,
    states: SELECTED,
    takesNumbers: !isUid,
    mayExpunge: isUid,
    parse: (c, tables) => parse(c, tables, isUid),
    run: (call, args) => run(call, args, isUid),
  });
}

function parse(c: Cursor, tables: Tables, isUid: boolean): FetchArgs {
  sp(c);
  const set = messageSet(c, isUid);
  sp(c);
  const items = parseFetchAtts(c, tables.fetchItems);
  const modifiers = maybeSpOptionList(c, tables.fetchModifiers, 'FETCH modifier');
  end(c);
  const changedSince = argsOf(modifiers, CHANGEDSINCE);
  const wantsVanished = hasItem(modifiers, VANISHED);
  if (wantsVanished && (!isUid || changedSince === undefined)) {
    throw new SyntaxFault('VANISHED belongs to UID FETCH with CHANGEDSINCE');
  }
  const partial = argsOf(modifiers, PARTIAL);
  if (partial !== undefined && !isUid) throw new SyntaxFault('PARTIAL belongs to UID FETCH');
  return { set, items, changedSince, wantsVanished, partial };
}

async function run(call: Call<'selected'>, args: FetchArgs, isUid: boolean): Promise<Completion> {
  const { session, state } = call;
  const { selected } = state;
  const { account } = selected;
  const { changedSince, wantsVanished } = args;
  if (wantsVanished && !session.modes.qresync) return bad('VANISHED needs ENABLE QRESYNC first');
  const most = limitOf(session.settings);
  const { partial } = args;
  if (most !== undefined && partial !== undefined && partial.high - partial.low >= most) return tooMany(most);
  observe(selected);
  const plan = planFetch(args.items, isUid && !session.modes.uidOnly, changedSince);
  const named = selectMessages(selected, args.set);
  const asked = partial === undefined ? named : partOf(named, partial);
  const cut = cutOf(selected.view, asked, most);
  const runs = runsWithin(selected.view, asked, cut);
  if (plan.impliesCondstore) enableCondstore(call);
  if (wantsVanished) {
    const known = args.set instanceof NumSet ? (args.set as UidSet) : selected.saved;
    await writeVanishedEarlier(session, account, selected, { known, since: changedSince ?? 0 });
  }
  const refused = await new FetchRun(session, selected, plan).run(runs);
  const name = isUid ? 'UID FETCH' : 'FETCH';
  if (refused === undefined) return done(session, name, cut);
  noteCut(session, name, cut);
  return refused;
}

/** The messages of the range, counted over all runs. */
function partOf(runs: readonly PositionRun[], range: PartialRange): PositionRun[] {
  const total = runs.reduce((sum, [from, to]) => sum + to - from, 0);
  const [first, end] = indexesOf(range, total);
  const part: PositionRun[] = [];
  let before = 0;
  for (const [from, to] of runs) {
    const low = Math.max(from, from + first - before);
    const high = Math.min(to, from + end - before);
    if (low < high) part.push([low, high]);
    before += to - from;
  }
  return part;
}
