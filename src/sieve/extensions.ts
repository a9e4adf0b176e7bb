/** The language as this server has it. What is advertised is what stands here. */
import { Language } from './compile/language.ts';
import { BASE, ENCODED_CHARACTER } from './extensions/base.ts';
import { DELIVERY_PARAMETERS, ENVELOPE, SUBADDRESS } from './extensions/envelope.ts';
import { COPY, FILEINTO, MAILBOX, MAILBOX_ID, SPECIAL_USE } from './extensions/filing.ts';
import { IMAP4FLAGS } from './extensions/imap4flags.ts';
import { EXTLISTS, REGEX, RELATIONAL } from './extensions/relational.ts';
import { VARIABLES } from './extensions/variables.ts';

export const LANGUAGE: Language = new Language([
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
  DELIVERY_PARAMETERS,
]);
