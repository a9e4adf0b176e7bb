/** The language as this server has it. What is advertised is what stands here. */
import { type Extension, Language } from './compile/language.ts';
import { BASE, ENCODED_CHARACTER } from './extensions/base.ts';
import { BODY } from './extensions/body.ts';
import { DATE, INDEX } from './extensions/date.ts';
import { EDITHEADER } from './extensions/editheader.ts';
import { ENOTIFY, FCC } from './extensions/enotify.ts';
import { DELIVER_BY, DSN, ENVELOPE, SUBADDRESS } from './extensions/envelope.ts';
import { COPY, FILEINTO, MAILBOX, MAILBOX_ID, SPECIAL_USE } from './extensions/filing.ts';
import { IHAVE } from './extensions/ihave.ts';
import { IMAP4FLAGS } from './extensions/imap4flags.ts';
import { INCLUDE } from './extensions/include.ts';
import { EXTRACTTEXT, FOREVERYPART, MIME } from './extensions/mime.ts';
import { EREJECT, REJECT } from './extensions/reject.ts';
import { EXTLISTS, REGEX, RELATIONAL } from './extensions/relational.ts';
import { ENCLOSE, REPLACE } from './extensions/rewriting.ts';
import {
  DUPLICATE,
  ENVIRONMENT,
  IMAPSIEVE,
  MAILBOX_METADATA,
  SERVER_METADATA,
  SPAMTEST,
  VIRUSTEST,
} from './extensions/surroundings.ts';
import { VACATION, VACATION_SECONDS } from './extensions/vacation.ts';
import { VARIABLES } from './extensions/variables.ts';

const EXTENSIONS: readonly Extension[] = [
  BASE,
  ENCODED_CHARACTER,
  FILEINTO,
  COPY,
  ENVELOPE,
  SUBADDRESS,
  RELATIONAL,
  VARIABLES,
  IMAP4FLAGS,
  MAILBOX,
  SPECIAL_USE,
  MAILBOX_ID,
  REGEX,
  EXTLISTS,
  DSN,
  DELIVER_BY,
  VACATION,
  VACATION_SECONDS,
  REJECT,
  EREJECT,
  BODY,
  DATE,
  INDEX,
  ENVIRONMENT,
  EDITHEADER,
  DUPLICATE,
  INCLUDE,
  IHAVE,
  ENOTIFY,
  FCC,
  SPAMTEST,
  VIRUSTEST,
  FOREVERYPART,
  MIME,
  REPLACE,
  ENCLOSE,
  EXTRACTTEXT,
  MAILBOX_METADATA,
  SERVER_METADATA,
  IMAPSIEVE,
];

export const LANGUAGE: Language = new Language(EXTENSIONS);

/** For a server that cannot do all of it: without the extensions that have one of these words. */
export function languageWithout(words: readonly string[]): Language {
  const isLeft = ({ capabilities }: Extension): boolean => !capabilities.some((one) => words.includes(one));
  return new Language(EXTENSIONS.filter(isLeft));
}
