/**
 * What an email is to be marked with, and what that makes of a message of it in a mailbox: as its owner has it, and as somebody may who is there
 * by leave. What he has seen is his alone; what comes along with a message that goes elsewhere is what he may set there, and what
 * he asks for he must be allowed (RFC 4314 §4).
 */
import { FLAG } from '../../mail/flags.ts';
import type { KeywordSets } from '../change/keyword-sets.ts';
import type { DomainLimits } from '../domain.ts';
import { foldKeyword } from '../model/keywords.ts';
import type { MessageRecord } from '../model/record.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { Place as Visited } from './visiting.ts';

/** Either all there is to be, or what comes and goes. */
export interface SetPatch<T> {
  readonly whole?: ReadonlySet<T>;
  readonly adds: ReadonlySet<T>;
  readonly removes: ReadonlySet<T>;
}

export interface Marks {
  /** `FLAG` bits, without \Deleted. */
  readonly flags: number;
  readonly keywords: readonly string[];
}

/** As above. */
export interface MarksPatch {
  readonly whole?: Marks;
  readonly adds: Marks;
  readonly removes: Marks;
}

/** A message where it is. */
export interface Copy {
  readonly mailbox: MailboxState;
  readonly record: MessageRecord;
}

/** What a message is to be marked with in a mailbox. */
export interface Marked {
  readonly flags: number;
  readonly keywordSet: number;
  /** What whoever is there by leave will have seen of it; undefined where that stays. */
  readonly isSeen?: boolean | undefined;
}

interface Sets {
  readonly keywords: KeywordSets;
  readonly limits: DomainLimits;
}

/** `takesMost`: where the mailbox has no room for all keywords, as many as fit; else it is refused. */
export function markedIn(
  { mailbox, record }: Copy,
  target: MailboxState,
  { marks, takesMost }: { readonly marks: MarksPatch | undefined; readonly takesMost: boolean },
  { keywords, limits }: Sets,
): Marked {
  const flags = marks === undefined ? record.flags : patchedFlags(record.flags, marks);
  const had = mailbox.keywords.namesOf(record.keywordSet);
  const names = marks === undefined ? had : patchedKeywords(had, marks);
  if (target === mailbox && names === had) return { flags, keywordSet: record.keywordSet };
  if (takesMost) return { flags, keywordSet: keywords.numberOfMost(target, names, limits) };
  return { flags, keywordSet: keywords.numberOf(target, names, limits) };
}

/** Throws `NotPermitted`. */
export function markedByVisitor(
  { mailbox, record }: Copy,
  { source, target }: { readonly source: Visited; readonly target: Visited },
  marks: MarksPatch | undefined,
  { keywords, limits }: Sets,
): Marked {
  const isSame = target.mailbox === mailbox;
  const kept = isSame ? undefined : target.kept;
  const carried = kept === undefined ? record.flags : record.flags & kept.flags;
  const had = mailbox.keywords.namesOf(record.keywordSet);
  const names = kept?.keepsKeywords === false ? [] : had;
  const setOf = (all: readonly string[]): number =>
    isSame && all === had ? record.keywordSet : keywords.numberOf(target.mailbox, all, limits);
  if (marks === undefined) return { flags: carried, keywordSet: setOf(names) };
  const wasSeen = (source.flagsOf(record.uid, 0) & FLAG.Seen) !== 0 && (isSame || target.may('s'));
  const shown = (carried & ~FLAG.Seen) | (wasSeen ? FLAG.Seen : 0);
  const flags = patchedFlags(shown, marks);
  const wanted = patchedKeywords(names, marks);
  if (((flags ^ shown) & FLAG.Seen) !== 0) target.require('s');
  if (((flags ^ shown) & ~FLAG.Seen) !== 0 || wanted !== names) target.require('w');
  const isSeen = (flags & FLAG.Seen) !== 0;
  return {
    flags: (flags & ~FLAG.Seen) | (carried & FLAG.Seen),
    keywordSet: setOf(wanted),
    ...(isSeen === wasSeen ? {} : { isSeen }),
  };
}

/** Of what a keyword patch leaves the first spelling stays. */
function patchedKeywords(had: readonly string[], { whole, adds, removes }: MarksPatch): readonly string[] {
  const left = new Set(removes.keywords.map(foldKeyword));
  const before = whole === undefined ? had : whole.keywords;
  const names = new Map(before.map((name) => [foldKeyword(name), name]));
  for (const name of left) names.delete(name);
  for (const name of adds.keywords) if (!names.has(foldKeyword(name))) names.set(foldKeyword(name), name);
  const isSame = names.size === had.length && had.every((name) => names.has(foldKeyword(name)));
  return isSame ? had : [...names.values()];
}

function patchedFlags(had: number, { whole, adds, removes }: MarksPatch): number {
  const before = whole === undefined ? had : whole.flags | (had & FLAG.Deleted);
  return (before & ~removes.flags) | adds.flags;
}

export function patched<T>(is: ReadonlySet<T>, { whole, adds, removes }: SetPatch<T>): ReadonlySet<T> {
  const wanted = new Set(whole ?? is);
  for (const one of removes) wanted.delete(one);
  for (const one of adds) wanted.add(one);
  return wanted;
}
