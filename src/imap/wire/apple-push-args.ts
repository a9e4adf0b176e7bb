/**
 * What a telephone says to XAPPLEPUSHSERVICE: pairs of a word and its value, in any order, each once. No paper describes the command;
 * this is what iOS sends:
 *
 *     aps-version 2 aps-account-id 0715A26B-CA09-4730-A419-793000CA982E aps-device-token 2918… aps-subtopic com.apple.mobilemail mailboxes (INBOX Notes)
 */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, isTrailingSpace, list, maybeSp, sp } from './grammar.ts';
import { type SuppliedName, suppliedMailbox } from './mailbox.ts';

export interface ApplePushArgs {
  readonly version: string;
  readonly accountKey: string;
  readonly token: string;
  readonly subtopic: string;
  readonly mailboxes: readonly SuppliedName[];
}

const MAX_MAILBOXES = 50;

const WORDS = {
  version: { name: 'APS-VERSION', form: /^\d{1,3}$/ },
  accountKey: { name: 'APS-ACCOUNT-ID', form: /^[\w.:-]{1,100}$/ },
  token: { name: 'APS-DEVICE-TOKEN', form: /^[0-9A-Fa-f]{16,200}$/ },
  subtopic: { name: 'APS-SUBTOPIC', form: /^[\w.-]{1,100}$/ },
} as const;
type Word = keyof typeof WORDS;
const MAILBOXES = 'MAILBOXES';

export function applePushArgs(c: Cursor): ApplePushArgs {
  const said = new Map<Word, string>();
  let mailboxes: readonly SuppliedName[] | undefined;
  while (!isTrailingSpace(c) && maybeSp(c)) {
    const name = astring(c, 'a word of XAPPLEPUSHSERVICE').toString('latin1').toUpperCase();
    const word = (Object.keys(WORDS) as Word[]).find((one) => WORDS[one].name === name);
    if (word === undefined && name !== MAILBOXES) throw new SyntaxFault('Unknown word of XAPPLEPUSHSERVICE');
    if (word === undefined ? mailboxes !== undefined : said.has(word))
      throw new SyntaxFault(`${name} is given twice`);
    sp(c);
    if (word === undefined) mailboxes = mailboxList(c);
    else said.set(word, value(c, word));
  }
  const known = (word: Word): string => {
    const text = said.get(word);
    if (text === undefined) throw new SyntaxFault(`${WORDS[word].name} is missing`);
    return text;
  };
  if (mailboxes === undefined) throw new SyntaxFault(`${MAILBOXES} is missing`);
  return {
    ...{ version: known('version'), accountKey: known('accountKey'), token: known('token') },
    ...{ subtopic: known('subtopic'), mailboxes },
  };
}

function value(c: Cursor, word: Word): string {
  const { name, form } = WORDS[word];
  const text = astring(c, `the value of ${name}`).toString('latin1');
  if (!form.test(text)) throw new SyntaxFault(`The value of ${name} is none that a telephone sends`);
  return text;
}

function mailboxList(c: Cursor): readonly SuppliedName[] {
  const names = list(c, suppliedMailbox);
  if (names.length > MAX_MAILBOXES) throw new SyntaxFault('Too many mailboxes', { code: { code: 'LIMIT' } });
  return names;
}
