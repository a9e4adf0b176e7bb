/**
 * Searches whose results a client is kept informed of (RFC 5267 §4.3): `SEARCH RETURN (UPDATE)` and SORT alike. Each keeps its
 * result, as UIDs in its order. After a change only the messages that have changed are searched again, unless the keys
 * ask for more than the message itself (`isSteady`); then everything is.
 *
 * Promise: the result a client has, with what it is told applied in order, is what the same command would return now, for the
 * messages that it has been told of. Removed numbers are those before the EXPUNGE that follows, added ones those behind EXISTS.
 */
import type { TextCollation } from '../mail/fold.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { searchMessages } from '../mailbox/search/search.ts';
import { type SortCriterion, sortMessages } from '../mailbox/search/sort.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { criterionOf } from './commands/search-criteria.ts';
import type { SessionContext } from './context.ts';
import type { FetchPlan } from './fetch/plan.ts';
import { FetchRun } from './fetch/run.ts';
import type { SearchKeyItem } from './item.ts';
import type { PositionRun } from './message-set.ts';
import { writeStatus } from './replies.ts';
import { additions, type Insertion, removals } from './result-changes.ts';
import type { ResultUpdates } from './result-updates.ts';
import type { Selected } from './selected.ts';
import { formatNumSet, lowerBound, type NumRange, NumSet } from './wire/numset.ts';
import type { SearchKey } from './wire/search-tree.ts';

type Key = SearchKey<SearchKeyItem>;

export interface ContextWanted {
  readonly tag: string;
  readonly isUid: boolean;
  /** As `lasting` gives it. */
  readonly key: Key;
  readonly collation: TextCollation;
  /** Of SORT. */
  readonly order: readonly SortCriterion[] | undefined;
  /** RFC 5465 §7: what is to be told of a new message that is among the results. */
  readonly plan: FetchPlan | undefined;
}

interface Context extends ContextWanted {
  readonly isSteady: boolean;
  /** In the order of the sort, or ascending. */
  uids: Uint32Array;
  /** Messages above this UID have not been looked at. */
  upTo: number;
}

/** Of one session. */
const MAX_CONTEXTS = 16;
/** Results that all of them keep, a megabyte or two. */
const MAX_UIDS = 400_000;
/** Of more changed messages than these it is not kept which they are. */
const MAX_CHANGED = 20_000;
/** Pairs of a position and numbers in one response: readers have a limit on the length of a line. */
const PAIRS_PER_RESPONSE = 500;

export class SearchContexts implements ResultUpdates {
  readonly #session: SessionContext;
  readonly #account: AccountState;
  readonly #selected: Selected;
  readonly #contexts = new Map<string, Context>();
  #changed = new Set<number>();
  #gone = new Set<number>();
  #isAllChanged = false;

  private constructor(session: SessionContext, selected: Selected) {
    this.#session = session;
    this.#account = selected.account;
    this.#selected = selected;
  }

  /** Of the open mailbox, with which they end. */
  static of(session: SessionContext, selected: Selected): SearchContexts {
    const there = selected.updates;
    if (there instanceof SearchContexts) return there;
    const contexts = new SearchContexts(session, selected);
    selected.updates = contexts;
    return contexts;
  }

  has(tag: string): boolean {
    return this.#contexts.has(tag);
  }

  /** `uids` in the order of the command. False when there are too many. */
  add(wanted: ContextWanted, uids: Uint32Array): boolean {
    let kept = uids.length;
    for (const context of this.#contexts.values()) kept += context.uids.length;
    // One there must be for everybody (§4.3.1).
    if (this.#contexts.size > 0 && (this.#contexts.size >= MAX_CONTEXTS || kept > MAX_UIDS)) return false;
    const upTo = this.#selected.view.highestUid;
    this.#contexts.set(wanted.tag, { ...wanted, isSteady: isSteady(wanted.key), uids, upTo });
    return true;
  }

  cancel(tag: string): void {
    this.#contexts.delete(tag);
    if (this.#contexts.size === 0) this.#selected.updates = undefined;
  }

  noteFlags(uids: readonly number[]): void {
    for (const uid of uids) this.#changed.add(uid);
    if (this.#changed.size > MAX_CHANGED) this.noteAll();
  }

  noteGone(uids: readonly number[]): void {
    for (const uid of uids) this.#gone.add(uid);
  }

  noteAll(): void {
    this.#isAllChanged = true;
    this.#changed.clear();
  }

  async tellGone(): Promise<void> {
    const { list } = this.#selected;
    const noted = this.#gone;
    if (noted.size === 0 && !this.#isAllChanged) return;
    this.#gone = new Set();
    const isGone = this.#isAllChanged
      ? (uid: number): boolean => list.indexOf(uid) < 0
      : (uid: number): boolean => noted.has(uid);
    for (const context of this.#contexts.values()) {
      this.#remove(context, new Set(context.uids.filter(isGone)));
      const pause = this.#session.breathe();
      if (pause !== undefined) await pause;
    }
  }

  async tellOthers(): Promise<void> {
    const { highestUid } = this.#selected.view;
    const changed = this.#changed;
    const isAllChanged = this.#isAllChanged;
    this.#changed = new Set();
    this.#isAllChanged = false;
    for (const context of [...this.#contexts.values()]) {
      const hasChanged = changed.size > 0 || isAllChanged || context.upTo < highestUid;
      if (!hasChanged && context.isSteady) continue;
      try {
        await this.#update(context, isAllChanged || !context.isSteady ? undefined : changed);
      } catch (error) {
        if (!(error instanceof MailboxError) || !this.#session.out.dropOpenLine()) throw error;
        this.#session.log.warn({ err: error }, 'results of a search could not be kept up to date');
        this.cancel(context.tag);
        writeNoUpdate(this.#session, context.tag, 'The messages could not be read');
      }
    }
  }

  /** `changed` undefined: all messages may have. */
  async #update(context: Context, changed: ReadonlySet<number> | undefined): Promise<void> {
    const { domain } = this.#session;
    const { mailbox, view } = this.#selected;
    const { upTo } = context;
    const looked = changed === undefined ? undefined : this.#lookedAt(changed, upTo);
    const criterion = criterionOf(context.key, this.#selected, domain.clock.nowMs());
    const among = looked && ({ kind: 'uids', ranges: NumSet.of('uid', looked).ranges } as const);
    context.upTo = view.highestUid;
    const { uids: hits } = await searchMessages(domain, this.#account, mailbox, {
      criterion: among === undefined ? criterion : { kind: 'and', criteria: [among, criterion] },
      collation: context.collation,
      upTo: view.highestUid,
      wants: 'all',
      pause: () => this.#session.breathe(),
    });
    const isKnown = membership(context);
    const now = new Set(hits);
    const added = hits.filter((uid) => !isKnown(uid) && view.seqOf(uid) > 0);
    const doubtful = changed === undefined ? context.uids : [...changed].filter(isKnown);
    const removed = doubtful.filter((uid) => !now.has(uid));
    if (context.plan !== undefined)
      await this.#fetch(
        context.plan,
        added.filter((uid) => uid > upTo),
      );
    this.#remove(context, new Set(removed));
    if (added.length > 0) await this.#add(context, added);
  }

  /** Those that have changed and those that have come since. */
  #lookedAt(changed: ReadonlySet<number>, upTo: number): NumRange[] {
    const looked = [...changed].map((uid): NumRange => [uid, uid]);
    const { highestUid } = this.#selected.view;
    if (highestUid > upTo) looked.push([upTo + 1, highestUid]);
    return looked;
  }

  #remove(context: Context, gone: ReadonlySet<number>): void {
    if (gone.size === 0) return;
    const { pairs, left } = removals(context.uids, gone, context.order !== undefined);
    context.uids = left;
    this.#write(context, 'REMOVEFROM', pairs);
  }

  async #add(context: Context, added: readonly number[]): Promise<void> {
    const all = Uint32Array.from([...context.uids, ...added]);
    const { order } = context;
    if (order === undefined) {
      context.uids = all.sort();
      this.#write(context, 'ADDTO', [{ position: 0, uids: added }]);
      return;
    }
    const ascending = Array.from(Uint32Array.from(all).sort());
    const { domain } = this.#session;
    const pause = (): Promise<void> | undefined => this.#session.breathe();
    const sorted = await sortMessages(domain, this.#account, this.#selected.mailbox, ascending, order, pause);
    // What has gone meanwhile is not among them: its removal is told when it is known.
    const there = new Set(sorted);
    const missing = context.uids.filter((uid) => !there.has(uid));
    this.#remove(context, new Set(missing));
    const pairs = additions(context.uids, sorted);
    if (pairs === undefined) {
      // Keys that were lost are there again: nothing is where it was.
      this.#remove(context, new Set(context.uids));
      this.#write(context, 'ADDTO', [{ position: 1, uids: [...sorted] }]);
    } else this.#write(context, 'ADDTO', pairs);
    context.uids = sorted;
  }

  async #fetch(plan: FetchPlan, uids: readonly number[]): Promise<void> {
    if (uids.length === 0) return;
    const runs = [...this.#selected.view.seqsOf(uids)].map((seq): PositionRun => [seq - 1, seq]);
    await new FetchRun(this.#session, this.#selected, plan).run(runs);
  }

  #write({ tag, isUid }: Context, what: 'ADDTO' | 'REMOVEFROM', pairs: readonly Insertion[]): void {
    const { out } = this.#session;
    for (let at = 0; at < pairs.length; at += PAIRS_PER_RESPONSE) {
      out.ascii('* ESEARCH (TAG ').string(tag).ascii(')');
      if (isUid) out.ascii(' UID');
      out.ascii(` ${what} (`);
      pairs.slice(at, at + PAIRS_PER_RESPONSE).forEach(({ position, uids }, i) => {
        if (i > 0) out.sp();
        out
          .number(position)
          .sp()
          .ascii(formatNumSet(isUid ? uids : this.#selected.view.seqsOfAny(uids)));
      });
      out.close().crlf();
    }
  }
}

/** RFC 5267 §4.3.1. */
export function writeNoUpdate({ out }: Pick<SessionContext, 'out'>, tag: string, why: string): void {
  writeStatus(out, '*', 'NO', why, `NOUPDATE "${tag}"`);
}

/** Whether a message is in the result. */
function membership({ uids, order }: Context): (uid: number) => boolean {
  if (order === undefined) return (uid) => uids[lowerBound(uids, uid)] === uid;
  const all = new Set(uids);
  return (uid) => all.has(uid);
}

/** RFC 5267 §4.3: sequence numbers, and the saved result, are those of the moment. */
export function lasting(key: Key, selected: Pick<Selected, 'view' | 'saved'>): Key {
  const { view, saved } = selected;
  switch (key.kind) {
    case 'seq-set': {
      const ranges = key.set.resolve(view.count).upTo(view.count).ranges;
      const uids = ranges.map(([low, high]): NumRange => [view.uidAt(low), view.uidAt(high)]);
      return { kind: 'uid-set', set: NumSet.of('uid', uids) };
    }
    case 'saved':
      return { kind: 'uid-set', set: saved };
    case 'and':
    case 'or':
      return { kind: key.kind, keys: key.keys.map((one) => lasting(one, selected)) };
    case 'not':
      return { kind: 'not', key: lasting(key.key, selected) };
    case 'extension':
      return key.key === undefined ? key : { ...key, key: lasting(key.key, selected) };
    default:
      return key;
  }
}

/** Whether it depends on nothing but the message whether it is found: not on the time, on `*`, on other messages of its thread. */
function isSteady(key: Key): boolean {
  switch (key.kind) {
    case 'within':
      return false;
    case 'uid-set':
      return !key.set.hasStar;
    case 'and':
    case 'or':
      return key.keys.every(isSteady);
    case 'not':
      return isSteady(key.key);
    case 'extension':
      return key.key !== undefined && isSteady(key.key);
    default:
      return true;
  }
}
