/**
 * The search keys of IMAP in the words of the domain (RFC 9051 §6.4.4, RFC 5032, RFC 7162 §3.1.5).
 *
 * Days: BEFORE, ON and SINCE compare the day of INTERNALDATE in UTC, in which this server shows it; SENTBEFORE and its
 * kin the day that stands in the Date field, whatever its zone. Sequence numbers become UIDs by what this client has been
 * told; numbers above the last name nothing, for a search is no reason to complain.
 */
import { FLAG } from '../../mail/flags.ts';
import type { Criterion, UidRanges } from '../../mailbox/model/criterion.ts';
import { fuzzed } from '../fuzzed.ts';
import type { SearchKeyItem } from '../item.ts';
import type { Selected } from '../selected.ts';
import type { CalendarDay } from '../wire/date.ts';
import type { NumRange, SeqSet } from '../wire/numset.ts';
import type { SearchKey } from '../wire/search-tree.ts';

export const SECONDS_PER_DAY = 86_400;

type Key = SearchKey<SearchKeyItem>;

/** The mailbox that is searched, as the client knows it. */
export type SearchScope = Pick<Selected, 'recentRanges' | 'saved' | 'seen'> & {
  readonly view: Pick<Selected['view'], 'highestUid' | 'count' | 'uidAt' | 'uids'>;
};

export function criterionOf(key: Key, selected: SearchScope, nowMs: number): Criterion {
  switch (key.kind) {
    case 'flag':
      // What somebody else has seen is not among the flags of the messages.
      if (key.bit !== FLAG.Seen || selected.seen === undefined) return key;
      return negatedUnless(key.isSet, { kind: 'uids', ranges: selected.seen.ranges() });
    case 'all':
    case 'keyword':
    case 'field':
    case 'header':
    case 'body':
    case 'text':
      return key;
    case 'recent':
      return negatedUnless(key.isSet, { kind: 'uids', ranges: selected.recentRanges });
    case 'internal-date': {
      const [from, until] = interval(key.relation, dayNumber(key.day));
      return { kind: 'arrived', from: from * SECONDS_PER_DAY, until: until * SECONDS_PER_DAY };
    }
    case 'sent-date': {
      const [from, until] = interval(key.relation, dayNumber(key.day));
      return { kind: 'sent', from, until };
    }
    case 'size':
      return key.relation === 'larger'
        ? { kind: 'size', from: key.sizeBytes + 1, until: Number.POSITIVE_INFINITY }
        : { kind: 'size', from: 0, until: key.sizeBytes };
    case 'within':
      return within(key.relation, Math.floor(nowMs / 1000) - key.seconds);
    case 'modseq':
      return { kind: 'changed', since: key.atLeast };
    case 'seq-set':
      return { kind: 'uids', ranges: uidRanges(key.set, selected) };
    case 'uid-set':
      return { kind: 'uids', ranges: key.set.resolve(selected.view.highestUid).ranges };
    case 'saved':
      return { kind: 'uids', ranges: selected.saved.ranges };
    case 'and':
    case 'or':
      return { kind: key.kind, criteria: key.keys.map((member) => criterionOf(member, selected, nowMs)) };
    case 'not':
      return { kind: 'not', criterion: criterionOf(key.key, selected, nowMs) };
    case 'extension':
      // A key that modifies another (FUZZY) asks for no more than that one.
      if (key.key !== undefined) {
        const criterion = criterionOf(key.key, selected, nowMs);
        return key.item.isFuzzy === true ? fuzzed(criterion) : criterion;
      }
      return key.item.criterion(key.args, nowMs);
  }
}

/** Whether a key is one by which a search becomes one for modseqs, and the answer carries the highest. */
export function asksForModSeq(key: Key): boolean {
  switch (key.kind) {
    case 'modseq':
      return true;
    case 'and':
    case 'or':
      return key.keys.some(asksForModSeq);
    case 'not':
      return asksForModSeq(key.key);
    case 'extension':
      return key.key !== undefined && asksForModSeq(key.key);
    default:
      return false;
  }
}

function negatedUnless(isSet: boolean, criterion: Criterion): Criterion {
  return isSet ? criterion : { kind: 'not', criterion };
}

/** RFC 5032 §2: both include the moment itself. */
function within(relation: 'older' | 'younger', moment: number): Criterion {
  return relation === 'older'
    ? { kind: 'arrived', from: Number.NEGATIVE_INFINITY, until: moment + 1 }
    : { kind: 'arrived', from: moment, until: Number.POSITIVE_INFINITY };
}

/** Days, half-open. */
export function interval(relation: 'before' | 'on' | 'since', day: number): [from: number, until: number] {
  if (relation === 'before') return [Number.NEGATIVE_INFINITY, day];
  return [day, relation === 'on' ? day + 1 : Number.POSITIVE_INFINITY];
}

/** Days since 1970. Not Date.UTC: it takes the years below 100 for those of the last century. */
export function dayNumber({ year, month, day }: CalendarDay): number {
  return new Date(0).setUTCFullYear(year, month - 1, day) / 1000 / SECONDS_PER_DAY;
}

/** Neighbours in the view may be far apart in UIDs, but what lies between them this client does not know. */
function uidRanges(set: SeqSet, { view }: SearchScope): UidRanges {
  return set
    .resolve(view.count)
    .upTo(view.count)
    .ranges.map(([low, high]): NumRange => [view.uidAt(low), view.uidAt(high)]);
}
