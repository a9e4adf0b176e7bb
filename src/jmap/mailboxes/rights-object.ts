/**
 * Rights in a mailbox as JMAP has them (RFC 8621 §2, `myRights`; RFC 9670 §4), each of one or two rights of IMAP (RFC 4314 §2.1), and back.
 */
import { type Right, type Rights, united, without } from '../../mailbox/model/rights.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { boolean, optional, readTable } from '../core/arguments.ts';
import type { JsonObject } from '../core/json.ts';
import type { MailboxRights } from '../types/mailbox.ts';

type Name = keyof MailboxRights | 'mayShare';

/** `mayReadItems`: one is told of the mailbox by `l`, and of what is in it by `r`. */
const LETTERS: Readonly<Record<Name, readonly Right[]>> = Object.freeze({
  mayReadItems: ['l', 'r'],
  mayAddItems: ['i'],
  mayRemoveItems: ['t', 'e'],
  maySetSeen: ['s'],
  maySetKeywords: ['w'],
  mayCreateChild: ['k'],
  mayRename: ['x'],
  mayDelete: ['x'],
  maySubmit: ['p'],
  mayShare: ['a'],
});
const NAMES = Object.keys(LETTERS) as Name[];
const TABLE = Object.fromEntries(NAMES.map((name) => [name, optional(boolean)]));

/** `mayShare` is of those alone who ask about sharing. */
export function rightsObject(
  rights: Rights,
  { name }: Pick<MailboxState, 'name'>,
  isOfSharing = false,
): JsonObject {
  const told = NAMES.filter((may) => isOfSharing || may !== 'mayShare').map(
    (may) => [may, isGiven(may, rights, name)] as const,
  );
  return Object.fromEntries(told);
}

/** INBOX keeps its name, and nobody deletes it. */
function isGiven(may: Name, rights: Rights, mailbox: string): boolean {
  if (mailbox === 'INBOX' && (may === 'mayRename' || may === 'mayDelete')) return false;
  return LETTERS[may].every((letter) => rights.includes(letter));
}

/** Of a whole object: what it does not name is not given. As below. */
export function rightsOfObject(
  object: JsonObject,
  before: Rights,
  mailbox: Pick<MailboxState, 'name'>,
): Rights | undefined {
  const none = Object.fromEntries(NAMES.map((name) => [name, false]));
  return rightsOfPatch({ ...none, ...object }, before, mailbox);
}

/** What it does not name stays as it is, and so does half of a right that it does not give. Undefined when it is no such object. */
export function rightsOfPatch(
  object: JsonObject,
  before: Rights,
  { name: mailbox }: Pick<MailboxState, 'name'>,
): Rights | undefined {
  const { values, faults } = readTable(object, TABLE);
  if (faults.length > 0) return undefined;
  let rights = before;
  for (const name of NAMES) {
    const wanted = (values as Partial<Record<Name, boolean>>)[name];
    const letters = LETTERS[name].join('');
    if (wanted === true) rights = united(rights, letters);
    else if (wanted === false && isGiven(name, before, mailbox)) rights = without(rights, letters);
  }
  // What is given by one name and refused by another is given.
  for (const name of NAMES)
    if ((values as Partial<Record<Name, boolean>>)[name] === true)
      rights = united(rights, LETTERS[name].join(''));
  return rights;
}
