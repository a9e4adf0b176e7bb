/** Rights in a mailbox as JMAP has them (RFC 8621 §2, `myRights`), each of one or two rights of IMAP (RFC 4314 §2.1). */
import type { Right, Rights } from '../../mailbox/model/rights.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import type { MailboxRights } from '../types/mailbox.ts';

/** `mayReadItems`: one is told of the mailbox by `l`, and of what is in it by `r`. */
const LETTERS: Readonly<Record<keyof MailboxRights, readonly Right[]>> = Object.freeze({
  mayReadItems: ['l', 'r'],
  mayAddItems: ['i'],
  mayRemoveItems: ['t', 'e'],
  maySetSeen: ['s'],
  maySetKeywords: ['w'],
  mayCreateChild: ['k'],
  mayRename: ['x'],
  mayDelete: ['x'],
  maySubmit: ['p'],
});

export function rightsObject(
  rights: Rights,
  { name }: Pick<MailboxState, 'name'>,
): { [Name in keyof MailboxRights]: boolean } {
  const told = Object.entries(LETTERS).map(([may, letters]) => [
    may,
    letters.every((one) => rights.includes(one)),
  ]);
  const object = Object.fromEntries(told) as { [Name in keyof MailboxRights]: boolean };
  // It keeps its name, and nobody deletes it.
  return name === 'INBOX' ? { ...object, mayRename: false, mayDelete: false } : object;
}
