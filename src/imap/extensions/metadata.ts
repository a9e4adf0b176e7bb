/**
 * METADATA (RFC 5464) and LIST-METADATA (RFC 9590): what programs keep with a mailbox, or with the server, by name. Of a mailbox
 * that somebody shares his `/shared` entries are read by whoever reads it and set by whoever may change flags (`w`); which script runs there, by whoever
 * gives rights (`a`). `/private` ones are its owner's. Those of the server are the administrator's.
 *
 * `/private/specialuse` of a mailbox is its role (RFC 6154 §4) and sets it: whoever had that role loses it.
 */

import { ANNOTATION_LIMITS, NO_MAILBOX } from '../../mailbox/model/annotations.ts';
import { MailboxError, type MailboxErrorCode } from '../../mailbox/model/errors.ts';
import {
  listAnnotations,
  readAnnotations,
  setAnnotations,
  type WantedRole,
} from '../../mailbox/operations/annotations.ts';
import { inFewWords, type Place } from '../../mailbox/operations/visiting.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { Call } from '../context.ts';
import { defineExtension } from '../extension.ts';
import { listReturn, type Tables } from '../item.ts';
import { ROLE_ATTRIBUTES } from '../listing.ts';
import { no, ok } from '../replies.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { end, sp } from '../wire/grammar.ts';
import type { LiteralAnnouncement, LiteralDecision } from '../wire/literal.ts';
import {
  type Depth,
  type EntryName,
  entryNames,
  getMetadataArgs,
  type SetMetadata,
  setMetadataArgs,
} from '../wire/metadata-args.ts';
import { storedSearch } from '../wire/stored-search.ts';
import type { WireWriter } from '../wire/writer.ts';
import { creatableRole } from './special-use.ts';

type SignedIn = Call<'authenticated' | 'selected'>;

const SPECIAL_USE = '/private/specialuse';
/** RFC 6785 §2.3.1: of the scripts of the owner. */
const SCRIPT = '/shared/imapsieve/script';
/** Of values that are read, and written in one response. */
const ENTRIES_AT_ONCE = 16;
const NUL = 0;

const getMetadata = defineCommand({
  name: 'GETMETADATA',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse(c) {
    const args = getMetadataArgs(c);
    end(c);
    return args;
  },
  async run(call, { mailbox: name, entries, depth, maxSize = Number.POSITIVE_INFINITY }) {
    const place = name === undefined ? undefined : await readable(call, name);
    const wanted = depth === 0 ? entries : withThoseBelow(call, place, entries, depth);
    const longest = await writeValues(call, place, wanted, maxSize);
    const done = 'GETMETADATA completed';
    return longest > maxSize ? ok(done, `METADATA LONGENTRIES ${longest}`) : ok(done);
  },
});

const setMetadata = defineCommand({
  name: 'SETMETADATA',
  states: SIGNED_IN,
  needsNoMessages: true,
  literal: valueLiteral,
  parse(c, tables) {
    const args = setMetadataArgs(c);
    end(c);
    if (args.mailbox === undefined) requireSearches(args.entries, tables);
    return args;
  },
  async run(call, { mailbox: name, entries }) {
    const { session } = call;
    const place = name === undefined ? undefined : await session.reach.mailboxOf(name, 'w');
    if (place?.isOwn === false && entries.some((entry) => !isShared(entry)))
      return no('Only its owner keeps private annotations with a mailbox', 'METADATA NOPRIVATE');
    if (place !== undefined && entries.some((entry) => entry.name === SCRIPT)) place.require('a');
    const isRole = (entry: EntryName): boolean => place !== undefined && entry.name === SPECIAL_USE;
    const domain = place === undefined ? session.domain : place.acting(session.domain, 'w');
    const account = place?.account ?? session.reach.own;
    try {
      const use = entries.find(isRole);
      const rest = entries.filter((entry) => !isRole(entry));
      await setAnnotations(domain, account, place?.mailbox, rest, use && roleOf(use.value));
    } catch (error) {
      const isFull = error instanceof MailboxError && error.code === 'over-quota';
      if (isFull && place?.isOwn === false) inFewWords(error);
      const code = error instanceof MailboxError ? CODES[error.code] : undefined;
      if (code === undefined) throw error;
      return no((error as MailboxError).message, code);
    }
    return ok('SETMETADATA completed');
  },
});

/** RFC 5464 §4.3. */
const CODES: Partial<Record<MailboxErrorCode, string>> = {
  'too-big': `METADATA MAXSIZE ${ANNOTATION_LIMITS.valueBytes}`,
  limit: 'METADATA TOOMANY',
  forbidden: 'NOPERM',
};

/** RFC 9590 §3: behind each LIST response, NIL included. */
const metadataReturn = listReturn<readonly EntryName[]>({
  name: 'METADATA',
  parse(c) {
    sp(c);
    return entryNames(c);
  },
  async follow(call, place, entries) {
    if (mayRead(place)) await writeValues(call, place, entries, Number.POSITIVE_INFINITY);
  },
});

export const metadata = defineExtension({
  rfc: 'RFC 5464 METADATA and RFC 9590 LIST-METADATA',
  capabilities: () => ['METADATA', 'LIST-METADATA'],
  commands: [getMetadata, setMetadata],
  listReturns: [metadataReturn],
});

/** RFC 5464 §3.2: whoever sees the mailbox and may do something with its messages. */
function mayRead(place: Place): boolean {
  return place.may('l') && (['r', 's', 'w', 'i', 'p'] as const).some((right) => place.may(right));
}

async function readable({ session }: SignedIn, name: string): Promise<Place> {
  const place = await session.reach.mailboxOf(name, 'l');
  if (!mayRead(place)) place.require('r');
  return place;
}

/** Octets of the longest value, one that was asked for and is too long to be written among them. */
async function writeValues(
  call: SignedIn,
  place: Place | undefined,
  entries: readonly EntryName[],
  maxSize: number,
): Promise<number> {
  const { session } = call;
  let longest = 0;
  for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
    const some = entries.slice(at, at + ENTRIES_AT_ONCE);
    const values = await valuesOf(call, place, some);
    const fitting = some.flatMap((entry, i) => {
      const value = values[i];
      longest = Math.max(longest, value?.length ?? 0);
      return value !== undefined && value.length > maxSize ? [] : [{ ...entry, value }];
    });
    if (fitting.length > 0) writeResponse(session.out, place?.name ?? '', fitting);
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
  return longest;
}

async function valuesOf(
  { session }: SignedIn,
  place: Place | undefined,
  entries: readonly EntryName[],
): Promise<readonly (Buffer | undefined)[]> {
  const at = place?.mailbox.id ?? NO_MAILBOX;
  const account = place?.account ?? session.reach.own;
  const places = entries.map(({ name }) => ({ mailbox: at, name }));
  const values = await readAnnotations(session.domain, account, places);
  return values.map((value, i) => {
    const entry = entries[i] as EntryName;
    if (place?.isOwn === false && !isShared(entry)) return undefined;
    return place !== undefined && entry.name === SPECIAL_USE ? specialUseOf(place) : value;
  });
}

function writeResponse(
  out: WireWriter,
  mailbox: string,
  entries: readonly (EntryName & { readonly value: Buffer | undefined })[],
): void {
  out.ascii('* METADATA ');
  if (mailbox === '') out.string('');
  else out.mailbox(mailbox);
  out.sp().open();
  entries.forEach(({ supplied, value }, index) => {
    if (index > 0) out.sp();
    out.astring(supplied).sp();
    if (value === undefined) out.nil();
    else if (value.includes(NUL)) out.literal8Header(value.length).raw(value);
    else out.string(value);
  });
  out.close().crlf();
}

/** Each entry when it is there, and what is below it (RFC 5464 §4.2.2), as the client began to write it. */
function withThoseBelow(
  { session }: SignedIn,
  place: Place | undefined,
  entries: readonly EntryName[],
  depth: Depth,
): readonly EntryName[] {
  const account = place?.account ?? session.reach.own;
  const rows = listAnnotations(session.domain, account, place?.mailbox.id ?? NO_MAILBOX);
  const names = rows.filter((row) => place?.isOwn !== false || isShared(row)).map(({ name }) => name);
  if (place?.isOwn === true && place.mailbox.role !== undefined) names.push(SPECIAL_USE);
  const found = new Map<string, EntryName>();
  for (const { name: above, supplied } of entries) {
    for (const name of names) {
      const below = name.startsWith(`${above}/`) ? name.slice(above.length + 1) : undefined;
      const isNear = depth === 'infinity' || below?.includes('/') === false;
      if (name !== above && (below === undefined || !isNear)) continue;
      if (!found.has(name)) found.set(name, { name, supplied: supplied + name.slice(above.length) });
    }
  }
  return [...found.values()];
}

function isShared({ name }: { readonly name: string }): boolean {
  return name.startsWith('/shared/');
}

function specialUseOf({ mailbox: { role } }: Place): Buffer | undefined {
  return role && Buffer.from(ROLE_ATTRIBUTES[role]);
}

/** A value that is too large is refused before it is sent, in the words of its RFC. */
function valueLiteral({ sizeBytes }: LiteralAnnouncement): LiteralDecision {
  const { valueBytes } = ANNOTATION_LIMITS;
  if (sizeBytes <= valueBytes) return 'buffer';
  const message = `An annotation can have at most ${valueBytes} octets`;
  const code = { code: 'METADATA MAXSIZE', sizeBytes: valueBytes } as const;
  return { refuse: new SyntaxFault(message, { status: 'NO', code }) };
}

/** RFC 5466 §3.2: what is kept as a filter is a whole search. */
function requireSearches(entries: SetMetadata['entries'], { searchKeys }: Pick<Tables, 'searchKeys'>): void {
  for (const { name, value } of entries) {
    if (value === undefined || !/^\/(private|shared)\/filters\/values\/[^/]+$/.test(name)) continue;
    try {
      storedSearch(value, searchKeys);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      throw new SyntaxFault(`A filter is a search: ${error.message}`, {
        status: 'NO',
        code: { code: 'CANNOT' },
      });
    }
  }
}

function roleOf(value: Buffer | undefined): WantedRole {
  const text = value?.toString('latin1').trim() ?? '';
  return text === '' ? { role: undefined } : { role: creatableRole(text.split(/ +/)) };
}
