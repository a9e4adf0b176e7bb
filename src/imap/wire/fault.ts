/**
 * What a client's bytes can be blamed for. The parser throws this and nothing else; the session turns it into one
 * tagged answer (or an untagged one when no tag could be read) and goes on, or closes when `isFatal` says that the
 * stream can no longer be framed safely.
 *
 * A message never quotes what the client sent beyond one punctuation octet: the argument may be a password, and the
 * text goes into logs.
 */

/**
 * The response codes of a command that is refused while it is read (RFC 9051 §7.1, RFC 5530 §3, RFC 7889 §4, RFC 3516
 * §4.3); the last three are for a literal that would be sent in vain.
 */
export type SyntaxCode =
  | { readonly code: 'BADCHARSET'; readonly charsets: readonly string[] }
  | { readonly code: 'CANNOT' }
  | { readonly code: 'CLIENTBUG' }
  | { readonly code: 'LIMIT' }
  | { readonly code: 'MESSAGELIMIT'; readonly most: number }
  | { readonly code: 'UNDEFINED-FILTER'; readonly name: string }
  | { readonly code: 'NOTIFICATIONOVERFLOW' }
  | { readonly code: 'METADATA MAXSIZE'; readonly sizeBytes: number }
  | { readonly code: 'TOOBIG' }
  | { readonly code: 'OVERQUOTA' }
  | { readonly code: 'TRYCREATE' }
  | { readonly code: 'UIDREQUIRED' }
  | { readonly code: 'UNAVAILABLE' };

export interface SyntaxFaultOptions {
  /** BAD unless the command is well formed and merely not to be done. */
  readonly status?: 'BAD' | 'NO';
  readonly code?: SyntaxCode;
  readonly isFatal?: boolean;
}

export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
  readonly status: 'BAD' | 'NO';
  readonly code: SyntaxCode | undefined;
  /** Close the connection after the answer: what follows on the stream cannot be told from a literal's body. */
  readonly isFatal: boolean;

  constructor(message: string, options: SyntaxFaultOptions = {}) {
    super(message);
    this.status = options.status ?? 'BAD';
    this.code = options.code;
    this.isFatal = options.isFatal ?? false;
  }
}

/** RFC 9586 §3. */
export function numbersWithUidOnly(): SyntaxFault {
  return new SyntaxFault('UIDONLY is enabled: there are no message numbers', {
    code: { code: 'UIDREQUIRED' },
  });
}
