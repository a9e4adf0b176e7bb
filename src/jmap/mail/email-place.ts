/**
 * Where an email is and what it is marked with, as clients say it (RFC 8621 §4.1.1): `mailboxIds` and `keywords`, whole or as patches
 * (RFC 8620 §5.3).
 */
import { canonicalKeyword, FLAG, foldKeyword, MAX_KEYWORD_LENGTH } from '../../mail/flags.ts';
import { asMailboxId, type MailboxId } from '../../mailbox/model/model.ts';
import type { Marks, MarksPatch, SetPatch } from '../../mailbox/operations/email-marks.ts';
import { SetError } from '../core/fault.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { Faults } from './draft-fields.ts';

/** RFC 8621 §4.1.1: what IMAP has with a backslash. */
const FLAGS: ReadonlyMap<string, number> = new Map([
  ['$draft', FLAG.Draft],
  ['$seen', FLAG.Seen],
  ['$flagged', FLAG.Flagged],
  ['$answered', FLAG.Answered],
]);
const KEYWORD = /^[!-~]{1,255}$/;
const NOT_IN_KEYWORD = /[(){\]%*"\\]/;
const MAILBOX = /^f([1-9]\d{0,9})$/;

/** A creation id stands for what was made in the same request. */
export type Resolve = (id: string) => string | undefined;

export function marksOf(value: Json | undefined, faults: Faults): Marks {
  if (value === undefined || value === null) return { flags: 0, keywords: [] };
  if (!isObject(value)) {
    faults.set('keywords', 'expected an object');
    return { flags: 0, keywords: [] };
  }
  const names = Object.entries(value).flatMap(([name, is]) => {
    const fault = is === true ? keywordFault(name) : 'each value is true';
    if (fault !== undefined) faults.set(`keywords/${name}`, fault);
    return fault === undefined ? [name] : [];
  });
  return marksNamed(names);
}

export function mailboxesOf(
  value: Json | undefined,
  resolve: Resolve,
  faults: Faults,
): ReadonlySet<MailboxId> {
  const ids = new Set<MailboxId>();
  if (!isObject(value) || Object.keys(value).length === 0) {
    faults.set('mailboxIds', 'an email is in one mailbox at least');
    return ids;
  }
  for (const [name, is] of Object.entries(value)) {
    const id = mailboxIn(name, resolve);
    if (is !== true || id === undefined) faults.set('mailboxIds', `${name.slice(0, 100)}: is no mailbox`);
    else ids.add(id);
  }
  return ids;
}

export interface PlacePatch {
  readonly mailboxes?: SetPatch<MailboxId>;
  readonly marks?: MarksPatch;
}

/** Throws `SetError` `invalidPatch`, `invalidProperties`. */
export function placePatch(patch: JsonObject, resolve: Resolve): PlacePatch {
  const faults: Faults = new Map();
  const changes = { mailboxIds: new Map<string, boolean>(), keywords: new Map<string, boolean>() };
  for (const [pointer, value] of Object.entries(patch)) {
    const [property = '', ...rest] = pointer.split('/').map(unescaped);
    if (property !== 'mailboxIds' && property !== 'keywords') {
      faults.set(pointer, 'cannot be changed');
    } else if (rest.length > 0) {
      if (rest.length > 1 || patch[property] !== undefined)
        throw new SetError(
          'invalidPatch',
          `${pointer.slice(0, 300)}: points into what has no parts, or is given whole`,
        );
      if (value !== true && value !== null) faults.set(pointer, 'is true or null');
      else changes[property].set(rest[0] as string, value === true);
    }
  }
  const read = {
    ...mailboxPatch(patch.mailboxIds, changes.mailboxIds, resolve, faults),
    ...marksPatch(patch.keywords, changes.keywords, faults),
  };
  if (faults.size > 0) {
    const properties = [...faults.keys()].slice(0, 50);
    throw new SetError('invalidProperties', faults.get(properties[0] as string), { properties });
  }
  return read;
}

function mailboxPatch(
  whole: Json | undefined,
  parts: ReadonlyMap<string, boolean>,
  resolve: Resolve,
  faults: Faults,
): Pick<PlacePatch, 'mailboxes'> {
  const none = { adds: new Set<MailboxId>(), removes: new Set<MailboxId>() };
  if (whole !== undefined) return { mailboxes: { ...none, whole: mailboxesOf(whole, resolve, faults) } };
  if (parts.size === 0) return {};
  for (const [name, is] of parts) {
    const id = mailboxIn(name, resolve);
    if (id !== undefined) (is ? none.adds : none.removes).add(id);
    // What is no mailbox is not there, and need not be taken away.
    else if (is) faults.set('mailboxIds', `${name.slice(0, 100)}: is no mailbox`);
  }
  return { mailboxes: none };
}

function marksPatch(
  whole: Json | undefined,
  parts: ReadonlyMap<string, boolean>,
  faults: Faults,
): Pick<PlacePatch, 'marks'> {
  const none: Marks = { flags: 0, keywords: [] };
  if (whole !== undefined) return { marks: { whole: marksOf(whole, faults), adds: none, removes: none } };
  if (parts.size === 0) return {};
  for (const name of parts.keys()) {
    const fault = keywordFault(name);
    if (fault !== undefined) faults.set(`keywords/${name}`, fault);
  }
  const named = (isAdded: boolean): Marks =>
    marksNamed([...parts].filter(([, is]) => is === isAdded).map(([name]) => name));
  return { marks: { adds: named(true), removes: named(false) } };
}

function marksNamed(names: readonly string[]): Marks {
  let flags = 0;
  const keywords: string[] = [];
  for (const name of names) {
    const flag = FLAGS.get(foldKeyword(name));
    if (flag === undefined) keywords.push(canonicalKeyword(name));
    else flags |= flag;
  }
  return { flags, keywords };
}

function keywordFault(name: string): string | undefined {
  if (!KEYWORD.test(name) || NOT_IN_KEYWORD.test(name)) return 'is no keyword';
  return name.length > MAX_KEYWORD_LENGTH
    ? `a keyword has at most ${MAX_KEYWORD_LENGTH} characters`
    : undefined;
}

/** Undefined when it is none that there could be. */
function mailboxIn(name: string, resolve: Resolve): MailboxId | undefined {
  const number = MAILBOX.exec(resolve(name) ?? '')?.[1];
  return number === undefined ? undefined : asMailboxId(Number(number));
}

function unescaped(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
