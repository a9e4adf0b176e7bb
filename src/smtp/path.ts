/** Mailboxes as RFC 5321 §4.1.2 and RFC 6531 §3.3 write them. Pure. */
import { CommandFault } from './command.ts';
import { REPLY } from './replies.ts';
import type { Reply } from './reply.ts';

const ATOM = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\uffff-]/.source;
const DOT_STRING = `${ATOM}+(?:\\.${ATOM}+)*`;
const QUOTED = '"(?:[^"\\\\\\0-\\x1f\\x7f]|\\\\[\\x20-\\x7e])*"';
/** Underscores and hyphens where no host name has them, and a dot at the end: names that are there in spite of the rules. */
const LABEL = '[A-Za-z0-9_\\x80-\\uffff](?:[A-Za-z0-9_\\x80-\\uffff-]*)';
const DOMAIN = `(?:${LABEL}(?:\\.${LABEL})*\\.?|\\[[^\\][\\s\\0-\\x1f\\x7f]{1,60}\\])`;
const MAILBOX = new RegExp(`^(?:${DOT_STRING}|${QUOTED})@${DOMAIN}$`);
const NOT_ASCII = /[^\0-\x7f]/;
const MAX_BYTES = 900;

/** With a domain; without brackets and route. */
export function isMailbox(address: string): boolean {
  return address.length <= MAX_BYTES && MAILBOX.test(address);
}

/** Only a server that said SMTPUTF8 may write it. */
export function isInternational(address: string): boolean {
  return NOT_ASCII.test(address);
}

/** RFC 5321 §4.1.1.3: the one name without a domain. */
export function isPostmaster(address: string): boolean {
  return address.toLowerCase() === 'postmaster';
}

/** Throws `CommandFault`. `isUtf8`: MAIL came with SMTPUTF8. */
export function requireMailbox(address: string, isUtf8: boolean, fault: Reply): void {
  if (!isMailbox(address)) throw new CommandFault(fault);
  if (isInternational(address) && !isUtf8) throw new CommandFault(REPLY.utf8First);
}
