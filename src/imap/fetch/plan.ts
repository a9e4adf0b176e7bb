/**
 * What a FETCH will write for each message: its items in order, and what has to be loaded, read and changed for them.
 * Made once per command, so that the loop over the messages decides nothing.
 */
import type { FactPart } from '../../mailbox/model/facts.ts';
import type { FetchItem } from '../item.ts';
import type { ParsedKeyword } from '../wire/keyword-table.ts';
import { FLAGS_ITEM, UID_ITEM } from './items.ts';
import { MODSEQ_ITEM } from './modseq-item.ts';

export interface FetchPlan {
  readonly items: readonly PlannedItem[];
  /** Stored facts that some item reads. */
  readonly fields: readonly FactPart[];
  /** Stored facts that are read of messages that have not all of `sparing`. */
  readonly lateFields: readonly FactPart[];
  readonly sparing: readonly FactPart[];
  /** Some item announces octets. */
  readonly hasReads: boolean;
  readonly setsSeen: boolean;
  readonly tellsFlags: boolean;
  readonly tellsModSeq: boolean;
  readonly impliesCondstore: boolean;
  /** CHANGEDSINCE; -1 for every message. */
  readonly changedSince: number;
}

export interface PlannedItem {
  readonly item: FetchItem;
  readonly args: unknown;
}

export function planFetch(
  asked: readonly ParsedKeyword<FetchItem>[],
  isUid: boolean,
  changedSince: number | undefined,
): FetchPlan {
  const items: PlannedItem[] = [...asked];
  // RFC 9051 §6.4.9: the UID is always part of the answer to UID FETCH.
  if (isUid && !has(items, UID_ITEM)) items.unshift({ item: UID_ITEM, args: undefined });
  // RFC 7162 §3.1.4.1.
  if (changedSince !== undefined && !has(items, MODSEQ_ITEM)) {
    items.push({ item: MODSEQ_ITEM, args: undefined });
  }
  const fields = new Set<FactPart>();
  const late = new Set<FactPart>();
  const sparing = new Set<FactPart>();
  for (const { item, args } of items) {
    const spares = item.sparedBy?.(args);
    if (spares !== undefined) sparing.add(spares);
    for (const part of item.needs?.(args) ?? []) (spares === undefined ? fields : late).add(part);
  }
  return {
    items,
    fields: [...new Set([...fields, ...sparing])],
    lateFields: [...late].filter((part) => !fields.has(part)),
    sparing: [...sparing],
    hasReads: items.some(({ item }) => item.reads !== undefined),
    setsSeen: items.some(({ item, args }) => item.setsSeen?.(args) === true),
    tellsFlags: has(items, FLAGS_ITEM),
    tellsModSeq: has(items, MODSEQ_ITEM),
    impliesCondstore: items.some(({ item }) => item.impliesCondstore === true) || changedSince !== undefined,
    changedSince: changedSince ?? -1,
  };
}

function has(items: readonly PlannedItem[], wanted: FetchItem): boolean {
  return items.some(({ item }) => item === wanted);
}
