/**
 * What a domain error is called in IMAP (RFC 9051 §7.1, RFC 5530 §3): one exhaustive table. A command that owes its
 * client another code (TRYCREATE) says so itself before the error comes here.
 */
import type { MailboxError, MailboxErrorCode } from '../mailbox/model/errors.ts';
import { NotPermitted } from '../mailbox/operations/shares.ts';
import { type Completion, no } from './replies.ts';
import type { SyntaxCode, SyntaxFault } from './wire/fault.ts';

const CODES: Readonly<Record<MailboxErrorCode, string | undefined>> = Object.freeze({
  nonexistent: 'NONEXISTENT',
  exists: 'ALREADYEXISTS',
  'has-children': 'HASCHILDREN',
  'not-empty': 'CANNOT',
  cannot: 'CANNOT',
  'invalid-name': 'CANNOT',
  'over-quota': 'OVERQUOTA',
  'too-big': 'TOOBIG',
  limit: 'LIMIT',
  'read-only': 'READ-ONLY',
  'bad-credentials': 'AUTHENTICATIONFAILED',
  forbidden: 'AUTHORIZATIONFAILED',
  throttled: 'UNAVAILABLE',
  unavailable: 'UNAVAILABLE',
  damaged: 'CORRUPTION',
  conflict: 'UNAVAILABLE',
});

export function completionOf(error: MailboxError): Completion {
  const code = error instanceof NotPermitted ? 'NOPERM' : CODES[error.code];
  return no(capitalized(error.message), code);
}

export function completionOfSyntax(fault: SyntaxFault): Completion {
  const code = fault.code === undefined ? undefined : codeText(fault.code);
  return { status: fault.status, text: fault.message, ...(code === undefined ? {} : { code }) };
}

function codeText(code: SyntaxCode): string {
  if (code.code === 'BADCHARSET') return `BADCHARSET (${code.charsets.join(' ')})`;
  if (code.code === 'MESSAGELIMIT') return `MESSAGELIMIT ${code.most}`;
  if (code.code === 'UNDEFINED-FILTER') return `UNDEFINED-FILTER ${code.name}`;
  return code.code === 'METADATA MAXSIZE' ? `METADATA MAXSIZE ${code.sizeBytes}` : code.code;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
