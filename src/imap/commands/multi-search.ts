/**
 * ESEARCH (RFC 7377): one search in several mailboxes, each with an answer of its own by UID, those without hits with none.
 * The mailbox that is open is searched as its client knows it; the others as they are, held open while it takes.
 */
import { MailboxError } from '../../mailbox/model/errors.ts';
import { openMailbox } from '../../mailbox/operations/mailboxes.ts';
import type { Place } from '../../mailbox/operations/visiting.ts';
import { searchMessages } from '../../mailbox/search/search.ts';
import { type Command, defineCommand, SIGNED_IN } from '../command.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call } from '../context.ts';
import type { SearchKeyItem, Tables } from '../item.ts';
import { type Cut, done, limitOf, searchCut, searchWithin, tooMany } from '../message-limit.ts';
import { placesOf } from '../places.ts';
import { bad, type Completion } from '../replies.ts';
import { writeNoUpdate } from '../search-contexts.ts';
import { observe } from '../updates.ts';
import { View } from '../view.ts';
import type { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { sp } from '../wire/grammar.ts';
import { type MailboxFilter, mailboxFilter } from '../wire/mailbox-filter.ts';
import { NumSet } from '../wire/numset.ts';
import { maybeSearchReturn } from '../wire/search-keys.ts';
import type { SearchKey } from '../wire/search-tree.ts';
import { expandedKeys } from './expanded-keys.ts';
import { writeReturns } from './search-answer.ts';
import { asksForModSeq, criterionOf, type SearchScope } from './search-criteria.ts';
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

interface MultiSearchArgs {
  readonly filters: readonly MailboxFilter[];
  readonly returns: SearchReturns;
  readonly charset: string | undefined;
  readonly key: Keys;
}

type SignedInCall = Call<'authenticated' | 'selected'>;

const OPEN = 0x28;
const CLOSE = 0x29;
const SP = 0x20;
const ONLY_SELECTED: readonly MailboxFilter[] = [{ kind: 'selected' }];

export const multiSearchCommand: Command = defineCommand<MultiSearchArgs, 'authenticated' | 'selected'>({
  name: 'ESEARCH',
  states: SIGNED_IN,
  gathers: true,
  mayTakeLong: true,
  parse,
  run,
});

function parse(c: Cursor, tables: Tables): MultiSearchArgs {
  const filters = maybeSources(c) ?? ONLY_SELECTED;
  const options = maybeSearchReturn(c, tables.searchReturns);
  const returns = options === undefined ? ONLY_ALL : returnsOf(options);
  if (returns.save && filters.some(({ kind }) => kind !== 'selected'))
    throw new SyntaxFault('SAVE is of the selected mailbox alone');
  sp(c);
  return { filters, returns, ...programToEnd(c, tables) };
}

/** `SP "IN" SP "(" source-mbox ")"`; no scope options are defined. */
function maybeSources(c: Cursor): MailboxFilter[] | undefined {
  const mark = c.mark();
  if (!c.maybeByte(SP) || !c.maybeWord('IN')) {
    c.reset(mark);
    return undefined;
  }
  sp(c);
  c.expectByte(OPEN, '(');
  const filters = [mailboxFilter(c)];
  while (c.maybeByte(SP)) {
    if (c.peek() === OPEN) throw new SyntaxFault('There are no scope options');
    filters.push(mailboxFilter(c));
  }
  c.expectByte(CLOSE, ')');
  return filters;
}

async function run(call: SignedInCall, args: MultiSearchArgs): Promise<Completion> {
  const { session, state } = call;
  const { filters, charset, returns } = args;
  if (charset !== undefined && session.modes.utf8) return bad('CHARSET is not possible with UTF8=ACCEPT');
  const wantsSelected = filters.some(({ kind }) => kind === 'selected');
  if (wantsSelected && state.kind !== 'selected') return bad('No mailbox is selected');
  let cut: Cut | undefined;
  try {
    const key = await expandedKeys(call, args.key);
    if (returns.relevancy) requireFuzzy(key);
    if (asksForModSeq(key)) enableCondstore(call);
    const others = await placesOf(session.reach, filters);
    const open = state.kind === 'selected' ? state.selected.mailbox : undefined;
    const isOpenSearched = wantsSelected || others.some(({ mailbox }) => mailbox === open);
    const rest = others.filter(({ mailbox }) => mailbox !== open);
    const most = limitOf(session.settings);
    const messages = rest.reduce(
      (sum, { mailbox }) => sum + mailbox.exists,
      isOpenSearched ? (open?.exists ?? 0) : 0,
    );
    // Where it would have to go on, one UID could not say.
    if (most !== undefined && rest.length > 0 && messages > most) return tooMany(most);
    if (open !== undefined && isOpenSearched) cut = await searchSelected(call, args, key);
    for (const place of rest) await searchOther(call, args, key, place);
  } catch (error) {
    if (returns.save && state.kind === 'selected') state.selected.saved = NumSet.of('uid', []);
    throw error;
  }
  if (returns.update !== undefined)
    writeNoUpdate(session, call.tag, 'Only SEARCH and SORT are kept up to date');
  return done(session, 'ESEARCH', cut);
}

async function searchSelected(
  call: SignedInCall,
  args: MultiSearchArgs,
  key: SearchKey<SearchKeyItem>,
): Promise<Cut | undefined> {
  if (call.state.kind !== 'selected') return undefined;
  const { selected } = call.state;
  observe(selected);
  const { uids, cut } = await searchOne(call, args, key, selected.place, selected);
  if (args.returns.save) selected.saved = savedSet(named(uids, args.returns));
  return cut;
}

/** One that is deleted before its turn comes has no answer. */
async function searchOther(
  call: SignedInCall,
  args: MultiSearchArgs,
  key: SearchKey<SearchKeyItem>,
  place: Place,
): Promise<void> {
  const { session } = call;
  const { account, mailbox, seen } = place;
  if (mailbox.isGone || !place.may('r')) return;
  const events = { onHint: () => {}, onInvalid: () => {} };
  const viewer = await openMailbox(session.domain, account, mailbox.name, true, events).catch(ifGone);
  if (viewer === undefined) return;
  try {
    const { list } = viewer.mailbox;
    if (list === undefined || viewer.mailbox !== mailbox) return;
    const view = new View({ uid: list.columns.uid, count: list.count });
    await searchOne(call, args, key, place, { view, recentRanges: [], saved: NumSet.of('uid', []), seen });
  } finally {
    viewer.close();
  }
}

async function searchOne(
  { session, tag }: SignedInCall,
  { returns }: MultiSearchArgs,
  key: SearchKey<SearchKeyItem>,
  { account, mailbox, name }: Place,
  scope: SearchScope,
): Promise<{ readonly uids: readonly number[]; readonly cut: Cut | undefined }> {
  const { domain, modes, out, settings } = session;
  const criterion = criterionOf(key, scope, domain.clock.nowMs());
  const cut = searchCut(scope.view, criterion, limitOf(settings));
  const { uids, modseqs } = await searchMessages(domain, account, mailbox, {
    criterion: searchWithin(criterion, cut),
    collation: modes.comparator.collation,
    upTo: scope.view.highestUid,
    wants: wantedOf(returns),
    pause: () => session.breathe(),
  });
  if (uids.length === 0) return { uids, cut };
  const { view, recentRanges, saved, seen } = scope;
  const scores = returns.relevancy
    ? await scoresOf({ session }, key, { account, mailbox, view, recentRanges, saved, seen }, uids)
    : undefined;
  out.ascii('* ESEARCH (TAG ').string(tag).ascii(' MAILBOX ').mailbox(name);
  out.ascii(' UIDVALIDITY ').number(mailbox.uidValidity).ascii(') UID');
  const modSeq = asksForModSeq(key) ? highest(named(modseqs, returns)) : undefined;
  writeReturns(out, returns, { numbers: uids, modSeq, scores });
  return { uids, cut };
}

function ifGone(error: unknown): undefined {
  if (error instanceof MailboxError && error.code === 'nonexistent') return undefined;
  throw error;
}
