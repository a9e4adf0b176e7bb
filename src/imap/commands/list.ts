import { ancestors, matchesPattern } from '../../mail/mailbox-name.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { Call } from '../context.ts';
import type { ListReturnItem, ListSelectionItem } from '../item.ts';
import {
  attributesOf,
  type ListExtras,
  type ListedName,
  listedNames,
  mayMatchOthers,
  oldNameOf,
  writeList,
} from '../listing.ts';
import { type Completion, ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import type { ParsedKeyword } from '../wire/keyword-table.ts';
import { type ListArgs, listArgs } from '../wire/list-args.ts';
import type { ListText } from '../wire/mailbox.ts';

type Args = ListArgs<ListSelectionItem, ListReturnItem>;

/**
 * LIST (RFC 9051 §6.3.9; RFC 5258). Which options there are is registered: a selection option says which names it wants, a
 * return option what it adds to a response or sends behind it.
 */
export const list = defineCommand({
  name: 'LIST',
  states: SIGNED_IN,
  gathers: true,
  parse(c, tables): Args {
    const args = listArgs(c, { selection: tables.listSelections, returns: tables.listReturns });
    end(c);
    const implied = args.selection.flatMap(({ item }) => item.implies ?? []);
    const returns = args.returns.map(({ item, args: given }) => ({
      item,
      args: item.resolve === undefined ? given : item.resolve(given, tables),
    }));
    for (const name of implied) {
      const item = tables.listReturns.get(name);
      if (item !== undefined && !returns.some((each) => each.item === item))
        returns.push({ item, args: undefined });
    }
    return { ...args, returns };
  },
  async run(call, args): Promise<Completion> {
    const { out } = call.session;
    if (!args.isExtended && args.patterns[0] === '') out.ascii('* LIST (\\Noselect) "/" ""').crlf();
    else await writeMatches(call, args);
    return ok('LIST completed');
  },
});

async function writeMatches(call: Call<'authenticated' | 'selected'>, args: Args): Promise<void> {
  const { session } = call;
  const patterns = args.patterns.flatMap((pattern) => fullPattern(args.reference, pattern) ?? []);
  const names = await listedNames(session.reach, patterns.some(mayMatchOthers));
  const isWanted = wantedBy(args.selection);
  const matches = new Set<ListedName>();
  for (const listed of names) {
    if (patterns.some((pattern) => matchesPattern(pattern, listed.name))) matches.add(listed);
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
  const below = isRecursive(args.selection) ? parentsOfWanted(names, isWanted, matches) : NO_PARENTS;
  for (const listed of matches) {
    const wanted = isWanted(listed);
    if (!wanted && !below.needed.has(listed.name)) continue;
    const extras: ListExtras = {
      ...spelledOtherwise(call, listed, patterns),
      ...(below.all.has(listed.name) ? { childInfo: criteria(args.selection) } : {}),
    };
    await writeOne(call, { listed, isWanted: wanted, extras }, args.returns);
  }
}

interface Match {
  readonly listed: ListedName;
  /** False for a parent that is there for the sake of what is below it. */
  readonly isWanted: boolean;
  readonly extras: ListExtras;
}

async function writeOne(
  call: Call<'authenticated' | 'selected'>,
  { listed, isWanted, extras }: Match,
  returns: readonly ParsedKeyword<ListReturnItem>[],
): Promise<void> {
  const { session } = call;
  const attributes = new Set(attributesOf(listed));
  for (const { item } of returns) for (const one of item.attributes?.(listed) ?? []) attributes.add(one);
  writeList(session.out, 'LIST', listed.name, [...attributes], extras);
  const { mailbox, place } = listed;
  // It may have been deleted while an earlier name was written. RFC 5819 §2: no STATUS of what only has wanted children.
  if (isWanted && mailbox !== undefined && place?.may('l') === true && !mailbox.isGone) {
    for (const { item, args } of returns) {
      const following = item.follow?.(call, place, args);
      if (following !== undefined) await following;
    }
  }
  const pause = session.breathe();
  if (pause !== undefined) await pause;
}

/** The reference is put in front, unless the pattern begins at the root. Apple Mail with path prefix `/` does. */
export function fullPattern(reference: ListText, pattern: ListText): ListText {
  if (pattern === undefined) return undefined;
  if (pattern.startsWith('/')) return pattern.slice(1);
  if (reference === undefined) return undefined;
  return reference.startsWith('/') ? reference.slice(1) + pattern : reference + pattern;
}

/** Without any selecting option, every mailbox that exists. */
function wantedBy(selection: readonly ParsedKeyword<ListSelectionItem>[]): (listed: ListedName) => boolean {
  const selects = selection.flatMap(({ item }) => item.selects ?? []);
  if (selects.length === 0) return (listed) => listed.mailbox !== undefined || listed.isAboveOthers === true;
  return (listed) => selects.every((wants) => wants(listed));
}

function isRecursive(selection: readonly ParsedKeyword<ListSelectionItem>[]): boolean {
  return selection.some(({ item }) => item.name === 'RECURSIVEMATCH');
}

/** What CHILDINFO names: the options that select (RFC 5258 §4). */
function criteria(selection: readonly ParsedKeyword<ListSelectionItem>[]): string[] {
  return selection.filter(({ item }) => item.selects !== undefined).map(({ item }) => item.name);
}

interface Parents {
  /** Has a wanted mailbox somewhere below it. */
  readonly all: ReadonlySet<string>;
  /** One of them does not match a pattern: without its parent the client would not learn of it (RFC 5258 §3.5). */
  readonly needed: ReadonlySet<string>;
}

const NO_PARENTS: Parents = Object.freeze({ all: new Set<string>(), needed: new Set<string>() });

function parentsOfWanted(
  names: readonly ListedName[],
  isWanted: (listed: ListedName) => boolean,
  matches: ReadonlySet<ListedName>,
): Parents {
  const all = new Set<string>();
  const needed = new Set<string>();
  for (const listed of names) {
    if (!isWanted(listed)) continue;
    for (const parent of ancestors(listed.name)) {
      all.add(parent);
      if (!matches.has(listed)) needed.add(parent);
    }
  }
  return { all, needed };
}

/** A pattern without wildcards that is another spelling of the name (RFC 9051 §6.3.9.7). */
function spelledOtherwise(
  { session }: Call<'authenticated' | 'selected'>,
  listed: ListedName,
  patterns: readonly string[],
): ListExtras {
  if (!session.modes.rev2 || patterns.includes(listed.name)) return {};
  const literal = patterns.find((pattern) => !/[*%]/.test(pattern) && matchesPattern(pattern, listed.name));
  return literal === undefined ? {} : oldNameOf(session.modes, literal, listed.name);
}
